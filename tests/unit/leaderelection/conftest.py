"""A stored lease and a candidate for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.fakes import FakeClock
from tests.unit.leaderelection.candidates import Candidate, LeaseApi


@pytest.fixture
def api() -> LeaseApi:
    return LeaseApi()


@pytest.fixture
def candidate(api: LeaseApi, clock: FakeClock) -> Iterator[Candidate]:
    candidate = Candidate(api, clock)
    yield candidate
    candidate.elector.abandon()
