"""Helm's release storage: what is written can be read, also by what Helm's driver promises of the Secret's shape."""

import base64
import gzip
import json
from datetime import UTC, datetime

import pytest

from hack.standins.helm import storage
from hack.standins.helm.storage import Release, decode, encode, secret_for

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
RELEASE = Release(
    name="run-pipeline",
    namespace="environment",
    version=2,
    status=storage.DEPLOYED,
    description="Upgrade complete",
    config={"application": {"tag": "1"}},
    chart={
        "metadata": {"name": "sample", "version": "0.0.0"},
        "values": {"a": 1},
        "templates": [{"name": "templates/a.yaml", "data": "a: {{ .Values.a }}"}],
    },
    manifest="---\n# Source: sample/templates/a.yaml\na: 1\n",
    hooks=("kind: Job",),
    first_deployed=NOW,
    last_deployed=NOW,
)


def test_a_release_survives_encoding() -> None:
    assert decode(encode(RELEASE)) == RELEASE


def test_the_data_is_gzipped_json_in_two_layers_of_base64() -> None:
    packed = base64.b64decode(base64.b64decode(encode(RELEASE)))
    document = json.loads(gzip.decompress(packed))
    assert document["info"]["status"] == "deployed"
    assert base64.b64decode(document["chart"]["templates"][0]["data"]) == b"a: {{ .Values.a }}"


@pytest.mark.parametrize(("created", "stamp"), [(True, "createdAt"), (False, "modifiedAt")])
def test_the_secret_carries_helm_s_type_name_and_labels(created: bool, stamp: str) -> None:
    secret = secret_for(RELEASE, now=NOW, created=created)
    assert secret["type"] == "helm.sh/release.v1"
    assert secret["metadata"]["name"] == "sh.helm.release.v1.run-pipeline.v2"
    assert secret["metadata"]["labels"] == {
        "name": "run-pipeline",
        "owner": "helm",
        "status": "deployed",
        "version": "2",
        stamp: str(int(NOW.timestamp())),
    }


@pytest.mark.parametrize("data", ["", "bm90aGluZw==", base64.b64encode(base64.b64encode(b"\x1f\x8b")).decode()])
def test_decoding_an_invalid_release_raises_value_error(data: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- any text will do
        decode(data)
