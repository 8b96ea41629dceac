"""The URL of an application, from the Ingress of its chart to the status."""

from __future__ import annotations

from typing import Any

from controller.api.environment import ENVIRONMENTS, PREVIEW_URL_ANNOTATION
from hack.samples import Repo
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.installers import Installer
from tests.integration.support.requests import Requests
from tests.integration.support.waiting import eventually

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  tls: [{hosts: ["*.preview.example.com"], secretName: wildcard}]
  rules:
    - host: "{{ .Release.Namespace }}.preview.example.com"
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


def statuses(requests: Requests, name: str) -> list[dict[str, Any]]:
    """Every status that the controller wrote for an environment."""
    writes = [entry for entry in requests.writes(environment=name) if entry.subresource == "status"]
    return [entry.body["status"] for entry in writes if entry.code < 300]


def test_an_environment_shows_the_url_of_its_charts_ingress(
    environments: Environments,
    installer: Installer,
    repository: Repo,
    start_controller: StartController,
    requests: Requests,
) -> None:
    repository.commit("Be seen", {"deploy/templates/ingress.yaml": INGRESS})
    start_controller(release_engine=installer.engine, discover_urls=True)
    environment = environments.create()
    status = environment.deployed()["status"]
    url = f"https://{environment.name}.preview.example.com"
    assert status["url"] == url
    assert status["urls"] == [{"url": url, "kind": "Ingress", "name": "shop"}]
    [deployed] = [one for one in statuses(requests, environment.name) if one.get("applicationStatus") == "deployed"]
    assert deployed["url"] == url
    assert requests.count("watch", "ingresses") == 0

    mark = requests.mark()
    environment.patch_release(values=tag("two"))
    environment.until(lambda obj: obj["status"]["observedGeneration"] == 2, "the next snapshot is seen")
    assert environment.deployed()["status"]["url"] == url
    assert requests.count("list", "ingresses", mark) == 1


def test_a_restarted_controller_reads_nothing_of_deployed_environments(
    environments: Environments, engine: Engine, start_controller: StartController, requests: Requests
) -> None:
    controller = start_controller(discover_urls=True, url_template="https://{{ENVIRONMENT_NAME}}.example.com")
    environment = environments.create()
    assert environment.deployed()["status"]["url"] == f"https://{environment.name}.example.com"
    controller.stop()
    mark = requests.mark()
    start_controller(discover_urls=True, url_template="https://{{ENVIRONMENT_NAME}}.example.com")
    other = environments.create("other")
    other.deployed()
    read = [entry for entry in requests.all(mark) if entry.namespace == environment.name]
    assert read == []


def test_a_url_with_a_user_is_refused_with_the_field_and_a_remedy(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller()
    environment = environments.create()
    environment.deployed()
    change = {"metadata": {"annotations": {PREVIEW_URL_ANNOTATION: "https://me:secret@shop.example.com"}}}
    cluster.client.patch(ENVIRONMENTS, environment.name, change)
    eventually(lambda: (environment.condition("Stalled") or {}).get("reason") == "InvalidSpec", "it is refused")
    message = environment.condition("Stalled")["message"]
    field, value = f"metadata.annotations[{PREVIEW_URL_ANNOTATION}]", "'https://***@shop.example.com'"
    assert message.startswith(f"{field}: {value}: use an https or http URL of at most 2048 ASCII characters")
