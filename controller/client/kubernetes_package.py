"""What this room uses of the `kubernetes` package: configuration, authentication, TLS.

`import kubernetes` also imports what we do not use: its API client with `pydantic`, and OAuth clients with `requests`.
So the `__init__` of the package does not run here, and what its reader of kubeconfigs rarely calls (for expired tokens
of OpenID Connect) is imported at its first call. docs/performance.md has the figures.

Everything else in this room imports from here. A test lists the modules that a start loads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, Final

_PACKAGE: Final = "kubernetes"
# The modules to leave out, with the names that are imported from them.
_LATER: Final = {
    "kubernetes.client.api_client": ("ApiClient",),
    "oauthlib.oauth2": (),
    "requests_oauthlib": ("OAuth2Session",),
}


@contextmanager
def _in_part() -> Iterator[None]:
    """While inside, importing parts of the package imports nothing that they do not need. Nothing of it remains."""
    if _PACKAGE in sys.modules:
        # Another program in this process, such as a test, uses all of it.
        yield
        return
    spec = find_spec(_PACKAGE)
    assert isinstance(spec, ModuleSpec), "it is installed with us"
    placeholders = {_PACKAGE: module_from_spec(spec)}
    for module, names in _LATER.items():
        if module not in sys.modules:
            placeholders[module] = ModuleType(module)
            for name in names:
                setattr(placeholders[module], name, _later(module, name))
    sys.modules.update(placeholders)
    try:
        yield
    finally:
        for module in placeholders:
            del sys.modules[module]
        # It remembers what it has found in its modules.
        vars(sys.modules["kubernetes.client"]).pop("ApiClient", None)


def _later(module: str, name: str) -> Callable[..., Any]:
    """Return a function that calls the real one."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(module), name)(*args, **kwargs)

    return call


with _in_part():
    from kubernetes.client.configuration import Configuration
    from kubernetes.client.rest import RESTClientObject
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.incluster_config import (
        SERVICE_CERT_FILENAME,
        SERVICE_HOST_ENV_NAME,
        SERVICE_TOKEN_FILENAME,
        InClusterConfigLoader,
    )
    from kubernetes.config.kube_config import load_kube_config
    from kubernetes.utils.keepalive import tcp_keepalive_socket_options

__all__ = [
    "SERVICE_CERT_FILENAME",
    "SERVICE_HOST_ENV_NAME",
    "SERVICE_TOKEN_FILENAME",
    "ConfigException",
    "Configuration",
    "InClusterConfigLoader",
    "RESTClientObject",
    "load_kube_config",
    "tcp_keepalive_socket_options",
]
