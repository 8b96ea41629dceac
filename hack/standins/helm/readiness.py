"""When `helm --wait` holds a workload for rolled out. Kinds that are not named here are ready once they exist."""

from __future__ import annotations

from controller.apimachinery import objects
from controller.apimachinery.objects import Object


def is_ready(obj: Object) -> bool:
    """Whether a live object is rolled out in its present generation."""
    kind, spec, status = obj.get("kind"), obj.get("spec") or {}, obj.get("status") or {}
    if kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        return True
    if int(status.get("observedGeneration") or 0) < objects.generation(obj):
        return False
    if kind == "DaemonSet":
        wanted = int(status.get("desiredNumberScheduled") or 0)
        counts = ("updatedNumberScheduled", "numberReady")
    else:
        replicas = spec.get("replicas")
        wanted = 1 if replicas is None else int(replicas)
        counts = ("updatedReplicas", "availableReplicas" if kind == "Deployment" else "readyReplicas")
    return all(int(status.get(count) or 0) >= wanted for count in counts)
