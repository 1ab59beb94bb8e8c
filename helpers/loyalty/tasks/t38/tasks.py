"""Exercise 38, a budget is cut: right answers and the usual wrong ones, all computed from the tests' figures.

The scene is made in `loyalty.tasks.t38.scene`.
"""

from __future__ import annotations

from functools import cache

from loyalty.evaluate.budget.plan import plan_budget
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t38.plans import FULL, find_price, find_profit, make_options, make_plan, open_tables
from loyalty.tasks.t38.scene import BUDGET, CALLS, CONTROL, CUT
from loyalty.tasks.t38.wish import AGENT_CALLS, LEFT, answer_wish, judge_wish


def _fill_by_hand(order: str, *, count_calls: bool = True) -> float:
    """Profit when the best offer of each segment is bought from the top of a ranking until the money is gone."""
    money = float(CUT)
    calls = float(CALLS)
    profit = 0.0
    table = make_options()
    table = table.assign(per_euro=table.profit / table.cost)[table.profit > 0]
    table = table.sort_values(order, ascending=False).drop_duplicates("segment")
    for row in table.itertuples():
        most = row.customers * (1 - CONTROL)
        contacts = min(most, money / row.cost, calls if row.channel == "call" else most)
        money = money - contacts * row.cost
        if row.channel == "call" and count_calls:
            calls = calls - contacts
        profit += contacts * row.profit
    return profit


def _give_two_offers() -> float:
    """Profit when a customer may get each of the offers: every option is then a segment of its own."""
    table = make_options()
    apart = table.assign(segment=table.segment + table.offer_id)
    return float(plan_budget(apart, CUT, capacity={"call": CALLS}, control_share=CONTROL).profit.effect)


@cache
def _answer_cost() -> Answers:
    rows = open_tables().agency.merge(make_options(), on=["segment", "offer_id"])
    right = float(rows.contacts @ rows.cost)
    mean = open_tables().options.groupby("offer_id").redeemed.mean()
    averaged = rows.contact_cost + rows.discount + rows.reward * rows.offer_id.map(mean)
    full = make_options("full").set_index(["segment", "offer_id"]).cost
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
            Mistake(
                "rewards_only",
                "Those are the rewards alone. Contacts and discounts leave the till as well.",
                float(rows.contacts @ (rows.reward * rows.redeemed)),
            ),
            Mistake(
                "discounts_only",
                "Those are the discounts alone. Contacts and rewards leave the till as well.",
                float(rows.contacts @ rows.discount),
            ),
            Mistake(
                "contact_cost_forgotten",
                "The contacts themselves are missing: `contact_cost` is paid for each of them.",
                float(rows.contacts @ (rows.cost - rows.contact_cost)),
            ),
            Mistake(
                "control_taken_off_twice",
                "You took a tenth off the contacts. The agency's plan says how many it contacts: `contacts`, as it stands.",
                right * (1 - CONTROL),
            ),
            Mistake(
                "mean_cost",
                "You multiplied all contacts by one mean cost. The lines differ in size: multiply line by line, then add.",
                float(rows.contacts.sum() * rows.cost.mean()),
            ),
            Mistake(
                "whole_segments",
                "You multiplied by the size of the segments. The agency contacts only a part of each: `contacts`.",
                float(rows.customers @ rows.cost),
            ),
            Mistake(
                "all_times_redeemed",
                "You multiplied the whole cost by `redeemed`. Every contact is paid, and `discount` is per contacted customer already; only `reward` is per user.",
                float(rows.contacts @ (rows.redeemed * (rows.contact_cost + rows.discount + rows.reward))),
            ),
            Mistake(
                "contacts_times_redeemed",
                "You multiplied `contact_cost` by `redeemed`, and left `reward` as it is. It is the other way round: each contact is paid, and a reward only where it is redeemed.",
                float(rows.contacts @ (rows.redeemed * rows.contact_cost + rows.discount + rows.reward)),
            ),
            Mistake(
                "profit_less_cost",
                "That is the profit less the cost. `profit` is after all costs already, and asked is only what the plan costs.",
                float(rows.contacts @ (rows.profit - rows.cost)),
            ),
            Mistake(
                "profit_for_cost",
                "That is what the agency's plan promises as profit. Asked is what it costs.",
                float(rows.contacts @ rows.profit),
            ),
        ),
    )


@cache
def _answer_plan() -> Answers:
    right = find_profit()
    before = find_profit(BUDGET)
    agency = open_tables().agency.merge(make_options(), on=["segment", "offer_id"])
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
                find_profit(calls=None),
            ),
            Mistake("full_redemption", FULL, find_profit(way="full")),
            Mistake(
                "control_forgotten",
                "Your plan contacts whole segments. Ten percent of each are control, and get nothing.",
                find_profit(control=0.0),
            ),
            Mistake(
                "ranked_by_hand",
                "You bought from the top of a ranking until the money was gone: by profit per *contact*, or with one offer for each segment. Rank by profit per euro of cost, and when the calls run out, let a segment's second offer in. Or let the linear programme choose.",
                (_fill_by_hand("profit") + _fill_by_hand("per_euro")) / 2,  # within a euro of each other
            ),
            Mistake(
                "calls_for_each_segment",
                f"You bought from the top of a ranking and allowed {CALLS:,} calls in each segment. They are {CALLS:,} in all: let the linear programme choose.",
                _fill_by_hand("per_euro", count_calls=False),
            ),
            Mistake(
                "agency_grown",
                "That is the agency's plan, scaled to the money. It spends on segments where a euro brings little.",
                grown,
            ),
            Mistake(
                "agency_cut",
                f"That is the agency's profit, cut by the share that Jonas cut. Its plan costs less than €{CUT:,} (38a), and it is not the best one.",
                float(agency.contacts @ agency.profit) * CUT / BUDGET,
            ),
            Mistake(
                "agency_less_the_cut",
                "You took the money that Jonas cut off the agency's profit. Asked is the best plan for what is left.",
                float(agency.contacts @ agency.profit) - (BUDGET - CUT),
            ),
            Mistake(
                "control_of_the_money",
                f"You took a tenth off the money. All €{CUT:,} may be spent: the control group is a tenth of each segment's *customers*.",
                find_profit(CUT * (1 - CONTROL)),
            ),
            Mistake(
                "control_of_the_profit",
                "You planned without a control group and took a tenth off the profit. Take the tenth off each segment's customers, then plan: the money goes to others.",
                find_profit(control=0.0) * (1 - CONTROL),
            ),
            Mistake(
                "cost_off_each_contact",
                "You took the cost off the profit of each contact. It is off already: `profit` is after all costs.",
                find_profit(way="cost off profit"),
            ),
            Mistake(
                "contacts",
                "That is how many customers the plan contacts. Asked is its profit.",
                float(make_plan().plan.contacts.sum()),
            ),
            Mistake(
                "nobody_called",
                f"Your plan calls nobody. Up to {CALLS:,} calls may be made.",
                find_profit(calls=0),
            ),
            Mistake("not_cut", f"That is the plan for €{BUDGET:,}. Jonas has cut it to €{CUT:,}.", before),
            Mistake(
                "whole_segments",
                "You gave each segment one offer as a whole or none. Parts of a segment may be contacted.",
                find_profit(whole=True),
            ),
            Mistake(
                "limits_forgotten",
                "Only the budget limits your plan. Give `capacity` and `control_share` too.",
                find_profit(calls=None, control=0.0),
            ),
            Mistake(
                "control_of_the_calls",
                f"You took a tenth off the calls as well. All {CALLS:,} may be made: the control group is a part of each segment.",
                find_profit(calls=CALLS * (1 - CONTROL)),
            ),
            Mistake(
                "two_offers",
                "Your plan gives some customers two offers. At most one each: the offers of a segment share its customers.",
                _give_two_offers(),
            ),
            Mistake(
                "discounts_forgotten",
                "Your costs lack the discounts, and so the money seems to reach further than it does: 38a.",
                find_profit(way="no discounts"),
            ),
            Mistake(
                "rewards_forgotten",
                "Your costs lack the rewards: reward × `redeemed`, as in 38a.",
                find_profit(way="no rewards"),
            ),
            Mistake(
                "discounts_times_redeemed",
                "In your costs the discount is multiplied by `redeemed`; it is per contacted customer already.",
                find_profit(way="discounts of users"),
            ),
            Mistake(
                "ten_thousand",
                "That is the plan for €10,000, the lesson's budget. Here it is €9,500.",
                find_profit(10_000),
            ),
            Mistake("money_for_profit", "That is the money. Asked is the profit of the plan.", float(CUT)),
            Mistake(
                "money_added",
                "You added the money that is spent. Profit is what is left after it.",
                right + make_plan().cost,
            ),
            Mistake(
                "cost_off_twice",
                "You took the cost off the profit. It is off already: `profit` is after all costs.",
                right - make_plan().cost,
            ),
            Mistake(
                "profit_per_contact",
                "That is per contact. The profit of the whole plan, please.",
                right / float(make_plan().plan.contacts.sum()),
            ),
            Mistake(
                "agency_as_it_is",
                "That is the profit of the agency's own plan. Asked is the best plan for the money.",
                float(agency.contacts @ agency.profit),
            ),
        ),
    )


@cache
def _answer_prices() -> Answers:
    plan = make_plan()
    right = (find_price(plan, "budget"), find_price(plan, "capacity"))
    free = make_plan(calls=None)
    full = make_plan(way="full")
    bare = make_plan(way="no rewards")
    before = make_plan(BUDGET)
    everybody = make_plan(control=0.0)
    best = make_options()[make_options().channel == "call"].sort_values("profit").iloc[-1]
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
                (find_price(free, "budget"), 0.0),
            ),
            Mistake("full_redemption", FULL, (find_price(full, "budget"), find_price(full, "capacity"))),
            Mistake(
                "control_forgotten",
                "These are the prices without a control group. Give `control_share`: a tenth of each segment gets nothing.",
                (find_price(everybody, "budget"), find_price(everybody, "capacity")),
            ),
            Mistake(
                "not_cut",
                f"These are the prices at €{BUDGET:,}. Jonas has cut that to €{CUT:,}, and the less money, the dearer a euro.",
                (find_price(before, "budget"), find_price(before, "capacity")),
            ),
            Mistake(
                "rewards_forgotten",
                "Your costs lack the rewards: reward × `redeemed`, as in 38a.",
                (find_price(bare, "budget"), find_price(bare, "capacity")),
            ),
            Mistake(
                "customer_for_call",
                "Your second number is the price of one more customer of a segment. The call stands in the row `capacity`.",
                (right[0], find_price(plan, "segment")),
            ),
            Mistake(
                "return_of_the_call",
                "Your call is its profit for each euro of its cost. Asked is the profit of one more call.",
                (right[0], float(best.profit / best.cost)),
            ),
            Mistake(
                "call_without_a_price",
                "Your euro is right. But the calls are all used, so one more of them has a price too: the row `capacity`.",
                (right[0], 0.0),
            ),
            Mistake(
                "cost_off_twice",
                "You took the cost of the call off its profit. `profit` is after all costs; ask what the same money earns elsewhere.",
                (right[0], float(best.profit - best.cost)),
            ),
            Mistake(
                "both_with_the_euro_inside",
                "You added a euro to each price. Profit is after all costs: what comes back on top is the price.",
                (1 + right[0], 1 + right[1]),
            ),
            Mistake(
                "price_of_all_calls",
                f"Your second number is for {AGENT_CALLS} calls. Asked is one.",
                (right[0], right[1] * AGENT_CALLS),
            ),
            Mistake(
                "no_prices",
                "Both limits bind, so one more of each brings something. (A plan of whole segments shows no prices: let an offer go to a part of a segment, as in 38b.)",
                (0.0, 0.0),
            ),
            Mistake(
                "averages_of_the_whole",
                "Both are averages: the profit of the whole plan, by the euro and by the call, though most of it comes without a call. What would *one more* bring?",
                (average, plan.profit.effect / CALLS),
            ),
            Mistake(
                "euro_off_again",
                "You took the euro itself off. Profit is after all costs: what comes back on top of the euro is the price.",
                (right[0] - 1, right[1]),
            ),
            Mistake(
                "money_of_the_call",
                "Your call is only what its money earns elsewhere. Take that off the profit of the call: the rest is its price.",
                (right[0], float(best.cost) * right[0]),
            ),
            Mistake("turned", "The other way round, please: the euro first, then the call.", right[::-1]),
            Mistake(
                "euro_with_itself",
                "You added the euro itself. Profit is after all costs: what comes back on top of the euro is the price.",
                (1 + right[0], right[1]),
            ),
        ),
    )


_PLAN = f"budget €{CUT:,}, at most {CALLS:,} calls, 10 % of each segment as control, at most one offer a customer"
TASKS = (
    Task(
        code="38a",
        asks="one number: what the agency's plan costs in all at expected redemption, whole euros",
        compute=_answer_cost,
        tolerance=0.5,
        slack=2,
        hints=(
            "A contact costs `contact_cost + discount + reward * redeemed`. `discount` is per contacted customer already.",
            'Bring the costs to the agency\'s lines: `agency.merge(options, on=["segment", "offer_id"])`.',
            "Contacts × cost, summed over the lines.",
        ),
        close="Not it. Which of the four columns are in your cost, and is the redemption that of the row?",
    ),
    Task(
        code="38b",
        asks=f"one number: profit of the best plan, whole euros; {_PLAN}",
        compute=_answer_plan,
        tolerance=0.5,
        slack=2,
        hints=(
            "Give the options a column `cost`, as in 38a.",
            '`plan_budget(options, 9_500, capacity={"call": 2_500}, control_share=0.10)` from `loyalty.evaluate.budget`.',
            "The number is `.profit.effect`.",
        ),
        close="Not it. Are all four limits in: money, calls, control, one offer a customer?",
    ),
    Task(
        code="38c",
        asks=f"two numbers (euro, call): profit that one more euro and one more call would bring, to a cent; {_PLAN}",
        compute=_answer_prices,
        tolerance=0.005,
        hints=(
            "Plan again with one euro more, and with one call more, and look at the difference.",
            "Or read the column `price` of `plan.binding`.",
            "The price of a call stands in the row whose limit is `capacity`.",
        ),
        close="Not it. Is it the *next* euro and the *next* call at the plan of 38b, and no mean over a large step?",
    ),
    Task(
        code="38d",
        asks=f'three values (word, agent, budget): the better wish, "agent" or "budget", and the profit that each of the two brings on top of 38b, whole euros: agent ({AGENT_CALLS} calls, wage €{LEFT} taken off), €{LEFT} more budget',
        compute=answer_wish,
        tolerance=0.5,
        slack=2,
        hints=(
            f"Plan twice more: once with {CALLS + AGENT_CALLS:,} calls, once with €{CUT + LEFT:,}. The difference to 38b is what the wish brings.",
            "What is paid inside a plan is off its profit already. Is the wage?",
            "Agent: difference less €300. Budget: the difference as it is.",
        ),
        judge=judge_wish,
        close="",
    ),
)
