"""What the households of exercise 22 bought, and when, counted in right and in usual wrong ways."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.datasets.loaders import complete_journey
from loyalty.datasets.shelf import Dataset
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules.life_cycle import Gaps, assign_life_cycle, measure_gaps
from loyalty.segment.rules.rfm import cut_values, score_values
from loyalty.segment.rules.windows import sum_windows

AS_OF = pd.Timestamp("2017-07-01")
YEAR_END = pd.Timestamp("2018-01-02")
LESSON = ("2017-04-01", "2017-07-01", "2017-09-30")
QUARTERS = ("2017-07-01", "2017-09-30", "2017-12-30")


@cache
def read_chain() -> Dataset:
    """The chain of the exercise."""
    return complete_journey()


@cache
def read_profile() -> pd.DataFrame:
    """The profile as of 1 July 2017."""
    return build_profile(read_chain().receipts, AS_OF, customers=read_chain().customers)


@cache
def find_detergent(until: pd.Timestamp = AS_OF) -> pd.DataFrame:
    """One row a receipt line of detergent before the date, with its day."""
    chain = read_chain()
    lines = chain.receipts[chain.receipts.time < until]
    category = chain.products.set_index("product_id").category
    lines = lines[lines.product_id.map(category) == "LAUNDRY DETERGENTS"]
    return lines.assign(day=lines.time.dt.normalize()).sort_values(["customer_id", "day"])


def find_gaps(lines: pd.DataFrame) -> pd.Series:
    """Days between two rows of the same household."""
    return lines.groupby("customer_id").day.diff().dt.days.dropna()


@cache
def find_right_gaps(until: pd.Timestamp = AS_OF) -> pd.Series:
    """Days between two detergent days of the same household."""
    return find_gaps(find_detergent(until).drop_duplicates(["customer_id", "day"]))


@cache
def find_gaps_of_visits() -> Gaps:
    """Gaps of visits of any kind, as the helper measures them."""
    return measure_gaps(read_chain().receipts, AS_OF)


@cache
def find_gaps_of_detergent() -> Gaps:
    """Gaps of detergent, as the helper measures them."""
    return measure_gaps(find_detergent().drop(columns="day"), AS_OF)


@cache
def find_open_silences() -> pd.Series:
    """Days from each household's last detergent day to the date."""
    return (AS_OF - find_detergent().groupby("customer_id").day.max()).dt.days


@cache
def find_gaps_of_products() -> pd.Series:
    """Days between two purchase days of the same product by the same household."""
    owner = ["customer_id", "product_id"]
    days = find_detergent().drop_duplicates([*owner, "day"]).sort_values([*owner, "day"])
    return days.groupby(owner).day.diff().dt.days.dropna()


@cache
def find_any_gaps() -> pd.Series:
    """Days between two purchase days of any kind."""
    lines = read_chain().receipts
    days = lines[lines.time < AS_OF].assign(day=lambda d: d.time.dt.normalize())
    return find_gaps(days.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"]))


def score(counts: pd.Series) -> pd.Series:
    """Score other counts than receipts by the same rule; 0 for those who have none."""
    bought = counts[counts > 0]
    return pd.Series(score_values(bought, cut_values(bought, 5)), bought.index)


def count_new(gaps: Gaps) -> int:
    """Count the households with one to three receipts that are new by these gaps."""
    profile = read_profile()
    stage = assign_life_cycle(profile, gaps=gaps)
    return int((stage.segment.eq("new") & profile.frequency.between(1, 3)).sum())


@cache
def sum_spend() -> pd.DataFrame:
    """Spend of each household in the two windows of 22f."""
    return sum_windows(read_chain().receipts, *QUARTERS, customers=read_chain().customers)


def find_change(group: pd.DataFrame, start: str, end: str, of: str = "mean") -> float:
    """Change of the mean spend of some households from one window to another."""
    return float(group[end].agg(of) / group[start].agg(of) - 1)


def change_both_ways(spend: pd.DataFrame, n: int = 0) -> tuple[float, float]:
    """Change of the best forwards and backwards; a fifth of all households by default."""
    n = n or len(spend) // 5
    best, later = (spend.nlargest(n, window) for window in ("first", "second"))
    return find_change(best, "first", "second"), find_change(later, "second", "first")


def sum_spend_from(start: str, end: pd.Timestamp) -> np.ndarray:
    """Spend of each household of `_spend` from one day until before another."""
    lines = read_chain().receipts
    sales = lines[(lines.time >= start) & (lines.time < end)].groupby("customer_id").sales.sum()
    return sales.reindex(sum_spend().customer_id, fill_value=0).to_numpy()
