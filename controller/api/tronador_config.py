"""TronadorConfig (`tronador.stakater.com/v1alpha1`): its constants, and a typed read view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.api.environment import GROUP
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource

TRONADOR_CONFIGS = Resource(GROUP, "v1alpha1", "tronadorconfigs", "TronadorConfig", namespaced=True)
# The name of the only TronadorConfig that is used. It is in the controller's namespace.
CONFIG_NAME = "tronador-config"
# The name of its CustomResourceDefinition.
DEFINITION = TRONADOR_CONFIGS.group_resource


@dataclass(frozen=True, slots=True)
class TronadorConfig:
    """A read view of one TronadorConfig. `controller.tronadorconfig.content` checks and parses its content."""

    obj: Object

    @property
    def generation(self) -> int:
        return objects.generation(self.obj)

    @property
    def resources(self) -> Any:
        return self.obj.get("resources")

    @property
    def spec(self) -> Any:
        return self.obj.get("spec")

    @property
    def status(self) -> Mapping[str, Any]:
        return objects.mapping(self.obj.get("status"))

    @property
    def conditions(self) -> tuple[Mapping[str, Any], ...]:
        return objects.mappings(self.status.get("conditions"))
