"""Which URLs one object of a chart leads to, for each kind that leads to any.

The author of a pull request wrote these objects, so they can contain anything. A URL that is "" does not
count, and the caller checks all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from controller.api.environment import EXPOSE_ANNOTATION, URL_SCHEME_ANNOTATION
from controller.apimachinery import conditions, objects, weburls
from controller.apimachinery.objects import Object, mapping, mappings, text
from controller.apimachinery.resources import Resource

HTTP_ROUTES: Final = Resource("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute", namespaced=True)
INGRESSES: Final = Resource("networking.k8s.io", "v1", "ingresses", "Ingress", namespaced=True)
ROUTES: Final = Resource("route.openshift.io", "v1", "routes", "Route", namespaced=True)
SERVICES: Final = Resource("", "v1", "services", "Service", namespaced=True)

_HTTP, _HTTPS = "http", "https"
_DEFAULT_PORTS: Final[Mapping[str, int]] = {_HTTP: 80, _HTTPS: 443}
# The usual ports of https. Services rarely say which of their ports it is.
_HTTPS_PORTS: Final = frozenset({443, 8443})
_PATH: Final = re.compile(r"/[A-Za-z0-9._~@:+=,/-]*")


def of_http_route(route: Object) -> Iterator[str]:
    """Yield the URLs of an HTTPRoute of the Gateway API, if a Gateway has accepted it.

    The route does not say whether its Gateway speaks https. Nearly all do, and the annotation corrects the others.
    """
    parents = mappings(mapping(route.get("status")).get("parents"))
    if not any(_is_true(parent, "Accepted") for parent in parents):
        return
    spec = mapping(route.get("spec"))
    matches = [match for rule in mappings(spec.get("rules")) for match in mappings(rule.get("matches"))]
    path = mapping(matches[0].get("path")) if matches else {}
    prefix = "" if path.get("type") == "RegularExpression" else _path(path.get("value"))
    for host in _texts(spec.get("hostnames")):
        yield _url(_scheme(route) or _HTTPS, host, prefix)


def of_ingress(ingress: Object) -> Iterator[str]:
    """Yield the URL of each host of an Ingress, with its first path."""
    spec = mapping(ingress.get("spec"))
    # Sets, because one Ingress can have ten thousand hosts in its rules, and as many here.
    entries = [frozenset(_texts(entry.get("hosts"))) for entry in mappings(spec.get("tls"))]
    hosts = frozenset(chain.from_iterable(entries))
    # An entry without hosts is for every host.
    is_for_all = frozenset() in entries
    for rule in mappings(spec.get("rules")):
        host = text(rule.get("host"))
        paths = mappings(mapping(rule.get("http")).get("paths"))
        scheme = _HTTPS if is_for_all or host in hosts or f"*.{host.partition('.')[2]}" in hosts else _HTTP
        yield _url(scheme, host, _path(paths[0].get("path")) if paths else "")


def of_route(route: Object) -> Iterator[str]:
    """Yield the URLs of a Route of OpenShift, as far as a router has admitted them."""
    spec = mapping(route.get("spec"))
    scheme = _HTTPS if mapping(spec.get("tls")) else _HTTP
    # The host of such a Route only shows the form of the hosts that it is for.
    if spec.get("wildcardPolicy") == "Subdomain":
        return
    for router in mappings(mapping(route.get("status")).get("ingress")):
        host = text(router.get("host"))
        if _is_true(router, "Admitted"):
            yield _url(scheme, host, _path(spec.get("path")))


def of_service(service: Object) -> Iterator[str]:
    """Yield the URL of each address of a Service of type LoadBalancer, if its author wants it to be shown."""
    spec = mapping(service.get("spec"))
    if spec.get("type") != "LoadBalancer" or objects.annotations(service).get(EXPOSE_ANNOTATION) != "true":
        return
    ports = [port for port in mappings(spec.get("ports")) if port.get("protocol", "TCP") == "TCP"]
    if not ports:
        return
    port = next(filter(_is_web, ports), ports[0])
    number = objects.number(port.get("port"))
    scheme = _scheme(service) or (_HTTPS if _is_https(port) else _HTTP)
    suffix = "" if number == _DEFAULT_PORTS[scheme] else f":{number}"
    for address in mappings(mapping(mapping(service.get("status")).get("loadBalancer")).get("ingress")):
        yield _url(scheme, text(address.get("hostname")) or _bracketed(text(address.get("ip"))), suffix)


# In the order of preference.
READERS: Final[Mapping[Resource, Callable[[Object], Iterator[str]]]] = {
    HTTP_ROUTES: of_http_route,
    INGRESSES: of_ingress,
    ROUTES: of_route,
    SERVICES: of_service,
}


def _url(scheme: str, host: str, rest: str) -> str:
    """Return the URL, or "" if the host is not one: it could have a user, a port or a path of its own."""
    return f"{scheme}://{host}{rest}" if weburls.is_host(host) else ""


def _path(value: object) -> str:
    """Return a path that a URL can end with, or "". Of a regular expression, it is the text before the first group."""
    path = text(value).partition("(")[0].removesuffix("*")
    return path if path != "/" and _PATH.fullmatch(path) else ""


def _scheme(obj: Object) -> str:
    wanted = text(objects.annotations(obj).get(URL_SCHEME_ANNOTATION))
    return wanted if wanted in _DEFAULT_PORTS else ""


def _is_https(port: Mapping[str, Any]) -> bool:
    words = (text(port.get("appProtocol")), text(port.get("name")))
    return objects.number(port.get("port")) in _HTTPS_PORTS or any(word.lower().startswith(_HTTPS) for word in words)


def _is_web(port: Mapping[str, Any]) -> bool:
    words = (text(port.get("appProtocol")), text(port.get("name")))
    return objects.number(port.get("port")) in _DEFAULT_PORTS.values() or any(
        word.lower().startswith(_HTTP) for word in words
    )


def _is_true(parent: Mapping[str, Any], type_: str) -> bool:
    found = conditions.find(mappings(parent.get("conditions")), type_)
    return found is not None and found.get("status") == conditions.TRUE


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _texts(value: object) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else ()
