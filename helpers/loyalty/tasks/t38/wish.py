"""The last task of exercise 38, one more agent or more budget: what each number of an answer shows by itself."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.diagnosis import find_generic_mistake
from loyalty.tasks.checking.grading import Answers, Mistake
from loyalty.tasks.t38.plans import FULL, find_price, find_profit, make_options, make_plan
from loyalty.tasks.t38.scene import BUDGET, CALLS, CUT

AGENT_CALLS = 700
LEFT = 300
NEAR = 2  # euros, around known wrong answers
WORDS = ("agent", "budget")
ODD_WORD = "And your word names the wish with the smaller of your own numbers."
TOTALS = "These are the profits of whole plans. Asked is what each wish brings on top of your 38b."
UNKNOWN = (
    f"The agent's number is not it: plan again with {CALLS + AGENT_CALLS:,} calls and €{CUT:,}, take your 38b off, then the wage of €{LEFT}.",
    f"The budget's number is not it: plan again with €{CUT + LEFT:,} and {CALLS:,} calls, and take your 38b off.",
)
Readings = tuple[tuple[str, str, float], ...]  # name, sentence, euros


@cache
def answer_wish() -> Answers:
    """Answers of 38d: the better wish and what each of the two brings; other mixtures are read by `judge_wish`."""
    agents = _read_agent()
    budgets = _read_budget()
    agent = agents[0][2]
    money = budgets[0][2]
    right = _choose(agent, money)
    here = find_profit()
    wholes = (
        ("totals", TOTALS, (here + agent, here + money)),
        ("totals_unpaid", f"{TOTALS} And the agent's wage is not off yet.", (here + agent + LEFT, here + money)),
        ("full_redemption", FULL, _gain(way="full")),
        (
            "control_forgotten",
            "Both gains are those without a control group. Give `control_share`: a tenth of each segment gets nothing.",
            _gain(control=0.0),
        ),
        (
            "not_cut",
            f"Both gains are those at €{BUDGET:,}. Jonas has cut that to €{CUT:,}: start from your 38b.",
            _gain(budget=BUDGET),
        ),
    )
    mistakes = [
        Mistake("wrong_wish", "Your two numbers are right. Read them again: which wish brings more?", _turn(right)),
        *(Mistake(name, says, _choose(euros, money)) for name, says, euros in agents[1:]),
        *(Mistake(name, says, _choose(agent, euros)) for name, says, euros in budgets[1:]),
        *(Mistake(name, says, _choose(*pair)) for name, says, pair in wholes),
    ]
    return Answers(
        right=right,
        mistakes=tuple(mistakes),
        praise=f"The agent brings €{right[1]:,.0f} after his wage, the budget €{right[2]:,.0f}.",
    )


def _gain(budget: float = CUT, **way: Any) -> tuple[float, float]:
    """What the agent (after his wage) and the budget bring when all three plans are made in another way."""
    here = find_profit(budget, **way)
    return (
        find_profit(budget, calls=CALLS + AGENT_CALLS, **way) - here - LEFT,
        find_profit(budget + LEFT, **way) - here,
    )


@cache
def _read_agent() -> Readings:
    """What the agent may be said to bring; the first is right."""
    here = find_profit()
    calls = find_profit(calls=CALLS + AGENT_CALLS) - here
    both = find_profit(CUT + LEFT, calls=CALLS + AGENT_CALLS) - here
    few = find_profit(calls=AGENT_CALLS) - here
    price = find_price(make_plan(), "capacity") * AGENT_CALLS
    options = make_options()
    best = float(options[options.channel == "call"].profit.max()) * AGENT_CALLS
    return (
        ("", "", calls - LEFT),
        (
            "wage_forgotten",
            "The wage is missing. It is not in the profit of the plan: take it off what the calls bring.",
            calls,
        ),
        ("wage_twice", "You took the wage off twice.", calls - 2 * LEFT),
        (
            "price_held_too_far",
            f"You multiplied the price of 38c by {AGENT_CALLS} calls. It holds for a small step, and this one is too large: plan again.",
            price - LEFT,
        ),
        (
            "price_held_too_far_unpaid",
            f"You multiplied the price of 38c by {AGENT_CALLS} calls: it holds for a small step only. And the wage is missing.",
            price,
        ),
        (
            "profit_of_the_call",
            "You gave each call its whole profit. The money for the calls comes from another line: plan again with more calls.",
            best - LEFT,
        ),
        (
            "profit_of_the_call_unpaid",
            "You gave each call its whole profit, though its money comes from another line. And the wage is missing.",
            best,
        ),
        (
            "both_wishes_at_once",
            f"You gave the agent the €{LEFT} of budget too. It is one wish or the other: {CALLS + AGENT_CALLS:,} calls and €{CUT:,}.",
            both - LEFT,
        ),
        (
            "both_wishes_at_once_unpaid",
            f"You gave the agent the €{LEFT} of budget too, and his wage is missing. It is one wish or the other: {CALLS + AGENT_CALLS:,} calls and €{CUT:,}, less the wage.",
            both,
        ),
        (
            "calls_not_added",
            f"You planned {AGENT_CALLS} calls in all. They come on top: {CALLS:,} + {AGENT_CALLS} = {CALLS + AGENT_CALLS:,}.",
            few - LEFT,
        ),
        (
            "calls_not_added_unpaid",
            f"You planned {AGENT_CALLS} calls in all. They come on top: {CALLS:,} + {AGENT_CALLS}. And the wage is missing.",
            few,
        ),
    )


@cache
def _read_budget() -> Readings:
    """What more budget may be said to bring; the first is right."""
    money = find_profit(CUT + LEFT) - find_profit()
    average = find_profit() / make_plan().cost * LEFT
    return (
        ("", "", money),
        (
            "money_paid_twice",
            f"You took the €{LEFT} off the budget's gain. The profit of a plan is after all costs: these euros are paid in it already. The wage is not.",
            money - LEFT,
        ),
        (
            "average_for_marginal",
            f"Your €{LEFT} earn the average return. They go to the last place, at the price of your 38c.",
            average,
        ),
        ("money_added", f"You added the €{LEFT} to what they bring.", money + LEFT),
    )


def judge_wish(answer: Any) -> tuple[str | None, str]:
    """Read the word and each of the two numbers by itself.

    Parameters
    ----------
    answer : sequence of a text and two numbers

    Returns
    -------
    tuple of (name or None, sentence)

    Examples
    --------
    >>> _, agent, money = answer_wish().right
    >>> judge_wish(("calls", agent, money))
    ('unknown_word', '“calls” is neither wish: the word is "agent" or "budget". Both numbers are right.')
    """
    word = str(answer[0]).strip().casefold()
    agent = float(answer[1])
    money = float(answer[2])
    right = answer_wish().right[1:]
    if max(abs(agent - right[1]), abs(money - right[0])) <= NEAR:
        return "turned", "Your two numbers stand the other way round: the agent's first, then the budget's."
    readings = (
        _find_reading(agent, (*_read_agent(), _pay_the_wage_first())),
        _find_reading(money, _read_budget()),
    )
    if not any(readings):
        part = Part("", [1, 2], np.array(right), np.array([agent, money]))
        found = find_generic_mistake([part], NEAR, "euros")
        if found is not None:
            return found
    names = [reading[0] for reading in readings if reading and reading[0]]
    says = [reading[1] if reading else other for reading, other in zip(readings, UNKNOWN, strict=True)]
    if word not in WORDS:
        names.append("unknown_word")
        says = [f'“{answer[0]}” is neither wish: the word is "agent" or "budget".', *says]
        if not any(says[1:]):
            says.append("Both numbers are right.")
    elif word != _choose(agent, money)[0]:
        names.append("other_word")
        says.append(ODD_WORD)
    return "_and_".join(names) or None, " ".join(filter(None, says))


def _find_reading(number: float, readings: Readings) -> tuple[str, str, float] | None:
    nearest = min(readings, key=lambda reading: abs(reading[2] - number))
    return nearest if abs(nearest[2] - number) <= NEAR else None


def _pay_the_wage_first() -> tuple[str, str, float]:
    """The wage as a cost of the plan; so near to the right number that only `judge_wish` tells them apart."""
    return (
        "wage_out_of_the_plan",
        f"You took the wage out of the €{CUT:,} and planned with €{CUT - LEFT:,}. Those €{CUT:,} stay with the offers: plan with them, and take the wage off what the calls bring.",
        find_profit(CUT - LEFT, calls=CALLS + AGENT_CALLS) - find_profit(),
    )


def _choose(agent: float, money: float) -> tuple[str, float, float]:
    return "agent" if agent > money else "budget", agent, money


def _turn(wish: tuple[str, float, float]) -> tuple[str, float, float]:
    """The same numbers with the other word."""
    return "budget" if wish[0] == "agent" else "agent", wish[1], wish[2]
