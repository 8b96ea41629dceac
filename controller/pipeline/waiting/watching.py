"""Follows the states of one environment: reads it once, then watches it, and recovers from all temporary errors.

A new state is seen at once, without polling. After any error the environment is read again. For a single object that is
cheaper than resuming the watch. It is also correct after the API server was restored from a backup, when its resource
versions start from an older number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.errors import (
    ConnectionLost,
    Expired,
    NotFound,
    RequestTimeout,
    ServerError,
    TooManyRequests,
    status_error,
)
from controller.apimachinery.objects import Object
from controller.apimachinery.scope import Scope
from controller.client import Client

# In seconds. The server ends a watch after the first time, and sends a bookmark about once a minute.
_WATCH_SECONDS: Final = 600
_LONGEST_SILENCE: Final = 90.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0


def states(client: Client, name: str, *, scope: Scope, trouble: Callable[[str], None]) -> Iterator[Object | None]:
    """Yield the environment `name` now and after each change, or None while it does not exist.

    `scope` must be bound around the caller; its deadline ends the iteration with RequestTimeout. `trouble` is called
    with a message for each temporary error. Raises errors.ApiError if waiting cannot help, such as Forbidden.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            page = client.list(ENVIRONMENTS, field_selector=f"metadata.name={name}")
            yield next(iter(page.get("items") or ()), None)
            for state in _changes(client, name, str(page["metadata"]["resourceVersion"]), scope):
                pause = _FIRST_PAUSE
                yield state
        except NotFound as error:
            if not error.resource_missing:
                raise
            trouble("the cluster does not serve EnvironmentProvisioners; is Tronador installed there?")
        except RequestTimeout:
            # The connection may be dead, or there were simply no events.
            scope.check()
        except Expired:
            pass
        except (ConnectionLost, ServerError, TooManyRequests) as error:
            trouble(f"the request to the API server failed; trying again: {error}")
        scope.wait(pause)
        pause = min(_LONGEST_PAUSE, 2 * pause)


def _changes(client: Client, name: str, version: str, scope: Scope) -> Iterator[Object | None]:
    """Yield the states after `version`. Ends only by raising an error."""
    while True:
        scope.check()
        opened = client.watch(
            ENVIRONMENTS,
            field_selector=f"metadata.name={name}",
            resource_version=version,
            timeout_seconds=_WATCH_SECONDS,
            read_timeout=min(_LONGEST_SILENCE, scope.remaining() or _LONGEST_SILENCE),
        )
        events = 0
        with opened as stream:
            for event in stream:
                scope.check()
                events += 1
                kind, obj = event["type"], event["object"]
                if kind == "ERROR":
                    raise status_error(objects.number(obj.get("code")) or 500, obj)
                version = objects.text(objects.mapping(obj.get("metadata")).get("resourceVersion")) or version
                if kind in ("ADDED", "MODIFIED"):
                    yield obj
                elif kind == "DELETED":
                    yield None
        if not events:
            # Some proxies end each watch at once without an error. Without a pause this would be a hot loop.
            raise ConnectionLost("the watch ended without an event")
