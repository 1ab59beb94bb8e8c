"""What lesson 26 counts for its pictures, and the exercise's customers month by month in right and in wrong ways."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from loyalty.segment.drift import (
    ChangeSplit,
    DriftWatch,
    LabelLife,
    StabilityIndex,
    measure_label_life,
    measure_stability_index,
    plan_refresh,
    split_change,
    watch_drift,
)
from loyalty.tasks.t26.scene import EXERCISE_SEED, read_new_rule, read_photographs

YEAR = (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"))
AGE = 2
REFRESH, STALE, PERIOD, LONGEST = 300.0, 0.15, 3, 6
AUGUST = pd.Timestamp("2025-08-01")
JULY = pd.Timestamp("2025-07-01")
LAST_AUGUST = pd.Timestamp("2024-08-01")
PARTS_OF = ("family", "health")
EACH = 0.05


# --- The lesson -----------------------------------------------------------------------------------


def compare_costs(life: LabelLife, refresh: float, stale: Sequence[float]) -> pd.DataFrame:
    """Find the cheapest period for each cost of a wrong label.

    Parameters
    ----------
    life : LabelLife
    refresh : float
        Money for one refresh.
    stale : sequence of float
        Costs of a wrong label to try.

    Returns
    -------
    pandas.DataFrame
        stale, best, and first and last: the shortest and the longest period that show no clear difference from the best.
    """
    rows = []
    for cost in stale:
        found = plan_refresh(life, cost_of_refresh=refresh, cost_of_stale_label=cost)
        alike = (found.best, *found.alike)
        rows.append({"stale": cost, "best": found.best, "first": min(alike), "last": max(alike)})
    return pd.DataFrame(rows)


def toss_coins(then: pd.Series, now: pd.Series, tosses: int = 500, seed: int = 26) -> np.ndarray:
    """Swap the two labels of each customer by the toss of a coin, and find the stability index; many times.

    Parameters
    ----------
    then, now : Series
        Labels of the same customers, in the same order.
    tosses, seed : int
    """
    names = sorted({*then.unique(), *now.unique()})
    first, second = (pd.Categorical(labels, categories=names).codes.astype(int) for labels in (then, now))
    rng = np.random.default_rng(seed)
    found = np.empty(tosses)
    for place in range(tosses):
        heads = rng.random(len(first)) < 0.5
        one = np.bincount(np.where(heads, first, second), minlength=len(names)) / len(first)
        other = np.bincount(np.where(heads, second, first), minlength=len(names)) / len(first)
        found[place] = ((other - one) * np.log(other / one)).sum()
    return found


# --- The exercise ---------------------------------------------------------------------------------


def find_snapshot(day: pd.Timestamp) -> pd.DataFrame:
    """The snapshot of a day."""
    return next(one for one in read_photographs() if one["as_of"].iloc[0] == day)


@cache
def list_year() -> tuple[pd.DataFrame, ...]:
    """The twelve snapshots of 2024."""
    return tuple(one for one in read_photographs() if YEAR[0] <= one["as_of"].iloc[0] <= YEAR[1])


@cache
def live(everything: bool = False) -> LabelLife:
    """The label life in 2024, or over all snapshots."""
    return measure_label_life(list(read_photographs() if everything else list_year()))


@cache
def live_thirteen() -> LabelLife:
    """The label life with January 2025 too."""
    return measure_label_life([*list_year(), find_snapshot(YEAR[1] + pd.DateOffset(months=1))])


def _share_right(then: pd.DataFrame, now: pd.DataFrame) -> tuple[int, int]:
    """Customers of today whose label was the same then, and customers of today."""
    pair = then.merge(now, on="customer_id")
    return int((pair["segment_x"] == pair["segment_y"]).sum()), len(now)


@cache
def share_with_two_more() -> float:
    """The share of today's customers with the right label, from twelve starts: November and December too."""
    counts = [_share_right(one, find_snapshot(one["as_of"].iloc[0] + pd.DateOffset(months=AGE))) for one in list_year()]
    right, today = np.sum(counts, axis=0)
    return float(right / today)


@cache
def mean_of_starts() -> float:
    """The plain mean of the shares of the ten starts."""
    year = list_year()
    counts = [_share_right(then, now) for then, now in zip(year[:-AGE], year[AGE:], strict=True)]
    return float(np.mean([right / today for right, today in counts]))


def read_age(name: str, age: int = AGE) -> float:
    """One column of the label life at an age."""
    return float(live().at(age)[name])


@cache
def pair_labels() -> tuple[pd.DataFrame, ...]:
    """For each start of 2024 everybody's label then and `AGE` months later; empty for who is not there."""
    year = list_year()
    pairs = zip(year[:-AGE], year[AGE:], strict=True)
    return tuple(
        then[["customer_id", "segment"]].merge(
            now[["customer_id", "segment"]], on="customer_id", how="outer", suffixes=("_then", "_now")
        )
        for then, now in pairs
    )


def count_right() -> tuple[int, int, int, int]:
    """Labels that are right, labels given, customers today, and customers on either day."""
    pairs = pd.concat(pair_labels())
    right = int((pairs["segment_then"] == pairs["segment_now"]).sum())
    return right, int(pairs["segment_then"].notna().sum()), int(pairs["segment_now"].notna().sum()), len(pairs)


@cache
def share_unmoved() -> float:
    """The share of today's customers whose label was the same in the month between too."""
    year = list_year()
    right = today = 0
    for then, between, now in zip(year[:-AGE], year[1:-1], year[AGE:], strict=True):
        labels = [one.set_index("customer_id")["segment"] for one in (then, between, now)]
        same = labels[2].index.intersection(labels[0].index).intersection(labels[1].index)
        right += int(((labels[0][same] == labels[1][same]) & (labels[1][same] == labels[2][same])).sum())
        today += len(labels[2])
    return right / today


def share_of_first() -> float:
    """The share of today's customers with the right label, from the labels of January only."""
    pairs = pair_labels()[0]
    return float((pairs["segment_then"] == pairs["segment_now"]).sum() / pairs["segment_now"].notna().sum())


def find_costs(column: str = "right_today", ages_from: int = 0) -> np.ndarray:
    """The cost a month of the periods 1 to `LONGEST`, from a column of the label life."""
    wrong = 1 - live().table[column].to_numpy()
    costs = []
    for period in range(1, LONGEST + 1):
        stale = wrong[ages_from : ages_from + period].mean()
        costs.append(REFRESH / period + STALE * live().customers * stale)
    return np.array(costs)


def find_cost_of_all(*, all_ages: bool = False, all_customers: bool = False) -> float:
    """The cost of a refresh every `PERIOD` months with ages, customers or both of all 31 snapshots."""
    wrong = 1 - live(everything=all_ages).table["right_today"].to_numpy()
    return REFRESH / PERIOD + STALE * live(everything=all_customers).customers * float(wrong[:PERIOD].mean())


@cache
def plan() -> pd.DataFrame:
    """The costs of the periods, as the helper finds them."""
    found = plan_refresh(
        live(), cost_of_refresh=REFRESH, cost_of_stale_label=STALE, periods=tuple(range(1, LONGEST + 1))
    )
    return found.table.set_index("period")


def find_index(then: pd.DataFrame, now: pd.DataFrame, base: float = np.e) -> float:
    """The stability index by hand."""
    shares = [one["segment"].value_counts(normalize=True).sort_index() for one in (then, now)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum() / np.log(base))


@cache
def compare(day: pd.Timestamp) -> StabilityIndex:
    """August 2025 against another day."""
    return measure_stability_index(find_snapshot(day), find_snapshot(AUGUST), seed=EXERCISE_SEED)


def find_index_of_survivors() -> float:
    """The index among customers who are in both Augusts."""
    then, now = find_snapshot(LAST_AUGUST), find_snapshot(AUGUST)
    kept = set(then["customer_id"]) & set(now["customer_id"])
    return find_index(then[then["customer_id"].isin(kept)], now[now["customer_id"].isin(kept)])


def find_moved_share() -> float:
    """Half the sum of the absolute differences of the shares."""
    table = compare(LAST_AUGUST).table
    return float(table["difference"].abs().sum() / 2)


@cache
def watch() -> DriftWatch:
    """The alarm as the task asks."""
    return watch_drift(list(read_photographs()), seed=EXERCISE_SEED)


def find_watched(day: pd.Timestamp, column: str) -> float:
    """One column of the alarm on a day."""
    table = watch().table
    return float(table.loc[table["as_of"] == day, column].item())


def find_highest() -> pd.Timestamp:
    """The day with the highest index."""
    table = watch().table
    return table["as_of"][table["psi"].idxmax()]


def find_first(rings: Sequence[bool], days: Sequence[pd.Timestamp]) -> pd.Timestamp:
    """The first day that rings."""
    return next(day for day, ring in zip(days, rings, strict=True) if ring)


def find_first_uncorrected() -> pd.Timestamp:
    """The first day on which one of the two p-values is below 5 %."""
    table = watch().table
    return find_first(list((table["p_shares"] < EACH) | (table["p_moves"] < EACH)), list(table["as_of"]))


@cache
def find_first_against(fixed: bool) -> pd.Timestamp:
    """The first day from July 2024 on that rings against the first snapshot, or against the month before."""
    photos = read_photographs()
    days = [one["as_of"].iloc[0] for one in photos]
    for place in range(12, len(photos)):
        base = photos[0] if fixed else photos[place - 1]
        if measure_stability_index(base, photos[place], false_alarms=0.01, seed=EXERCISE_SEED).is_drift:
            return days[place]
    raise RuntimeError("no month rings")


@cache
def split() -> ChangeSplit:
    """The change from August 2024 to August 2025, told apart."""
    return split_change(find_snapshot(LAST_AUGUST), find_snapshot(AUGUST), *read_new_rule())


def read_part(name: str, segment: str) -> float:
    """One part of the change of a segment."""
    return float(split().table.set_index("segment").loc[segment, name])


def read_parts(*names: str) -> tuple[float, ...]:
    """Parts of the changes of both segments, one segment after the other."""
    return tuple(read_part(name, segment) for segment in PARTS_OF for name in names)
