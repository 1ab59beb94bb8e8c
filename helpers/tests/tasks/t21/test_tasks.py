"""Exercise 21: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.segment.rank import (
    build_cohorts,
    find_value_gain,
    judge_win_or_keep,
    measure_concentration,
    rank_customers,
)
from loyalty.stats import interval_of_share
from loyalty.tasks import check
from loyalty.tasks.t21.pictures import draw_gains, draw_later, draw_shares, draw_ten, draw_two_curves, draw_verdicts
from loyalty.tasks.t21.scene import STAFF, hand_to_cashiers, open_shelf, open_world

YEAR = "2024-01-01", "2025-01-01"


@pytest.fixture(scope="module")
def shelf():
    return open_shelf()


@pytest.fixture(scope="module")
def year(shelf):
    """Lines of 2024 without the cashiers."""
    lines = shelf.lines[(shelf.lines.time >= YEAR[0]) & (shelf.lines.time < YEAR[1])]
    return lines[~lines.customer_id.isin(shelf.staff)]


@pytest.fixture(scope="module")
def both_years(shelf):
    return shelf.lines[~shelf.lines.customer_id.isin(shelf.staff)]


def share_by_hand(sums, top=0.2) -> float:
    """The whole customers of the top and a part of the one at the border."""
    ordered = np.sort(np.asarray(sums, float))[::-1]
    wanted = top * len(ordered)
    whole = int(wanted)
    return (ordered[:whole].sum() + (wanted - whole) * ordered[whole]) / ordered.sum()


def test_the_share_by_hand_is_right_and_other_crowds_and_windows_are_named(shelf, year, both_years):
    sums = year.groupby("customer_id").sales.sum()
    assert check("21a", share_by_hand(sums)).status == "right"
    assert check("21a", round(share_by_hand(sums), 3)).status == "right"
    everybody = sums.reindex(shelf.members.customer_id[:5000], fill_value=0)
    assert check("21a", share_by_hand(everybody)).mistake == "among_members"
    with_staff = shelf.lines[shelf.lines.time >= YEAR[0]].groupby("customer_id").sales.sum()
    assert check("21a", share_by_hand(with_staff)).mistake == "staff_on_top"
    assert check("21a", share_by_hand(both_years.groupby("customer_id").sales.sum())).mistake == "since_joining"
    assert check("21a", share_by_hand(year.sales)).mistake == "lines_as_unit"
    assert check("21a", share_by_hand(sums, 0.1)).mistake == "best_tenth"
    assert check("21a", 100 * share_by_hand(sums)).mistake == "hundred_times"
    assert check("21a", sums.nlargest(round(0.2 * len(sums))).sum()).status == "wrong"
    counts, fifth = year.groupby("customer_id").basket_id.nunique(), round(0.2 * len(sums))
    for chosen in (counts.nlargest(fifth), counts.sort_values(ascending=False)[:fifth], counts.sort_values()[-fifth:]):
        assert check("21a", round(sums[chosen.index].sum() / sums.sum(), 3)).mistake == "chosen_by_receipts"


def test_whole_customers_only_are_right_too(year):
    """Who takes 414 whole buyers, or 415 with all on the line, and not 414.2, is right within the tolerance."""
    sums = year.groupby("customer_id").sales.sum()
    assert check("21a", sums.nlargest(round(0.2 * len(sums))).sum() / sums.sum()).status == "right"
    assert check("21a", sums[sums >= sums.quantile(0.8)].sum() / sums.sum()).status == "right"


@pytest.mark.slow
def test_gini_by_its_definition_is_right_and_half_of_it_is_named(shelf, year):
    sums = year.groupby("customer_id").sales.sum().to_numpy()
    gini = np.abs(sums[:, None] - sums).mean() / (2 * sums.mean())
    found = measure_concentration(rank_customers(year, *YEAR)).gini
    assert gini == pytest.approx(found.value)
    assert check("21b", (gini, found.low, found.high)).status == "right"
    assert check("21b", (round(gini, 4), round(found.low, 4), round(found.high, 4))).status == "right"
    assert check("21b", (gini / 2, found.low / 2, found.high / 2)).mistake == "half_the_area"
    narrow = measure_concentration(rank_customers(year, *YEAR), level=0.9).gini
    assert check("21b", (gini, narrow.low, narrow.high)).mistake == "ninety_percent"
    everybody = rank_customers(shelf.lines, *YEAR, customers=shelf.members, leave_out=shelf.staff)
    crowd = measure_concentration(everybody, of="members").gini
    assert check("21b", (crowd.value, crowd.low, crowd.high)).mistake == "among_members"
    short = measure_concentration(rank_customers(year, YEAR[0], "2024-12-31")).gini
    assert check("21b", (short.value, short.low, short.high)).mistake == "last_day_left_out"
    own = measure_concentration(rank_customers(shelf.lines, *YEAR)).gini
    assert check("21b", (own.value, own.low, own.high)).mistake == "staff_on_top"


@pytest.mark.slow
def test_the_gift_goes_to_all_equal_members_and_a_cut_through_them_is_named(shelf, year, both_years):
    counts = year.groupby("customer_id").basket_id.nunique()
    members = shelf.members.customer_id[~shelf.members.customer_id.isin(shelf.staff)]
    counts = counts.reindex(members, fill_value=0)
    assert check("21c", (counts >= 3).sum()).status == "right"
    days = year.time.dt.normalize().groupby(year.customer_id).nunique().reindex(members, fill_value=0)
    luck = check("21c", (days >= 3).sum())
    assert luck.status == "right" and "days with a purchase" in luck.message
    old = shelf.members[shelf.members.joined_on < YEAR[0]]
    listed = rank_customers(shelf.lines, *YEAR, customers=old, leave_out=shelf.staff, of="receipts").table
    assert check("21c", (listed.decile == 10).sum()).status == "right" and "joined in 2024" in luck.message
    assert check("21c", len(counts) // 10).mistake == "ties_cut"
    assert check("21c", (counts > 3).sum()).mistake == "above_the_cut"
    until_30 = year[year.time < "2024-12-31"].groupby("customer_id").basket_id.nunique().reindex(members, fill_value=0)
    short = rank_customers(year, YEAR[0], "2024-12-31", customers=members.to_frame(), of="receipts").table
    assert check("21c", (short.decile == 10).sum()).mistake == "last_day_left_out" and (until_30 >= 3).sum() == 615
    assert check("21c", (counts == 2).sum()).mistake == "second_best_decile"
    assert check("21c", (counts >= 3).sum() - 4).mistake == "staff_taken_off_twice"
    lines = year.groupby("customer_id").size()
    assert check("21c", (lines >= 3).sum()).mistake == "lines_from_the_cut_of_receipts"
    active = rank_customers(year, *YEAR, of="receipts").table
    assert check("21c", (active.decile == 10).sum()).mistake == "active_only"
    ever = rank_customers(both_years, "2023-01-01", YEAR[1], customers=members.to_frame(), of="receipts").table
    assert check("21c", (ever.decile == 10).sum()).mistake == "since_joining"
    with_staff = rank_customers(shelf.lines, *YEAR, customers=shelf.members, of="receipts").table
    assert "staff_inside" in check("21c", (with_staff.decile == 10).sum()).mistake
    by_rank = pd.qcut(counts.rank(method="first"), 10, labels=False)
    assert check("21c", (by_rank == 9).sum()).mistake == "ties_cut"


@pytest.mark.parametrize(
    ("letter", "name"), [("a", "members_for_buyers"), ("B", "cost_from_receipts"), ("D.", "silence_as_loss")]
)
def test_each_sentence_of_the_report_is_answered(letter, name):
    assert check("21d", letter).mistake == name
    assert check("21d", "c").status == "right"


@pytest.mark.slow
def test_the_third_month_by_hand_is_right_and_other_months_and_crowds_are_named(both_years):
    first = both_years.groupby("customer_id").time.transform("min")
    mine = both_years[(first >= "2023-07-01") & (first < "2024-01-01")]
    month = mine.time.dt.year * 12 + mine.time.dt.month
    age = month - month.groupby(mine.customer_id).transform("min")
    n = mine.customer_id.nunique()

    def answer(inside, of=n):
        came = mine.customer_id[inside].nunique()
        low, high = interval_of_share(came, of)
        return came / of, float(low), float(high)

    assert check("21e", answer(age == 3)).status == "right"
    assert check("21e", answer(age.between(1, 3))).mistake == "until_then"
    assert check("21e", answer(age > 0)).mistake == "any_later"
    assert "first_month_is_one" in check("21e", answer(age == 2)).mistake
    assert check("21e", answer(age == 4)).mistake == "a_month_later"
    late = build_cohorts(both_years[both_years.time >= "2023-07-01"], until="2025-01-01").table
    late = late[late.cohort.between("2023-07", "2023-12") & (late.age == 3)]
    low, high = interval_of_share(late.came.sum(), late.customers.sum())
    late = late.came.sum() / late.customers.sum(), float(low), float(high)
    assert check("21e", late).mistake == "cut_before_building"
    assert check("21e", tuple(round(one, 3) for one in late)).mistake == "cut_before_building"
    table = build_cohorts(both_years, until="2025-01-01").table
    cells = table[table.cohort.between("2023-07", "2023-12") & (table.age == 3)]
    low, high = interval_of_share(cells.share.mean() * n, n)
    assert check("21e", (cells.share.mean(), float(low), float(high))).mistake == "mean_of_shares"
    means = cells[["share", "low", "high"]].mean()
    assert check("21e", tuple(means)).mistake == check("21e", tuple(means.round(3))).mistake == "mean_of_shares"


def test_both_readings_of_five_percent_are_right_in_their_order_and_other_retentions_are_named(shelf, both_years):
    year_of = both_years.time.dt.year
    early, late = (set(both_years.customer_id[year_of == one]) for one in (2023, 2024))

    def worth(retention, discount=0.1):
        return tuple(find_value_gain(retention, points=points, discount=discount) for points in (True, False))

    kept = len(early & late) / len(early)
    assert check("21f", worth(kept)).status == check("21f", [round(one, 3) for one in worth(kept)]).status == "right"
    assert check("21f", worth(kept)[::-1]).mistake == "other_order"
    assert check("21f", worth(kept, 0.0)).mistake == "no_discount"
    assert check("21f", worth(len(early & late) / len(late))).mistake == "backwards"
    assert check("21f", worth(kept, 0.15)).mistake == "fifteen_percent"
    assert check("21f", worth(0.85)).mistake == "retention_of_the_lesson"
    assert "retention_rounded" in check("21f", tuple(round(one, 3) for one in worth(0.61))).mistake
    assert "cashiers" in check("21f", worth(kept)).message
    more_stay = find_value_gain(kept, less_churn=kept * 1.05 - kept, discount=0.1)
    assert check("21f", (more_stay, worth(kept)[1])).mistake == "five_percent_more_stay"
    assert check("21f", worth(kept * 1.05)).mistake == "retention_raised"
    fifth = find_value_gain(kept, less_churn=0.2, points=False, discount=0.1)
    assert check("21f", (worth(kept)[0], fifth)).mistake == "a_fifth_of_the_leavers"
    assert check("21f", (round(worth(kept)[0], 3), round(fifth, 3))).mistake == "a_fifth_of_the_leavers"
    assert check("21f", worth(1 - kept)).mistake == "churn_for_retention"
    assert check("21f", tuple(1 + one for one in worth(kept))).mistake == "ratios"


def test_the_cashiers_lead_the_shelf_and_are_named_by_the_helper(shelf):
    ranking = rank_customers(shelf.lines, *YEAR, customers=shelf.members)
    assert set(ranking.to_frame().customer_id[:4]) == set(STAFF) == set(ranking.suspects.customer_id)


def test_cashiers_take_whole_receipts_and_no_money_is_lost():
    lines = pd.DataFrame({"customer_id": range(100), "basket_id": [one // 2 for one in range(100)], "sales": 1.0})
    swiped = hand_to_cashiers(lines, cards=2, share=0.1, seed=1)
    own = swiped[swiped.customer_id < 0]
    assert len(own) == 10 and set(own.customer_id) <= {-1, -2} and swiped.sales.sum() == 100
    assert (own.groupby("basket_id").customer_id.nunique() == 1).all()


def test_pictures_name_their_message():
    spend = pd.DataFrame({"customer_id": range(40), "sales": range(40)})
    found = [measure_concentration(spend, of=who) for who in ("buyers", "members")]
    assert "48%" in draw_ten(pd.Series([24.0, 24.0, 52.0]).sort_values()).get_title(loc="left")
    assert len(draw_shares({"a chain": found[0]}, "A title").get_yticklabels()) == 1
    assert draw_two_curves(*found, "tea").get_title(loc="left").startswith("The same sales")
    costs = judge_win_or_keep((70.0, 66.0, 74.0), (10.0, 9.0, 11.0), data="a chain")
    assert any(text.get_text().startswith("7.0 × (") for text in draw_verdicts([costs], "A title").texts)
    assert draw_later({"a": 3, "b": 1}, "A title").get_title(loc="left") == "A title"


@pytest.mark.slow
def test_the_lessons_verdicts_are_drawn_and_the_worlds_truth_stands_behind_them():
    from loyalty.tasks.t21.scene import count_lost, judge_all

    lost = count_lost()
    assert lost["share"].is_monotonic_increasing and (lost["customers"] == lost["customers"].iloc[0]).all()
    ax = draw_verdicts(judge_all(), "A title")
    assert len(ax.patches) == 12 and len(ax.get_yticklabels()) == 4
    assert len(open_world().customers) == 5_000


@pytest.mark.slow
def test_ends_that_know_no_skew_are_named_and_not_called_too_wide(year):
    sums = year.groupby("customer_id").sales.sum().to_numpy()
    found = measure_concentration(rank_customers(year, *YEAR)).gini
    rng = np.random.default_rng(4)

    def gini(values):
        ordered = np.sort(values)
        place = (2 * np.arange(1, len(ordered) + 1) - 1) / len(ordered)
        return (ordered * place).sum() / ordered.sum() - 1

    drawn = np.array([gini(rng.choice(sums, len(sums))) for _ in range(400)])
    half, ends = 1.96 * drawn.std(), np.quantile(drawn, [0.025, 0.975])
    basic = 2 * found.value - ends[::-1]
    for low, high in ((found.value - half, found.value + half), ends, basic):
        told = check("21b", (found.value, low, high))
        assert told.mistake == "no_skew" and "skew" in told.message


def test_labels_of_gains_stand_beyond_the_interval():
    gains = pd.DataFrame({"effect": [0.03, 0.27], "low": [0.02, 0.2], "high": [0.05, 0.31]}, index=["a", "b"])
    ax = draw_gains(gains)
    assert [text.xy[0] for text in ax.texts[:2]] == pytest.approx([5, 31])
    assert ax.get_title(loc="left").startswith("5 % less churn")
