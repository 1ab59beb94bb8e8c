"""The season of a series: how far each month of the year, or each day of the week, lies above or below the mean."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.charts import INK, TREATED, headline, mark_truth, put_legend_above
from loyalty.prepare.demand.series import read_flags, read_series
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
YEARS = 2
WEEKS = 8


@dataclass(frozen=True, eq=False, repr=False)
class Season:
    """Index of each month or weekday; made by `season_of`.

    Attributes
    ----------
    table : pandas.DataFrame
        Index "Jan" … or "Mon" …; index (1 is the mean), low, high, periods (that were seen).
    of : str
        "month" or "weekday".
    name : str
        Of the series.
    level : float
    warnings : tuple of str
    """

    table: pd.DataFrame = field(repr=False)
    of: str
    name: str
    level: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def plot(
        self, *, title: str = "", truth: pd.Series | None = None, ax: Axes | None = None, source: str = ""
    ) -> Axes:
        """Draw the index with its intervals; `truth` is the true index on the same rows, where it is known."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(9, 4.2))[1]
        place = np.arange(len(self.table))
        ax.axhline(1, color=INK, linewidth=1)
        ax.vlines(place, self.table["low"], self.table["high"], color=TREATED, linewidth=3, alpha=0.6)
        ax.plot(place, self.table["index"], "o", color=TREATED, markersize=8, label="found, with interval")
        if truth is not None:
            mark_truth(ax, place + 0.18, truth.reindex(self.table.index).to_numpy())
            put_legend_above(ax, columns=2)
        ax.set_xticks(place, self.table.index)
        ax.set(ylabel="index, 1 = mean", ylim=(0, None))
        peak = self.table["index"].idxmax()
        said = f"{self.name}: sales a day in each {self.of}, 1 is the mean; with {self.level:.0%} interval\n\n"
        headline(ax, title or f"{self.name} is highest in {peak}", said, source)
        return ax

    def __repr__(self) -> str:
        top, low = self.table["index"].idxmax(), self.table["index"].idxmin()
        return (
            f"Season of {self.name}: {top} {self.table.loc[top, 'index']:.2f}, {low} {self.table.loc[low, 'index']:.2f}"
        )

    def _repr_html_(self) -> str:
        return render_html(self.table.rename_axis(self.of).reset_index(), repr(self), self.warnings)


@check_arguments
def season_of(
    demand: pd.Series,
    *,
    of: Literal["month", "weekday"] | None = None,
    flags: pd.Series | None = None,
    level: float = 0.95,
) -> Season:
    """Measure the season of a series: an index a month of the year, or a weekday, with the trend taken out.

    Not for one year of data, in which a season and anything else that happened once are the same thing. A quasi-Poisson
    regression on the trend and the month (or weekday): its interval holds the luck of counts, and the years' differing.
    Days and weeks are summed by month first, because what moves one January moves all its days. Weekdays are taken for
    independent of each other.

    Parameters
    ----------
    demand : Series
        One value a day, a week or the first of a month, without a gap.
    of : {"month", "weekday"}, optional
        Left out: weekday for days, month for weeks and months. A week belongs to the month of its Thursday.
    flags : Series of true and false, optional
        Periods in which sales were not demand: they are left out.
    level : float

    Returns
    -------
    Season

    Raises
    ------
    TableError
        Fewer than two years (eight weeks for weekdays), weekdays asked of weeks, a month that was always flagged, or a
        series that cannot be read.

    Examples
    --------
    >>> months = pd.date_range("2022-01-01", periods=36, freq="MS")
    >>> demand = pd.Series([100.0] * 11 + [200.0], months[:12]).to_list() * 3
    >>> season_of(pd.Series(demand, months, name="gifts"))
    Season of gifts: Dec 1.82, Jan 0.91

    Source: McCullagh and Nelder, "Generalized Linear Models", 2nd edition (1989), chapter 9.
    """
    table, grid = read_series(demand)
    index = pd.DatetimeIndex(table.index)
    chosen = of or ("weekday" if grid.every == "day" else "month")
    flagged = read_flags(flags, table)[:, 0]
    _check_length(index, grid.every, chosen, level)
    days = index.days_in_month.to_numpy() if grid.every == "month" else np.ones(len(index))
    middle = index + pd.Timedelta(days=3) if grid.every == "week" else index
    part = (middle.day_of_week if chosen == "weekday" else middle.month - 1).to_numpy()
    labels = WEEKDAYS if chosen == "weekday" else MONTHS
    seen = np.bincount(part[~flagged], minlength=len(labels))
    if (seen == 0).any():
        gone = ", ".join(label for label, count in zip(labels, seen, strict=True) if not count)
        raise TableError([f"there is no usable period of {gone}: its season is not known"], "the season")
    periods = pd.DataFrame(
        {"value": table.iloc[:, 0].to_numpy(), "part": part, "days": days, "time": np.arange(len(index))}
    )
    periods = periods[~flagged]
    if chosen == "month" and grid.every != "month":
        periods = _sum_months(periods, (12 * middle.year + middle.month).to_numpy()[~flagged])
    found, notes = _fit(periods, level)
    name = str(table.columns[0])
    return Season(pd.DataFrame(found, list(labels)).assign(periods=seen), chosen, name, level, notes)


def _sum_months(periods: pd.DataFrame, month: np.ndarray) -> pd.DataFrame:
    """Sum days or weeks by month: what moves a whole month moves all its days, and these are not independent."""
    groups = periods.groupby(month, sort=True)
    how = {"value": "sum", "part": "first", "days": "sum", "time": "mean"}
    return groups.agg(how)


def _check_length(index: pd.DatetimeIndex, every: str, of: str, level: float) -> None:
    problems = []
    span = (index[-1] - index[0]).days + {"day": 1, "week": 7, "month": 31}[every]
    if of == "weekday" and every != "day":
        problems.append(f"weekdays need days, found {every}s")
    elif of == "weekday" and span < 7 * WEEKS:
        problems.append(f"{span} days are too few for weekdays: {7 * WEEKS} or more")
    elif of == "month" and span < 365 * YEARS - 7:
        problems.append(
            f"{span} days are too few for a season of months: {YEARS} years or more, else it is one year's luck"
        )
    if not 0 < level < 1:
        problems.append(f"level should be a fraction between 0 and 1, found {level!r}")
    if problems:
        raise TableError(problems, "the season")


def _fit(periods: pd.DataFrame, level: float) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Quasi-Poisson regression of the value on a dummy a part and a linear trend; index against the mean of all."""
    import statsmodels.api as sm

    values, part, days, time = (periods[name].to_numpy() for name in ("value", "part", "days", "time"))
    if not values.sum():
        raise TableError(["nothing was sold in any usable period"], "the season")
    count = int(part.max()) + 1
    if not np.ptp(values):  # a regression has nothing to start from
        rate = np.bincount(part, values, count) / np.bincount(part, days, count)
        index = rate / rate.mean()
        says = "all periods are equal: there is no luck to measure, and the interval has no width"
        return {"index": index, "low": index, "high": index}, (says,)
    trend = (time - time.mean()) / max(np.ptp(time), 1)
    design = np.column_stack([part[:, None] == np.arange(count), trend]).astype(float)
    sums = np.bincount(part, values, count)
    if (sums == 0).any():
        raise TableError(
            ["nothing was sold in some months or weekdays: their index is 0, and needs no regression"], "the season"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a season without any luck is fitted perfectly, and that is no fault
        fit = sm.GLM(values, design, family=sm.families.Poisson(), offset=np.log(days)).fit(scale="X2")
    free = len(values) - count - 1
    rate = np.exp(fit.params[:count])
    share = rate / rate.sum()
    # Logarithm of a rate against the mean rate: its gradient is the unit vector less the shares
    gradient = np.eye(count) - share
    variance = np.einsum("ij,jk,ik->i", gradient, np.asarray(fit.cov_params())[:count, :count], gradient)
    half = float(stats.t.ppf(0.5 + level / 2, free)) * np.sqrt(variance)
    index = count * share
    notes = []
    if fit.scale > 10:
        says = "chance alone would make it 1: something else than the season moves this series"
        notes.append(
            f"months or weekdays of one name differ: their variance is {fit.scale:.0f} times their mean; {says}"
        )
    return {"index": index, "low": index * np.exp(-half), "high": index * np.exp(half)}, tuple(notes)
