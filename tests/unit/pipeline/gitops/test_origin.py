"""When two origins are the same repository or pull request."""

import pytest

from controller.pipeline.gitops import Origin


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Origin("github.com/acme/shop"), Origin("github.com/acme/shop"), True),
        (Origin("github.com/acme/shop"), Origin("github.com/acme/store"), False),
        # By ID if both have one: renamed, moved, and a new repository under the former name.
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/store", "", "1"), True),
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/other/shop", "", "1"), True),
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/shop", "", "2"), False),
        # IDs are only unique on one host.
        (Origin("github.com/acme/shop", "", "1"), Origin("gitlab.com/acme/shop", "", "1"), False),
        (Origin("github.com/acme/shop", "", "1"), Origin("gitlab.com/acme/shop", "", "2"), False),
        # Files of older versions have no ID.
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/shop"), True),
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/store"), False),
        # Hosts with repository IDs ignore case, others may not.
        (Origin("github.com/Acme/Shop"), Origin("github.com/acme/shop"), True),
        (Origin("codeberg.org/Acme/Shop"), Origin("codeberg.org/acme/shop"), True),
        (Origin("git.example.com/Acme/Shop", "", "1"), Origin("git.example.com/acme/shop"), True),
        (Origin("git.example.com/Acme/Shop"), Origin("git.example.com/acme/shop"), False),
        # One host by ssh on a separate port: the same only if ID and path agree.
        (Origin("git.example.com:2222/Acme/shop", "", "1"), Origin("git.example.com/acme/shop", "", "1"), True),
        (Origin("git.example.com:2222/acme/shop", "", "1"), Origin("git.example.com:8443/acme/shop", "", "1"), True),
        (Origin("git.example.com:2222/acme/shop", "", "1"), Origin("git.example.com/acme/store", "", "1"), False),
        (Origin("git.example.com:2222/acme/shop", "", "1"), Origin("git.example.com/acme/shop", "", "2"), False),
        (Origin("git.example.com:2222/acme/shop", "", "1"), Origin("git.example.com/acme/shop"), False),
        (Origin("git.example.com:2222/acme/shop"), Origin("git.example.com/acme/shop"), False),
        (Origin("github.com/acme/shop"), Origin(), False),
        (Origin("", "", "1"), Origin("", "", "2"), True),
    ],
)
def test_repositories_are_compared_by_id_or_by_location(one, other, same):
    assert one.is_of_same_repository(other) is other.is_of_same_repository(one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Origin("github.com/acme/shop", "74", "1"), Origin("github.com/acme/store", "74", "1"), True),
        (Origin("github.com/acme/shop", "74", "1"), Origin("github.com/acme/shop", "75", "1"), False),
        (Origin("github.com/acme/shop", "74", "1"), Origin("github.com/acme/shop", "74", "2"), False),
        (Origin("github.com/acme/shop", "74", "1"), Origin("github.com/acme/shop", "74"), False),
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/shop", "", "1"), False),
        (Origin("github.com/acme/shop", "74", "1"), Origin("gitlab.com/acme/shop", "74", "1"), False),
        (Origin("", "74", "1"), Origin("", "74", "1"), False),
    ],
)
def test_a_pull_request_is_identified_by_ids_only_if_all_are_known(one, other, same):
    assert one.is_same_by_number(other) is other.is_same_by_number(one) is same
