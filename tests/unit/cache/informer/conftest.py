"""A running informer and a handler for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.cache.informer.rig import Handler, Rig
from tests.unit.fakes import (
    DEADLINE,
    FakeClock,
)


@pytest.fixture
def rig(clock: FakeClock) -> Iterator[Rig]:
    rig = Rig(clock)
    yield rig
    for informer in rig.informers:
        assert informer.stop(DEADLINE), "a thread did not end"


@pytest.fixture
def handler() -> Handler:
    return Handler()
