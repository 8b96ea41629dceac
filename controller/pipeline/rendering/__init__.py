"""Renders `.tronador.yaml` to an environment, and validates both offline. Pure."""

from controller.pipeline.rendering.configfile import NO_CONFIG, ConfigFile, read_config
from controller.pipeline.rendering.parameters import Parameters
from controller.pipeline.rendering.render import differences, render
from controller.pipeline.rendering.validate import validate

__all__ = ["NO_CONFIG", "ConfigFile", "Parameters", "differences", "read_config", "render", "validate"]
