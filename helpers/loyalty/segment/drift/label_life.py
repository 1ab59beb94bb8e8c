"""Life of a label: how long the segment given on one day is still what a fresh segmentation would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import CONTROL, GREY, TREATED, headline
from loyalty.segment.drift.months import ABSENT, Months, name_step, read_months
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import wilson
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import count_of

BLOCK = 200_000  # customers counted at once
UNEVEN = 1.25  # the longest gap between two snapshots against the shortest, at most
HALF = 0.5
CHANGED = "the version of the rule changed: labels also became wrong because the rule did"
NOTHING = 1e-15  # a variance that is 0 but for rounding
FEW = 10  # customers with a right label, or with a wrong one


@dataclass(frozen=True, eq=False)
class LabelLife:
    """How long labels stay right; built by `measure_label_life`.

    `table` has one row an age, in snapshots: starts (days from which this age was seen), labels (given and compared),
    right (share of the labels of those still there that a fresh segmentation would give too) with low and high,
    by_chance (the same if labels were handed out at random), left (share of the labelled who are not in the table any
    more), newcomers (share of today's customers without a label), right_today (share of *today's* customers with the
    right label: newcomers have none) with today_low and today_high. `half_life` is the age at which half of the labels
    are still right; infinite where it lies beyond the oldest age seen. `version_changed`: whether the snapshots were
    made by more than one version of the rule.
    """

    table: pd.DataFrame
    half_life: float
    half_low: float
    half_high: float
    step_days: float
    covariance: np.ndarray
    customers: float
    level: float
    version_changed: bool
    warnings: tuple[str, ...] = ()

    def at(self, age: int) -> pd.Series:
        """The row of an age, in snapshots."""
        row = self.table[self.table["age"] == age]
        if row.empty:
            raise TableError([f"age {age} was not seen; the oldest is {self.table['age'].max()}"], "label life")
        return row.iloc[0]

    def reads(self) -> str:
        """Say in one sentence what was found."""
        seen = self._list_seen()
        oldest = int(seen["age"].iloc[-1])
        first = seen.iloc[0]
        age = count_of(int(first["age"]), "snapshot")
        days = count_of(round(first["age"] * self.step_days), "day")
        start = f"After {age} ({days}) {first['right']:.0%} of the labels are still right"
        if np.isinf(self.half_life):
            return f"{start}; half of them are wrong only after more than {count_of(oldest, 'snapshot')}."
        ends = ", ".join(f"more than {oldest}" if np.isinf(x) else f"{x:.1f}" for x in (self.half_low, self.half_high))
        return f"{start}; half-life {self.half_life:.1f} snapshots ({ends})."

    def _list_seen(self) -> pd.DataFrame:
        """The ages after 0 at which a label was seen again."""
        return self.table[(self.table["age"] > 0) & (self.table["labels"] > 0)]

    def to_frame(self) -> pd.DataFrame:
        """One row an age."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw the share of labels that are still right, by age."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 4.2))[1]
        ax.fill_between(rows["age"], 100 * rows["low"], 100 * rows["high"], color=TREATED, alpha=0.2, linewidth=0)
        ax.plot(rows["age"], 100 * rows["right"], "o-", color=TREATED, label="of those still there")
        if (rows["newcomers"] > 0).any():
            ax.plot(rows["age"], 100 * rows["right_today"], "s--", color=CONTROL, label="of today's customers")
        ax.plot(rows["age"][1:], 100 * rows["by_chance"][1:], ":", color=GREY, label="handed out at random")
        ax.axhline(50, color="#C8CCD0", linewidth=1, zorder=0)
        ax.set(
            ylim=(0, 104),
            xticks=rows["age"],
            xlabel=f"age of the label, in {name_step(self.step_days)}s",
            ylabel="labels still right, %",
        )
        ax.legend(loc="lower left", ncols=3)
        first = self._list_seen().iloc[0]
        age = count_of(int(first["age"]), "snapshot")
        found = f"{100 * first['right']:.0f} of 100 labels are still right after {age}"
        headline(
            ax,
            title or found,
            f"band: {100 * self.level:g} % interval; a snapshot every {count_of(round(self.step_days), 'day')}",
            source,
        )
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.table.round(3), self.reads(), self.warnings)


@check_arguments
def measure_label_life(snapshots: pd.DataFrame | Sequence[AnyTable], *, level: float = 0.95) -> LabelLife:
    """Measure how long a label stays right: is it still what a fresh segmentation gives after 1, 2, 3 … snapshots?

    Each snapshot but the last is a start. A label that comes back is right again: the question is what a stale list
    says today, not whether the customer ever moved. The newest starts have not had time to grow old (right censoring):
    each age is measured on the starts that were seen for so long, and a half-life beyond the oldest age is told as such
    and not guessed. The first loss is usually the largest: stages that last for weeks, and
    customers near a border. So a curve must not be drawn on beyond its last age.

    Parameters
    ----------
    snapshots : pandas.DataFrame, or sequence of tables
        One scheme, one version of the rule: customer_id, as_of, scheme, version, segment; one long table, or one table
        a day. Evenly spaced, two or more.
    level : float
        Coverage of the intervals.

    Returns
    -------
    LabelLife
        Intervals know that one customer brings labels from several starts: Wilson's, on the number of independent
        labels that would have the same error, with the t distribution of as many customers. They speak of other
        customers in the same months, not of other months: another year may differ. The oldest age is seen from one
        start only, the earliest snapshot.

    Raises
    ------
    TableError
        The tables are no snapshots of one scheme, fewer than two, or unevenly spaced, or no customer is in two of them.

    Examples
    --------
    >>> days = pd.date_range("2025-01-01", periods=3, freq="MS")
    >>> labels = [["a", "a", "b", "b"], ["a", "b", "b", "b"], ["a", "b", "b", "a"]]
    >>> snapshots = [pd.DataFrame({"customer_id": [1, 2, 3, 4], "as_of": day, "scheme": "s", "version": "1",
    ...                            "segment": found}) for day, found in zip(days, labels)]
    >>> measure_label_life(snapshots).table[["age", "starts", "labels", "right"]]
       age  starts  labels  right
    0    0       3      12   1.00
    1    1       2       8   0.75
    2    2       1       4   0.50

    Source: the interval of the half-life inverts the pointwise band, as Brookmeyer and Crowley (1982), Biometrics 38,
    29-41, do for a median.
    """
    months = read_months(snapshots)
    if len(months.days) < 2:
        raise TableError([f"two snapshots or more are needed, found {len(months.days)}"], "snapshots")
    gaps = np.diff(months.days).astype("timedelta64[D]").astype(float)
    if gaps.max() > UNEVEN * gaps.min():
        says = f"snapshots should be evenly spaced, found gaps of {gaps.min():.0f} to {gaps.max():.0f} days"
        raise TableError([says], "snapshots")
    return measure_months(months, level)


def measure_months(months: Months, level: float) -> LabelLife:
    """Measure the label life of snapshots that lie side by side and are evenly spaced."""
    sums, products, people = _add_up(months)
    table, covariance = _describe(months, sums, products, people, level)
    if not table["labels"][1:].any():
        raise TableError(["no customer is in two of the snapshots: no label was seen again"], "snapshots")
    ages = table["age"].to_numpy(float)
    half_life, low, high = (find_crossing(ages, table[name].to_numpy()) for name in ("right", "low", "high"))
    present = float((months.codes != ABSENT).sum(axis=0).mean())
    notes = _warn(table, months, half_life, people)
    step = (months.days[-1] - months.days[0]).days / (len(months.days) - 1)
    return LabelLife(
        table, half_life, low, high, step, covariance, present, level, months.version_changed, tuple(notes)
    )


def _add_up(months: Months) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums over customers of (right, compared, today, labelled) for each age, and the sums of their products.

    One customer's starts are added before they are multiplied, so that the products know who belongs together. The
    third table counts customers for each age: with a right label, compared, there today, and with a wrong label.
    """
    ages = len(months.days) - 1
    sums = np.zeros(4 * ages)
    products = np.zeros((4 * ages, 4 * ages))
    people = np.zeros((4, ages), dtype=int)
    for start in range(0, len(months.codes), BLOCK):
        codes = months.codes[start : start + BLOCK]
        counts = np.zeros((len(codes), 4 * ages), order="F")
        there = codes != ABSENT
        for age in range(1, ages + 1):
            parts = _count_starts(codes, there, age)
            counts[:, age - 1 :: ages] = parts
            people[:3, age - 1] += (parts[:, :3] > 0).sum(axis=0)
            people[3, age - 1] += (parts[:, 0] < parts[:, 1]).sum()
        sums += counts.sum(axis=0)
        products += counts.T @ counts
    return sums, products, people


def _count_starts(codes: np.ndarray, there: np.ndarray, age: int) -> np.ndarray:
    """Count each customer's starts of one age: label right, compared, there today, labelled."""
    parts = np.zeros((len(codes), 4), dtype=np.int16, order="F")
    for start in range(codes.shape[1] - age):
        then, now = there[:, start], there[:, start + age]
        both = then & now
        parts[:, 0] += both & (codes[:, start] == codes[:, start + age])
        parts[:, 1] += both
        parts[:, 2] += now
        parts[:, 3] += then
    return parts


def _describe(
    months: Months, sums: np.ndarray, products: np.ndarray, people: np.ndarray, level: float
) -> tuple[pd.DataFrame, np.ndarray]:
    """The table of ages, and the covariance of `right_today` between ages."""
    ages = len(months.days) - 1
    right, both, today, labelled = sums.reshape(4, ages)
    still, still_covariance = _find_ratios(sums, products, ages, below=1)
    now, covariance = _find_ratios(sums, products, ages, below=2)
    still_covariance, covariance = (
        _widen(one, count) for one, count in ((still_covariance, people[1]), (covariance, people[2]))
    )
    table = pd.DataFrame({"age": np.arange(ages + 1), "starts": ages + 1 - np.arange(ages + 1)})
    everybody = int((months.codes != ABSENT).sum())
    table["labels"] = np.append(everybody, both).astype(int)
    table["right"] = np.append(1.0, still)
    table["low"], table["high"] = bound_shares(table["right"], still_covariance, people[1], level, few=_are_few(people))
    table["by_chance"] = np.append(np.nan, [_agree_by_chance(months, age) for age in range(1, ages + 1)])
    with np.errstate(invalid="ignore", divide="ignore"):
        table["left"] = np.append(0.0, 1 - both / labelled)
        table["newcomers"] = np.append(0.0, 1 - both / today)
    table["right_today"] = np.append(1.0, now)
    table["today_low"], table["today_high"] = bound_shares(
        table["right_today"], covariance, people[2], level, few=_are_few(people)
    )
    whole = np.zeros((ages + 1, ages + 1))
    whole[1:, 1:] = covariance
    return table, whole


def _find_ratios(sums: np.ndarray, products: np.ndarray, ages: int, below: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratios of two sums over customers with their covariance (linearised)."""
    above = sums[:ages]
    total = sums[below * ages : (below + 1) * ages]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = above / total
    weights = np.zeros((len(sums), ages))
    places = np.arange(ages)
    weights[places, places] = 1 / np.maximum(total, 1)
    weights[below * ages + places, places] = -np.nan_to_num(ratio) / np.maximum(total, 1)
    return ratio, weights.T @ products @ weights


def _widen(covariance: np.ndarray, customers: np.ndarray) -> np.ndarray:
    """Multiply by n / (n − 1): the shares from which the errors are counted were found on the same customers."""
    factor = np.sqrt(customers / np.maximum(customers - 1, 1))
    return covariance * factor[:, None] * factor


def bound_shares(
    share: pd.Series, covariance: np.ndarray, customers: np.ndarray, level: float, few: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of each share on its effective size; the first one, of age 0, is right by definition.

    The effective size is the number of independent labels with the same error. Where few customers
    had a right label, or a wrong one, the error itself is luck: there it is the number of customers at most, which
    makes the interval too wide rather than too narrow.

    Examples
    --------
    >>> low, high = bound_shares(pd.Series([1.0, 1.0]), np.zeros((1, 1)), np.array([30]), 0.95, np.array([True]))
    >>> round(float(low[1]), 2), float(high[1])
    (0.88, 1.0)

    Source: Korn and Graubard (1998), Survey Methodology 24, 193-201, for the effective size with t.
    """
    rate = share.to_numpy(dtype=float)[1:]
    variance = np.maximum(np.diag(covariance), 0.0)
    width = stats.t.ppf(0.5 + level / 2, np.maximum(customers - 1, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(variance > NOTHING, rate * (1 - rate) / variance, customers)
        size = np.where(few, np.minimum(size, customers), size)
    low, high = wilson(rate, size, level, width=width)
    return np.append(1.0, low), np.append(1.0, high)


def _are_few(people: np.ndarray) -> np.ndarray:
    """Ages at which few customers had a right label, or few a wrong one."""
    return np.minimum(people[0], people[3]) < FEW


def _agree_by_chance(months: Months, age: int) -> float:
    """The share of labels that would be right if each snapshot handed them out at random; mean over the starts."""
    shares = np.array([np.bincount(column[column != ABSENT], minlength=len(months.names)) for column in months.codes.T])
    shares = shares / shares.sum(axis=1, keepdims=True)
    return float((shares[:-age] * shares[age:]).sum(axis=1).mean())


def find_crossing(ages: np.ndarray, right: np.ndarray, level: float = HALF) -> float:
    """Find the age at which a curve falls to a level, on a straight line between two ages; infinite if it never does.

    Ages without a value are left out.

    Examples
    --------
    >>> find_crossing(np.array([0, 1, 2]), np.array([1.0, 0.6, 0.4])), find_crossing(np.array([0, 1]), np.ones(2))
    (1.5, inf)
    """
    seen = ~np.isnan(right)
    ages, right = ages[seen], right[seen]
    below = np.flatnonzero(right <= level)
    if not len(below):
        return float("inf")
    place = int(below[0])
    if place == 0:
        return float(ages[0])
    fall = right[place - 1] - right[place]
    return float(ages[place - 1] + (right[place - 1] - level) / fall * (ages[place] - ages[place - 1]))


def _warn(table: pd.DataFrame, months: Months, half_life: float, people: np.ndarray) -> list[str]:
    notes = [CHANGED] if months.version_changed else []
    if np.isinf(half_life):
        oldest = table.loc[table["labels"] > 0, "age"].iloc[-1]
        notes.append(f"half of the labels were still right at the oldest age seen, {count_of(oldest, 'snapshot')}")
    empty = table.loc[table["labels"] == 0, "age"].tolist()
    if empty:
        notes.append(f"no customer was there both at the start and at age {', '.join(map(str, empty))}")
    few = (people[1] > 0) & _are_few(people)
    if few.any():
        ages = ", ".join(str(place + 1) for place in np.flatnonzero(few))
        notes.append(
            f"under {FEW} customers had a right label, or a wrong one, at age {ages}: intervals are rough there"
        )
    return notes
