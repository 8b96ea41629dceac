"""docs/reference.md is what the code says."""

import re

import pytest

from controller.api import environment, rbac
from controller.apimachinery.options import options_of
from controller.app.options import Options
from hack.paths import ROOT
from hack.reference import marks, promises
from hack.reference.page import PAGE, text
from hack.reference.readme import README, with_options

OURS = re.compile(r"tronador\.stakater\.com/[a-z-]+(?![a-z0-9/-])")
# The API version, and the name under which the controller posts Events.
NO_MARKS = {"tronador.stakater.com/v", "tronador.stakater.com/controller"}


def test_the_page_is_up_to_date_with_the_code():
    assert PAGE.read_text() == text(), "run `make reference`"


def test_the_promises_of_the_machinery_are_up_to_date_with_the_tests():
    assert promises.PAGE.read_text() == promises.text(), "run `make reference`"


@pytest.mark.parametrize("section", promises.SECTIONS)
def test_every_section_of_promises_has_tests(section):
    _, _, content = promises.text().partition(f"## {section.capitalize()}\n")

    assert content.partition("\n## ")[0].count("\n- ") >= 5


def test_the_table_of_options_in_the_readme_is_up_to_date():
    readme = README.read_text()

    assert "| `--workers` |" in readme
    assert readme == with_options(readme), "run `make reference`"


def test_the_page_has_a_row_for_every_option():
    shown = text()

    for option in options_of(Options):
        assert f"| `{option.flag}` |" in shown


def test_every_annotation_and_label_that_the_code_names_is_listed():
    named = {
        value
        for module in (environment, rbac)
        for name, value in vars(module).items()
        if name.endswith(("_ANNOTATION", "_LABEL", "FINALIZER"))
    }

    assert named == {name for name, *_ in marks.MARKS} - {marks.RELEASES}


def test_every_annotation_and_label_that_the_manifests_name_is_listed():
    files = [*(ROOT / "manifests").rglob("*.yaml"), *(ROOT / "controller").rglob("*.py")]

    named = {name for file in files for name in OURS.findall(file.read_text())}

    assert named - NO_MARKS <= {name for name, *_ in marks.MARKS}
