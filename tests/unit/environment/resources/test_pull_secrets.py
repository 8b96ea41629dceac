"""imagePullSecrets of service accounts: what is added, what is taken back, and what belongs to others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery.resources import SERVICE_ACCOUNTS
from controller.environment.effects import Create, Patch, Read, Target
from controller.environment.engines import flux, helm_operator
from controller.environment.observation import REFUSED
from controller.environment.options import EnvironmentOptions
from controller.environment.resources import pull_secrets
from controller.environment.resources.memory import Memory
from controller.tronadorconfig.content import Share
from tests.unit.environment.support.builders import NAME, observation

DEFAULT = Target(SERVICE_ACCOUNTS, "default", NAME)
RELEASE = Target(SERVICE_ACCOUNTS, "release", NAME)
_NAMES = st.sampled_from(["a", "b", "c", "ours"])


def _account(*names, version="5"):
    entries = [{"name": name} for name in names]
    return {"metadata": {"name": "default", "resourceVersion": version}, "imagePullSecrets": entries}


def _memory(*names, account="default"):
    return Memory(pull_secrets={account: frozenset(names)})


def _attach(answer, *, wanted="ours", before=(), target=DEFAULT, names=None):
    seen = observation(share=Share(image_pull_secret=wanted), answers={target: answer})
    return pull_secrets.attach(seen, _memory(*before, account=target.name), names or (target.name,))


@pytest.mark.parametrize(
    ("there", "before", "wanted", "left", "added"),
    [
        # there: on the account; before: what we remember to have added; left: what is written, None for no write.
        ([], [], "ours", ["ours"], {"ours"}),
        (["theirs"], [], "ours", ["theirs", "ours"], {"ours"}),
        (["theirs", "ours"], ["ours"], "ours", None, {"ours"}),
        # Somebody else attached the very same before us: it is his, and stays his.
        (["ours"], [], "ours", None, set()),
        # Written down, and then the process died.
        ([], ["ours"], "ours", ["ours"], {"ours"}),
        # Another is wanted: the old one is remembered until it is seen to be off.
        (["theirs", "old"], ["old"], "ours", ["theirs", "ours"], {"old", "ours"}),
        (["theirs", "ours"], ["old", "ours"], "ours", None, {"ours"}),
        # None is wanted any more.
        (["theirs", "old"], ["old"], "", ["theirs"], {"old"}),
        (["old"], ["old"], "", [], {"old"}),
        (["theirs"], ["old"], "", None, set()),
    ],
)
def test_our_pull_secret_is_added_and_only_ours_is_removed(there, before, wanted, left, added):
    attachment = _attach(_account(*there), wanted=wanted, before=before)

    writes = [effect for effect in attachment.effects if isinstance(effect, Patch)]
    if left is None:
        assert attachment.effects == ()
    else:
        entries = [{"name": name} for name in left] or None
        assert writes == [Patch(DEFAULT, {"metadata": {"resourceVersion": "5"}, "imagePullSecrets": entries})]
    assert attachment.added.get("default", frozenset()) == added


def test_a_removed_pull_secret_is_checked_once_more_and_then_forgotten():
    assert Read(DEFAULT) in _attach(_account("old"), wanted="", before=["old"]).effects
    assert Read(DEFAULT) not in _attach(_account("theirs")).effects


@given(
    st.lists(_NAMES, max_size=4, unique=True),
    st.frozensets(_NAMES, max_size=3),
    st.sampled_from(["ours", "a", ""]),
)
def test_entries_of_others_are_kept_and_two_rounds_suffice(there, before, wanted):
    def rounds(account, memory):
        while True:
            seen = observation(share=Share(image_pull_secret=wanted), answers={DEFAULT: account})
            attachment = pull_secrets.attach(seen, memory, ("default",))
            memory = Memory(pull_secrets=attachment.added)
            yield account, memory, attachment.effects
            for effect in attachment.effects:
                if isinstance(effect, Patch):
                    account = {**account, "imagePullSecrets": effect.body["imagePullSecrets"] or []}

    history = rounds(_account(*there), Memory(pull_secrets={"default": before}))
    next(history)
    account, memory, effects = next(history)
    after = [entry["name"] for entry in account["imagePullSecrets"]]
    others = [name for name in there if name not in before]
    assert effects == ()
    assert [name for name in after if name in others] == others
    assert not wanted or wanted in after
    assert set(after) <= {*others, wanted}
    assert memory.pull_secrets.get("default", frozenset()) <= {wanted}


def test_a_missing_default_account_is_created_with_the_pull_secret():
    attachment = _attach(None)

    (effect,) = attachment.effects
    assert isinstance(effect, Create)
    assert effect.target == DEFAULT
    assert effect.body["imagePullSecrets"] == [{"name": "ours"}]
    assert attachment.added == {"default": frozenset({"ours"})}


def test_no_other_account_is_created_or_recorded():
    attachment = _attach(None, target=RELEASE)
    assert attachment.effects == ()
    assert attachment.added == {}


def test_an_account_that_appears_late_gets_the_pull_secret():
    assert _attach(_account("theirs"), target=RELEASE).added == {"release": frozenset({"ours"})}


def test_an_account_that_is_gone_is_forgotten():
    attachment = _attach(None, wanted="", before=["old"])
    assert (attachment.effects, attachment.added) == ((), {})


def test_an_unreadable_account_is_neither_changed_nor_forgotten():
    attachment = _attach(REFUSED, wanted="", before=["old"])
    assert (attachment.effects, attachment.added) == ((), {"default": frozenset({"old"})})


def test_an_account_that_should_no_longer_have_the_pull_secret_loses_it():
    answers = {DEFAULT: _account("ours"), RELEASE: _account("ours")}
    memory = Memory(pull_secrets={name: frozenset({"ours"}) for name in ("default", "release")})
    seen = observation(share=Share(image_pull_secret="ours"), answers=answers)

    attachment = pull_secrets.attach(seen, memory, ("default",))

    body = {"metadata": {"resourceVersion": "5"}, "imagePullSecrets": None}
    assert attachment.effects == (Patch(RELEASE, body), Read(RELEASE))


def test_only_concerned_accounts_are_read_and_only_once():
    share = Share(image_pull_secret="ours")
    assert pull_secrets.questions(observation(), Memory(), ("default",)) == ()
    assert pull_secrets.questions(observation(share=share), _memory("ours"), ("default",)) == (Read(DEFAULT),)
    assert pull_secrets.questions(observation(), _memory("ours"), ("default",)) == (Read(DEFAULT),)
    assert pull_secrets.questions(observation(share=share, answers={DEFAULT: None}), Memory(), ("default",)) == ()


def test_the_releases_account_gets_the_pull_secret_only_if_the_engine_uses_one():
    options = EnvironmentOptions(service_account="", release_service_account="release")
    assert pull_secrets.accounts(options, flux.ENGINE) == ("default", "release")
    assert pull_secrets.accounts(options, helm_operator.ENGINE) == ("default",)
    assert pull_secrets.accounts(options, None) == ("default",)
