"""Reads `tests/fixtures`: what users and other programs write, reduced to the fields that we read."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hack.paths import ROOT

Json = dict[str, Any]

FIXTURES = ROOT / "tests/fixtures"
STATUSES = {
    "flux-helmreleases": ("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
    "flux-gitrepositories": ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    "helm-operator-helmreleases": ("helm.fluxcd.io/v1", "HelmRelease"),
}


def in_state(kind: str, state: str) -> Json:
    """Return an object of a release engine in a state.

    Args:
        kind: name of a file in `fixtures/statuses`, without its ending.
        state: a key of that file.
    """
    api_version, name = STATUSES[kind]
    found: Json = json.loads(_states(kind))[state]
    return {"apiVersion": api_version, "kind": name, **found}


@cache
def _states(kind: str) -> str:
    return json.dumps(yaml.safe_load((FIXTURES / f"statuses/{kind}.yaml").read_text()))


def states(kind: str) -> list[str]:
    """Return the names of all states of a kind."""
    return list(json.loads(_states(kind)))


def guide(name: str) -> Json:
    """Return a document of the workflow guide: `environment` or `helmrelease`."""
    found: Json = yaml.safe_load((FIXTURES / f"guide/{name}.yaml").read_text())
    return found


def documents(pattern: str) -> list[Path]:
    """Return the files in `fixtures/tronador` whose names start like this."""
    found = sorted((FIXTURES / "tronador").glob(f"{pattern}*.yaml"))
    assert found, f"no file in {FIXTURES}/tronador starts with {pattern}"
    return found
