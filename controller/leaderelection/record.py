"""The content of a Lease, and the Leases that acquire, renew and release it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controller.apimachinery.objects import Object
from controller.apimachinery.resources import LEASES


def spec_of(lease: Object) -> Mapping[str, Any]:
    """`spec`, or an empty mapping."""
    return lease.get("spec") or {}


def holder_of(lease: Object) -> str:
    """Who holds it; "" when nobody does."""
    return str(spec_of(lease).get("holderIdentity") or "")


def duration_of(lease: Object) -> float:
    """For how many seconds its holder claims it."""
    return float(spec_of(lease).get("leaseDurationSeconds") or 0)


def new(*, namespace: str, name: str, identity: str, duration: float, now: datetime) -> dict[str, Any]:
    """The first Lease of that name."""
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
    """`lease`, renewed by its holder or taken over: only a take-over counts as a transition and begins anew."""
    spec = dict(spec_of(lease))
    if holder_of(lease) != identity:
        spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + 1
        spec["acquireTime"] = micro_time(now)
    spec |= {"holderIdentity": identity, "leaseDurationSeconds": math.ceil(duration), "renewTime": micro_time(now)}
    return {**lease, "spec": spec}


def released(lease: Object, *, now: datetime) -> dict[str, Any]:
    """`lease` held by nobody: whoever looks next may take it at once."""
    spec = dict(spec_of(lease))
    spec |= {
        "holderIdentity": "",
        "leaseDurationSeconds": 1,
        "acquireTime": micro_time(now),
        "renewTime": micro_time(now),
    }
    return {**lease, "spec": spec}


def micro_time(moment: datetime) -> str:
    """As the API writes times of Leases: six decimals, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
