"""docs/config-file.md tells of every key, and its examples are what it says."""

import re
from pathlib import Path

from controller.pipeline.rendering import validate
from controller.pipeline.rendering.configschema import FIELDS
from controller.pipeline.yamlfiles.text import SIZE_LIMIT
from controller.policy import PolicyOptions

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "config-file.md").read_text()


def test_every_key_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(FIELDS)


def test_its_examples_are_right():
    examples = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        assert validate(example.encode(), "example", PolicyOptions(), engine="") == []


def test_the_longest_file_is_as_long_as_it_says():
    [kibibytes] = re.findall(r"Files of more than (\d+) KiB", PAGE)
    assert int(kibibytes) * 1024 == SIZE_LIMIT


def test_the_mistake_that_it_shows_is_told_in_these_words():
    [line] = re.findall(r"^\.tronador\.yaml:.*$", PAGE, re.MULTILINE)
    [example] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    wrong = example.replace("chart_path", "chart_pth")
    told = [str(problem) for problem in validate(wrong.encode(), ".tronador.yaml", PolicyOptions(), engine="")]
    assert line in told
