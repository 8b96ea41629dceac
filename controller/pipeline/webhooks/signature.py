"""Verifies the sender of a delivery: by the HMAC of the raw body (GitHub, Gitea), or by the token (GitLab)."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from controller.pipeline.errors import PipelineError
from controller.pipeline.webhooks.pullrequest import GITEA, GITHUB, GITLAB

_PREFIX: Final = "sha256="
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Unverified(PipelineError):
    """The sender could not be verified. The message says why, without the secret or the signature."""


def verify(raw: bytes, *, signature: str, secret: bytes) -> str:
    """Verify `signature`, and return the provider whose form it has. Raises Unverified.

    `signature` is the value of X-Hub-Signature-256 (GitHub), X-Gitea-Signature (Gitea) or X-Gitlab-Token (GitLab).
    X-Forgejo-Signature is equal to X-Gitea-Signature, and both programs also send X-Hub-Signature-256. All comparisons
    run in constant time.
    """
    if not secret:
        raise Unverified("the file with the webhook's secret is empty; write the secret to it")
    if not signature:
        raise Unverified(
            "the delivery has no signature; set the secret of the webhook, and pass the header X-Hub-Signature-256 "
            "(GitHub), X-Gitea-Signature (Gitea), X-Forgejo-Signature (Forgejo) or X-Gitlab-Token (GitLab)"
        )
    if signature.startswith("sha1="):
        raise Unverified("the signature uses SHA-1; pass the header X-Hub-Signature-256, not X-Hub-Signature")
    wanted = hmac.new(secret, raw, hashlib.sha256).hexdigest()
    digest = signature.removeprefix(_PREFIX)
    if digest != signature and _DIGEST.fullmatch(digest):
        if not hmac.compare_digest(digest, wanted):
            raise Unverified("the signature does not match the body; check the secret, and pass the raw body")
        return GITHUB
    if hmac.compare_digest(signature.encode("utf-8", "surrogateescape"), secret):
        return GITLAB
    if not _DIGEST.fullmatch(signature):
        raise Unverified("the token does not match the webhook's secret")
    # Check this last, because a token may look like a digest.
    if not hmac.compare_digest(signature, wanted):
        raise Unverified("the signature matches neither the body nor the webhook's secret; pass the raw body")
    return GITEA
