"""The listener's filters decide as `tronador event` does, and hand on what it would."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from controller.apimachinery import timestamps
from controller.app import cli
from controller.pipeline.webhooks import Rules, Selection, Verdict
from controller.pipeline.webhooks.celfilters import filters
from hack.localcluster.schema.cel import EvaluationError, Expression, compile_expression
from hack.localcluster.schema.cel.types import DYN
from hack.tekton.triggers import FILE, with_filters
from tests.manifests.definitions import documents
from tests.manifests.kustomize import rendered
from tests.unit.pipeline.webhooks import reported
from tests.unit.pipeline.webhooks.payloads import ask, changed, gitea, github

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
    "repository-id": "repository_id",
    "base-branch": "base_ref",
    "git-url": "git_url",
    "git-ref": "git_ref",
    "git-revision": "commit",
    "branch": "branch",
    "author": "author",
    "pull-request-url": "pull_request_url",
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
BODIES["of an old server that knows no drafts"] = changed(github(), "pull_request.draft", ...)
BODIES["by a bot"] = github() | {"sender": {"id": 2, "login": "dependabot[bot]", "type": "Bot"}}
WORDS = [
    "opened",
    "reopened",
    "synchronized",
    "closed",
    "assigned",
    "edited",
    "label_updated",
    "label_cleared",
    "reviewed",
]
HEAD = {**gitea()["pull_request"]["head"], "ref": "refs/pull/74/head"}
BODIES |= {
    f"Gitea's {action} {name}".strip(): gitea(action, **how)
    for action in WORDS
    for name, how in {
        **{name: how for name, how in VARIANTS.items() if name != "draft"},
        "of a branch that is gone": {"head": HEAD},
        "with the label and no branch": {"head": HEAD, "labels": [LABEL], "label": LABEL},
        "of a draft by its title": {"title": "WIP: x"},
        "of a draft": {"title": "x", "draft": True},
        "of none": {"title": "WIP: x", "draft": False},
        "with another title": {"changes": {"title": {"from": "Sell"}}},
        "made a draft": {"title": "[WIP] x", "changes": {"title": {"from": "x"}, "added_labels": None}},
        "made ready": {"changes": {"title": {"from": "wip: x"}}},
        "made ready where Draft is a mark": {"draft": False, "changes": {"title": {"from": "Draft: x"}}},
        "another draft": {"title": "WIP: y", "changes": {"title": {"from": "WIP: x"}}},
        "with another target": {"changes": {"ref": {"from": "old"}}},
        "of a fork, label not said": {"fork": True, "labels": [LABEL]},
        "of a fork, label added": {"fork": True, "labels": [LABEL], "changes": {"added_labels": [{"name": LABEL}]}},
        "of a fork, another added": {"fork": True, "labels": [LABEL], "changes": {"added_labels": [{"name": "x"}]}},
        "of a fork, label removed": {"fork": True, "labels": None, "changes": {"removed_labels": [{"name": LABEL}]}},
    }.items()
}
BODIES |= reported.GITHUB


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_delivery_starts_the_pipeline_that_the_command_names(body: dict[str, Any]) -> None:
    _compare(body)


SELECTIONS = {
    "a label": Rules(fork_label=LABEL, selection=Selection(labels=("other",))),
    "the label of forks": Rules(fork_label=LABEL, selection=Selection(labels=(LABEL,))),
    "two labels": Rules(selection=Selection(labels=(LABEL, "it's"))),
    "no label": Rules(fork_label=LABEL, selection=Selection(exclude_labels=(LABEL, "other"))),
    "a label and not another": Rules(selection=Selection(labels=(LABEL,), exclude_labels=("other",))),
    "a target": Rules(fork_label=LABEL, selection=Selection(base_branches=("master", "main"), labels=(LABEL,))),
    "another target": Rules(selection=Selection(base_branches=("release/*", "mai"), labels=(LABEL,))),
    "a branch": Rules(fork_label=LABEL, selection=Selection(branches=("r?n-[oa-q]*",), exclude_labels=(LABEL,))),
    "other branches": Rules(selection=Selection(branches=("[!r]*", "run.pipeline"))),
    "odd branches": Rules(selection=Selection(branches=("[^r]un*", "[[:alpha:]]*", "[]r]un-pipelin[!]x]"))),
    "other authors": Rules(fork_label=LABEL, selection=Selection(exclude_authors=("some*",), labels=("other",))),
    "drafts": Rules(fork_label=LABEL, drafts=True, selection=Selection(labels=(LABEL,))),
    "people": Rules(skip_bots=True, drafts=True, selection=Selection(exclude_authors=("*[[]bot]",))),
}


@pytest.mark.parametrize("rules", SELECTIONS.values(), ids=SELECTIONS.keys())
def test_the_patch_of_other_rules_decides_as_the_command_does(rules: Rules) -> None:
    found = filters(rules)
    for name, body in BODIES.items():
        with_label = changed(body, "pull_request.labels", [{"name": "other"}, {"name": LABEL}])
        for each in (body, with_label):
            try:
                _compare(each, rules, (found.environment, found.environment_of_a_fork, found.retirement))
            except AssertionError as error:
                raise AssertionError(f"{name}, {'with both labels' if each is with_label else 'as it is'}") from error


def test_the_filters_are_generated() -> None:
    assert FILE.read_text() == with_filters(FILE.read_text()), "run `python -m hack.tekton`"


def test_the_command_prints_a_patch_that_kustomize_applies(tmp_path: Path) -> None:
    (tmp_path / "triggers.yaml").write_text(FILE.read_text())
    arguments = ["filters", "--label=x: y", "--base-branch=release/*", f"--output={tmp_path}/filters.yaml"]
    assert cli.main(arguments, {}) == 0
    target = {"kind": "EventListener", "name": "tronador"}
    settings = {"resources": ["triggers.yaml"], "patches": [{"target": target, "path": "filters.yaml"}]}
    (tmp_path / "kustomization.yaml").write_text(json.dumps(settings))
    [listener] = [obj for obj in rendered(tmp_path) if obj["kind"] == "EventListener"]
    found = filters(Rules(selection=Selection(labels=("x: y",), base_branches=("release/*",))))
    patched = [one["interceptors"][2]["params"][0] for one in listener["spec"]["triggers"]]
    assert patched == [
        {"name": "filter", "value": value}
        for value in (found.environment, found.environment_of_a_fork, found.retirement)
    ]


def test_a_rule_that_no_delivery_answers_is_refused() -> None:
    with pytest.raises(ValueError, match="--path"):
        filters(Rules(selection=Selection(paths=("deploy/*",))))
    with pytest.raises(ValueError, match=r"the glob '\[z-a\]' cannot stand in a filter"):
        filters(Rules(selection=Selection(branches=("[z-a]",))))


@pytest.mark.parametrize("where", ["pull_request.head.ref", "pull_request.base.ref"])
def test_a_branch_that_tekton_would_take_for_a_variable_starts_nothing(where: str) -> None:
    for ref in ("$(context.pipelineRun.name)", "x$(workspaces.git-credentials.path)"):
        assert _started(changed(github(), where, ref)) == []


def test_a_branch_without_the_parenthesis_is_an_ordinary_branch() -> None:
    [(_, params)] = _started(changed(github(), "pull_request.head.ref", "a;curl${IFS}x|sh"))
    assert params["git-ref"] == "a;curl${IFS}x|sh"


def test_the_image_is_tagged_by_pull_request_and_commit() -> None:
    [(_, params)] = _started(github())
    assert params["image-tag"] == "SNAPSHOT-PR-74-6f50ff2f"


@pytest.mark.parametrize("name", ["Hello-World", "SHOP", "shop"])
def test_the_name_of_an_image_has_no_capitals(name: str) -> None:
    [(_, params)] = _started(changed(github(), "repository.name", name))
    assert (params["image-name"], params["repo-name"]) == (name.lower(), name)
    [template] = [
        obj
        for obj in OBJECTS
        if obj["metadata"]["name"] == "tronador-environment" and "resourcetemplates" in obj["spec"]
    ]
    [run] = template["spec"]["resourcetemplates"]
    images = [one["value"] for one in run["spec"]["params"] if one["name"] == "image-repository"]
    assert images == ["registry.example.com/$(tt.params.image-name)"]


def test_a_large_repository_number_keeps_all_its_digits() -> None:
    [(_, params)] = _started(changed(github(), "repository.id", 1234567890))
    assert params["repository-id"] == "1234567890"


def _compare(body: dict[str, Any], rules: Rules = RULES, expressions: tuple[str, ...] = ()) -> None:
    decision = ask(body, rules=rules)
    started = _started(body, expressions)
    if decision.verdict is Verdict.IGNORE:
        assert started == []
        return
    [(template, params)] = started
    assert template == OF_VERDICT[decision.verdict]
    decided = {name: json.dumps(value).strip('"') for name, value in decision.parameters.items()}
    # Gitea writes moments in the zone of its own clock.
    params["event-time"], decided["event_time"] = map(_utc, (params["event-time"], decided["event_time"]))
    assert {name: params[name] for name in params if name in SAME} == {
        name: decided[parameter] for name, parameter in SAME.items() if name in params
    }


def _utc(text: str) -> str:
    moment = timestamps.from_time(text)
    assert moment is not None
    return str(moment.astimezone(UTC))


def _started(body: dict[str, Any], expressions: tuple[str, ...] = ()) -> list[tuple[str, dict[str, str]]]:
    """Template and parameters of each trigger that lets a delivery through, with other filters if some are given."""
    found = []
    for number, trigger in enumerate(TRIGGERS):
        interceptors = trigger["interceptors"][1:]
        if expressions:
            [*others, _] = interceptors
            interceptors = [*others, {"params": [{"name": "filter", "value": expressions[number]}]}]
        extensions = _extensions(interceptors, body)
        if extensions is None:
            continue
        bound = [p for b in trigger["bindings"] for p in (BINDINGS[b["ref"]] if "ref" in b else [b])]
        values = {one["name"]: _bound(one["value"], body, extensions) for one in bound}
        found.append((trigger["template"]["ref"], values))
    return found


def _extensions(interceptors: list[dict[str, Any]], body: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the interceptors add to a delivery, or None where one of them lets it not through."""
    extensions: dict[str, Any] = {}
    for interceptor in interceptors:
        params = {one["name"]: one["value"] for one in interceptor["params"]}
        if "filter" in params and not _filtered(params["filter"], body, extensions):
            return None
        # An expression that fails here would drop every delivery: each has to hold for all of them. None of them sees
        # what the others of the same interceptor add.
        extensions |= {one["key"]: _evaluate(one["expression"], body, extensions) for one in params.get("overlays", ())}
    return extensions


def _bound(text: str, body: Mapping[str, Any], extensions: Mapping[str, str]) -> str:
    match = re.fullmatch(r"\$\((body|extensions)\.([\w.]+)\)", text)
    if match is None:
        return text
    if match[1] == "extensions":
        return str(extensions[match[2]])
    value: Any = body
    for name in match[2].split("."):
        # A path that leads nowhere has Tekton drop the event.
        value = value[name]
    return value if isinstance(value, str) else json.dumps(value)


def _filtered(expression: str, body: Mapping[str, Any], extensions: Mapping[str, Any]) -> Any:
    try:
        return _evaluate(expression, body, extensions)
    except EvaluationError:
        # As the interceptor: an expression that fails lets nothing through.
        return False


def _evaluate(expression: str, body: Mapping[str, Any], extensions: Mapping[str, Any]) -> Any:
    return _program(expression).run({"body": _decoded(body), "extensions": extensions})


@cache
def _program(expression: str) -> Expression:
    # Tekton's truncate gives no error for a text that is shorter; a commit never is.
    return compile_expression(
        re.sub(r"\.truncate\((\d+)\)", r".substring(0, \1)", expression), {"body": DYN, "extensions": DYN}
    )


def _decoded(value: Any) -> Any:
    """As Go decodes JSON: every number is a float."""
    if isinstance(value, dict):
        return {name: _decoded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
