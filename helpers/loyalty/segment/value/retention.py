"""Shifted beta geometric (sBG): how many customers of a contract stay, period by period.

Each customer leaves at the end of a period with a probability of his own, θ ~ Beta(α, β). Retention rises with age not
because customers grow loyal, but because those who leave easily have left.

Source: Fader and Hardie (2007), How to Project Customer Retention, Journal of Interactive Marketing 21, 76-90.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.special import betaln, digamma

from loyalty.charts import HIGHLIGHT, INK, TREATED, headline
from loyalty.segment.value.maximise import LogScaleFit, maximise
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

PARAMETERS = ("alpha", "beta")
MOST_PERIODS = 10_000
MOST_NUMBERS = 20_000_000  # in memory at once: draws × periods


@dataclass(frozen=True, eq=False)
class Retention(LogScaleFit):
    """A fitted shifted beta geometric model; built by `fit_retention`. `covariance` is that of the logarithms."""

    parameters: dict[str, float]
    covariance: np.ndarray = field(repr=False)
    log_likelihood: float
    survivors: tuple[float, ...]
    warnings: tuple[str, ...] = ()

    def survive(self, periods: int) -> np.ndarray:
        """Share of customers who are still there after 0, 1, … periods."""
        return _survive(self.theta, _read_periods(periods, "survive"))

    def project(self, periods: int, *, draws: int = 1_000, level: float = 0.95, seed: int = 25) -> pd.DataFrame:
        """Project survival: period, seen, survival with its interval, retention of the period, is_extrapolated.

        Beyond the last period that was seen, survival goes on from those who were still there; the interval comes
        from drawn parameters and, in each, the luck of these customers. What was seen is known: there both ends are it.
        """
        periods = _read_periods(periods, "project")
        if not _is_whole(draws) or not 1 <= draws <= MOST_NUMBERS // (periods + 1):
            most = MOST_NUMBERS // (periods + 1)
            raise ValueError(f"project: draws should be a whole number from 1 to {most:,}, found {draws!r}")
        draw = np.random.default_rng(seed)
        thetas = self.draw_from(draw, draws)
        shares = np.array([_survive(theta, periods) for theta in thetas])
        size = round(self.survivors[0])
        lucky = draw.binomial(size, np.clip(shares, 0, 1)) / size
        last = len(self.survivors) - 1
        if periods > last:  # those who are still there are known: only their own luck is to come
            ahead = np.clip(shares[:, last + 1 :] / shares[:, [last]], 0, 1)
            lucky[:, last + 1 :] = draw.binomial(round(self.survivors[-1]), ahead) / size
        low, high = np.quantile(lucky, [(1 - level) / 2, (1 + level) / 2], axis=0)
        survival = self.survive(periods)
        if periods > last:
            survival[last + 1 :] *= self.survivors[-1] / self.survivors[0] / survival[last]
        seen = np.full(periods + 1, np.nan)
        known = min(len(self.survivors), periods + 1)
        seen[:known] = np.array(self.survivors[:known]) / self.survivors[0]
        low[:known] = high[:known] = seen[:known]
        table = pd.DataFrame({"period": np.arange(periods + 1), "seen": seen, "survival": survival})
        table = table.assign(low=low, high=high, retention=np.r_[np.nan, survival[1:] / survival[:-1]])
        return table.assign(is_extrapolated=table["period"] >= len(self.survivors))

    def plot(self, periods: int, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw survival as seen and as projected; what lies beyond the data is dashed."""
        periods = _read_periods(periods, "plot")
        ax = ax or plt.subplots(figsize=(9, 4.2))[1]
        rows = self.project(periods)
        last = len(self.survivors) - 1
        ax.fill_between(rows["period"], rows["low"], rows["high"], color=TREATED, alpha=0.2, linewidth=0)
        inside = rows["period"] <= last
        ax.plot(rows["period"][inside], rows["survival"][inside], color=TREATED, linewidth=2.5, label="fitted")
        beyond = rows["period"] >= last
        ax.plot(
            rows["period"][beyond], rows["survival"][beyond], "--", color=TREATED, linewidth=2.5, label="extrapolated"
        )
        ax.plot(rows["period"], rows["seen"], "o", color=INK, markersize=7, label="seen")
        ax.axvline(last, color=HIGHLIGHT, linewidth=1.5)
        ax.set_ylim(0, 1.02)
        ax.set(xlabel="periods since the start", ylabel="share still there")
        ax.legend(loc="upper right")
        headline(ax, title or "How many stay", "shifted beta geometric, with 95 % interval", source)
        return ax

    def _repr_html_(self) -> str:
        title = f"Shifted beta geometric: {self.survivors[0]:,.0f} customers, {len(self.survivors) - 1} periods"
        return render_html(self.to_frame(), title, self.warnings)


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _read_periods(periods: object, name: str) -> int:
    """Read a number of periods, or say in words what it should be."""
    if not _is_whole(periods) or not 0 <= int(periods) <= MOST_PERIODS:  # type: ignore[call-overload]
        raise ValueError(f"{name}: periods should be a whole number from 0 to {MOST_PERIODS:,}, found {periods!r}")
    return int(periods)  # type: ignore[call-overload]


def _survive(theta: np.ndarray, periods: int) -> np.ndarray:
    alpha, beta = theta
    t = np.arange(1, periods + 1)
    steps = (beta + t - 1) / (alpha + beta + t - 1)
    return np.r_[1.0, np.cumprod(steps)]


@check_arguments
def fit_retention(survivors: ArrayLike) -> Retention:
    """Fit the shifted beta geometric (sBG) model to the survivors of one cohort of a *contract*, by maximum likelihood.

    Only where it is seen who has left: subscriptions, insurance, paid membership. In a shop nobody says good-bye; see
    `fit_purchases`. Not for a mixture of cohorts.

    Parameters
    ----------
    survivors : array of float
        Customers at the start, and after 1, 2, … periods; never rising.

    Returns
    -------
    Retention

    Raises
    ------
    TableError
        There are fewer than three numbers, one is missing or infinite, they rise, or are not above 0 at the start.

    Examples
    --------
    >>> found = fit_retention([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> {name: round(value, 2) for name, value in found.parameters.items()}
    {'alpha': 0.67, 'beta': 3.81}
    """
    counts = np.asarray(survivors, float)
    problems = []
    if len(counts) < 3:
        problems.append(f"{len(counts)} numbers are too few: the start and two periods are the least")
    elif not np.isfinite(counts).all():
        problems.append("each number should be finite: one is missing or infinite")
    elif not counts[0] > 0 or counts.min() < 0:
        problems.append("survivors are counts: above 0 at the start, 0 or more after")
    elif (np.diff(counts) > 0).any():
        problems.append("survivors rise somewhere: follow one cohort, which nobody joins later")
    if problems:
        raise TableError(problems, "survivors")
    lost = -np.diff(counts)
    periods = len(lost)
    t = np.arange(1, periods + 1)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        alpha, beta = theta
        value = lost @ (betaln(alpha + 1, beta + t - 1) - betaln(alpha, beta))
        value += counts[-1] * (betaln(alpha, beta + periods) - betaln(alpha, beta))
        both = digamma(alpha + beta)
        by_alpha = lost @ (digamma(alpha + 1) - digamma(alpha + beta + t) - digamma(alpha) + both)
        by_alpha += counts[-1] * (both - digamma(alpha + beta + periods))
        by_beta = lost @ (digamma(beta + t - 1) - digamma(alpha + beta + t) - digamma(beta) + both)
        by_beta += counts[-1] * (digamma(beta + periods) - digamma(alpha + beta + periods) - digamma(beta) + both)
        return float(value), np.array([by_alpha, by_beta])

    if not lost.sum():
        raise TableError(["nobody has left: there is nothing to fit"], "survivors")
    found = maximise(objective, np.array([1.0, 3.0]), PARAMETERS, float(counts[0]))
    named = dict(zip(PARAMETERS, map(float, found.theta), strict=True))
    return Retention(named, found.covariance, found.value, tuple(map(float, counts)), found.warnings)
