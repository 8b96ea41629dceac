"""Placeholders such as `{{APPLICATION_IMAGE_TAG}}`: hidden while a file is parsed, then filled in as text.

Without quotes, as they are usually written, they are invalid YAML, or a mapping. So before a file is parsed, each is
replaced by a mark that YAML reads as letters. Afterwards the mark is replaced by its value in the parsed strings. A
value is never parsed, so it needs no quotes, and nothing can be injected.

Templates of other programs look the same. Those that contain quotes are not hidden, because YAML has to parse them.

A mark is as long as its placeholder, so lines and columns do not change. It consists of code points that are reserved
for internal use of a program (U+FDD0 to U+FDEF), and that `text` rejects in files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.apimachinery.findings import cut

# `{{ X }}`; `{ { X } }`, as some formatters write it; and `{{{{ X }}}}`, which stands for `{{ X }}` itself.
_PLACEHOLDER: Final = re.compile(r"\{\{\{\{([^{}\r\n]*)\}\}\}\}|\{[ \t]*\{([^{}\r\n]*)\}[ \t]*\}")
_NAME: Final = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*")
# Characters that YAML reads differently, depending on the quotes around the text.
_QUOTING: Final = re.compile(r"[\"'\\]")
# A string, or the rest of the text if its end is missing. To look for the end of each quote would take quadratic time.
_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*+(?P<end>\")?|'[^']*'|`[^`]*`")
# Words that a template engine would look up, unlike `.Values.x` and `$x`.
_WORD: Final = re.compile(r"(?<![\w.$])[A-Za-z_]\w*")
# Where the text of a quoted scalar ends before its placeholder does.
_ENDS: Final = {'"': re.compile(r'(?<!\\)(\\\\)*"'), "'": re.compile(r"(?<!')(?:'')*'(?!')")}
_FIRST, _FILL = "\ufdd0", "\ufdef"
_DIGITS: Final = "".join(chr(code) for code in range(0xFDD1, 0xFDEF))
# The shortest placeholder is `{{}}`: the first mark, and three digits.
_LIMIT: Final = len(_DIGITS) ** 3
_MARK: Final = re.compile(f"{_FIRST}([{_DIGITS}]{{3}}){_FILL}*")
# A mark that is written as an escape in double quotes.
FORGED_MARK: Final = re.compile(r"\\(u|U0000)(?i:fd[de][0-9a-f])")


class PlaceholderError(Exception):
    """A placeholder cannot be filled in. The message says why, and how to correct it."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder as written in the file."""

    text: str

    @property
    def name(self) -> str:
        """The name in it, or "" if it contains anything else."""
        match = _NAME.fullmatch(self._content)
        return match[1] if match else ""

    @property
    def words(self) -> tuple[str, ...]:
        """The words in it, without strings and without names such as `.Values.x` and `$x`."""
        return tuple(_WORD.findall(_STRING.sub(_left_of_string, self._content)))

    @property
    def literal(self) -> Placeholder | None:
        """The template that doubled braces stand for, or None if the braces are not doubled."""
        match = _PLACEHOLDER.fullmatch(self.text)
        return Placeholder(self.text[2:-2]) if match and match[1] is not None else None

    @property
    def has_quoting(self) -> bool:
        """Whether YAML has to parse it, because its content depends on the quotes around it."""
        return _QUOTING.search(self.text) is not None

    def ends_quotes(self, style: str) -> bool:
        """Whether a scalar of this style (`"` or `'`) ends within it."""
        return style in _ENDS and _ENDS[style].search(self.text) is not None

    def __str__(self) -> str:
        """The text for a message."""
        return cut(self.text)

    @property
    def _content(self) -> str:
        match = _PLACEHOLDER.fullmatch(self.text)
        return match[2] or "" if match else ""


def keep(placeholder: Placeholder, quoted: bool) -> str:
    """Return the text unchanged, as a template of another program: for files without placeholders.

    Raises PlaceholderError if it is not quoted, because then YAML cannot read it.
    """
    if not quoted:
        raise PlaceholderError(f"{placeholder} must be quoted: YAML does not read it as a string")
    return placeholder.text


class Hidden:
    """A text whose placeholders are hidden. Raises ValueError if it has too many.

    `everything` also hides those that contain quotes or escapes. In a quoted string, YAML itself has to parse them.
    Elsewhere, the text is valid YAML only if they are hidden.
    """

    def __init__(self, text: str, *, everything: bool = False) -> None:
        self._everything = everything
        self._found: list[Placeholder] = []
        self.text: Final = _PLACEHOLDER.sub(self._hide, text)

    def parts(self, text: str) -> Iterator[str | Placeholder]:
        """Split a parsed text into strings and placeholders."""
        end = 0
        for mark in _MARK.finditer(text):
            yield from _shown_parts(text[end : mark.start()])
            yield self._found[_number(mark[1])]
            end = mark.end()
        yield from _shown_parts(text[end:])

    def shown(self, text: str) -> str:
        """Return a parsed text as it is written in the file."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts(text))

    def at(self, index: int) -> Placeholder | None:
        """Return the placeholder that starts at `index` and is not hidden, or None."""
        match = _PLACEHOLDER.match(self.text, index)
        return Placeholder(match[0]) if match else None

    def _hide(self, match: re.Match[str]) -> str:
        placeholder = Placeholder(match[0])
        if placeholder.has_quoting and not self._everything:
            return match[0]
        if len(self._found) == _LIMIT:
            raise ValueError(f"the file has more than {_LIMIT} placeholders; remove some")
        self._found.append(placeholder)
        return f"{_FIRST}{_digits(len(self._found) - 1)}".ljust(len(match[0]), _FILL)


def _shown_parts(text: str) -> Iterator[str | Placeholder]:
    """Split off placeholders that were not hidden. One without quotes was written with escapes, so it is a string."""
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if (placeholder := Placeholder(match[0])).has_quoting:
            yield text[end : match.start()]
            yield placeholder
            end = match.end()
    yield text[end:]


def _left_of_string(string: re.Match[str]) -> str:
    """Return nothing of a string; all of one without an end, because it may be a quote by mistake."""
    return string[0] if string[0].startswith('"') and string["end"] is None else " "


def has_placeholder(text: str) -> bool:
    """Return whether a parsed text may contain a placeholder."""
    return _FIRST in text or "{{" in text or "{ " in text


def _digits(number: int) -> str:
    base = len(_DIGITS)
    return _DIGITS[number // base**2] + _DIGITS[number // base % base] + _DIGITS[number % base]


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return number
