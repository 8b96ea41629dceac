"""What the metrics show about an informer."""

from __future__ import annotations

import pytest

from controller.cache.metrics import InformerMetrics, last_digits
from controller.metrics import Registry
from tests.unit.fakes import WIDGETS


@pytest.mark.parametrize(
    ("version", "shown"), [("", 0), ("42", 42), ("9123456789012345678", 456789012345678), ("odd", 0)]
)
def test_a_store_s_version_shows_its_last_fifteen_digits(version: str, shown: float) -> None:
    assert last_digits(version) == shown


def test_every_series_of_an_informer_names_it_and_shows_zero_at_first() -> None:
    registry = Registry()
    InformerMetrics(registry, WIDGETS)
    samples = [sample for family in registry.collect() for sample in family.samples]
    labels = {"name": "tronador", "group": "example.com", "version": "v1", "resource": "widgets"}
    assert len({sample.name for sample in samples}) == 26
    assert all(sample.value == 0 and labels.items() <= sample.labels.items() for sample in samples)
