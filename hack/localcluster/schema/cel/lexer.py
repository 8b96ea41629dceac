"""Cuts a CEL expression into tokens.

Source of the rules: the CEL language definition, "Syntax".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .errors import CompileError, Issue
from .values import UInt

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n\f]+|//[^\n]*)
  | (?P<string>(?:[rR]?[bB]?|[bB][rR])(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''
        |"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*'))
  | (?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
  | (?P<uint>(?:0x[0-9a-fA-F]+|\d+)[uU])
  | (?P<int>0x[0-9a-fA-F]+|\d+)
  | (?P<escaped>`[A-Za-z0-9_.\-/ ]+`)
  | (?P<ident>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<op>==|!=|<=|>=|&&|\|\||[\[\]{}().,\-!?:+*/%<>])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|X[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", re.DOTALL)
_SIMPLE_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "?": "?",
    "`": "`",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `kind` is op, ident, escaped, literal or end; literals carry their value."""

    kind: str
    text: str
    at: int
    value: Any = None


def tokens(source: str) -> list[Token]:
    """All tokens, ended by one of kind `end`. Raises CompileError for characters that start none."""
    found: list[Token] = []
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            char = source[position]
            raise CompileError(source, [Issue(position, f"Syntax error: token recognition error at: '{char}'")])
        kind, text = match.lastgroup or "", match.group()
        if kind in ("op", "ident"):
            found.append(Token(kind, text, position))
        elif kind == "escaped":
            found.append(Token("escaped", text[1:-1], position))
        elif kind != "space":
            try:
                found.append(Token("literal", text, position, _literal(kind, text)))
            except (ValueError, OverflowError) as error:
                raise CompileError(source, [Issue(position, str(error))]) from error
        position = match.end()
    found.append(Token("end", "<EOF>", len(source)))
    return found


def _literal(kind: str, text: str) -> Any:
    if kind == "float":
        return float(text)
    if kind == "int":
        value = int(text, 0) if text.startswith("0x") else int(text)
        if value > 2**63:  # 2**63 itself may still get a minus sign
            raise ValueError("invalid int literal")
        return value
    if kind == "uint":
        digits = text[:-1]
        value = int(digits, 0) if digits.startswith("0x") else int(digits)
        if value >= 2**64:
            raise ValueError("invalid uint literal")
        return UInt(value)
    return _string(text)


def _string(text: str) -> str | bytes:
    prefix = text[: min(text.find('"') % len(text), text.find("'") % len(text))].lower()
    body = text[len(prefix) :]
    quotes = 3 if body[:3] in ('"""', "'''") else 1
    body = body[quotes:-quotes]
    if "r" not in prefix:
        body = _ESCAPE.sub(lambda m: _unescape(m.group(1), as_byte="b" in prefix), body)
    return _bytes(body) if "b" in prefix else body


def _unescape(code: str, *, as_byte: bool) -> str:
    if code[0] in "xX" and len(code) == 3:
        return chr((0xDC00 if as_byte else 0) + int(code[1:], 16))
    if code[0] in "uU" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "0123" and len(code) == 3:
        return chr((0xDC00 if as_byte else 0) + int(code, 8))
    if code in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[code]
    raise ValueError("unable to unescape string")


def _bytes(body: str) -> bytes:
    # Byte escapes were parked on lone surrogates; everything else is text in UTF-8.
    return b"".join(bytes([ord(c) - 0xDC00]) if 0xDC00 <= ord(c) < 0xDD00 else c.encode() for c in body)
