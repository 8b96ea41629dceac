"""Several sets of replicas in one installation, each of which sees a part of the EnvironmentProvisioners: its shard.

Each shard elects a leader of its own, so the name of its Lease depends on its selector alone: replicas with the same
selector share a Lease, and replicas with different ones never do. The main shard keeps the Lease that an installation
without shards has. So a rolling update from the one to the other never has two leaders, and another installation still
sees in that Lease that this one runs.
"""

from __future__ import annotations

from typing import Final

from controller.api.environment import LEASE_NAME, SHARD_LABEL
from controller.apimachinery import names, selectors

# What belongs to no other shard.
MAIN: Final = f"!{SHARD_LABEL}"


def is_main(selector: str) -> bool:
    """Whether this shard also does what an installation does once: it writes the status of the TronadorConfig."""
    return selectors.canonical(selector) in ("", MAIN)


def lease_name(selector: str) -> str:
    """The Lease of the shard with this selector: `tronador-controller-a` for `tronador.stakater.com/shard=a`.

    A selector of another form gets a name that ends in its hash. ValueError: it is not a selector.
    """
    if is_main(selector):
        return LEASE_NAME
    text = selectors.canonical(selector)
    value = text.removeprefix(f"{SHARD_LABEL}=")
    if value != text and names.is_label_value(value):
        return f"{LEASE_NAME}-{names.conform(value)}"
    # The space makes `conform` append a hash, so that no value of our label leads to the name of such a selector.
    return f"{LEASE_NAME}-{names.conform(f'selector {text}')}"
