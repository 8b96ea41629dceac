"""The stages of the journey: a pull request is opened, gets another commit, then one whose image cannot be pulled, is
mended, and is closed. Each ends when the cluster shows its outcome, which is what `tronador wait` waits for, and the
pull request does, too.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from controller.client import Client
from hack.demo import repositories, webhooks, world
from hack.demo.engines import Engine
from hack.demo.forge import PullRequest, Shown
from hack.demo.pipeline import Pipeline
from hack.demo.programs import Programs
from hack.demo.report import StepTime
from hack.demo.timeline import Timeline
from hack.demo.world import World
from hack.samples import Repo
from hack.standins.kubelet import pods

WAIT_SECONDS = 120
_LOOK_SECONDS = 0.1


class JourneyError(Exception):
    """A stage timed out; the text says how far it came."""


class Journey:
    """The life of one pull request's environment, shown line by line."""

    def __init__(
        self,
        *,
        client: Client,
        engine: Engine,
        programs: Programs,
        console: Console,
        application: Repo,
        gitops: Path,
        pipeline: Pipeline,
        pull_request: PullRequest,
    ) -> None:
        self._client = client
        self._engine = engine
        self._programs = programs
        self._console = console
        self._application = application
        self._gitops = gitops
        self._pipeline = pipeline
        self._pull_request = pull_request
        self._pause = threading.Event()
        self._name = ""
        # Program, or fact of the pull request -> its last entry in the timeline.
        self._last: dict[str, str] = {}
        # Fact of the pull request -> how it stood at the end of the last stage.
        self._printed: Mapping[str, str] = {}
        self.timeline = Timeline()
        self.steps: list[StepTime] = []

    @property
    def name(self) -> str:
        """The environment's name, once something was rendered."""
        return self._name

    def open(self) -> None:
        """The pull request is opened: its first version is deployed."""
        self._deploy("deployed", "opened", "opened")

    def push(self) -> None:
        """The pull request gets another commit: the snapshot is replaced."""
        before = self._commit("Sell even more")
        self._deploy("updated", "synchronize", "new commit", before=before)

    def fail(self) -> None:
        """The pull request gets a commit whose image cannot be pulled: it says why it failed."""
        step = _Step("failed")
        before = self._commit("Sell too much")
        tag = pods.IMAGE_PULL_ERROR
        build = f"here CI would build an image, but not push it: no registry has the tag {tag}"
        sha = self._publish("synchronize", "an image that is missing", before=before, tag=tag, build=build)
        seen = self._await(self._wait_for_deployment, succeeds=False)
        self._note("pipeline", f"tronador wait has failed: {seen.problem}")
        self._see_reported(
            lambda shown: (
                "has failed" in shown.comments[0]
                and "cannot be pulled" in shown.comments[0]
                and shown.statuses.get(sha, "").startswith("failure: Failed: ImagePullFailed:")
                and shown.active == {sha: "failure"}
            )
        )
        self.steps.append(step.done())

    def mend(self) -> None:
        """The pull request gets a commit that mends it: the snapshot runs again."""
        before = self._commit("Sell within reason")
        self._deploy("mended", "synchronize", "mended", before=before)

    def close(self) -> None:
        """The pull request is merged: everything goes, in order."""
        step = _Step("torn down")
        decision = self._receive("closed", "merged", expected="remove")
        outcome = self._pipeline.retire(decision["parameters"])
        self._note("pipeline", f"{outcome}: {repositories.last_commit(self._gitops)}")
        self._await(lambda: self._pipeline.start_waiting(f"--timeout={WAIT_SECONDS}s", "--for=gone", self._name))
        self._note("pipeline", f"{self._name} is gone, and its namespace with it")
        self._see_synced()
        self._see_reported(lambda shown: "is removed" in shown.comments[0] and not shown.active)
        self.steps.append(step.done())

    def _deploy(self, name: str, action: str, title: str, *, before: str = "") -> None:
        step = _Step(name)
        tag = f"SNAPSHOT-PR-{webhooks.NUMBER}-{self._head()[:8]}"
        build = f"here CI would build and push the image {tag}; this cluster pulls no images"
        sha = self._publish(action, title, before=before, tag=tag, build=build)
        seen = self._await(self._wait_for_deployment)
        if not seen.images or not all(image.endswith(f":{tag}") for image in seen.images):
            raise JourneyError(f"deployed, but with the images {', '.join(seen.images) or '(none)'} and not {tag}")
        self._note("pipeline", f"{tag} is deployed in {self._name}")
        self._see_reported(
            lambda shown: (
                "is deployed" in shown.comments[0]
                and shown.statuses.get(sha) == "success: Deployed"
                and shown.active == {sha: "success"}
            )
        )
        self.steps.append(step.done())

    def _publish(self, action: str, title: str, *, before: str, tag: str, build: str) -> str:
        """Bring the pull request's commit, with an image of this tag, into the GitOps repository; gives its SHA.

        `build`: what CI would do before.
        """
        decision = self._receive(action, title, expected="apply", before=before)
        self._note("pipeline", build)
        self._name = self._pipeline.render(decision["parameters"], tag)
        outcome = self._pipeline.publish(decision["parameters"])
        self._note("pipeline", f"{outcome}: {repositories.last_commit(self._gitops)}")
        return self._head()

    def _wait_for_deployment(self) -> subprocess.Popen[str]:
        return self._pipeline.start_waiting(f"--file={self._pipeline.environment}", f"--timeout={WAIT_SECONDS}s")

    def _receive(self, action: str, title: str, *, expected: str, before: str = "") -> dict[str, Any]:
        self._console.print(f"\n[bold]Pull request {webhooks.NUMBER}: {title}[/bold]")
        base = self._application.head(repositories.BASE_BRANCH)
        delivery = webhooks.delivery(action, sha=self._head(), base_sha=base, before=before)
        self._pull_request.follow(action, sha=self._head())
        self._note("GitHub", f"sends the webhook pull_request, action {action}")
        decision = self._pipeline.decide(delivery)
        self._note("pipeline", f"{decision['decision']}: {decision['reason']}")
        if decision["decision"] != expected:
            raise JourneyError(f"{action}: decided {decision['decision']}, not {expected}: {decision['reason']}")
        return decision

    def _await(self, start: Callable[[], subprocess.Popen[str]], *, succeeds: bool = True) -> World:
        """Show how the cluster gets there while `tronador wait` waits for it; what there is in the end.

        `succeeds`: what `tronador wait` should do; it ends with 1 if the environment has failed.
        """
        process = start()
        began, shown = time.monotonic(), ""
        while True:
            ended = process.poll() is not None
            seen = world.look(self._client, self._engine, self._name)
            if seen.line != shown:
                self._console.print(f"[dim]{time.monotonic() - began:5.1f}s[/dim]  {seen.line}", highlight=False)
                shown = seen.line
            self._note_changes(seen)
            if ended:
                break
            self._programs.check()
            self._pause.wait(_LOOK_SECONDS)
        assert process.stderr is not None
        words = process.stderr.read().strip()
        if process.returncode != (0 if succeeds else 1):
            raise JourneyError(f"tronador wait ended with {process.returncode}: {words}")
        return seen

    def _see_synced(self) -> None:
        """Argo CD notices by itself that what it has pruned is gone."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (seen := world.look(self._client, self._engine, self._name)).sync.startswith("Synced"):
            self._programs.check()
            if time.monotonic() > deadline:
                raise JourneyError(f"Argo CD is not done after {WAIT_SECONDS}s: {seen.sync}")
            self._pause.wait(_LOOK_SECONDS)
        self._note_changes(seen)

    def _see_reported(self, is_complete: Callable[[Shown], bool]) -> None:
        """The reporter sees by itself how the environment is, and writes it to the pull request."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not ((shown := self._pull_request.look()).comments and is_complete(shown)):
            self._note_news(shown)
            self._programs.check()
            if time.monotonic() > deadline:
                raise JourneyError(f"the pull request does not show it after {WAIT_SECONDS}s, but {shown}")
            self._pause.wait(_LOOK_SECONDS)
        self._note_news(shown)
        for name, text in shown.news.items():
            if text != self._printed.get(name):
                self._console.print(f"  [dim]pull request[/dim]  {text}", highlight=False)
        self._printed = shown.news
        if len(shown.comments) != 1:
            raise JourneyError(f"the pull request has {len(shown.comments)} comments, and not one")

    def _note_news(self, shown: Shown) -> None:
        for name, text in shown.news.items():
            if text != self._last.get(name):
                self.timeline.note("reporter", text)
                self._last[name] = text

    def _note_changes(self, seen: World) -> None:
        self._note_news(self._pull_request.look())
        # Do not report a state that has no name yet, or the state before the first event.
        state = f"{seen.state}, {seen.phase}" if seen.environment else "the environment is gone"
        news = {"Argo CD": seen.sync, "controller": state if seen.state != "-" else ""}
        if not seen.environment and "controller" not in self._last:
            news["controller"] = ""
        for who, what in news.items():
            if what and what != self._last.get(who):
                self.timeline.note(who, what)
                self._last[who] = what

    def _note(self, who: str, what: str) -> None:
        self.timeline.note(who, what)
        self._console.print(f"  {what}", highlight=False)

    def _commit(self, title: str) -> str:
        """Commit to the pull request's branch; gives the SHA before."""
        before = self._head()
        self._application.commit(title, {"README.md": f"# Inventory\n\n{title}.\n"})
        return before

    def _head(self) -> str:
        return self._application.head(repositories.BRANCH)


class _Step:
    """Measures a stage."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began, self._started = time.time(), time.monotonic()

    def done(self) -> StepTime:
        return StepTime(self._name, time.monotonic() - self._started, self._began, time.time())
