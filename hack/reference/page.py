"""Puts docs/reference.md together."""

from __future__ import annotations

from typing import Final

from controller.app import exits
from hack.paths import ROOT
from hack.reference import fields, marks, metrics, options, reasons
from hack.reference.markdown import code, table

PAGE: Final = ROOT / "docs/reference.md"
_EXITS: Final = (
    (exits.OK, "Done, or nothing had to be done. `tronador run`: stopped by a signal."),
    (
        exits.FAILED,
        "It failed, or the input was refused; the last line on stderr says why. `tronador run`: the configuration could"
        " not be read, the lease was lost, or the caches were not filled in time. `tronador wait`: the environment has"
        " failed.",
    ),
    (exits.USAGE, "A flag or a variable has a wrong value. `tronador wait`: the time is over."),
)
_SECTIONS: Final = (
    (
        "Options of the controller",
        "Each option of `tronador run` is a flag and an environment variable. The flag wins. Write durations as"
        " `300ms`, `10s`, `1m30s`, `2h` or `7d`, and lists with commas.",
        options.of_run,
    ),
    ("Other commands", "`tronador COMMAND --help` prints the same.", options.of_commands),
    ("Exit codes", "The exit codes of every command.", lambda: table(("code", "meaning"), _codes())),
    (
        "Condition types and reasons",
        "The conditions of an EnvironmentProvisioner (EP) and of the TronadorConfig. `kubectl describe envp/NAME` shows"
        " them.",
        reasons.of_conditions,
    ),
    (
        "Problems",
        "The reasons of `status.problems`: why an environment does not run. The most useful comes first."
        " `kubectl describe envp/NAME` and `tronador wait` show them.",
        reasons.of_problems,
    ),
    (
        "Events",
        "Events about an EnvironmentProvisioner. `kubectl describe envp/NAME` shows them.",
        reasons.of_events,
    ),
    (
        "Log events",
        "What the controller logs. Each line has one of these texts in its field `event`, and everything that varies in"
        " other fields. Lines of the level `debug` need `--log-level=debug`.",
        reasons.of_log,
    ),
    (
        "Metrics",
        "What `/metrics` serves. The `process_*` and `python_*` metrics of prometheus-client are there, too."
        " [monitoring.md](monitoring.md) says how to read them.",
        metrics.of_controller,
    ),
    (
        "Annotations, labels and finalizers",
        "What the controller and the pipeline's commands read and write.",
        marks.of_controller,
    ),
    (
        "Fields",
        "The fields of both kinds, as their CustomResourceDefinitions describe them.",
        fields.of_our_kinds,
    ),
)


def text() -> str:
    """Return the whole page."""
    contents = "".join(f"- [{title}](#{_anchor(title)})\n" for title, _, _ in _SECTIONS)
    body = "\n".join(f"## {title}\n\n{about}\n\n{content()}" for title, about, content in _SECTIONS)
    head = "# Reference\n\n<!-- Written by `make reference`. Change the code instead. -->\n\n"
    return f"{head}{contents}\n{body}"


def _codes() -> list[tuple[str, str]]:
    return [(code(str(number)), meaning) for number, meaning in _EXITS]


def _anchor(title: str) -> str:
    return title.lower().replace(",", "").replace(" ", "-")
