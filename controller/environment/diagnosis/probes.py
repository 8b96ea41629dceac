"""What a kubelet says about the probes of a container.

The output of a command is left out: it is the program's own text, as a log is, and it can hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment import core_events
from controller.environment.diagnosis import wording

_UNHEALTHY: Final = "Unhealthy"
_FAILED: Final = re.compile(r"^(Startup|Readiness|Liveness) probe (?:failed|errored)[^:]*: ?(.*)$", re.DOTALL)
# How a container ends that was asked to: by itself, by SIGKILL or by SIGTERM.
_AFTER_KILL: Final = (0, 137, 143)
_FIELDS: Final = {"Startup": "startupProbe", "Readiness": "readinessProbe", "Liveness": "livenessProbe"}
_BY_NETWORK: Final = ("httpGet", "tcpSocket", "grpc")


def killed(spec: Mapping[str, Any], events: Sequence[Object], code: int) -> str:
    """Return which probe made the kubelet end a container that ended with exit code `code`, or ""."""
    if code not in _AFTER_KILL:
        return ""
    return next((said for probe in ("Startup", "Liveness") if (said := _said(probe, spec, events))), "")


def failing(spec: Mapping[str, Any], events: Sequence[Object], *, is_started: bool) -> str:
    """Return which probe keeps a running container from being ready, or "" if it has none."""
    order = ("Readiness", "Liveness") if is_started else ("Startup", "Liveness", "Readiness")
    if found := next((said for probe in order if (said := _said(probe, spec, events))), ""):
        return found
    probe = order[0]
    return f"its {probe.lower()} probe does not succeed" if spec.get(_FIELDS[probe]) else ""


def _said(probe: str, spec: Mapping[str, Any], events: Sequence[Object]) -> str:
    """Return the words about a probe; of several the first in alphabetical order, which is always the same one."""
    found = (_FAILED.match(wording.said(event)) for event in events if _is_unhealthy(event))
    said = sorted(match[2].strip() for match in found if match and match[1] == probe)
    if not said:
        return ""
    definition = objects.mapping(spec.get(_FIELDS[probe]))
    fails = f"its {probe.lower()} probe fails"
    if "exec" in definition:
        return f"{fails}: its command fails"
    return f"{fails}: {said[0]}" if said[0] and any(kind in definition for kind in _BY_NETWORK) else fails


def _is_unhealthy(event: Object) -> bool:
    return core_events.reason(event) == _UNHEALTHY
