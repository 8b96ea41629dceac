"""What is wrong at a field, and how the path of a field is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from controller.apimachinery import giturls

Path = tuple[str | int, ...]
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+")
# A little more than the longest label key.
_STEP_LIMIT: Final = 320
# The beginning of a very long path is enough to find the place. The whole path would fill a message.
_STEPS_LIMIT: Final = 32
_STEPS_SHOWN: Final = 10


class Key(str):
    """A step of a path that is always printed in brackets: a key that an author chose, such as that of a label."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong at a field.

    Attributes:
        path: the keys and positions that lead to the field; () stands for the whole document.
        reason: a CamelCase word for a condition; "" if no condition reports the finding.
        message: what is wrong. It contains no password.
        remedy: what to do; "" if the message says it.
    """

    path: Path = ()
    reason: str = ""
    message: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """The message and the remedy, without the path."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

    def __str__(self) -> str:
        return f"{shown(self.path)}: {self.sentence}" if self.path else self.sentence


def shown(path: Path) -> str:
    """Return a path as `a.b[0].c`, or `a[x.y/z]` if a key is not a plain word, without passwords and control codes."""
    steps = path if len(path) <= _STEPS_LIMIT else path[:_STEPS_SHOWN]
    text = "".join(_step(step) for step in steps).removeprefix(".")
    return text if len(steps) == len(path) else f"{text}..."


def cut(text: str, limit: int = 80) -> str:
    """Return a string for a message: printable, and cut after `limit` characters."""
    text = text[: 4 * limit]
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= limit else f"{plain[:limit]}..."


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    text = cut(giturls.masked(step[: 4 * _STEP_LIMIT]), _STEP_LIMIT)
    is_name = _PLAIN.fullmatch(step) and not isinstance(step, Key)
    return f".{text}" if is_name else f"[{text}]"
