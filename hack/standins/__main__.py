"""`python -m hack.standins --kubeconfig PATH PROGRAM [options]`: runs until SIGTERM or SIGINT.

Prints `ready` on stdout once it has seen everything that is there; logs go to stderr. Only `git-server` and `scm` need
no cluster.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import structlog

from controller.apimachinery.errors import ApiError
from controller.client import Client
from controller.client.config import Connection, load
from hack.standins import crds, plays
from hack.standins.argocd.argocd import ArgoCD
from hack.standins.argocd.argocd import Options as ArgoCDOptions
from hack.standins.engine_double import EngineDouble
from hack.standins.flux.double import FluxDouble
from hack.standins.flux.flux import Flux
from hack.standins.flux.flux import Options as FluxOptions
from hack.standins.flux.loop import Pace
from hack.standins.git.mirrors import MirrorTimes
from hack.standins.git.server import GitServer
from hack.standins.helm_operator.operator import HelmOperator, Options
from hack.standins.kubelet.kubelet import Kubelet
from hack.standins.plays import OPERATIONS, Plays
from hack.standins.scm.server import ForgeServer

STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.02


class StandIn(Protocol):
    """The interface of every stand-in."""

    def start(self) -> None: ...

    def has_synced(self) -> bool: ...

    def stop(self, timeout: float) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after a signal, 1 when the cluster or the port cannot be used, 2 for bad arguments."""
    options = _parser().parse_args(arguments)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        options.run(options, stop)
    except (ApiError, OSError) as error:
        print(f"hack.standins: {error}", file=sys.stderr)
        return 1
    return 0


def _serve_git(options: argparse.Namespace, stop: threading.Event) -> None:
    _run(GitServer(root=options.root, port=options.port, credentials=options.credentials), stop)


def _serve_scm(options: argparse.Namespace, stop: threading.Event) -> None:
    server = ForgeServer(port=options.port, certificate=options.certificate)
    if options.url_file:
        options.url_file.write_text(server.url)
    _run(server, stop)


def _run_on_cluster(options: argparse.Namespace, stop: threading.Event) -> None:
    connection = load(kubeconfig=options.kubeconfig)
    client = Client(connection=connection, user_agent=options.program, field_manager=options.program)
    if options.install_crds:
        crds.install(client, stop, options.groups)
    with tempfile.TemporaryDirectory(prefix="standins-") as folder:
        _run(options.build(client, connection, options, Path(folder)), stop)
    client.close()


def _run(stand_in: StandIn, stop: threading.Event) -> None:
    stand_in.start()
    while not stop.is_set() and not stand_in.has_synced():
        stop.wait(_LOOK_SECONDS)
    if not stop.is_set():
        print("ready", flush=True)
    stop.wait()
    stand_in.stop(STOP_SECONDS)


def _helm_operator(client: Client, _connection: Connection, options: argparse.Namespace, folder: Path) -> StandIn:
    return HelmOperator(
        client=client,
        options=Options(
            folder=folder,
            git_rewrites=options.git_rewrite,
            git_default_ref=options.git_default_ref,
            git_timeout=options.git_timeout,
            namespace=options.allow_namespace,
            workers=options.workers,
            sync_interval=options.sync_interval,
            status_interval=options.status_interval,
            mirror=MirrorTimes(
                delay=options.mirror_delay, retry=options.git_retry_interval, poll=options.git_poll_interval
            ),
            engine_timeout=options.engine_timeout,
            plays=_plays(options),
        ),
    )


def _flux(client: Client, connection: Connection, options: argparse.Namespace, folder: Path) -> StandIn:
    return Flux(
        client=client,
        connection=connection,
        options=FluxOptions(
            folder=folder,
            namespace=options.allow_namespace,
            git_rewrites=options.git_rewrite,
            git_timeout=options.git_timeout,
            engine_timeout=options.engine_timeout,
            longest_interval=options.longest_interval or float("inf"),
            requeue_dependency=options.requeue_dependency,
            pace=Pace(first_retry=options.min_retry_delay, last_retry=options.max_retry_delay, workers=options.workers),
            plays=_plays(options),
        ),
    )


def _argocd(client: Client, _connection: Connection, options: argparse.Namespace, folder: Path) -> StandIn:
    return ArgoCD(
        client=client,
        options=ArgoCDOptions(
            folder=folder,
            namespace=options.namespace,
            git_rewrites=options.git_rewrite,
            git_timeout=options.git_timeout,
            refresh=options.refresh_interval,
            heal=options.heal_delay,
            longest_backoff=options.longest_backoff or float("inf"),
            grace=options.repo_error_grace,
        ),
    )


def _engine_double(client: Client, _connection: Connection, options: argparse.Namespace, _folder: Path) -> StandIn:
    return EngineDouble(client=client, plays=_plays(options), workers=options.workers, show_phases=options.phases)


def _flux_double(client: Client, _connection: Connection, options: argparse.Namespace, _folder: Path) -> StandIn:
    return FluxDouble(client=client, plays=_plays(options), workers=options.workers, show_phases=options.phases)


def _kubelet(client: Client, _connection: Connection, options: argparse.Namespace, _folder: Path) -> StandIn:
    return Kubelet(client=client, namespace=options.allow_namespace, workers=options.workers)


def _plays(options: argparse.Namespace) -> Plays:
    seconds = {operation: getattr(options, f"{operation}_delay", 0.0) for operation in OPERATIONS}
    longest_wait = getattr(options, "longest_wait", 0.0) or float("inf")
    return Plays(seconds=seconds, failing=options.fail, longest_wait=longest_wait)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hack.standins", description=__doc__, allow_abbrev=False)
    parser.add_argument("--kubeconfig", help="default: $KUBECONFIG, the pod's service account, ~/.kube/config")
    parser.add_argument("--install-crds", action="store_true", help="create the missing CRDs of its kinds first")
    parser.set_defaults(run=_run_on_cluster)
    programs = parser.add_subparsers(dest="program", required=True)

    operator = programs.add_parser("helm-operator", help="the legacy Helm Operator", allow_abbrev=False)
    operator.set_defaults(build=_helm_operator, groups=crds.HELM_OPERATOR)
    _add_common(operator, workers=2)
    _add_charts(operator)
    operator.add_argument("--git-default-ref", default="master", help="branch of charts without a ref (default master)")
    for name, seconds, meaning in (
        ("mirror-delay", 20.0, "until the clone of a new mirror starts"),
        ("git-timeout", 20.0, "for one git command"),
        ("git-poll-interval", 300.0, "between two fetches of a mirror"),
        ("git-retry-interval", 10.0, "after a failed clone or fetch"),
        ("sync-interval", 180.0, "between two syncs without a reason"),
        ("status-interval", 10.0, "between two refreshes of releaseStatus"),
    ):
        _add_seconds(operator, name, seconds, meaning)

    flux = programs.add_parser("flux", help="Flux's source-controller and helm-controller", allow_abbrev=False)
    flux.set_defaults(build=_flux, groups=crds.FLUX)
    _add_common(flux, workers=4)
    _add_charts(flux)
    for name, seconds, meaning in (
        ("git-timeout", 60.0, "for one git command"),
        ("min-retry-delay", 0.75, "before the first retry of what failed; it doubles with each"),
        ("max-retry-delay", 900.0, "before a retry at most"),
        ("requeue-dependency", 30.0, "until a chart that is not ready is looked at again"),
        ("longest-interval", 0.0, "that an interval of an object counts for at most; 0: no limit"),
    ):
        _add_seconds(flux, name, seconds, meaning)

    argocd = programs.add_parser("argocd", help="Argo CD's application controller", allow_abbrev=False)
    argocd.set_defaults(build=_argocd, groups=crds.ARGO_CD)
    _add_git_rewrite(argocd)
    argocd.add_argument("--namespace", default="argocd", help="namespace of Applications and settings (default argocd)")
    for name, seconds, meaning in (
        ("git-timeout", 60.0, "for one git command"),
        ("refresh-interval", 180.0, "between two looks at repositories and cluster"),
        ("heal-delay", 2.0, "between the first two corrections of drift; the pause triples each time"),
        ("repo-error-grace", 180.0, "after which an error of the repository shows"),
        ("longest-backoff", 0.0, "that a pause after a failed sync lasts at most; 0: as the Application says"),
    ):
        _add_seconds(argocd, name, seconds, meaning)

    for name, build, engine, groups in (
        ("engine-double", _engine_double, "the Helm Operator", crds.HELM_OPERATOR),
        ("flux-double", _flux_double, "Flux", crds.FLUX),
    ):
        double = programs.add_parser(
            name, help=f"{engine}, but answers at once, without git or Helm", allow_abbrev=False
        )
        double.set_defaults(build=build, groups=groups)
        _add_common(double, workers=4)
        double.add_argument("--phases", action="store_true", help="also write the intermediate phases")

    kubelet = programs.add_parser("kubelet", help="a scheduler and a kubelet without nodes", allow_abbrev=False)
    kubelet.set_defaults(build=_kubelet, groups=())
    kubelet.add_argument("--allow-namespace", default="", help="look at this namespace only")
    kubelet.add_argument("--workers", type=int, default=2, help="default 2")

    git = programs.add_parser("git-server", help="git repositories over HTTP on loopback", allow_abbrev=False)
    git.set_defaults(run=_serve_git)
    git.add_argument("--root", metavar="FOLDER", type=_folder, required=True, help="the folder of the repositories")
    git.add_argument("--port", type=int, required=True, help="the port of 127.0.0.1")
    git.add_argument(
        "--credentials", metavar="USER:PASSWORD", type=_credentials, help="what every request must have (default: none)"
    )

    scm = programs.add_parser("scm", help="a small GitHub and GitLab on loopback", allow_abbrev=False)
    scm.set_defaults(run=_serve_scm)
    scm.add_argument("--port", type=int, required=True, help="the port of 127.0.0.1; 0 takes a free one")
    scm.add_argument("--url-file", metavar="FILE", type=Path, help="write the URL to this file")
    scm.add_argument("--certificate", metavar="FILE", type=Path, help="a PEM file with key and certificates, for HTTPS")
    return parser


def _add_common(parser: argparse.ArgumentParser, *, workers: int) -> None:
    parser.add_argument("--workers", type=int, default=workers, help=f"default {workers}")
    parser.add_argument(
        "--fail",
        metavar="OPERATION[:GLOB]",
        type=_failing,
        action="append",
        default=[],
        help=f"let {', '.join(OPERATIONS)} fail for every namespace/name that matches (repeatable); "
        f"for one object: the annotation {plays.FAIL}",
    )
    _add_seconds(parser, "install-delay", 0.0, "that an installation takes")
    _add_seconds(parser, "uninstall-delay", 0.0, f"that an uninstall takes; for one object: {plays.DELAY}")


def _add_git_rewrite(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--git-rewrite",
        metavar="PREFIX=PREFIX",
        type=_rewrite,
        action="append",
        default=[],
        help="replace the first prefix of a git URL with the second, like git's insteadOf (repeatable)",
    )


def _add_charts(parser: argparse.ArgumentParser) -> None:
    _add_git_rewrite(parser)
    parser.add_argument("--allow-namespace", default="", help="look at this namespace only")
    _add_seconds(parser, "engine-timeout", 60.0, "for rendering a chart")
    for operation, meaning in (("upgrade", "an upgrade"), ("rollback", "a rollback"), ("test", "a test")):
        _add_seconds(parser, f"{operation}-delay", 0.0, f"that {meaning} takes")
    _add_seconds(parser, "longest-wait", 0.0, "that workloads get to become ready at most; 0: as the release says")


def _add_seconds(parser: argparse.ArgumentParser, name: str, default: float, meaning: str) -> None:
    parser.add_argument(
        f"--{name}", metavar="SECONDS", type=_seconds, default=default, help=f"seconds {meaning} (default {default:g})"
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return Path(text)


def _credentials(text: str) -> tuple[str, str]:
    user, separator, password = text.partition(":")
    if not (user and separator and password):
        raise argparse.ArgumentTypeError("expected USER:PASSWORD")
    return user, password


def _rewrite(text: str) -> tuple[str, str]:
    prefix, separator, replacement = text.partition("=")
    if not (prefix and separator and replacement):
        raise argparse.ArgumentTypeError(f"{text!r} is not PREFIX=PREFIX")
    return prefix, replacement


def _failing(text: str) -> tuple[str, str]:
    operation, _, glob = text.partition(":")
    if operation not in OPERATIONS:
        raise argparse.ArgumentTypeError(f"{operation!r} is not one of {', '.join(OPERATIONS)}")
    return operation, glob or "*"


if __name__ == "__main__":
    sys.exit(main())
