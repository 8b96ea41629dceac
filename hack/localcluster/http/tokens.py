"""The subresource `serviceaccounts/NAME/token`: a TokenRequest is answered with a token.

Source: kubernetes, pkg/registry/core/serviceaccount/storage/token.go.
"""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from .. import errors
from ..auth.tokens import AUDIENCE, TokenSigner, account_claims
from ..fielderrors import invalid
from ..objects import Object, name_of, namespace_of, uid_of
from ..registry.admission import admit_create
from ..registry.builtin import token_requests
from ..registry.registry import Registry
from .bodies import read_strictly
from .params import shape_of, write_context
from .respond import respond
from .route import Target

SUBRESOURCE = "token"
_DEFAULT_SECONDS = 3600
_SHORTEST_SECONDS = 600
_LONGEST_SECONDS = 1 << 32
_BINDABLE = {("v1", "Pod"): ("", "pods"), ("v1", "Secret"): ("", "secrets")}


class TokenHandler:
    """Hands out tokens."""

    def __init__(self, registry: Registry, signer: TokenSigner) -> None:
        self._registry = registry
        self._signer = signer
        self._resource = token_requests(registry.catalog.types)

    def handle(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        """Answer one TokenRequest.

        Raises:
            StatusError: 400, 403, 404, 406, 409, 415, 422.
        """
        shape = shape_of(request, target, single=True)
        context = write_context(request, "CreateOptions", target)
        content_type = request.headers.get("Content-Type", "")
        wanted = read_strictly(self._registry.catalog, self._resource, body, content_type, context)
        _check_place(wanted, target)
        admit_create(self._registry.store, target.resource, target.namespace, target.name)
        account = self._registry.get(target.resource, target.namespace, target.name)
        spec = wanted.get("spec") or {}
        seconds = spec.get("expirationSeconds") or _DEFAULT_SECONDS
        _check_duration(seconds)
        audiences = spec.get("audiences") or [AUDIENCE]
        reference = spec.get("boundObjectRef")
        issued = int(self._signer.now())
        token = self._signer.sign(
            account_claims(
                namespace=target.namespace,
                name=target.name,
                uid=uid_of(account),
                audiences=audiences,
                issued=issued,
                seconds=seconds,
                bound=self._bound(reference, target) if reference else {},
            )
        )
        answer = {
            **wanted,
            "metadata": {
                "name": target.name,
                "namespace": target.namespace,
                "creationTimestamp": _moment(issued),
            },
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": reference},
            "status": {"token": token, "expirationTimestamp": _moment(issued + seconds)},
        }
        return respond(201, answer, shape=shape, warnings=context.warnings)

    def _bound(self, reference: Object, target: Target) -> dict[str, dict[str, str]]:
        """Return the claim that binds a token to an object, whose deletion ends it."""
        version, kind, name = (reference.get(key) or "" for key in ("apiVersion", "kind", "name"))
        place = _BINDABLE.get((version, kind))
        if place is None:
            shown = f"/{version}, Kind={kind}" if "/" not in version else f"{version}, Kind={kind}"
            raise errors.bad_request(f"cannot bind token to object of type {shown}")
        found = self._registry.get(self._registry.catalog.of_storage(place), target.namespace, name)
        uid, wanted = uid_of(found), reference.get("uid") or ""
        if wanted and wanted != uid:
            why = (
                f"the UID in the bound object reference ({wanted}) does not match the UID in record ({uid}). "
                "The object might have been deleted and then recreated"
            )
            raise errors.conflict("", kind, name, why)
        runs_as = (found.get("spec") or {}).get("serviceAccountName") or ""
        if kind == "Pod" and runs_as != target.name:
            raise errors.bad_request(
                f'cannot bind token for serviceaccount "{target.name}" to pod running with serviceaccount "{runs_as}"'
            )
        return {kind.lower(): {"name": name, "uid": uid}}


def _check_place(wanted: Object, target: Target) -> None:
    name, namespace = name_of(wanted), namespace_of(wanted)
    if name and name != target.name:
        text = f"the name of the object ({name}) does not match the name on the URL ({target.name})"
        raise errors.bad_request(text)
    if namespace and namespace != target.namespace:
        text = f"the namespace of the object ({namespace}) does not match the namespace on the URL ({target.namespace})"
        raise errors.bad_request(text)


def _check_duration(seconds: int) -> None:
    why = ""
    if seconds < _SHORTEST_SECONDS:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > _LONGEST_SECONDS:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        problem = invalid("spec.expirationSeconds", seconds, why)
        raise errors.invalid("authentication.k8s.io", "TokenRequest", "", [problem])


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
