"""What tests share is in support modules, so that each test file can be read, moved and run alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hack.paths import ROOT


def imports_of_tests() -> Iterator[str]:
    """Yield `FILE imports MODULE` for each import from another file of tests."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for module in re.findall(r"^\s*from (tests\.[\w.]+) import", path.read_text(), re.MULTILINE):
            if any(part.startswith("test_") for part in module.split(".")):
                yield f"{path.relative_to(ROOT)} imports {module}"


def test_no_test_file_imports_another() -> None:
    assert list(imports_of_tests()) == []
