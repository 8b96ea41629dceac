"""docs/pipeline.md shows every command of a pipeline; tests/docs sees whether it shows them right."""

from controller.app.commands import COMMANDS
from hack.paths import ROOT
from tests.docs.pages import SHELLS, Block, steps
from tests.docs.shell import commands


def test_the_page_shows_every_pipeline_command():
    blocks = (step for step in steps(ROOT / "docs/pipeline.md") if isinstance(step, Block) and step.language in SHELLS)
    shown = {words[1] for block in blocks for text in block.commands for words in commands(text)}
    for_people_and_clusters = {"run", "list", "reconcile", "completion", "open", "keep", "expire"}
    on_its_own_page = {"report"}

    assert shown == {command.name for command in COMMANDS} - for_people_and_clusters - on_its_own_page
