"""What unit tests share: clocks moved by hand, waiting with a deadline, and a scripted API to list and watch from."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.errors import Stopped
from controller.apimachinery.resources import Resource
from controller.apimachinery.scope import current_scope
from controller.cache import Store

WIDGETS = Resource("example.com", "v1", "widgets", "Widget", namespaced=True)

# Generous, because a busy machine must not fail a test; never used up when all is well.
DEADLINE = 20.0


def eventually(condition: Callable[[], Any], what: str = "") -> Any:
    """Wait until `condition()` is true, and return what it gave; fail after a generous deadline."""
    pause = threading.Event()
    deadline = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never happened: {what or condition}"
        pause.wait(0.001)
    return value


class FakeClock:
    """Stands still until `advance`d, which wakes the threads whose deadline has passed."""

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._waiting: list[tuple[threading.Condition, float | None]] = []

    def now(self) -> float:
        return self._now

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        entry = (condition, deadline)
        with self._lock:
            if deadline is not None and deadline <= self._now:
                return
            self._waiting.append(entry)
        try:
            condition.wait(DEADLINE)
        finally:
            with self._lock:
                self._waiting = [one for one in self._waiting if one is not entry]

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
            due = [entry for entry in self._waiting if entry[1] is not None and entry[1] <= self._now]
            # From now on they are awake, even if they have not had the processor yet: `waiters` counts them again only
            # when they wait again, so a test can let everybody finish before it moves time on.
            self._waiting = [entry for entry in self._waiting if entry not in due]
        for condition, _ in due:
            with condition:
                condition.notify_all()

    def waiters(self) -> int:
        """How many wait for a time."""
        with self._lock:
            return sum(deadline is not None for _, deadline in self._waiting)

    def next_wake(self) -> float | None:
        """In how many seconds the first of them wakes."""
        with self._lock:
            return min((deadline - self._now for _, deadline in self._waiting if deadline is not None), default=None)

    def sleepers(self) -> int:
        """How many wait at all."""
        with self._lock:
            return len(self._waiting)


class JumpingClock:
    """For code that runs in the test's own thread: every wait is over at once, and time has passed."""

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self.waits: list[float] = []

    def now(self) -> float:
        return self._now

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        assert deadline is not None, "would wait for ever"
        self.waits.append(round(deadline - self._now, 6))
        self._now = max(self._now, deadline)

    def advance(self, seconds: float) -> None:
        self._now += seconds


def widget(name: str, version: int | str = 1, *, namespace: str = "ns", uid: str = "", **fields: Any) -> dict[str, Any]:
    """An object as a watch sends it."""
    metadata = {"name": name, "namespace": namespace, "resourceVersion": str(version), "uid": uid or f"uid-{name}"}
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, **fields}


def keys(store: Store) -> set[str]:
    """The keys of the objects in a store."""
    return {objects.key(obj) for obj in store.list()}


def event(kind: str, obj: dict[str, Any]) -> dict[str, Any]:
    """A watch event."""
    return {"type": kind, "object": obj}


def added(name: str, version: int | str, **fields: Any) -> dict[str, Any]:
    return event("ADDED", widget(name, version, **fields))


def modified(name: str, version: int | str, **fields: Any) -> dict[str, Any]:
    return event("MODIFIED", widget(name, version, **fields))


def deleted(name: str, version: int | str, **fields: Any) -> dict[str, Any]:
    return event("DELETED", widget(name, version, **fields))


def bookmark(version: int | str, *, end: bool = False, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if end:
        annotations = {"k8s.io/initial-events-end": "true"}
    if annotations:
        metadata["annotations"] = annotations
    return event("BOOKMARK", {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata})


def error_event(code: int, reason: str, message: str = "") -> dict[str, Any]:
    return event("ERROR", {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message})


def page(*names: str, version: int | str = 10, token: str = "", kind: str = "WidgetList") -> dict[str, Any]:
    """A page of a list, its items without kind as the server sends them."""
    items = []
    for name in names:
        item = widget(name, version)
        del item["apiVersion"], item["kind"]
        items.append(item)
    metadata = {"resourceVersion": str(version)} | ({"continue": token} if token else {})
    return {"apiVersion": "example.com/v1", "kind": kind, "metadata": metadata, "items": items}


class Script:
    """A watch that is known beforehand: its events, then an exception or a plain end after `lasting` seconds."""

    def __init__(self, *events: Any, fails: Exception | None = None, lasting: float = 60.0) -> None:
        self.events: Iterable[Any] = events
        self.fails = fails
        self.lasting = lasting
        self.closed = False
        self.ended = False
        self.read_timeouts: list[float] = []
        self.clock: Any = None
        self._iterator = self._play()

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._iterator

    def set_read_timeout(self, seconds: float) -> None:
        self.read_timeouts.append(seconds)

    def close(self) -> None:
        """Like a real one: it ends the stream without an error."""
        self.ended = True

    def _play(self) -> Iterator[dict[str, Any]]:
        for step in self.events:
            if self.ended:
                return
            if callable(step):
                step()
            else:
                yield step
        if self.ended:
            return
        if self.clock is not None:
            self.clock.advance(self.lasting)
        if self.fails is not None:
            raise self.fails


class ScriptedApi:
    """Answers lists and watches from a script, in order, and records the requests; `at_end` is called when it is over.

    An answer is what is returned, or an exception to raise.
    """

    def __init__(self, *answers: Any, clock: Any = None, at_end: Callable[[], None] = lambda: None) -> None:
        self._answers = deque(answers)
        self._clock = clock
        self.at_end = at_end
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def list(self, resource: Resource, **parameters: Any) -> dict[str, Any]:
        return self._answer("list", parameters)

    def watch(self, resource: Resource, **parameters: Any) -> Any:
        return self._answer("watch", parameters)

    def add(self, answer: Any) -> None:
        """Another answer, after all others."""
        self._answers.append(answer)

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.calls]

    def _answer(self, verb: str, parameters: dict[str, Any]) -> Any:
        if not self._answers:
            self.at_end()
            raise Stopped("the script is over")
        self.calls.append((verb, parameters))
        answer = self._answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Script):
            assert verb == "watch", f"the script has a watch here, the code wants to {verb}"
            answer.clock = self._clock
        else:
            assert verb == "list", f"the script has a list here, the code wants to {verb}"
        return answer


class LiveStream:
    """A watch fed by the test while it is read; ends at once when the reader's scope is cancelled, as a real one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._items: deque[Any] = deque()
        self._ended = False

    def send(self, *events: dict[str, Any]) -> None:
        with self._condition:
            self._items.extend(events)
            self._condition.notify_all()

    def fail(self, error: Exception) -> None:
        with self._condition:
            self._items.append(error)
            self._condition.notify_all()

    def end(self) -> None:
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def close(self) -> None:
        self.end()

    def __enter__(self) -> LiveStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def set_read_timeout(self, seconds: float) -> None:
        pass

    def __iter__(self) -> Iterator[dict[str, Any]]:
        scope = current_scope()
        assert scope is not None
        with scope.interrupting(self.end):
            while True:
                with self._condition:
                    while not self._items and not self._ended:
                        assert self._condition.wait(DEADLINE), "no event arrives on this watch"
                    if not self._items:
                        scope.check()
                        return
                    item = self._items.popleft()
                if isinstance(item, Exception):
                    raise item
                yield item


class LiveApi:
    """Lists what `state` says; watches are `LiveStream`s, the newest of which is `stream`. Streaming is refused."""

    def __init__(self, *names: str) -> None:
        self.answers: deque[Any] = deque()
        self.state = page(*names)
        self.streams: list[LiveStream] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def list(self, resource: Resource, **parameters: Any) -> dict[str, Any]:
        self.calls.append(("list", parameters))
        if self.answers:
            raise self.answers.popleft()
        return self.state

    def watch(self, resource: Resource, **parameters: Any) -> LiveStream:
        self.calls.append(("watch", parameters))
        stream = LiveStream()
        self.streams.append(stream)
        return stream

    def stream(self, number: int = 1) -> LiveStream:
        """The `number`th watch, once it is open."""
        eventually(lambda: len(self.streams) >= number, f"watch {number} opened")
        return self.streams[number - 1]
