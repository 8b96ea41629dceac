"""The page of a pull request: what is written there is shown, and harmless."""

from __future__ import annotations

import pytest
import urllib3

from hack.standins.scm import page
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.standins.scm_bed import NUMBER, PATH, SHA, Caller, new_forge


def shown(forge: Forge) -> str:
    return page.show(forge, PATH, NUMBER)


def test_it_shows_comments_statuses_and_deployments() -> None:
    forge = new_forge()
    assert "No comments." in shown(forge)
    with ForgeServer(forge=forge) as server:
        call = Caller(server)
        base = f"/repos/{PATH}"
        call("POST", f"{base}/issues/{NUMBER}/comments", {"body": "<!-- hidden -->\n**bold** and `code`"})
        status = {"state": "success", "context": "tronador/preview", "target_url": "https://pr.example.com"}
        call("POST", f"{base}/statuses/{SHA}", status)
        body = {"ref": SHA, "environment": "preview", "auto_merge": False, "required_contexts": []}
        number = call("POST", f"{base}/deployments", body).body["id"]
        link = {"state": "success", "environment_url": "https://pr.example.com"}
        call("POST", f"{base}/deployments/{number}/statuses", link)
        answer = urllib3.request("GET", f"{server.url}/{PATH}/pull/{NUMBER}")
        gitlab = urllib3.request("GET", f"{server.url}/{PATH}/-/merge_requests/{NUMBER}")
    text = answer.data.decode()
    assert answer.status == gitlab.status == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<strong>bold</strong> and <code>code</code>" in text
    assert "hidden" not in text
    assert "tronador/preview" in text
    assert '<a href="https://pr.example.com" rel="nofollow noreferrer">View deployment</a>' in text


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](data:text/html,<script>alert(1)</script>)",
        "<!-- x --><svg onload=alert(1)>",
        "<!-<!-- x -->- --><iframe src=//evil.example.com>",
        '[x](https://e.example.com "\\" onmouseover=alert(1)")',
    ],
)
def test_markup_in_every_field_is_text(hostile: str) -> None:
    forge = new_forge()
    forge.open_pull(PATH, 99, sha="e" * 40, title=hostile, author=hostile, branch=hostile)
    forge.comment(PATH, 99, login=hostile, body=hostile)
    text = page.show(forge, PATH, 99)
    for markup in ("<script", "<img src=x", "<svg", "<iframe", 'href="javascript', 'src="data:text', '" onmouseover'):
        assert markup not in text


@pytest.mark.parametrize("path", ["/", "/a/b/pull/1", f"/{PATH}/pull/75", f"/{PATH}/pull/x", "/_scm/../x"])
def test_an_unknown_page_is_not_found(path: str) -> None:
    with ForgeServer(forge=new_forge()) as server:
        assert urllib3.request("GET", server.url + path).status in (400, 404)
