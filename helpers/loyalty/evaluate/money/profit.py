"""The campaign's money: profit per customer assigned with its interval, where it came from, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.evaluate.lift.clusters import TooFewClusters, compare_clusters
from loyalty.evaluate.lift.compare import compare_weighted
from loyalty.evaluate.lift.strata import compare_stratified_sums, sum_rows
from loyalty.evaluate.money.break_even import BreakEven, find_break_even
from loyalty.evaluate.money.pricing import (
    COSTS,
    MEASURES,
    UNKNOWN,
    Arms,
    Priced,
    choose_arm,
    price_arm,
    read_arms,
)
from loyalty.evaluate.money.value_of_testing import TestValue, decide, find_loss_chance, value_test
from loyalty.stats.clusters import sum_clusters
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import compare_means
from loyalty.stats.multiplicity import correct_known
from loyalty.stats.result_card import render_result, render_table
from loyalty.tables.arguments import check_arguments, refuse_unknown
from loyalty.tables.check import TableError
from loyalty.tables.problems import check_number, gather
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.together import find_wrong_column
from loyalty.text import say_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "the campaign's money"
NOTES = (
    "profit is what the campaign added, treated less control: what everybody would have bought anyway is not in it",
    "points count at their expected cost on the day when they are given; accounting (IFRS 15) books a part of the "
    "sales later instead",
)


@dataclass(frozen=True)
class Money:
    """What a campaign earned or lost; made by `campaign_money`.

    Attributes
    ----------
    profit, total : Estimate
        Incremental profit per customer assigned, contact and fixed cost taken off; and that times the number treated.
    lines : pandas.DataFrame
        One row a line: line, adds (whether it is a summand of profit), per_customer, total.
    break_even : BreakEven
        Where profit would be zero.
    probability_of_loss : float
        That the profit is below zero.
    testing : TestValue
        What another test of the same size is worth, see also `value_of_testing`.
    verdict, recommendation : str
        "earned", "lost" or "open", and what to do next.
    arm : str
        The treated arm.
    windows : tuple of str
        The windows that count.
    warnings, notes : tuple of str
        Reasons not to trust the result, and how to read it.
    """

    profit: Estimate
    total: Estimate
    lines: pd.DataFrame
    break_even: BreakEven
    probability_of_loss: float
    testing: TestValue
    verdict: str
    recommendation: str
    arm: str
    windows: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def missing_costs(self) -> tuple[str, ...]:
        """What nobody gave a cost for, and therefore counts as 0: contact cost, rewards, points."""
        said = [text.removeprefix(UNKNOWN) for text in self.warnings if text.startswith(UNKNOWN)]
        return tuple(name for text in said for name in text.split(", "))

    @property
    def value_of_testing(self) -> float:
        """What another test of the same size is worth, in money, its cost not taken off."""
        return self.testing.sample

    def sentence(self, unit: str = "", decimals: int = 2) -> str:
        """Say the verdict with its amount, its interval and what to do."""
        return f"{self.say_finding(unit, decimals)} Next: {self.recommendation}."

    def say_finding(self, unit: str = "", decimals: int = 2) -> str:
        """Say the verdict in one sentence with its amount and its interval."""
        low, high = (say_money(x, unit, decimals) for x in (self.profit.low, self.profit.high))
        each = say_money(self.profit.effect, unit, decimals)
        total = say_money(self.total.effect, unit)
        ends = {"earned": "The campaign earned", "lost": "The campaign lost money:"}
        start = ends.get(self.verdict, "Whether the campaign earned is open:")
        span = f"({self.profit.level * 100:g} % interval {low} to {high})"
        if np.isnan(self.profit.low):
            span = "(no interval: all customers of a group are alike)"
        return f"{start} {each} per treated customer {span}, {total} in all."

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        point = {f"break_even_{n}": getattr(self.break_even, n) for n in ("sales", "relative", "response")}
        row = {
            "arm": self.arm,
            "verdict": self.verdict,
            "profit": self.profit.effect,
            "low": self.profit.low,
            "high": self.profit.high,
            "total": self.total.effect,
            "total_low": self.total.low,
            "total_high": self.total.high,
            "n_treated": self.profit.n_treated,
            "n_control": self.profit.n_control,
            "probability_of_loss": self.probability_of_loss,
            "value_of_testing": self.value_of_testing,
        }
        ends = {"recommendation": self.recommendation, "warnings": "; ".join(self.warnings)}
        return pd.DataFrame([row | point | ends])

    def plot(self, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw the waterfall from margin to profit, per customer, with the interval on the profit."""
        return draw_waterfall(self, ax=ax, unit=unit, source=source)

    def __str__(self) -> str:
        return self.sentence()

    def _repr_html_(self) -> str:
        card = render_result(
            "Profit per customer sent",
            (self.profit.effect, self.profit.low, self.profit.high),
            self.sentence(),
            warnings=self.warnings,
            level=self.profit.level,
        )
        return f"{card}{render_table(self.lines.drop(columns='adds'))}<p>{'<br>'.join(self.notes)}</p>"


@dataclass(frozen=True)
class Terms:
    """What is counted as a cost, and which windows count; fields as the arguments of `campaign_money`."""

    margin_rate: float | None = None
    contact_cost: float | None = None
    reward_cost: float | None = None
    point_cost: float | None = None
    redemption_probability: float | None = None
    vat_rate: float = 0.0
    windows: str | Sequence[str] = ("main", "post")
    fixed_cost: float = 0.0
    rollout: int | None = None
    level: float = 0.95

    @property
    def costs(self) -> dict[str, float | None]:
        """What each thing costs, None where nobody said."""
        return {name: getattr(self, name) for name in COSTS}

    @property
    def named_windows(self) -> tuple[str, ...]:
        """The windows, also where one was given by its name alone."""
        return (self.windows,) if isinstance(self.windows, str) else tuple(self.windows)

    @property
    def has_windows(self) -> bool:
        """Whether the windows are such as can count."""
        return bool(self.named_windows) and not set(self.named_windows) - {"main", "post"}

    def find_problems(self) -> list[str]:
        """Say all that is wrong with the terms.

        Examples
        --------
        >>> Terms(vat_rate=2).find_problems()
        ['vat_rate should be from 0 to 1, found 2: is 2 percent meant? Write 0.02']
        """
        problems = []
        for name, value in self.costs.items():
            if value is not None:
                problems += check_number(name, value, share=name == COSTS[-1])
        if self.margin_rate is not None:
            problems += check_number("margin_rate", self.margin_rate, share=True)
        problems += check_number("vat_rate", self.vat_rate, share=True)
        problems += check_number("fixed_cost", self.fixed_cost)
        problems += check_number("level", self.level, share=True)
        if self.rollout is not None:
            problems += check_number("rollout", self.rollout, low=1)
        if not self.has_windows:
            problems.append(f"windows should be 'main', 'post' or both, found {self.named_windows!r}")
        return problems


@check_arguments
def campaign_money(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    offers: AnyTable = None,
    *,
    margin_rate: float | None = None,
    contact_cost: float | None = None,
    reward_cost: float | None = None,
    point_cost: float | None = None,
    redemption_probability: float | None = None,
    vat_rate: float = 0.0,
    windows: str | Sequence[str] = ("main", "post"),
    control: str = "control",
    arm: str | None = None,
    fixed_cost: float = 0.0,
    rollout: int | None = None,
    level: float = 0.95,
    cluster: str | None = None,
) -> Money:
    """Measure the incremental profit of a campaign per customer assigned, by comparing with its control.

    Not without a lottery, and not for accounting. Per customer: margin after discounts, less rewards redeemed, less
    points issued x `redemption_probability` x `point_cost`; the interval is that of this one number (careful
    where control is under 20 %), because three intervals of margin, rewards and points cannot be added.

    Parameters
    ----------
    contacts : table under CONTACTS; any source of `loyalty.tables.sources.open_table`
        Everybody assigned in one wave. Members of the universal control are left out.
    outcomes : table under OUTCOMES, optional
        One row a contact and window. Without it `contacts` holds customer_id, arm and the outcomes, one row a customer.
    offers : table under OFFERS, optional
        Gives costs that are not given below.
    margin_rate : float, optional
        Where outcomes have no margin: what a unit of ordinary sales (those of control) leaves, from 0 to 1.
    contact_cost, reward_cost, point_cost : float, optional
        Of one contact, one redeemed reward, one point when spent. What nobody gives counts as 0 and is warned of; give
        0 where there is none.
    redemption_probability : float, optional
        Probability that a point that was issued is ever spent, from 0 to 1; per point, not per customer. Where it
        differs by arm, give the table `offers`, which holds it for each offer.
    vat_rate : float
        Value-added tax inside `sales` and `discount`, 0.20 for 20 percent. It is taken out of the margin that
        `margin_rate` gives, and out of the discount line. A column `margin` is taken as net; the sales line stays as
        paid.
    windows : str or sequence of str
        Windows that count. Without "post" the purchases that were only pulled forward look like a gain.
    control, arm : str
        Name of the control, and of the treated arm if there are several.
    fixed_cost : float
        Of the campaign as a whole, spread over the treated; when rolled out, over `rollout`.
    rollout : int, optional
        Customers who would get the offer next; as many as were assigned if left out.
    level : float
        Coverage of the interval, a fraction.
    cluster : str, optional
        Column of the contacts that says who was drawn together, such as the household or the store; see `measure_lift`.

    Returns
    -------
    Money

    Raises
    ------
    TableError
        With all problems of tables and options.

    Examples
    --------
    >>> wave = pd.DataFrame({"customer_id": range(6), "arm": ["mail"] * 3 + ["control"] * 3,
    ...                      "sales": [20.0, 10.0, 0.0, 12.0, 0.0, 0.0], "redeemed": [1, 0, 0, 0, 0, 0]})
    >>> money = campaign_money(wave, margin_rate=0.30, reward_cost=3.00, contact_cost=0.10, point_cost=0)
    >>> round(money.profit.effect, 2), money.verdict
    (0.7, 'open')

    Source: the definition is this workshop's; value of testing after Raiffa and Schlaifer (1961), chapter 5.
    """
    terms = Terms(
        margin_rate=margin_rate,
        contact_cost=contact_cost,
        reward_cost=reward_cost,
        point_cost=point_cost,
        redemption_probability=redemption_probability,
        vat_rate=vat_rate,
        windows=windows,
        fixed_cost=fixed_cost,
        rollout=rollout,
        level=level,
    )
    arms = _read_wave(contacts, outcomes, terms, control, cluster=cluster)
    return _count_arm(arms, choose_arm(list(arms.wave.arms), arm), offers, terms, cluster)


@check_arguments
def compare_money(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    offers: AnyTable = None,
    *,
    by: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Count the money of each treated arm against the same control: one row an arm, the best first.

    Not for choosing the best and quoting its profit: of several arms the first is also the luckiest. `p_holm` allows
    for the number of arms; parameters are those of `campaign_money`. With `by`, a column of the contacts, one row an
    arm and segment, with the column `segment`; p is corrected by Benjamini and Hochberg (`p_adjusted`). Cells with
    fewer than two customers in a group, or with too few clusters, are left out, and named in `.attrs["warnings"]`.

    Examples
    --------
    >>> wave = pd.DataFrame({"customer_id": range(6), "arm": ["a", "a", "b", "b", "control", "control"],
    ...                      "sales": [9.0, 8, 4, 5, 1, 2]})
    >>> found = compare_money(wave, margin_rate=0.5, contact_cost=0, reward_cost=0, point_cost=0)
    >>> found[["arm", "profit"]].to_dict("list")
    {'arm': ['a', 'b'], 'profit': [3.5, 1.5]}
    """
    known = [one.name for one in fields(Terms)]
    refuse_unknown("compare_money", options, [*known, "control", "arm", "cluster"])
    terms = Terms(**{name: value for name, value in options.items() if name in known})
    cluster = options.get("cluster")
    arms = _read_wave(contacts, outcomes, terms, options.get("control", "control"), by, cluster)
    if by is not None:
        return _compare_cells(arms, offers, terms, cluster)
    found, left_out = _count_each(arms, sorted(arms.wave.arms), offers, terms, cluster)
    if not found:
        raise TableError(left_out, "contacts")
    table = pd.concat([money.to_frame() for money in found], ignore_index=True)
    table.insert(5, "p", [money.profit.p for money in found])
    table.insert(6, "p_holm", correct_known(table["p"], way="holm"))
    table = table.sort_values("profit", ascending=False, ignore_index=True)
    table.attrs["warnings"] = left_out
    return table


def _count_each(
    arms: Arms, names: Sequence[str], offers: AnyTable, terms: Terms, cluster: str | None, where: str = ""
) -> tuple[list[Money], list[str]]:
    """The money of each arm; of whole clusters, also the arms that have too few to be compared, in words."""
    if cluster is None:
        return [_count_arm(arms, arm, offers, terms) for arm in names], []
    found = []
    left_out = []
    for arm in names:
        try:
            found.append(_count_arm(arms, arm, offers, terms, cluster))
        except TooFewClusters as error:
            left_out.append(f"no comparison of {arm}{where}: {error.problems[0]}")
    return found, left_out


def _compare_cells(arms: Arms, offers: AnyTable, terms: Terms, cluster: str | None) -> pd.DataFrame:
    """The money of each arm in each segment in which both groups have two customers; the best first."""
    rows = []
    left_out: list[str] = []
    for segment in sorted(arms.people["segment"].unique()):
        inside = (arms.people["segment"] == segment).to_numpy()
        cell = replace(
            arms, people=arms.people[inside], windows={name: table[inside] for name, table in arms.windows.items()}
        )
        sizes = cell.people["arm"].value_counts()
        m = sizes.get(arms.wave.control, 0)
        names = sorted(name for name in arms.wave.arms if min(sizes.get(name, 0), m) >= 2)
        left_out += [
            f"no comparison of {name} in `{segment}`: {sizes.get(name, 0):,} treated, {m:,} control customers"
            for name in sorted(set(arms.wave.arms) - set(names))
        ]
        found, others = _count_each(cell, names, offers, terms, cluster, f" in `{segment}`")
        left_out += others
        for money in found:
            row = money.to_frame()
            row.insert(1, "segment", segment)
            row.insert(6, "p", money.profit.p)
            rows.append(row)
    if not rows:
        raise TableError(left_out, "contacts")
    table = pd.concat(rows, ignore_index=True)
    table.insert(7, "p_adjusted", correct_known(table["p"], way="bh"))  # where all are alike there is no p-value
    table = table.sort_values("profit", ascending=False, ignore_index=True)
    table.attrs["warnings"] = left_out
    return table


def _read_wave(
    contacts: AnyTable,
    outcomes: AnyTable,
    terms: Terms,
    control: str,
    by: str | None = None,
    cluster: str | None = None,
) -> Arms:
    """Read the wave once; what is wrong with the terms is told together with what is wrong with the tables."""
    problems = terms.find_problems()
    if cluster is not None:
        problems += find_wrong_column(cluster, [column.name for column in MEASURES])
    if not problems:
        about = [] if cluster is None else [cluster]
        return read_arms(contacts, outcomes, terms.named_windows, control, about, by)
    if terms.has_windows:
        gather(problems, read_arms, contacts, outcomes, terms.named_windows, control)
    raise TableError(problems, NAME)


def _count_arm(arms: Arms, arm: str, offers: AnyTable, terms: Terms, cluster: str | None = None) -> Money:
    priced = price_arm(arms, arm, offers, terms.costs, terms.margin_rate, terms.vat_rate, cluster)
    return _count(priced, arm, float(terms.fixed_cost), terms.rollout, terms.level)


def _count(priced: Priced, arm: str, fixed_cost: float, rollout: int | None, level: float) -> Money:
    """The money of a campaign whose customers are priced."""
    sides = _Sides.of(priced)
    contact = float(sides.ours @ priced.contact)
    cost = contact + fixed_cost / int(priced.treated.sum())
    profit = sides.compare_profit(priced, level, cost)
    n = profit.n_treated
    m = profit.n_control
    profit = replace(
        profit,
        estimand=f"ITT, everybody assigned, {' and '.join(priced.parts)}",
        warnings=(*profit.warnings, *priced.warnings, *_warn_of_windows(priced)),
    )
    total = replace(
        profit,
        effect=profit.effect * n,
        low=profit.low * n,
        high=profit.high * n,
        se=profit.se * n,
        base=profit.base * n,
        method="profit in all",
    )
    lines = _lay_lines(sides, contact, fixed_cost / n, profit.effect)
    size = n + m if rollout is None else rollout
    test = value_test(profit.effect + cost - contact - fixed_cost / size, profit.se, size, n, m)
    verdict, advice = decide(profit, test)
    said = (
        f"natural buyers: judging by control, {sides.anyway:.0%} of the treated who bought would have bought anyway; "
    )
    said += "we count the same part of the extra discounts, rewards and points as theirs"
    return Money(
        profit=profit,
        total=total,
        lines=lines.assign(total=lines["per_customer"] * n),
        break_even=_find_point(sides, profit.effect),
        probability_of_loss=find_loss_chance(profit),
        testing=test,
        verdict=verdict,
        recommendation=advice,
        arm=arm,
        windows=tuple(priced.parts),
        warnings=profit.warnings,
        notes=(*NOTES, said),
    )


@dataclass(frozen=True)
class _Sides:
    """Both groups of a priced campaign, customer by customer.

    `ours` and `theirs` are weights of the treated and of control that sum to one, so that a product with a column is
    its mean there. `each` holds the columns of all windows added up, and the profit before contact; `earned` that
    profit by window; `first` the columns of the first window.
    """

    each: pd.DataFrame
    earned: dict[str, pd.Series]
    first: pd.DataFrame
    ours: np.ndarray
    theirs: np.ndarray

    @classmethod
    def of(cls, priced: Priced) -> _Sides:
        parts = priced.parts
        treated = priced.treated
        earned = {name: part["margin"] - part["rewards"] - part["points"] for name, part in parts.items()}
        each = sum(parts.values()).assign(profit=sum(earned.values()))
        weight = np.ones(len(treated)) if priced.weight is None else priced.weight
        ours, theirs = (np.where(side, weight, 0) / weight[side].sum() for side in (treated, ~treated))
        return cls(each, earned, next(iter(parts.values())), ours, theirs)

    def compare_profit(self, priced: Priced, level: float, cost: float) -> Estimate:
        """Compare the profit of both groups, in which each customer treated costs `cost` besides.

        A contact's cost is a known amount: it moves the interval and does not widen it. Of few clusters, whose interval
        is not symmetric, it is taken off before they are dealt.
        """
        treated = priced.treated
        profit = self.each["profit"].to_numpy()
        if priced.cluster is not None:
            sides = [sum_clusters(profit[who], priced.cluster[who]) for who in (treated, ~treated)]
            what = f"values of `{priced.cluster.name}`"
            found = compare_clusters(sides[0], sides[1], what=what, level=level, cost=cost)
            return replace(found, method=f"profit per customer, {found.method}")
        if priced.strata is not None and priced.stratum is not None:
            ours, theirs = sum_rows(profit, priced.stratum, treated)
            before = compare_stratified_sums(ours, theirs, priced.strata, level=level)
        elif priced.weight is None:
            before = compare_means(profit[treated], profit[~treated], level=level)
        else:
            weights = (priced.weight[treated], priced.weight[~treated])
            before = compare_weighted(profit[treated], profit[~treated], weights, level=level)
        return make_estimate(
            before.effect - cost,
            before.se,
            df=before.details["df"],
            level=level,
            n_treated=before.n_treated,
            n_control=before.n_control,
            base=before.base,
            estimand=before.estimand,
            details=before.details,
            method="profit per customer",
            warnings=before.warnings,
        )

    @property
    def base(self) -> pd.Series:
        """Mean of each column in control."""
        return self.each.T @ self.theirs

    @property
    def gap(self) -> pd.Series:
        """Mean of each column among the treated, less that in control."""
        return self.each.T @ self.ours - self.base

    @property
    def came(self) -> float:
        """Share of buyers in control, in the first window."""
        return float(self.theirs @ self.first["bought"])

    @property
    def anyway(self) -> float:
        """Part of the treated buyers who are natural buyers: they would have come without the campaign."""
        come = float(self.ours @ self.first["bought"])
        return min(self.came / come, 1.0) if come > 0 else 0.0


def _warn_of_windows(priced: Priced) -> list[str]:
    if "all" in priced.parts:
        return ["one table without windows: whether purchases were only pulled forward cannot be seen"]
    if "post" not in priced.parts:
        return ["no window after the campaign: purchases that were only pulled forward look like a gain"]
    return []


def _lay_lines(sides: _Sides, contact: float, fixed_cost: float, profit: float) -> pd.DataFrame:
    """The lines from sales to profit, per customer: line, adds (whether it is a summand of profit), per_customer."""
    gap = sides.gap
    summands = {
        "margin": gap["margin"],
        "rewards": -gap["rewards"],
        "points": -gap["points"],
        "contact cost": -contact,
    }
    if fixed_cost:
        summands["fixed cost"] = -fixed_cost
    spent = gap["discount"] + gap["rewards"] + gap["points"]
    of_which = {
        "of which discount, inside margin": -gap["discount"],
        "of which natural buyers": -sides.anyway * spent,
    }
    if len(sides.earned) > 1:
        for window, earned in sides.earned.items():
            of_which[f"of which window {window}, before contact"] = float(sides.ours @ earned - sides.theirs @ earned)
    values = {"sales": gap["sales"]} | summands | {"profit": profit} | of_which
    return pd.DataFrame(
        {
            "line": list(values),
            "adds": [name in summands for name in values],
            "per_customer": np.array(list(values.values())) + 0.0,  # no minus zero
        }
    )


def _find_point(sides: _Sides, profit: float) -> BreakEven:
    """The break-even point, with control's margin and basket."""
    base = sides.base
    margin = (base["margin"] - base["points"]) / base["sales"] if base["sales"] > 0 else np.nan
    basket = float(sides.theirs @ sides.first["sales"]) / sides.came if sides.came > 0 else np.nan
    return find_break_even(profit, sides.gap["sales"], base["sales"], margin, sides.came, basket)


def draw_waterfall(money: Money, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
    """Draw a waterfall: the summands of profit as steps and the profit with its interval, per customer assigned.

    Not for several arms: draw `compare_money` with `loyalty.charts.draw_intervals`.

    Parameters
    ----------
    money : Money
    ax : matplotlib.axes.Axes, optional
    unit, source : str
        Written before each amount, and as the source line.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from loyalty.evaluate.money.profit import campaign_money
    >>> wave = pd.DataFrame({"customer_id": range(4), "arm": ["mail", "mail", "control", "control"],
    ...                      "margin": [4.0, 2.0, 1.0, 1.0]})
    >>> ax = draw_waterfall(campaign_money(wave, contact_cost=0.5))
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['margin', 'contact cost', 'profit']
    """
    ax = ax or plt.subplots(figsize=(9, 4.5))[1]
    steps = money.lines[money.lines["adds"] & (money.lines["per_customer"] != 0)]
    values = steps["per_customer"].to_numpy()
    ends = steps["per_customer"].cumsum().to_numpy()
    starts = ends - values
    place = len(steps)
    colours = np.where(values < 0, HIGHLIGHT, TREATED)
    ax.bar(range(place), values, bottom=starts, color=colours, width=0.62)
    for i in range(place):
        ax.plot([i - 0.31, i + 1.31], [ends[i], ends[i]], color=GREY, linewidth=1, zorder=1)
    profit = money.profit
    colour = {"earned": TREATED, "lost": HIGHLIGHT}.get(money.verdict, GREY)
    ax.bar(place, profit.effect, color=colour, width=0.62, alpha=0.35)
    ax.plot([place, place], [profit.low, profit.high], color=colour, linewidth=4, solid_capstyle="round", zorder=3)
    ax.plot(place, profit.effect, "o", color=colour, markersize=9, zorder=4)
    tops = [*np.maximum(starts, ends), max(profit.high, 0.0)]
    for i, (top, value) in enumerate(zip(tops, [*values, profit.effect], strict=True)):
        ax.annotate(say_money(value, unit, 2), (i, top), (0, 5), textcoords="offset points", ha="center", color=INK)
    ax.axhline(0, color=INK, linewidth=1, zorder=2)
    ax.set_xticks(range(place + 1), [*steps["line"], "profit"])
    ax.tick_params(axis="x", length=0)
    ax.set_ylabel(f"{unit or 'money'} per customer")
    ax.use_sticky_edges = False  # bars stick to their ends, and the labels above need room
    ax.margins(y=0.12)
    span = f"{say_money(profit.low, unit, 2)} to {say_money(profit.high, unit, 2)}"
    titles = {"earned": "The campaign earned", "lost": "The campaign lost money"}
    what = f"per customer assigned, treated less control; line: {profit.level * 100:g} % interval {span}"
    headline(ax, titles.get(money.verdict, "Whether the campaign earned is open"), what, source)
    return ax
