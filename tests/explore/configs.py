"""What people do about the TronadorConfig, and about what it shares with the environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from controller.api.tronador_config import CONFIG_NAME, DEFINITION, TRONADOR_CONFIGS
from controller.apimachinery.resources import CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, Resource
from controller.environment.options import EnvironmentOptions
from tests.explore.cluster import ModelApi, Move
from tests.explore.numbering import Key
from tests.unit.environment.support.builders import NAME

OWN: Final = EnvironmentOptions().own_namespace
# An object that no cluster shows. It is there if the TronadorConfig may have been lost, and says what is surely lost.
_LOST: Key = (Resource("", "v1", "losses", "loss", namespaced=False), "", "config")
_DEFINED: Final = {"metadata": {"name": DEFINITION}}


def prepare(api: ModelApi) -> None:
    """Tronador is installed."""
    api.put(NAMESPACES, {"metadata": {"name": OWN}})
    api.put(CUSTOM_RESOURCE_DEFINITIONS, _DEFINED)


def shared(api: ModelApi) -> Mapping[str, Mapping[str, str]] | None:
    """Return the content of each ConfigMap that is shared, by name; None without a TronadorConfig."""
    config = api.peek(TRONADOR_CONFIGS, CONFIG_NAME, OWN)
    if config is None:
        return None
    return {manifest["metadata"]["name"]: manifest["data"] for manifest in config["resources"]["manifests"]}


def lost(api: ModelApi) -> Collection[str]:
    """Return what was shared by a TronadorConfig that was deleted by accident, if the controller can know that."""
    found: list[str] = api.placed()[_LOST]["names"] if may_be_lost(api) else []
    return found


def may_be_lost(api: ModelApi) -> bool:
    """Return whether the last TronadorConfig was deleted by accident, or its CRD or its namespace after it."""
    return _LOST in api.placed()


def _share(**maps: str) -> Move:
    manifests = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"url": url}}
        for name, url in maps.items()
    ]
    body = {"metadata": {"name": CONFIG_NAME, "namespace": OWN}, "resources": {"manifests": manifests}}

    def move(api: ModelApi) -> None:
        if api.peek(CUSTOM_RESOURCE_DEFINITIONS, DEFINITION):
            api.put(TRONADOR_CONFIGS, body)
            api.forget(_LOST)

    return move


def _delete(api: ModelApi) -> None:
    api.remove(TRONADOR_CONFIGS, CONFIG_NAME, OWN)


def _lose(api: ModelApi) -> None:
    _note_loss(api, sorted(shared(api) or ()))
    api.remove(TRONADOR_CONFIGS, CONFIG_NAME, OWN)


def _note_loss(api: ModelApi, names: list[str]) -> None:
    api.place(_LOST, {"metadata": {}, "names": names})


def _delete_definition(api: ModelApi) -> None:
    _lose(api)
    api.remove(CUSTOM_RESOURCE_DEFINITIONS, DEFINITION)


def _define(api: ModelApi) -> None:
    if api.peek(CUSTOM_RESOURCE_DEFINITIONS, DEFINITION) is None:
        api.put(CUSTOM_RESOURCE_DEFINITIONS, _DEFINED)
        # A controller that did not look meanwhile finds everything in place but the TronadorConfig.
        _note_loss(api, [])


def reinstall(api: ModelApi) -> None:
    """The namespace of the controller is deleted, and all is installed again but the TronadorConfig."""
    _lose(api)
    api.forget((NAMESPACES, "", OWN))
    api.put(NAMESPACES, {"metadata": {"name": OWN}})


def _delete_shared(api: ModelApi) -> None:
    for obj in list(api.all(CONFIG_MAPS, NAME)):
        api.remove(CONFIG_MAPS, obj["metadata"]["name"], NAME)


def _edit_shared(api: ModelApi) -> None:
    for obj in list(api.all(CONFIG_MAPS, NAME)):
        api.edit(CONFIG_MAPS, obj["metadata"]["name"], NAME, lambda obj: obj["data"].update(url="edited"))


def _take_over(api: ModelApi) -> None:
    nothing: dict[str, Any] = {"labels": {}, "annotations": {}, "managedFields": []}
    for obj in list(api.all(CONFIG_MAPS, NAME)):
        api.edit(CONFIG_MAPS, obj["metadata"]["name"], NAME, lambda obj: obj["metadata"].update(nothing))


def _create_foreign(api: ModelApi) -> None:
    if api.peek(NAMESPACES, NAME) and api.peek(CONFIG_MAPS, "other", NAME) is None:
        body: dict[str, Any] = {"metadata": {"name": "other", "namespace": NAME}, "data": {"url": "theirs"}}
        api.put(CONFIG_MAPS, body)


SHARING: Final[Mapping[str, Move]] = {
    "the platform team shares ConfigMap proxy": _share(proxy="one"),
    "the platform team changes ConfigMap proxy": _share(proxy="two"),
    "the platform team shares ConfigMap other instead": _share(other="one"),
    "the platform team shares nothing": _share(),
    "the platform team deletes the TronadorConfig": _delete,
    "somebody deletes the CRD of the TronadorConfig": _delete_definition,
    "somebody installs the CRD of the TronadorConfig": _define,
    "somebody deletes the shared ConfigMaps": _delete_shared,
    "somebody edits the shared ConfigMaps": _edit_shared,
    "somebody makes the shared ConfigMaps their own": _take_over,
    "somebody creates a ConfigMap other": _create_foreign,
}
