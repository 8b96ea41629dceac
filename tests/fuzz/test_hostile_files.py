"""The real commands with the worst files that we know of: the time and the memory that each takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.pipeline.webhooks.body import JSON_LIMIT
from controller.pipeline.yamlfiles.text import SIZE_LIMIT
from tests.unit.pipeline.gitops.origin_repository import OriginRepository, environment

pytestmark = pytest.mark.slow

# Seconds of the processor, and bytes, that a command may take. A machine that is busy makes both a little larger.
SECONDS = 20
MEMORY = 400 * 1024 * 1024
CONFIG = b"application:\n  chart_path: deploy\n"
RENDER = ("render", "--repo-name=x", "--pr-number=1", "--git-url=https://h/o/x", "--git-ref=b")
RENDER += ("--image-repository=h/x", "--image-tag=1", "--config")


def repeated(pattern: bytes, size: int, *, before: bytes = b"", after: bytes = b"") -> bytes:
    return before + pattern * ((size - len(before) - len(after)) // len(pattern)) + after


def numbered(pattern: bytes, size: int, *, before: bytes = CONFIG) -> bytes:
    return before + b"".join(
        pattern % number for number in range(10_000, 10_000 + (size - len(before)) // len(pattern % 10_000))
    )


FILES: dict[str, tuple[tuple[str, ...], Callable[[], bytes]]] = {
    "a form of nothing but escapes": (
        ("event", "--body"),
        lambda: repeated(b"%7B", 3 * JSON_LIMIT, before=b"payload="),
    ),
    "a body of empty lists": (
        ("event", "--body"),
        lambda: repeated(b"[],", JSON_LIMIT, before=b'{"a":[', after=b"1]}"),
    ),
    "a body of one list in another": (("event", "--body"), lambda: b"[" * JSON_LIMIT),
    "a placeholder of escaped quotes": (
        RENDER,
        lambda: repeated(b'\\"', SIZE_LIMIT, before=CONFIG + b"  value_overrides: {a: '{{ \"", after=b" }}'}"),
    ),
    "unknown keys": (RENDER, lambda: numbered(b"  k%d: 1\n", SIZE_LIMIT)),
    "wrong entries": (RENDER, lambda: repeated(b"  - {a: 1}\n", SIZE_LIMIT, before=CONFIG + b"  values_from:\n")),
    "a config file of one list in another": (RENDER, lambda: b"- " * (SIZE_LIMIT // 2)),
    "anchors": (("validate",), lambda: numbered(b"a%d: &a [x]\n", SIZE_LIMIT, before=b"")),
}


# Runs `tronador`, and leaves its highest resident memory in a file. What the kernel counts for the parent includes the
# memory of the parent, of which the process was a copy at first.
MEASURED = """
import atexit, re, runpy, sys
from pathlib import Path

def leave(file):
    Path(file).write_text(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

atexit.register(leave, sys.argv.pop(1))
runpy.run_module("controller", run_name="__main__", alter_sys=True)
"""


def spent(folder: Path, *words: str) -> tuple[int, float, int, str]:
    """The exit code of `tronador WORDS`, the seconds of the processor, the bytes of memory, and what it complained."""
    file = folder / "memory"
    with subprocess.Popen(
        [sys.executable, "-c", MEASURED, str(file), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        complaints = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, int(file.read_text()) * 1024, complaints


@pytest.mark.parametrize(("words", "content"), FILES.values(), ids=FILES)
def test_the_worst_files_cost_a_command_little(
    tmp_path: Path, words: tuple[str, ...], content: Callable[[], bytes]
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content())
    code, seconds, memory, complaints = spent(tmp_path, *words, str(file))
    print(f"{seconds:.1f} s, {memory // 2**20} MiB")
    assert (code, "Traceback" in complaints) == (1, False)
    assert len(complaints) < 20_000
    assert seconds < SECONDS
    assert memory < MEMORY


def test_a_file_without_an_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / ".tronador.yaml"
    file.symlink_to("/dev/zero")
    code, seconds, memory, complaints = spent(tmp_path, *RENDER, str(file))
    assert (code, seconds < SECONDS, memory < MEMORY) == (1, True, True)
    assert "is longer than 134217728 bytes: check that it is the right file" in complaints


def test_a_gitops_repository_full_of_odd_files_costs_a_sweep_little(tmp_path: Path) -> None:
    repository = OriginRepository(tmp_path)
    repository.write({f"envs/shop-{number}.yaml": environment(f"shop-{number}").decode() for number in range(200)})
    repository.write({f"envs/{'x' * 200}-{number}\x1b[2J.yaml": "a: [" * 100 for number in range(200)})
    repository.write({"envs/huge.yaml": "a: b\n" * 20_000_000})
    folder = tmp_path / "token"
    folder.mkdir()
    for name, text in {"token": "t0ken", "provider": "github", "api": "http://127.0.0.1:1"}.items():
        (folder / name).write_text(text)
    started = time.monotonic()
    code, seconds, memory, complaints = spent(
        tmp_path, *("sweep", "--repository", str(repository.path), "--path=envs", f"--credentials=github.com={folder}")
    )
    assert time.monotonic() - started < 60
    assert (code, "Traceback" in complaints) == (1, False)
    assert seconds < SECONDS
    assert memory < MEMORY
