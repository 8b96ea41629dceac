"""Our documents of the workflow guide are those of the guide."""

from __future__ import annotations

import pytest
import yaml

from tests.originals.files import guide
from tests.samples import FIXTURES
from tests.samples import guide as ours


def test_the_config_file_is_the_one_of_the_guide() -> None:
    assert (FIXTURES / "guide/tronador.yaml").read_text() == guide()


@pytest.mark.parametrize(("name", "kind"), [("environment", "EnvironmentProvisioner"), ("helmrelease", "HelmRelease")])
def test_an_object_is_the_one_of_the_guide(name: str, kind: str) -> None:
    assert ours(name) == yaml.safe_load(guide(kind))
