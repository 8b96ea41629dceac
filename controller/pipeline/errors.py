"""Errors of a pipeline step. Users read them in a CI log, so the message has to say everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


class PipelineError(Exception):
    """A step failed or rejected its input. The message names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error in a file.

    Attributes:
        file: path as given on the command line.
        line: line number from 1; 0 if the problem concerns the whole file.
        column: column number from 1; 0 if the problem concerns the whole line.
        field: path of the field, such as `application.value_overrides`, or "".
        text: what is wrong and how to correct it.
    """

    file: str
    line: int
    column: int
    field: str
    text: str

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        return ": ".join(part for part in (place, self.field, self.text) if part)


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
