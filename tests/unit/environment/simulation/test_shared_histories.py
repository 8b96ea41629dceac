"""Random histories of what is shared: it changes, others meddle, processes die. At rest all is as last asked for."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.api.environment import APPLIED_RESOURCES_ANNOTATION, ENVIRONMENTS
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from controller.environment.options import EnvironmentOptions
from tests.unit.environment.simulation.shared_world import install
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import GIT, NAME, environment

OWN = EnvironmentOptions(service_account="").own_namespace
NAMES = st.sampled_from(["one", "two", "three"])
CONTENT = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"]), min_size=1)
THEIRS = "theirs"

CONFIGS = st.fixed_dictionaries(
    {"maps": st.dictionaries(NAMES, CONTENT, max_size=3), "pull": st.sampled_from(["", "red", "blue"])}
)
STEPS = st.one_of(
    st.tuples(st.just("config"), CONFIGS),
    st.tuples(st.just("remove config"), st.none()),
    st.tuples(st.just("edit"), NAMES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("crash before"), st.integers(1, 8)),
    st.tuples(st.just("crash after"), st.integers(1, 8)),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("reconcile"), st.booleans()),
)
NOTHING: dict[str, Any] = {"maps": {}, "pull": ""}


def _write(world: World, config: dict[str, Any]) -> None:
    manifests = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        for name, data in config["maps"].items()
    ]
    mapping = {"repos": [GIT.removeprefix("https://")], "imagePullSecret": config["pull"]}
    body = {"metadata": {"name": CONFIG_NAME, "namespace": OWN}}
    world.api.put(TRONADOR_CONFIGS, body | {"resources": {"manifests": manifests}, "spec": {"mappings": [mapping]}})


def _step(world: World, step: str, value: Any) -> None:
    if step == "edit":
        world.api.edit(CONFIG_MAPS, value, NAME, lambda obj: obj["data"].update(a="meddled", c="added"))
    elif step == "delete":
        world.api.remove(CONFIG_MAPS, value, NAME)
    elif step.startswith("crash"):
        setattr(world.api, step.replace(" ", "_"), value)
    elif step == "restart":
        world.restart()
    elif step == "reconcile":
        if value:
            world.sync()
        world.reconcile(NAME)


@settings(max_examples=30)
@given(st.lists(STEPS, max_size=12))
def test_the_environment_ends_with_the_last_shared_resources(history):
    world = World()
    install(world)
    world.api.serves |= {SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS}
    account = {"metadata": {"name": "default", "namespace": NAME}, "imagePullSecrets": [{"name": THEIRS}]}
    world.api.put(ENVIRONMENTS, environment(finalizers=()))
    world.run(NAME)
    world.api.put(SERVICE_ACCOUNTS, account)
    last = NOTHING
    for step, value in history:
        if step == "config":
            last = value
            _write(world, last)
        elif step == "remove config":
            last = NOTHING
            world.api.remove(TRONADOR_CONFIGS, CONFIG_NAME, OWN)
        else:
            _step(world, step, value)
    world.run(NAME)

    held = {objects.name(obj): {k: v for k, v in obj["data"].items() if k != "c"} for obj in world.api.all(CONFIG_MAPS)}
    assert held == last["maps"]
    [live] = world.api.all(SERVICE_ACCOUNTS)
    wanted = [THEIRS, *filter(None, [last["pull"]])]
    assert [entry["name"] for entry in live["imagePullSecrets"]] == wanted
    remembers = APPLIED_RESOURCES_ANNOTATION in objects.annotations(world.api.peek(NAMESPACES, NAME))
    assert remembers == (last != NOTHING)
    writes = len(world.api.writes)
    world.sync()
    world.reconcile_strictly(NAME)
    assert len(world.api.writes) == writes
