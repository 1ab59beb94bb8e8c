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
from loyalty.world import World

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


@cache
def find_rate_of(world: World) -> float:
    """Margin as a fraction of sales, of all receipts of a chain before the day."""
    before = world.receipts.query("time < @AS_OF")
    return float(before["margin"].sum() / before["sales"].sum())


@cache
def find_margin_rate(until: str = AS_OF) -> float:
    """Margin as a fraction of sales, of the cohort's receipts before a day."""
    before = read_cohort().query("time < @until")
    return float(before["margin"].sum() / before["sales"].sum())


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
def read_silent() -> pd.DataFrame:
    """All customers of the chain as of the day: recency_days, alive, type, and whether they came in the holdout."""
    world = open_cohort_chain()
    profile = build_profile(world.receipts, AS_OF)[["customer_id", "recency_days"]]
    table = profile.merge(world.truth.alive(AS_OF)).merge(world.truth.types_on(AS_OF))
    later = world.receipts.query("time >= @AS_OF")["customer_id"]
    return table.assign(came=table["customer_id"].isin(later))


def share_by_type(rows: pd.Series, of: pd.Series) -> tuple[float, float]:
    """Share of `of` among the rows, for chronic patients and for those who come with a cold."""
    table = read_silent()
    found = [float(of[rows & (table["type"] == name)].mean()) for name in TYPES]
    return found[0], found[1]
