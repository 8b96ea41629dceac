"""The table of providers, and which of them sent a delivery. A new provider is a row here and a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from controller.pipeline.webhooks import gitea, github, gitlab
from controller.pipeline.webhooks.body import Body, BodyError, parse
from controller.pipeline.webhooks.delivery import Delivery, Provider, Unverified, mismatch

# The first row that recognizes a delivery decides. GitHub is the last, because others send its headers as well.
PROVIDERS: Final[tuple[Provider, ...]] = (gitlab.PROVIDER, gitea.PROVIDER, github.PROVIDER)


def identify(delivery: Delivery) -> tuple[Provider, Body]:
    """Return the provider of a delivery and its body, after the sender is verified. Raises Unverified and BodyError.

    The headers name the provider. Without headers, the body does: the form of a signature cannot, because several
    providers sign in the same way. The body is not parsed before the sender is verified, so every provider whose
    signature or token is right is possible until then.
    """
    _check_secret(delivery)
    if delivery.headers:
        provider = _detected(delivery, {})
        if delivery.secret is not None and not provider.verify(delivery):
            raise Unverified(
                f"the headers hold no signature or token of {provider.name} that matches the body and the secret; "
                "check the secret of the webhook, and pass the raw body"
            )
        return provider, parse(delivery.raw)
    possible = [provider for provider in PROVIDERS if delivery.secret is None or provider.verify(delivery)]
    if not possible:
        raise mismatch(delivery)
    body = parse(delivery.raw)
    provider = _detected(delivery, body)
    if provider not in possible:
        forms = " or ".join(provider.name for provider in reversed(possible))
        raise Unverified(f"the body comes from {provider.name}, but its signature or token has the form of {forms}")
    return provider, body


def _check_secret(delivery: Delivery) -> None:
    if delivery.secret is None:
        return
    if not delivery.secret:
        raise Unverified("the file with the webhook's secret is empty; write the secret to it")
    if not delivery.headers and not delivery.signature:
        raise Unverified(
            "the delivery has no signature; set the secret of the webhook, and pass the header X-Hub-Signature-256 "
            "(GitHub), X-Gitea-Signature (Gitea), X-Forgejo-Signature (Forgejo) or X-Gitlab-Token (GitLab)"
        )


def _detected(delivery: Delivery, body: Body) -> Provider:
    for name, detect in _UNSUPPORTED.items():
        if detect(delivery, body):
            raise BodyError(f"webhooks of {name} are not supported; use GitHub, GitLab, Gitea or Forgejo")
    for provider in PROVIDERS:
        if provider.detect(delivery, body):
            return provider
    if delivery.headers:
        raise BodyError(
            "the headers name no known provider; pass all headers of the request, among them X-GitHub-Event, "
            "X-Gitlab-Event, X-Gitea-Event or X-Forgejo-Event"
        )
    raise BodyError("the body is not a known webhook of GitHub, GitLab or Gitea; pass its event with --event-type")


def _is_of_bitbucket(delivery: Delivery, body: Body) -> bool:
    # Its events are called `pullrequest:created`, `pr:opened` or `repo:push`.
    named = delivery.header("X-Event-Key") or ":" in delivery.event
    return bool(named) or "pullrequest" in body or "eventKey" in body or isinstance(body.get("push"), Mapping)


def _is_of_azure_devops(delivery: Delivery, body: Body) -> bool:
    # It has no headers of its own.
    return "eventType" in body and "resource" in body


def _is_of_gogs(delivery: Delivery, body: Body) -> bool:
    # Gitea, which was copied from it, still sends its headers. Gogs itself also sends those of GitHub.
    pull = body.get("pull_request")
    return (bool(delivery.header("X-Gogs-Event")) and not delivery.header("X-Gitea-Event")) or (
        isinstance(pull, Mapping) and "head_branch" in pull
    )


_UNSUPPORTED: Final[Mapping[str, Callable[[Delivery, Body], bool]]] = {
    "Bitbucket": _is_of_bitbucket,
    "Azure DevOps": _is_of_azure_devops,
    "Gogs": _is_of_gogs,
}
