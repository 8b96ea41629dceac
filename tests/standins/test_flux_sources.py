"""The source-controller: which commit it finds, and how it reports artifacts and errors."""

from __future__ import annotations

import pytest

from hack.standins.flux.resources import FINALIZER, GIT_REPOSITORIES, REQUESTED_AT
from hack.standins.plays import FAIL
from tests.standins.cluster_bed import URL, until
from tests.standins.flux_bed import FluxBed, condition, words

READY = ("Ready", "True", "Succeeded")
STORED = ("ArtifactInStorage", "True", "Succeeded")


def test_a_repository_is_fetched_and_says_so(flux_bed: FluxBed) -> None:
    assert flux_bed.create_source()["status"] == {"observedGeneration": -1}
    with flux_bed.flux():
        obj = flux_bed.condition(GIT_REPOSITORIES, *READY)
    sha = flux_bed.repo.head()
    assert words(obj) == [READY, STORED]
    assert condition(obj, "Ready")["message"] == f"stored artifact for revision 'run-pipeline@sha1:{sha}'"
    assert obj["status"]["observedGeneration"] == 1
    assert obj["status"]["artifact"]["revision"] == f"run-pipeline@sha1:{sha}"
    assert obj["status"]["artifact"]["path"] == f"gitrepository/{flux_bed.namespace}/run/{sha}.tar.gz"
    assert obj["metadata"]["finalizers"] == [FINALIZER]


@pytest.mark.parametrize(
    ("ref", "revision"),
    [
        (None, "master@sha1:{master}"),
        ({"branch": "run-pipeline"}, "run-pipeline@sha1:{branch}"),
        ({"tag": "v1", "branch": "master"}, "v1@sha1:{branch}"),
        ({"name": "refs/heads/run-pipeline", "tag": "v1"}, "refs/heads/run-pipeline@sha1:{branch}"),
        ({"name": "refs/tags/v1"}, "refs/tags/v1@sha1:{branch}"),
        ({"commit": "{master}", "name": "refs/tags/v1"}, "sha1:{master}"),
        ({"commit": "{branch}", "branch": "run-pipeline"}, "run-pipeline@sha1:{branch}"),
    ],
)
def test_a_commit_goes_before_a_name_a_name_before_a_tag_a_tag_before_a_branch(
    flux_bed: FluxBed, ref: dict[str, str] | None, revision: str
) -> None:
    flux_bed.repo.tag("v1")
    shas = {"branch": flux_bed.repo.head()}
    shas["master"] = flux_bed.repo.commit("Continue", {"file": "text"}, branch="master")
    wanted = {key: value.format(**shas) for key, value in ref.items()} if ref else None
    flux_bed.create_source(ref=wanted)
    with flux_bed.flux():
        obj = flux_bed.condition(GIT_REPOSITORIES, *READY)
    assert obj["status"]["artifact"]["revision"] == revision.format(**shas)


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ({"branch": "gone"}, f"unable to clone '{URL}': couldn't find remote ref \"refs/heads/gone\""),
        ({"name": "refs/pull/7/head"}, "unable to resolve ref 'refs/pull/7/head' to a specific commit"),
        ({"commit": "0" * 40}, f"unable to resolve commit object for '{'0' * 40}': object not found"),
    ],
)
def test_a_missing_git_reference_is_named_and_used_once_it_exists(
    flux_bed: FluxBed, ref: dict[str, str], message: str
) -> None:
    flux_bed.create_source(ref=ref)
    with flux_bed.flux():
        obj = flux_bed.condition(GIT_REPOSITORIES, "FetchFailed", "True", "GitOperationFailed")
        assert words(obj) == [
            ("Reconciling", "True", "ProgressingWithRetry"),
            ("Ready", "False", "GitOperationFailed"),
            ("FetchFailed", "True", "GitOperationFailed"),
        ]
        said = f"failed to checkout and determine revision: {message}"
        assert condition(obj, "Ready")["message"] == condition(obj, "FetchFailed")["message"] == said
        assert obj["status"]["observedGeneration"] == -1
        flux_bed.event("GitOperationFailed", message)
        if "branch" in ref:
            flux_bed.repo.commit("Begin", {}, branch="gone")
            assert words(flux_bed.condition(GIT_REPOSITORIES, *READY)) == [READY, STORED]


def test_a_new_commit_is_found_after_the_interval(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    with flux_bed.flux(longest_interval=0.1):
        flux_bed.condition(GIT_REPOSITORIES, *READY)
        sha = flux_bed.repo.commit("Continue", {"file": "text"})
        obj = flux_bed.until(
            GIT_REPOSITORIES, lambda o: o["status"]["artifact"]["revision"].endswith(sha), "the new revision"
        )
    assert words(flux_bed.get(GIT_REPOSITORIES)) == [READY, STORED]
    assert obj["metadata"]["generation"] == 1


def test_a_new_commit_is_found_at_once_when_somebody_asks(flux_bed: FluxBed) -> None:
    flux_bed.create_source(interval="1h")
    with flux_bed.flux(longest_interval=3600.0):
        flux_bed.condition(GIT_REPOSITORIES, *READY)
        sha = flux_bed.repo.commit("Continue", {"file": "text"})
        flux_bed.patch(GIT_REPOSITORIES, annotations={REQUESTED_AT: "now"})
        obj = flux_bed.until(
            GIT_REPOSITORIES, lambda o: o["status"]["artifact"]["revision"].endswith(sha), "the new revision"
        )
    assert obj["status"]["lastHandledReconcileAt"] == "now"


def test_a_deleted_branch_leaves_the_artifact_and_is_reported(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    with flux_bed.flux(longest_interval=0.1):
        before = flux_bed.condition(GIT_REPOSITORIES, *READY)
        flux_bed.repo.delete_branch("run-pipeline")
        obj = flux_bed.condition(GIT_REPOSITORIES, "Ready", "False", "GitOperationFailed")
    assert obj["status"]["artifact"] == before["status"]["artifact"]
    assert obj["status"]["observedGeneration"] == 1
    assert STORED in words(obj)
    assert ("FetchFailed", "True", "GitOperationFailed") in words(obj)


def test_a_failed_generation_is_not_observed_and_keeps_the_artifact(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    with flux_bed.flux():
        flux_bed.condition(GIT_REPOSITORIES, *READY)
        flux_bed.patch(GIT_REPOSITORIES, ref={"branch": "gone"})
        obj = flux_bed.condition(GIT_REPOSITORIES, "Ready", "False", "GitOperationFailed")
        assert obj["status"]["observedGeneration"] == 1
        assert obj["status"]["artifact"]["revision"].startswith("run-pipeline@")
        assert condition(obj, "ArtifactInStorage")["observedGeneration"] == 1


def test_the_secret_must_be_in_the_same_namespace_and_complete(flux_bed: FluxBed) -> None:
    flux_bed.create_source(secretRef={"name": "credentials"})
    with flux_bed.flux():
        obj = flux_bed.condition(GIT_REPOSITORIES, "FetchFailed", "True", "AuthenticationFailed")
        assert 'Secret "credentials" not found' in condition(obj, "Ready")["message"]
        flux_bed.secret("credentials", {"username": "somebody"})
        said = "failed to configure authentication options: invalid 'https' auth option: 'username' requires 'password'"
        flux_bed.until(GIT_REPOSITORIES, lambda o: said in condition(o, "Ready")["message"], "the key named")
        flux_bed.delete_secret("credentials")
        flux_bed.secret("credentials", {"username": "somebody", "password": "hidden"})
        flux_bed.condition(GIT_REPOSITORIES, *READY)


def test_ssh_needs_a_key_and_known_hosts(flux_bed: FluxBed) -> None:
    flux_bed.create_source(url="ssh://git@github.com/stakater-lab/application")
    with flux_bed.flux(git_rewrites=[("ssh://git@github.com/stakater-lab/application", str(flux_bed.repo.path))]):
        obj = flux_bed.condition(GIT_REPOSITORIES, "FetchFailed", "True", "AuthenticationFailed")
        assert condition(obj, "Ready")["message"].endswith("invalid 'ssh' auth option: 'identity' is required")
        flux_bed.secret("key", {"identity": "k", "known_hosts": "h"})
        flux_bed.patch(GIT_REPOSITORIES, secretRef={"name": "key"})
        flux_bed.condition(GIT_REPOSITORIES, *READY)


def test_nothing_reaches_the_network(flux_bed: FluxBed) -> None:
    flux_bed.create_source(url="https://git.example.com/not/rewritten")
    with flux_bed.flux():
        obj = flux_bed.condition(GIT_REPOSITORIES, "Ready", "False", "GitOperationFailed")
    assert "transport 'https' not allowed" in condition(obj, "Ready")["message"]


def test_a_suspended_repository_is_left_alone_until_it_is_resumed(flux_bed: FluxBed) -> None:
    flux_bed.create_source(suspend=True)
    with flux_bed.flux():
        obj = flux_bed.until(GIT_REPOSITORIES, lambda o: o["status"]["observedGeneration"] == 1, "seen")
        assert "conditions" not in obj["status"]
        flux_bed.patch(GIT_REPOSITORIES, suspend=False)
        flux_bed.condition(GIT_REPOSITORIES, *READY)


def test_a_deleted_repository_waits_for_the_controller(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    with flux_bed.flux():
        flux_bed.condition(GIT_REPOSITORIES, *READY)
    flux_bed.delete(GIT_REPOSITORIES)
    assert flux_bed.get(GIT_REPOSITORIES)["metadata"]["deletionTimestamp"]
    with flux_bed.flux():
        flux_bed.gone(GIT_REPOSITORIES)
        assert list((flux_bed.folder / "flux" / "artifacts").rglob("*.tar")) == []


def test_an_artifact_that_was_lost_is_made_again(flux_bed: FluxBed) -> None:
    flux_bed.create_source()
    with flux_bed.flux():
        flux_bed.condition(GIT_REPOSITORIES, *READY)
    for archive in (flux_bed.folder / "flux" / "artifacts").rglob("*.tar"):
        archive.unlink()
    with flux_bed.flux():
        until(lambda: list((flux_bed.folder / "flux" / "artifacts").rglob("*.tar")), "the artifact again")
        flux_bed.condition(GIT_REPOSITORIES, *READY)


def test_a_fetch_fails_on_demand(flux_bed: FluxBed) -> None:
    flux_bed.create_source(annotations={FAIL: "fetch"})
    with flux_bed.flux():
        obj = flux_bed.condition(GIT_REPOSITORIES, "Ready", "False", "GitOperationFailed")
        assert condition(obj, "Ready")["message"].endswith("failed on demand")
        flux_bed.patch(GIT_REPOSITORIES, annotations={FAIL: None})
        flux_bed.condition(GIT_REPOSITORIES, *READY)
