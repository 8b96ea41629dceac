"""A proxy in front of a scripted server for each test; and no test may leave a thread or a socket behind."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.faultproxy.kubeconfig import Target
from hack.faultproxy.proxy import FaultProxy
from tests.faultproxy.bed import Client, ScriptedServer, client_of


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    threads, sockets = set(threading.enumerate()), _sockets()
    yield
    assert set(threading.enumerate()) - threads == set()
    # Responses that a test did not read to their end hold their socket until they are collected.
    gc.collect()
    assert _sockets() - sockets == set()


def _sockets() -> set[str]:
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            link = os.readlink(entry)
        except FileNotFoundError:  # the descriptor of this very listing
            continue
        if link.startswith("socket:"):
            found.add(link)
    return found


@pytest.fixture
def server(_nothing_left_behind: None) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def proxy(server: ScriptedServer) -> Iterator[FaultProxy]:
    with FaultProxy(target=Target(server=server.url), control_port=0) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[Client]:
    with client_of(proxy.url) as client:
        yield client
