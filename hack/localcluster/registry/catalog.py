"""Which resources are served now: the built-in ones and those of established CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Iterator

from ..objects import Object
from ..schema.builtin import builtin_types
from .builtin import builtin_resources
from .custom import custom_resources
from .resource import ResourceType


class Catalog:
    """Looks resources up by their place in the API; follows CustomResourceDefinitions."""

    def __init__(self) -> None:
        self.types = builtin_types()
        self._builtin = builtin_resources(self.types)
        self._custom: dict[str, list[ResourceType]] = {}
        self._by_path: dict[tuple[str, str, str], ResourceType] = {}
        self._builtin_groups = {(resource.group, resource.version) for resource in self._builtin}
        for resource in self._builtin:
            self._by_path[(resource.group, resource.version, resource.plural)] = resource
        self.revision = 0

    def __iter__(self) -> Iterator[ResourceType]:
        """All resources, built-in first."""
        yield from self._builtin
        for resources in self._custom.values():
            yield from resources

    def find(self, group: str, version: str, plural: str) -> ResourceType | None:
        """The resource at a path, or None."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> ResourceType | None:
        """Return the resource of an `apiVersion` and `kind`, such as those of an owner reference."""
        return next((one for one in self if one.api_version == api_version and one.kind == kind), None)

    def of_storage(self, storage: tuple[str, str]) -> ResourceType:
        """A resource by where its objects are kept."""
        return next(one for one in self if one.storage == storage)

    def versions(self) -> dict[str, list[str]]:
        """Served versions by group, groups in order of appearance."""
        found: dict[str, list[str]] = {}
        for resource in self:
            versions = found.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
        return found

    def is_builtin_group(self, group: str, version: str) -> bool:
        """Whether the router of built-in groups answers for it (its 404 and 405 differ)."""
        return (group, version) in self._builtin_groups

    def has_builtin_group(self, group: str) -> bool:
        """Whether the group is built in, in any version."""
        return any(group == name for name, _ in self._builtin_groups)

    def set_definition(self, name: str, definition: Object | None) -> None:
        """Serve what a CustomResourceDefinition defines now; None stops serving it."""
        for resource in self._custom.pop(name, []):
            del self._by_path[(resource.group, resource.version, resource.plural)]
        if definition is not None:
            resources = custom_resources(definition)
            self._custom[name] = resources
            for resource in resources:
                self._by_path[(resource.group, resource.version, resource.plural)] = resource
        self.revision += 1
