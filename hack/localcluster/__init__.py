"""An in-memory Kubernetes API over HTTP, with the parts of kube-controller-manager that matter here.

`LocalCluster` embeds it in a test process; `python -m hack.localcluster` runs it as a program, and `ClusterProcess`
does so for a test. The README in this folder maps the modules.
"""

from .cluster import LocalCluster
from .options import Options
from .process import ClusterProcess

__all__ = ["ClusterProcess", "LocalCluster", "Options"]
