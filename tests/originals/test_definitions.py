"""Our CRDs of other projects' kinds: what they have is what the originals have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hack.localcluster.schema.crd_checks import check_definition
from hack.standins import crds
from tests.manifests.definitions import documents, reduced, refusals_of, structural
from tests.originals.files import FOLDER, definition
from tests.originals.files import documents as original_documents

Json = dict[str, Any]

ENGINES = (
    "helmreleases.helm.fluxcd.io",
    "helmreleases.helm.toolkit.fluxcd.io",
    "gitrepositories.source.toolkit.fluxcd.io",
)
NAMES = (
    *ENGINES,
    "applications.argoproj.io",
    "pipelineruns.tekton.dev",
    "pipelines.tekton.dev",
    "tasks.tekton.dev",
    "eventlisteners.triggers.tekton.dev",
    "triggerbindings.triggers.tekton.dev",
    "triggertemplates.triggers.tekton.dev",
)
WITH_COLUMNS = (*ENGINES, "applications.argoproj.io")
# By these keywords a schema decides; descriptions and the like are its own.
KEYWORDS = (
    "type",
    "format",
    "enum",
    "required",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "default",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
)


def ours(name: str) -> Json:
    every = {one["metadata"]["name"]: one for one in (*crds.definitions(), *reduced())}
    return every[name]


def version(crd: Json, name: str) -> Json:
    [found] = [one for one in crd["spec"]["versions"] if one["name"] == name]
    return found


def fields(schema: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield the path of every field, with its keywords."""
    decisive = {key: schema[key] for key in KEYWORDS if key in schema}
    for key in ("enum", "required"):
        if key in decisive:
            decisive[key] = sorted(decisive[key])
    yield path, decisive
    for name, inner in (schema.get("properties") or {}).items():
        yield from fields(inner, f"{path}.{name}")
    for key, ending in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(key), dict):
            yield from fields(schema[key], f"{path}{ending}")


def field_table(crd: Json, name: str) -> dict[str, Json]:
    return dict(fields(version(crd, name)["schema"]["openAPIV3Schema"]))


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_ours_is_as_the_original_has_it(name: str) -> None:
    mine = ours(name)
    [only] = [one["name"] for one in mine["spec"]["versions"]]
    theirs = field_table(definition(name), only)
    assert {
        path: (field, theirs.get(path)) for path, field in field_table(mine, only).items() if field != theirs.get(path)
    } == {}


def test_the_helm_operators_definition_has_no_further_field() -> None:
    name = "helmreleases.helm.fluxcd.io"
    assert set(field_table(definition(name), "v1")) == set(field_table(ours(name), "v1"))


@pytest.mark.parametrize("name", NAMES)
def test_group_scope_and_names_are_those_of_the_original(name: str) -> None:
    mine, theirs = ours(name)["spec"], definition(name)["spec"]
    assert (mine["group"], mine["scope"]) == (theirs["group"], theirs["scope"])
    assert mine["names"].items() <= theirs["names"].items()


@pytest.mark.parametrize("name", WITH_COLUMNS)
def test_names_subresources_and_columns_are_those_of_the_original(name: str) -> None:
    mine, theirs = ours(name), definition(name)
    assert mine["spec"]["names"] == theirs["spec"]["names"]
    assert len(mine["spec"]["versions"]) == len([one for one in theirs["spec"]["versions"] if one["served"]])
    [one] = mine["spec"]["versions"]
    other = theirs["spec"]["versions"][0]
    for key in ("name", "served", "storage", "subresources"):
        assert one[key] == other[key]
    assert [columns(column) for column in one["additionalPrinterColumns"]] == [
        columns(column) for column in other["additionalPrinterColumns"]
    ]


def columns(column: Json) -> tuple[str, str, str]:
    return column["name"], column["type"], column["jsonPath"]


@pytest.mark.parametrize("folder", ["tekton", "argocd", "pipelines-as-code"])
def test_the_original_definition_takes_every_manifest(folder: str) -> None:
    for obj in every_object(folder):
        group, _, api_version = obj["apiVersion"].partition("/")
        name = f"{obj['kind'].lower()}s.{group}"
        if name in NAMES:
            assert refusals_of(structural(definition(name), api_version), obj) == []


def every_object(folder: str) -> Iterator[Json]:
    for obj in documents(folder):
        yield obj
        if obj["kind"] == "TriggerTemplate":
            # In a template, the name of a parameter stands for its value.
            yield from obj["spec"]["resourcetemplates"]


# The local cluster takes the originals, too: a user may install them there.


def originals() -> list[str]:
    return sorted(file.name for file in (FOLDER / "crds").glob("*.yaml"))


@pytest.mark.parametrize("file", originals())
def test_the_local_cluster_accepts_an_original_with_all_its_rules(file: str) -> None:
    for found in original_documents(f"crds/{file}"):
        names = found["spec"]["names"]
        names.setdefault("listKind", f"{names['kind']}List")
        names.setdefault("singular", names["kind"].lower())
        assert check_definition(found) == []


@pytest.mark.parametrize("folder", ["manifests", "helmrelease-status"])
def test_samples_of_the_original_projects_are_valid(folder: str) -> None:
    schemas = {
        (f"{found['spec']['group']}/{one['name']}", found["spec"]["names"]["kind"]): structural(found, one["name"])
        for file in originals()
        for found in original_documents(f"crds/{file}")
        for one in found["spec"]["versions"]
    }
    checked = 0
    for path in sorted((FOLDER / folder).glob("*.yaml")):
        for obj in original_documents(f"{folder}/{path.name}"):
            if schema := schemas.get((obj["apiVersion"], obj["kind"])):
                assert refusals_of(schema, obj) == []
                checked += 1
    assert checked
