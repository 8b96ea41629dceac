"""What a kubelet reports about a Pod that runs, has run, or fails as its play says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from controller.apimachinery import objects
from controller.apimachinery.conditions import FALSE, TRUE, find
from controller.apimachinery.objects import Object
from controller.apimachinery.timestamps import to_time

# The annotation of a Pod that chooses its play.
PLAY: Final = "standins.tronador.stakater.com/pod"

IMAGE_PULL_ERROR: Final = "image-pull-error"
CRASH_LOOP: Final = "crash-loop"
NEVER_READY: Final = "never-ready"
_PLAYS: Final = (IMAGE_PULL_ERROR, CRASH_LOOP, NEVER_READY)

_PENDING: Final = "Pending"
_RUNNING: Final = "Running"
_ENDED: Final = ("Succeeded", "Failed")
_ALWAYS: Final = "Always"


def play_of(pod: Object) -> str:
    """Return how a Pod fails, or "" if it does not.

    Its annotation chooses a play. Without one, an image does whose tag, or whose last name without a tag, is a play:
    `registry.example.com/application:crash-loop`, `crash-loop:1.0`.
    """
    if play := objects.annotations(pod).get(PLAY):
        return play if play in _PLAYS else ""
    for container in _containers(pod):
        name, _, tag = str(container.get("image") or "").rpartition("/")[2].partition(":")
        if found := next((play for play in (tag, name) if play in _PLAYS), ""):
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
        "conditions": _conditions(before.get("conditions") or (), phase, is_ready, now),
        "initContainerStatuses": [
            _container(each, {"terminated": _terminated("Completed", 0, started)}, is_ready=True)
            for each in objects.mapping(pod.get("spec")).get("initContainers") or ()
        ],
        "containerStatuses": [_status(each, phase, play, started) for each in _containers(pod)],
    }
    return None if _says(before, wanted) else wanted


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
    if play == IMAGE_PULL_ERROR:
        return _PENDING
    policy = objects.mapping(pod.get("spec")).get("restartPolicy") or _ALWAYS
    if play == CRASH_LOOP:
        return "Failed" if policy == "Never" else _RUNNING
    return _RUNNING if play == NEVER_READY or policy == _ALWAYS else "Succeeded"


def _conditions(before: Iterable[Mapping[str, Any]], phase: str, is_ready: bool, now: datetime) -> list[dict[str, Any]]:
    reason = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase, "ContainersNotReady")
    ready: dict[str, str] = {"status": TRUE} if is_ready else {"status": FALSE, "reason": reason}
    wanted: list[dict[str, Any]] = [
        {"type": "PodScheduled", "status": TRUE},
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
    name, image = container.get("name"), container.get("image")
    match phase, play:
        case ("Succeeded", _):
            return _container(container, {"terminated": _terminated("Completed", 0, started)})
        case ("Failed", _):
            return _container(container, {"terminated": _terminated("Error", 1, started)})
        case (_, "image-pull-error"):
            words = f'Back-off pulling image "{image}": ErrImagePull: {image}: not found'
            return _container(container, {"waiting": {"reason": "ImagePullBackOff", "message": words}}, pulled=False)
        case (_, "crash-loop"):
            words = f"back-off 5m0s restarting failed container={name}"
            crashed = _container(container, {"waiting": {"reason": "CrashLoopBackOff", "message": words}})
            return crashed | {"restartCount": 5, "lastState": {"terminated": _terminated("Error", 1, started)}}
    running = {"running": {"startedAt": started}}
    return _container(container, running, is_ready=not play) | {"started": True}


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
