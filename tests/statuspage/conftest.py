"""A real Chromium, without a window."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from controller.runtime import HttpServer
from tests.unit.fakes import DEADLINE
from tests.unit.statuspage.builders import World

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's; skips the test where it is missing."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("this test needs chromium, and it is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        # Containers have no user namespaces for the sandbox, and nothing foreign is opened here.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Served:
    """A world whose page is served, at `url`."""

    def __init__(self) -> None:
        self.world = World()
        self.server = HttpServer(name="page", host="127.0.0.1", port=0, routes=self.world.routes)
        self.url = f"http://127.0.0.1:{self.server.port}"


@pytest.fixture
def served() -> Iterator[Served]:
    """Its server runs."""
    served = Served()
    served.server.start()
    yield served
    assert served.server.stop(DEADLINE)


@pytest.fixture
def complaints() -> list[str]:
    """What browsers had to say: messages of the console, errors, dialogs, and requests to elsewhere."""
    return []


@pytest.fixture
def open_page(browser: Browser, served: Served, complaints: list[str]) -> Iterator[Open]:
    """Opens a path in a window of its own; further arguments are those of a browser context."""
    contexts = []

    def open_page(path: str = "/", *, width: int = 1280, clock: bool = False, **settings: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
        contexts.append(context)
        context.set_default_timeout(DEADLINE * 1000)
        page = context.new_page()
        if clock:
            page.clock.install()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: None if request.url.startswith(served.url) else complaints.append(request.url),
        )
        page.goto(served.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
