"""The program `tronador run` as users meet it: its help, its errors, its signals."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import yaml

from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments
from tests.integration.support.fixtures import StartProcess
from tests.integration.support.ports import free_port
from tests.integration.support.program import get, run, run_alone
from tests.integration.support.requests import freezing
from tests.integration.support.waiting import DEADLINE, eventually


def test_help_names_every_option_with_its_variable() -> None:
    done = run("run", "--help")
    assert done.returncode == 0
    for word in ("--kubeconfig", "--workers", "$TRONADOR_WORKERS", "--teardown-timeout", "--protected-namespaces"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--no-such-flag"), ("--no-such-flag",)),
        (("run", "--workers", "many"), ("--workers", "many")),
        (("run", "--workers", "0"), ("--workers", "'0'", "at least 1")),
        (("run", "--status-settle", "soon"), ("--status-settle", "soon", "300ms")),
        (("run", "--namespace-labels", "no label"), ("--namespace-labels", "no label")),
        (("run", "--health-address", "nowhere"), ("--health-address", "nowhere")),
        (("run", "--log-level", "loud"), ("--log-level", "loud", "debug")),
        (("no-such-command",), ("no-such-command",)),
        ((), ("COMMAND",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_usage_ends_with_2_and_a_sentence(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_bad_variable_is_named() -> None:
    done = run("run", TRONADOR_WORKERS="many")
    assert done.returncode == 2
    assert "TRONADOR_WORKERS" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_kubeconfig_that_cannot_be_used_ends_with_1_and_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text("{current-context: nowhere}")
    done = run_alone("run", "--kubeconfig", str(file))
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_is_taken_ends_with_1_and_a_sentence(cluster: Cluster) -> None:
    address = cluster.address
    flags = ("--health-address", address, "--metrics-address", "0")
    done = run_alone("run", "--kubeconfig", str(cluster.kubeconfig), *flags)
    assert done.returncode == 1
    assert f"cannot listen on {address} (--health-address)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_wrong_token_is_a_clear_line_and_heals_when_the_kubeconfig_is_renewed(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_process: StartProcess,
    tmp_path: Path,
) -> None:
    good = yaml.safe_load(cluster.controller_kubeconfig.read_text())
    bad = yaml.safe_load(cluster.controller_kubeconfig.read_text())
    bad["users"][0]["user"]["token"] = "long-expired-token"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(bad))
    process = start_process(kubeconfig=kubeconfig)
    first = process.logged("API server not usable yet")
    assert f"does not accept the credentials of --kubeconfig {kubeconfig}" in first["error"]
    line = process.logged("not permitted", "401", "environmentprovisioners")
    assert line["level"] == "warning"
    assert "long-expired-token" not in process.output()
    environment = environments.create()
    renewed = tmp_path / "renewed"
    renewed.write_text(yaml.safe_dump(good))
    renewed.replace(kubeconfig)
    environment.deployed()
    assert "Traceback" not in process.output()
    assert good["users"][0]["user"]["token"] not in process.output()


def test_the_first_signal_ends_the_program_in_order(cluster: Cluster, start_process: StartProcess) -> None:
    process = start_process()
    process.logged("controller starting")
    process.signal(signal.SIGINT)
    assert process.ended() == 0
    process.logged("controller stopped")
    assert "Traceback" not in process.output()


def test_the_first_signal_lets_a_running_reconcile_finish(
    cluster: Cluster, environments: Environments, engine: Engine, start_process: StartProcess
) -> None:
    process = start_process()
    process.logged("controller starting")
    made = [environments.create(f"pr-{number}") for number in range(20)]
    eventually(lambda: made[0].namespace(), "it is at work")
    process.signal(signal.SIGTERM)
    assert process.ended() == 0
    assert "Traceback" not in process.output()
    # Each reconcile makes namespace and release together: each environment has both or neither.
    for environment in made:
        assert (environment.namespace() is None) == (environment.helm_release() is None)


def test_a_second_signal_ends_the_program_at_once(
    cluster: Cluster, environments: Environments, start_process: StartProcess
) -> None:
    process = start_process(graceful_timeout=600, request_timeout=600)
    process.logged("controller starting")
    with freezing(cluster.audit, when=lambda entry: entry.is_write) as frozen:
        environments.create()
        assert frozen.wait(DEADLINE), "a write of the controller hangs"
        # Two of the same kind may be delivered as one.
        process.signal(signal.SIGTERM)
        process.signal(signal.SIGINT)
        assert process.ended() in (128 + signal.SIGTERM, 128 + signal.SIGINT)


def test_sigusr1_prints_the_stack_of_every_thread_and_the_queue(
    cluster: Cluster, environments: Environments, start_process: StartProcess
) -> None:
    process = start_process(workers=3)
    environments.create().until(lambda obj: obj["metadata"].get("finalizers"), "it is at work")
    process.signal(signal.SIGUSR1)
    eventually(lambda: "queue environmentprovisioner" in process.output(), "the queue is shown")
    for thread in ("MainThread", "worker-environmentprovisioner-0", "worker-environmentprovisioner-2"):
        assert f"thread {thread}:" in process.output()
    assert process.process.poll() is None


def test_readyz_says_whether_the_caches_are_filled(cluster: Cluster, start_process: StartProcess) -> None:
    cluster.go_away()
    address = f"127.0.0.1:{free_port()}"
    process = start_process(health_address=address)
    process.logged("list or watch failed")
    assert get(f"http://{address}/healthz")[0] == 200
    code, text = get(f"http://{address}/readyz")
    assert code >= 500
    assert "caches" in text
    cluster.come_back()
    eventually(lambda: get(f"http://{address}/readyz")[0] == 200, "it is ready")
