"""A lift in two parts: more buyers, and bigger baskets; they add up to the lift exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.compare import bound_relative, name_variance
from loyalty.evaluate.lift.result import Lift, name_lift
from loyalty.evaluate.lift.two_groups import open_two_groups
from loyalty.stats.estimate import NO_SPREAD, Estimate, render_html
from loyalty.stats.intervals import compare_means, compare_rates, doubt_moments
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import say_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROUNDING = 1e-12  # numbers that differ by less, as a share, are equal
PARTS = ("more buyers", "bigger baskets", "lift")
DESCRIBES = (
    "the basket part only describes: the buyers of the two groups are not the same people, because the campaign may "
    "have made buyers of customers who spend little (or much)"
)
BELOW_ZERO = "{count:,} customers are below zero; they count as buyers, with what they took back"


@dataclass(frozen=True)
class SplitLift:
    """A lift as the sum of more buyers and bigger baskets; made by `split_lift`.

    Attributes
    ----------
    lift, buyers, baskets : Lift
        The lift and its two parts, all per customer assigned and in the unit of the outcome.
    rate : Lift
        The difference of the shares who bought, with Newcombe's interval: an effect of the campaign.
    basket : Estimate
        The difference of the means of those who bought: a description, no effect.
    means : array (2, 2)
        Treated and control: share who bought, mean of those who did.
    warnings : tuple of str
    """

    lift: Lift
    buyers: Lift
    baskets: Lift
    rate: Lift
    basket: Estimate
    means: np.ndarray
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a part: what it is in each group, and what it adds per customer assigned, with its interval.

        Columns: treated, control (share who bought; mean of those who did; mean of all), effect, low, high, p,
        is_effect (whether the lottery makes it an effect, or it only describes).
        """
        (share, basket), (share_control, basket_control) = self.means
        sides = [
            (share, share_control),
            (basket, basket_control),
            (self.lift.base + self.lift.effect, self.lift.base),
        ]
        found = (self.buyers, self.baskets, self.lift)
        rows = [
            {"part": name, "treated": a, "control": b, "effect": x.effect, "low": x.low, "high": x.high, "p": x.p}
            for name, (a, b), x in zip(PARTS, sides, found, strict=True)
        ]
        return pd.DataFrame(rows).set_index("part").assign(is_effect=[True, False, True])

    def sentence(self, unit: str = "", decimals: int = 2) -> str:
        """Say how the lift comes about; `unit` is written before amounts."""

        def say(found: Estimate) -> str:
            low, high = (say_money(value, unit, decimals) for value in (found.low, found.high))
            return f"{say_money(found.effect, unit, decimals)} ({low} to {high})"

        (share, basket), (share_control, basket_control) = self.means
        many, few = (say_money(value, unit, decimals) for value in (basket, basket_control))
        return (
            f"{self.lift.sentence(unit, decimals)} Of this {say(self.buyers)} goes with more buyers "
            f"({100 * share:.1f} % bought, {100 * share_control:.1f} % of control) and {say(self.baskets)} with bigger "
            f"baskets ({many} a buyer, {few} in control). The second part only describes: the buyers of the two groups "
            "are not the same people."
        )

    def plot(
        self,
        *,
        ax: Axes | None = None,
        truth: Sequence[float] | None = None,
        unit: str = "",
        decimals: int = 2,
        source: str = "",
    ) -> Axes:
        """Draw the two parts and their sum with their intervals; known truths, one a row, as hollow diamonds."""
        from loyalty.charts import GREY, TREATED, draw_intervals, headline, mark_truths

        table = self.to_frame()
        table["colour"] = [TREATED, GREY, TREATED]
        table.index = ["more buyers", "bigger baskets\n(only describes)", "lift, the sum"]
        ax = draw_intervals(table, ax=ax, unit=unit, decimals=decimals)
        if truth is not None:
            mark_truths(ax, truth)
        larger = max((self.buyers, self.baskets), key=lambda part: abs(part.effect))
        name = "bigger baskets" if larger is self.baskets else "more buyers"
        title = f"Most of the measured lift goes with {name}"
        if self.buyers.effect * self.baskets.effect < 0:
            title = f"The two parts pull against each other; {name} weigh more"
        ax.set_xlabel(f"{self.lift.outcome} per customer{f', {unit}' if unit else ''}")
        subtitle = (
            f"what each part adds to the lift, {100 * self.lift.level:g} % intervals (grey: no effect, a description)"
        )
        headline(ax, title, subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        title = f"{self.lift.arm}: {self.lift.outcome} per customer assigned, in two parts"
        return render_html(self.to_frame().reset_index(), title, self.warnings)


@check_arguments
def split_lift(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    outcome: str = "sales",
    *,
    arm: str | None = None,
    control: str = "control",
    window: str = "main",
    level: float = 0.95,
) -> SplitLift:
    """Split a lift into more buyers and bigger baskets; the two parts add up to it exactly.

    A buyer is a customer whose outcome is not zero. With shares p and baskets m of the treated and of control, the lift
    p1 m1 - p0 m0 is (p1 - p0) (m1 + m0) / 2, more buyers at the mean basket of both groups, plus
    (m1 - m0) (p1 + p0) / 2, bigger baskets at the mean share of both.

    That more customers bought is an effect of the campaign, because everybody who was drawn is compared. That baskets
    are bigger only *describes*: the buyers of the two groups are not the same people. An offer that brings in small
    buyers lowers the mean basket although nobody buys less. Not for saying what the campaign did to the baskets of its
    buyers, and not a cure of a heavy tail: the lift keeps its width, only the buyers' part is quieter.

    Parameters
    ----------
    contacts, outcomes, control, window, level
        As in `measure_lift`. Chances that differ between customers are refused.
    outcome : str
        An amount that is zero for who did not buy.
    arm : str, optional
        The treated group; needed where there are several.

    Returns
    -------
    SplitLift
        `.sentence()` says it, `.to_frame()` has a row a part, `.rate` is the difference of the shares.

    Raises
    ------
    TableError
        With all problems of the tables; a group with fewer than two buyers, who have no basket to speak of.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 50})
    >>> table["sales"] = [6.0, 4.0, 8.0, 2.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0] * 10
    >>> split_lift(table).to_frame()["effect"].round(2).tolist()
    [1.1, 2.5, 3.6]

    Source: Kitagawa (1955), Journal of the American Statistical Association 50, 1168-1194 (the split); the delta method
    for its errors; why the second part describes: Angrist and Pischke (2009), section 3.4.2.
    """
    data = open_two_groups(contacts, outcomes, [outcome], arm=arm, control=control, window=window)
    sides = [side[outcome].to_numpy(float) for side in (data.treated, data.control)]
    filled = [int(np.count_nonzero(side)) for side in sides]
    if min(filled) < 2:
        says = f"`{outcome}` is not zero for {filled[0]:,} treated and {filled[1]:,} controls: at least two of each"
        raise TableError([f"{says} are needed to speak of baskets"], "outcomes")
    parts = split_means(sides[0], sides[1], level=level)
    named = {"outcome": outcome, "arm": data.arm}
    lift, buyers, baskets = (name_lift(replace(part, estimand=data.estimand), **named) for part in parts)
    sizes = [len(side) for side in sides]
    method = "difference of rates (Newcombe)"
    rate = compare_rates(filled, sizes, level=level, method=method, estimand=data.estimand)
    bought = [side[side != 0] for side in sides]
    basket = compare_means(bought[0], bought[1], level=level, estimand="those who bought, who were not drawn by lot")
    means = np.array([(k / n, there.mean()) for k, n, there in zip(filled, sizes, bought, strict=True)])
    notes = [DESCRIBES, *lift.warnings, *data.doubts]
    if below := sum(int((side < 0).sum()) for side in sides):
        notes.append(BELOW_ZERO.format(count=below))
    name = f"who has {outcome}"
    return SplitLift(
        lift, buyers, baskets, name_lift(rate, outcome=name, arm=data.arm), basket, means, tuple(dict.fromkeys(notes))
    )


def split_means(
    treated: np.ndarray, control: np.ndarray, *, level: float = 0.95
) -> tuple[Estimate, Estimate, Estimate]:
    """Split a difference of means; the lift, the buyers' part and the baskets' part.

    What a customer moves a part by is an ordinary number (its influence), so that the intervals are those of
    `compare_means`: Welch, or with care where control is under 20 % of all.

    Parameters
    ----------
    treated, control : array, one value a customer
        Two values other than zero in each, at least.
    level : float

    Returns
    -------
    tuple of three Estimate

    Examples
    --------
    >>> found = split_means(np.array([0.0, 6, 8, 0]), np.array([0.0, 4, 4, 0]))
    >>> [part.effect for part in found]
    [1.5, 0.0, 1.5]
    """
    sides = (treated, control)
    bought = [(side != 0).astype(float) for side in sides]
    shares = [float(side.mean()) for side in bought]
    baskets = [float(side.mean()) / share for side, share in zip(sides, shares, strict=True)]
    gap = _subtract(shares)
    more = _subtract(baskets)
    mean_share = sum(shares) / 2
    mean_basket = sum(baskets) / 2
    moves: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for place, side in enumerate(sides):
        sign = 1 - 2 * place
        came = bought[place] - shares[place]
        beyond = side - baskets[place] * bought[place]
        beyond[np.abs(beyond) <= ROUNDING * np.abs(side)] = 0.0
        beyond = beyond / shares[place]
        moves[0].append(mean_basket * came + sign * gap / 2 * beyond)
        moves[1].append(mean_share * beyond + sign * more / 2 * came)
    lift = compare_means(treated, control, level=level)
    lift = replace(lift, method=f"difference of means ({name_variance(lift, found_by_rule=True)})")
    lift = bound_relative(lift, float(treated.mean()), lift.details["se_control"])
    filled = [float(side.sum()) for side in bought]
    found = []
    for effect, (ours, theirs), name in (
        (gap * mean_basket, moves[0], "more buyers at the mean basket"),
        (more * mean_share, moves[1], "bigger baskets at the mean share of buyers"),
    ):
        part = compare_means(effect + ours - ours.mean(), theirs - theirs.mean(), level=level, method=name)
        doubts = (
            *doubt_moments(part.details["skewness"], filled),
            *(text for text in part.warnings if text == NO_SPREAD),
        )
        found.append(replace(part, effect=effect, base=lift.base, warnings=doubts))
    return lift, found[0], found[1]


def _subtract(pair: Sequence[float]) -> float:
    """The first less the second; zero where rounding alone sets them apart."""
    return 0.0 if np.isclose(pair[0], pair[1], rtol=ROUNDING, atol=0.0) else pair[0] - pair[1]
