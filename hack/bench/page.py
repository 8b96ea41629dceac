"""How soon does the status page show a thousand environments? From the request to the first paint, in Chromium.

The environments have invalid names, so each row has a status and a message but no release.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from controller.api.environment import ENVIRONMENTS
from hack.bench.bed import BenchError, environment, running

LIMIT_MILLISECONDS = 300.0
_PREFIX = "bench"
# The observer is called with the paint that was before it, too.
_FIRST_PAINT = """() => new Promise(resolve => new PerformanceObserver(list => {
    const [paint] = list.getEntriesByName("first-contentful-paint");
    if (paint) resolve([paint.startTime, performance.getEntriesByType("navigation")[0].responseEnd]);
}).observe({type: "paint", buffered: true}))"""


def add_to(benchmarks: Any) -> None:
    """Add the command to argparse's `benchmarks`."""
    parser = benchmarks.add_parser("page", help="how soon the status page is shown", description=__doc__)
    parser.add_argument("--environments", type=int, default=1000, help="default %(default)s")
    parser.add_argument(
        "--tries", type=int, default=11, help="number of tries; the result is their median (default %(default)s)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> bool:
    """Whether the median of the first paints was below LIMIT_MILLISECONDS."""
    program = shutil.which("chromium")
    if program is None:
        raise BenchError("chromium is not installed: apt-get install chromium")
    with running() as bed, sync_playwright() as playwright:
        flags = ("--protected-namespaces", f"{_PREFIX}-*", "--health-address", bed.address)
        bed.start_controller(*flags)
        for number in range(options.environments):
            bed.client.create(ENVIRONMENTS, environment(f"{_PREFIX}-{number}"))
        failed = 'status="failed"'
        bed.wait_until(
            lambda: bed.metric("tronador_environments", failed) == options.environments, "each has its status"
        )
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tries = [_first_paint(browser, f"http://{bed.address}/") for _ in range(options.tries)]
        browser.close()
    painted, answered = (statistics.median(times) for times in zip(*tries, strict=True))
    slowest = max(painted for painted, _ in tries)
    print(f"{options.environments} environments: answered in {answered:.0f} ms, first paint after {painted:.0f} ms")
    print(f"median of {options.tries} (limit {LIMIT_MILLISECONDS:g} ms); the slowest took {slowest:.0f} ms")
    return bool(painted < LIMIT_MILLISECONDS)


def _first_paint(browser: Browser, url: str) -> tuple[float, float]:
    """Milliseconds until something could be seen, and until the answer was there; nothing is in the browser's cache."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(url)
    painted, answered = page.evaluate(_FIRST_PAINT)
    page.close()
    return painted, answered
