"""`tronador run`: connects, wires, and runs until a signal or a lost lease. Logs the reason of each exit."""

from __future__ import annotations

import structlog

from controller.apimachinery.errors import ApiError, ConfigError
from controller.app import clusters, exits, signals, wiring
from controller.app.options import Options
from controller.client import Client, Connection, config
from controller.runtime.manager import LeadershipLost, SyncTimeout

log = structlog.get_logger(__name__)

# Seconds to wait for the API server's first answer. Then the start continues without it.
_FIRST_ANSWER = 2.0


def run(options: Options) -> int:
    """Run the controller. Returns the exit code."""
    try:
        connection = config.load(
            kubeconfig=options.connection.kubeconfig or None, context=options.connection.context or None
        )
        application = wiring.build(options, connection)
    except (ConfigError, OSError) as error:
        log.error("cannot start", error=str(error))
        return exits.FAILED

    def stop() -> None:
        log.info("controller stopping", graceful_timeout=options.graceful_timeout)
        application.manager.stop()

    signals.install(stop=stop, dump=application.describe)
    log.info("controller starting", cluster=connection.source, workers=options.controller.workers)
    if problem := _problem(connection):
        if options.dry_run.dry_run_once:
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
    if application.dry_run is not None and options.dry_run.dry_run_once:
        return exits.OK if application.dry_run.report() else exits.FAILED
    log.info("controller stopped")
    return exits.OK


def _problem(connection: Connection) -> str | None:
    """Return why the API server cannot be used and what to do, or None.

    Without this check the log has one line for each cache, and none of them names the remedy.
    """
    client = Client(
        connection=connection,
        user_agent=clusters.user_agent("run"),
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
