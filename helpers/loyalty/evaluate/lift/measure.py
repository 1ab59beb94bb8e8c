"""What a campaign changed: everybody who was assigned against the control that was drawn, per customer.

One entrance to the modules beside this one:

- `measure_lift` for one outcome: rates, means, ratios; several arms, segments; sharpened by the past.
- `measure_lifts` for a report: many outcomes of many customers in one scan.
- `bootstrap_gap` where you hold the numbers of two groups.
- `unmask_redeemers` shows what "redeemers against control" would have claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pandas as pd

from loyalty.evaluate.lift.aggregates import Metric, Sums, sum_powers
from loyalty.evaluate.lift.bootstrap import redraw
from loyalty.evaluate.lift.cuped import adjust_gap
from loyalty.evaluate.lift.intervals import compare_sums, compare_weighted
from loyalty.evaluate.lift.result import Lift, Lifts, gather_lifts, name_lift
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError
from loyalty.tables.wave import Assigned, open_assigned

INTERVALS = ("auto", "welch", "pooled", "bootstrap", "percentile")


def measure_lift(
    contacts: Any, outcomes: Any = None, outcome: str = "sales", *, per: str | None = None, control: str = "control",
    window: str = "main", before: str | Sequence[str] | None = None, by: str | None = None, interval: str = "auto",
    level: float = 0.95, correct: str = "auto", seed: int = 0, slope: float | Sequence[float] | None = None,
) -> Lift | Lifts:  # fmt: skip
    """Measure what the campaign changed, per customer *assigned*: those who never saw it count as well.

    Not for groups that nobody drew by lot (`loyalty.evaluate.observational`), not for redeemers or the delivered
    alone, not for several waves at once, and not by a segment that was assigned after the start.

    Parameters
    ----------
    contacts : table under CONTACTS, any source of `open_table`
        Control included. Customers of the universal control are left out. Where `propensity` differs within a group,
        customers are weighted by its inverse.
    outcomes : table under OUTCOMES, optional
        A row for every customer, zeros included. Without it `contacts` is the joined table, one row a customer, and
        needs only `arm` and the numbers.
    outcome : str
        0/1: difference of rates; else difference of means.
    per : str, optional
        Another number: difference of ratios of sums, such as sales per order.
    control : str
        Name of the control group in `arm`.
    window : {"main", "pre", "post"}
    before : str or sequence of str, optional
        Numbers of the window "pre" (or columns of the contacts) by which to sharpen the answer.
    by : str, optional
        Column of the contacts with the segment, known before the start.
    interval : {"auto", "welch", "pooled", "bootstrap", "percentile"}
        "auto": Newcombe for rates; for means and ratios pooled variance where control is under 20 % of both groups,
        else Welch. "bootstrap" is bootstrap-t.
    level : float
        Coverage of the intervals, a fraction.
    correct : {"auto", "holm", "bh", "none"}
        Of the p-values of several cells.
    seed : int
        Of the bootstrap.
    slope : float or sequence of float, optional
        Of the outcome on `before`, known from earlier waves.

    Returns
    -------
    Lift or Lifts
        One treated arm without `by` gives a `Lift`, everything else `Lifts`.

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
    if interval not in INTERVALS:
        raise ValueError(f"interval should be one of {', '.join(INTERVALS)}; found {interval!r}")
    if per == outcome:
        raise ValueError(f"`{per}` per `{per}` is always 1")
    if per and early:
        raise ValueError("a ratio cannot be adjusted: give `per` or `before`")
    if early and interval != "auto":
        raise ValueError("the adjustment has its own interval: leave interval='auto'")
    if slope is not None and not early:
        raise ValueError("a slope needs `before`: the numbers that it belongs to")
    metric = (outcome, per)
    names = [name for name in metric if name]
    data = open_assigned(contacts, outcomes, names, before=early, by=by, control=control, window=window)
    options = {"early": early, "interval": interval, "level": level, "seed": seed, "slope": slope}
    results, left_out = _measure(data, [metric], **options)
    if by is None and len(data.arms) == 1:
        return results[0]
    return gather_lifts(results, correct=correct, warnings=left_out)


def measure_lifts(
    contacts: Any, outcomes: Any = None, metrics: Sequence[str | tuple[str, str]] = ("sales",), *,
    control: str = "control", window: str = "main", by: str | None = None, level: float = 0.95, correct: str = "auto",
) -> Lifts:  # fmt: skip
    """Measure many outcomes in one scan of the tables, however large; each as `measure_lift` does.

    Not for finding the outcome that moved: the plan names one that decides, and p-values are not corrected for their
    number.

    Parameters
    ----------
    contacts, outcomes, control, window, by, level, correct
        As in `measure_lift`.
    metrics : sequence of str or (str, str)
        Outcomes; a pair is a ratio of sums, such as ("sales", "orders").

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
    pairs: list[Metric] = [(metric, None) if isinstance(metric, str) else tuple(metric) for metric in metrics]
    names = list(dict.fromkeys(name for pair in pairs for name in pair if name))
    data = open_assigned(contacts, outcomes, names, by=by, control=control, window=window)
    results, left_out = _measure(data, pairs, level=level)
    return gather_lifts(results, correct=correct, warnings=left_out)


def unmask_redeemers(
    contacts: Any, outcomes: Any = None, outcome: str = "sales", *, redeemed: str = "redeemed", level: float = 0.95,
    **options: Any,
) -> pd.DataFrame:  # fmt: skip
    """Set "redeemers against control" beside the honest comparison; who redeems would have bought more anyway.

    Parameters
    ----------
    contacts, outcomes, outcome, level
        As in `measure_lift`; `options` are control and window.
    redeemed : str
        A number that is above zero for who used the offer.

    Returns
    -------
    pandas.DataFrame
        Rows: redeemers, others treated, all assigned, each against control: customers, mean, effect, low, high.

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
    data = open_assigned(contacts, outcomes, [outcome, redeemed], **options)
    sum_powers(data.table, [(outcome, None), (redeemed, None)])  # refuses what is missing
    rows = data.fetch([outcome, redeemed])
    drawn = rows["arm"] == options.get("control", "control")
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
    return pd.DataFrame(table).set_index("against control")


def _measure(
    data: Assigned, metrics: Sequence[Metric], *, early: Sequence[str] = (), interval: str = "auto",
    level: float = 0.95, seed: int = 0, slope: Any = None,
) -> tuple[list[Lift], list[str]]:  # fmt: skip
    if not 0 < level < 1:
        raise ValueError(f"level should lie between 0 and 1, such as 0.95; found {level!r}")
    cells = sum_powers(data.table, metrics)
    uneven = any(most - least > 1e-6 * most for here in cells.values() for least, most in [here[metrics[0]].weights])
    plain = not early and interval in ("auto", "welch", "pooled")
    if uneven and not (plain and all(per is None for _, per in metrics)):
        says = "`propensity` differs within a group, and only plain means can be weighted: measure stratum by stratum"
        raise TableError([says], "contacts")
    names = list(dict.fromkeys(name for metric in metrics for name in metric if name))
    past = [f"before:{name}" for name in early]
    rows = None if plain and not uneven else data.fetch([*names, *past, "weight"]).set_index(["arm", "segment"])
    segments = sorted({segment for _, segment in cells})
    results, left_out = [], []
    for metric, segment, arm in product(metrics, segments, data.arms):
        keys, where = ((arm, segment), (data.control, segment)), f" in `{segment}`" if segment else ""
        pair = [cells[key][metric] if key in cells else Sums(0, {}) for key in keys]
        if min(side.n for side in pair) < 2:
            left_out.append(f"no comparison of {arm}{where}: {pair[0].n:,} treated, {pair[1].n:,} control customers")
            continue
        if min(side.size for side in pair) <= 0:
            left_out.append(f"no ratio for {arm}{where}: `{metric[1]}` adds up to 0 or less")
            continue
        unit = f"per `{metric[1]}` of all assigned" if metric[1] else "per customer assigned"
        given = {"level": level, "estimand": unit + data.left_out}
        if rows is not None:
            sides = [rows.loc[[key]] for key in keys]
            y, weights, x = ([s[c].to_numpy() for s in sides] for c in (metric[0], "weight", past))
        if early:
            found = adjust_gap(*y, tuple(x), slope=slope, **given)
        elif uneven:
            found = compare_weighted(*y, tuple(weights), **given)
        elif plain:
            kind = _find_kind(metric, [here[metric] for here in cells.values()], interval)
            found = compare_sums(*pair, kind=kind, interval=interval, **given)
        else:
            found = compare_sums(*pair, kind="ratio" if metric[1] else "mean", interval="welch", **given)
            drawn = [side[[name for name in metric if name]].to_numpy() for side in sides]
            found = redraw(found, drawn, method=interval.replace("bootstrap", "t"), seed=seed)
        results.append(name_lift(found, outcome=metric[0], per=metric[1] or "", arm=arm, segment=segment))
    if not results:
        raise TableError(left_out, "contacts")
    return results, left_out


def _find_kind(metric: Metric, cells: Sequence[Sums], interval: str) -> str:
    only_ones = all(side.is_binary for side in cells) and any(side.filled for side in cells)
    return "ratio" if metric[1] else "rate" if only_ones and interval == "auto" else "mean"
