"""Connects commands to a cluster: their flags, their user agent, and the messages when the connection fails."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from controller.apimachinery.errors import (
    ApiError,
    ConfigError,
    ConnectionLost,
    Forbidden,
    NotFound,
    TlsFailure,
    Unauthorized,
)
from controller.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from controller.client import Client

# Set in every pod.
_IN_CLUSTER: Final = "KUBERNETES_SERVICE_HOST"


def user_agent(command: str) -> str:
    """Return `tronador/VERSION (COMMAND)`, by which audit logs distinguish our requests."""
    return f"tronador/{version('tronador')} ({command})"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose the cluster."""
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="kubeconfig file (default: the pod's account, $KUBECONFIG)"
    )
    parser.add_argument("--context", metavar="NAME", help="context of the kubeconfig (default: its current one)")


def is_chosen(parsed: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    """Return whether there is a cluster for a command that may do without one: a flag names it, or it runs in it."""
    return bool(parsed.kubeconfig or parsed.context or environ.get("KUBECONFIG") or _IN_CLUSTER in environ)


@contextmanager
def connected(
    parsed: argparse.Namespace,
    environ: Mapping[str, str],
    *,
    command: str,
    verbs: str,
    field_manager: str = "tronador",
) -> Iterator[Client]:
    """Yield a client for the cluster that the flags choose. Inside, errors of the cluster become PipelineError.

    `verbs` are the rights to environmentprovisioners that the command needs; the message of a missing right names them.
    """
    # Imported here, because most steps of a pipeline need no cluster, and this import takes a second.
    from controller.client import Client, config

    source = ""
    try:
        connection = config.load(kubeconfig=parsed.kubeconfig, context=parsed.context, environ=environ)
        source = connection.source
        client = Client(
            connection=connection,
            user_agent=user_agent(command),
            pool_size=2,
            field_manager=field_manager,
        )
        try:
            yield client
        finally:
            client.close()
    except Forbidden as error:
        raise PipelineError(f"{error}; allow {verbs} of environmentprovisioners") from error
    except ApiError as error:
        raise PipelineError(explain(error, source)) from error


def explain(error: ApiError, source: str) -> str:
    """Return one line: why the API server cannot be used, and what to do. `source` says where its address is from."""
    match error:
        case ConfigError():
            return str(error)
        case Unauthorized():
            return (
                f"the API server does not accept the credentials of {source}, which may have expired: log in again, "
                "or choose others with --kubeconfig or --context"
            )
        case NotFound(resource_missing=True):
            return "the cluster does not serve EnvironmentProvisioners: install the CRDs (manifests/crds)"
        case TlsFailure():
            return (
                f"{error}: check the certificates in {source} (certificate-authority, client-certificate) and whether "
                "they have expired"
            )
        case ConnectionLost():
            return f"cannot reach the API server, {error}: check that it runs, and that {source} leads to it"
        case _:
            return str(error)
