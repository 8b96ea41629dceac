"""Decides what a webhook of GitHub, GitLab, Gitea or Forgejo means. Pure: equal deliveries get equal decisions."""

from controller.pipeline.webhooks.body import BodyError
from controller.pipeline.webhooks.decision import Decision, Rules, Verdict
from controller.pipeline.webhooks.delivery import Delivery, decide
from controller.pipeline.webhooks.signature import Unverified

__all__ = ["BodyError", "Decision", "Delivery", "Rules", "Unverified", "Verdict", "decide"]
