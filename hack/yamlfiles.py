"""Reads the YAML files of this repository, each one once: parsing the definitions takes longer than installing them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml


def documents(file: Path) -> list[dict[str, Any]]:
    """The documents of a file that does not change while the process runs. The caller may change what it gets."""
    found: list[dict[str, Any]] = json.loads(_as_json(file))
    return found


@cache
def _as_json(file: Path) -> str:
    return json.dumps([found for found in yaml.load_all(file.read_text(), yaml.CSafeLoader) if found])
