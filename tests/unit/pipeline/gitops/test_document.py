"""The files that are published and waited for."""

import pytest

from controller.pipeline.errors import PipelineError
from controller.pipeline.gitops import Origin, origin_of, read_environment
from tests.unit.pipeline.gitops.origin_repository import environment


def test_it_tells_its_name_and_its_origin():
    found = read_environment(environment(), "environment.yaml")
    assert found.name == "shop-74"
    assert origin_of(found.obj) == Origin("github.com/acme/shop", "74")


def test_every_url_of_a_repository_is_the_same_origin():
    for url in ("https://github.com/acme/shop.git", "git@github.com:acme/shop", "ssh://git@GITHUB.com/acme/shop"):
        found = read_environment(environment(repository=url), "environment.yaml")
        assert origin_of(found.obj).repository == "github.com/acme/shop"


def test_dates_stay_texts():
    found = read_environment(environment(tag="x").replace(b"tag: x", b"tag: 2026-03-01"), "environment.yaml")
    assert found.release["values"] == {"image": {"tag": "2026-03-01"}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no EnvironmentProvisioner"),
        (b"a: [", "not YAML"),
        (b"\xff\x00", "not YAML"),
        (b"[" * 10_000, "not YAML"),
        (b"a: &a [x]\nb: *a", "alias"),
        (b"!!python/object:os.system {}", "not YAML"),
        (b"apiVersion: v1\nkind: ConfigMap", "no EnvironmentProvisioner"),
        (environment() + b"---\n" + environment(), "not YAML"),
        (environment().replace(b"metadata:", b"other:"), "no metadata"),
        (b"#" * (2 * 1024 * 1024 + 1), "longer than"),
    ],
    ids=lambda value: ascii(value[:14]),
)
def test_anything_else_is_refused_with_the_files_name(content, words):
    with pytest.raises(PipelineError) as refused:
        read_environment(content, "environment.yaml")
    assert str(refused.value).startswith("environment.yaml: ")
    assert words in str(refused.value)
