"""The command line: each command's outcome becomes an exit code and, where it is not fine, words on stderr."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from controller.apimachinery.findings import Finding
from controller.apimachinery.options import OptionError
from controller.app import cli, commands
from controller.pipeline.errors import InvalidFiles, PipelineError, Problem


@pytest.fixture
def ending(monkeypatch):
    """Run a command `try` that ends as requested: with an exit code or an error."""

    def end(outcome):
        def execute(parsed, environ):
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        module = SimpleNamespace(add_arguments=lambda parser: None, execute=execute)
        command = SimpleNamespace(name="try", help="try it", load=lambda: module)
        monkeypatch.setattr(cli, "COMMANDS", (command,))
        return cli.main(["try"], {})

    return end


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_exit_code_is_the_commands_own(ending, capsys, code):
    assert ending(code) == code
    assert capsys.readouterr() == ("", "")


def test_a_failure_is_reported_with_the_commands_name(ending, capsys):
    assert ending(PipelineError("the remote is dead")) == 1
    assert capsys.readouterr() == ("", "tronador try: the remote is dead\n")


def test_bad_usage_has_its_own_exit_code(ending, capsys):
    assert ending(OptionError("--for: 'x' is unknown")) == 2
    assert capsys.readouterr() == ("", "tronador try: --for: 'x' is unknown\n")


def test_a_line_about_a_file_begins_with_the_place(ending, capsys):
    unknown, empty = Finding(path=("application", "x"), message="is unknown"), Finding(message="is empty")
    assert ending(InvalidFiles([Problem("a.yaml", 3, 5, unknown), Problem("b.yaml", 0, 0, empty)])) == 1
    assert capsys.readouterr() == ("", "a.yaml:3:5: application.x: is unknown\nb.yaml: is empty\n")


def test_the_usage_is_shown_without_a_command(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([], {})
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_two_dashes_do_not_count_as_a_value(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["name", "--repo-name=--", "--pr-number=7"], {})
    assert ended.value.code == 2
    assert "'--' cannot be the value of a flag" in capsys.readouterr().err


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_help_text(capsys, command):
    with pytest.raises(SystemExit) as ended:
        cli.main([command.name, "--help"], {})
    assert ended.value.code == 0
    assert f"tronador {command.name}" in capsys.readouterr().out


def test_the_command_line_does_not_load_the_controller():
    code = "import sys; import controller.app.cli; sys.exit('kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
