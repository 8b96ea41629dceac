"""Verifies, reads and decides a raw delivery, and returns the parameters for the next steps of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.pipeline.webhooks import body, gitea, github, gitlab, signature
from controller.pipeline.webhooks.body import BodyError
from controller.pipeline.webhooks.decision import Decision, Rules, Verdict, judge
from controller.pipeline.webhooks.pullrequest import GITEA, GITHUB, GITLAB, Happening, PullRequest
from controller.pipeline.webhooks.signature import Unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The request of a webhook.

    Attributes:
        raw: the unchanged body, which the signature covers.
        event: X-GitHub-Event, X-Gitlab-Event, X-Gitea-Event or X-Gitea-Event-Type; "" derives it from the body.
        signature: X-Hub-Signature-256, X-Gitlab-Token, X-Gitea-Signature or X-Forgejo-Signature; "" if absent.
        secret: the webhook's secret; None accepts every delivery without verification.
    """

    raw: bytes
    event: str = ""
    signature: str = ""
    secret: bytes | None = None


def decide(delivery: Delivery, rules: Rules, *, name: Callable[[PullRequest], str]) -> Decision:
    """Return the decision. `name` returns the name of a pull request's environment. Raises Unverified and BodyError."""
    proven = ""
    if delivery.secret is not None:
        # Verify first, before the bytes are parsed.
        proven = signature.verify(delivery.raw, signature=delivery.signature, secret=delivery.secret)
    document = body.parse(delivery.raw)
    if unsupported := _unsupported_provider(document):
        raise BodyError(f"webhooks of {unsupported} are not supported; use GitHub, GitLab, Gitea or Forgejo")
    provider = _provider(document, delivery.event, proven)
    if proven and provider and provider not in _PROVEN_BY[proven]:
        raise Unverified(f"the body comes from {provider}, but its signature or token has the form of {proven}")
    if not provider:
        raise BodyError("the body is not a known webhook of GitHub, GitLab or Gitea; pass its event with --event-type")
    # For GitLab the body decides, because all system hooks have the same name in the header.
    event = gitlab.event(document) if provider == GITLAB else gitea.event(delivery.event) or github.event(document)
    if event != (gitlab.KIND if provider == GITLAB else github.EVENT):
        return Decision(Verdict.IGNORE, _other_event(event), provider)
    if provider == GITLAB and not gitlab.has_action(document):
        return Decision(Verdict.IGNORE, "the merge request has no action: this is a test of the webhook", provider)
    pull = _READERS[provider](document)
    verdict, reason = judge(pull, rules)
    return Decision(verdict, reason, provider, _parameters(pull, name(pull)))


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], PullRequest]]] = {
    GITHUB: github.read,
    GITLAB: gitlab.read,
    GITEA: gitea.read,
}
# Gitea sends two signatures: one in GitHub's form, and one of its own.
_PROVEN_BY: Final[Mapping[str, tuple[str, ...]]] = {GITHUB: (GITHUB, GITEA), GITLAB: (GITLAB,), GITEA: (GITEA,)}


def _unsupported_provider(document: Mapping[str, Any]) -> str:
    """Return the provider of a body that is recognized but not supported, or ""."""
    if "pullrequest" in document or "eventKey" in document:
        return "Bitbucket"
    if "eventType" in document and "resource" in document:
        return "Azure DevOps"
    pull = document.get("pull_request")
    return "Gogs" if isinstance(pull, Mapping) and "head_branch" in pull else ""


def _provider(document: Mapping[str, Any], event: str, proven: str) -> str:
    if event.endswith(" Hook"):
        return GITLAB
    if not event and gitlab.is_of_gitlab(document):
        return GITLAB
    if event or github.is_of_github(document):
        # Only the body of a pull request differs between Gitea and GitHub. For other events, the signature decides.
        return GITEA if proven == GITEA or gitea.is_of_gitea(document) else GITHUB
    return ""


def _other_event(event: str) -> str:
    if event == "ping":
        return "a ping: the webhook works"
    return f"the event {event!r} is not about pull requests" if event else "the event is not about pull requests"


def _parameters(pull: PullRequest, name: str) -> dict[str, Any]:
    # A fork is pinned to the reviewed commit, in the fork itself: see decision.py.
    pinned = pull.is_fork and pull.source_url
    return {
        "name": name,
        "repo_name": pull.repository,
        "pr_number": pull.number,
        "repository_url": pull.repository_url,
        "repository_id": pull.repository_id,
        "git_url": pull.source_url if pinned else pull.repository_url,
        "git_ref": pull.commit if pull.is_fork else pull.branch,
        "commit": pull.commit,
        "base_ref": pull.base_branch,
        "fork": pull.is_fork,
        "event_time": _event_time(pull),
    }


def _event_time(pull: PullRequest) -> str:
    # Providers send whole seconds. Half a second more makes a reopening later than a close in the same second, so that
    # it overrides the tombstone of the close.
    if pull.time and Happening.REOPENED in pull.happenings:
        return f"{pull.time.removesuffix('Z')}.5Z"
    return pull.time
