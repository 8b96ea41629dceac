"""Renders the environment from a config file and the parameters of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.api.argocd import LINK_ANNOTATION
from controller.api.environment import (
    AUTHOR_ANNOTATION,
    BRANCH_ANNOTATION,
    COMMIT_ANNOTATION,
    ENVIRONMENTS,
    FORK_ANNOTATION,
    PREVIEW_URL_ANNOTATION,
    PULL_REQUEST_ANNOTATION,
    PULL_REQUEST_URL_ANNOTATION,
    REPOSITORY_ANNOTATION,
    REPOSITORY_ID_ANNOTATION,
    Environment,
)
from controller.apimachinery.objects import Object
from controller.pipeline.errors import InvalidFiles
from controller.pipeline.rendering import refusals
from controller.pipeline.rendering.configfile import ConfigFile
from controller.pipeline.rendering.configschema import POLICY_KEYS
from controller.pipeline.rendering.parameters import Parameters


def render(config: ConfigFile, parameters: Parameters, *, base: ConfigFile | None = None) -> Object:
    """Return the EnvironmentProvisioner of a pull request's snapshot.

    Args:
        config: the config file of the pull request.
        parameters: what the pipeline knows about the snapshot.
        base: the config file of the base branch. If given, the keys that the author must not decide come from it.

    Raises InvalidFiles if every controller would reject the environment, whatever its options are.
    """
    application = dict(config.application)
    if base is not None:
        application = {key: value for key, value in application.items() if key not in POLICY_KEYS}
        application |= {key: value for key, value in base.application.items() if key in POLICY_KEYS}
    environment = environment_of(application, parameters)
    if problems := refusals.for_rendering(Environment(environment), config.document, base.document if base else None):
        raise InvalidFiles(problems)
    return environment


def differences(config: ConfigFile, base: ConfigFile) -> tuple[str, ...]:
    """Return the keys in which the pull request's file differs from the base branch's file without any effect."""
    return tuple(key for key in POLICY_KEYS if config.application.get(key) != base.application.get(key))


def environment_of(application: Mapping[str, Any], parameters: Parameters) -> Object:
    """Return the environment for the keys of a config file and the parameters, without checking it."""
    chart = {"git": parameters.git_url, "path": application["chart_path"], "ref": parameters.git_ref}
    release = {"chart": chart, "releaseName": parameters.release_name, "values": application["value_overrides"]}
    if "secret_ref" in application:
        chart["secretRef"] = application["secret_ref"]
    if "values_from" in application:
        release["valuesFrom"] = application["values_from"]
    spec: dict[str, Any] = {"application": {"release": release}}
    if "expire_after" in application:
        spec["lifecycle"] = {"expireAfter": application["expire_after"]}
    if "namespaceLabels" in application:
        spec["namespaceLabels"] = application["namespaceLabels"]
    return {
        "apiVersion": ENVIRONMENTS.api_version,
        "kind": ENVIRONMENTS.kind,
        "metadata": {"name": parameters.name, "annotations": _annotations(application, parameters)},
        "spec": spec,
    }


def _annotations(application: Mapping[str, Any], parameters: Parameters) -> dict[str, str]:
    url = application.get("preview_url", "")
    optional = {
        REPOSITORY_ID_ANNOTATION: parameters.repository_id,
        FORK_ANNOTATION: "true" if parameters.fork else "",
        COMMIT_ANNOTATION: parameters.commit,
        BRANCH_ANNOTATION: parameters.branch,
        AUTHOR_ANNOTATION: parameters.author,
        PULL_REQUEST_URL_ANNOTATION: parameters.pull_request_url,
        PREVIEW_URL_ANNOTATION: url,
        # Argo CD shows it as a link beside the environment. Only Git may change the annotations of the environment.
        LINK_ANNOTATION: url,
    }
    present = {name: value for name, value in optional.items() if value}
    return {REPOSITORY_ANNOTATION: parameters.origin, PULL_REQUEST_ANNOTATION: str(parameters.number), **present}
