"""Which installation of the controller an environment belongs to, if a cluster has more than one.

Two installations would undo each other's work. So an annotation on the namespace of an environment names the namespace
of its installation; it is written in the same patch as the labels. Another installation leaves the environment alone as
long as the Lease in that namespace has a holder. An installation that was uninstalled or stopped properly holds no
Lease, and its environments are taken over. No clocks are compared, so after a crash the Lease keeps its holder until
a person deletes it.

The annotation is not on the EnvironmentProvisioner, because the author of a pull request may be able to write that
object, and could then escape from every rule. Replicas and shards of one installation share a namespace, so they count
as one.
"""

from __future__ import annotations

from typing import Final

from controller.api.environment import INSTALLATION_ANNOTATION, LEASE_NAME
from controller.apimachinery import names, objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import LEASES
from controller.environment import ownership
from controller.environment.decision import Continue, Decision, Wait
from controller.environment.effects import Emit, EventType, Read, Target
from controller.environment.observation import REFUSED, UNASKED, Observation
from controller.environment.options import EnvironmentOptions

OTHER: Final = "OtherInstallation"
_TIMER: Final = "installation"
# Seconds between two looks at the Lease of the other installation, which is not watched.
_LOOK_AGAIN: Final = 300.0


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Leave the environment to the installation that it belongs to, unless that is ours or no longer runs."""
    other = _belongs_to(observation)
    if other in ("", options.own_namespace):
        return Continue()
    lease = Target(LEASES, LEASE_NAME, other)
    answer = observation.live(lease)
    if answer is UNASKED:
        return Wait(
            reason=OTHER,
            message=f"Looking for the installation in namespace {other}.",
            effects=(Read(lease),),
            timer=_TIMER,
            keeps_status=True,
        )
    if answer is not REFUSED and not _has_holder(answer):
        return Continue()
    message = (
        f"The environment belongs to the installation of the controller in namespace {other}, so the one in "
        f"{options.own_namespace} leaves it alone. Run only one installation in a cluster. If the other one is "
        f"gone for good, delete Lease {LEASE_NAME} in namespace {other}."
    )
    event = () if _TIMER in observation.ages else (Emit(EventType.WARNING, OTHER, "Reconcile", message),)
    return Wait(
        reason=OTHER,
        message=message,
        effects=event,
        recheck_after=_LOOK_AGAIN,
        timer=_TIMER,
        keeps_status=True,
    )


def _belongs_to(observation: Observation) -> str:
    namespace = observation.namespace
    if namespace is None or not ownership.is_labelled(observation, namespace):
        return ""
    other = objects.annotations(namespace).get(INSTALLATION_ANNOTATION, "")
    # Any other text cannot be the namespace of a Lease.
    return other if names.is_dns_label(other) else ""


def _has_holder(lease: Object | None) -> bool:
    return bool(objects.mapping((lease or {}).get("spec")).get("holderIdentity"))
