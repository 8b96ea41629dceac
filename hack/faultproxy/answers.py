"""The bodies of injected answers: what kube-apiserver itself would send, so that clients take their usual paths.

Sources: `NewInternalError`, `NewServiceUnavailable` and `NewTimeoutError` in k8s.io/apimachinery/pkg/api/errors, and
`tooManyRequests` in k8s.io/apiserver/pkg/server/filters: load shedding answers in plain text, without a Status.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from hack.faultproxy.faults import Answer

_REASONS = {500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}
_MESSAGES = {
    500: "Internal error occurred: injected fault",
    503: "the server is currently unable to handle the request: injected fault",
    504: "Timeout: injected fault",
}


def headers_and_body(answer: Answer) -> tuple[dict[str, str], bytes]:
    """The headers and the body of `answer`."""
    headers = {"Retry-After": str(answer.retry_after)} if answer.retry_after is not None else {}
    if answer.code == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Content-Type"] = "text/plain; charset=utf-8"
        return headers, b"Too many requests, please try again later.\n"
    headers["Content-Type"] = "application/json"
    return headers, json.dumps(_status(answer)).encode()


def _status(answer: Answer) -> dict[str, Any]:
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": _MESSAGES.get(answer.code, f"injected fault: {answer.code}"),
    }
    if answer.code in _REASONS:
        status["reason"] = _REASONS[answer.code]
    details: dict[str, Any] = {}
    if answer.code == HTTPStatus.INTERNAL_SERVER_ERROR:
        details["causes"] = [{"message": "injected fault"}]
    if answer.retry_after:
        details["retryAfterSeconds"] = answer.retry_after
    if details:
        status["details"] = details
    return status | {"code": answer.code}
