"""Validate and publish reject fields that only a server sets."""

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
def test_every_server_field_of_an_export_is_reported_with_its_line(command):
    lines = command(EXPORTED)
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in lines] == [
        f"f:{at} {PLACES[at]}" for at in PLACES
    ]
    assert all(": this field must not be in a file: " in line and line.endswith("; remove it") for line in lines)


@pytest.mark.parametrize("command", [_validated, _published])
@pytest.mark.parametrize("line", [7, 10, 11, 12, 15, 17])
def test_a_single_server_field_is_rejected(command, line):
    kept = [
        text
        for number, text in enumerate(EXPORTED.splitlines()[:21], 1)
        if number in (1, 2, 3, line, 13) or number > 17
    ]
    assert len(command("\n".join(kept))) == 1


def test_an_exported_tronadorconfig_is_rejected_too():
    text = (
        "apiVersion: tronador.stakater.com/v1alpha1\nkind: TronadorConfig\nmetadata: {name: tronador-config, uid: x}\n"
    )
    (line,) = _validated(text)
    assert line == (
        "f:3:35: metadata.uid: this field must not be in a file: the API server sets it, and rejects a file with "
        "another one; remove it"
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
def test_empty_server_fields_and_own_metadata_are_accepted(field):
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
        ({"labels": {"a": 5}}, "metadata.labels.a: 5 is an integer, not a string; quote it"),
        ({"labels": {"a": "b c"}}, "metadata.labels.a: 'b c' is not valid here"),
        ({"labels": {"a b": "c"}}, "metadata.labels[a b]: 'a b' is not a valid key (key: at most 63 letters"),
        ({"labels": {"": "c"}}, "'' is not a valid key"),
        ({"labels": {"A.example/a": "c"}}, "'A.example/a' is not a valid key"),
        ({"annotations": {f"a/{'b' * 64}": "c"}}, "is not a valid key"),
        ({"annotations": {f"{'a' * 254}/b": "c"}}, "is not a valid key"),
        ({"annotations": {"a": True}}, "metadata.annotations.a: true is a boolean, not a string; quote it"),
        ({"annotations": "a"}, "metadata.annotations: 'a' is a string; write a mapping"),
        ({"label": {"a": "b"}}, "metadata.label: unknown key; did you mean labels?"),
    ],
)
def test_metadata_that_an_api_server_rejects_is_reported_offline(command, field, words):
    obj = yaml.safe_load(environment())
    obj["metadata"] |= field
    (line,) = command(yaml.safe_dump(obj))
    assert words in line
