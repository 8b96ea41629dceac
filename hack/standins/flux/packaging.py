"""Making a chart out of a repository's tree: where it is, its version, and the values files merged into it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hack.standins.helm.engine import HelmError
from hack.standins.helm.values import merge

_REVISION_LENGTH = 12


class PackagingError(Exception):
    """The chart cannot be packaged until the commit or the template changes. The text is the original's."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in a folder of its own."""

    path: Path
    name: str
    version: str


def package(
    tree: Path,
    target: Path,
    template: Mapping[str, Any],
    *,
    sha: str,
    generation: int,
    build_folder: str,
    parse: Callable[[str], list[dict[str, Any]]],
) -> Chart:
    """Make the chart of a HelmRelease's `chart.spec` out of a tree, in the new folder `target`.

    Args:
        sha: the tree's commit; it is part of the version where the template asks for it.
        generation: of the template; part of the version where there are values files.
        build_folder: where the original would have unpacked the tree, which it names in errors.
        parse: the YAML documents of a text. Raises HelmError.

    Raises PackagingError.
    """
    source = _inside(tree, str(template["chart"]))
    metadata = _metadata(source / "Chart.yaml", f"{build_folder}/{source.relative_to(tree)}")
    files = template.get("valuesFiles") or ()
    parts = [sha[:_REVISION_LENGTH]] if template.get("reconcileStrategy") == "Revision" else []
    parts += [str(generation)] if files else []
    if parts:
        metadata["version"] = f"{str(metadata['version']).partition('+')[0]}+{'.'.join(parts)}"
    values = _values(tree, template, parse)
    shutil.copytree(source, target, ignore_dangling_symlinks=True)
    # JSON is a subset of YAML.
    (target / "Chart.yaml").write_text(json.dumps(metadata))
    if files:
        (target / "values.yaml").write_text(json.dumps(values))
    return Chart(target, str(metadata["name"]), str(metadata["version"]))


def _metadata(file: Path, path: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError):
        raise PackagingError(f"invalid chart reference: stat {path}: no such file or directory") from None
    except yaml.YAMLError as error:
        raise PackagingError(f"invalid chart reference: cannot load Chart.yaml: {error}") from error
    if not isinstance(found, dict) or not found.get("name") or not found.get("version"):
        raise PackagingError("invalid chart reference: validation: chart.metadata.name and version are required")
    return found


def _values(tree: Path, template: Mapping[str, Any], parse: Callable[[str], list[dict[str, Any]]]) -> dict[str, Any]:
    """The values files merged, each path relative to the tree; nothing is implied, not even the chart's own."""
    merged: dict[str, Any] = {}
    for path in template.get("valuesFiles") or ():
        try:
            text = _inside(tree, path).read_text()
        except (OSError, UnicodeDecodeError):
            if template.get("ignoreMissingValuesFiles"):
                continue
            found = f"/{_inside(tree, path).relative_to(tree)}"
            words = f"values files merge error: no values file found at path '{found}' (reference '{path}')"
            raise PackagingError(words) from None
        try:
            documents = parse(text)
        except HelmError as error:
            raise PackagingError(
                f"values files merge error: unmarshaling values from '{path}' failed: {error}"
            ) from error
        merged = merge(merged, documents[0] if documents else {})
    return merged


def _inside(tree: Path, path: str) -> Path:
    """A path of the tree; one that climbs out of it stops at the top, as in the original. Links never leave it."""
    parts: list[str] = []
    for part in Path(path).parts:
        if part == "..":
            parts = parts[:-1]
        elif part not in ("/", "."):
            parts.append(part)
    return tree.joinpath(*parts)
