"""Live environments in any state."""

import copy


def environment(generation=1, *, tag="one", status=None, ready=None, message="", deleting=False, **spec):
    """Return a live environment.

    Args:
        status: `applicationStatus` for this generation; None if the controller has not processed it.
        ready: status of the condition Ready (default: the one that fits `status`).
        message: message of the condition.
        spec: additional fields of the spec.
    """
    obj = {
        "metadata": {"name": "shop-74", "uid": "u", "generation": generation, "resourceVersion": str(10 + generation)},
        "spec": {
            "suspend": False,
            "application": {"release": {"chart": {"git": "https://h/r", "path": "deploy"}, "values": {"tag": tag}}},
            **spec,
        },
    }
    if deleting:
        obj["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    if status is not None:
        ready = ready or {"deployed": "True", "failed": "False"}.get(status, "Unknown")
        condition = {"type": "Ready", "status": ready, "reason": "Because", "message": message}
        obj["status"] = {
            "applicationStatus": status,
            "observedGeneration": generation,
            "conditions": [{**condition, "observedGeneration": generation}],
        }
    return obj


def later(obj, **metadata):
    """Return the object with a newer spec that the controller has not processed yet."""
    copied = copy.deepcopy(obj)
    copied["metadata"] |= {"generation": obj["metadata"]["generation"] + 1, **metadata}
    return copied


def as_file(obj):
    """Return the file that was published for the object."""
    return {
        "apiVersion": "tronador.stakater.com/v1alpha1",
        "kind": "EnvironmentProvisioner",
        "metadata": {"name": obj["metadata"]["name"]},
        "spec": {name: value for name, value in copy.deepcopy(obj["spec"]).items() if name != "suspend"},
    }
