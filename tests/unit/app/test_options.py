"""Options: one definition for the flag, the variable, the help, the check and the table."""

import argparse
from dataclasses import dataclass

import pytest

from controller.apimachinery.optionkinds import DURATION, NUMBER
from controller.apimachinery.options import OptionError, build, group, option, options_of
from controller.app.cli import main
from controller.app.options import Options, add_arguments, read
from controller.policy import Pin
from hack.chart import options as chart
from hack.reference import options as reference
from hack.reference.readme import with_options

ALL = options_of(Options)
BY_NAME = {declared.name: declared for declared in ALL}


def _read(*arguments, kind=Options, **environ):
    parser = argparse.ArgumentParser()
    add_arguments(parser, kind)
    return read(kind, parser.parse_args(arguments), environ)


def test_defaults_apply_without_flags_and_variables():
    assert _read() == Options()


def test_a_flag_sets_an_option():
    assert _read("--workers", "7").controller.workers == 7


def test_a_variable_sets_an_option():
    assert _read(TRONADOR_WORKERS="7").controller.workers == 7


def test_the_flag_overrides_the_variable():
    assert _read("--workers=7", TRONADOR_WORKERS="9").controller.workers == 7


def test_a_bad_variable_does_not_matter_if_a_flag_is_given():
    assert _read("--workers=7", TRONADOR_WORKERS="many").controller.workers == 7


def test_an_empty_flag_overrides_the_variable_too():
    chosen = _read("--protected-namespaces=", TRONADOR_PROTECTED_NAMESPACES="x")
    assert chosen.environment.policy.protected_namespaces == ()


def test_groups_that_need_the_same_option_get_the_same_value():
    chosen = _read("--namespace=here")

    assert chosen.namespace == "here"
    assert chosen.environment.own_namespace == "here"
    assert chosen.environment.policy.own_namespace == "here"
    assert chosen.tronadorconfig.own_namespace == "here"


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
    assert _read(argument) == build(Options, {field: value})


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
        _read(argument)
    with pytest.raises(OptionError) as by_variable:
        _read(**{"TRONADOR_" + name[2:].upper().replace("-", "_"): value})

    assert str(by_flag.value).startswith(f"{name}: {words}")
    assert str(by_variable.value).startswith("TRONADOR_")
    assert words in str(by_variable.value)


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.name)
def test_every_default_can_be_written_and_read_back(option):
    assert option.parse(option.default_text, option.flag) == option.default


def test_every_option_has_a_flag_a_variable_and_a_help():
    parser = argparse.ArgumentParser(prog="x")
    add_arguments(parser, Options)
    words = "".join(parser.format_help().split())

    for declared in ALL:
        assert declared.flag in words
        assert f"{declared.help.replace(' ', '')}(" in words
        assert f"${declared.variable})" in words


def test_the_names_of_flag_and_variable_follow_from_the_field():
    assert BY_NAME["status_settle"].flag == "--status-settle"
    assert BY_NAME["status_settle"].variable == "TRONADOR_STATUS_SETTLE"


def test_the_format_of_a_value_is_described():
    assert BY_NAME["lease_duration"].unit == "duration, at least 100ms"
    assert BY_NAME["status_settle"].unit == "duration"
    assert BY_NAME["log_format"].unit == "`auto` or `json` or `console`"
    assert BY_NAME["context"].unit == "text"


@dataclass(frozen=True, kw_only=True)
class Rooms:
    first: int = option(NUMBER, 1, "the first")
    last: int = option(NUMBER, 3, "the last")


@dataclass(frozen=True, kw_only=True)
class Naps:
    nap_time: float = option(DURATION, 300.0, "how long a nap takes", least=1, after="first")


@dataclass(frozen=True, kw_only=True)
class House:
    rooms: Rooms = group(Rooms)
    naps: Naps = group(Naps)


def test_a_field_of_a_group_is_all_that_a_new_option_takes():
    parser = argparse.ArgumentParser(prog="house")
    add_arguments(parser, House)
    row = "| `--nap-time` | `TRONADOR_NAP_TIME` | `5m` | duration, at least 1s | how long a nap takes |"
    readme = "before\n<!-- Written by `make reference` -->\nold\n<!-- End -->\nafter\n"

    assert "--nap-time DURATION" in parser.format_help()
    assert "how long a nap takes (default: 5m; $TRONADOR_NAP_TIME)" in " ".join(parser.format_help().split())
    assert _read("--nap-time=2m", kind=House).naps.nap_time == 120
    assert _read(TRONADOR_NAP_TIME="2m", kind=House).naps.nap_time == 120
    with pytest.raises(OptionError, match="--nap-time: '0' is too small: use at least 1s"):
        _read("--nap-time=0", kind=House)
    assert row in reference.of_run(House)
    assert row in with_options(readme, House)
    assert chart.schema(House)["properties"]["napTime"] == {
        "description": "how long a nap takes",
        "type": ["string", "number"],
        "pattern": chart.schema()["properties"]["statusSettle"]["pattern"],
        "default": "5m",
        "minimum": 1,
    }
    assert '#   # how long a nap takes\n#   napTime: "5m"\n' in chart.values_comment(House)


def test_an_option_follows_the_one_that_it_names_even_in_another_group():
    assert [declared.name for declared in options_of(House)] == ["first", "nap_time", "last"]


def test_two_options_of_the_same_name_are_refused():
    @dataclass(frozen=True, kw_only=True)
    class Again:
        rooms: Rooms = group(Rooms)
        last: int = option(NUMBER, 4, "another one")

    with pytest.raises(TypeError, match="--last is declared twice, and differently"):
        options_of(Again)


def test_a_value_for_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="House has no option nap"):
        build(House, {"nap": 1.0})


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
