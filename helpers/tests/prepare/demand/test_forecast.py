"""Forecasts: each method is what its name says, beside statsmodels and formulas; bad series are refused in words."""

import importlib.util
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.prepare.demand import forecast_demand
from loyalty.prepare.demand.methods import SeasonalMean, SeasonalNaive, fill_missing
from loyalty.tables import TableError

SPEC = importlib.util.spec_from_file_location("weeks", Path(__file__).with_name("conftest.py"))
TOOLS = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TOOLS)
make_weeks = TOOLS.make_weeks


def make_days(count=140, seed=3):
    rng = np.random.default_rng(seed)
    week = np.tile([20.0, 22, 21, 23, 30, 40, 12], -(-count // 7))[:count]
    return pd.Series(
        rng.poisson(week).astype(float), pd.date_range("2024-01-01", periods=count, unit="us"), name="bread"
    )


def test_the_seasonal_naive_and_its_intervals_are_those_of_the_formula(beer):
    middle, spread = SeasonalNaive(beer[:64], 4).ahead(10)
    assert middle.tolist() == [427, 383, 394, 473, 427, 383, 394, 473, 427, 383]
    sigma = np.sqrt(np.mean((beer[4:64] - beer[:60]) ** 2))
    assert np.allclose(spread, sigma * np.sqrt([1, 1, 1, 1, 2, 2, 2, 2, 3, 3]))


def test_the_interval_is_the_normal_one_and_never_below_zero():
    days = make_days()
    found = forecast_demand(days, 7).table
    sigma = np.sqrt(np.mean(days.diff(7).dropna() ** 2))
    assert np.allclose(found["high80"] - found["forecast"], stats.norm.ppf(0.9) * sigma)
    small = forecast_demand(days // 10, 7).table
    assert (small["low95"] >= 0).all() and (small["low95"] == 0).any()


def test_the_seasonal_mean_is_the_mean_of_the_last_seasons():
    values = np.array([1.0, 10, 3, 12, 5, 14, 7, 16, 9, 18])
    middle, spread = SeasonalMean(values, 2, 3).ahead(4)
    assert middle.tolist() == [7, 16, 7, 16]
    errors = [2, 2, 3, 3, 4, 4, 4, 4]
    assert np.allclose(spread, np.sqrt(np.mean(np.square(errors))))


def test_ets_is_that_of_statsmodels_with_its_first_states_by_rule_and_its_parameters_rounded():
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    days = make_days()
    found = forecast_demand(days, 14, method="ets").table
    results = []
    for trend in (None, "add"):
        model = ETSModel(
            days.reset_index(drop=True),
            trend=trend,
            damped_trend=bool(trend),
            seasonal="add",
            seasonal_periods=7,
            initialization_method="heuristic",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            params = np.round(model.fit(disp=False).params, 3)
            results.append(model.smooth(np.maximum(params, 0.001)))
    better = min(results, key=lambda one: one.aicc)
    table = better.get_prediction(start=140, end=153).summary_frame(alpha=0.05)
    assert np.allclose(found["forecast"], table["mean"]) and np.allclose(found["high95"], table["pi_upper"])


def test_waves_are_a_level_with_fourier_terms_of_statsmodels():
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    weeks = make_weeks(2, spread=1)
    found = forecast_demand(weeks, 6, method="waves").table
    seasonal = [{"period": 365.25 / 7, "harmonics": 3}]
    model = UnobservedComponents(
        weeks.to_numpy(), "local level", freq_seasonal=seasonal, stochastic_freq_seasonal=[False]
    )
    result = model.fit(disp=False, maxiter=100).get_forecast(6)
    assert np.allclose(found["forecast"], result.predicted_mean)
    assert np.allclose(found["high95"], result.conf_int(alpha=0.05)[:, 1])


def test_waves_find_a_season_that_is_one():
    weeks = make_weeks(3)
    found = forecast_demand(weeks.iloc[:130], 20, method="waves").table["forecast"]
    assert np.allclose(found, weeks.iloc[130:150], rtol=0.02)


def test_a_flagged_period_does_not_move_the_forecast_and_an_unflagged_one_does():
    weeks = make_weeks(3)
    flags = pd.Series(False, weeks.index)
    flags.iloc[[104, 105, 150]] = True
    sold = weeks.where(~flags, 0.0)
    for method in ("seasonal naive", "seasonal mean", "waves"):
        wanted = forecast_demand(weeks, 6, method=method).table["forecast"]
        found = forecast_demand(sold, 6, method=method, flags=flags).table["forecast"]
        assert np.allclose(found, wanted, rtol=0.03), method
        believed = forecast_demand(sold, 6, method=method).table["forecast"]
        assert not np.allclose(believed, wanted, rtol=0.03), method


def test_missing_periods_are_filled_by_the_season_before_or_after():
    assert fill_missing(np.array([np.nan, 2.0, 3.0, 4.0]), 2).tolist() == [3, 2, 3, 4]
    assert fill_missing(np.array([1.0, 2.0, np.nan, 4.0, np.nan, 6.0]), 2).tolist() == [1, 2, 1, 4, 1, 6]


def test_months_and_weeks_and_days_have_the_periods_that_follow():
    months = pd.Series(np.arange(36.0) + 50, pd.date_range("2023-01-01", periods=36, freq="MS"))
    found = forecast_demand(months, 2)
    assert found.table.index.strftime("%Y-%m-%d").tolist() == ["2026-01-01", "2026-02-01"] and found.every == "month"
    assert forecast_demand(make_weeks(), 1).table.index[0] == pd.Timestamp("2025-12-29")
    assert forecast_demand(make_days(), 1).table.index[0] == pd.Timestamp("2024-05-20")


def test_a_forecast_shows_itself_and_says_what_is_doubtful():
    small = forecast_demand(make_days() // 10, 3)
    assert any("so few are skew" in note for note in small.warnings) and "forecast" in small._repr_html_()
    assert repr(small).startswith("DemandForecast by seasonal naive: 3 days from 2024-05-20")
    short = forecast_demand(make_weeks(2), 60)
    assert any("2.0 seasons" in note for note in short.warnings) and any(
        "more than a season" in n for n in short.warnings
    )
    flags = pd.Series(True, make_weeks().index)
    flags.iloc[:80] = False
    noted = forecast_demand(make_weeks(), 3, flags=flags).warnings
    assert any("are flagged" in note for note in noted) and any("an older one" in note for note in noted)
    ax = small.plot(actual=make_days(), last=30)
    assert "3 days ahead" in ax.get_label()
    plt.close("all")


WEEKS = make_weeks()


@pytest.mark.parametrize(
    ("series", "says"),
    [
        (WEEKS.drop(WEEKS.index[5]), "steps of 7, 14 days: a period without sales is a row with 0"),
        (WEEKS.iloc[::-1], "should rise from period to period"),
        (WEEKS.head(2), "3 or more tell days, weeks and months apart"),
        (WEEKS.reset_index(drop=True), "the index of `demand` should be days"),
        (WEEKS.where(WEEKS.index != WEEKS.index[7]), "is empty or infinite in 1 of 156 periods"),
        (WEEKS - 200, "keep returns out"),
        (WEEKS.astype(str), "should hold numbers"),
        (WEEKS.head(30), "needs 54 weeks of history, found 30"),
    ],
)
def test_a_series_that_cannot_be_read_is_refused_in_plain_words(series, says):
    with pytest.raises(TableError, match=says):
        forecast_demand(series, 4)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (pd.Series(0, WEEKS.index), "should hold true and false"),
        (pd.Series(False, WEEKS.index[1:]), "should stand on the same periods.*reindex"),
        (pd.Series([False, True]), "found an index of int64: `flag_periods` makes such flags"),
        (pd.Series(False, WEEKS.index[[0, 0, 1]]), "found 1 of 3 periods again"),
        (pd.DataFrame({"jam": False}, WEEKS.index), "columns that are no series: jam"),
    ],
)
def test_flags_that_fit_no_series_are_refused(flags, says):
    from loyalty.prepare.demand import backtest_demand

    with pytest.raises(TableError, match=says):
        backtest_demand(WEEKS, ["seasonal naive"], horizon=4, flags=flags)


def test_a_horizon_of_nothing_is_refused():
    with pytest.raises(TableError, match="horizon should be 1 week or more"):
        forecast_demand(WEEKS, 0)
