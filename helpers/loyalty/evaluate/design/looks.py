"""Looking early, allowed: planned looks whose bounds keep the false alarms of all of them together (alpha spending)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.stats import norm

from loyalty.charts import CONTROL, INK, TREATED, headline
from loyalty.stats.estimate import render_html
from loyalty.stats.looks import (
    MOST_LOOKS,
    MOST_NODES,
    SPENDING,
    correlate_increments,
    count_nodes,
    find_bounds,
    find_bounds_of_walk,
    find_constant,
    find_stopped,
    follow_bounds,
    spend_level,
)
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

NAMES = {"obrien_fleming": "O'Brien–Fleming", "pocock": "Pocock"}
SHOWN = 6.0  # standard errors; the axis of a chart ends here


@dataclass(frozen=True)
class LookPlan:
    """Planned looks at a test and their bounds; made by `plan_looks`.

    Attributes
    ----------
    fractions : array, one value a look
        Part of the plan that each look has behind it; the last is 1.
    bounds : array, one value a look
        How many standard errors from zero a result has to lie, on either side, to stop the test. Infinite where a look
        may stop nothing.
    spent : array, one value a look
        The share of useless campaigns that are stopped by this look or an earlier one.
    correlation : array, one row and column a look
        Of the results of two looks.
    level : float
        1 less the false alarms of all looks together, a fraction.
    spending : str
        Which spending function, or which shape of classical bounds.
    classical : bool
        Whether the bounds have the classical shape, for which no look may be moved or skipped.
    independent : bool
        Whether each look brings news of its own.
    """

    fractions: np.ndarray
    bounds: np.ndarray
    spent: np.ndarray
    correlation: np.ndarray = field(repr=False)
    level: float = 0.95
    spending: str = "obrien_fleming"
    classical: bool = False
    independent: bool = True

    @property
    def usual(self) -> float:
        """The bound of a test with one look: 1.96 at 95 %."""
        return float(norm.isf((1 - self.level) / 2))

    @property
    def peeking(self) -> float:
        """The share of useless campaigns that the same looks would stop with the bound of one look."""
        limits = np.full(len(self.bounds), self.usual)
        if self.independent and count_nodes(self.fractions, self.usual) <= MOST_NODES:
            return float(follow_bounds(self.fractions, limits)[-1])
        return float(find_stopped(self.correlation, list(limits))[-1])

    def find_power(self, result: float) -> np.ndarray:
        """The share of campaigns with an effect that are stopped by each look, to three digits.

        The effect grows evenly until the last look, and so does the news: the campaign's effect in standard errors
        grows with the root of the fraction.

        Parameters
        ----------
        result : float
            Where the result of the last look lies on average, in standard errors: 2.8 is seen in 80 of 100 by one look.

        Returns
        -------
        array
            Cumulative, one value a look; the last is the power.

        Examples
        --------
        >>> plan_looks(5).find_power(2.8).round(2).tolist()
        [0.0, 0.06, 0.31, 0.59, 0.79]
        """
        return find_stopped(self.correlation, list(self.bounds), list(result * np.sqrt(self.fractions)))

    def to_frame(self) -> pd.DataFrame:
        """One row a look: look, fraction, bound, p (two-sided, at the bound) and spent."""
        return pd.DataFrame(
            {
                "look": np.arange(1, len(self.bounds) + 1),
                "fraction": self.fractions,
                "bound": self.bounds,
                "p": 2 * norm.sf(self.bounds),
                "spent": self.spent,
            }
        )

    def sentence(self) -> str:
        """What the plan asks for, in words."""
        if len(self.bounds) == 1:
            return f"One look: a result counts as an effect beyond {self.bounds[0]:.2f} standard errors."
        first = "none at all counts" if np.isinf(self.bounds[0]) else f"beyond {self.bounds[0]:.2f} standard errors"
        return (
            f"{len(self.bounds)} looks ({NAMES[self.spending]}): a result counts as an effect {first} at the first "
            f"look, and beyond {self.bounds[-1]:.2f} at the last. Together they stop {self.spent[-1]:.1%} of useless "
            f"campaigns; with {self.usual:.2f} at each look it would be {self.peeking:.1%}."
        )

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw the bound of each look above that of a single look."""
        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        looks = np.arange(1, len(self.bounds) + 1)
        shown = self.bounds <= SHOWN
        ax.plot(looks[shown], self.bounds[shown], "o-", color=TREATED, linewidth=2)
        ax.axhline(self.usual, color=CONTROL, linestyle="--", linewidth=1.4)
        said = f"one look at the end: {self.usual:.2f}"
        ax.annotate(said, (looks[-1], self.usual), (0, -14), textcoords="offset points", ha="right", color=CONTROL)
        last = f"{self.bounds[-1]:.2f}"
        place = (looks[-1], self.bounds[-1])
        ax.annotate(last, place, (0, 9), textcoords="offset points", ha="center", weight="bold", color=INK)
        ax.set(xlabel="look", ylabel="standard errors from zero", ylim=(0, SHOWN), xlim=(0.5, len(looks) + 0.5))
        ax.set_xticks(looks if len(looks) <= 20 else looks[:: len(looks) // 10])
        high = "" if shown.all() else f"; above {SHOWN:g} not drawn"
        title = f"With these bounds {len(looks)} looks stop {self.spent[-1]:.0%} of useless campaigns"
        what = f"how far from zero a result must lie to stop the test, {NAMES[self.spending]}{high}"
        headline(ax, title, what, source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.to_frame(), self.sentence())


@check_arguments
def plan_looks(
    looks: int | Sequence[float],
    *,
    correlation: Sequence[Sequence[float]] | np.ndarray | None = None,
    level: float = 0.95,
    spending: str = "obrien_fleming",
    classical: bool = False,
) -> LookPlan:
    """Plan looks at a test before its end, and find the bounds that keep the false alarms of all of them together.

    Not for looks that nobody planned (`count_looks` says what they cost), and not for a test without an end. To measure
    with such a plan see `measure_looks`, which estimates the correlation from the customers.

    Parameters
    ----------
    looks : whole number or sequence of float
        How many looks, evenly spaced; or the part of the plan that each look has behind it, rising to 1. From 1 to 60.
    correlation : array, optional
        Of the results of two looks, one row and column a look. Without it each look brings news of its own, as where
        new customers come in from look to look. The spend of the same customers is correlated otherwise.
    level : float
        1 less the false alarms of all looks together, a fraction.
    spending : {"obrien_fleming", "pocock"}
        "obrien_fleming" is strict early and costs nearly nothing at the end; "pocock" is nearly as strict at each look.
    classical : bool
        Bounds of the classical shape: one number at all looks (Pocock), or one over the root of the fraction (O'Brien
        and Fleming). The looks then have to be held as planned. A spending function allows looks to move or fall out.

    Returns
    -------
    LookPlan

    Raises
    ------
    TableError
        With all problems of fractions and correlation.

    Examples
    --------
    >>> plan_looks(5).bounds.round(3).tolist()
    [4.877, 3.357, 2.68, 2.29, 2.031]
    >>> plan_looks(5, spending="pocock", classical=True).bounds.round(3).tolist()
    [2.413, 2.413, 2.413, 2.413, 2.413]

    Source: Lan and DeMets (1983), Biometrika 70, 659-663; O'Brien and Fleming (1979), Biometrics 35, 549-556; Pocock
    (1977), Biometrika 64, 191-199; the published numbers in Jennison and Turnbull (2000), Group sequential methods,
    chapters 2 and 7.
    """
    if spending not in SPENDING:
        raise ValueError(f"spending should be one of {', '.join(SPENDING)}; found {spending!r}")
    problems: list[str] = []
    if isinstance(looks, int | np.integer):
        fractions = np.arange(1, looks + 1) / looks if 0 < looks <= MOST_LOOKS else np.array([])
    else:
        fractions = np.array(list(looks), float)
        problems = _find_wrong_fractions(fractions)
    count = looks if isinstance(looks, int | np.integer) else len(fractions)
    if not 1 <= count <= MOST_LOOKS:
        problems.append(f"there should be from 1 to {MOST_LOOKS} looks, found {count:,}")
    news = correlate_increments(fractions) if correlation is None and not problems else None
    if correlation is not None:
        news = _read_correlation(correlation, len(fractions), problems)
    if problems or news is None:
        raise TableError(problems, "the looks")
    alpha = 1 - level
    independent = correlation is None
    walks = independent and count_nodes(fractions) <= MOST_NODES
    if classical:
        shape = np.ones(count) if spending == "pocock" else 1 / np.sqrt(fractions)

        def follow(constant: float) -> np.ndarray:
            limits = constant * shape
            return follow_bounds(fractions, limits) if walks else find_stopped(news, list(limits))

        bounds = shape * find_constant(lambda constant: float(follow(constant)[-1]), alpha)
        spent = follow(bounds[-1] / shape[-1])
    else:
        spent = spend_level(fractions, alpha, spending)
        bounds = find_bounds_of_walk(fractions, spent) if walks else find_bounds(news, spent)
    return LookPlan(fractions, bounds, spent, news, level, spending, classical, independent)


def _find_wrong_fractions(fractions: np.ndarray) -> list[str]:
    """What is wrong with the parts of the plan, one sentence a problem."""
    problems = []
    if fractions.size and not (np.diff(fractions, prepend=0.0) > 0).all():
        problems.append(f"`looks` should rise from look to look, from above 0; found {_show(fractions)}")
    if fractions.size and abs(fractions[-1] - 1) > 1e-9:
        problems.append(f"the last of `looks` should be 1, the end; found {fractions[-1]:g}: divide all by the last")
    return problems


def _show(fractions: np.ndarray) -> str:
    """The first fractions in words."""
    return ", ".join(f"{value:g}" for value in fractions[:8]) + (", …" if len(fractions) > 8 else "")


def _read_correlation(correlation: ArrayLike, size: int, problems: list[str]) -> np.ndarray | None:
    """Read a correlation matrix, or add what is wrong with it to the problems."""
    try:
        matrix = np.array(correlation, float)
    except (TypeError, ValueError):
        matrix = np.array([])
    wanted = f"`correlation` should be a table of numbers with {size} rows and columns, one a look"
    if matrix.shape != (size, size) or not np.isfinite(matrix).all():
        problems.append(wanted)
        return None
    if np.abs(matrix - matrix.T).max(initial=0) > 1e-8 or np.abs(np.diag(matrix) - 1).max(initial=0) > 1e-8:
        problems.append("`correlation` should be symmetric, with 1 on the diagonal")
    elif np.linalg.eigvalsh(matrix).min(initial=0) < -1e-8:
        problems.append("`correlation` holds correlations that cannot be together: its smallest eigenvalue is negative")
    return matrix
