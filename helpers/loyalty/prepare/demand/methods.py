"""Ways to forecast: the seasonal naive, the mean of some seasons, exponential smoothing (ETS), a level with waves.

Each learns from a series in which periods may be missing (sold out, promoted), and gives for each of the next periods
a middle and a standard deviation. Intervals are those of the normal distribution round it, never below zero.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from loyalty.prepare.demand.calendar import Grid
from loyalty.tables.check import TableError

NAIVE = "seasonal naive"
LONGEST = 24  # periods of a season that ETS can learn in a sensible time
DIGITS = 3  # of smoothing parameters: more of them are chance
WAVES = 3  # sine waves of the year: three bend every two months
SEASONS = {"day": 4, "week": 3, "month": 3}  # whose mean is taken


class FittedMethod(Protocol):
    """A method that has learned from a series."""

    def ahead(self, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Middle and standard deviation of the next periods."""

    def follow(self, values: np.ndarray) -> FittedMethod:
        """The same, with what was learned, at the end of a longer series."""


def fill_missing(values: np.ndarray, season: int) -> np.ndarray:
    """Fill missing periods by the same period of the season before, else of the one after, else by the mean.

    Examples
    --------
    >>> fill_missing(np.array([5.0, 7.0, np.nan, 9.0]), 2).tolist()
    [5.0, 7.0, 5.0, 9.0]
    """
    filled = values.copy()
    mean = float(np.nanmean(values))
    for place in np.flatnonzero(np.isnan(values)):
        before = filled[place - season] if place >= season else np.nan
        after = values[place + season] if place + season < len(values) else np.nan
        candidates = [one for one in (before, after) if np.isfinite(one)]
        filled[place] = candidates[0] if candidates else mean
    return filled


def _spread(errors: np.ndarray) -> float:
    """Root of the mean square of the errors that are known."""
    known = errors[np.isfinite(errors)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")


@dataclass(frozen=True)
class SeasonalNaive:
    """The same period of the season before; the error grows with the root of the seasons ahead."""

    values: np.ndarray
    season: int

    def ahead(self, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Middle and standard deviation of the next periods."""
        last = fill_missing(self.values, self.season)[-self.season :]
        steps = np.arange(horizon)
        spread = _spread(self.values[self.season :] - self.values[: -self.season])
        return last[steps % self.season], spread * np.sqrt(steps // self.season + 1)

    def follow(self, values: np.ndarray) -> SeasonalNaive:
        """The same, at the end of a longer series."""
        return SeasonalNaive(values, self.season)


@dataclass(frozen=True)
class SeasonalMean:
    """The mean of the same period in the last few seasons; no trend, and its error does not grow."""

    values: np.ndarray
    season: int
    count: int

    def _average(self, values: np.ndarray) -> np.ndarray:
        """The mean of the seasons before each period; where there are fewer, of those that there are."""
        size = len(values)
        table = np.full((self.count, size), np.nan)
        for back in range(1, self.count + 1):
            if back * self.season < size:
                table[back - 1, back * self.season :] = values[: size - back * self.season]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the first season has nothing before it
            return np.nanmean(table, axis=0)

    def ahead(self, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Middle and standard deviation of the next periods."""
        longer = np.concatenate([fill_missing(self.values, self.season), np.full(self.season, np.nan)])
        next_season = self._average(longer)[-self.season :]
        spread = _spread(self.values - self._average(self.values))
        return next_season[np.arange(horizon) % self.season], np.full(horizon, spread)

    def follow(self, values: np.ndarray) -> SeasonalMean:
        """The same, at the end of a longer series."""
        return SeasonalMean(values, self.season, self.count)


@dataclass(frozen=True)
class _Smoothing:
    """Exponential smoothing by statsmodels: its result, and how its model is made."""

    result: Any
    trend: str | None
    season: int

    def ahead(self, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Middle and standard deviation of the next periods."""
        size = self.result.nobs
        found = self.result.get_prediction(start=size, end=size + horizon - 1)
        return np.asarray(found.predicted_mean), np.sqrt(np.asarray(found.forecast_variance))

    def follow(self, values: np.ndarray) -> _Smoothing:
        """The same parameters, at the end of a longer series."""
        model = _make_ets(values, self.season, self.trend)
        return _Smoothing(model.smooth(self.result.params), self.trend, self.season)


def _make_ets(values: np.ndarray, season: int, trend: str | None) -> Any:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # slow to load, and only forecasts need it

    return ETSModel(
        pd.Series(fill_missing(values, season)),  # its intervals need an index
        error="add",
        trend=trend,
        damped_trend=trend is not None,
        seasonal="add",
        seasonal_periods=season,
        # Else a dozen states are fitted too, and where the search for them ends hangs on the last digit of a sum
        initialization_method="heuristic",
    )


def _fit_ets(values: np.ndarray, grid: Grid) -> FittedMethod:
    """Exponential smoothing with an additive season; with a damped trend, if the corrected AIC is lower with it."""
    if grid.season > LONGEST:
        says = f"`ets` would learn {grid.season} numbers for the season of a year in {grid.every}s"
        raise TableError([f"{says}: take `waves`, or months in the place of {grid.every}s"], "the methods")
    fitted = []
    for trend in (None, "add"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what does not converge is compared by its AIC all the same
            model = _make_ets(values, grid.season, trend)
            params = np.round(model.fit(disp=False).params, DIGITS)
            found = model.smooth(np.maximum(params, 10.0**-DIGITS))  # at zero there is no likelihood
            fitted.append(_Smoothing(found, trend, grid.season))
    return min(fitted, key=lambda one: one.result.aicc)


@dataclass(frozen=True)
class _Waves:
    """A level that may move, and a season of sine waves: statsmodels' unobserved components."""

    result: Any

    def ahead(self, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Middle and standard deviation of the next periods."""
        found = self.result.get_forecast(horizon)
        return np.asarray(found.predicted_mean), np.asarray(found.se_mean)

    def follow(self, values: np.ndarray) -> _Waves:
        """The same parameters, at the end of a longer series."""
        return _Waves(self.result.apply(values))


def _fit_waves(values: np.ndarray, grid: Grid) -> FittedMethod:
    """A local level with Fourier terms of the season; missing periods stay missing."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    model = UnobservedComponents(
        values,
        level="local level",
        freq_seasonal=[{"period": grid.cycle, "harmonics": WAVES}],
        stochastic_freq_seasonal=[False],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _Waves(model.fit(disp=False, cov_type="none", maxiter=100))


METHODS: dict[str, Callable[[np.ndarray, Grid], FittedMethod]] = {
    NAIVE: lambda values, grid: SeasonalNaive(values, grid.season),
    "seasonal mean": lambda values, grid: SeasonalMean(values, grid.season, SEASONS[grid.every]),
    "ets": _fit_ets,
    "waves": _fit_waves,
}


def fit_method(name: str, values: np.ndarray, grid: Grid) -> FittedMethod:
    """Let a method learn from a series; missing periods are NaN.

    Parameters
    ----------
    name : str
        A key of METHODS.
    values : array of float
    grid : Grid

    Raises
    ------
    TableError
        The method is unknown, or the series is shorter than it needs.
    """
    if name not in METHODS:
        raise TableError([f"there is no method {name!r}; there are {', '.join(METHODS)}"], "the methods")
    need = grid.season + 2 if name in (NAIVE, "seasonal mean") else 2 * grid.season
    known = int(np.isfinite(values).sum())
    if len(values) < need or known < 3:
        says = f"`{name}` needs {need} {grid.every}s of history, found {len(values)} ({known} of them usable)"
        raise TableError([says], "the methods")
    return METHODS[name](np.asarray(values, float), grid)
