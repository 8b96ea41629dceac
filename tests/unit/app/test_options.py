"""Options: one definition for the flag, the variable, the help, the check and the table."""

import argparse
from dataclasses import fields

import pytest

from controller.app.cli import main
from controller.app.options import (
    OptionError,
    Options,
    add_arguments,
    build,
    default_text,
    flag,
    unit,
    variable,
)
from controller.policy import Pin


def _build(*arguments, **environ):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return build(parser.parse_args(arguments), environ)


def test_defaults_apply_without_flags_and_variables():
    assert _build() == Options()


def test_a_flag_sets_an_option():
    assert _build("--workers", "7").workers == 7


def test_a_variable_sets_an_option():
    assert _build(TRONADOR_WORKERS="7").workers == 7


def test_the_flag_overrides_the_variable():
    assert _build("--workers=7", TRONADOR_WORKERS="9").workers == 7


def test_a_bad_variable_does_not_matter_if_a_flag_is_given():
    assert _build("--workers=7", TRONADOR_WORKERS="many").workers == 7


def test_an_empty_flag_overrides_the_variable_too():
    assert _build("--protected-namespaces=", TRONADOR_PROTECTED_NAMESPACES="x").protected_namespaces == ()


@pytest.mark.parametrize(
    ("argument", "field", "value"),
    [
        ("--status-settle=0", "status_settle", 0),
        ("--chart-grace=5m", "chart_grace", 300),
        ("--protected-namespaces=a, b-*,,", "protected_namespaces", ("a", "b-*")),
        ("--namespace-labels=a=b,x.y/c=", "namespace_labels", {"a": "b", "x.y/c": ""}),
        ("--allowed-reference-namespaces=shared,team-*", "allowed_reference_namespaces", ("shared", "team-*")),
        ("--allow-external-values", "allow_external_values", True),
        (
            "--allowed-git-repositories=github.com/org/*,*/shop",
            "allowed_git_repositories",
            ("github.com/org/*", "*/shop"),
        ),
        ("--credential-git-prefixes=GitHub.com./org/", "credential_git_prefixes", ("github.com/org",)),
        ("--release-cluster-role=charts.of-ours", "release_cluster_role", "charts.of-ours"),
        (
            "--pinned-namespace-labels=git.example.com:8443/org:tenant=org-*,kind=pr",
            "pinned_namespace_labels",
            (Pin("git.example.com:8443/org", "tenant", "org-*"), Pin("git.example.com:8443/org", "kind", "pr")),
        ),
        ("--watch-label-selector=team in (a)", "watch_label_selector", "team=a"),
        ("--metrics-address=0", "metrics_address", "0"),
        ("--log-level=debug", "log_level", "debug"),
    ],
)
def test_values_are_read_by_their_kind(argument, field, value):
    assert getattr(_build(argument), field) == value


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--workers=many", "'many' is not a whole number"),
        ("--workers=0", "'0' is too small: use at least 1"),
        ("--chart-grace=soon", "'soon' is not a valid duration"),
        ("--chart-grace=-1", "'-1' is not a valid duration"),
        ("--request-timeout=0", "'0' is too small: use at least 100ms"),
        ("--namespace-labels=a", "'a' is not a valid label"),
        ("--namespace-labels=a=b c", "'a=b c' is not a valid label"),
        (
            "--allowed-git-repositories=https://github.com/org/*",
            "'https://github.com/org/*' does not match any repository",
        ),
        ("--allowed-git-repositories=GitHub.com/org/*", "'GitHub.com/org/*' does not match any repository"),
        ("--credential-git-prefixes=https://github.com/org", "'https://github.com/org' is not a repository prefix"),
        ("--credential-git-prefixes=github.com/*", "'github.com/*' is not a repository prefix"),
        ("--pinned-namespace-labels=tenant=a", "'tenant=a' is not a valid pin"),
        ("--pinned-namespace-labels=github.com/org:tenant", "'tenant' is not a valid pinned label"),
        ("--release-service-account=", "'' is not a valid name of an object"),
        ("--release-cluster-role=Admin/x", "'Admin/x' is not a valid name of an object"),
        ("--namespace=BAD_ns!", "'BAD_ns!' is not a valid name of an object"),
        ("--log-format=xml", "'xml' is unknown: use one of auto, json, console"),
        ("--metrics-address=here", "'here' is not a valid address"),
        ("--watch-label-selector=team a", "'team a' is not part of a label selector: write key=value"),
    ],
)
def test_a_bad_value_is_refused_with_its_source_the_value_and_the_remedy(argument, words):
    name, _, value = argument.partition("=")

    with pytest.raises(OptionError) as by_flag:
        _build(argument)
    with pytest.raises(OptionError) as by_variable:
        _build(**{"TRONADOR_" + name[2:].upper().replace("-", "_"): value})

    assert str(by_flag.value).startswith(f"{name}: {words}")
    assert str(by_variable.value).startswith("TRONADOR_")
    assert words in str(by_variable.value)


@pytest.mark.parametrize("option", fields(Options), ids=lambda option: option.name)
def test_every_default_can_be_written_and_read_back(option):
    text = default_text(option)

    assert getattr(_build(f"{flag(option)}={text}"), option.name) == getattr(Options(), option.name)


@pytest.mark.parametrize("option", fields(Options), ids=lambda option: option.name)
def test_every_option_has_a_flag_a_variable_a_help_and_a_row(option):
    parser = argparse.ArgumentParser(prog="x")
    add_arguments(parser)
    words = " ".join(parser.format_help().split())

    assert f"{flag(option)} " in words
    assert f"${variable(option)}" in words.replace(" ", "") or f"${variable(option)}" in words


def test_the_names_of_flag_and_variable_follow_from_the_field():
    by_name = {option.name: option for option in fields(Options)}

    assert flag(by_name["status_settle"]) == "--status-settle"
    assert variable(by_name["status_settle"]) == "TRONADOR_STATUS_SETTLE"


def test_the_format_of_a_value_is_described():
    by_name = {option.name: option for option in fields(Options)}

    assert unit(by_name["lease_duration"]) == "duration, at least 100ms"
    assert unit(by_name["status_settle"]) == "duration"
    assert unit(by_name["log_format"]) == "`auto` or `json` or `console`"
    assert unit(by_name["context"]) == "text"


@pytest.mark.parametrize("arguments", [["run", "--workers=0"], ["run", "--workers", "many"]])
def test_a_bad_value_ends_with_2_and_one_clear_line_before_anything_connects(arguments, capsys):
    assert main(arguments, {}) == 2

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("tronador run: --workers: ")


@pytest.mark.parametrize("arguments", [["run", "--wrong"], ["run", "--work=2"], ["wrong"], []])
def test_a_wrong_flag_or_command_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments, {})

    assert end.value.code == 2
    assert "usage: tronador" in capsys.readouterr().err


def test_help_ends_with_0(capsys):
    with pytest.raises(SystemExit) as end:
        main(["run", "--help"], {})

    assert end.value.code == 0
    assert "--status-settle DURATION" in capsys.readouterr().out
