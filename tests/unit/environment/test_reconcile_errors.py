"""A reconcile that fails or is refused: what the status shows, and how it recovers."""

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import ConnectionLost, status_error
from controller.apimachinery.resources import NAMESPACES, SERVICE_ACCOUNTS
from controller.environment import rights
from controller.environment.options import EnvironmentOptions
from tests.unit.environment.support.builders import (
    NAME,
    foreign_namespace,
    helm_release,
    namespace,
)
from tests.unit.environment.support.reconciling import api_error, new_world, refuse, stalled_reasons, status_of


def test_a_missing_engine_is_awaited_and_shown():
    world = new_world()
    refuse(world, "create", HELM_RELEASES, status_error(404, "404 page not found"))
    for _ in range(3):
        world.sync()
        result = world.reconcile(NAME)
        world.seconds += 0.2

    assert {c["reason"] for c in status_of(world)["conditions"] if c["type"] == "Reconciling"} == {
        "ReleaseEngineMissing"
    }
    assert status_of(world)["applicationStatus"] == "pending"
    assert result.requeue_after is not None

    world.api.refuse = lambda *_: None
    world.run(NAME)
    assert status_of(world)["applicationStatus"] == "deployed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (api_error(403, "Forbidden", "cannot create helmreleases"), "Forbidden"),
        (api_error(422, "Invalid", "spec.x: bad", causes=[{"field": "spec.x"}]), "Rejected"),
    ],
)
def test_a_refusal_is_shown_rechecked_and_recovered_from(error, reason):
    world = new_world()
    refuse(world, "create", HELM_RELEASES, error)

    result = world.reconcile(NAME)

    assert stalled_reasons(world) == [reason]
    assert error.message in status_of(world)["applicationStatusMsg"]
    assert result.requeue_after == 10
    world.api.refuse = lambda *_: None
    world.run(NAME)
    assert status_of(world)["applicationStatus"] == "deployed"


def test_effects_after_a_refusal_are_not_applied():
    world = new_world()
    refuse(world, "create", NAMESPACES, api_error(403, "Forbidden"))

    world.reconcile(NAME)

    assert [write.resource for write in world.api.writes] == [ENVIRONMENTS, ENVIRONMENTS]
    assert [write.subresource for write in world.api.writes] == ["", "status"]


def test_an_error_that_a_retry_may_resolve_is_raised_and_not_shown_at_once():
    world = new_world()
    refuse(world, "create", NAMESPACES, ConnectionLost("reset"))

    with pytest.raises(ConnectionLost):
        world.reconcile_strictly(NAME)
    assert status_of(world) == {}


def test_a_lasting_refusal_does_not_cause_an_endless_reconcile():
    # Created by somebody else, and we may neither see nor make it.
    world = new_world()
    world.api.put(NAMESPACES, namespace())
    world.api.put(HELM_RELEASES, helm_release(labels={}))
    world.sync()
    refuse(world, "get", HELM_RELEASES, api_error(403, "Forbidden", "cannot get helmreleases"))

    result = world.reconcile_strictly(NAME)

    assert stalled_reasons(world) == ["Forbidden"]
    assert result.requeue_after is not None


def test_a_bad_environment_recovers_when_it_is_corrected():
    world = new_world(chart={"git": "file:///etc"})
    world.run(NAME)
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"]["chart"].update(git="https://a.b/c")
    )

    world.run(NAME)

    assert status_of(world)["applicationStatus"] == "deployed"
    assert stalled_reasons(world) == []


def test_a_refused_namespace_is_used_once_its_owner_consents():
    world = new_world()
    world.api.put(NAMESPACES, foreign_namespace())
    world.run(NAME)
    assert stalled_reasons(world) == ["NamespaceNotOwned"]
    world.api.edit(
        NAMESPACES, NAME, "", lambda obj: obj["metadata"].update(annotations={"tronador.stakater.com/adopt": NAME})
    )

    world.run(NAME)

    assert status_of(world)["applicationStatus"] == "deployed"


def _with_flux(**options):
    return new_world(EnvironmentOptions(release_engine="flux", service_account="tronador", **options))


def test_a_refusal_right_after_our_binding_was_created_is_not_a_failure():
    world = _with_flux()
    error = api_error(403, "Forbidden", 'cannot create resource "serviceaccounts"')
    refuse(world, "create", SERVICE_ACCOUNTS, error)

    result = world.reconcile(NAME)

    assert 0 < result.requeue_after < 1
    assert stalled_reasons(world) == []
    assert world.api.all(flux.HELM_RELEASES) == []
    world.api.refuse = lambda *_: None
    world.seconds += 0.2
    world.run(NAME)
    assert status_of(world)["applicationStatus"] == "deployed"


def test_an_ordinary_race_is_logged_at_debug_level_and_a_lasting_one_warns(logs):
    world = _with_flux()
    refuse(world, "create", SERVICE_ACCOUNTS, api_error(403, "Forbidden", 'cannot create resource "serviceaccounts"'))

    for _ in range(40):
        world.sync()
        world.reconcile(NAME)
        world.seconds += 0.3

    said = {(line["event"], line["reason"], line["log_level"]) for line in logs if line["event"].startswith("effect")}
    assert said == {("effect postponed", "AwaitingRights", "debug"), ("effect failed", "Forbidden", "warning")}


def test_a_lasting_refusal_is_shown_with_the_missing_right():
    world = _with_flux()
    refuse(world, "create", SERVICE_ACCOUNTS, api_error(403, "Forbidden", 'cannot create resource "serviceaccounts"'))
    end = world.seconds + rights.SETTLE + 3
    while world.seconds < end:
        world.sync()
        result = world.reconcile(NAME)
        world.seconds += max(result.requeue_after or 0.1, 0.1)

    assert stalled_reasons(world) == ["Forbidden"]
    assert "serviceaccounts" in status_of(world)["applicationStatusMsg"]
