"""Exercise 26: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from loyalty.segment.drift import (
    measure_label_life,
    measure_stability_index,
    plan_refresh,
    split_change,
    watch_drift,
)
from loyalty.segment.rules import measure_migration
from loyalty.tasks import check
from loyalty.tasks.t26 import measures, pictures
from loyalty.tasks.t26.scene import (
    find_flu_height,
    keep_steady,
    open_exercise_town,
    photograph_households,
    read_new_rule,
    read_photographs,
    start_of,
)

AUGUSTS = pd.to_datetime(["2024-08-01", "2025-08-01"])


@pytest.fixture(scope="module")
def by_day():
    return {one.as_of.iloc[0]: one for one in read_photographs()}


@pytest.fixture(scope="module")
def life(by_day):
    return measure_label_life([one for day, one in by_day.items() if day.year == 2024])


def by_hand(then, now):
    shares = [one.segment.value_counts(normalize=True) for one in (then, now)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def test_the_photographs_are_one_label_a_customer_and_month(by_day):
    assert len(by_day) == 31 and min(by_day) == start_of(6) and max(by_day) == start_of(36)
    for one in by_day.values():
        assert one.customer_id.is_unique and one.segment.notna().all() and 3_500 < len(one) < 4_700
    assert open_exercise_town().drift_day == pd.Timestamp("2025-03-01")


def test_the_share_by_hand_is_right_and_survivors_are_named(by_day, life):
    months = pd.date_range("2024-01-01", "2024-10-01", freq="MS")
    right = today = both = 0
    for month in months:
        then, now = by_day[month], by_day[month + pd.DateOffset(months=2)]
        pair = then.merge(now, on="customer_id")
        right += (pair.segment_x == pair.segment_y).sum()
        both += len(pair)
        today += len(now)
    assert check("26a", round(right / today, 4)).status == "right"
    assert check("26a", round(right / today, 3)).status == "wrong"
    assert check("26a", right / both).mistake == "survivors_only"
    assert check("26a", 1 - right / today).mistake == "wrong_share"
    assert check("26a", life.at(1).right_today).mistake == "one_month"
    assert check("26a", life.at(1).right).mistake == "one_month_survivors"
    assert check("26a", 1 - right / both).mistake == "wrong_survivors"
    assert check("26a", measure_label_life(list(read_photographs())).at(2).right_today).mistake == "all_snapshots"


def test_other_starts_are_named_and_not_taken_for_right(by_day):
    def count(months):
        pairs = [(by_day[month], by_day[month + pd.DateOffset(months=2)]) for month in months]
        hits = [(then.merge(now, on="customer_id").eval("segment_x == segment_y").sum()) for then, now in pairs]
        return np.array(hits), np.array([len(now) for _, now in pairs])

    hits, today = count(pd.date_range("2024-01-01", periods=10, freq="MS"))
    assert check("26a", (hits / today).mean()).mistake == "mean_of_starts"
    assert check("26a", round((hits / today).mean(), 4)).mistake == "mean_of_starts"
    hits, today = count(pd.date_range("2024-01-01", periods=12, freq="MS"))
    assert check("26a", hits.sum() / today.sum()).mistake == "twelve_starts"
    hits, today = count(pd.date_range("2024-01-01", periods=11, freq="MS"))
    assert check("26a", round(hits.sum() / today.sum(), 4)).mistake == "thirteen_snapshots"


def test_slips_with_the_cost_are_named(life):
    wrong = 1 - life.table.right_today
    each = 0.15 * life.customers
    cost = round(100 + each * wrong[:3].mean(), 2)
    assert check("26b", cost).status == "right"
    for loose in (round(cost), cost - 0.01, cost + 0.01, cost - 0.02):
        assert check("26b", loose).status == "wrong"
    assert check("26b", round(cost)).mistake == "too_coarse"
    assert check("26b", 100).mistake == "refresh_alone" and "Close" not in check("26b", 100).message
    assert check("26b", 100 + each * wrong[1:3].mean()).mistake == "fresh_month_left_out"
    assert check("26b", 100 + each * wrong[:4].mean()).mistake == "four_ages"
    households = len(photograph_households()[0])
    assert check("26b", 100 + 0.15 * households * wrong[:3].mean()).mistake == "households_of_the_lesson"
    assert check("26b", 100 + each * (1 - life.table.right)[:3].mean()).mistake == "survivors_only"
    assert check("26b", 100 + each * wrong[1:4].mean()).mistake == "no_fresh_month"
    assert check("26b", 100 + each * wrong[2]).mistake == "oldest_age_only"
    assert check("26b", 300 + each * wrong[:3].mean()).mistake == "refresh_not_shared"
    assert check("26b", each * wrong[:3].mean()).mistake == "no_refresh"
    assert check("26b", 100 + 0.15 * 5_000 * wrong[:3].mean()).mistake == "all_members"
    assert check("26b", 250 / 3 + 0.20 * life.customers * wrong[:3].mean()).mistake == "costs_of_the_lesson"
    assert check("26b", 100 + each * wrong[:3].sum()).mistake == "sum_of_ages"
    assert check("26b", 100 + 100 * each * wrong[:3].mean()).mistake == "cents_for_euros"
    january = len(read_photographs()[6])
    assert check("26b", 100 + 0.15 * january * wrong[:3].mean()).mistake == "base_of_january"
    assert check("26b", 100 + 0.15 * 4_100 * wrong[:3].mean()).mistake == "rounded_base"
    whole = measure_label_life(list(read_photographs()))
    stale = (1 - whole.table.right_today)[:3].mean()
    assert check("26b", 100 + 0.15 * whole.customers * stale).mistake == "all_snapshots"
    assert check("26b", 100 + each * stale).mistake == "ages_of_all_snapshots"
    assert check("26b", 100 + 0.15 * whole.customers * wrong[:3].mean()).mistake == "customers_of_all_snapshots"


def test_a_period_by_half_life_is_named(life):
    best = plan_refresh(life, cost_of_refresh=300, cost_of_stale_label=0.15, periods=range(1, 7)).best
    assert check("26c", best).status == "right"
    assert check("26c", round(life.half_life)).mistake == "habit_or_half_life"
    assert "quarter" in check("26c", 3).message
    assert check("26c", 7).mistake == check("26c", 0).mistake == "other_periods"
    assert "1 to 6" in check("26c", 12).message and check("26c", 2.5).mistake == "no_whole_month"
    assert check("26c", life.half_life).mistake == "half_life"
    assert check("26c", 1).mistake == "stale_only" and check("26c", 6).mistake == "refresh_only"
    assert check("26c", 4).mistake == "every_4_months" and check("26c", 5).mistake == "every_5_months"


def test_a_season_taken_for_drift_is_named(by_day):
    then, now = (by_day[day] for day in AUGUSTS)
    assert check("26d", round(by_hand(then, now), 4)).status == "right"
    cut = np.floor(1e4 * by_hand(then, now)) / 1e4
    assert check("26d", cut).mistake == "cut_off" and "cut off" in check("26d", cut).message
    julys = [by_day[day - pd.DateOffset(months=1)] for day in AUGUSTS]
    assert check("26d", by_hand(*julys)).mistake == check("26d", round(by_hand(*julys), 4)).mistake == "july"
    watched = watch_drift(list(read_photographs()), seed=126).table.set_index("as_of")
    assert check("26d", watched.threshold[AUGUSTS[1]]).mistake == "threshold_of_the_watch"
    assert check("26d", measure_stability_index(then, now, seed=126).p).mistake == "p_value"
    assert check("26d", by_hand(by_day[pd.Timestamp("2025-02-01")], now)).mistake == "season_for_drift"
    assert check("26d", by_hand(by_day[pd.Timestamp("2025-07-01")], now)).mistake == "month_before"
    both = set(then.customer_id) & set(now.customer_id)
    kept = [one[one.customer_id.isin(both)] for one in (then, now)]
    assert check("26d", by_hand(*kept)).mistake == "survivors_only"
    # The mistake turns the verdict round on these data
    assert measure_stability_index(then, now).is_drift and not measure_stability_index(*kept).is_drift
    index = measure_stability_index(then, now, seed=126)
    assert check("26d", index.threshold).mistake == "the_threshold"
    assert check("26d", index.by_chance).mistake == "by_chance" and check("26d", 0.1).mistake == "folklore"
    new = read_new_rule()
    assert check("26d", by_hand(then, new[1])).mistake == "old_against_new_rule"
    assert check("26d", by_hand(*new)).mistake == "new_rule_twice"
    septembers = [by_day[day + pd.DateOffset(months=1)] for day in AUGUSTS]
    assert check("26d", by_hand(*septembers)).mistake == "september"
    assert check("26d", index.table.difference.abs().sum()).mistake == "sum_of_differences"
    assert check("26d", by_hand(then, now) / np.log(2)).mistake == "binary_logarithm"
    assert "rival" not in check("26d", by_hand(*kept)).message


def test_an_alarm_without_correction_or_against_another_month_is_named():
    watch = watch_drift(list(read_photographs()), seed=126)
    table = watch.table
    first = table.as_of[table.alarm.str.contains("shares")].iloc[0]
    for right in (first, first.date(), f"{first:%Y-%m-%d}", [first], table.as_of[table.as_of == first]):
        assert check("26e", right).status == "right"
    for written in (f"{first:%d.%m.%Y}", f"{first.day}.{first.month}.{first.year}", f"{first:%-d %B %Y}"):
        assert check("26e", written).status == "right"
    assert "can be two dates" in check("26e", f"{first:%d/%m/%Y}").message
    for no_date in ("soon", "June", "2025"):
        assert "2025-01-31" in check("26e", no_date).message
    assert check("26e", table.as_of[table.psi.idxmax()]).mistake == "highest_index"
    for no_check in ("2025-06-15", "2025-06-02", "2023-07-01"):
        assert check("26e", no_check).mistake == "no_check"
    assert check("26e", "2025-09-01").mistake == "later_alarm" and check("26e", "2024-09-01").mistake == "silent"
    assert check("26e", [first, first]).status == "wrong"
    assert check("26e", watch.first_alarm).mistake == "any_alarm"
    loose = table.as_of[table[["p_shares", "p_moves"]].min(axis=1) < 0.05].iloc[0]
    assert check("26e", loose).mistake == "not_corrected"
    assert check("26e", open_exercise_town().drift_day).mistake == "the_cause"
    assert check("26e", pd.Timestamp("2024-07-01")).mistake == "season_for_drift"
    # Once the shares ring they go on, and the one alarm of the moves was over a month later
    assert (table.alarm[table.as_of >= first] == "shares").all()


def test_a_changed_method_read_as_changed_customers_is_named(by_day):
    then, now = (by_day[day] for day in AUGUSTS)
    rows = split_change(then, now, *read_new_rule()).table.set_index("segment").loc[["family", "health"]]

    def lay(customers, method):
        return tuple(np.column_stack([customers, method]).ravel())

    right = lay(rows.customers, rows.method)
    assert check("26f", tuple(round(part, 3) for part in right)).status == "right"
    assert check("26f", lay(rows.change, 0 * rows.change)).mistake == "method_for_customers"
    assert check("26f", lay(0 * rows.change, rows.change)).mistake == "customers_for_method"
    assert check("26f", lay(rows.method, rows.customers)).mistake == "other_order"
    assert check("26f", right[2:] + right[:2]).mistake == "other_segment"
    one_sign = (right[0], -right[1], *right[2:])
    assert check("26f", one_sign).mistake == "some_signs_turned" and "value 2 is" in check("26f", one_sign).message
    assert check("26f", tuple(round(part, 2) for part in right)).mistake == "too_coarse"
    beauty = split_change(then, now, *read_new_rule()).table.set_index("segment").loc[["beauty", "health"]]
    assert check("26f", lay(beauty.customers, beauty.method)).mistake == "beauty_for_family"
    assert check("26f", lay(rows.customers, rows.change)).mistake == "method_is_the_total"
    assert check("26f", lay(rows.customers / rows.change, rows.method / rows.change)).mistake == "part_of_the_change"


def test_one_order_alone_is_not_right(by_day):
    """Of the family segment both orders say the same to three decimals: health tells them apart."""
    shares = [one.segment.value_counts(normalize=True) for one in (by_day[AUGUSTS[0]], by_day[AUGUSTS[1]])]
    shares += [one.segment.value_counts(normalize=True) for one in read_new_rule()]
    old_then, old_now, new_then, new_now = (one[["family", "health"]] for one in shares)
    old_first = np.column_stack([old_now - old_then, new_now - old_now]).ravel()
    new_first = np.column_stack([new_now - new_then, new_then - old_then]).ravel()
    assert check("26f", tuple(old_first.round(3))).mistake == "old_rule_only"
    assert check("26f", tuple(new_first.round(3))).mistake == "new_rule_only"
    assert check("26f", tuple(old_first + new_first)).mistake == "sum_of_orders"
    assert check("26f", tuple((old_first + new_first) / 2)).status == "right"


@pytest.mark.parametrize(
    ("letter", "mistake"), [("A", "folklore_threshold"), ("b", "method_for_customers"), ("D", "season_for_drift")]
)
def test_decisions_that_do_not_follow_are_named(letter, mistake):
    assert check("26g", letter).mistake == mistake
    assert check("26g", "C").status == check("26g", "C)").status == "right"


def test_the_households_are_labelled_by_one_rule_on_seven_days():
    photos = photograph_households()
    assert [f"{one.as_of.iloc[0]:%Y-%m-%d}" for one in photos][::6] == ["2017-07-01", "2018-01-01"]
    assert all(len(one) == len(photos[0]) for one in photos)


def test_the_flu_is_the_same_each_winter_or_has_heights_of_its_own():
    same = [find_flu_height(keep_steady(), 26, year) for year in (2024, 2025)]
    assert same == pytest.approx([1, 1], abs=1e-3)
    real = [find_flu_height(keep_steady(same_winters=False), 26, year) for year in (2024, 2025)]
    assert real == pytest.approx([1.54, 0.68], abs=0.01)


def test_the_pictures_say_what_they_show(by_day, life):
    then, now = (by_day[day] for day in AUGUSTS)
    ax = pictures.draw_list_today(pd.Series(["a", "a", "b"]), "b", "Most are elsewhere")
    assert [text.get_text() for text in ax.texts][:2] == ["67", "33"]
    ax = pictures.draw_stages(measure_migration(then, now, order=sorted(then.segment.unique())), "Who stays")
    assert len(ax.patches) == 5
    costs = measures.compare_costs(life, 300, [0.01, 0.15, 5.0])
    assert costs.best.tolist()[1:] == [2, 1] and (costs["first"] <= costs.best).all()
    assert pictures.draw_best_periods(costs, "Periods").get_title(loc="left") == "Periods"
    both = then.merge(now, on="customer_id")
    tossed = measures.toss_coins(both.segment_x, both.segment_y, tosses=50)
    assert (tossed >= 0).all() and pictures.draw_coins(tossed, 0.002, "Coins").get_title(loc="left") == "Coins"
    watch = watch_drift(list(by_day.values())[10:], draws=500, moves_over=1)
    ax = pictures.draw_truth(watch, pd.Timestamp("2025-07-01"), "Rings", "a rival")
    assert "truth: a rival" in [text.get_text() for text in ax.texts]
    plt.close("all")
