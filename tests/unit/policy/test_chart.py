"""Which paths, refs and release names a chart may have."""

import pytest

from tests.unit.policy.builders import CHART, RELEASE, fields, reasons


@pytest.mark.parametrize("path", ["deploy", "./deploy", ".", "deploy/", "a/b/c", "..deploy", "a..b/c"])
def test_a_path_within_the_repository_is_accepted(path):
    assert fields(chart={"path": path}) == []


@pytest.mark.parametrize(
    "path",
    [None, "", "..", "../x", "a/../../b", "a/..", "..\\x", "deploy\x00", "deploy\n", "deploy\u2028", "\u202edeploy"],
)
def test_a_path_out_of_the_repository_is_refused(path):
    assert reasons(chart={"path": path}) == [("InvalidSpec", f"{CHART}.path")]


@pytest.mark.parametrize(
    "ref", [None, "", "main", "feat/x", "refs/pull/1/head", "v1.0", "6f50ff2ff844f5f7c2b6", "größe"]
)
def test_a_branch_tag_or_commit_is_accepted(ref):
    assert fields(chart={"ref": ref}) == []


@pytest.mark.parametrize(
    "ref", ["--upload-pack=id", "a b", "a\nb", "a\x00b", "+main", "a..b", "main@{1}", "a^", "a:b", "*"]
)
def test_a_ref_that_git_could_take_for_something_else_is_refused(ref):
    assert reasons(chart={"ref": ref}) == [("InvalidSpec", f"{CHART}.ref")]


@pytest.mark.parametrize("name", ["r" * 54, "Release", "a_b", "-a", "a.b", "a\n", "../a", "a/b"])
def test_a_release_name_that_helm_would_refuse_is_refused(name):
    assert reasons(release={"releaseName": name}) == [("InvalidSpec", f"{RELEASE}.releaseName")]


@pytest.mark.parametrize("name", ["r" * 53, "a", None, ""])
def test_a_release_name_that_helm_takes_is_accepted(name):
    assert fields(release={"releaseName": name}) == []


def test_a_release_name_that_is_derived_from_a_long_name_is_accepted():
    assert fields(name="e" * 63, release={"releaseName": None}) == []
