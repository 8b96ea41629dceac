"""What only makes sense against a real API server; README.md says how to run it.

Without TRONADOR_TEST_KUBECONFIG these tests are left out; `test_presence.py` says so. Most fixtures are those of the
integration tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.client import Client
from tests.integration.support.clusters import Cluster
from tests.integration.support.fixtures import *  # noqa: F403 - fixtures alone
from tests.integration.support.variables import REAL_KUBECONFIG
from tests.real.support.accounts import as_user
from tests.real.support.config_maps import THREE, put

collect_ignore_glob = [] if REAL_KUBECONFIG else ["test_[!p]*.py"]


@pytest.fixture
def us(cluster: Cluster) -> Iterator[Client]:
    """A client with the controller's own account."""
    with as_user(cluster.controller_kubeconfig) as client:
        yield client


@pytest.fixture
def namespace(any_cluster: Cluster) -> str:
    """A namespace with three ConfigMaps."""
    name = any_cluster.name("cached")
    any_cluster.create_namespace(name)
    for config_map in sorted(THREE):
        put(any_cluster, name, config_map)
    return name
