"""What we write is what the CRDs of the engines allow, for every environment that our own CRD allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.samples import documents
from tests.unit.environment.support.engine_definitions import reduced
from tests.unit.environment.support.generated import environments, our_schema


@given(environments(), st.sampled_from(["", "git-credentials"]), st.sampled_from(["", "tronador-release"]))
@settings(max_examples=60)
def test_the_crds_of_the_engines_allow_what_every_environment_leads_to(
    environment: dict[str, Any], git_secret: str, service_account: str
) -> None:
    assert [str(error) for error in our_schema().validate(environment)] == []
    reduced().check(environment, git_secret=git_secret, service_account=service_account)


@pytest.mark.parametrize("file", documents("environment"), ids=lambda file: file.stem)
def test_the_crds_of_the_engines_allow_what_environments_of_users_lead_to(file: Path) -> None:
    environment = yaml.safe_load(file.read_text())
    assert our_schema().validate(environment) == []
    reduced().check(environment)
