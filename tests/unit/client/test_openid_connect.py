"""An expired token of OpenID Connect is renewed by parts of the `kubernetes` package that no other start loads."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.client.server import kubeconfig

RENEWED = "renewed-token"
CODE = """
import sys
from controller.client import config
print(config.load(kubeconfig=sys.argv[1]).current()[1].api_key["BearerToken"])
"""


class Issuer(BaseHTTPRequestHandler):
    """Answers as an issuer of tokens."""

    def do_GET(self) -> None:
        self._answer({"token_endpoint": f"http://{self.headers['Host']}/token"})

    def do_POST(self) -> None:
        self._answer({"id_token": RENEWED, "refresh_token": "next", "access_token": "a", "token_type": "Bearer"})

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, content: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def issuer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_expired_token_is_renewed(issuer: str, tmp_path: Path) -> None:
    settings = {
        "client-id": "tronador",
        "client-secret": "s",
        "id-token": f"{_part({'alg': 'none'})}.{_part({'exp': 1})}.{_part({})}",
        "idp-issuer-url": issuer,
        "refresh-token": "r",
    }
    user = {"auth-provider": {"name": "oidc", "config": settings}}
    file = kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1", user=user)
    environ = os.environ | {"OAUTHLIB_INSECURE_TRANSPORT": "1", "NO_PROXY": "127.0.0.1"}
    # In a process of its own, because other tests load the whole package.
    command = [sys.executable, "-c", CODE, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.stdout == f"Bearer {RENEWED}\n", done.stderr


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
