"""Exercise 34, three campaigns of a spring: right answers and the usual wrong ones, all computed from the world.

The campaigns are run in `loyalty.tasks.t34.scene`: their sales have the tax inside, and nobody wrote a margin.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pandas as pd

from loyalty.evaluate.money.value_of_testing import decide, value_test
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.triples import Triple, move_triple, say_triple, take_triple, widen_triple
from loyalty.tasks.t34.scene import PLAN, VAT, Campaigns, run_campaigns
from loyalty.text import say_euros

SUMS = ["sales", "goods_cost", "discount", "reward_paid", "points_issued", "points_redeemed"]
BOTH = ("main", "post")
SUM = 2.0  # around known wrong sums of the three profits, euros
WHOLE = 0.5
ROUNDED = 40.0  # so far off is a sum of profits that were rounded to a tenth of a cent or to the cent


@cache
def _tables() -> Campaigns:
    return run_campaigns()


@cache
def _purse(campaign: str, windows: tuple[str, ...] = BOTH) -> pd.DataFrame:
    """One row a customer of a campaign: the sums of these windows, and came and used in the campaign."""
    contacts, outcomes, _ = _tables()
    mine = outcomes[outcomes.campaign_id == campaign]
    during = mine[mine.window == "main"].set_index("customer_id")
    summed = mine[mine.window.isin(windows)].groupby("customer_id")[SUMS].sum()
    arm = contacts[contacts.campaign_id == campaign].set_index("customer_id").arm
    return summed.assign(sent=arm == "sent", came=during.orders > 0, used=during.redeemed > 0)


@cache
def _price(campaign: str) -> pd.Series:
    return _tables().offers.set_index("offer_id").loc[PLAN[campaign][0]]


def _earn(campaign: str, windows: tuple = BOTH, margin: str = "net", chance: float | None = None) -> pd.Series:
    """Profit of each customer, contact not taken off, with what is called a margin and how many points are spent."""
    purse = _purse(campaign, windows)
    price = _price(campaign)
    net = purse.sales / (1 + VAT)
    margins = {
        "net": net - purse.goods_cost,
        "gross": purse.sales - purse.goods_cost,
        "revenue": purse.sales,
        "net revenue": net,
        "four fifths": purse.sales * (1 - VAT) - purse.goods_cost,
    }
    kept = margins[margin]
    chance = price.redemption_probability if chance is None else chance
    return kept - purse.reward_paid - purse.points_issued * chance * price.point_cost


def _gap(campaign: str, values: pd.Series, *, contact: bool = True, keep: pd.Series | None = None) -> Estimate:
    """Sent less control, the price of a contact taken off."""
    sent = _purse(campaign).sent
    keep = pd.Series(True, sent.index) if keep is None else keep
    found = compare_means(values[sent & keep], values[~sent & keep])
    return _charge(found, _price(campaign).contact_cost if contact else 0.0)


def _charge(found: Estimate, cost: float) -> Estimate:
    known = {"df": found.details["df"], "n_treated": found.n_treated, "n_control": found.n_control}
    return make_estimate(found.effect - cost, found.se, method="profit", estimand="ITT", details=found.details, **known)


def _charge_alone(found: Estimate, cost: float) -> Estimate:
    return make_estimate(
        found.effect - cost, found.se, n_treated=found.n_treated, n_control=0, method="profit", estimand="the sent"
    )


@cache
def _right(campaign: str, windows: tuple[str, ...] = BOTH) -> Estimate:
    return _gap(campaign, _earn(campaign, windows))


def _anyway(campaign: str) -> float:
    """Of those who came, the part that would have come without the campaign, as control tells it."""
    purse = _purse(campaign)
    return float(purse.came[~purse.sent].mean() / purse.came[purse.sent].mean())


def _difference(campaign: str, values: pd.Series) -> float:
    sent = _purse(campaign).sent
    return float(values[sent].mean() - values[~sent].mean())


SAYS = {
    "revenue_for_margin": "That is revenue. Most of it goes to the supplier and the tax office: take off the tax and `goods_cost`, and you have the margin.",
    "net_revenue_for_margin": "The tax is off, but that is still revenue: the goods have to be paid. Margin is net sales less `goods_cost`.",
    "vat_inside_margin": "The tax is still inside your margin. `sales` is what the till took, `goods_cost` is without tax: divide sales by 1.20 before you subtract.",
    "fifth_of_the_price": "You took 20 % off the price. Tax of 20 % is put *on* the net price: divide by 1.20, do not multiply by 0.80.",
    "window_ends_with_campaign": "Your window ends with the campaign. What was only bought earlier is missing in the four weeks after it: count `post` as well.",
    "weeks_before_inside": "The window `pre`, before the sending, is inside. Only `main` and `post` count.",
    "contact_forgotten": "The price of the contacts is not in the difference. Did you leave it out, charge both groups, or book it once for the whole campaign? Each customer of the sent costs one contact, and control costs none.",
    "post_only": "You counted the four weeks after the campaign alone. Add the campaign itself: `main` and `post`.",
    "sent_alone": "That is what was earned with those who were sent to. Take off what the control group brought without any offer.",
    "turned_before_contact": "You took the sent from control. Sent minus control first, then the contacts.",
    "lift_for_profit": "That is the lift in sales. Take off the tax, the goods, the rewards, the points and the contacts.",
    "net_lift_for_profit": "That is the lift in sales without tax. Take off the goods, the rewards, the points and the contacts.",
    "contact_twice": "You took the contacts off twice, or for all 40,000 customers. Each customer of the sent costs one.",
    "contact_in_cents": "You took the price of a contact off in cents. `contact_cost` is in euros.",
    "points_forgotten": "The points that card holders earn are missing: issued × probability × cost of a point, sent less control.",
    "users_against_control": "You compared those who used the offer with the control group. To use it one has to come; everybody sent against everybody left out.",
    "buyers_only": "You left out those who bought nothing. The campaign changes who buys; everybody counts.",
    "rows_as_customers": "You averaged rows, and each customer has two of them, `main` and `post`. Sum them for each customer first: he was drawn, not his rows.",
    "contact_added": "You added the price of the contacts. It is a cost: take it off.",
    "one_standard_error": "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
}
ADDED = "You gave back the line *of which natural buyers*. The campaign did not bring them, but it did pay them: the money is gone, and the line only says to whom."


def _by_rows(campaign: str) -> Estimate:
    """Windows averaged as if each were a customer of its own."""
    sent = _purse(campaign).sent
    parts = [_earn(campaign, (window,)) for window in BOTH]
    found = compare_means(*(pd.concat([part[sent == who] for part in parts]) for who in (True, False)))
    return _charge(found, _price(campaign).contact_cost)


def _shared(campaign: str, value: Any) -> tuple[Mistake, ...]:
    """Mistakes that any of the campaigns invites; `value` turns an estimate into the answer that is asked."""
    made = {
        "revenue_for_margin": _gap(campaign, _earn(campaign, margin="revenue")),
        "net_revenue_for_margin": _gap(campaign, _earn(campaign, margin="net revenue")),
        "vat_inside_margin": _gap(campaign, _earn(campaign, margin="gross")),
        "fifth_of_the_price": _gap(campaign, _earn(campaign, margin="four fifths")),
        "window_ends_with_campaign": _right(campaign, ("main",)),
        "weeks_before_inside": _right(campaign, ("pre", "main", "post")),
        "rows_as_customers": _by_rows(campaign),
        "contact_forgotten": _gap(campaign, _earn(campaign), contact=False),
        "contact_added": _gap(campaign, _earn(campaign) + 2 * _price(campaign).contact_cost * _purse(campaign).sent),
        "buyers_only": _gap(campaign, _earn(campaign), keep=_purse(campaign).came),
    }
    purse = _purse(campaign)
    cost = _price(campaign).contact_cost
    sent = _earn(campaign)[purse.sent]
    alone = make_estimate(
        float(sent.mean()), float(sent.sem()), n_treated=len(sent), n_control=0, method="mean", estimand="the sent"
    )
    turned = _gap(campaign, -_earn(campaign))
    made |= {
        "post_only": _right(campaign, ("post",)),
        "sent_alone": _charge_alone(alone, cost),
        "turned_before_contact": turned,
        "lift_for_profit": _gap(campaign, purse.sales, contact=False),
        "net_lift_for_profit": _gap(campaign, purse.sales / (1 + VAT), contact=False),
        "contact_twice": _charge(_gap(campaign, _earn(campaign), contact=False), 2 * cost),
        "contact_in_cents": _charge(_gap(campaign, _earn(campaign), contact=False), 100 * cost),
    }
    users = _purse(campaign).used | ~_purse(campaign).sent
    made["users_against_control"] = _gap(campaign, _earn(campaign), keep=users)
    return tuple(Mistake(name, SAYS[name], value(found)) for name, found in made.items())


@cache
def _answer_discount() -> Answers:
    right = _right("discount").effect
    anyway = _anyway("discount")
    given = _difference("discount", _purse("discount").discount) / (1 + VAT)
    points = _gap("discount", _earn("discount", chance=0.0)).effect - right
    return Answers(
        right=right,
        praise=f"{say_euros(right, 3)} a customer; on the last day of the campaign it looked like {say_euros(_right('discount', ('main',)).effect, 3)}.",
        mistakes=(
            *_shared("discount", lambda found: found.effect),
            Mistake(
                "natural_buyers_forgotten",
                f"You left out the discount of those who would have come anyway ({anyway:.0%} of the buyers). The campaign did not bring them, but it gave them 10 % off: their part counts like any other.",
                right + anyway * given,
            ),
            Mistake("natural_buyers_added_back", ADDED, right + anyway * (given + points)),
            Mistake(
                "discount_left_out",
                "The discount is missing: you used the margin at full price. What was paid is `sales`; nothing is added to it.",
                right + given,
            ),
            Mistake(
                "discount_twice",
                "You took the discount off twice. `sales` is what was paid, the discount is already off.",
                right - given,
            ),
            Mistake(
                "points_forgotten", SAYS["points_forgotten"], _gap("discount", _earn("discount", chance=0.0)).effect
            ),
            Mistake(
                "points_at_face",
                "All points at a cent each: that is their face value. Three of ten are never spent: times `redemption_probability`.",
                _gap("discount", _earn("discount", chance=1.0)).effect,
            ),
            Mistake(
                "margin_alone",
                "That is the margin alone. The points and the contacts have to be paid as well.",
                _gap("discount", _earn("discount", chance=0.0), contact=False).effect,
            ),
            Mistake(
                "points_in_cents",
                "You took 0.70 off for each point: that is cents. A new point costs 0.70 × €0.01.",
                _gap("discount", _earn("discount", chance=70.0)).effect,
            ),
            Mistake(
                "per_buyer",
                "You divided by the customers who came. Profit per customer *sent*: those who stayed at home count too.",
                right / float(_purse("discount").came[_purse("discount").sent].mean()),
            ),
            Mistake(
                "all_customers",
                "You divided by all 40,000. Half of them were sent the offer: mean of the sent, minus mean of control.",
                right / 2,
            ),
            Mistake(
                "totals",
                "That is the money of the whole campaign. Divide by the customers to whom it was sent.",
                right * int(_purse("discount").sent.sum()),
            ),
        ),
    )


def _added_intervals(campaign: str) -> Triple:
    """The right effect, with the ends of the intervals of margin and points added up."""
    purse = _purse(campaign)
    price = _price(campaign)
    margin = _gap(campaign, purse.sales / (1 + VAT) - purse.goods_cost - purse.reward_paid)
    points = _gap(campaign, -purse.points_issued * price.redemption_probability * price.point_cost, contact=False)
    return margin.effect + points.effect, margin.low + points.low, margin.high + points.high


@cache
def _answer_points() -> Answers:
    right = take_triple(_right("points"))
    purse = _purse("points")
    price = _price("points")
    cent = price.redemption_probability * price.point_cost
    cost = _difference("points", purse.points_issued) * cent
    of_control = float(purse.points_issued[~purse.sent].mean()) * cent
    face, zero = (take_triple(_gap("points", _earn("points", chance=chance))) for chance in (1.0, 0.0))
    so_far = _gap("points", purse.sales / (1 + VAT) - purse.goods_cost - purse.points_redeemed * price.point_cost)
    return Answers(
        right=right,
        praise=f"{say_triple(right)}. At face value {say_euros(face[0])}, as if points were free {say_euros(zero[0])}.",
        mistakes=(
            *_shared("points", take_triple),
            Mistake(
                "points_at_face",
                "Your points stand at face value, a cent each. Three of ten are never spent: times `redemption_probability`.",
                face,
            ),
            Mistake(
                "points_forgotten",
                "The points cost nothing in your bill. They are money that customers will spend: issued × probability × cost of a point.",
                zero,
            ),
            Mistake(
                "points_spent_so_far",
                "You booked the points that were spent so far. People take up to three months; what is issued and will be spent is owed already: `points_issued` × probability.",
                take_triple(so_far),
            ),
            Mistake(
                "points_of_control_forgotten",
                "You took off all points of those who were sent to. Card holders earn points without any campaign as well: sent less control.",
                move_triple(right, -of_control),
            ),
            Mistake(
                "natural_buyers_forgotten",
                "You counted the points of additional buyers only. Those who would have come anyway got 300 points too.",
                move_triple(zero, -(1 - _anyway("points")) * cost),
            ),
            Mistake("natural_buyers_added_back", ADDED, move_triple(right, _anyway("points") * cost)),
            Mistake(
                "interval_not_moved",
                "The effect is right; the ends of the interval still lack the 8 cents. A known price moves all three.",
                (right[0], right[1] + price.contact_cost, right[2] + price.contact_cost),
            ),
            Mistake(
                "intervals_added",
                "The effect is right; the interval is a sum of intervals. Margin and points of a customer move together: one profit for each customer, then one interval.",
                _added_intervals("points"),
            ),
            Mistake(
                "points_in_cents",
                "You took 0.70 off for each point: that is cents. A new point costs 0.70 × €0.01.",
                take_triple(_gap("points", _earn("points", chance=70.0))),
            ),
            Mistake(
                "margin_alone",
                "That is the margin alone. The points and the contacts have to be paid as well.",
                take_triple(_gap("points", _earn("points", chance=0.0), contact=False)),
            ),
            Mistake(
                "in_all",
                "That is the money of the whole campaign. Per customer sent, please.",
                take_triple(_right("points"), times=int(purse.sent.sum())),
            ),
            Mistake("one_standard_error", SAYS["one_standard_error"], widen_triple(right, 1 / 1.96)),
            Mistake(
                "campaign_of_34a",
                'That is the profit of the discount, the campaign of 34a. Keep the rows whose `campaign_id` is "points".',
                take_triple(_right("discount")),
            ),
        ),
    )


@cache
def _answer_service() -> Answers:
    purse = _purse("service")
    price = _price("service")
    treated = int(purse.sent.sum())
    right = take_triple(_right("service"), times=treated)
    anyway = _anyway("service")
    free = take_triple(_gap("service", _earn("service") + purse.reward_paid), times=treated)
    rewards = _difference("service", purse.reward_paid) * treated
    additional = _difference("service", purse.came.astype(float)) * price.reward_cost * treated
    points = _gap("service", _earn("service", chance=0.0)).effect * treated - right[0]
    everyone = len(purse) / treated
    return Answers(
        right=right,
        praise=f"{say_euros(right[0], 0)} in all. {say_euros(anyway * (rewards + points), 0)} went to customers who would have come anyway.",
        mistakes=(
            *_shared("service", lambda found: take_triple(found, times=treated)),
            Mistake(
                "natural_buyers_forgotten",
                f"You counted the service of additional customers only ({1 - anyway:.0%} of those who came). The others were served as well, and the bill names them: all rewards count.",
                move_triple(free, -(1 - anyway) * rewards),
            ),
            Mistake(
                "one_service_a_new_buyer",
                "You booked one service for each customer that the campaign brought. The bill is for those who used it, and nearly all of them would have come anyway.",
                move_triple(free, -additional),
            ),
            Mistake("natural_buyers_added_back", ADDED, move_triple(right, anyway * (rewards + points))),
            Mistake(
                "natural_buyers_twice",
                "What went to natural buyers is off twice. It is an *of which* line: their services are among the rewards already.",
                move_triple(right, -anyway * rewards),
            ),
            Mistake(
                "points_forgotten",
                SAYS["points_forgotten"],
                take_triple(_gap("service", _earn("service", chance=0.0)), times=treated),
            ),
            Mistake(
                "points_at_face",
                "Your points stand at face value, a cent each. Three of ten are never spent: times `redemption_probability`.",
                take_triple(_gap("service", _earn("service", chance=1.0)), times=treated),
            ),
            Mistake("rewards_left_out", "The services are missing in your bill: `reward_paid`.", free),
            Mistake(
                "rewards_twice",
                "You took the services off twice. They are in `reward_paid`, once for each that was used.",
                take_triple(_gap("service", _earn("service") - purse.reward_paid), times=treated),
            ),
            Mistake(
                "tax_taken_out_of_the_rewards",
                "You divided the services by 1.20 as well. Only sales hold the tax of the till: `reward_paid` is what the firm pays.",
                take_triple(_gap("service", _earn("service") + purse.reward_paid * VAT / (1 + VAT)), times=treated),
            ),
            Mistake(
                "contact_of_the_others",
                "You booked 8 cents a contact. This campaign was a call: 50 cents.",
                move_triple(right, (price.contact_cost - _price("points").contact_cost) * treated),
            ),
            Mistake(
                "per_customer",
                "That is per customer. Times the customers to whom it was sent.",
                take_triple(_right("service")),
            ),
            Mistake(
                "all_customers",
                "You multiplied with all customers. Only half of them were sent the offer.",
                tuple(end * everyone for end in right),
            ),
            Mistake("one_standard_error", SAYS["one_standard_error"], widen_triple(right, 1 / 1.96)),
        ),
    )


def _advise(found: Estimate) -> str:
    """One word for what to do next, by the rule of the lesson."""
    test = value_test(found.effect, found.se, found.n_treated + found.n_control, found.n_treated, found.n_control)
    return decide(found, test)[1].split()[0].strip(":")


def _decide(windows: tuple[str, ...] = BOTH) -> tuple[Any, ...]:
    found = [_right(name, windows) for name in PLAN]
    return (*map(_advise, found), sum(one.effect * one.n_treated for one in found))


def _test_if_open(found: Estimate) -> str:
    """The usual wrong rule: test whatever has zero in its interval."""
    if found.high < 0:
        return "stop"
    return "send" if found.low > 0 else "test"


RULES = {
    "send": "lost money for certain: not even the upper end of its interval reaches zero. A slide is no reason.",
    "stop": "is stopped because it is not proven. Open is not lost: if one has to act, the likelier side earns more on "
    "average, and here a further test costs more than it tells.",
    "test": "is tested because it is open. Compare: is `value_of_testing` larger than what the test costs "
    "(`testing.cost`)? A test keeps a good offer from the control group.",
}
NAMES = {"send": "sent_what_lost", "stop": "only_what_is_sure", "test": "test_whatever_is_open"}


@cache
def _list_sums() -> dict[str, tuple[str, float]]:
    """Wrong sums of the three profits, by name: what is said, and the amount."""
    found = [_right(name) for name in PLAN]
    n = [one.n_treated for one in found]
    totals = [one.effect * size for one, size in zip(found, n, strict=True)]
    cents = sum(round(one.effect, 2) * size for one, size in zip(found, n, strict=True))
    free = sum(_gap(name, _earn(name), contact=False).effect * size for name, size in zip(PLAN, n, strict=True))
    early = sum(_right(name, ("main",)).effect * size for name, size in zip(PLAN, n, strict=True))
    return {
        "window_ends_with_campaign": (
            "Your sum ends with the campaigns. Add the four weeks after each of them; your 34a to 34c hold them.",
            early,
        ),
        "per_customer": (
            "The sum is per customer. Each campaign was sent to about 20,000: totals, please.",
            sum(one.effect for one in found),
        ),
        "service_left_out": (
            "The service is missing in the sum. What is stopped has lost its money all the same.",
            totals[0] + totals[1],
        ),
        "service_alone": ("Your sum is the service alone. Add the other two.", totals[2]),
        "rounded_first": (
            "You rounded the profits per customer to the cent before you multiplied. Add the unrounded totals.",
            cents,
        ),
        "contact_forgotten": ("The contacts of the three campaigns are not in the sum.", free),
        "all_customers": ("You multiplied with all 40,000. Half of them were sent each offer.", 2 * sum(totals)),
        "sign_turned": ("The size of the sum is right, its sign is turned.", -sum(totals)),
        "sizes_added": ("You added the amounts without their signs. What was lost is below zero.", sum(map(abs, totals))),
    }  # fmt: skip


@cache
def _answer_decision() -> Answers:
    right = _decide()
    words = right[:3]
    total = right[3]
    early = _decide(("main",))
    verdicts = [_right(name) for name in PLAN]
    sure = tuple("send" if one.low > 0 else "stop" for one in verdicts)
    doubt = tuple(map(_test_if_open, verdicts))
    face = (right[0], _advise(_gap("points", _earn("points", chance=1.0))), right[2])
    known = [
        (
            "sent_all",
            ("send", "send", "send", total),
            f"Your 34c: the service lost {say_euros(abs(_right('service').effect))} a customer, and not even the upper end of its interval reaches zero. A slide is no reason.",
        ),
        (
            "only_what_is_sure",
            (*sure, total),
            "You stop whatever is not proven. Open is not lost: if one has to act, the likelier side earns more on average, and here a further test costs more than it tells.",
        ),
        (
            "test_whatever_is_open",
            (*doubt, total),
            "An open verdict is no reason to test. Compare: is `value_of_testing` larger than what the test costs (`testing.cost`)? A test keeps a good offer from the control group.",
        ),
        (
            "points_at_face",
            (*face, total),
            "For the points `test` would follow from face value. At the price of your 34b another test costs more than it tells.",
        ),
    ]
    known += [
        (name, (*(early[:3] if name == "window_ends_with_campaign" else words), amount), says)
        for name, (says, amount) in _list_sums().items()
    ]
    seen = {right}
    mistakes = []
    for name, value, says in known:
        if value not in seen:
            mistakes.append(Mistake(name, says, value))
            seen.add(value)
    return Answers(right=right, praise=f"{say_euros(total, 0)} together.", mistakes=tuple(mistakes))


def read_decision(answer: Any) -> Any:
    """Take the first word of each decision ("send again" is "send"), and three words in a tuple of their own."""
    if not isinstance(answer, (tuple, list)):
        return answer
    if len(answer) == 2 and isinstance(answer[0], (tuple, list)):
        answer = (*answer[0], answer[1])
    short = [one.strip().strip(":").split(" ")[0].strip(":") if isinstance(one, str) else one for one in answer]
    return tuple(short)


def judge_decision(answer: Any) -> tuple[str | None, str]:
    """Say which word does not follow from the numbers, or what the sum is."""
    *words, total = _decide()
    given = [str(word).casefold() for word in answer[:3]]
    amount = float(answer[3])
    strange = [word for word in given if word not in RULES]
    if strange:
        return None, f"A word is “send”, “test” or “stop”; you gave “{strange[0]}”."
    if not math.isfinite(amount):
        return "no_number", "Your sum is missing (NaN) or infinite: add the three totals."
    sum_is = "The sum is right." if abs(amount - total) <= WHOLE else "The sum is to be looked at as well."
    for campaign, word, good in zip(PLAN, given, words, strict=True):
        if word != good and good == "stop":
            return NAMES["send"], f"“{campaign}” {RULES['send']} {sum_is}"
        if word != good:
            return NAMES[word], f"“{campaign}” {RULES[word]} {sum_is}"
    for name, (says, known) in _list_sums().items():
        if abs(amount - known) <= SUM:
            return name, f"The words are right. {says}"
    if abs(amount - total) <= ROUNDED:
        return "rounded_first", "The words are right. The sum is near: were the profits rounded before you multiplied?"
    if abs(amount * 1000 - total) <= 1000 * 0.6:
        return "thousandth", "The words are right. The sum is in thousands: whole euros, please."
    return None, "The words are right, the sum is not. Is it that of 34a to 34c, in totals, unrounded?"


_WHAT = "sent less control, campaign and 28 days after it (`main` and `post`), contact cost taken off, a point issued at 0.7 cents"
TASKS = (
    Task(
        code="34a",
        asks=f"one number: profit of the discount in euros per customer sent, to a tenth of a cent; {_WHAT}",
        compute=_answer_discount,
        tolerance=0.0005,
        hints=(
            "Margin of a row: `sales / 1.20 - goods_cost`. The discount is already off.",
            "Sum `main` and `post` for each customer; points are `points_issued` × 0.70 × €0.01.",
            "Profit is margin less rewards less points. Mean of the sent, minus mean of control, minus 8 cents.",
        ),
        close="Close, not it. Which windows are in, and what stands in your margin?",
    ),
    Task(
        code="34b",
        asks=f"three numbers (profit, low, high) of the points, euros per customer sent, to a tenth of a cent, 95 % interval (± 1.96 standard errors); {_WHAT}",
        compute=_answer_points,
        tolerance=0.0005,
        hints=(
            "Give every customer one number, his profit, as in 34a. Then one interval.",
            "`compare_means(profit of the sent, profit of control)` from `loyalty.stats.intervals`; then take 8 cents off all three.",
            "Or `campaign_money(contacts, outcomes, offers)` with `margin` added to the outcomes; its `.profit` has effect, low and high.",
        ),
        close="Close, not it. What does a point cost, and is it one profit for each customer?",
    ),
    Task(
        code="34c",
        asks=f"three numbers (profit, low, high) of the service in all, whole euros, 95 % interval (± 1.96 standard errors); {_WHAT}",
        compute=_answer_service,
        tolerance=WHOLE,
        slack=5,
        hints=(
            "As 34b, with the costs of the service: `reward_paid` counts in full, 50 cents for each contact.",
            "In all means: times the number of customers to whom it was sent.",
            "`campaign_money(…).total` has effect, low and high.",
        ),
        close="Close, not it. Are all services in the bill, and how many customers were sent the offer?",
    ),
    Task(
        code="34d",
        asks='four values: "send", "test" or "stop" for discount, points and service in this order, and the sum of their three profits in all, added unrounded, in whole euros',
        compute=_answer_decision,
        tolerance=WHOLE,
        slack=SUM,
        read=read_decision,
        judge=judge_decision,
        hints=(
            "Whole interval above zero: send. Whole interval below: stop. Else compare `money.value_of_testing` with `money.testing.cost`.",
            "If a test costs more than it tells, take the likelier side: the sign of the profit.",
            "`money.recommendation` begins with the word, `money.total.effect` is the amount.",
        ),
    ),
)
