"""Shards of one installation: each selector has a Lease of its own, and one shard does what is done once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api.environment import LEASE_NAME
from controller.apimachinery import names, selectors
from controller.app.sharding import is_main, lease_name
from controller.leaderelection import LeaderElectionConfig

KEY = "tronador.stakater.com/shard"
VALUES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", fullmatch=True) | st.just("")
KEYS = st.sampled_from([KEY, "team", "a"])
SELECTORS = st.one_of(
    st.builds("{}={}".format, KEYS, VALUES),
    st.builds("{}!={}".format, KEYS, VALUES),
    st.builds("{} in ({},{})".format, KEYS, VALUES, VALUES),
    st.builds("{}={},{}".format, KEYS, VALUES, KEYS),
    VALUES.filter(bool),
)


@pytest.mark.parametrize("selector", ["", f"!{KEY}", f" ! {KEY} "])
def test_the_main_shard_has_the_lease_of_an_installation_without_shards(selector):
    assert is_main(selector)
    assert lease_name(selector) == LEASE_NAME


@pytest.mark.parametrize("selector", [f"{KEY}=a", f"{KEY}==a", f"{KEY} in (a)", f" {KEY} = a "])
def test_a_shard_of_our_label_is_named_by_its_value(selector):
    assert not is_main(selector)
    assert lease_name(selector) == "tronador-controller-a"


@pytest.mark.parametrize("selector", [f"{KEY}=", f"{KEY}=A", f"{KEY}=a_b", f"{KEY} in (a,b)", f"{KEY}=a,x", KEY, "x=y"])
def test_every_other_selector_has_a_name_that_ends_in_a_hash(selector):
    assert not is_main(selector)
    assert names.conform(lease_name(selector), limit=253) != lease_name(selector)
    assert names.is_dns_subdomain(lease_name(selector))


@given(one=SELECTORS, other=SELECTORS)
def test_two_selectors_share_a_lease_only_if_they_mean_the_same(one, other):
    same = selectors.canonical(one) == selectors.canonical(other)
    assert (lease_name(one) == lease_name(other)) == same


def test_the_value_of_our_label_cannot_take_the_name_of_another_selector():
    taken = lease_name("team").removeprefix(f"{LEASE_NAME}-")
    assert lease_name(f"{KEY}={taken}") != lease_name("team")


def test_the_name_of_a_lease_is_valid_for_the_election():
    assert LeaderElectionConfig(namespace="n", name=lease_name(f"{KEY}={'a' * 63}"), identity="i").name
