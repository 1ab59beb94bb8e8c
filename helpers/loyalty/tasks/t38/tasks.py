"""Exercise 38, a budget is cut: right answers and the usual wrong ones, all computed from the tests' figures.

The scene is made in `loyalty.tasks.t38.scene`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from loyalty.evaluate.budget.plan import BudgetPlan, plan_budget
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t38.scene import BUDGET, CALLS, CONTROL, CUT, Spring, gather_tests

AGENT_CALLS = 700
LEFT = 300
FULL = "You planned as if everybody redeemed. Put aside what will be used: reward × `redeemed`."


@cache
def _tables() -> Spring:
    return gather_tests()


@cache
def _options(way: str = "expected") -> pd.DataFrame:
    """The options with a cost per contact, right or as somebody might reckon it."""
    table = _tables().options
    used = 1.0 if way == "full" else table.redeemed
    return table.assign(cost=table.contact_cost + table.discount + table.reward * used)


@cache
def _plan(
    budget: float = CUT,
    way: str = "expected",
    calls: float | None = CALLS,
    control: float = CONTROL,
    whole: bool = False,
) -> BudgetPlan:
    capacity = None if calls is None else {"call": calls}
    return plan_budget(_options(way), budget, capacity=capacity, control_share=control, whole=whole)


def _profit(*way: Any, **more: Any) -> float:
    return float(_plan(*way, **more).profit.effect)


def _price(plan: BudgetPlan, limit: str) -> float:
    """What one more unit of a limit would bring; 0 where it does not bind."""
    return float(plan.binding.loc[plan.binding.limit == limit, "price"].sum())


def _fill_by_contact() -> float:
    """Profit when the best line of each segment is bought, by profit per contact, until the money is gone."""
    money = float(CUT)
    calls = float(CALLS)
    profit = 0.0
    table = _options()
    table = table[table.profit > 0].sort_values("profit", ascending=False).drop_duplicates("segment")
    for row in table.itertuples():
        most = row.customers * (1 - CONTROL)
        contacts = min(most, money / row.cost, calls if row.channel == "call" else most)
        money = money - contacts * row.cost
        if row.channel == "call":
            calls = calls - contacts
        profit += contacts * row.profit
    return profit


@cache
def _answer_cost() -> Answers:
    rows = _tables().agency.merge(_options(), on=["segment", "offer_id"])
    right = float(rows.contacts @ rows.cost)
    mean = _tables().options.groupby("offer_id").redeemed.mean()
    averaged = rows.contact_cost + rows.discount + rows.reward * rows.offer_id.map(mean)
    full = _options("full").set_index(["segment", "offer_id"]).cost
    at_full = float(rows.contacts @ full.loc[list(zip(rows.segment, rows.offer_id, strict=True))].to_numpy())
    return Answers(
        right=right,
        praise=f"€{right:,.0f}. The agency had asked for €{round(at_full, -1):,.0f}: as if everybody redeemed.",
        mistakes=(
            Mistake(
                "full_redemption",
                "That is the agency's bill: every customer redeems. Only a part does: reward × `redeemed`.",
                at_full,
            ),
            Mistake(
                "rewards_forgotten",
                "The rewards are missing: for each contact `reward` × `redeemed`.",
                float(rows.contacts @ (rows.contact_cost + rows.discount)),
            ),
            Mistake(
                "discounts_forgotten",
                "The discounts are missing. What is taken off at the till is money that Jonas has to find.",
                float(rows.contacts @ (rows.cost - rows.discount)),
            ),
            Mistake(
                "contacts_only",
                "Those are the contacts alone. Discounts and rewards leave the till as well.",
                float(rows.contacts @ rows.contact_cost),
            ),
            Mistake(
                "discounts_times_redeemed",
                "`discount` is per contacted customer already; only `reward` is per user.",
                float(rows.contacts @ (rows.cost - rows.discount * (1 - rows.redeemed))),
            ),
            Mistake(
                "mean_redemption",
                "You took one redemption for each offer. Segments differ: take the one of the row.",
                float(rows.contacts @ averaged),
            ),
            Mistake("per_contact", "That is per contact. The whole plan, please.", right / float(rows.contacts.sum())),
        ),
    )


@cache
def _answer_plan() -> Answers:
    right = _profit()
    before = _profit(BUDGET)
    agency = _tables().agency.merge(_options(), on=["segment", "offer_id"])
    grown = float(agency.contacts @ agency.profit) * CUT / float(agency.contacts @ agency.cost)
    return Answers(
        right=right,
        praise=f"€{right:,.0f}. The cut of €{BUDGET - CUT:,} takes €{before - right:,.0f} of profit away, not the €{before * (1 - CUT / BUDGET):,.0f} of an equal cut in every line.",
        mistakes=(
            Mistake(
                "same_share_cut",
                f"You took the best plan for €{BUDGET:,} and cut every line by the same share: the average return. The cut should fall where a euro brings least: plan again.",
                before * CUT / BUDGET,
            ),
            Mistake(
                "capacity_ignored",
                f"Your plan calls more customers than the call centre can reach: {CALLS:,}. Give `capacity`.",
                _profit(calls=None),
            ),
            Mistake("full_redemption", FULL, _profit(way="full")),
            Mistake(
                "control_forgotten",
                "Your plan contacts whole segments. Ten percent of each are control, and get nothing.",
                _profit(control=0.0),
            ),
            Mistake(
                "per_contact",
                "You ranked by profit per contact. It is the euros that are scarce: what counts is profit per euro.",
                _fill_by_contact(),
            ),
            Mistake(
                "agency_grown",
                "That is the agency's plan, scaled to the money. It spends on segments where a euro brings little.",
                grown,
            ),
            Mistake("not_cut", f"That is the plan for €{BUDGET:,}. Jonas has cut it to €{CUT:,}.", before),
            Mistake(
                "whole_segments",
                "You gave each segment one offer as a whole or none. Parts of a segment may be contacted.",
                _profit(whole=True),
            ),
        ),
    )


@cache
def _answer_prices() -> Answers:
    plan = _plan()
    right = (_price(plan, "budget"), _price(plan, "capacity"))
    free = _plan(calls=None)
    full = _plan(way="full")
    best = _options()[_options().channel == "call"].sort_values("profit").iloc[-1]
    average = plan.profit.effect / plan.cost
    return Answers(
        right=right,
        praise=f"One more euro brings €{right[0]:.2f} of profit, one more call €{right[1]:.2f}; on average a euro brought €{average:.2f}.",
        mistakes=(
            Mistake(
                "average_for_marginal",
                "Your euro is the average: profit ÷ money spent. The good places are taken; the next euro goes to the last one, and brings less.",
                (average, right[1]),
            ),
            Mistake(
                "profit_of_the_call",
                "Your call is worth its whole profit. But the money for it has to come from somewhere: take off what those euros earn now.",
                (right[0], float(best.profit)),
            ),
            Mistake(
                "both_averages",
                "Both are averages: profit ÷ money, and the whole profit of a call. What would *one more* bring?",
                (average, float(best.profit)),
            ),
            Mistake(
                "capacity_ignored",
                "Without the limit of the call centre a call has no price, and a euro another one. Give `capacity`.",
                (_price(free, "budget"), 0.0),
            ),
            Mistake("full_redemption", FULL, (_price(full, "budget"), _price(full, "capacity"))),
            Mistake("turned", "The other way round, please: the euro first, then the call.", right[::-1]),
            Mistake(
                "euro_with_itself",
                "You added the euro itself. Profit is after all costs: what comes back on top of the euro is the price.",
                (1 + right[0], right[1]),
            ),
        ),
    )


@cache
def _answer_wish() -> Answers:
    here = _profit()
    agent = _profit(calls=CALLS + AGENT_CALLS) - here
    money = _profit(CUT + LEFT) - here
    average = _plan().profit.effect / _plan().cost * LEFT
    best = float(_options()[_options().channel == "call"].profit.max()) * AGENT_CALLS
    right = _choose(agent - LEFT, money)
    known = (
        (
            "wage_forgotten",
            _choose(agent, money),
            "The wage is missing. It is not in the profit of the plan: take it off what the calls bring.",
        ),
        (
            "money_paid_twice",
            _choose(agent - LEFT, money - LEFT),
            "You took the €300 off the budget's gain. The profit of a plan is after all costs: these euros are paid in it already. The wage is not.",
        ),
        (
            "average_for_marginal",
            _choose(agent - LEFT, average),
            "Your €300 earn the average return. They go to the last place, at the price of your 38c.",
        ),
        (
            "profit_of_the_call",
            _choose(best - LEFT, money),
            "You gave each call its whole profit. The money for the calls comes from another line: plan again with more calls.",
        ),
        (
            "both_averages",
            _choose(best - LEFT, average),
            "Both are averages. Plan again with 700 calls more, and with €300 more.",
        ),
        (
            "full_redemption",
            _choose(
                _profit(way="full", calls=CALLS + AGENT_CALLS) - _profit(way="full") - LEFT,
                _profit(CUT + LEFT, "full") - _profit(way="full"),
            ),
            FULL,
        ),
        (
            "wrong_wish",
            ("agent" if right[0] == "budget" else "budget", *right[1:]),
            "Your two numbers are right. Read them again: which wish brings more?",
        ),
    )
    mistakes = tuple(Mistake(name, says, value) for name, value, says in known)
    return Answers(
        right=right,
        mistakes=mistakes,
        praise=f"The agent brings €{right[1]:,.0f} after his wage, the budget €{right[2]:,.0f}.",
    )


def _choose(agent: float, money: float) -> tuple[str, float, float]:
    return "agent" if agent > money else "budget", agent, money


_PLAN = f"budget €{CUT:,}, at most {CALLS:,} calls, 10 % of each segment as control, at most one offer a customer"
TASKS = (
    Task(
        code="38a",
        asks="one number: what the agency's plan costs in all at expected redemption, whole euros",
        compute=_answer_cost,
        tolerance=2,
        hints=(
            "A contact costs `contact_cost + discount + reward * redeemed`. `discount` is per contacted customer already.",
            'Bring the costs to the agency\'s lines: `agency.merge(options, on=["segment", "offer_id"])`.',
            "Contacts × cost, summed over the lines.",
        ),
        close="Close, not it. Which of the four columns are in your cost, and is the redemption that of the row?",
    ),
    Task(
        code="38b",
        asks=f"one number: profit of the best plan, whole euros; {_PLAN}",
        compute=_answer_plan,
        tolerance=2,
        hints=(
            "Give the options a column `cost`, as in 38a.",
            '`plan_budget(options, 10_000, capacity={"call": 2_500}, control_share=0.10)` from `loyalty.evaluate.budget.plan`.',
            "The number is `.profit.effect`.",
        ),
        close="Close, not it. Are all four limits in: money, calls, control, one offer a customer?",
    ),
    Task(
        code="38c",
        asks=f"two numbers (euro, call): profit that one more euro and one more call would bring, to a cent; {_PLAN}",
        compute=_answer_prices,
        tolerance=0.006,
        hints=(
            "Plan again with one euro more, and with one call more, and look at the difference.",
            "Or read the column `price` of `plan.binding`.",
            "The price of a call stands in the row whose limit is `capacity`.",
        ),
        close="Close, not it. Is it the *next* unit, at the plan of 38b?",
    ),
    Task(
        code="38d",
        asks=f'three values: "agent" or "budget", and what each of the two wishes brings in the end, whole euros: agent ({AGENT_CALLS} calls, wage €{LEFT} taken off), €{LEFT} more budget',
        compute=_answer_wish,
        tolerance=2,
        hints=(
            "Plan twice more: once with 3,200 calls, once with €10,300. The difference to 38b is what the wish brings.",
            "What is paid inside a plan is off its profit already. Is the wage?",
            "Agent: difference less €300. Budget: the difference as it is.",
        ),
        close="Close, not it. Which of the two payments is inside the plan?",
    ),
)
