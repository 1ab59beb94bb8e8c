"""The rolling backtest: nothing leaks from the future, scores are those of a book, intervals rest on blocks."""

import importlib.util
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.prepare.demand import backtest_demand
from loyalty.prepare.demand.scores import naive_error, score_ratio, score_share
from loyalty.stats.intervals import wilson
from loyalty.tables import TableError

SPEC = importlib.util.spec_from_file_location("weeks", Path(__file__).with_name("conftest.py"))
TOOLS = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TOOLS)
make_weeks = TOOLS.make_weeks
ALL = ["seasonal naive", "seasonal mean", "waves"]


def test_mase_of_the_naive_forecast_is_that_of_the_book(beer):
    past, later = beer[:64], beer[64:]
    forecast = np.tile(past[-4:], 3)[:10]
    error = np.abs(later - forecast)
    assert round(error.mean(), 1) == 13.4 and round(np.sqrt((error**2).mean()), 2) == 14.31
    assert round(error.mean() / naive_error(past, 4), 2) == 0.94


def test_no_forecast_sees_the_days_that_it_is_scored_on():
    weeks = make_weeks(spread=1)
    whole = backtest_demand(weeks, ALL, horizon=4, step=16).table
    changed = weeks.copy()
    changed.iloc[120:] = 1_000.0
    other = backtest_demand(changed, ALL, horizon=4, step=16).table
    early = whole["origin"] <= weeks.index[120]
    columns = ["forecast", "low80", "high80", "low95", "high95", "scale"]
    pd.testing.assert_frame_equal(whole.loc[early, columns], other.loc[early, columns])
    assert early.sum() == 24 and not np.allclose(whole.loc[~early, "forecast"], other.loc[~early, "forecast"])


def test_each_origin_forecasts_what_one_would_forecast_there_alone():
    from loyalty.prepare.demand import forecast_demand

    weeks = make_weeks(spread=1)
    rows = backtest_demand(weeks, ALL, horizon=3, step=3, first=150, refit=1).table
    for method in ALL:
        alone = forecast_demand(weeks.iloc[:153], 3, method=method).table
        found = rows[(rows["method"] == method) & (rows["origin"] == weeks.index[153])].set_index("period")
        assert np.allclose(found[list(alone)], alone, rtol=1e-6)


def test_scores_are_those_by_hand():
    weeks = make_weeks(spread=1)
    test = backtest_demand(weeks, ["seasonal naive"], horizon=4)
    actual = weeks.iloc[104:].to_numpy()
    error = weeks.iloc[52:104].to_numpy() - actual
    scale = [naive_error(weeks.to_numpy()[:origin], 52) for origin in range(104, 153, 4)]
    row = test.scores().iloc[0]
    assert row["mase"] == pytest.approx((np.abs(error) / np.repeat(scale, 4)).mean())
    assert row["bias"] == pytest.approx(error.sum() / actual.sum())
    spread = [np.sqrt(np.mean((weeks.diff(52).iloc[52:origin]) ** 2)) for origin in range(104, 153, 4)]
    inside = np.abs(error) <= stats.norm.ppf(0.9) * np.repeat(spread, 4)
    assert row["coverage80"] == pytest.approx(inside.mean())


def test_an_interval_by_blocks_is_that_of_a_clustered_mean():
    values = np.array([1.0, 3.0, 2.0, 6.0, 5.0, 7.0])
    block = np.array([0, 0, 1, 1, 2, 2])
    found = score_ratio(values, np.ones(6), block, 0.95)
    means = np.array([2.0, 4.0, 6.0])
    half = stats.t.ppf(0.975, 2) * means.std(ddof=1) / np.sqrt(3)
    assert found == pytest.approx((4.0, 4.0 - half, 4.0 + half))
    alone = score_ratio(values, np.ones(6), np.zeros(6), 0.95)
    assert alone.value == 4.0 and np.isnan(alone.low)


def test_a_share_keeps_within_0_and_1_and_blocks_that_agree_count_once_each():
    block = np.repeat(np.arange(5), 4)
    found = score_share(np.ones(20, bool), block, 0.95)
    assert found.value == found.high == 1 and 0 < found.low < 0.6
    wide = score_share(np.repeat([True, False, True, True, False], 4), block, 0.95)
    narrow = score_share(np.tile([True, True, True, False], 5) & (np.arange(20) != 5), block, 0.95)
    assert wide.high - wide.low > narrow.high - narrow.low
    alike = score_share((np.arange(2_000) % 2 == 0) | (np.arange(2_000) == 1), np.repeat(np.arange(20), 100), 0.95)
    ends = [float(end) for end in wilson(alike.value, 2_000, 0.95, width=stats.t.ppf(0.975, 19))]
    assert [alike.low, alike.high] == pytest.approx(ends), "blocks are worth no more periods than there are"


@pytest.mark.slow
def test_intervals_by_blocks_hold_the_truth_where_errors_last_as_long_as_a_block():
    # 2,000 draws of 13 blocks of 4 with a shared error; the bound of 93.5 to 96.5 % was fixed before the first draw
    rng = np.random.default_rng(0)
    block = np.repeat(np.arange(13), 4)
    hits = 0
    for _ in range(2_000):
        values = rng.normal(size=13)[block] + rng.normal(size=52)
        score = score_ratio(values, np.ones(52), block, 0.95)
        hits += score.low <= 0 <= score.high
    assert 0.935 < hits / 2_000 < 0.965


def test_origins_that_overlap_are_one_block():
    weeks = make_weeks(spread=1)
    apart = backtest_demand(weeks, ["seasonal naive"], horizon=4)
    overlapping = backtest_demand(weeks, ["seasonal naive"], horizon=4, step=1)
    assert apart.blocks == 13 and overlapping.blocks == 13 and overlapping.table["origin"].nunique() == 49
    assert overlapping.table.groupby("block")["origin"].nunique().max() == 4
    partly = backtest_demand(weeks, ["seasonal naive"], horizon=4, step=3)
    assert partly.table.groupby("block")["origin"].nunique().max() == 2, (
        "a window of 4 reaches into the next, not further"
    )


def test_flagged_periods_are_neither_learned_from_nor_scored():
    weeks = make_weeks()
    sold = weeks.copy()
    out = pd.Series(False, weeks.index)
    out.iloc[[60, 61, 100, 110, 111, 140]] = True
    sold[out] = 0.0
    truth = backtest_demand(weeks, ["seasonal naive"], horizon=4, flags=out).table
    found = backtest_demand(sold, ["seasonal naive"], horizon=4, flags=out)
    assert np.allclose(found.table["forecast"], truth["forecast"], rtol=0.05)
    assert (
        found.scores()["periods"].iloc[0] == 52 - 3 and "3 of 52 forecasts fall on flagged weeks" in found.warnings[0]
    )
    believed = backtest_demand(sold, ["seasonal naive"], horizon=4).table
    assert (believed["forecast"] == 0).sum() == 3


def test_the_seasonal_naive_is_told_to_win_where_it_wins():
    rng = np.random.default_rng(2)
    week = np.tile([9.0, 10, 11, 12, 16, 20, 6], 30)
    level = np.repeat(100 + 8.0 * np.arange(30), 7)  # it grows: last week is nearer than the last four
    index = pd.date_range("2024-01-01", periods=210, unit="us")
    growing = pd.Series(week + level + rng.normal(size=210), index, name="growing")
    test = backtest_demand(growing, ["seasonal naive", "seasonal mean"], horizon=7)
    scores = test.scores().set_index("method")["mase"]
    assert scores["seasonal naive"] < scores["seasonal mean"]
    best = test.best.iloc[0]
    assert best["method"] == "seasonal naive" and best["verdict"] == "the naive itself" and best["gap"] == 0


def test_several_series_have_a_row_of_all_and_one_has_none():
    two = pd.DataFrame({"tea": make_weeks(spread=1), "jam": make_weeks(spread=1, seed=2)})
    test = backtest_demand(two, ["seasonal naive", "seasonal mean"], horizon=4)
    assert test.scores()["series"].tolist() == ["tea"] * 2 + ["jam"] * 2 + ["all series"] * 2
    assert backtest_demand(two["tea"], horizon=4, methods=["seasonal naive"]).scores()["series"].tolist() == ["tea"]
    gap = test.compare()
    assert gap["series"].tolist() == ["tea", "jam", "all series"] and (gap["low"] < gap["high"]).all()
    assert "tea" not in test._repr_html_() and "all series" in test._repr_html_()
    test.plot()
    test.plot_coverage()
    test.plot(against="actual", title="one")
    assert len(plt.get_fignums()) == 3
    plt.close("all")


def test_scores_against_the_truth_need_a_truth():
    weeks = make_weeks(spread=1)
    test = backtest_demand(weeks, ["waves"], horizon=4, step=24, truth=make_weeks())
    assert test.scores("truth")["mase"].iloc[0] < test.scores()["mase"].iloc[0]
    with pytest.raises(TableError, match="give the backtest its `truth`"):
        backtest_demand(weeks, ["seasonal naive"], horizon=4).scores("truth")
    with pytest.raises(TableError, match="the same periods"):
        backtest_demand(weeks, ["seasonal naive"], horizon=4, truth=make_weeks(2))
    with pytest.raises(TableError, match="was not tested"):
        test.compare()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"horizon": 0}, "horizon should be 1 or more"),
        ({"horizon": 4, "step": 0, "refit": 0}, "refit should be 1 or more"),
        ({"horizon": 100}, "156 weeks are too few"),
        ({"horizon": 4, "methods": ["arima"]}, "methods should be some of seasonal naive"),
        ({"horizon": 4, "methods": []}, "methods should be some of"),
        ({"horizon": 4, "methods": ["ets"]}, "take `waves`, or months"),
        ({"horizon": 4, "levels": [95]}, "levels should be fractions"),
        ({"horizon": 4, "first": 20}, "needs 54 weeks of history, found 20"),
    ],
)
def test_a_backtest_that_cannot_be_made_says_why(options, says):
    with pytest.raises(TableError, match=says):
        backtest_demand(make_weeks(), **{"methods": ["seasonal naive"]} | options)


def test_few_blocks_and_half_a_year_are_told():
    test = backtest_demand(make_weeks(spread=1), ["seasonal naive"], horizon=12, first=120)
    assert any("3 blocks of origins" in note for note in test.warnings)
    assert any("the rest of the year was not tested" in note for note in test.warnings)
    same = backtest_demand(make_weeks(level=0) + 5, ["seasonal naive"], horizon=4)
    assert any("its MASE has no meaning" in note for note in same.warnings)


def test_series_whose_names_are_one_when_written_are_refused_and_none_may_be_called_as_all_together():
    days = pd.date_range("2024-01-01", periods=140)
    two = pd.DataFrame({1: np.arange(140) % 9, "1": np.arange(140) % 5}, index=days)
    with pytest.raises(TableError, match="also when written as text"):
        backtest_demand(two, ["seasonal naive", "seasonal mean"], horizon=7)
    with pytest.raises(TableError, match="no series may be called 'all series'"):
        backtest_demand(two.set_axis(["all series", "b"], axis=1), ["seasonal naive"], horizon=7)


def test_a_series_that_is_never_sold_has_no_mase_and_does_not_stop_the_others():
    days = pd.date_range("2024-01-01", periods=140)
    table = pd.DataFrame({"a": np.arange(140) % 9, "z": 0.0}, index=days)
    best = backtest_demand(table, ["seasonal naive", "seasonal mean"], horizon=7).best
    assert "a" in best["series"].tolist() and "z" not in best["series"].tolist()
