"""Kubeconfigs for service accounts: what a pod would get mounted, as a file for a program that runs outside.

It asks the API alone, so it works on any cluster to which somebody has a kubeconfig.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from controller.apimachinery.resources import Resource
from controller.client import Client
from controller.client.config import load

DAY_SECONDS = 24 * 3600


def write_kubeconfig(path: Path, *, admin: Path, namespace: str, name: str, lifetime: int = DAY_SECONDS) -> Path:
    """Write a kubeconfig with a token of service account `namespace`/`name`, for its owner's eyes only; gives `path`.

    Args:
        admin: kubeconfig of somebody who may create tokens; its current context says which cluster.
        lifetime: seconds the token shall last; servers limit it from 10 minutes to what they are set to.

    Raises:
        ApiError: NotFound where there is no such account, and whatever else the API answers.
        ConfigError: `admin` cannot be used.
    """
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": _cluster(admin)}],
        "users": [{"name": name, "user": {"token": _token(admin, namespace, name, lifetime)}}],
        "contexts": [{"name": name, "context": {"cluster": "cluster", "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        # JSON is YAML too, and is written faster. Each test writes such files.
        json.dump(document, file, indent=2)
    return Path(draft).replace(path)


def _token(admin: Path, namespace: str, name: str, lifetime: int) -> str:
    # Tokens are created below their account, where other kinds have a collection.
    tokens = Resource("", "v1", f"serviceaccounts/{name}/token", "TokenRequest", namespaced=True)
    wanted = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": lifetime},
    }
    client = Client(connection=load(kubeconfig=str(admin)), user_agent="serviceaccounts")
    try:
        return str(client.create(tokens, wanted, namespace=namespace)["status"]["token"])
    finally:
        client.close()


def _cluster(admin: Path) -> Mapping[str, Any]:
    """The current context's cluster, its files by absolute path."""
    document = yaml.load(admin.read_text(encoding="utf-8"), yaml.CSafeLoader)
    context = next(one["context"] for one in document["contexts"] if one["name"] == document["current-context"])
    cluster = dict(next(one["cluster"] for one in document["clusters"] if one["name"] == context["cluster"]))
    if "certificate-authority" in cluster:
        cluster["certificate-authority"] = str(admin.parent.absolute() / cluster["certificate-authority"])
    return cluster
