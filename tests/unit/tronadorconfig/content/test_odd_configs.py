"""A TronadorConfig of any form can be parsed, its problems are reported, and its parts can be sent as JSON."""

import json

import pytest

from controller.api.environment import Environment
from controller.api.tronador_config import TronadorConfig
from controller.apimachinery.nesting import FLATTEN
from controller.environment.resources.item import Identity, build
from controller.tronadorconfig.content import Sharing, in_one_map, parse, problems
from controller.tronadorconfig.reconciling import status
from tests.unit.environment.support.builders import GIT, NOW, environment
from tests.unit.odd import nested, variants

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git"}, "stringData": {"password": "x"}}
MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "proxy", "labels": {"a": "b"}},
    "data": {"a": "b"},
}
LOCATION = GIT.removeprefix("https://")
GOOD = {
    "metadata": {"name": "tronador-config", "generation": 1},
    "resources": {"manifests": [MAP]},
    "spec": {
        "secrets": [SECRET],
        "mappings": [{"repos": [LOCATION], "authSecret": "git", "imagePullSecret": "registry"}],
        "orgLevelSecrets": {"authSecret": "git"},
        "copySecrets": [{"name": "registry", "repos": [LOCATION]}],
    },
}


@pytest.mark.parametrize("field", ["resources", "spec"])
def test_a_config_of_any_form_is_parsed_without_an_exception(field):
    for odd in variants(GOOD, field):
        config = parse(odd)
        found = problems(config)
        json.dumps(status.desired(TronadorConfig(odd), found, 0, NOW))
        share = Sharing(config, credential_git_prefixes=()).of(GIT)
        for manifest in () if share.problems else share.manifests:
            body = in_one_map(manifest.body) if manifest.kind == "Secret" else manifest.body
            identity = Identity(manifest.api_version, manifest.kind, manifest.name)
            json.dumps(build(Environment(environment()), "", identity, body).body)


def test_a_default_that_is_nested_too_deep_is_named_as_it_stands_in_the_config():
    odd = {"spec": {"defaults": {"resourceQuota": {"hard": {"pods": nested(120)}}}}}
    [found] = problems(parse(odd))
    assert str(found).startswith("spec.defaults.resourceQuota.hard.pods.a.a.a.a.a...: is nested ")


@pytest.mark.parametrize("depth", [101, 120])
def test_a_manifest_that_is_nested_too_deep_is_refused_with_its_field(depth):
    odd = GOOD | {"resources": {"manifests": [{**MAP, "spec": nested(depth - 1)}]}}
    assert [str(problem) for problem in problems(parse(odd))] == [
        f"resources.manifests[0].spec.a.a.a.a.a.a...: is nested {depth} levels deep; {FLATTEN}"
    ]


def test_a_manifest_may_have_a_hundred_levels():
    odd = GOOD | {"resources": {"manifests": [{**MAP, "spec": nested(99)}]}}
    assert problems(parse(odd)) == ()
