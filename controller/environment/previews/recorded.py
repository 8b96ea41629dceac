"""The URLs of an environment in its status. Pure."""

from __future__ import annotations

from typing import Any, Final

from controller.api.environment import ENVIRONMENTS, PreviewURL
from controller.apimachinery import objects
from controller.environment import ownership
from controller.environment.engines.engine import State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.previews import discovery, urls

FIELDS: Final = ("url", "urls")


def fields(observation: Observation, options: EnvironmentOptions, state: State) -> dict[str, Any]:
    """Return the fields of the status about URLs; none if the environment has no namespace, or loses it."""
    environment, namespace = observation.environment, observation.namespace
    if environment.is_deleting or namespace is None or objects.is_deleting(namespace):
        return {}
    if not ownership.is_labelled(observation, namespace):
        return {}
    if state is not State.DEPLOYED:
        # The URL still leads to what was deployed before, also if the next snapshot is refused.
        return {field: environment.status[field] for field in FIELDS if field in environment.status}
    declared = urls.declared(environment, options.url_template)
    found = urls.combined((*((declared,) if declared else ()), *_discovered(observation, options)))
    if not found:
        return {}
    return {"url": found[0].url, "urls": [{"url": one.url, "kind": one.kind, "name": one.name} for one in found]}


def _discovered(observation: Observation, options: EnvironmentOptions) -> tuple[PreviewURL, ...]:
    if not options.discover_urls:
        return ()
    recorded = tuple([url for url in observation.environment.urls if url.kind != ENVIRONMENTS.kind])
    if not discovery.has_looked(observation):
        return recorded
    found = discovery.found(observation)
    # What an error hides is still there, unless what is deployed has changed meanwhile.
    is_hidden = discovery.is_known(observation.environment) and not discovery.is_complete(observation)
    return recorded if recorded and is_hidden else found
