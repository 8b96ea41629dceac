"""Puts the filters into the EventListener: one for each trigger, in their order."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final

from controller.pipeline.webhooks import Rules, celfilters
from hack.paths import MANIFESTS

FILE: Final = MANIFESTS / "tekton/triggers.yaml"
# What the listener decides by, unless somebody patches it with the output of `tronador filters`.
RULES: Final = Rules(fork_label="tronador/preview")
_BLOCK: Final = re.compile(r"(?P<head> +- name: filter\n(?P<indent> +)value: >-\n)(?:(?P=indent)  .*\n)+")
_WIDTH: Final = 124


def with_filters(text: str) -> str:
    """Return the text of the manifest with the filters of `RULES`."""
    found = celfilters.filters(RULES)
    expressions = iter((found.environment, found.environment_of_a_fork, found.retirement))
    return _BLOCK.sub(lambda match: match["head"] + _block(next(expressions), match["indent"]), text)


def _block(expression: str, indent: str) -> str:
    return "".join(f"{indent}  {line}\n" for line in _lines(expression, _WIDTH - len(indent)))


def _lines(expression: str, width: int) -> Iterator[str]:
    # YAML puts one space where a line ends.
    yield from textwrap.wrap(expression, width, break_long_words=False, break_on_hyphens=False)
