"""Whether a status ever said more than was true, judged from everything that was seen."""

from __future__ import annotations

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import Resource
from tests.integration.support.environments import is_true
from tests.integration.support.history import History, Version


def deployed_is_never_said_too_early(
    history: History, name: str, release: str, resource: Resource = HELM_RELEASES
) -> None:
    """Fails where an environment called a generation deployed whose values its release had not succeeded with.

    Both objects' versions come from one order, so what the release was at that very moment is known.
    """
    releases = history.versions(resource, release, name)
    said = [v for v in history.versions(ENVIRONMENTS, name) if _says_deployed(v)]
    assert said, f"{name} never said that it is deployed"
    for version in said:
        before = [candidate for candidate in releases if candidate.at < version.at]
        assert before, f"{name} said deployed before there was a release"
        _succeeded_with(version, before[-1])


def _says_deployed(version: Version) -> bool:
    status = version.status
    current = status.get("observedGeneration") == version.obj["metadata"]["generation"]
    return current and status.get("applicationStatus") == "deployed"


def _succeeded_with(environment: Version, release: Version) -> None:
    moment = f"{environment.name} said deployed at {environment.at}, when its release was at {release.at}"
    assert release.type != "DELETED", f"{moment}: gone"
    if release.resource == flux.HELM_RELEASES:
        assert is_true(release.obj, "Ready"), f"{moment}: {release.status.get('conditions')}"
    else:
        assert release.status.get("phase") == "Succeeded", f"{moment}: {release.status.get('phase')}"
    observed, generation = release.status.get("observedGeneration"), release.obj["metadata"]["generation"]
    assert observed == generation, f"{moment}: generation {generation}, observed {observed}"
    asked = environment.obj["spec"]["application"]["release"].get("values")
    assert release.obj["spec"].get("values") == asked, f"{moment}: with other values"
