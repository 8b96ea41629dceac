"""A recording of a scenario as a file, and the comparison of two of them.

One file per scenario: which programs were recorded and when, and for each step the states that were seen, in order.
Each state also has `judged`, what `flux_health` must make of it together with the last state of the other object.
People write that. It stays in the file when the scenario is recorded again, as long as the state is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from hack.paths import ROOT
from tests.standins.flux_scenarios.scenario import Step
from tests.standins.flux_scenarios.shape import Names, shape
from tests.standins.flux_scenarios.watching import Sight

FOLDER = ROOT / "tests/fixtures/flux"
GONE = "gone"
JUDGED = "judged"
# The one of C, where there is one, takes a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What people still have to write.
OPEN = "?"

State = dict[str, Any]


def states(sights: Iterable[Sight], names: Names) -> list[State]:
    """Return `{kind: its state}` for every sight, without those that repeat the state before."""
    last: State = {}
    found = []
    for sight in sights:
        state = GONE if sight.obj is None else shape(sight.obj, names)
        if last.get(sight.kind) != state:
            last[sight.kind] = state
            found.append({sight.kind: state})
    return found


def recorded(steps: Iterable[tuple[Step, Sequence[State]]]) -> list[dict[str, Any]]:
    """Return the steps of a recording, not yet judged."""
    return [{"do": step.what, "seen": list(seen)} for step, seen in steps]


def with_judgements(steps: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the steps with the judgements that a former recording has for the same states of the same step."""
    known = {(step["do"], _text(unjudged(seen))): seen[JUDGED] for step in before for seen in step["seen"]}
    return [
        {
            "do": step["do"],
            "seen": [{**seen, JUDGED: known.get((step["do"], _text(seen)), OPEN)} for seen in step["seen"]],
        }
        for step in steps
    ]


def unjudged(seen: Mapping[str, Any]) -> State:
    """Return a state of a recording without its judgement."""
    return {kind: state for kind, state in seen.items() if kind != JUDGED}


def read(name: str) -> dict[str, Any]:
    """Return the recording of a scenario. Raises FileNotFoundError if there is none."""
    found: dict[str, Any] = yaml.load((FOLDER / f"{name}.yaml").read_text(), Loader=_LOADER)
    return found


def write(name: str, recording: Mapping[str, Any]) -> None:
    """Write the recording of a scenario."""
    FOLDER.mkdir(exist_ok=True)
    text = yaml.dump(_lined(recording), Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
    (FOLDER / f"{name}.yaml").write_text(text)


class _Line(dict[str, Any]):
    """A map that is written on one line."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Line, lambda dumper, line: dumper.represent_mapping("tag:yaml.org,2002:map", line.items(), flow_style=True)
)


def _lined(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        made = {each: _lined(item, each) for each, item in value.items()}
        return _Line(made) if key in ("metadata", "spec", "artifact", JUDGED, "item") else made
    if isinstance(value, list):
        flat = key in ("conditions", "history")
        return [_lined(item, "item" if flat else "") for item in value]
    return value


def _text(state: Mapping[str, Any]) -> str:
    return json.dumps(state, sort_keys=True)
