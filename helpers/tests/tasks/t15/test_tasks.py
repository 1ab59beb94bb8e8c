"""Exercise 15: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from loyalty.prepare.demand import backtest_demand, forecast_demand
from loyalty.tasks import check
from loyalty.tasks.t15.pictures import draw_errors, draw_months, draw_shelf, draw_true_evenness, draw_year
from loyalty.tasks.t15.scene import (
    class_products,
    compare_two,
    follow_category,
    judge_four_ways,
    know_evenness,
    know_season,
    know_shower,
    measure_seasons,
    open_chain,
    open_exercise,
    open_shelf,
    open_shower,
    pick_segments,
)

pytestmark = [pytest.mark.slow, pytest.mark.lesson]


@pytest.fixture(scope="module")
def shower():
    return open_shower()


@pytest.fixture(scope="module")
def autumn(shower):
    return shower.days[shower.days.date.between("2025-10-01", "2025-12-28")]


def test_the_ordinary_days_are_right_and_other_days_are_named(autumn, shower):
    ordinary = autumn[~autumn.out_of_stock & ~autumn.promotion]
    right = ordinary.pieces.mean()
    assert check("15a", right).status == check("15a", round(right, 2)).status == "right"
    assert check("15a", autumn[~autumn.promotion].pieces.mean()).mistake == "stock_out_read_as_no_demand"
    promoted = check("15a", autumn[~autumn.out_of_stock].pieces.mean())
    assert shower.days.date.max() == shower.weeks.index[-1] + np.timedelta64(6, "D")  # days and weeks end together
    assert promoted.mistake.split(" or ")[0] == "promotion_in_the_baseline"
    assert "all_days" in check("15a", autumn.pieces.mean()).mistake
    assert check("15a", ordinary.pieces.sum() / len(autumn)).mistake == "divided_by_all_days"
    assert check("15a", ordinary.sales.mean()).mistake == "euros"
    early = ordinary[ordinary.date < "2025-12-28"].pieces.mean()
    assert check("15a", early).mistake == check("15a", round(early, 2)).mistake == "last_day_left_out"
    assert check("15a", 7 * right).mistake == "a_week"
    whole = shower.days[~shower.days.out_of_stock & ~shower.days.promotion].pieces.mean()
    assert "all_years" in check("15a", whole).mistake
    full = shower.weeks[~shower.flagged]["2025-10-01":]
    assert check("15a", full.mean() / 7).mistake == "ordinary_weeks"
    late = shower.days[shower.days.date.dt.month >= 10]
    assert check("15a", late[~late.out_of_stock & ~late.promotion].pieces.mean()).mistake == "autumns_of_all_years"


def test_the_share_of_the_largest_fifth_is_right_and_other_shares_are_named():
    receipts, products, _ = open_exercise()
    year = receipts[receipts.time >= "2025-01-01"].merge(products[["product_id", "category", "price"]])

    def share(lines, column="sales", by="product_id"):
        sums = lines.groupby(by)[column].sum().sort_values(ascending=False)
        return 100 * sums.head(len(sums) // 5).sum() / sums.sum()

    right = share(year)
    assert check("15b", right).status == check("15b", round(right, 2)).status == "right"
    assert check("15b", right / 100).mistake == check("15b", round(right / 100, 4)).mistake == "fraction"
    assert check("15b", share(year, "quantity")).mistake == "pieces"
    assert check("15b", share(year, "margin")).mistake == "margin"
    listed = year.assign(listed=year.price * year.quantity)
    assert check("15b", round(share(listed, "listed"), 2)).mistake == "before_discount"
    before = receipts[receipts.time.dt.year == 2024]
    assert check("15b", round(share(before), 2)).mistake == "year_2024"
    assert "last_365_days" in check("15b", round(share(receipts[receipts.time >= "2024-12-29"]), 2)).mistake
    assert check("15b", share(receipts)).mistake == "all_years"
    assert check("15b", share(year, by="category")).mistake == "categories"


def test_mase_is_that_of_the_rolling_origin_and_other_scores_are_named(shower):
    def mase(method="waves", **options):
        test = backtest_demand(shower.weeks, [method], **{"horizon": 4, "flags": shower.flagged} | options)
        return test.scores().mase.iloc[0]

    assert check("15c", mase()).status == check("15c", round(mase(), 3)).status == "right"
    assert check("15c", mase("seasonal naive")).mistake == "naive"
    assert "flags_forgotten" in check("15c", mase(flags=None)).mistake
    assert "eight_weeks_ahead" in check("15c", mase(horizon=8)).mistake
    assert "one_week_ahead" in check("15c", mase(horizon=1)).mistake
    assert check("15c", round(mase(refit=1), 3)).mistake == "learned_at_each_origin"
    filled = shower.weeks.mask(shower.flagged).interpolate(limit_direction="both")
    filled = backtest_demand(filled, ["waves"], horizon=4).scores().mase.iloc[0]
    assert check("15c", round(filled, 3)).mistake == "gaps_filled_in"
    rows = backtest_demand(shower.weeks, ["waves"], horizon=4, flags=shower.flagged).table
    scored = rows[rows.scored]
    error = (scored.forecast - scored.actual).abs()
    assert check("15c", error.mean()).mistake == "error_in_pieces"
    assert check("15c", (error / scored.actual).mean()).mistake == "mape"


def test_in_sample_and_random_weeks_are_named(shower):
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    values = shower.weeks.where(~shower.flagged)
    waves = [{"period": 365.25 / 7, "harmonics": 3}]

    def fit(known):
        model = UnobservedComponents(
            known.to_numpy(), "local level", freq_seasonal=waves, stochastic_freq_seasonal=[False]
        )
        states = model.fit(disp=False, maxiter=100).smoothed_state
        return states[0] + states[1::2].sum(axis=0)

    scale = (values - values.shift(52)).abs().mean()
    assert check("15c", (values - fit(values)).abs().mean() / scale).mistake == "in_sample"
    hidden = np.zeros(len(values), bool)
    hidden[np.random.default_rng(0).permutation(len(values))[: round(0.2 * len(values))]] = True
    split = (values - fit(values.mask(hidden))).abs()[hidden].mean() / scale
    assert "random_split_0" in check("15c", split).mistake


def test_the_order_is_a_forecast_of_demand_and_not_of_sales(shower):
    def total(method="waves", flags=shower.flagged, horizon=4, **_):
        return forecast_demand(shower.weeks, horizon, method=method, flags=flags)

    assert check("15d", total().total).status == check("15d", round(total().total)).status == "right"
    assert check("15d", total(flags=None).total).mistake == "sales_for_demand"
    assert check("15d", total("seasonal naive").total).mistake == "naive_with_flags"
    assert check("15d", shower.weeks.iloc[-52:-48].sum()).mistake == "last_january_sold"
    assert check("15d", total().table.high95.sum()).mistake == "sum_of_upper_ends"
    assert "a_month" in check("15d", total(horizon=5).total).mistake
    assert check("15d", shower.weeks.iloc[-4:].sum()).mistake == "last_four_weeks"
    assert "days_of_15a" in check("15d", 28 * 15.953846).mistake
    assert check("15d", total().table.forecast.round().sum()).mistake == "rounded_weeks"


def test_with_the_flags_the_forecast_is_nearer_to_what_was_wanted(shower):
    gaps = []
    for flags in (shower.flagged, None):
        rows = backtest_demand(shower.weeks, ["waves"], horizon=4, flags=flags, truth=know_shower()).table
        gaps.append((rows.forecast - rows.truth).abs().mean())
    assert gaps[0] < 0.6 * gaps[1]


def test_each_wrong_decision_is_answered():
    assert check("15e", "q").status == "right"
    names = {check("15e", letter).mistake for letter in "PRST"}
    assert len(names) == 4 and None not in names


def test_the_pictures_of_the_lesson_are_drawn_and_its_scene_is_what_it_tells():
    table = class_products().table
    uneven = table[table.xyz == "Y"]
    truth = know_evenness()
    months = compare_two()
    assert truth.max() < 0.6 and (truth.loc[uneven.item] > 0.5).sum() < 0.2 * len(uneven)
    assert months.shape == (36, 2)
    assert pick_segments(open_chain())["customer_id"].is_unique
    errors = judge_four_ways("Medicines")
    assert errors.is_monotonic_increasing
    assert know_season("Vitamins").idxmax() == "Jan"
    series = follow_category(open_shelf(), open_chain().products, "Blood pressure")
    assert (series.flagged == series.out | series.promoted).all() and series.out.sum() > 5
    draw_months(months, "months")
    draw_true_evenness(uneven, truth, 0.5, "truth")
    draw_year(measure_seasons(), "year")
    draw_shelf(series, "shelf")
    draw_errors(errors, "errors")
    assert len(plt.get_fignums()) == 5
    plt.close("all")
