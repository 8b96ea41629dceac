"""The CRDs as schemas: values that a cluster would reject are reported offline."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from controller.pipeline.schemas import check, definitions
from controller.pipeline.yamlfiles import read

ROOT = Path(__file__).parents[4]
BY_KIND = {definition.kind: definition for definition in definitions()}
SAMPLE = """\
apiVersion: tronador.stakater.com/v1alpha1
kind: EnvironmentProvisioner
metadata: {name: shop-7, annotations: {a: b}}
spec:
  application:
    release:
      chart: {git: 'https://example.com/a/b', path: deploy}
      valuesFrom:
        - secretKeyRef: {name: a}
"""


def _problems(old="", new=""):
    text = SAMPLE.replace(old, new) if old else SAMPLE
    assert not old or text != SAMPLE
    (part,) = read(text.encode(), "f").parts
    document = part.document(lambda placeholder, quoted: "")
    return [str(problem) for problem in check(document, BY_KIND["EnvironmentProvisioner"].schema)]


def _with_pattern(schema, path="root"):
    if "pattern" in schema:
        yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _with_pattern(inner, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _with_pattern(schema[name], f"{path}.{name}")


def test_every_crd_has_a_definition():
    files = sorted((ROOT / "manifests/crds").glob("tronador*.yaml"))
    wanted = {yaml.safe_load(file.read_text())["spec"]["names"]["kind"] for file in files}
    assert set(BY_KIND) == wanted == {"EnvironmentProvisioner", "TronadorConfig"}


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_definition_is_a_json_schema(kind):
    jsonschema.Draft202012Validator.check_schema(BY_KIND[kind].schema)


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_field_with_a_pattern_has_a_description(kind):
    assert [path for path, schema in _with_pattern(BY_KIND[kind].schema) if not schema.get("description")] == []


def test_a_valid_environment_has_no_problems():
    assert _problems() == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "metadata: {name: shop-7, annotations: {a: b}}",
            "metadata: {}",
            "f:3:11: metadata.name: required key is missing; add it (name",
        ),
        ("shop-7", "Shop", "f:3:18: metadata.name: 'Shop' is not valid here (name of the environment and of its"),
        ("shop-7", "'x\\n'".replace("'", '"'), "f:3:18: metadata.name: 'x\\n' is not valid here (name of"),
        ("shop-7", "x" * 64, "f:3:18: metadata.name: the value has 64 characters; use at most 63"),
        ("spec:\n", "spec:\n  suspended: true\n", "f:5:3: spec.suspended: unknown key; did you mean suspend?"),
        ("spec:\n", "spec:\n  suspend: 1\n", "f:5:12: spec.suspend: 1 is an integer; write true or false (while"),
        (
            "      valuesFrom",
            "      timeout: 0\n      valuesFrom",
            "f:8:16: spec.application.release.timeout: 0 is out of",
        ),
        (
            "      valuesFrom",
            "      helmVersion: v2\n      valuesFrom",
            "f:8:20: spec.application.release.helmVersion: 'v2'",
        ),
        (
            ", path: deploy",
            "",
            "f:7:14: spec.application.release.chart.path: required key is missing; add it (folder of the chart, ",
        ),
        ("https:", "file:", "f:7:20: spec.application.release.chart.git: 'file://example.com/a/b' is not valid here"),
        (
            "deploy",
            "''",
            "f:7:53: spec.application.release.chart.path: the value is empty; fill it in (folder of the chart,",
        ),
        (
            "        - secretKeyRef: {name: a}\n",
            "        - {}\n" * 65,
            "f:9:9: spec.application.release.valuesFrom: the field has 65 entries; use at most 64",
        ),
    ],
)
def test_an_invalid_environment_is_reported_with_place_and_remedy(old, new, words):
    assert any(line.startswith(words) for line in _problems(old, new)), _problems(old, new)


def test_null_is_accepted_where_an_api_server_accepts_it():
    assert _problems("      valuesFrom:\n        - secretKeyRef: {name: a}\n", "      valuesFrom:\n") == []
    assert _problems("deploy", "~") == [
        "f:7:53: spec.application.release.chart.path: the value is empty; fill it in, or remove the key"
    ]
