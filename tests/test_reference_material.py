"""Tests that compare with material beside the project are skipped where it is absent; in CI it never may be."""

import os
from pathlib import Path

import pytest

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or Path(__file__).parents[2] / "shared/fixtures")


@pytest.mark.parametrize("path", ["crds", "../workflow-guide.md"])
def test_continuous_integration_has_it(path: str) -> None:
    if not os.environ.get("CI"):
        pytest.skip("only continuous integration must have it")
    assert (FIXTURES / path).exists()
