"""A GitHub App of the stand-in: JWTs, installations and their tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.standins.scm_bed import NUMBER, OWNER, REPOS, Caller, Clock, new_forge

APP = 4711
RIGHTS = {"metadata": "read", "pull_requests": "write", "statuses": "write", "deployments": "write"}
COMMENTS = f"{REPOS}/issues/{NUMBER}/comments"


@cache
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forge(clock: Clock) -> Forge:
    forge = new_forge(clock=clock)
    public = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    forge.add_app(
        APP, slug="tronador", public_key=public, owner="stakater", permissions=RIGHTS, installed_for=[OWNER, "other"]
    )
    return forge


@pytest.fixture
def server(forge: Forge) -> Iterator[ForgeServer]:
    with ForgeServer(forge=forge) as server:
        yield server


def encode(claims: dict[str, Any], private: RSAPrivateKey, algorithm: str = "RS256") -> str:
    """A JWT as RFC 7519 writes it; a library would refuse to write the wrong ones."""
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    text = ".".join(_part(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_part(private.sign(text.encode(), PKCS1v15(), SHA256()))}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(clock: Clock, **claims: Any) -> str:
    now = int(clock.now)
    return encode({"iat": now - 60, "exp": now + 540, "iss": str(APP), **claims}, key())


def token_for(server: ForgeServer, clock: Clock, owner: str = OWNER) -> dict[str, Any]:
    call = Caller(server, token=signed(clock))
    installation = call("GET", f"/orgs/{owner}/installation").body["id"]
    answer = call("POST", f"/app/installations/{installation}/access_tokens", {})
    assert answer.status == 201
    assert isinstance(answer.body, dict)
    return answer.body


def test_the_token_of_an_installation_comments_as_the_bot(server: ForgeServer, clock: Clock) -> None:
    call = Caller(server, token=token_for(server, clock)["token"])
    comment = call("POST", COMMENTS, {"body": "x"}).body
    assert comment["user"]["login"] == "tronador[bot]"
    assert comment["user"]["type"] == "Bot"
    assert comment["performed_via_github_app"]["id"] == APP
    assert call("GET", "/users/tronador%5Bbot%5D").body["login"] == "tronador[bot]"


def test_the_token_of_an_installation_ends_after_an_hour(server: ForgeServer, clock: Clock) -> None:
    token = token_for(server, clock)
    call = Caller(server, token=token["token"])
    assert datetime.fromisoformat(token["expires_at"]).timestamp() == clock.now + 3600
    clock.now += 3599
    assert call("GET", COMMENTS).status == 200
    clock.now += 1
    assert call("GET", COMMENTS).status == 401


def test_an_installation_reaches_only_its_owner_and_has_only_its_rights(
    server: ForgeServer, clock: Clock, forge: Forge
) -> None:
    assert Caller(server, token=token_for(server, clock, "other")["token"])("GET", COMMENTS).status == 404
    forge.add_repository("stranger/public")
    forge.open_pull("stranger/public", 1, sha="c" * 40)
    refused = Caller(server, token=token_for(server, clock)["token"])(
        "POST", "/repos/stranger/public/issues/1/comments", {"body": "x"}
    )
    assert refused.status == 403
    assert "pull_requests=write" in refused.headers["x-accepted-github-permissions"]


def test_an_app_is_found_for_a_repository_and_shows_itself(server: ForgeServer, clock: Clock) -> None:
    call = Caller(server, token=signed(clock))
    found = call("GET", f"{REPOS}/installation").body
    assert found["account"]["login"] == OWNER
    assert {one["account"]["login"] for one in call("GET", "/app/installations").body} == {OWNER, "other"}
    assert call("GET", f"/app/installations/{found['id']}").body == found
    assert call("GET", "/app").body["slug"] == "tronador"
    assert call("GET", "/orgs/missing/installation").status == 404
    assert call("GET", "/user").status == 401


def test_a_token_gets_no_more_rights_than_its_installation(server: ForgeServer, clock: Clock) -> None:
    call = Caller(server, token=signed(clock))
    number = call("GET", f"/orgs/{OWNER}/installation").body["id"]
    path = f"/app/installations/{number}/access_tokens"
    assert call("POST", path, {"permissions": {"statuses": "write"}}).body["permissions"] == {"statuses": "write"}
    assert call("POST", path, {"permissions": {"contents": "write"}}).status == 422


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"iat": 9_000_000_000}, {"exp": 9_000_000_000}, {"exp": "soon"}, {"iss": "12"}, {"iat": None}],
)
def test_a_jwt_that_is_late_early_long_or_unknown_is_refused(
    server: ForgeServer, clock: Clock, claims: dict[str, Any]
) -> None:
    assert Caller(server, token=signed(clock, **claims))("GET", "/app").status == 401


def test_a_jwt_with_another_key_or_algorithm_is_refused(server: ForgeServer, clock: Clock) -> None:
    now = int(clock.now)
    claims = {"iat": now, "exp": now + 60, "iss": str(APP)}
    another = generate_private_key(public_exponent=65537, key_size=2048)
    for token in (encode(claims, another), encode(claims, key(), "RS512"), "a.b.c"):
        assert Caller(server, token=token)("GET", "/app").status == 401
