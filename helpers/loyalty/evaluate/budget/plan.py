"""Budget allocation: which offer to which segment, what the plan may bring, and the shadow price of the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loyalty.evaluate.budget.optimise import Limits, allocate_contacts, lay_limits, price_limits
from loyalty.evaluate.budget.options import read_options
from loyalty.evaluate.money.value_of_testing import find_loss_chance
from loyalty.stats.estimate import Estimate, make_estimate, render_html
from loyalty.tables.arguments import check_arguments

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
        from loyalty.text import say_money

        e = self.profit
        places = self.plan["segment"].nunique()
        budget = say_money(self.budget, unit)
        text = f"Spend {say_money(self.cost, unit)} of {budget} on {self.plan['contacts'].sum():,.0f} contacts in "
        text += f"{places:,} {'segment' if places == 1 else 'segments'}: expected profit {say_money(e.effect, unit)}"
        if np.isfinite(e.low):
            loss = f"{self.probability_of_loss:.3f}" if self.probability_of_loss >= 1e-3 else "below 0.001"
            text += f" ({e.level * 100:g} % interval {say_money(e.low, unit)} to {say_money(e.high, unit)}, "
            text += f"probability of a loss {loss})"
        if self.plan.empty:
            text = f"Spend nothing of {budget}: no option pays within these limits"
        over = self.disappointment - (self.plan["profit"].sum() - e.effect)  # with draws, e.effect is without it
        if over > 0.05 * e.effect > 0:
            lost = say_money(float(f"{over:.2g}"), unit)  # two digits: it is only known roughly
            left = say_money(float(f"{e.effect - over:.2g}"), unit)
            text += f". Plans chosen on such noisy figures promise about {lost} too much: count on about {left}"
        if self.shadow_price is None:
            return f"{text}."
        return (
            f"{text}. {say_money(1, unit)} more to spend would bring {say_money(self.shadow_price, unit, 2)} of profit."
        )

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        e = self.profit
        price = np.nan if self.shadow_price is None else self.shadow_price
        row = {
            "budget": self.budget,
            "cost": self.cost,
            "contacts": float(self.plan["contacts"].sum()),
            "profit": e.effect,
            "low": e.low,
            "high": e.high,
            "probability_of_loss": self.probability_of_loss,
            "disappointment": self.disappointment,
            "shadow_price": price,
        }
        return pd.DataFrame([row | {"warnings": "; ".join(self.warnings)}])

    def plot(self, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw profit and cost of the twelve largest rows of the plan, the most profitable on top."""
        import matplotlib.pyplot as plt

        from loyalty.charts import GREY, TREATED, grid_along_x, headline
        from loyalty.text import say_money, shorten

        rows = self.plan.sort_values("profit", kind="stable").tail(12).reset_index(drop=True)
        ax = ax or plt.subplots(figsize=(9, 2.2 + 0.45 * len(rows)))[1]
        ax.barh(rows.index + 0.2, rows["profit"], 0.38, color=TREATED, label="expected profit")
        ax.barh(rows.index - 0.2, rows["cost"], 0.38, color=GREY, label="cost")
        for row in rows.itertuples():
            at = (max(row.profit, row.cost), row.Index)
            text = f"{shorten(round(row.contacts))} contacts"
            ax.annotate(text, at, (5, 0), textcoords="offset points", va="center", fontsize=9)
        ax.set_yticks(rows.index, [f"{row.segment}: {row.offer_id}" for row in rows.itertuples()])
        grid_along_x(ax)
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

    __str__ = sentence

    def _repr_html_(self) -> str:
        return render_html(self.plan, self.sentence(), self.warnings)


@check_arguments
def plan_budget(
    options: Any,
    budget: float,
    *,
    capacity: Mapping | None = None,
    caps: Mapping | None = None,
    control_share: float = 0.0,
    whole: bool = False,
    draws: Any = None,
    caution: float | None = None,
    seed: int = 0,
) -> BudgetPlan:
    """Choose how many customers of each segment get which offer, so that the budget brings the largest expected profit.

    At most one offer a customer. Not for costs or effects that change with the number of contacts (a discount for
    quantity, a market that is saturated): all is proportional here. Not without figures from tests: a plan from guesses
    is exact about guesses.

    Parameters
    ----------
    options : table
        A frame, a DuckDB relation or a file, with a row a segment and offer: segment, offer_id; customers (size of the
        segment, equal in all its rows); profit (expected incremental profit of a contact after every cost, in money);
        cost (cash a contact costs: contact and rewards at expected redemption, see `cost_offers`). Optional: channel;
        se (standard error of profit, of an estimate that was not shrunken; the errors of options are taken as
        independent).
    budget : float
        The largest total cost, in money.
    capacity, caps : mapping of channel, of offer_id to float, optional
        The largest number of contacts.
    control_share : float
        Part of each segment that nobody contacts, from 0 to below 1.
    whole : bool
        One offer for the whole segment (less control), or none: a whole-number programme, seconds for hundreds of
        segments. Limits are then kept to one part in a million, and the solver of SciPy 1.17 may print a stray line
        about `tmpSolver`, which means nothing.
    draws : array of float (options × draws), optional
        What is believed of profit, say after shrinkage, row by row in the order of `options`, whatever its labels: they
        give the interval, instead of se.
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
    table, draws = read_options(options, [budget], capacity, caps, control_share, whole, draws, caution)
    limits = lay_limits(table, budget, capacity, caps, control_share)
    value = table["value"].to_numpy()
    contacts, prices = allocate_contacts(value, limits, whole=whole)
    tight = np.flatnonzero(limits.find_tight(contacts))
    price = prices[tight] if whole else price_limits(value, limits, contacts, prices, tight)
    binding = pd.DataFrame([limits.names[row] for row in tight], columns=["limit", "name"])
    binding = binding.assign(used=(limits.uses @ contacts)[tight], available=limits.room[tight], price=price)
    profit, chance = _judge(table, draws, limits, contacts)
    lost = contacts @ table["profit"] - profit.effect
    if draws is None:
        lost = _find_disappointment(table, limits, seed)
    plan = table[["segment", "offer_id"]].assign(contacts=contacts, cost=contacts * table["cost"])
    plan = plan.assign(profit=contacts * table["profit"])[contacts > 0].reset_index(drop=True)
    shadow = None if whole else float(binding.loc[binding["limit"] == "budget", "price"].sum())
    notes = _warn(table, draws, plan["profit"].sum(), lost, profit.details["planned"])
    return BudgetPlan(plan, profit, plan["cost"].sum(), float(budget), float(lost), chance, shadow, binding, notes)


@check_arguments
def trace_frontier(
    options: Any,
    budgets: Sequence[float],
    *,
    capacity: Mapping | None = None,
    caps: Mapping | None = None,
    control_share: float = 0.0,
    whole: bool = False,
    draws: Any = None,
    caution: float | None = None,
) -> pd.DataFrame:
    """The efficient frontier: plan for several budgets, with the profit and the shadow price of each.

    Not for a choice of the budget from the mean alone: see low.

    Parameters
    ----------
    options, capacity, caps, control_share, whole, draws, caution
        As in `plan_budget`.
    budgets : sequence of float, or one

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
    several: list[Any] = list(budgets) if pd.api.types.is_list_like(budgets) else [budgets]
    table, draws = read_options(options, several, capacity, caps, control_share, whole, draws, caution)
    value = table["value"].to_numpy()
    rows = []
    for budget in several:
        limits = lay_limits(table, budget, capacity, caps, control_share)
        contacts, prices = allocate_contacts(value, limits, whole=whole)
        price = np.nan if whole else price_limits(value, limits, contacts, prices, [0])[0]
        e = _judge(table, draws, limits, contacts)[0]
        rows.append([float(budget), contacts @ table["cost"], contacts.sum(), e.effect, e.low, e.high, price])
    return pd.DataFrame(rows, columns=["budget", "cost", "contacts", "profit", "low", "high", "shadow_price"])


def _judge(table: pd.DataFrame, draws: Any, limits: Limits, contacts: np.ndarray) -> tuple[Estimate, float]:
    """Profit of a plan with its interval, and the probability of a loss."""
    about: dict[str, Any] = {
        "n_treated": round(contacts.sum()),
        "n_control": round(limits.held_back),
        "method": "linear programme",
        "estimand": "profit of the plan",
        "details": MappingProxyType({"planned": float(contacts @ table["value"])}),
    }
    if draws is None:
        se = np.sqrt(contacts**2 @ table["se"] ** 2) if "se" in table else np.nan
        found = make_estimate(contacts @ table["profit"], se, certain=not contacts.any(), **about)
        return found, find_loss_chance(found)
    total = contacts @ draws
    low, high = np.quantile(total, [0.025, 0.975])
    p = min(1.0, 2 * min((total <= 0).mean(), (total >= 0).mean()))
    found = Estimate(float(total.mean()), float(low), float(high), float(total.std()), float(p), **about)
    return found, float((total < 0).mean())


def _find_disappointment(table: pd.DataFrame, limits: Limits, seed: int) -> float:
    """The optimizer's curse: how much plans made on noisier figures promise too much, by these figures, on average."""
    if "se" not in table:
        return np.nan
    value = table["value"].to_numpy()
    rng = np.random.default_rng(seed)
    noise = table["se"].to_numpy() * rng.standard_normal((PAIRS, len(table)))
    here = allocate_contacts(value, limits)[0]
    # The noise of the plan in hand is zero on average: taken off, it leaves a far steadier mean
    errors = [given @ (allocate_contacts(value + given, limits)[0] - here) for given in (*noise, *-noise)]
    return float(np.mean(errors))


def _warn(table: pd.DataFrame, draws: Any, promised: float, lost: float, planned: float) -> tuple[str, ...]:
    """Say that no error is known, or that the plan promises clearly too much, and what to do about it."""
    if draws is None and "se" not in table:
        return ("no standard errors and no draws: the profit has no interval, and every figure is taken as sure",)
    if not lost > 0.05 * promised > 0:
        return ()
    why = "offers were chosen because their noisy figures are high"
    mend = "shrink them, or plan with caution=0.2"
    if draws is not None:
        why = "draws say less than the column `profit`"
        mend = "believe the draws"
    elif (table["value"] < table["profit"]).any():
        mend = f"the cautious figures add up to {planned:,.0f}"
    return (f"{why}: of {promised:,.0f} promised expect about {lost:,.0f} less ({mend})",)
