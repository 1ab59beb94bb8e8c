"""Exercise 45, the message of another town: right answers and the usual wrong ones, all computed from its tables."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.learn.recommend import (
    HandOver,
    LookAlikes,
    RecommenderScores,
    SeedProof,
    SendList,
    export_messages,
    find_lookalikes,
    plan_messages,
    recommend_products,
    score_recommenders,
)
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t45.scene import (
    CUT,
    EXPIRES,
    EXPORT_DAY,
    LIMITS,
    PICKED,
    SECRET,
    SUMMER,
    open_town,
    open_town_club,
    open_town_tables,
    read_groceries,
    read_slide,
)

PAIR = ["customer_id", "product_id"]
WAYS = ("popular", "again", "last", "items", "linear")
PLAIN = {
    "best-sellers": "popular",
    "buy it again": "again",
    "last product only": "last",
    "item-to-item": "items",
    "linear model": "linear",
}


def _mark(places: pd.DataFrame, lines: pd.DataFrame) -> np.ndarray:
    """Whether the customer of each place bought its product on these lines."""
    bought = pd.MultiIndex.from_frame(lines[PAIR].drop_duplicates())
    return np.asarray(pd.MultiIndex.from_frame(places[PAIR]).isin(bought))


@cache
def _answer_rate() -> Answers:
    receipts, agency = open_town()
    before = _mark(agency, receipts[receipts["time"] < CUT])
    later_lines = receipts[receipts["time"] >= CUT]
    later = _mark(agency, later_lines)
    new = later & ~before
    right = float(new.mean())
    came = agency["customer_id"].isin(later_lines["customer_id"])
    lines = later_lines.merge(agency[PAIR][new], on=PAIR)
    customers = agency["customer_id"].nunique()
    return Answers(
        right=right,
        praise=f"{right:.1%} of the places. The agency's {read_slide()} % were mostly what the customers had already.",
        mistakes=(
            Mistake(
                "all_months",
                "You scored the lists on all months. The agency knew the months before October when it made them: that is the agency's own number, and it is scored on the answer.",
                float((before | later).mean()),
            ),
            Mistake(
                "training_months",
                "These are the months that the lists were made of. Score them on October to December 2024.",
                float(before.mean()),
            ),
            Mistake(
                "bought_before_too",
                "You counted products that the customer had bought before. He would buy them again without a list: asked are new ones.",
                float(later.mean()),
            ),
            Mistake(
                "customers_with_a_hit",
                "That is the share of customers with a hit. Asked is the share of all places.",
                float(agency.loc[new, "customer_id"].nunique() / customers),
            ),
            Mistake(
                "later_buyers_only",
                "You left out the customers who bought nothing from October on. Their places count too: nobody knew it on 1 October.",
                float(new.sum() / came.sum()),
            ),
            Mistake(
                "of_the_new_places",
                "You divided by the places with a new product. Asked is a share of all places: a place with an old product is a place lost.",
                float(new.sum() / (~before).sum()),
            ),
            Mistake("percent", "That is in percent. Asked is a fraction, such as 0.123.", 100 * right),
        ),
        near=(
            Mistake(
                "lines",
                "You counted receipt lines. Who bought the product twice has one hit.",
                float(len(lines) / len(agency)),
            ),
        ),
    )  # fmt: skip


@cache
def score_summer() -> RecommenderScores:
    """Score the recommenders on the grocer's summer, as the task asks."""
    return score_recommenders(read_groceries(), SUMMER[0], end=SUMMER[1], seed=45)


def _read_ways(answer: Any) -> Any:
    """Read a list, a tuple or one name as a set of ways, also by their plain names."""
    if isinstance(answer, str):
        answer = [answer]
    if not isinstance(answer, Iterable):
        return answer
    words = (str(one).strip().lower() for one in answer)
    return frozenset(PLAIN.get(one, one) for one in words)


def _pick_ways(among: str, verdict: str | None) -> frozenset[str]:
    """Ways whose hit rate against best-sellers has a verdict, or is only higher."""
    gains = score_summer().gains
    rows = gains[(gains["among"] == among) & (gains["against"] == "popular") & (gains["metric"] == "hit_rate")]
    here = rows["gain"] > 0 if verdict is None else rows["verdict"] == verdict
    return frozenset(rows.loc[here, "way"])


@cache
def _answer_claim() -> Answers:
    right = _pick_ways("new", "better")
    higher = _pick_ways("new", None)
    again = _pick_ways("all", "better")
    every = frozenset(("last", "items", "linear"))
    gains = score_summer().gains
    row = gains[(gains["among"] == "new") & (gains["way"] == "linear") & (gains["metric"] == "hit_rate")].iloc[0]
    says = f"from {100 * row['low']:+.1f} to {100 * row['high']:+.1f} of 100 places"
    mistakes = (
        Mistake(
            "higher_is_not_better",
            f"The linear model's number is higher, and its interval holds zero ({says}). Popularity is not beaten: do not claim it.",
            higher,
        ),
        Mistake(
            "all_products",
            "You looked at all products. What the household bought before wins there, and it is nothing new: take `among` = \"new\".",
            again,
        ),
        Mistake(
            "new_and_all",
            "You mixed two tables. \"again\" wins among all products, and it cannot recommend anything new.",
            right | again,
        ),
        Mistake("every_way", "One of these is even worse than the best-sellers. Read the column `verdict`.", every),
        Mistake(
            "nobody",
            "One way is seen to be better, also after the correction for three of them. Read the column `verdict`.",
            frozenset(),
        ),
        Mistake(
            "the_worse",
            "That way is clearly different, and clearly worse: look at the sign.",
            _pick_ways("new", "worse"),
        ),
    )  # fmt: skip
    praise = "Only item-to-item with the whole history, and by half a place of 100. For the rest the honest word is: not clear."
    return Answers(right=right, praise=praise, mistakes=mistakes)


@cache
def make_send_list(**changes: Any) -> tuple[SendList, HandOver]:
    """Make the send list and the hand-over, as the task asks or with a usual mistake.

    Parameters
    ----------
    changes
        shelf ("no stock", "no cost"), day (of the consent), bought (False leaves out what was bought meanwhile), or a
        setting of `plan_messages`.
    """
    receipts = open_town().receipts
    shelf, customers, today = open_town_tables()
    wanted = changes.pop("shelf", "")
    old = changes.pop("old_consent", False)
    bought = changes.pop("bought", True)
    if wanted == "no stock":
        shelf = shelf.drop(columns="stock")
    if wanted == "no cost":
        shelf = shelf.assign(unit_cost=0.0)
    lists = recommend_products(receipts, CUT, size=4)
    sending = plan_messages(lists, shelf, customers, campaign_id="winter", salt="town", **LIMITS | changes)
    out = export_messages(
        sending,
        customers if old else today,
        EXPORT_DAY,
        expires=EXPIRES,
        secret=SECRET,
        receipts=receipts if bought else None,
    )
    return sending, out


@cache
def _answer_messages() -> Answers:
    sending, out = make_send_list()
    right = len(out.send)
    off = int(out.taken_off["customers"].sum())
    shelf = open_town_tables()[0]
    return Answers(
        right=right,
        praise=f"{right:,} messages; {len(sending.withheld):,} customers get none on purpose, and {off} left at the last moment.",
        mistakes=(
            Mistake(
                "control_sent_anyway",
                f"The {len(sending.withheld):,} customers of the control are on your list. Without them nobody will know what the message did.",
                right + len(sending.withheld),
            ),
            Mistake(
                "all_assigned",
                "That is everybody who was drawn, control too, and with the consent of three days ago. Asked are the messages that go out: `len(out.send)`.",
                len(sending.people),
            ),
            Mistake(
                "old_consent",
                "You used the consent of 1 October. Ask again on the day of export: `today`.",
                len(make_send_list(old_consent=True)[1].send),
            ),
            Mistake(
                "as_planned",
                "That is the plan of 1 October. At the export some have withdrawn their consent, or bought the product.",
                len(sending.to_send),
            ),
            Mistake(
                "just_bought",
                "You offer what some have bought in the meantime: give `receipts=` to `export_messages`.",
                len(make_send_list(bought=False)[1].send),
            ),
            Mistake(
                "out_of_stock",
                "Your list has products that are sold out, or more messages than pieces: the shelf needs its column `stock`.",
                len(make_send_list(shelf="no stock")[1].send),
            ),
            Mistake(
                "loss_making",
                "Your list has products that lose money at 25 % off. Tell `plan_messages` the discount.",
                len(make_send_list(discount=0.0)[1].send),
            ),
            Mistake(
                "no_cap",
                "Customers who had three messages or more are on your list: `most_contacts=3`.",
                len(make_send_list(most_contacts=None)[1].send),
            ),
            Mistake(
                "contact_is_not_free",
                "A message costs €0.10. A product that earns less does not pay for it: `contact_cost=0.10`.",
                len(make_send_list(contact_cost=0.0)[1].send),
            ),
            Mistake("products", "That is the number of products on the shelf. Asked are messages.", len(shelf)),
        ),
    )  # fmt: skip


@cache
def find_town_lookalikes() -> LookAlikes:
    """Find the look-alikes of the town's club, as the task asks."""
    people, club, _ = open_town_club()
    return find_lookalikes(people, club)


def prove_town(rival: str | None, count: int = PICKED, outcome: str = "bought_later") -> SeedProof:
    """Hold the town's look-alikes against another list."""
    later = open_town_club()[2]
    later = later.assign(bought_before=(later["spent_before"] > 0).astype(int))
    return find_town_lookalikes().prove(later, outcome, count=count, rival=rival)


def _three(proof: SeedProof) -> tuple[float, float, float]:
    return proof.gain, proof.low, proof.high


@cache
def _answer_alike() -> Answers:
    proof = prove_town("spent_before")
    right = _three(proof)
    means = proof.table.set_index("list")
    first = means.loc["look-alikes"]
    return Answers(
        right=right,
        praise=f"{100 * right[0]:+.1f} points ({100 * right[1]:.1f} to {100 * right[2]:.1f}): the look-alikes are not seen to buy more than the plain list.",
        mistakes=(
            Mistake(
                "against_everybody_else",
                "You compared with everybody else. That is easy to beat: compare with the plain list, `rival=\"spent_before\"`.",
                _three(prove_town(None)),
            ),
            Mistake(
                "against_big_spenders",
                "Your other list holds those who spend most on anything. Asked are those who spent most on baby products: `rival=\"spent_before\"`.",
                _three(prove_town("spent_in_all")),
            ),
            Mistake(
                "not_compared",
                "That is the share of the look-alikes who bought. It says nothing without the other list.",
                (float(first["mean"]), float(first["low"]), float(first["high"])),
            ),
            Mistake(
                "known_before",
                "You scored on what they had bought before: the plain list was made of just that. Score on later purchases, `bought_later`.",
                _three(prove_town("spent_before", outcome="bought_before")),
            ),
            Mistake("a_hundred", "That is with 100 customers a list. Asked are 200.", _three(prove_town("spent_before", count=100))),
            Mistake("three_hundred", "That is with 300 customers a list. Asked are 200.", _three(prove_town("spent_before", count=300))),
            Mistake("sign", "You have it the other way round: look-alikes less the plain list.", (-right[0], -right[2], -right[1])),
            Mistake("percent", "These are points of a hundred. Asked are fractions.", (100 * right[0], 100 * right[1], 100 * right[2])),
        ),
    )  # fmt: skip


@cache
def _answer_decision() -> Answers:
    return Answers(
        right="C",
        praise="So it is written down what is known, and the control will show what is not.",
        mistakes=(
            Mistake(
                "engine_claimed",
                f"{read_slide()} % were scored on the months that the lists were made of. On later months, and for something new, little of it is left (45a).",
                "A",
            ),
            Mistake(
                "hits_are_effects",
                "A hit is a purchase. How many would have bought without the message, only customers without it can tell.",
                "B",
            ),
            Mistake(
                "views_are_not_orders",
                "Page views are not orders. What part of the rise comes through is not known, and the shop kept nobody without the box.",
                "D",
            ),
        ),
    )


TASKS = (
    Task(
        code="45a",
        asks="the hit rate of the agency's lists on October to December 2024, new products only; one fraction to four decimals, such as 0.1234",
        compute=_answer_rate,
        tolerance=0.00005,
        hints=(
            "Which places hold a product that the customer bought from 1 October on, and had not bought before?",
            "Make the pairs of customer and product of each period with `drop_duplicates`, and `merge` them to the lists with `indicator=True`.",
            "Divide by all places of all customers, also of those who did not come.",
        ),
        close="Close, not it. All places in the denominator? Pairs counted once?",
    ),
    Task(
        code="45b",
        asks='a set of names out of "last", "items" and "linear"',
        read=_read_ways,
        compute=_answer_claim,
        tolerance=0,
        hints=(
            "A higher number is not yet better. What does the interval say, and the correction for three ways?",
            'Take the rows of `scores.gains` with among "new", against "popular", metric "hit_rate".',
            'Those whose `verdict` is "better".',
        ),
        close="",
    ),
    Task(
        code="45c",
        asks="how many messages go out on 4 October 2024; one whole number",
        compute=_answer_messages,
        tolerance=0,
        hints=(
            "What has to be known on the day of the list, and what once more on the day of export?",
            "`recommend_products`, then `plan_messages` with all four limits, then `export_messages` with `today` and `receipts`.",
            "Its `.send` is the file for the sender: count its rows.",
        ),
        close="",
    ),
    Task(
        code="45d",
        asks="three fractions to three decimals: share of the look-alikes who bought baby products later, less that of the plain list, with its 95 % interval (gain, low, high)",
        compute=_answer_alike,
        tolerance=0.0005,
        hints=(
            "What is the plain list? What was known about it before October?",
            f'`find_lookalikes(people, club)`, then `.prove(later, "bought_later", count={PICKED}, rival=…)`.',
            "Its `.gain`, `.low` and `.high`, as a tuple.",
        ),
        close=f"Close, not it. {PICKED} customers on each list?",
    ),
    Task(
        code="45e",
        asks='one letter: "A", "B", "C" or "D"',
        read=read_letter("ABCD"),
        compute=_answer_decision,
        tolerance=0,
        hints=(
            "Which of the sentences is backed by a number that you have seen?",
            "Who got no message, in each of them?",
        ),
        close="",
    ),
)
