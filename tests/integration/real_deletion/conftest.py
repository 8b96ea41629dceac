"""Deployed environments with a real engine, and the history of their objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.api import flux, helm_operator
from controller.api.environment import ENVIRONMENTS
from controller.api.flux import GIT_REPOSITORIES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from tests.integration.support.clusters import CONFIG_MAPS, DEPLOYMENTS, Cluster
from tests.integration.support.environments import Environment, Environments
from tests.integration.support.fixtures import MakeInstaller, StartController
from tests.integration.support.history import History
from tests.integration.support.installers import Installer


@pytest.fixture
def story(both_engines: Cluster) -> Iterator[History]:
    """Every version of each object that a teardown concerns."""
    client = both_engines.connect("tests-story")
    kinds = (helm_operator.HELM_RELEASES, flux.HELM_RELEASES, GIT_REPOSITORIES)
    with History(client, ENVIRONMENTS, NAMESPACES, *kinds, SECRETS, DEPLOYMENTS, CONFIG_MAPS) as history:
        yield history
    client.close()


@pytest.fixture
def environment(environments: Environments, installer: Installer, start_controller: StartController) -> Environment:
    """A deployed environment."""
    start_controller(release_engine=installer.engine)
    environment = environments.create()
    environment.deployed()
    return environment


@pytest.fixture
def flux_engine(make_installer: MakeInstaller) -> Installer:
    """Flux, not running yet."""
    return make_installer("flux")


@pytest.fixture
def on_flux(environments: Environments, flux_engine: Installer, start_controller: StartController) -> Environment:
    """A deployed environment with Flux."""
    flux_engine.start()
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    return environment
