"""The fixtures of the black-box tests: the commands of the documentation run in the same surroundings."""

from __future__ import annotations

from tests.integration.support.fixtures import (
    any_cluster,
    bare_cluster,
    base,
    both_engines,
    cluster,
    make_bare_installer,
    make_installer,
    repository,
    start_controller,
)
from tests.leaks import nothing_left_behind

__all__ = [
    "any_cluster",
    "bare_cluster",
    "base",
    "both_engines",
    "cluster",
    "make_bare_installer",
    "make_installer",
    "nothing_left_behind",
    "repository",
    "start_controller",
]
