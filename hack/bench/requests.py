"""Counts requests: in the API server's audit log, which names the client, or by its own counters, which do not."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

# A verb as RBAC calls it, a space, and `resource` or `resource/subresource`.
Counts = Counter[str]

_WRITES = ("create", "update", "patch", "delete", "deletecollection")
# A lease is renewed by the clock, whatever the number of environments.
_LEASES = ("leases",)
_EVENTS = ("events",)
_VERBS = {"POST": "create", "PUT": "update", "APPLY": "patch"}
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class RequestSource(Protocol):
    """Where the counts come from.

    Attributes:
        words: says in the report what was counted.
    """

    words: str

    def counts(self, user_agent: str) -> Counts:
        """Return all requests so far of clients whose user agent begins like this."""
        ...


class AuditFile:
    """The requests in an audit log: that of the local cluster, or one that kube-apiserver writes as JSON lines.

    kube-apiserver begins another file at 100 MB. So the file stays open here, and is read to its end before the next.
    """

    words = "requests of this client, from the audit log"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._by_agent: dict[str, Counts] = defaultdict(Counter)

    def counts(self, user_agent: str) -> Counts:
        """See `RequestSource`. Raises OSError if the file cannot be read."""
        if self._file is None:
            self._file = self._path.open("rb")
        while not os.path.samestat(os.fstat(self._file.fileno()), self._path.stat()):
            self._read(self._file)
            self._file.close()
            self._file = self._path.open("rb")
        self._read(self._file)
        return total(counts for agent, counts in self._by_agent.items() if agent.startswith(user_agent))

    def _read(self, file: BinaryIO) -> None:
        while (line := file.readline()).endswith(b"\n"):
            if found := audited(json.loads(line)):
                self._by_agent[found[0]][found[1]] += 1
        # The rest of this line is not written yet.
        file.seek(-len(line), os.SEEK_CUR)


class ServerCounters:
    """The API server's own counters. They contain the requests of every client."""

    words = "requests of all clients, from the counters of the API server"

    def __init__(self, read: Callable[[], str]) -> None:
        """`read` returns the text of the server's /metrics."""
        self._read = read

    def counts(self, user_agent: str) -> Counts:
        """See `RequestSource`. The server does not count by user agent."""
        return counters(self._read())


def audited(entry: dict[str, Any]) -> tuple[str, str] | None:
    """Return user agent and request of an audit entry, or None if it does not end a request for a resource.

    A watch counts when it begins, since it may end after the measurement.
    """
    what = entry.get("objectRef", entry)
    if not what.get("resource"):
        return None
    expected = "ResponseStarted" if entry["verb"] == "watch" else "ResponseComplete"
    if entry.get("stage", expected) != expected:
        return None
    agent = entry.get("userAgent") or entry.get("user_agent") or ""
    return str(agent), _words(entry["verb"], what["resource"], what.get("subresource"))


def counters(text: str) -> Counts:
    """Return the requests that the text of a kube-apiserver's /metrics counts."""
    counts: Counts = Counter()
    for line in text.splitlines():
        if line.startswith("apiserver_request_total{"):
            labels = dict(_LABEL.findall(line))
            if labels.get("resource"):
                verb = _VERBS.get(labels["verb"], labels["verb"].lower())
                counts[_words(verb, labels["resource"], labels.get("subresource"))] += int(float(line.split()[-1]))
    return counts


def total(parts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    result: Counts = Counter()
    for part in parts:
        result.update(part)
    return result


def difference(after: Counts, before: Counts) -> Counts:
    """Return what was added."""
    return Counter({request: number for request in after if (number := after[request] - before[request])})


def writes(counts: Counts) -> int:
    """Return the number of writes of objects and status, refused ones included; Events and leases do not count."""
    return sum(
        number for request, number in counts.items() if _verb(request) in _WRITES and not _is(request, _EVENTS, _LEASES)
    )


def events(counts: Counts) -> int:
    """Return the number of writes of Events."""
    return sum(number for request, number in counts.items() if _verb(request) in _WRITES and _is(request, _EVENTS))


def all_requests(counts: Counts) -> int:
    """Return the number of all requests except those for leases."""
    return sum(number for request, number in counts.items() if not _is(request, _LEASES))


def _words(verb: str, resource: str, subresource: str | None) -> str:
    return f"{verb} {resource}/{subresource}" if subresource else f"{verb} {resource}"


def _verb(request: str) -> str:
    return request.partition(" ")[0]


def _is(request: str, *resources: tuple[str, ...]) -> bool:
    return request.partition(" ")[2] in {one for group in resources for one in group}
