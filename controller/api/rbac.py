"""RBAC constants: the role with our permissions inside an environment, and the binding that we create there."""

from __future__ import annotations

from controller.apimachinery.resources import Resource

RBAC_GROUP = "rbac.authorization.k8s.io"
ROLE_BINDINGS = Resource(RBAC_GROUP, "v1", "rolebindings", "RoleBinding", namespaced=True)
ENVIRONMENT_ROLE = "tronador-environment"
ENVIRONMENT_BINDING = "tronador-controller"
# On a ClusterRole of the platform team: adds its rules to that role.
AGGREGATE_LABEL = "tronador.stakater.com/aggregate-to-environment"
