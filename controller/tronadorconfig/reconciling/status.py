"""The status of a TronadorConfig: what is wrong with it, and how many environments carry some of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from controller.api.tronador_config import TronadorConfig
from controller.apimachinery import conditions
from controller.apimachinery.conditions import FALSE, TRUE, UNKNOWN, Condition
from controller.apimachinery.findings import Finding
from controller.apimachinery.resources import Resource
from controller.environment.decision import Wait
from controller.tronadorconfig.content import ConfigContent, Manifest, Sharing, cluster_scoped, recipients, unknown_kind
from controller.tronadorconfig.content.recipients import Environments

_MESSAGE_LIMIT: Final = 32768
_FINE: Final = Condition("Ready", TRUE, "Accepted", "Environments can get everything in it.")


def in_this_cluster(
    config: ConfigContent, served: Callable[[str], frozenset[Resource] | None], has_secret: Callable[[str], bool]
) -> tuple[Finding, ...]:
    """What is wrong with a config in the cluster that it lies in, beyond what is wrong with it anywhere.

    Args:
        config: what is looked at.
        served: what discovery knows of a group version, or None where it gets no answer.
        has_secret: whether the controller's own namespace has a Secret of that name.
    """
    sound = (m for m in (*config.manifests, *config.secrets) if m.path not in config.faults)
    found = [problem for manifest in sound if (problem := _of_kind(manifest, served(manifest.api_version)))]
    for copy in config.copies:
        if copy.name and not has_secret(copy.name):
            message = f"the controller's namespace has no Secret {copy.name!r} yet"
            found.append(Finding(path=(*copy.path, "name"), reason="SecretMissing", message=message))
    return tuple(found)


def carriers(environments: Environments, sharing: Sharing) -> int:
    """How many environments have everything that they are to get, where that is anything at all."""
    ready = recipients.repositories(environments, recipients.READY)
    return sum(size for _, repository, size in ready if not sharing.of(repository).is_empty)


def desired(
    config: TronadorConfig,
    problems: Sequence[Finding],
    environments: int,
    now: datetime,
    *,
    failing: Wait | None = None,
) -> dict[str, Any]:
    """The whole status. `failing` describes an error that has lasted and prevents a judgement."""
    wanted: tuple[Condition, ...] = (_FINE,)
    if failing is not None:
        wanted = (
            Condition("Ready", UNKNOWN, failing.reason, failing.message),
            Condition("Reconciling", TRUE, failing.reason, failing.message),
        )
    if problems:
        reason, message = problems[0].reason, "; ".join(str(problem) for problem in problems)[:_MESSAGE_LIMIT]
        wanted = (Condition("Ready", FALSE, reason, message), Condition("Stalled", TRUE, reason, message))
    return {
        "observedGeneration": config.generation,
        "environments": environments,
        "conditions": conditions.merge(config.conditions, wanted, generation=config.generation, now=now),
    }


def _of_kind(manifest: Manifest, served: frozenset[Resource] | None) -> Finding | None:
    if served is None:
        return None
    resource = next((found for found in served if found.kind == manifest.kind), None)
    if resource is None:
        return unknown_kind(manifest.kind, manifest.api_version, manifest.path)
    return None if resource.namespaced else cluster_scoped(manifest.kind, manifest.path)
