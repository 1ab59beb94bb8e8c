"""Population stability index (PSI): how far the shares of the segments have moved, and how far chance moves them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import CONTROL, HIGHLIGHT, TREATED, grid_along_x, headline
from loyalty.segment.drift.months import count_cells, error_of_gap, lay_side_by_side
from loyalty.segment.snapshots import read_snapshot
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import count_of, say_p

FOLKLORE = ((0.1, "small"), (0.25, "look at it"), (math.inf, "drift"))
STEPS = 500  # of the fit of the table without drift
CLOSE = 1e-9
LEAST = 1e-6  # customers; what a pair of segments that nobody shows weighs in the table without drift
LEAST_A_DAY = 10  # customers; with fewer on one of the days the index is luck
FEW = 5  # customers expected in a segment; below that the logarithm is mostly luck


@dataclass(frozen=True, eq=False)
class StabilityIndex:
    """How far the shares of segments have moved between two days; built by `measure_stability_index`.

    `psi` is the index as everybody computes it. `by_chance` is its mean if nothing had changed, `threshold` the value
    that it exceeds then with the chance `false_alarms`, and `p` the chance to see such an index or a larger one.
    `corrected` is psi less what chance adds, with the interval `low` to `high`. `table` has one row a segment: then and
    now (customers), share_then, share_now, difference with low and high, part (its term of the index).
    """

    psi: float
    corrected: float
    low: float
    high: float
    by_chance: float
    threshold: float
    p: float
    table: pd.DataFrame
    days: tuple[pd.Timestamp, pd.Timestamp]
    n_then: int
    n_now: int
    n_both: int
    false_alarms: float
    level: float
    warnings: tuple[str, ...] = ()

    @property
    def is_drift(self) -> bool:
        """Whether the index is beyond what chance does."""
        return self.psi > self.threshold

    @property
    def folklore(self) -> str:
        """What the usual rule of 0.1 and 0.25 says, which knows neither the number of customers nor the season."""
        return next(word for limit, word in FOLKLORE if self.psi < limit)

    def reads(self) -> str:
        """Say in one sentence what was found."""
        seen = f"Index {self.psi:.4f}; chance alone stays below {self.threshold:.4f} ({say_p(self.p)})"
        verdict = "the shares have moved" if self.is_drift else "no more than chance moves them"
        return f"{seen}: {verdict}. The rule of 0.1 and 0.25 says: {self.folklore}."

    def to_frame(self) -> pd.DataFrame:
        """One row a segment."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw the shares on both days."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 1.8 + 0.5 * len(rows)))[1]
        places = np.arange(len(rows))
        first, second = (f"{day:%Y-%m-%d}" for day in self.days)
        ax.hlines(places, 100 * rows["share_then"], 100 * rows["share_now"], color="#C8CCD0", linewidth=3, zorder=1)
        ax.scatter(100 * rows["share_then"], places, s=70, color=CONTROL, label=first, zorder=3)
        ax.scatter(100 * rows["share_now"], places, s=70, color=TREATED, label=second, zorder=3)
        for place, row in zip(places, rows.itertuples(), strict=True):
            words = f"{100 * row.difference:+.1f} ({100 * row.low:+.1f} to {100 * row.high:+.1f})"
            right = 100 * max(row.share_then, row.share_now)
            ax.annotate(words, (right, place), (8, 0), textcoords="offset points", va="center", fontsize=9)
        ax.set_yticks(places, rows["segment"])
        ax.set(ylim=(len(rows) - 0.5, -0.6), xlabel="share of the customers, %")
        ax.set_xlim(0, 125 * max(rows["share_then"].max(), rows["share_now"].max()) + 4)
        ax.legend(loc="lower right")
        grid_along_x(ax)
        found = "The shares have moved" if self.is_drift else "The shares moved no more than by chance"
        index = f"stability index {self.psi:.4f}, threshold {self.threshold:.4f}"
        subtitle = f"in brackets the {100 * self.level:g} % interval; {index}"
        headline(ax, title or found, subtitle, source)
        return ax

    def plot_chance(
        self, *, ax: Axes | None = None, title: str | None = None, source: str = "", folklore: bool = True
    ) -> Axes:
        """Draw the index beside what chance does, and beside the usual lines of 0.1 and 0.25."""
        ax = ax or plt.subplots(figsize=(9, 2.6))[1]
        ax.barh(0, self.threshold, height=0.5, color="#E8EAED", label="what chance alone does")
        ax.plot([self.by_chance] * 2, [-0.25, 0.25], color="#5F6368", linewidth=1.5, label="mean of chance")
        ax.plot(self.psi, 0, "o", markersize=11, color=HIGHLIGHT if self.is_drift else TREATED, label="index found")
        if folklore:
            for limit in (0.1, 0.25):
                ax.axvline(limit, color="#80868B", linestyle="--", linewidth=1)
                ax.annotate(f"{limit:g}", (limit, 0.55), (3, 0), textcoords="offset points", fontsize=9)
        ax.set(ylim=(-0.6, 0.75), yticks=[], xlabel="population stability index", xlim=(0, None))
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=3)
        grid_along_x(ax)
        found = "More than chance" if self.is_drift else "No more than chance"
        headline(ax, title or found, f"dashed: the usual lines; false alarms {100 * self.false_alarms:.3g} %", source)
        return ax

    def _repr_html_(self) -> str:
        shown = self.table.copy()
        for name in ("share_then", "share_now", "difference", "low", "high", "part"):
            shown[name] = shown[name].round(4)
        return render_html(shown, self.reads(), self.warnings)


@check_arguments
def measure_stability_index(
    then: AnyTable,
    now: AnyTable,
    *,
    false_alarms: float = 0.05,
    level: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
) -> StabilityIndex:
    """Measure the population stability index (PSI) between two snapshots, with a threshold by a bootstrap of customers.

    The index is the sum over segments of (share now − share then) × ln(share now / share then). It is never below 0, so
    luck always pushes it upwards, and more so with few customers or many segments. The famous lines of 0.1 and 0.25
    know nothing of this. Here customers are drawn again, each with both segments, from a table without drift: the
    same customers, the same newcomers and leavers, but equal shares. Compare a month with the *same month* of last
    year: against another month a season counts as drift. And it only sees shares: customers who change places leave no
    trace (see `watch_drift`). Where customers seldom change and segments are rare, the threshold is cautious: false
    alarms of 0.6 to 1.95 % were measured there at a promised 5 % (docs/tables/drift.md).

    Parameters
    ----------
    then, now : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        Two snapshots of one scheme: customer_id, as_of, scheme, version, segment.
    false_alarms : float
        The chance of an alarm when nothing has changed, a fraction, for this one check. For twelve checks a year take
        1 − 0.95^(1/12), or `watch_drift`.
    level : float
        Coverage of the intervals, a fraction.
    draws : int
        Bootstrap draws.
    seed : int

    Returns
    -------
    StabilityIndex

    Raises
    ------
    TableError
        The tables are no snapshots of one scheme, `then` is not earlier, a day has fewer than ten customers, or
        the draws are too few for `false_alarms`.

    Examples
    --------
    >>> then = pd.DataFrame({"customer_id": range(200), "as_of": pd.Timestamp("2025-03-01"), "scheme": "own",
    ...                      "version": "1", "segment": ["new", "loyal"] * 100})
    >>> now = then.assign(as_of=pd.Timestamp("2026-03-01"), segment=["new", "loyal", "loyal", "loyal"] * 50)
    >>> found = measure_stability_index(then, now)
    >>> round(found.psi, 3), found.is_drift, found.folklore
    (0.275, True, 'drift')

    Source: Yurdakul and Naranjo (2020), Journal of Risk Model Validation 14(4); Lewis (1994), An Introduction to Credit
    Scoring.
    """
    first = read_snapshot(then, "then")
    second = read_snapshot(now, "now")
    if not first["as_of"].iloc[0] < second["as_of"].iloc[0]:
        raise TableError([f"`then` ({first['as_of'].iloc[0]:%Y-%m-%d}) is not earlier than `now`"], "stability index")
    months = lay_side_by_side([first, second], "stability index")
    check_draws(false_alarms, draws, "stability index")
    cells = count_cells(months.codes[:, 0], months.codes[:, 1], len(months.names))
    if has_few(cells):
        counts = f"{cells[:-1].sum():,} and {cells[:, :-1].sum():,}"
        raise TableError([f"{LEAST_A_DAY} customers or more are needed on each day, found {counts}"], "stability index")
    rng = np.random.default_rng([seed, 26])
    found = judge_cells(cells, false_alarms, draws, rng)
    low, high = find_interval(cells, found, level, draws, rng)
    table = _describe(cells, months.names, level)
    notes = _warn(table, cells)
    if months.version_changed:
        notes.insert(0, "the version of the rule changed: take `split_change`, which tells customers from method")
    return StabilityIndex(
        psi=found.psi,
        corrected=correct(found),
        low=low,
        high=high,
        by_chance=found.by_chance,
        threshold=found.threshold,
        p=found.p,
        table=table,
        days=(months.days[0], months.days[1]),
        n_then=int(cells[:-1].sum()),
        n_now=int(cells[:, :-1].sum()),
        n_both=int(cells[:-1, :-1].sum()),
        false_alarms=false_alarms,
        level=level,
        warnings=tuple(notes),
    )


@dataclass(frozen=True)
class Tested:
    """An index against what chance does."""

    psi: float
    by_chance: float
    threshold: float
    p: float


def check_draws(false_alarms: float, draws: int, name: str) -> None:
    """Refuse a level that so few draws cannot reach."""
    if not 0 < false_alarms < 1:
        raise TableError([f"false_alarms should lie between 0 and 1, found {false_alarms:g}"], name)
    if false_alarms * (draws + 1) < 1:
        least = math.ceil(1 / false_alarms)
        raise TableError(
            [f"with {count_of(draws, 'draw')} no p-value is below {false_alarms:.4f}: take draws={least} or more"], name
        )


def has_few(cells: np.ndarray) -> bool:
    """Whether one of the two days has too few customers for an index.

    Examples
    --------
    >>> has_few(np.diag([9, 0])), has_few(np.diag([10, 0]))
    (True, False)
    """
    return bool(min(cells[:-1].sum(), cells[:, :-1].sum()) < LEAST_A_DAY)


def find_psi(cells: np.ndarray) -> np.ndarray:
    """Find the stability index from tables of pairs of segments; tables may be stacked.

    A segment without a customer counts as half a customer, because the logarithm of 0 is no number.

    Examples
    --------
    >>> stayed = np.array([[50, 50, 0], [0, 100, 0], [0, 0, 0]])  # half of the first segment moved to the second
    >>> round(float(find_psi(stayed)), 3)
    0.275
    """
    then = cells[..., :-1, :].sum(axis=-1)
    now = cells[..., :, :-1].sum(axis=-2)
    # A draw of very few customers may leave a day without anybody
    first = np.maximum(then, 0.5) / np.maximum(then.sum(axis=-1, keepdims=True), 1)
    second = np.maximum(now, 0.5) / np.maximum(now.sum(axis=-1, keepdims=True), 1)
    used = (then + now) > 0
    return np.where(used, (second - first) * np.log(second / first), 0.0).sum(axis=-1)


def judge_cells(cells: np.ndarray, false_alarms: float, draws: int, rng: np.random.Generator) -> Tested:
    """Compare the index of a table with those of tables that are drawn without drift."""
    psi = float(find_psi(cells))
    null = fit_without_drift(cells)
    total = int(cells.sum())
    drawn = find_psi(_draw(null, total, draws, rng))
    place = int(math.floor(false_alarms * (draws + 1) + 1e-9))
    threshold = float(np.sort(drawn)[draws - place])
    p = (1 + int((drawn >= psi).sum())) / (draws + 1)
    return Tested(psi, float(drawn.mean()), threshold, p)


def fit_without_drift(cells: np.ndarray) -> np.ndarray:
    """Fit the table of pairs that is nearest to the one seen and has equal shares on both days (raking).

    Who stayed, who left and who came keep their numbers, and segments that go together go on to do so. Shares become
    the pooled ones. Only the pairs of those who stayed are made alike in both directions: who leaves and who joins are
    different people, and when leaving hangs on the segment their mean describes neither.

    Source: Deming and Stephan (1940), Annals of Mathematical Statistics 11, 427-444.
    """
    then, now = cells[:-1].sum(), cells[:, :-1].sum()
    pooled = (cells[:-1].sum(axis=1) + cells[:, :-1].sum(axis=0)) / (then + now)
    fitted = cells + LEAST
    fitted[:-1, :-1] = (cells[:-1, :-1] + cells[:-1, :-1].T) / 2 + LEAST
    fitted[-1, -1] = 0.0
    rows = np.append(then * pooled, cells[-1].sum())
    columns = np.append(now * pooled, cells[:, -1].sum())
    for _ in range(STEPS):
        fitted *= _divide(rows, fitted.sum(axis=1))[:, None]
        fitted *= _divide(columns, fitted.sum(axis=0))
        if np.abs(fitted.sum(axis=1) - rows).max() < CLOSE * (then + now):
            break
    return fitted


def _divide(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.where(wanted > 0, wanted / np.where(found > 0, found, 1.0), 0.0)


def _draw(table: np.ndarray, total: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw customers with replacement; a table of counts holds all that the index needs of them."""
    share = np.maximum(table.ravel(), 0)
    drawn = rng.multinomial(total, share / share.sum(), size=draws)
    return drawn.reshape(draws, *table.shape)


def find_interval(
    cells: np.ndarray, found: Tested, level: float, draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The interval of the index of all customers of this kind, from draws of the table that was seen.

    Luck is in the index once, and in its draws twice: so it is taken off each draw twice.
    """
    drawn = find_psi(_draw(cells, int(cells.sum()), draws, rng))
    twice = 2 * (float(drawn.mean()) - found.psi)
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]) - twice
    corrected = correct(found)
    # With few customers the shift by luck may carry an end past the estimate
    return float(min(max(0.0, low), corrected)), float(max(high, corrected))


def correct(found: Tested) -> float:
    """Take what chance adds off an index.

    Examples
    --------
    >>> correct(Tested(0.75, 0.25, 0.5, 0.01)), correct(Tested(0.25, 0.5, 1.0, 0.8))
    (0.5, 0.0)
    """
    return float(max(0.0, found.psi - found.by_chance))


def _describe(cells: np.ndarray, names: tuple[str, ...], level: float) -> pd.DataFrame:
    """One row a segment; the interval of the difference knows that the same customers stand on both days."""
    then, now = cells[:-1].sum(axis=1), cells[:, :-1].sum(axis=0)
    first, second = then / then.sum(), now / now.sum()
    error = np.array([error_of_gap(cells, place) for place in range(len(names))])
    half = stats.norm.ppf(0.5 + level / 2) * error
    floor = [np.maximum(count, 0.5) / count.sum() for count in (then, now)]
    table = pd.DataFrame({"segment": names, "then": then, "now": now, "share_then": first, "share_now": second})
    table["difference"] = second - first
    table["low"], table["high"] = table["difference"] - half, table["difference"] + half
    table["part"] = (floor[1] - floor[0]) * np.log(floor[1] / floor[0])
    return table


def _warn(table: pd.DataFrame, cells: np.ndarray) -> list[str]:
    notes = []
    if len(table) == 1:
        notes.append("there is a single segment: its share cannot move")
    small = table.loc[table[["then", "now"]].min(axis=1) < FEW, "segment"]
    if len(small):
        notes.append(f"under {FEW} customers on one of the days: {', '.join(small)}; the index is rough there")
    if not cells[:-1, :-1].sum():
        notes.append("no customer is in both snapshots: they are compared as two draws of customers")
    return notes
