"""Application repositories for tests: the same everywhere, whatever git configuration the user has or lacks."""

from pathlib import Path

import pytest

from hack.samples import make_application_repository


def test_the_same_calls_make_the_same_commits_without_home_or_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_application_repository(tmp_path / "first")
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    second = make_application_repository(tmp_path / "second")

    assert first.head() == second.head()
    assert first.branch() == "run-pipeline"


def test_a_commit_adds_changes_and_removes_files(tmp_path: Path) -> None:
    repo = make_application_repository(tmp_path / "application")

    sha = repo.commit("Change", {"deploy/extra/new.txt": "new", "README.md": None})

    assert repo.head() == sha
    assert (repo.path / "deploy/extra/new.txt").read_text() == "new"
    assert not (repo.path / "README.md").exists()


def test_branches_are_made_on_demand_and_can_be_deleted_even_while_current(tmp_path: Path) -> None:
    repo = make_application_repository(tmp_path / "application")
    before = repo.head()

    sha = repo.commit("On a branch", {"a": "1"}, branch="feat/x")
    assert repo.head("feat/x") == sha
    repo.commit("Back", {"b": "1"}, branch="run-pipeline")
    repo.commit("Again", {"c": "1"}, branch="feat/x")
    repo.delete_branch("feat/x")

    with pytest.raises(Exception, match="fatal"):
        repo.head("feat/x")
    assert repo.head("run-pipeline") != before
