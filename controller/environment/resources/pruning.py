"""Removes objects that we applied and that are no longer wanted."""

from __future__ import annotations

from collections.abc import Iterable

from controller.apimachinery import objects
from controller.environment import ownership
from controller.environment.effects import Delete, Effect, Read
from controller.environment.observation import Observation, Unknown
from controller.environment.resources import kinds, pull_secrets
from controller.environment.resources.item import Identity
from controller.environment.resources.memory import remembered


def prune(observation: Observation, surplus: Iterable[Identity]) -> tuple[tuple[Effect, ...], frozenset[Identity]]:
    """Return the effects that remove these objects, and those objects that stay remembered until they are gone.

    All of them must have been read. An object without our marks belongs to others now and stays.
    """
    effects: list[Effect] = []
    left = set()
    for identity in sorted(surplus):
        target = kinds.target(observation, identity)
        live = None if target is None else observation.live(target)
        if target is None or isinstance(live, Unknown):
            # The cluster may serve the kind again later.
            left.add(identity)
        elif live is not None and ownership.was_applied(observation, live):
            left.add(identity)
            if not objects.is_deleting(live):
                effects += (Delete.of(target, live), Read(target))
    return tuple(effects), frozenset(left)


def remove(observation: Observation) -> tuple[Effect, ...]:
    """Return the effects that remove everything from a namespace that outlives its environment; first the reads."""
    memory = remembered(observation.namespace)
    questions = (
        *kinds.questions(observation, sorted(memory.objects)),
        *pull_secrets.questions(observation, memory, ()),
    )
    if questions:
        return questions
    effects, _ = prune(observation, memory.objects)
    return (*effects, *pull_secrets.attach(observation, memory, ()).effects)
