"""Tests that compare our reduced fixtures with the files of other projects from which their facts come.

Those files lie beside the project, in `../shared/fixtures`, or in the folder that TRONADOR_FIXTURES names. They are
not part of it, so a clone alone skips this folder, and nothing else. Continuous integration must have them.
"""

from __future__ import annotations

import os

import pytest

from tests.originals.files import FOLDER


@pytest.fixture(autouse=True)
def originals() -> None:
    """Skip each test of this folder, with one reason, where the originals are absent."""
    if not FOLDER.is_dir():
        assert not os.environ.get("CI"), f"{FOLDER} does not exist, and continuous integration must have it"
        pytest.skip("compares with the files of other projects, which are not in ../shared/fixtures")
