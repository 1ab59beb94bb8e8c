"""A/A test and simulated power: tests repeated on history, with no effect or with a planted one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import GREY, HIGHLIGHT, INK, headline
from loyalty.evaluate.design.noise import Noise, describe_noise
from loyalty.stats.estimate import Estimate, render_html
from loyalty.stats.intervals import compare_moments, compare_rates
from loyalty.stats.looks import follow_bounds
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

Pair = tuple[np.ndarray, np.ndarray]  # numerator, denominator

MOST_LOOKS = 1_000


@dataclass(frozen=True)
class AATest:
    """How many of many repeated tests had an interval without zero; made by `run_aa` and `Power.simulate`.

    Attributes
    ----------
    share, low, high : float
        Share of the tests whose interval leaves out zero, with its exact interval (Clopper and Pearson).
    expected : float
        That share in theory.
    runs, n_treated, n_control : int
        Tests, and customers in each group of a test.
    p_values : array
        One a test.
    planted : float
        The effect that was put in. Where it is zero, a test that leaves out zero raised a false alarm.
    """

    share: float
    low: float
    high: float
    expected: float
    runs: int
    n_treated: int
    n_control: int
    p_values: np.ndarray = field(repr=False, compare=False)
    planted: float = 0.0

    @property
    def found(self) -> str:
        """What a test did whose interval leaves out zero, in words."""
        return "saw the effect" if self.planted else "raised an alarm"

    @property
    def holds(self) -> bool:
        """Whether the expected share lies in the interval."""
        return self.low <= self.expected <= self.high

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        names = "share low high expected holds runs n_treated n_control".split()
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def sentence(self) -> str:
        """What came out, in one sentence."""
        verdict = "as expected" if self.holds else "not the share that was expected"
        return (
            f"{self.share:.1%} of {self.runs:,} repeated tests {self.found} ({self.low:.1%} to {self.high:.1%}): "
            f"{verdict}, {self.expected:.1%}."
        )

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw the p-values, twenty bars; where no effect was put in, all are equally high but for chance."""
        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        counts, edges = np.histogram(self.p_values, np.linspace(0, 1, 21))
        ax.bar(edges[:-1], counts, width=0.047, align="edge", color=[HIGHLIGHT] + [GREY] * 19)
        even = self.runs / 20
        ax.axhspan(*stats.binom.interval(0.95, self.runs, 0.05), color=INK, alpha=0.08)
        ax.axhline(even, color=INK, linewidth=1)
        said = f"{even:,.0f} a bar, if\nonly chance\nis at work"  # beside the bars, so that it covers none
        ax.annotate(said, (1, even), (6, 0), textcoords="offset points", va="center", fontsize=9.5)
        ax.set(xlim=(0, 1), xlabel="p-value", ylabel="tests")
        title = f"{self.share:.1%} of {self.runs:,} tests {self.found}, {self.expected:.1%} was expected"
        first = "those that see the effect" if self.planted else "the alarms"
        band = "grey band: where 19 of 20 bars lie by chance"
        headline(ax, title, f"repeated tests by p-value; first bar: {first} at 5 %; {band}", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.to_frame(), "Repeated tests")


@check_arguments
def run_aa(
    history: Sequence[float],
    control: float = 0.05,
    *,
    runs: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    per: Sequence[float] | None = None,
) -> AATest:
    """A/A test: split earlier customers by lot, do nothing, and count the intervals that leave out zero.

    Passing says that interval and outcome fit each other at these sizes, not that the live split works: for that see
    `check_sample_ratio`.

    Parameters
    ----------
    history : sequence of float
        One value for each earlier customer; zeros and ones are a rate.
    control : float
        Share left out.
    runs : int
        How many splits.
    seed : int
        Of the random splits.
    level : float
        Of the intervals, a fraction.
    per : sequence of float, optional
        Denominator of a ratio of sums.

    Returns
    -------
    AATest

    Raises
    ------
    TableError
        If values are empty, all the same, or a group would have fewer than two customers.

    Examples
    --------
    >>> aa = run_aa(np.random.default_rng(1).exponential(size=1000), control=0.5, runs=400)
    >>> aa.runs, aa.n_control, round(aa.expected, 2)
    (400, 500, 0.05)

    Source: Kohavi, Tang and Xu (2020), Trustworthy online controlled experiments, chapter 19.
    """
    noise = describe_noise(history, per=per)
    y, d = _read_history(noise)
    everyone = len(y)
    m = round(everyone * control)
    if not 2 <= m <= everyone - 2:
        text = f"a `control` of {control} leaves a group of {everyone:,} customers with fewer than two"
        raise TableError([text], "the A/A test")
    rng = np.random.default_rng(seed)

    def split() -> list[Pair]:
        order = rng.permutation(everyone)
        return [(y[rows], d[rows]) for rows in (order[m:], order[:m])]

    return _repeat(noise, split, level, runs, 1 - level)


def repeat_tests(
    noise: Noise, sizes: tuple[int, int], effect: float, *, level: float, runs: int, seed: int, expected: float
) -> AATest:
    """Simulate the power: draw both groups from a history with replacement, and put the effect into one.

    Parameters
    ----------
    noise : Noise
        Of a history.
    sizes : (int, int)
        Customers in the treated group and in control.
    effect : float
        Put into the treated group, in the way that `noise.growth` says.
    level : float
        Of the intervals, a fraction.
    runs, seed : int
        How many tests, and the seed of the draws.
    expected : float
        The power in theory.
    """
    rng = np.random.default_rng(seed)
    y, d = _read_history(noise)
    factor = 1 + effect / (noise.base or 1.0)
    bought = np.flatnonzero(y)
    idle = np.flatnonzero(y == 0)

    def draw() -> list[Pair]:
        rows, others = (rng.integers(len(y), size=size) for size in sizes)
        if noise.growth == "buyers" and len(idle):
            buyers = rng.binomial(sizes[0], min(noise.nonzero * factor, 1.0))
            rows = np.concatenate([rng.choice(bought, buyers), rng.choice(idle, sizes[0] - buyers)])
            return [(y[rows], d[rows]), (y[others], d[others])]
        lifted = y[rows] * factor if noise.growth == "scale" else y[rows] + effect * d[rows]
        return [(lifted, d[rows]), (y[others], d[others])]

    return _repeat(noise, draw, level, runs, expected, effect)


@check_arguments
def count_looks(looks: int, *, level: float = 0.95) -> float:
    """Peeking: the share of false alarms when a test is looked at several times and stopped at the first alarm.

    The looks are evenly spaced, and each brings as much news as the one before. The share is integrated, not
    simulated, so it is exact to six digits.

    Parameters
    ----------
    looks : int
        From 1 to 1,000.
    level : float
        Of the interval at each look, a fraction.

    Raises
    ------
    ValueError
        No look, or more than 1,000.

    Examples
    --------
    >>> round(count_looks(5), 3), round(count_looks(13), 3)
    (0.142, 0.214)

    Source: Armitage, McPherson and Rowe (1969), Journal of the Royal Statistical Society A 132, 235-244.
    """
    return float(follow_looks(looks, level=level)[-1])


def follow_looks(looks: int, *, level: float = 0.95) -> np.ndarray:
    """Follow a useless test from look to look: the share that has been stopped by each of them, shape (looks,).

    The sum of what the looks bring is a random walk, and its density is carried from look to look (`follow_bounds`).
    Parameters and errors are those of `count_looks`.
    """
    if not 1 <= looks <= MOST_LOOKS:
        raise ValueError(f"looks should be from 1 to {MOST_LOOKS:,}, found {looks}")
    limit = stats.norm.ppf(0.5 + level / 2)
    return follow_bounds(np.arange(1, looks + 1), np.full(looks, limit))


def _read_history(noise: Noise) -> Pair:
    """The values and denominators of a noise that was described from a history."""
    assert noise.values is not None and noise.per is not None, "described from a history"
    return noise.values, noise.per


def _repeat(
    noise: Noise, draw: Callable[[], list[Pair]], level: float, runs: int, expected: float, planted: float = 0.0
) -> AATest:
    """Measure many draws of a treated group and a control, and count the intervals that leave out zero."""
    found = []
    for _ in range(runs):
        sides = draw()
        found.append(_compare(sides, noise.kind, level))
    alarms = sum(one.low > 0 or one.high < 0 for one in found)
    n, m = (len(y) for y, _ in sides)
    exact = stats.binomtest(alarms, runs).proportion_ci(0.95)
    p = np.array([one.p for one in found])
    return AATest(alarms / runs, exact.low, exact.high, expected, runs, n, m, p, planted)


def _compare(sides: list[Pair], kind: str, level: float) -> Estimate:
    """Measure as `measure_lift` does: Newcombe, careful where control is under 20 %, delta method."""
    sizes = [len(y) for y, _ in sides]
    if kind == "rate":
        return compare_rates([int(y.sum()) for y, _ in sides], sizes, level=level)
    ratios = [y.sum() / d.sum() for y, d in sides]
    spreads = [(y - ratio * d).var(ddof=1) for ratio, (y, d) in zip(ratios, sides, strict=True)]
    per = [d.mean() for _, d in sides]
    # The warnings of an interval are of no use here, so neither the skewness nor the buyers are counted
    return compare_moments(sizes, ratios, spreads, skewness=0.0, filled=sizes, per=per, level=level)
