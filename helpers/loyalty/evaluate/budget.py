"""Which offer to which segment for this money: the plan, what it may bring, and the price of one more euro."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.evaluate.allocation import Limits, allocate_contacts, lay_limits, price_limits, read_options
from loyalty.evaluate.costs import cost_offers
from loyalty.evaluate.decision import find_loss_chance
from loyalty.stats import Estimate, make_estimate, render_html

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BudgetPlan", "cost_offers", "plan_budget", "trace_frontier"]
PAIRS = 10  # of noises, each also with its sign turned


@dataclass(frozen=True)
class BudgetPlan:
    """Which offer goes to how many customers of which segment; made by `plan_budget`.

    `plan` has a row an option that is used: segment, offer_id, contacts, cost, profit (totals). `profit` is that of the
    whole plan with its interval, `disappointment` what plans chosen on such noisy figures promise too much on average
    (NaN if nothing says how noisy). `shadow_price` is the profit of one more unit of money, that unit already paid
    for; None for whole segments. `binding` has a row a limit that is used up: limit (budget, capacity, cap, segment),
    name, used, available, price (profit of one more unit of it).
    """

    plan: pd.DataFrame
    profit: Estimate
    cost: float
    budget: float
    disappointment: float
    probability_of_loss: float
    shadow_price: float | None
    binding: pd.DataFrame
    warnings: tuple[str, ...] = ()

    def sentence(self, unit: str = "") -> str:
        """Say the plan in words: money, contacts, profit and how much of it is luck, price of one more unit."""
        from loyalty.charts import say_money

        def money(value: float, decimals: int = 0) -> str:
            return say_money(value, unit, decimals)

        e, spent = self.profit, f"{money(self.cost)} of {money(self.budget)}"
        text = f"Spend {spent} on {self.plan['contacts'].sum():,.0f} contacts in {self.plan['segment'].nunique():,} "
        text += f"segment{'s' * (self.plan['segment'].nunique() != 1)}: expected profit {money(e.effect)}"
        if np.isfinite(e.low):
            text += f" ({e.level * 100:g} % interval {money(e.low)} to {money(e.high)}, "
            text += f"probability of a loss {self.probability_of_loss:.3f})"
        if self.plan.empty:
            text = f"Spend nothing of {money(self.budget)}: no option pays within these limits"
        over = self.disappointment - (self.plan["profit"].sum() - e.effect)  # draws have taken it off already
        if over > 0.05 * e.effect > 0:
            lost, left = (money(float(f"{value:.2g}")) for value in (over, e.effect - over))
            text += f". Plans chosen on such noisy figures promise about {lost} too much: count on about {left}"
        if self.shadow_price is None:
            return f"{text}."
        return f"{text}. {money(1)} more to spend would bring {money(self.shadow_price, 2)} of profit."

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        e, price = self.profit, np.nan if self.shadow_price is None else self.shadow_price
        row = {"budget": self.budget, "cost": self.cost, "contacts": float(self.plan["contacts"].sum()),
               "profit": e.effect, "low": e.low, "high": e.high, "probability_of_loss": self.probability_of_loss,
               "disappointment": self.disappointment, "shadow_price": price}  # fmt: skip
        return pd.DataFrame([row | {"warnings": "; ".join(self.warnings)}])

    def plot(self, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw profit and cost of the twelve largest rows of the plan, the most profitable on top."""
        import matplotlib.pyplot as plt

        from loyalty.charts import GREY, TREATED, headline, say_money, shorten

        rows = self.plan.sort_values("profit", kind="stable").tail(12)
        ax = ax or plt.subplots(figsize=(9, 2.2 + 0.45 * len(rows)))[1]
        place = np.arange(len(rows))
        ax.barh(place + 0.2, rows["profit"], 0.38, color=TREATED, label="expected profit")
        ax.barh(place - 0.2, rows["cost"], 0.38, color=GREY, label="cost")
        for at, row in zip(place, rows.to_dict("records"), strict=True):
            end, text = max(row["profit"], row["cost"]), f"{shorten(round(row['contacts']))} contacts"
            ax.annotate(text, (end, at), (5, 0), textcoords="offset points", va="center", fontsize=9)
        ax.set_yticks(place, [f"{s}: {o}" for s, o in zip(rows["segment"], rows["offer_id"], strict=True)])
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="y", visible=False)
        ax.use_sticky_edges = False  # bars stick to their ends, and the labels need room
        ax.margins(x=0.16)
        if len(rows):
            ax.set_xlim(left=min(0.0, float(rows["profit"].min())))
            ax.legend(loc="lower right")
        more = f", the {len(rows)} largest of {len(self.plan)} rows" if len(self.plan) > len(rows) else ""
        spent = f"{say_money(self.cost, unit)} of {say_money(self.budget, unit)}"
        title = f"{spent} are spent and bring {say_money(self.profit.effect, unit)} of profit"
        headline(ax, title, f"profit and cost by segment and offer{f', {unit}' if unit else ''}{more}", source)
        return ax

    def __str__(self) -> str:
        return self.sentence()

    def _repr_html_(self) -> str:
        return render_html(self.plan, self.sentence(), self.warnings)


def plan_budget(
    options: pd.DataFrame, budget: float, *, capacity: Mapping[str, float] | None = None,
    caps: Mapping[str, float] | None = None, control_share: float = 0.0, whole: bool = False,
    draws: np.ndarray | None = None, caution: float | None = None, seed: int = 0,
) -> BudgetPlan:  # fmt: skip
    """Choose how many customers of each segment get which offer, so that the budget brings the largest expected profit.

    At most one offer a customer. Not for costs or effects that change with the number of contacts (a discount for
    quantity, a market that is saturated): all is proportional here. Not without figures from tests: a plan from guesses
    is exact about guesses.

    Parameters
    ----------
    options : pandas.DataFrame
        A row a segment and offer: segment, offer_id; customers (size of the segment, equal in all its rows); profit
        (expected incremental profit of a contact after every cost, in money); cost (cash a contact costs: contact and
        rewards at expected redemption, see `cost_offers`). Optional: channel; se (standard error of profit, of an
        estimate that was not shrunken; the errors of options are taken as independent).
    budget : float
        The largest total cost, in money.
    capacity, caps : mapping of channel, of offer_id to float, optional
        The largest number of contacts.
    control_share : float
        Part of each segment that nobody contacts, from 0 to below 1.
    whole : bool
        One offer for the whole segment (less control), or none: a whole-number programme, seconds for hundreds of
        segments. Limits are then kept to one part in a million.
    draws : array of float (options × draws), optional
        What is believed of profit, say after shrinkage: they give the interval, instead of se.
    caution : float, optional
        Plan on this lower quantile of each option instead of on `profit`, 0.2 for example: sure figures go first.
    seed : int
        Of the noises behind `disappointment`, where se is given.

    Returns
    -------
    BudgetPlan
        Contacts may be fractional in a few segments; rounding down keeps all limits. The interval says how far the
        figures may err, and not that this plan was chosen because it looked best. `disappointment` says that: noise
        like se is added to the figures, a plan made on them, and judged by the figures without it (20 times; for
        `whole` with parts of segments). Where 40 options were simulated, it was .7 to .9 of the true one. With draws
        it is what `profit` promises above their mean.

    Raises
    ------
    TableError
        With all problems of the options and limits.

    Examples
    --------
    >>> options = pd.DataFrame({"segment": ["loyal", "loyal", "new"], "offer_id": ["mail", "gift", "mail"],
    ...                         "customers": [100, 100, 50], "profit": [1.0, 2.5, 0.8], "cost": [0.5, 2.0, 0.5]})
    >>> found = plan_budget(options, 120.0)
    >>> found.plan.round(1).values.tolist()
    [['loyal', 'gift', 30.0, 60.0, 75.0], ['loyal', 'mail', 70.0, 35.0, 70.0], ['new', 'mail', 50.0, 25.0, 40.0]]
    >>> print(found)
    Spend 120 of 120 on 150 contacts in 2 segments: expected profit 185. 1 more to spend would bring 1.00 of profit.

    Source: Dantzig (1957), Operations Research 5, 266-288; Smith and Winkler (2006), Management Science 52, 311-322
    (the optimizer's curse).
    """
    same = {"capacity": capacity, "caps": caps, "control_share": control_share, "draws": draws, "caution": caution}
    case = _open_case(options, [budget], **same)
    table, limits = case.table, case.limits
    contacts, prices = allocate_contacts(case.value, limits, whole=whole)
    tight = np.flatnonzero(limits.find_tight(contacts))
    price = prices[tight] if whole else price_limits(case.value, limits, contacts, prices, tight)
    binding = pd.DataFrame([limits.names[row] for row in tight], columns=["limit", "name"])
    binding = binding.assign(used=limits.measure_use(contacts)[tight], available=limits.room[tight], price=price)
    profit, chance = _judge(case, contacts)
    promised = float(contacts @ table["profit"])
    lost = _find_disappointment(case, seed) if case.draws is None else promised - profit.effect
    kept = contacts > 0
    totals = {name: (contacts * table[name])[kept] for name in ("cost", "profit")}
    plan = table.loc[kept, ["segment", "offer_id"]].assign(contacts=contacts[kept], **totals).reset_index(drop=True)
    shadow = None if whole else float(binding.loc[binding["limit"] == "budget", "price"].sum())
    notes = _warn(case, promised, lost, profit.details["planned"])
    return BudgetPlan(plan, profit, float(plan["cost"].sum()), float(budget), lost, chance, shadow, binding, notes)


def trace_frontier(
    options: pd.DataFrame, budgets: Sequence[float], *, capacity: Mapping[str, float] | None = None,
    caps: Mapping[str, float] | None = None, control_share: float = 0.0, whole: bool = False,
    draws: np.ndarray | None = None, caution: float | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Plan for several budgets: what each brings, and where the next unit of money stops being worth its trouble.

    Not for a choice of the budget from the mean alone: see low.

    Parameters
    ----------
    options, capacity, caps, control_share, whole, draws, caution
        As in `plan_budget`.
    budgets : sequence of float

    Returns
    -------
    pandas.DataFrame
        A row a budget, in their order: budget, cost, contacts, profit, low, high, shadow_price (NaN for whole).

    Raises
    ------
    TableError

    Examples
    --------
    >>> options = pd.DataFrame({"segment": ["a", "b"], "offer_id": "mail", "customers": 10, "profit": [3.0, 1.0],
    ...                         "cost": 1.0})
    >>> trace_frontier(options, [5, 15, 25])[["cost", "profit", "shadow_price"]].values.tolist()
    [[5.0, 15.0, 3.0], [15.0, 35.0, 1.0], [20.0, 40.0, 0.0]]
    """
    same = {"capacity": capacity, "caps": caps, "control_share": control_share, "draws": draws, "caution": caution}
    case, rows = _open_case(options, list(budgets), **same), []
    for budget in budgets:
        limits = replace(case.limits, room=np.r_[float(budget), case.limits.room[1:]])
        contacts, prices = allocate_contacts(case.value, limits, whole=whole)
        price = np.nan if whole else price_limits(case.value, limits, contacts, prices, [0])[0]
        e = _judge(case, contacts)[0]
        rows.append([float(budget), contacts @ case.table["cost"], contacts.sum(), e.effect, e.low, e.high, price])
    return pd.DataFrame(rows, columns=["budget", "cost", "contacts", "profit", "low", "high", "shadow_price"])


@dataclass(frozen=True)
class _Case:
    """Options in one order whatever the order they came in, and the value of a contact that is planned on."""

    table: pd.DataFrame
    draws: np.ndarray | None
    value: np.ndarray
    limits: Limits
    held_back: float


def _open_case(
    options: pd.DataFrame, budgets: list[float], *, capacity: Mapping[str, float] | None,
    caps: Mapping[str, float] | None, control_share: float, draws: np.ndarray | None, caution: float | None,
) -> _Case:  # fmt: skip
    table, draws = read_options(options, budgets, capacity, caps, control_share, draws, caution)
    value = table["profit"].to_numpy(float)
    if caution is not None and draws is not None:
        value = np.quantile(draws, caution, axis=1)
    elif caution is not None:
        value = value + float(_scipy.norm.ppf(caution)) * table["se"].to_numpy(float)
    limits = lay_limits(table, budgets[0] if budgets else 0.0, capacity or {}, caps or {}, control_share)
    held_back = control_share * table.drop_duplicates("segment")["customers"].sum()
    return _Case(table, draws, value, limits, held_back)


def _judge(case: _Case, contacts: np.ndarray) -> tuple[Estimate, float]:
    """Profit of a plan with its interval, and the probability of a loss."""
    table, about = case.table, {"method": "linear programme", "estimand": "profit of the plan"}
    about |= {"n_treated": round(contacts.sum()), "n_control": round(case.held_back)}
    about["details"] = MappingProxyType({"planned": float(contacts @ case.value)})
    if case.draws is None:
        se = np.sqrt(contacts**2 @ table["se"] ** 2) if "se" in table else np.nan
        found = make_estimate(contacts @ table["profit"], se, **about)
        return found, find_loss_chance(found)
    total = contacts @ case.draws
    low, high = np.quantile(total, [0.025, 0.975])
    p = min(1.0, 2 * min((total <= 0).mean(), (total >= 0).mean()))
    found = Estimate(float(total.mean()), float(low), float(high), float(total.std()), float(p), **about)
    return found, float((total < 0).mean())


def _find_disappointment(case: _Case, seed: int) -> float:
    """Mean of what plans made on noisier figures promise above what these figures say of them."""
    if "se" not in case.table:
        return np.nan
    here, rng, errors = allocate_contacts(case.value, case.limits)[0], np.random.default_rng(seed), []
    for _ in range(PAIRS):
        noise = case.table["se"].to_numpy(float) * rng.standard_normal(len(case.table))
        for given in (noise, -noise):
            # The noise of the plan in hand is zero on average: taken off, it leaves a far steadier mean
            errors.append(given @ (allocate_contacts(case.value + given, case.limits)[0] - here))
    return float(np.mean(errors))


def _warn(case: _Case, promised: float, lost: float, planned: float) -> tuple[str, ...]:
    if case.draws is None and "se" not in case.table:
        return ("no standard errors and no draws: the profit has no interval, and every figure is taken as sure",)
    if not lost > 0.05 * promised > 0:
        return ()
    why, mend = "offers were chosen because their noisy figures are high", "shrink them, or plan with caution=0.2"
    if case.draws is not None:
        why, mend = "draws say less than the column `profit`", "believe the draws"
    elif (case.value < case.table["profit"]).any():
        mend = f"the cautious figures add up to {planned:,.0f}"
    return (f"{why}: of {promised:,.0f} promised expect about {lost:,.0f} less ({mend})",)
