"""Which git URLs and repositories a chart may come from."""

import pytest

from controller.apimachinery.findings import shown
from controller.policy import PolicyOptions
from tests.unit.policy.builders import CHART, fields, reasons, refused


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/org/repo",
        "http://git.example.com/repo.git",
        "https://git.example.com:8443/a/b",
        "ssh://git@git.example.com:22/org/repo",
        "ssh://git.example.com/org/repo",
        "git@github.com:org/repo.git",
    ],
)
def test_a_url_without_credentials_is_accepted(url):
    assert fields(chart={"git": url}) == []


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "file:///etc",
        "/etc",
        "../repo",
        "https://",
        "ext::sh -c id",
        "-u/tmp",
        "git@github.com",
        "ssh://git@github.com",
        "https://github.com/org repo",
        "ftp://github.com/org/repo",
        "https://github.com/org/../repo",
    ],
)
def test_any_other_url_is_refused(url):
    assert reasons(chart={"git": url}) == [("InvalidSpec", f"{CHART}.git")]


@pytest.mark.parametrize(
    "url",
    [
        "https://alice:hunter2@github.com/org/repo",
        "https://hunter2@github.com/org/repo",
        "HTTPS://hunter2@github.com/org/repo",
        "ssh://alice:hunter2@github.com/org/repo",
        "alice:hunter2@github.com/org/repo",
        "https://alice:hunter2@/x y",
        "ftp://alice:hun/ter2@github.com/org/repo",
        "https://alice:hunter2%40github.com/org/repo",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url):
    [violation] = refused(chart={"git": url})

    assert (violation.reason, shown(violation.path)) == ("CredentialsInURL", f"{CHART}.git")
    assert "ter2" not in str(violation)


def test_a_token_in_a_query_is_refused_and_not_repeated():
    [violation] = refused(chart={"git": "https://github.com/org/repo?access_token=hunter2"})

    assert "hunter2" not in str(violation)


@pytest.mark.parametrize("field", ["chart.repository", "values.url", "registry"])
def test_a_password_in_a_refused_field_is_not_repeated_either(field):
    name, _, sub = field.partition(".")
    url = "https://alice:hunter2@charts.example.com"
    changes = {"chart": {sub: url}} if name == "chart" else {"release": {"repositoryOfAnother": {"url": url}}}

    [violation] = refused(**changes)

    assert violation.reason == "FieldNotAllowed"
    assert "hunter2" not in str(violation)


ALLOWED = PolicyOptions(allowed_git_repositories=("github.com/stakater-lab/*", "git.example.com:8443/shop"))


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/stakater-lab/inventory",
        "git@github.com:stakater-lab/inventory.git",
        "https://GITHUB.com./stakater-lab/inventory",
        "https://git.example.com:8443/shop.git",
    ],
)
def test_a_repository_that_a_glob_allows_is_accepted_however_it_is_spelled(url):
    assert reasons(ALLOWED, chart={"git": url}) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/stakater-lab/inventory",
        "https://github.com.evil.example/stakater-lab/inventory",
        "https://github.com:8443/stakater-lab/inventory",
        "https://github.com/stakater-labs/inventory",
        "https://github.com/evil/stakater-lab/inventory",
        "https://git.example.com/shop",
        "git@evil.example:github.com/stakater-lab/inventory",
    ],
)
def test_any_other_repository_is_refused_and_the_option_named(url):
    [violation] = refused(ALLOWED, chart={"git": url})

    assert (violation.reason, shown(violation.path)) == ("RepositoryNotAllowed", f"{CHART}.git")
    assert "--allowed-git-repositories" in violation.remedy
