"""The config files that the documentation of Tronador has shown over the years, and the environment it shows."""

import os
import re
from pathlib import Path

import pytest
import yaml

from controller.pipeline.rendering import validate
from controller.policy import PolicyOptions
from tests.unit.pipeline.rendering.builders import GUIDE, refusal, rendered

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or Path(__file__).parents[5] / "shared/fixtures")
pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason="no folder with recorded documents beside the project")
RECORDED = sorted((FIXTURES / "tronador").glob("*.yaml"))
CONFIG_FILES = [file for file in RECORDED if ".config_file." in file.name]
OTHERS = [file for file in RECORDED if file not in CONFIG_FILES]
ANYTHING = PolicyOptions(allowed_reference_namespaces=("*",))


def _blocks():
    """The YAML blocks of the guide: its config file, environment and HelmRelease."""
    return re.findall(r"```yaml\n(.*?)```", (FIXTURES.parent / "workflow-guide.md").read_text(), re.DOTALL)


def _name(file):
    return file.name.removeprefix("docs.")


def test_the_guides_config_file_becomes_the_guides_environment():
    config, environment, _ = _blocks()
    wanted = yaml.safe_load(environment)

    found = rendered(config)

    assert found.pop("metadata") == {
        "name": wanted["metadata"]["name"],
        "annotations": {
            "tronador.stakater.com/repository": "github.com/stakater-lab/stakater-nordmart-inventory",
            "tronador.stakater.com/pull-request": "74",
        },
    }
    assert found == {key: wanted[key] for key in ("apiVersion", "kind", "spec")}


def test_what_the_guide_shows_is_valid():
    config, environment, _ = _blocks()
    assert validate(config.encode(), "c", PolicyOptions()) == []
    assert validate(environment.encode(), "e", PolicyOptions()) == []


@pytest.mark.parametrize("file", CONFIG_FILES, ids=_name)
def test_a_config_file_of_the_documentation_renders(file):
    text = file.read_text()
    # What the original did first: write the values into the text. None of these values needs quotes.
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
def test_the_spelling_that_a_formatter_makes_of_placeholders_renders_the_same(file):
    text = file.read_text()
    assert rendered(text.replace("{{", "{ { ").replace("}}", " } }")) == rendered(text)


@pytest.mark.parametrize("file", CONFIG_FILES, ids=_name)
def test_a_config_file_of_the_documentation_is_valid_where_its_references_are_allowed(file):
    assert validate(file.read_bytes(), "c", ANYTHING) == []


@pytest.mark.parametrize("file", OTHERS, ids=_name)
def test_whatever_else_is_taken_for_a_config_file_is_called_by_its_name(file):
    lines = refusal(file.read_text())
    if "template-configmap" in file.name:
        assert lines == [
            "c.yaml:1:1: application: is missing; add it",
            "c.yaml:1:1: data: is unknown; remove it; known here is application",
        ]
    else:
        assert lines[0].startswith("c.yaml:1:1: is an object of Kubernetes, not a config file; ")


@pytest.mark.parametrize("file", OTHERS, ids=_name)
def test_an_object_of_the_documentation_is_judged_as_the_controller_would(file):
    problems = [str(problem) for problem in validate(file.read_bytes(), "o.yaml", ANYTHING)]
    if "TronadorConfig" in file.name:
        assert problems
        assert all("under stringData instead of data" in problem for problem in problems)
    elif "EnvironmentProvisioner" in file.name:
        assert problems == []


def test_a_reference_into_another_namespace_is_told_with_the_option_that_allows_it():
    (file,) = (file for file in OTHERS if "secretRef-valuesFrom" in file.name)
    problems = [str(problem) for problem in validate(file.read_bytes(), "o.yaml", PolicyOptions())]
    assert [problem.partition(": ")[0] for problem in problems] == ["o.yaml:14:22", "o.yaml:19:24", "o.yaml:24:24"]
    assert all(problem.endswith("have it allowed by --allowed-reference-namespaces") for problem in problems)
