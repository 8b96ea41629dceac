"""What a start loads. Each module costs time and memory, so the controller loads only what it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

CONTROLLER = "from controller.app import cli; cli.parser(command='run'); from controller.app import run"
STEP = "from controller.app import cli; cli.parser(command='event')"
PACKAGE = ("kubernetes.client.api", "kubernetes.client.api_client", "kubernetes.client.models", "kubernetes.dynamic")
LIBRARIES = ("jinja2", "oauthlib.oauth2", "pydantic", "requests", "requests_oauthlib", "websocket")
OF_PIPELINE = (
    "controller.pipeline.gitops",
    "controller.pipeline.rendering",
    "controller.pipeline.schemas",
    "jsonschema",
)


@pytest.mark.parametrize(
    "unwanted", [*PACKAGE, *LIBRARIES, *OF_PIPELINE, "argcomplete", "controller.pipeline.webhooks"]
)
def test_the_controller_does_not_load(unwanted: str, loaded_by_controller: frozenset[str]) -> None:
    assert "controller.app.wiring" in loaded_by_controller
    assert unwanted not in loaded_by_controller


@pytest.mark.parametrize("unwanted", ["kubernetes", "kubernetes.client", "controller.client", *OF_PIPELINE])
def test_a_step_of_a_pipeline_does_not_load(unwanted: str, loaded_by_step: frozenset[str]) -> None:
    assert "controller.pipeline.webhooks" in loaded_by_step
    assert unwanted not in loaded_by_step


@pytest.fixture(scope="module")
def loaded_by_controller() -> frozenset[str]:
    return _loaded(CONTROLLER)


@pytest.fixture(scope="module")
def loaded_by_step() -> frozenset[str]:
    return _loaded(STEP)


def _loaded(code: str) -> frozenset[str]:
    command = [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"]
    return frozenset(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
