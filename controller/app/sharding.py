"""Shards: several sets of replicas in one installation, each with its own part of the EnvironmentProvisioners.

Each shard elects its own leader. The name of its Lease depends on its selector alone, so replicas share a Lease exactly
if they have the same selector. The main shard has the same Lease as an installation without shards. So a rolling update
from the one to the other never has two leaders, and other installations still see in that Lease that this one runs.
"""

from __future__ import annotations

from typing import Final

from controller.api.environment import LEASE_NAME, SHARD_LABEL
from controller.apimachinery import names, selectors

# Selects the environments that are in no other shard.
MAIN: Final = f"!{SHARD_LABEL}"


def is_main(selector: str) -> bool:
    """Whether this shard also does the work of the whole installation: it writes the status of the TronadorConfig."""
    return selectors.canonical(selector) in ("", MAIN)


def lease_name(selector: str) -> str:
    """Return the Lease of the shard with this selector: `tronador-controller-a` for `tronador.stakater.com/shard=a`.

    For a selector of another form the name ends in a hash. Raises ValueError if `selector` is not a label selector.
    """
    if is_main(selector):
        return LEASE_NAME
    text = selectors.canonical(selector)
    value = text.removeprefix(f"{SHARD_LABEL}=")
    if value != text and names.is_label_value(value):
        return f"{LEASE_NAME}-{names.conform(value)}"
    # The space makes `conform` append a hash. So no value of the shard label leads to the same name.
    return f"{LEASE_NAME}-{names.conform(f'selector {text}')}"
