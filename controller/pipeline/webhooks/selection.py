"""Which pull requests get an environment, by their labels, branches, author and files. Pure.

Labels can change, and so can the target branch. A pull request that loses what it needs loses its environment, and one
that gains it gets one, in the delivery that reports this. No other delivery removes an environment: there was none
before.
"""

from __future__ import annotations

from dataclasses import dataclass

from controller.apimachinery import names
from controller.pipeline.webhooks.pullrequest import Happening, PullRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a pull request needs. An empty field excludes nothing.

    In globs, `*` stands for any characters, slashes included.

    Attributes:
        labels: it needs all of these.
        exclude_labels: it must have none of these.
        base_branches: globs; its target branch must match one.
        branches: globs; its branch must match one.
        exclude_authors: globs of user names.
        paths: globs; one of `changed_files` must match one. A delivery does not name these.
    """

    labels: tuple[str, ...] = ()
    exclude_labels: tuple[str, ...] = ()
    base_branches: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    exclude_authors: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    changed_files: tuple[str, ...] = ()


EVERYTHING = Selection()


def missing(pull: PullRequest, selection: Selection) -> str:
    """Return why a pull request may have no environment, as the end of a sentence; "" if it may."""
    return _never(pull, selection) or _target(pull, selection) or _labels(pull, selection) or _files(pull, selection)


def lost(pull: PullRequest, selection: Selection) -> str:
    """Return what a pull request has just lost, so that it must not have an environment any more; "" if nothing."""
    if _never(pull, selection):
        return ""
    if Happening.REBASED in pull.happenings and (words := _target(pull, selection)):
        return words
    if _target(pull, selection):
        return ""
    for label in selection.labels:
        if label in pull.labels_taken:
            return f"the label {label!r} was removed"
    for label in selection.exclude_labels:
        if label in pull.labels_set:
            return f"the label {label!r} was set"
    return _labels(pull, selection) if _is_unnamed(pull) else ""


def gained(pull: PullRequest, selection: Selection) -> str:
    """Return what a pull request has just gained, so that it may have an environment; "" if nothing."""
    for label in selection.labels:
        if label in pull.labels_set:
            return f"the label {label!r} was set"
    for label in selection.exclude_labels:
        if label in pull.labels_taken:
            return f"the label {label!r} was removed"
    has_rules = bool(selection.labels or selection.exclude_labels)
    return "its labels have changed" if has_rules and _is_unnamed(pull) else ""


def _is_unnamed(pull: PullRequest) -> bool:
    """Return whether labels changed and the delivery does not say which."""
    return Happening.RELABELLED in pull.happenings and not pull.labels_set and not pull.labels_taken


def _never(pull: PullRequest, selection: Selection) -> str:
    # Neither the branch nor the author of a pull request ever changes.
    if selection.branches and not names.matches_any(pull.branch, selection.branches):
        return f"its branch {pull.branch!a} is not one that gets an environment"
    if pull.author and names.matches_any(pull.author, selection.exclude_authors):
        return f"its author {pull.author!a} gets no environment"
    return ""


def _target(pull: PullRequest, selection: Selection) -> str:
    if selection.base_branches and not names.matches_any(pull.base_branch, selection.base_branches):
        return f"its target branch {pull.base_branch!a} is not one that gets environments"
    return ""


def _labels(pull: PullRequest, selection: Selection) -> str:
    if absent := [label for label in selection.labels if label not in pull.labels]:
        return f"it does not have the label {absent[0]!r}"
    if present := [label for label in selection.exclude_labels if label in pull.labels]:
        return f"it has the label {present[0]!r}"
    return ""


def _files(pull: PullRequest, selection: Selection) -> str:
    if selection.paths and not any(names.matches_any(file, selection.paths) for file in selection.changed_files):
        return "it changes none of the files that --path names"
    return ""
