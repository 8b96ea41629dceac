"""One local cluster for each test process; every test has a namespace of its own in it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.client import Client
from controller.client.config import load
from hack.localcluster import LocalCluster
from hack.standins import crds
from hack.standins.helm.engine import HelmEngine
from tests.standins.argocd_bed import ArgoCDBed
from tests.standins.cluster_bed import ClusterBed
from tests.standins.flux_bed import FluxBed
from tests.standins.operator_bed import DEADLINE, OperatorBed


@pytest.fixture(scope="package")
def cluster() -> Iterator[LocalCluster]:
    """A running cluster with the stand-ins' CRDs."""
    with LocalCluster() as cluster:
        client = Client(connection=load(kubeconfig=str(cluster.kubeconfig)))
        crds.install(client, threading.Event(), (*crds.HELM_OPERATOR, *crds.FLUX, *crds.ARGO_CD))
        client.close()
        yield cluster


@pytest.fixture(scope="package")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def bed(cluster: LocalCluster, _numbers: Iterator[int], tmp_path: Path) -> Iterator[ClusterBed]:
    """A namespace and an application repository."""
    client = Client(connection=load(kubeconfig=str(cluster.kubeconfig)), field_manager="helm-operator")
    yield ClusterBed(client, f"environment-{next(_numbers)}", tmp_path)
    client.close()


@pytest.fixture
def flux_bed(cluster: LocalCluster, _numbers: Iterator[int], tmp_path: Path) -> Iterator[FluxBed]:
    """A namespace and an application repository."""
    bed = FluxBed(load(kubeconfig=str(cluster.kubeconfig)), f"environment-{next(_numbers)}", tmp_path)
    yield bed
    bed.client.close()


@pytest.fixture
def argocd_bed(cluster: LocalCluster, _numbers: Iterator[int], tmp_path: Path) -> Iterator[ArgoCDBed]:
    """A namespace and a GitOps repository."""
    client = Client(connection=load(kubeconfig=str(cluster.kubeconfig)), field_manager="argocd")
    yield ArgoCDBed(client, f"argocd-{next(_numbers)}", tmp_path)
    client.close()


@pytest.fixture(scope="package")
def helm_engine() -> Iterator[HelmEngine]:
    """The real Helm engine, in a process of its own."""
    engine = HelmEngine(timeout=DEADLINE)
    yield engine
    engine.close()


@pytest.fixture
def operator_bed(tmp_path: Path, helm_engine: HelmEngine) -> Iterator[OperatorBed]:
    """A HelmRelease of the Helm Operator, without an API server."""
    bed = OperatorBed(tmp_path, helm_engine)
    yield bed
    bed.charts.stop(DEADLINE)
