"""Parses a TronadorConfig of any form. Fields that violate the schema are reported as misfits.

`null` counts as absent everywhere. The spec, the resources, or both may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.api.tronador_config import TronadorConfig
from controller.apimachinery.findings import Finding, Path
from controller.apimachinery.objects import Object
from controller.tronadorconfig.content import defaults
from controller.tronadorconfig.content.checks import of_manifest
from controller.tronadorconfig.content.model import ConfigContent, Copy, Manifest, RepositoryMapping, SecretNames

MISFIT: Final = "InvalidConfig"


def parse(obj: Object) -> ConfigContent:
    """Return the parts of a TronadorConfig."""
    reader = _Reader()
    config = TronadorConfig(obj)
    resources = reader.mapping(config.resources, ("resources",))
    spec = reader.mapping(config.spec, ("spec",))
    manifests = (
        *reader.manifests(resources.get("manifests"), ("resources", "manifests")),
        *reader.defaults(spec.get("defaults"), ("spec", "defaults")),
    )
    secrets = tuple(reader.manifests(spec.get("secrets"), ("spec", "secrets")))
    return ConfigContent(
        manifests=manifests,
        secrets=secrets,
        mappings=tuple(reader.mappings(spec.get("mappings"), ("spec", "mappings"))),
        org_level=reader.credentials(spec.get("orgLevelSecrets"), ("spec", "orgLevelSecrets")),
        copies=tuple(reader.copies(spec.get("copySecrets"), ("spec", "copySecrets"))),
        # Checked once here, because a thousand environments may use the result.
        faults={manifest.path: found for manifest in (*manifests, *secrets) if (found := of_manifest(manifest))},
        # Must be the last argument, because the reader collects misfits while the others are evaluated.
        misfits=tuple(reader.misfits),
    )


class _Reader:
    """Reads fields and collects those of the wrong type."""

    def __init__(self) -> None:
        self.misfits: list[Finding] = []

    def mapping(self, value: Any, path: Path) -> Mapping[str, Any]:
        if value is None or isinstance(value, Mapping):
            return value or {}
        self._misfit(path, "use a map")
        return {}

    def manifests(self, value: Any, path: Path) -> Iterator[Manifest]:
        for position, item in enumerate(self._list(value, path)):
            where = (*path, position)
            body = self.mapping(item, where)
            metadata = self.mapping(body.get("metadata"), (*where, "metadata"))
            words = (_word(body.get("apiVersion")), _word(body.get("kind")), _word(metadata.get("name")))
            yield Manifest(where, *words, body)

    def defaults(self, value: Any, path: Path) -> Iterator[Manifest]:
        chosen = self.mapping(value, path)
        isolate = chosen.get("isolate")
        if isolate is not None and not isinstance(isolate, bool):
            self._misfit((*path, "isolate"), "use true or false")
        yield from defaults.manifests(
            path,
            quota=self.mapping(chosen.get("resourceQuota"), (*path, "resourceQuota")),
            limit_range=self.mapping(chosen.get("limitRange"), (*path, "limitRange")),
            is_isolated=isolate is True,
        )

    def mappings(self, value: Any, path: Path) -> Iterator[RepositoryMapping]:
        for position, item in enumerate(self._list(value, path)):
            where = (*path, position)
            repositories = self._texts(self.mapping(item, where).get("repos"), (*where, "repos"))
            yield RepositoryMapping(where, repositories, self.credentials(item, where))

    def credentials(self, value: Any, path: Path) -> SecretNames:
        names = self.mapping(value, path)
        return SecretNames(
            self._text(names.get("authSecret"), (*path, "authSecret")),
            self._text(names.get("imagePullSecret"), (*path, "imagePullSecret")),
        )

    def copies(self, value: Any, path: Path) -> Iterator[Copy]:
        for position, item in enumerate(self._list(value, path)):
            where = (*path, position)
            copy = self.mapping(item, where)
            repositories = None if copy.get("repos") is None else self._texts(copy["repos"], (*where, "repos"))
            yield Copy(where, self._text(copy.get("name"), (*where, "name")), repositories)

    def _list(self, value: Any, path: Path) -> list[Any]:
        if value is None or isinstance(value, list):
            return value or []
        self._misfit(path, "use a list")
        return []

    def _texts(self, value: Any, path: Path) -> tuple[str, ...]:
        return tuple(self._text(item, (*path, position)) for position, item in enumerate(self._list(value, path)))

    def _text(self, value: Any, path: Path) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        self._misfit(path, "use a string")
        return ""

    def _misfit(self, path: Path, message: str) -> None:
        problem = Finding(path=path, reason=MISFIT, message=message)
        if problem not in self.misfits:
            self.misfits.append(problem)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
