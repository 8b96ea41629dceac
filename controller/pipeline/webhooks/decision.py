"""Which deliveries make an environment, which take it down, and which mean nothing. The policy for forks is here.

A fork's chart, values and config file are written by somebody who may not write to the repository. So its environment
runs exactly the commit that a maintainer has labelled, from the fork itself: the ref of the pull request would move
with the next push. No other event gives it an environment: a maintainer has to look, and set the label again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.pipeline.webhooks.pullrequest import MAKING, Happening, PullRequest


class Verdict(StrEnum):
    """What the pipeline is to do."""

    APPLY = "apply"
    REMOVE = "remove"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the platform team decides.

    Attributes:
        fork_label: the label that lets a fork in; "" lets none in.
        drafts: whether drafts have environments.
        skip_bots: whether what a bot does makes no environment. What it takes down is taken down all the same.
    """

    fork_label: str = ""
    drafts: bool = False
    skip_bots: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a delivery.

    Attributes:
        reason: a sentence for people.
        provider: `github`, `gitlab`, `gitea` (for Forgejo too), or "" where even that is unknown.
        parameters: names are those of the flags of `render`, `publish` and `retire`, with underscores; empty where
            the delivery is about no pull request.
    """

    verdict: Verdict
    reason: str
    provider: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


def judge(pull: PullRequest, rules: Rules) -> tuple[Verdict, str]:
    """What is to be done about a pull request, and why."""
    verdict, reason = _judge(pull, rules)
    if verdict is Verdict.APPLY and rules.skip_bots and pull.bot:
        return Verdict.IGNORE, f"{reason}, but by the bot {pull.bot!a}"
    return verdict, reason


def _judge(pull: PullRequest, rules: Rules) -> tuple[Verdict, str]:
    if Happening.CLOSED in pull.happenings:
        return Verdict.REMOVE, f"{_who(pull)} was {'merged' if pull.is_merged else 'closed'}"
    if not pull.is_open:
        return Verdict.IGNORE, f"{_who(pull)} is closed already"
    if pull.is_fork:
        return _judge_fork(pull, rules)
    if Happening.DRAFTED in pull.happenings and not rules.drafts:
        return Verdict.REMOVE, f"{_who(pull)} {Happening.DRAFTED}, and drafts have no environment"
    if pull.is_draft and not rules.drafts:
        return Verdict.IGNORE, f"{_who(pull)} is a draft"
    for happening in MAKING:
        if happening in pull.happenings:
            return Verdict.APPLY, f"{_who(pull)} {happening}"
    return Verdict.IGNORE, f"{pull.action!r} changes nothing that an environment is made of"


def _judge_fork(pull: PullRequest, rules: Rules) -> tuple[Verdict, str]:
    fork, label = f"{_who(pull)} comes from a fork", rules.fork_label
    if not label:
        return Verdict.IGNORE, f"{fork}, and forks have no environment"
    relabelled = Happening.RELABELLED in pull.happenings
    # Some providers do not say which label it was. Without the label a fork must have no environment, so it is removed.
    if label in pull.labels_taken or (relabelled and label not in pull.labels):
        return Verdict.REMOVE, f"{fork}, and the label {label!r} was taken away"
    if Happening.DRAFTED in pull.happenings and not rules.drafts:
        return Verdict.REMOVE, f"{fork} and {Happening.DRAFTED}, and drafts have no environment"
    if label not in pull.labels:
        return Verdict.IGNORE, f"{fork}, and has no label {label!r}"
    if pull.is_draft and not rules.drafts:
        return Verdict.IGNORE, f"{fork}, and is a draft"
    if not pull.source_url or not pull.commit:
        return Verdict.IGNORE, f"{fork} that is gone, or whose branch is"
    if relabelled and not pull.labels_set and not pull.labels_taken:
        return Verdict.IGNORE, f"{fork}, and the delivery does not say whether the label {label!r} was just set"
    if label not in pull.labels_set or Happening.PUSHED in pull.happenings:
        return Verdict.IGNORE, f"{fork}: set the label {label!r} again after a look at commit {pull.commit}"
    return Verdict.APPLY, f"{fork}, and the label {label!r} lets commit {pull.commit} in"


def _who(pull: PullRequest) -> str:
    return f"pull request {pull.number}"
