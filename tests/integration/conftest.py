"""Black-box tests of the controller: it runs against a cluster, and the tests look only at the cluster.

By default each test has a local cluster of its own. With TRONADOR_TEST_KUBECONFIG the same tests run against that
cluster, in which nothing else may use EnvironmentProvisioners; run them with `-n 0` then.
"""

from tests.integration.support.fixtures import (
    any_cluster,
    bare_cluster,
    base,
    both_engines,
    cluster,
    controller,
    engine,
    environments,
    history,
    installer,
    local,
    make_bare_installer,
    make_installer,
    repository,
    requests,
    start_controller,
    start_process,
    stopped_engine,
)
from tests.integration.support.kubectls import applied, kubectl
from tests.leaks import nothing_left_behind

__all__ = [
    "any_cluster",
    "applied",
    "bare_cluster",
    "base",
    "both_engines",
    "cluster",
    "controller",
    "engine",
    "environments",
    "history",
    "installer",
    "kubectl",
    "local",
    "make_bare_installer",
    "make_installer",
    "nothing_left_behind",
    "repository",
    "requests",
    "start_controller",
    "start_process",
    "stopped_engine",
]
