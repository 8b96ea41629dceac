"""docs/informers.md names real files and real tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "informers.md").read_text()
QUOTED = set(re.findall(r"`([a-z_]+/[a-z_]+\.py(?:::\w+)?)`", PAGE))


@pytest.mark.parametrize("name", sorted(one for one in QUOTED if "::" not in one))
def test_every_file_named_exists(name: str) -> None:
    assert (ROOT / "controller" / name).is_file()


@pytest.mark.parametrize("name", sorted(one for one in QUOTED if "::" in one))
def test_every_test_named_exists(name: str) -> None:
    path, _, function = name.partition("::")
    folder = ROOT / "tests" if path.startswith("faults/") else ROOT / "tests" / "unit"
    assert re.search(rf"def {function}\(", (folder / path).read_text())


def test_every_row_that_applies_has_a_test() -> None:
    rows = [
        line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| behaviour", "|---"))
    ]
    assert len(rows) > 50
    for row in rows:
        assert "::test_" in row or "does not apply" in row, row
