"""The status page in a real browser: harmless, readable for everybody, on any screen, and current."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from controller.statuspage import CacheState, Process, QueueState
from tests.statuspage.conftest import Open, Served
from tests.unit.statuspage.builders import MARKUP, environment, everywhere

pytestmark = pytest.mark.slow

LONG = "x" * 300
STATUSES = ("deployed", "failed", "deploying", "pending", "queued", "suspended", "uninstalling", "of tomorrow")


@pytest.fixture
def served(served: Served) -> Served:
    """With an environment of each status, and everything else that the page can show."""
    world = served.world
    for number, status in enumerate(STATUSES):
        ready = [{"type": "Ready", "status": "False", "reason": "ReleaseFailed", "message": LONG}]
        world.environments.append(
            environment(f"e-{number}", applicationStatus=status, applicationStatusMsg=LONG, conditions=ready)
        )
        world.timeline.saw(world.environments[-1])
    world.process = Process(role="standby", trouble=f"a cache is old: {LONG}")
    world.queues = [QueueState(name="q", ready=[LONG] * 12, running=[("e-1", 1.0)], delayed=[("e-2", 5.0)])]
    world.caches = [
        CacheState(resource="environmentprovisioners.tronador.stakater.com", objects=7),
        CacheState(resource="widgets", objects=0, missing=True),
        CacheState(resource="gadgets", objects=1, stale_seconds=70, reason=LONG),
    ]
    return served


PATHS = ("/", "/?q=nothing", "/environments/e-1", "/environments/gone", "/controller")


def test_markup_in_every_field_is_inert(open_page: Open, served: Served, complaints: list[str]) -> None:
    text = " ".join(MARKUP)
    hostile = everywhere(environment(), text)
    served.world.environments = [hostile]
    served.world.timeline.saw(hostile)
    served.world.process = Process(role="standby", trouble=text)
    served.world.queues = [QueueState(name=text, ready=[text], running=[(text, 1.0)])]
    served.world.caches = [CacheState(resource=text, objects=1, stale_seconds=70, reason=text)]
    for path in (
        "/",
        f"/?q={quote(text)}&status={quote(text)}",
        f"/environments/{quote(text, safe='')}",
        "/controller",
    ):
        page = open_page(path)
        assert text in page.locator("body").inner_text()
        page.evaluate("document.querySelectorAll('*').forEach(e => e.dispatchEvent(new MouseEvent('mouseover')))")
        assert page.locator("main :is(script, img, svg)").count() == 0
    assert complaints == []


def test_no_page_writes_to_the_console_or_asks_another_server(open_page: Open, complaints: list[str]) -> None:
    for path in PATHS:
        open_page(path)
    # Chromium itself writes this line for every page that answers 404.
    assert [line for line in complaints if "404 (Not Found)" not in line] == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 375)])
def test_axe_finds_no_barrier(open_page: Open, path: str, scheme: str, width: int) -> None:
    result = Axe().run(open_page(path, width=width, color_scheme=scheme))
    assert result.violations_count == 0, result.generate_report()


def test_axe_finds_no_barrier_on_an_empty_list(open_page: Open, served: Served) -> None:
    served.world.environments = []
    result = Axe().run(open_page())
    assert result.violations_count == 0, result.generate_report()


@pytest.mark.parametrize("width", [1280, 375])
def test_the_list_is_a_table_for_screen_readers(open_page: Open, width: int) -> None:
    page = open_page(width=width)
    page.wait_for_selector("html.settled")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    roles = [node["role"]["value"] for node in tree["nodes"] if not node["ignored"]]
    assert roles.count("table") == 1
    assert roles.count("columnheader") == 6
    assert roles.count("rowheader") == len(STATUSES)
    assert roles.count("cell") == 5 * len(STATUSES)


@pytest.mark.parametrize("path", PATHS)
def test_a_narrow_window_does_not_scroll_sideways(open_page: Open, path: str) -> None:
    page = open_page(path, width=375)
    assert page.evaluate("document.documentElement.scrollWidth") == 375


def test_dark_mode_is_dark(open_page: Open) -> None:
    light, dark = (
        open_page(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    )
    assert light == "rgb(245, 246, 248)"
    assert dark == "rgb(18, 22, 27)"


def test_the_head_of_the_list_stays_in_sight(open_page: Open, served: Served) -> None:
    served.world.environments = [environment(f"e-{number}") for number in range(100)]
    page = open_page()
    page.locator("tbody tr").last.scroll_into_view_if_needed()
    box = page.locator("thead").bounding_box()
    assert box is not None
    assert box["y"] == 0


def test_it_can_be_used_with_the_keyboard(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Filter")).to_be_focused()
    page.keyboard.type("e-3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=e-3")
    expect(page.get_by_role("status")).to_contain_text("1 of 8 environments")
    page.get_by_role("link", name="Status", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=e-3&sort=status")
    page.get_by_role("link", name="e-3").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("e-3")


def test_it_works_without_scripts(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    expect(page.get_by_role("button", name="Pause updates")).to_be_hidden()
    page.get_by_label("Filter").fill("e-2")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Age", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("link", name="failed 1").click()
    expect(page.locator("tbody tr")).to_contain_text("e-1")


def test_the_list_follows_what_is_typed(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Filter").fill("e-2")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.url.endswith("/?q=e-2")
    page.get_by_label("Filter").fill("")
    expect(page.locator("tbody tr")).to_have_count(len(STATUSES))
    assert page.url.endswith("/")


def test_the_list_follows_what_happens_and_keeps_the_focus(open_page: Open, served: Served) -> None:
    page = open_page(clock=True)
    page.get_by_role("link", name="e-1", exact=True).focus()
    served.world.environments.append(environment("late"))
    served.world.revision = "2"
    page.clock.run_for(3000)
    expect(page.get_by_role("link", name="late", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="e-1", exact=True)).to_be_focused()


def test_a_paused_page_does_not_change(open_page: Open, served: Served) -> None:
    page = open_page("/controller", clock=True)
    page.get_by_role("button", name="Pause updates").click()
    served.world.caches = []
    page.clock.run_for(9000)
    expect(page.get_by_text("widgets")).to_be_visible()
    page.get_by_role("button", name="Pause updates").click()
    page.clock.run_for(3000)
    expect(page.get_by_text("widgets")).to_have_count(0)


def test_the_page_says_when_the_controller_does_not_answer(open_page: Open) -> None:
    page = open_page(clock=True)
    page.route("**/state", lambda route: route.abort())
    page.clock.run_for(3000)
    expect(page.get_by_text("The controller does not answer")).to_be_visible()
    page.unroute("**/state")
    page.clock.run_for(3000)
    expect(page.get_by_text("The controller does not answer")).to_be_hidden()
