"""Our samples of statuses have the conditions of the originals: types, reasons, and sentences but for names."""

from __future__ import annotations

import pytest

from tests.originals.described import status_of
from tests.originals.files import FOLDER, Json, documents
from tests.samples import in_state, states
from tests.sentences import conditions_of

# Kind and state of ours, and the original: an object, or what `kubectl describe` printed of one.
PAIRS = {
    ("flux-helmreleases", "deployed"): "helm.toolkit-v2.deployed.yaml",
    ("flux-helmreleases", "upgrading"): "helm.toolkit-v2.upgrading.yaml",
    ("flux-helmreleases", "rolled-back"): "helm.toolkit-v2.upgrade-failed-rolled-back.yaml",
    ("flux-helmreleases", "suspended"): "helm.toolkit-v2.suspended.yaml",
    ("flux-helmreleases", "history"): "helm.toolkit-v2.history.yaml",
    ("flux-helmreleases", "tested"): "helm.toolkit-v2.describe-tested-ok.txt",
    ("flux-helmreleases", "test-failed"): "helm.toolkit-v2.describe-test-failed-stalled.txt",
    ("flux-gitrepositories", "healthy"): "source.toolkit.GitRepository.healthy.yaml",
    ("flux-gitrepositories", "degraded"): "source.toolkit.GitRepository.degraded.yaml",
    ("flux-gitrepositories", "branch-missing"): "source.toolkit.GitRepository.describe-branch-missing.txt",
    ("flux-gitrepositories", "progressing"): "source.toolkit.GitRepository.progressing.yaml",
    ("helm-operator-helmreleases", "before-phases"): "helm.fluxcd.io-v1.describe-quickstart-old-reasons.txt",
}


def original(name: str) -> Json:
    if name.endswith(".txt"):
        return {"status": status_of((FOLDER / f"helmrelease-status/{name}").read_text())}
    [found] = documents(f"helmrelease-status/{name}")
    return found


def generations(obj: Json) -> list[tuple[str, int | None]]:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return sorted((one["type"], one.get("observedGeneration")) for one in conditions)


@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_the_conditions_are_those_of_the_original(pair: tuple[str, str]) -> None:
    ours, theirs = in_state(*pair), original(PAIRS[pair])
    assert conditions_of(ours) == conditions_of(theirs)
    assert generations(ours) == generations(theirs)


def test_every_sample_has_an_original() -> None:
    assert set(PAIRS) == {(kind, state) for kind, _ in PAIRS for state in states(kind)}


def test_a_history_has_the_fields_of_the_original() -> None:
    ours, theirs = (
        obj["status"]["history"]
        for obj in (in_state("flux-helmreleases", "history"), original("helm.toolkit-v2.history.yaml"))
    )
    for entry, other in zip(ours, theirs, strict=True):
        assert entry.keys() <= other.keys()
        assert (entry["status"], entry["version"]) == (other["status"], other["version"])


def test_an_artifact_has_its_revision_in_the_form_of_the_original() -> None:
    text = (FOLDER / "helmrelease-status/source.toolkit.GitRepository.describe-ready.txt").read_text()
    assert "Revision:          master@sha1:" in text
    assert in_state("flux-gitrepositories", "healthy")["status"]["artifact"]["revision"].startswith("main@sha1:")
