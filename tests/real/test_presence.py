"""Whether there is a real API server, against which the tests of this folder run."""

from __future__ import annotations

import pytest

from controller.client import Client
from controller.client.config import load
from tests.integration.support.variables import REAL_KUBECONFIG


def test_a_real_api_server_is_named() -> None:
    if not REAL_KUBECONFIG:
        pytest.skip("tests/real is left out: TRONADOR_TEST_KUBECONFIG names no kubeconfig of an administrator")
    client = Client(connection=load(kubeconfig=REAL_KUBECONFIG), user_agent="tests")
    try:
        assert client.server_version()["gitVersion"]
    finally:
        client.close()
