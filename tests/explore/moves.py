"""What others do: people, release engines, and the cluster itself. Each move is one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from controller.api.environment import ACTIVE_AT_ANNOTATION, ENVIRONMENT_LABEL, ENVIRONMENTS, KEEP_ANNOTATION
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.environment.engines import ENGINES
from tests.explore.cluster import ModelApi, Move
from tests.explore.numbering import CLOCK
from tests.unit.environment.simulation.fake_flux import FakeFlux
from tests.unit.environment.simulation.fake_operator import storage_secret
from tests.unit.environment.support.builders import NAME, ago, environment, operator_status

_ENDS: Final = ("Succeeded", "DeployFailed")


def create(api: ModelApi) -> None:
    """An author opens a pull request."""
    if api.peek(ENVIRONMENTS, NAME) is None:
        api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))


def _edit(change: Callable[[dict[str, Any]], Any]) -> Move:
    return lambda api: api.edit(ENVIRONMENTS, NAME, "", lambda obj: change(obj["spec"]))


def _tag(tag: str) -> Move:
    return _edit(lambda spec: spec["application"]["release"].update(values={"tag": tag}))


def _release_name(name: str) -> Move:
    return _edit(lambda spec: spec["application"]["release"].update(releaseName=name))


def _delete_releases(api: ModelApi) -> None:
    for engine in ENGINES.values():
        for release in list(api.all(engine.releases)):
            api.remove(engine.releases, release["metadata"]["name"], NAME)


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


def _operate(api: ModelApi, end: str) -> bool:
    """Do the Helm Operator's next step: an uninstall, or the next phase of a release. Return whether there was one."""
    releases = [release for engine in ENGINES.values() for release in api.all(engine.releases)]
    names = {release["spec"]["releaseName"] for release in releases}
    for secret in list(api.all(SECRETS, NAME)):
        if secret["metadata"]["labels"]["name"] not in names:
            api.remove(SECRETS, secret["metadata"]["name"], NAME)
            return True
    return any(_sync(api, release, end) for release in list(api.all(HELM_RELEASES)))


def _sync(api: ModelApi, release: dict[str, Any], end: str) -> bool:
    status = release.get("status") or {}
    generation, phase = release["metadata"]["generation"], status.get("phase", "")
    if phase in _ENDS and status["observedGeneration"] >= generation:
        return False
    if phase in _ENDS and status["synced"] >= generation:
        # The operator writes the end of a sync in two steps.
        change = {**status, "observedGeneration": status["synced"]}
        api.edit(HELM_RELEASES, release["metadata"]["name"], NAME, lambda obj: obj.update(status=change))
    elif phase == "Installing":
        if end == "Succeeded":
            api.put(SECRETS, storage_secret(NAME, release["spec"]["releaseName"]))
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
    api.edit(HELM_RELEASES, release["metadata"]["name"], NAME, lambda obj: obj.update(status=status))
