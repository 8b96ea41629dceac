"""The rights of the controller in an environment: it reads Helm's storage by its own RoleBinding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from controller.api.rbac import ENVIRONMENT_BINDING, ROLE_BINDINGS
from controller.apimachinery.errors import ApiError, status_error
from controller.apimachinery.resources import SECRETS, Resource
from tests.unit.environment.simulation.fake_api import FakeApi
from tests.unit.environment.support.builders import NAME

# Others decide about these. A new binding takes a moment to take effect.
REFUSABLE: Final = frozenset({ROLE_BINDINGS, SECRETS})


def refusal() -> ApiError:
    """Return the answer of an API server that refuses a request."""
    return status_error(403, {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "not allowed"})


def refuses(api: FakeApi) -> Callable[[str, Resource, str, str], ApiError | None]:
    """Return what refuses the requests that need the binding, wherever it is missing."""

    def refuse(_: str, resource: Resource, namespace: str, __: str) -> ApiError | None:
        has_binding = api.peek(ROLE_BINDINGS, ENVIRONMENT_BINDING, namespace) is not None
        return refusal() if resource == SECRETS and not has_binding else None

    return refuse


def delete_binding(api: FakeApi) -> None:
    """Somebody deletes the controller's RoleBinding."""
    api.remove(ROLE_BINDINGS, ENVIRONMENT_BINDING, NAME)
