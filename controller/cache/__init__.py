"""Local, always current copies of what the API server holds: list, then watch, for ever.

`reflector` keeps a copy current through every way a list or watch can fail (with `initial_state`, `pager`, `backoff`);
`store` holds it, indexed; `informer` tells handlers what changed (through `notifier`); `consistency` lets a reconciler
know whether the copy has caught up with its own writes. The whole behaviour is listed in docs/informers.md.

Objects read from a store are shared: never mutate them, `copy.deepcopy` what is to be changed.
"""

from controller.cache.admission import default_transform
from controller.cache.backoff import Backoff
from controller.cache.consistency import ConsistencyError, ConsistencyStore
from controller.cache.informer import Informer
from controller.cache.listwatch import ReflectorSettings
from controller.cache.notifier import DeletedFinalStateUnknown, Handler, Registration
from controller.cache.store import Store

__all__ = [
    "Backoff",
    "ConsistencyError",
    "ConsistencyStore",
    "DeletedFinalStateUnknown",
    "Handler",
    "Informer",
    "ReflectorSettings",
    "Registration",
    "Store",
    "default_transform",
]
