"""A forge with one pull request, and a client that checks every answer against GitHub's own description."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import urllib3

from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.openapi import Description

OWNER, REPO, NUMBER = "stakater-lab", "nordmart", 74
PATH = f"{OWNER}/{REPO}"
SHA, NEXT = "a" * 40, "b" * 40
TOKEN = "ghp_of-the-tests"
REPOS = f"/repos/{PATH}"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@cache
def github() -> Description:
    """Return GitHub's description."""
    return Description("github")


def new_forge(**settings: Any) -> Forge:
    """Return a forge with one private repository, its pull request, and a token for everything."""
    forge = Forge(**settings)
    forge.add_repository(PATH, private=True, commits={"0" * 40: "main"})
    forge.open_pull(PATH, NUMBER, sha=SHA, branch="change")
    forge.add_token(TOKEN)
    return forge


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status, its headers with names in lower case, and its body, decoded where it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Caller:
    """Sends requests to a server below a prefix, with a token."""

    def __init__(self, server: ForgeServer, *, prefix: str = "", token: str = TOKEN, ca: str | None = None) -> None:
        self._base = f"{server.url}{prefix}"
        self._described = prefix != "/api/v4"
        self._http = urllib3.PoolManager(retries=False, timeout=10, ca_certs=ca)
        self._headers = {"User-Agent": "tests", **({"Authorization": f"Bearer {token}"} if token else {})}

    def __call__(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request; fails where GitHub's description does not allow the answer."""
        raw = None if body is None else json.dumps(body)
        answer = self._http.request(
            method, self._base + path, body=raw, headers={**self._headers, **(headers or {})}, redirect=False
        )
        kind = answer.headers.get("Content-Type", "")
        decoded = json.loads(answer.data) if kind.startswith("application/json") else answer.data.decode()
        if self._described and answer.status < 300:
            described = re.sub("^/repositories/[0-9]+", REPOS, path.partition("?")[0])
            faults = github().faults_of_answer(method, described, answer.status, decoded)
            assert not faults, faults
        return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, decoded)
