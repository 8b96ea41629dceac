"""Whatever Flux's status says, in any order and of any age: what we make of it is never better than it is."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.environment.engines import flux
from controller.environment.engines.engine import State
from tests.unit.environment.support.flux_builders import COMMIT, NEXT_COMMIT, chart_version, condition, release, source

REASONS = (
    "InstallSucceeded",
    "UpgradeFailed",
    "TestFailed",
    "RollbackSucceeded",
    "RollbackFailed",
    "UninstallSucceeded",
    "SourceNotReady",
    "ArtifactFailed",
    "HealthCheckCanceled",
    "RetriesExceeded",
    "Progressing",
    "GitOperationFailed",
)
GENERATIONS = st.integers(1, 3)


def _conditions(*types: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.builds(
        lambda type_, status, reason, generation: condition(type_, status, reason, generation=generation),
        st.sampled_from(types),
        st.sampled_from(["True", "False", "Unknown"]),
        st.sampled_from(REASONS),
        GENERATIONS,
    )
    return st.lists(one, max_size=5, unique_by=lambda found: found["type"])


RELEASES = st.none() | st.builds(
    lambda conditions, **rest: release(*conditions, **rest),
    _conditions("Ready", "Released", "TestSuccess", "Remediated", "Reconciling", "Stalled"),
    generation=GENERATIONS,
    observed=st.sampled_from([-1, 1, 2, 3]),
    commit=st.sampled_from(["", COMMIT, NEXT_COMMIT]),
    history=st.lists(
        st.builds(
            lambda status, commit: {"status": status, "chartVersion": chart_version(commit)},
            st.sampled_from(["deployed", "failed", "superseded"]),
            st.sampled_from([COMMIT, NEXT_COMMIT]),
        ),
        max_size=2,
    ),
    deleting=st.booleans(),
    suspended=st.booleans(),
)
SOURCES = st.none() | st.builds(
    lambda conditions, **rest: source(*conditions, **rest),
    _conditions("Ready", "FetchFailed", "StorageOperationFailed", "Stalled", "Reconciling", "ArtifactInStorage"),
    generation=GENERATIONS,
    observed=st.sampled_from([-1, 1, 2, 3]),
    commit=st.sampled_from(["", COMMIT, NEXT_COMMIT]),
)
PATIENCE = st.sampled_from([0.0, 240.0])


def _find(obj: dict[str, Any], type_: str) -> dict[str, Any]:
    found = next((c for c in obj["status"]["conditions"] if c["type"] == type_), {})
    return found if found.get("observedGeneration") == obj["metadata"]["generation"] else {}


@given(RELEASES, SOURCES, PATIENCE)
@settings(max_examples=100)
def test_every_state_has_a_reason_and_one_short_line(helm: Any, git: Any, patience: float) -> None:
    found = flux.health(helm, git, chart_patience=patience)

    assert found.reason.isalpha()
    assert found.message
    assert "\n" not in found.message
    assert (found.changes_after is not None) <= (found.state in (State.PENDING, State.DEPLOYING))


@given(RELEASES, SOURCES, PATIENCE)
@settings(max_examples=100)
def test_only_releases_ready_in_both_objects_count_as_deployed(helm: Any, git: Any, patience: float) -> None:
    if flux.health(helm, git, chart_patience=patience).state is not State.DEPLOYED:
        return

    assert not helm["metadata"].get("deletionTimestamp")
    assert not helm["spec"].get("suspend")
    for obj in (helm, git):
        assert obj["status"]["observedGeneration"] == obj["metadata"]["generation"]
        for trouble in ("Stalled", "FetchFailed", "StorageOperationFailed"):
            assert _find(obj, trouble).get("status") != "True"
    assert _find(helm, "Ready")["status"] == "True"
    attempted, artifact = helm["status"].get("lastAttemptedRevision"), git["status"].get("artifact")
    assert not attempted or not artifact or attempted.partition("+")[2] in artifact["revision"]


@given(RELEASES, SOURCES, PATIENCE)
@settings(max_examples=100)
def test_the_grace_period_never_turns_a_good_state_into_a_failure(helm: Any, git: Any, patience: float) -> None:
    patient = flux.health(helm, git, chart_patience=240.0)
    impatient = flux.health(helm, git, chart_patience=0.0)

    assert patient == impatient or (patient.changes_after == 240.0 and impatient.state is State.FAILED)
