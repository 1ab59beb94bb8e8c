"""Exercise 24, the letters of a town: right answers and the usual wrong ones, all computed from the receipts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.segment.micro import Communities
from loyalty.tasks.checking.alignment import distance
from loyalty.tasks.checking.answers import Mismatch, kind_of, read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.mistakes import find_mistakes, find_reach, name_mistakes, set_apart
from loyalty.tasks.t24.measures import (
    KINDS,
    OFFERS,
    REWIRINGS,
    find_gain_of_those_who_came,
    find_gain_on_again,
    find_inside,
    interval_unpaired,
    link,
    link_days,
    score,
    score_leaky,
    split,
    split_days,
)
from loyalty.tasks.t24.scene import BAG, TOWN_CUT, read_town

PER_MILLE, FOUR_DECIMALS = 0.0005, 0.00005
ASKS_COMMUNITIES = (
    f"three numbers, to three decimals: Barber's modularity, and the middle 95 % of {REWIRINGS} rewirings (low, high)"
)


@cache
def _answer_links() -> Answers:
    links = link()
    right = len(links.table)
    town = read_town()
    early = town[(town["time"] < TOWN_CUT) & (town["product_id"] != BAG)]
    mistakes = (
        Mistake(
            "carrier_bag",
            f"The carrier bag (product {BAG}) is among your things. It links nearly everybody, and says nothing about taste. Leave it out.",
            len(link(bag=True).table),
        ),
        Mistake(
            "all_months",
            "These are the links of all months. The offers will be scored from April on, so links are made before: that would be a leak.",
            len(link(all_months=True).table),
        ),
        Mistake(
            "bag_and_all_months",
            "The carrier bag is among your things, and the later months are in. Links end on 1 April, and the bag is left out.",
            len(link(bag=True, all_months=True).table),
        ),
        Mistake(
            "later_months",
            "These are the links *from* April on. The offers will be scored on those months: links are made of the months before.",
            len(link_days(TOWN_CUT, None).table),
        ),
        Mistake(
            "a_day_more",
            '1 April is among your days. `end` is the first day that does *not* count: `end="2024-04-01"`.',
            len(link_days(None, "2024-04-02").table),
        ),
        Mistake(
            "a_day_less",
            '31 March is missing. `end` is the first day that does *not* count: `end="2024-04-01"`.',
            len(link_days(None, "2024-03-31").table),
        ),
        Mistake(
            "raw_counts",
            "You counted receipts of each pair. However often a customer buys a product: a pair has one link.",
            int(links.table["receipts"].sum()),
        ),
        Mistake(
            "lines",
            "You counted receipt lines. However often a customer buys a product: a pair has one link.",
            len(early),
        ),
        Mistake("customers", "These are the customers. Links are asked.", links.table["customer_id"].nunique()),
        Mistake("products", "These are the products. Links are asked.", links.table["product_id"].nunique()),
        Mistake(
            "above_chance",
            'These are the links above chance. With so few receipts a product it is nearly none: keep all of them (`keep="all"`).',
            links.above_chance,
        ),
    )
    return Answers(right, mistakes, f"{right:,} links.")


def _take_chance(found: Communities) -> tuple[float, float, float]:
    return found.modularity, found.null_low, found.null_high


@cache
def _answer_communities() -> Answers:
    found = split()
    right = _take_chance(found)
    mistakes = (
        Mistake(
            "median_of_the_rewired",
            "Your first number is what chance alone makes, `.null_median`. Asked is the modularity of the customers' own graph.",
            (found.null_median, found.null_low, found.null_high),
        ),
        Mistake(
            "nothing_taken_off",
            "Your first number is the share of links that stay inside. Chance sends some there too, and that is taken off: `.modularity`.",
            (find_inside(), found.null_low, found.null_high),
        ),
        Mistake(
            "interval_of_p",
            "The ends belong to the p-value. The middle 95 % of the rewired graphs are asked: `.null_low` and `.null_high`.",
            (found.modularity, found.p_low, found.p_high),
        ),
    )
    praise = f"{right[0]:.3f}, and by lot {right[1]:.3f} to {right[2]:.3f}: there are communities."
    return Answers(right, mistakes, praise)


OTHER_GRAPHS: dict[str, tuple[str, Callable[[int], Communities]]] = {
    "carrier_bag": (
        f"The carrier bag (product {BAG}) is in your graph. Make the links without it.",
        lambda rewirings: split(bag=True, rewirings=rewirings),
    ),
    "all_months": (
        "The later months are in your graph. Links end on 1 April.",
        lambda rewirings: split(all_months=True, rewirings=rewirings),
    ),
    "fine_resolution": (
        "That is with resolution 2. Barber's modularity has resolution 1.",
        lambda rewirings: split(resolution=2.0, rewirings=rewirings),
    ),
    "bag_and_all_months": (
        "The carrier bag and the later months are in your graph. Links end on 1 April, and the bag is left out.",
        lambda rewirings: split(bag=True, all_months=True, rewirings=rewirings),
    ),
    "a_day_less": (
        '31 March is missing in your graph. `end` is the first day that does *not* count: `end="2024-04-01"`.',
        lambda rewirings: split_days("2024-03-31", rewirings),
    ),
    "a_day_more": (
        '1 April is in your graph. `end` is the first day that does *not* count: `end="2024-04-01"`.',
        lambda rewirings: split_days("2024-04-02", rewirings),
    ),
    "later_months": (
        "These are the links *from* April on. The offers will be scored on those months: take the months before.",
        lambda rewirings: split_days(None, rewirings),
    ),
    "stores": (
        "These are the links with stores. Asked are those of 24a, with products.",
        lambda rewirings: split(to="store_id", rewirings=rewirings),
    ),
    "three_starts": (
        "That is with three starts, which is what `find_communities` takes by itself. Asked is `starts=1`.",
        lambda rewirings: split(starts=3, rewirings=rewirings),
    ),
}


def _judge_communities(answer: Any) -> tuple[str | None, str]:
    """Name the graph or the setting that an answer comes from; only a wrong answer waits for it.

    The modularity needs no rewiring and is fast. Where it fits, the graph is rewired as well.
    """
    given = np.asarray(list(answer), dtype=float)
    reach, certain = find_reach(given, PER_MILLE, ASKS_COMMUNITIES)
    known = []
    for name, (says, find) in OTHER_GRAPHS.items():
        if abs(find(0).modularity - given[0]) <= reach:
            known.append(Mistake(name, says, _take_chance(find(REWIRINGS))))
    found = find_mistakes(known, lambda value: distance(value, answer), reach, certain)
    return name_mistakes(found) if found else (None, "")


def _read_set(answer: Any) -> Any:
    """Read a list, a tuple or one name as a set of names; "products" is the column product_id.

    A dictionary or a Series of True and False is read as the names that are True.
    """
    if isinstance(answer, str):
        answer = [answer]
    if isinstance(answer, (Mapping, pd.Series)) and _says_yes_or_no(answer):
        answer = [name for name, holds in answer.items() if holds]
    if isinstance(answer, (Mapping, pd.DataFrame)):
        raise Mismatch('A set of names is asked, such as {"hour"}; yours is a table or a dictionary.')
    if not isinstance(answer, Iterable):
        return answer
    plain = (str(one).strip().lower() for one in answer)
    return frozenset(PLAIN.get(one.removesuffix("s"), one) for one in plain)


def _says_yes_or_no(answer: Mapping[Any, Any] | pd.Series) -> bool:
    return len(answer) > 0 and all(kind_of(value) == "yes/no" for _, value in answer.items())


PLAIN = {"product": "product_id", "store": "store_id", "hour": "hour"}


@cache
def _answer_kinds() -> Answers:
    found = {kind: split(to=kind) for kind in KINDS}
    right = frozenset(kind for kind, one in found.items() if one.verdict == "communities")
    store = found["store_id"]
    says = f"the stores reach {store.modularity:.2f}, and graphs dealt by lot {store.null_low:.2f} to {store.null_high:.2f}"
    mistakes = (
        Mistake(
            "high_modularity",
            f"A high modularity is no proof: {says}. Look at `.verdict`.",
            frozenset({"product_id", "store_id"}),
        ),
        Mistake(
            "all_of_them",
            f"Every graph splits, also one dealt by lot; {says}. Look at `.verdict`.",
            frozenset(KINDS),
        ),
        Mistake("none", "One of them is far above what chance makes. See 24b.", frozenset()),
        Mistake("the_others", "You named those that chance explains.", frozenset({"store_id", "hour"})),
        Mistake("stores", f"No: {says}.", frozenset({"store_id"})),
        Mistake("hours", "No: the hours are what chance makes. Look at `.verdict`.", frozenset({"hour"})),
        Mistake("without_stores", "The hours are what chance makes.", frozenset({"product_id", "hour"})),
    )
    return Answers(right, mistakes, f"Only the products: {says}.")


@cache
def _answer_gain() -> Answers:
    scored = score()
    right = (scored.gain, scored.low, scored.high)
    rates = scored.table.set_index("way")
    community = tuple(float(rates.at["community", name]) for name in ("hit_rate", "low", "high"))
    again = tuple(float(rates.at["again", name]) for name in ("hit_rate", "low", "high"))
    popular = tuple(float(rates.at["popular", name]) for name in ("hit_rate", "low", "high"))
    leaky, bag, one, five = score_leaky(), score(bag=True), score(offers=1), score(offers=5)
    fine = score(resolution=2.0)
    mistakes = (
        Mistake(
            "leak",
            "Your communities were made of all months, and then scored on some of them: a leak. It flatters the community. Links end on 1 April.",
            (leaky.gain, leaky.low, leaky.high),
        ),
        Mistake(
            "hit_rate_alone",
            "That is the hit rate of the community's offers. Best-sellers are bought too: the difference is asked.",
            community,
        ),
        Mistake(
            "bought_before",
            "That is what customers bought before and buy again. It is bought most often, and it is nothing new.",
            again,
        ),
        Mistake(
            "best_sellers_alone",
            "That is the hit rate of the best-sellers. The difference is asked: the community's less that of best-sellers.",
            popular,
        ),
        Mistake(
            "those_who_came",
            "You took those alone who bought anything later. Who did not come was offered something too, and counts as no hit.",
            find_gain_of_those_who_came(),
        ),
        Mistake(
            "fine_resolution",
            "That is with the communities of resolution 2. Those of 24b are asked, with resolution 1.",
            (fine.gain, fine.low, fine.high),
        ),
        Mistake(
            "unpaired",
            "The gain is right, but the interval treats the two as different customers. They are the same ones: take the differences customer by customer.",
            interval_unpaired(),
        ),
        Mistake("carrier_bag", "The carrier bag is in your graph.", (bag.gain, bag.low, bag.high)),
        Mistake(
            "relative",
            "You divided by the hit rate of the best-sellers. The difference is asked, as it is.",
            tuple(value / float(rates.at["popular", "hit_rate"]) for value in right),
        ),
        Mistake(
            "less_what_is_bought_again",
            "You took off what customers buy again. Best-sellers are asked.",
            find_gain_on_again(),
        ),
        Mistake("one_offer", f"That is with one offer. {OFFERS} are asked.", (one.gain, one.low, one.high)),
        Mistake("five_offers", f"That is with five offers. {OFFERS} are asked.", (five.gain, five.low, five.high)),
        Mistake(
            "sign", "You have it the other way round: community less best-sellers.", (-right[0], -right[2], -right[1])
        ),
        Mistake(
            "in_points",
            "That is in percentage points. A fraction is asked, such as 0.0312.",
            tuple(100 * value for value in right),
        ),
    )
    praise = f"{right[0]:.4f} ({right[1]:.4f} to {right[2]:.4f}): {100 * right[0]:.1f} of 100 offers more."
    apart, near = set_apart(mistakes, FOUR_DECIMALS)
    return Answers(right, apart, praise, near)


@cache
def _answer_decision() -> Answers:
    rates = score().table.set_index("way")["hit_rate"]
    says = {
        "A": (
            "hits_are_effects",
            "A hit is a purchase. How many of them the letter made, nobody knows without a control group.",
        ),
        "C": (
            "leaky_number",
            "That number comes from communities of all months, which were scored on months that had made them. Take the low end of your interval of 24d.",
        ),
        "D": (
            "bought_anyway",
            f"Of 100 such offers {100 * rates['again']:.0f} are bought, but they are what these customers buy anyway. A discount on them is given away.",
        ),
        "E": (
            "communities_of_one",
            "Communities of a few customers look personal. From so few nobody can learn what the next one likes, and they change with every draw.",
        ),
    }
    mistakes = tuple(Mistake(name, words, letter) for letter, (name, words) in says.items())
    praise = f"{100 * rates['community']:.1f} of 100 against {100 * rates['popular']:.1f}: worth a trial, and the control group will say what it changes."
    return Answers("B", mistakes, praise)


TASKS = (
    Task(
        code="24a",
        asks=f"one whole number: links of customers and products before 1 April 2024, without the carrier bag (product {BAG})",
        compute=_answer_links,
        tolerance=0.5,
        hints=(
            "What is a link, and what links everybody?",
            "`link_customers(town, end=…, leave_out=[…])`",
            f'`len(link_customers(town, end="2024-04-01", leave_out=[{BAG}]).table)`',
        ),
        close="Close, not it. Before 1 April 2024, without the bag, one link a pair?",
    ),
    Task(
        code="24b",
        asks=ASKS_COMMUNITIES,
        compute=_answer_communities,
        judge=_judge_communities,
        tolerance=PER_MILLE,
        hints=(
            "Every graph splits. What would the same search find in a graph that was dealt by lot?",
            f"`find_communities(links, rewirings={REWIRINGS}, starts=1, seed=24)`",
            "Its `.modularity`, `.null_low` and `.null_high`, as a tuple.",
        ),
        close=f"Close, not it. {REWIRINGS} rewirings, one start, seed 24?",
    ),
    Task(
        code="24c",
        asks='a set of names out of "product_id", "store_id" and "hour": the kinds of link for which there are communities',
        read=_read_set,
        compute=_answer_kinds,
        tolerance=0,
        hints=(
            "A large modularity or many communities are no proof. What is?",
            '`link_customers(town, to="store_id", end=…)`, then `find_communities` as in 24b.',
            'Take those whose `.verdict` is "communities".',
        ),
        close="",
    ),
    Task(
        code="24d",
        asks="three numbers, fractions to four decimals: hit rate of the community's offers less that of best-sellers, with its 95 % interval (gain, low, high)",
        compute=_answer_gain,
        tolerance=FOUR_DECIMALS,
        hints=(
            "Which months made the communities, and on which may they be scored?",
            f"`score_offers(found, town, start=…, offers={OFFERS})`",
            "Its `.gain`, `.low` and `.high`, as a tuple.",
        ),
        close=f"Close, not it. {OFFERS} offers, scored from 1 April 2024 on, communities of 24b?",
    ),
    Task(
        code="24e",
        asks='one letter: "A", "B", "C", "D" or "E"',
        read=read_letter("ABCDE"),
        compute=_answer_decision,
        tolerance=0,
        hints=(
            "What does a hit say, and what does it not say?",
            "Two of the ways differ in one number: compare it with the low end of 24d.",
            "What would a customer have bought without the letter?",
        ),
        close="",
    ),
)
