"""imagePullSecrets of service accounts: ours is added to those of others, and removed later.

The list is atomic: each write replaces the whole list. So it is read, merged, and patched at the version that was read.
What we added is remembered. An entry that existed before stays when ours is no longer wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SERVICE_ACCOUNTS
from controller.environment.effects import Create, Effect, Patch, Read, Target
from controller.environment.engines.engine import Engine
from controller.environment.observation import Observation, Unknown
from controller.environment.options import EnvironmentOptions
from controller.environment.resources.memory import Memory

# Pods that name no account run as this one.
DEFAULT_ACCOUNT: Final = "default"


@dataclass(frozen=True, slots=True)
class Attachment:
    """The effects that change the accounts, and what has to be remembered before."""

    effects: tuple[Effect, ...]
    added: Mapping[str, frozenset[str]]


def accounts(options: EnvironmentOptions, engine: Engine | None) -> tuple[str, ...]:
    """Return the accounts that get it: that of pods that name none, and that of the release if it has one."""
    account = engine.account(options) if engine else ""
    return (DEFAULT_ACCOUNT, account) if account else (DEFAULT_ACCOUNT,)


def targets(observation: Observation, memory: Memory, names: Iterable[str]) -> tuple[Target, ...]:
    """Return the accounts to read: those that should have it, and those to which we added it before."""
    wanted = names if observation.share.image_pull_secret else ()
    namespace = observation.environment.namespace_name
    return tuple(Target(SERVICE_ACCOUNTS, name, namespace) for name in dict.fromkeys((*wanted, *memory.pull_secrets)))


def attach(observation: Observation, memory: Memory, names: Iterable[str]) -> Attachment:
    """Return what gives the accounts `names` the pull secret of the share, and removes it from all others."""
    names = tuple(names)
    effects: list[Effect] = []
    added: dict[str, frozenset[str]] = {}
    for target in targets(observation, memory, names):
        answer = observation.live(target)
        wanted = observation.share.image_pull_secret if target.name in names else ""
        before = memory.pull_secrets.get(target.name, frozenset())
        if isinstance(answer, Unknown):
            # Refused, so the memory stays as it is.
            added[target.name] = before
        elif answer is None and wanted and target.name == DEFAULT_ACCOUNT:
            # Kubernetes creates it in a moment, but a pod created before the patch would never get the secret.
            effects.append(Create(target, _account(target, wanted)))
            added[target.name] = frozenset({wanted})
        elif answer is not None:
            changes, added[target.name] = _change(target, answer, wanted, before)
            effects += changes
    return Attachment(tuple(effects), {name: entries for name, entries in added.items() if entries})


def questions(observation: Observation, memory: Memory, names: Iterable[str]) -> tuple[Read, ...]:
    """Return the reads of the accounts that were not read yet."""
    return observation.unasked(targets(observation, memory, names))


def _change(
    target: Target, account: Object, wanted: str, before: frozenset[str]
) -> tuple[tuple[Effect, ...], frozenset[str]]:
    entries: list[Mapping[str, Any]] = list(account.get("imagePullSecrets") or ())
    there = {str(entry.get("name")) for entry in entries}
    surplus = (before & there) - {wanted}
    ours = surplus | ({wanted} if wanted and (wanted in before or wanted not in there) else frozenset())
    kept = [entry for entry in entries if entry.get("name") not in surplus]
    if wanted and wanted not in there:
        kept.append({"name": wanted})
    if kept == entries:
        return (), ours
    body = {"metadata": {"resourceVersion": objects.resource_version(account)}, "imagePullSecrets": kept or None}
    # A removed entry is forgotten once a read shows that it is gone.
    look = (Read(target),) if surplus else ()
    # Others may add another entry each time, so the wanted content is only ours.
    return (Patch(target, body, wanted=[wanted]), *look), ours


def _account(target: Target, wanted: str) -> dict[str, Any]:
    return {
        "apiVersion": SERVICE_ACCOUNTS.api_version,
        "kind": SERVICE_ACCOUNTS.kind,
        "metadata": {"name": target.name, "namespace": target.namespace},
        "imagePullSecrets": [{"name": wanted}],
    }
