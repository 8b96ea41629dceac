"""`python -m hack.faultproxy --kubeconfig PATH --write-kubeconfig PATH [faults]`: runs until SIGTERM or SIGINT.

Prints `ready`, its URL and the URL of its faults once it accepts connections. Faults can be given here, and seen and
changed while it runs (see the README).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from hack.faultproxy import kubeconfig
from hack.faultproxy.codec import rule_from
from hack.faultproxy.faults import Answer, DelayWatch, DropWatch, HalfOpenWatch, Latency, ResetAfter, ResetBefore, Rule
from hack.faultproxy.proxy import Certificate, FaultProxy
from hack.faultproxy.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after a signal, 1 when the kubeconfig or the port cannot be used, 2 for bad arguments."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = Settings(rules=tuple(_rules(options)), seed=options.seed)
    except ValueError as error:
        parser.error(str(error))
    if bool(options.tls_certificate) != bool(options.tls_key):
        parser.error("--tls-certificate and --tls-key belong together")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        proxy = FaultProxy(
            target=kubeconfig.read(options.kubeconfig, options.context),
            settings=settings,
            host=options.host,
            port=options.port,
            control_port=options.control_port,
            certificate=Certificate(certificate=options.tls_certificate, key=options.tls_key)
            if options.tls_certificate
            else None,
        )
        with proxy:
            kubeconfig.write(options.write_kubeconfig, proxy.kubeconfig())
            print(f"ready {proxy.url} {proxy.control_url}", flush=True)
            stop.wait()
    except (kubeconfig.KubeconfigError, OSError) as error:
        print(f"hack.faultproxy: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hack.faultproxy", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        default=Path(os.environ.get("KUBECONFIG") or Path("~/.kube/config").expanduser()),
        help="kubeconfig of the API server; default: $KUBECONFIG, ~/.kube/config",
    )
    parser.add_argument("--context", default="", help="default: the kubeconfig's current context")
    parser.add_argument(
        "--write-kubeconfig", type=Path, required=True, help="file to write a kubeconfig for the proxy to"
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--control-port", type=int, default=0, help="for /_faults; default: a free one")
    parser.add_argument("--tls-certificate", type=Path, help="serve HTTPS with this certificate (PEM)")
    parser.add_argument("--tls-key", type=Path, help="its key (PEM)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all chances (default 0)")

    faults = parser.add_argument_group("faults, for every request")
    faults.add_argument("--latency", type=float, metavar="SECONDS", help="delay every request")
    faults.add_argument("--jitter", type=float, metavar="SECONDS", default=0.0, help="additional random delay, at most")
    faults.add_argument("--throttle", type=float, metavar="PERCENT", help="answer 429 with Retry-After")
    faults.add_argument(
        "--retry-after", type=int, metavar="SECONDS", default=1, help="Retry-After of --throttle (default 1)"
    )
    faults.add_argument("--errors", type=float, metavar="PERCENT", help="answer 500")
    faults.add_argument(
        "--reset-before", type=float, metavar="PERCENT", help="reset the connection before the server sees the request"
    )
    faults.add_argument(
        "--reset-after", type=float, metavar="PERCENT", help="reset the connection after the server has answered"
    )
    faults.add_argument("--drop-watches", type=float, metavar="SECONDS", help="end watches after this time")
    faults.add_argument("--delay-watches", type=float, metavar="SECONDS", help="deliver events late")
    faults.add_argument("--half-open-watches", action="store_true", help="accept watches, forward nothing")
    faults.add_argument(
        "--rule", type=_rule, metavar="JSON", action="append", default=[], help="any rule (see the README; repeatable)"
    )
    return parser


def _rules(options: argparse.Namespace) -> list[Rule]:
    """Raises ValueError."""
    rules: list[Rule] = list(options.rule)
    if options.latency is not None:
        rules.append(Rule(fault=Latency(seconds=options.latency, jitter=options.jitter)))
    if options.errors is not None:
        rules.append(Rule(fault=Answer(code=500), percent=options.errors))
    if options.throttle is not None:
        rules.append(Rule(fault=Answer(code=429, retry_after=options.retry_after), percent=options.throttle))
    if options.reset_before is not None:
        rules.append(Rule(fault=ResetBefore(), percent=options.reset_before))
    if options.reset_after is not None:
        rules.append(Rule(fault=ResetAfter(), percent=options.reset_after))
    if options.drop_watches is not None:
        rules.append(Rule(fault=DropWatch(after=options.drop_watches)))
    if options.delay_watches is not None:
        rules.append(Rule(fault=DelayWatch(seconds=options.delay_watches)))
    if options.half_open_watches:
        rules.append(Rule(fault=HalfOpenWatch()))
    return rules


def _rule(text: str) -> Rule:
    try:
        return rule_from(json.loads(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
