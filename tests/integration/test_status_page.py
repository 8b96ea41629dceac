"""The status page of a running controller, on the port of the probes."""

from __future__ import annotations

from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments
from tests.integration.support.fixtures import StartController
from tests.integration.support.ports import free_port
from tests.integration.support.program import get
from tests.integration.support.waiting import eventually


def test_the_page_shows_an_environment_until_it_is_gone(
    cluster: Cluster, engine: Engine, environments: Environments, start_controller: StartController
) -> None:
    address = f"127.0.0.1:{free_port()}"
    start_controller(health_address=address)
    environment = environments.create()
    url = f"http://{address}/environments/{environment.name}"
    eventually(lambda: "deployed" in get(f"http://{address}/")[1], "the list shows it as deployed")
    eventually(lambda: get(url)[1].count("<li class=") >= 2, "its timeline has more than one state")
    assert get(f"http://{address}/readyz")[0] == 200
    environment.delete()
    eventually(lambda: get(url)[0] == 404, "its page is gone")


def test_the_page_of_a_standby_says_so(cluster: Cluster, start_controller: StartController) -> None:
    leader, standby = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    start_controller(health_address=leader, leader_elect=True)
    start_controller(health_address=standby, leader_elect=True, wait=False)
    eventually(lambda: ">Standing by<" in get(f"http://{standby}/")[1], "the standby says so")
    assert ">Leader<" in get(f"http://{leader}/")[1]


def test_the_status_page_can_be_disabled(cluster: Cluster, start_controller: StartController) -> None:
    address = f"127.0.0.1:{free_port()}"
    start_controller(health_address=address, status_page=False)
    assert [get(f"http://{address}{path}")[0] for path in ("/", "/controller", "/state")] == [404, 404, 404]
    assert get(f"http://{address}/readyz")[0] == 200
