"""The result of a check of a subtree."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..fielderrors import NO_FIELD, FieldError


class Problem(NamedTuple):
    """An error whose place in the object is not known yet.

    Attributes:
        path: path below the value that is being validated, or None for an error that names no field.
        sentence: the validator's own words; the same words are reported once.
        build: makes the field error for a full path.
    """

    path: str | None
    sentence: str
    build: Callable[[str], FieldError]

    def field_error(self, base: str) -> FieldError:
        """The error at its full path."""
        inner = (self.path or "").removeprefix(".")
        return self.build(f"{base}.{inner}" if base and inner else inner or base or NO_FIELD)


class Result:
    """Problems of a subtree, and how many checks passed: the latter chooses the best branch of an anyOf or oneOf."""

    __slots__ = ("matches", "problems")

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.matches = 0

    def add(self, problem: Problem) -> None:
        """Add a problem, unless one with the same text was already added."""
        if all(problem.sentence != known.sentence for known in self.problems):
            self.problems.append(problem)

    def merge(self, other: Result) -> None:
        """Add everything from another result."""
        self.matches += other.matches
        for problem in other.problems:
            self.add(problem)
