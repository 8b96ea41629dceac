"""What the tests of kubectl share: kubectl itself, and the environment of the workflow guide."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments
from tests.kubectl import PROGRAMS, Kubectl, called
from tests.samples import guide


@pytest.fixture(params=PROGRAMS, ids=called)
def kubectl(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Kubectl:
    """Runs kubectl as the administrator; it keeps its caches in the test's own folder."""
    return Kubectl(cluster.kubeconfig, home=tmp_path, program=request.param)


@pytest.fixture
def applied(
    environments: Environments, engine: Engine, controller: ThreadedController, kubectl: Kubectl
) -> Environment:
    """The guide's environment, applied as it stands."""
    document = guide("environment")
    environment = environments.named(document["metadata"]["name"])
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(document))
    return environment
