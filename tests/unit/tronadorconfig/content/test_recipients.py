"""The index of environments by repository, and how much work a change of the TronadorConfig is for many of them."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.environment import FORK_ANNOTATION
from controller.api.tronador_config import CONFIG_NAME
from controller.cache import Store
from controller.tronadorconfig.content import recipients
from controller.tronadorconfig.content.options import TronadorConfigOptions
from controller.tronadorconfig.content.shares import Concerned, Shares
from controller.tronadorconfig.reconciling import status
from tests.unit.environment.support.builders import GIT, environment
from tests.unit.measured import count_calls

OWN = "tronador-system"
READY = {"conditions": [{"type": "ResourcesReady", "status": "True"}]}
LOST = {"conditions": [{"type": "ResourcesReady", "status": "Unknown", "reason": recipients.LOST_REASON}]}
REPOSITORIES = 100


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, f"other {GIT}"),
        ({"status": READY}, f"ready {GIT}"),
        ({"status": READY, "deleting": True}, f"other {GIT}"),
        ({"status": LOST}, f"lost {GIT}"),
        ({"chart": {"git": "https://git.example/a/b"}}, "other https://git.example/a/b"),
        ({"chart": {"git": None}}, "other "),
        ({"release": {"chart": "no map"}}, "other "),
    ],
)
def test_an_environment_is_indexed_by_state_and_repository(changes: dict[str, Any], value: str) -> None:
    assert recipients.index(environment(**changes)) == (value,)


def test_code_from_a_fork_is_indexed_without_its_repository() -> None:
    fork = environment(status=READY)
    fork["metadata"]["annotations"] = {FORK_ANNOTATION: "true"}
    assert recipients.index(fork) == ("ready ",)


def test_the_work_for_a_change_grows_with_repositories_not_with_environments() -> None:
    few, many = _World(200), _World(10_000)
    assert (few.count(), many.count()) == (200, 10_000)
    assert (len(few.change()), len(many.change())) == (2, 100)
    assert count_calls(many.count) <= 1.1 * count_calls(few.count)
    # Only the names of those environments are read that it concerns.
    assert count_calls(many.change) <= 1.1 * count_calls(few.change) + 5 * 100


class _World:
    """So many ready environments of a hundred repositories, and a TronadorConfig for them."""

    def __init__(self, environments: int) -> None:
        self._store = Store(indexers={recipients.INDEX: recipients.index})
        ready = {
            f"e-{number}": environment(
                name=f"e-{number}", status=READY, chart={"git": f"https://git.example/org/r{number % REPOSITORIES}"}
            )
            for number in range(environments)
        }
        self._store.replace(ready, resource_version="1")
        self._before, self._after = _config("before"), _config("after")
        configs = {f"{OWN}/{CONFIG_NAME}": self._after}
        self._shares = Shares(configs=configs, secrets={}, options=TronadorConfigOptions(own_namespace=OWN))
        self._concerned = Concerned(shares=self._shares, environments=self._store)

    def count(self) -> int:
        return status.carriers(self._store, self._shares.sharing)

    def change(self) -> tuple[str, ...]:
        return self._concerned.by_config(self._before, self._after)


def _config(secret: str) -> dict[str, Any]:
    common = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "common"}}
    mapping = {"repos": ["git.example/org/r7"], "imagePullSecret": secret}
    secrets = [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}} for name in ("before", "after")]
    return {
        "metadata": {"name": CONFIG_NAME, "namespace": OWN},
        "resources": {"manifests": [common]},
        "spec": {"mappings": [mapping], "secrets": secrets},
    }
