"""A forecast of one series: what the next periods may bring, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.charts import GREY, INK, TREATED, headline
from loyalty.prepare.demand.calendar import list_next
from loyalty.prepare.demand.methods import fit_method
from loyalty.prepare.demand.series import read_flags, read_series
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Method = Literal["seasonal naive", "seasonal mean", "ets", "waves"]
SMALL = 10.0  # pieces a period: below it counts are skew, and a normal interval is not theirs
OFTEN = 0.25


@dataclass(frozen=True, eq=False, repr=False)
class DemandForecast:
    """What the next periods may bring; made by `forecast_demand`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a period (index): forecast, and `low80`, `high80`, `low95`, `high95` for the levels asked for.
    history : pandas.Series
        What it was learned from; NaN where a period was flagged.
    method, every : str
    levels : tuple of float
    warnings : tuple of str
    """

    table: pd.DataFrame = field(repr=False)
    history: pd.Series = field(repr=False)
    method: str
    every: str
    levels: tuple[float, ...]
    warnings: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """Sum of the forecast over its periods; its interval is not the sum of the intervals."""
        return float(self.table["forecast"].sum())

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def plot(
        self,
        *,
        title: str = "",
        unit: str = "pieces",
        actual: pd.Series | None = None,
        last: int | None = None,
        ax: Axes | None = None,
        source: str = "",
    ) -> Axes:
        """Draw the history, the forecast and its intervals; `actual` is what came, if it is known by now."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(9, 4.2))[1]
        shown = self.history if last is None else self.history.tail(last)
        ax.plot(shown.index, shown, color=GREY, linewidth=1.8, label="sold")
        for level, depth in zip(sorted(self.levels, reverse=True), (0.18, 0.35, 0.5), strict=False):
            ends = [self.table[f"{side}{_name(level)}"] for side in ("low", "high")]
            ax.fill_between(
                self.table.index, *ends, color=TREATED, alpha=depth, linewidth=0, label=f"{level:.0%} interval"
            )
        ax.plot(self.table.index, self.table["forecast"], color=TREATED, linewidth=2.2, label="forecast")
        if actual is not None:
            came = actual.reindex(self.table.index)
            ax.plot(came.index, came, "o", color=INK, markersize=4.5, label="what came")
        ax.set(ylabel=unit, ylim=(0, None))
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, ncols=5, fontsize=9.5)
        said = f"{unit} a {self.every}, {len(self.table)} {self.every}s ahead, by {self.method}\n\n"
        headline(ax, title or f"{self.method.capitalize()}: the next {len(self.table)} {self.every}s", said, source)
        return ax

    def __repr__(self) -> str:
        first = f"{self.table.index[0]:%Y-%m-%d}"
        return (
            f"DemandForecast by {self.method}: {len(self.table)} {self.every}s from {first}, {self.total:,.0f} in all"
        )

    def _repr_html_(self) -> str:
        return render_html(self.table.head(12), repr(self), self.warnings)


def _name(level: float) -> str:
    return f"{100 * level:g}"


def read_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Read the levels of intervals, each once, rising; TableError for what is none."""
    wrong = [level for level in levels if not 0 < level < 1]
    if wrong or not len(levels):
        raise TableError(
            [f"levels should be fractions between 0 and 1, such as 0.8 and 0.95, found {levels!r}"], "levels"
        )
    return tuple(sorted({float(level) for level in levels}))


def find_ends(middle: np.ndarray, spread: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval of a level, which never go below zero.

    Examples
    --------
    >>> low, high = find_ends(np.array([10.0]), np.array([10.0]), 0.95)
    >>> low.tolist(), high.round(1).tolist()
    ([0.0], [29.6])
    """
    half = float(stats.norm.ppf(0.5 + level / 2)) * spread
    return np.maximum(middle - half, 0), np.maximum(middle + half, 0)


@check_arguments
def forecast_demand(
    demand: pd.Series,
    horizon: int,
    *,
    method: Method = "seasonal naive",
    flags: pd.Series | None = None,
    levels: Sequence[float] = (0.8, 0.95),
) -> DemandForecast:
    """Forecast a series of demand, with intervals: seasonal naive, seasonal mean, ETS, or a level with Fourier waves.

    Not for judging the method: that is `backtest_demand`. Not for new products, which have no history, and not for
    effects of next month's promotion: it forecasts a period without any.

    Parameters
    ----------
    demand : Series
        One value a day, a week or the first of a month, without a gap; 0 where nothing was sold. Its season is 7 days,
        52 weeks or 12 months.
    horizon : int
        Periods ahead.
    method : {"seasonal naive", "seasonal mean", "ets", "waves"}
        The same period of the last season; the mean of the same period in the last few (4 weeks, 3 years); exponential
        smoothing with an additive season, statsmodels' `ETSModel` (days and months only); a level that may move with
        three Fourier waves, statsmodels' `UnobservedComponents`.
    flags : Series of true and false, optional
        Periods from which nobody should learn, because sales were not demand: sold out, promoted. "waves" leaves them
        out; the others put the same period of the season before in their place.
    levels : sequence of float
        Of the intervals. They hold the luck of a period and what the method knows of its own error, not a wrong
        method: hold them against `backtest_demand`.

    Returns
    -------
    DemandForecast

    Raises
    ------
    TableError
        The series has gaps, text, empty or negative values, or is too short for the method; a horizon below 1.

    Examples
    --------
    >>> weeks = pd.Series([8.0, 6, 6, 7, 9, 14, 0] * 4, pd.date_range("2024-01-01", periods=28))
    >>> forecast_demand(weeks, 7).table["forecast"].tolist()
    [8.0, 6.0, 6.0, 7.0, 9.0, 14.0, 0.0]

    Source: Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 3rd edition (2021), chapters 5, 8, 12.
    """
    table, grid = read_series(demand)
    if horizon < 1:
        raise TableError([f"horizon should be 1 {grid.every} or more, found {horizon}"], "the forecast")
    chosen = read_levels(levels)
    flagged = read_flags(flags, table)[:, 0]
    values = np.where(flagged, np.nan, table.iloc[:, 0].to_numpy())
    middle, spread = fit_method(method, values, grid).ahead(horizon)
    columns = {"forecast": np.maximum(middle, 0)}
    for level in chosen:
        low, high = find_ends(middle, spread, level)
        columns |= {f"low{_name(level)}": low, f"high{_name(level)}": high}
    index = list_next(pd.DatetimeIndex(table.index), horizon).rename(table.index.name)
    history = pd.Series(values, table.index, name=table.columns[0])
    notes = doubt_history(values, flagged, grid.every, grid.season, horizon)
    return DemandForecast(pd.DataFrame(columns, index), history, method, grid.every, chosen, notes)


def doubt_history(values: np.ndarray, flagged: np.ndarray, every: str, season: int, horizon: int) -> tuple[str, ...]:
    """Say what makes a forecast from a history doubtful: few pieces, few seasons, many flags, a far horizon."""
    notes = []
    mean = float(np.nanmean(values))
    if mean < SMALL:
        notes.append(f"{mean:.1f} pieces a {every}: so few are skew, and the intervals are those of a normal curve")
    seasons = len(values) / season
    if seasons < 3:
        notes.append(f"{seasons:.1f} seasons of history: what is season and what was luck cannot be told apart well")
    if flagged.mean() > OFTEN:
        notes.append(f"{flagged.mean():.0%} of the {every}s are flagged: most of the forecast is filled in")
    if flagged[-season:].all() and len(flagged) >= season:
        notes.append("the whole last season is flagged: the seasonal naive repeats an older one")
    if horizon > season and every != "day":
        notes.append(f"{horizon} {every}s ahead are more than a season: intervals grow, and nothing has tested them")
    return tuple(notes)
