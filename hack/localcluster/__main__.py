"""`python -m hack.localcluster`: the cluster as a program."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from .audit import AuditLog
from .kubeconfig import write_kubeconfig
from .options import Options
from .server import Server, credentials_of
from .storage import state
from .storage.store import Store


def main() -> None:
    """Run until SIGINT or SIGTERM."""
    defaults = Options()
    parser = argparse.ArgumentParser(prog="python -m hack.localcluster", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="where to write the kubeconfig")
    parser.add_argument("--host", default=defaults.host, help="address to listen on")
    parser.add_argument("--port", type=int, default=defaults.port, help="port to listen on, 0 for a free one")
    parser.add_argument("--audit-log", default="", help="file to append every request to, as lines of JSON")
    parser.add_argument("--state-file", default="", help="file to keep the objects in between runs")
    parser.add_argument(
        "--bookmark-interval", type=float, default=defaults.bookmark_interval, help="seconds between watch bookmarks"
    )
    parser.add_argument(
        "--history-limit", type=int, default=defaults.history_limit, help="changes remembered per resource"
    )
    parser.add_argument(
        "--no-initial-events", action="store_true", help="refuse watches that ask for sendInitialEvents"
    )
    parser.add_argument(
        "--rights-delay",
        type=float,
        default=defaults.rights_delay,
        help="seconds until changes of roles and bindings take effect",
    )
    parser.add_argument("--no-rollouts", action="store_true", help="do not simulate the status of workloads")
    parser.add_argument("--pods", action="store_true", help="make Pods for Deployments; something has to run them")
    given = parser.parse_args()
    options = Options(
        host=given.host,
        port=given.port,
        audit_log=given.audit_log,
        state_file=given.state_file,
        bookmark_interval=given.bookmark_interval,
        history_limit=given.history_limit,
        initial_events=not given.no_initial_events,
        rollouts=not given.no_rollouts,
        pods=given.pods,
        rights_delay=given.rights_delay,
    )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(options, given.kubeconfig))


async def _serve(options: Options, kubeconfig: Path) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    store = Store(history_limit=options.history_limit)
    if options.state_file:
        state.load(store, Path(options.state_file))
    credentials, audit = credentials_of(options), AuditLog(options.audit_log)
    server = Server(options=options, store=store, credentials=credentials, audit=audit, port=options.port)
    url = f"https://{options.host}:{await server.start()}"
    write_kubeconfig(kubeconfig, url=url, authority=credentials.authority, token=credentials.admin_token)
    print(f"serving on {url}, KUBECONFIG={kubeconfig}", flush=True)
    await stopped.wait()
    await server.stop()
    if options.state_file:
        state.save(store, Path(options.state_file))
    audit.close()


if __name__ == "__main__":
    main()
