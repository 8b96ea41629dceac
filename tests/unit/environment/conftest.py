"""Fixtures of the heart's tests."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def quiet_logs():
    """Thousands of simulated reconciles write no log; nothing here tests what is logged."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.configure(**before)
