"""The options that several rooms read."""

from __future__ import annotations

from controller.apimachinery.optionkinds import NAME
from controller.apimachinery.options import option


def own_namespace() -> str:
    """Declare the option `--namespace`."""
    return option(NAME, "tronador-system", "namespace of the controller itself", name="namespace")
