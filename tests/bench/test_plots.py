"""Plots are SVG documents with one line for each series."""

from xml.etree import ElementTree

import pytest

from hack.bench import plots

SVG = "{http://www.w3.org/2000/svg}"


def lines(document):
    found = ElementTree.fromstring(document).iter(f"{SVG}polyline")
    return [[tuple(map(float, point.split(","))) for point in line.get("points").split()] for line in found]


def words(document):
    return [text.text for text in ElementTree.fromstring(document).iter(f"{SVG}text")]


def test_time_is_linear_and_begins_at_zero():
    document = plots.over_time(
        "memory", "MiB", {"one": [(0.0, 10.0), (30.0, 10.0), (60.0, 20.0)], "two": [(60.0, 5.0)]}
    )

    (first, second, third), (other,) = lines(document)
    assert second[0] - first[0] == pytest.approx(third[0] - second[0])
    assert first[1] == second[1] > third[1]
    assert other[0] == third[0]
    assert [word for word in words(document) if word in ("0", "20", "60")] == ["0", "20", "0", "20", "60"]


def test_a_plot_by_number_of_environments_is_logarithmic():
    document = plots.plot("CPU", "ms", {"one": [(10, 1.0), (100, 1.0), (1000, 2.0)]})

    ((first, second, third),) = lines(document)
    assert second[0] - first[0] == pytest.approx(third[0] - second[0])
    assert {"10", "100", "1000", "environments"} <= set(words(document))


@pytest.mark.parametrize("draw", [plots.plot, plots.over_time])
def test_nothing_cannot_be_plotted(draw):
    with pytest.raises(ValueError, match="nothing to plot: memory"):
        draw("memory", "MiB", {"one": []})
