"""Our definitions take every object that an earlier release took, and the version is the same wherever it stands."""

import copy
import json
import re
from importlib.metadata import version

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from hack.localcluster.schema.structural import Structural
from hack.paths import MANIFESTS, ROOT
from hack.yamlfiles import documents
from tests.manifests.compatibility import losses

RELEASES = sorted((ROOT / "tests" / "fixtures").glob("release-*"))
OURS = (ENVIRONMENTS, TRONADOR_CONFIGS)
VERSION = version("tronador")


def _left(release, plural):
    """The objects of one kind in a snapshot."""
    state = json.loads((release / "state.json").read_text())
    return [obj for entry in state["resources"] if entry["plural"] == plural for obj in entry["items"]]


def _definition(resource):
    file = MANIFESTS / "crds" / f"{resource.group}_{resource.plural}.yaml"
    [definition] = documents(file)
    return definition


def _schema(definition):
    return Structural(definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"])


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("resource", OURS, ids=lambda resource: resource.kind)
def test_a_definition_only_adds_to_the_one_of_an_earlier_release(release, resource):
    name = f"{resource.plural}.{resource.group}"
    [before] = [obj for obj in _left(release, "customresourcedefinitions") if obj["metadata"]["name"] == name]
    assert losses(before, _definition(resource)) == []
    assert {*before["status"]["storedVersions"]} <= {v["name"] for v in _definition(resource)["spec"]["versions"]}


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("resource", OURS, ids=lambda resource: resource.kind)
def test_every_object_of_an_earlier_release_is_still_valid(release, resource):
    schema, found = _schema(_definition(resource)), _left(release, resource.plural)
    assert found
    for obj in found:
        assert [*schema.unknown_fields(obj), *map(str, schema.validate(obj))] == [], obj["metadata"]["name"]
        assert schema.default(schema.prune(copy.deepcopy(obj))) == obj


def _release(definition):
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return spec["properties"]["application"]["properties"]["release"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["spec"].update(scope="Namespaced"), "scope: 'Cluster' became 'Namespaced'"),
        (lambda d: d["spec"]["names"].update(kind="Other"), "names.kind: 'EnvironmentProvisioner' became 'Other'"),
        (lambda d: d["spec"]["names"].update(shortNames=[]), "names.shortNames: envp is gone"),
        (lambda d: d["spec"]["versions"][0].update(name="v1"), "v1alpha1 is gone"),
        (lambda d: d["spec"]["versions"][0].update(served=False), "v1alpha1 is not served any more"),
        (lambda d: d["spec"]["versions"][0].pop("subresources"), "v1alpha1: subresource status is gone"),
        (lambda d: _release(d)["properties"].pop("timeout"), "release.timeout is gone"),
        (lambda d: _release(d)["properties"]["timeout"].update(type="string"), "type 'integer' became 'string'"),
        (lambda d: _release(d)["properties"]["timeout"].update(minimum=5), "minimum rose from"),
        (lambda d: _release(d)["properties"]["timeout"].update(maximum=5), "maximum fell from"),
        (lambda d: _release(d)["properties"]["timeout"].update(default=5), "default None became 5"),
        (lambda d: _release(d)["properties"]["rollback"].update(nullable=False), "rollback: nullable is gone"),
        (lambda d: _release(d)["properties"]["releaseName"].update(maxLength=5), "maxLength fell from 53 to 5"),
        (lambda d: _release(d)["properties"]["releaseName"].update(enum=["a"]), "enum lacks 'any value'"),
        (lambda d: _release(d)["properties"]["releaseName"].update(pattern="x"), "pattern"),
        (lambda d: _release(d)["required"].append("wait"), "release.wait is required now"),
        (lambda d: _release(d)["properties"]["valuesFrom"].update(items={"type": "string"}), "valuesFrom[]"),
        (
            lambda d: _release(d)["properties"]["values"].pop("x-kubernetes-preserve-unknown-fields"),
            "values: x-kubernetes-preserve-unknown-fields is gone",
        ),
    ],
)
def test_a_removal_is_noticed(change, words):
    changed = _definition(ENVIRONMENTS)
    change(changed)
    assert words in "\n".join(losses(_definition(ENVIRONMENTS), changed))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: _release(d)["properties"].update(more={"type": "string"}),
        lambda d: _release(d)["properties"]["releaseName"].update(maxLength=100),
        lambda d: _release(d)["properties"]["releaseName"].update(description="Another one."),
        lambda d: _release(d).update(required=[]),
        lambda d: d["spec"]["versions"].append({**copy.deepcopy(d["spec"]["versions"][0]), "name": "v1"}),
    ],
)
def test_an_addition_is_allowed(change):
    changed = _definition(ENVIRONMENTS)
    change(changed)
    assert losses(_definition(ENVIRONMENTS), changed) == []


def test_the_newest_version_in_the_changelog_is_the_programs():
    headings = re.findall(r"^## \[?([^\]\s]+)\]?", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1] == VERSION


def test_the_pages_name_the_image_of_this_version():
    pages = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    named = {
        tag for page in pages for tag in re.findall(r"registry\.example\.com/tronador:([\w.-]+)", page.read_text())
    }
    assert named == {VERSION}


def test_no_snapshot_has_a_later_version_than_the_program():
    def number(text):
        return tuple(map(int, text.split(".")))

    assert RELEASES, "without snapshots the tests of upgrades are skipped"
    assert all(number(folder.name.removeprefix("release-")) <= number(VERSION) for folder in RELEASES)
