"""Placeholders such as `{{APPLICATION_IMAGE_TAG}}`: hidden while a file is parsed, then filled in as text.

Without quotes, as everybody writes them, they are no YAML, or a mapping. So each is replaced by a mark that YAML takes
for letters, before anything is parsed; and what the mark stands for is put into the finished texts. Nothing that is
filled in is ever parsed, so there is nothing to quote and nothing to inject.

Templates of other programs look the same. Those that hold quotes are not hidden, because YAML has to read them.

A mark is as long as its placeholder, so every place in the file stays what it is. It is made of code points that are
reserved for a program's own use (U+FDD0 to U+FDEF), which no file may have (see `text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# `{{ X }}`, and `{ { X } }`, which formatters make of it; and `{{{{ X }}}}`, which stands for `{{ X }}` itself.
_PLACEHOLDER: Final = re.compile(r"\{\{\{\{([^{}\r\n]*)\}\}\}\}|\{[ \t]*\{([^{}\r\n]*)\}[ \t]*\}")
_NAME: Final = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*")
# Characters that YAML reads in another way, depending on the quotes around the text.
_QUOTING: Final = re.compile(r"[\"'\\]")
_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|`[^`]*`")
# Words that a template engine would look up, unlike `.Values.x` and `$x`.
_WORD: Final = re.compile(r"(?<![\w.$])[A-Za-z_]\w*")
# Where the text of a quoted scalar ends before its placeholder does.
_ENDS: Final = {'"': re.compile(r'(?<!\\)(\\\\)*"'), "'": re.compile(r"(?<!')(?:'')*'(?!')")}
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
    def words(self) -> tuple[str, ...]:
        """The bare words in it, whatever else it holds."""
        return tuple(_WORD.findall(_STRING.sub(" ", self._content)))

    @property
    def literal(self) -> Placeholder | None:
        """The placeholder that is meant as it is, where the braces are doubled."""
        match = _PLACEHOLDER.fullmatch(self.text)
        return Placeholder(self.text[2:-2]) if match and match[1] is not None else None

    @property
    def has_quoting(self) -> bool:
        """Whether YAML has to read it, because what it holds depends on the quotes around it."""
        return _QUOTING.search(self.text) is not None

    def ends_quotes(self, style: str) -> bool:
        """Whether a scalar of this style (`"` or `'`) ends within it."""
        return style in _ENDS and _ENDS[style].search(self.text) is not None

    @property
    def _content(self) -> str:
        match = _PLACEHOLDER.fullmatch(self.text)
        return match[2] or "" if match else ""


def keep(placeholder: Placeholder, quoted: bool) -> str:
    """For files without placeholders: what looks like one is a template of another program. PlaceholderError: it is not
    quoted, so YAML cannot read it.
    """
    if not quoted:
        raise PlaceholderError(f"{placeholder.text} is not a text as it stands; quote it")
    return placeholder.text


class Hidden:
    """A text whose placeholders are hidden. ValueError: it has too many.

    `everything` hides also those that hold quotes or escapes. YAML itself has to read them where they stand in a quoted
    text; where they do not, only hiding them makes a text of YAML of it.
    """

    def __init__(self, text: str, *, everything: bool = False) -> None:
        self._everything = everything
        self._found: list[Placeholder] = []
        self.text: Final = _PLACEHOLDER.sub(self._hide, text)

    def parts(self, text: str) -> Iterator[str | Placeholder]:
        """A parsed text, cut into what is text and what are placeholders."""
        end = 0
        for mark in _MARK.finditer(text):
            yield from _shown_parts(text[end : mark.start()])
            yield self._found[_number(mark[1])]
            end = mark.end()
        yield from _shown_parts(text[end:])

    def shown(self, text: str) -> str:
        """A parsed text as it is written in the file."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts(text))

    def at(self, index: int) -> Placeholder | None:
        """The placeholder that stands in the text from `index` on, and is not hidden."""
        match = _PLACEHOLDER.match(self.text, index)
        return Placeholder(match[0]) if match else None

    def _hide(self, match: re.Match[str]) -> str:
        placeholder = Placeholder(match[0])
        if placeholder.has_quoting and not self._everything:
            return match[0]
        if len(self._found) == _LIMIT:
            raise ValueError(f"it has more than {_LIMIT} placeholders")
        self._found.append(placeholder)
        return f"{_FIRST}{_digits(len(self._found) - 1)}".ljust(len(match[0]), _FILL)


def _shown_parts(text: str) -> Iterator[str | Placeholder]:
    """Cut out the placeholders that were not hidden. One without quotes in it was written in escapes: it is a text."""
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if (placeholder := Placeholder(match[0])).has_quoting:
            yield text[end : match.start()]
            yield placeholder
            end = match.end()
    yield text[end:]


def has_placeholder(text: str) -> bool:
    """Whether a parsed text may hold a placeholder."""
    return _FIRST in text or "{{" in text or "{ " in text


def _digits(number: int) -> str:
    base = len(_DIGITS)
    return _DIGITS[number // base**2] + _DIGITS[number // base % base] + _DIGITS[number % base]


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return number
