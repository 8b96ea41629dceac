"""How much memory the caches take for each environment, as the API server sends it. Counted, so it never varies."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import jsontext, objects
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.cache import Store, Texts
from controller.cache.metrics import InformerMetrics
from controller.cache.preparation import Preparation
from controller.environment.engines import ENGINES
from controller.metrics import Registry

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "cached" / "kubernetes-1.36.json").read_text()
)
NAME = RECORDED["environment"]["metadata"]["name"]
ENVIRONMENT_COUNT = 300
# It is 13.8 kB, and was 24.8 kB before equal texts were shared. Other versions of Python and msgspec may differ.
MOST_BYTES = 16_000


def test_the_caches_take_at_most_16_kilobytes_for_an_environment() -> None:
    texts = Texts()
    stores = [Store(), Store(), Store()]
    kinds = {"environment": ENVIRONMENTS, "namespace": NAMESPACES, "release": ENGINES["helm-operator"].resources[0]}
    lines = {kind: json.dumps(RECORDED[kind]) for kind in kinds}
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for store, (kind, resource) in zip(stores, kinds.items(), strict=True):
            _fill(store, resource, lines[kind], texts)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert [len(store) for store in stores] == [ENVIRONMENT_COUNT] * 3
    assert taken / ENVIRONMENT_COUNT <= MOST_BYTES


def test_equal_texts_of_two_objects_are_one() -> None:
    texts = Texts()
    first, second = _decoded(b'{"a": ["some text", {"b": "some text"}]}'), _decoded(b'{"c": "some text"}')
    assert texts.share(first)
    assert texts.share(second)
    assert first == {"a": ["some text", {"b": "some text"}]}
    assert first["a"][0] is first["a"][1]["b"] is second["c"]


def test_the_known_texts_stay_few() -> None:
    texts = Texts()
    for number in range(100):
        texts.share({"texts": [f"{number}-{position}" for position in range(1000)]})
    assert len(texts) < 10_000


def _fill(store: Store, resource: Resource, line: str, texts: Texts) -> None:
    metrics = InformerMetrics(Registry(), resource)
    preparation = Preparation(resource=resource, transform=objects.slim, metrics=metrics, texts=texts)
    for number in range(ENVIRONMENT_COUNT):
        # Each has names, versions, UIDs and images of its own.
        own = line.replace(NAME, f"environment-{number}").replace("SNAPSHOT-PR-1-0", f"SNAPSHOT-PR-{number}-0")
        raw = _decoded(own.encode())
        raw["metadata"]["uid"], raw["metadata"]["resourceVersion"] = f"{number:036}", f"{number + 1}"
        prepared = preparation.prepare(raw, listed=False)
        assert prepared is not None
        store.put(*prepared, resource_version="1")


def _decoded(line: bytes) -> Any:
    return jsontext.decode(line)
