"""What all tests share: property tests that search the same examples in every run (`--hypothesis-profile=explore`
searches new ones), and logging that is for each test as if it were the first.
"""

import gc
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# Other work on the same machine must not fail a test: no deadline, no complaint about slow generation.
settings.register_profile(
    "deterministic", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("deterministic")


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, which stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logging_as_if_new() -> Iterator[None]:
    """A program that a test runs in its own process sets logging up, to a stderr that ends with the test."""
    yield
    structlog.reset_defaults()
