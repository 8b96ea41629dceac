"""Config files and environments in the shapes that users of earlier versions wrote, and those of the workflow guide."""

import pytest
import yaml

from controller.pipeline.rendering import validate
from controller.policy import PolicyOptions
from tests.samples import FIXTURES, documents
from tests.unit.pipeline.rendering.builders import GUIDE, refusal, rendered

CONFIG_FILES = documents("config-")
OTHERS = [file for file in documents("") if file not in CONFIG_FILES]
ANYTHING = PolicyOptions(allowed_reference_namespaces=("*",))


def _name(file):
    return file.name


def _of_guide(name):
    return (FIXTURES / "guide" / name).read_text()


def test_the_config_file_of_the_guide_renders_its_environment():
    wanted = yaml.safe_load(_of_guide("environment.yaml"))

    found = rendered(_of_guide("tronador.yaml"))

    assert found.pop("metadata") == {
        "name": wanted["metadata"]["name"],
        "annotations": {
            "tronador.stakater.com/repository": "github.com/stakater-lab/stakater-nordmart-inventory",
            "tronador.stakater.com/pull-request": "74",
        },
    }
    assert found == {key: wanted[key] for key in ("apiVersion", "kind", "spec")}


def test_the_files_in_the_guide_are_valid():
    for name in ("tronador.yaml", "environment.yaml"):
        assert validate(_of_guide(name).encode(), name, PolicyOptions()) == []


@pytest.mark.parametrize("file", CONFIG_FILES, ids=_name)
def test_config_files_of_the_documentation_render(file):
    text = file.read_text()
    # As the original did: replace the placeholders in the text. None of these values needs quotes.
    filled = text.replace("{{APPLICATION_IMAGE_NAME}}", GUIDE["image_repository"])
    wanted = yaml.safe_load(filled.replace("{{APPLICATION_IMAGE_TAG}}", GUIDE["image_tag"]))["application"]

    spec = rendered(text)["spec"]

    release = spec["application"]["release"]
    assert release["values"] == wanted["value_overrides"]
    assert release["chart"]["path"] == wanted["chart_path"]
    assert release["chart"].get("secretRef") == wanted.get("secret_ref")
    assert release.get("valuesFrom") == wanted.get("values_from")
    assert spec.get("namespaceLabels") == wanted.get("namespaceLabels")


@pytest.mark.parametrize("file", CONFIG_FILES, ids=_name)
def test_placeholders_that_a_formatter_changed_render_the_same(file):
    text = file.read_text()
    assert rendered(text.replace("{{", "{ { ").replace("}}", " } }")) == rendered(text)


@pytest.mark.parametrize("file", CONFIG_FILES, ids=_name)
def test_documented_config_files_are_valid_if_references_are_allowed(file):
    assert validate(file.read_bytes(), "c", ANYTHING) == []


@pytest.mark.parametrize("file", OTHERS, ids=_name)
def test_other_files_are_rejected_as_not_a_config_file(file):
    lines = refusal(file.read_text())
    if "template-configmap" in file.name:
        assert lines == [
            "c.yaml:1:1: application: required key is missing; add it",
            "c.yaml:1:1: data: unknown key; remove it, or use application",
        ]
    else:
        assert lines[0].startswith("c.yaml:1:1: this is a Kubernetes object, not a config file; ")


@pytest.mark.parametrize("file", OTHERS, ids=_name)
def test_objects_of_the_documentation_are_checked_as_by_the_controller(file):
    problems = [str(problem) for problem in validate(file.read_bytes(), "o.yaml", ANYTHING)]
    if "tronadorconfig" in file.name:
        assert problems
        assert all("under stringData instead of data" in problem for problem in problems)
    elif "environment" in file.name:
        assert problems == []


def test_a_reference_to_another_namespace_is_reported_with_the_option():
    (file,) = (file for file in OTHERS if "references" in file.name)
    problems = [str(problem) for problem in validate(file.read_bytes(), "o.yaml", PolicyOptions())]
    assert [problem.partition(": ")[0] for problem in problems] == ["o.yaml:14:22", "o.yaml:19:24", "o.yaml:24:24"]
    assert all(problem.endswith("have it allowed by --allowed-reference-namespaces") for problem in problems)
