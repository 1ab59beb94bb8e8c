"""What the plan of exercise 32 can see, who is drawn, and how often looking fools, in right and in usual wrong ways."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.design.aa_test import follow_looks
from loyalty.evaluate.design.assignment import assign_arms
from loyalty.evaluate.design.looks import LookPlan, plan_looks
from loyalty.evaluate.design.power import find_detectable
from loyalty.tasks.t32.scene import END, START, read_chain

COST = 1.80
MARGIN = 0.28
# the two hurdles of the lesson, in standard errors
SEEN = 0.8416
LEVEL = 1.96
SALT = "points 2025"
MONDAYS = 13
NORMAL = 1.959964
DAYS = 84
LETTERS = 3  # looks are planned after each


@cache
def sum_people() -> pd.DataFrame:
    """One row a customer: eligible, consent, still active, and spend in autumn and in its last four weeks."""
    customers, receipts = read_chain()
    active = ~customers["staff"] & (customers["last_purchase"] >= "2024-01-01")
    people = customers[["customer_id", "consent"]].assign(active=active, eligible=active & customers["consent"])
    for name, start in (("spent", START), ("month", END - pd.Timedelta(days=28))):
        lines = receipts[(receipts["time"] >= start) & (receipts["time"] < END)]
        people[name] = lines.groupby("customer_id")["sales"].sum().reindex(people["customer_id"], fill_value=0).array
    lines = receipts[(receipts["time"] >= START) & (receipts["time"] < END)]
    people["margin"] = lines.groupby("customer_id")["margin"].sum().reindex(people["customer_id"], fill_value=0).array
    people["all"] = receipts.groupby("customer_id")["sales"].sum().reindex(people["customer_id"], fill_value=0).array
    return people


@cache
def take_spent(column: str = "spent") -> np.ndarray:
    """What each eligible customer spent in the 84 days, or another column."""
    people = sum_people()
    return people.loc[people["eligible"], column].to_numpy()


def take_spent_with_the_silent() -> np.ndarray:
    """What customers with consent and no staff spent, those silent for a year with them."""
    people = sum_people()
    return people.loc[people["customer_id"].isin(find_all_but_silence()["customer_id"]), "spent"].to_numpy()


def find_active() -> pd.DataFrame:
    """Who is no staff and bought in the year, with consent or without."""
    people = sum_people()
    return people[people["active"]]


def find_with_staff() -> pd.DataFrame:
    """Who gave consent and bought in the year, staff with them."""
    customers = read_chain().customers
    return customers[customers["consent"] & (customers["last_purchase"] >= "2024-01-01")]


def take_spent_of(some: pd.DataFrame) -> np.ndarray:
    """What some customers spent in the 84 days."""
    people = sum_people()
    return people.loc[people["customer_id"].isin(some["customer_id"]), "spent"].to_numpy()


def cut_tail() -> np.ndarray:
    """What the eligible spent, the highest hundredth cut off."""
    spent = take_spent()
    return spent[spent <= np.quantile(spent, 0.99)]


def detect(values: np.ndarray, *, size: int | None = None, share: float = 0.05, hurdles: float = LEVEL + SEEN) -> float:
    """The effect that a test sees, by the formula of the lesson, in euros."""
    n = len(take_spent()) if size is None else size
    return float(hurdles * values.std(ddof=1) * np.sqrt(1 / (share * n) + 1 / ((1 - share) * n)))


def find_smallest_share(
    values: np.ndarray, wanted: float = COST / MARGIN, *, size: int | None = None, **options: Any
) -> float:
    """Smallest share in whole percent that sees the effect, by halving; the effect falls up to 50 %."""
    low, high = 0, 50
    while high - low > 1:
        middle = (low + high) // 2
        plan = find_detectable(values, size=size or len(take_spent()), control=middle / 100, **options)
        low, high = (low, middle) if plan.effect <= wanted else (middle, high)
    return high / 100


def find_share_by_formula(values: np.ndarray, hurdles: float = LEVEL + SEEN) -> float:
    """Smallest share in whole percent with which so many standard errors are at most an effect that just pays."""
    return next(k for k in range(1, 51) if detect(values, share=k / 100, hurdles=hurdles) <= COST / MARGIN) / 100


@cache
def find_right_share() -> float:
    """The share that 32b asks for."""
    return find_smallest_share(take_spent())


def detect_from(share: float) -> float:
    """The effect that the helper says is seen with a share, in euros."""
    return find_detectable(take_spent(), size=len(take_spent()), control=share).effect


def draw(people: pd.DataFrame, share: float, salt: str = SALT, mode: str = "hash") -> set[int]:
    """Who is control when some people are drawn."""
    contacts = assign_arms(people, {"control": share, "points": 1 - share}, salt=salt, mode=mode).contacts
    return set(contacts.loc[contacts["arm"] == "control", "customer_id"].tolist())


def find_all_but_silence() -> pd.DataFrame:
    """Who gave consent and is no staff, those silent for a year with them."""
    customers = read_chain().customers
    return customers[customers["consent"] & ~customers["staff"]]


@cache
def stop_after_each_look() -> np.ndarray:
    """Share of useless tests that were stopped by the k-th look, at place k, for a look on each of the 84 days."""
    return np.append(0.0, follow_looks(DAYS))


@cache
def sum_letters() -> pd.DataFrame:
    """What each customer of the list spent in the 28 days of each letter, in autumn: a row a customer, a column a letter."""
    customers, receipts = read_chain()
    lines = receipts[(receipts["time"] >= START) & (receipts["time"] < END)]
    letter = (lines["time"] - START).dt.days * LETTERS // DAYS
    sums = lines.groupby(["customer_id", letter.rename("letter")])["sales"].sum().unstack(fill_value=0.0)
    return sums.reindex(customers["customer_id"], fill_value=0.0)


@cache
def plan_letters(whom: str = "eligible", *, grows: bool = True, measured: bool = True, **options: Any) -> LookPlan:
    """Plan a look after each letter.

    Parameters
    ----------
    whom : {"eligible", "list", "buyers"}
        Whose spend tells the correlation of the looks.
    grows : bool
        Whether it is summed from the start until each look.
    measured : bool
        False: looks that bring news of their own, as tables suppose.
    **options
        Of `plan_looks`.
    """
    if not measured:
        return plan_looks(LETTERS, **options)
    sums = sum_letters()
    people = sum_people().set_index("customer_id")
    if whom != "list":
        sums = sums[people["eligible"].loc[sums.index]]
    if whom == "buyers":
        sums = sums[(sums != 0).any(axis=1)]
    values = sums.to_numpy()
    return plan_looks(LETTERS, correlation=np.corrcoef((values.cumsum(axis=1) if grows else values).T), **options)
