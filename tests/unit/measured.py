"""What a registry shows, and how many functions a piece of work calls."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from controller.metrics import Registry


def measured(registry: Registry, series: str, /, **labels: str) -> float:
    """The sum of the series of that name with at least these labels; 0 without any. KeyError if no metric has it."""
    families = [family for family in registry.collect() if series.startswith(family.name)]
    if not families:
        raise KeyError(series)
    samples = (sample for family in families for sample in family.samples if sample.name == series)
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def counted(registry: Registry, series: str, label: str) -> dict[str, float]:
    """The series of that name that are not zero, by the value of `label`."""
    samples = [sample for family in registry.collect() for sample in family.samples if sample.name == series]
    values = {sample.labels[label] for sample in samples if sample.value}
    return {value: measured(registry, series, **{label: value}) for value in values}


def count_calls(work: Callable[[], object], *, below: str = "") -> int:
    """Count the calls of Python functions in this thread whose file has a path that begins with `below`."""
    count = 0

    def hook(frame: Any, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_filename.startswith(below)

    before = sys.getprofile()
    sys.setprofile(hook)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
