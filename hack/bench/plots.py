"""Plots of cost against the number of environments, or of anything over time, as SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

Point = tuple[float, float]

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 40, 50
# About how many on the axis of time.
_TICKS = 6
_COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e")


def plot(title: str, unit: str, series: Mapping[str, Sequence[Point]]) -> str:
    """Return an SVG document with one line for each series.

    A point is (environments, figure). The horizontal axis is logarithmic, and the vertical one begins at zero. Raises
    ValueError if there is no point.
    """
    counts = sorted({x for line in series.values() for x, _ in line})
    return _drawn(title, unit, "environments", series, counts, math.log)


def over_time(title: str, unit: str, series: Mapping[str, Sequence[Point]]) -> str:
    """Return an SVG document with one line for each series.

    A point is (minutes, figure). Both axes are linear, and begin at zero. Raises ValueError if there is no point.
    """
    end = max((x for line in series.values() for x, _ in line), default=0.0)
    step = _ceiling(end / _TICKS)
    ticks = [step * number for number in range(math.ceil(end / step) + 1)]
    return _drawn(title, unit, "minutes", series, ticks, float, marked=False)


def _drawn(
    title: str,
    unit: str,
    across: str,
    series: Mapping[str, Sequence[Point]],
    ticks: Sequence[float],
    place: Callable[[float], float],
    *,
    marked: bool = True,
) -> str:
    """`marked`: each point has a mark of its own."""
    points = [point for line in series.values() for point in line]
    if not points:
        raise ValueError(f"nothing to plot: {title}")
    top = _ceiling(max(y for _, y in points))
    scale = _Scale(place, ticks[0], ticks[-1], top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 22, title, "start", size=14),
        _text(_LEFT + _inner_width() / 2, _HEIGHT - 10, across, "middle"),
        _text(_LEFT - 6, _TOP - 14, unit, "end"),
        *(_across(scale.y(top * step / 4), f"{top * step / 4:g}") for step in range(5)),
        *(_text(scale.x(count), _HEIGHT - _BOTTOM + 18, f"{count:g}", "middle") for count in ticks),
    ]
    for number, (name, line) in enumerate(series.items()):
        parts += _line(name, sorted(line), scale, _COLOURS[number % len(_COLOURS)], number, marked=marked)
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Scale:
    """Maps figures to places in the drawing."""

    def __init__(self, place: Callable[[float], float], first: float, last: float, top: float) -> None:
        self._place, self._first, self._top = place, place(first), top
        self._span = place(last) - self._first

    def x(self, count: float) -> float:
        share = (self._place(count) - self._first) / self._span if self._span else 0.5
        return _LEFT + share * _inner_width()

    def y(self, figure: float) -> float:
        return _HEIGHT - _BOTTOM - figure / self._top * (_HEIGHT - _TOP - _BOTTOM)


def _line(name: str, line: Sequence[Point], scale: _Scale, colour: str, number: int, *, marked: bool) -> list[str]:
    places = [(scale.x(x), scale.y(y)) for x, y in line]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    legend = _TOP + 10 + 18 * number
    beside = _WIDTH - _RIGHT + 15
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (places if marked else ())),
        f'<rect x="{beside}" y="{legend - 8}" width="12" height="4" fill="{colour}"/>',
        _text(beside + 18, legend - 2, name, "start"),
    ]


def _across(y: float, words: str) -> str:
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
        f"{_text(_LEFT - 6, y + 4, words, 'end')}"
    )


def _text(x: float, y: float, words: str, anchor: str, *, size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'


def _inner_width() -> int:
    return _WIDTH - _LEFT - _RIGHT


def _ceiling(figure: float) -> float:
    """Return a round number that is not smaller: 1, 2 or 5 times a power of ten."""
    if figure <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(figure))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= figure)
