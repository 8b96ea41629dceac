"""Whether there is a real API server, against which the tests of this folder run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from controller.client import Client
from controller.client.config import load
from tests.integration.support.variables import REAL_KUBECONFIG


@pytest.mark.parametrize("module", sorted(path.stem for path in Path(__file__).parent.glob("test_*.py")))
def test_a_module_that_is_left_out_can_still_be_imported(module: str) -> None:
    import_module(f"tests.real.{module}")


def test_a_real_api_server_is_named() -> None:
    if not REAL_KUBECONFIG:
        pytest.skip("tests/real is left out: TRONADOR_TEST_KUBECONFIG names no kubeconfig of an administrator")
    client = Client(connection=load(kubeconfig=REAL_KUBECONFIG), user_agent="tests")
    try:
        assert client.server_version()["gitVersion"]
    finally:
        client.close()
