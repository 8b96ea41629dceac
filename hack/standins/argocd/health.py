"""How healthy an object is: by the script that the settings have for its kind, else by its kind's own rule."""

from __future__ import annotations

from collections.abc import Mapping

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from hack.standins.argocd import lua
from hack.standins.argocd.comparison import HEALTHY, PROGRESSING, UNKNOWN

_SCRIPTS = "resource.customizations.health"
_ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")


def of(obj: Object, settings: Mapping[str, str]) -> tuple[str, str] | None:
    """Status and message; None for a kind whose health nobody judges. `settings`: data of the ConfigMap argocd-cm."""
    # Before any script is asked.
    if objects.is_deleting(obj):
        return PROGRESSING, "Pending deletion"
    group = str(obj["apiVersion"]).rpartition("/")[0]
    script = settings.get(f"{_SCRIPTS}.{group}_{obj['kind']}" if group else f"{_SCRIPTS}.{obj['kind']}")
    if script:
        try:
            return lua.health(script, obj)
        except lua.ScriptError as error:
            return UNKNOWN, f"failed to get resource health: {error}"
    if group == "apps" and obj["kind"] in _ROLLED_OUT:
        status = obj.get("status") or {}
        done = status.get("observedGeneration", 0) >= objects.generation(obj)
        return (HEALTHY, "") if done else (PROGRESSING, "Waiting for rollout to finish")
    return None
