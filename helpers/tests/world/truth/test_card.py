import numpy as np
import pytest

from loyalty.stats.intervals import compare_means
from loyalty.world import World, WorldError


@pytest.fixture(scope="module")
def programme():
    return World(customers=8_000, months=24, seed=5)


def test_the_naive_gap_is_at_least_ten_times_the_true_effect(programme):
    card = programme.truth.card_effect
    assert card.relative == pytest.approx(0.05, abs=0.005)
    assert card.ratio >= 10


def test_those_take_the_card_who_bought_more_before(programme):
    table = programme.customers.set_index("customer_id")
    before = programme.receipts[programme.receipts["time"] < "2024-01-01"].groupby("customer_id")["sales"].sum()
    old = table.index[table["joined_on"] < "2023-01-01"]
    spend = before.reindex(old).fillna(0)
    holds = table.loc[old, "card_since"].notna()
    assert spend[holds].mean() > 2 * spend[~holds].mean()
    assert table["card_since"].min() > np.datetime64("2024-01-01")


def test_a_randomised_invitation_recovers_the_effect_where_the_naive_gap_does_not(programme):
    wave, world = programme.randomise_card_invitation(0.5)
    truth = world.truth.card_effect
    main = wave.outcomes.query("window == 'main'").set_index("customer_id")["sales"]
    contacts = wave.contacts.set_index("customer_id")
    asked, took = contacts["arm"] == "invited", contacts["took_card"] == 1
    estimate = compare_means(main[asked], main[~asked])
    assert estimate.low <= truth.invitation <= estimate.high
    assert truth.invitation == pytest.approx(truth.complier * truth.compliers)
    assert 0.5 < took[asked].mean() < 0.95 and 0.02 < took[~asked].mean() < 0.4
    naive = main[took].mean() - main[~took].mean()
    assert naive > estimate.high / truth.compliers


def test_the_trial_leaves_the_time_before_the_launch_as_it_was(programme):
    wave, world = programme.randomise_card_invitation(0.3)
    launch = wave.start
    one, two = (w.receipts[w.receipts["time"] < launch].reset_index(drop=True) for w in (programme, world))
    assert one.equals(two)
    assert wave.contacts["arm"].eq("invited").mean() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_trial_without_two_groups_is_refused(programme, share):
    with pytest.raises(WorldError, match="share"):
        programme.randomise_card_invitation(share)


def test_a_trial_needs_history_after_the_launch():
    with pytest.raises(WorldError, match="launch"):
        World(50, 6, 1).randomise_card_invitation()
