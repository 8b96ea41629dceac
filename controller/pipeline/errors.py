"""Errors of a pipeline step. Users read them in a CI log, so the message has to say everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from controller.apimachinery.findings import Finding, shown


class PipelineError(Exception):
    """A step failed or rejected its input. The message names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding with its place in a file. Problems are sorted by their place.

    Attributes:
        file: path as given on the command line; "" if a flag is wrong.
        line: line number from 1; 0 if the problem concerns the whole file.
        column: column number from 1; 0 if the problem concerns the whole line.
        finding: what is wrong, and the path of the field in the document.
    """

    file: str
    line: int
    column: int
    finding: Finding

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        return ": ".join(part for part in (place, str(self.finding)) if part)

    def __lt__(self, other: Problem) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[str, int, int, str, str]:
        return (self.file, self.line, self.column, shown(self.finding.path), self.finding.sentence)


# A longer list is too much to read at once, and a file can be wrong on every line.
_SHOWN_LIMIT: Final = 50


class InvalidFiles(PipelineError):
    """Files are invalid. The message has one line for each problem, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:_SHOWN_LIMIT]]
        if more := len(self.problems) - len(lines):
            lines.append(f"and {more} more")
        super().__init__("\n".join(lines))
