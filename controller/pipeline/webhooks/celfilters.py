"""The same rules as filters in CEL, for the EventListener of Tekton (`manifests/tekton/triggers.yaml`). Pure.

They use what the interceptor before them adds: `extensions.draft`, `fork`, `changed`, `draft_before` and `author`. The
files that a pull request changes are not in a delivery, so there is no filter for them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from controller.pipeline.webhooks.rules import Rules
from controller.pipeline.webhooks.selection import Selection

_OPEN: Final = "body.pull_request.state == 'open'"
_HEAD: Final = "body.pull_request.head.ref"
_BASE: Final = "body.pull_request.base.ref"
_LABELS: Final = "body.pull_request.labels"
# Tekton would take such a branch for a variable of its own.
_PLAIN_HEAD: Final = f"!{_HEAD}.contains('$(')"
_PLAIN_BASE: Final = f"!{_BASE}.contains('$(')"
# The actions of Gitea and Forgejo, which may not name the label.
_RELABELLED: Final = "body.action in ['label_updated', 'label_cleared']"
_LABEL: Final = "has(body.label) && body.label != null"
_ADDED: Final = "has(body.changes) && has(body.changes.added_labels) && body.changes.added_labels != null"
_REMOVED: Final = "has(body.changes) && has(body.changes.removed_labels) && body.changes.removed_labels != null"
_UNNAMED: Final = (
    f"({_RELABELLED} && !({_LABEL}) && !({_ADDED} && body.changes.added_labels.size() > 0) "
    f"&& !({_REMOVED} && body.changes.removed_labels.size() > 0))"
)
_REBASED: Final = (
    "(body.action == 'edited' && has(body.changes) && (has(body.pull_request.base.repo_id) ? has(body.changes.ref) "
    ": has(body.changes.base)))"
)
_BOT: Final = (
    "(!has(body.pull_request.base.repo_id) && has(body.sender) && body.sender != null && has(body.sender.type) "
    "&& body.sender.type == 'Bot')"
)
_FALSE: Final = "false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """One filter for each trigger of the listener."""

    environment: str
    environment_of_a_fork: str
    retirement: str


def filters(rules: Rules) -> Filters:
    """Return the filters that decide as `rules.judge` does. Raises ValueError if a rule cannot be written in CEL."""
    chosen = rules.selection
    if chosen.paths:
        raise ValueError("a delivery does not name the files that a pull request changes: check --path in a Task")
    ready = [] if rules.drafts else ["!extensions.draft"]
    wanted = [*_never_missing(chosen), *_target(chosen), *_labels(chosen), *([f"!{_BOT}"] if rules.skip_bots else [])]
    undrafted = ["extensions.draft_before == 'yes'", *(["!extensions.draft"] if rules.drafts else [])]
    made = ["extensions.changed", _all(undrafted), *_gained(chosen)]
    return Filters(
        environment=_all([_OPEN, *ready, "!extensions.fork", _PLAIN_HEAD, _PLAIN_BASE, *wanted, _any(made)]),
        environment_of_a_fork=_of_a_fork(rules, [*ready, *wanted]),
        retirement=_any(["body.action == 'closed'", _all([_OPEN, _any(_removed(rules))])]),
    )


def _of_a_fork(rules: Rules, wanted: list[str]) -> str:
    if not rules.fork_label:
        return _FALSE
    source = ["extensions.fork", "body.pull_request.head.repo != null", f"!{_HEAD}.startsWith('refs/')", _PLAIN_BASE]
    return _all([_OPEN, *source, *wanted, _set(rules.fork_label)])


def _removed(rules: Rules) -> list[str]:
    found = []
    if not rules.drafts:
        found += ["(extensions.draft && extensions.draft_before == 'no')", "body.action == 'converted_to_draft'"]
    if lost := _lost(rules.selection):
        found.append(lost)
    if not rules.fork_label:
        return [_all(["!extensions.fork", _any(found)])] if found else [_FALSE]
    return [*found, _all([_taken(rules.fork_label, even_unnamed=True), "extensions.fork"])]


def _never_missing(chosen: Selection) -> list[str]:
    found = [_matches(_HEAD, chosen.branches)] if chosen.branches else []
    if chosen.exclude_authors:
        found.append(f"(extensions.author == '' || !{_matches('extensions.author', chosen.exclude_authors)})")
    return found


def _target(chosen: Selection) -> list[str]:
    return [_matches(_BASE, chosen.base_branches)] if chosen.base_branches else []


def _labels(chosen: Selection) -> list[str]:
    return [*map(_has, chosen.labels), *(f"!{_has(label)}" for label in chosen.exclude_labels)]


def _gained(chosen: Selection) -> list[str]:
    found = [*map(_set, chosen.labels), *map(_taken, chosen.exclude_labels)]
    return [*found, _UNNAMED] if found else []


def _lost(chosen: Selection) -> str:
    found = [*map(_taken, chosen.labels), *map(_set, chosen.exclude_labels)]
    if found:
        found.append(f"({_UNNAMED} && !{_all(_labels(chosen))})")
    target = _target(chosen)
    ways = [_all([*target, _any(found)])] if found else []
    if target:
        ways.append(f"({_REBASED} && !{_all(target)})")
    return _all([*_never_missing(chosen), _any(ways)]) if ways else ""


def _has(label: str) -> str:
    return f"({_LABELS} != null && {_LABELS}.exists(label, label.name == {_quoted(label)}))"


def _set(label: str) -> str:
    """Whether a delivery says that the label was set. Forks need that it does."""
    return (
        f"(body.action == 'labeled' ? {_LABEL} && body.label.name == {_quoted(label)} "
        f": {_RELABELLED} && {_has(label)} && {_named(label)})"
    )


def _taken(label: str, *, even_unnamed: bool = False) -> str:
    """Whether a delivery says that the label was removed; with `even_unnamed`, whether it may have been."""
    named = [] if even_unnamed else [_named(label)]
    return (
        f"(body.action == 'unlabeled' ? {_LABEL} && body.label.name == {_quoted(label)} "
        f": {' && '.join([_RELABELLED, f'!{_has(label)}', *named])})"
    )


def _named(label: str) -> str:
    text = _quoted(label)
    return _any(
        [
            f"({_LABEL} && body.label.name == {text})",
            f"({_ADDED} && body.changes.added_labels.exists(label, label.name == {text}))",
            f"({_REMOVED} && body.changes.removed_labels.exists(label, label.name == {text}))",
        ]
    )


def _matches(value: str, globs: Iterable[str]) -> str:
    return f"{value}.matches({_quoted('^(' + '|'.join(map(_pattern, globs)) + ')$')})"


def _pattern(glob: str) -> str:
    """Return a glob of `fnmatch` as a regular expression of RE2."""
    found = ""
    for part in re.findall(r"\*|\?|\[!?\]?[^]]*\]|.", glob, re.DOTALL):
        if part == "*":
            found += "(?s:.*)"
        elif part == "?":
            found += "(?s:.)"
        elif len(part) > 1:
            is_negated = part.startswith("[!")
            inner = re.sub(r"[\\^\[\]]", r"\\\g<0>", part[1 + is_negated : -1])
            found += f"[{'^' if is_negated else ''}{inner}]"
        else:
            found += re.escape(part)
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(found)
    except re.error as error:
        raise ValueError(f"the glob {glob!a} cannot stand in a filter: {error}") from None
    return found


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    if not escaped.isprintable():
        raise ValueError(f"{text!a} cannot stand in a filter: use printable characters")
    return f"'{escaped}'"


def _all(terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' && '.join(terms)})"


def _any(terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' || '.join(terms)})"
