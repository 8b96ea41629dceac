"""Writes YAML that all parsers read as the same data.

Parsers differ in what they read as a number, a date or a boolean: `1e5` is a string for some and a number for others.
So a string is written without quotes only if it cannot be read as anything else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


class _Dumper(yaml.SafeDumper):
    """Indents lists within mappings, as is usual."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        style = ""
    elif _is_block(text):
        style = "|"
    elif text.isprintable():
        style = "'"
    else:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _is_block(text: str) -> bool:
    """Return whether every parser reads these lines unchanged from a block."""
    lines = text.split("\n")
    return (
        len(lines) > 2
        and lines.pop() == ""
        and not lines[0].startswith(" ")
        and all(line and line.isprintable() and not line.endswith(" ") for line in lines)
    )


def write(value: Mapping[str, Any]) -> str:
    """Return plain data as YAML, with its keys in their order."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf))
