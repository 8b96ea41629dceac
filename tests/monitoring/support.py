"""The rules, the dashboard's queries, and the programs of Prometheus that judge them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.monitoring import dashboard
from hack.paths import MANIFESTS
from hack.yamlfiles import documents

CONTROLLER, REPORTER = "tronador", "tronador-report"
# The rules, by the job that they are about.
RULES = {
    CONTROLLER: MANIFESTS / "monitoring/prometheusrule.yaml",
    REPORTER: MANIFESTS / "monitoring/report/reportrule.yaml",
}
_STRING = re.compile(r'"[^"]*"')
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`. Skips the test where it is missing; `.ci/run` names what is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"this test runs the real {name}: install it, on Debian with `apt-get install prometheus`")
    return found


def rules_spec(*jobs: str) -> dict[str, Any]:
    """The rules about these jobs, or about all, as Prometheus itself reads them."""
    files = [RULES[job] for job in jobs or RULES]
    return {"groups": [group for file in files for rule in documents(file) for group in rule["spec"]["groups"]]}


def rules() -> Iterator[dict[str, Any]]:
    """Every rule."""
    for group in rules_spec()["groups"]:
        yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    """Every alert."""
    return [rule for rule in rules() if "alert" in rule]


def panels() -> Iterator[tuple[str, list[str]]]:
    """Each panel of the dashboard, by title, with its queries."""
    for panel in json.loads(dashboard.FILE.read_text())["panels"]:
        if targets := panel.get("targets"):
            yield panel["title"], [target["expr"] for target in targets]


def names_in(expression: str) -> set[str]:
    """The metrics that PromQL names: every word that looks like one of those that are exported."""
    words = _WORD.findall(_STRING.sub("", expression))
    return {word for word in words if word.startswith(PREFIXES)}


# What the names of our metrics, of the process's and of those that we record begin with.
PREFIXES = (
    *("controller_runtime_", "informer_", "leader_election_", "process_", "python_", "rest_client_"),
    *("tronador_", "tronador:", "workqueue_"),
)


def write_rules(folder: Path, spec: dict[str, Any]) -> Path:
    """The rules as a file that Prometheus reads."""
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump(spec))
    return file
