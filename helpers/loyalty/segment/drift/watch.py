"""Drift alarm: each month against the same month of last year, corrected for the checks of a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import GREY, HIGHLIGHT, TREATED, headline, put_legend_above
from loyalty.segment.drift.months import ABSENT, Months, count_cells, error_of_gap, read_months
from loyalty.segment.drift.stability_index import LEAST_A_DAY, Tested, check_draws, has_few, judge_cells
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import count_of

NEAR = pd.Timedelta(days=3)  # so far may last year's snapshot be from the day a year before
FEW = 10  # customers who moved, and who stayed, in each year; with fewer the normal distribution is wrong
TESTS = 2  # a check: shares, and moves


@dataclass(frozen=True, eq=False)
class DriftWatch:
    """Monthly checks for drift; built by `watch_drift`.

    `table` has one row a check: as_of, against (the same day of last year), customers, psi, threshold, p_shares, moved
    and moved_before (share of the customers whose segment changed over the last `moves_over` snapshots, now and a year
    ago) with seen and seen_before (the customers of whom this is known), more (their difference) with low and high,
    p_moves, and alarm: "", "shares", "moves" or "shares and moves". What too few customers or a missing snapshot leave
    open is NaN, and rings no alarm. `each` is the chance of a false alarm of one test.
    """

    table: pd.DataFrame
    each: float
    false_alarms: float
    checks: int
    level: float
    warnings: tuple[str, ...] = ()

    @property
    def alarms(self) -> list[pd.Timestamp]:
        """The days of the checks that ring."""
        return list(self.table.loc[self.table["alarm"] != "", "as_of"])

    @property
    def first_alarm(self) -> pd.Timestamp | None:
        """The first day that rings; None if none does."""
        return self.alarms[0] if self.alarms else None

    def reads(self) -> str:
        """Say in one sentence what was found."""
        chance = f"{100 * self.false_alarms:.3g}%"
        promise = f"a year of {count_of(self.checks, 'check')} without drift rings with a chance of at most {chance}"
        if self.first_alarm is None:
            return f"No alarm in {count_of(len(self.table), 'check')}; {promise}."
        rings = self.table[self.table["alarm"] != ""]
        first = f"First alarm on {self.first_alarm:%Y-%m-%d} ({rings['alarm'].iloc[0]})"
        return f"{first}, {len(rings)} in {count_of(len(self.table), 'check')}; {promise}."

    def to_frame(self) -> pd.DataFrame:
        """One row a check."""
        return self.table.copy()

    def plot(
        self,
        *,
        of: Literal["shares", "moves"] = "shares",
        ax: Axes | None = None,
        title: str | None = None,
        source: str = "",
    ) -> Axes:
        """Draw the stability index of each check, or how many more customers moved than a year ago."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 4))[1]
        places = np.arange(len(rows))
        rings = rows["alarm"].str.contains(of).to_numpy()
        values = rows["psi"] if of == "shares" else 100 * rows["more"]
        if of == "shares":
            ax.plot(places, values, color=GREY, linewidth=1.5, zorder=2)
            ax.step(
                places, rows["threshold"], where="mid", color="#333333", linestyle="--", linewidth=1, label="threshold"
            )
            top = rows[["psi", "threshold"]].max(axis=None)
            ax.set_ylim(0, 1.25 * top if top > 0 else 1)
            ax.set_ylabel("population stability index")
        else:
            ax.vlines(places, 100 * rows["low"], 100 * rows["high"], color=GREY, linewidth=2.5, zorder=2)
            ax.axhline(0, color="#333333", linewidth=1)
            ax.set_ylabel("more movers than a year ago, points")
        ax.scatter(places[~rings], values[~rings], s=60, color=TREATED, zorder=3, label="no alarm")
        ax.scatter(places[rings], values[rings], s=90, marker="X", color=HIGHLIGHT, zorder=4, label="alarm")
        years = [place == 0 or day.month == 1 for place, day in enumerate(rows["as_of"])]
        names = [f"{day:%b\n%Y}" if year else f"{day:%b}" for day, year in zip(rows["as_of"], years, strict=True)]
        ax.set_xticks(places, names)
        ax.set_xlim(-0.6, len(rows) - 0.4)
        put_legend_above(ax, columns=3)
        first = self.first_alarm
        found = "No alarm" if first is None else f"The first alarm rings on {first:%Y-%m-%d}"
        says = "each month against the same month of last year"
        if of == "moves":
            says = f"against last year; bars: {100 * self.level:g} %; alarm: p ≤ {100 * self.each:.2g} %"
        headline(ax, title or found, says, source)
        return ax

    def _repr_html_(self) -> str:
        names = ["as_of", "customers", "psi", "threshold", "p_shares", "moved", "moved_before", "p_moves", "alarm"]
        shown = self.table[names].copy()
        shown["as_of"] = [f"{day:%Y-%m-%d}" for day in shown["as_of"]]
        return render_html(shown.round(4), self.reads(), self.warnings)


@check_arguments
def watch_drift(
    snapshots: pd.DataFrame | Sequence[AnyTable],
    *,
    checks: int = 12,
    false_alarms: float = 0.05,
    moves_over: int = 6,
    level: float = 0.95,
    draws: int = 4_000,
    seed: int = 0,
) -> DriftWatch:
    """Watch for drift: check each snapshot against the snapshot of the same day one year before.

    Two things are tested. *Shares*: the population stability index, by a bootstrap of customers. *Moves*: whether
    more customers, or fewer, changed their segment over the last `moves_over` snapshots than a year ago; this sees
    customers who change places, of which shares know nothing. A season stands on both sides of each comparison and
    drops out, as long as it is the same every year: a winter with more flu than the last one rings as well, and
    stops. All tests of a year share the false alarms: each gets 1 − (1 − false_alarms)^(1 / (2 × checks)) (Šidák).
    Holm's steps would need the p-values of months that have not come yet. An alarm says that customers are not as a
    year ago; not why, and not that the segmentation is worse.

    Parameters
    ----------
    snapshots : pandas.DataFrame, or sequence of tables
        One scheme: customer_id, as_of, scheme, version, segment; one long table of all days, or one table a day. By one
        version of the rule: apply the *same* rule to each month.
    checks : int
        Checks a year that share the false alarms.
    false_alarms : float
        The chance of at least one alarm in a year without drift, a fraction.
    moves_over : int
        Snapshots over which moves are counted; a year ago over the same days.
        Take more than the window that the rule reads (six for monthly snapshots
        of three months): labels from overlapping windows share their luck, and hide a move. Moves are seen where there
        are so many snapshots before last year's.
    level : float
        Coverage of the intervals of `more`.
    draws, seed : int
        Bootstrap draws of each check.

    Returns
    -------
    DriftWatch

    Raises
    ------
    TableError
        The tables are no snapshots of one scheme, or no day stands a year after another one.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-03-01", "2026-03-01"])
    >>> people = {"customer_id": range(200), "scheme": "own", "version": "1"}
    >>> then = pd.DataFrame(people | {"as_of": days[0], "segment": ["new", "loyal"] * 100})
    >>> now = pd.DataFrame(people | {"as_of": days[1], "segment": ["new", "loyal", "loyal", "loyal"] * 50})
    >>> watch_drift([then, now]).alarms
    [Timestamp('2026-03-01 00:00:00')]

    Source: Šidák (1967), Journal of the American Statistical Association 62, 626-633; Yurdakul and Naranjo (2020),
    Journal of Risk Model Validation 14(4).
    """
    problems = [
        f"{name} should be 1 or more, found {n}"
        for name, n in (("checks", checks), ("moves_over", moves_over))
        if n < 1
    ]
    if not 0 < false_alarms < 1:
        problems.append(f"false_alarms should lie between 0 and 1, found {false_alarms:g}")
    if problems:
        raise TableError(problems, "watch_drift")
    each = 1 - (1 - false_alarms) ** (1 / (TESTS * checks))
    check_draws(each, draws, "watch_drift")
    months = read_months(snapshots)
    if not _pair_years(months):
        span = f"{months.days[0]:%Y-%m-%d} to {months.days[-1]:%Y-%m-%d}"
        raise TableError([f"no snapshot stands a year after another one, found {span}"], "snapshots")
    rng = np.random.default_rng([seed, 26])
    table = check_months(months, each, moves_over, level, draws, rng)
    return DriftWatch(table, each, false_alarms, checks, level, tuple(_warn(table, months, checks)))


def check_months(
    months: Months, each: float, over: int, level: float, draws: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Check each month of snapshots that lie side by side; each test may ring falsely with the chance `each`."""
    rows = [_check(months, before, now, over, each, level, draws, rng) for before, now in _pair_years(months)]
    table = pd.DataFrame(rows)
    table["alarm"] = [_name_alarm(row.p_shares <= each, row.p_moves <= each) for row in table.itertuples()]
    return table


def _pair_years(months: Months) -> list[tuple[int, int]]:
    """Columns of the same day of two years."""
    pairs = []
    for now, day in enumerate(months.days):
        before = _find_year_before(months, day)
        if before is not None:
            pairs.append((before, now))
    return pairs


def _find_year_before(months: Months, day: pd.Timestamp) -> int | None:
    """The column of the same day of last year, a few days off at most."""
    wanted = day - pd.DateOffset(years=1)
    away = [abs(other - wanted) for other in months.days]
    before = int(np.argmin(away))
    return before if away[before] <= NEAR else None


def _find_starts(months: Months, before: int, now: int, over: int) -> tuple[int, int] | None:
    """The columns from which moves count, a year apart as well: a missing snapshot must not make one span longer."""
    if now < over:
        return None
    start = now - over
    start_before = _find_year_before(months, months.days[start])
    if start_before is None or start_before >= before:
        return None
    spans = [months.days[end] - months.days[first] for first, end in ((start_before, before), (start, now))]
    return (start_before, start) if abs(spans[1] - spans[0]) <= NEAR else None


def _check(
    months: Months, before: int, now: int, over: int, each: float, level: float, draws: int, rng: np.random.Generator
) -> dict[str, object]:
    """One row of the table."""
    cells = count_cells(months.codes[:, before], months.codes[:, now], len(months.names))
    unknown = Tested(np.nan, np.nan, np.nan, np.nan)
    tested = unknown if has_few(cells) else judge_cells(cells, each, draws, rng)
    row: dict[str, object] = {
        "as_of": months.days[now],
        "against": months.days[before],
        "customers": int(cells[:, :-1].sum()),
        "psi": tested.psi,
        "threshold": tested.threshold,
        "p_shares": tested.p,
    }
    starts = _find_starts(months, before, now, over)
    moves: tuple[float, ...] = (np.nan,) * 6
    seen = (0, 0)
    if starts is not None:
        first, second = (
            _find_moves(months.codes[:, start], months.codes[:, end])
            for start, end in zip(starts, (before, now), strict=True)
        )
        moves = compare_moves(first, second, level)
        seen = int((second != ABSENT).sum()), int((first != ABSENT).sum())
        if _moved_few(first) or _moved_few(second):
            moves = (*moves[:3], np.nan, np.nan, np.nan)
    names = ("moved", "moved_before", "more", "low", "high", "p_moves")
    return row | {"seen": seen[0], "seen_before": seen[1]} | dict(zip(names, moves, strict=True))


def _moved_few(moves: np.ndarray) -> bool:
    """Whether too few moved, or too few stayed, for a p-value."""
    return bool(min((moves == 1).sum(), (moves == 0).sum()) < FEW)


def _find_moves(then: np.ndarray, now: np.ndarray) -> np.ndarray:
    """1 for who changed the segment, 0 for who did not, `ABSENT` for who is not in both."""
    seen = (then != ABSENT) & (now != ABSENT)
    return np.where(seen, (then != now).astype(np.int8), np.int8(ABSENT))


def compare_moves(
    before: np.ndarray, now: np.ndarray, level: float = 0.95
) -> tuple[float, float, float, float, float, float]:
    """Compare the shares of movers of two pairs of snapshots; the same customers may stand in both.

    Returns
    -------
    (moved, moved_before, more, low, high, p)

    Examples
    --------
    >>> moved = compare_moves(np.array([0, 0, 1, -1]), np.array([1, 0, 1, 1]))
    >>> [round(value, 2) for value in moved[:3]]
    [0.75, 0.33, 0.42]
    """
    cells = count_cells(before, now, 2)
    then, after = cells[:-1].sum(axis=1), cells[:, :-1].sum(axis=0)
    if not then.sum() or not after.sum():
        return (np.nan,) * 6
    first, second = then[1] / then.sum(), after[1] / after.sum()
    error = error_of_gap(cells, 1)
    more = float(second - first)
    if error == 0:
        return float(second), float(first), more, np.nan, np.nan, float(more == 0)
    half = float(stats.norm.ppf(0.5 + level / 2)) * error
    p = float(2 * stats.norm.sf(abs(more) / error))
    return float(second), float(first), more, more - half, more + half, p


def _name_alarm(shares: bool, moves: bool) -> str:
    return " and ".join(word for word, rings in (("shares", shares), ("moves", moves)) if rings)


def _warn(table: pd.DataFrame, months: Months, checks: int) -> list[str]:
    notes = []
    if months.version_changed:
        notes.append("the version of the rule changed: an alarm may be the method's; see `split_change`")
    if len(table) < checks:
        seen = count_of(len(table), "check")
        notes.append(f"{seen} in these snapshots; the false alarms are those of {checks:,} a year")
    empty = int(table["p_shares"].isna().sum())
    if empty:
        few = f"one of the two days has fewer than {LEAST_A_DAY} customers"
        notes.append(f"in {count_of(empty, 'check')} {few}: no index, no alarm")
    unseen = table["p_moves"].isna()
    without = int((unseen & (table["seen"] == 0)).sum())
    if without:
        says = "there is no snapshot so long before (`moves_over`), or none a year before it"
        notes.append(f"no moves are seen in {count_of(without, 'check')}: {says}")
    seldom = int((unseen & (table["seen"] > 0)).sum())
    if seldom:
        says = f"fewer than {FEW} customers moved, or stayed, in one of the years"
        notes.append(f"in {count_of(seldom, 'check')} {says}: no test of moves")
    return notes
