"""A test bed for a bad network: the controller reaches its cluster through a proxy, everybody else directly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hack.faultproxy.faults import Rule
from hack.faultproxy.proxy import FaultProxy
from hack.localcluster import LocalCluster, Options
from tests.faults.support.fleet import Fleet
from tests.integration.support.clusters import (
    Cluster,
    environment_definition,
    helm_release_definition,
    proxied,
    running_cluster,
    short_options,
)
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.requests import Requests
from tests.integration.support.variables import REAL_KUBECONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """What a test of a bad network handles."""

    cluster: Cluster
    engine: Engine
    proxy: FaultProxy
    fleet: Fleet
    requests: Requests

    @property
    def local(self) -> LocalCluster:
        """The local cluster with its hooks, for troubles that need them."""
        assert self.cluster.local is not None, "the test should have been skipped"
        return self.cluster.local


@contextmanager
def ready_cluster(options: Options | None = None) -> Iterator[Cluster]:
    """A cluster with both definitions installed."""
    with running_cluster(options) as cluster:
        cluster.install(environment_definition())
        cluster.install(helm_release_definition())
        yield cluster


@contextmanager
def bed(
    folder: Path, *rules: Rule, options: Mapping[str, Any], streams: bool = True, hooks: bool = False
) -> Iterator[Bed]:
    """A running controller behind these rules, with the engine that installs its releases.

    Args:
        options: of the controller.
        streams: the cluster streams initial states; otherwise the controller lists, and the audit log shows which.
        hooks: the test needs the hooks of the local cluster, and is skipped on a real one.
    """
    if hooks and REAL_KUBECONFIG:
        pytest.skip("needs the hooks of the local cluster")
    with ExitStack() as stack:
        cluster = stack.enter_context(ready_cluster(short_options(initial_events=streams)))
        engine = stack.enter_context(Engine(cluster))
        proxy, through = stack.enter_context(proxied(cluster.controller_kubeconfig, folder))
        proxy.set_rules(*rules)
        controller = ThreadedController(through, **options)
        stack.callback(controller.stop)
        controller.start()
        yield Bed(cluster=cluster, engine=engine, proxy=proxy, fleet=Fleet(cluster), requests=Requests(cluster.audit))
