"""`manifests/shards`: the main set of replicas and another one, which have nothing in common but their account."""

import pytest

from controller.app import sharding
from tests.manifests.kustomize import rendered

SELECTORS = {"tronador-controller": sharding.MAIN, "tronador-controller-a": "tronador.stakater.com/shard=a"}


def _of(kind):
    return {o["metadata"]["name"]: o for o in rendered("shards") if o["kind"] == kind}


def _pod_labels(deployment):
    return deployment["spec"]["template"]["metadata"]["labels"]


def _variable(deployment, name):
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    [variable] = [variable for variable in container["env"] if variable["name"] == name]
    return variable["value"]


def _selects(selector, labels):
    return selector.items() <= labels.items()


def test_each_deployment_has_its_own_selector():
    found = {name: _variable(o, "TRONADOR_WATCH_LABEL_SELECTOR") for name, o in _of("Deployment").items()}
    assert found == SELECTORS


def test_the_leases_have_the_names_of_the_deployments_and_may_be_written():
    assert {name: sharding.lease_name(selector) for name, selector in SELECTORS.items()} == {n: n for n in SELECTORS}
    named = [
        (rule["resourceNames"], rule["verbs"])
        for role in _of("Role").values()
        for rule in role["rules"]
        if rule["resources"] == ["leases"] and "resourceNames" in rule
    ]
    assert sorted(named) == [(["tronador-controller"], ["update"]), (["tronador-controller-a"], ["get", "update"])]


def test_the_role_of_the_shard_is_bound_to_the_account_that_its_pods_run_as():
    binding = _of("RoleBinding")["tronador-shard-lease-a"]
    pod = _of("Deployment")["tronador-controller-a"]["spec"]["template"]["spec"]
    assert binding["roleRef"]["name"] in _of("Role")
    assert [subject["name"] for subject in binding["subjects"]] == [pod["serviceAccountName"]]


@pytest.mark.parametrize(
    ("kind", "selector"),
    [
        ("Deployment", lambda o: o["spec"]["selector"]["matchLabels"]),
        ("Service", lambda o: o["spec"]["selector"]),
        ("PodDisruptionBudget", lambda o: o["spec"]["selector"]["matchLabels"]),
        ("NetworkPolicy", lambda o: o["spec"]["podSelector"]["matchLabels"]),
    ],
)
def test_each_object_selects_only_the_pods_of_its_own_shard(kind, selector):
    for name, obj in _of(kind).items():
        selected = {pods for pods, o in _of("Deployment").items() if _selects(selector(obj), _pod_labels(o))}
        assert selected == {name}
    assert _of(kind).keys() == SELECTORS.keys()


def test_replicas_are_spread_within_their_own_shard():
    for name, deployment in _of("Deployment").items():
        [spread] = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        wanted = spread["labelSelector"]["matchLabels"]
        assert [n for n, o in _of("Deployment").items() if _selects(wanted, _pod_labels(o))] == [name]


def test_everything_else_is_the_same_as_in_the_default_installation():
    def places(folder):
        return {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]): o for o in rendered(folder)}

    default, sharded = places("default"), places("shards")
    assert {place for place in default if default[place] != sharded[place]} == {
        ("Deployment", "tronador-system", "tronador-controller")
    }
    assert {name for _, _, name in sharded.keys() - default.keys()} == {
        "tronador-controller-a",
        "tronador-shard-lease-a",
    }
