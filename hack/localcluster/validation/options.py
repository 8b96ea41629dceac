"""Query parameters and DeleteOptions (k8s.io/apimachinery, apis/meta/{v1,internalversion}/validation)."""

from __future__ import annotations

from typing import Any

from ..fielderrors import FieldError, forbidden, invalid, required, too_long, unsupported

_PROPAGATION = ("Foreground", "Background", "Orphan")
_FIELD_VALIDATION = ("", "Ignore", "Strict", "Warn")


def validate_write_options(*, manager: str, dry_run: list[str], field_validation: str) -> list[FieldError]:
    """fieldManager, dryRun and fieldValidation of a create, update or patch."""
    errors: list[FieldError] = []
    if len(manager) > 128:
        errors.append(too_long("fieldManager", 128))
    for position, char in enumerate(manager):
        if not char.isprintable():
            text = f"invalid character U+{ord(char):04X} (at position {position})"
            errors.append(invalid("fieldManager", manager, text))
    errors += _dry_run(dry_run)
    if field_validation not in _FIELD_VALIDATION:
        errors.append(unsupported("fieldValidation", field_validation, _FIELD_VALIDATION))
    return errors


def validate_patch_options(*, apply: bool, manager: str, force: bool | None) -> list[FieldError]:
    """Validate the options that only a patch has."""
    if apply:
        return [] if manager else [required("fieldManager", "is required for apply patch")]
    return [forbidden("force", "may not be specified for non-apply patch")] if force is not None else []


def validate_delete_options(options: dict[str, Any]) -> list[FieldError]:
    """A DeleteOptions document."""
    errors: list[FieldError] = []
    policy = options.get("propagationPolicy")
    if policy is not None and options.get("orphanDependents") is not None:
        errors.append(
            invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set")
        )
    if policy is not None and policy not in _PROPAGATION:
        errors.append(unsupported("propagationPolicy", policy, (*_PROPAGATION, "nil")))
    return errors + _dry_run(options.get("dryRun") or [])


def validate_list_options(query: dict[str, str]) -> list[FieldError]:
    """resourceVersionMatch, continue and sendInitialEvents of a list or watch."""
    match, version = query.get("resourceVersionMatch", ""), query.get("resourceVersion", "")
    has_continue, initial = bool(query.get("continue")), "sendInitialEvents" in query
    if query.get("watch") in ("1", "true"):
        return _watch_options(match, has_continue=has_continue, initial=initial)
    errors: list[FieldError] = []
    if match:
        if not version:
            text = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            errors.append(forbidden("resourceVersionMatch", text))
        if has_continue:
            errors.append(
                forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
            )
        if match not in ("Exact", "NotOlderThan"):
            errors.append(unsupported("resourceVersionMatch", match, ("Exact", "NotOlderThan", "")))
        if match == "Exact" and version == "0":
            text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            errors.append(forbidden("resourceVersionMatch", text))
    if initial:
        errors.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


def _watch_options(match: str, *, has_continue: bool, initial: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    if initial and match != "NotOlderThan":
        text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        errors.append(forbidden("resourceVersionMatch", text))
    if match:
        if not initial:
            text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            errors.append(forbidden("resourceVersionMatch", text))
        if match != "NotOlderThan":
            errors.append(unsupported("resourceVersionMatch", match, ("NotOlderThan",)))
        if has_continue:
            errors.append(
                forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
            )
    return errors


def _dry_run(values: list[str]) -> list[FieldError]:
    return [] if set(values) <= {"All"} else [unsupported("dryRun", values, ("All",))]
