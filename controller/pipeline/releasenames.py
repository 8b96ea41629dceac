"""What releases are called, and how one that runs keeps its name.

Another name is another release: the one before is uninstalled. Releases of branches such as `123` were called like the
branch, until names had to begin with a letter and be a text in YAML. So `render` gives the new name, `publish` keeps
the former one where an environment is published already, and `wait` takes the two for the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.api.environment import Environment
from controller.apimachinery import names
from controller.pipeline import gitrefs


def named_after(environment: str, ref: str) -> str:
    """What names the release: the branch; where `ref` is a commit, which each push changes, the environment."""
    return environment if gitrefs.is_commit(ref) else ref


def current(environment: Environment) -> object:
    """`releaseName` of an environment; where that is the former name of its branch, today's."""
    name = environment.release.get("releaseName")
    chart = environment.release.get("chart")
    ref = chart.get("ref") if isinstance(chart, Mapping) else None
    if not isinstance(ref, str):
        return name
    source = named_after(environment.name, ref)
    return names.release_name(source) if name == names.former_release_name(source) else name


def kept(wanted: Environment, present: Environment) -> str:
    """The former name that the release has in `present` and should keep in `wanted`, or ""."""
    new, old = wanted.release.get("releaseName"), present.release.get("releaseName")
    same = new == current(wanted) == current(present)
    return old if same and isinstance(old, str) and old != new else ""
