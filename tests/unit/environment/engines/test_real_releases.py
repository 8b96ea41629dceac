"""What we write is what the original CRDs of the engines allow, for whatever our own CRD allows.

They are read from the folder beside the project that holds recorded material; without it there is nothing to test.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.environment.support.generated import environments, our_schema
from tests.unit.environment.support.real_definitions import FIXTURES, check

pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason="no folder with definitions beside the project")


@given(environments(), st.sampled_from(["", "git-credentials"]), st.sampled_from(["", "tronador-release"]))
@settings(max_examples=300, deadline=None)
def test_whatever_environment_our_crd_allows_leads_to_objects_that_the_engines_crds_allow(
    environment: dict[str, Any], git_secret: str, service_account: str
) -> None:
    assert [str(error) for error in our_schema().validate(environment)] == []
    check(environment, git_secret=git_secret, service_account=service_account)
