"""The Helm engine in its own process: what it renders, in which order, and that its death is survived."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.samples import APPLICATION
from hack.standins.helm.engine import HelmEngine, HelmError, Rendered

CHART = APPLICATION / "deploy"


@pytest.fixture(scope="module")
def engine() -> Iterator[HelmEngine]:
    engine = HelmEngine(timeout=30)
    yield engine
    engine.close()


def render(engine: HelmEngine, chart: Path, values: dict | None = None, *, is_upgrade: bool = False) -> Rendered:
    return engine.render(
        chart, name="run", namespace="environment", revision=3, is_upgrade=is_upgrade, values=values or {}
    )


def chart(folder: Path, **templates: str) -> Path:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 0.0.0\n")
    for name, text in templates.items():
        (folder / "templates" / f"{name}.yaml").write_text(text)
    return folder


def test_the_sample_chart_renders_in_install_order_with_the_given_image(engine: HelmEngine) -> None:
    values = {
        "application": {"deployment": {"image": {"repository": "r", "tag": "1e5"}}, "configMap": {"enabled": True}}
    }
    rendered = render(engine, CHART, values)

    assert [manifest.object["kind"] for manifest in rendered.manifests] == ["ConfigMap", "Service", "Deployment"]
    container = rendered.manifests[-1].object["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "r:1e5"
    assert rendered.notes == "run runs 1e5.\n"
    assert rendered.chart["metadata"]["name"] == "sample-application"


def test_documents_hooks_and_crds_are_kept_apart(engine: HelmEngine, tmp_path: Path) -> None:
    folder = chart(
        tmp_path / "small",
        many="# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  text: |\n    ---\n    x\n"
        "---\napiVersion: example.com/v1\nkind: Zebra\nmetadata: {name: z}\n"
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: space}\n",
        hook="apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: h\n  annotations: {helm.sh/hook: pre-install}\n",
    )
    (folder / "crds").mkdir()
    (folder / "crds/zebra.yaml").write_text("kind: CustomResourceDefinition\nmetadata: {name: zebras}\n---\n# end\n")
    rendered = render(engine, folder)

    assert [manifest.object["metadata"]["name"] for manifest in rendered.manifests] == ["space", "a", "z"]
    assert rendered.manifests[1].object["data"]["text"] == "---\nx"
    assert [hook.object["metadata"]["name"] for hook in rendered.hooks] == ["h"]
    assert [crd["metadata"]["name"] for crd in rendered.crds] == ["zebras"]


def test_templates_know_release_and_kind_of_operation(engine: HelmEngine, tmp_path: Path) -> None:
    folder = chart(
        tmp_path / "small",
        a="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  all: {{ list .Release.Name .Release.Namespace"
        ' .Release.Revision .Release.IsInstall .Release.IsUpgrade | join " " }}\n',
    )
    assert render(engine, folder).manifests[0].object["data"]["all"] == "run environment 3 true false"
    upgraded = render(engine, folder, is_upgrade=True)
    assert upgraded.manifests[0].object["data"]["all"] == "run environment 3 false true"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ fail `not this one` }}", "not this one"),
        ("{{ .Values.a.b.c }}", "nil pointer"),
        ("a: b: c", "YAML parse error on small/templates/a.yaml"),
        ("metadata: {name: x}", "apiVersion or kind not set"),
        ("apiVersion: v1\nkind: Secret", "metadata.name not set"),
    ],
)
def test_an_error_of_helm_is_raised_with_its_text(
    engine: HelmEngine, tmp_path: Path, template: str, message: str
) -> None:
    with pytest.raises(HelmError, match=message):
        render(engine, chart(tmp_path / "small", a=template))


def test_values_that_break_the_chart_s_schema_are_refused(engine: HelmEngine, tmp_path: Path) -> None:
    folder = chart(tmp_path / "small")
    (folder / "values.schema.json").write_text('{"properties": {"replicas": {"type": "integer"}}}')
    with pytest.raises(HelmError, match="replicas"):
        render(engine, folder, {"replicas": "many"})


def test_a_folder_without_a_chart_is_an_error(engine: HelmEngine, tmp_path: Path) -> None:
    with pytest.raises(HelmError, match=r"Chart\.yaml"):
        render(engine, tmp_path)


def test_values_are_parsed_by_helm_s_rules(engine: HelmEngine) -> None:
    assert engine.parse("time: 12:30\ndate: 2001-01-01\n") == [{"time": "12:30", "date": "2001-01-01"}]
    with pytest.raises(HelmError):
        engine.parse("a: b: c")


def test_a_worker_that_died_is_started_again() -> None:
    engine = HelmEngine(timeout=30)
    assert engine.parse("a: 1") == [{"a": 1}]
    process = engine._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert engine.parse("a: 2") == [{"a": 2}]
    engine.close()


def test_a_worker_that_hangs_is_killed_and_the_next_request_served() -> None:
    engine = HelmEngine(timeout=30)
    engine.parse("a: 1")
    process = engine._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    engine._timeout = 0.05
    with pytest.raises(HelmError, match="did not answer"):
        engine.parse("a: 2")
    engine._timeout = 30
    assert engine.parse("a: 3") == [{"a": 3}]
    engine.close()
