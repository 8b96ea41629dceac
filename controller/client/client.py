"""The verbs of the Kubernetes API on plain dicts. Thread-safe; one instance serves the whole process.

Every failure raises one of `controller.apimachinery.errors`. Every wait is limited by connect and read timeouts, and by
the deadline and the cancellation of the caller's Scope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.errors import NotFound, NotLeader, RequestTimeout, StatusError
from controller.apimachinery.resources import Resource
from controller.apimachinery.scope import Scope, current_scope
from controller.apimachinery.tokenbucket import TokenBucket
from controller.client import request as build
from controller.client.config import Connection
from controller.client.metrics import ClientMetrics
from controller.client.request import Body, DeletePropagation, PatchType, Request
from controller.client.retry import MAX_RETRIES, with_retries
from controller.client.serverhealth import ServerHealth
from controller.client.stream import WatchStream
from controller.client.transport import Transport
from controller.metrics import Registry

JsonObject = dict[str, Any]


class Client:
    """A client of one API server; see the module.

    Args:
        connection: from `config.load`.
        user_agent: `tronador/VERSION (component)`.
        field_manager: the name under which the server records our writes.
        connect_timeout, read_timeout: seconds for an ordinary request; `watch_read_timeout`: the longest silence on a
            watch, which should exceed the server's bookmark cadence of about a minute.
        pool_size: connections that are kept open; use at least workers + informers + a few.
        max_retries: how often a request is repeated if the server asks for it with Retry-After.
        may_write: called before each attempt of a write; if it returns False, NotLeader is raised and nothing is sent.
        health: records from each answer whether the server is available; shared by the clients of one server.
        limiter: an optional client-side rate limit; without it, the server alone limits requests.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        user_agent: str = "tronador",
        field_manager: str = "tronador",
        connect_timeout: float = 10.0,
        read_timeout: float = 30.0,
        watch_read_timeout: float = 150.0,
        pool_size: int = 32,
        max_retries: int = MAX_RETRIES,
        may_write: Callable[[], bool] = lambda: True,
        limiter: TokenBucket | None = None,
        registry: Registry | None = None,
        health: ServerHealth | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._field_manager = field_manager
        self._read_timeout = read_timeout
        self._watch_read_timeout = watch_read_timeout
        self._max_retries = max_retries
        self._may_write = may_write
        self._limiter = limiter
        self._metrics = ClientMetrics(registry or Registry())
        self._scope = Scope(clock=clock)
        self._transport = Transport(
            connection=connection,
            user_agent=user_agent,
            connect_timeout=connect_timeout,
            pool_size=pool_size,
            metrics=self._metrics,
            health=health or ServerHealth(clock=clock),
            clock=clock or MonotonicClock(),
        )

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> JsonObject:
        """Return one object. Raises NotFound, or another error that the module names."""
        return self._call(build.get(resource, name, namespace=namespace))

    def list(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int | None = None,
        continue_token: str = "",
        resource_version: str | None = None,
        resource_version_match: str | None = None,
        metadata_only: bool = False,
    ) -> JsonObject:
        """Return one page of a list as its List object. The items lack apiVersion and kind."""
        return self._call(
            build.list_page(
                resource,
                namespace=namespace,
                label_selector=label_selector,
                field_selector=field_selector,
                limit=limit,
                continue_token=continue_token,
                resource_version=resource_version,
                resource_version_match=resource_version_match,
                metadata_only=metadata_only,
            )
        )

    def create(self, resource: Resource, obj: Body, *, namespace: str = "") -> JsonObject:
        """Create an object and return it as stored. Raises AlreadyExists, Invalid, Forbidden and others."""
        return self._call(build.create(resource, obj, namespace=namespace, field_manager=self._field_manager))

    def patch(
        self,
        resource: Resource,
        name: str,
        body: Body,
        *,
        namespace: str = "",
        patch_type: PatchType = PatchType.MERGE,
        subresource: str = "",
        field_manager: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> JsonObject:
        """Patch an object or its `subresource` ("status") and return the result.

        Raises Conflict, NotFound, Invalid and others.
        """
        return self._call(
            build.patch(
                resource,
                name,
                body,
                namespace=namespace,
                patch_type=patch_type,
                subresource=subresource,
                field_manager=field_manager or self._field_manager,
                force=force,
                dry_run=dry_run,
            )
        )

    def replace(
        self, resource: Resource, name: str, obj: Body, *, namespace: str = "", subresource: str = ""
    ) -> JsonObject:
        """Replace an object as a whole and return the result. Raises Conflict, NotFound, Invalid and others."""
        manager = self._field_manager
        return self._call(
            build.replace(resource, name, obj, namespace=namespace, subresource=subresource, field_manager=manager)
        )

    def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str = "",
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: DeletePropagation | None = None,
    ) -> JsonObject:
        """Delete an object. Returns the object while finalizers hold it, otherwise a Status.

        Raises NotFound if it is already gone, and Conflict if its UID or version differs from `uid` or
        `resource_version`.
        """
        return self._call(
            build.delete(
                resource, name, namespace=namespace, uid=uid, resource_version=resource_version, propagation=propagation
            )
        )

    def watch(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str | None = None,
        resource_version_match: str | None = None,
        timeout_seconds: int | None = None,
        allow_bookmarks: bool = True,
        send_initial_events: bool = False,
        metadata_only: bool = False,
        read_timeout: float | None = None,
    ) -> WatchStream:
        """Open a watch, to be used in a `with` block. It is not retried here, because the caller decides when to retry.

        `read_timeout`: seconds of silence to allow, instead of the client's `watch_read_timeout`.
        """
        request = build.watch(
            resource,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
            allow_bookmarks=allow_bookmarks,
            send_initial_events=send_initial_events,
            metadata_only=metadata_only,
        )
        self._throttle(request)
        answer = self._transport.stream(request, read_timeout=read_timeout or self._watch_read_timeout)
        return WatchStream(answer=answer, host=self._transport.host)

    def api_resources(self, group_version: str) -> tuple[Mapping[str, Any], ...]:
        """Return the `resources` entries in discovery of a group version (`v1`, `apps/v1`); () if it is unknown."""
        try:
            return objects.mappings(self._call(build.discovery(group_version)).get("resources"))
        except NotFound:
            return ()

    def has_resource(self, resource: Resource) -> bool:
        """Whether the server serves `resource` in its version."""
        return any(entry.get("name") == resource.plural for entry in self.api_resources(resource.api_version))

    def server_version(self) -> JsonObject:
        """Return the content of the server's `/version`."""
        return self._call(build.version())

    def check_ready(self) -> None:
        """Ask the server's `/readyz` once. Raises ApiError if the server is not ready."""
        self._transport.read(build.ready(), read_timeout=self._read_timeout)

    @property
    def host(self) -> str:
        """The server's `host:port`."""
        return self._transport.host

    def close(self) -> None:
        """Close the connections, and end the waits of callers that have no Scope of their own."""
        self._scope.cancel()
        self._transport.close()

    def _call(self, request: Request) -> JsonObject:
        return with_retries(
            lambda: self._attempt(request),
            wait=self._wait,
            retrying=lambda error: self._count_retry(request, error),
            max_retries=self._max_retries,
        )

    def _attempt(self, request: Request) -> JsonObject:
        self._throttle(request)
        return self._transport.exchange(
            request, read_timeout=self._read_timeout, permit=lambda: self._check_gate(request)
        )

    def _check_gate(self, request: Request) -> None:
        """Checked last before sending, because a process that lost its lease while it waited must not write."""
        if request.is_write and not self._may_write():
            raise NotLeader(f"not the leader: {request.method} {request.path} was not sent")

    def _throttle(self, request: Request) -> None:
        if self._limiter is None:
            return
        seconds = self._limiter.reserve()
        if seconds > 0:
            self._wait(seconds)
        self._metrics.throttled(verb=request.method, host=self._transport.host, seconds=seconds)

    def _wait(self, seconds: float) -> None:
        scope = current_scope() or self._scope
        remaining = scope.remaining()
        if remaining is not None and remaining < seconds:
            raise RequestTimeout(f"the server asked for a wait of {seconds:g} s, but only {remaining:g} s are left")
        scope.wait(seconds)

    def _count_retry(self, request: Request, error: StatusError) -> None:
        self._metrics.retry(code=str(error.code), verb=request.method, host=self._transport.host)
