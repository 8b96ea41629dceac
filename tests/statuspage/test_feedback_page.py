"""The pull request in a real browser: readable, harmless, and as docs/feedback.md shows it.

`TRONADOR_WRITE_SCREENSHOTS=1` writes the pictures of the documentation, and the texts that they show. Without it the
texts must still be the same, so that a picture cannot become old unnoticed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from controller.apimachinery import giturls
from controller.apimachinery.clock import MonotonicClock
from controller.app import reporting
from controller.metrics import Registry
from controller.report.feedback import Feedback, State
from controller.report.memory import Memory
from controller.report.metrics import ReportMetrics
from controller.report.options import FeedbackOptions
from controller.report.record import Record
from controller.report.reporter import Reporter
from hack.paths import ROOT
from hack.standins.scm.forge import Forge
from hack.standins.scm.server import ForgeServer
from tests.unit.statuspage.builders import MARKUP

pytestmark = pytest.mark.slow

PATH, NUMBER, COMMIT = "acme/shop", 74, "6f50ff2f00112233445566778899aabbccddeeff"
IMAGES = ROOT / "docs" / "images"
PROBLEM = 'Container shop: image "registry.example.com/shop:SNAPSHOT-PR-74-6f50ff2f" cannot be pulled: not found.'
REASON = f"Release failed for Helm release 'shop' in 'shop-74'. ImagePullFailed: Deployment shop: {PROBLEM}"
REPOSITORY = giturls.parse(f"https://github.com/{PATH}")


def feedback(state: State, *, url: str = "", reason: str = "", problem: str = "") -> Feedback:
    return Feedback(
        environment="shop-74",
        repository=REPOSITORY,
        pull_request=NUMBER,
        commit=COMMIT,
        state=state,
        url=url,
        reason=reason,
        problem=problem,
    )


STEPS = {
    "deployed": feedback(State.DEPLOYED, url="https://shop-74.example.com"),
    "failed": feedback(State.FAILED, reason=REASON, problem=f"ImagePullFailed: {PROBLEM}"),
    "gone": feedback(State.GONE),
}


class Bed:
    """A forge whose clock stands, and a reporter that writes to it."""

    def __init__(self, folder: Path, server: ForgeServer) -> None:
        self.url = f"{server.url}/{PATH}/pull/{NUMBER}"
        folder.mkdir()
        (folder / "token").write_text("secret")
        (folder / "login").write_text("tronador[bot]")
        (folder / "api").write_text(f"{server.url}/api/v3")
        options = FeedbackOptions(credentials={"github.com/acme": str(folder)}, edit_interval=0.0)
        metrics = ReportMetrics(Registry())
        self._accounts = reporting.accounts(options, metrics)
        self._reporter = Reporter(options=options, metrics=metrics, clock=MonotonicClock())
        self._memory = Memory(uid="", record=Record())

    def report(self, step: Feedback) -> None:
        """Let the pull request show it."""
        account = self._accounts.of(step.repository)
        assert account is not None
        outcomes = self._reporter.report(step, account, self._memory)
        assert {one.problem for one in outcomes.values()} == {""}

    def close(self) -> None:
        """Close the connections."""
        self._accounts.close()


@pytest.fixture
def forge() -> Forge:
    moment = datetime(2026, 11, 27, 14, 0, tzinfo=UTC).timestamp()
    forge = Forge(clock=lambda: moment)
    forge.add_repository(PATH, private=True)
    forge.open_pull(PATH, NUMBER, sha=COMMIT, title="Sell more", author="veeru", branch="sell-more")
    forge.add_token("secret", login="tronador[bot]", app=1)
    return forge


@pytest.fixture
def bed(forge: Forge, tmp_path: Path) -> Iterator[Bed]:
    with ForgeServer(forge=forge) as server:
        bed = Bed(tmp_path / "credentials", server)
        yield bed
        bed.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 900, "height": 560})
    yield context.new_page()
    context.close()


def test_the_pictures_in_the_docs_show_what_the_page_shows(bed: Bed, tab: Page) -> None:
    texts = {}
    for name, step in STEPS.items():
        bed.report(step)
        tab.goto(bed.url)
        texts[name] = tab.locator("main").inner_text().splitlines()
        if os.environ.get("TRONADOR_WRITE_SCREENSHOTS"):
            IMAGES.mkdir(exist_ok=True)
            tab.screenshot(path=IMAGES / f"feedback-{name}.png", full_page=True)
    record = IMAGES / "feedback.json"
    if os.environ.get("TRONADOR_WRITE_SCREENSHOTS"):
        record.write_text(json.dumps(texts, indent=2, ensure_ascii=False) + "\n")
    assert texts == json.loads(record.read_text()), "run this test with TRONADOR_WRITE_SCREENSHOTS=1, and look at them"
    assert all((IMAGES / f"feedback-{name}.png").stat().st_size > 1000 for name in STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_axe_finds_no_barrier(bed: Bed, tab: Page, name: str) -> None:
    bed.report(STEPS[name])
    tab.goto(bed.url)
    result = Axe().run(tab)
    assert result.violations_count == 0, result.generate_report()


def test_what_an_author_writes_is_inert_in_a_browser(bed: Bed, tab: Page) -> None:
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: None if request.url.startswith(bed.url[:21]) else said.append(request.url))
    text = "\n".join([*MARKUP, "```", "@everybody", "![x](https://evil.example.com/x.png)", "-->", "/close"])
    bed.report(feedback(State.FAILED, reason=text))
    tab.goto(bed.url)
    assert "@everybody" in tab.locator(".comment pre").inner_text()
    assert tab.locator("main :is(script, img, svg, iframe)").count() == 0
    assert tab.locator(".comment .body a").count() == 0
    assert said == []
