"""The fixtures are the integration tests', and the real Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.support.fixtures import *  # noqa: F403 - fixtures alone
from tests.monitoring.prometheus import Prometheus


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    """A server with our rules, their times shortened; the test starts it."""
    server = Prometheus(tmp_path / "prometheus")
    yield server
    server.stop()
