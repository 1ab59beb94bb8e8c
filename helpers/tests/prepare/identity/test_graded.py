"""The linkage held against the truth of a simulated chain: benchmarks/identity.py has the twenty seeds."""

from __future__ import annotations

import pytest

from loyalty.prepare.identity import grade_links, link_records, match_exact, normalise_records
from loyalty.world import World

pytestmark = pytest.mark.slow
SEED = 100  # neither of the benchmark's nor looked at before the bounds stood


@pytest.fixture(scope="module")
def chain():
    """Records of 20,000 people in three sources, those who agreed, and the truth."""
    found = World(20_000, 24, SEED).make_identities(histories=False)
    tables = {"cards": found.cards, "accounts": found.accounts, "app_users": found.app_users}
    records = normalise_records(tables)
    records = records[records["consent"].fillna(False).astype(bool)].reset_index(drop=True)
    return records, found.truth


@pytest.fixture(scope="module")
def links(chain):
    return link_records(chain[0])


def count_merged(people, truth):
    """Customers whose group also holds a record of somebody else."""
    both = people.merge(truth, on=["source", "record_id"])
    owners = both.groupby("person")["customer_id"].nunique()
    return both.loc[both["person"].map(owners) > 1, "customer_id"].nunique()


def test_precision_and_recall_keep_the_bounds_that_were_fixed_beforehand(chain, links):
    grades = grade_links(links, chain[1], only=chain[0])
    assert grades.precision >= 0.99
    assert grades.recall >= 0.90


def test_a_join_by_phone_merges_hundreds_of_people_and_the_linkage_few(chain, links):
    records, truth = chain
    assert count_merged(match_exact(records, ["phone"]).people, truth) > 500
    assert count_merged(links.people, truth) < 100


def test_a_made_up_phone_puts_nobody_together(chain, links):
    made_up = chain[1][chain[1]["made_up_phone"]]
    people = links.people.merge(made_up, on=["source", "record_id"])
    assert (
        people.groupby("person")["customer_id"].nunique().value_counts().get(1, 0) > 0.98 * people["person"].nunique()
    )


def test_at_most_one_in_a_hundred_pairs_of_one_household_is_taken_for_one_person(chain, links):
    both = links.people.merge(chain[1], on=["source", "record_id"])
    pairs = both.merge(both, on="household_id", suffixes=("", "_other"))
    pairs = pairs[pairs["customer_id"] < pairs["customer_id_other"]]
    assert len(pairs) > 5_000
    assert (pairs["person"] == pairs["person_other"]).mean() < 0.01
