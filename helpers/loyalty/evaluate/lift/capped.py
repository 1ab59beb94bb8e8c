"""A lift of capped amounts (winsorised means): steadier than the mean, and no money."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from loyalty.evaluate.lift.compare import bound_relative, name_variance
from loyalty.evaluate.lift.result import Lift, name_lift
from loyalty.evaluate.lift.two_groups import TwoGroups, open_two_groups
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.assigned import open_assigned
from loyalty.text import find_decimals, say_money

MONEY = (
    "profit",
    "money",
    "margin",
    "earning",
    "cost",
    "марж",
    "прибыл",
    "затрат",
)  # in the name of what is added up in a balance
NO_MONEY = "no money: what a customer spent above the cap is not counted, so nothing may be multiplied by this number"
SAME_DATA = "the cap is the {share:.3g} quantile of these very outcomes: a cap has to be fixed before they are seen"
NEVER = "nobody is above the cap: it changed nothing"
LOOKED_AT = (0.9, 0.95, 0.975, 0.98, 0.99, 0.995, 0.999, 1.0)  # quantiles that somebody may have cut at afterwards


@dataclass(frozen=True)
class CappedLift(Lift):
    """A lift of amounts that count up to a cap; made by `measure_capped_lift`.

    `cap` is the most that a customer counts, `cut` the shares of treated and of control whose amount was above it, and
    `left_out` the part of the plain lift that lies above the cap, in the unit of the outcome.
    """

    cap: float = float("nan")
    cut: tuple[float, float] = (float("nan"), float("nan"))
    left_out: float = float("nan")

    def sentence(self, unit: str = "", decimals: int = 2) -> str:
        """Say what was found, and that it is no money; `unit` is written before amounts."""
        top = say_money(self.cap, unit, find_decimals([self.cap], least=0))
        return f"{super().sentence(unit, decimals)} A customer counts up to {top}, so this is no amount of money."


@check_arguments
def measure_capped_lift(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    outcome: str = "sales",
    *,
    cap: float | None = None,
    quantile: float = 0.99,
    arm: str | None = None,
    control: str = "control",
    window: str = "main",
    level: float = 0.95,
) -> CappedLift:
    """Measure a lift in which no customer counts for more than a cap (a winsorised mean).

    A few very large customers decide a mean and make its interval wide. Capped, they count, but not for more than
    others. It answers another question: what the campaign changed *below the cap*. Good for saying whether most
    customers moved. Not for money: what lies above the cap was paid all the same, so outcomes that are called profit,
    margin, money or cost are refused. Not with a cap that was chosen when the outcomes were known: one that gives the
    answer that somebody likes is always found.

    Parameters
    ----------
    contacts, outcomes, control, window, level
        As in `measure_lift`. Chances that differ between customers are refused.
    outcome : str
        An amount.
    cap : float, optional
        The most that a customer counts, above zero, in the unit of the outcome, written down before the start. Without
        it, the quantile below of those who bought in the window "pre", whatever their group.
    quantile : float
        Between .5 and 1; used where no cap is given.
    arm : str, optional
        The treated group; needed where there are several.

    Returns
    -------
    CappedLift
        `.cap`, `.cut` (who was above it) and `.left_out` (what of the plain lift lies above it). It always warns that
        it is no money, and where the cap is a usual quantile of these very outcomes.

    Raises
    ------
    TableError
        With all problems of the tables; an outcome that is money; no cap and no window "pre"; a cap of zero or less.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 50, "sales": [5.0, 3.0, 9.0, 4.0] * 25})
    >>> table.loc[99, "sales"] = 904.0
    >>> found = measure_capped_lift(table, cap=50)
    >>> round(found.effect, 2), found.cut, round(found.left_out, 2)
    (2.58, (0.0, 0.02), -17.08)

    Source: Tukey and McLaughlin (1963), Sankhya A 25, 331-352; Kohavi, Tang and Xu (2020), chapter 22, on capping.
    """
    _refuse_money(outcome)
    if cap is not None and not (np.isfinite(cap) and cap > 0):
        raise TableError([f"`cap` should be above zero, found {cap:g}"], "the capped lift")
    if cap is None and not 0.5 <= quantile < 1:
        raise TableError(
            [f"`quantile` should lie between .5 and 1, such as .99; found {quantile:g}"], "the capped lift"
        )
    data = open_two_groups(contacts, outcomes, [outcome], arm=arm, control=control, window=window)
    top = float(cap) if cap is not None else _find_cap(contacts, outcomes, outcome, quantile, control)
    sides = [side[outcome].to_numpy(float) for side in (data.treated, data.control)]
    found = cap_gap(sides[0], sides[1], top, level=level)
    notes = [NO_MONEY, *found.warnings, *_doubt_cap(sides, top), *data.doubts]
    named = name_lift(
        replace(found, warnings=tuple(notes), estimand=data.estimand),
        outcome=f"{outcome} up to {say_money(top, '', find_decimals([top], least=0))}",
        arm=data.arm,
    )
    return _name_capped(named, sides, top, data)


def cap_gap(treated: np.ndarray, control: np.ndarray, cap: float, *, level: float = 0.95) -> Estimate:
    """Compare two means of amounts that count up to a cap.

    Examples
    --------
    >>> cap_gap(np.array([5.0, 9.0, 90.0]), np.array([3.0, 4.0, 2.0]), 10.0).effect
    5.0
    """
    ours, theirs = (np.minimum(side, cap) for side in (treated, control))
    found = compare_means(ours, theirs, level=level)
    found = replace(found, method=f"difference of means capped at {cap:g} ({name_variance(found, found_by_rule=True)})")
    return bound_relative(found, float(ours.mean()), found.details["se_control"])


def _name_capped(found: Lift, sides: list[np.ndarray], cap: float, data: TwoGroups) -> CappedLift:
    parts: dict[str, Any] = {part.name: getattr(found, part.name) for part in fields(found)}
    cut = tuple(float((side > cap).mean()) for side in sides)
    left_out = float(sides[0].mean() - sides[1].mean() - found.effect)
    return CappedLift(**parts, cap=cap, cut=(cut[0], cut[1]), left_out=left_out)


def _refuse_money(outcome: str) -> None:
    if any(word in outcome.lower() for word in MONEY):
        says = (
            f"`{outcome}` is money, and what a customer brought above a cap was earned (or lost) all the same: measure "
            "it without a cap, with measure_lift or campaign_money"
        )
        raise TableError([says], "the capped lift")


def _find_cap(contacts: AnyTable, outcomes: AnyTable, outcome: str, quantile: float, control: str) -> float:
    """A quantile of those who bought before the start, of all groups together."""
    try:
        early = open_assigned(contacts, outcomes, [outcome], control=control, window="pre").fetch([outcome])[outcome]
    except TableError as error:
        says = "without `cap` it is taken from the window before the start"
        raise TableError([f"{says}: {error.problems[0]}"], "the capped lift") from None
    bought = early[early > 0]
    if bought.empty:
        raise TableError([f"nobody has `{outcome}` before the start, so there is no cap: give `cap`"], "outcomes")
    return float(bought.quantile(quantile))


def _doubt_cap(sides: list[np.ndarray], cap: float) -> list[str]:
    """Say whether a cap was found in the outcomes that it cuts, and whether it cut anything."""
    both = np.concatenate(sides)
    notes = []
    if not (both > cap).any():
        notes.append(NEVER)
    for values in (both, both[both > 0]):
        found = np.quantile(values, LOOKED_AT) if len(values) else np.zeros(len(LOOKED_AT))
        same = np.isclose(found, cap, rtol=1e-9, atol=0) & (values.max(initial=0) > 0)
        if same.any() and len(np.unique(values)) > len(LOOKED_AT):
            notes.append(SAME_DATA.format(share=LOOKED_AT[int(np.argmax(same))]))
            break
    return notes
