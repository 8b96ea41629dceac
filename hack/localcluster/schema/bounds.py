"""Bounds of single strings and numbers: lengths, patterns, ranges, multiples.

Source of the rules: k8s.io/kube-openapi, package validation/validate (values, stringValidator, numberValidator).
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import fielderrors as fe
from .node import Node
from .result import Problem

_RANGES = {"int32": (-(2**31), 2**31 - 1), "float": (-3.4028235677973366e38, 3.4028235677973366e38)}


def string_problem(node: Node, value: str, path: str) -> Problem | None:
    """The first bound that a string breaks: length counts characters."""
    length = len(value)
    if node.max_length is not None and length > node.max_length:
        limit = node.max_length
        return Problem(
            path, f"{path} in body should be at most {limit} chars long", lambda field: fe.too_long(field, limit)
        )
    if node.min_length is not None and length < node.min_length:
        return _invalid(path, value, f"should be at least {node.min_length} chars long")
    if node.pattern is not None and node.pattern[0].search(value) is None:
        return _invalid(path, value, f"should match '{node.pattern[1]}'")
    return None


def number_problems(node: Node, value: int | float, path: str) -> Iterator[Problem]:
    """Every bound that a number breaks. Integers are compared as integers, so a bound of 1.5 counts as 1."""
    whole = isinstance(value, int)
    low, high = _RANGES.get(node.format, (None, None))
    if low is not None and high is not None and not low <= value <= high:
        kind = "integer" if node.format == "int32" else "number"
        sentence = f"Checked value must be of type {kind} with format {node.format} in {path}"
        yield Problem(None, sentence, lambda field: fe.invalid(field, "", sentence))
    if node.multiple_of is not None and not _is_multiple(value, node.multiple_of):
        yield _invalid(path, value, f"should be a multiple of {_bound(node.multiple_of, whole)}")
    if node.minimum is not None:
        limit = int(node.minimum) if whole else node.minimum
        if value < limit or (node.exclusive_minimum and value == limit):
            words = "greater than" if node.exclusive_minimum else "greater than or equal to"
            yield _invalid(path, value, f"should be {words} {_bound(node.minimum, whole)}")
    if node.maximum is not None:
        limit = int(node.maximum) if whole else node.maximum
        if value > limit or (node.exclusive_maximum and value == limit):
            words = "less than" if node.exclusive_maximum else "less than or equal to"
            yield _invalid(path, value, f"should be {words} {_bound(node.maximum, whole)}")


def _is_multiple(value: int | float, factor: float) -> bool:
    if isinstance(value, int):
        return int(factor) > 0 and value % int(factor) == 0
    quotient = value * (1 / factor) if factor < 1 else value / factor
    return abs(quotient - round(quotient)) < 1e-9


def _bound(limit: float, whole: bool) -> str:
    return str(int(limit)) if whole else fe.go_float(float(limit))


def _invalid(path: str, value: object, words: str) -> Problem:
    sentence = f"{path} in body {words}"
    return Problem(path, sentence, lambda field: fe.invalid(field, value, sentence))
