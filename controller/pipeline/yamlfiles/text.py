"""Decodes a file to text that is safe to parse: limited in size, Unicode, and without invisible characters."""

from __future__ import annotations

import codecs
import re
from typing import Final

from controller.apimachinery.findings import Finding
from controller.pipeline.errors import InvalidFiles, Problem

# A much larger object does not fit into etcd, or into a Helm release.
SIZE_LIMIT: Final = 512 * 1024
# Control characters, line ends that only YAML recognizes, surrogates, and code points that are not characters. The last
# group includes those that mark placeholders while a text is parsed.
INVISIBLE: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_LINE_END: Final = re.compile(r"\r\n?|\n")
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(content: bytes, file: str) -> str:
    """Return the text of a file without a byte order mark. Raises InvalidFiles if it is too long or not plain UTF-8."""
    if len(content) > SIZE_LIMIT:
        finding = Finding(
            message=f"the file has {len(content)} bytes", remedy=f"shorten it to at most {SIZE_LIMIT} bytes"
        )
        raise InvalidFiles([Problem(file, 0, 0, finding)])
    if content.startswith(_WIDE):
        raise InvalidFiles([Problem(file, 0, 0, Finding(message="the file is UTF-16", remedy="save it as UTF-8"))])
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        finding = Finding(message=f"byte 0x{content[error.start]:02x} is not UTF-8", remedy="save the file as UTF-8")
        raise InvalidFiles([Problem(file, *place(content[: error.start].decode(), error.start), finding)]) from None
    if found := INVISIBLE.search(text):
        finding = Finding(message=f"the invisible character U+{ord(found[0]):04X} is not allowed", remedy="remove it")
        raise InvalidFiles([Problem(file, *place(text, found.start()), finding)])
    return text


def place(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column, both from 1, of an offset in a text."""
    before = text[:offset]
    ends = [*_LINE_END.finditer(before)]
    return len(ends) + 1, len(before) - (ends[-1].end() if ends else 0) + 1
