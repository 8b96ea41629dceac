"""Why a container of a Pod does not run: what its status says, with the Events about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from controller.api.problems import ProblemReason
from controller.apimachinery import objects
from controller.apimachinery.objects import Object, mapping, text
from controller.apimachinery.timestamps import from_time
from controller.environment import core_events
from controller.environment.diagnosis import images, probes, wording

# A container that has run for so long after a crash is not in a loop: the longest pause of a kubelet between two
# attempts is longer, so a loop is seen in it.
_RECOVERED: Final = timedelta(seconds=60)
# Reasons of a waiting container that a runtime could not start.
_NOT_STARTED: Final = (
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
)
# Reasons of a terminated container whose message is the runtime's. Any other message is the program's own output.
_BY_RUNTIME: Final = ("StartError", "ContainerCannotRun")
_AS_ROOT: Final = ("runAsNonRoot", "run as root", "non-numeric user", "supplementalGroups")
_MEANINGS: Final[Mapping[int, str]] = {
    126: "its command cannot be executed",
    127: "its command was not found",
    134: "aborted",
    137: "killed",
    139: "segmentation fault",
    143: "terminated",
}


class Role(Enum):
    """What a container is for. A sidecar is an init container that keeps running."""

    MAIN = "Container"
    INIT = "Init container"
    SIDECAR = "Sidecar container"


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a Pod.

    Attributes:
        role: see there.
        spec, status: as in the Pod; the status is empty as long as no node has taken the Pod.
        events: the Warning Events about it.
        ends: whether its Pod is meant to end, as that of a Job.
    """

    role: Role
    spec: Mapping[str, Any]
    status: Mapping[str, Any]
    events: Sequence[Object]
    ends: bool

    @property
    def name(self) -> str:
        """Its name, which is unique in the Pod."""
        return text(self.spec.get("name"))

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.role.value} {self.name}"

    def state(self, name: str) -> Mapping[str, Any]:
        """Return the state `waiting`, `running` or `terminated`; empty if it is in another one."""
        return mapping(mapping(self.status.get("state")).get(name))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reason and a sentence about one container; see Finding."""

    reason: ProblemReason
    message: str
    is_vague: bool = False


def find(container: Container, now: datetime) -> Trouble | None:
    """Return why a container does not run, or None if nothing is wrong with it."""
    waiting = container.state("waiting")
    reason = text(waiting.get("reason"))
    if reason in images.REASONS:
        said = images.words((wording.said(waiting), *_notes(container, "Failed", "InspectFailed")))
        image = text(container.spec.get("image"))
        return Trouble(ProblemReason.IMAGE_PULL_FAILED, images.message(container.label, image, reason, said))
    if reason == "CreateContainerConfigError":
        said = wording.said(waiting) or next(iter(_notes(container, "Failed")), "")
        refused = any(word in said for word in _AS_ROOT)
        cause = ProblemReason.POD_SECURITY if refused else ProblemReason.VOLUME_PENDING
        return Trouble(cause, wording.sentence(f"{container.label} cannot be created", said.removeprefix("Error: ")))
    if reason in _NOT_STARTED:
        said = wording.said(waiting) or next(iter(_notes(container, "Failed")), "")
        return Trouble(_of_exit(container), _not_started(container, said))
    ended = _failed_end(container, now)
    if ended is not None:
        return _of_end(container, ended)
    if reason == "CrashLoopBackOff":
        return Trouble(_of_exit(container), wording.sentence(f"{container.label} ends again and again"))
    return _of_running(container, now)


def _failed_end(container: Container, now: datetime) -> Mapping[str, Any] | None:
    """Return the state in which the container ended wrongly, if it has not recovered."""
    terminated = container.state("terminated")
    last = mapping(mapping(container.status.get("lastState")).get("terminated"))
    if terminated:
        may_end = container.role is Role.INIT or container.ends
        return None if may_end and not objects.number(terminated.get("exitCode")) else terminated
    if not last:
        return None
    if started := from_time(container.state("running").get("startedAt")):
        has_recovered = now - started >= _RECOVERED
        return None if has_recovered or not objects.number(last.get("exitCode")) else last
    return last


def _of_end(container: Container, ended: Mapping[str, Any]) -> Trouble:
    reason, code = text(ended.get("reason")), objects.number(ended.get("exitCode"))
    if reason == "OOMKilled":
        limit = text(mapping(mapping(container.spec.get("resources")).get("limits")).get("memory"))
        why = f"its limit is {limit}" if limit else "it has no limit, so its node had no memory left"
        return Trouble(ProblemReason.OOM_KILLED, f"{container.label} used too much memory: {why}.")
    if reason in _BY_RUNTIME:
        return Trouble(_of_exit(container), _not_started(container, wording.said(ended)))
    if (killed := probes.killed(container.spec, container.events, code)) and container.role is not Role.INIT:
        return Trouble(ProblemReason.PROBE_FAILED, wording.sentence(f"{container.label} is restarted", killed))
    if not code and not container.ends:
        return Trouble(_of_exit(container), f"{container.label} exits with code 0, but it has to keep running.")
    meaning = f" ({_MEANINGS[code]})" if code in _MEANINGS else ""
    return Trouble(_of_exit(container), f"{container.label} exits with code {code}{meaning}.")


def _of_exit(container: Container) -> ProblemReason:
    if container.ends:
        return ProblemReason.HOOK_FAILED
    return ProblemReason.INIT_FAILED if container.role is Role.INIT else ProblemReason.CRASH_LOOP


def _not_started(container: Container, said: str) -> str:
    return wording.sentence(f"{container.label} cannot be started", said.removeprefix("Error: "))


def _of_running(container: Container, now: datetime) -> Trouble | None:
    running = container.state("running")
    if not running:
        return None
    if container.role is Role.INIT:
        started = from_time(running.get("startedAt"))
        if started is None or now - started < _RECOVERED:
            return None
        message = f"{container.label} still runs, and the other containers wait for its end."
        return Trouble(ProblemReason.INIT_FAILED, message, is_vague=True)
    is_started = container.status.get("started") is not False
    if container.ends or (container.status.get("ready") is True and is_started):
        return None
    failing = probes.failing(container.spec, container.events, is_started=is_started)
    return Trouble(ProblemReason.PROBE_FAILED, wording.sentence(container.label, failing)) if failing else None


def _notes(container: Container, *reasons: str) -> list[str]:
    return [wording.said(event) for event in container.events if core_events.reason(event) in reasons]
