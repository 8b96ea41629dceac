"""What the controller did, by the audit log: each effect exactly once in each life, and in order, whatever went wrong.

Only what the API server accepted counts: a repetition that it refused has done nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from hack.localcluster.audit import AuditEntry
from tests.integration.support.requests import Requests

LIFE = ("hold", "create namespace", "create release")
DEATH = ("delete release", "delete namespace", "let go")

_ACTS = {
    ("create", "namespaces"): "create namespace",
    ("create", "helmreleases"): "create release",
    ("delete", "helmreleases"): "delete release",
    ("delete", "namespaces"): "delete namespace",
}


def accepted(entry: AuditEntry) -> bool:
    """Whether the server did what was asked."""
    return 200 <= entry.code < 300


def check(requests: Requests, *, lives: Mapping[str, int], living: Mapping[str, str]) -> None:
    """Check that each environment's writes are complete lives, one after another; only the last may be unfinished.

    Args:
        lives: how often each environment was created.
        living: those that live now.
    """
    writes = [entry for entry in requests.writes() if accepted(entry)]
    foreign = [entry for entry in writes if environment_of(entry) not in lives]
    assert not foreign, f"written outside of the environments: {foreign[:3]}"
    acts = acts_of(writes)
    for name, count in lives.items():
        expected = [*(LIFE + DEATH) * (count - 1), *LIFE, *(() if name in living else DEATH)]
        assert acts[name] == expected, f"{name} lived {count} times, and this was done: {acts[name]}"


def acts_of(writes: list[AuditEntry]) -> dict[str, list[str]]:
    """The acts that must happen once in a life and in order, by environment."""
    acts: dict[str, list[str]] = defaultdict(list)
    for entry in writes:
        if act := act_of(entry):
            acts[environment_of(entry)].append(act)
    return acts


def act_of(entry: AuditEntry) -> str:
    """Its name, or "" for a write that may happen any number of times."""
    if entry.resource == "environmentprovisioners" and not entry.subresource and entry.verb == "patch":
        return "hold" if entry.body["metadata"]["finalizers"] else "let go"
    return _ACTS.get((entry.verb, entry.resource), "")


def environment_of(entry: AuditEntry) -> str:
    """The environment that a write is about: everything that is ours bears its name, or lies in what does."""
    return entry.namespace or entry.name or str(entry.body["metadata"]["name"])
