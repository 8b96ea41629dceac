"""What a step of a pipeline fails with. Its author reads it in a CI log, so the text is all there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


class PipelineError(Exception):
    """Something failed or is refused; the text names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a file.

    Attributes:
        file: as it was named on the command line.
        line: from 1; 0 where the file as a whole is meant.
        column: from 1; 0 where the whole line is meant.
        field: its path in the file, as `application.value_overrides`, or "".
        text: what is wrong, and what would be right.
    """

    file: str
    line: int
    column: int
    field: str
    text: str

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        return ": ".join(part for part in (place, self.field, self.text) if part)


# Nobody reads more at once, and a file can be wrong in every line.
_SHOWN_LIMIT: Final = 50


class InvalidFiles(PipelineError):
    """Files are not as they should be; the text has a line for each problem, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:_SHOWN_LIMIT]]
        if more := len(self.problems) - len(lines):
            lines.append(f"and {more} more")
        super().__init__("\n".join(lines))
