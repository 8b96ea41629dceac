"""Makes a copy of the product with a fault, and sees whether the fault is noticed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hack.paths import ROOT
from tests.mutants.table import Mutant

_EXPLORE = "explore"
# Seconds. Most are noticed within two.
_LONGEST = 300.0
# What the copy must not share with the original, and what it does not need.
_NOT_LINKED = frozenset({"controller", ".git", ".pytest_cache", "build"})


class MutantError(Exception):
    """The fault cannot be made, or was not noticed. The text says which."""


def notice(mutant: Mutant) -> str:
    """Return how the fault shows itself. Raises MutantError if it does not."""
    with _copy(mutant) as folder:
        command = _command(mutant, folder)
        environ = {**os.environ, "PYTHONPATH": str(folder)}
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=_LONGEST, check=False
        )
    output = done.stdout + done.stderr
    sign = r"^(.*)\. The shortest history" if _is_explored(mutant) else r"^((?:FAILED|ERROR) .*)$"
    found = re.search(sign, output, re.MULTILINE)
    if done.returncode != 1 or found is None:
        raise MutantError(f"{mutant.name}: {mutant.noticed_by} did not notice it:\n{output[-2000:]}")
    return found[1]


@contextmanager
def _copy(mutant: Mutant) -> Iterator[Path]:
    text = (ROOT / mutant.path).read_text(encoding="utf-8")
    if text.count(mutant.before) != 1:
        raise MutantError(f"{mutant.name}: {mutant.path} has this {text.count(mutant.before)} times: {mutant.before}")
    with tempfile.TemporaryDirectory(prefix="tronador-mutant-") as name:
        folder = Path(name)
        for entry in ROOT.iterdir():
            if entry.name not in _NOT_LINKED:
                (folder / entry.name).symlink_to(entry)
        shutil.copytree(ROOT / "controller", folder / "controller", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / mutant.path).write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
        yield folder


def _command(mutant: Mutant, folder: Path) -> list[str]:
    if _is_explored(mutant):
        return [sys.executable, "-m", "tests.explore", "--first", *mutant.noticed_by.split()[1:]]
    options = ("-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--rootdir", str(folder))
    return [sys.executable, "-m", "pytest", *options, mutant.noticed_by]


def _is_explored(mutant: Mutant) -> bool:
    return mutant.noticed_by.startswith(_EXPLORE)
