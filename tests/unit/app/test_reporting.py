"""`tronador report` looks at its own options before it looks for a cluster."""

import pytest

from controller.apimachinery.options import OptionError, build
from controller.app import reporting
from controller.app.reportoptions import ReportOptions


@pytest.mark.parametrize(
    ("credentials", "words"),
    [({}, "name at least one prefix"), ({"github.com/acme": "/nowhere"}, "/nowhere: put either `token` or both")],
)
def test_credentials_that_cannot_be_used_are_said_before_a_kubeconfig_that_is_missing(credentials, words):
    given = {"credentials": credentials, "kubeconfig": "/nowhere/kubeconfig"}

    with pytest.raises(OptionError, match=words):
        reporting.run(build(ReportOptions, given))
