"""What a release refers to in other namespaces, and everything that its own should hold for it."""

import pytest

from controller.api.environment import Environment
from controller.apimachinery.findings import Finding
from controller.apimachinery.resources import SECRETS
from controller.environment.decision import Stop, Wait
from controller.environment.effects import Read, Target
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import Reference
from controller.environment.observation import REFUSED
from controller.environment.options import EnvironmentOptions
from controller.environment.resources import references, wanted
from controller.tronadorconfig.content import Manifest, Share, copied
from tests.unit.environment.support.builders import NAME, environment, namespace, observation

OPTIONS = EnvironmentOptions(service_account="")
GIT = Reference("Secret", "shared", "git")
VALUES = Reference("ConfigMap", "shared", "values")
GIT_TARGET = Target(SECRETS, "git", "shared")
CHART = {"secretRef": {"name": "git", "namespace": "shared"}}


def _values(*entries):
    return {"valuesFrom": list(entries)}


def _from(kind, namespace, *, optional=None, name="values"):
    reference = {"name": name, "namespace": namespace, "key": "a"}
    return {kind: reference | ({} if optional is None else {"optional": optional})}


def _config_map(name="proxy", api_version="v1", position=0, **data):
    return Manifest(("resources", "manifests", position), api_version, "ConfigMap", name, {"data": data})


@pytest.mark.parametrize(
    ("release", "chart", "want"),
    [
        ({}, {}, {}),
        ({}, {"secretRef": None}, {}),
        ({"valuesFrom": None}, {}, {}),
        ({}, {"secretRef": {"name": "git"}}, {}),
        ({}, {"secretRef": {"name": "git", "namespace": NAME}}, {}),
        ({}, CHART, {GIT: True}),
        (_values(_from("configMapKeyRef", "shared")), {}, {VALUES: True}),
        (_values(_from("configMapKeyRef", "shared", optional=True)), {}, {VALUES: False}),
        (_values(_from("configMapKeyRef", NAME), _from("configMapKeyRef", "")), {}, {}),
        (_values(_from("secretKeyRef", "shared", name="git", optional=True)), CHART, {GIT: True}),
        (
            _values(_from("configMapKeyRef", "shared", optional=True), _from("configMapKeyRef", "shared")),
            {},
            {VALUES: True},
        ),
        (_values({"externalSourceRef": {"url": "https://x"}}), {}, {}),
    ],
)
def test_objects_in_other_namespaces_are_copied_if_they_are_needed(release, chart, want):
    env = Environment(environment(release=release | {"chart": {"git": "https://x/y/z"} | chart}))
    assert references.foreign(env, flux.ENGINE) == want
    assert references.foreign(env, helm_operator.ENGINE) == {}
    assert references.foreign(env, None) == {}


def test_copies_have_unique_and_valid_names():
    names = [
        references.copy_name(Reference("Secret", *pair))
        for pair in [("a", "b.c"), ("a-b", "c"), ("a", "b"), ("a" * 63, "b" * 253), ("a" * 63, "b" * 252 + "c")]
    ]
    assert names[:3] == ["a.b.c", "a-b.c", "a.b"]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 253 for name in names)


def test_a_copy_has_only_the_content_of_its_original():
    content = {"type": "Opaque", "data": {"a": "MQ=="}, "binaryData": {"b": "MQ=="}}
    original = content | {"metadata": {"name": "x", "finalizers": ["y"]}, "immutable": True, "kind": "Secret"}
    assert copied(original) == content
    assert copied({"data": {}, "metadata": {}}) == {}


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [(REFUSED, Stop, "ReferenceForbidden"), (None, Wait, "ReferenceMissing")],
)
def test_an_original_that_cannot_be_copied_is_reported_and_rechecked(answer, kind, reason):
    seen = observation(environment=environment(chart=CHART), answers={GIT_TARGET: answer})
    found = wanted.obstacle(seen, OPTIONS, flux.ENGINE)
    assert isinstance(found, kind)
    assert (found.reason, found.recheck_after) == (reason, OPTIONS.recheck_interval)
    assert "Secret 'git' in namespace shared" in found.message
    assert wanted.obstacle(seen, OPTIONS, helm_operator.ENGINE) is None


def test_a_missing_optional_original_is_skipped():
    env = environment(release=_values(_from("configMapKeyRef", "shared", optional=True)))
    seen = observation(environment=env, answers={references.target(VALUES): None})
    assert wanted.obstacle(seen, OPTIONS, flux.ENGINE) is None
    assert wanted.items(seen, flux.ENGINE) == ()


def test_each_original_is_read_once():
    env = environment(chart=CHART)
    assert wanted.questions(observation(environment=env), flux.ENGINE) == (Read(GIT_TARGET),)
    assert wanted.questions(observation(environment=env, answers={GIT_TARGET: None}), flux.ENGINE) == ()


def test_a_share_with_problems_stops_everything_and_lists_all_of_them():
    problems = (
        Finding(path=("a", "b"), reason="InvalidName", message="no"),
        Finding(path=("c", "d"), reason="Duplicate", message="twice"),
    )
    found = wanted.obstacle(observation(share=Share(problems=problems)), OPTIONS, None)
    assert isinstance(found, Stop)
    assert found.reason == "InvalidName"
    assert found.message == "tronador-config: a.b: no; c.d: twice"


def test_a_missing_secret_to_copy_is_awaited():
    seen = observation(share=Share(copies=("git",)))
    found = wanted.obstacle(seen, OPTIONS, None)
    assert isinstance(found, Wait)
    assert found.reason == "SecretMissing"
    assert "'git'" in found.message
    assert wanted.obstacle(observation(share=Share(copies=("git",)), own_secrets={"git": {}}), OPTIONS, None) is None


def test_only_the_first_of_two_items_with_one_identity_is_applied():
    copy = {"data": {"a": "MQ=="}}
    share = Share(
        manifests=(
            _config_map(a="1"),
            _config_map(a="2", position=1),
            Manifest(("spec", "secrets", 0), "v1", "Secret", "git", {"stringData": {"a": "2"}}),
            Manifest(("x",), "apps/v1", "Thing", "t", {}),
            Manifest(("y",), "apps/v2", "Thing", "t", {}),
        ),
        copies=("git",),
    )
    found = wanted.items(observation(share=share, own_secrets={"git": copy}), None)
    shown = [(str(item.identity), item.source) for item in found]
    assert shown == [
        ("ConfigMap 'proxy'", "tronador-config: resources.manifests[0]"),
        ("Secret 'git'", "tronador-config: spec.secrets[0]"),
        ("Thing 't'", "tronador-config: x"),
    ]


def test_a_secrets_text_is_encoded_as_the_server_stores_it():
    manifest = Manifest(("spec", "secrets", 0), "v1", "Secret", "git", {"stringData": {"a": "1"}})
    (item,) = wanted.items(observation(share=Share(manifests=(manifest,))), None)
    assert item.body["data"] == {"a": "MQ=="}
    assert "stringData" not in item.body


def test_a_copy_names_its_original():
    env = environment(chart=CHART)
    original = {"type": "Opaque", "data": {"a": "MQ=="}, "metadata": {"labels": {"theirs": "x"}}}
    (item,) = wanted.items(observation(environment=env, answers={GIT_TARGET: original}), flux.ENGINE)
    assert item.identity.name == "shared.git"
    assert item.source == "copy of Secret 'git' in namespace shared"
    assert item.body["data"] == {"a": "MQ=="}
    assert "theirs" not in item.body["metadata"]["labels"]


def test_environments_without_shared_resources_are_not_concerned():
    remembers = namespace(annotations={"tronador.stakater.com/applied-resources": '{"objects":[["v1","Secret","a"]]}'})
    assert not wanted.is_concerned(observation(namespace=namespace()), flux.ENGINE)
    assert wanted.is_concerned(observation(namespace=remembers), flux.ENGINE)
    assert wanted.is_concerned(observation(share=Share(copies=("a",))), flux.ENGINE)
    assert wanted.is_concerned(observation(environment=environment(chart=CHART)), flux.ENGINE)
    assert not wanted.is_concerned(observation(environment=environment(chart=CHART)), helm_operator.ENGINE)
