"""The registry's calls into `fieldmanager`, which record the owners of fields."""

from __future__ import annotations

from datetime import UTC, datetime

from ..errors import StatusError, bad_request, bare_failure
from ..fieldmanager import ApplyConflict, TypingError, apply, track_update
from ..objects import Object, name_of, namespace_of
from .context import WriteContext
from .resource import ResourceType

# The fields that each endpoint discards: a write through it never owns them.
_STATUS = (("f:status",),)
_ALL_BUT_STATUS = (("f:metadata",), ("f:spec",))
_QUOTE = '"'


def track(resource: ResourceType, old: Object | None, new: Object, context: WriteContext) -> Object:
    """Return `new` with managedFields that record this write. Both have the form of this resource's version."""
    try:
        return track_update(
            old,
            new,
            manager=context.manager,
            api_version=resource.api_version,
            subresource=context.subresource,
            now=datetime.now(UTC),
            typing=resource.strategy.typing,
            reset_fields=_reset_fields(resource, context),
        )
    except TypingError:
        # Validation comes later and has a better message. If it accepts the object, no field has an owner.
        metadata = {key: value for key, value in new["metadata"].items() if key != "managedFields"}
        return {**new, "metadata": metadata}


def merge_intent(
    resource: ResourceType, live: Object | None, intent: Object, context: WriteContext, *, force: bool
) -> Object:
    """The live object with an applied configuration merged in.

    Raises:
        StatusError: 400, 409, 500.
    """
    if (intent.get("metadata") or {}).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    if intent.get("apiVersion") != resource.api_version:
        raise bad_request(
            "Incorrect version specified in apply patch. "
            f"Specified patch version: {intent.get('apiVersion') or ''}, expected: {resource.api_version}"
        )
    unknown = resource.strategy.decode(intent)[1]
    if unknown:
        paths = [f".{text.split(_QUOTE)[1]}: field not declared in schema" for text in unknown]
        raise _untypable(intent, resource, paths[0] if len(paths) == 1 else "errors:\n  " + "\n  ".join(paths))
    try:
        return apply(
            live,
            intent,
            manager=context.manager,
            force=force,
            api_version=resource.api_version,
            subresource=context.subresource,
            now=datetime.now(UTC),
            typing=resource.strategy.typing,
            reset_fields=_reset_fields(resource, context),
        )
    except ApplyConflict as conflict:
        raise StatusError(409, "Conflict", conflict.message, {"causes": conflict.causes}) from None
    except TypingError as error:
        raise _untypable(intent, resource, str(error)) from None


def _untypable(intent: Object, resource: ResourceType, why: str) -> StatusError:
    kind = f"{resource.group}/{resource.version}, Kind={resource.kind}"
    where = f"{namespace_of(intent)}/{name_of(intent)}; {kind}"
    return bare_failure(f"failed to create typed patch object ({where}): {why}")


def _reset_fields(resource: ResourceType, context: WriteContext) -> tuple[tuple[str, ...], ...]:
    if context.subresource == "status":
        return _ALL_BUT_STATUS
    return _STATUS if resource.strategy.has_status else ()
