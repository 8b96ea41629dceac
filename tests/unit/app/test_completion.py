"""Completion in shells, and the program under its name as a plugin of kubectl."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from controller.app import cli, completion

PROGRAMS = Path(sys.executable).parent


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("re",), ["render", "retire", "report", "reconcile"]),
        (("wait", "--for", ""), ["deployed", "gone"]),
        (("list", "-l", "a b=$(id)", "--kube"), ["--kubeconfig"]),
    ],
)
def test_kubectl_gets_a_line_for_each_completion(words: tuple[str, ...], found: list[str]) -> None:
    # In a process of its own, because argcomplete takes over a file descriptor.
    command = [PROGRAMS / "kubectl_complete-tronador", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == [*found, ":4"]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_each_shell_has_a_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert cli.main(["completion", shell]) == 0
    assert "tronador" in capsys.readouterr().out


def test_bash_completes_with_the_script() -> None:
    ask = (
        "source <(tronador completion bash); COMP_LINE='tronador reco' COMP_POINT=13; COMP_WORDS=(tronador reco); "
        '_python_argcomplete tronador; echo "${COMPREPLY[@]}"'
    )
    environ: Mapping[str, str] = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", ask], env=environ, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["reconcile"]


@pytest.mark.parametrize(
    ("program", "shown"),
    [("/usr/bin/kubectl-tronador", "kubectl tronador"), ("/usr/bin/tronador", "tronador"), ("__main__.py", "tronador")],
)
def test_help_shows_the_command_as_a_person_types_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], program: str, shown: str
) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    with pytest.raises(SystemExit):
        cli.main(["list", "--help"])
    assert capsys.readouterr().out.startswith(f"usage: {shown} list ")
