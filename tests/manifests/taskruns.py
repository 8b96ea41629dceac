"""A Task's step as Tekton runs it: variables replaced, a script in a real shell, results read from their files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hack.paths import ROOT
from tests.manifests.definitions import named

SECONDS = 60.0
_VARIABLE = re.compile(r"\$\((params|workspaces|results)\.([A-Za-z0-9_-]+)(?:\.(path))?\)")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a step ended, and what it left."""

    code: int
    stderr: str
    results: Mapping[str, str]


def task(name: str) -> dict[str, Any]:
    """One of our Tasks."""
    return named("tekton", "Task", name)


def run(
    name: str, params: Mapping[str, str], *, folder: Path, workspaces: Mapping[str, Path], path: Path, shell: str = ""
) -> Ran:
    """Run the one step of a Task in `folder`.

    Args:
        workspaces: those that are bound.
        path: the folder of the `tronador` that it finds.
        shell: instead of the script's own.
    """
    spec = task(name)["spec"]
    [step] = spec["steps"]
    values = {param["name"]: param["default"] for param in spec["params"] if "default" in param} | dict(params)
    results = {result["name"]: folder / f"result-{result['name']}" for result in spec["results"]}

    def value(match: re.Match[str]) -> str:
        kind, key, _ = match.groups()
        if kind == "params":
            return values[key]
        return str(results[key]) if kind == "results" else str(workspaces.get(key, ""))

    environment = {entry["name"]: _VARIABLE.sub(value, entry["value"]) for entry in step["env"]}
    script = folder / "script"
    script.write_text(step["script"])
    script.chmod(0o755)
    work = folder / "cwd"
    work.mkdir(exist_ok=True)
    done = subprocess.run(
        [shell, str(script)] if shell else [str(script)],
        cwd=work,
        env={"PATH": f"{path}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=SECONDS,
        check=False,
    )
    written = {key: file.read_text(errors="surrogateescape") for key, file in results.items() if file.exists()}
    return Ran(done.returncode, done.stderr, written)


def real_tronador(folder: Path) -> Path:
    """A folder with our own `tronador`."""
    return _program(folder, f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m controller "$@"\n')


def recording_tronador(folder: Path) -> Path:
    """A folder with a `tronador` that only notes its arguments; see `calls`."""
    text = """#!/bin/sh
{
  printf '%s\\0' "$@"
  printf '\\n\\0'
} >> "$CALLS"
for argument; do
  case "$argument" in
    --) break ;;
    --output=*) printf word > "${argument#--output=}" ;;
  esac
done
"""
    return _program(folder, text.replace("$CALLS", str(folder / "calls")))


def calls(folder: Path) -> list[list[str]]:
    """The arguments of each call since the last question."""
    file = folder / "calls"
    if not file.exists():
        return []
    found: list[list[str]] = [[]]
    for text in file.read_bytes().decode(errors="surrogateescape").split("\0")[:-1]:
        if text == "\n":
            found.append([])
        else:
            found[-1].append(text)
    file.unlink()
    return found[:-1]


def _program(folder: Path, text: str) -> Path:
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    program = place / "tronador"
    program.write_text(text)
    program.chmod(0o755)
    return place
