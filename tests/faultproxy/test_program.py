"""The command line program, as a process, in front of the local cluster and read with kubectl."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from hack.faultproxy.__main__ import main
from tests.faultproxy.bed import DEADLINE, ScriptedServer, client_of
from tests.faultproxy.kubeconfigs import written

ROOT = Path(__file__).parent.parent.parent
KUBECTL = Path(sys.executable).parent / "kubectl"


@contextlib.contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m ARGUMENTS`, ended by SIGTERM with exit code 0."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        process.communicate()


def appears(path: Path) -> Path:
    pause, deadline = Event(), time.monotonic() + DEADLINE
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline, f"{path.name} never appeared"
        pause.wait(0.02)
    return path


def test_the_program_prints_its_address_and_injects_the_requested_faults(
    server: ScriptedServer, tmp_path: Path
) -> None:
    upstream, through = written(tmp_path / "upstream", server=server.url), tmp_path / "through"
    options = ["--kubeconfig", str(upstream), "--write-kubeconfig", str(through), "--throttle", "100"]
    with program("hack.faultproxy", *options, "--retry-after", "4") as process:
        assert process.stdout is not None
        ready, url, control = process.stdout.readline().split()
        assert ready == "ready"
        assert control.endswith("/_faults")
        assert url in through.read_text()
        with client_of(url) as client:
            response = client.request()
            assert (response.status, response.headers["Retry-After"]) == (429, "4")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--errors", "101"], "percent must be"),
        (["--latency", "-1"], "seconds must be"),
        (["--rule", '{"fault": "storm"}'], "fault is one of"),
        (["--rule", "{"], "--rule"),
        (["--tls-key", "key"], "belong together"),
    ],
)
def test_bad_options_end_with_exit_code_2_and_say_why(
    options: Sequence[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--write-kubeconfig", str(tmp_path / "through"), *options])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_kubectl_reads_the_local_cluster_through_the_proxy(tmp_path: Path) -> None:
    direct, through = tmp_path / "direct", tmp_path / "through"
    with program("hack.localcluster", "--kubeconfig", str(direct)):
        options = ["--kubeconfig", str(appears(direct)), "--write-kubeconfig", str(through)]
        rule = '{"fault": "answer", "code": 500, "times": 1, "match": {"path": "/namespaces$"}}'
        with program("hack.faultproxy", *options, "--rule", rule):
            first, second = (_kubectl(appears(through), "get", "namespaces", "-o", "name") for _ in range(2))
    assert first.returncode == 1
    assert "Error from server (InternalError): Internal error occurred: injected fault" in first.stderr
    assert "namespace/default" in second.stdout.split()


def _kubectl(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(KUBECTL), "--kubeconfig", str(config), "--cache-dir", str(config.parent / "cache"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE * 2)
