"""A few random histories of a namespace's labels, end to end: edits by both sides, and a controller that is killed.

tests/unit/environment/simulation/test_label_histories.py tries many in memory; these few show that a real process keeps
its memory in an annotation of the namespace.
"""

from __future__ import annotations

import random

import pytest

from controller.api.environment import ENVIRONMENT_LABEL, MANAGED_BY_LABEL
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, is_deployed
from tests.integration.support.fixtures import StartProcess
from tests.integration.support.waiting import eventually

KEYS, VALUES = ("a", "b", "c"), ("1", "2")
ROUNDS = 8
NOT_ASKED_FOR = (ENVIRONMENT_LABEL, MANAGED_BY_LABEL, "kubernetes.io/metadata.name")


class History:
    """What should stand on the namespace, from who wrote what, and the two who write."""

    def __init__(self, environment: Environment, chance: random.Random) -> None:
        self._environment = environment
        self._chance = chance
        self._wanted: dict[str, str] = {}
        self._applied: dict[str, str] = {}
        self._labels: dict[str, str] = {}

    def edit(self) -> None:
        """One edit, by the author or by somebody else."""
        key, value = self._chance.choice(KEYS), self._chance.choice((*VALUES, None))
        if self._chance.random() < 0.5:
            self._environment.patch({"namespaceLabels": {key: value}})
            self._wanted = {name: text for name, text in {**self._wanted, key: value}.items() if text is not None}
        else:
            self._environment.label_namespace(**{key: value})
            self._labels = {name: text for name, text in {**self._labels, key: value}.items() if text is not None}

    def settle(self) -> None:
        """Wait until the controller has done what the rules ask for."""
        ours = {name for name, value in self._applied.items() if self._labels.get(name) == value}
        left = {name: value for name, value in self._labels.items() if name not in ours - self._wanted.keys()}
        self._labels, self._applied = left | self._wanted, self._wanted
        eventually(self._is_settled, lambda: f"{self._found()} become {self._labels} for {self._wanted}")

    def _found(self) -> dict[str, str]:
        return {name: value for name, value in self._environment.labels().items() if name not in NOT_ASKED_FOR}

    def _is_settled(self) -> bool:
        obj = self._environment.get()
        mirrored = (obj.get("status") or {}).get("namespaceLabels") or {}
        return is_deployed(obj) and self._found() == self._labels and mirrored == self._wanted


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_labels_are_right_after_every_edit_and_every_crash(
    environments: Environments, engine: Engine, start_process: StartProcess, seed: int
) -> None:
    chance = random.Random(seed)
    controller = start_process(status_settle="0s")
    environment = environments.create(spec={"namespaceLabels": {}})
    history = History(environment, chance)
    history.settle()
    for _ in range(ROUNDS):
        if chance.random() < 0.4:
            controller.kill()
            # The controller does not look meanwhile, so several edits meet.
            for _ in range(3):
                history.edit()
            controller = start_process(status_settle="0s")
        else:
            history.edit()
            if chance.random() < 0.3:
                controller.kill()
                controller = start_process(status_settle="0s")
        history.settle()
