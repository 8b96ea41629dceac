"""The kinds of Argo CD, and the marks that it leaves."""

from __future__ import annotations

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource

APPLICATIONS = Resource("argoproj.io", "v1alpha1", "applications", "Application", namespaced=True)
APP_PROJECTS = Resource("argoproj.io", "v1alpha1", "appprojects", "AppProject", namespaced=True)
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", namespaced=True)

SETTINGS = "argocd-cm"
FIELD_MANAGER = "argocd-controller"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
BACKGROUND_FINALIZER = f"{FINALIZER}/background"
TRACKING = "argocd.argoproj.io/tracking-id"


def tracking_id(application: str, obj: Object, namespace: str) -> str:
    """The mark on an object of an Application; `namespace` is its destination's, also for cluster-scoped kinds."""
    group = str(obj["apiVersion"]).rpartition("/")[0]
    place = objects.namespace(obj) or namespace
    return f"{application}:{group}/{obj['kind']}:{place}/{objects.name(obj)}"


def is_tracked(obj: Object, application: str) -> bool:
    """Whether an object carries the mark of an Application."""
    return objects.annotations(obj).get(TRACKING, "").startswith(f"{application}:")
