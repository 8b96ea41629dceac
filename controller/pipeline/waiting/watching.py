"""Every state of one environment, as the API server tells it: read once, then watched, through all that may go wrong.

There is no polling: a state is known when it is reached. After any trouble the environment is read anew, which for a
single object is cheaper than finding out what was missed, and right even where a restored server counts from the start.
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

# The server ends a watch after this time, and says something about once a minute; both in seconds.
_WATCH_SECONDS: Final = 600
_LONGEST_SILENCE: Final = 90.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0


def states(client: Client, name: str, *, scope: Scope, trouble: Callable[[str], None]) -> Iterator[Object | None]:
    """The environment `name` now and after each change; None while there is none.

    `scope` is the one bound around the caller; its deadline ends the iteration with RequestTimeout. `trouble` is told
    what is wrong meanwhile. Raises errors.ApiError where waiting does not help: Forbidden, Unauthorized and the like.
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
            trouble("the cluster does not know EnvironmentProvisioners; is Tronador installed there?")
        except RequestTimeout:
            # Silence may be a dead connection, or nothing but a quiet cluster.
            scope.check()
        except Expired:
            pass
        except (ConnectionLost, ServerError, TooManyRequests) as error:
            trouble(f"the API server cannot be reached, trying again: {error}")
        scope.wait(pause)
        pause = min(_LONGEST_PAUSE, 2 * pause)


def _changes(client: Client, name: str, version: str, scope: Scope) -> Iterator[Object | None]:
    """What happens from `version` on; ends with an error."""
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
            # Proxies end watches at once and politely; without a pause that would be a hot loop.
            raise ConnectionLost("the watch ended without an event")
