"""Where the API server is and who we are: kubeconfig or the pod's service account, checked before anything is sent.

The package's loaders do the reading. Added here: errors that name the file or flag and the remedy
(`kubeconfig_checks` and `tls_checks`); a refusal to continue without credentials when an exec plugin fails (the package
only logs that, and then sends unauthenticated requests); tokens that are rotated (`rotation`); and
`Connection.refresh`, by which a 401 leads to fresh credentials.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from controller.apimachinery.errors import ConfigError
from controller.client import kubeconfig_checks, rotation, tls_checks
from controller.client.kubernetes_package import (
    SERVICE_CERT_FILENAME,
    SERVICE_HOST_ENV_NAME,
    SERVICE_TOKEN_FILENAME,
    ConfigException,
    Configuration,
    InClusterConfigLoader,
    load_kube_config,
    tcp_keepalive_socket_options,
)

# The time after which a connection is closed if the server has not acknowledged what was sent.
_UNACKNOWLEDGED_MILLISECONDS = 10_000
_DEFAULT_KUBECONFIG = "~/.kube/config"


class Connection:
    """The server's address and credentials that can be renewed.

    Attributes:
        source: where they come from, in words for a log line.
    """

    def __init__(self, *, source: str, build: Callable[[], Configuration]) -> None:
        self.source = source
        self._build = build
        self._lock = threading.Lock()
        self._configuration = build()
        self._generation = 1

    def current(self) -> tuple[int, Configuration]:
        """Return the generation of the credentials, and the configuration for new connections."""
        with self._lock:
            return self._generation, self._configuration

    def refresh(self, generation: int) -> None:
        """Read the credentials again, unless another thread has done so since `generation`. Raises ConfigError."""
        with self._lock:
            if generation == self._generation:
                self._configuration = self._build()
                self._generation += 1


def load(
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    in_cluster: bool | None = None,
    token_file: str = SERVICE_TOKEN_FILENAME,
    ca_file: str = SERVICE_CERT_FILENAME,
    environ: Mapping[str, str] = os.environ,
) -> Connection:
    """Find the cluster: `kubeconfig` (a path, or several joined by ":"), else $KUBECONFIG, else the service account of
    the pod we run in, else ~/.kube/config. `in_cluster` True or False forces or forbids the service account.

    Raises ConfigError: a sentence that names the file or flag, and what to do.
    """
    paths = kubeconfig or environ.get("KUBECONFIG") or None
    if in_cluster is None:
        in_cluster = paths is None and SERVICE_HOST_ENV_NAME in environ
    if in_cluster:
        return Connection(
            source="the pod's service account", build=lambda: _from_service_account(token_file, ca_file, environ)
        )
    origin = "--kubeconfig" if kubeconfig else "$KUBECONFIG" if paths else "the default kubeconfig"
    # os.path, because Path raises for the home of an unknown user and for a name that is too long.
    files = [Path(os.path.expanduser(p)) for p in (paths or _DEFAULT_KUBECONFIG).split(os.pathsep) if p]
    present = [path for path in files if os.path.isfile(path)]
    if not present:
        names = ", ".join(str(path) for path in files)
        raise ConfigError(
            f"no kubeconfig file at {names} (from {origin}): give its path with --kubeconfig or $KUBECONFIG, "
            "or run in a pod with a service account"
        )
    return Connection(source=f"{origin} {present[0]}", build=lambda: _from_kubeconfig(present, context))


def _blank() -> Configuration:
    configuration = Configuration()
    configuration.retries = False  # urllib3's retries repeat writes, and their pauses cannot be interrupted
    configuration.keep_alive = True
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # TCP resends lost packets with growing pauses. So a request could wait for its whole timeout on a dead
        # connection, even if the network already works again.
        timeout = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MILLISECONDS)
        configuration.socket_options = [*tcp_keepalive_socket_options(), timeout]
    return configuration


def _from_service_account(token_file: str, ca_file: str, environ: Mapping[str, str]) -> Configuration:
    configuration = _blank()
    try:
        InClusterConfigLoader(token_filename=token_file, cert_filename=ca_file, environ=environ).load_and_set(
            configuration
        )
    except (ConfigException, OSError) as error:
        raise ConfigError(
            f"cannot use the pod's service account ({token_file}, {ca_file}): {error}; mount the service account's "
            "token (automountServiceAccountToken) or give --kubeconfig"
        ) from error
    _check(configuration, "the pod's service account")
    rotation.renew(configuration)
    return configuration


def _from_kubeconfig(files: list[Path], context: str | None) -> Configuration:
    chosen = kubeconfig_checks.choose(files, context)
    configuration = _blank()
    try:
        with kubeconfig_checks.captured_logs() as logged:
            load_kube_config(
                config_file=os.pathsep.join(map(str, files)), context=chosen.context, client_configuration=configuration
            )
    except (ConfigException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # The loader does not check the document, so a malformed one raises any of these.
        raise ConfigError(f"cannot use {chosen}: {kubeconfig_checks.reason(error)}") from error
    if "exec" in chosen.user and not (configuration.api_key.get("BearerToken") or configuration.cert_file):
        raise ConfigError(kubeconfig_checks.failed_plugin(chosen, logged))
    tls_checks.check(configuration, source=str(chosen))
    _check(configuration, str(chosen))
    if chosen.user.get("tokenFile"):
        rotation.reread(configuration, files[0].parent / chosen.user["tokenFile"])
    else:
        rotation.renew(configuration)
    return configuration


def _check(configuration: Configuration, source: str) -> None:
    """Raise ConfigError for settings that otherwise would fail at the first request, with an error without a remedy."""
    if configuration.proxy and not kubeconfig_checks.is_http_address(str(configuration.proxy), password=True):
        raise ConfigError(
            f"{source}: its proxy (proxy-url, or $HTTPS_PROXY) cannot be used: write http://HOST:PORT, or remove it"
        )
    token = (configuration.api_key.get("BearerToken") or "").strip()
    if not (token.isascii() and token.isprintable()):
        raise ConfigError(
            f"{source}: its token holds a line break or another character that no token has: copy it again"
        )
