"""Percentiles, tables, plots, and the summary of a profile."""

from __future__ import annotations

import json
import math
from collections import Counter
from xml.etree import ElementTree

import pytest

from hack.bench import plots, process, profiles, results
from hack.bench.results import Phase, Run

MEBIBYTE = 2**20


def phase(name: str, **fields: object) -> Phase:
    """A phase with 10 environments."""
    given = {
        "wall_seconds": 4.0,
        "cpu_seconds": 0.2,
        "engine_cpu_seconds": 0.01,
        "latencies": (),
        "counts": Counter(),
        "resident_bytes": 90 * MEBIBYTE,
        "peak_bytes": 100 * MEBIBYTE,
    }
    return Phase(name=name, **{**given, **fields})  # type: ignore[arg-type]


COUNTS = Counter({"create namespaces": 10, "create events": 30, "get namespaces": 5})
RUN = Run("tronador", 10, (phase("create", counts=COUNTS, latencies=(1.0, 2.0, 9.0)), phase("idle")))
PEER = Run("floor", 10, (phase("create"),))


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (99, 4), (0, 1), (25, 1), (75, 3)])
def test_a_percentile_is_one_of_the_values(percent: float, value: int) -> None:
    assert results.percentile([4, 2, 1, 3], percent) == value


def test_no_values_have_no_percentile() -> None:
    assert math.isnan(results.percentile([], 50))


def test_the_table_has_a_column_for_each_subject_and_costs_per_environment() -> None:
    lines = results.table([RUN, PEER, Run("tronador", 20, ())], 10).splitlines()
    assert lines[0] == "| N = 10 | tronador | floor |"
    assert "| create: CPU per environment, ms | 20.0 | 20.0 |" in lines
    assert "| create: p50 / p99 of an environment, s | 2.0 / 9.0 | nan / nan |" in lines
    assert "| create: requests / writes / Events per environment | 4.50 / 1.00 / 3.00 | 0.00 / 0.00 / 0.00 |" in lines
    assert "| idle: CPU, % of a core | 5.00 | - |" in lines


def test_the_table_of_requests_leaves_out_what_is_nearly_nothing() -> None:
    run = Run("tronador", 1000, (phase("create", counts=Counter({"watch secrets": 4, "get x": 5})),))
    assert results.requests_table(run).splitlines() == [
        "| tronador, N = 1000 | create |",
        "| --- | --- |",
        "| get x | 0.01 |",
    ]


def test_the_document_is_json_with_percentiles_instead_of_each_latency() -> None:
    found = json.loads(json.dumps(results.document([RUN], {"server": "v1.36.3"})))
    create, idle = found["runs"][0]["phases"]
    assert (create["p50_seconds"], create["p99_seconds"], create["counts"]["create events"]) == (2.0, 9.0, 30)
    assert "p50_seconds" not in idle
    assert found["server"] == "v1.36.3"


def test_a_plot_is_well_formed_and_has_a_point_for_each_figure() -> None:
    drawing = ElementTree.fromstring(plots.plot("CPU < wall", "ms", {"a": [(100, 3), (1000, 6)], "b": [(100, 0)]}))
    points = [(float(circle.get("cx", "")), float(circle.get("cy", ""))) for circle in drawing.iter() if _is(circle)]
    assert len(points) == 3
    (x1, y1), (x2, y2), (x3, y3) = points
    assert x1 == x3 < x2
    assert y2 < y1 < y3


def _is(element: ElementTree.Element) -> bool:
    return element.tag.endswith("circle")


def test_a_plot_of_one_count_stands_in_the_middle_and_one_of_nothing_is_refused() -> None:
    assert "nan" not in plots.plot("CPU", "ms", {"a": [(100, 3)]})
    with pytest.raises(ValueError, match="nothing to plot: CPU"):
        plots.plot("CPU", "ms", {"a": []})


def test_cpu_and_memory_are_read_whatever_the_program_is_called() -> None:
    before = "12 (a ) b) S 1 1 1 0 -1 4194560 900 0 0 0 150 50 0 0 20 0 5 0 100 1 1"
    assert process.cpu_seconds(before, 100) == 2.0
    assert process.memory("Name:\tx\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\n") == (200 * 1024, 300 * 1024)


def test_a_profile_counts_a_recursive_function_once_per_sample() -> None:
    text = (
        "thread (0x1);run (/usr/lib/python3.11/threading.py:9);send (/x/controller/client/transport.py:88) 6\n"
        "run (/usr/lib/python3.11/threading.py:9);dig (/x/controller/a.py:1);dig (/x/controller/a.py:2) 2\n"
    )
    lines = profiles.table(profiles.parse(text)).splitlines()
    assert lines[2:] == [
        "| python3.11/threading.py run | 100.0 | 0.0 |",
        "| controller/client/transport.py send | 75.0 | 75.0 |",
        "| controller/a.py dig | 25.0 | 25.0 |",
    ]
