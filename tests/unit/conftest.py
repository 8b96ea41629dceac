"""Fixtures that unit tests share."""

from __future__ import annotations

import pytest

from tests.unit.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves by hand."""
    return FakeClock()
