"""Two installations: `manifests/elsewhere` beside `manifests/default`. Neither overwrites what is the other's."""

from controller.app.options import Options
from tests.manifests.kustomize import rendered

HERE, ELSEWHERE = Options().namespace, "tronador-elsewhere"


def _by_place(folder):
    places = ((o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in rendered(folder))
    return dict(zip(places, rendered(folder), strict=True))


def test_the_shared_parts_of_both_installations_are_the_same():
    ours, theirs = _by_place("default"), _by_place("elsewhere")
    common = ours.keys() & theirs.keys()
    assert {kind for kind, _, _ in common} == {
        "CustomResourceDefinition",
        "ClusterRole",
        "Role",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
    assert [place for place in common if ours[place] != theirs[place]] == []


def test_the_other_installation_never_names_the_namespace_of_the_first():
    mentioned = [place for place, obj in _by_place("elsewhere").items() if HERE in str(_without_prose(obj))]
    assert mentioned == []


def test_the_other_installation_has_every_right_of_the_first():
    def rights(folder, namespace):
        return sorted(
            (o["kind"], o["metadata"].get("namespace", "").replace(namespace, "own"), o["roleRef"]["name"])
            for o in rendered(folder)
            if o["kind"] in ("RoleBinding", "ClusterRoleBinding") and o["subjects"][0]["namespace"] == namespace
        )

    assert rights("elsewhere", ELSEWHERE) == rights("default", HERE)


def test_events_may_be_posted_from_the_other_installation_too():
    places = _by_place("elsewhere")
    assert ("Role", "default", "tronador-controller-events") in places
    assert ("RoleBinding", "default", f"tronador-controller-events.{ELSEWHERE}") in places


def _without_prose(obj):
    # Descriptions of fields may name the usual namespace.
    if isinstance(obj, dict):
        return {key: _without_prose(value) for key, value in obj.items() if key not in ("description", "message")}
    return [_without_prose(item) for item in obj] if isinstance(obj, list) else obj
