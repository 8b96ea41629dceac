"""The options of `tronador run`, and the flags of the other commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from controller.apimachinery.options import options_of
from controller.app.commands import COMMANDS, Command
from controller.app.options import Options
from hack.reference.markdown import code, plain, table


def of_run(kind: type[Any] = Options) -> str:
    """Return the table of the controller's options, or of those in another group."""
    rows = [
        (
            code(option.flag),
            code(option.variable),
            code(option.default_text),
            option.unit,
            plain(option.help),
        )
        for option in options_of(kind)
    ]
    return table(("flag", "variable", "default", "value", "meaning"), rows)


def of_commands() -> str:
    """Return a section for each other command, with its description and a table of its flags."""
    return "\n".join(_section(command.name, parser) for command, parser in _parsers())


def _parsers() -> Iterator[tuple[Command, argparse.ArgumentParser]]:
    for command in COMMANDS:
        parser = argparse.ArgumentParser(prog=f"tronador {command.name}", add_help=False)
        command.load().add_arguments(parser)
        if command.name != "run":
            yield command, parser


def _section(name: str, parser: argparse.ArgumentParser) -> str:
    of_controller = {option.flag for option in options_of(Options)}
    shared = [action for action in parser._actions if of_controller.intersection(action.option_strings)]
    rows = [
        (_shown(action), code(_value(action)), _meaning(action)) for action in parser._actions if action not in shared
    ]
    about = plain(parser.description or "")
    section = f"### tronador {name}\n\n{about}\n\n{table(('flag', 'value', 'meaning'), rows)}"
    if not shared:
        return section
    named = ", ".join(code(action.option_strings[0]) for action in shared)
    return f"{section}\nIt also takes these options of `tronador run`: {named}.\n"


def _shown(action: argparse.Action) -> str:
    return ", ".join(map(code, action.option_strings or (str(action.metavar or ""),)))


def _value(action: argparse.Action) -> str:
    if action.nargs == 0 or not action.option_strings:
        return ""
    return "|".join(action.choices) if action.choices else str(action.metavar)


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
    return plain(f"{text} (required)" if action.required and action.option_strings else text)
