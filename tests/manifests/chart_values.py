"""Values of the chart that turn on everything."""

from __future__ import annotations

EVERYTHING = {
    "quotas": {"enabled": True},
    "gatewayApi": {"enabled": True},
    "users": {"enabled": True},
    "shards": ["a"],
    "report": {"enabled": True, "credentials": [{"prefix": "github.com/org", "secret": "scm-org"}]},
    "prometheusRule": {"enabled": True},
    "dashboard": {"enabled": True},
    "podMonitor": {"enabled": True},
    "image": {"pullPolicy": "Always", "pullSecrets": [{"name": "registry"}]},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "system-cluster-critical",
    "podAnnotations": {"example.com/note": "1"},
    "podLabels": {"team": "platform"},
    "serviceAccount": {"name": "environments", "annotations": {"example.com/role": "tronador"}},
    "options": {"workers": 8, "namespaceLabels": {"team": "platform"}},
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}],
    "extraVolumes": [{"name": "authority", "configMap": {"name": "authority"}}],
    "extraVolumeMounts": [{"name": "authority", "mountPath": "/etc/authority", "readOnly": True}],
}
