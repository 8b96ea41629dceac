"""Decides which deliveries create or update an environment, which remove it, and which are ignored.

This includes the policy for forks. The author of a fork's chart, values and config file has no write access to the
repository. So the environment of a fork runs exactly the commit that a maintainer labelled. It is cloned from the fork
itself, because the ref of the pull request moves with the next push. Other events do not create an environment for a
fork: a maintainer has to review the new commit and set the label again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from controller.pipeline.webhooks import selection
from controller.pipeline.webhooks.pullrequest import MAKING, Happening, PullRequest
from controller.pipeline.webhooks.selection import EVERYTHING, Selection


class Verdict(StrEnum):
    """What the pipeline has to do."""

    APPLY = "apply"
    REMOVE = "remove"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Settings of the platform team.

    Attributes:
        fork_label: the label that allows an environment for a fork; "" ignores all forks.
        drafts: whether draft pull requests get environments.
        skip_bots: whether to ignore events of bots that would create an environment. Removals are never ignored.
        selection: which pull requests get an environment at all.
    """

    fork_label: str = ""
    drafts: bool = False
    skip_bots: bool = False
    selection: Selection = EVERYTHING


def judge(pull: PullRequest, rules: Rules) -> tuple[Verdict, str]:
    """Return what to do about a pull request, and the reason."""
    verdict, reason = _judge(pull, rules)
    if verdict is Verdict.APPLY and (words := selection.missing(pull, rules.selection)):
        return Verdict.IGNORE, f"{_who(pull)} gets no environment: {words}"
    if verdict is Verdict.APPLY and rules.skip_bots and pull.bot:
        return Verdict.IGNORE, f"{reason}, but by the bot {pull.bot!a}"
    return verdict, reason


def _judge(pull: PullRequest, rules: Rules) -> tuple[Verdict, str]:
    if Happening.CLOSED in pull.happenings:
        return Verdict.REMOVE, f"{_who(pull)} was {'merged' if pull.is_merged else 'closed'}"
    if not pull.is_open:
        return Verdict.IGNORE, f"{_who(pull)} is already closed"
    may_have_one = bool(rules.fork_label) or not pull.is_fork
    if may_have_one and (words := selection.lost(pull, rules.selection)):
        return Verdict.REMOVE, f"{_who(pull)} gets no environment any more: {words}"
    if pull.is_fork:
        return _judge_fork(pull, rules)
    if Happening.DRAFTED in pull.happenings and not rules.drafts:
        return Verdict.REMOVE, f"{_who(pull)} {Happening.DRAFTED}, and drafts have no environment"
    if pull.is_draft and not rules.drafts:
        return Verdict.IGNORE, f"{_who(pull)} is a draft"
    for happening in MAKING:
        if happening in pull.happenings:
            return Verdict.APPLY, f"{_who(pull)} {happening}"
    if words := selection.gained(pull, rules.selection):
        return Verdict.APPLY, f"{_who(pull)} is open, and {words}"
    return Verdict.IGNORE, f"{pull.action!r} does not affect the environment"


def _judge_fork(pull: PullRequest, rules: Rules) -> tuple[Verdict, str]:
    fork, label = f"{_who(pull)} comes from a fork", rules.fork_label
    if not label:
        return Verdict.IGNORE, f"{fork}, and forks have no environment"
    relabelled = Happening.RELABELLED in pull.happenings
    # Some providers do not name the changed label. Without the label a fork must not have an environment.
    if label in pull.labels_taken or (relabelled and label not in pull.labels):
        return Verdict.REMOVE, f"{fork}, and the label {label!r} was removed"
    if Happening.DRAFTED in pull.happenings and not rules.drafts:
        return Verdict.REMOVE, f"{fork} and {Happening.DRAFTED}, and drafts have no environment"
    if label not in pull.labels:
        return Verdict.IGNORE, f"{fork}, and does not have the label {label!r}"
    if pull.is_draft and not rules.drafts:
        return Verdict.IGNORE, f"{fork}, and is a draft"
    if not pull.source_url or not pull.commit:
        return Verdict.IGNORE, f"{fork}, and the fork or its branch was deleted"
    if relabelled and not pull.labels_set and not pull.labels_taken:
        return Verdict.IGNORE, f"{fork}, and the delivery does not say whether the label {label!r} was just set"
    if label not in pull.labels_set or Happening.PUSHED in pull.happenings:
        return Verdict.IGNORE, f"{fork}: review commit {pull.commit}, then set the label {label!r} again"
    return Verdict.APPLY, f"{fork}, and the label {label!r} allows commit {pull.commit}"


def _who(pull: PullRequest) -> str:
    return f"pull request {pull.number}"
