"""What a kubelet reports about a Pod that runs, has run, or fails as its play says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from controller.apimachinery import objects
from controller.apimachinery.conditions import FALSE, TRUE, find
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import to_time

# The annotation of a Pod that chooses its play.
PLAY: Final = "standins.tronador.stakater.com/pod"

IMAGE_PULL_ERROR: Final = "image-pull-error"
CRASH_LOOP: Final = "crash-loop"
NEVER_READY: Final = "never-ready"
OOM_KILLED: Final = "oom-killed"
INIT_CRASH: Final = "init-crash"
UNSCHEDULABLE: Final = "unschedulable"
MISSING_VOLUME: Final = "missing-volume"
PLAYS: Final = (IMAGE_PULL_ERROR, CRASH_LOOP, NEVER_READY, OOM_KILLED, INIT_CRASH, UNSCHEDULABLE, MISSING_VOLUME)

NO_NODE: Final = (
    "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 "
    "Insufficient cpu. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
)
NO_VOLUME: Final = 'MountVolume.SetUp failed for volume "config" : configmap "application-config" not found'

_PENDING: Final = "Pending"
_RUNNING: Final = "Running"
_ENDED: Final = ("Succeeded", "Failed")
_ALWAYS: Final = "Always"


class Warned(NamedTuple):
    """A Warning Event about a Pod; `path` is the field of its container, or ""."""

    reason: str
    message: str
    path: str = ""


def play_of(pod: Object) -> str:
    """Return how a Pod fails, or "" if it does not.

    Its annotation chooses a play. Without one, an image does whose tag, or whose last name without a tag, is a play:
    `registry.example.com/application:crash-loop`, `crash-loop:1.0`.
    """
    if play := objects.annotations(pod).get(PLAY):
        return play if play in PLAYS else ""
    for container in _containers(pod):
        name, _, tag = str(container.get("image") or "").rpartition("/")[2].partition(":")
        if found := next((play for play in (tag, name) if play in PLAYS), ""):
            return found
    return ""


def status(pod: Object, now: datetime) -> dict[str, Any] | None:
    """Return the status that a Pod should have, or None if it has it already, or has ended.

    A Pod that is not restarted runs to its end at once. Every other Pod is ready at once.
    """
    before = objects.mapping(pod.get("status"))
    if before.get("phase") in _ENDED or objects.is_deleting(pod):
        return None
    started = str(before.get("startTime") or to_time(now))
    play = play_of(pod)
    phase = _phase(pod, play)
    is_ready = phase == _RUNNING and not play
    wanted = {
        "phase": phase,
        "startTime": started,
        "conditions": _conditions(before.get("conditions") or (), phase, is_ready, play, now),
        "initContainerStatuses": [
            _init_status(each, play, started) for each in objects.mapping(pod.get("spec")).get("initContainers") or ()
        ],
        "containerStatuses": [_status(each, phase, play, started) for each in _containers(pod)],
    }
    if play == UNSCHEDULABLE:
        # No kubelet has seen it.
        wanted = {"phase": phase, "conditions": wanted["conditions"][:1]}
    return None if _says(before, wanted) else wanted


def warnings(pod: Object) -> list[Warned]:
    """Return the Warning Events that a scheduler and a kubelet write about a Pod."""
    play = play_of(pod)
    main = next(iter(_containers(pod)), {})
    name, image = main.get("name"), main.get("image")
    path = f"spec.containers{{{name}}}"
    match play:
        case "image-pull-error":
            cause = f'Failed to pull image "{image}": {image}: not found'
            return [Warned("Failed", cause, path), Warned("Failed", "Error: ErrImagePull", path)]
        case "crash-loop" | "oom-killed":
            return [Warned("BackOff", f"Back-off restarting failed container {name}", path)]
        case "init-crash":
            first: Mapping[str, Any] = next(iter(objects.mapping(pod.get("spec")).get("initContainers") or ()), {})
            said = f"Back-off restarting failed container {first.get('name')}"
            return [Warned("BackOff", said, f"spec.initContainers{{{first.get('name')}}}")]
        case "never-ready":
            return [Warned("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", path)]
        case "unschedulable":
            return [Warned("FailedScheduling", NO_NODE)]
        case "missing-volume":
            return [Warned("FailedMount", NO_VOLUME)]
    return []


def _says(value: Any, wanted: Any) -> bool:
    """Whether a value of the API contains everything wanted. The API server adds empty fields."""
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(_says(value.get(key), each) for key, each in wanted.items())
    if isinstance(wanted, list):
        items = value or []
        return len(items) == len(wanted) and all(map(_says, items, wanted))
    return bool(value == wanted)


def _containers(pod: Object) -> Iterable[Mapping[str, Any]]:
    return objects.mapping(pod.get("spec")).get("containers") or ()


def _phase(pod: Object, play: str) -> str:
    if play in (IMAGE_PULL_ERROR, INIT_CRASH, UNSCHEDULABLE, MISSING_VOLUME):
        return _PENDING
    policy = objects.mapping(pod.get("spec")).get("restartPolicy") or _ALWAYS
    if play in (CRASH_LOOP, OOM_KILLED):
        return "Failed" if policy == "Never" else _RUNNING
    return _RUNNING if play == NEVER_READY or policy == _ALWAYS else "Succeeded"


def _conditions(
    before: Iterable[Mapping[str, Any]], phase: str, is_ready: bool, play: str, now: datetime
) -> list[dict[str, Any]]:
    reason = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase, "ContainersNotReady")
    ready: dict[str, str] = {"status": TRUE} if is_ready else {"status": FALSE, "reason": reason}
    no_node = {"status": FALSE, "reason": "Unschedulable", "message": NO_NODE}
    wanted: list[dict[str, Any]] = [
        {"type": "PodScheduled", **(no_node if play == UNSCHEDULABLE else {"status": TRUE})},
        {"type": "Initialized", "status": TRUE},
        {"type": "ContainersReady", **ready},
        {"type": "Ready", **ready},
    ]
    for condition in wanted:
        found = find(before, condition["type"])
        unmoved = found is not None and found.get("status") == condition["status"]
        condition["lastTransitionTime"] = found["lastTransitionTime"] if found and unmoved else to_time(now)
    return wanted


def _status(container: Mapping[str, Any], phase: str, play: str, started: str) -> dict[str, Any]:
    image = container.get("image")
    match phase, play:
        case ("Succeeded", _):
            return _container(container, {"terminated": _terminated("Completed", 0, started)})
        case ("Failed", "oom-killed"):
            return _container(container, {"terminated": _terminated("OOMKilled", 137, started)})
        case ("Failed", _):
            return _container(container, {"terminated": _terminated("Error", 1, started)})
        case (_, "init-crash"):
            return _container(container, {"waiting": {"reason": "PodInitializing"}}, pulled=False)
        case (_, "missing-volume"):
            return _container(container, {"waiting": {"reason": "ContainerCreating"}}, pulled=False)
        case (_, "image-pull-error"):
            words = f'Back-off pulling image "{image}": ErrImagePull: {image}: not found'
            return _container(container, {"waiting": {"reason": "ImagePullBackOff", "message": words}}, pulled=False)
        case (_, "crash-loop"):
            return _crashed(container, _terminated("Error", 1, started))
        case (_, "oom-killed"):
            return _crashed(container, _terminated("OOMKilled", 137, started))
    running = {"running": {"startedAt": started}}
    return _container(container, running, is_ready=not play) | {"started": True}


def _init_status(container: Mapping[str, Any], play: str, started: str) -> dict[str, Any]:
    if play == INIT_CRASH:
        return _crashed(container, _terminated("Error", 1, started))
    return _container(container, {"terminated": _terminated("Completed", 0, started)}, is_ready=True)


def _crashed(container: Mapping[str, Any], ended: dict[str, Any]) -> dict[str, Any]:
    words = f"back-off 5m0s restarting failed container={container.get('name')}"
    crashed = _container(container, {"waiting": {"reason": "CrashLoopBackOff", "message": words}})
    return crashed | {"restartCount": 5, "lastState": {"terminated": ended}}


def _container(
    container: Mapping[str, Any], state: dict[str, Any], *, is_ready: bool = False, pulled: bool = True
) -> dict[str, Any]:
    image = str(container.get("image") or "")
    return {
        "name": container.get("name"),
        "image": image,
        "imageID": f"{image}@sha256:{'0' * 64}" if pulled else "",
        "ready": is_ready,
        "restartCount": 0,
        "state": state,
    }


def _terminated(reason: str, code: int, when: str) -> dict[str, Any]:
    return {"exitCode": code, "reason": reason, "startedAt": when, "finishedAt": when}
