"""What we know of RBAC: the role that gives us our rights inside an environment, and the binding that we make there."""

from __future__ import annotations

from controller.apimachinery.resources import Resource

RBAC_GROUP = "rbac.authorization.k8s.io"
ROLE_BINDINGS = Resource(RBAC_GROUP, "v1", "rolebindings", "RoleBinding", namespaced=True)
ENVIRONMENT_ROLE = "tronador-environment"
ENVIRONMENT_BINDING = "tronador-controller"
# On a ClusterRole of the platform team's: its rules become part of that role.
AGGREGATE_LABEL = "tronador.stakater.com/aggregate-to-environment"
