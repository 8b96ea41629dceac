"""Lists: selectors, versions, pages."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import bad_request
from ..fielderrors import go_quote
from ..objects import Object, labels_of, name_of, namespace_of, object_key
from ..selectors.fields import FieldSelector
from ..selectors.labels import LabelSelector
from ..storage.paging import Page, cut, resume
from ..storage.store import Store, ordered
from .resource import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A selection of the objects of a resource."""

    namespace: str
    labels: LabelSelector
    fields: FieldSelector

    def matches(self, obj: Object) -> bool:
        """Whether the (stored) object is among them."""
        return (
            (not self.namespace or namespace_of(obj) == self.namespace)
            and self.labels.matches(labels_of(obj))
            and self.fields.matches(obj)
        )

    @property
    def filters(self) -> bool:
        """Whether it selects by labels or fields."""
        return bool(self.labels.requirements or self.fields.terms)


def parse_version(text: str) -> int:
    """A resourceVersion parameter; "" is 0.

    Raises:
        StatusError: 400.
    """
    problem = version_problem(text)
    if problem:
        raise bad_request(f"invalid resource version: {problem}")
    return int(text or 0)


def version_problem(text: str) -> str:
    """Return what is wrong with a resourceVersion parameter, or "" if it is valid."""
    if not text or (text.isascii() and text.isdigit()):
        return ""
    shown = go_quote(text)
    return f"resourceVersion: Invalid value: {shown}: strconv.ParseUint: parsing {shown}: invalid syntax"


def list_objects(
    store: Store,
    resource: ResourceType,
    selection: Selection,
    *,
    version: str,
    match: str,
    limit: int,
    token: str,
) -> Page:
    """One page of a list.

    Raises:
        StatusError: 400, 410, 504.
    """
    wanted = parse_version(version)
    prefix = f"{selection.namespace}/" if selection.namespace else ""
    start = ""
    if token:
        if version not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        objects, at, start = resume(store, resource.storage, token, prefix)
    elif match == "Exact" or (limit and wanted and not match):
        store.check_version(wanted)
        objects, at = store.snapshot(resource.storage, wanted), wanted
    else:
        store.check_version(wanted)
        objects, at = store.collection(resource.storage).objects, store.version
    if version == "0" and not match:
        limit = 0  # the watch cache serves these, without paging
    found = [obj for obj in ordered(objects, selection.namespace) if selection.matches(obj)]
    if start:
        found = [obj for obj in found if object_key(namespace_of(obj), name_of(obj)) >= start]
    return cut(found, version=at, limit=limit, prefix=prefix, counted=not selection.filters)
