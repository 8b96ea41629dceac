"""What shall go wrong: the next requests that match get another answer, a late one, or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from hack.standins.scm.exchange import Answer, Request

FOR_EVER: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault.

    Attributes:
        method, path: globs of the requests that it concerns; `path` is compared without the query.
        times: how many requests; FOR_EVER: all.
        delay: seconds before anything else happens.
        carry_out: True lets the request do its work first, so that only its answer is lost.
        answer: given instead of the real one; None: the connection is closed without an answer, unless `delay` is all.
        only_late: after the delay the request is answered as usual.
    """

    method: str = "*"
    path: str = "*"
    times: int = 1
    delay: float = 0.0
    carry_out: bool = False
    answer: Answer | None = None
    only_late: bool = False

    def concerns(self, request: Request) -> bool:
        """Whether the request is one of its requests."""
        return fnmatchcase(request.method, self.method) and fnmatchcase(request.path, self.path)


@dataclass(slots=True)
class Faults:
    """The faults that are set; the first that matches counts. The caller holds the lock of the forge."""

    _left: list[tuple[Fault, int]] = field(default_factory=list)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Set other faults; none heals everything."""
        self._left = [(fault, fault.times) for fault in faults]

    def take(self, request: Request) -> Fault | None:
        """Return the fault of a request, and count it."""
        for index, (fault, left) in enumerate(self._left):
            if left != 0 and fault.concerns(request):
                self._left[index] = (fault, left if left == FOR_EVER else left - 1)
                return fault
        return None


def from_json(data: Mapping[str, Any]) -> Fault:
    """Return a fault as the control API takes it. Raises ValueError for unknown fields."""
    data = dict(data)
    status, headers, body = data.pop("status", None), data.pop("headers", {}), data.pop("body", None)
    unknown = sorted(set(data) - {"method", "path", "times", "delay", "carry_out", "only_late"})
    if unknown:
        raise ValueError(f"unknown fields of a fault: {', '.join(unknown)}")
    answer = None if status is None else Answer(status=status, headers=headers, body=body)
    return Fault(**data, answer=answer)
