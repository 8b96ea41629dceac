"""A pipeline step that gets a signal ends at once, without a traceback, and without leaving files."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.unit.fakes import DEADLINE, eventually
from tests.unit.pipeline.gitops.origin_repository import environment

ROOT = Path(__file__).parents[4]


def test_an_interrupted_publish_leaves_no_files(tmp_path):
    private, key = tmp_path / "private", tmp_path / "key"
    private.mkdir()
    (tmp_path / "ssh").write_text(f"#!/bin/sh\necho $$ >'{tmp_path}/pid'\nexec cat '{tmp_path}/never'\n")
    (tmp_path / "ssh").chmod(0o755)
    os.mkfifo(tmp_path / "never")
    key.write_text("PRIVATE KEY")
    file = tmp_path / "environment.yaml"
    file.write_bytes(environment())
    started = start(
        *("publish", "--repository", "git@git.example.com:acme/envs", "--file", str(file), "--ssh-key-file", str(key)),
        PATH=f"{tmp_path}:{os.environ['PATH']}",
        TMPDIR=str(private),
    )
    # It opens for writing only when the other end is open for reading: ssh runs.
    writer = os.open(tmp_path / "never", os.O_WRONLY)
    assert list(private.rglob("key"))
    code, said = ended(started, signal.SIGTERM)
    os.close(writer)
    assert (code, said) == (128 + signal.SIGTERM, "")
    assert list(private.iterdir()) == []
    eventually(
        lambda: not runs(int((tmp_path / "pid").read_text())), "ssh has ended, which the kernel does in its own time"
    )


def test_wait_can_be_interrupted_during_a_read(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], users: [{name: u, user: {}}], "
            f"clusters: [{{name: k, cluster: {{server: 'http://127.0.0.1:{silent.getsockname()[1]}'}}}}]}}"
        )
        started = start("wait", "shop-74", "--kubeconfig", str(kubeconfig))
        silent.settimeout(DEADLINE)
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(1), "it has asked"
            # Just before it sleeps, Python would notice the signal only after the read.
            eventually(lambda: state(started.pid) == "S", "it sleeps until the answer comes")
            assert ended(started, signal.SIGINT) == (128 + signal.SIGINT, "")


def start(*arguments, **environ):
    command = [sys.executable, "-m", "controller", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=dict(os.environ) | environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def ended(process, number):
    """Exit code of a process after a signal, and what it said."""
    process.send_signal(number)
    said, _ = process.communicate(timeout=DEADLINE)
    return process.returncode, said


def state(process):
    """The letter with which Linux shows what a process does: "S" sleeps, "Z" has ended unnoticed; "" is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return ""


def runs(process):
    """Whether a process is there, and more than what its parent has not looked at yet."""
    return state(process) not in ("", "Z")
