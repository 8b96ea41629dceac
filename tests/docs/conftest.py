"""The fixtures of the black-box tests: the commands of the documentation run in the same surroundings."""

from __future__ import annotations

from tests.integration.support.fixtures import *  # noqa: F403 - fixtures alone
