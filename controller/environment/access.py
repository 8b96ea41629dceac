"""Our own rights inside an environment: one RoleBinding, to a role that the platform team composes.

There is no informer of RoleBindings, so the binding is read when it matters: before a teardown rests on it, and now and
then while the environment lives.
"""

from __future__ import annotations

from typing import Any

from controller.api.environment import ENVIRONMENT_LABEL, MANAGED_BY, MANAGED_BY_LABEL, UID_ANNOTATION
from controller.api.rbac import ENVIRONMENT_BINDING, ENVIRONMENT_ROLE, RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery import objects, patches
from controller.apimachinery.objects import Object
from controller.environment.effects import Create, Delete, Effect, Patch, Read, Target
from controller.environment.observation import UNASKED, Observation, Unknown
from controller.environment.options import EnvironmentOptions


def binding_target(observation: Observation) -> Target:
    """Where our RoleBinding lies."""
    return Target(ROLE_BINDINGS, ENVIRONMENT_BINDING, observation.environment.namespace_name)


def repair(observation: Observation, options: EnvironmentOptions) -> tuple[Effect, ...]:
    """What makes the binding right: first a Read, then whatever the answer calls for; nothing where it is right."""
    if not options.service_account:
        return ()
    target = binding_target(observation)
    answer = observation.answer(target)
    if answer is UNASKED:
        return (Read(target),)
    if isinstance(answer, Unknown):
        # Not even allowed to look: then our rights come from elsewhere, or what needs them says that they are missing.
        return ()
    body = _desired(observation, options)
    if answer is None:
        return (Create(target, body),)
    if not patches.equal(answer.get("roleRef"), body["roleRef"]):
        # A roleRef cannot be changed. Whoever put another one there gets ours back.
        return (Delete(target, objects.uid(answer)), Create(target, body))
    if patches.equal(answer.get("subjects"), body["subjects"]) and observation.is_ours(answer):
        return ()
    metadata = {"labels": body["metadata"]["labels"], "resourceVersion": objects.resource_version(answer)}
    return (Patch(target, {"metadata": metadata, "subjects": body["subjects"]}),)


def remove(observation: Observation) -> tuple[Effect, ...]:
    """What takes the binding away from a namespace that outlives its environment; needs its live answer."""
    target = binding_target(observation)
    answer = observation.answer(target)
    if isinstance(answer, Unknown) or answer is None:
        return ()
    return (Delete(target, objects.uid(answer)),)


def _desired(observation: Observation, options: EnvironmentOptions) -> dict[str, Any]:
    environment = observation.environment
    subject: Object = {
        "kind": "ServiceAccount",
        "name": options.service_account,
        "namespace": options.own_namespace,
    }
    return {
        "apiVersion": ROLE_BINDINGS.api_version,
        "kind": ROLE_BINDINGS.kind,
        "metadata": {
            "name": ENVIRONMENT_BINDING,
            "namespace": environment.namespace_name,
            "labels": {ENVIRONMENT_LABEL: environment.name, MANAGED_BY_LABEL: MANAGED_BY},
            "annotations": {UID_ANNOTATION: environment.uid},
        },
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": ENVIRONMENT_ROLE},
        "subjects": [subject],
    }
