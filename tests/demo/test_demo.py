"""The demonstration shows the whole journey in time, and its webhooks have the real format."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from controller.pipeline.webhooks import Delivery, Rules, decide
from hack.demo import webhooks
from hack.demo.engines import ENGINES
from hack.paths import ROOT

# Without what only the first run does. Alone on a machine, it takes a third of that.
JOURNEY_SECONDS = 90
TIMEOUT = 150
# What each stage shows, in the order of the stages. Within a stage the order can differ: the reporter is a program of
# its own, and writes its three channels one after the other.
STORY = {
    "opened": (
        r"apply: pull request 74 was opened",
        r"published: ",
        r"comment: .* is waiting for the cluster\.",
        r"status of \w+: pending: ",
        r"comment: .* is deployed\.",
        r"status of \w+: success: Deployed",
        r"deployment of \w+: success",
        r"Synced, ",
        r"deployed, Waiting For Next Reconciliation Loop",
    ),
    "new commit": (
        r"apply: pull request 74 has new commits",
        r"comment: .* is deployed\.",
        r"status of \w+: success: Deployed",
        r"deployment of \w+: inactive",
        r"deployment of \w+: success",
    ),
    "an image that is missing": (
        r"apply: pull request 74 has new commits",
        r"tronador wait has failed: ImagePullFailed: Deployment run-pipeline: .* cannot be pulled: not found\.",
        r"comment: .* has failed\. .* ImagePullFailed: Deployment run-pipeline: .* cannot be pulled: not found\.",
        r"status of \w+: failure: Failed: ImagePullFailed: Container application: image ",
        r"deployment of \w+: inactive",
        r"deployment of \w+: failure",
    ),
    "mended": (
        r"comment: .* is deployed\.",
        r"status of \w+: success: Deployed",
        r"deployment of \w+: inactive",
        r"deployment of \w+: success",
    ),
    "merged": (
        r"remove: pull request 74 was merged",
        r"retired: ",
        r"comment: .* is removed\.",
        r"deployment of \w+: inactive",
        r"the environment is gone",
    ),
}


@pytest.mark.parametrize(
    ("action", "before", "verdict"),
    [("opened", "", "apply"), ("synchronize", "0" * 40, "apply"), ("closed", "", "remove")],
)
def test_its_webhooks_are_signed_and_understood(action: str, before: str, verdict: str) -> None:
    sent = webhooks.delivery(action, sha="a" * 40, base_sha="b" * 40, before=before)
    delivery = Delivery(raw=sent.body, event=sent.event, signature=sent.signature, secret=webhooks.SECRET)
    assert decide(delivery, Rules(), name=lambda pull: "name").verdict == verdict


def remove_what_stays(output: str) -> None:
    """Check that the output names the folder with the logs, and remove it."""
    folder = re.search(r"The logs and repositories stay in (\S+)\. Remove it", output)
    assert folder, output
    assert (Path(folder[1]) / "controller.log").exists()
    shutil.rmtree(folder[1])


@pytest.mark.slow
@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_it_shows_the_whole_journey_in_time(engine: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hack.demo", "--engine", engine],
        cwd=ROOT,
        # So that no row of a table is wrapped.
        env={**os.environ, "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    _, _, rest = done.stdout.partition("Timeline")
    timeline, _, summary = rest.partition("Summary")
    _, *stages = timeline.split("sends the webhook")
    for (title, facts), stage in zip(STORY.items(), stages, strict=True):
        for fact in facts:
            assert re.search(rf"│ {fact}", stage), f"{fact!r} is missing in the stage {title!r} of {done.stdout}"
    assert "Writes that the API server refused: 0. Errors in the controller's log: 0." in summary
    assert " 0 of them without a change. It has one comment." in summary
    remove_what_stays(done.stdout)
    seconds = int(summary.partition("The journey took ")[2].partition(" ")[0])
    assert seconds < JOURNEY_SECONDS


@pytest.mark.slow
def test_what_it_leaves_running_has_a_status_page() -> None:
    command = [sys.executable, "-m", "hack.demo", "--keep"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        page = re.search(r"The status page is (http://\S+/)\.", done.stdout)
        assert page, done.stdout
        with urllib.request.urlopen(page[1], timeout=10) as answer:
            assert b"stakater-nordmart-inventory-74" in answer.read()
        pull_request = re.search(r"The pull request: (http://\S+/pull/74)\n", done.stdout)
        assert pull_request, done.stdout
        with urllib.request.urlopen(pull_request[1], timeout=10) as answer:
            assert b"is deployed" in answer.read()
    finally:
        for process in done.stdout.rpartition("To stop it: kill ")[2].split():
            os.kill(int(process), signal.SIGTERM)


def test_an_unknown_engine_is_one_clear_line() -> None:
    command = [sys.executable, "-m", "hack.demo", "--engine", "helm"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ENGINE=helm is unknown: use one of helm-operator, flux\n"
