"""Exercise 15, an empty shelf: right answers and the usual wrong ones, all computed from the days and the receipts."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.prepare.demand import backtest_demand, flag_periods, forecast_demand, sum_demand
from loyalty.prepare.demand.calendar import GRIDS
from loyalty.prepare.demand.methods import NAIVE, fit_method
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.mistakes import set_apart
from loyalty.tasks.t15.scene import (
    CATEGORY,
    HORIZON,
    deal_at_random,
    know_shower,
    open_exercise,
    open_shower,
    smooth_waves,
)

PIECES, THOUSANDTH = 0.005, 0.0005
FIRST, LAST = "2025-10-01", "2025-12-28"
SEASON = 52
FIFTH = 0.2
YEAR_AGO = "2024-12-29"  # 365 days before the exercise's day
ONE_STEP = "These are fitted values, one week ahead, by a method that has learned from all weeks. Go back to an origin, and score what came after it."
SPLIT_SEEDS = 3  # splits at random are drawn with any seed: a few are named


def _autumn(first: str = FIRST, last: str = LAST) -> pd.DataFrame:
    days = open_shower().days
    return days[days["date"].between(first, last)]


def _mean_ordinary(days: pd.DataFrame, column: str = "pieces") -> float:
    return float(days.loc[~(days["out_of_stock"] | days["promotion"]), column].mean())


def _find_ordinary_weeks() -> float:
    """Mean pieces of the weeks of the window in which no day was sold out or promoted."""
    shower = open_shower()
    weeks = shower.weeks[~shower.flagged]
    return float(weeks[weeks.index >= FIRST].mean())


@cache
def _answer_demand() -> Answers:
    whole = open_shower().days
    days = _autumn()
    right = _mean_ordinary(days)
    ordinary = ~(days["out_of_stock"] | days["promotion"])
    mistakes = (
        Mistake(
            "stock_out_read_as_no_demand",
            "You left the promotion days out, and kept the days on which nothing was there. An empty shelf does not say that nobody wanted it: leave these days out too.",
            days.loc[~days["promotion"], "pieces"].mean(),
        ),
        Mistake(
            "promotion_in_the_baseline",
            "You left the sold-out days out, and kept the promotion. It sells more than people want at the usual price: leave these days out too.",
            days.loc[~days["out_of_stock"], "pieces"].mean(),
        ),
        Mistake(
            "all_days",
            "You took all days: those on which nothing was there, and those of the promotion. What was sold is not what is wanted on an ordinary day.",
            days["pieces"].mean(),
        ),
        Mistake(
            "divided_by_all_days",
            "You added up the ordinary days, and divided by all days. Divide by the ordinary ones.",
            days.loc[ordinary, "pieces"].sum() / len(days),
        ),
        Mistake(
            "days_with_sales",
            "You took the days with a sale. A promotion day has sales too. The flags say which days are ordinary.",
            days.loc[days["pieces"] > 0, "pieces"].mean(),
        ),
        Mistake("a_week", "That is a week. Asked is a day.", 7 * right),
        Mistake("euros", "These are euros. Asked are pieces.", _mean_ordinary(days, "sales")),
        Mistake("median", "That is the median. Asked is the mean: orders are added up.", days.loc[ordinary, "pieces"].median()),
        Mistake(
            "last_day_left_out",
            "You left out 28 December. The window is from 1 October to 28 December, both included.",
            _mean_ordinary(_autumn(last="2025-12-27")),
        ),
        Mistake("last_year", "That is 2024. Asked is 2025.", _mean_ordinary(_autumn("2024-10-01", "2024-12-28"))),
        Mistake("last_year_to_its_end", "That is 2024, to its last day. Asked is 2025.", _mean_ordinary(_autumn("2024-10-01", "2024-12-31"))),
        Mistake(
            "autumns_of_all_years",
            "These are the Octobers to Decembers of all three years. Asked are those of 2025.",
            _mean_ordinary(whole[whole["date"].dt.month >= 10]),
        ),
        Mistake(
            "ordinary_weeks",
            "You took whole weeks without a flag, and divided by 7. One flagged day takes six ordinary days away with it: count days.",
            _find_ordinary_weeks() / 7,
        ),
        Mistake("whole_year", "That is the whole of 2025. Asked is October to December.", _mean_ordinary(_autumn("2025-01-01"))),
        Mistake("all_years", "These are all three years. Asked is October to December 2025.", _mean_ordinary(whole)),
    )  # fmt: skip
    apart, near = set_apart(mistakes, PIECES)
    return Answers(
        right=right,
        praise=f"{right:.2f} pieces on an ordinary day, {ordinary.sum()} of {len(days)} days. All days together say {days['pieces'].mean():.1f}.",
        mistakes=apart,
        near=near,
    )  # fmt: skip


def _list_sales(lines: pd.DataFrame, column: str = "sales", by: str = "product_id") -> pd.Series:
    """Sum of each product, the largest first."""
    return lines.groupby(by)[column].sum().sort_values(ascending=False)


def _share_first(sums: pd.Series, part: float = FIFTH) -> float:
    """What the first part of sorted sums brings, in percent."""
    return float(100 * sums.head(round(part * len(sums))).sum() / sums.sum())


def _list_years(receipts: pd.DataFrame) -> dict[int, pd.DataFrame]:
    return dict(list(receipts.groupby(receipts["time"].dt.year)))


@cache
def _answer_fifth() -> Answers:
    receipts, products, _ = open_exercise()
    years = _list_years(receipts)
    lines = years[2025].merge(products[["product_id", "category", "department", "price"]], on="product_id")
    lines = lines.assign(before=lines["price"] * lines["quantity"])
    sums = _list_sales(lines)
    right = _share_first(sums)
    a = int(((sums.cumsum() - sums) / sums.sum() < 0.8).sum())
    pieces = _list_sales(lines, "quantity")
    mistakes = (
        Mistake("fraction", "That is a fraction. Asked is percent: times 100.", right / 100),
        Mistake("saying", "That is the saying, and not this chain. Add up the sales.", 80.0),
        Mistake("pieces", "You added up pieces. Asked is sales: money.", _share_first(pieces)),
        Mistake(
            "ranked_by_pieces",
            "You ranked the products by pieces, and added up their sales. Rank them by their sales.",
            float(100 * sums[pieces.index[: round(FIFTH * len(sums))]].sum() / sums.sum()),
        ),
        Mistake("margin", "That is the margin. Asked is sales.", _share_first(_list_sales(lines, "margin"))),
        Mistake(
            "before_discount",
            "You took the price of the list, times pieces. Asked is what was paid: `sales`.",
            _share_first(_list_sales(lines, "before")),
        ),
        Mistake("ranked_by_price", "You ranked the products by price. Rank them by their sales.", _share_of_dearest(lines)),
        Mistake("all_years", "You took all three years. Asked is 2025.", _share_first(_list_sales(receipts))),
        Mistake("year_2024", "That is 2024. Asked is 2025.", _share_first(_list_sales(years[2024]))),
        Mistake("year_2023", "That is 2023. Asked is 2025.", _share_first(_list_sales(years[2023]))),
        Mistake(
            "last_365_days",
            "You took the last 365 days, and they begin in 2024. Asked is 2025: from 1 January on.",
            _share_first(_list_sales(receipts[receipts["time"] >= YEAR_AGO])),
        ),
        Mistake(
            "ranked_by_all_years",
            "You ranked the products by all three years. Rank them by their sales of 2025.",
            float(100 * sums[_list_sales(receipts).index[: round(FIFTH * len(sums))]].sum() / sums.sum()),
        ),
        Mistake(
            "counted_lines",
            "You counted lines of receipts. Asked is sales: money.",
            _share_first(lines["product_id"].value_counts()),
        ),
        Mistake(
            "single_lines",
            "You ranked single lines of receipts. First sum the sales of each product.",
            _share_first(lines["sales"].sort_values(ascending=False)),
        ),
        Mistake("a_tenth", "That is the largest tenth. Asked is the largest fifth.", _share_first(sums, 0.1)),
        Mistake("a_quarter", "That is the largest quarter. Asked is the largest fifth.", _share_first(sums, 0.25)),
        Mistake("smallest", "That is the smallest fifth. Sort with the largest first.", _share_first(sums[::-1])),
        Mistake("the_rest", "That is what all the others bring. Asked is the largest fifth.", 100 - right),
        Mistake("class_a", "That is how many products bring 80 %, in percent. Asked is what a fifth of them brings.", 100 * a / len(sums)),
        Mistake("categories", "These are categories. Asked are products.", _share_first(_list_sales(lines, by="category"))),
    )  # fmt: skip
    apart, near = set_apart(mistakes, PIECES)
    close = [one for one in apart if abs(one.value - right) <= 5 * PIECES]
    return Answers(
        right=right,
        praise=f"{right:.2f} %, and not 80. For 80 % of the sales it takes {a} of {len(sums)} products.",
        mistakes=tuple(one for one in apart if one not in close),
        near=(*near, *close),
    )


def _share_of_dearest(lines: pd.DataFrame) -> float:
    sums = lines.groupby("product_id").agg(price=("price", "first"), sales=("sales", "sum"))
    return _share_first(sums.sort_values("price", ascending=False, kind="stable")["sales"])


def _score(method: str = NAIVE, *, flagged: bool = True, **options: int) -> pd.Series:
    """First row of the scores of a backtest of the exercise's weeks."""
    shower = open_shower()
    flags = shower.flagged if flagged else None
    return backtest_demand(shower.weeks, [method], horizon=options.pop("horizon", HORIZON), flags=flags, **options).scores().iloc[0]  # type: ignore[arg-type]  # fmt: skip


def _list_naive_pairs() -> tuple[np.ndarray, np.ndarray]:
    """Errors of the naive forecast on all weeks after the first season, and what was sold; NaN where flagged."""
    shower = open_shower()
    values = shower.weeks.where(~shower.flagged).to_numpy(float)
    return np.abs(values[SEASON:] - values[:-SEASON]), values[SEASON:]


@cache
def _answer_mase() -> Answers:
    right = float(_score("waves")["mase"])
    shower = open_shower()
    values = shower.weeks.where(~shower.flagged).to_numpy(float)
    rows = backtest_demand(shower.weeks, ["waves"], horizon=HORIZON, flags=shower.flagged).table
    scored = rows[rows["scored"]]
    error = (scored["forecast"] - scored["actual"]).abs()
    naive, _ = _list_naive_pairs()
    scale = float(np.nanmean(naive))
    plain = shower.weeks.to_numpy(float)
    fitted_gaps = np.abs(values - _list_fitted(values))
    whole = backtest_demand(shower.weeks, ["waves"], horizon=HORIZON).table
    on_ordinary = whole[~shower.flagged.loc[whole["period"]].to_numpy()]
    neighbours = float(np.nanmean(np.abs(np.diff(values))))
    mistakes = (
        Mistake(
            "in_sample",
            "You scored in sample: the method has seen the weeks that it is judged on. Go back to an origin, and score what came after it.",
            float(np.nanmean(np.abs(values - smooth_waves(values)))) / scale,
        ),
        Mistake(
            "one_step_in_sample",
            ONE_STEP,
            float(np.nanmean(fitted_gaps[1:])) / scale,  # before the first week it knows nothing
        ),
        Mistake(
            "one_step_in_sample_with_first",
            ONE_STEP,
            float(np.nanmean(fitted_gaps)) / scale,
        ),
        Mistake(
            "learned_at_each_origin",
            "You learned anew at each origin. That is as sound a test, only not the one that is asked: `backtest_demand` learns anew at every fourth origin (`refit=4`). Leave its other settings as they are.",
            float(_score("waves", refit=1)["mase"]),
        ),
        Mistake(
            "gaps_filled_in",
            "You put a line through the flagged weeks, and then learned from it and scored it. Leave these weeks out: give `flags=flagged`.",
            _score_filled(),
        ),
        Mistake("only_sold_out_flagged", "You flagged the sold-out weeks only. The promotion is no ordinary demand either.", _score_one_kind("out_of_stock")),
        Mistake("only_promotion_flagged", "You flagged the promotion weeks only. Empty shelves say nothing about demand either.", _score_one_kind("promotion")),
        Mistake(
            "learned_from_all_weeks",
            "You scored ordinary weeks only, and learned from the flagged ones. Give `flags=flagged`: then nobody learns from them.",
            float(((on_ordinary["forecast"] - on_ordinary["actual"]).abs() / on_ordinary["scale"]).mean()),
        ),
        *_list_random_splits(values, scale),
        Mistake(
            "flags_forgotten",
            "You learned from sold-out and promoted weeks, and scored them too: give `flags=flagged`.",
            float(_score("waves", flagged=False)["mase"]),
        ),
        Mistake("naive", "That is the seasonal naive. Asked is `waves`.", float(_score()["mase"])),
        Mistake("seasonal_mean", "That is the seasonal mean. Asked is `waves`.", float(_score("seasonal mean")["mase"])),
        Mistake("error_in_pieces", "That is the mean absolute error, in pieces. Divide by the naive error of the history.", float(error.mean())),
        Mistake(
            "mape",
            "That is MAPE, the error as a share of what was sold. It explodes where little is sold. Asked is MASE.",
            float((error / scored["actual"]).mean()),
        ),
        Mistake(
            "mape_on_all",
            "That is MAPE, on sold-out weeks too: there it divides by almost nothing. Asked is MASE, on ordinary weeks.",
            float(((rows["forecast"] - rows["actual"]).abs() / rows["actual"].clip(lower=1)).mean()),
        ),
        Mistake("one_week_ahead", "You forecast one week ahead. Asked are four: `horizon=4`.", float(_score("waves", horizon=1)["mase"])),
        Mistake("eight_weeks_ahead", "You forecast eight weeks ahead. Asked are four: `horizon=4`.", float(_score("waves", horizon=8)["mase"])),
        Mistake("thirteen_weeks_ahead", "You forecast a quarter ahead. Asked are four weeks: `horizon=4`.", float(_score("waves", horizon=13)["mase"])),
        Mistake(
            "scaled_by_last_week",
            "You divided by the error of `as much as last week`. MASE divides by the *seasonal* naive: the same week of the year before.",
            float(error.mean()) / neighbours,
        ),
        Mistake(
            "last_origin_only",
            "That is the last origin alone. One origin is luck: take all of them.",
            float((error / scored["scale"])[scored["origin"] == scored["origin"].max()].mean()),
        ),
        Mistake(
            "first_origin_only",
            "That is the first origin alone. One origin is luck: take all of them.",
            float((error / scored["scale"])[scored["origin"] == scored["origin"].min()].mean()),
        ),
        Mistake("squared", "You took the root of the mean square. MASE takes absolute errors.", float(np.sqrt((error**2).mean())) / scale),
        Mistake(
            "scored_flagged_weeks",
            "You left the flagged weeks out of the history, and scored them all the same. Nobody could sell what was not there.",
            float(((rows["forecast"] - rows["actual"]).abs() / rows["scale"]).mean()),
        ),
        Mistake("scale_of_all_weeks", "Your yardstick holds sold-out and promoted weeks: it is too long.", float(error.mean()) / float(np.abs(plain[SEASON:] - plain[:-SEASON]).mean())),
    )  # fmt: skip
    apart, near = set_apart(mistakes, THOUSANDTH)
    said = [one.says for one in apart]
    again = [one for place, one in enumerate(apart) if one.says in said[:place]]  # one mistake, made in another way
    theirs = float(_score()["mase"])
    gap = backtest_demand(shower.weeks, [NAIVE, "waves"], horizon=HORIZON, flags=shower.flagged).compare().iloc[0]
    beside = f"the difference of {gap['gap']:.2f} ({gap['low']:.2f} to {gap['high']:.2f}) is: {gap['verdict']}"
    return Answers(
        right=right,
        praise=f"{right:.3f}; the seasonal naive has {theirs:.3f}, and {beside}. In sample `waves` would look like {mistakes[0].value:.3f}.",
        mistakes=tuple(one for one in apart if one not in again),
        near=(*near, *again),
    )


def _list_fitted(values: np.ndarray) -> np.ndarray:
    """The fit's own one-step-ahead values of each week."""
    result: Any = fit_method("waves", values, GRIDS["week"])
    return np.asarray(result.result.fittedvalues, dtype=float)


def _score_filled() -> float:
    shower = open_shower()
    filled = shower.weeks.astype(float).mask(shower.flagged).interpolate(limit_direction="both")
    return float(backtest_demand(filled, ["waves"], horizon=HORIZON).scores()["mase"].iloc[0])


def _score_one_kind(kind: str) -> float:
    receipts, products, flags = open_exercise()
    demand = sum_demand(receipts, products=products)
    flagged = flag_periods(flags, demand, what=(kind,))[CATEGORY]
    return float(
        backtest_demand(open_shower().weeks, ["waves"], horizon=HORIZON, flags=flagged).scores()["mase"].iloc[0]
    )


def _list_random_splits(values: np.ndarray, scale: float) -> tuple[Mistake, ...]:
    """Weeks hidden at random and filled in from both sides, with a few seeds."""
    found = []
    for seed in range(SPLIT_SEEDS):
        hidden = deal_at_random(len(values), 0.2, seed)
        errors = np.abs(values - smooth_waves(np.where(hidden, np.nan, values)))[hidden]
        found.append(
            Mistake(
                f"random_split_{seed}",
                "You hid weeks at random. Their neighbours on both sides are known to the method; next week's are not. Cut time once: before and after.",
                float(np.nanmean(errors)) / scale,
            )
        )
    return tuple(found)


def _forecast(method: str = "waves", *, flagged: bool = True, horizon: int = HORIZON, cut: int = 0) -> pd.DataFrame:
    shower = open_shower()
    size = len(shower.weeks) - cut
    flags = shower.flagged.iloc[:size] if flagged else None
    return forecast_demand(shower.weeks.iloc[:size], horizon, method=method, flags=flags).table  # type: ignore[arg-type]


def _forecast_days() -> float:
    days = open_shower().days.set_index("date").asfreq("D")
    return forecast_demand(
        days["pieces"], 7 * HORIZON, method="waves", flags=days["out_of_stock"] | days["promotion"]
    ).total


@cache
def _answer_order() -> Answers:
    table = _forecast()
    right = float(table["forecast"].sum())
    weeks = open_shower().weeks
    repeated = float(weeks.iloc[-SEASON : -SEASON + HORIZON].sum())
    mistakes = (
        Mistake(
            "sales_for_demand",
            "You forecast what will be *sold*, with empty shelves and promotions in the history. An order of that size plans the next empty shelf: give `flags=flagged`.",
            float(_forecast(flagged=False)["forecast"].sum()),
        ),
        Mistake("last_january_sold", "That is what was sold in the same weeks of last year. The shelf was empty on some of these days.", repeated),
        Mistake(
            "naive_with_flags",
            "That is the seasonal naive, with the flagged weeks of last year replaced. Asked is `waves`.",
            float(_forecast(NAIVE)["forecast"].sum()),
        ),
        Mistake("seasonal_mean", "That is the seasonal mean. Asked is `waves`.", float(_forecast("seasonal mean")["forecast"].sum())),
        Mistake("rounded_weeks", "Nearly. Add up first, then round: you have added up rounded weeks.", float(table["forecast"].round().sum())),
        Mistake(
            "from_daily_waves",
            "You forecast 28 days. Asked is the forecast of weeks: `weeks` and `flagged`.",
            _forecast_days(),
        ),
        Mistake("mean_week", "That is a mean week. Asked are the four weeks together.", right / HORIZON),
        Mistake("first_week", "That is the first week alone. Asked are the four weeks together.", float(table["forecast"].iloc[0])),
        Mistake("a_month", "That is five weeks. Asked are four: `horizon=4`.", float(_forecast(horizon=5)["forecast"].sum())),
        Mistake("eight_weeks", "These are eight weeks. Asked are four: `horizon=4`.", float(_forecast(horizon=8)["forecast"].sum())),
        Mistake(
            "sum_of_upper_ends",
            "You added up the upper ends. Four weeks are not all lucky at once: the interval of a sum is narrower than the sum of the intervals. Asked is the forecast.",
            float(table["high95"].sum()),
        ),
        Mistake("sum_of_upper_80", "You added up the upper ends of the 80 % intervals. Asked is the forecast.", float(table["high80"].sum())),
        Mistake("sum_of_lower_ends", "You added up the lower ends. Asked is the forecast.", float(table["low95"].sum())),
        Mistake("last_four_weeks", "That is what was sold in the last four weeks of the year.", float(weeks.iloc[-HORIZON:].sum())),
        Mistake(
            "december",
            "That is a forecast of the last four weeks of 2025. Asked are the four weeks after the end of the series.",
            float(_forecast(cut=HORIZON)["forecast"].sum()),
        ),
        Mistake("days_of_15a", "That is the ordinary day of 15a, times 28. It has no season in it: take the forecast.", 28 * _mean_ordinary(_autumn())),
    )  # fmt: skip
    apart, near = set_apart(mistakes, 0.5)
    close = [one for one in apart if abs(one.value - right) <= 2.5]  # five tolerances
    sold = float(_forecast(flagged=False)["forecast"].sum())
    wanted = float(know_shower().iloc[-HORIZON:].sum())
    return Answers(
        right=right,
        praise=f"{right:.0f} pieces. Without flags it would be {sold:.0f}. In the four weeks before, people truly wanted {wanted:.0f}.",
        mistakes=tuple(one for one in apart if one not in close),
        near=(*near, *close),
    )


@cache
def _answer_decision() -> Answers:
    return Answers(
        right="Q",
        praise="The forecast is of ordinary weeks, the upper end leaves room for what the method does not know, and the empty days are written down for next year.",
        mistakes=(
            Mistake("repeat_the_empty_shelf", "Last January the shelf was empty on some days. An order of what was sold then leads to the empty shelf again.", "P"),
            Mistake("promotion_as_normal", "A promotion week sells for a few days what people want at a lower price. As a norm it fills the store.", "R"),
            Mistake("trust_in_sample", "The small error was found in sample. The rolling origin shows what the next four weeks really risk.", "S"),
            Mistake("cut_what_looks_uneven", "It looks uneven because the shelf was empty, and because promotions were made. Neither comes from the customers.", "T"),
        ),
    )  # fmt: skip


TASKS = (
    Task(
        code="15a",
        asks="one number, pieces to two decimals: the mean pieces a day of shower gel on ordinary days (not sold out, no promotion) from 1 October to 28 December 2025, both included",
        compute=_answer_demand,
        tolerance=PIECES,
        hints=(
            "On which days could people buy as much as they wanted, at the usual price?",
            "`days[~days.out_of_stock & ~days.promotion]`, then the window.",
            'The window: `days.date.between("2025-10-01", "2025-12-28")`. Then `.pieces.mean()`.',
        ),
        close="Close, but not it. Which days are ordinary, and which window?",
    ),
    Task(
        code="15b",
        asks="one number, percent to two decimals: the share of the sales in euros of 2025 that the largest fifth of the products brings (by their sales of 2025)",
        compute=_answer_fifth,
        tolerance=PIECES,
        hints=(
            "Lines of 2025 only. Sum the sales of each product, the largest first.",
            "How many products are a fifth? `len(sales) // 5`. Sum these, and divide by the sum of all.",
            "`100 * sales.head(len(sales) // 5).sum() / sales.sum()`.",
        ),
        close="Close, but not it. Which year, euros or pieces, and how many products are a fifth?",
    ),
    Task(
        code="15c",
        asks="one number to three decimals: the MASE of `waves` from a rolling origin, four weeks ahead, a new origin every four weeks after the first two years, flagged weeks left out, by `backtest_demand` with its other settings as they are",
        compute=_answer_mase,
        tolerance=THOUSANDTH,
        hints=(
            'A rolling origin is made by `backtest_demand(weeks, ["waves"], horizon=4, …)`.',
            "Some weeks say nothing about demand: `flags=flagged`.",
            '`backtest_demand(weeks, ["waves"], horizon=4, flags=flagged).scores().mase.iloc[0]`.',
        ),
        close="Close, but not it. Which weeks were scored, and what had the method seen by then?",
    ),
    Task(
        code="15d",
        asks="one whole number, pieces: the forecast of `waves` for the four weeks from 29 December 2025 on, added up; it has learned from ordinary weeks only",
        compute=_answer_order,
        tolerance=0.5,
        hints=(
            'The series ends on 28 December 2025. `forecast_demand(weeks, 4, method="waves", …)`.',
            "Do empty shelves and promotions belong into what it learns from?",
            '`forecast_demand(weeks, 4, method="waves", flags=flagged).total`.',
        ),
        close="Close, but not it. Four weeks, `waves`, and which weeks has it learned from?",
    ),
    Task(
        code="15e",
        asks='one letter: "P", "Q", "R", "S" or "T"',
        compute=_answer_decision,
        tolerance=0,
        read=read_letter("PQRST"),
        hints=(
            "Which choice rests on what people wanted, and not on what was there?",
            "Which one leaves room for what a forecast cannot know, and helps next year?",
        ),
        close="",
    ),
)
