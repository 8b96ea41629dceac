"""What the process serves over HTTP: metrics for scrapes, health for probes, and the status page for people."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence

from controller.apimachinery.resources import Resource
from controller.app import page
from controller.app.options import AddressOptions, Options, parse_address
from controller.cache import Informer
from controller.leaderelection import LeaderElector
from controller.metrics import Registry
from controller.runtime import HealthChecks, HttpServer, Manager, Response
from controller.runtime.health_checks import Check
from controller.runtime.httpserver import Route
from controller.statuspage import Process
from controller.statuspage.sources import Role
from controller.workqueue import RateLimitingQueue


def build(
    options: Options,
    registry: Registry,
    informers: Mapping[Resource, Informer],
    queues: Sequence[RateLimitingQueue],
    elector: LeaderElector | None,
    *,
    manager: Callable[[], Manager],
) -> tuple[HttpServer, ...]:
    """Return the HTTP servers of the controller.

    Calls `manager` for each answer, because the manager is made later. Raises OSError that names the flag if an address
    cannot be used.
    """

    def outdated() -> str | None:
        return stale(informers.values(), limit=options.cache.cache_staleness_limit)

    def process() -> Process:
        running = manager()
        role: Role = "starting" if not running.caches_synced else "leader" if running.elected else "standby"
        return Process(role=role, trouble=outdated())

    return servers(
        options.http,
        registry,
        # The API server is left out, because a restart of this process would not repair it.
        healthy={"leader-election": lambda: elector.problem() if elector else None},
        ready={
            "caches": lambda: None if manager().caches_synced else "the caches are not filled yet",
            "caches-current": outdated,
        },
        pages=page.build(informers=informers, queues=queues, process=process) if options.http.status_page else {},
    )


def servers(
    options: AddressOptions,
    registry: Registry,
    *,
    healthy: Mapping[str, Check],
    ready: Mapping[str, Check],
    pages: Mapping[str, Route],
) -> tuple[HttpServer, ...]:
    """Return one server for each address. The routes of `pages` are served on the address of the probes.

    Raises OSError that names the flag if an address cannot be used.
    """

    def scrape(rest: str, query: Mapping[str, list[str]]) -> Response:
        return Response(200, registry.render(), registry.content_type)

    probes: dict[str, Route] = {
        "/healthz": HealthChecks(healthy).respond,
        "/readyz": HealthChecks(ready).respond,
    }
    routes: dict[str, dict[str, Route]] = {options.metrics_address: {"/metrics": scrape}}
    # Both addresses may be the same.
    routes.setdefault(options.health_address, {}).update({**probes, **pages})
    servers = []
    for address, served in routes.items():
        parsed = parse_address(address)
        if parsed is not None:
            host, port = parsed
            name = "-".join(path.strip("/") for path in served if path not in pages)
            try:
                servers.append(HttpServer(name=name, host=host, port=port, routes=served))
            except OSError as error:
                raise OSError(_taken(options, address, error)) from error
    return tuple(servers)


def _taken(options: AddressOptions, address: str, error: OSError) -> str:
    chosen = {"--metrics-address": options.metrics_address, "--health-address": options.health_address}
    flags = ", ".join(flag for flag, given in chosen.items() if given == address)
    why = "another program uses this port" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
    return f"cannot listen on {address} ({flags}): {why}; choose another address, or 0 for none"


def stale(informers: Iterable[Informer], *, limit: float) -> str | None:
    """Return which caches have been out of date for longer than `limit` seconds and why, or None."""
    problems = []
    for informer in informers:
        staleness = informer.staleness()
        if staleness.seconds > limit:
            problems.append(
                f"{informer.resource} has been out of date for {staleness.seconds:.0f} s: {staleness.reason}"
            )
    return "; ".join(problems) or None
