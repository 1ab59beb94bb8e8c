"""Exercise 37, an evening at the beauty counter: right answers and the usual wrong ones, all computed from the world.

The evening is held in `loyalty.tasks.t37.scene`; one half of its customers learns, the other half judges.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from loyalty.evaluate.uplift.experiment import open_trial
from loyalty.evaluate.uplift.policy_value import Contest, value_policies
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.triples import Triple, move_triple, multiply_triple, say_triple, take_triple, widen_triple
from loyalty.tasks.t37.scene import BAG, CARD, hold_evening
from loyalty.text import say_euros

NEXT = 60_000  # customers of the next month
DECISION_EUROS = 60  # tolerance of 37e


@cache
def _people() -> pd.DataFrame:
    return hold_evening().people


@cache
def _half(name: str) -> pd.DataFrame:
    people = _people()
    return people if name == "both" else people[people.half == name]


def _gap(group: pd.DataFrame, what: str = "profit", *, cost: float = CARD, times: float = 1.0) -> Triple:
    """Invited less control, card off."""
    invited = group.arm == "invited"
    return take_triple(compare_means(group[what][invited], group[what][~invited]), cost=cost, times=times)


def _left(group: pd.DataFrame, *, times: float = 1.0) -> Triple:
    """Mean profit of the invited alone, card off: control is missing."""
    values = group.profit[group.arm == "invited"]
    mean = values.mean()
    half = 1.96 * values.sem()
    return multiply_triple(move_triple((mean, mean - half, mean + half), -CARD), times)


def _fifth(half: str, *, lowest: bool = False) -> pd.DataFrame:
    """The agency's fifth of a half."""
    people = _half(half)
    ranked = people.sort_values("chance", ascending=lowest, kind="stable")
    return ranked.head(len(people) // 5)


SAYS = {
    "treated_for_effect": "That is what the invited left in the till. Most of it they would have left anyway: invited *less control*.",
    "card_forgotten": "The card is missing: 20 cents for each customer who is invited, whether he comes or not.",
    "learning_half": 'You measured this on the half that learned. It was chosen there, so it looks better than it is: take `half == "judge"`.',
    "one_standard_error": "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
}


@cache
def _answer_likely() -> Answers:
    best = _fifth("judge")
    judge = _half("judge")
    right = _gap(best)
    came = best[best.came == 1]
    return Answers(
        right=right,
        praise=f"{say_triple(right)} a card, although {best[best.arm == 'invited'].came.mean():.0%} of the invited came. Open at best.",
        mistakes=(
            Mistake("treated_for_effect", SAYS["treated_for_effect"], _left(best)),
            Mistake(
                "learning_half",
                'You measured this on the half from which the agency\'s model learned. It knows these customers: take `half == "judge"`.',
                _gap(_fifth("learn")),
            ),
            Mistake(
                "both_halves",
                'Both halves are in. The agency\'s model learned on one of them: take `half == "judge"` only.',
                _gap(_fifth("both")),
            ),
            Mistake(
                "least_likely",
                "That is the other end of the list: those least likely to come. Sort `chance` from high to low.",
                _gap(_fifth("judge", lowest=True)),
            ),
            Mistake(
                "everybody",
                "That is the card for everybody. Keep the fifth with the highest `chance` first.",
                _gap(judge),
            ),
            Mistake(
                "who_came",
                "You kept only those who came. The evening is meant to change exactly that; everybody in the fifth counts.",
                _gap(came),
            ),
            Mistake(
                "sales_for_profit",
                "That is sales. Goods, gift and points are not paid yet: `profit`.",
                _gap(best, "sales"),
            ),
            Mistake("visits_for_profit", "You compared who came. Jonas asked for money: `profit`.", _gap(best, "came")),
            Mistake("card_forgotten", SAYS["card_forgotten"], _gap(best, cost=0.0)),
            Mistake("card_added", "You added the card. It is a cost: take it off.", _gap(best, cost=-CARD)),
            Mistake(
                "per_customer_of_the_base",
                "You divided by all customers. A card was asked: per customer of the fifth.",
                _gap(best, times=0.2),
            ),
            Mistake("one_standard_error", SAYS["one_standard_error"], widen_triple(right, 1 / 1.96)),
            Mistake(
                "all_control",
                "You took off the control group of the whole half. These customers buy more than others without any evening: take the control of the same fifth.",
                _against_all(best, judge),
            ),
            Mistake(
                "those_who_came_against_control",
                "You compared those who came with the control group. To come is what the evening may change: everybody who was invited counts.",
                _came_against_control(best),
            ),
            Mistake(
                "bag_off_twice",
                "You took off the bag of €6 as well. It is off already: `profit` is margin less bag less points.",
                _gap(best, cost=CARD + BAG),
            ),
            Mistake(
                "bag_of_those_who_came_twice",
                "You took off the bag of those who came as well. It is off already: `profit` is margin less bag less points.",
                _gap(best.assign(profit=best.profit - BAG * best.came * (best.arm == "invited"))),
            ),
            Mistake(
                "as_many_as_a_fifth_of_all",
                "You took a fifth of *all* customers out of the judging half, which is two fifths of it. Take the best fifth of the half.",
                _gap(judge.sort_values("chance", ascending=False, kind="stable").head(len(_people()) // 5)),
            ),
            Mistake(
                "half_a_card",
                "You took off half a card. Everybody of the fifth whom the plan invites gets a whole one.",
                _gap(best, cost=CARD / 2),
            ),
            Mistake(
                "tenth",
                "That is the best tenth. Asked is the best fifth.",
                _gap(judge.sort_values("chance", ascending=False, kind="stable").head(len(judge) // 10)),
            ),
            Mistake(
                "in_all",
                "That is for all cards of the fifth together. Asked is one card.",
                multiply_triple(right, len(best)),
            ),
        ),
    )


def _against_all(best: pd.DataFrame, judge: pd.DataFrame) -> Triple:
    """The invited of the fifth less the control of the whole half, card off."""
    invited = best.profit[best.arm == "invited"]
    return take_triple(compare_means(invited, judge.profit[judge.arm == "control"]), cost=CARD)


def _came_against_control(best: pd.DataFrame) -> Triple:
    """Those of the fifth who were invited and came, less its control, card off."""
    came = best.profit[(best.arm == "invited") & (best.came == 1)]
    return take_triple(compare_means(came, best.profit[best.arm == "control"]), cost=CARD)


def _effects(people: pd.DataFrame, what: str = "profit") -> pd.Series:
    """Effect of the invitation by segment, card not taken off."""
    means = people.groupby(["segment", "arm"])[what].mean().unstack()
    return (means.invited - means.control).rename("learned")


def _compare_medians(people: pd.DataFrame) -> pd.Series:
    medians = people.groupby(["segment", "arm"]).profit.median().unstack()
    return (medians.invited - medians.control).rename("learned")


def _response(people: pd.DataFrame, what: str = "profit") -> pd.Series:
    return people[people.arm == "invited"].groupby("segment")[what].mean().rename("learned")


@cache
def _answer_effects() -> Answers:
    learn = _half("learn")
    right = _effects(learn)
    control = learn[learn.arm == "control"]
    return Answers(
        right=right,
        praise=f"From {say_euros(right.min())} to {say_euros(right.max())}. By response the order would be another one.",
        mistakes=(
            Mistake(
                "trained_without_control",
                "These are the means of the invited: training without control. Who buys much stands on top, whether the evening did it or not. Take off the mean of the *same segment's* control.",
                _response(learn),
            ),
            Mistake(
                "one_control_for_all",
                "You took off the mean of all of control. Segments differ without any evening: each has its own control.",
                _response(learn) - control.profit.mean(),
            ),
            Mistake(
                "judging_half",
                'You learned on the half that shall judge. Keep it closed until the plan stands: `half == "learn"`.',
                _effects(_half("judge")),
            ),
            Mistake(
                "both_halves",
                'Both halves are in. What judges must not have learned: `half == "learn"`.',
                _effects(_half("both")),
            ),
            Mistake("sales_for_profit", "That is the effect on sales. Take `profit`.", _effects(learn, "sales")),
            Mistake(
                "visits_for_profit",
                "That is the effect on who comes. A visit can lose money: take `profit`.",
                _effects(learn, "came"),
            ),
            Mistake(
                "response_rate",
                "That is the share that came: a response rate. Asked is what the invitation *changed*, in euros.",
                _response(learn, "came"),
            ),
            Mistake("turned", "The sign is turned: invited *less* control.", -right),
            Mistake(
                "control_alone",
                "These are the means of the control group. Asked is invited less control.",
                control.groupby("segment").profit.mean().rename("learned"),
            ),
            Mistake(
                "percent_of_control",
                "These are the effects as a share of what the control group left. Euros, please.",
                right / control.groupby("segment").profit.mean(),
            ),
            Mistake(
                "medians",
                "You compared medians. Money adds up by means: invited less control of the *means*.",
                _compare_medians(learn),
            ),
            Mistake(
                "all_invited_against_own_control",
                "You took the mean of all the invited. Each segment has its own.",
                learn.profit[learn.arm == "invited"].mean()
                - control.groupby("segment").profit.mean().rename("learned"),
            ),
            Mistake(
                "totals",
                "These are totals. Asked is the effect per customer invited: the difference of the two *means*.",
                _effects(learn) * learn[learn.arm == "invited"].segment.value_counts(),
            ),
            Mistake(
                "card_taken_off",
                "The card is off already. Leave it in for now: it is the cut-off of the next task.",
                right - CARD,
            ),
        ),
    )


def _plan(effects: pd.Series, cut: float = CARD) -> set[str]:
    """Segments whose effect exceeds the cut."""
    return set(effects.index[effects > cut])


def _value(chosen: set[str], half: str = "judge", *, cost: float = CARD, per_card: bool = False) -> Triple:
    """Value of inviting these segments, per customer of the half."""
    people = _half(half)
    mine = people[people.segment.isin(chosen)]
    return _gap(mine, cost=cost, times=1.0 if per_card else len(mine) / len(people))


def _rank_by_response(size: int) -> Triple:
    """As many cards as the right plan, in the order of the agency's forecast."""
    judge = _half("judge")
    mine = judge.sort_values("chance", ascending=False, kind="stable").head(size)
    return _gap(mine, times=size / len(judge))


@cache
def _answer_cut() -> Answers:
    learn = _half("learn")
    judge = _half("judge")
    chosen = _plan(_effects(learn))
    tuned = _plan(_effects(judge))
    right = _value(chosen)
    size = int(judge.segment.isin(chosen).sum())
    mine = judge[judge.segment.isin(chosen)]
    tuned_says = f"You chose the segments on the half that judges ({len(tuned)} of them look good there), and report their value on the same half: tuning on the holdout. Choose with the effects of 37b."
    return Answers(
        right=right,
        praise=f"{say_triple(right, 3)} per customer, with {len(mine) / len(judge):.0%} invited. The learning half had promised {say_euros(_value(chosen, 'learn')[0])}.",
        mistakes=(
            Mistake("tuned_on_the_holdout", tuned_says, _value(tuned)),
            Mistake(
                "cut_off_forgets_the_card",
                "Your cut-off is zero. An effect has to pay for its card: larger than €0.20.",
                _value(_plan(_effects(learn), 0.0)),
            ),
            Mistake("learning_half", SAYS["learning_half"], _value(chosen, "learn")),
            Mistake(
                "both_halves",
                'The half that chose the plan is among those who judge it. Take `half == "judge"` only.',
                _value(chosen, "both"),
            ),
            Mistake(
                "ranked_by_response",
                "That many cards, but to those most likely to come. Rank by what the invitation changes (37b), not by `chance`.",
                _rank_by_response(size),
            ),
            Mistake(
                "agencys_fifth",
                "That is the agency's fifth. Rank by what the invitation changes (37b), not by `chance`.",
                _gap(_fifth("judge"), times=0.2),
            ),
            Mistake(
                "trained_without_control",
                "You invited every segment whose invited customers left more than a card costs. That is response: the effect is invited less control.",
                _value(_plan(_response(learn))),
            ),
            Mistake(
                "highest_response_rate",
                "You invited the segment of which most came. That is response: rank by what the invitation changes (37b).",
                _value({_response(learn, "came").idxmax()}),
            ),
            Mistake(
                "highest_profit_of_the_invited",
                "You invited the segment whose invited customers left most. That is training without control: rank by invited *less control* (37b).",
                _value({_response(learn).idxmax()}),
            ),
            Mistake(
                "three_by_response",
                "You invited the three segments that left most when invited. Invite those whose effect exceeds the card: 37b.",
                _value(set(_response(learn).nlargest(3).index)),
            ),
            Mistake(
                "share_of_the_segments",
                "You multiplied by the share of the *segments*. Take the share of the customers of the half who are in them.",
                _gap(mine, times=len(chosen) / len(_effects(learn))),
            ),
            Mistake(
                "sales_for_profit",
                "That is sales. Goods, gift and points are not paid yet: `profit`.",
                _gap(mine, "sales", times=len(mine) / len(judge)),
            ),
            Mistake("treated_for_effect", SAYS["treated_for_effect"], _left(mine, times=len(mine) / len(judge))),
            Mistake(
                "per_card",
                "That is per card. The value of a policy is per customer of the whole half: times the share that is invited.",
                _value(chosen, per_card=True),
            ),
            Mistake("card_forgotten", SAYS["card_forgotten"], _value(chosen, cost=0.0)),
            Mistake(
                "divided_by_both_halves",
                "You divided by all customers. The half that judges has half of them.",
                multiply_triple(right, len(judge) / len(_half("both"))),
            ),
            Mistake(
                "card_for_everybody",
                "You took off a card for everybody. Only those who are invited get one: times the share.",
                move_triple(_value(chosen, cost=0.0), -CARD),
            ),
            Mistake(
                "in_all",
                "That is for all customers of the half together. Per customer, please.",
                tuple(end * len(judge) for end in right),
            ),
            Mistake(
                "everybody",
                "That is the value of inviting everybody. Keep the segments whose effect in 37b exceeds the card.",
                _gap(judge),
            ),
            Mistake("one_standard_error", SAYS["one_standard_error"], widen_triple(right, 1 / 1.96)),
        ),
    )


@cache
def _contest(half: str = "judge", cost: float = CARD) -> Contest:
    """The plan of 37c and everybody, valued by the helper."""
    people = _half(half)
    table = people[["customer_id", "arm", "profit"]].assign(propensity=0.5)
    trial = open_trial(people[["customer_id", "chance"]], table, outcome="profit")
    plan = people.set_index("customer_id").segment.isin(_plan(_effects(_half("learn"))))
    return value_policies(trial, {"segments": plan.map({True: "invited", False: ""})}, cost=cost)


def _against(half: str = "judge", cost: float = CARD) -> Triple:
    return take_triple(_contest(half, cost).compare("segments", "everybody: invited"))


@cache
def _answer_everybody() -> Answers:
    right = _against()
    found = _contest().estimates
    own = take_triple(found["segments"])
    everybody = take_triple(found["everybody: invited"])
    return Answers(
        right=right,
        praise=f"{say_triple(right)} per customer more than inviting everybody, and that interval is narrower than the two beside each other suggest.",
        mistakes=(
            Mistake(
                "against_nobody",
                "That is your plan against nobody, 37c. Asked is how much more it brings than inviting everybody.",
                own,
            ),
            Mistake(
                "everybody_alone", "That is everybody against nobody. Asked is your plan *less* everybody.", everybody
            ),
            Mistake(
                "ends_subtracted",
                "The difference is right; its interval is not the difference of the ends. The two plans share customers: `compare` knows how they move together.",
                tuple(a - b for a, b in zip(own, everybody, strict=True)),
            ),
            Mistake(
                "ends_crossed",
                "The difference is right; low less high and high less low is too wide. The two plans share customers: `compare`.",
                (right[0], own[1] - everybody[2], own[2] - everybody[1]),
            ),
            Mistake("learning_half", SAYS["learning_half"], _against("learn")),
            Mistake("card_forgotten", SAYS["card_forgotten"], _against(cost=0.0)),
            Mistake(
                "in_all",
                "That is for all customers of the half together. Per customer, please.",
                tuple(end * len(_half("judge")) for end in right),
            ),
        ),
    )


def _value_plans() -> dict[str, Triple]:
    """Value of each plan against nobody, per customer of the judging half."""
    return {
        "everybody": _gap(_half("judge")),
        "agency": _gap(_fifth("judge"), times=0.2),
        "segments": _answer_cut().right,
    }


def _say_of_words() -> dict[str, str]:
    """What is wrong with a word, whatever money stands behind it."""
    values = _value_plans()
    return {
        "everybody": f"Everybody: look at the whole judging half. It loses {say_euros(abs(values['everybody'][0]))} a customer, and the whole interval lies below zero.",
        "agency": f"Your 37a: the agency's list is open at best ({say_triple(values['agency'])} per customer of the base). It finds who comes, not whom the evening changes.",
        "hold": "Holding back would be right if no plan were clear of zero. One of yours is: look at the lower end of 37c.",
    }


def _read_decision(answer: Any) -> Any:
    """A word may come in capitals or in the singular."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 3 or not isinstance(answer[0], str):
        return answer
    word = answer[0].strip().lower()
    return ("segments" if word == "segment" else word), *answer[1:]


def _judge_decision(answer: Any) -> tuple[str | None, str]:
    """Say of a word and money that are not known as a whole what each of them shows."""
    word, money, least = answer[0], float(answer[1]), float(answer[2])
    right = _answer_decision().right
    says = _say_of_words()
    if word != right[0]:
        if word not in says:
            return None, 'The word is one of "everybody", "agency", "segments" and "hold".'
        return f"said_{word}", says[word]
    near = [abs(given - asked) <= DECISION_EUROS for given, asked in ((money, right[1]), (least, right[2]))]
    if abs(money - right[2]) <= DECISION_EUROS and abs(least - right[1]) <= DECISION_EUROS:
        return (
            "other_order",
            "The right values in another order: first what it is expected to bring, then the lower end.",
        )
    if near[0]:
        return (
            "lower_end_differs",
            "The word and the value fit; the lower end does not. It is that of 37c, times 60,000.",
        )
    if near[1]:
        return "value_differs", "The word and the lower end fit; the value does not. It is that of 37c, times 60,000."
    return None, "The word fits; the money does not. Take value and lower end of 37c, times 60,000 customers."


@cache
def _answer_decision() -> Answers:
    values = _value_plans()
    sure = {word: found for word, found in values.items() if found[1] > 0}
    word = "hold"
    money = least = 0.0
    if sure:
        word = max(sure, key=lambda name: sure[name][0])
        money, least, _ = multiply_triple(sure[word], NEXT)
    right = (word, money, least)
    chosen = _plan(_effects(_half("learn")))
    learn = _half("learn")
    wrong = [
        Mistake(f"said_{name}", text, (name, *(end * NEXT for end in values.get(name, (0.0, 0.0))[:2])))
        for name, text in _say_of_words().items()
        if name != word
    ]
    amounts = (
        (
            "holdout_total",
            "The word fits; the money is that of the half that judged. Next month there are 60,000 customers.",
            tuple(end * len(_half("judge")) for end in values["segments"][:2]),
        ),
        (
            "tuned_on_the_holdout",
            "The word fits; the money is that of a plan that was chosen on the half that judges it. It will not come true.",
            tuple(end * NEXT for end in _value(_plan(_effects(_half("judge"))))[:2]),
        ),
        (
            "learning_half",
            "The word fits; the money is what the learning half promised. Take the value of 37c.",
            tuple(end * NEXT for end in _value(chosen, "learn")[:2]),
        ),
        (
            "per_customer",
            "The word fits; the money is that of one customer of the half. Next month there are 60,000.",
            values["segments"][:2],
        ),
        (
            "upper_end",
            "The word and the value fit; you gave the upper end of the interval. What must be feared is the lower one.",
            tuple(end * NEXT for end in values["segments"][::2]),
        ),
        (
            "per_card",
            "The word fits; you multiplied the profit *of a card* with 60,000 customers. Only a part of them gets one.",
            tuple(end * NEXT for end in _value(chosen, per_card=True)[:2]),
        ),
        (
            "against_everybody",
            "The word fits; the money is against inviting everybody (37d). Without any evening the chain stands at zero: 37c.",
            tuple(end * NEXT for end in _against()[:2]),
        ),
        (
            "cut_off_forgets_the_card",
            "The word fits; the money belongs to a cut-off of zero. An effect has to pay for its card.",
            tuple(end * NEXT for end in _value(_plan(_effects(learn), 0.0))[:2]),
        ),
    )
    wrong += [Mistake(name, text, ("segments", *amount)) for name, text, amount in amounts]
    return Answers(
        right=right,
        praise=f"About {say_euros(money, 0)}, and hardly less than {say_euros(least, 0)}, if next month is like this one.",
        mistakes=tuple(wrong),
    )


TASKS = (
    Task(
        code="37a",
        asks="three numbers (profit, low, high), euros per card, card taken off, 95 % interval: the fifth of the judging half with the highest `chance`",
        compute=_answer_likely,
        tolerance=0.005,
        hints=(
            'Keep `half == "judge"` first: the agency\'s model learned on the other half.',
            '`judge.nlargest(len(judge) // 5, "chance")` is its best fifth.',
            "`compare_means(profit of the invited, profit of control)` from `loyalty.stats.intervals`; then take 20 cents off all three.",
        ),
        close="Not it. Which customers are in, and is the card paid?",
    ),
    Task(
        code="37b",
        asks="a Series with one number for each segment: effect of the invitation on profit in euros per customer invited, card *not* taken off, measured on the learning half",
        compute=_answer_effects,
        tolerance=0.005,
        hints=(
            "Two means for each segment, that of the invited and that of control.",
            '`learn.groupby(["segment", "arm"]).profit.mean().unstack()` puts them side by side.',
            "Invited less control.",
        ),
        close="Not it in all segments. Which half, and which control?",
    ),
    Task(
        code="37c",
        asks="three numbers (value, low, high), euros, three decimals: profit per customer *of the judging half* if the segments are invited whose effect in 37b exceeds the card, card paid for the invited, 95 % interval",
        compute=_answer_cut,
        tolerance=0.0005,
        hints=(
            "The cut-off is the price of a card. Which segments of 37b lie above it?",
            "On the judging half: invited less control *in those segments*, less the card.",
            "Times the share of the judging half that is in those segments. All three numbers.",
        ),
        close="Not it. Which half chose, which half judges, and per what?",
    ),
    Task(
        code="37d",
        asks="three numbers (difference, low, high): your plan less inviting everybody, euros per customer of the judging half, 95 % interval (to about 2 cents)",
        compute=_answer_everybody,
        tolerance=0.025,
        hints=(
            '`value_policies(trial, {"segments": plan}, cost=0.20)` adds `everybody: invited` by itself. A plan is a Series: "invited" or "" for each customer_id.',
            'The trial: `open_trial(profile, judge.assign(propensity=0.5)[["customer_id", "arm", "propensity", "profit"]], outcome="profit")`.',
            '`.compare("segments", "everybody: invited")` has effect, low and high.',
        ),
        close="Not it. Is it the difference on the same customers, on the judging half?",
    ),
    Task(
        code="37e",
        asks='three values: "everybody", "agency", "segments" or "hold", and what that is expected to bring with 60,000 customers next month against no evening, with the lower end of its interval, in euros, to about €60',
        compute=_answer_decision,
        tolerance=DECISION_EUROS,
        read=_read_decision,
        judge=_judge_decision,
        hints=(
            "Only plans whose whole interval lies above zero may go out; of these the one with the highest value.",
            "Bring all of them to one unit: per customer of the judging half. The agency's fifth: times 0.2.",
            "Value and lower end of the plan, times 60,000.",
        ),
        close="Not it. Do word and money belong to the same plan?",
    ),
)
