"""Helm for the tests of the chart."""

from collections.abc import Iterator

import pytest

from hack.standins.helm.engine import HelmEngine
from tests.manifests.helm import Chart


@pytest.fixture(scope="session")
def chart() -> Iterator[Chart]:
    """`manifests/chart`, ready to be rendered."""
    engine = HelmEngine(timeout=60)
    yield Chart(engine)
    engine.close()
