"""A GitOps repository beside a forge."""

import pytest

from tests.unit.sweep.bed import Bed


@pytest.fixture
def bed(tmp_path):
    bed = Bed(tmp_path)
    yield bed
    bed.server.stop(10)
