"""The bodies that our tests send have the shape of GitHub's own examples, and get the same decisions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.originals.files import FOLDER
from tests.unit.pipeline.webhooks.payloads import ask, github, ping

Json = dict[str, Any]

# Name of the example, and our body of the same event.
BODIES = {
    "ghes-35.pull_request.opened": github("opened"),
    "ping": ping(),
    "pull_request.closed": github("closed"),
    "pull_request.converted_to_draft": github("converted_to_draft", draft=True),
    "pull_request.labeled": github("labeled", label="bug", labels=["bug"]),
    "pull_request.opened": github("opened"),
    "pull_request.opened.with-null-body": github("opened"),
    "pull_request.ready_for_review": github("ready_for_review"),
    "pull_request.synchronize": github("synchronize"),
}


def example(name: str) -> Json:
    found: Json = json.loads((FOLDER / f"github/{name}.json").read_bytes())
    return found


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Return the paths of ours that the original lacks, or has with another type."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            found
            for name, value in ours.items()
            for found in (
                differences(value, theirs[name], f"{path}.{name}") if name in theirs else [f"{path}.{name} is missing"]
            )
        ]
    if isinstance(ours, list) and isinstance(theirs, list):
        return [
            found for one, other in zip(ours, theirs, strict=False) for found in differences(one, other, f"{path}[]")
        ]
    return [] if type(ours) is type(theirs) else [f"{path} is {type(theirs).__name__}"]


@pytest.mark.parametrize("name", BODIES)
def test_our_body_has_only_fields_of_the_original_with_its_types(name: str) -> None:
    assert differences(BODIES[name], example(name)) == []


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("named", [False, True], ids=["without its header", "with its header"])
def test_the_original_gets_the_decision_of_our_body(name: str, named: bool) -> None:
    event = ("ping" if name == "ping" else "pull_request") if named else ""
    ours, theirs = ask(BODIES[name], event=event), ask(example(name), event=event)
    assert (theirs.verdict, theirs.provider) == (ours.verdict, "github")
    assert theirs.reason == ours.reason.replace("pull request 74", "pull request 2")
    assert theirs.parameters.keys() == ours.parameters.keys()


def test_the_parameters_come_from_the_pull_request() -> None:
    body = example("pull_request.synchronize")
    assert ask(body).parameters == {
        "name": "Hello-World-2",
        "repo_name": "Hello-World",
        "pr_number": 2,
        "repository_url": "https://github.com/Codertocat/Hello-World.git",
        "repository_id": "186853002",
        "git_url": "https://github.com/Codertocat/Hello-World.git",
        "git_ref": "changes",
        "commit": body["pull_request"]["head"]["sha"],
        "branch": "changes",
        "author": "Codertocat",
        "pull_request_url": "https://github.com/Codertocat/Hello-World/pull/2",
        "base_ref": "master",
        "fork": False,
        "event_time": "2019-05-15T15:20:33Z",
    }
