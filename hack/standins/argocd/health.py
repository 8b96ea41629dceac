"""Judges the health of an object: by the script in the settings for its kind, else by the built-in rule."""

from __future__ import annotations

from collections.abc import Mapping

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from hack.standins.argocd import lua
from hack.standins.argocd.comparison import HEALTHY, ORDER, PROGRESSING, UNKNOWN

_SCRIPTS = "resource.customizations.health"
_ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")


def of(obj: Object, settings: Mapping[str, str]) -> tuple[str, str] | None:
    """Return status and message, or None for a kind without a health check. `settings`: data of argocd-cm."""
    # This comes before any script.
    if objects.is_deleting(obj):
        return PROGRESSING, "Pending deletion"
    group = str(obj["apiVersion"]).rpartition("/")[0]
    script = settings.get(f"{_SCRIPTS}.{group}_{obj['kind']}" if group else f"{_SCRIPTS}.{obj['kind']}")
    if script:
        try:
            state, message = lua.health(script, obj)
        except lua.ScriptError as error:
            return UNKNOWN, f"failed to get resource health: {error}"
        if not state:
            return None
        return (state, message) if state in ORDER else (UNKNOWN, "Lua returned an invalid health status")
    if group == "apps" and obj["kind"] in _ROLLED_OUT:
        status = obj.get("status") or {}
        done = status.get("observedGeneration", 0) >= objects.generation(obj)
        return (HEALTHY, "") if done else (PROGRESSING, "Waiting for rollout to finish")
    return None
