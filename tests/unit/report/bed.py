"""A reporter beside a small GitHub and GitLab: only time is not real."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.apimachinery import objects
from controller.metrics import Registry
from controller.report.accounts import Accounts
from controller.report.departed import Departed
from controller.report.metrics import ReportMetrics
from controller.report.options import FeedbackOptions
from controller.report.reconciler import FeedbackReconciler
from controller.report.reporter import Reporter
from controller.runtime.reconcile import Request
from hack.standins.scm.forge import Forge
from hack.standins.scm.limits import Limits
from hack.standins.scm.model import Comment
from hack.standins.scm.server import ForgeServer
from tests.unit.fakes import FakeClock
from tests.unit.report.environments import COMMIT, OTHER_COMMIT

SHOP = "acme/shop"
PULL = 74
TOKEN = "token-of-the-reporter"


class Bed:
    """Environments in a cluster, a reporter, and a forge with the pull request `acme/shop#74`.

    Attributes:
        environments: what the reporter's cache holds.
        patches: the annotations that were written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        provider: str = "github",
        limits: Limits | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.forge = Forge(limits=limits, clock=lambda: 1_700_000_000.0 + self.clock.now())
        self.server = ForgeServer(forge=self.forge)
        self.server.start()
        self.forge.add_repository(SHOP, private=True)
        self.forge.open_pull(SHOP, PULL, sha=COMMIT)
        self.forge.push(SHOP, PULL, sha=OTHER_COMMIT)
        self.forge.push(SHOP, PULL, sha=COMMIT)
        self.forge.add_token(TOKEN, level=40)
        self.folder = folder
        folder.mkdir(exist_ok=True)
        api = self.server.url + {"github": "", "gitlab": "/api/v4"}[provider]
        for name, text in {"token": TOKEN, "api": api, "provider": provider}.items():
            (folder / name).write_text(text)
        self.environments: dict[str, Mapping[str, Any]] = {}
        self.patches: list[str] = []
        self.is_leader = True
        self.start()

    def start(self, **options: Any) -> None:
        """Start the reporter, or another one that knows nothing of the first."""
        credentials = {"github.com/acme": str(self.folder)}
        chosen = FeedbackOptions(credentials=credentials, scm_timeout=10.0, **options)
        self.metrics = ReportMetrics(Registry())
        self.departed = Departed(add=lambda key: None)
        accounts = Accounts(
            chosen, user_agent="test", metrics=self.metrics, may_write=lambda: self.is_leader, clock=self.clock
        )
        self.account = next(iter(accounts))
        self.reconciler = FeedbackReconciler(
            get=self.environments.get,
            departed=self.departed,
            client=self,
            accounts=accounts,
            reporter=Reporter(options=chosen, metrics=self.metrics, clock=self.clock),
            metrics=self.metrics,
            pace=1.0,
            clock=self.clock,
            rand=lambda: 0.0,
        )

    def patch(self, resource: Any, name: str, body: Mapping[str, Any]) -> None:
        """Write the annotation, as the API server would."""
        obj = self.environments[name]
        assert body["metadata"]["uid"] == objects.uid(obj)
        (annotation,) = body["metadata"]["annotations"].items()
        self.patches.append(annotation[1])
        annotations = {**objects.annotations(obj), annotation[0]: annotation[1]}
        self.environments[name] = {**obj, "metadata": {**objects.metadata(obj), "annotations": annotations}}

    def set(self, obj: Mapping[str, Any]) -> None:
        """Change an environment in the cluster. It keeps the reporter's annotation."""
        name = objects.name(obj)
        before = self.environments.get(name)
        if before is not None and objects.uid(before) == objects.uid(obj):
            annotations = {**objects.annotations(before), **objects.annotations(obj)}
            obj = {**obj, "metadata": {**objects.metadata(obj), "annotations": annotations}}
        self.environments[name] = obj

    def remove(self, name: str = "shop-74") -> None:
        """Delete an environment."""
        self.departed.on_delete(self.environments.pop(name))

    def run(self, name: str = "shop-74") -> float | None:
        """Reconcile once. Returns the seconds after which the key comes back."""
        return self.reconciler.reconcile(Request(name)).requeue_after

    def settle(self, obj: Mapping[str, Any] | None = None, name: str = "shop-74") -> float:
        """Change an environment, and let time pass until nothing is left to do. Returns the seconds that passed."""
        if obj is not None:
            self.set(obj)
        passed = 0.0
        while (wait := self.run(name)) is not None:
            assert wait > 0, "a worker must not come back at once"
            passed += wait
            assert passed < 100_000
            self.clock.advance(wait)
        return passed

    def ours(self) -> list[Comment]:
        """Return the comments of the reporter."""
        return [one for one in self.forge.comments(SHOP, PULL) if one.author.login == "tronador"]

    def comment(self) -> str:
        """Return the text of the only comment of the reporter."""
        (found,) = self.ours()
        return found.body

    def writes(self) -> list[tuple[str, str]]:
        """Return the writes that arrived since the last call, as methods and paths."""
        found = [(entry.method, entry.path) for entry in self.forge.writes()]
        self.forge.clear_ledger()
        return found

    def states(self) -> list[tuple[str, str]]:
        """Return the commit and the state of each deployment, the oldest first."""
        found = sorted(self.forge.deployments(SHOP), key=lambda one: one.id)
        return [(one.sha, one.statuses[-1].state if one.statuses else "") for one in found]
