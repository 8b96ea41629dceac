"""The API server restarts while the controller works."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.fixtures import StartController, StartProcess
from tests.integration.support.requests import Requests
from tests.real.support.hands import restart_command, restart_server
from tests.real.support.releases import settled, values_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
# In seconds. A server that starts on a busy machine takes a while, and so do its controllers.
LONG = 90.0


@pytest.fixture(autouse=True)
def can_restart() -> None:
    """Skips the tests if there is no command that restarts the server."""
    restart_command()


@pytest.fixture
def restarting() -> Iterator[threading.Thread]:
    """A restart in a thread, which the test starts."""
    failures: list[Exception] = []

    def restart() -> None:
        try:
            restart_server()
        except Exception as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    thread = threading.Thread(target=restart, name="restart")
    yield thread
    if thread.ident is not None:
        thread.join()
    assert failures == []


def test_a_restart_costs_no_write_and_loses_no_change(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    requests: Requests,
) -> None:
    start_controller()
    made = [environments.create(f"pr-{number}") for number in range(5)]
    for environment in made:
        settled(environment)
    mark = requests.mark()

    restart_server()
    made[0].patch_release(values=tag("two"))
    made[0].deployed(deadline=LONG)
    new = environments.create("new")
    new.deployed(deadline=LONG)

    assert values_of(made[0]) == tag("two")
    for environment in made[1:]:
        assert requests.writes(mark, environment=environment.name) == []


def test_environments_on_their_way_arrive_after_a_restart(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    restarting: threading.Thread,
) -> None:
    start_controller()
    made = [environments.create(f"pr-{number}") for number in range(6)]
    made[0].deployed()
    for environment in made[:3]:
        environment.delete()
    restarting.start()
    restarting.join()
    for environment in made[3:]:
        environment.deployed(deadline=LONG)
    for environment in made[:3]:
        environment.gone(deadline=LONG)
        assert environment.namespace() is None


def test_a_leader_whose_deadline_is_longer_than_the_restart_stays_leader(
    cluster: Cluster, environments: Environments, engine: Engine, start_process: StartProcess
) -> None:
    process = start_process(leader_elect="true", lease_duration=120, lease_renew_deadline=100, lease_retry_period=0.5)
    environment = environments.create()
    environment.deployed()
    restart_server()
    environment.patch_release(values=tag("two"))
    environment.deployed(deadline=LONG)
    assert process.process.poll() is None
    assert "Traceback" not in process.output()
