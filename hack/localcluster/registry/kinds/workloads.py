"""Workloads and Services: defaults that readers rely on and selectors that must fit."""

from __future__ import annotations

from typing import Any

from ...fielderrors import FieldError, forbidden, invalid, required
from ...objects import Object, clone
from ...selectors.fields import FieldReader
from ...validation import names
from ..strategy import field_readers
from .builtin import BuiltinStrategy

_STATEFUL_SET_CHANGES = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


class WorkloadStrategy(BuiltinStrategy):
    """A kind with a pod template."""

    has_status = True
    has_generation = True

    def default(self, obj: Object) -> Object:
        """Defaults of the spec, then of the pod template."""
        spec = obj.get("spec")
        if not isinstance(spec, dict):
            return obj
        spec = {**clone(self.spec_defaults()), **spec}
        template = spec.get("template")
        if isinstance(template, dict):
            spec["template"] = {**template, "spec": default_pod_spec(template.get("spec") or {})}
        return {**obj, "spec": spec}

    def spec_defaults(self) -> dict[str, Any]:
        """Defaults of the spec's own fields."""
        return {}

    def validate(self, obj: Object) -> list[FieldError]:
        """A selector is there and selects the template, which has containers."""
        spec: dict[str, Any] = obj.get("spec") or {}
        template: dict[str, Any] = spec.get("template") or {}
        selector = spec.get("selector")
        errors: list[FieldError] = []
        if selector is None:
            errors.append(required("spec.selector"))
        wanted: dict[str, str] = (selector or {}).get("matchLabels") or {}
        labels = (template.get("metadata") or {}).get("labels") or {}
        if any(labels.get(key) != value for key, value in wanted.items()):
            text = "`selector` does not match template `labels`"
            errors.append(invalid("spec.template.metadata.labels", labels, text))
        return errors + missing_in_pod_spec(template.get("spec"), "spec.template.spec")

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """The selector is immutable."""
        errors = self.validate(obj)
        selector, before = (obj.get("spec") or {}).get("selector"), (old.get("spec") or {}).get("selector")
        if selector != before:
            errors.append(invalid("spec.selector", selector, "field is immutable"))
        return errors


class DeploymentStrategy(WorkloadStrategy):
    """Deployments."""

    def spec_defaults(self) -> dict[str, Any]:
        """Replicas, rolling update, limits."""
        return {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        }


class StatefulSetStrategy(WorkloadStrategy):
    """StatefulSets: most of the spec is immutable."""

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """Refuse a change of any other field of the spec with one error for the whole spec."""
        text = (
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        errors = self.validate(obj)
        return [*errors, forbidden("spec", text)] if self._frozen(obj) != self._frozen(old) else errors

    @staticmethod
    def _frozen(obj: Object) -> dict[str, Any]:
        return {field: value for field, value in (obj.get("spec") or {}).items() if field not in _STATEFUL_SET_CHANGES}

    def spec_defaults(self) -> dict[str, Any]:
        """Replicas, ordered pods, rolling update."""
        return {
            "replicas": 1,
            "podManagementPolicy": "OrderedReady",
            "revisionHistoryLimit": 10,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        }


class DaemonSetStrategy(WorkloadStrategy):
    """DaemonSets."""

    def spec_defaults(self) -> dict[str, Any]:
        """Rolling update."""
        return {
            "revisionHistoryLimit": 10,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
        }


class ReplicaSetStrategy(WorkloadStrategy):
    """ReplicaSets."""

    def spec_defaults(self) -> dict[str, Any]:
        """Replicas."""
        return {"replicas": 1}


class JobStrategy(WorkloadStrategy):
    """Jobs: the server makes their selector, and the template stays."""

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """Selector and template are immutable."""
        errors = super().validate_change(obj, old)
        template, before = (obj.get("spec") or {}).get("template"), (old.get("spec") or {}).get("template")
        return errors if template == before else [*errors, invalid("spec.template", template, "field is immutable")]

    def spec_defaults(self) -> dict[str, Any]:
        """Return the defaults: one completion, six retries."""
        return {"parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False}

    def prepare_create(self, obj: Object) -> Object:
        """The controller-uid label ties pods to this life of the job."""
        obj = super().prepare_create(obj)
        spec = clone(obj.get("spec") or {})
        if not spec.get("manualSelector"):
            uid, name = obj["metadata"].get("uid", ""), obj["metadata"].get("name", "")
            mark = {"batch.kubernetes.io/controller-uid": uid}
            more = {"batch.kubernetes.io/job-name": name, "controller-uid": uid, "job-name": name}
            template = spec.setdefault("template", {})
            metadata = template.setdefault("metadata", {})
            metadata["labels"] = {**(metadata.get("labels") or {}), **mark, **more}
            spec["selector"] = {"matchLabels": mark}
        return {**obj, "spec": spec}


class CronJobStrategy(BuiltinStrategy):
    """CronJobs."""

    has_status = True
    has_generation = True

    def default(self, obj: Object) -> Object:
        """Concurrency and histories."""
        spec = obj.get("spec")
        if not isinstance(spec, dict):
            return obj
        defaults = {
            "concurrencyPolicy": "Allow",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
        }
        return {**obj, "spec": {**defaults, **spec}}


class PodStrategy(BuiltinStrategy):
    """Pods. There is no scheduler, so they stay Pending and are deleted at once."""

    @property
    def readers(self) -> dict[str, FieldReader]:
        """Add the field selectors on node, phase and restart policy."""
        return field_readers(
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        )

    def default(self, obj: Object) -> Object:
        """Defaults of the pod spec."""
        spec = obj.get("spec")
        return {**obj, "spec": default_pod_spec(spec)} if isinstance(spec, dict) else obj

    def prepare_create(self, obj: Object) -> Object:
        """A new pod is Pending."""
        return {**super().prepare_create(obj), "status": {"phase": "Pending", "qosClass": "BestEffort"}}

    def validate(self, obj: Object) -> list[FieldError]:
        """Require at least one container."""
        return missing_in_pod_spec(obj.get("spec"), "spec")


class ServiceStrategy(BuiltinStrategy):
    """Services: type and ports have defaults; addresses are handed out by the registry's allocator."""

    name_check = staticmethod(names.dns1035_label)

    def default(self, obj: Object) -> Object:
        """ClusterIP, no affinity, TCP, target port as port."""
        spec = obj.get("spec")
        if not isinstance(spec, dict):
            return obj
        spec = {"sessionAffinity": "None", "type": "ClusterIP", **spec}
        if spec["type"] == "ExternalName":
            return {**obj, "spec": spec}
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec["ports"] = [
            {"protocol": "TCP", "targetPort": port.get("port"), **port} for port in spec.get("ports") or []
        ]
        return {**obj, "spec": spec}

    def prepare_create(self, obj: Object) -> Object:
        """Set one IPv4 address, derived from the uid so that no allocator is needed."""
        obj = super().prepare_create(obj)
        spec = dict(obj.get("spec") or {})
        if spec.get("type") != "ExternalName":
            digits = obj["metadata"].get("uid", "0" * 8).replace("-", "")
            address = spec.get("clusterIP") or f"10.96.{int(digits[:2], 16)}.{int(digits[2:4], 16)}"
            spec.update(clusterIP=address, clusterIPs=[address], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
        return {**obj, "spec": spec, "status": {"loadBalancer": {}}}

    def prepare_update(self, obj: Object, old: Object) -> Object:
        """An address that the update leaves out stays."""
        kept = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
        before = old.get("spec") or {}
        spec = {**{key: before[key] for key in kept if key in before}, **(obj.get("spec") or {})}
        return super().prepare_update({**obj, "spec": spec}, old)

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """The address cannot change."""
        errors = self.validate(obj)
        address, before = ((one.get("spec") or {}).get("clusterIP") for one in (obj, old))
        if before and address != before:
            errors.append(invalid("spec.clusterIPs[0]", [address], "may not change once set"))
        return errors

    def validate(self, obj: Object) -> list[FieldError]:
        """Ports are there, and named when there are several."""
        spec: dict[str, Any] = obj.get("spec") or {}
        ports = spec.get("ports") or []
        errors: list[FieldError] = []
        if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
            errors.append(required("spec.ports"))
        for index, port in enumerate(ports):
            if len(ports) > 1 and not port.get("name"):
                errors.append(required(f"spec.ports[{index}].name"))
            if not 0 < (port.get("port") or 0) < 65536:
                text = "must be between 1 and 65535, inclusive"
                errors.append(invalid(f"spec.ports[{index}].port", port.get("port") or 0, text))
        return errors


class ClaimStrategy(BuiltinStrategy):
    """PersistentVolumeClaims: nothing binds them here, and of the spec only the size may change."""

    def validate_change(self, obj: Object, old: Object) -> list[FieldError]:
        """The spec but for its requests is immutable."""
        text = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        new, before = ({**(one.get("spec") or {}), "resources": None} for one in (obj, old))
        errors = self.validate(obj)
        return errors if new == before else [*errors, forbidden("spec", text)]


def missing_in_pod_spec(spec: dict[str, Any] | None, path: str) -> list[FieldError]:
    """Return an error for each required field that is missing in a pod spec."""
    containers = (spec or {}).get("containers") or []
    if not containers:
        return [required(f"{path}.containers")]
    return [
        required(f"{path}.containers[{index}].{field}")
        for index, container in enumerate(containers)
        for field in ("name", "image")
        if not container.get(field)
    ]


def default_pod_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """A pod spec with the defaults the server fills in."""
    result = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        **spec,
    }
    if spec.get("serviceAccountName"):
        result.setdefault("serviceAccount", spec["serviceAccountName"])
    for field in ("containers", "initContainers"):
        if spec.get(field):
            result[field] = [_default_container(container) for container in spec[field]]
    return result


def _default_container(container: dict[str, Any]) -> dict[str, Any]:
    image = str(container.get("image") or "")
    latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    result = {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always" if latest else "IfNotPresent",
        **container,
    }
    if container.get("ports"):
        result["ports"] = [{"protocol": "TCP", **port} for port in container["ports"]]
    return result
