"""What a campaign changed: everybody who was assigned against the control that was drawn, per customer.

One entrance to the modules beside this one:

- `measure_lift` for one outcome: rates, means, ratios; several arms, segments; sharpened by the past.
- `measure_lifts` for a report: many outcomes of many customers in one scan.
- `bootstrap_gap` where you hold the numbers of two groups.
- `unmask_redeemers` shows what "redeemers against control" would have claimed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import product
from operator import add
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.aggregates import Metric, Sums, add_strata, sum_strata
from loyalty.evaluate.lift.bootstrap import redraw
from loyalty.evaluate.lift.clusters import TooFewClusters, compare_clusters, read_clusters
from loyalty.evaluate.lift.compare import compare_sums, compare_weighted
from loyalty.evaluate.lift.cuped import adjust_gap
from loyalty.evaluate.lift.permutation import deal_labels
from loyalty.evaluate.lift.result import Lift, Lifts, gather_lifts, name_lift
from loyalty.evaluate.lift.strata import (
    SURE,
    Strata,
    Stratum,
    compare_stratified_sums,
    find_chance_of_shares,
    plan_strata,
)
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.contracts import OUTCOMES
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.assigned import Assigned, open_assigned
from loyalty.tables.wave.together import find_wrong_column

KINDS = ("auto", "rate", "mean")
MEND = "measure stratum by stratum"
WHO = "contacts"  # the table that a message speaks of
INTERVALS = ("auto", "welch", "pooled", "careful", "bootstrap", "percentile", "permutation")

# What the contract says of its columns: who did something, and amounts
RATES = frozenset(c.name for c in OUTCOMES.columns if c.kind == "whole" and c.high == 1)
AMOUNTS = frozenset(c.name for c in OUTCOMES.columns if c.kind in ("money", "number"))


@check_arguments
def measure_lift(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    outcome: str = "sales",
    *,
    per: str | None = None,
    control: str = "control",
    window: str = "main",
    before: str | Sequence[str] | None = None,
    by: str | None = None,
    interval: str = "auto",
    level: float = 0.95,
    correct: str = "auto",
    seed: int = 0,
    slope: float | Sequence[float] | None = None,
    kind: str = "auto",
    cluster: str | None = None,
) -> Lift | Lifts:
    """Measure what the campaign changed, per customer *assigned*: those who never saw it count as well.

    Not for groups that nobody drew by lot (`loyalty.evaluate.observational`), not for redeemers or the delivered
    alone, not for several waves at once, and not by a segment that was assigned after the start.

    Parameters
    ----------
    contacts : table under CONTACTS, any source of `open_table`
        Control included. Customers of the universal control are left out. Where the chances differ between strata
        (`propensity`; without it the realised shares) and `stratum` is known, each stratum counts by its share of all
        customers (`plan_strata`): means, rates and ratios, not `before` or a bootstrap. Where `propensity` differs
        otherwise, customers are weighted by its inverse: means only.
    outcomes : table under OUTCOMES, optional
        A row for every customer, zeros included. Without it `contacts` is the joined table, one row a customer, and
        needs only `arm` and the numbers.
    outcome : str
        A rate gives a difference of rates, else it is one of means; see `kind`.
    per : str, optional
        Another number: difference of ratios of sums, such as sales per order.
    control : str
        Name of the control group in `arm`.
    window : {"main", "pre", "post"}
    before : str or sequence of str, optional
        Numbers of the window "pre" (or columns of the contacts) by which to sharpen the answer.
    by : str, optional
        Column of the contacts with the segment, known before the start.
    interval : {"auto", "welch", "pooled", "careful", "bootstrap", "percentile", "permutation"}
        "auto": Newcombe for rates; for means and ratios the larger variance where control is under 20 % of both groups,
        else Welch. "bootstrap" is bootstrap-t. "permutation" deals the labels anew (`permute_gap`), for means.
    level : float
        Coverage of the intervals, a fraction.
    correct : {"auto", "holm", "bh", "none"}
        Of the p-values of several cells.
    seed : int
        Of the bootstrap and of the deals.
    slope : float or sequence of float, optional
        Of the outcome on `before`, known from earlier waves.
    kind : {"auto", "rate", "mean"}
        "auto": true and false, and `responded` of the contract, are rates even if nobody (or everybody) did it; amounts
        and points of the contract are means whatever their values; another column is a rate where all its values are 0
        and 1, and not all are 0.
    cluster : str, optional
        Column of the contacts that says who was drawn together, such as the household or the store (cluster
        randomisation): the clusters are compared as a whole (`compare_clusters`: CR2, or the randomisation test).

    Returns
    -------
    Lift or Lifts
        One treated arm without `by` gives a `Lift`, everything else `Lifts`. Where all customers of both groups have
        one value (and it is no rate) there is no interval and no p-value, and `warnings` say so.

    Raises
    ------
    TableError
        With all problems of the tables.
    ValueError
        Options that do not go together.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(5)
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 1_000, "sales": rng.gamma(2, 10, 2_000)})
    >>> table.loc[table["arm"] == "mail", "sales"] += 3
    >>> lift = measure_lift(table)
    >>> lift.method, bool(lift.low < 3 < lift.high)
    ('difference of means (Welch)', True)

    Source: Imbens and Rubin (2015), chapters 6 and 23; each interval's source stands in its own function.
    """
    early = [before] if isinstance(before, str) else list(before or [])
    way = _Way(early, interval, level, seed, slope, {outcome: kind})
    _refuse_options(way, outcome, per, kind, cluster)
    metric = (outcome, per)
    names = [outcome] if per is None else [outcome, per]
    options: dict[str, Any] = {"by": by, "control": control, "window": window}
    if cluster is None:
        data = open_assigned(contacts, outcomes, names, before=early, summed=True, **options)
        results, left_out = _measure(data, [metric], way)
    else:
        if wrong := find_wrong_column(cluster, names):
            raise TableError(wrong, WHO)
        data = open_assigned(contacts, outcomes, names, about=[cluster], **options)
        results, left_out = _measure_clusters(data, metric, way, cluster)
    if by is None and len(data.arms) == 1:
        return results[0]
    return gather_lifts(results, correct=correct, warnings=left_out)


@check_arguments
def measure_lifts(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    metrics: Sequence[str | tuple[str, str]] = ("sales",),
    *,
    control: str = "control",
    window: str = "main",
    by: str | None = None,
    level: float = 0.95,
    correct: str = "auto",
    kinds: Mapping[str, str] | None = None,
) -> Lifts:
    """Measure many outcomes in one scan of the tables, however large; each as `measure_lift` does.

    Not for finding the outcome that moved: the plan names one that decides, and p-values are not corrected for their
    number.

    Parameters
    ----------
    contacts, outcomes, control, window, by, level, correct
        As in `measure_lift`.
    metrics : sequence of str or (str, str)
        Outcomes; a pair is a ratio of sums, such as ("sales", "orders").
    kinds : mapping of str to str, optional
        Of outcomes, as `kind` of `measure_lift`, such as {"bought": "rate"}.

    Returns
    -------
    Lifts

    Raises
    ------
    TableError

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 50, "orders": [2, 1] * 50, "sales": range(100)})
    >>> measure_lifts(table, metrics=["orders", ("sales", "orders")]).to_frame()["effect"].tolist()
    [1.0, -25.5]
    """
    pairs: list[Metric] = []
    for metric in metrics:
        number, per = (metric, None) if isinstance(metric, str) else metric
        pairs.append((number, per))
    if not pairs:
        raise ValueError("`metrics` should name at least one outcome")
    names = list(dict.fromkeys(name for pair in pairs for name in pair if name))
    data = open_assigned(contacts, outcomes, names, by=by, control=control, window=window, summed=True)
    results, left_out = _measure(data, pairs, _Way(level=level, kinds=kinds or {}))
    return gather_lifts(results, correct=correct, warnings=left_out)


@check_arguments
def unmask_redeemers(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    outcome: str = "sales",
    *,
    redeemed: str = "redeemed",
    control: str = "control",
    window: str = "main",
    level: float = 0.95,
) -> pd.DataFrame:
    """Set "redeemers against control" beside the honest comparison; who redeems would have bought more anyway.

    Parameters
    ----------
    contacts, outcomes, outcome, control, window, level
        As in `measure_lift`.
    redeemed : str
        A number that is above zero for who used the offer.

    Returns
    -------
    pandas.DataFrame
        Rows: redeemers, others treated, all assigned, each against control: customers, mean, effect, low, high. Who
        was left out stands in `.attrs["warnings"]`.

    Raises
    ------
    TableError

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 50, "redeemed": [1, 0, 0, 0] * 25})
    >>> table["sales"] = [9, 5, 2, 5] * 25
    >>> unmask_redeemers(table)["effect"].tolist()
    [4.0, -3.0, 0.5]
    """
    data = open_assigned(contacts, outcomes, [outcome, redeemed], control=control, window=window)
    rows = data.fetch([outcome, redeemed])
    drawn = rows["arm"] == control
    used = ~drawn & (rows[redeemed] > 0)
    if used.sum() < 2:
        says = f"`{redeemed}` is above zero for {used.sum()} customers: there is nobody to unmask"
        raise TableError([says], "customers")
    groups = {"redeemers": used, "others treated": ~drawn & ~used, "all assigned": ~drawn}
    table = []
    for name, who in groups.items():
        if who.sum() > 1:
            found = compare_means(rows.loc[who, outcome], rows.loc[drawn, outcome], level=level)
            row = {"against control": name, "customers": int(who.sum()), "mean": rows.loc[who, outcome].mean()}
            table.append(row | {part: getattr(found, part) for part in ("effect", "low", "high")})
    shown = pd.DataFrame(table).set_index("against control")
    shown.attrs["warnings"] = data.warnings
    return shown


@dataclass(frozen=True)
class _Way:
    """How to compare: fields as the arguments of `measure_lift`; `early` are the numbers of before."""

    early: Sequence[str] = ()
    interval: str = "auto"
    level: float = 0.95
    seed: int = 0
    slope: Any = None
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The option that needs more than sums."""
        return "`before`" if self.early else f"interval='{self.interval}'"

    @property
    def needs_only_sums(self) -> bool:
        """Whether sums of powers are enough, so that the customers can stay where they are."""
        return not self.early and self.interval in ("auto", "welch", "pooled", "careful")


def _refuse_options(way: _Way, outcome: str, per: str | None, kind: str, cluster: str | None) -> None:
    """Raise ValueError where options of `measure_lift` do not go together."""
    if way.interval not in INTERVALS:
        raise ValueError(f"interval should be one of {', '.join(INTERVALS)}; found {way.interval!r}")
    if per == outcome:
        raise ValueError(f"`{per}` per `{per}` is always 1")
    if per and way.early:
        raise ValueError("a ratio cannot be adjusted: give `per` or `before`")
    if way.early and way.interval != "auto":
        raise ValueError("the adjustment has its own interval: leave interval='auto'")
    if way.slope is not None and not way.early:
        raise ValueError("a slope needs `before`: the numbers that it belongs to")
    if kind not in KINDS:
        raise ValueError(f"kind should be one of {', '.join(KINDS)}; found {kind!r}")
    if per and way.interval == "permutation":
        raise ValueError("the permutation test is for means: a ratio of sums takes interval='bootstrap'")
    if kind == "rate" and per:
        raise ValueError("a ratio of sums is no rate of customers: give `per` or kind='rate'")
    if cluster is not None and (way.early or way.interval != "auto"):
        raise ValueError("clusters have their own interval: leave out `before` and interval=")


Parts = Mapping[tuple[str, str, str], Mapping[Metric, Sums]]  # by arm, segment and stratum


def _measure(data: Assigned, metrics: Sequence[Metric], way: _Way) -> tuple[list[Lift], list[str]]:
    """Compare each arm with control, metric by metric and segment by segment; say which cells cannot be compared."""
    if not 0 < way.level < 1:
        raise ValueError(f"level should lie between 0 and 1, such as 0.95; found {way.level!r}")
    wave = _Wave.read(data, metrics, way)
    segments = sorted({segment for _, segment in wave.cells})
    plans = {(segment, arm): wave.plan(segment, arm) for segment, arm in product(segments, data.arms)}
    results = []
    left_out = []
    for metric, segment, arm in product(metrics, segments, data.arms):
        found = wave.compare(metric, segment, arm, plans[segment, arm])
        if isinstance(found, str):
            left_out.append(found)
            continue
        found = replace(found, warnings=(*found.warnings, *data.doubts))
        results.append(name_lift(found, outcome=metric[0], per=metric[1] or "", arm=arm, segment=segment))
    if not results:
        raise TableError(left_out, "contacts")
    return results, left_out


def _measure_clusters(data: Assigned, metric: Metric, way: _Way, cluster: str) -> tuple[list[Lift], list[str]]:
    """Compare the clusters of each arm with those of control, segment by segment; say what cannot be compared."""
    sides = read_clusters(data, [metric], cluster)
    cells = [here[metric] for here in sides.values()]
    only_ones = all(np.array_equal(side.squares, side.total) for side in cells)  # of zeros and ones alone
    kind = _choose_kind(metric, only_ones, any(side.total.any() for side in cells), way, data.flags)
    unit = f"per `{metric[1]}` of all assigned" if metric[1] else "per customer assigned"
    estimand = ", ".join((unit, *data.left_out))
    results = []
    left_out = []
    for segment, arm in product(sorted({segment for _, segment in sides}), data.arms):
        pair = [sides.get((group, segment), {}).get(metric) for group in (arm, data.control)]
        where = f" in `{segment}`" if segment else ""
        if pair[0] is None or pair[1] is None:
            left_out.append(f"no comparison of {arm}{where}: a group has no customers there")
            continue
        options: dict[str, Any] = {"what": f"values of `{cluster}`", "kind": kind, "level": way.level}
        try:
            found = compare_clusters(pair[0], pair[1], estimand=estimand, **options)
        except TooFewClusters as error:
            left_out.append(f"no comparison of {arm}{where}: {error.problems[0]}")
            continue
        found = replace(found, warnings=(*found.warnings, *data.doubts))
        results.append(name_lift(found, outcome=metric[0], per=metric[1] or "", arm=arm, segment=segment))
    if not results:
        raise TableError(left_out, WHO)
    return results, left_out


@dataclass(frozen=True)
class _Wave:
    """A wave and how it is compared: sums by arm, segment and stratum (`parts`), and added up over strata (`cells`).

    `rows` are the customers, by arm and segment, where sums are not enough; `is_uneven` says that customers of one
    arm, segment and stratum had different chances.
    """

    data: Assigned
    way: _Way
    parts: Parts
    cells: Mapping[tuple[str, str], Mapping[Metric, Sums]]
    is_uneven: bool
    rows: pd.DataFrame | None = None

    @classmethod
    def read(cls, data: Assigned, metrics: Sequence[Metric], way: _Way) -> _Wave:
        """Sum up what is needed, in one scan; fetch the customers where sums are not enough."""
        parts = sum_strata(data.table, metrics, data.source)
        wave = cls(data, way, parts, add_strata(parts), _are_uneven(parts, metrics[0]))
        if wave.is_uneven and not (way.needs_only_sums and all(per is None for _, per in metrics)):
            raise TableError(
                [f"`propensity` differs within a group, and only plain means can be weighted: {MEND}"], WHO
            )
        if not wave.is_uneven and way.needs_only_sums:
            return wave
        names = dict.fromkeys(name for metric in metrics for name in metric if name)
        past = [f"before:{name}" for name in way.early]
        return replace(wave, rows=data.fetch([*names, *past, "weight"]).set_index(["arm", "segment"]))

    def plan(self, segment: str, arm: str) -> Strata | None:
        """Plan the strata of one arm and control; None where the plain comparison is right.

        What cannot be stratified is refused where propensities differ, and where realised shares surely do.
        """
        if self.is_uneven:
            return None
        strata = self._count_strata(segment, arm)
        plan = plan_strata(strata)
        if plan is None or self.way.needs_only_sums:
            return plan
        if plan.is_planned or find_chance_of_shares(strata) < SURE:
            says = f"the chance of `{self.data.control}` differs between strata, which {self.way.name} cannot allow for"
            raise TableError([f"{says}: {MEND}, with by='stratum'"], WHO)
        return None

    def _count_strata(self, segment: str, arm: str) -> list[Stratum]:
        counts = {(key[0], key[2]): next(iter(here.values())) for key, here in self.parts.items() if key[1] == segment}
        strata = []
        for name in dict.fromkeys(stratum for _, stratum in counts):
            treated, control = (counts.get((group, name), Sums(0, {})) for group in (arm, self.data.control))
            everybody = sum(int(side.n) for (_, stratum), side in counts.items() if stratum == name)
            weights = treated.weights[0], control.weights[0]
            strata.append(Stratum(name, everybody, int(treated.n), int(control.n), weights))
        return strata

    def compare(self, metric: Metric, segment: str, arm: str, plan: Strata | None) -> Estimate | str:
        """Compare one arm with control; or say why this is not possible."""
        keys = ((arm, segment), (self.data.control, segment))
        pair = [self.cells[key][metric] if key in self.cells else Sums(0, {}) for key in keys]
        sides = []
        if plan is not None:
            sides = [{name: self.parts[(*key, name)][metric] for name in plan.weights} for key in keys]
            pair = [reduce(add, side.values()) if side else Sums(0, {}) for side in sides]
        if problem := _say_why_not(pair, metric, arm, segment):
            return problem
        unit = f"per `{metric[1]}` of all assigned" if metric[1] else "per customer assigned"
        given: dict[str, Any] = {"level": self.way.level, "estimand": ", ".join((unit, *self.data.left_out))}
        if self.rows is not None:
            rows = [self.rows.loc[[key]] for key in keys]
            return _compare_rows(rows, pair, metric, self.way, self.is_uneven, given)
        kind = _find_kind(metric, [here[metric] for here in self.cells.values()], self.way, self.data.flags)
        if plan is None:
            found = compare_sums(*pair, kind=kind, interval=self.way.interval, **given)
        else:
            found = compare_stratified_sums(sides[0], sides[1], plan, kind=kind, interval=self.way.interval, **given)
        if kind == "mean" and found.se == 0 and not any(side.filled for side in pair):
            return _ask_whether_rate(found, metric[0])
        return found


def _are_uneven(parts: Parts, metric: Metric) -> bool:
    """Whether customers of one arm, segment and stratum have different weights."""
    weights = [here[metric].weights for here in parts.values()]
    return any(most - least > 1e-6 * most for least, most in weights)


def _say_why_not(pair: Sequence[Sums], metric: Metric, arm: str, segment: str) -> str:
    """Say why two groups cannot be compared; an empty text if they can."""
    where = f" in `{segment}`" if segment else ""
    if min(side.n for side in pair) < 2:
        return f"no comparison of {arm}{where}: {pair[0].n:,} treated, {pair[1].n:,} control customers"
    if min(side.size for side in pair) <= 0:
        return f"no ratio for {arm}{where}: `{metric[1]}` adds up to 0 or less"
    return ""


def _compare_rows(
    sides: Sequence[pd.DataFrame],
    pair: Sequence[Sums],
    metric: Metric,
    way: _Way,
    is_uneven: bool,
    given: dict[str, Any],
) -> Estimate:
    """Compare two groups by the numbers of their customers: adjusted, weighted, by the bootstrap or by dealing."""
    treated, control = (side[metric[0]].to_numpy() for side in sides)
    if way.early:
        past = [f"before:{name}" for name in way.early]
        earlier = tuple(side[past].to_numpy() for side in sides)
        return adjust_gap(treated, control, (earlier[0], earlier[1]), slope=way.slope, **given)
    if is_uneven:
        weights = tuple(side["weight"].to_numpy() for side in sides)
        return compare_weighted(treated, control, (weights[0], weights[1]), **given)
    found = compare_sums(*pair, kind="ratio" if metric[1] else "mean", interval="welch", **given)
    if way.interval == "permutation":
        return deal_labels(found, treated, control, seed=way.seed)
    drawn = [side[[name for name in metric if name]].to_numpy() for side in sides]
    return redraw(found, drawn, method=way.interval.replace("bootstrap", "t"), seed=way.seed)


def _find_kind(metric: Metric, cells: Sequence[Sums], way: _Way, flags: Collection[str]) -> str:
    """Say what a metric is: by what was said of it, by its type, by the contract; by its values only as a last resort.

    Values alone cannot tell a rate that is 0 from an amount that is 0.
    """
    only_ones = metric[1] is None and all(side.is_binary for side in cells)
    return _choose_kind(metric, only_ones, any(side.filled for side in cells), way, flags)


def _choose_kind(metric: Metric, only_ones: bool, is_filled: bool, way: _Way, flags: Collection[str]) -> str:
    """The kind of a metric, from whether all its values are 0 and 1, and whether any is not 0."""
    name = metric[0]
    if metric[1]:
        return "ratio"
    said = way.kinds.get(name, "auto")
    if said == "rate" and not only_ones:
        raise TableError(
            [f"`{name}` is no rate: it holds other values than 0 and 1; leave out kind='rate'"], "outcomes"
        )
    if way.interval != "auto" or said == "mean" or not only_ones:
        return "mean"
    if said == "rate" or name in flags or name in RATES:
        return "rate"
    return "rate" if is_filled and name not in AMOUNTS else "mean"


def _ask_whether_rate(found: Estimate, name: str) -> Estimate:
    """Add to an outcome that is 0 for everybody how an interval can be had, if it is a rate."""
    if name in AMOUNTS:
        return found
    ask = (
        f"`{name}` is 0 for all: if it says who did something, say kind='rate' (kinds={{'{name}': 'rate'}} for several)"
    )
    return replace(found, warnings=(*found.warnings, ask))
