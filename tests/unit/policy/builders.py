"""Environments with one change, and what the policy refuses about them."""

from controller.api.environment import Environment
from controller.apimachinery.findings import shown
from controller.environment.engines import helm_operator
from controller.policy import PolicyOptions, violations
from tests.unit.environment.support.builders import environment

RELEASE = "spec.application.release"
CHART = f"{RELEASE}.chart"


def refused(options=None, engine=helm_operator.ENGINE.name, annotations=None, **changes):
    """Return the violations of an environment with these changes."""
    obj = environment(**changes)
    if annotations:
        obj["metadata"]["annotations"] = annotations
    return violations(Environment(obj), options or PolicyOptions(), engine=engine)


def reasons(options=None, engine=helm_operator.ENGINE.name, **changes):
    """Return the reason and the field of each violation."""
    return [(violation.reason, shown(violation.path)) for violation in refused(options, engine, **changes)]


def fields(**changes):
    """Return the field of each violation."""
    return [shown(violation.path) for violation in refused(**changes)]
