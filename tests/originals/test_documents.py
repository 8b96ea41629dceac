"""Our documents have the shapes of those in the documentation of earlier versions of Tronador."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from controller.pipeline.rendering import validate
from controller.policy import PolicyOptions
from tests.originals.files import FOLDER
from tests.samples import FIXTURES
from tests.unit.pipeline.rendering.builders import refusal, rendered

# Ours, and what it was reduced from.
PAIRS = {
    "config-2022-01-13.tronador": "config_file.2022-01-13.a84b60d6.tronador",
    "config-2022-01-18.tronador": "config_file.2022-01-18.1b144232.tronador",
    "config-2022-06-23.tronador": "config_file.2022-06-23.e6809a48.tronador",
    "environment": "EnvironmentProvisioner.v0.0.4-no-secretRef.8c17e6fe",
    "environment-with-references": "EnvironmentProvisioner.v0.0.x-secretRef-valuesFrom.a3f3349b",
    "template-configmap": "template-configmap.2022-01-18.88e776fc",
    "tronadorconfig-externalsecret": "TronadorConfig.v0.0.9-resources-externalsecret.67001f40",
    "tronadorconfig-mappings": "TronadorConfig.v0.1.2-mappings.2dee3af3",
    "tronadorconfig-secrets": "TronadorConfig.v0.0.9-resources-secrets.ca75af5d",
}
CONFIG_FILES = [name for name in PAIRS if name.startswith("config-")]
OBJECTS = [name for name in PAIRS if name not in CONFIG_FILES]
# Below these keys stands what each user chooses.
FREE = {"values", "value_overrides", "namespaceLabels", "template", "environmentProvisionerTemplate.yml"}
ANYTHING = PolicyOptions(allowed_reference_namespaces=("*",))


def texts(name: str) -> tuple[str, str]:
    """Return our document and the original."""
    return (FIXTURES / f"tronador/{name}.yaml").read_text(), (FOLDER / f"tronador/docs.{PAIRS[name]}.yaml").read_text()


def shape(node: Any) -> Any:
    """Return the keys of a document, without its values. Equal items of a list count once."""
    if isinstance(node, dict):
        return {key: "free" if key in FREE else shape(value) for key, value in sorted(node.items())}
    if isinstance(node, list):
        return sorted({str(shape(item)) for item in node})
    return "value"


@pytest.mark.parametrize("name", PAIRS)
def test_ours_has_the_keys_of_the_original(name: str) -> None:
    ours, theirs = (yaml.safe_load(re.sub(r"\{\{(\w+)\}\}", r"\1", text)) for text in texts(name))
    assert shape(ours) == shape(theirs)


@pytest.mark.parametrize("name", CONFIG_FILES)
def test_the_original_config_file_renders_as_ours_does(name: str) -> None:
    ours, theirs = (rendered(text)["spec"] for text in texts(name))
    assert shape(ours) == shape(theirs)
    for text in texts(name):
        assert validate(text.encode(), "c", ANYTHING) == []


@pytest.mark.parametrize("name", OBJECTS)
def test_the_original_object_has_the_problems_that_ours_has(name: str) -> None:
    ours, theirs = ([str(one) for one in validate(text.encode(), "o.yaml", ANYTHING)] for text in texts(name))
    assert [one.partition(": ")[2] for one in theirs] == [one.partition(": ")[2] for one in ours]
    ours, theirs = (refusal(text) for text in texts(name))
    assert ours == theirs
