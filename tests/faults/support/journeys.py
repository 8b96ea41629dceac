"""What users do with an environment, in stages: each begins with what they do, and is over when that has come about."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controller.api import environment as view
from controller.api.environment import ENVIRONMENTS, EXPIRE_AT_ANNOTATION, RECONCILE_AT_ANNOTATION
from controller.apimachinery.timestamps import to_time
from tests.faults.support.laboratory import Laboratory
from tests.integration.support.environments import RELEASE, Environment, is_deployed, tag
from tests.integration.support.shared_config import SharedConfig, secret

_REPOSITORY = "github.com/stakater-lab/stakater-nordmart-inventory"
_CHART = {"git": f"https://{_REPOSITORY}", "path": "deploy", "ref": RELEASE}
_OTHER = {"helm-operator": "flux", "flux": "helm-operator"}
# Much longer than a journey takes.
_LIFETIME = {"lifecycle": {"expireAfter": "1h"}}


class Scene:
    """One environment on its journey.

    Attributes:
        laboratory: where it takes place.
        environment: it.
        blocker: another one, where there is one.
        names: theirs.
    """

    def __init__(self, laboratory: Laboratory) -> None:
        self.laboratory = laboratory
        self.environment = Environment(laboratory.cluster, laboratory.name())
        self.blocker = Environment(laboratory.cluster, laboratory.name())
        self.shared = SharedConfig(laboratory.cluster)

    @property
    def names(self) -> list[str]:
        return [self.environment.name, self.blocker.name]

    def create(self, environment: Environment | None = None, **spec: Any) -> None:
        """Create the environment, or that other one."""
        name = (environment or self.environment).name
        spec = {"namespaceLabels": {"team": "gabbar", "kind": "pr"}, **spec}
        self.laboratory.environments.create(name, chart=_CHART, spec=spec)

    def remove(self) -> None:
        """Remove what is left of it and of the other one."""
        for environment in (self.environment, self.blocker):
            if environment.exists():
                environment.delete()
                environment.gone()

    def story(self) -> str:
        """The environment as it is, and what the controllers have printed last."""
        obj = self.laboratory.cluster.get(ENVIRONMENTS, self.environment.name)
        return f"{json.dumps(obj)}\n{self.laboratory.output()[-4000:]}"

    def state(self, environment: Environment | None = None) -> str:
        """What its status says about its present generation; "gone" when it does not exist."""
        environment = environment or self.environment
        obj = self.laboratory.cluster.get(ENVIRONMENTS, environment.name)
        if obj is None:
            return "gone"
        status = obj.get("status") or {}
        if status.get("observedGeneration") != obj["metadata"]["generation"]:
            return ""
        state = str(status["applicationStatus"])
        return state if state != "deployed" or is_deployed(obj) else ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that users do, and when it is over."""

    do: Callable[[Scene], None]
    over: Callable[[Scene], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One kind.

    Attributes:
        stages: what happens; the crashes, and whatever else goes wrong, are there.
        before: what happens first, undisturbed.
        options: of the controller.
        has_neighbour: whether there is another environment, which the journey must not touch.
    """

    stages: tuple[Stage, ...]
    before: tuple[Stage, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    has_neighbour: bool = True


def is_in(state: str) -> Callable[[Scene], bool]:
    """Whether the environment is in this state."""
    return lambda scene: scene.state() == state


def _update(scene: Scene) -> None:
    scene.environment.label_namespace(owner="somebody")
    labels = {"team": None, "kind": "changed", "new": "yes"}
    scene.environment.patch({"namespaceLabels": labels, "application": {"release": {"values": tag("two")}}})


def _share(scene: Scene) -> None:
    shared = scene.shared
    shared.put_secret("pull", token="one")
    shared.apply(
        mappings=[{"repos": [_REPOSITORY], "authSecret": "git", "imagePullSecret": "registry"}],
        secrets=[secret("git", username="bot", password="one"), secret("registry", token="one")],
    )
    shared.known()


def _share_otherwise(scene: Scene) -> None:
    scene.shared.apply(
        mappings=[{"repos": [_REPOSITORY], "imagePullSecret": "mirror"}],
        secrets=[secret("git", username="bot", password="one"), secret("mirror", token="two")],
        copySecrets=[{"name": "pull", "repos": [_REPOSITORY]}],
    )


def _shared_otherwise(scene: Scene) -> bool:
    held = scene.shared.held
    name = scene.environment.name
    new, copied, old = (held(name, secret, kind="Secret") for secret in ("mirror", "pull", "registry"))
    return bool(new and copied and old is None) and scene.state() == "deployed"


def _look(scene: Scene) -> None:
    annotations = {RECONCILE_AT_ANNOTATION: "now"}
    scene.laboratory.cluster.client.patch(
        ENVIRONMENTS, scene.environment.name, {"metadata": {"annotations": annotations}}
    )


def _was_looked_at(scene: Scene) -> bool:
    return scene.environment.status().get("lastHandledReconcileAt") == "now" and scene.state() == "deployed"


def _expire(scene: Scene) -> None:
    # As `tronador expire` does.
    seen = view.Environment(scene.environment.get()).last_activity
    annotations = {EXPIRE_AT_ANNOTATION: to_time(max(datetime.now(UTC), seen))}
    scene.laboratory.cluster.client.patch(
        ENVIRONMENTS, scene.environment.name, {"metadata": {"annotations": annotations}}
    )


def _block(scene: Scene) -> None:
    scene.create(scene.blocker)


def _change_engine(scene: Scene) -> None:
    scene.laboratory.run(release_engine=_OTHER[scene.laboratory.engine])


def _has_other_engine(scene: Scene) -> bool:
    release = scene.environment.status().get("release") or {}
    return release.get("engine") == _OTHER[scene.laboratory.engine] and scene.state() == "deployed"


_DEPLOY = Stage(Scene.create, is_in("deployed"))

JOURNEYS: Mapping[str, Journey] = {
    "deploy": Journey(stages=(_DEPLOY,)),
    "update": Journey(before=(_DEPLOY,), stages=(Stage(_update, is_in("deployed")),)),
    "rename": Journey(
        before=(_DEPLOY,),
        stages=(Stage(lambda scene: scene.environment.patch_release(releaseName="renamed"), is_in("deployed")),),
    ),
    "config": Journey(
        before=(Stage(_share, lambda scene: True), _DEPLOY),
        # The environment is deployed all the time, and right when it was looked at once more.
        stages=(Stage(_share_otherwise, _shared_otherwise), Stage(_look, _was_looked_at)),
    ),
    "engine": Journey(before=(_DEPLOY,), stages=(Stage(_change_engine, _has_other_engine),), has_neighbour=False),
    "expiry": Journey(
        before=(Stage(lambda scene: scene.create(**_LIFETIME), is_in("deployed")),),
        stages=(
            Stage(_expire, is_in("expired")),
            Stage(lambda scene: scene.environment.patch_release(values=tag("two")), is_in("deployed")),
        ),
    ),
    "queue": Journey(
        before=(
            Stage(lambda scene: scene.create(scene.blocker), lambda scene: scene.state(scene.blocker) == "deployed"),
        ),
        stages=(
            Stage(Scene.create, is_in("queued")),
            Stage(lambda scene: scene.blocker.delete(), is_in("deployed")),
        ),
        options={"max_environments": 2},
    ),
    "teardown": Journey(before=(_DEPLOY,), stages=(Stage(lambda scene: scene.environment.delete(), is_in("gone")),)),
}
