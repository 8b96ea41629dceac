"""Where Flux's objects of an environment are."""

from __future__ import annotations

from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES
from controller.environment.effects import Target
from tests.unit.environment.support.builders import NAME, RELEASE_NAME

RELEASE = Target(HELM_RELEASES, RELEASE_NAME, NAME)


SOURCE = Target(GIT_REPOSITORIES, RELEASE_NAME, NAME)
