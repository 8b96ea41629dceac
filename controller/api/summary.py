"""The summary of one environment in one line, as `tronador list` shows it. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from controller.api.environment import PULL_REQUEST_ANNOTATION, REPOSITORY_ANNOTATION, Environment
from controller.api.problems import Problem
from controller.apimachinery import conditions, giturls, objects
from controller.apimachinery.objects import Object, text
from controller.apimachinery.timestamps import from_time

# A chart's values can be large. Image tags are usually near the top.
_VALUES_LOOKED_AT: Final = 1000
_UNKNOWN: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The facts about an environment that people usually ask for.

    Attributes:
        status: `applicationStatus`; `pending` for an environment that has no status yet.
        phase: `currentPhase`, or "".
        ready: status of the condition Ready: "True", "False", "Unknown", or "" while it has none.
        reason: reason of the condition Ready, or "".
        created: when the EnvironmentProvisioner was created; None if its timestamp is invalid.
        expires: when the environment ends, or ended; None if it does not.
        repository, pull_request: as recorded by the pipeline. Without a recorded repository, the chart's git URL. A
            password in a URL is replaced by stars.
        ref: the chart's branch, tag or commit, or "".
        image_tag: the first image tag in the release's values, or "".
        url: the address of the environment, or "".
        message: `applicationStatusMsg`, or "".
        problems: why it does not run, the most useful first.
        holds_place: whether it counts for the limits on environments, as far as its status shows: it has a namespace.
    """

    name: str
    status: str
    phase: str
    ready: str
    reason: str
    created: datetime | None
    expires: datetime | None
    namespace: str
    engine: str
    release: str
    revision: str
    repository: str
    pull_request: str
    ref: str
    image_tag: str
    url: str
    message: str
    problems: tuple[Problem, ...]
    holds_place: bool

    @property
    def headline(self) -> str:
        """The first problem if there is one, else the message. Only their beginning may have room."""
        return str(self.problems[0]) if self.problems else self.message

    def age(self, now: datetime) -> float:
        """Return the seconds since the creation; 0 if that is unknown or in the future."""
        return max(0.0, (now - self.created).total_seconds()) if self.created else 0.0


def summarize(obj: Object) -> Summary:
    """Return the summary of an EnvironmentProvisioner."""
    environment = Environment(obj)
    annotations = objects.mapping(objects.annotations(obj))
    status = environment.status
    chart, release = environment.chart, objects.mapping(status.get("release"))
    ready = conditions.find(environment.conditions, "Ready") or {}
    return Summary(
        name=environment.name,
        status=text(status.get("applicationStatus")) or "pending",
        phase=text(status.get("currentPhase")),
        ready=text(ready.get("status")),
        reason=text(ready.get("reason")),
        created=from_time(objects.metadata(obj).get("creationTimestamp")),
        expires=environment.expires_at,
        namespace=text(status.get("namespace")),
        engine=text(release.get("engine")),
        release=text(release.get("name")),
        revision=text(release.get("revision")),
        repository=_without_credentials(text(annotations.get(REPOSITORY_ANNOTATION)) or text(chart.get("git"))),
        pull_request=text(annotations.get(PULL_REQUEST_ANNOTATION)),
        ref=text(chart.get("ref")),
        image_tag=_image_tag(environment.release.get("values")),
        url=text(status.get("url")),
        message=text(status.get("applicationStatusMsg")),
        problems=environment.problems,
        holds_place=_holds_place(environment),
    )


def in_order(summaries: Iterable[Summary]) -> list[Summary]:
    """Return the summaries in the order in which their environments were created, and then of their names."""
    return sorted(summaries, key=lambda summary: (summary.created or _UNKNOWN, summary.name))


def queue(summaries: Iterable[Summary]) -> Mapping[str, int]:
    """Return the position of each environment that waits for a place, from 1, by its name. `summaries` are all."""
    waiting = (summary.name for summary in in_order(summaries) if summary.status == "queued")
    return {name: position for position, name in enumerate(waiting, start=1)}


def _holds_place(environment: Environment) -> bool:
    ready = conditions.find(environment.conditions, "NamespaceReady") or {}
    return ready.get("status") == conditions.TRUE or environment.status.get("applicationStatus") == "uninstalling"


def _without_credentials(repository: str) -> str:
    """Mask credentials. The policy refuses URLs with credentials, but refused environments are shown too."""
    try:
        giturls.parse(repository)
    except ValueError:
        return giturls.masked(repository)
    return repository


def _image_tag(values: Any) -> str:
    """Return the first image tag, breadth first: a chart's own image is above those of its dependencies."""
    waiting = deque([values])
    for _ in range(_VALUES_LOOKED_AT):
        if not waiting:
            break
        value = waiting.popleft()
        if isinstance(value, Mapping):
            if isinstance(value.get("tag"), str | int | float) and not isinstance(value["tag"], bool):
                return str(value["tag"])
            waiting.extend(value.values())
    return ""
