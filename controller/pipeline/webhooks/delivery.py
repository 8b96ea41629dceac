"""A delivery of a webhook, what a provider has to answer about it, and the proof of who sent it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.pipeline.errors import PipelineError
from controller.pipeline.webhooks.body import Body
from controller.pipeline.webhooks.pullrequest import PullRequest

_SHA256: Final = "sha256="
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Unverified(PipelineError):
    """The sender could not be verified. The message says why, without the secret or the signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The request of a webhook: either with all its headers, or with the two values that are known of them.

    Attributes:
        raw: the unchanged body, which the signature covers.
        headers: value by name; empty if they are not known. The case of the names does not matter.
        event: without headers, the value of the provider's event header; "" derives the event from the body.
        signature: without headers, the value of the provider's signature or token header; "" if absent.
        secret: the webhook's secret; None accepts every delivery without verification.
    """

    raw: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    event: str = ""
    signature: str = field(default="", repr=False)
    secret: bytes | None = field(default=None, repr=False)

    def header(self, *names: str) -> str:
        """Return the value of the first of these headers that is not empty, or ""."""
        values = {name.lower(): value for name, value in self.headers.items()}
        return next((value for name in names if (value := values.get(name.lower(), ""))), "")

    def event_in(self, *names: str) -> str:
        """Return the event in the first of these headers. Without headers, return `event`."""
        return self.header(*names) if self.headers else self.event

    def is_signed(self, *names: str) -> bool:
        """Return whether the first of these headers holds the HMAC of the body, with or without the prefix `sha256=`.

        Without headers, `signature` is compared. The comparison takes constant time.
        """
        digest = self._proof(*names).removeprefix(_SHA256)
        if not self.secret or not _DIGEST.fullmatch(digest):
            return False
        return hmac.compare_digest(digest, hmac.new(self.secret, self.raw, hashlib.sha256).hexdigest())

    def has_token(self, *names: str) -> bool:
        """Return whether the first of these headers holds the secret itself.

        Without headers, `signature` is compared. The comparison takes constant time.
        """
        given = self._proof(*names).encode("utf-8", "surrogateescape")
        return bool(self.secret) and hmac.compare_digest(given, self.secret or b"")

    def _proof(self, *names: str) -> str:
        return self.header(*names) if self.headers else self.signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider of webhooks, as a row of the table in `providers`.

    Attributes:
        name: as it is printed in the decision.
        detect: whether the provider sent a delivery. If the delivery has headers, they alone decide and the body is
            empty: it is not parsed before the sender is verified. Without headers, the event and the body decide.
        verify: whether the delivery's signature or token proves that its sender knows the secret.
        read: the pull request in a delivery, or why there is none, as a sentence for users. Raises BodyError.
    """

    name: str
    detect: Callable[[Delivery, Body], bool]
    verify: Callable[[Delivery], bool]
    read: Callable[[Delivery, Body], PullRequest | str]


def parse_headers(raw: bytes) -> Mapping[str, str]:
    """Return the headers in a file with one `Name: value` in each line. Raises Unverified if it has another form."""
    headers = {}
    for number, line in enumerate(raw.decode("utf-8", "surrogateescape").splitlines(), 1):
        name, colon, value = line.partition(":")
        if line.strip() and not (colon and name.strip()):
            raise Unverified(f"line {number} of the headers is not `Name: value`; write one header in each line")
        if line.strip():
            headers[name.strip()] = value.strip()
    if not headers:
        raise Unverified("the file with the headers is empty; write all headers of the request to it")
    return headers


def other_event(event: str) -> str:
    """Return the sentence about an event that is not about pull requests; "" is one that the body does not name."""
    if event == "ping":
        return "a ping: the webhook works"
    return f"the event {event!r} is not about pull requests" if event else "the event is not about pull requests"


def mismatch(delivery: Delivery) -> Unverified:
    """Return the error for a delivery without headers whose signature fits no provider."""
    given = delivery.signature
    if given.startswith("sha1="):
        return Unverified("the signature uses SHA-1; pass the header X-Hub-Signature-256, not X-Hub-Signature")
    if given.startswith(_SHA256) and _DIGEST.fullmatch(given.removeprefix(_SHA256)):
        return Unverified("the signature does not match the body; check the secret, and pass the raw body")
    if _DIGEST.fullmatch(given):
        return Unverified("the signature matches neither the body nor the webhook's secret; pass the raw body")
    return Unverified("the token does not match the webhook's secret")
