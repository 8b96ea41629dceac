"""Every option of `tronador run`, defined once: flag, variable, help, docs and validation come from here.

A field `status_settle` is the flag `--status-settle` and the variable `TRONADOR_STATUS_SETTLE`; the flag wins.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from controller.api.engines import AUTO, ENGINES
from controller.apimachinery import giturls, names, selectors
from controller.app import durations
from controller.app.addresses import parse_address
from controller.policy import Pin, PolicyOptions, pins

ENVIRONMENT_PREFIX = "TRONADOR_"
# The options that decide what an environment may ask for: `tronador validate` has them too.
POLICY = (
    "namespace",
    "protected_namespaces",
    "allowed_reference_namespaces",
    "allow_external_values",
    "denied_namespace_labels",
    "pinned_namespace_labels",
    "allowed_git_repositories",
    "allow_forks_on_helm_operator",
    "release_engine",
)


class OptionError(Exception):
    """A value cannot be used; the text names the option, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a value is written: its parser, how to show it, the placeholder in help, and words for people."""

    parse: Callable[[str], Any]
    show: Callable[[Any], str]
    placeholder: str
    words: str


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _boolean(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if (word := text.strip().lower()) not in known:
        raise ValueError(f"{text!r} is neither true nor false")
    return known[word]


def _address(text: str) -> str:
    parse_address(text)
    return text


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _labels(text: str) -> Mapping[str, str]:
    labels = {}
    for part in _list(text):
        name, equals, value = part.partition("=")
        if not equals or not names.is_label_key(name) or not names.is_label_value(value):
            raise ValueError(f"{part!r} is not a valid label: write name=value, as Kubernetes does")
        labels[name] = value
    return labels


def _name(text: str) -> str:
    if not names.is_dns_subdomain(text):
        raise ValueError(f"{text!r} is not a valid name of an object: use lower case letters, digits, '-' and '.'")
    return text


def _repositories(text: str) -> tuple[str, ...]:
    for glob in _list(text):
        if "://" in glob or glob.partition("/")[0].lower() != glob.partition("/")[0]:
            raise ValueError(f"{glob!r} does not match any repository: write host/org/*, with a lower-case host")
    return _list(text)


def _prefixes(text: str) -> tuple[str, ...]:
    return tuple(giturls.parse_prefix(part) for part in _list(text))


_TEXT = _Kind(str, str, "TEXT", "text")
_SWITCH = _Kind(_boolean, lambda value: str(value).lower(), "BOOL", "`true` or `false`")
_ADDRESS = _Kind(_address, str, "HOST:PORT", "host:port, or `0`")
_NUMBER = _Kind(_integer, str, "NUMBER", "number")
_DURATION = _Kind(durations.parse, durations.render, "DURATION", "duration")
_GLOBS = _Kind(_list, ",".join, "GLOB,...", "patterns")
_LABELS = _Kind(_labels, lambda value: ",".join(f"{k}={v}" for k, v in value.items()), "NAME=VALUE,...", "labels")
_NAME = _Kind(_name, str, "NAME", "name")
_REPOSITORIES = _Kind(_repositories, ",".join, "HOST/GLOB,...", "patterns")
_PREFIXES = _Kind(_prefixes, ",".join, "HOST/ORG,...", "host/org prefixes")
_SELECTOR = _Kind(selectors.canonical, str, "SELECTOR", "label selector")
_PINS = _Kind(pins.parse, pins.show, "PREFIX:KEY=GLOB;...", "pinned labels")
_POLICY = PolicyOptions()


def _option(kind: _Kind, default: Any, text: str, *, least: float | None = None, choices: tuple[str, ...] = ()) -> Any:
    extras = {"kind": kind, "help": text, "least": least, "choices": choices}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=extras)
    return field(default=default, metadata=extras)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `tronador run`. Durations are in seconds."""

    kubeconfig: str = _option(
        _TEXT, "", "kubeconfig file; without it the service account of the pod, or else $KUBECONFIG and ~/.kube/config"
    )
    context: str = _option(_TEXT, "", "context of the kubeconfig; without it the current one")
    namespace: str = _option(_NAME, "tronador-system", "namespace of the controller itself")
    watch_label_selector: str = _option(
        _SELECTOR,
        "",
        "label selector of the EnvironmentProvisioners that these replicas manage, such as "
        "tronador.stakater.com/shard=a; each selector has its own Lease; without a selector they manage all",
    )
    leader_elect: bool = _option(
        _SWITCH, True, "let only one of several replicas work; a Lease in the controller's own namespace decides which"
    )
    lease_identity: str = _option(
        _TEXT,
        "",
        "name of this process in the leader election, different for each replica; if it stays the same across a "
        "restart, a leader need not wait for its own lease to expire; without it a random name",
    )
    lease_duration: float = _option(
        _DURATION,
        15.0,
        "how long standby replicas wait after the last renewal before one of them takes over",
        least=0.1,
    )
    lease_renew_deadline: float = _option(
        _DURATION, 10.0, "how long a leader tries to renew its lease before it ends", least=0.1
    )
    lease_retry_period: float = _option(_DURATION, 2.0, "pause between two attempts at the lease", least=0.01)
    service_account: str = _option(
        _TEXT,
        "tronador-controller",
        "service account of the controller, in its own namespace; a RoleBinding in each environment gives it its "
        "rights there; if this is empty, the controller creates no RoleBinding",
    )
    workers: int = _option(_NUMBER, 4, "environments that are reconciled at the same time", least=1)
    protected_namespaces: tuple[str, ...] = _option(
        _GLOBS,
        _POLICY.protected_namespaces,
        "names that an environment must not have; the controller's own namespace is always one of them",
    )
    namespace_labels: Mapping[str, str] = _option(
        _LABELS, {}, "labels for the namespace of every environment; they win over the environment's own"
    )
    allowed_reference_namespaces: tuple[str, ...] = _option(
        _GLOBS,
        _POLICY.allowed_reference_namespaces,
        "namespaces, besides an environment's own, whose Secrets and ConfigMaps a release may refer to; the controller "
        "needs a Role there",
    )
    allow_external_values: bool = _option(
        _SWITCH, _POLICY.allow_external_values, "let releases take values from URLs, which the Helm Operator reads"
    )
    denied_namespace_labels: tuple[str, ...] = _option(
        _GLOBS,
        _POLICY.denied_namespace_labels,
        "keys of labels that an environment must not set; app.kubernetes.io/managed-by and tronador.stakater.com/* are "
        "always among them",
    )
    pinned_namespace_labels: tuple[Pin, ...] = _option(
        _PINS,
        _POLICY.pinned_namespace_labels,
        "keys of labels that only repositories below a prefix may set, and the values they may have, such as "
        "github.com/org:stakater.com/tenant=org-*,kind=pr;git.example.com:stakater.com/tenant=shop; the longest prefix "
        "decides, and * is every repository",
    )
    allowed_git_repositories: tuple[str, ...] = _option(
        _REPOSITORIES,
        _POLICY.allowed_git_repositories,
        "repositories that charts may come from, such as github.com/org/*",
    )
    credential_git_prefixes: tuple[str, ...] = _option(
        _PREFIXES,
        _POLICY.credential_git_prefixes,
        "prefixes of repositories, such as github.com/org, that may get credentials which the TronadorConfig maps to a "
        "bare name or to every repository",
    )
    allow_forks_on_helm_operator: bool = _option(
        _SWITCH,
        _POLICY.allow_forks_on_helm_operator,
        "let the Helm Operator, which runs as cluster-admin, install charts of forks",
    )
    release_engine: str = _option(
        _TEXT,
        AUTO,
        "what installs the charts; auto takes the engine that the cluster has when an environment's first release is "
        "created (Flux if it has both), and keeps it; any other value moves every environment to that engine",
        choices=(AUTO, *ENGINES),
    )
    release_service_account: str = _option(
        _NAME, "tronador-release", "service account, in each environment's namespace, that a release of Flux runs as"
    )
    release_cluster_role: str = _option(
        _NAME,
        "tronador-release",
        "ClusterRole that this account is bound to; the controller must be allowed to bind it",
    )
    status_settle: float = _option(
        _DURATION, 0.3, "how long a temporary state must last before it is written to the status", least=0
    )
    chart_grace: float = _option(
        _DURATION, 300.0, "how long fetching a chart may fail before that counts as failed", least=0
    )
    teardown_timeout: float = _option(
        _DURATION, 600.0, "how long an uninstall may take before a teardown continues without it", least=0
    )
    recheck_interval: float = _option(
        _DURATION, 10.0, "longest pause between two checks of something that cannot be watched", least=0.01
    )
    resync_period: float = _option(
        _DURATION, 36000.0, "how often every environment is reconciled even if nothing changed; 0 means never", least=0
    )
    reconcile_timeout: float = _option(_DURATION, 120.0, "longest time that one reconcile may take", least=0.1)
    max_backoff: float = _option(_DURATION, 60.0, "longest pause before a failed reconcile is tried again", least=0.01)
    cache_sync_timeout: float = _option(
        _DURATION, 0.0, "exit if the caches are not filled within this time; 0 waits for ever", least=0
    )
    cache_staleness_limit: float = _option(
        _DURATION,
        60.0,
        "how long a cache may be out of date, because it can be neither listed nor watched, before /readyz fails",
        least=0.1,
    )
    watch_read_timeout: float = _option(
        _DURATION, 150.0, "how long a watch may be silent before it is opened again", least=0.1
    )
    request_timeout: float = _option(_DURATION, 30.0, "longest time that a single request may take", least=0.1)
    graceful_timeout: float = _option(
        _DURATION, 30.0, "how long running reconciles may take to finish after SIGTERM", least=0
    )
    dry_run: bool = _option(
        _SWITCH,
        False,
        "write nothing, and list in the log what would be written; this needs neither the lease nor a right to write",
    )
    dry_run_once: bool = _option(_SWITCH, False, "like --dry-run, but exit when every environment was checked once")
    metrics_address: str = _option(_ADDRESS, ":8080", "address of /metrics, or 0 for none")
    health_address: str = _option(_ADDRESS, ":8081", "address of /healthz, /readyz and the status page, or 0 for none")
    status_page: bool = _option(
        _SWITCH,
        True,
        "serve the status page on the health address at /: environments, queues and caches, without a login and "
        "without secrets",
    )
    log_format: str = _option(
        _TEXT,
        "auto",
        "log format; auto is console on a terminal and json elsewhere",
        choices=("auto", "json", "console"),
    )
    log_level: str = _option(
        _TEXT, "info", "lowest level of messages to log", choices=("debug", "info", "warning", "error")
    )

    @property
    def policy(self) -> PolicyOptions:
        """What an environment may ask for."""
        return PolicyOptions(
            protected_namespaces=(*self.protected_namespaces, self.namespace),
            allowed_reference_namespaces=self.allowed_reference_namespaces,
            allow_external_values=self.allow_external_values,
            denied_namespace_labels=self.denied_namespace_labels,
            pinned_namespace_labels=self.pinned_namespace_labels,
            allowed_git_repositories=self.allowed_git_repositories,
            credential_git_prefixes=self.credential_git_prefixes,
            allow_forks_on_helm_operator=self.allow_forks_on_helm_operator,
        )


def flag(option: Field[Any]) -> str:
    """`--status-settle` for the field `status_settle`."""
    return "--" + option.name.replace("_", "-")


def variable(option: Field[Any]) -> str:
    """`TRONADOR_STATUS_SETTLE` for the field `status_settle`."""
    return ENVIRONMENT_PREFIX + option.name.upper()


def default_text(option: Field[Any]) -> str:
    """The default as one would write it."""
    kind: _Kind = option.metadata["kind"]
    return kind.show(getattr(Options(), option.name))


def add_arguments(parser: argparse.ArgumentParser, *, only: Collection[str] = ()) -> None:
    """Add a flag for every option, or `only` for those of these names."""
    for option in fields(Options):
        if only and option.name not in only:
            continue
        kind: _Kind = option.metadata["kind"]
        # A switch alone, without a value, means true.
        alone: dict[str, Any] = {"nargs": "?", "const": "true"} if kind is _SWITCH else {}
        shown = f"default: {default_text(option)}; " if default_text(option) else ""
        parser.add_argument(
            flag(option),
            metavar="|".join(option.metadata["choices"]) or kind.placeholder,
            help=f"{option.metadata['help']} ({shown}${variable(option)})".replace("%", "%%"),
            **alone,
        )


def build(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Options:
    """The options that flags and environment variables say. Raises OptionError before anything is connected.

    Those that the parser had no flag for have their default.
    """
    values: dict[str, Any] = {}
    for option in fields(Options):
        if not hasattr(arguments, option.name):
            continue
        given, source = getattr(arguments, option.name), flag(option)
        if given is None:
            given, source = environ.get(variable(option)), variable(option)
        if given is not None:
            values[option.name] = _parse(option, given, source)
    return Options(**values)


def unit(option: Field[Any]) -> str:
    """How its value is written, for people: `a duration`, or the values to choose from."""
    kind: _Kind = option.metadata["kind"]
    choices = option.metadata["choices"]
    least = option.metadata["least"]
    limit = f", at least {kind.show(least)}" if least else ""
    return " or ".join(f"`{choice}`" for choice in choices) if choices else f"{kind.words}{limit}"


def _parse(option: Field[Any], text: str, source: str) -> Any:
    kind: _Kind = option.metadata["kind"]
    try:
        value = kind.parse(text)
    except ValueError as error:
        raise OptionError(f"{source}: {error}") from None
    least, choices = option.metadata["least"], option.metadata["choices"]
    if least is not None and value < least:
        raise OptionError(f"{source}: {text!r} is too small: use at least {kind.show(least)}")
    if choices and value not in choices:
        raise OptionError(f"{source}: {text!r} is unknown: use one of {', '.join(choices)}")
    return value
