"""The listener's filters decide as `tronador event` does, and hand on what it would."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from controller.pipeline.webhooks import Rules, Verdict
from hack.localcluster.schema.cel import EvaluationError, Expression, compile_expression
from hack.localcluster.schema.cel.types import DYN
from tests.manifests.definitions import documents
from tests.unit.pipeline.webhooks.payloads import FIXTURES, ask, changed, github

OBJECTS = list(documents("tekton"))
[LISTENER] = [obj for obj in OBJECTS if obj["kind"] == "EventListener"]
TRIGGERS = LISTENER["spec"]["triggers"]
BINDINGS = {obj["metadata"]["name"]: obj["spec"]["params"] for obj in OBJECTS if obj["kind"] == "TriggerBinding"}
LABEL = "tronador/preview"
RULES = Rules(fork_label=LABEL)
OF_VERDICT = {Verdict.APPLY: "tronador-environment", Verdict.REMOVE: "tronador-retirement"}
# Parameters of the pipelines, and what `tronador event` calls them.
SAME = {
    "repo-name": "repo_name",
    "pr-number": "pr_number",
    "repository-url": "repository_url",
    "base-branch": "base_ref",
    "git-url": "git_url",
    "git-ref": "git_ref",
    "git-revision": "commit",
    "fork": "fork",
    "event-time": "event_time",
}

ACTIONS = [
    "opened",
    "reopened",
    "synchronize",
    "ready_for_review",
    "closed",
    "converted_to_draft",
    "labeled",
    "unlabeled",
    "assigned",
    "edited",
    "locked",
    "review_requested",
]
VARIANTS: dict[str, Mapping[str, Any]] = {
    "": {},
    "draft": {"draft": True},
    "closed already": {"state": "closed"},
    "of a fork": {"fork": True},
    "of a fork with the label": {"fork": True, "labels": [LABEL], "label": LABEL},
    "of a fork with another label": {"fork": True, "labels": ["other"], "label": "other"},
    "of a fork's draft": {"fork": True, "labels": [LABEL], "label": LABEL, "draft": True},
    "of a fork that is gone": {"gone": True, "labels": [LABEL], "label": LABEL},
    "with the label": {"labels": [LABEL], "label": LABEL},
}
BODIES = {f"{action} {name}".strip(): github(action, **how) for action in ACTIONS for name, how in VARIANTS.items()}
BODIES["another target"] = github("edited") | {"changes": {"base": {"ref": {"from": "old"}}}}
BODIES["another title"] = github("edited") | {"changes": {"title": {"from": "old"}}}
BODIES["another target of a fork"] = github("edited", fork=True, labels=[LABEL]) | {"changes": {"base": {}}}
BODIES["merged"] = github("closed", merged=True)
RECORDED = sorted(FIXTURES.glob("*pull_request*.json"))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_delivery_starts_the_pipeline_that_the_command_names(body: dict[str, Any]) -> None:
    _compare(body)


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_recorded_deliveries_do_too(file: Path) -> None:
    _compare(json.loads(file.read_text()))


@pytest.mark.parametrize("where", ["pull_request.head.ref", "pull_request.base.ref"])
def test_a_branch_that_tekton_would_take_for_a_variable_starts_nothing(where: str) -> None:
    for ref in ("$(context.pipelineRun.name)", "x$(workspaces.git-credentials.path)"):
        assert _started(changed(github(), where, ref)) == []


def test_its_like_without_the_parenthesis_is_a_branch_as_any_other() -> None:
    [(_, params)] = _started(changed(github(), "pull_request.head.ref", "a;curl${IFS}x|sh"))
    assert params["git-ref"] == "a;curl${IFS}x|sh"


def test_the_image_is_tagged_by_pull_request_and_commit() -> None:
    [(_, params)] = _started(github())
    assert params["image-tag"] == "SNAPSHOT-PR-74-6f50ff2f"


def _compare(body: dict[str, Any]) -> None:
    decision = ask(body, rules=RULES)
    started = _started(body)
    if decision.verdict is Verdict.IGNORE:
        assert started == []
        return
    [(template, params)] = started
    assert template == OF_VERDICT[decision.verdict]
    told = {name: json.dumps(value).strip('"') for name, value in decision.parameters.items()}
    assert {name: params[name] for name in params if name in SAME} == {
        name: told[told_name] for name, told_name in SAME.items() if name in params
    }


def _started(body: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Template and parameters of each trigger that lets a delivery through."""
    found = []
    for trigger in TRIGGERS:
        params = {one["name"]: one["value"] for one in trigger["interceptors"][1]["params"]}
        if not _evaluate(params["filter"], body):
            continue
        overlays = {one["key"]: str(_evaluate(one["expression"], body)) for one in params.get("overlays", ())}
        bound = [p for b in trigger["bindings"] for p in (BINDINGS[b["ref"]] if "ref" in b else [b])]
        values = {one["name"]: _bound(one["value"], body, overlays) for one in bound}
        found.append((trigger["template"]["ref"], values))
    return found


def _bound(text: str, body: Mapping[str, Any], extensions: Mapping[str, str]) -> str:
    match = re.fullmatch(r"\$\((body|extensions)\.([\w.]+)\)", text)
    if match is None:
        return text
    if match[1] == "extensions":
        return extensions[match[2]]
    value: Any = body
    for name in match[2].split("."):
        # A path that leads nowhere has Tekton drop the event.
        value = value[name]
    return value if isinstance(value, str) else json.dumps(value)


def _evaluate(expression: str, body: Mapping[str, Any]) -> Any:
    try:
        return _program(expression).run({"body": _decoded(body)})
    except EvaluationError:
        # As the interceptor: an expression that fails lets nothing through.
        return False


@cache
def _program(expression: str) -> Expression:
    # Tekton's truncate gives no error for a text that is shorter; a commit never is.
    return compile_expression(re.sub(r"\.truncate\((\d+)\)", r".substring(0, \1)", expression), {"body": DYN})


def _decoded(value: Any) -> Any:
    """As Go decodes JSON: every number is a float."""
    if isinstance(value, dict):
        return {name: _decoded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
