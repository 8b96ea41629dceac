"""What a GitOps repository holds, and what git and its server say."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.pipeline import gitops
from controller.pipeline.gitops import tombstone
from controller.pipeline.gitops.failures import failure
from controller.pipeline.yamlfiles.text import SIZE_LIMIT
from controller.sweep import candidates
from tests.fuzz.mutation import as_json, check_words, damaged, few, odd
from tests.unit.pipeline.gitops.origin_repository import OriginRepository, environment

FILE = environment(repository_id="7")
STONE = {"repository": "github.com/acme/shop", "repositoryId": "7", "pullRequest": "74", "time": "2026-03-01T12:00:00Z"}
PLACES = gitops.places("envs", "shop-74")
SOURCE = gitops.Origin("github.com/acme/shop", "74", "7")
SAID = (
    b"remote: GL-HOOK-ERR: protected\n!\trefs/next:refs/heads/main\t[remote rejected] (pre-receive hook declined)\n",
    b"fatal: unable to access 'https://u:s3cret@h/r/': The requested URL returned error: 503\n",
    b"To https://h/r\n!\ta:b\t[rejected] (fetch first)\nerror: failed to push some refs to 'https://h/r'\n",
    b"ssh: connect to host h port 22: Connection timed out\nfatal: Could not read from remote repository.\n",
)


def use(file: bytes, stone: bytes) -> None:
    """Everything that is decided from a file and a tombstone ends with a change, or with an error for people."""
    found, skipped = candidates.read({"shop-74": file})
    for one in skipped:
        check_words(one.reason, most=300)
    assert len(found) + len(skipped) == 1
    environment = gitops.peek(file)
    origin = gitops.origin_of(environment.obj) if environment is not None else None
    content = gitops.Content(file=file, origin=origin, tombstone=tombstone.parse(stone))
    gitops.retire(content, places=PLACES, source=SOURCE, time="2026-03-01T12:00:00Z")
    try:
        gitops.publish(content, places=PLACES, document=FILE, source=SOURCE, revive=False, time="")
    except gitops.GitOpsError as error:
        # The command line replaces what is not printable.
        check_words(ascii(str(error)), most=25_000)


@few(30)
@given(odd([yaml.safe_load(FILE)]), odd([STONE]))
def test_any_odd_field_of_a_file_and_a_tombstone_is_handled(file: Any, stone: Any) -> None:
    use(yaml.safe_dump(file).encode("utf-8", "replace"), as_json(stone))


@few(30)
@given(damaged([FILE]), damaged([as_json(STONE)]))
def test_any_damaged_file_and_tombstone_is_handled(file: bytes, stone: bytes) -> None:
    use(file, stone)


@pytest.mark.parametrize("depth", [500, 900, 950, 960, 970, 980, 990, 100_000])
def test_a_tombstone_of_any_depth_is_read(depth: int) -> None:
    assert tombstone.parse(b'{"repository": ' + b"[" * depth + b"]" * depth + b"}") == gitops_stone()


def gitops_stone() -> tombstone.Tombstone:
    return tombstone.Tombstone(gitops.Origin())


@few(60)
@given(damaged(SAID), st.sampled_from(["", "s3cret"]))
def test_any_words_of_git_become_one_line(words: bytes, secret: str) -> None:
    check_words(str(failure(words.decode(errors="replace"), secrets=(secret,) if secret else ())), most=900)


NAMES = (
    "envs/shop-1.yaml",
    "envs/ünï.yaml",
    "envs/a\tb.yaml",
    "envs/new\nline.yaml",
    "envs/-x.yaml",
    "envs/\x1b[2J.yaml",
)


def test_odd_names_links_and_huge_files_in_the_folder_are_left_alone(repository: OriginRepository) -> None:
    repository.write(dict.fromkeys(NAMES, FILE.decode()))
    repository.write({"envs/shop-74.yaml": FILE.decode()})
    repository.write({"envs/link.yaml": "/etc/passwd"}, mode="120000")
    repository.write({"envs/huge.yaml": "a" * (SIZE_LIMIT + 1)})
    found, skipped = candidates.read(gitops.documents(target(repository), "envs", report=lambda text: None))
    assert [one.name for one in found] == ["shop-74"]
    assert {one.name for one in skipped} == {Path(name).name.removesuffix(".yaml") for name in NAMES} | {"huge"}


def test_a_huge_file_of_the_environment_itself_is_named(repository: OriginRepository) -> None:
    repository.write({"envs/shop-74.yaml": "a" * (SIZE_LIMIT + 1)})
    with pytest.raises(gitops.GitOpsError, match=rf"envs/shop-74.yaml has {SIZE_LIMIT + 1} bytes .*; remove it there"):
        gitops.bring(
            target(repository),
            PLACES,
            lambda content: pytest.fail("it was read"),
            subject="Publish",
            report=lambda text: None,
        )


def test_what_a_server_says_without_end_costs_neither_time_nor_memory(repository: OriginRepository) -> None:
    # `remote: ` and a megabyte without a line end, which patterns have to walk through.
    hook = repository.path / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x >&2\necho >&2\necho 'you are not allowed' >&2\nexit 1\n"
    )
    hook.chmod(0o755)
    started = time.process_time()
    with pytest.raises(gitops.GitOpsError, match="you are not allowed"):
        gitops.bring(
            target(repository),
            PLACES,
            lambda content: gitops.publish(content, places=PLACES, document=FILE, source=SOURCE, revive=False, time=""),
            subject="Publish",
            report=lambda text: None,
        )
    assert time.process_time() - started < 2


@pytest.fixture
def repository(tmp_path: Path) -> OriginRepository:
    return OriginRepository(tmp_path)


def target(repository: OriginRepository) -> gitops.PushTarget:
    return gitops.PushTarget(
        remote=gitops.parse_remote(str(repository.path)),
        branch="main",
        credentials=gitops.Credentials(),
        author=gitops.Author("tronador", "tronador@localhost"),
        timeout=30.0,
    )
