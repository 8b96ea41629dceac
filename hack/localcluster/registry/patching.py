"""Applies a PATCH to the live object, by content type (endpoints/handlers/patch.go)."""

from __future__ import annotations

import json
from typing import Any

from ..errors import StatusError, bad_request, conflict, invalid, not_found, unsupported_media_type
from ..fielderrors import invalid as invalid_field
from ..nesting import unfold
from ..objects import Object, name_of, namespace_of, set_fields, uid_of
from ..patch import PatchError, json_patch, merge_patch, strategic_merge_patch
from .context import WriteContext
from .managed import merge_intent
from .resource import ResourceType

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_REASONS = {400: "BadRequest", 422: "Invalid", 500: "InternalError"}


def accepted_patches(resource: ResourceType) -> tuple[str, ...]:
    """Return the content types of PATCH. Custom resources do not support strategic merge."""
    types = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
    return tuple(kind for kind in types if kind != STRATEGIC_PATCH or not resource.custom)


def check_patch_type(resource: ResourceType, kind: str) -> None:
    """Refuse a content type this resource's PATCH does not take.

    Raises:
        StatusError: 415.
    """
    if kind not in accepted_patches(resource):
        raise unsupported_media_type(accepted_patches(resource))


class Patcher:
    """Makes the wanted object of one PATCH request.

    Args:
        document: the patch, parsed.
        duplicates: what strict decoding of the patch objects to.
        force: of an apply.
    """

    def __init__(
        self,
        resource: ResourceType,
        *,
        kind: str,
        document: Any,
        duplicates: list[str],
        name: str,
        namespace: str,
        force: bool,
        context: WriteContext,
    ) -> None:
        self._resource = resource
        self._kind = kind
        self._document = document
        self._duplicates = duplicates
        self._name = name
        self._namespace = namespace
        self._force = force
        self._context = context

    @property
    def applies(self) -> bool:
        """Whether this is a server-side apply."""
        return self._kind == APPLY_PATCH

    def __call__(self, live: Object | None) -> Object:
        """Apply the patch to the live object.

        Raises:
            StatusError: 400, 404, 409, 422.
        """
        resource = self._resource
        if self.applies:
            wanted = self._applied(live)
        elif live is None:
            raise not_found(resource.group, resource.plural, self._name)
        else:
            wanted = self._decoded(self._patched(live))
        if live is None and uid_of(wanted):
            text = f"uid mismatch: the provided object specified uid {uid_of(wanted)}, and no existing object was found"
            raise conflict(resource.group, resource.plural, self._name, text)
        check_name(wanted, self._name, self._namespace if resource.namespaced else "")
        return wanted

    def _patched(self, live: Object) -> Object:
        try:
            if self._kind == JSON_PATCH:
                patched: Object = json_patch(live, self._document)
                return patched
            if self._kind == MERGE_PATCH:
                return merge_patch(live, self._document)
            return strategic_merge_patch(live, self._document, self._resource.strategy.typing)
        except PatchError as error:
            details: dict[str, Any] | None = {} if error.with_details else None
            raise StatusError(error.code, _REASONS.get(error.code, ""), error.message, details) from None

    def _decoded(self, patched: Object) -> Object:
        patched = {**patched, "metadata": set_fields(patched.get("metadata") or {})}
        resource, found = self._resource, (patched.get("apiVersion"), patched.get("kind"))
        if resource.custom and not found[1]:
            raise self._invalid_patch(patched, f"Object 'Kind' is missing in '{_text(patched)}'")
        if not resource.custom and found != (resource.api_version, resource.kind):
            gvk = f"{resource.group}/{resource.version}, Kind={found[1]}"
            package = resource.group.partition(".")[0] or "core"
            raise self._invalid_patch(patched, f"unable to decode {gvk} into *{package}.{resource.kind}")
        try:
            wanted, problems = resource.strategy.decode(patched)
        except StatusError as error:
            text = error.message.partition(": ")[2]
            raise self._invalid_patch(patched, text) from None
        problems = self._duplicates + problems
        if problems and self._context.field_validation == "Strict":
            if self._kind == STRATEGIC_PATCH:
                raise bad_request(f"strict decoding error: {', '.join(problems)}")
            raise self._invalid_patch(patched, f"strict decoding error: {', '.join(problems)}")
        if self._context.field_validation == "Warn":
            self._context.warnings.extend(problems)
        return wanted

    def _invalid_patch(self, patched: Object, why: str) -> StatusError:
        return invalid("", "", "", [invalid_field("patch", _text(patched), why)])

    def _applied(self, live: Object | None) -> Object:
        resource, intent = self._resource, self._document
        if not isinstance(intent, dict):
            raise bad_request("error decoding patch: the applied configuration must be an object")
        intent = {**intent, "metadata": set_fields(intent.get("metadata") or {})}
        if self._duplicates and self._context.field_validation == "Strict":
            raise bad_request(f"error strict decoding patch: {', '.join(self._duplicates)}")
        shell: Object = {"kind": resource.kind, "apiVersion": resource.api_version}
        if self._namespace and resource.namespaced:
            intent["metadata"].setdefault("namespace", self._namespace)
        wanted = merge_intent(resource, live, intent, self._context, force=self._force)
        if live is None:
            wanted = {**shell, **wanted}
        return resource.strategy.decode(wanted)[0]


def _text(patched: Object) -> str:
    return unfold(json.dumps(patched, separators=(",", ":"), sort_keys=True))


def check_name(obj: Object, name: str, namespace: str) -> None:
    """Refuse an object whose name or namespace is not the URL's.

    Raises:
        StatusError: 400.
    """
    own = name_of(obj)
    if not own:
        raise bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if own != name:
        raise bad_request(f"the name of the object ({own}) does not match the name on the URL ({name})")
    if namespace and namespace_of(obj) and namespace_of(obj) != namespace:
        raise bad_request(
            f"the namespace of the object ({namespace_of(obj)}) does not match the namespace on the request "
            f"({namespace})"
        )
