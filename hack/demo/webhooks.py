"""The webhooks that GitHub would send about the pull request: bodies in the real format, and signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hack.demo.repositories import APPLICATION_URL, BASE_BRANCH, BRANCH

NUMBER = 74
SECRET = b"A secret of the demonstration"
_ORGANISATION, _NAME = APPLICATION_URL.split("/")[-2:]
USER = "veeru"
_REPOSITORY_ID, _USER = 450074, {"login": USER, "id": 74, "type": "User"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery: its body byte for byte, and the headers that matter."""

    action: str
    body: bytes
    signature: str
    event: str = "pull_request"


def delivery(action: str, *, sha: str, base_sha: str, before: str = "") -> Delivery:
    """The delivery about `action`; `sha` is the branch's commit, `before` the one that a push replaced."""
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    closed = action == "closed"
    body: dict[str, Any] = {
        "action": action,
        "number": NUMBER,
        **({"before": before, "after": sha} if before else {}),
        "pull_request": {
            "url": f"https://api.github.com/repos/{_ORGANISATION}/{_NAME}/pulls/{NUMBER}",
            "html_url": f"{APPLICATION_URL}/pull/{NUMBER}",
            "number": NUMBER,
            "state": "closed" if closed else "open",
            "locked": False,
            "title": "Sell more",
            "user": _USER,
            "body": None,
            "created_at": moment,
            "updated_at": moment,
            "closed_at": moment if closed else None,
            "merged_at": moment if closed else None,
            "merged": closed,
            "draft": False,
            "labels": [],
            "head": {"label": f"{_ORGANISATION}:{BRANCH}", "ref": BRANCH, "sha": sha, "repo": _repository()},
            "base": {
                "label": f"{_ORGANISATION}:{BASE_BRANCH}",
                "ref": BASE_BRANCH,
                "sha": base_sha,
                "repo": _repository(),
            },
            "author_association": "MEMBER",
        },
        "repository": _repository(),
        "sender": _USER,
    }
    raw = json.dumps(body).encode()
    return Delivery(action, raw, f"sha256={hmac.new(SECRET, raw, hashlib.sha256).hexdigest()}")


def _end(branch: str, sha: str) -> dict[str, Any]:
    return {"label": f"{_ORGANISATION}:{branch}", "ref": branch, "sha": sha, "repo": _repository()}


def _repository() -> dict[str, Any]:
    return {
        "id": _REPOSITORY_ID,
        "name": _NAME,
        "full_name": f"{_ORGANISATION}/{_NAME}",
        "private": False,
        "fork": False,
        "html_url": APPLICATION_URL,
        "clone_url": APPLICATION_URL,
        "ssh_url": f"git@github.com:{_ORGANISATION}/{_NAME}.git",
        "default_branch": BASE_BRANCH,
    }
