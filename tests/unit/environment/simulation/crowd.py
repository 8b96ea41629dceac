"""A world with many environments, of which only some may exist at the same time.

After each of the controller's writes it checks that no limit is exceeded. What the caches show, and who is woken, goes
into a queue as in real life, so a reconcile that nothing asks for never happens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS, FORK_ANNOTATION
from controller.apimachinery import objects
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.apimachinery.timestamps import to_time
from controller.environment.options import LimitOptions
from controller.policy import PolicyOptions
from controller.runtime.reconcile import Result
from tests.unit.environment.simulation.fake_api import Write
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NOW, environment, operator_options

GIT = "https://github.com/acme/{}"


class Crowd(World):
    """`limits` are the fields of LimitOptions."""

    def __init__(self, **limits: int) -> None:
        # What is to be reconciled now, in order, and when the rest is due.
        self.pending: dict[str, None] = {}
        self.due: dict[str, float] = {}
        self.reconciles: Counter[str] = Counter()
        # The environments in the order in which they got a namespace.
        self.served: list[str] = []
        super().__init__(_options(limits))
        self.api.on_write.append(self._check_limits)

    # What people do

    def add(self, name: str, *, age: float = 0.0, repository: str = "shop", fork: bool = False) -> None:
        """Create an environment that is `age` seconds old."""
        obj = environment(name=name, uid="", finalizers=(), chart={"git": GIT.format(repository)})
        obj["metadata"]["creationTimestamp"] = to_time(NOW + timedelta(seconds=self.seconds - age))
        obj["metadata"]["annotations"] = {FORK_ANNOTATION: "true"} if fork else {}
        obj["spec"]["application"]["release"]["releaseName"] = name
        self.api.put(ENVIRONMENTS, obj)

    def edit(self, name: str, **spec: Any) -> None:
        """Change fields of an environment's spec."""
        self.api.edit(ENVIRONMENTS, name, "", lambda obj: obj["spec"].update(spec))

    def point_at(self, name: str, git: str) -> None:
        """Change the git URL of an environment's chart."""
        self.api.edit(
            ENVIRONMENTS, name, "", lambda obj: obj["spec"]["application"]["release"]["chart"].update(git=git)
        )

    def remove(self, name: str) -> None:
        """Delete an environment."""
        self.api.remove(ENVIRONMENTS, name)

    def restart_with(self, **limits: int) -> None:
        """Restart the controller with other limits."""
        self.options = _options(limits)
        self.restart()

    # What they see

    def holders(self) -> list[str]:
        """The environments with a namespace."""
        return sorted(objects.name(obj) for obj in self.api.all(NAMESPACES) if ENVIRONMENT_LABEL in objects.labels(obj))

    def status(self, name: str) -> Mapping[str, Any]:
        """The status of an environment; empty if it has none."""
        return objects.mapping((self.api.peek(ENVIRONMENTS, name) or {}).get("status"))

    def in_state(self, state: str) -> list[str]:
        """The environments whose status says so."""
        names = sorted(objects.name(obj) for obj in self.api.all(ENVIRONMENTS))
        return [name for name in names if self.status(name).get("applicationStatus") == state]

    # What machines do

    def restart(self) -> None:
        """See World. A new process looks at everything once."""
        super().restart()
        self.due = {}
        self.pending = {objects.name(obj): None for obj in self.api.all(ENVIRONMENTS)}

    def changed(self, resource: Resource, key: str) -> None:
        """See World. It also queues the environment."""
        super().changed(resource, key)
        self.pending[objects.split_key(key)[0] or key] = None

    def reconcile(self, name: str) -> Result:
        """See World."""
        self.pending.pop(name, None)
        self.due.pop(name, None)
        self.reconciles[name] += 1
        result = super().reconcile(name)
        if result.requeue or result.requeue_after is not None:
            self.due[name] = self.seconds + (0.01 if result.requeue else result.requeue_after or 0.0)
        self.wake()
        return result

    def wake(self) -> None:
        """Queue those that got a place."""
        self.pending.update(dict.fromkeys(self.woken))
        self.woken.clear()

    def settle(self, limit: int = 2000) -> None:
        """Run all programs until none has anything left to do."""
        for _ in range(limit):
            self.sync()
            self.wake()
            if self.pending:
                self.reconcile(next(iter(self.pending)))
                continue
            worked = self.engines_step()
            self.api.finish_namespaces()
            self.sync()
            if worked or self.pending:
                continue
            if not self.due:
                return
            soonest = min(self.due, key=lambda name: self.due[name])
            self.seconds = max(self.seconds, self.due.pop(soonest))
            self.pending[soonest] = None
        raise AssertionError(f"no rest: {list(self.pending)} {self.due}")

    def _check_limits(self, write: Write) -> None:
        if write.resource != NAMESPACES:
            return
        before, after = (ENVIRONMENT_LABEL in objects.labels(obj or {}) for obj in (write.before, write.after))
        if before or not after:
            return
        self.served.append(write.name)
        found = [self.api.peek(ENVIRONMENTS, name) or {} for name in self.holders()]
        new = self.api.peek(ENVIRONMENTS, write.name) or {}
        limits = self.options.limits
        same = [obj for obj in found if _git(obj) == _git(new)]
        forks = [obj for obj in found if FORK_ANNOTATION in objects.annotations(obj)]
        assert not 0 < limits.max_environments < len(found), self.holders()
        assert not 0 < limits.max_environments_per_repository < len(same), self.holders()
        assert new not in forks or not 0 < limits.max_fork_environments < len(forks), self.holders()


def _git(obj: Mapping[str, Any]) -> str:
    return str(objects.mapping(obj.get("spec")).get("application", {}).get("release", {}).get("chart", {}).get("git"))


def _options(limits: Mapping[str, int]) -> Any:
    policy = PolicyOptions(allow_forks_on_helm_operator=True)
    return operator_options(limits=LimitOptions(**limits), policy=policy, status_settle=0.0)
