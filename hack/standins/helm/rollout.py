"""A release's objects on their way into the cluster and out of it: CRDs, hooks, the objects themselves, readiness."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from hack.standins.helm.applier import Applier
from hack.standins.helm.engine import HelmError
from hack.standins.helm.ordering import hook_is_deleted, hooks_for, in_uninstall_order
from hack.standins.helm.readiness import is_ready
from hack.standins.plays import Play

# Helm's message when objects do not become ready. Simulated failures use it because it is the most frequent one.
TIMED_OUT = "timed out waiting for the condition"
_READY_LOOK_SECONDS = 0.1
_CRD_LOOKS = 100
_CRD_LOOK_SECONDS = 0.1


class Rollout:
    """The objects of one release as a whole. API errors pass through; what Helm itself refuses is a HelmError."""

    def __init__(self, *, applier: Applier, pause: Callable[[float], bool]) -> None:
        """`pause` waits for that many seconds, or less when the program is stopping: then it returns True."""
        self._applier = applier
        self._pause = pause

    def roll_out(
        self, wanted: Iterable[Object], hooks: Iterable[Object], operation: str, *, wait: float, play: Play
    ) -> None:
        """Apply the objects between the hooks of `operation`, and wait up to `wait` seconds for readiness."""
        wanted, hooks = list(wanted), list(hooks)
        self.run_hooks(f"pre-{operation}", hooks)
        self.apply(wanted)
        self.play(play)
        self.wait_ready(wanted, min(wait, play.longest_wait))
        self.run_hooks(f"post-{operation}", hooks)

    def install_crds(self, crds: Iterable[Object]) -> None:
        """CRDs that exist stay as they are; new ones are waited for, as the objects that follow need them."""
        created = [crd for crd in crds if self._applier.create_missing(crd)]
        for _ in range(_CRD_LOOKS):
            if all(self._applier.serves(crd) for crd in created):
                return
            self._pause(_CRD_LOOK_SECONDS)

    def apply(self, wanted: Iterable[Object]) -> None:
        """Create or update the objects, in order."""
        for obj in wanted:
            self._applier.apply(obj)

    def remove_dropped(self, before: Iterable[Object], wanted: Iterable[Object]) -> None:
        """Delete what was there before and is not wanted any more, unless the chart asked to keep it."""
        kept = {self._applier.identity(obj) for obj in wanted}
        for obj in in_uninstall_order(before):
            if self._applier.identity(obj) not in kept:
                self._applier.delete(obj)

    def run_hooks(self, event: str, hooks: Iterable[Object]) -> None:
        """Create the hooks of an event, replacing and removing them by their policies; completion is not waited for."""
        for hook in hooks_for(event, hooks):
            if hook_is_deleted("before-hook-creation", hook):
                self._applier.delete(hook)
            self._applier.apply(hook)
            if hook_is_deleted("hook-succeeded", hook):
                self._applier.delete(hook)

    def play(self, play: Play) -> None:
        """Wait as long as the play says. Raises HelmError if the play is a failure."""
        self._pause(play.seconds)
        if play.fail:
            raise HelmError(TIMED_OUT)

    def wait_ready(self, wanted: Iterable[Object], seconds: float) -> None:
        """Wait until all workloads are rolled out; after `seconds` that is an error; 0: do not look."""
        deadline = time.monotonic() + seconds
        waited_for = list(wanted) if seconds > 0 else []
        while waited_for:
            waited_for = [obj for obj in waited_for if not is_ready(self._live(obj))]
            if not waited_for or self._pause(_READY_LOOK_SECONDS):
                return
            if time.monotonic() >= deadline:
                raise HelmError(TIMED_OUT)

    def _live(self, obj: Object) -> Object:
        live = self._applier.get(obj)
        if live is None:
            # An uninstall or another client is deleting it, so it will not become ready.
            raise HelmError(f'{obj["kind"]} "{objects.name(obj)}" not found')
        return live
