"""The page of one environment, that of the controller, and the files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from controller.runtime import Response
from controller.statuspage import CacheState, QueueState, page
from controller.statuspage.page import HEADERS
from tests.unit.statuspage.builders import NOW, World, environment


def test_an_environments_page_has_its_release_and_its_conditions() -> None:
    page = World(environment()).html("/environments/shop-74")
    assert "Name feat-x Engine flux Revision 3" in page.text
    assert "Ready True Deployed It runs. 5m" in page.text
    assert "https://shop-74.example.com/" in page.links


def test_the_page_of_a_new_environment_says_what_is_missing() -> None:
    page = World({"metadata": {"name": "new"}}).html("/environments/new")
    assert "None has been made yet." in page.text
    assert "has not written any yet" in page.text


def test_its_timeline_has_the_newest_change_first() -> None:
    world = World(environment())
    world.timeline.saw(environment(applicationStatus="pending", currentPhase="Provisioning Namespace"))
    world.now += timedelta(seconds=7)
    world.timeline.saw(environment())
    text = world.html("/environments/shop-74").text
    assert text.index("2026-03-01 12:00:07 deployed") < text.index("2026-03-01 12:00:00 pending Provisioning Namespace")


@pytest.mark.parametrize("path", ["/environments/gone", "/environments", "/environments/%2e%2e%2f"])
def test_an_unknown_environment_is_not_found(path: str) -> None:
    answer = World(environment()).get(path)
    assert answer.status == 404
    assert b"No such environment" in answer.body


def test_the_controllers_page_has_the_caches() -> None:
    world = World()
    world.caches = [
        CacheState(resource="widgets", objects=0, missing=True),
        CacheState(resource="secrets", objects=4),
        CacheState(resource="namespaces", objects=12, stale_seconds=74.2, reason="403 Forbidden"),
    ]
    text = world.html("/controller").text
    assert "namespaces out of date 403 Forbidden 12 74s secrets current 4 0s widgets not served" in text


def test_the_controllers_page_has_the_queues_with_the_keys_that_run() -> None:
    world = World()
    ready = [f"waiting-{number}" for number in range(12)]
    world.queues = [QueueState(name="q", ready=ready, running=[("shop-74", 3.5)], delayed=[("late", 130)])]
    text = world.html("/controller").text
    assert "Queue q Running 1 shop-74 3s Waiting 12 waiting-0" in text
    assert "waiting-9 and 2 more Later 1 late 2m" in text


def test_the_controllers_page_has_no_state_because_it_always_changes() -> None:
    assert ("footer", {"id": "state", "data-live": "", "data-state": ""}) in World().html("/controller").elements


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/static/style.css", "text/css; charset=utf-8"),
        ("/static/page.js", "text/javascript; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_content_type(path: str, content_type: str) -> None:
    answer = World().get(path)
    assert (answer.status, answer.content_type) == (200, content_type)
    assert answer.body


@pytest.mark.parametrize("path", ["/static", "/static/x", "/static/../page.py", "/static/templates/base.html"])
def test_no_other_file_is_served(path: str) -> None:
    assert World().get(path).status == 404


@pytest.mark.parametrize(
    "path", ["/", "/environments/shop-74", "/environments/x", "/controller", "/state", "/static/page.js", "/static/x"]
)
def test_every_answer_restricts_a_browser_to_our_own_files(path: str) -> None:
    answer = World(environment()).get(path)
    assert answer.headers == HEADERS
    policy = dict(part.strip().partition(" ")[::2] for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src", "form-action")} == {"'self'"}
    assert HEADERS["X-Content-Type-Options"] == "nosniff"
    assert HEADERS["Referrer-Policy"] == "no-referrer"
    assert not [name for name in answer.headers if "cookie" in name.lower()]


def test_pages_load_nothing_from_elsewhere_and_have_no_inline_code() -> None:
    world = World(environment())
    for path in ("/", "/environments/shop-74", "/controller"):
        for tag, attributes in world.html(path).elements:
            assert tag != "style"
            assert tag != "script" or attributes["src"] == "/static/page.js"
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            assert tag != "a" or attributes["href"].startswith(("/", "#", "https://shop-74.example.com/"))
            assert tag != "form" or attributes["method"] == "get"


def test_half_a_character_does_not_break_the_page() -> None:
    world = World(environment(applicationStatusMsg="half \ud800"))
    assert "half ?" in world.html().text
    assert "half ?" in world.html("/environments/shop-74").text


def test_a_page_says_which_version_made_it_and_when() -> None:
    assert f"Tronador 1.2.3 · as of {NOW:%Y-%m-%d %H:%M:%S} UTC" in World().html().text


def test_a_reader_who_would_wait_too_long_for_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_PATIENCE", 0.01)
    world = World(environment())
    answers: list[Response] = []

    class AskedMeanwhile(list[CacheState]):
        def __iter__(self) -> Iterator[CacheState]:
            reader = threading.Thread(target=lambda: answers.append(world.get("/controller")))
            reader.start()
            reader.join()
            return super().__iter__()

    world.caches = AskedMeanwhile()
    assert world.get("/controller").status == 200
    assert [answer.status for answer in answers] == [503]
    world.caches = []
    assert world.get("/controller").status == 200
