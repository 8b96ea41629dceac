"""The limits and the isolation of `spec.defaults`."""

import pytest

from controller.tronadorconfig.content import Sharing, parse, problems

HARD, LIMITS = {"hard": {"pods": "20"}}, {"limits": [{"type": "Container", "default": {"memory": "256Mi"}}]}


def config(resources=None, **defaults):
    return parse({"resources": resources, "spec": {"defaults": defaults}})


def test_every_environment_gets_them_also_that_of_a_fork():
    found = config(resourceQuota=HARD, limitRange=LIMITS, isolate=True)
    assert problems(found) == ()
    share = Sharing(found, credential_git_prefixes=()).of("")
    assert [(one.kind, one.name) for one in share.manifests] == [
        ("ResourceQuota", "tronador-defaults"),
        ("LimitRange", "tronador-defaults"),
        ("NetworkPolicy", "tronador-isolation"),
    ]
    assert [one.body["spec"] for one in share.manifests[:2]] == [HARD, LIMITS]


def test_pods_of_other_environments_are_not_let_in():
    (policy,) = config(isolate=True).manifests
    [rule] = policy.body["spec"]["ingress"]
    same, others = rule["from"]
    assert same == {"podSelector": {}}
    [expression] = others["namespaceSelector"]["matchExpressions"]
    assert expression == {"key": "tronador.stakater.com/environment", "operator": "DoesNotExist"}


@pytest.mark.parametrize("nothing", [None, {}, {"isolate": None, "resourceQuota": None}, {"isolate": False}])
def test_nothing_is_created_unless_it_is_asked_for(nothing):
    found = parse({"spec": {"defaults": nothing}})
    assert (found.manifests, problems(found)) == ((), ())


def test_a_wrong_type_and_a_second_object_of_the_name_are_refused():
    (problem,) = problems(config(isolate="yes"))
    assert str(problem) == "spec.defaults.isolate: use true or false"
    (problem,) = problems(config(resourceQuota="2 CPUs"))
    assert str(problem) == "spec.defaults.resourceQuota: use a map"
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tronador-defaults"}}
    (problem,) = problems(config({"manifests": [quota]}, resourceQuota=HARD))
    assert problem.reason == "Duplicate"
