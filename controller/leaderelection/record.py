"""Reads the content of a Lease, and builds the Leases that acquire, renew and release it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controller.apimachinery.objects import Object
from controller.apimachinery.resources import LEASES


def spec_of(lease: Object) -> Mapping[str, Any]:
    """Return `spec`, or an empty mapping."""
    return lease.get("spec") or {}


def holder_of(lease: Object) -> str:
    """Return the identity of the holder, or "" if the lease is free."""
    return str(spec_of(lease).get("holderIdentity") or "")


def duration_of(lease: Object) -> float:
    """Return the seconds for which the holder claims the lease after each renewal."""
    return float(spec_of(lease).get("leaseDurationSeconds") or 0)


def new(*, namespace: str, name: str, identity: str, duration: float, now: datetime) -> dict[str, Any]:
    """Return the Lease to create when none exists yet."""
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "holderIdentity": identity,
            "leaseDurationSeconds": math.ceil(duration),
            "acquireTime": micro_time(now),
            "renewTime": micro_time(now),
            "leaseTransitions": 0,
        },
    }


def claimed(lease: Object, *, identity: str, duration: float, now: datetime) -> dict[str, Any]:
    """Return `lease` as renewed or taken over by `identity`. Only a takeover counts as a transition."""
    spec = dict(spec_of(lease))
    if holder_of(lease) != identity:
        spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + 1
        spec["acquireTime"] = micro_time(now)
    spec |= {"holderIdentity": identity, "leaseDurationSeconds": math.ceil(duration), "renewTime": micro_time(now)}
    return {**lease, "spec": spec}


def released(lease: Object, *, now: datetime) -> dict[str, Any]:
    """Return `lease` without a holder, so that any process may take it at once."""
    spec = dict(spec_of(lease))
    spec |= {
        "holderIdentity": "",
        "leaseDurationSeconds": 1,
        "acquireTime": micro_time(now),
        "renewTime": micro_time(now),
    }
    return {**lease, "spec": spec}


def micro_time(moment: datetime) -> str:
    """Return `moment` in the format of times in Leases: UTC with six decimals."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
