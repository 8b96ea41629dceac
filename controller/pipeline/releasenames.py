"""The names of releases, and how a running release keeps its name.

If the name changes, Helm uninstalls the release and installs another one. In earlier versions, the release of a branch
such as `123` was named exactly like the branch. Today a name has to start with a letter, and YAML must read it as a
string. So `render` writes the new name, `publish` keeps the former name of an environment that is already published,
and `wait` treats the two names as equal.
"""

from __future__ import annotations

from controller.api.environment import Environment
from controller.apimachinery import names
from controller.pipeline import gitrefs


def named_after(environment: str, ref: str) -> str:
    """Return what the release is named after: the branch, or the environment if `ref` is a commit.

    Every push has a new commit, so a release named after a commit would be replaced by every push.
    """
    return environment if gitrefs.is_commit(ref) else ref


def current(environment: Environment) -> object:
    """Return `releaseName` of an environment. The former name of its branch is replaced by the name used today."""
    name = environment.release.get("releaseName")
    ref = environment.chart.get("ref")
    if not isinstance(ref, str):
        return name
    source = named_after(environment.name, ref)
    return names.release_name(source) if name == names.former_release_name(source) else name


def kept(wanted: Environment, present: Environment) -> str:
    """Return the former name that the release has in `present` and should keep in `wanted`, or ""."""
    new, old = wanted.release.get("releaseName"), present.release.get("releaseName")
    same = new == current(wanted) == current(present)
    return old if same and isinstance(old, str) and old != new else ""
