"""The errors of CEL expressions, at compile time and at run time."""

from __future__ import annotations

from dataclasses import dataclass

_WIDE_DOT, _WIDE_CARET = "\uff0e", "\uff3e"


@dataclass(frozen=True, slots=True)
class Issue:
    """One complaint of the parser or the checker, at an offset of the source."""

    at: int
    message: str

    def text(self, source: str) -> str:
        """The complaint with the line it is about and a caret below, as compilers print it."""
        line_number = source.count("\n", 0, self.at) + 1
        start = source.rfind("\n", 0, self.at) + 1
        column = self.at - start
        end = source.find("\n", start)
        snippet = source[start : end if end >= 0 else None].replace("\t", " ")
        dots = "".join("." if ord(char) < 128 else _WIDE_DOT for char in snippet[:column])
        caret = _WIDE_CARET if column < len(snippet) and ord(snippet[column]) >= 128 else "^"
        return f"ERROR: <input>:{line_number}:{column + 1}: {self.message}\n | {snippet}\n | {dots}{caret}"


class CompileError(Exception):
    """An expression that does not parse or does not type-check. `str()` is the compiler's full text."""

    def __init__(self, source: str, issues: list[Issue]) -> None:
        self.issues = tuple(sorted(issues, key=lambda issue: issue.at))
        super().__init__("\n".join(issue.text(source) for issue in self.issues))


class EvaluationError(Exception):
    """An expression that has no value for this object (`no such key: x`). Logical operators may absorb it."""
