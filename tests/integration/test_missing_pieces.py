"""What is missing, at the start or later: said clearly, waited for, and healed without a restart."""

from __future__ import annotations

from typing import Any

from tests.integration.support.clusters import Cluster, environment_definition, helm_release_definition
from tests.integration.support.controllers import ControllerProcess
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environment, Environments, tag
from tests.integration.support.fixtures import StartController, StartProcess
from tests.integration.support.waiting import throughout


def no_traceback(process: ControllerProcess) -> None:
    """Whatever was said was said in lines."""
    assert "Traceback" not in process.output()


def missing_engine(environment: Environment) -> dict[str, Any]:
    """Wait until the status reports that the engine is missing; the environment."""
    return environment.until(
        lambda obj: any(c["reason"] == "ReleaseEngineMissing" for c in obj["status"]["conditions"]),
        "the status reports the missing engine",
    )


def test_environments_wait_for_the_definition_of_their_engine(
    bare_cluster: Cluster, start_controller: StartController
) -> None:
    bare_cluster.install(environment_definition())
    start_controller()
    environment = Environments(bare_cluster).create()
    waiting = missing_engine(environment)
    assert "helmreleases.helm.fluxcd.io" in waiting["status"]["applicationStatusMsg"]
    assert waiting["status"]["applicationStatus"] == "pending"
    assert environment.condition("Ready")["status"] == "Unknown"
    bare_cluster.install(helm_release_definition())
    engine = Engine(bare_cluster)
    engine.start()
    environment.deployed()
    engine.stop()


def test_nothing_is_uninstalled_while_the_engines_definition_is_missing(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller()
    environment = environments.create()
    environment.deployed()
    engine.stop()
    cluster.uninstall(helm_release_definition())
    missing_engine(environment)
    throughout(0.5, lambda: environment.namespace() and environment.storage(), "something was taken down")
    cluster.install(helm_release_definition())
    engine.start()
    environment.until(lambda obj: environment.helm_release(), "the release is made again")
    environment.deployed()


def test_an_environment_can_be_deleted_while_the_engines_definition_is_missing(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(teardown_timeout=0.5)
    environment = environments.create()
    environment.deployed()
    engine.stop()
    cluster.uninstall(helm_release_definition())
    environment.delete()
    environment.gone()
    assert environment.namespace() is None


def test_the_program_reports_that_its_own_definition_is_missing_and_waits(
    bare_cluster: Cluster, start_process: StartProcess
) -> None:
    bare_cluster.install(helm_release_definition())
    process = start_process()
    line = process.logged("not installed", "environmentprovisioners.tronador.stakater.com")
    assert line["level"] == "warning"
    bare_cluster.install(environment_definition())
    engine = Engine(bare_cluster)
    engine.start()
    Environments(bare_cluster).create().deployed()
    engine.stop()
    no_traceback(process)


def test_the_program_reports_an_unreachable_api_server_and_waits(
    cluster: Cluster, environments: Environments, engine: Engine, start_process: StartProcess
) -> None:
    environment = environments.create()
    engine.stop()
    cluster.go_away()
    process = start_process()
    line = process.logged("list or watch failed", cluster.address)
    assert line["level"] == "warning"
    assert len([one for one in process.lines() if one.get("resource") == line["resource"]]) == 1
    cluster.come_back()
    engine.start()
    environment.deployed()
    no_traceback(process)


def test_an_outage_of_the_api_server_is_reported_once_and_recovered_from(
    cluster: Cluster, environments: Environments, engine: Engine, start_process: StartProcess
) -> None:
    process = start_process()
    environment = environments.create(values=tag("one"))
    environment.deployed()
    engine.stop()
    cluster.go_away()
    # A cache whose watch was cut and opened again in time has nothing to report, so this one must have failed.
    process.logged("list or watch failed", "environmentprovisioners")
    cluster.come_back()
    engine.start()
    process.logged("list or watch recovered", "connect", "environmentprovisioners")
    environment.patch_release(values=tag("two"))
    environment.deployed()
    release = environment.helm_release(RELEASE)
    assert release is not None
    assert release["spec"]["values"] == tag("two")
    no_traceback(process)
