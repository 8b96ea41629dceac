"""One object of every strange sort among good ones: each costs itself, and nothing else.

Strange are values that are nested deeper than Python can follow, very long or very many, and garbled memories, in every
kind that the controller watches.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from controller.api import flux, helm_operator
from controller.api.environment import (
    APPLIED_LABELS_ANNOTATION,
    APPLIED_RESOURCES_ANNOTATION,
    ENVIRONMENT_LABEL,
    ENVIRONMENTS,
)
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import SECRETS, Resource
from controller.app.options import Options
from tests.integration.support import texts
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import DOUBLES, Engine
from tests.integration.support.environments import GIT_URL, RELEASE, Environment, Environments, manifest, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.installers import RELEASES
from tests.integration.support.ports import free_address
from tests.integration.support.texts import nested
from tests.integration.support.waiting import eventually

OURS = Options().namespace
# How deep the values of environments are nested that are refused.
DEPTHS = (101, 1500)
MORE_DEPTHS = (*DEPTHS, 700, 900, 5000)
# Values that are unusual and nothing more.
UNUSUAL: Mapping[str, str] = {
    "hundred-levels": nested(100),
    "odd-text": r'{"nul": "\u0000", "line": "\u2028", "path": "..%2f../a/b", "": "no key"}',
}
MORE_UNUSUAL: Mapping[str, str] = {
    **UNUSUAL,
    "long": json.dumps({"text": "x" * 1_000_000}),
    "keys": json.dumps({f"key-{number}": number for number in range(10_000)}),
}
CHART_REF = {"kind": "HelmChart", "name": "x"}
_UNREADABLE = "tronador_reflector_unreadable_objects_total"


@pytest.fixture(params=DOUBLES)
def engine_name(request: pytest.FixtureRequest, both_engines: Cluster) -> Iterator[str]:
    """Each of the two engines in turn, answering at once."""
    engine = Engine(both_engines, double=DOUBLES[request.param])
    engine.start()
    yield request.param
    engine.close()
    for resource in (TRONADOR_CONFIGS, SECRETS):
        with suppress(NotFound):
            both_engines.client.delete(resource, "strange", namespace=OURS)


def environment_text(name: str, values: str) -> str:
    text = json.dumps(manifest(name, values="VALUES"))
    return text.replace('"VALUES"', values)


def create_strange_neighbours(cluster: Cluster) -> None:
    """Everything that is watched beside environments, as strange as the API server takes it."""
    memories = {
        APPLIED_LABELS_ANNOTATION: "[" * 60_000,
        APPLIED_RESOURCES_ANNOTATION: '{"objects": ' + "[" * 2000 + "]" * 2000 + "}",
    }
    home = cluster.create_namespace(
        cluster.name("strange"), annotations=memories, labels={ENVIRONMENT_LABEL: "deep-101", "x": ""}
    )["metadata"]["name"]
    labels = {ENVIRONMENT_LABEL: home}
    chart = {"git": GIT_URL, "path": "x"}
    for resource, spec in (
        (helm_operator.HELM_RELEASES, {"chart": chart, "values": "VALUES"}),
        (flux.HELM_RELEASES, {"interval": "1m", "suspend": True, "chartRef": CHART_REF, "values": "VALUES"}),
        (flux.GIT_REPOSITORIES, {"interval": "1m", "suspend": True, "url": GIT_URL}),
    ):
        text = json.dumps(body(resource, "strange", home, labels=labels, spec=spec))
        texts.create(cluster, resource, text.replace('"VALUES"', nested(1500)), home)
    config = body(TRONADOR_CONFIGS, "strange", OURS, resources={"manifests": ["MANIFEST"]})
    object_text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": ' + nested(1500) + "}"
    texts.create(cluster, TRONADOR_CONFIGS, json.dumps(config).replace('"MANIFEST"', object_text), OURS)
    secret = body(SECRETS, "strange", OURS, stringData={f"key-{number}": "x" for number in range(1000)})
    cluster.client.create(SECRETS, secret, namespace=OURS)


def body(resource: Resource, name: str, namespace: str, *, labels: Any = None, **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace} | ({"labels": labels} if labels else {})
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **fields}


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def value(metrics: str, series: str) -> float:
    """The sum of all series that begin with the text."""
    return sum(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(series))


def all_is_well(
    cluster: Cluster,
    environments: Environments,
    start: StartController,
    engine: str,
    *,
    good: int,
    unusual: Mapping[str, str],
    depths: Sequence[int],
) -> None:
    """Good environments are deployed among strange ones, seen in a watch as well as in what is there at the start."""
    metrics_address, health_address = free_address(), free_address()
    first = start(release_engine=engine, metrics_address=metrics_address)
    create_strange_neighbours(cluster)
    named = {text: environments.named(cluster.name(text)) for text in unusual}
    for text, environment in named.items():
        texts.create(cluster, ENVIRONMENTS, environment_text(environment.name, unusual[text]))
    too_deep = {depth: environments.named(cluster.name(f"deep-{depth}")) for depth in depths}
    for depth, environment in too_deep.items():
        texts.create(cluster, ENVIRONMENTS, environment_text(environment.name, nested(depth)))
    good_ones = [environments.create(f"good-{number}") for number in range(good)]
    judge([*good_ones, *named.values()], too_deep)

    expected = {
        'tronador_environments{status="deployed"}': good + len(unusual),
        'tronador_environments{status="failed"}': len(depths),
        "tronador_reflector_handler_failures_total": 0,
        "tronador_reflector_failures_total": 0,
    }

    def counted() -> dict[str, float]:
        metrics = get(f"http://{metrics_address}/metrics")
        return {series: value(metrics, series) for series in (*expected, _UNREADABLE)}

    eventually(
        lambda: (found := counted()).pop(_UNREADABLE) > 0 and found == expected,
        lambda: f"the metrics should be {expected}; they are {counted()}",
    )
    first.stop()

    start(release_engine=engine, health_address=health_address)
    for environment in good_ones:
        environment.patch_release(values=tag("two"))
    judge([*good_ones, *named.values()], too_deep)
    eventually(lambda: get(f"http://{health_address}/readyz"), "it is ready")
    namespace = good_ones[0].name
    texts.merge(cluster, RELEASES[engine], RELEASE, f'{{"spec": {{"values": {nested(1500)}}}}}', namespace)
    eventually(
        lambda: cluster.client.get(RELEASES[engine], RELEASE, namespace=namespace)["spec"]["values"] == tag("two"),
        "what somebody wrote into a HelmRelease is put right",
    )
    for environment in (too_deep[depths[-1]], good_ones[0]):
        environment.delete()
        environment.gone()


def judge(good: Sequence[Environment], too_deep: Mapping[int, Environment]) -> None:
    for environment in good:
        environment.deployed()
    for depth, environment in too_deep.items():
        message = environment.stalled("InvalidSpec")["message"]
        assert message == (
            f"spec.application.release.values.a.a.a.a.a.a...: 'nested {depth} levels deep': "
            "reduce the nesting to at most 100 levels"
        )
        assert environment.namespace() is None


def test_strange_objects_affect_only_themselves(
    both_engines: Cluster, environments: Environments, start_controller: StartController, engine_name: str
) -> None:
    all_is_well(both_engines, environments, start_controller, engine_name, good=2, unusual=UNUSUAL, depths=DEPTHS)


@pytest.mark.slow
def test_fifty_environments_are_deployed_beside_strange_ones(
    both_engines: Cluster, environments: Environments, start_controller: StartController, engine_name: str
) -> None:
    all_is_well(
        both_engines, environments, start_controller, engine_name, good=50, unusual=MORE_UNUSUAL, depths=MORE_DEPTHS
    )
