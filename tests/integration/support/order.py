"""The order in which a teardown deletes things."""

from __future__ import annotations

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from tests.integration.support.environments import RELEASE, Environment
from tests.integration.support.history import History

STORAGE = f"sh.helm.release.v1.{RELEASE}.v1"


def everything_went_in_order(environment: Environment, history: History) -> None:
    """HelmRelease, Helm's storage, namespace, environment: each was gone before the next one was."""
    gone = (
        history.deleted(HELM_RELEASES, RELEASE, environment.name),
        history.deleted(SECRETS, STORAGE, environment.name),
        history.deleted(NAMESPACES, environment.name),
        history.deleted(ENVIRONMENTS, environment.name),
    )
    order = [version.at for version in gone]
    assert order == sorted(order), [f"{version.resource} at {version.at}" for version in gone]
