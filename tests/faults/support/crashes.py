"""`kill -9` at one write of the controller."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from hack.localcluster.audit import AuditEntry
from tests.faults.support.laboratory import Laboratory
from tests.integration.support.requests import is_counted, summary


class Position(StrEnum):
    """Where in a write the process dies."""

    BEFORE = "before the server performs it"
    UNANSWERED = "before the answer"
    ANSWERED = "after the answer"


class Crash:
    """The process dies once, with the write of this number, counted from 1.

    It has had the answer when it makes its next request, or when it has no request left to make.

    Attributes:
        struck: whether it has happened.
    """

    def __init__(self, number: int, position: Position) -> None:
        self.struck = False
        self._number = number
        self._position = position
        self._received = 0
        self._performed = 0
        self._victim = ""

    def __str__(self) -> str:
        return f"killed at write {self._number}, {self._victim or 'which never came'}, {self._position}"

    def received(self, entry: AuditEntry, kill: Callable[[], None]) -> bool:
        if self.struck:
            return True
        if is_counted(entry):
            self._received += 1
            if self._received == self._number:
                self._victim = summary(entry)
        if self._position is Position.BEFORE:
            is_now = is_counted(entry) and self._received == self._number
        else:
            is_now = self._position is Position.ANSWERED and self._performed >= self._number
        if is_now:
            self._strike(kill)
        return not self.struck

    def performed(self, entry: AuditEntry, kill: Callable[[], None]) -> None:
        self._performed += is_counted(entry)
        if self._position is Position.UNANSWERED and self._performed == self._number and not self.struck:
            self._strike(kill)

    def begin(self, laboratory: Laboratory) -> None:
        """Its number is counted from here on."""

    def rest(self, laboratory: Laboratory) -> None:
        if self._position is Position.ANSWERED and self._performed >= self._number:
            self._strike(laboratory.kill)

    def mend(self, laboratory: Laboratory) -> None:
        laboratory.restart()

    def _strike(self, kill: Callable[[], None]) -> None:
        kill()
        self.struck = True
