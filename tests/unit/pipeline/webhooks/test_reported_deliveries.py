"""Deliveries that users reported get the right decisions."""

import pytest

from controller.pipeline.webhooks import Rules
from tests.unit.pipeline.webhooks.payloads import LABEL, ask
from tests.unit.pipeline.webhooks.reported import GITHUB, GITLAB

RULES = Rules(fork_label=LABEL, skip_bots=True)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("a test of the webhook, without an action", "ignore"),
        ("an action that is null", "ignore"),
        ("ready by its title", "apply"),
        ("a draft by its title", "remove"),
        ("a fork with its labels at the top", "apply"),
        ("a close after the repository was renamed", "remove"),
        ("a bot's push", "ignore"),
    ],
)
@pytest.mark.parametrize("named", [False, True], ids=["without its header", "with its header"])
def test_a_reported_delivery_gets_the_right_decision(name, want, named):
    header = "pull_request" if name in GITHUB else "Merge Request Hook"
    body = {**GITHUB, **GITLAB}[name]
    assert str(ask(body, rules=RULES, event=header if named else "").verdict) == want
