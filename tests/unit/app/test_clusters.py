"""What people read when a command cannot use the cluster: what is wrong, and what to do."""

from __future__ import annotations

import pytest

from controller.apimachinery.errors import (
    ApiError,
    ConfigError,
    ConnectionLost,
    RequestTimeout,
    TlsFailure,
    status_error,
)
from controller.app import clusters

SOURCE = "--kubeconfig /home/me/config"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConfigError("a sentence"), ("a sentence",)),
        (status_error(401, {"kind": "Status", "code": 401}), ("expired", "log in again", SOURCE, "--context")),
        (
            status_error(404, "404 page not found"),
            ("does not serve EnvironmentProvisioners", "install the CRDs (manifests/crds)"),
        ),
        (ConnectionLost("x:1: refused"), ("cannot reach the API server, x:1: refused", "check that it runs", SOURCE)),
        (RequestTimeout("x:1: no answer"), ("cannot reach the API server", SOURCE)),
        (TlsFailure("x:1: TLS: expired"), ("x:1: TLS: expired", "certificate-authority", SOURCE)),
    ],
)
def test_each_failure_says_what_to_do(error: ApiError, words: tuple[str, ...]) -> None:
    said = clusters.explain(error, SOURCE)
    for word in words:
        assert word in said
    assert "\n" not in said


def test_audit_logs_show_the_version_and_the_command() -> None:
    program, _, command = clusters.user_agent("list").partition(" ")
    assert program.startswith("tronador/0.")
    assert command == "(list)"
