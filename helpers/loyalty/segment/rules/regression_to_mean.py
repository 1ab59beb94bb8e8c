"""Regression to the mean: the best customers of one window spend less in the next, although nothing has changed."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, INK, TREATED, grid_along_x, headline
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

READINGS = ("forwards", "backwards", "shuffled")
LIMITS = (0.025, 0.975)
PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth"}


@dataclass(frozen=True, eq=False)
class Regression:
    """The top and the bottom group, read in both directions of time; built by `expose_regression`.

    `table` has one row a group (top, bottom) and reading: "forwards" groups by the first window and looks at the
    second, "backwards" the other way round, "shuffled" has each customer's two windows in random order, so that nothing
    can have happened. `gaps` has one row a group: the shift forwards less the shift backwards, 0 where nothing changed.
    """

    table: pd.DataFrame
    gaps: pd.DataFrame
    season: float
    n_customers: int
    bins: int
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The table of readings."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw for each group and reading the way from the window that chose the group to the other window."""
        ax = ax or plt.subplots(figsize=(9, 4.6))[1]
        colours = dict(zip(READINGS, (TREATED, CONTROL, GREY), strict=True))
        part = PARTS.get(self.bins, f"1/{self.bins}")
        ticks = {}
        for number, row in enumerate(self.table.to_dict("records")):
            y = number + (0.6 if row["group"] == "bottom" else 0)
            colour = colours[row["reading"]]
            own = row["own_index"]
            other = row["other_index"]
            ends = [own + row["shift_low"], own + row["shift_high"]]
            ax.plot(ends, [y, y], color=colour, linewidth=12, alpha=0.3, solid_capstyle="butt", zorder=1)
            style = {"arrowstyle": "-|>", "color": colour, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (other, y), (own, y), arrowprops=style)
            ax.plot(own, y, "o", color=colour, markersize=8)
            label = f"{own:.2f} → {other:.2f}"
            if row["group"] == "top":
                label = f"{_say_percent(row['relative'])}    {label}"
            place = (max(own, *ends), y)
            ax.annotate(label, place, (14, 0), textcoords="offset points", va="center", fontsize=11, color=INK)
            ticks[y] = f"{row['group']} {part}, {row['reading']}"
        ax.set_yticks(list(ticks), list(ticks.values()))
        ax.set_ylim(len(ticks) + 0.2, -0.6)
        ax.axvline(1, color=GREY, linewidth=1, zorder=0)
        ax.set_xlim(-0.06, ax.get_xlim()[1] * 1.35)
        ax.set_xlabel("spend per customer (all customers = 1)")
        grid_along_x(ax)
        top = self.table[self.table["group"] == "top"].set_index("reading")["relative"].map(_say_percent)
        found = f"The top {part}: {top['forwards']} read forwards, {top['backwards']} read backwards"
        subtitle = (
            "from the window that chose the group (dot) to the other one (arrow), with 95 % interval;\n"
            "shuffled: each customer's two windows in random order"
        )
        headline(ax, title or found, subtitle)
        return ax

    def _repr_html_(self) -> str:
        shown = self.table[["group", "reading", "customers", "own", "other"]].copy()
        for name in ("change", "relative"):
            shown[name] = [
                f"{_say_percent(row[name])} ({_say_percent(row[name + '_low'])} to {_say_percent(row[name + '_high'])})"
                for row in self.table.to_dict("records")
            ]
        shown.columns = [*shown.columns[:3], "own window", "other window", "change", "against all customers"]
        title = f"Top and bottom of {self.n_customers:,} customers; all together {_say_percent(self.season)}"
        gaps = render_html(self.gaps, "Shift forwards less shift backwards (all customers = 1)")
        return render_html(shown, title, self.warnings) + gaps


@check_arguments
def expose_regression(spend: pd.DataFrame, *, bins: int = 5, draws: int = 500, seed: int) -> Regression:
    """Show regression to the mean: read the fall of the best customers forwards and backwards in time, and shuffled.

    Customers who are chosen for a high value had luck on top of their habit, and luck does not last: their next window
    is lower. Their *previous* window is lower too. Nobody can have fallen in both directions, so the part that both
    readings share is no change in customers. The gap between the two readings may be one: it is 0, within its
    interval, where nothing changed but a season that all customers share.

    A gap does not say what changed. In a customer base that grows, customers who joined late make the readings differ:
    keep to customers who were there in both windows.

    Parameters
    ----------
    spend : pandas.DataFrame
        customer_id, first, second: spend in two windows of equal length, as `sum_windows` returns it.
    bins : int
        5 compares the top and the bottom fifth. Of equal customers on its border each counts in part.
    draws : int
        Bootstrap samples (customers are drawn, and grouped anew each time) and shuffles.
    seed : int

    Returns
    -------
    Regression
        `table`: group, reading, customers, own and other (mean spend in the window that chose the group and in the
        other), own_index and other_index (the same with the average of all customers in that window as 1), change
        (other / own - 1), relative (other_index / own_index - 1: change against all customers), shift (other_index -
        own_index), the last three with intervals; that of a shuffled reading spans 95 % of the shuffles. `gaps`: group,
        gap, low, high, p (share of the shuffles with a gap as large).

    Raises
    ------
    TableError
        A column is missing or empty, there are fewer than 20 customers, or nothing was spent in one of the windows.

    Examples
    --------
    >>> from loyalty.segment.rules.windows import simulate_stable
    >>> result = expose_regression(simulate_stable([0, 1, 2, 5, 9] * 200, seed=1), draws=100, seed=2)
    >>> result.table.set_index(["group", "reading"])["relative"].round(1).loc["top"].to_dict()
    {'forwards': -0.2, 'backwards': -0.2, 'shuffled': -0.2}

    Source: Galton (1886), Journal of the Anthropological Institute 15, 246-263; Campbell and Kenny (1999), A Primer on
    Regression Artifacts, chapter 2, for the reading backwards.
    """
    first, second = _read_windows(spend)
    if not 2 <= bins <= len(first) // 2:
        raise TableError([f"bins should be from 2 to half the number of customers, found {bins}"], "expose_regression")
    season = second.mean() / first.mean() - 1
    # Both windows on the same average, so that a season which all customers share is not read as a change.
    a = first / first.mean()
    b = second / second.mean()
    rng = np.random.default_rng(seed)
    size = round(len(a) / bins)
    seen = _read_both(a, b, size)
    boot = np.empty((draws, *seen.shape))
    shuffled = np.empty((draws, *seen.shape))
    for draw in range(draws):
        pick = rng.integers(len(a), size=len(a))
        boot[draw] = _read_both(a[pick], b[pick], size)
        swap = rng.random(len(a)) < 0.5
        shuffled[draw] = _read_both(np.where(swap, b, a), np.where(swap, a, b), size)
    money = first.mean(), second.mean()
    rows = []
    gaps = []
    for g, group in enumerate(("top", "bottom")):
        for d, reading in enumerate(READINGS):
            values = seen[g, d % 2]
            many = boot[:, g, d % 2]
            units = (money[d % 2], money[1 - d % 2])
            if reading == "shuffled":
                values = shuffled[:, g, 0].mean(axis=0)
                many = shuffled[:, g, 0]
                units = (money[0], money[0])
            rows.append({"group": group, "reading": reading, "customers": size} | _describe(values, many, units))
        shifts = [each[..., g, :, 1] - each[..., g, :, 0] for each in (seen, boot, shuffled)]
        gap, spread, null = (shift[..., 0] - shift[..., 1] for shift in shifts)
        low, high = np.quantile(spread, LIMITS)
        p = (1 + np.sum(np.abs(null) >= abs(gap) - 1e-12)) / (1 + draws)
        gaps.append({"group": group, "gap": float(gap), "low": low, "high": high, "p": float(p)})
    few = "a group has fewer than 100 customers: with heavy tails its intervals are too narrow"
    notes = (few,) if size < 100 else ()
    return Regression(pd.DataFrame(rows), pd.DataFrame(gaps), float(season), len(a), bins, notes)


def _describe(values: np.ndarray, many: np.ndarray, units: tuple[float, float]) -> dict[str, float]:
    """Name the numbers of one reading; `many` holds the same numbers in each draw."""
    own, other = values
    row = {"own": own * units[0], "other": other * units[1], "own_index": own, "other_index": other}
    factor = units[1] / units[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio, ratios = (np.where(x > 0, y / x, np.nan) for x, y in ((own, other), (many[:, 0], many[:, 1])))
    for name, value, draws in (
        ("change", ratio * factor - 1, ratios * factor - 1),
        ("relative", ratio - 1, ratios - 1),
        ("shift", other - own, many[:, 1] - many[:, 0]),
    ):
        row[name] = float(value)
        row[f"{name}_low"], row[f"{name}_high"] = map(float, np.quantile(draws, LIMITS))
    return row


def _read_windows(spend: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    missing = [name for name in ("first", "second") if name not in spend]
    if missing:
        raise TableError([f"there is no column `{name}`; sum_windows makes it" for name in missing], "spend")
    first, second = (pd.to_numeric(spend[name], errors="coerce").to_numpy(float) for name in ("first", "second"))
    problems = [f"{len(spend):,} customers are too few to read anything: 20 at least"] if len(spend) < 20 else []
    for name, values in (("first", first), ("second", second)):
        if not np.isfinite(values).all():
            bad = np.sum(~np.isfinite(values))
            problems.append(f"`{name}` is empty, infinite or no number for {bad:,} customers; write no spend as 0")
        elif len(values) and not values.mean() > 0:
            problems.append(f"`{name}` has no spend to compare with: its mean is {values.mean():g}")
    if problems:
        raise TableError(problems, "spend")
    return first, second


def _read_both(a: np.ndarray, b: np.ndarray, size: int) -> np.ndarray:
    """Compute the means of both groups in both readings, with the average of each window as 1.

    The axes of the result: group (top, bottom), reading (forwards, backwards), window (own, other).
    """
    a = a / a.mean()
    b = b / b.mean()
    readings = ((a, b), (b, a))
    return np.array([[_mean_of_best(sign * own, own, other, size) for own, other in readings] for sign in (1, -1)])


def _mean_of_best(rank: np.ndarray, own: np.ndarray, other: np.ndarray, size: int) -> tuple[float, float]:
    border = np.partition(rank, len(rank) - size)[len(rank) - size]
    # Equal customers on the border count in equal parts: so the group is a fifth, whatever the order of the ids.
    above = rank > border
    tied = rank == border
    part = (size - above.sum()) / tied.sum()
    return (own[above].sum() + part * own[tied].sum()) / size, (other[above].sum() + part * other[tied].sum()) / size


def _say_percent(share: float) -> str:
    return "?" if np.isnan(share) else f"{100 * share:+.0f} %".replace("-", "−")
