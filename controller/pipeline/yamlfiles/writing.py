"""Writing YAML that every reader takes for the same data.

Readers differ in what they take for a number, a date or a truth value: `1e5` is a text for some and a number for
others. So a text stands without quotes only where it cannot be anything but a text.
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
    """Indents lists within mappings, as people do."""

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
    """Whether a block holds these lines without any reader changing them."""
    lines = text.split("\n")
    return (
        len(lines) > 2
        and lines.pop() == ""
        and not lines[0].startswith(" ")
        and all(line and line.isprintable() and not line.endswith(" ") for line in lines)
    )


def write(value: Mapping[str, Any]) -> str:
    """The YAML of plain data, in the order that it has."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf))
