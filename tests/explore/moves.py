"""What others do: people, release engines, and the cluster itself. Each move is one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from controller.api.engines import AUTO
from controller.api.environment import ACTIVE_AT_ANNOTATION, ENVIRONMENT_LABEL, ENVIRONMENTS, KEEP_ANNOTATION
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.environment.engines import ENGINES
from tests.explore.cluster import ModelApi, Move
from tests.explore.numbering import CLOCK, ELAPSED, SETTINGS
from tests.unit.environment.simulation.fake_flux import FakeFlux
from tests.unit.environment.simulation.fake_operator import storage_secret
from tests.unit.environment.support.builders import NAME, ago, environment, operator_status

_ENDS: Final = ("Succeeded", "DeployFailed")
# Stands on the storage of what the Helm Operator installed.
_INSTALLED: Final = "installed-by-operator"
# Stands on the storage of a release that somebody deleted.
_ABANDONED: Final = "abandoned"


def create(api: ModelApi) -> None:
    """An author opens a pull request."""
    if api.peek(ENVIRONMENTS, NAME) is None:
        api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))


def _edit(change: Callable[[dict[str, Any]], Any], name: str = NAME) -> Move:
    return lambda api: api.edit(ENVIRONMENTS, name, "", lambda obj: change(obj["spec"]))


def _tag(tag: str) -> Move:
    return _edit(lambda spec: spec["application"]["release"].update(values={"tag": tag}))


def _release_name(name: str) -> Move:
    return _edit(lambda spec: spec["application"]["release"].update(releaseName=name))


def _delete_releases(api: ModelApi) -> None:
    for engine in ENGINES.values():
        for release in list(api.all(engine.releases)):
            api.remove(engine.releases, release["metadata"]["name"], NAME)
            storage = storage_secret(NAME, release["spec"]["releaseName"])["metadata"]["name"]
            api.edit(SECRETS, storage, NAME, lambda obj: obj["metadata"]["labels"].update({_ABANDONED: "true"}))


def _edit_releases(api: ModelApi) -> None:
    for engine in ENGINES.values():
        for release in list(api.all(engine.releases)):
            api.edit(engine.releases, release["metadata"]["name"], NAME, lambda obj: obj["spec"].update(timeout=7))


def _disown(api: ModelApi) -> None:
    api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"]["labels"].pop(ENVIRONMENT_LABEL, None))


def _label(api: ModelApi) -> None:
    api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"]["labels"].update(team="others"))


# Words for a story, and the move.
CHANGES: Final[Mapping[str, Move]] = {
    "the author opens the pull request": create,
    "the author pushes tag 1": _tag("1"),
    "the author pushes tag 2": _tag("2"),
    "the author renames the release": _release_name("renamed"),
    "the author suspends the environment": _edit(lambda spec: spec.update(suspend=True)),
    "the author resumes the environment": _edit(lambda spec: spec.pop("suspend", None)),
    "the author closes the pull request": lambda api: api.remove(ENVIRONMENTS, NAME),
    "somebody deletes the namespace": lambda api: api.remove(NAMESPACES, NAME),
    "somebody takes our label off the namespace": _disown,
    "somebody changes a label of the namespace": _label,
    "somebody deletes the HelmRelease": _delete_releases,
    "somebody edits the HelmRelease": _edit_releases,
}


def _pass_a_day(api: ModelApi) -> None:
    days = clock(api)
    api.place(CLOCK, {"metadata": {}, "days": days + 1})


def clock(api: ModelApi) -> int:
    """Return how many days have passed."""
    return int(api.placed().get(CLOCK, {"days": 0})["days"])


def _annotate(name: str, value: str) -> Move:
    return lambda api: api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(annotations={name: value}))


# What concerns the lifetime of an environment.
LIFETIME: Final[Mapping[str, Move]] = {
    **{words: CHANGES[words] for words in CHANGES if "pull request" in words or "tag 1" in words or "deletes" in words},
    "a day passes": _pass_a_day,
    "the author keeps the environment": _annotate(KEEP_ANNOTATION, "true"),
    "the author uses the environment": _annotate(ACTIVE_AT_ANNOTATION, "1"),
}


def _start_with(engine: str) -> Move:
    return lambda api: api.place(SETTINGS, {"metadata": {}, "release_engine": engine})


# How the platform team chooses the engine. Each is a restart.
ENGINE_CHANGES: Final[Mapping[str, Move]] = {
    f"the platform team starts the controller with --release-engine={engine}": _start_with(engine)
    for engine in (*ENGINES, AUTO)
}


def people(name: str, number: int) -> Mapping[str, Move]:
    """Return what happens to one of several environments.

    The environment with the lowest number is opened first: with exchanged names, the other histories are the same.
    """
    return {
        f"the author opens the pull request of {name}": _open_later(name, number),
        f"the author suspends {name}": _edit(lambda spec: spec.update(suspend=True), name),
        f"the author resumes {name}": _edit(lambda spec: spec.pop("suspend", None), name),
        f"the author closes the pull request of {name}": lambda api: api.remove(ENVIRONMENTS, name),
        f"somebody deletes the namespace of {name}": lambda api: api.remove(NAMESPACES, name),
    }


def _open_later(name: str, number: int) -> Move:
    def move(api: ModelApi) -> None:
        opened = api.number_of(ENVIRONMENTS)
        if opened < number or api.peek(ENVIRONMENTS, name) is not None:
            return
        obj = environment(name=name, finalizers=(), uid="")
        # Each is a second younger than those before.
        obj["metadata"]["creationTimestamp"] = ago(3600 - opened)
        api.put(ENVIRONMENTS, obj)

    return move


def finish_namespaces(api: ModelApi) -> None:
    """The namespace controller empties terminating namespaces, and removes empty ones."""
    api.finish_namespaces()


def work(engines: frozenset[str], *, failing: bool = False) -> Move:
    """Return one step of the first of these engines that has something to do."""

    def step(api: ModelApi) -> None:
        if "helm-operator" in engines and _operate(api, "DeployFailed" if failing else "Succeeded"):
            return
        if "flux" in engines:
            flux = FakeFlux(api, now=lambda: ago(0))
            flux.failing = failing
            flux.step()

    return step


def retry(api: ModelApi) -> None:
    """The engines try again what failed."""
    for release in list(api.all(HELM_RELEASES)):
        if (release.get("status") or {}).get("phase") == "DeployFailed":
            _say(api, release, "Installing")
    FakeFlux(api, now=lambda: ago(0)).retry()


def pass_time(seconds: float) -> Move:
    """Return the move that notes that so much time has passed."""
    return lambda api: api.place(ELAPSED, {"metadata": {}, "seconds": elapsed(api) + seconds})


def elapsed(api: ModelApi) -> float:
    """Return how many seconds have passed."""
    return float(api.placed().get(ELAPSED, {"seconds": 0.0})["seconds"])


def settings(api: ModelApi) -> str:
    """Return the engine that the controller was last started with, or "" for that of its options."""
    return str(api.placed().get(SETTINGS, {"release_engine": ""})["release_engine"])


def installer(secret: Mapping[str, Any]) -> str:
    """Return the engine that installed the release of a storage Secret."""
    return "helm-operator" if _INSTALLED in secret["metadata"]["labels"] else "flux"


def is_abandoned(secret: Mapping[str, Any]) -> bool:
    """Return whether somebody deleted the release of a storage Secret."""
    return _ABANDONED in secret["metadata"]["labels"]


def _operate(api: ModelApi, end: str) -> bool:
    """Do the Helm Operator's next step: an uninstall, or the next phase of a release. Return whether there was one."""
    names = {(obj["metadata"]["namespace"], obj["spec"]["releaseName"]) for obj in api.all(HELM_RELEASES)}
    for secret in list(api.all(SECRETS)):
        metadata = secret["metadata"]
        is_left = (metadata["namespace"], metadata.get("labels", {}).get("name")) not in names
        if _INSTALLED in metadata.get("labels", {}) and is_left:
            api.remove(SECRETS, metadata["name"], metadata["namespace"])
            return True
    return any(_sync(api, release, end) for release in list(api.all(HELM_RELEASES)))


def _sync(api: ModelApi, release: dict[str, Any], end: str) -> bool:
    status = release.get("status") or {}
    metadata = release["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    generation, phase = metadata["generation"], status.get("phase", "")
    if phase in _ENDS and status["observedGeneration"] >= generation:
        return False
    if phase in _ENDS and status["synced"] >= generation:
        # The operator writes the end of a sync in two steps.
        change = {**status, "observedGeneration": status["synced"]}
        api.edit(HELM_RELEASES, name, namespace, lambda obj: obj.update(status=change))
    elif phase == "Installing":
        if end == "Succeeded":
            storage = storage_secret(namespace, release["spec"]["releaseName"])
            storage["metadata"]["labels"][_INSTALLED] = "true"
            api.put(SECRETS, storage)
        _say(api, release, end, synced=status["synced"])
    else:
        _say(api, release, "Installing")
    return True


def _say(api: ModelApi, release: dict[str, Any], phase: str, *, synced: int | None = None) -> None:
    observed = (release.get("status") or {}).get("observedGeneration", 0)
    name = release["spec"]["releaseName"]
    status = operator_status(phase, observed=observed, since=0, release=name)
    status |= {"synced": release["metadata"]["generation"] if synced is None else synced}
    if phase == "Succeeded":
        status |= {"revision": "abc"}
    metadata = release["metadata"]
    api.edit(HELM_RELEASES, metadata["name"], metadata["namespace"], lambda obj: obj.update(status=status))
