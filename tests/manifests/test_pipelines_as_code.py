"""The sample for Pipelines as Code: what a branch is called ends up in a parameter, whole, and nowhere else."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from hack.paths import MANIFESTS
from tests.manifests.definitions import named, refusals

TEXT = (MANIFESTS / "tekton/pipelines-as-code/tronador.yaml").read_text()
RUN: dict[str, Any] = yaml.safe_load(TEXT)
PIPELINE = named("tekton", "Pipeline", "tronador-environment")
CLOSING = named("tekton", "TriggerBinding", "tronador-closed-pull-request")
VALUES = {
    # What Pipelines as Code makes of `Hello-World`.
    "repo_name": "hello-world",
    "body.repository.name": "Hello-World",
    "body.repository.id": "1",
    "pull_request_number": "74",
    "repo_url": "https://github.com/acme/Hello-World",
    "target_branch": "main",
    "source_branch": "run-pipeline",
    "revision": "6f50ff2f00112233445566778899aabbccddeeff",
    "body.pull_request.updated_at": "2026-03-01T12:00:00Z",
    "body.pull_request.user.login": "renovate[bot]",
    "body.pull_request.html_url": "https://github.com/acme/Hello-World/pull/74",
}
HOSTILE = [
    *[
        'a"b',
        "a'b",
        "a:b",
        "#a",
        "- a",
        "a #b",
        '"},{name:x}',
        "[a]",
        "{a}",
        "*a",
        "&a",
        "!!python/object",
        "%a",
        "|",
        ">",
    ],
    *["123", "1e5", "yes", "null", "~", "2024-01-01", "0x1f", "1_000", ".5", "`id`", "a;curl${IFS}x|sh", "--output=x"],
]


def _substituted(**values: str) -> dict[str, Any]:
    """The run as Pipelines as Code makes it: the text is replaced first, and read then."""
    found = re.sub(r"\{\{ *([\w.]+) *\}\}", lambda match: {**VALUES, **values}[match[1]], TEXT)
    obj: dict[str, Any] = yaml.safe_load(found)
    return obj


def _params(run: dict[str, Any]) -> dict[str, Any]:
    return {param["name"]: param["value"] for param in run["spec"]["params"]}


def test_the_definition_of_its_kind_accepts_it() -> None:
    assert refusals(_substituted()) == []


def test_it_gives_the_pipeline_what_it_needs_and_nothing_else() -> None:
    declared = {param["name"] for param in PIPELINE["spec"]["params"]}
    required = {param["name"] for param in PIPELINE["spec"]["params"] if "default" not in param}
    assert required <= _params(RUN).keys() <= declared
    workspaces = {one["name"]: one for one in PIPELINE["spec"]["workspaces"]}
    given = {one["name"] for one in RUN["spec"]["workspaces"]}
    assert {name for name, one in workspaces.items() if not one.get("optional")} <= given <= workspaces.keys()
    named_by_resolver = {param["name"]: param["value"] for param in RUN["spec"]["pipelineRef"]["params"]}
    assert named_by_resolver == {
        "kind": "pipeline",
        "name": PIPELINE["metadata"]["name"],
        "namespace": PIPELINE["metadata"]["namespace"],
    }


def test_its_environment_is_the_one_that_the_trigger_retires() -> None:
    of_a_close = {one["name"]: one["value"] for one in CLOSING["spec"]["params"]}
    # The trigger reads the same fields; one overlay writes the number as its digits.
    assert of_a_close["repo-name"] == "$(body.repository.name)"
    assert of_a_close["repository-id"] == "$(extensions.repository_id)"
    assert {name: _params(_substituted())[name] for name in ("repo-name", "repository-id")} == {
        "repo-name": "Hello-World",
        "repository-id": "1",
    }


def test_variables_are_passed_as_parameters_only() -> None:
    kept = {**RUN, "spec": {**RUN["spec"], "params": []}}
    assert "{{" not in yaml.safe_dump(kept)
    filled = [name for name, value in _params(RUN).items() if "{{" in value]
    assert len(re.findall(r"^      value: \|-\n        .*\{\{.*$", TEXT, re.MULTILINE)) == len(filled)


@pytest.mark.parametrize("branch", HOSTILE)
def test_every_branch_name_is_a_single_parameter(branch: str) -> None:
    run, harmless = _substituted(source_branch=branch), _substituted()
    assert _params(run) == {**_params(harmless), "git-ref": branch, "branch": branch}
    assert {**run, "spec": {**run["spec"], "params": []}} == {**harmless, "spec": {**harmless["spec"], "params": []}}


def test_drafts_forks_and_tektons_own_variables_do_not_start_it() -> None:
    condition = RUN["metadata"]["annotations"]["pipelinesascode.tekton.dev/on-cel-expression"]
    for part in (
        "!body.pull_request.draft",
        "head.repo.id == body.pull_request.base.repo.id",
        '!source_branch.contains("$(")',
    ):
        assert part in condition
