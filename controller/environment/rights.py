"""The rights inside an environment: those of the controller, and those that its chart is applied with.

The controller has one RoleBinding there, to a role that the platform team composes. If the engine applies charts with
the rights of an account, that is a ServiceAccount in the environment's namespace, bound to a role that cannot reach out
of it. There is no informer for either kind, so they are read when they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from controller.api.environment import ENVIRONMENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL, UID_ANNOTATION
from controller.api.rbac import AGGREGATE_LABEL, ENVIRONMENT_BINDING, ENVIRONMENT_ROLE, RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery import objects, patches
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SERVICE_ACCOUNTS, Resource
from controller.environment import ownership, stuck_deletions
from controller.environment.effects import Create, Delete, Effect, Patch, Read, Target
from controller.environment.engines.engine import Engine
from controller.environment.observation import REFUSED, UNASKED, Observation, Unknown
from controller.environment.options import EnvironmentOptions

# Runs while rights are checked. A new RoleBinding takes a moment to take effect.
TIMER: Final = "access"
# Seconds to wait before a request that needs a RoleBinding that was written just now. Each API server learns of it from
# its own watch, usually in less time. A request that comes too early gets a 403, and the controller waits once more.
PAUSE: Final = 0.1
# Seconds for which a refusal can mean that our RoleBinding has not taken effect yet.
SETTLE: Final = 5.0
# The reason and the message of decisions during that time.
AWAITING: Final = "AwaitingRights"
AWAITING_MESSAGE: Final = "Waiting for the controller's new rights in the namespace to take effect."


def binding_target(observation: Observation) -> Target:
    """Return where our RoleBinding lies."""
    return Target(ROLE_BINDINGS, ENVIRONMENT_BINDING, observation.environment.namespace_name)


def are_fresh(observation: Observation) -> bool:
    """Return whether our rights were checked so recently that they may not have taken effect yet."""
    return observation.age(TIMER) < SETTLE


def missing(verb: str, target: Target) -> str:
    """Return the message about a right that the controller lacks in the environment's namespace: how to grant it."""
    return (
        f"the controller may not {verb} {target.resource} in namespace {target.namespace}: label a ClusterRole that "
        f'allows this with {AGGREGATE_LABEL}="true"'
    )


def obstacle(observation: Observation) -> str:
    """Return which finalizers keep our RoleBinding from being replaced, as a sentence, or ""."""
    target = binding_target(observation)
    binding = observation.live(target)
    if isinstance(binding, Unknown) or binding is None:
        return ""
    return stuck_deletions.of_objects({target: binding})


def repair_ours(
    observation: Observation, options: EnvironmentOptions, *, is_expected: bool = True
) -> tuple[Effect, ...]:
    """Return what repairs our own binding: first a Read, then what its answer requires. Nothing if it is right.

    If it is not `is_expected` to exist, it is created without a Read. If it exists nevertheless, the answer shows it.
    """
    if not options.service_account:
        return ()
    body = _binding(
        observation,
        ENVIRONMENT_BINDING,
        role=ENVIRONMENT_ROLE,
        account=options.service_account,
        account_namespace=options.own_namespace,
    )
    return tuple(_repair(observation, binding_target(observation), body, is_expected=is_expected))


def repair_releases(observation: Observation, options: EnvironmentOptions, engine: Engine) -> tuple[Effect, ...]:
    """Return what repairs the account that the engine applies the chart with, and its binding, in the same way."""
    if not engine.account(options):
        return ()
    account, binding = _release_targets(observation, options)
    body = _binding(
        observation,
        binding.name,
        role=options.release_cluster_role,
        account=account.name,
        account_namespace=account.namespace,
    )
    return (
        *_repair(observation, account, _object(observation, SERVICE_ACCOUNTS, account.name)),
        *_repair(observation, binding, body),
    )


def remove(observation: Observation, options: EnvironmentOptions) -> tuple[Effect, ...]:
    """Return what removes all rights from a namespace that remains after its environment. Ours are removed last.

    The first effects are Reads of the objects that were not read yet.
    """
    account, binding = _release_targets(observation, options)
    targets = (binding, account, binding_target(observation))
    if reads := observation.unasked(targets):
        return reads
    live = {target: observation.live(target) for target in targets}
    return tuple(
        Delete.of(target, answer)
        for target, answer in live.items()
        if not isinstance(answer, Unknown) and answer is not None and ownership.is_our_access(observation, answer)
    )


def _release_targets(observation: Observation, options: EnvironmentOptions) -> tuple[Target, Target]:
    namespace = observation.environment.namespace_name
    return (
        Target(SERVICE_ACCOUNTS, options.release_service_account, namespace),
        Target(ROLE_BINDINGS, options.release_service_account, namespace),
    )


def _repair(
    observation: Observation, target: Target, body: dict[str, Any], *, is_expected: bool = True
) -> Iterator[Effect]:
    answer = observation.live(target)
    if observation.namespace is None or (answer is UNASKED and not is_expected):
        # If this plan creates the namespace, there is nothing in it yet.
        yield Create(target, body)
    elif answer is UNASKED:
        yield Read(target)
    elif answer is REFUSED and target == binding_target(observation):
        # Without the right to read it, our rights come from elsewhere, or the phase that needs them reports it.
        return
    elif answer is None or answer is REFUSED:
        yield Create(target, body)
    elif not ownership.is_our_access(observation, answer):
        # An object of somebody else with the same name, in a namespace that existed before. It is never changed.
        return
    elif objects.is_deleting(answer):
        # A finalizer of somebody else holds it. Until it is gone, nothing can replace it.
        return
    elif not patches.equal(answer.get("roleRef"), body.get("roleRef")):
        # A roleRef cannot be changed, so the binding is replaced.
        yield Delete.of(target, answer)
        yield Create(target, body)
    elif not (
        ownership.is_labelled(observation, answer) and patches.equal(answer.get("subjects"), body.get("subjects"))
    ):
        metadata = {"labels": body["metadata"]["labels"], "resourceVersion": objects.resource_version(answer)}
        subjects = {"subjects": body["subjects"]} if "subjects" in body else {}
        yield Patch(target, {"metadata": metadata} | subjects, wanted=body)


def _binding(observation: Observation, name: str, *, role: str, account: str, account_namespace: str) -> dict[str, Any]:
    subject: Object = {"kind": "ServiceAccount", "name": account, "namespace": account_namespace}
    return _object(observation, ROLE_BINDINGS, name) | {
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [subject],
    }


def _object(observation: Observation, resource: Resource, name: str) -> dict[str, Any]:
    environment = observation.environment
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": name,
            "namespace": environment.namespace_name,
            "labels": {ENVIRONMENT_LABEL: environment.name, MANAGED_BY_LABEL: MANAGED_BY},
            "annotations": {UID_ANNOTATION: environment.uid},
        },
    }
