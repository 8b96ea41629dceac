"""What only a server writes is refused where a file is checked or published, field by field."""

import pytest
import yaml

from controller.pipeline.errors import InvalidFiles
from controller.pipeline.gitops import read_environment
from controller.pipeline.rendering import validate
from controller.policy import PolicyOptions
from tests.unit.pipeline.gitops.origin_repository import environment

EXPORTED = """\
apiVersion: tronador.stakater.com/v1alpha1
kind: EnvironmentProvisioner
metadata:
  annotations:
    argocd.argoproj.io/tracking-id: envs:tronador.stakater.com/EnvironmentProvisioner:/shop-74
    kubectl.kubernetes.io/last-applied-configuration: '{}'
  creationTimestamp: '2026-03-01T12:00:00Z'
  deletionGracePeriodSeconds: 0
  deletionTimestamp: '2026-03-01T12:00:00Z'
  finalizers: [tronador.stakater.com/teardown]
  generation: 2
  managedFields: [{manager: argocd-controller}]
  name: shop-99
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: x, uid: y}]
  resourceVersion: '123'
  selfLink: /x
  uid: 0b3f1f3e-1111-2222-3333-444455556666
spec:
  application:
    release:
      chart: {git: https://github.com/acme/shop, path: deploy}
status:
  applicationStatus: deployed
"""
PLACES = {
    "5:5": "metadata.annotations[argocd.argoproj.io/tracking-id]",
    "6:5": "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]",
    "7:3": "metadata.creationTimestamp",
    "8:3": "metadata.deletionGracePeriodSeconds",
    "9:3": "metadata.deletionTimestamp",
    "10:3": "metadata.finalizers",
    "11:3": "metadata.generation",
    "12:3": "metadata.managedFields",
    "14:3": "metadata.ownerReferences",
    "15:3": "metadata.resourceVersion",
    "16:3": "metadata.selfLink",
    "17:3": "metadata.uid",
    "22:1": "status",
}


def _validated(text):
    return [str(problem) for problem in validate(text.encode(), "f", PolicyOptions(), engine="")]


def _published(text):
    with pytest.raises(InvalidFiles) as refused:
        read_environment(text.encode(), "f", to_publish=True)
    return str(refused.value).splitlines()


@pytest.mark.parametrize("command", [_validated, _published])
def test_each_field_of_an_exported_environment_is_named_with_its_line_and_the_remedy(command):
    lines = command(EXPORTED)
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in lines] == [
        f"f:{at} {PLACES[at]}" for at in PLACES
    ]
    assert all("must not be in a file: " in line and line.endswith("; remove it") for line in lines)


@pytest.mark.parametrize("command", [_validated, _published])
@pytest.mark.parametrize("line", [7, 10, 11, 12, 15, 17])
def test_one_such_field_is_enough(command, line):
    kept = [
        text
        for number, text in enumerate(EXPORTED.splitlines()[:21], 1)
        if number in (1, 2, 3, line, 13) or number > 17
    ]
    assert len(command("\n".join(kept))) == 1


def test_an_exported_shared_configuration_is_refused_too():
    text = (
        "apiVersion: tronador.stakater.com/v1alpha1\nkind: TronadorConfig\nmetadata: {name: tronador-config, uid: x}\n"
    )
    (line,) = _validated(text)
    assert line == (
        "f:3:35: metadata.uid: must not be in a file: the API server writes it, and refuses a file with another one; "
        "remove it"
    )


@pytest.mark.parametrize(
    "field",
    [
        "creationTimestamp: null",
        "finalizers: []",
        "annotations: null",
        "labels: {a: b}",
        f"labels: {{{'a' * 253}/{'B' * 63}: c}}",
        "annotations: {Example.COM/a_b.c: d}",
    ],
)
def test_what_stands_for_nothing_and_what_is_ones_own_is_taken(field):
    text = EXPORTED.splitlines()
    kept = "\n".join([*text[:3], f"  {field}", text[12], *text[17:21], "status: {}"])
    assert _validated(kept) == []
    assert read_environment(kept.encode(), "f", to_publish=True).name == "shop-99"


def test_a_file_that_is_only_compared_may_be_an_export():
    assert read_environment(EXPORTED.encode(), "f").name == "shop-99"


@pytest.mark.parametrize("command", [_validated, _published])
@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"labels": {"a": 5}}, "metadata.labels.a: 5 is a whole number, not a text; quote it"),
        ({"labels": {"a": "b c"}}, "metadata.labels.a: 'b c' cannot be used here"),
        ({"labels": {"a b": "c"}}, "metadata.labels[a b]: 'a b' cannot be a key here (key: at most 63 letters"),
        ({"labels": {"": "c"}}, "'' cannot be a key here"),
        ({"labels": {"A.example/a": "c"}}, "'A.example/a' cannot be a key here"),
        ({"annotations": {f"a/{'b' * 64}": "c"}}, "cannot be a key here"),
        ({"annotations": {f"{'a' * 254}/b": "c"}}, "cannot be a key here"),
        ({"annotations": {"a": True}}, "metadata.annotations.a: true is a truth value, not a text; quote it"),
        ({"annotations": "a"}, "metadata.annotations: 'a' is a text; write a mapping"),
        ({"label": {"a": "b"}}, "metadata.label: is unknown; did you mean labels?"),
    ],
)
def test_metadata_that_an_api_server_refuses_is_refused_before(command, field, words):
    obj = yaml.safe_load(environment())
    obj["metadata"] |= field
    (line,) = command(yaml.safe_dump(obj))
    assert words in line
