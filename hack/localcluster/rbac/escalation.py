"""Compares rights: finds those that a user grants without having them.

Source: k8s.io/component-helpers, auth/rbac/validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from .rules import ALL, Rule, url_matches

EVERYTHING = (
    Rule(verbs=(ALL,), groups=(ALL,), resources=(ALL,)),
    Rule(verbs=(ALL,), urls=(ALL,)),
)


def missing_rights(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """The parts of `wanted` that no single rule of `held` covers, each one verb on one resource, name or URL."""
    return [part for rule in wanted for part in _parts(rule) if not any(_covers(owner, part) for owner in held)]


def described(missing: Iterable[Rule]) -> str:
    """Missing rights as the refusal lists them: verbs of one resource together, a line each, sorted."""
    compact: dict[tuple[str, str], tuple[str, ...]] = {}
    lines = set()
    for rule in missing:
        if rule.names or rule.urls:
            lines.add(str(rule))
        else:
            place = (rule.groups[0], rule.resources[0])
            compact[place] = compact.get(place, ()) + rule.verbs
    for (group, resource), verbs in compact.items():
        lines.add(str(Rule(verbs=verbs, groups=(group,), resources=(resource,))))
    return "\n".join(sorted(lines))


def _parts(rule: Rule) -> Iterator[Rule]:
    for group in rule.groups:
        for resource in rule.resources:
            for verb in rule.verbs:
                whole = Rule(verbs=(verb,), groups=(group,), resources=(resource,))
                yield from (replace(whole, names=(name,)) for name in rule.names)
                if not rule.names:
                    yield whole
    for url in rule.urls:
        for verb in rule.verbs:
            yield Rule(verbs=(verb,), urls=(url,))


def _covers(owner: Rule, part: Rule) -> bool:
    if ALL not in owner.verb_set and part.verbs[0] not in owner.verb_set:
        return False
    if part.urls:
        return not owner.names and any(url_matches(url, part.urls[0]) for url in owner.urls)
    if ALL not in owner.groups and part.groups[0] not in owner.groups:
        return False
    if owner.names and not (part.names and part.names[0] in owner.names):
        return False
    return _covers_resource(owner, part.resources[0])


def _covers_resource(owner: Rule, resource: str) -> bool:
    if ALL in owner.resource_set or resource in owner.resource_set:
        return True
    _, slash, subresource = resource.partition("/")
    return bool(slash) and f"*/{subresource}" in owner.resource_set
