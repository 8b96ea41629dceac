"""What all tests share: property tests that search the same examples in every run (`--hypothesis-profile=explore`
searches new ones: 1000 for each test, or $TRONADOR_TEST_EXAMPLES), and logging that is for each test as if it were the
first.
"""

import gc
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# Other work on the same machine must not fail a test: no deadline, no complaint about slow generation.
settings.register_profile(
    "deterministic", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "explore",
    max_examples=int(os.environ.get("TRONADOR_TEST_EXAMPLES", "1000")),
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("deterministic")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest tests first, so that none of them runs on when all others have ended.

    Each worker begins with an equal part of the tests, in this order, and takes some from the end of another's part
    when its own is done.
    """
    longest = sorted((item for item in items if _own_timeout(item)), key=_own_timeout, reverse=True)
    others = [item for item in items if not _own_timeout(item)]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    total = len(items)
    items.clear()
    for worker in range(workers):
        items += longest[worker::workers]
        room = max(0, total * (worker + 1) // workers - len(items))
        items += others[:room]
        del others[:room]
    items += others


def _own_timeout(item: pytest.Item) -> float:
    """The seconds that a test may take beyond the usual, by its marker `timeout`; 0 without one."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, which stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logging_as_if_new() -> Iterator[None]:
    """A program that a test runs in its own process sets logging up, to a stderr that ends with the test."""
    yield
    structlog.reset_defaults()
