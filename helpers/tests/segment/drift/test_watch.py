"""The drift alarm: silent through seasons, awake to drift, on processes of our own and on the world."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.segment.drift import measure_stability_index, watch_drift
from loyalty.segment.drift.months import Months, lay_side_by_side
from loyalty.segment.drift.watch import check_months, compare_moves
from loyalty.stats.intervals import compare_rates
from loyalty.tables.check import TableError
from loyalty.tasks.t26.scene import keep_steady, open_rival, open_town, photograph_needs, start_of
from loyalty.world import PRESETS, World
from loyalty.world.parameters import Drift

MOST = 0.9995
DAYS = pd.to_datetime(["2024-01-01", "2024-07-01", "2025-07-01"])


YEAR = 1 - 0.95 ** (1 / 24)  # the level of each of the 24 tests of a year


def check(labels, lay, seed, *, over=1, draws=500):
    return check_months(lay(labels), YEAR, over, 0.95, draws, np.random.default_rng(seed))


@pytest.mark.parametrize(("runs", "customers"), [(12, 300), pytest.param(300, 1_000, marks=pytest.mark.slow)])
def test_a_year_without_drift_rings_seldom(live, lay, runs, customers):
    """Twelve checks of two tests each, with a season that comes back: at most one year in twenty."""
    rings = 0
    for seed in range(runs):
        table = check(live(seed, customers=customers), lay, seed)
        assert len(table) == 12
        rings += (table.alarm != "").any()
    assert rings <= stats.binom.ppf(MOST, runs, 0.05)


def test_uncorrected_tests_would_ring_in_most_years(live, lay):
    rings = 0
    for seed in range(12):
        table = check(live(seed, customers=300), lay, seed)
        rings += bool((table[["p_shares", "p_moves"]].min(axis=1) < 0.05).any())
    assert rings >= 5


@pytest.mark.parametrize("runs", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_a_shift_of_five_points_of_two_thousand_customers_is_found(live, lay, runs):
    found = [check(live(seed, customers=2_000, shift=0.05), lay, seed) for seed in range(runs)]
    assert sum("shares" in "".join(one.alarm) for one in found) >= 0.8 * runs


@pytest.mark.parametrize("runs", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_a_quarter_that_changes_places_is_seen_in_the_moves_alone(live, lay, runs):
    moves, shares = 0, 0
    for seed in range(runs):
        labels = live(seed, customers=2_000, months=30, exchange=0.25, since=24)
        table = check(labels, lay, seed, over=6)
        moves += "moves" in "".join(table.alarm)
        shares += "shares" in "".join(table.alarm)
    assert moves >= 0.8 * runs
    assert shares <= stats.binom.ppf(MOST, runs, 0.05)


@pytest.mark.parametrize(("before", "now", "sign"), [(0.2, 0.4, 1), (0.4, 0.2, -1), (0.3, 0.3, 0)])
def test_moves_ring_in_both_directions_and_more_says_in_which(lay, before, now, sign):
    """Two months a year apart in which so many of 1,000 customers take another segment."""
    labels = np.zeros((1_000, 14), dtype=int)
    labels[: round(1_000 * before), 1] = 1
    labels[:, 2:13] = labels[:, [1]]
    labels[:, 13] = labels[:, 12]
    labels[-round(1_000 * now) :, 13] = 2
    row = check(labels, lay, 1).set_index("as_of").loc[pd.Timestamp("2025-02-01")]
    assert (row.moved_before, row.moved) == pytest.approx((before, now))
    assert row.more == pytest.approx(now - before) and np.sign(row.more.round(9)) == sign
    assert ("moves" in row.alarm) == (sign != 0) and (row.low <= 0 <= row.high) == (sign == 0)


@pytest.mark.parametrize("shift", [-0.1, 0.1])
def test_shares_ring_in_both_directions_and_not_while_they_stay(lay, shift):
    """One segment grows or shrinks by a tenth of all; the index is above its threshold in both cases."""
    labels = np.repeat((np.arange(1_000) % 2)[:, None], 14, axis=1)
    wanted = 500 + round(1_000 * shift)
    labels[:, 13] = np.arange(1_000) >= wanted
    table = check(labels, lay, 2).set_index("as_of")
    assert table.alarm[pd.Timestamp("2025-01-01")] == ""
    row = table.loc[pd.Timestamp("2025-02-01")]
    assert "shares" in row.alarm and row.psi > row.threshold and row.p_shares <= YEAR


def test_the_public_function_makes_the_same_table(live, lay, photos):
    labels = live(9, customers=200)
    found = watch_drift(photos(labels), moves_over=1, draws=500, seed=9)
    table = check_months(lay(labels), found.each, 1, 0.95, 500, np.random.default_rng([9, 26]))
    pd.testing.assert_frame_equal(found.table, table, check_dtype=False)
    assert found.each == pytest.approx(YEAR)


def test_a_season_rings_against_another_month_and_not_against_last_years(live, photos):
    months = photos(live(1, customers=2_000)[:, [0, 6, 18]])
    january, last_july, july = (one.assign(as_of=day) for one, day in zip(months, DAYS, strict=True))
    assert measure_stability_index(january, july, draws=500).is_drift
    assert not measure_stability_index(last_july, july, draws=500, false_alarms=0.01).is_drift


def test_the_level_of_each_test_makes_the_year(live, photos):
    found = watch_drift(
        photos(live(2, customers=100, months=13)), moves_over=1, draws=1_000, false_alarms=0.1, checks=6
    )
    assert 1 - (1 - found.each) ** 12 == pytest.approx(0.1)


def test_moves_of_other_customers_are_two_rates():
    """Customers of one pair only are independent: the error is that of two rates (Wald)."""
    before = np.r_[np.repeat([0, 1], [80, 20]), np.full(200, -1)]
    now = np.r_[np.full(100, -1), np.repeat([0, 1], [120, 80])]
    moved, base, more, low, high, p = compare_moves(before, now)
    assert (moved, base, more) == pytest.approx((0.4, 0.2, 0.2))
    error = np.sqrt(0.2 * 0.8 / 100 + 0.4 * 0.6 / 200)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=1e-3)
    referee = compare_rates([80, 20], [200, 100])
    assert p == pytest.approx(referee.p, abs=0.002)


def test_moves_of_the_same_customers_are_pairs():
    """McNemar's variance of a difference of two shares of the same customers."""
    rng = np.random.default_rng(1)
    habit = rng.random(500) < 0.3
    before, now = ((habit ^ (rng.random(500) < 0.1)).astype(int) for _ in range(2))
    *_, low, high, _ = compare_moves(before, now)
    gains, losses = ((now == 1) & (before == 0)).sum(), ((now == 0) & (before == 1)).sum()
    error = np.sqrt(gains + losses - (gains - losses) ** 2 / 500) / 500
    assert (high - low) / 2 == pytest.approx(stats.norm.ppf(0.975) * error)


def test_nobody_who_moved_is_no_alarm():
    assert np.isnan(compare_moves(np.array([-1]), np.array([0]))[0])
    assert compare_moves(np.zeros(5, int), np.zeros(5, int))[-1] == 1.0


def test_last_years_day_may_be_a_few_days_off_and_a_missing_one_is_no_check(live, photos):
    months = photos(live(3, customers=80, months=18))
    found = watch_drift([one for place, one in enumerate(months) if place != 2], moves_over=1, draws=500)
    assert len(found.table) == 5 and any("5 checks in these snapshots" in note for note in found.warnings)
    late = [
        one.assign(as_of=one.as_of + pd.Timedelta(days=2)) if place > 11 else one for place, one in enumerate(months)
    ]
    assert len(watch_drift(late[:14], moves_over=1, draws=500).table) == 2


def test_order_and_form_of_the_tables_do_not_matter(live, photos):
    months = photos(live(4, customers=120, months=14))
    found = watch_drift(months, moves_over=1, draws=500).table
    again = watch_drift(pd.concat(months[::-1]).sample(frac=1, random_state=1), moves_over=1, draws=500).table
    pd.testing.assert_frame_equal(found, again)


def test_what_cannot_be_watched_is_refused(live, photos):
    months = photos(live(5, customers=30, months=13))
    with pytest.raises(TableError, match="no snapshot stands a year after another"):
        watch_drift(months[:8])
    with pytest.raises(TableError) as told:
        watch_drift(months, checks=0, moves_over=0, false_alarms=2.0)
    assert len(told.value.problems) == 3
    with pytest.raises(TableError, match="or more"):
        watch_drift(months, draws=50)


def test_what_it_shows(live, photos):
    found = watch_drift(photos(live(6, customers=800, months=15, shift=0.2)), moves_over=1, draws=500)
    assert found.first_alarm == found.alarms[0] and "First alarm" in found.reads()
    assert found.reads() in found._repr_html_() and found.to_frame().equals(found.table)
    assert found.plot().get_title(loc="left").startswith("The first alarm rings")
    assert found.plot(of="moves").get_ylabel().startswith("more movers")


def test_a_small_promise_is_not_told_as_none(live, photos):
    found = watch_drift(
        photos(live(2, customers=100, months=13)), moves_over=1, draws=1_000, false_alarms=0.004, checks=1
    )
    assert found.reads() == "No alarm in 1 check; a year of 1 check without drift rings with a chance of at most 0.4%."


def test_what_it_warns_of(live, photos):
    months = photos(live(8, customers=60, months=13))
    months[-1] = months[-1].assign(version="2")
    found = watch_drift(months, moves_over=6, draws=500)
    changed, short, unseen = found.warnings
    assert "version of the rule changed" in changed and short.startswith("1 check in these snapshots")
    assert found.table.p_moves.isna().all() and unseen.startswith("no moves are seen in 1 check:")


# --- The world ------------------------------------------------------------------------------------


def check_town(town, seed, *, first=6):
    """The checks of a town, without the check of tables that the scene has made."""
    months = lay_side_by_side(photograph_needs(town, first), "needs")
    return check_months(months, YEAR, 6, 0.95, 1_000, np.random.default_rng([seed, 26]))


@pytest.mark.slow
def test_a_steady_world_rings_in_few_years():
    rings = 0
    for seed in range(40):
        table = check_town(open_town(keep_steady(), seed, customers=2_000), seed, first=12)
        rings += (table.alarm.iloc[-12:] != "").any()
    assert rings <= stats.binom.ppf(MOST, 40, 0.05)


@pytest.mark.slow
def test_a_rival_who_takes_four_of_five_beauty_visits_is_found_and_not_before_he_opens():
    found, early = 0, 0
    for seed in range(20):
        town = open_rival("beauty", 0.2, 24, seed)
        table = check_town(town, seed, first=12)
        after = table.as_of > town.drift_day
        found += "shares" in "".join(table.alarm[after])
        early += (table.alarm[~after] != "").any()
    assert found >= 16
    assert early <= stats.binom.ppf(MOST, 20, 0.05)


@pytest.mark.slow
def test_the_worlds_own_drift_moves_no_share_and_is_found_when_a_quarter_changes():
    moves, shares = 0, 0
    for seed in range(20):
        town = open_town(keep_steady(Drift(months=(24,), share=0.25)), seed)
        assert town.drift_day == start_of(24)
        table = check_town(town, seed)
        after = table.as_of > town.drift_day
        moves += "moves" in "".join(table.alarm[after])
        shares += "shares" in "".join(table.alarm[after])
    assert moves >= 16
    assert shares <= stats.binom.ppf(MOST, 20, 0.05)


def test_the_worlds_drift_exchanges_types_without_moving_their_shares():
    """Why the index cannot see it: in the default world 8 % draw a new type by the same shares."""
    world = World(customers=20_000, months=18, seed=1)
    day = world.truth.drift_dates[0]
    then, now = (world.truth.types_on(day + pd.Timedelta(days=shift)) for shift in (0, 1))
    both = then.merge(now, on="customer_id")
    changed = (both.type_x != both.type_y).mean()
    share = PRESETS["default"]().drift.share
    assert 0.8 * share < changed < share
    photos = [
        one.rename(columns={"type": "segment"}).assign(as_of=day + pd.Timedelta(days=shift), scheme="type", version="1")
        for shift, one in enumerate((then, now))
    ]
    assert not measure_stability_index(*photos, false_alarms=0.001).is_drift


@pytest.mark.slow
def test_a_winter_with_another_flu_rings_too():
    """A season that differs from last year's is not told from drift: the lesson says so."""
    rings, after = 0, 0
    for seed in range(20):
        town = open_town(keep_steady(same_winters=False), seed)
        table = check_town(town, seed, first=12)
        rings += (table.alarm != "").any()
        after += (table.alarm[table.as_of.dt.month.between(8, 12)] != "").any()
    assert rings >= 5
    assert after <= stats.binom.ppf(MOST, 20, 0.05)


# --- What too few customers or a missing month must not do -------------------------------------------


def drop_month(months, place):
    """The months without one of them."""
    keep = [column for column in range(len(months.days)) if column != place]
    return Months(
        tuple(months.days[k] for k in keep), months.names, np.asfortranarray(months.codes[:, keep]), months.versions[1:]
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_missing_month_makes_no_move(walk, lay, seed):
    """A window that is a month longer on one side only would count more movers there."""
    chain = 0.97 * np.eye(5) + 0.03 * np.tile([0.4, 0.25, 0.2, 0.1, 0.05], (5, 1))
    months = lay(walk(seed, chain, [0.4, 0.25, 0.2, 0.1, 0.05], 5_000, 31))
    table = check_months(drop_month(months, 22), YEAR, 6, 0.95, 500, np.random.default_rng(seed))
    assert not table.alarm.str.contains("moves").any()


def test_moves_are_counted_over_the_same_days_of_both_years(walk, lay):
    chain = 0.8 * np.eye(5) + 0.2 * np.full((5, 5), 0.2)
    labels = walk(4, chain, [0.2] * 5, 400, 31)
    table = check_months(drop_month(lay(labels), 22), YEAR, 6, 0.95, 500, np.random.default_rng(1)).set_index("as_of")
    by_hand = {}
    for now, over in ((24, 7), (28, 7), (30, 6)):  # the snapshot of month 22 is missing: seven months until month 28
        by_hand[now] = [(labels[:, end] != labels[:, end - over]).mean() for end in (now, now - 12)]
        row = table.loc[pd.Timestamp("2024-01-01") + pd.DateOffset(months=now)]
        assert [row.moved, row.moved_before] == pytest.approx(by_hand[now])
    # Without the month from which last year's moves count there is no comparison
    table = check_months(drop_month(lay(labels), 10), YEAR, 6, 0.95, 500, np.random.default_rng(1)).set_index("as_of")
    assert np.isnan(table.p_moves[pd.Timestamp("2026-05-01")]) and table.p_moves[pd.Timestamp("2026-06-01")] > 0


def test_one_customer_rings_no_alarm(live, photos):
    months = [one[one.customer_id == one.customer_id.min()] for one in photos(live(7, customers=5, months=30, away=0))]
    found = watch_drift(months, draws=500)
    assert not found.alarms and found.table[["p_shares", "p_moves"]].isna().all().all()
    assert any("fewer than 10 customers: no index" in note for note in found.warnings)
    assert any("moved, or stayed" in note for note in found.warnings)
    assert found.plot().get_title(loc="left") == "No alarm"
    moves = found.plot(of="moves")
    assert moves.get_title(loc="left") == "No alarm" and moves.get_ylabel() == "more movers than a year ago, points"


@pytest.mark.parametrize(("seen", "rate"), [(30, 0.9), (20, 0.8), (10, 0.5)])
def test_few_who_were_seen_a_year_ago_have_no_p_value(lay, seen, rate):
    """Their movers or their stayers are under ten, although a thousand are seen today."""
    labels = np.zeros((1_000, 14), dtype=int)
    labels[:500, 13] = 1
    labels[seen:, 0] = -1
    labels[: round(seen * rate), 1] = 1
    table = check_months(lay(labels), YEAR, 1, 0.95, 500, np.random.default_rng(0)).set_index("as_of")
    row = table.loc[pd.Timestamp("2025-02-01")]
    assert (row.seen, row.seen_before) == (1_000, seen) and row.moved_before == pytest.approx(rate)
    assert np.isnan([row.p_moves, row.low, row.high]).all() and "moves" not in row.alarm


def test_moves_that_may_be_tested_keep_their_level():
    """Sixty customers a year ago, a thousand now, half of them move: so few false alarms as were promised."""
    rng = np.random.default_rng(17)
    rings = 0
    for _ in range(2_000):
        before = np.r_[rng.random(60) < 0.5, np.full(940, -1)].astype(int)
        rings += compare_moves(before, (rng.random(1_000) < 0.5).astype(int))[-1] <= 0.05
    assert rings <= stats.binom.ppf(MOST, 2_000, 0.05)


def test_a_time_of_day_splits_no_month_and_a_file_name_is_no_list(live, photos):
    months = photos(live(5, customers=40, months=14))
    late = months[-1].copy()
    late.loc[late.index[::2], "as_of"] += pd.Timedelta(hours=1)
    with pytest.raises(TableError, match="two snapshots are as of 2025-02-01"):
        watch_drift(pd.concat([*months[:-1], late]), moves_over=1, draws=500)
    with pytest.raises(TableError, match="should be a pandas table, or give a list of files"):
        watch_drift("nofile.csv")
