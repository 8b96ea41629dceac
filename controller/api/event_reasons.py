"""Every reason of an Event about an EnvironmentProvisioner: docs/reference.md is generated from this table.

As in `reasons.py`, the texts are Markdown, and a test compares the table with the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class EventReason:
    """One reason of an Event: its type, what happened, and what to do ("" for nothing)."""

    name: str
    type: Literal["Normal", "Warning"]
    meaning: str
    remedy: str = ""


_OF_CONTESTED: Final = "See [the condition `Contested`](#others-undo-what-the-controller-writes)."

EVENT_REASONS: Final = (
    EventReason("NamespaceAdopted", "Normal", "An existing namespace was taken over, as its annotation allows."),
    EventReason("ReleaseCreated", "Normal", "The HelmRelease was created, in the namespace that the note names."),
    EventReason(
        "ReleaseUpdated",
        "Normal",
        "The HelmRelease of a deployed environment was changed, although the spec did not change: somebody else had "
        "changed it, or the options or the version of the controller changed.",
    ),
    EventReason(
        "FieldsIgnored",
        "Normal",
        "The release has fields for which this release engine has nothing.",
        "Remove the fields, or read [flux.md](flux.md#how-the-ep-is-translated).",
    ),
    EventReason(
        "Deployed",
        "Normal",
        "What the spec asks for is deployed. Each change of the spec ends with this Event or with `ReleaseFailed`.",
    ),
    EventReason(
        "ReleaseFailed",
        "Warning",
        "The release failed. The note repeats what the release engine reports, and the first [problem](#problems).",
        "Correct the chart or its values.",
    ),
    EventReason(
        "ProblemFound",
        "Warning",
        "The controller found out why the release is not ready. The note is the first [problem](#problems).",
        "See the reason of the problem.",
    ),
    EventReason(
        "DiagnosisForbidden",
        "Warning",
        "The controller may not read the Pods or Events of the environment, so its status does not say why the release"
        " is not ready. Nothing else depends on them.",
        "Label a ClusterRole as the note says.",
    ),
    EventReason(
        "Stalled",
        "Warning",
        "Nothing can happen before a person changes something. The note begins with the reason.",
        "See that reason.",
    ),
    EventReason(
        "ResourcesNotApplied",
        "Warning",
        "Something that the TronadorConfig shares cannot be applied. The note begins with the reason.",
        "See that reason.",
    ),
    EventReason(
        "ResourceReplaced",
        "Normal",
        "A shared object was deleted and created again, because a field that cannot be changed had changed.",
    ),
    EventReason(
        "URLsNotRead",
        "Normal",
        "The controller may not read a kind of object that leads to URLs, so its URLs are missing in the status.",
        "Label a ClusterRole, as the note says, or use `manifests/gateway-api`"
        " ([preview-url.md](preview-url.md#rights)).",
    ),
    EventReason("Suspended", "Normal", "Nothing is changed while spec.suspend is true."),
    EventReason("Resumed", "Normal", "The environment is reconciled again."),
    EventReason(
        "OtherInstallation",
        "Warning",
        "The environment belongs to another installation of the controller, so this one leaves it alone.",
        "Run one installation for each cluster ([operations.md](operations.md#two-installations)).",
    ),
    EventReason(
        "NamespaceTerminating",
        "Warning",
        "An earlier namespace of this name is not deleted.",
        "See [an object is never deleted](troubleshooting.md#an-object-is-never-deleted).",
    ),
    EventReason(
        "ReleaseTerminating",
        "Warning",
        "An earlier HelmRelease of this name is not deleted.",
        "See [an object is never deleted](troubleshooting.md#an-object-is-never-deleted).",
    ),
    EventReason("FieldReverted", "Warning", "Somebody undoes the same correction again and again.", _OF_CONTESTED),
    EventReason(
        "FieldOverwritten", "Warning", "The API server stores another value than the one written.", _OF_CONTESTED
    ),
    EventReason(
        "FieldDropped", "Warning", "The API server stores the object without the field that was written.", _OF_CONTESTED
    ),
    EventReason("ObjectDeleted", "Warning", "Somebody deletes the object each time it is created.", _OF_CONTESTED),
    EventReason(
        "ObjectRecreated", "Warning", "Somebody creates the object again each time it is deleted.", _OF_CONTESTED
    ),
    EventReason(
        "Expiring",
        "Warning",
        "The lifetime of the environment ends at the time in the note ([lifetime.md](lifetime.md)).",
        "Push, or annotate the EP with `tronador.stakater.com/keep`, if the environment is still needed.",
    ),
    EventReason("Expired", "Normal", "The lifetime is over, so the release and the namespace are removed."),
    EventReason("Revived", "Normal", "Somebody uses the expired environment again, so it is created again."),
    EventReason("TeardownStarted", "Normal", "The EP was deleted, and the teardown has begun."),
    EventReason(
        "TeardownBlocked",
        "Warning",
        "Something holds up the teardown. The note names it.",
        "See [an object is never deleted](troubleshooting.md#an-object-is-never-deleted).",
    ),
    EventReason(
        "UninstallTimedOut",
        "Warning",
        "The uninstall took longer than `--teardown-timeout`, so the teardown continued without it.",
        "Remove what the chart created outside its namespace.",
    ),
    EventReason("TeardownFinished", "Normal", "The release and the namespace are gone."),
)
