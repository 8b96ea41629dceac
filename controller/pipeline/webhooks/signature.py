"""Whether a delivery comes from whom it says: the HMAC over the raw body of GitHub and Gitea, GitLab's token."""

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
    """The delivery must not be believed; the text says why, and repeats nothing of the secret or the signature."""


def verify(raw: bytes, *, signature: str, secret: bytes) -> str:
    """The provider whose proof `signature` is: the value of X-Hub-Signature-256, X-Gitea-Signature or X-Gitlab-Token.

    X-Forgejo-Signature has the same value as X-Gitea-Signature, and both programs also send X-Hub-Signature-256 as
    GitHub does. Raises Unverified. All comparisons take the same time, whatever is wrong.
    """
    if not secret:
        raise Unverified("the file with the webhook's secret is empty")
    if not signature:
        raise Unverified(
            "the delivery carries no signature; give the webhook its secret, and pass the header X-Hub-Signature-256 "
            "(GitHub), X-Gitea-Signature (Gitea), X-Forgejo-Signature (Forgejo) or X-Gitlab-Token (GitLab)"
        )
    if signature.startswith("sha1="):
        raise Unverified("the signature is SHA-1's; pass the header X-Hub-Signature-256, not X-Hub-Signature")
    wanted = hmac.new(secret, raw, hashlib.sha256).hexdigest()
    digest = signature.removeprefix(_PREFIX)
    if digest != signature and _DIGEST.fullmatch(digest):
        if not hmac.compare_digest(digest, wanted):
            raise Unverified("the signature is not that of this body; is the secret the webhook's, and the body raw?")
        return GITHUB
    if hmac.compare_digest(signature.encode("utf-8", "surrogateescape"), secret):
        return GITLAB
    if not _DIGEST.fullmatch(signature):
        raise Unverified("the token is not the webhook's secret")
    # A token may look like a digest, so only now.
    if not hmac.compare_digest(signature, wanted):
        raise Unverified("this is not the webhook's secret, nor the signature of this body; is the body raw?")
    return GITEA
