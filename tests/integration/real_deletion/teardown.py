"""Checks of a teardown."""

from __future__ import annotations

from controller.api.environment import ENVIRONMENTS
from controller.api.flux import GIT_REPOSITORIES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from tests.integration.support.clusters import DEPLOYMENTS
from tests.integration.support.environments import RELEASE, Environment
from tests.integration.support.history import History
from tests.integration.support.installers import Installer

STORAGE = f"sh.helm.release.v1.{RELEASE}.v1"


def is_uninstalled_before_its_namespace(environment: Environment, installer: Installer, story: History) -> None:
    """Check the order: release with its objects and storage, source, namespace, environment."""
    gone = [
        story.deleted(DEPLOYMENTS, RELEASE, environment.name),
        story.deleted(SECRETS, STORAGE, environment.name),
    ]
    release = story.deleted(installer.releases, RELEASE, environment.name)
    if installer.engine == "flux":
        gone += [release, story.deleted(GIT_REPOSITORIES, RELEASE, environment.name)]
    gone += [story.deleted(NAMESPACES, environment.name), story.deleted(ENVIRONMENTS, environment.name)]
    order = [version.at for version in gone]
    assert order == sorted(order), [f"{version.resource} at {version.at}" for version in gone]
    terminating = story.until(
        NAMESPACES,
        lambda version: version.name == environment.name and version.obj["metadata"].get("deletionTimestamp"),
        "the namespace is terminating",
    )
    assert terminating.at > story.deleted(SECRETS, STORAGE, environment.name).at


def nothing_is_left(environment: Environment) -> None:
    environment.gone()
    assert environment.namespace() is None


def is_terminating(environment: Environment) -> bool:
    namespace = environment.namespace()
    return namespace is None or bool(namespace["metadata"].get("deletionTimestamp"))
