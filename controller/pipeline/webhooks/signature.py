"""Whether a delivery comes from whom it says: GitHub's HMAC over the raw body, GitLab's token."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from controller.pipeline.errors import PipelineError
from controller.pipeline.webhooks.pullrequest import GITHUB, GITLAB

_DIGEST: Final = re.compile(r"sha256=[0-9a-f]{64}")


class Unverified(PipelineError):
    """The delivery must not be believed; the text says why, and repeats nothing of the secret or the signature."""


def verify(raw: bytes, *, signature: str, secret: bytes) -> str:
    """The provider whose proof `signature` is: the value of X-Hub-Signature-256, or of X-Gitlab-Token.

    Raises Unverified. Both comparisons take the same time whatever is wrong.
    """
    if not secret:
        raise Unverified("the file with the webhook's secret is empty")
    if not signature:
        raise Unverified(
            "the delivery carries no signature; give the webhook its secret, and pass the header "
            "X-Hub-Signature-256 (GitHub) or X-Gitlab-Token (GitLab)"
        )
    if signature.startswith("sha1="):
        raise Unverified("the signature is SHA-1's; pass the header X-Hub-Signature-256, not X-Hub-Signature")
    if _DIGEST.fullmatch(signature):
        wanted = hmac.new(secret, raw, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature.removeprefix("sha256="), wanted):
            raise Unverified("the signature is not that of this body; is the secret the webhook's, and the body raw?")
        return GITHUB
    if not hmac.compare_digest(signature.encode("utf-8", "surrogateescape"), secret):
        raise Unverified("the token is not the webhook's secret")
    return GITLAB
