"""Deliveries that users reported, as bodies of our own."""

import json

from tests.unit.pipeline.webhooks.payloads import LABEL, changed, github, gitlab, labels_changed

BOT = {"login": "dependabot[bot]", "id": 49699333, "type": "Bot"}


def _retitled(before, after, **attributes):
    body = gitlab("update", changes={"title": {"previous": before, "current": after}}, **attributes)
    return changed(body, "object_attributes.draft", ...)


def _fork_with_labels_at_the_top():
    body = gitlab("update", fork=True, labels=[LABEL], changes=labels_changed([], [LABEL]))
    return changed(body, "object_attributes.labels", ...)


def _closed_after_a_rename():
    text = json.dumps(github("closed", merged=True))
    return json.loads(text.replace("acme/shop", "acme/store").replace('"shop"', '"store"'))


GITHUB = {
    "a bot's push": github(
        "synchronize",
        user={"login": BOT["login"]},
        head={**github()["pull_request"]["head"], "ref": "dependabot/npm_and_yarn/typescript-eslint/parser-5.0.0"},
    )
    | {"sender": BOT},
    "a close after the repository was renamed": _closed_after_a_rename(),
}
GITLAB = {
    "a test of the webhook, without an action": changed(gitlab(), "object_attributes.action", ...),
    "an action that is null": gitlab(action=None),
    "ready by its title": _retitled("Draft: Sell more", "Sell more"),
    "a draft by its title": _retitled("Sell more", "Draft: Sell more", work_in_progress=True),
    "a fork with its labels at the top": _fork_with_labels_at_the_top(),
}
