"""Every property of both CRDs is set, changed, removed and restored, singly and in random pairs, with both engines.

Each mutation is refused by the API server, or refused by a condition that names it, or carried out; nothing else is
disturbed; and what is restored is as it was.
"""

import pytest
import structlog

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.environment.engines import ENGINES
from tests.mutations.campaign import REFUSED, WITHOUT_EFFECT, Campaign
from tests.mutations.documents import MORE
from tests.mutations.values import KNOWN_WORDS

CAMPAIGNS = [Campaign(engine, resource) for engine in ENGINES for resource in (ENVIRONMENTS, TRONADOR_CONFIGS)]
PARTS = 3
PAIRS = 40
SEED = 17


@pytest.fixture(autouse=True)
def quiet():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=str)
def test_every_mutation_is_carried_out_or_refused_and_can_be_undone(campaign, part):
    trial = campaign.singly(part, PARTS)

    print(f"mutated: {campaign}: {trial}")
    assert not trial.broken, "\n\n".join(trial.broken)


@pytest.mark.slow
@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=str)
def test_two_mutations_at_once_are_carried_out_or_refused_and_can_be_undone(campaign):
    trial = campaign.in_pairs(PAIRS, SEED)

    print(f"mutated in pairs: {campaign}: {trial}")
    assert not trial.broken, "\n\n".join(trial.broken)


def test_the_generator_knows_every_word_of_the_schemas():
    unknown = {f"{prop}: {word}" for campaign in CAMPAIGNS for prop in campaign.properties for word in prop.schema} - {
        f"{prop}: {word}" for campaign in CAMPAIGNS for prop in campaign.properties for word in KNOWN_WORDS
    }
    assert not unknown, "add what these words admit to tests/mutations/values.py"


def test_the_tables_name_properties_that_exist():
    known = {str(prop) for campaign in CAMPAIGNS for prop in campaign.properties}
    assert {*MORE, *REFUSED, *(prop for _, prop in WITHOUT_EFFECT)} <= known
