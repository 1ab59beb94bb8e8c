"""Rolling origin: forecasts made again and again on days gone by, scored on what came after each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline, put_legend_above
from loyalty.prepare.demand.calendar import Grid
from loyalty.prepare.demand.forecast import find_ends, read_levels
from loyalty.prepare.demand.methods import METHODS, NAIVE, fit_method
from loyalty.prepare.demand.scores import Score, naive_error, score_ratio, score_share
from loyalty.prepare.demand.series import read_flags, read_series
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "all series"
FEW = 6  # blocks: below it an interval by blocks is wide and not much worth
COLOURS = (GREY, CONTROL, TREATED, HIGHLIGHT)


@dataclass(frozen=True, eq=False, repr=False)
class DemandBacktest:
    """Forecasts from many origins, scored on what came; made by `backtest_demand`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a series, method, origin and step: series, method, origin (the first period that was not known), step
        (1 for that period), period, actual, forecast, low80, high80 and so on, scale (the naive error of the history),
        block, scored (False for flagged periods), and truth where it was given.
    methods, series : tuple of str
    horizon, step, season : int
    every : str
    levels : tuple of float
        Of the forecasts' intervals.
    blocks : int
        Groups of origins whose windows do not overlap with those of other groups by more than their ends.
    level : float
        Of the scores' own intervals.
    warnings : tuple of str
    """

    table: pd.DataFrame = field(repr=False)
    methods: tuple[str, ...]
    series: tuple[str, ...]
    horizon: int
    step: int
    season: int
    every: str
    levels: tuple[float, ...]
    blocks: int
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    def scores(self, against: str = "actual") -> pd.DataFrame:
        """Score each method on each series, and on all.

        Parameters
        ----------
        against : {"actual", "truth"}
            What was sold; or the expected demand, where the backtest was given one. Coverage is always of what was
            sold.

        Returns
        -------
        pandas.DataFrame
            One row a series and method, and a method on all series where there are several: mase, mase_low,
            mase_high, bias (forecast less what came, as a fraction of it) with its ends, coverage80 with its ends and
            so on, width95 and so on (mean width of the interval, in units of the series), origins, periods.
        """
        rows = [self._score(name, method, against) for name in self._names for method in self.methods]
        return pd.DataFrame(rows)

    def compare(self, to: str = NAIVE, against: str = "actual") -> pd.DataFrame:
        """Say which methods are better than another one, by the difference of their MASE on the same periods.

        Returns
        -------
        pandas.DataFrame
            One row a series and other method: gap (MASE less that of `to`), low, high, verdict ("better", "worse",
            "not told apart").
        """
        if to not in self.methods:
            raise TableError([f"{to!r} was not tested; tested were {', '.join(self.methods)}"], "the backtest")
        rows = []
        for name in self._names:
            for method in self.methods:
                if method != to:
                    rows.append({"series": name, "method": method, **self._find_gap(name, method, to, against)})
        return pd.DataFrame(rows)

    @property
    def best(self) -> pd.DataFrame:
        """The method with the smallest MASE of each series, and whether it is told apart from the seasonal naive."""
        scores = self.scores().dropna(subset="mase")  # a series without an error of the naive has no MASE
        least = scores.loc[scores.groupby("series", sort=False)["mase"].idxmin(), ["series", "method", "mase"]]
        if NAIVE not in self.methods or len(self.methods) < 2:
            return least.reset_index(drop=True)
        gaps = self.compare()[["series", "method", "gap", "low", "high", "verdict"]]
        joined = least.merge(gaps, on=["series", "method"], how="left")
        return joined.fillna({"gap": 0.0, "low": 0.0, "high": 0.0}).assign(
            verdict=joined["verdict"].where(joined["method"] != NAIVE, "the naive itself")
        )

    @property
    def _names(self) -> tuple[str, ...]:
        """The series, and all of them together where there are several."""
        return (*self.series, ALL) if len(self.series) > 1 else self.series

    def _rows(self, name: str, method: str, against: str) -> pd.DataFrame:
        if against not in self.table:
            raise TableError([f"there is no column {against!r}: give the backtest its `truth`"], "the backtest")
        table = self.table[(self.table["method"] == method) & self.table["scored"]]
        return table if name == ALL else table[table["series"] == name]

    def _score(self, name: str, method: str, against: str) -> dict[str, Any]:
        rows = self._rows(name, method, against)
        block = rows["block"].to_numpy()
        error = (rows["forecast"] - rows[against]).to_numpy()
        scale = rows["scale"].to_numpy()
        weight = np.ones(len(rows))
        fair = scale > 0  # where the naive made no error so far, there is nothing to set an error beside
        mase = score_ratio(np.abs(error[fair]) / scale[fair], weight[fair], block[fair], self.level)
        size = rows[against].to_numpy()
        bias = score_ratio(error, size, block, self.level)
        found: dict[str, Any] = {"series": name, "method": method}
        found |= _spread_score("mase", mase) | _spread_score("bias", bias)
        for level in self.levels:
            end = f"{100 * level:g}"
            inside = rows["actual"].between(rows[f"low{end}"], rows[f"high{end}"]).to_numpy()
            found |= _spread_score(f"coverage{end}", score_share(inside, block, self.level))
            found[f"width{end}"] = float((rows[f"high{end}"] - rows[f"low{end}"]).mean())
        return found | {"origins": rows["origin"].nunique(), "periods": len(rows)}

    def _find_gap(self, name: str, method: str, to: str, against: str) -> dict[str, Any]:
        key = ["series", "origin", "step"]
        ours, theirs = (self._rows(name, one, against).set_index(key) for one in (method, to))
        errors = [(rows["forecast"] - rows[against]).abs() / rows["scale"] for rows in (ours, theirs)]
        fair = ours["scale"].to_numpy() > 0
        gap = (errors[0] - errors[1]).to_numpy()[fair]
        score = score_ratio(gap, np.ones(len(gap)), ours["block"].to_numpy()[fair], self.level)
        verdict = "not told apart"
        if score.high < 0:
            verdict = "better"
        elif score.low > 0:
            verdict = "worse"
        return {"gap": score.value, "low": score.low, "high": score.high, "verdict": verdict}

    def plot(self, *, title: str = "", ax: Axes | None = None, source: str = "", against: str = "actual") -> Axes:
        """Draw the MASE of each method on each series, with its interval; 1 is the naive inside the history."""
        scores = self.scores(against)
        names = list(self._names)
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(9, 1.9 + (0.12 + 0.11 * len(self.methods)) * len(names)))[1]
        place = np.arange(len(names))[::-1]
        shifts = 0.2 * (np.arange(len(self.methods)) - (len(self.methods) - 1) / 2)[::-1]
        for method, shift, colour in zip(self.methods, shifts, COLOURS, strict=False):
            rows = scores[scores["method"] == method].set_index("series").loc[names]
            ax.hlines(place + shift, rows["mase_low"].clip(lower=0), rows["mase_high"], color=colour, linewidth=2.5)
            ax.plot(rows["mase"], place + shift, "o", color=colour, markersize=6.5, label=method)
        ax.axvline(1, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        ax.set(yticks=place, xlim=(0, None), xlabel="MASE: mean error ÷ that of the naive inside the history")
        ax.set_yticks(place, [str(name) for name in names])
        grid_along_x(ax)
        put_legend_above(ax, columns=len(self.methods))
        said = f"{self.horizon} {self.every}s ahead, with {self.level:.0%} interval by {self.blocks} blocks\n\n"
        headline(ax, title or "Which forecast was nearest to what came?", said, source)
        return ax

    def plot_coverage(self, *, title: str = "", ax: Axes | None = None, source: str = "") -> Axes:
        """Draw which share of what came lay inside the intervals, for each method and level, on all series."""
        scores = self.scores()
        rows = scores[scores["series"] == (ALL if len(self.series) > 1 else self.series[0])].set_index("method")
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(9, 1.7 + 0.32 * len(self.levels) * len(self.methods)))[1]
        place = np.arange(len(self.methods))[::-1]
        shifts = 0.24 * (np.arange(len(self.levels)) - (len(self.levels) - 1) / 2)[::-1]
        for level, shift, colour in zip(self.levels, shifts, (GREY, INK, HIGHLIGHT), strict=False):
            end = f"coverage{100 * level:g}"
            ax.axvline(level, color=colour, linewidth=1.2, linestyle=(0, (4, 3)))
            ax.hlines(place + shift, rows[f"{end}_low"], rows[f"{end}_high"], color=colour, linewidth=3)
            ax.plot(rows[end], place + shift, "o", color=colour, markersize=8, label=f"{level:.0%} interval")
        ax.set(xlabel="share of what came inside the interval (the axis does not begin at 0)", xlim=(None, 1.02))
        ax.set_yticks(place, list(self.methods))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        grid_along_x(ax)
        put_legend_above(ax, columns=len(self.levels))
        said = "dashed: what the interval promises; bars: interval of the share, by blocks of time\n\n"
        headline(ax, title or "Do the intervals keep their promise?", said, source)
        return ax

    def __repr__(self) -> str:
        origins = self.table["origin"].nunique()
        return (
            f"DemandBacktest of {len(self.series)} series: {', '.join(self.methods)}; {origins} origins, "
            f"{self.horizon} {self.every}s ahead"
        )

    def _repr_html_(self) -> str:
        columns = ["series", "method", "mase", "mase_low", "mase_high", "bias"]
        columns += [f"coverage{100 * level:g}" for level in self.levels]
        shown = self.scores()[columns]
        whole = shown[shown["series"] == ALL] if len(self.series) > 1 else shown
        return render_html(whole, repr(self), self.warnings)


def _spread_score(name: str, score: Score) -> dict[str, float]:
    return {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}


@check_arguments
def backtest_demand(
    demand: pd.DataFrame | pd.Series,
    methods: Sequence[str] = (NAIVE, "seasonal mean", "waves"),
    *,
    horizon: int,
    first: int | None = None,
    step: int | None = None,
    refit: int = 4,
    flags: pd.DataFrame | pd.Series | None = None,
    truth: pd.DataFrame | pd.Series | None = None,
    levels: Sequence[float] = (0.8, 0.95),
    level: float = 0.95,
) -> DemandBacktest:
    """Test forecasts of demand from a rolling origin: each sees only what lay before it, and is scored on what came.

    Not for choosing among dozens of methods: the best of many looks better than it is. Compare few, and name them
    before. The seasonal naive stays in the result, also where it wins.

    Parameters
    ----------
    demand : DataFrame or Series
        One column a series; one row a day, a week or the first of a month, without a gap.
    methods : sequence of str
        See `forecast_demand`.
    horizon : int
        Periods ahead.
    first : int, optional
        Periods of history of the first origin; two seasons (eight for days) if left out.
    step : int, optional
        Periods from origin to origin; `horizon` if left out, so that no period is scored twice.
    refit : int
        Learn anew at each so-many-th origin; between them the parameters stay and only the series grows.
    flags : DataFrame or Series of true and false, optional
        Periods in which sales were not demand: nobody learns from them, and they are not scored.
    truth : DataFrame or Series, optional
        Expected demand on the same periods, which only a simulation knows; `scores("truth")` scores against it.
    levels : sequence of float
        Of the forecasts' intervals.
    level : float
        Of the scores' intervals.

    Returns
    -------
    DemandBacktest
        Scores have intervals by blocks: origins whose windows overlap are one block, and only blocks are taken for
        independent. Where errors last longer than a block, these intervals are too narrow.

    Raises
    ------
    TableError
        Series that cannot be read, unknown methods, or too little history for one origin.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=140)
    >>> demand = pd.Series([8.0, 6, 6, 7, 9, 14, 3] * 20, days, name="bread") + np.arange(140) % 5
    >>> test = backtest_demand(demand, ["seasonal naive", "seasonal mean"], horizon=14)
    >>> test.scores().set_index("method")["mase"].round(2).to_dict()
    {'seasonal naive': 0.85, 'seasonal mean': 0.54}

    Source: Tashman, "Out-of-sample tests of forecasting accuracy", International Journal of Forecasting 16 (2000);
    MASE: Hyndman and Koehler, the same journal 22 (2006).
    """
    table, grid = read_series(demand)
    if ALL in table.columns.astype("str"):
        raise TableError([f"no series may be called {ALL!r}: that is the row of all of them together"], "demand")
    chosen = read_levels(levels)
    flagged = read_flags(flags, table)
    known = _read_truth(truth, table)
    names = _read_methods(methods)
    start = _default_first(grid) if first is None else first
    move = horizon if step is None else step
    origins = _list_origins(len(table), start, horizon, move, refit, grid)
    parts = []
    size = max(1, -(-horizon // move))
    for column, name in enumerate(table):
        values = table[name].to_numpy()
        usable = np.where(flagged[:, column], np.nan, values)
        ways = _Ways(names, usable, grid, horizon, refit)
        for number, origin in enumerate(origins):
            window = slice(origin, origin + horizon)
            shared: dict[str, Any] = {
                "series": str(name),
                "origin": table.index[origin],
                "step": np.arange(1, horizon + 1),
                "period": table.index[window],
                "actual": values[window],
                "scale": naive_error(usable[:origin], grid.season),
                "block": number // size,
                "scored": ~flagged[window, column],
            }
            if known is not None:
                shared["truth"] = known[window, column]
            for method, (middle, spread) in ways.look_ahead(number, origin).items():
                parts.append(pd.DataFrame(shared | {"method": method} | _write(middle, spread, chosen)))
    rows = pd.concat(parts, ignore_index=True)
    blocks = int(rows["block"].max()) + 1
    notes = _doubt(rows, blocks, flagged, grid)
    series = tuple(str(name) for name in table)
    return DemandBacktest(
        rows, names, series, horizon, move, grid.season, grid.every, chosen, blocks, float(level), notes
    )


class _Ways:
    """The methods on one series: each learns anew at some origins, and follows the series between them."""

    def __init__(self, names: tuple[str, ...], values: np.ndarray, grid: Grid, horizon: int, refit: int) -> None:
        self.names = names
        self.values = values
        self.grid = grid
        self.horizon = horizon
        self.refit = refit
        self.fitted: dict[str, Any] = {}

    def look_ahead(self, number: int, origin: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Forecast from an origin by each method."""
        found = {}
        past = self.values[:origin]
        for name in self.names:
            if number % self.refit == 0:
                self.fitted[name] = fit_method(name, past, self.grid)
            else:
                self.fitted[name] = self.fitted[name].follow(past)
            found[name] = self.fitted[name].ahead(self.horizon)
        return found


def _write(middle: np.ndarray, spread: np.ndarray, levels: tuple[float, ...]) -> dict[str, np.ndarray]:
    columns = {"forecast": np.maximum(middle, 0)}
    for level in levels:
        low, high = find_ends(middle, spread, level)
        columns |= {f"low{100 * level:g}": low, f"high{100 * level:g}": high}
    return columns


def _default_first(grid: Grid) -> int:
    return 8 * grid.season if grid.every == "day" else 2 * grid.season


def _read_methods(methods: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in methods if name not in METHODS]
    if unknown or not len(methods) or isinstance(methods, str):
        says = f"methods should be some of {', '.join(METHODS)}, found {methods!r}"
        raise TableError([says], "the backtest")
    return tuple(dict.fromkeys(methods))


def _read_truth(truth: pd.DataFrame | pd.Series | None, demand: pd.DataFrame) -> np.ndarray | None:
    if truth is None:
        return None
    table = read_series(truth, "truth")[0]
    if table.shape[1] == 1 == demand.shape[1]:
        table.columns = demand.columns
    if not table.index.equals(demand.index) or set(map(str, demand)) - set(map(str, table)):
        raise TableError(["`truth` should have the same periods and the same columns as the demand"], "truth")
    return table[list(demand)].to_numpy()


def _list_origins(size: int, first: int, horizon: int, step: int, refit: int, grid: Grid) -> list[int]:
    limits: tuple[tuple[str, int], ...] = (("first", first), ("horizon", horizon), ("step", step), ("refit", refit))
    problems = [f"{name} should be 1 or more, found {value}" for name, value in limits if value < 1]
    if not problems and first + horizon > size:
        says = f"{size} {grid.every}s are too few: the first origin needs {first} before it and {horizon} after it"
        problems.append(f"{says}; give a smaller `first` or `horizon`")
    if problems:
        raise TableError(problems, "the backtest")
    return list(range(first, size - horizon + 1, step))


def _doubt(rows: pd.DataFrame, blocks: int, flagged: np.ndarray, grid: Grid) -> tuple[str, ...]:
    """Say what makes a backtest doubtful."""
    notes = []
    if blocks < FEW:
        notes.append(f"{blocks} blocks of origins: intervals of the scores are wide, and rest on few stretches of time")
    still = sorted(set(rows.loc[~(rows["scale"] > 0), "series"]))
    if still:
        notes.append(f"no MASE where the naive made no error before: {', '.join(still[:5])}")
    part = blocks * rows["step"].max() / grid.season
    if grid.every != "day" and part < 1:
        notes.append(f"the origins span {part:.0%} of a season: the rest of the year was not tested")
    hidden = int((~rows["scored"]).sum())
    if hidden:
        notes.append(f"{hidden:,} of {len(rows):,} forecasts fall on flagged {grid.every}s and are not scored")
    empty = [str(name) for name, group in rows.groupby("series") if not group["scored"].any()]
    if empty:
        notes.append(f"all {grid.every}s of {', '.join(empty[:3])} are flagged: there is no score")
    if (rows["scale"] == 0).any():
        notes.append("a series repeats itself exactly: its naive error is 0, and its MASE has no meaning")
    return tuple(notes)
