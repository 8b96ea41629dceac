"""Commits as git reads them: contents, paths and messages stay unchanged."""

import pytest

from controller.pipeline.gitops.commits import Author, stream

ROBOT = Author("Robot", "robot@example.com")
SEEMING = b"done\ncommit refs/heads/main\ndeleteall\n\0\xff data 3\n"


def committed(repository, changes, *, message="A message\n"):
    """The repository, after the commit of these changes to another branch."""
    feed = stream(
        changes, parent="refs/heads/main^0", ref="refs/heads/next", message=message, author=ROBOT, seconds=1_700_000_000
    )
    repository.git("fast-import", "--quiet", "--date-format=raw", feed=feed)
    return repository


@pytest.mark.parametrize(
    "path", ["a.yaml", "a b/c.yaml", 'q"uote.yaml', "$(id)/x", "--x", "D README.md", "日本/é.yaml", "tab\tbed"]
)
def test_any_path_is_committed_unchanged(repository, path):
    committed(repository, {path: b"content\n"})
    assert repository.files("next") == {"README.md": "The team's environments", path: "content\n"}


def test_any_content_is_committed_unchanged(repository):
    committed(repository, {"a": SEEMING, "b": b"", "c": b"no line end"})
    assert repository.git("cat-file", "-s", "next:a").strip() == str(len(SEEMING))
    assert repository.git("cat-file", "-s", "next:b").strip() == "0"
    assert repository.git("ls-tree", "--name-only", "next").split() == ["README.md", "a", "b", "c"]
    assert repository.log() == ["Somebody's change"]


def test_any_message_is_committed_unchanged(repository):
    message = "Publish\n\ndone\ncommit refs/heads/main\n"
    committed(repository, {"a": b"x"}, message=message)
    assert repository.git("log", "-1", "--format=%B", "next").strip() == message.strip()


def test_one_commit_can_remove_and_add_files(repository):
    committed(repository, {"README.md": None, "b/c": b"x"})
    assert repository.files("next") == {"b/c": "x"}


def test_a_commit_has_the_given_author_and_time(repository):
    committed(repository, {"a": b"x"})
    line = "Robot robot@example.com 1700000000 Robot robot@example.com"
    assert repository.log("%an %ae %at %cn %ce", "next")[0] == line
