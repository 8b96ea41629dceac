"""What the process serves over HTTP: metrics for scrapes, health for probes, and the status page for people."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping

from controller.app.options import HttpOptions, parse_address
from controller.cache import Informer
from controller.metrics import Registry
from controller.runtime import HealthChecks, HttpServer, Response
from controller.runtime.health_checks import Check
from controller.runtime.httpserver import Route


def build(
    options: HttpOptions,
    registry: Registry,
    *,
    healthy: Mapping[str, Check],
    ready: Mapping[str, Check],
    page: Mapping[str, Route],
) -> tuple[HttpServer, ...]:
    """One server for each address that is asked for; `page` is served with the probes.

    Raises OSError if an address cannot be listened on; its text names the flag.
    """

    def scrape(rest: str, query: Mapping[str, list[str]]) -> Response:
        return Response(200, registry.render(), registry.content_type)

    probes: dict[str, Route] = {
        "/healthz": HealthChecks(healthy).respond,
        "/readyz": HealthChecks(ready).respond,
    }
    routes: dict[str, dict[str, Route]] = {options.metrics_address: {"/metrics": scrape}}
    # Both may be asked for on the same address, as long as it is not "any free port".
    routes.setdefault(options.health_address, {}).update({**probes, **page})
    servers = []
    for address, served in routes.items():
        parsed = parse_address(address)
        if parsed is not None:
            host, port = parsed
            name = "-".join(path.strip("/") for path in served if path not in page)
            try:
                servers.append(HttpServer(name=name, host=host, port=port, routes=served))
            except OSError as error:
                raise OSError(_taken(options, address, error)) from error
    return tuple(servers)


def _taken(options: HttpOptions, address: str, error: OSError) -> str:
    chosen = {"--metrics-address": options.metrics_address, "--health-address": options.health_address}
    flags = ", ".join(flag for flag, given in chosen.items() if given == address)
    why = "another program uses this port" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
    return f"cannot listen on {address} ({flags}): {why}; choose another address, or 0 for none"


def stale(informers: Iterable[Informer], *, limit: float) -> str | None:
    """The readiness check of caches: those that have been out of date for longer than `limit` seconds, and why."""
    problems = []
    for informer in informers:
        staleness = informer.staleness()
        if staleness.seconds > limit:
            problems.append(
                f"{informer.resource} has been out of date for {staleness.seconds:.0f} s: {staleness.reason}"
            )
    return "; ".join(problems) or None
