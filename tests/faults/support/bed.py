"""A test bed for a bad network: the controller reaches its cluster through a proxy, everybody else directly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hack.faultproxy import kubeconfig
from hack.faultproxy.faults import Rule
from hack.faultproxy.proxy import FaultProxy
from hack.localcluster import LocalCluster, Options
from tests.faults.support.fleet import Fleet
from tests.integration.support.clusters import (
    REAL_KUBECONFIG,
    Cluster,
    environment_definition,
    helm_release_definition,
    running_cluster,
)
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.requests import Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """What a test of a bad network handles."""

    local: LocalCluster
    engine: Engine
    proxy: FaultProxy
    fleet: Fleet
    requests: Requests


@contextmanager
def local_cluster(options: Options | None = None) -> Iterator[tuple[Cluster, LocalCluster]]:
    """A local cluster with both definitions installed; skips the test where a real one was asked for."""
    if REAL_KUBECONFIG:
        pytest.skip("needs the hooks and the audit log of the local cluster")
    with running_cluster(options) as cluster:
        assert cluster.local is not None
        cluster.install(environment_definition())
        cluster.install(helm_release_definition())
        yield cluster, cluster.local


@contextmanager
def proxied(target: Path, folder: Path) -> Iterator[tuple[FaultProxy, Path]]:
    """A proxy in front of what the kubeconfig `target` leads to, and the kubeconfig that leads through it."""
    with FaultProxy(target=kubeconfig.read(target)) as proxy:
        through = folder / f"{target.name}-through-proxy"
        kubeconfig.write(through, proxy.kubeconfig())
        yield proxy, through


@contextmanager
def bed(folder: Path, *rules: Rule, options: Mapping[str, Any], streams: bool = True) -> Iterator[Bed]:
    """A running controller behind these rules, with the engine that installs its releases.

    Args:
        options: of the controller.
        streams: the cluster streams initial states; else the controller lists, which the audit log tells from watches.
    """
    with ExitStack() as stack:
        cluster, local = stack.enter_context(local_cluster(Options(initial_events=streams)))
        engine = Engine(cluster)
        stack.callback(engine.stop)
        engine.start()
        proxy, through = stack.enter_context(proxied(cluster.controller_kubeconfig, folder))
        proxy.set_rules(*rules)
        controller = ThreadedController(through, **options)
        stack.callback(controller.stop)
        controller.start()
        yield Bed(local=local, engine=engine, proxy=proxy, fleet=Fleet(cluster), requests=Requests(local))
