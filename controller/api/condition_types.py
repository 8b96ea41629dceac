"""Every type of condition, with what its status means: docs/reference.md is generated from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ConditionType:
    """One type of condition: the kind that has it, and what its status means."""

    name: str
    kind: str
    meaning: str


_EP: Final = "EnvironmentProvisioner"
_CONFIG: Final = "TronadorConfig"

CONDITION_TYPES: Final = (
    ConditionType("Ready", _EP, "`True`: exactly what the spec asks for is deployed."),
    ConditionType("Admitted", _EP, "Present and `False` while a limit on the number of environments leaves no place."),
    ConditionType("NamespaceReady", _EP, "`True`: the namespace exists and has its labels."),
    ConditionType("ResourcesReady", _EP, "`True`: everything that the TronadorConfig shares is in the namespace."),
    ConditionType("ReleaseReady", _EP, "`True`: the release engine has deployed the release."),
    ConditionType("Reconciling", _EP, "Present while the controller, or something it waits for, is at work."),
    ConditionType("Stalled", _EP, "Present while nothing can happen before a person changes something."),
    ConditionType("TeardownBlocked", _EP, "Present while something holds up the teardown."),
    ConditionType("Contested", _EP, "Present while somebody else undoes what the controller writes."),
    ConditionType(
        "Expiring",
        _EP,
        "Present while the lifetime ends soon, or has ended with `--expire-mode=report` ([lifetime.md](lifetime.md)).",
    ),
    ConditionType("Expired", _EP, "Present while the environment has ended, because its lifetime is over."),
    ConditionType("Ready", _CONFIG, "`True`: everything in it can be given to environments."),
    ConditionType("Reconciling", _CONFIG, "Present while an error prevents a judgement."),
    ConditionType("Stalled", _CONFIG, "Present while a person has to correct the TronadorConfig."),
)
