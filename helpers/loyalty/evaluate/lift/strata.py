"""Strata with unequal chances: each counts by its share of all customers (post-stratification)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import comb
from operator import add
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.evaluate.lift.aggregates import Sums
from loyalty.evaluate.lift.compare import add_relative, bound_relative
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import doubt_moments, find_errors, tilt_of_gap, wilson
from loyalty.stats.weights import count_effective

FEWEST = 10  # customers of a group in a stratum; fewer are merged with a neighbour
NEAR = 1e-6  # propensities that differ by less are one
CHANCE = 0.05  # realised shares of strata that differ less likely than so are taken as planned
SURE = 0.001  # and so sure has to be who refuses for it, as with the sample ratio
EXPECTED = 5  # customers that a chi-squared test wants to expect in each cell
PRIOR = 4  # customers with the arm's rate who are added to a stratum's when its variance is asked for
SHOWN = 12  # strata that the details tell one by one


@dataclass(frozen=True)
class Stratum:
    """Customers of one stratum: all who were assigned, those of one treated arm, and control.

    `weights` are 1 / propensity of the treated and of control; (1, 1) where no propensity is known.
    """

    name: str
    customers: int
    treated: int
    control: int
    weights: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class Strata:
    """How strata are used in one comparison; made by `plan_strata`, which sees no outcome.

    Attributes
    ----------
    groups : tuple of tuple of str
        The strata that are compared, several names where they were merged.
    shares : array, one value a group
        Share of all customers; they sum to one.
    weights : mapping of str to (float, float)
        What one treated customer and one of control counts, by stratum; the weights of each arm sum to one.
    customers : int
        All customers of these strata.
    lost : tuple of Stratum
        Strata without a customer of one group, whose customers leave.
    is_planned : bool
        Whether propensities say that the chances differ; else realised shares do.
    """

    groups: tuple[tuple[str, ...], ...]
    shares: np.ndarray
    weights: Mapping[str, tuple[float, float]]
    customers: int
    lost: tuple[Stratum, ...] = ()
    is_planned: bool = True

    @property
    def warnings(self) -> tuple[str, ...]:
        """Who left, and that the effect is that of the others."""
        if not self.lost:
            return ()
        gone = sum(stratum.customers for stratum in self.lost)
        some = ", ".join(f"`{stratum.name}`" for stratum in self.lost[:3])
        more = f" and {len(self.lost) - 3:,} more" if len(self.lost) > 3 else ""
        word = "stratum" if len(self.lost) == 1 else "strata"
        says = f"{gone:,} of {gone + self.customers:,} customers left out: the {word} {some}{more}"
        return (f"{says} had no control or nobody treated; the effect is that of the other customers",)


def plan_strata(strata: Sequence[Stratum]) -> Strata | None:
    """Decide how strata are compared, before any outcome is seen; None where the plain comparison is right.

    A stratum without control, or without anybody treated, tells nothing: its customers leave. A stratum with fewer than
    ten customers in a group is merged with the one whose share of control is nearest (the planned share; the realised
    one where no propensity is known; between two as near, the one that comes first by share and name), the smallest
    first, until all are large enough or one is left. Inside, customers weigh 1 / propensity (Hajek).

    Parameters
    ----------
    strata : sequence of Stratum
        Of one treated arm and control.

    Returns
    -------
    Strata or None
        None if the chances are the same in all strata. Where no propensity is known the realised shares tell: they
        differ if a chi-squared test says p < .05.

    Examples
    --------
    >>> found = plan_strata([Stratum("new", 900, 891, 9), Stratum("old", 1_000, 900, 100), Stratum("vip", 100, 50, 50)])
    >>> found.groups, found.shares.tolist()
    ((('new', 'old'), ('vip',)), [0.95, 0.05])

    Source: Miratrix, Sekhon and Yu (2013), Journal of the Royal Statistical Society B 75, 369-396.
    """
    known = _has_chances(strata)
    if not (_differ_by_plan(strata) if known else find_chance_of_shares(strata) < CHANCE):
        return None
    kept = [stratum for stratum in strata if stratum.treated and stratum.control]
    lost = tuple(stratum for stratum in strata if not (stratum.treated and stratum.control))
    customers = sum(stratum.customers for stratum in kept)
    groups = _merge(kept, known)
    weights: dict[str, tuple[float, float]] = {}
    shares: list[float] = []
    for group in groups:
        share = sum(stratum.customers for stratum in group) / customers
        sizes = np.array([(stratum.treated, stratum.control) for stratum in group])
        each = np.array([_weigh(stratum, known) for stratum in group])
        each *= share / (sizes * each).sum(axis=0)
        weights |= {stratum.name: (float(w[0]), float(w[1])) for stratum, w in zip(group, each, strict=True)}
        shares.append(share)
    names = tuple(tuple(stratum.name for stratum in group) for group in groups)
    return Strata(names, np.array(shares), weights, customers, lost, known)


def count_strata(people: pd.DataFrame, arm: str, control: str) -> list[Stratum]:
    """Count the customers of each stratum for the comparison of one arm with control.

    Parameters
    ----------
    people : pandas.DataFrame
        One row a customer of all arms: arm, stratum, weight (1 / propensity).
    arm, control : str

    Returns
    -------
    list of Stratum
        None at all where the chances differ between the customers of one stratum: it then tells too little.

    Examples
    --------
    >>> people = pd.DataFrame({"arm": ["mail", "control"], "stratum": "a", "weight": [1.25, 5.0]})
    >>> count_strata(people, "mail", "control")
    [Stratum(name='a', customers=2, treated=1, control=1, weights=(1.25, 5.0))]
    """
    cells = people.groupby(["stratum", "arm"], sort=True)["weight"].agg(["size", "min", "max"])
    if (cells["max"] - cells["min"] > NEAR * cells["max"]).any():
        return []
    sizes = cells["size"].unstack(fill_value=0).reindex(columns=[arm, control], fill_value=0)
    weights = cells["min"].unstack().reindex(columns=[arm, control]).fillna(1.0)
    everybody = people.groupby("stratum", sort=True).size()
    return [
        Stratum(str(name), int(count), int(n), int(m), (float(w), float(v)))
        for (name, count), (n, m), (w, v) in zip(everybody.items(), sizes.to_numpy(), weights.to_numpy(), strict=True)
    ]


def _has_chances(strata: Sequence[Stratum]) -> bool:
    return any(weight != 1 for stratum in strata for weight in stratum.weights)


def _differ_by_plan(strata: Sequence[Stratum]) -> bool:
    """Whether the propensities of one of the two groups differ between strata."""
    for side, size in ((0, "treated"), (1, "control")):
        weights = [stratum.weights[side] for stratum in strata if getattr(stratum, size)]
        if weights and max(weights) - min(weights) > NEAR * max(weights):
            return True
    return False


def find_chance_of_shares(strata: Sequence[Stratum]) -> float:
    """Find the chance that the share of control differs so much between strata by luck alone (chi-squared test).

    Examples
    --------
    >>> round(find_chance_of_shares([Stratum("a", 200, 100, 100), Stratum("b", 200, 120, 80)]), 3)
    0.044
    """
    counts = np.array([(stratum.treated, stratum.control) for stratum in strata], float)
    counts = counts[counts.sum(axis=1) > 0]
    if len(counts) < 2 or not counts.sum(axis=0).all():
        return 1.0
    # The test is no test where few are expected: small strata count as one
    least = counts.sum(axis=1) * counts.sum(axis=0).min() / counts.sum()
    if (least < EXPECTED).any():
        small = counts[least < EXPECTED].sum(axis=0)
        counts = np.vstack([counts[least >= EXPECTED], small])
    if len(counts) < 2:
        return 1.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(_scipy.chi2.sf(((counts - expected) ** 2 / expected).sum(), len(counts) - 1))


def _share_of_control(stratum: Stratum, known: bool) -> float:
    """The planned chance of control; the realised share where no chance is known."""
    return 1 / stratum.weights[1] if known else stratum.control / (stratum.treated + stratum.control)


def _weigh(stratum: Stratum, known: bool) -> tuple[float, float]:
    """What a treated customer and one of control stand for."""
    if known:
        return stratum.weights
    return stratum.customers / stratum.treated, stratum.customers / stratum.control


def _merge(strata: Sequence[Stratum], known: bool) -> list[list[Stratum]]:
    """Merge strata with too few customers with their neighbours; the groups in the order of their shares and names."""
    order = sorted(strata, key=lambda stratum: (_share_of_control(stratum, known), stratum.name))
    groups = [[stratum] for stratum in order]
    shares = [_share_of_control(stratum, known) for stratum in order]
    while len(groups) > 1:
        fewest = [min(sum(s.treated for s in group), sum(s.control for s in group)) for group in groups]
        at = int(np.argmin(fewest))
        if fewest[at] >= FEWEST:
            break
        # In this order the nearest share is that of a neighbour
        beside = [place for place in (at - 1, at + 1) if 0 <= place < len(groups)]
        other = min(beside, key=lambda place: abs(shares[place] - shares[at]))
        first = min(at, other)
        sizes = [sum(stratum.customers for stratum in group) for group in groups[first : first + 2]]
        shares[first : first + 2] = [float(np.average(shares[first : first + 2], weights=sizes))]
        groups[first : first + 2] = [groups[first] + groups[first + 1]]
    return groups


@dataclass(frozen=True)
class _Parts:
    """What the groups of strata tell, an array a number; of two columns the first is that of the treated."""

    means: np.ndarray  # of each arm, weighted
    errors: np.ndarray  # variance of each arm's mean
    df: np.ndarray
    second: np.ndarray  # pooled central moments of the outcome
    third: np.ndarray
    sizes: np.ndarray  # effective numbers of customers
    ways: tuple[str, ...]


def compare_stratified_sums(
    treated: Mapping[str, Sums],
    control: Mapping[str, Sums],
    strata: Strata,
    *,
    kind: str = "mean",
    interval: str = "auto",
    level: float = 0.95,
    estimand: str = "ATE",
) -> Estimate:
    """Compare two groups stratum by stratum; each stratum counts by its share of all customers.

    Not for chances that differ between the customers of one stratum (`compare_weighted`). The effect is the sum of
    share × (mean treated - mean control). Its variance is the sum of share² × variance in the stratum (by the rule of
    `compare_moments`), plus what other customers would change: that of the strata's effects over the customers. Degrees
    of freedom are Satterthwaite's. Skewness and buyers go by effective sizes (Kish).

    Parameters
    ----------
    treated, control : mapping of str to Sums
        By stratum.
    strata : Strata
        Of `plan_strata`.
    kind : {"rate", "mean", "ratio"}
        "rate": Newcombe's interval, from the stratified rates and their effective sizes. "ratio": the delta method, of
        the stratified sums.
    interval, level, estimand
        As in `compare_sums`.

    Returns
    -------
    Estimate
        `details` name the strata, their shares, customers and effects.

    Examples
    --------
    >>> plan = plan_strata([Stratum("a", 40, 20, 20, (2.0, 2.0)), Stratum("b", 120, 90, 30, (4 / 3, 4.0))])
    >>> ours = {"a": Sums(20, {(1, 0): 20.0, (2, 0): 50.0, (3, 0): 90.0}),
    ...         "b": Sums(90, {(1, 0): 270.0, (2, 0): 999.0, (3, 0): 4_000.0})}
    >>> theirs = {"a": Sums(20, {(1, 0): 10.0, (2, 0): 20.0, (3, 0): 50.0}),
    ...           "b": Sums(30, {(1, 0): 30.0, (2, 0): 60.0, (3, 0): 200.0})}
    >>> found = compare_stratified_sums(ours, theirs, plan)
    >>> found.effect, found.method
    (1.625, 'difference of means (2 strata, Welch)')

    Source: the estimator is Cochran's (1977), Sampling Techniques, chapter 5A; Satterthwaite (1946), Biometrics
    Bulletin 2, 110-114; stratified rates after Yan and Su (2010), Statistics in Biopharmaceutical Research 2, 329-335.
    """
    sides = tuple({name: side[name] for name in strata.weights} for side in (treated, control))
    if kind == "rate" and interval == "auto":
        return _compare_rates(sides, strata, level, estimand)
    values = [_weigh_up(side, strata, at) for at, side in enumerate(sides)]
    per = np.ones(2)
    lines = alike = sides
    if kind == "ratio":
        per = np.array([_weigh_up(side, strata, at, "size") for at, side in enumerate(sides)])
        values = [value / size for value, size in zip(values, per, strict=True)]
        lines = tuple(
            {k: _subtract(one, value) for k, one in side.items()} for side, value in zip(sides, values, strict=True)
        )
        everybody = reduce(add, (one for side in sides for one in side.values()))
        alike = tuple({k: _subtract(one, everybody.value) for k, one in side.items()} for side in sides)
    parts = _split(lines, alike, strata, per, interval)
    within = strata.shares[:, None] ** 2 * parts.errors
    gaps = (parts.means / per) @ [1, -1]
    among = float(strata.shares @ (gaps - strata.shares @ gaps) ** 2) / strata.customers
    df = float(parts.df.sum())
    if within.any():
        df = float(within.sum() ** 2 / (within.sum(axis=1) ** 2 / parts.df).sum())
    skewness = _find_skewness(parts, strata.shares)
    error = float(np.sqrt(within[:, 1].sum()))
    careful = "careful" in parts.ways
    variance = "the larger variance for control" if careful else "pooled variance" if interval == "pooled" else "Welch"
    what = "ratios" if kind == "ratio" else "means"
    delta = "delta method, " if kind == "ratio" else ""
    shown = gaps if kind == "mean" else np.full(len(gaps), np.nan)
    found = make_estimate(
        values[0] - values[1],
        np.sqrt(within.sum() + among),
        df=df,
        level=level,
        method=f"difference of {what} ({_count(strata)}, {delta}{variance})",
        estimand=estimand,
        base=values[1],
        details={
            "pooled": interval == "pooled",
            "careful": careful,
            "df": df,
            "skewness": skewness,
            "se_control": error,
            **_describe(sides, strata, shown),
        },
        warnings=(*strata.warnings, *doubt_moments(skewness, _count_filled(sides, strata))),
        **_count_sides(sides),
    )
    return bound_relative(found, values[0], error)


def _count(strata: Strata) -> str:
    return "1 stratum" if len(strata.groups) == 1 else f"{len(strata.groups)} strata"


def _weigh_up(side: Mapping[str, Sums], strata: Strata, at: int, what: str = "mean") -> float:
    """The weighted mean of an arm's outcome, or of its denominators ("size")."""
    return sum(strata.weights[name][at] * one.n * float(getattr(one, what)) for name, one in side.items())


def _subtract(side: Sums, ratio: float) -> Sums:
    """The sums of y - ratio × d, a plain outcome."""
    powers = {}
    for order in (1, 2, 3):
        terms = [comb(order, k) * (-ratio) ** k * side.powers[order - k, k] for k in range(order + 1)]
        powers[order, 0] = float(sum(terms))
    return Sums(side.n, powers, (side.shift[0] - ratio * side.shift[1], 0.0), side.filled)


def _split(
    lines: Sequence[Mapping[str, Sums]],
    alike: Sequence[Mapping[str, Sums]],
    strata: Strata,
    per: np.ndarray,
    interval: str,
) -> _Parts:
    """Compare the two arms in each group of strata.

    `lines` are the sums of what is compared; `alike` those from which the skewness comes, measured alike in both arms.
    """
    rows: list[tuple[Any, ...]] = []
    for group in strata.groups:
        means, spreads, sizes = np.array(
            [_moments([side[name] for name in group], [strata.weights[name][at] for name in group])
             for at, side in enumerate(lines)]
        ).T  # fmt: skip
        errors = find_errors(sizes, means, spreads, per=list(per), variance=interval)
        both = reduce(add, (side[name] for side in alike for name in group))
        rows.append((means, errors.parts, errors.df, float(both.moment(2)), float(both.moment(3)), sizes, errors.way))
    means, parts, df, second, third, sizes, ways = zip(*rows, strict=True)
    return _Parts(
        np.array(means), np.array(parts), np.array(df), np.array(second), np.array(third), np.array(sizes), tuple(ways)
    )


def _moments(sides: Sequence[Sums], weights: Sequence[float]) -> tuple[float, float, float]:
    """Weighted mean, variance and effective number of customers of an arm in strata that are taken together."""
    n = np.array([side.n for side in sides], float)
    w = np.array(weights)
    means = np.array([float(side.value) for side in sides])
    squares = np.array([float(side.moment(2)) for side in sides])
    if len(sides) == 1:
        spread = float(sides[0].spread) if n[0] > 1 else 0.0
        return float(means[0]), spread, float(n[0])
    share = w / (w @ n)
    mean = float((share * n) @ means)
    size = float(1 / (share**2 @ n))
    error = float(share**2 @ (n * (squares + (means - mean) ** 2)))
    return mean, error * n.sum() / (n.sum() - 1) * size, size


def _find_skewness(parts: _Parts, shares: np.ndarray) -> float:
    """Skewness of the difference of stratified means, from the moments of both groups together in each stratum."""
    n, m = parts.sizes.T
    spread = float((shares**2 * parts.second * (1 / n + 1 / m)).sum())
    if spread <= 0:
        return 0.0
    tilts = np.array([tilt_of_gap(*pair) for pair in parts.sizes]) * (1 / n + 1 / m) ** 1.5
    return float((shares**3 * parts.third * tilts).sum() / spread**1.5)


def _count_filled(sides: Sequence[Mapping[str, Sums]], strata: Strata) -> tuple[float, float]:
    """Effective numbers of customers with a value other than zero, the treated first."""
    first, then = (
        count_effective([strata.weights[name][at] for name in side], [one.filled for one in side.values()])
        for at, side in enumerate(sides)
    )
    return first, then


def _count_sides(sides: Sequence[Mapping[str, Sums]]) -> dict[str, Any]:
    treated, control = (sum(int(one.n) for one in side.values()) for side in sides)
    return {"n_treated": treated, "n_control": control}


def _describe(sides: Sequence[Mapping[str, Sums]], strata: Strata, gaps: np.ndarray) -> dict[str, Any]:
    """What the details say of the strata: how many, how many were merged, who left, and each of them in words."""
    sizes = [
        count_effective([strata.weights[name][at] for name in side], [one.n for one in side.values()])
        for at, side in enumerate(sides)
    ]
    said = []
    for group, share, gap in list(zip(strata.groups, strata.shares, gaps, strict=True))[:SHOWN]:
        n, m = (sum(int(side[name].n) for name in group) for side in sides)
        effect = "" if np.isnan(gap) else f", effect {gap:.4g}"
        said.append(f"{' + '.join(group)}: {share:.1%} of customers, {n:,} treated, {m:,} control{effect}")
    if len(strata.groups) > SHOWN:
        said.append(f"and {len(strata.groups) - SHOWN:,} more")
    return {
        "effective_treated": sizes[0],
        "effective_control": sizes[1],
        "strata": len(strata.groups),
        "merged": sum(len(group) for group in strata.groups if len(group) > 1),
        "left_out": sum(stratum.customers for stratum in strata.lost),
        "strata_used": "; ".join(said),
    }


def _compare_rates(sides: Sequence[Mapping[str, Sums]], strata: Strata, level: float, estimand: str) -> Estimate:
    """Compare two stratified rates by Newcombe's interval.

    Each arm counts as so many customers as would give its rate the variance that the strata give it. For that each
    stratum gets four more customers with the arm's rate: one in which nobody buys is no certainty.
    """
    rates, sizes, errors = np.array([_rate(side, strata, at) for at, side in enumerate(sides)]).T
    low, high = wilson(rates, sizes, level)
    effect = float(rates[0] - rates[1])
    gaps, null = _gaps_of_rates(sides, strata)
    z = float(_scipy.norm.ppf(0.5 + level / 2))
    among = float(strata.shares @ (gaps - strata.shares @ gaps) ** 2) / strata.customers
    below = float(np.sqrt((rates[0] - low[0]) ** 2 + (high[1] - rates[1]) ** 2 + z**2 * among))
    above = float(np.sqrt((high[0] - rates[0]) ** 2 + (rates[1] - low[1]) ** 2 + z**2 * among))
    both = float(sizes @ rates / sizes.sum())
    least = float((sizes * min(both, 1 - both)).min())
    notes = []
    if least < EXPECTED - NEAR:
        notes.append(f"few conversions: {least:.1f} expected in the smaller group; trust the interval, not p")
    found = Estimate(
        effect=effect,
        low=effect - below,
        high=effect + above,
        se=float(np.sqrt(errors.sum() + among)),
        p=float(2 * _scipy.norm.sf(abs(effect) / np.sqrt(null + among))) if null > 0 else 1.0,
        method=f"difference of rates ({_count(strata)}, Newcombe)",
        estimand=estimand,
        base=float(rates[1]),
        level=level,
        details=_describe(sides, strata, gaps),
        warnings=(*strata.warnings, *notes),
        **_count_sides(sides),
    )
    return add_relative(found, rates, (low, high))


def _rate(side: Mapping[str, Sums], strata: Strata, at: int) -> tuple[float, float, float]:
    """An arm's stratified rate, how many customers it counts as, and its variance."""
    n = np.array([one.n for one in side.values()], float)
    k = np.array([one.filled for one in side.values()], float)
    w = np.array([strata.weights[name][at] for name in side])
    rate = float(min(w @ k, 1.0))
    error = float((w**2 / n) @ (k * (n - k)))
    moved = (k + PRIOR * rate) / (n + PRIOR)
    careful = float((w**2 * n) @ (moved * (1 - moved)))
    size = rate * (1 - rate) / careful if careful > 0 else float((w @ n) ** 2 / (w**2 @ n))
    return rate, size, error


def _gaps_of_rates(sides: Sequence[Mapping[str, Sums]], strata: Strata) -> tuple[np.ndarray, float]:
    """The difference of rates in each group of strata; and the variance that it has in all if there is no effect."""
    gaps = []
    null = 0.0
    for group in strata.groups:
        w, n, k = (
            np.array([[pick(side, name, at) for name in group] for at, side in enumerate(sides)], float)
            for pick in (
                lambda side, name, at: strata.weights[name][at],
                lambda side, name, at: side[name].n,
                lambda side, name, at: side[name].filled,
            )
        )
        rates = (w * k).sum(axis=1) / (w * n).sum(axis=1)
        gaps.append(rates[0] - rates[1])
        pooled = k.sum(axis=0) / n.sum(axis=0)
        null += float((w**2 * n * pooled * (1 - pooled)).sum())
    return np.array(gaps), null


def sum_rows(
    values: np.ndarray, strata: Sequence[str] | np.ndarray, treated: np.ndarray
) -> tuple[dict[str, Sums], dict[str, Sums]]:
    """Sum the powers of an outcome by stratum, of the treated and of control, from the customers' values.

    Parameters
    ----------
    values : array, one value a customer
    strata : array of str, one label a customer
    treated : array of bool, one value a customer

    Examples
    --------
    >>> ours, theirs = sum_rows(np.array([1.0, 2.0, 3.0]), ["a", "b", "b"], np.array([False, True, True]))
    >>> ours["b"].value, sorted(theirs)
    (2.5, ['a'])
    """
    names, codes = np.unique(np.asarray(strata, dtype=object).astype(str), return_inverse=True)
    codes = 2 * codes + treated
    move = float(values.mean())
    moved = values - move
    counts = np.bincount(codes, minlength=2 * len(names))
    filled = np.bincount(codes, values != 0, 2 * len(names))
    powers = {(order, 0): np.bincount(codes, moved**order, 2 * len(names)) for order in (1, 2, 3)}

    def collect(side: int) -> dict[str, Sums]:
        cells = {str(name): 2 * at + side for at, name in enumerate(names) if counts[2 * at + side]}
        return {
            name: Sums(
                int(counts[at]), {key: float(sums[at]) for key, sums in powers.items()}, (move, 0.0), int(filled[at])
            )
            for name, at in cells.items()
        }

    return collect(1), collect(0)
