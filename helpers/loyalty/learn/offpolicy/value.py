"""The value of another plan from the log of the plan that ran: off-policy evaluation of one wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.learn.offpolicy.log import PolicyLog
from loyalty.learn.offpolicy.models import Predictions, predict_arms, pull_direct
from loyalty.learn.offpolicy.plans import find_untried, read_plan
from loyalty.learn.offpolicy.weights import list_overlap, weigh_rows
from loyalty.stats.estimate import Estimate, error_of_mean, make_estimate
from loyalty.stats.intervals import LEAST_FILLED, MOST_SKEWNESS, skew_of_mean
from loyalty.stats.result_card import render_result
from loyalty.stats.weights import count_effective
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import say_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Method = Literal["dr", "snips", "ips", "clipped", "switch", "direct"]
METHODS = {
    "dr": "doubly robust, cross-fitted",
    "snips": "self-normalised weights (SNIPS)",
    "ips": "inverse propensity weights (IPS)",
    "clipped": "clipped weights",
    "switch": "switch: doubly robust, by the model alone where weights are large",
    "direct": "direct: by the model alone",
}
MODELLED = ("dr", "switch", "direct")
CUT = ("clipped", "switch")
LEAST_ESS = 50
MOST_OF_ONE = 0.1  # of all weight on one customer
LEAST_CELL = 5  # rows of an arm in a segment
MATTERS = 0.01  # share of the rows that the plan gives to arms of which a segment has fewer
ALIKE = 1e-3  # weights that differ by less differ by the rounding of the logged chances
ROUNDING = 1e-11  # of the largest outcome, by which a model's predictions are rounded
OWN = "the plan that ran"


@dataclass(frozen=True, eq=False, repr=False)
class PlanValue:
    """What a plan would have brought per row of the log, with its interval; made by `value_plan`.

    Attributes
    ----------
    estimate : Estimate
        The value of one wave per customer of it, for customers and histories as in the log.
    difference : Estimate
        The value less that of the plan that ran (or of `against`), paired: both on the same rows. Its `details` hold
        `ess`: how many customers tell the two plans apart, on the side that has fewer.
    ess : float
        Effective sample size by customers: how many equally weighted customers would say as much.
    ess_rows : float
        The same by rows; where a customer has one row both are the same.
    n, customers : int
        Rows and customers.
    matched : float
        Share of rows with a weight: the plan could have given what they got.
    biggest : float
        Share of all weight on the one customer with most.
    overlap : pandas.DataFrame
        One row an arm: planned, logged, rows, ess, biggest_weight.
    weights, influence : array
        One value a row.
    against : str
        What `difference` is held against.
    warnings : tuple of str
        Reasons not to trust the result.
    """

    estimate: Estimate
    difference: Estimate
    ess: float
    ess_rows: float
    n: int
    customers: int
    matched: float
    biggest: float
    overlap: pd.DataFrame = field(repr=False)
    weights: np.ndarray = field(repr=False)
    influence: np.ndarray = field(repr=False)
    outcome: str = "profit"
    against: str = OWN
    warnings: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        """The value per row, in units of the outcome."""
        return self.estimate.effect

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.estimate.low

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.estimate.high

    def name_axis(self, unit: str = "") -> str:
        """Name an axis of values: the outcome, its unit and per whom."""
        return f"{self.outcome}, {unit} per customer of a wave" if unit else f"{self.outcome} per customer of a wave"

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        gap = self.difference
        row = {
            "method": self.estimate.method,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "ess": self.ess,
            "n": self.n,
            "customers": self.customers,
            "matched": self.matched,
            "biggest": self.biggest,
            "difference": gap.effect,
            "difference_low": gap.low,
            "difference_high": gap.high,
            "difference_p": gap.p,
        }
        return pd.DataFrame([row | dict(self.estimate.details) | {"warnings": "; ".join(self.warnings)}])

    def sentence(self, unit: str = "", decimals: int = 2) -> str:
        """Say the value, its interval, how much the log knows, and the difference, in words."""
        value, low, high = (say_money(x, unit, decimals) for x in (self.value, self.low, self.high))
        gap, gap_low, gap_high = (
            say_money(x, unit, decimals) for x in (self.difference.effect, self.difference.low, self.difference.high)
        )
        is_open = not (self.difference.low > 0 or self.difference.high < 0)
        said = ", which is open" if is_open else ""
        own = f"{low} to {high}" if np.isfinite(self.low) else "no interval"
        paired = f"{gap_low} to {gap_high}{said}" if np.isfinite(self.difference.low) else "no interval"
        known = f"for this plan the log is worth about {self.ess:,.0f} customers"
        if not np.isfinite(self.value):
            return f"What the plan would have brought cannot be told from this log: {known}."
        return (
            f"The plan would have brought {value} a customer and wave ({own}); {known}. "
            f"Against {self.against}: {gap} ({paired})."
        )

    def __repr__(self) -> str:
        return (
            f"PlanValue {self.value:,.2f} ({self.low:,.2f} to {self.high:,.2f}), effective sample size {self.ess:,.0f}"
        )

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw the overlap: for each arm the share that the plan wants beside the share that the log has."""
        table = self.overlap[(self.overlap["planned"] > 0) | (self.overlap["logged"] > 0)]
        if ax is None:
            ax = plt.subplots(figsize=(9, 1.4 + 0.75 * len(table)))[1]
        place = np.arange(len(table))[::-1]
        ax.barh(place + 0.19, table["planned"], 0.36, color=TREATED, label="the plan wants")
        ax.barh(place - 0.19, table["logged"], 0.36, color=GREY, label="the log has")
        top = max(table["planned"].max(), table["logged"].max())
        for y, row in zip(place, table.itertuples(), strict=True):
            thin = row.planned > 0 and row.ess < LEAST_ESS
            said = f"as much as {row.ess:,.0f} rows" if row.planned > 0 else "not wanted"
            end = max(row.planned, row.logged) + 0.01 * top
            ax.text(end, y, said, va="center", fontsize=10, color=HIGHLIGHT if thin else INK)
        ax.set(
            yticks=place,
            yticklabels=[name.replace("_", " ") for name in table["arm"]],
            xlim=(0, 1.4 * top),
            xlabel="share of the rows",
        )
        ax.grid(False)
        ax.legend(loc="lower right")
        title = f"The effective sample size is {self.ess:,.0f} customers"
        if self.ess < LEAST_ESS:
            title = f"Little overlap: the log knows the plan like {self.ess:,.0f} customers"
        headline(ax, title, f"shares of {self.n:,} rows of {self.customers:,} customers, by arm", source)
        return ax

    def _repr_html_(self) -> str:
        notes = (
            f"{self.n:,} rows of {self.customers:,} customers; effective sample size {self.ess:,.0f}; "
            f"{self.matched:.0%} of rows have weight; {self.estimate.method}"
        )
        marks = {"log's own": self.value - self.difference.effect} if self.against == OWN else {}
        interval = (self.value, self.low, self.high)
        title = f"Value of the plan: {self.outcome} per customer of a wave"
        return render_result(
            title,
            interval,
            self.sentence(),
            table=self.to_frame().drop(columns="warnings"),
            notes=notes,
            warnings=self.warnings,
            marks=marks,
            level=self.estimate.level,
        )


@check_arguments
def value_plan(
    log: PolicyLog,
    plan: Any,
    *,
    method: Method = "dr",
    against: Any = None,
    clip: float = 10.0,
    folds: int = 5,
    model: Any = None,
    history: Any = None,
    untried: Literal["refuse", "leave_out"] = "refuse",
    seed: int = 0,
    level: float = 0.95,
) -> PlanValue:
    """Value a plan from the log of another: the mean outcome of one wave, had the chances been those of the plan.

    Not for a plan that was chosen on the rows that judge it: it is too good there, so learn on some waves and judge on
    others (`PolicyLog.keep`). Not for what a plan does to later waves: each wave is judged with the customers and the
    histories that it had.

    Parameters
    ----------
    log : PolicyLog
        Of `open_log`.
    plan : str, mapping, table, Series, Choice or Policy
        See `read_plan`: an arm for everybody, arm to probability, a table by customer, by wave and customer or by
        segment, what a policy chose, or a policy (asked with `history`).
    method : {"dr", "snips", "ips", "clipped", "switch", "direct"}
        "ips" weighs each row by the plan's chance over the logged chance; "snips" divides by the sum of the weights;
        "clipped" cuts weights at `clip`; "direct" trusts a model of the outcome; "dr" adds to the model the weighted
        mean of what it missed; "switch" does so only up to the weight `clip`.
    against : as plan, optional
        The plan to compare with; the one that ran if left out.
    clip : float
        Largest weight of "clipped" and "switch".
    folds : int
        For "dr" and "switch": each customer is predicted by a model that has not seen this customer; 2 or more.
    model : scikit-learn regressor, optional
        In the place of the linear model in segment, wave and covariates. "direct" then has no interval.
    history : table, optional
        What a policy learns from.
    untried : {"refuse", "leave_out"}
        What to do with rows for which the plan wants what the log could not have shown.
    seed : int
        Of the folds, and of a policy.
    level : float

    Returns
    -------
    PlanValue

    Raises
    ------
    TableError
        With all problems of the plan: an arm that the log never tried, rows without a plan, chances that are none.
        Or all settings that cannot be.

    Examples
    --------
    >>> from loyalty.learn.offpolicy.log import open_log
    >>> table = pd.DataFrame({"customer_id": range(8), "arm": ["mail", "control"] * 4, "propensity": [0.8, 0.2] * 4})
    >>> log = open_log(table.assign(profit=[3.0, 1.0, 4.0, 0.0, 2.0, 2.0, 3.0, 1.0]))
    >>> found = value_plan(log, {"mail": 1.0}, method="ips")
    >>> found.value, found.ess, round(found.matched, 2)
    (1.875, 4.0, 0.5)

    Source: Horvitz and Thompson (1952), JASA 47, 663-685; Swaminathan and Joachims (2015), NIPS 28, for SNIPS; Dudík,
    Erhan, Langford and Li (2014), Statistical Science 29, 485-511, for doubly robust; Wang, Agarwal and Dudík (2017),
    ICML 34, for switch; Ionides (2008), JCGS 17, 295-311, for clipped weights.
    """
    judge = prepare(
        log,
        [plan] if against is None else [plan, against],
        method=method,
        clip=clip,
        folds=folds,
        model=model,
        history=history,
        untried=untried,
        seed=seed,
    )
    here = np.ones(len(judge.log), bool)
    return judge.value(0, here, method, clip, level, other=None if against is None else 1)


def _find_wrong_settings(log: PolicyLog, clip: float, folds: int, model: Any, method: str) -> list[str]:
    wrong = []
    if not clip > 0:
        wrong.append(f"clip should be above zero, found {clip!r}")
    if model is not None and not hasattr(model, "fit"):
        wrong.append(f"model should be a regressor of scikit-learn, found {model!r}")
    if method in MODELLED and not 2 <= folds <= log.customers:
        wrong.append(f"folds should be from 2 to the {log.customers:,} customers, found {folds!r}")
    return wrong


@dataclass(frozen=True, eq=False)
class Judge:
    """A log with the plans that it has to judge; made by `prepare`."""

    log: PolicyLog
    plans: Sequence[np.ndarray]
    found: Predictions | None = None
    warnings: tuple[str, ...] = ()

    def predict(self, method: str, *, folds: int, seed: int, model: BaseEstimator | None) -> Judge:
        """Fit the outcome model, where the method has one."""
        if method not in MODELLED:
            return self
        several = 1 if method == "direct" and model is None else folds
        found = predict_arms(self.log, folds=several, seed=seed, model=model)
        return Judge(self.log, self.plans, found, self.warnings)

    def weigh(self, place: int) -> np.ndarray:
        """Weights of the rows for one of the plans."""
        return weigh_rows(self.log, self.plans[place])

    def measure(self, place: int, here: np.ndarray, method: str, clip: float) -> tuple[float, np.ndarray]:
        """The value of a plan for the rows at `here`, and how much each row of the log moves it (influence values)."""
        weight = self.weigh(place)
        y = self.log.outcome
        count = here.sum()
        scale = len(y) / count
        if method == "direct":
            assert self.found is not None
            values = (self.plans[place] * self.found.values).sum(axis=1)
            value = float(values[here].mean())
            if self.found.fit is None:
                return value, np.full(len(y), np.nan)
            return value, pull_direct(self.log, self.plans[place], self.found, here)
        if method == "snips":
            total = weight[here].sum()
            if total <= 0:
                return np.nan, np.full(len(y), np.nan)
            value = float(weight[here] @ y[here] / total)
            return value, np.where(here, weight * (y - value) * len(y) / total, 0.0)
        values = weight * y
        if method == "clipped":
            values = np.minimum(weight, clip) * y
        elif method in ("dr", "switch"):
            assert self.found is not None
            used = weight if method == "dr" else np.where(weight <= clip, weight, 0.0)
            missed = y - self.found.values[np.arange(len(y)), self.log.arm]
            values = (self.plans[place] * self.found.values).sum(axis=1) + used * missed
        value = float(values[here].mean())
        return value, np.where(here, (values - value) * scale, 0.0)

    def measure_own(self, here: np.ndarray) -> tuple[float, np.ndarray]:
        """The value of the plan that ran: the plain mean."""
        y = self.log.outcome
        mean = float(y[here].mean())
        return mean, np.where(here, (y - mean) * len(y) / here.sum(), 0.0)

    def value(
        self, place: int, here: np.ndarray, method: str, clip: float, level: float, other: int | None = None
    ) -> PlanValue:
        """Value a plan for the rows at `here`, and its difference to another or to the plan that ran."""
        log = self.log
        weight = np.where(here, self.weigh(place), 0.0)
        mine = np.bincount(log.customer, weight)
        ess, ess_rows = count_effective(mine), count_effective(weight)
        value, influence = self.measure(place, here, method, clip)
        theirs = self.measure_own(here) if other is None else self.measure(other, here, method, clip)
        pull = influence - theirs[1]
        apart, against = value - theirs[0], here.astype(float)
        if other is not None:
            against = np.where(here, self.weigh(other), 0.0)
        sides = _split_sides(log, weight - against)
        if not sides and method not in MODELLED:
            apart, pull = 0.0, np.zeros(len(log))
        elif sides and not (_has_spread(influence, log, weight) and _has_spread(theirs[1], log, against)):
            pull = np.zeros(len(log))  # what one of the two owes to chance is not known
        doubts = self._doubt_difference(sides, pull, against, method, clip, other)
        notes = [*self.warnings, *self._doubt(place, here, weight, ess, method, clip, influence)]
        fields: dict[str, Any] = {
            "n_treated": int((weight > 0).sum()),
            "n_control": int(here.sum() - (weight > 0).sum()),
            "method": METHODS[method],
            "level": level,
            "warnings": tuple(notes),
        }
        low_ess = min(ess, ess_rows)
        estimate = _estimate(log, value, influence, low_ess, {**fields, "estimand": "value of the plan",
                             "details": _describe(weight[here], method, clip)}, weight=weight)  # fmt: skip
        ess_gap = min([count_effective(side) for side in sides], default=low_ess)
        gap = _estimate(log, apart, pull, ess_gap, {**fields, "base": theirs[0], "warnings": (*notes, *doubts),
                        "estimand": "value of the plan less another", "details": {"ess": ess_gap}},
                        weight=np.maximum(weight, against), certain=not sides)  # fmt: skip
        total = weight.sum()
        part = log if here.all() else log.take(here)
        return PlanValue(
            estimate,
            gap,
            ess,
            ess_rows,
            int(here.sum()),
            part.customers,
            float((weight > 0).sum() / here.sum()),
            float(mine.max() / total) if total > 0 else np.nan,
            list_overlap(part, self.plans[place][here], weight[here]),
            weight[here],
            influence,
            log.name,
            OWN if other is None else "the other plan",
            tuple(dict.fromkeys((*estimate.warnings, *doubts))),
        )

    def _doubt(
        self,
        place: int,
        here: np.ndarray,
        weight: np.ndarray,
        ess: float,
        method: str,
        clip: float,
        influence: np.ndarray,
    ) -> list[str]:
        """Why the interval of this plan may say too much."""
        notes = self._doubt_cells(place, here)
        if ess < LEAST_ESS:
            notes.append(
                f"little overlap: the effective sample size is {ess:.0f}, under {LEAST_ESS}; only a test can tell"
            )
        mine = np.bincount(self.log.customer, weight)
        if weight.sum() > 0 and mine.max() > MOST_OF_ONE * weight.sum():
            notes.append(f"one customer carries {mine.max() / weight.sum():.0%} of all weight")
        skewness = _find_skewness(self.log, influence)
        if abs(skewness) > MOST_SKEWNESS:
            notes.append(f"heavy tail: the value has skewness {skewness:.2f}, its interval may cover too little")
        filled = int(((weight > 0) & (self.log.outcome != 0)).sum())
        if filled < LEAST_FILLED:
            notes.append(f"fewer than {LEAST_FILLED} rows with weight have an outcome other than zero")
        if method in CUT and (cut := _find_cut(weight, method, clip)) > 0:
            missing = "is lost" if method == "clipped" else "is judged by the model alone"
            notes.append(f"{cut:.1%} of the weight {missing}: what that shifts is not in the interval")
        if method == "direct":
            notes.append("the model is taken for right: what it gets wrong is not in the interval")
        return notes

    def _doubt_cells(self, place: int, here: np.ndarray) -> list[str]:
        """Name the segments in which nobody, or hardly anybody, got what the plan gives there."""
        arms = len(self.log.arms)
        segment, names = pd.factorize(self.log.rows["segment"][here], sort=True)
        plan, arm = self.plans[place][here], self.log.arm[here]
        sums = [np.bincount(segment, plan[:, one], len(names)) for one in range(arms)]
        wanted = np.column_stack(sums) / here.sum()
        got = plan[np.arange(len(arm)), arm] > 0
        rows = np.bincount(segment[got] * arms + arm[got], minlength=len(names) * arms).reshape(-1, arms)
        notes = []
        for thin, says in ((rows == 0, "nobody"), ((rows > 0) & (rows < LEAST_CELL), f"fewer than {LEAST_CELL} rows")):
            share = np.where(thin, wanted, 0.0)
            if share.sum() < MATTERS:
                continue
            biggest = np.argsort(-share, axis=None, kind="stable")[: min(3, np.count_nonzero(share))]
            cells = [f"{self.log.arms[cell % arms]!r} in segment {names[cell // arms]}" for cell in biggest]
            notes.append(
                f"empty or thin cells: for {share.sum():.1%} of what the plan gives, {says} of the segment got it "
                f"({', '.join(cells)}): the value and its interval know next to nothing of that"
            )
        return notes

    def _doubt_difference(
        self,
        sides: list[np.ndarray],
        pull: np.ndarray,
        against: np.ndarray,
        method: str,
        clip: float,
        other: int | None,
    ) -> list[str]:
        """Why the interval of the difference may say too much, even where that of the value does not."""
        notes = []
        if other is not None and method in CUT and (cut := _find_cut(against, method, clip)) > 0:
            missing = "is lost" if method == "clipped" else "is judged by the model alone"
            notes.append(f"difference: {cut:.1%} of the weight of the other plan {missing}")
        if not sides:
            return notes
        ess = min(count_effective(side) for side in sides)
        if ess < LEAST_ESS:
            notes.append(
                f"difference: few customers tell the two plans apart: an effective sample size of {ess:.0f}, under "
                f"{LEAST_ESS}"
            )
        bought = np.bincount(self.log.customer, self.log.outcome != 0) > 0
        if min(int((bought & (side > 0)).sum()) for side in sides) < LEAST_FILLED:
            notes.append(
                f"difference: of the customers that tell the two plans apart, fewer than {LEAST_FILLED} on one side "
                "have an outcome other than zero"
            )
        skewness = _find_skewness(self.log, pull)
        if abs(skewness) > MOST_SKEWNESS:
            notes.append(f"difference: heavy tail, its skewness is {skewness:.2f}, its interval may cover too little")
        return notes


def _describe(weight: np.ndarray, method: str, clip: float) -> Mapping[str, float]:
    """Details of an estimate from the weights of the rows that it judges."""
    details = {"mean_weight": float(weight.mean())}
    if method in CUT:
        details["clip"] = clip
        details["cut"] = _find_cut(weight, method, clip)
    return details


def _split_sides(log: PolicyLog, apart: np.ndarray) -> list[np.ndarray]:
    """Weight by customer that speaks for a plan, and that which speaks for the other; none where both are alike."""
    apart = np.where(np.abs(apart) > ALIKE, apart, 0.0)
    if not apart.any():
        return []
    mine = np.bincount(log.customer, np.maximum(apart, 0.0))
    theirs = np.bincount(log.customer, np.maximum(-apart, 0.0))
    return [mine, theirs]


def _has_spread(influence: np.ndarray, log: PolicyLog, weight: np.ndarray) -> bool:
    """Whether influence values differ from 0 by more than numbers are rounded; unknown ones do."""
    scale = float(np.abs(log.outcome[weight > 0]).max(initial=0.0)) * max(1.0, float(weight.max()))
    rounding = max(ROUNDING, len(log) * np.finfo(float).eps)
    return not float(np.abs(influence).max()) <= rounding * scale


def _find_cut(weight: np.ndarray, method: str, clip: float) -> float:
    """Share of the weight that clipping or switching takes away."""
    total = weight.sum()
    kept = np.minimum(weight, clip) if method == "clipped" else np.where(weight <= clip, weight, 0.0)
    return float(1 - kept.sum() / total) if total > 0 else 0.0


def _find_skewness(log: PolicyLog, influence: np.ndarray) -> float:
    """Skewness of an estimate from the influence of the customers."""
    return skew_of_mean(np.bincount(log.customer, influence), scale=float(np.abs(log.outcome).max(initial=0.0)))


def _estimate(
    log: PolicyLog,
    value: float,
    influence: np.ndarray,
    ess: float,
    fields: Mapping[str, Any],
    *,
    weight: np.ndarray,
    certain: bool = False,
) -> Estimate:
    """An estimate from influence values, robust to customers; Student's t by the effective sample size.

    What is no more than rounding is no spread: then there is no interval, or none is needed (`certain`).
    """
    fields = dict(fields)
    level = fields.pop("level")
    if not np.isfinite(influence).all() or not np.isfinite(value):
        why = "no interval: what a model of your own gets wrong by chance is not known; take method='dr'"
        if not np.isfinite(value):
            why = "no value: no row got what the plan would give"
        fields["warnings"] = (why, *fields["warnings"])
        return Estimate(value, np.nan, np.nan, np.nan, np.nan, **fields)
    if not _has_spread(influence, log, weight):
        return make_estimate(0.0 if certain else value, 0.0, level=level, certain=certain, **fields)
    se, df = error_of_mean(influence, log.customer)
    df = max(1.0, min(df, ess - 1))
    return make_estimate(value, se, df=df, level=level, **fields)


def prepare(
    log: PolicyLog,
    plans: Sequence[Any],
    *,
    method: str = "ips",
    clip: float = 10.0,
    folds: int = 5,
    model: Any = None,
    history: Any = None,
    untried: str = "refuse",
    seed: int = 0,
    wrong: Sequence[str] = (),
) -> Judge:
    """Make ready what judges plans: settings checked, plans read, what was never tried refused, the model fitted.

    Parameters
    ----------
    log : PolicyLog
    plans : sequence of plan
    method, clip, folds, model, history, untried, seed
        As for `value_plan`.
    wrong : sequence of str
        Problems of settings that the caller has found; told together with those that are found here.

    Returns
    -------
    Judge

    Raises
    ------
    TableError
        With all problems of the plans.
        Or with all settings that cannot be.
    """
    wrong = [*wrong, *_find_wrong_settings(log, clip, folds, model, method)]
    if wrong:
        raise TableError(wrong, "the settings")
    read = [read_plan(log, plan, history=history, seed=seed) for plan in plans]
    notes = list(log.warnings)
    out = np.zeros(len(log), bool)
    problems: list[str] = []
    for one in read:
        rows, wrong = find_untried(log, one)
        out |= rows
        problems += wrong
    problems = list(dict.fromkeys(problems))
    if problems and (untried == "refuse" or out.all()):
        raise TableError(problems, "the plan")
    if out.any():
        notes.append(
            f"{out.sum():,} of {len(log):,} rows are left out: the log could not have shown there what the plan wants. "
            f"The value is that of the other {(~out).sum():,}"
        )
        log = log.take(~out)
        read = [one[~out] for one in read]
    notes += log.doubts
    judge = Judge(log, read, None, tuple(dict.fromkeys(notes)))
    return judge.predict(method, folds=folds, seed=seed, model=model)
