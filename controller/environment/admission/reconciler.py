"""Reports to the places how each reconcile ended, so that none stays with an environment that does not use it."""

from __future__ import annotations

from controller.cache import ConsistencyError
from controller.environment.admission.places import Places
from controller.runtime.reconcile import Reconciler, Request, Result


class ReconcilerWithPlaces:
    """The reconciler of environments, where their number is limited."""

    def __init__(self, reconciler: Reconciler, places: Places) -> None:
        self._reconciler = reconciler
        self._places = places

    def reconcile(self, request: Request) -> Result:
        """Reconcile. Raises the errors of the reconciler."""
        try:
            result = self._reconciler.reconcile(request)
        except ConsistencyError:
            # Nothing was decided, and it is tried again shortly.
            raise
        except Exception:  # a bug, too, must not keep the place of an environment for ever; it is raised again
            self._places.failed(request.key)
            raise
        if result.requeue:
            self._places.interrupted(request.key)
        else:
            self._places.ended(request.key)
        return result
