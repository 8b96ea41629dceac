"""From a file's bytes to text that is safe to parse: bounded, Unicode, and without characters that nobody sees."""

from __future__ import annotations

import codecs
import re
from typing import Final

from controller.pipeline.errors import InvalidFiles, Problem

# An object that is much larger fits neither into etcd nor into a Helm release.
SIZE_LIMIT: Final = 512 * 1024
# Control characters, the line ends that only YAML knows, surrogates, and code points that are no characters. Among the
# last are those that stand for placeholders while a text is parsed.
INVISIBLE: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_LINE_END: Final = re.compile(r"\r\n?|\n")
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(content: bytes, file: str) -> str:
    """The text of a file; a byte order mark is left out. InvalidFiles: it is too long, no UTF-8, or not plain text."""
    if len(content) > SIZE_LIMIT:
        raise InvalidFiles(
            [_problem(file, f"is {len(content)} bytes long; at most {SIZE_LIMIT} are read: make it smaller")]
        )
    if content.startswith(_WIDE):
        raise InvalidFiles([_problem(file, "is UTF-16; save it as UTF-8")])
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line, column = place(content[: error.start].decode(), error.start)
        byte = content[error.start]
        raise InvalidFiles(
            [Problem(file, line, column, "", f"byte 0x{byte:02x} is no UTF-8; save the file as UTF-8")]
        ) from None
    if found := INVISIBLE.search(text):
        line, column = place(text, found.start())
        words = f"has the invisible character U+{ord(found[0]):04X}; remove it"
        raise InvalidFiles([Problem(file, line, column, "", words)])
    return text


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a position in a text."""
    before = text[:offset]
    ends = [*_LINE_END.finditer(before)]
    return len(ends) + 1, len(before) - (ends[-1].end() if ends else 0) + 1


def _problem(file: str, text: str) -> Problem:
    return Problem(file, 0, 0, "", text)
