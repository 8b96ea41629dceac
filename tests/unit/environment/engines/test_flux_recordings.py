"""What we make of every state that the real Flux was recorded to write, against what people judge about it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from controller.environment.engines.flux_health import health
from tests.samples import FIXTURES

PATIENCE = 240.0
# The one of C, where there is one, takes a tenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RECORDINGS = sorted((FIXTURES / "flux").glob("*.yaml"))


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_every_recorded_state_is_judged_right(file):
    steps: list[dict[str, Any]] = yaml.load(file.read_text(), Loader=LOADER)["steps"]
    last: dict[str, Any] = {}
    wrong = []
    for step in steps:
        for number, seen in enumerate(step["seen"], start=1):
            judged = seen.pop("judged", None)
            [(kind, state)] = seen.items()
            last[kind] = None if state == "gone" else state
            if last.get("HelmRelease") is None:
                assert judged is None, f"{step['do']}, state {number}: there is no HelmRelease to judge"
                continue
            found = health(last["HelmRelease"], last.get("GitRepository"), chart_patience=PATIENCE)
            if judged != {"state": str(found.state), "reason": found.reason}:
                wrong.append(f"{step['do']}, state {number}: {found} instead of {judged}")
    assert not wrong, "\n".join(wrong)


def test_there_are_recordings():
    assert RECORDINGS
