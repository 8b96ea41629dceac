"""Takes what the watches deliver, puts it in order, asks the rules, and writes down what was seen."""

from __future__ import annotations

import threading
from queue import Empty
from typing import Any

from controller.apimachinery import objects
from hack.soak import marks, rules
from hack.soak.bed import Bed
from hack.soak.history import DELETED, History, Seen

_LOOK_SECONDS = 0.5


class Witness:
    """Works in a thread of its own until stopped.

    Attributes:
        violations: the rules that were broken so far.
    """

    def __init__(self, bed: Bed) -> None:
        self.violations: list[rules.Violation] = []
        self._bed = bed
        self._history = History(rules.KINDS)
        self._stopped = threading.Event()
        self._thread = threading.Thread(name="soak-witness", target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after everything that has arrived is judged."""
        self._stopped.set()
        self._thread.join()

    def violate(self, violation: rules.Violation) -> None:
        """Note a broken rule that was found elsewhere."""
        self.violations.append(violation)
        self._bed.journal.write("a rule is broken", violation.environment, rule=violation.rule, text=violation.text)

    def _run(self) -> None:
        while True:
            try:
                change = self._bed.changes.get(timeout=_LOOK_SECONDS)
            except Empty:
                if self._stopped.is_set():
                    return
                continue
            name, *arguments = change
            getattr(self._history, name)(*arguments)
            for seen in self._history.ready():
                self._take(seen)

    def _take(self, seen: Seen) -> None:
        self._show(seen)
        for violation in self._bed.rules.see(seen):
            self.violate(violation)
        current = {rules.ENVIRONMENT: self._bed.environments, rules.NAMESPACE: self._bed.namespaces}.get(seen.kind)
        if current is not None:
            # A new dict each time would cost more; the readers copy what they need.
            if seen.type == DELETED:
                current.pop(objects.name(seen.obj), None)
            else:
                current[objects.name(seen.obj)] = seen.obj

    def _show(self, seen: Seen) -> None:
        environment = objects.name(seen.obj) if seen.kind in _OF_CLUSTER else objects.namespace(seen.obj)
        details: dict[str, Any] = {"version": seen.version} | ({"vague": True} if seen.vague else {})
        status = objects.mapping(seen.obj.get("status"))
        if seen.kind == rules.ENVIRONMENT:
            details |= {"generation": objects.generation(seen.obj), "status": status.get("applicationStatus")}
            details |= {"observed": status.get("observedGeneration"), "deleting": objects.is_deleting(seen.obj)}
            details["phase"] = status.get("currentPhase")
        elif seen.kind == rules.RELEASE:
            details |= {"name": objects.name(seen.obj), "tag": marks.tag(seen.obj.get("spec"))}
            details |= {"status": status.get("phase"), "observed": status.get("observedGeneration")}
        elif seen.kind == rules.NAMESPACE:
            details |= {"deleting": objects.is_deleting(seen.obj), "ours": marks.is_ours(seen.obj)}
        else:
            details["name"] = objects.name(seen.obj)
        self._bed.journal.write(f"seen: {seen.kind} {seen.type.lower()}", environment, **details)


_OF_CLUSTER = (rules.ENVIRONMENT, rules.NAMESPACE)
