"""`tronador run`: runs the controller."""

from __future__ import annotations

from controller.app import exits, process, wiring
from controller.app.options import Options


def run(options: Options) -> int:
    """Run the controller. Returns the exit code."""

    def result(application: wiring.Application) -> int | None:
        if application.dry_run is None or not options.dry_run.dry_run_once:
            return None
        return exits.OK if application.dry_run.report() else exits.FAILED

    return process.serve(
        lambda connection: wiring.build(options, connection),
        connection=options.connection,
        command="run",
        workers=options.controller.workers,
        graceful_timeout=options.graceful_timeout,
        needs_server=options.dry_run.dry_run_once,
        result=result,
    )
