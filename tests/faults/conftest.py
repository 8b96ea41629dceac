"""The controller under hardship: killed, cut off, fed with stale caches. The fixtures are the integration tests'."""

from tests.integration.support.fixtures import (
    any_cluster,
    bare_cluster,
    base,
    both_engines,
    cluster,
    controller,
    engine,
    environments,
    history,
    local,
    requests,
    start_controller,
    start_process,
    stopped_engine,
)
from tests.leaks import nothing_left_behind

__all__ = [
    "any_cluster",
    "bare_cluster",
    "base",
    "both_engines",
    "cluster",
    "controller",
    "engine",
    "environments",
    "history",
    "local",
    "nothing_left_behind",
    "requests",
    "start_controller",
    "start_process",
    "stopped_engine",
]
