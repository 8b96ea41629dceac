"""Whether the files of other projects are there, with which the tests of this folder compare ours."""

import os

import pytest

from tests.originals.files import FOLDER


def test_the_originals_are_beside_the_project() -> None:
    if not FOLDER.is_dir() and not os.environ.get("CI"):
        pytest.skip("tests/originals is left out: ../shared/fixtures with the files of other projects is absent")
    assert FOLDER.is_dir(), f"{FOLDER} does not exist, and continuous integration must have it"
