"""A HelmRelease of the Helm Operator, and what syncs it: real git, the real Helm engine, and an API server's memory."""

import copy
from pathlib import Path
from typing import Any, Self

from hack.samples import Repo, make_application_repository
from hack.standins.git.commands import Git
from hack.standins.git.mirrors import Mirrors, MirrorTimes
from hack.standins.helm.actions import Helm
from hack.standins.helm.engine import HelmEngine
from hack.standins.helm.kinds import Kinds
from hack.standins.helm_operator.charts import Charts
from hack.standins.helm_operator.reporter import Reporter
from hack.standins.helm_operator.resource import HelmRelease
from hack.standins.helm_operator.sync import Syncer, SyncFailed
from hack.standins.plays import Plays
from tests.standins.memory_client import MemoryClient

URL = "https://github.com/stakater-lab/application"
DEADLINE = 20.0
KEY = ("helmreleases", "environment", "run")
V = "sh.helm.release.v1.run.v"


class OperatorBed:
    """One HelmRelease `environment/run` of the sample application, and what syncs it. The mirror comes by `clone`."""

    def __init__(self, folder: Path, engine: HelmEngine) -> None:
        (folder / "home").mkdir()
        self.repo: Repo = make_application_repository(folder / "application")
        self.client = MemoryClient()
        # No workload becomes ready by itself here, and by default the operator does not wait for that.
        self.stopping = True
        self.queued: list[str] = []
        client: Any = self.client
        kinds = Kinds(client=client)
        self.charts = Charts(
            client=client,
            mirrors=lambda on_change: Mirrors(
                git=Git(home=folder / "home", timeout=DEADLINE),
                folder=folder / "mirrors",
                rewrites=[(URL, str(self.repo.path))],
                times=MirrorTimes(delay=600, retry=600, poll=600),
                on_change=on_change,
            ),
            default_ref="master",
            releases=lambda: [HelmRelease(obj) for key, obj in client.objects.items() if key[0] == "helmreleases"],
            enqueue=self.queued.append,
        )
        self.syncer = Syncer(
            client=client,
            engine=engine,
            charts=self.charts,
            reporter=Reporter(client=client),
            plays=Plays(seconds={}, failing=[]),
            helm=lambda hr: Helm(
                client=client,
                engine=engine,
                kinds=kinds,
                pause=lambda _seconds: self.stopping,
                name=hr.release_name,
                namespace=hr.target_namespace,
                field_manager="helm-operator",
            ),
        )
        self.client.objects[KEY] = {
            "metadata": {
                "name": "run",
                "namespace": "environment",
                "uid": "1",
                "generation": 1,
                "resourceVersion": "0",
            },
            "spec": {
                "helmVersion": "v3",
                "releaseName": "run",
                "chart": {"git": URL, "path": "deploy", "ref": "run-pipeline"},
                "values": {"application": {"deployment": {"image": {"tag": "one"}}}},
            },
        }

    @property
    def hr(self) -> HelmRelease:
        return HelmRelease(self.client.objects[KEY])

    def change(self, *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        obj = copy.deepcopy(self.client.objects[KEY])
        obj["metadata"]["annotations"] = annotations or {}
        if spec:
            obj["spec"] |= spec
            obj["metadata"]["generation"] += 1
        self.client.objects[KEY] = obj

    def tag(self, tag: str) -> dict[str, Any]:
        return {"application": {"deployment": {"image": {"tag": tag}}}}

    def clone(self, name: str = URL) -> None:
        mirror = self.charts._mirrors.get(name)
        assert mirror is not None
        mirror.update()

    def sync(self) -> list[str]:
        """The phases that this sync moved on to, with an exclamation mark where it failed in the end."""
        self.client.statuses.clear()
        before = self.hr.status.get("phase", "")
        failed = []
        try:
            self.syncer.sync(HelmRelease(copy.deepcopy(self.hr.obj)))
        except SyncFailed as error:
            self.error = str(error)
            failed = ["!"]
        phases = [status.get("phase", "") for status in self.client.statuses]
        return [phase for phase, last in zip(phases, [before, *phases], strict=False) if phase != last] + failed

    def installed(self) -> Self:
        self.sync()
        self.clone()
        assert self.sync() == ["Installing", "Deployed", "Succeeded"]
        return self

    def image(self) -> str:
        deployment = self.client.objects["deployments", "environment", "run"]
        return deployment["spec"]["template"]["spec"]["containers"][0]["image"]

    def conditions(self) -> list[tuple[str, str]]:
        return [(condition["type"], condition["status"]) for condition in self.hr.status["conditions"]]
