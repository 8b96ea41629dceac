"""Counting requests in audit logs and in the counters of an API server."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hack.bench import requests
from hack.bench.requests import AuditFile, ServerCounters

# Lines of kube-apiserver 1.36, without the fields that are not read.
METRICS = """\
# HELP apiserver_request_total [STABLE] Counter of apiserver requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="namespaces",scope="resource",\
subresource="",verb="POST",version="v1"} 12
apiserver_request_total{code="409",component="apiserver",dry_run="",group="",resource="namespaces",scope="resource",\
subresource="",verb="POST",version="v1"} 3
apiserver_request_total{code="200",component="apiserver",dry_run="",group="helm.fluxcd.io",resource="helmreleases",\
scope="resource",subresource="status",verb="APPLY",version="v1"} 1
apiserver_request_total{code="200",component="",dry_run="",group="",resource="",scope="",subresource="/readyz",\
verb="GET",version=""} 40
"""


def real(agent: str = "tronador/0.1.0", verb: str = "create", stage: str = "ResponseComplete") -> dict[str, Any]:
    """A line of kube-apiserver's audit log."""
    what = {"resource": "environmentprovisioners", "subresource": "status", "apiVersion": "v1alpha1"}
    return {"kind": "Event", "stage": stage, "verb": verb, "userAgent": agent, "objectRef": what}


def local(agent: str = "tronador/0.1.0", verb: str = "create", resource: str = "namespaces") -> dict[str, Any]:
    """A line of the local cluster's audit log."""
    return {"verb": verb, "user_agent": agent, "resource": resource, "subresource": "", "code": 201}


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (real(), "create environmentprovisioners/status"),
        (real(stage="RequestReceived"), None),
        (real(verb="watch", stage="ResponseStarted"), "watch environmentprovisioners/status"),
        (real(verb="watch"), None),
        ({**real(), "objectRef": {}}, None),
        (local(), "create namespaces"),
        (local(resource=""), None),
    ],
)
def test_an_audit_entry_counts_once_and_only_for_a_resource(entry: dict[str, Any], found: str | None) -> None:
    assert requests.audited(entry) == (found and ("tronador/0.1.0", found))


def test_an_audit_file_counts_per_client_and_reads_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    file.write_text("".join(json.dumps(entry) + "\n" for entry in (local(), local("engine-double"), real())))
    source = AuditFile(file)
    assert source.counts("tronador") == {"create namespaces": 1, "create environmentprovisioners/status": 1}
    unfinished = json.dumps(local())
    with file.open("a") as log:
        log.write(unfinished[:20])
    assert source.counts("tronador")["create namespaces"] == 1
    with file.open("a") as log:
        log.write(f"{unfinished[20:]}\n")
    assert source.counts("tronador")["create namespaces"] == 2
    assert source.counts("engine") == {"create namespaces": 1}


def test_an_audit_file_is_read_to_its_end_after_another_has_begun(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    line = json.dumps(local()) + "\n"
    file.write_text(line)
    source = AuditFile(file)
    assert source.counts("tronador") == {"create namespaces": 1}
    with file.open("a") as log:
        log.write(2 * line)
    file.rename(tmp_path / "audit-1.log")
    file.write_text(line)
    assert source.counts("tronador") == {"create namespaces": 4}


def test_the_servers_counters_are_added_up_over_codes_and_speak_of_verbs_as_rbac() -> None:
    assert ServerCounters(lambda: METRICS).counts("any") == {"create namespaces": 15, "patch helmreleases/status": 1}


def test_leases_are_left_out_and_events_are_not_writes() -> None:
    counts = Counter(
        {
            "create events": 3,
            "patch events": 1,
            "update leases": 9,
            "get leases": 2,
            "patch helmreleases": 4,
            "list x": 5,
        }
    )
    assert (requests.all_requests(counts), requests.writes(counts), requests.events(counts)) == (13, 4, 4)


def test_a_difference_has_only_what_was_added() -> None:
    after, before = Counter({"get x": 3, "get y": 1, "get z": 2}), Counter({"get x": 1, "get y": 1})
    assert requests.difference(after, before) == {"get x": 2, "get z": 2}
