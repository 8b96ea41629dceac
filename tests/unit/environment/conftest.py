"""Fixtures of the heart's tests."""

import pytest
import structlog
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def quiet_logs():
    """Thousands of simulated reconciles write no log; a test of the log asks for `logs`."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.configure(**before)


@pytest.fixture
def logs(quiet_logs):
    """The lines that are logged from here on, of every level."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("debug"))
    with capture_logs() as lines:
        yield lines
