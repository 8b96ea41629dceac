"""Several controllers as programs, with the manifests' account and a token each, by which the audit log knows them."""

from __future__ import annotations

import base64
import json
import re
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from controller.app.options import Options
from hack.faultproxy.proxy import FaultProxy
from hack.localcluster.audit import AuditEntry
from hack.serviceaccounts import write_kubeconfig
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ControllerProcess
from tests.integration.support.ports import free_address

NAMESPACE = Options().namespace
# In seconds. Long, so that no replica loses its lease because the machine is busy.
LEASE_DURATION = 4.0
ELECTION = {
    "leader_elect": True,
    "lease_duration": LEASE_DURATION,
    "lease_renew_deadline": 3.0,
    "lease_retry_period": 0.3,
}

_LEADS = re.compile(r"^leader_election_master_status\{.*\} ([01])\.0$", re.MULTILINE)
_QUEUED = re.compile(r"^workqueue_depth\{.*\} (\d+)\.0$", re.MULTILINE)


class Replica:
    """One of them.

    Attributes:
        credential: its token, as the audit log calls it.
        proxy: between it and the API server.
        process: the program.
    """

    def __init__(
        self, *, credential: str, proxy: FaultProxy, kubeconfig: Path, log: Path, number: int, **options: Any
    ) -> None:
        self.credential = credential
        self.proxy = proxy
        self._address = free_address()
        self.process = ControllerProcess(kubeconfig, log, **{**ELECTION, "metrics_address": self._address, **options})

    def leads(self) -> bool:
        """Whether its metrics say that it is the leader."""
        (found,) = _LEADS.findall(self._metrics())
        return bool(found == "1")

    def queued(self) -> int:
        """How many keys its metrics say are in its queues."""
        found = _QUEUED.findall(self._metrics())
        assert found, "workqueue_depth is not served"
        return sum(map(int, found))

    def _metrics(self) -> str:
        with urllib.request.urlopen(f"http://{self._address}/metrics", timeout=10) as answer:
            return str(answer.read().decode())


def token_of_its_own(cluster: Cluster, name: str, folder: Path) -> tuple[str, Path]:
    """Another token of the manifests' account: its name in the audit log, and a kubeconfig with it."""
    path = write_kubeconfig(
        folder / name, admin=cluster.kubeconfig, namespace=NAMESPACE, name=Options().environment.service_account
    )
    claims = yaml.safe_load(path.read_text())["users"][0]["user"]["token"].split(".")[1]
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return f"JTI={decoded['jti']}", path


def leader(entries: Iterable[AuditEntry]) -> str:
    """The credential that holds the lease after these requests; "" when it is free."""
    holder = ""
    for entry in entries:
        if is_turn(entry):
            holder = entry.credential if entry.body["spec"]["holderIdentity"] else ""
    return holder


def is_turn(entry: AuditEntry) -> bool:
    """Whether it took, renewed or released the lease."""
    return entry.resource == "leases" and entry.is_write and entry.code < 300


def out_of_turn(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """The writes, refused ones too, of controllers that did not hold the lease when they arrived.

    Events are left out: they change nothing that anybody decides by.
    """
    found = []
    holder = ""
    for entry in entries:
        if is_turn(entry):
            holder = entry.credential if entry.body["spec"]["holderIdentity"] else ""
        elif entry.is_write and entry.resource not in ("events", "leases") and entry.credential != holder:
            found.append(entry)
    return found
