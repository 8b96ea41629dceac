"""Which objects are ours. The marks that prove it differ by kind, so there is one question for each purpose.

The controller marks what it creates with a label that names the environment and an annotation with the environment's
UID. Anybody who can edit an object can remove or copy these marks. So the proof depends on what a mistake would cost:

- `is_labelled` asks for the label alone. It decides about namespaces: one without the label was given up, or never was
  ours.
- `is_our_release` decides whether a release or its source may be changed or deleted. The annotation, or the name in our
  status, is enough too. Otherwise a release without its label would never be uninstalled.
- `is_our_access` decides the same about service accounts and role bindings. In a namespace that we created, all objects
  with our names are ours. Otherwise a chart could take a role binding from us by removing its marks.
- `was_applied` decides whether a shared object may be overwritten or pruned. The label is not enough, because objects
  of other phases have it too. Only shared objects also have the hash of what was applied.
- `has_our_fields` shows the same for an object that is remembered as applied, but lost its marks. It can be another one
  of the same name: the memory is written first.
- `is_adopted` asks whether a namespace of ours existed before its environment. Such a namespace is never deleted.
"""

from __future__ import annotations

from controller.api.environment import (
    ADOPT_ANNOTATION,
    ADOPTED_ANNOTATION,
    APPLIED_HASH_ANNOTATION,
    ENVIRONMENT_LABEL,
    FIELD_MANAGER,
    UID_ANNOTATION,
)
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment.drift import field_managers
from controller.environment.observation import Observation


def is_labelled(observation: Observation, obj: Object) -> bool:
    """Return whether an object has the label of the environment. An earlier environment of the same name counts too."""
    return objects.labels(obj).get(ENVIRONMENT_LABEL) == observation.environment.name


def is_adopted(namespace: Object) -> bool:
    """Return whether a namespace of ours existed before its environment, and so remains after it."""
    return not objects.annotations(namespace).keys().isdisjoint({ADOPT_ANNOTATION, ADOPTED_ANNOTATION})


def sole_release(observation: Observation) -> str:
    """Return the release that is ours in a namespace that existed before, or "" if everything in it is ours.

    In such a namespace, others may have applications of their own.
    """
    namespace = observation.namespace
    return observation.environment.release_name if namespace is not None and is_adopted(namespace) else ""


def is_our_release(observation: Observation, release: Object) -> bool:
    """Return whether the controller created this object of a release engine.

    If the label and the annotation are gone, the name in our status proves it, but only in a namespace of ours. In
    another namespace, a release of that name can be anybody's.
    """
    if is_labelled(observation, release) or UID_ANNOTATION in objects.annotations(release):
        return True
    namespace = observation.namespace
    within_ours = namespace is not None and is_labelled(observation, namespace)
    return within_ours and objects.name(release) == observation.environment.recorded_release


def is_our_access(observation: Observation, obj: Object) -> bool:
    """Return whether the controller created this service account or role binding."""
    namespace = observation.namespace
    if namespace is not None and is_labelled(observation, namespace) and not is_adopted(namespace):
        return True
    return is_labelled(observation, obj) or UID_ANNOTATION in objects.annotations(obj)


def was_applied(observation: Observation, obj: Object) -> bool:
    """Return whether an object is a shared one that the controller applied."""
    return is_labelled(observation, obj) and APPLIED_HASH_ANNOTATION in objects.annotations(obj)


def has_our_fields(live: Object) -> bool:
    """Return whether the API server notes that the controller wrote an object that was read live."""
    return FIELD_MANAGER in field_managers.of(live)
