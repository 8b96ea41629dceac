"""Whether two repositories are one."""

import pytest

from controller.pipeline.gitops import Origin


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Origin("github.com/acme/shop"), Origin("github.com/acme/shop"), True),
        (Origin("github.com/acme/shop"), Origin("github.com/acme/store"), False),
        # By its number where both have one: renamed, moved, and another one that has taken the former place.
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/store", "", "1"), True),
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/other/shop", "", "1"), True),
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/shop", "", "2"), False),
        # Numbers are each host's own.
        (Origin("github.com/acme/shop", "", "1"), Origin("gitlab.com/acme/shop", "", "1"), False),
        (Origin("github.com/acme/shop", "", "1"), Origin("gitlab.com/acme/shop", "", "2"), False),
        # Files of older versions have no number.
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/shop"), True),
        (Origin("github.com/acme/shop", "", "1"), Origin("github.com/acme/store"), False),
        # Capitals: hosts that number their repositories ignore them, others may not.
        (Origin("github.com/Acme/Shop"), Origin("github.com/acme/shop"), True),
        (Origin("codeberg.org/Acme/Shop"), Origin("codeberg.org/acme/shop"), True),
        (Origin("git.example.com/Acme/Shop", "", "1"), Origin("git.example.com/acme/shop"), True),
        (Origin("git.example.com/Acme/Shop"), Origin("git.example.com/acme/shop"), False),
        # One host by ssh on a port of its own: only the number proves it, and only in the same place.
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
def test_two_repositories_are_one_or_not(one, other, same):
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
def test_a_pull_request_is_known_by_numbers_alone_only_where_all_are_there(one, other, same):
    assert one.is_same_by_number(other) is other.is_same_by_number(one) is same
