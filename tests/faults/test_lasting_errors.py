"""A request that fails for seconds stands in the environment's status, once, and goes away with its cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.environment import persistent_errors
from hack.faultproxy.faults import Answer, Match, Rule
from tests.faults.support.bed import bed
from tests.integration.support.environments import condition
from tests.integration.support.waiting import eventually, throughout


@pytest.mark.slow
def test_a_failure_of_some_seconds_is_reported_once_and_recovered_from(tmp_path: Path) -> None:
    failing = Rule(fault=Answer(code=503), match=Match(methods=("POST",), path="/api/v1/namespaces$"))
    with bed(tmp_path, failing, options={}) as running:

        def found() -> dict[str, Any]:
            return running.fleet.environment(0)

        running.fleet.create([0], "one")
        eventually(lambda: persistent_errors.RETRYING in str(found().get("status")), "the status says what fails")
        said = found()
        assert condition(said, "Ready")["status"] == "Unknown"
        assert f"Creating namespaces {running.fleet.name(0)} fails: 503" in condition(said, "Ready")["message"]
        version = said["metadata"]["resourceVersion"]
        throughout(2.0, lambda: found()["metadata"]["resourceVersion"] == version, "the same words are written again")
        running.proxy.set_rules()
        running.fleet.settled(60.0)
        assert persistent_errors.RETRYING not in str(found()["status"])
