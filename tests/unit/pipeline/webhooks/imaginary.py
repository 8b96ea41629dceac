"""A provider that does not exist. Adding it takes this file and its row."""

from controller.pipeline.webhooks.body import Fields
from controller.pipeline.webhooks.delivery import Provider, other_event
from controller.pipeline.webhooks.pullrequest import Happening, PullRequest
from tests.unit.pipeline.webhooks.payloads import SHA

URL = "https://forge.example.com/acme/shop.git"
BODY = {"proposal": 7, "repo": URL, "head": "sell-more", "rev": SHA, "into": "main"}


def detect(delivery, body):
    """The headers decide if there are any."""
    return bool(delivery.header("X-Forge-Kind")) if delivery.headers else "proposal" in body


def verify(delivery):
    """The forge signs as GitHub does."""
    return delivery.is_signed("X-Forge-Proof")


def read(delivery, body):
    """Every proposal was just opened."""
    if delivery.event_in("X-Forge-Kind") not in ("", "proposal"):
        return other_event(delivery.event_in("X-Forge-Kind"))
    fields = Fields(body)
    return PullRequest(
        action="opened",
        happenings=frozenset({Happening.OPENED}),
        number=fields.number("proposal"),
        repository="shop",
        repository_url=fields.clone_url("repo"),
        branch=fields.branch("head"),
        commit=fields.commit("rev"),
        source_url=fields.clone_url("repo"),
        base_branch=fields.branch("into"),
        is_fork=False,
        is_open=True,
        is_merged=False,
        is_draft=False,
        labels=frozenset(),
    )


PROVIDER = Provider(name="forge", detect=detect, verify=verify, read=read)
