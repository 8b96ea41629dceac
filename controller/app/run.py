"""`tronador run`: connect, wire, and run until a signal or a lost lease; every end has its line and its exit code."""

from __future__ import annotations

import structlog

from controller.apimachinery.errors import ConfigError
from controller.app import exits, signals, wiring
from controller.app.options import Options
from controller.client import config
from controller.runtime.manager import LeadershipLost, SyncTimeout

log = structlog.get_logger(__name__)


def run(options: Options) -> int:
    """Run the controller; returns the exit code."""
    try:
        connection = config.load(kubeconfig=options.kubeconfig or None, context=options.context or None)
        application = wiring.build(options, connection)
    except (ConfigError, OSError) as error:
        log.error("cannot start", error=str(error))
        return exits.FAILED

    def stop() -> None:
        log.info("stopping", graceful_timeout=options.graceful_timeout)
        application.manager.stop()

    signals.install(stop=stop, dump=application.describe)
    log.info("starting", cluster=connection.source, workers=options.workers)
    try:
        application.manager.run()
    except (SyncTimeout, LeadershipLost) as error:
        log.error("ending", error=str(error))
        return exits.FAILED
    finally:
        application.close()
    log.info("stopped")
    return exits.OK
