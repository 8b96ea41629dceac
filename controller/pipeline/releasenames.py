"""The names of releases, and how a release that runs keeps its name.

With another name Helm uninstalls the release and installs another one. The release of a branch such as `123` had the
name of the branch, until names had to begin with a letter and be a text in YAML. So `render` gives the new name,
`publish` keeps the former one where an environment is published already, and `wait` treats the two as the same.
"""

from __future__ import annotations

from controller.api.environment import Environment
from controller.apimachinery import names, objects
from controller.pipeline import gitrefs


def named_after(environment: str, ref: str) -> str:
    """The text that the release is named after: the branch, or the environment where `ref` is a commit.

    Each push has another commit, so a commit cannot name a release.
    """
    return environment if gitrefs.is_commit(ref) else ref


def current(environment: Environment) -> object:
    """`releaseName` of an environment, or the name of today where it has the former name of its branch."""
    name = environment.release.get("releaseName")
    ref = objects.mapping(environment.release.get("chart")).get("ref")
    if not isinstance(ref, str):
        return name
    source = named_after(environment.name, ref)
    return names.release_name(source) if name == names.former_release_name(source) else name


def kept(wanted: Environment, present: Environment) -> str:
    """The former name that the release has in `present` and should keep in `wanted`, or ""."""
    new, old = wanted.release.get("releaseName"), present.release.get("releaseName")
    same = new == current(wanted) == current(present)
    return old if same and isinstance(old, str) and old != new else ""
