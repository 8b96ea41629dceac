"""The options of `tronador run`: the groups of all rooms put together, and how flags and variables are read.

The groups are here whose rooms take a second to import. `tronador` reads the options of every command at its start.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from controller.api.options import own_namespace
from controller.apimachinery.optionkinds import DURATION, NUMBER, SELECTOR, SWITCH, TEXT
from controller.apimachinery.options import Kind, build, group, option, options_of
from controller.environment.options import EnvironmentOptions
from controller.leaderelection import LeaderElectionOptions
from controller.tronadorconfig.content.options import TronadorConfigOptions

T = TypeVar("T")


def parse_address(text: str) -> tuple[str, int] | None:
    """Return the host and the port of `:8080`, `127.0.0.1:0` or `[::1]:80`, or None for `0`: do not listen.

    Raises ValueError with the expected form.
    """
    if text == "0":
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is not a valid address: write :8080, 127.0.0.1:8080, or 0 for none")
    return host.strip("[]"), int(port)


def _address(text: str) -> str:
    parse_address(text)
    return text


_ADDRESS: Final[Kind[str]] = Kind(_address, str, "HOST:PORT", "host:port, or `0`")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """Which cluster, and as whom."""

    kubeconfig: str = option(
        TEXT, "", "kubeconfig file; without it the service account of the pod, or else $KUBECONFIG and ~/.kube/config"
    )
    context: str = option(TEXT, "", "context of the kubeconfig; without it the current one")


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessOptions:
    """How long the local copies of the API server's objects may be missing or out of date, in seconds."""

    cache_sync_timeout: float = option(
        DURATION,
        0.0,
        "exit if the caches are not filled within this time; 0 waits for ever, or 60s with --dry-run-once",
        least=0,
    )
    cache_staleness_limit: float = option(
        DURATION,
        60.0,
        "how long a cache may be out of date, because it can be neither listed nor watched, before /readyz fails",
        least=0.1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions(FreshnessOptions):
    """The local copies of the API server's objects. Durations are in seconds."""

    resync_period: float = option(
        DURATION, 36000.0, "how often every environment is reconciled even if nothing changed; 0 means never", least=0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerOptions:
    """Workers and queues. Durations are in seconds."""

    workers: int = option(
        NUMBER, 8, "environments that are reconciled at the same time", least=1, after="service_account"
    )
    reconcile_timeout: float = option(
        DURATION, 120.0, "longest time that one reconcile may take", least=0.1, after="resync_period"
    )
    max_backoff: float = option(
        DURATION,
        60.0,
        "longest pause before a failed reconcile is tried again",
        least=0.01,
        after="reconcile_timeout",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions:
    """Requests to the API server. Durations are in seconds."""

    watch_read_timeout: float = option(
        DURATION, 150.0, "how long a watch may be silent before it is opened again", least=0.1
    )
    request_timeout: float = option(DURATION, 30.0, "longest time that a single request may take", least=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunOptions:
    """Whether anything is written."""

    dry_run: bool = option(
        SWITCH,
        False,
        "write nothing, and list in the log what would be written; this needs neither the lease nor a right to write",
    )
    dry_run_once: bool = option(SWITCH, False, "like --dry-run, but exit when every environment was checked once")

    @property
    def enabled(self) -> bool:
        """Whether nothing may be written."""
        return self.dry_run or self.dry_run_once


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressOptions:
    """Where metrics and probes are served. `parse_address` reads the addresses."""

    metrics_address: str = option(_ADDRESS, ":8080", "address of /metrics, or 0 for none")
    health_address: str = option(_ADDRESS, ":8081", "address of /healthz, /readyz and the status page, or 0 for none")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions(AddressOptions):
    """What is served, and where."""

    status_page: bool = option(
        SWITCH,
        True,
        "serve the status page on the health address at /: environments, queues and caches, without a login and "
        "without secrets",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """How the log looks."""

    log_format: str = option(
        TEXT,
        "auto",
        "log format; auto is console on a terminal and json elsewhere",
        choices=("auto", "json", "console"),
    )
    log_level: str = option(
        TEXT, "info", "lowest level of messages to log", choices=("debug", "info", "warning", "error")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `tronador run`."""

    connection: ConnectionOptions = group(ConnectionOptions)
    namespace: str = own_namespace()
    watch_label_selector: str = option(
        SELECTOR,
        "",
        "label selector of the EnvironmentProvisioners that these replicas manage, such as "
        "tronador.stakater.com/shard=a; each selector has its own Lease; without a selector they manage all",
    )
    election: LeaderElectionOptions = group(LeaderElectionOptions)
    environment: EnvironmentOptions = group(EnvironmentOptions)
    tronadorconfig: TronadorConfigOptions = group(TronadorConfigOptions)
    cache: CacheOptions = group(CacheOptions)
    controller: ControllerOptions = group(ControllerOptions)
    requests: RequestOptions = group(RequestOptions)
    graceful_timeout: float = option(
        DURATION, 30.0, "how long running reconciles may take to finish after SIGTERM", least=0
    )
    dry_run: DryRunOptions = group(DryRunOptions)
    http: HttpOptions = group(HttpOptions)
    logs: LogOptions = group(LogOptions)


def add_arguments(parser: argparse.ArgumentParser, kind: type[Any]) -> None:
    """Add a flag for every option of the group `kind`."""
    for found in options_of(kind):
        # A switch without a value means true.
        alone: dict[str, Any] = {"nargs": "?", "const": found.kind.alone} if found.kind.alone else {}
        shown = f"default: {found.default_text}; " if found.default_text else ""
        parser.add_argument(
            found.flag,
            metavar="|".join(found.choices) or found.kind.placeholder,
            help=f"{found.help} ({shown}${found.variable})".replace("%", "%%"),
            **alone,
        )


def read(kind: type[T], arguments: argparse.Namespace, environ: Mapping[str, str]) -> T:
    """Return the group `kind` as flags and environment variables set it; a flag wins over a variable.

    Raises OptionError if a value cannot be used.
    """
    values: dict[str, Any] = {}
    for found in options_of(kind):
        given, source = getattr(arguments, found.name), found.flag
        if given is None:
            given, source = environ.get(found.variable), found.variable
        if given is not None:
            values[found.name] = found.parse(given, source)
    return build(kind, values)
