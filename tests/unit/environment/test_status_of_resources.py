"""Shared resources that cannot be applied: what the status says depends on whether the release is what is asked for."""

from dataclasses import replace

import pytest

from controller.api.environment import Environment
from controller.apimachinery.findings import Finding
from controller.environment import release_sync, status
from controller.environment.decide import decide
from controller.environment.decision import Stop, Wait
from controller.environment.options import EnvironmentOptions
from controller.environment.plan import Plan, Step
from controller.tronadorconfig.content import Share
from tests.unit.environment.support import flux_builders
from tests.unit.environment.support.builders import (
    environment,
    foreign_release,
    helm_release,
    observation,
    operator_options,
    operator_status,
    phase,
)
from tests.unit.environment.support.builders import namespace as a_namespace
from tests.unit.environment.support.flux_targets import RELEASE, SOURCE

OPTIONS = operator_options()
UNKNOWN = Finding(path=("resources", "manifests", 0), reason="UnknownKind", message="the cluster does not serve Thing")
BROKEN = Share(problems=(UNKNOWN,))
STOP = Stop(reason="UnknownKind", message="the cluster does not serve Thing")
WAIT = Wait(reason="SecretMissing", message="Secret 'git' is not there yet.")


def _seen(*, release=None, **seen):
    seen = {"environment": environment(), "namespace": a_namespace(), "share": BROKEN} | seen
    return observation(releases=[] if release is None else [release], **seen)


def _status_after(decision, *, phase_name="resources", **seen):
    return status.desired(_seen(**seen), Plan((Step(phase(phase_name), decision),)), OPTIONS)


def _conditions(found):
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in found["conditions"]}


def _running(phase, **changes):
    return helm_release(status=operator_status(phase), **changes)


@pytest.mark.parametrize("phase_name", ["access", "resources"])
@pytest.mark.parametrize(("decision", "part"), [(STOP, ("False", "UnknownKind")), (WAIT, ("Unknown", "SecretMissing"))])
@pytest.mark.parametrize(
    ("release_phase", "state", "ready"),
    [
        ("Succeeded", "deployed", ("True", "Deployed")),
        ("Failed", "failed", ("False", "ReleaseFailed")),
        ("Installing", "deploying", ("Unknown", "Progressing")),
    ],
)
def test_a_release_of_this_spec_decides_despite_other_problems(phase_name, decision, part, release_phase, state, ready):
    found = _status_after(decision, phase_name=phase_name, release=_running(release_phase))

    assert found["applicationStatus"] == state
    assert _conditions(found)["Ready"] == ready
    assert _conditions(found)["ResourcesReady"] == part
    assert _conditions(found)["NamespaceReady"] == ("True", "Active")
    assert "Stalled" not in _conditions(found)
    assert ("Reconciling" in _conditions(found)) == (ready[0] == "Unknown")


NOT_OF_THIS_SPEC = {
    "missing": None,
    "of another spec": _running("Succeeded", of=environment(release={"values": {"tag": "before"}})),
    "on its way out": _running("Succeeded", deleting=True),
    "of somebody else": foreign_release() | {"status": operator_status("Succeeded")},
    "of another name": _running("Succeeded", name="before"),
}


@pytest.mark.parametrize("release", NOT_OF_THIS_SPEC.values(), ids=NOT_OF_THIS_SPEC)
@pytest.mark.parametrize(
    ("decision", "state", "settled"), [(STOP, "failed", "Stalled"), (WAIT, "pending", "Reconciling")]
)
def test_other_problems_decide_without_a_release_of_this_spec(release, decision, state, settled):
    found = _status_after(decision, release=release)

    assert found["applicationStatus"] == state
    assert _conditions(found)["Ready"][1] == _conditions(found)[settled][1] == decision.reason


@pytest.mark.parametrize("phase_name", ["finalizer", "namespace", "source", "release"])
def test_only_problems_of_shared_resources_leave_a_running_release_ready(phase_name):
    found = _status_after(STOP, phase_name=phase_name, release=_running("Succeeded"))

    assert found["applicationStatus"] == "failed"
    assert "Stalled" in _conditions(found)


def test_the_plan_of_a_broken_config_ends_before_the_release():
    seen = _seen(release=_running("Succeeded"))

    assert decide(seen, OPTIONS).steps[-1].phase.name == "resources"


@pytest.mark.parametrize(("decision", "want"), [(STOP, False), (WAIT, True)])
def test_only_a_wait_beside_a_deployed_release_may_stay_unwritten(decision, want):
    assert status.is_passing(_status_after(decision, release=_running("Succeeded")), Environment({})) is want


# The release of this spec


def _flux(*, cached, share=BROKEN):
    return _seen(cached=cached, share=share)


def _given(obj, name):
    return obj | {"spec": obj["spec"] | {"secretRef": {"name": name}}}


FLUX = EnvironmentOptions(service_account="", release_engine="flux")


@pytest.mark.parametrize(
    ("source", "want"),
    [
        (flux_builders.source(), True),
        (_given(flux_builders.source(), "before"), True),
        (flux_builders.source() | {"spec": {"url": "https://github.com/elsewhere/thing"}}, False),
        (None, False),
    ],
    ids=["as it is wanted", "with another credential", "of another repository", "without a source"],
)
def test_with_flux_the_source_belongs_to_the_release(source, want):
    share = replace(BROKEN, git_secret="next")
    release = flux_builders.deployed()
    release["spec"]["serviceAccountName"] = FLUX.release_service_account
    seen = _flux(cached={RELEASE: release} | ({SOURCE: source} if source else {}), share=share)

    assert release_sync.is_synced(seen, FLUX) is want


def test_a_credential_named_by_the_spec_belongs_to_the_release():
    mine = environment(chart={"secretRef": {"name": "mine"}})

    assert release_sync.is_synced(_seen(environment=mine, release=helm_release(mine)), OPTIONS)
    assert not release_sync.is_synced(_seen(environment=mine, release=helm_release()), OPTIONS)


def test_no_release_of_the_spec_exists_without_an_engine():
    assert not release_sync.is_synced(_seen(), EnvironmentOptions(service_account=""))
