"""docs/config-file.md describes every key, and its examples are correct."""

import re
from pathlib import Path

from controller.pipeline.rendering import validate
from controller.pipeline.rendering.configschema import FIELDS
from controller.pipeline.yamlfiles.text import SIZE_LIMIT
from controller.policy import PolicyOptions

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "config-file.md").read_text()


def test_every_key_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(FIELDS)


def test_its_examples_are_valid():
    examples = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        assert validate(example.encode(), "example", PolicyOptions(), engine="") == []


def test_it_states_the_size_limit_of_a_file():
    [kibibytes] = re.findall(r"Files of more than (\d+) KiB", PAGE)
    assert int(kibibytes) * 1024 == SIZE_LIMIT


def test_the_error_messages_that_it_quotes_are_correct():
    lines = re.findall(r"^\.tronador\.yaml:.*$", PAGE, re.MULTILINE)
    [example] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    wrong = example.replace("chart_path", "chart_pth")
    found = [str(problem) for problem in validate(wrong.encode(), ".tronador.yaml", PolicyOptions(), engine="")]
    assert lines == found
