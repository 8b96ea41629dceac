"""Placeholders such as `{{APPLICATION_IMAGE_TAG}}`: hidden while a file is parsed, then filled in as text.

Without quotes, as everybody writes them, they are no YAML, or a mapping. So each is replaced by a mark that YAML takes
for letters, before anything is parsed; and what the mark stands for is put into the finished texts. Nothing that is
filled in is ever parsed, so there is nothing to quote and nothing to inject.

A mark is as long as its placeholder, so every place in the file stays what it is. It is made of code points that are
reserved for a program's own use (U+FDD0 to U+FDEF), which no file may have (see `text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# `{{ X }}`, and `{ { X } }`, which formatters make of it.
_PLACEHOLDER: Final = re.compile(r"\{[ \t]*\{([^{}\r\n]*)\}[ \t]*\}")
_NAME: Final = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*")
# What only the templates of Helm begin with: meant for the chart, where it stands inside a text.
_OF_THE_CHART: Final = re.compile(r"[ \t]*[.$-]")
_FIRST, _FILL = "\ufdd0", "\ufdef"
_DIGITS: Final = "".join(chr(code) for code in range(0xFDD1, 0xFDEF))
# The shortest placeholder is `{{}}`: the first mark, and three digits.
_LIMIT: Final = len(_DIGITS) ** 3
_MARK: Final = re.compile(f"{_FIRST}([{_DIGITS}]{{3}}){_FILL}*")
# In double quotes, a mark that is written by its code.
FORGED_MARK: Final = re.compile(r"\\(u|U0000)(?i:fd[de][0-9a-f])")


class PlaceholderError(Exception):
    """A placeholder cannot be filled in; the text says why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder, as it is written."""

    text: str

    @property
    def name(self) -> str:
        """What it names, or "" where it holds something else than a name."""
        match = _NAME.fullmatch(self._content)
        return match[1] if match else ""

    @property
    def is_for_the_chart(self) -> bool:
        """Whether it looks like Helm's."""
        return _OF_THE_CHART.match(self._content) is not None

    @property
    def _content(self) -> str:
        match = _PLACEHOLDER.fullmatch(self.text)
        return match[1] if match else ""


class Hidden:
    """A text whose placeholders are hidden. ValueError: it has too many."""

    def __init__(self, text: str) -> None:
        self._found: list[Placeholder] = []
        self.text: Final = _PLACEHOLDER.sub(self._hide, text)

    def parts(self, text: str) -> Iterator[str | Placeholder]:
        """A parsed text, cut into what is text and what are placeholders."""
        end = 0
        for mark in _MARK.finditer(text):
            yield text[end : mark.start()]
            yield self._found[_number(mark[1])]
            end = mark.end()
        yield text[end:]

    def shown(self, text: str) -> str:
        """A parsed text as it is written in the file."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts(text))

    def _hide(self, match: re.Match[str]) -> str:
        if len(self._found) == _LIMIT:
            raise ValueError(f"it has more than {_LIMIT} placeholders")
        self._found.append(Placeholder(match[0]))
        return f"{_FIRST}{_digits(len(self._found) - 1)}".ljust(len(match[0]), _FILL)


def has_mark(text: str) -> bool:
    """Whether a placeholder is hidden in a parsed text."""
    return _FIRST in text


def _digits(number: int) -> str:
    base = len(_DIGITS)
    return _DIGITS[number // base**2] + _DIGITS[number // base % base] + _DIGITS[number % base]


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return number
