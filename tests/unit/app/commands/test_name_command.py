"""`tronador name`: the same name as everywhere else, and an error if there is no pull request."""

import pytest

from controller.apimachinery import names
from controller.app import cli


def _run(*arguments):
    return cli.main(["name", *arguments], {})


@pytest.mark.parametrize("repository", ["stakater-nordmart-inventory", "Shop", "--x", "$(id)", "ü" * 90])
def test_the_command_prints_the_name_of_the_environment(capsys, repository):
    assert _run(f"--repo-name={repository}", "--pr-number=74") == 0
    assert capsys.readouterr().out == f"{names.environment_name(repository, 74)}\n"


def test_a_file_gets_the_name_without_a_line_end(tmp_path):
    assert _run("--repo-name=shop", "--pr-number=7", "--name-template=pr-{pr}-{repo}", f"-o{tmp_path / 'name'}") == 0
    assert (tmp_path / "name").read_text() == "pr-7-shop"


@pytest.mark.parametrize("number", ["NA", "0", "-1", "007", "7x", "$(id)", "٧", "1" * 19, ""])
def test_a_value_that_is_not_a_number_is_refused(capsys, number):
    assert _run("--repo-name=shop", f"--pr-number={number}") == 2
    assert "--pr-number" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [("--repo-name=", "--pr-number=7"), ("--repo-name=shop", "--pr-number=7", "--name-template={repo}")]
)
def test_other_bad_values_are_refused_too(capsys, arguments):
    assert _run(*arguments) == 2
    assert capsys.readouterr().err.startswith("tronador name: --")
