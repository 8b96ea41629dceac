"""The GitRepository that Flux should find, and what it says about the commit that is deployed."""

import pytest

from controller.api.environment import Environment
from controller.environment.engines import flux
from controller.environment.engines.engine import ReleaseContext
from tests.unit.environment.support.builders import GIT, environment
from tests.unit.environment.support.flux_builders import COMMIT, NEXT_COMMIT, chart_version, context, deployed, source

SSH = "ssh://git@github.com/Org/Shop.git"


def _spec(*, git_secret="", **chart):
    of = Environment(environment(chart=chart))
    return flux.desired_source(ReleaseContext(environment=of, git_secret=git_secret))["spec"]


def test_a_minimal_environment_gets_a_minimal_repository():
    assert _spec(ref=None) == {"url": GIT, "ref": {"branch": "master"}, "interval": "1m0s", "timeout": "60s"}


@pytest.mark.parametrize(
    ("git", "url"),
    [
        ("https://GitLab.example.com/Team/Shop.git", "https://GitLab.example.com/Team/Shop.git"),
        ("http://git.example.com:8080/shop", "http://git.example.com:8080/shop"),
        ("ssh://git@github.com/Org/Shop.git", SSH),
        ("git@github.com:Org/Shop.git", SSH),
        ("git@github.com:/Org/Shop.git", SSH),
        ("git@github.com:2222/Shop:a", "ssh://git@github.com/2222/Shop:a"),
    ],
)
def test_every_form_of_address_becomes_a_url_and_keeps_its_letters(git, url):
    assert _spec(git=git)["url"] == url


@pytest.mark.parametrize(
    ("ref", "want"),
    [
        ("", {"branch": "master"}),
        ("main", {"branch": "main"}),
        ("Feature/x", {"branch": "Feature/x"}),
        ("v1.2.3", {"branch": "v1.2.3"}),
        ("refsx/heads/a", {"branch": "refsx/heads/a"}),
        ("refs/heads/main", {"name": "refs/heads/main"}),
        ("refs/tags/v1.2.3", {"name": "refs/tags/v1.2.3"}),
        ("refs/pull/7/head", {"name": "refs/pull/7/head"}),
        (COMMIT, {"commit": COMMIT}),
        (COMMIT.upper(), {"commit": COMMIT.upper()}),
        (COMMIT[:39], {"branch": COMMIT[:39]}),
        (COMMIT + "0", {"branch": COMMIT + "0"}),
        ("g" * 40, {"branch": "g" * 40}),
    ],
)
def test_a_ref_is_a_commit_a_full_name_or_a_branch(ref, want):
    assert _spec(ref=ref)["ref"] == want


@pytest.mark.parametrize("git", [GIT, SSH, "git@github.com:Org/Shop.git"])
def test_credentials_are_used_only_over_encrypted_connections(git):
    assert _spec(git=git, git_secret="git")["secretRef"] == {"name": "git"}


def test_credentials_never_travel_over_http():
    assert "secretRef" not in _spec(git="http://git.example.com/shop", git_secret="git")


def test_a_public_repository_has_no_empty_reference():
    assert "secretRef" not in _spec()


def test_a_secret_named_by_the_environment_is_used_once_it_is_prepared():
    assert "secretRef" not in _spec(secretRef={"name": "git", "namespace": "other"})


def test_the_release_refers_to_its_repository():
    made, reference = flux.desired_source(context()), flux.desired(context())["spec"]["chart"]["spec"]["sourceRef"]

    assert reference == {"kind": made["kind"]} | {field: made["metadata"][field] for field in ("name", "namespace")}


# The commit that is deployed


def _history(status, commit=COMMIT):
    return [{"status": status, "chartVersion": chart_version(commit)}]


def test_the_running_commit_is_shown_in_full():
    assert flux.revision(deployed(history=_history("deployed")), source()) == COMMIT


def test_a_newly_found_commit_does_not_count_as_running():
    assert flux.revision(deployed(history=_history("deployed")), source(commit=NEXT_COMMIT)) == COMMIT[:12]


@pytest.mark.parametrize("status", ["failed", "pending-install", "uninstalled", "superseded"])
def test_a_commit_that_does_not_run_is_not_shown(status):
    assert flux.revision(deployed(history=_history(status)), source()) == ""


def test_the_previous_commit_runs_during_an_upgrade():
    history = [*_history("failed", NEXT_COMMIT), *_history("deployed")]

    assert flux.revision(deployed(history=history), source(commit=NEXT_COMMIT)) == COMMIT[:12]


@pytest.mark.parametrize(("helm", "git"), [(None, None), (deployed(), None), (None, source()), (deployed(), source())])
def test_no_commit_is_shown_without_a_history(helm, git):
    assert flux.revision(helm, git) == ""


def test_no_commit_is_shown_if_the_charts_version_has_none():
    history = [{"status": "deployed", "chartVersion": "1.2.3"}]

    assert flux.revision(deployed(history=history), source()) == ""
