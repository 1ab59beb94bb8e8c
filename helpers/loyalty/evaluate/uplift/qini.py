"""Qini: gain curves of a ranking on customers that it has not seen, the areas under them, and effects by score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from scipy import stats as _scipy

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, draw_intervals, headline, mark_truth
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lifts, gather_lifts
from loyalty.evaluate.uplift.experiment import Experiment
from loyalty.evaluate.uplift.meta_learners import UpliftModel
from loyalty.stats.estimate import Estimate, make_estimate, render_html
from loyalty.stats.intervals import MOST_SKEWNESS, skew_of_gap
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import say_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENOUGH = 1_000  # controls in a holdout
Scores: TypeAlias = UpliftModel | pd.Series | pd.DataFrame  # what ranks customers: higher is better


@dataclass(frozen=True, eq=False)
class Contest:
    """Several candidates judged on the same customers; made by `value_policies` and `price_groups`.

    Intervals hold for the fitted models as they are: training again would give others.

    Attributes
    ----------
    estimates : mapping of str to Estimate
        By candidate.
    influence : mapping of str to array
        How each customer moved the candidate's estimate (influence values).
    outcome, what : str
        What was measured, and what the estimates say of it.
    warnings : tuple of str
        Reasons not to trust the result.
    """

    estimates: Mapping[str, Estimate]
    influence: Mapping[str, np.ndarray] = field(repr=False)
    outcome: str
    what: str
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a candidate, in the order given: effect, low, high, se, p, n_treated, n_control, the details."""
        frame = pd.concat([found.to_frame() for found in self.estimates.values()], ignore_index=True)
        frame.insert(0, "name", list(self.estimates))
        return frame.drop(columns=["method", "estimand", "relative", "warnings"])

    def compare(self, name: str, other: str) -> Estimate:
        """Difference of two candidates on the same customers, which is mostly known better than either of them."""
        if gone := [one for one in (name, other) if one not in self.estimates]:
            raise ValueError(f"there is no {gone[0]!r}; there are {', '.join(map(repr, self.estimates))}")
        a = self.estimates[name]
        b = self.estimates[other]
        gap = self.influence[name] - self.influence[other]
        return make_estimate(
            a.effect - b.effect,
            _find_error(gap),
            level=a.level,
            certain=not gap.any(),
            n_treated=a.n_treated,
            n_control=a.n_control,
            method=f"{name} less {other}",
            estimand=self.what,
            base=b.effect,
            warnings=self.warnings,
        )

    def sentence(self, unit: str = "", decimals: int = 2) -> str:
        """Name the highest and the lowest, each with its interval."""
        order = sorted(self.estimates, key=lambda name: -self.estimates[name].effect)
        said = []
        for name in dict.fromkeys([order[0], order[-1]]):
            e = self.estimates[name]
            value, low, high = (say_money(v, unit, decimals) for v in (e.effect, e.low, e.high))
            is_open = e.low <= 0 <= e.high and e.se > 0
            span = f"{low} to {high}, which is open" if is_open else f"{low} to {high}"
            said.append(f"{value} for `{name}` ({span})")
        return f"{self.what[0].upper()}{self.what[1:]}, from {self.outcome}: {' and '.join(said)}."

    def plot(self, *, ax: Axes | None = None, truth: float | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw each candidate with its interval; grey where zero is inside."""
        table = self.to_frame().set_index("name")[["effect", "low", "high"]]
        table["colour"] = np.where((table["low"] > 0) | (table["high"] < 0), TREATED, GREY)
        ax = draw_intervals(table, ax=ax, truth=truth, unit=unit)
        best = table["effect"].idxmax()
        worst = table["effect"].idxmin()
        if table.loc[worst, "high"] < 0:
            title = f"{worst}: this loses money"
        elif table.loc[best, "low"] > 0:
            title = f"{best} earns most"
        else:
            title = "Nothing here clearly earns money"
        headline(ax, title, f"{self.what}, from {self.outcome}, with interval (grey: open)", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.to_frame(), f"{self.what}, from {self.outcome}", self.warnings)


@dataclass(frozen=True, eq=False)
class Gains(Contest):
    """Gain curves and the area of each above the random ranking (Qini); made by `measure_gains`.

    Attributes of `Contest`, and `curves`: a row for each candidate and share of customers offered, with gain, low and
    high, per customer of the base.
    """

    curves: pd.DataFrame = field(repr=False)

    def plot(self, *, ax: Axes | None = None, truth: float | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw the gain over the share of customers who get the offer, highest score first.

        `truth` is the true gain if all get it.
        """
        order = sorted(self.estimates, key=lambda name: -self.estimates[name].effect)
        best = self.curves[self.curves["name"] == order[0]]
        colours = [TREATED, HIGHLIGHT, CONTROL, "#009E73", "#CC79A7", *[GREY] * len(order)]
        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        how = {"hue": "name", "hue_order": order, "palette": colours[: len(order)], "estimator": None}
        sns.lineplot(self.curves, x="share", y="gain", ax=ax, **how)
        ax.fill_between(best["share"], best["low"], best["high"], color=TREATED, alpha=0.12, linewidth=0)
        ax.plot([0, 1], [0, best["gain"].iloc[-1]], ":", color=GREY, label="at random")
        if truth is not None:
            mark_truth(ax, 1, truth).set_clip_on(False)  # it stands on the edge, and is to be seen whole
        ax.axhline(0, color=INK, linewidth=1)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.set(xlabel="share of customers who get the offer, highest score first", ylabel="", xlim=(0, 1))
        ax.legend(loc="upper left" if best["gain"].iloc[-1] >= 0 else "lower left", ncols=2)
        clear = self.estimates[order[0]].low > 0
        title = f"{order[0]} finds whom the offer changes" if clear else "No ranking clearly beats a lottery"
        what = f"gain in {self.outcome} per customer of the base"
        if unit:
            what += f", {unit}"
        headline(ax, title, f"{what}; shaded: interval of {order[0]}, share by share", source)
        return ax


@check_arguments
def measure_gains(
    trial: Experiment, scores: Mapping[str, Scores], *, arm: str | None = None, level: float = 0.95
) -> Gains:
    """Measure gain curves and their Qini area: what offering the highest-scored customers gains, for every share.

    The gain at a share is (treated less control among the highest-scored) x that share, in units of the outcome per
    customer of the base, each weighing 1 / propensity; customers of equal score count together, as if drawn by lot. The
    score is the area between this curve and the straight line of a random ranking. Not comparable with normalised
    Qini or AUUC scores: those are divided by a curve that is called perfect.

    Parameters
    ----------
    trial : Experiment
        Customers that trained none of the models; at least 1,000 of them in control, else it warns.
    scores : mapping of str to UpliftModel, Series or DataFrame
        Candidates by name; a table of scores is indexed by customer_id, and nobody can check what it has seen.
    arm : str, optional
        Which, if there are several.
    level : float

    Returns
    -------
    Gains

    Raises
    ------
    TableError
        With the problems of all candidates: a model was trained on some of these customers; scores are missing.

    Examples
    --------
    >>> from loyalty.evaluate.uplift.experiment import open_trial
    >>> table = pd.DataFrame({"customer_id": range(8), "arm": ["mail", "control"] * 4, "sales": [4, 0, 3, 1] + [1] * 4})
    >>> trial = open_trial(table[["customer_id"]].assign(visits=[5, 5, 5, 5, 1, 1, 1, 1]), table)
    >>> gains = measure_gains(trial, {"visits": trial.features["visits"]})
    >>> gains.curves["gain"].tolist(), gains.estimates["visits"].effect
    ([0.0, 1.5, 1.5], 0.375)

    Source: Radcliffe (2007), Direct Marketing Analytics Journal 3, 14-21; Gutierrez and Gérardy (2017), PMLR 67, 1-13.
    """
    arm = trial.find_arm(arm)
    sides = [(trial.arm == name).to_numpy() for name in (arm, trial.control)]
    if not scores:
        raise ValueError("there is nothing to judge: give scores={name: model}")
    known = check_each(scores, lambda _, given: read_score(trial, given, arm), "the scores", level)
    curves = []
    estimates = {}
    influence = {}
    for name, score in known.items():
        curve, area, moved = _trace(trial, score, sides, level)
        estimates[name] = make_estimate(
            area,
            _find_error(moved),
            level=level,
            n_treated=int(sides[0].sum()),
            n_control=int(sides[1].sum()),
            method="area above random",
            estimand="given the scores",
            base=0.0,
        )
        influence[name] = moved
        curves.append(curve.assign(name=name))
    table = pd.concat(curves, ignore_index=True)[["name", "share", "gain", "low", "high"]]
    notes = (*trial.warnings, *find_doubts(trial, sides))
    return Gains(estimates, influence, str(trial.outcome.name), "area above random", notes, table)


@check_arguments
def measure_bins(
    trial: Experiment, score: Scores | str, *, bins: int = 5, arm: str | None = None, level: float = 0.95
) -> Lifts:
    """Measure the uplift by segment, or in parts of equal size by score, highest first, with corrected p-values.

    Not for a score that was trained on these customers.

    Parameters
    ----------
    trial : Experiment
    score : UpliftModel, Series, DataFrame or str
        A str is a feature whose values are the segments.
    bins : int
        Parts by score; equal scores are never parted, so there may be fewer.
    arm : str, optional
    level : float

    Returns
    -------
    Lifts

    Raises
    ------
    TableError

    Examples
    --------
    >>> from loyalty.evaluate.uplift.experiment import open_trial
    >>> table = pd.DataFrame({"customer_id": range(8), "arm": ["mail", "control"] * 4, "sales": [4, 0, 3, 1] + [1] * 4})
    >>> trial = open_trial(table[["customer_id"]].assign(visits=[5, 5, 5, 5, 1, 1, 1, 1]), table)
    >>> measure_bins(trial, trial.features["visits"], bins=2).to_frame()[["segment", "effect"]].values.tolist()
    [['1 of 2', 3.0], ['2 of 2', 0.0]]
    """
    arm = trial.find_arm(arm)
    name = str(trial.outcome.name)
    if not bins >= 1 or bins % 1:
        raise ValueError(f"bins should be a whole number above zero, found {bins!r}")
    if isinstance(score, str):
        if score not in trial.features:
            raise TableError([f"there is no feature `{score}`; there are {', '.join(trial.features)}"], "the features")
        segment = trial.features[score].astype(str)
    else:
        values = read_score(trial, score, arm)
        part = np.ceil(_scipy.rankdata(-values) / len(values) * bins).clip(1, bins).astype(int)
        segment = pd.Series([f"{p:0{len(str(bins))}d} of {bins}" for p in part], trial.arm.index)
    table = pd.DataFrame({"arm": trial.arm, name: trial.outcome, "segment": segment})
    if not trial.even:
        table = table.assign(propensity=trial.propensity)
    table = table[table["arm"].isin([arm, trial.control])].rename_axis("customer_id").reset_index()
    found = measure_lift(table, outcome=name, by="segment", control=trial.control, level=level)
    return found if isinstance(found, Lifts) else gather_lifts([found])


def find_doubts(trial: Experiment, sides: Sequence[np.ndarray]) -> list[str]:
    """What makes a verdict on these customers doubtful: few controls, a small share of them, a heavy tail."""
    n, m = (int(side.sum()) for side in sides)
    doubts = []
    if m < ENOUGH:
        doubts.append(
            f"the holdout has {m:,} customers in control: under {ENOUGH:,} a verdict on a policy is mostly luck"
        )
    if m < 0.2 * (n + m):
        doubts.append(
            f"control is {m / (n + m):.0%} of both groups: intervals of areas and of differences between candidates "
            "cover too little with zero-heavy money"
        )
    treated, control = (trial.outcome.to_numpy()[side] for side in sides)
    skewness = abs(skew_of_gap(treated, control))
    if skewness > MOST_SKEWNESS:
        doubts.append(f"heavy tail: the difference of all has skewness {skewness:.2f}, that of a part more")
    return doubts


def _find_error(influence: np.ndarray) -> float:
    """Standard error of an estimate that is the sum of these influence values."""
    n = len(influence)
    return float(np.sqrt((influence**2).sum() * n / (n - 1)))


def _trace(
    trial: Experiment, score: np.ndarray, sides: Sequence[np.ndarray], level: float
) -> tuple[pd.DataFrame, float, np.ndarray]:
    """The gain curve at each distinct score, its area above the diagonal, and how each customer moves that area.

    `sides` are the treated and the control customers. Everything is a sum over customers from the highest score down:
    each group's mean among the first customers, its variance, and, from the end backwards, what each customer adds to
    the area.
    """
    order = np.argsort(-score, kind="stable")
    n = len(score)
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))  # equal scores count together
    weight = (1 / trial.propensity).to_numpy()[order]
    y = trial.outcome.to_numpy()[order]
    y = y - y.mean()  # changes no difference and spares digits
    own = [weight * side[order] for side in sides]
    met = np.all([np.cumsum(w)[last] > 0 for w in own], axis=0)
    last = last[met]  # where one group is still empty nothing is known: a straight line to the first share with both
    share = (last + 1) / n
    part = np.diff(share, prepend=0) / 2 + np.append(np.diff(share) / 2, 0)  # each gain's part in the area (trapezoids)
    part[-1] -= 0.5  # the area under the diagonal, which ends at the last gain
    place = np.searchsorted(last, np.arange(n))  # the first share that holds a customer
    gain = np.zeros(len(share))
    variance = np.zeros(len(share))
    moved = np.zeros(n)
    for sign, w in zip((1, -1), own, strict=True):
        count = np.cumsum(w > 0)[last]
        total = np.cumsum(w)[last]
        mean = np.cumsum(w * y)[last] / total
        gain += sign * share * mean
        # The variance of a Hajek mean: the sum of w² (y - mean)²
        squares = np.cumsum(w**2 * y**2)[last] - 2 * mean * np.cumsum(w**2 * y)[last] + mean**2 * np.cumsum(w**2)[last]
        spread = np.maximum(squares, 0) / total**2
        variance += np.where(count > 1, spread * count / np.maximum(count - 1, 1), np.inf)
        # A customer moves the mean at every share that holds the customer
        slope = _sum_backwards(part * share / total)[place]
        centre = _sum_backwards(part * share * mean / total)[place]
        moved[order] += sign * w * (y * slope - centre)
    half = float(_scipy.norm.ppf(0.5 + level / 2)) * share * np.sqrt(variance)
    curve = pd.DataFrame({"share": share, "gain": gain, "low": gain - half, "high": gain + half})
    start = pd.DataFrame(0.0, index=[0], columns=curve.columns)
    return pd.concat([start, curve], ignore_index=True), float(part @ gain), moved


def _sum_backwards(values: np.ndarray) -> np.ndarray:
    """For each place, the sum from there to the end."""
    return np.cumsum(values[::-1])[::-1]


def check_each(given: Mapping[str, Any], read: Callable[[str, Any], Any], what: str, level: float) -> dict[str, Any]:
    """Read each candidate; TableError with the problems of all, ValueError for a level that is no fraction."""
    if not 0 < level < 1:
        raise ValueError(f"level should lie between 0 and 1, such as 0.95; found {level!r}")
    found = {}
    problems = []
    for name, candidate in given.items():
        try:
            found[name] = read(name, candidate)
        except TableError as error:
            problems += [text if f"`{name}`" in text else f"{text} (`{name}`)" for text in error.problems]
    if problems:
        raise TableError(problems, what)
    return found


def read_score(trial: Experiment, given: Scores, arm: str) -> np.ndarray:
    """Scores of these customers for an arm, in their order; refuses models that saw them and scores that miss some."""
    if isinstance(given, UpliftModel | pd.DataFrame):
        names = list(given.arms if isinstance(given, UpliftModel) else given)
        if arm not in names:
            raise TableError([f"there are scores of {', '.join(map(str, names))}, and none of {arm}"], "the scores")
    if isinstance(given, UpliftModel):
        given.refuse_overlap(trial)
        given = given.score(trial)
    values = read_series(trial, given[arm] if isinstance(given, pd.DataFrame) else given)
    values = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    if gone := int((~np.isfinite(values)).sum()):
        raise TableError([f"{gone:,} of {len(values):,} customers have no score, or an infinite one"], "the scores")
    return values


def read_series(trial: Experiment, given: Any) -> pd.Series:
    """A Series indexed by customer_id, in the order of these customers; refuses anything else."""
    if not isinstance(given, pd.Series):
        says = f"a model is needed, or a Series indexed by customer_id; found a {type(given).__name__}"
        raise TableError([says], "the candidates")
    if twice := int(given.index.duplicated().sum()):
        raise TableError([f"{twice:,} rows repeat a customer: keep one of each"], "the candidates")
    return given.reindex(trial.arm.index)
