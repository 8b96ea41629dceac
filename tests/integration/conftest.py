"""Black-box tests of the controller: it runs against a cluster, and the tests look only at the cluster.

By default each test has a local cluster of its own. With TRONADOR_TEST_KUBECONFIG the same tests run against that
cluster, in which nothing else may use EnvironmentProvisioners; run them with `-n 0` then.
"""

from tests.integration.support.fixtures import *  # noqa: F403 - fixtures alone
