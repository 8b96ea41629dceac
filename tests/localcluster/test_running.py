"""Running the cluster: restarts of the embedded one, and the program."""

from __future__ import annotations

import json
import signal
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from hack.localcluster import ClusterProcess, LocalCluster
from tests.kubectl import Kubectl
from tests.localcluster.samples import CONFIG_MAPS, CRDS, WIDGET_DEFINITION, WIDGETS, config_map, widget
from tests.localcluster.support import Api

_SHOWN = ("verb", "resource", "name", "code")


def test_a_restart_with_state_keeps_port_objects_and_history(local_cluster: LocalCluster) -> None:
    url = local_cluster.url
    with Api(local_cluster) as api:
        api.post(CRDS, WIDGET_DEFINITION)
        api.post(WIDGETS, widget("one"))
        version = api.get(WIDGETS).body["metadata"]["resourceVersion"]
        api.post(WIDGETS, widget("two"))
    local_cluster.restart()
    assert local_cluster.url == url
    with Api(local_cluster) as api:
        assert api.get(f"{WIDGETS}/one").code == 200
        with api.watch(f"{WIDGETS}?watch=1&resourceVersion={version}") as watch:
            assert watch.next()["object"]["metadata"]["name"] == "two"


def test_a_restart_may_lose_the_history_only(local_cluster: LocalCluster) -> None:
    with Api(local_cluster) as api:
        version = api.get(CONFIG_MAPS).body["metadata"]["resourceVersion"]
        api.post(CONFIG_MAPS, config_map("kept"))
    local_cluster.restart(keep_history=False)
    with Api(local_cluster) as api:
        assert api.get(f"{CONFIG_MAPS}/kept").code == 200
        with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={version}") as watch:
            assert watch.next()["object"]["code"] == 410


def test_a_restart_without_state_begins_empty(local_cluster: LocalCluster) -> None:
    with Api(local_cluster) as api:
        api.post(CONFIG_MAPS, config_map("lost"))
    local_cluster.restart(keep_state=False)
    with Api(local_cluster) as api:
        assert api.get(f"{CONFIG_MAPS}/lost").code == 404
        assert api.get("/api/v1/namespaces/default").code == 200


def test_a_stopped_cluster_refuses_connections_and_ends_watches(local_cluster: LocalCluster) -> None:
    with Api(local_cluster) as api, api.watch(f"{CONFIG_MAPS}?watch=1") as watch:
        local_cluster.stop()
        assert list(watch) == []
    with Api(local_cluster) as api, pytest.raises(ConnectionError):
        api.get("/version")
    local_cluster.start()
    with Api(local_cluster) as api:
        assert api.get("/version").code == 200


def test_a_connection_that_was_accepted_before_a_restart_gets_no_answer_after_it(local_cluster: LocalCluster) -> None:
    host, _, port = local_cluster.address.partition(":")
    context = ssl.create_default_context(cadata=local_cluster.authority)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        # The server accepts connections in turn: once it has answered a later one, it has this one too.
        with Api(local_cluster) as api:
            api.get("/version")
        local_cluster.restart()
        with context.wrap_socket(connection, server_hostname=host) as secured:
            secured.sendall(b"GET /version HTTP/1.1\r\nHost: test\r\n\r\n")
            answer = b"reset"
            with suppress(ConnectionResetError, ssl.SSLEOFError):
                answer = secured.recv(100)

    assert answer in (b"", b"reset")


def test_the_program_serves_logs_and_keeps_its_state(tmp_path: Path) -> None:
    kubeconfig, audit, state = (tmp_path / name for name in ("kubeconfig", "audit.jsonl", "state.json"))
    flags = ("--audit-log", str(audit), "--state-file", str(state))

    def run(*arguments: str) -> str:
        with ClusterProcess(kubeconfig, *flags) as process:
            out = Kubectl(kubeconfig, home=tmp_path)(*arguments)
            assert process.stop() == 0
        return out

    run("create", "configmap", "c", "--from-literal=a=1")
    assert run("get", "configmap", "c", "-o", "jsonpath={.data.a}") == "1"
    entries = [json.loads(line) for line in audit.read_text().splitlines()]
    assert ("create", "configmaps", "c", 201) in [tuple(one[k] for k in _SHOWN) for one in entries]


def test_a_killed_program_leaves_no_open_port(tmp_path: Path) -> None:
    with ClusterProcess(tmp_path / "kubeconfig") as process:
        assert process.kill() == -signal.SIGKILL
        refused = Kubectl(tmp_path / "kubeconfig", home=tmp_path).run("get", "configmaps")
    assert refused.returncode == 1
    assert "refused" in refused.stderr
