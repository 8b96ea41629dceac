"""Which action a sync chooses, and how a HelmRelease's spec is read."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hack.standins.helm.storage import Release
from hack.standins.helm_operator.decision import Compare, Install, SyncRefused, Upgrade, decide
from hack.standins.helm_operator.operator import only_status_changed
from hack.standins.helm_operator.resource import HelmRelease

NOW = datetime(2026, 1, 31, tzinfo=UTC)
V1 = Release(
    name="x",
    namespace="ns",
    version=1,
    status="deployed",
    description="",
    config={},
    chart={},
    manifest="",
    hooks=(),
    first_deployed=NOW,
    last_deployed=NOW,
)
ROLLED_BACK = [{"type": "RolledBack", "status": "True"}]


def release(version: int, status: str) -> Release:
    return replace(V1, version=version, status=status)


def helm_release(
    spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, generation: int = 1
) -> HelmRelease:
    metadata = {"name": "x", "namespace": "ns", "generation": generation}
    return HelmRelease({"metadata": metadata, "spec": spec or {}, "status": status or {"observedGeneration": 1}})


def test_without_a_release_it_installs() -> None:
    assert decide(helm_release(), [], antecedent="", chart_changed=False) == Install()


def test_a_new_generation_or_a_changed_chart_upgrades() -> None:
    assert decide(helm_release(generation=2), [V1], antecedent="", chart_changed=False) == Upgrade(V1)
    assert decide(helm_release(), [V1], antecedent="ns:helmrelease/x", chart_changed=True) == Upgrade(V1)


def test_otherwise_it_compares_with_what_is_deployed() -> None:
    assert decide(helm_release(), [V1], antecedent="", chart_changed=False) == Compare(V1, V1)


def test_somebody_else_s_release_is_refused_before_anything_else() -> None:
    with pytest.raises(SyncRefused, match="release appears to be managed by 'ns:helmrelease/y'"):
        decide(helm_release(generation=2), [release(1, "failed")], antecedent="ns:helmrelease/y", chart_changed=True)


@pytest.mark.parametrize(
    "status", ["failed", "pending-install", "pending-upgrade", "pending-rollback", "uninstalling", "unknown"]
)
def test_a_release_that_is_not_deployed_is_a_dead_end_even_for_a_new_generation(status: str) -> None:
    with pytest.raises(SyncRefused, match=f"status '{status}' of release does not allow a safe upgrade"):
        decide(helm_release(generation=2), [V1, release(2, status)], antecedent="", chart_changed=True)


def test_a_rolled_back_release_is_upgraded_only_if_it_differs_from_what_failed() -> None:
    history = [release(1, "superseded"), release(2, "failed"), release(3, "deployed")]
    hr = helm_release(status={"observedGeneration": 1, "conditions": ROLLED_BACK})
    assert decide(hr, history, antecedent="", chart_changed=False) == Compare(history[2], history[1])
    assert decide(hr, history, antecedent="", chart_changed=True) == Upgrade(history[2])


@pytest.mark.parametrize(
    ("rollback", "count", "retries"),
    [
        ({"retry": True}, 5, True),
        ({"retry": True}, 6, False),
        ({"retry": True, "maxRetries": 0}, 99, True),
        ({"retry": True, "maxRetries": 1}, 2, False),
        ({}, 0, False),
    ],
)
def test_a_rolled_back_upgrade_is_retried_as_often_as_allowed(
    rollback: dict[str, Any], count: int, retries: bool
) -> None:
    status = {"observedGeneration": 1, "conditions": ROLLED_BACK, "rollbackCount": count}
    action = decide(helm_release({"rollback": rollback}, status), [V1], antecedent="", chart_changed=False)
    assert isinstance(action, Upgrade) == retries


def test_a_rollback_of_an_older_generation_does_not_count() -> None:
    hr = helm_release(status={"observedGeneration": 1, "conditions": ROLLED_BACK}, generation=2)
    assert not hr.has_rolled_back


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"releaseName": "given"}, "given"),
        ({}, "ns-x"),
        ({"targetNamespace": "ns"}, "ns-x"),
        ({"targetNamespace": "other"}, "ns-other-x"),
    ],
)
def test_the_release_name_is_given_or_made_from_namespaces_and_name(spec: dict[str, Any], name: str) -> None:
    assert helm_release(spec).release_name == name


def test_an_empty_spec_has_the_defaults_of_the_original() -> None:
    hr = helm_release()
    assert (hr.helm_version, hr.max_history, hr.reuse_values, hr.tests, hr.rolls_back) == (
        "v2",
        10,
        False,
        False,
        False,
    )
    assert helm_release({"resetValues": False, "maxHistory": 0}).reuse_values
    assert helm_release({"maxHistory": 0}).max_history == 0


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ({}, 0),
        ({"rollback": {"enable": True}}, 300),
        ({"test": {"enable": True}, "timeout": 5}, 5),
        ({"rollback": {"enable": True}, "wait": False}, 0),
        ({"wait": True, "timeout": 7}, 7),
    ],
)
def test_readiness_is_waited_for_when_asked_or_when_a_failure_has_consequences(
    spec: dict[str, Any], seconds: float
) -> None:
    assert helm_release(spec).wait_seconds == seconds
    assert helm_release(spec).rollback_wait_seconds == 0


def test_deprecated_value_secrets_come_first() -> None:
    hr = helm_release({"valueFileSecrets": [{"name": "a"}], "valuesFrom": [{"configMapKeyRef": {"name": "b"}}]})
    assert hr.value_sources == [{"secretKeyRef": {"name": "a"}}, {"configMapKeyRef": {"name": "b"}}]


def test_only_the_operators_own_status_writes_are_ignored() -> None:
    old = helm_release().obj
    resync, status = dict(old), {**old, "status": {"phase": "Succeeded"}}
    annotated = {**status, "metadata": {**old["metadata"], "annotations": {"a": "b"}}}
    assert not only_status_changed(old, resync)
    assert only_status_changed(old, status)
    assert not only_status_changed(old, annotated)
    assert not only_status_changed(old, {**status, "spec": {"timeout": 1}})
