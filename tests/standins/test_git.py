"""Mirrors: real git against local repositories, never against the network."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.samples import Repo, make_application_repository
from hack.standins.git.commands import Git, GitError, rewrite
from hack.standins.git.mirrors import NOT_CLONED, Mirrors, MirrorTimes

DEADLINE = 20.0
URL = "https://github.com/stakater-lab/application"


class Bed:
    """Mirrors over one application repository, with every change signal kept."""

    def __init__(self, folder: Path, *, delay: float = 0.0, poll: float = 600.0) -> None:
        home = folder / "home"
        home.mkdir()
        self.repo: Repo = make_application_repository(folder / "application")
        self.changed = threading.Semaphore(0)
        self.mirrors = Mirrors(
            git=Git(home=home, timeout=DEADLINE),
            folder=folder / "mirrors",
            rewrites=[(URL, str(self.repo.path))],
            times=MirrorTimes(delay=delay, retry=0.05, poll=poll),
            on_change=lambda _name: self.changed.release(),
        )

    def wait_for_change(self) -> None:
        assert self.changed.acquire(timeout=DEADLINE), "no change was signalled"


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    bed = Bed(tmp_path)
    yield bed
    bed.mirrors.stop(DEADLINE)


@pytest.mark.parametrize(
    ("url", "want"),
    [
        ("https://github.com/stakater-lab/app", "/repos/app"),
        ("https://user:secret@github.com/stakater-lab/app", "/repos/app"),
        ("https://github.com/stakater-lab/special/app", "/special/app"),
        ("https://github.com/Stakater-Lab/app", "https://github.com/Stakater-Lab/app"),
        ("git@github.com:stakater-lab/app", "/scp/app"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_the_longest_prefix_is_rewritten_and_credentials_do_not_matter(url: str, want: str) -> None:
    prefixes = [
        ("https://github.com/stakater-lab/", "/repos/"),
        ("https://github.com/stakater-lab/special/", "/special/"),
        ("git@github.com:stakater-lab/", "/scp/"),
    ]
    assert rewrite(url, prefixes) == want


def test_a_mirror_is_not_usable_before_its_delay_is_over(tmp_path: Path) -> None:
    bed = Bed(tmp_path, delay=600)
    bed.mirrors.request("m", URL)
    mirror = bed.mirrors.get("m")
    assert mirror is not None
    mirror.refresh()
    assert mirror.error == NOT_CLONED
    bed.mirrors.stop(DEADLINE)


def test_a_cloned_mirror_signals_and_exports_the_tree_of_a_commit(bed: Bed, tmp_path: Path) -> None:
    bed.mirrors.request("m", URL)
    bed.wait_for_change()
    mirror = bed.mirrors.get("m")
    assert mirror is not None
    assert mirror.error == ""

    sha = mirror.resolve("run-pipeline")
    assert sha == bed.repo.head()
    export = tmp_path / "export"
    export.mkdir()
    mirror.export(sha, export)
    assert (export / "deploy/Chart.yaml").read_text() == (bed.repo.path / "deploy/Chart.yaml").read_text()


def test_a_refresh_brings_new_commits_and_forgets_deleted_branches(bed: Bed) -> None:
    bed.repo.commit("Old", {"a": "1"}, branch="old")
    bed.mirrors.request("m", URL)
    bed.wait_for_change()
    mirror = bed.mirrors.get("m")
    assert mirror is not None
    before = mirror.resolve("old")

    sha = bed.repo.commit("New", {"deploy/values.yaml": "application: {}\n", "b": "1"}, branch="new")
    bed.repo.delete_branch("old")
    mirror.refresh()

    assert mirror.resolve("new") == sha
    assert mirror.changed_files(before, sha, "deploy") == ["deploy/values.yaml"]
    with pytest.raises(GitError, match="old"):
        mirror.resolve("old")


def test_a_failing_clone_is_tried_again_until_it_succeeds(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    hidden = tmp_path / "hidden"
    bed.repo.path.rename(hidden)
    bed.mirrors.request("m", URL)
    mirror = bed.mirrors.get("m")
    assert mirror is not None
    mirror.update()
    assert "does not exist" in mirror.error

    hidden.rename(bed.repo.path)
    bed.wait_for_change()
    assert mirror.error == ""
    bed.mirrors.stop(DEADLINE)


def test_polling_signals_again(tmp_path: Path) -> None:
    bed = Bed(tmp_path, poll=0.05)
    bed.mirrors.request("m", URL)
    bed.wait_for_change()
    bed.wait_for_change()
    bed.mirrors.stop(DEADLINE)


def test_a_forgotten_mirror_starts_from_nothing(bed: Bed) -> None:
    bed.mirrors.request("m", URL)
    bed.wait_for_change()
    bed.mirrors.stop_one("m")
    assert bed.mirrors.get("m") is None
    bed.mirrors.request("m", URL)
    bed.wait_for_change()


@pytest.mark.parametrize("url", ["https://example.com/a", "ssh://git@example.com/a", "git@example.com:a/b", "--help"])
def test_nothing_is_ever_fetched_from_the_network(bed: Bed, tmp_path: Path, url: str) -> None:
    git = Git(home=tmp_path, timeout=DEADLINE)
    with pytest.raises(GitError, match=r"not allowed|does not exist|No such file"):
        git.clone_mirror(url, tmp_path / "clone")


def test_links_that_lead_out_of_the_tree_are_refused(bed: Bed, tmp_path: Path) -> None:
    (bed.repo.path / "deploy/link").symlink_to("/etc/passwd")
    bed.repo.commit("Link", {})
    bed.mirrors.request("m", URL)
    bed.wait_for_change()
    mirror = bed.mirrors.get("m")
    assert mirror is not None
    export = tmp_path / "export"
    export.mkdir()
    with pytest.raises(GitError, match="cannot be unpacked"):
        mirror.export(bed.repo.head(), export)
