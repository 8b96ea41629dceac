"""Local copies of the API server's objects, kept current: list once, then watch until the process stops.

- `reflector` keeps a copy current and recovers from every failure of a list or watch. It uses `initial_state`, `pager`
  and `backoff`.
- `store` holds the copy and its indices.
- `informer` notifies handlers of changes, through `notifier`.
- `consistency` shows a reconciler whether the copy has caught up with the reconciler's own writes.

docs/machinery.md explains the behaviour, and docs/promises.md lists it with its tests.

Objects read from a store are shared. Never mutate them: make a `copy.deepcopy` first.
"""

from controller.cache.backoff import Backoff
from controller.cache.consistency import ConsistencyError, ConsistencyStore
from controller.cache.informer import Informer
from controller.cache.listwatch import ReflectorSettings
from controller.cache.notifier import DeletedFinalStateUnknown, Handler, Registration
from controller.cache.store import Store
from controller.cache.texts import Texts

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
    "Texts",
]
