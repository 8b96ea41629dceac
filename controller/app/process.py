"""Runs a controller: connects, wires, and runs until a signal or a lost lease. Logs the reason of each exit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from controller.apimachinery.errors import ApiError, ConfigError
from controller.app import clusters, exits, signals
from controller.app.options import ConnectionOptions
from controller.client import Client, Connection, config
from controller.runtime import Manager
from controller.runtime.manager import LeadershipLost, SyncTimeout

log = structlog.get_logger(__name__)

# Seconds to wait for the API server's first answer. Then the start continues without it.
_FIRST_ANSWER = 2.0


class Application(Protocol):
    """What `wiring` and `reporting` build."""

    @property
    def manager(self) -> Manager:
        """Runs all parts."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...

    def describe(self) -> str:
        """Return what the application is doing, for debugging."""
        ...


_Application = TypeVar("_Application", bound=Application)


def serve(
    build: Callable[[Connection], _Application],
    *,
    connection: ConnectionOptions,
    command: str,
    workers: int,
    graceful_timeout: float,
    needs_server: bool = False,
    result: Callable[[_Application], int | None] = lambda application: None,
) -> int:
    """Run what `build` returns. Returns the exit code: that of `result`, if the process was asked to stop.

    With `needs_server`, it does not wait for an API server that cannot be used.
    """
    try:
        found = config.load(kubeconfig=connection.kubeconfig or None, context=connection.context or None)
        application = build(found)
    except (ConfigError, OSError) as error:
        log.error("cannot start", error=str(error))
        return exits.FAILED

    def stop() -> None:
        log.info("controller stopping", graceful_timeout=graceful_timeout)
        application.manager.stop()

    signals.install(stop=stop, dump=application.describe)
    log.info("controller starting", cluster=found.source, workers=workers)
    if problem := _problem(found, command):
        if needs_server:
            application.close()
            log.error("cannot start", error=problem)
            return exits.FAILED
        log.warning("API server not usable yet", error=problem)
    try:
        application.manager.run()
    except SyncTimeout as error:
        log.error("exiting", error=f"{error}; correct what the lines above report, or raise --cache-sync-timeout")
        return exits.FAILED
    except LeadershipLost as error:
        log.error("exiting", error=str(error))
        return exits.FAILED
    finally:
        application.close()
    code = result(application)
    if code is not None:
        return code
    log.info("controller stopped")
    return exits.OK


def _problem(connection: Connection, command: str) -> str | None:
    """Return why the API server cannot be used and what to do, or None.

    Without this check the log has one line for each cache, and none of them names the remedy.
    """
    client = Client(
        connection=connection,
        user_agent=clusters.user_agent(command),
        connect_timeout=_FIRST_ANSWER,
        read_timeout=_FIRST_ANSWER,
        max_retries=0,
    )
    try:
        client.server_version()
    except ApiError as error:
        return clusters.explain(error, connection.source)
    finally:
        client.close()
    return None
