"""Decides what a webhook of GitHub, GitLab, Gitea or Forgejo means. Pure: equal deliveries get equal decisions."""

from controller.pipeline.webhooks.body import BodyError
from controller.pipeline.webhooks.decision import Decision, decide
from controller.pipeline.webhooks.delivery import Delivery, Unverified, parse_headers
from controller.pipeline.webhooks.rules import Rules, Verdict
from controller.pipeline.webhooks.selection import Selection

__all__ = [
    "BodyError",
    "Decision",
    "Delivery",
    "Rules",
    "Selection",
    "Unverified",
    "Verdict",
    "decide",
    "parse_headers",
]
