"""Deliveries that users reported, from the material beside the project."""

import pytest

from controller.pipeline.webhooks import Rules
from tests.unit.pipeline.webhooks.payloads import CASES, LABEL, ask, recorded

RULES = Rules(fork_label=LABEL, skip_bots=True)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("gl-test-noaction.json", "ignore"),
        ("gl-action-null.json", "ignore"),
        ("gl-ready-by-title.json", "apply"),
        ("gl-draft-by-title.json", "remove"),
        ("gl-fork-toplabels.json", "apply"),
        ("gh-renamed-closed.json", "remove"),
        ("gh-dependabot.json", "ignore"),
    ],
)
@pytest.mark.parametrize("named", [False, True], ids=["without its header", "with its header"])
def test_every_recorded_delivery_has_its_decision(name, want, named):
    header = "Merge Request Hook" if name.startswith("gl-") else "pull_request"
    assert str(ask(recorded(name, CASES), rules=RULES, event=header if named else "").verdict) == want
