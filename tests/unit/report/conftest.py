"""A reporter beside a GitHub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.report.bed import Bed


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    found = Bed(tmp_path / "scm")
    yield found
    found.server.stop(5)


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[Bed]:
    found = Bed(tmp_path / "scm", provider="gitlab")
    yield found
    found.server.stop(5)
