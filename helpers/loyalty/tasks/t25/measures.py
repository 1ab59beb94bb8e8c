"""The numbers of exercise 25, found in the right way and in usual wrong ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.prepare.profile import build_profile
from loyalty.segment.value import (
    CustomerValue,
    PurchaseFit,
    PurchaseForecast,
    SpendFit,
    customer_value,
    fit_purchases,
    fit_spend,
    predict_purchases,
    summarise_purchases,
)
from loyalty.tasks.t25.scene import AS_OF, UNTIL, open_cohort_chain, read_cohort

WEEKS = 26
DISCOUNT = 0.1
TYPES = ("chronic_patient", "winter_colds")


@cache
def read_history(as_of: str = AS_OF) -> pd.DataFrame:
    """The cohort's purchases before a day, and in the holdout if there is one."""
    return summarise_purchases(read_cohort(), as_of, until=UNTIL if as_of < UNTIL else None)


@cache
def fit_model(model: Any = "mbg_nbd", as_of: str = AS_OF) -> PurchaseFit:
    """A model of the cohort's purchases before a day."""
    return fit_purchases(read_history(as_of), model=model)


@cache
def forecast(
    model: Any = "mbg_nbd", as_of: str = AS_OF, fitted_on: str = AS_OF, weeks: float = WEEKS
) -> PurchaseForecast:
    """The cohort's next weeks; a model fitted on another day looks ahead."""
    return predict_purchases(fit_model(model, fitted_on), read_history(as_of), weeks=weeks, interval=False)


def forecast_with_silence() -> float:
    """Expect the cohort's purchases with the silence in the place of t_x: the recency of RFM."""
    table = read_history()
    silence = (table["T"] - table["t_x"]).clip(lower=1 / 7)
    wrong = table.assign(t_x=silence.where(table["x"] > 0, 0.0))
    wrong["T"] = np.maximum(wrong["T"], wrong["t_x"])
    return predict_purchases(fit_purchases(wrong, model="mbg_nbd"), wrong, weeks=WEEKS, interval=False).expected


@cache
def forecast_repeaters() -> float:
    """Expect the purchases of the repeaters, by a model that was fitted to them alone."""
    table = read_history()
    repeaters = table[table["x"] > 0].reset_index(drop=True)
    model = fit_purchases(repeaters, model="mbg_nbd")
    return predict_purchases(model, repeaters, weeks=WEEKS, interval=False).expected


def find_rate(receipts: pd.DataFrame, until: str = AS_OF) -> float:
    """Margin as a fraction of sales, of receipts before a day."""
    before = receipts[receipts["time"] < until]
    return float(before["margin"].sum() / before["sales"].sum())


@cache
def find_margin_rate(until: str = AS_OF) -> float:
    """Margin as a fraction of sales, of the cohort's receipts before a day."""
    return find_rate(read_cohort(), until)


@cache
def average_rates(of: str | None) -> float:
    """The mean of the margin rates of customers (or of receipts, by their column), or of lines; no rate of the money."""
    rows = read_cohort().query("time < @AS_OF")[["customer_id", "basket_id", "margin", "sales"]]
    sums = rows if of is None else rows.groupby(of)[["margin", "sales"]].sum()
    return float((sums["margin"] / sums["sales"]).mean())


@cache
def fit_money() -> SpendFit:
    """Money a purchase of the cohort."""
    return fit_spend(read_history())


@cache
def value_cohort(
    model: Any = "mbg_nbd", weeks: float = WEEKS, rate: float | None = None, discount: float = DISCOUNT
) -> CustomerValue:
    """The cohort's value, without intervals."""
    return customer_value(
        fit_model(model),
        fit_money(),
        read_history(),
        weeks=weeks,
        margin_rate=find_margin_rate() if rate is None else rate,
        yearly_discount=discount,
        interval=False,
    )


@cache
def value_with_intervals() -> CustomerValue:
    """The cohort's value as it is asked, with intervals."""
    asked: dict[str, Any] = {"weeks": WEEKS, "margin_rate": find_margin_rate(), "yearly_discount": DISCOUNT}
    return customer_value(fit_model(), fit_money(), read_history(), **asked)


@cache
def value_by_margin() -> float:
    """Value a customer by a Gamma–Gamma that was fitted to the margin of purchases, and no margin rate."""
    table = summarise_purchases(read_cohort(), AS_OF, of="margin")
    asked: dict[str, Any] = {"weeks": WEEKS, "margin_rate": 1.0, "yearly_discount": DISCOUNT, "interval": False}
    return customer_value(fit_model(), fit_spend(table), table, **asked).value / len(table)


@cache
def value_by_own_means(*, first: bool, discount: float) -> float:
    """Value a customer by the own mean of his purchase days: with the first, or of repeats only, where some have none."""
    found = value_cohort(discount=discount).table
    if first:
        before = read_cohort().query("time < @AS_OF")
        days = before.groupby(["customer_id", before["time"].dt.normalize()])["sales"].sum()
        own = found["customer_id"].map(days.groupby("customer_id").mean())
    else:
        own = found["customer_id"].map(read_history().set_index("customer_id")["spend"]).fillna(0)
    return float((found["value"] / found["expected_spend"] * own).mean())


@cache
def forecast_with_interval() -> PurchaseForecast:
    """The cohort's next weeks as they are asked, with intervals."""
    return predict_purchases(fit_model(), read_history(), weeks=WEEKS)


@cache
def find_span_of_once(draws: int = 400, seed: int = 25) -> tuple[float, float]:
    """Between which the share alive of those who bought once falls in 95 of 100: doubt about the parameters, and luck."""
    once = read_history().query("x == 0")
    model = fit_model()
    draw = np.random.default_rng([seed, 3])
    history = [once[name].to_numpy(float) for name in ("x", "t_x", "T")]
    shares = [
        (draw.random(len(once)) < model.law.p_alive(theta, *history)).mean()
        for theta in model.draw_parameters(draws, seed)
    ]
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


@cache
def read_silent(as_of: str = AS_OF) -> pd.DataFrame:
    """All customers of the chain as of a day: recency_days, alive, type, and whether they came in the holdout."""
    world = open_cohort_chain()
    profile = build_profile(world.receipts, as_of)[["customer_id", "recency_days"]]
    table = profile.merge(world.truth.alive(as_of)).merge(world.truth.types_on(as_of))
    later = world.receipts.query("time >= @AS_OF")["customer_id"]
    return table.assign(came=table["customer_id"].isin(later))


@cache
def find_model_alive(model: Any) -> pd.Series:
    """P(alive) by a model of the whole chain, in the order of `read_silent`."""
    purchases = summarise_purchases(open_cohort_chain().receipts, AS_OF)
    found = predict_purchases(fit_purchases(purchases, model=model), purchases, weeks=WEEKS, interval=False).table
    return read_silent()["customer_id"].map(found.set_index("customer_id")["p_alive"])


def share_by_type(rows: pd.Series, of: pd.Series, as_of: str = AS_OF) -> tuple[float, float]:
    """Share of `of` among the rows of `read_silent`, for chronic patients and for those who come with a cold."""
    table = read_silent(as_of)
    found = [float(of[rows & (table["type"] == name)].mean()) for name in TYPES]
    return found[0], found[1]
