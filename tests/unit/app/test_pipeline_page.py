"""docs/pipeline.md shows commands that exist, with flags that they have."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from controller.app.commands import COMMANDS

PAGE = Path(__file__).parents[3] / "docs/pipeline.md"
BY_NAME = {command.NAME: command for command in COMMANDS}


def shown():
    """Every command line of the page."""
    text = PAGE.read_text().replace("\\\n", " ")
    return [shlex.split(line.removeprefix("$ ")) for line in text.splitlines() if line.startswith("$ tronador ")]


@pytest.mark.parametrize("words", shown(), ids=" ".join)
def test_each_command_line_is_understood(words):
    command = BY_NAME[words[1]]
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    command.add_arguments(parser)
    assert parser.parse_args(words[2:])


def test_every_command_of_a_pipeline_is_shown():
    for_people_and_clusters = {"run", "list"}
    assert {words[1] for words in shown()} | {"name"} == BY_NAME.keys() - for_people_and_clusters


def test_every_flag_that_is_named_is_one():
    known = set()
    for command in COMMANDS:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        known |= {flag for action in parser._actions for flag in action.option_strings}
    named = set(re.findall(r"`(--[a-z-]+)", PAGE.read_text()))
    assert named
    assert named <= known
