"""Fixtures of the local cluster's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.localcluster import LocalCluster
from tests.kubectl import PROGRAMS, Kubectl, called
from tests.localcluster.support import Api


@pytest.fixture
def local_cluster() -> Iterator[LocalCluster]:
    """A fresh, empty cluster."""
    with LocalCluster() as cluster:
        yield cluster


@pytest.fixture
def api(local_cluster: LocalCluster) -> Iterator[Api]:
    """Plain HTTP to that cluster, as the admin."""
    with Api(local_cluster) as client:
        yield client


@pytest.fixture(params=PROGRAMS, ids=called)
def kubectl(request: pytest.FixtureRequest, local_cluster: LocalCluster, tmp_path: Path) -> Kubectl:
    """The real kubectl on that cluster, with a home and caches of its own."""
    return Kubectl(local_cluster.kubeconfig, home=tmp_path, program=request.param)
