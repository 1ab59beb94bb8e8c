"""Exercise 45, the message of another town: right answers and the usual wrong ones, all computed from its tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd

from loyalty.learn.recommend import (
    LookAlikes,
    Recommendations,
    RecommenderScores,
    SeedProof,
    SendList,
    export_messages,
    find_lookalikes,
    plan_messages,
    recommend_products,
    score_recommenders,
)
from loyalty.learn.recommend.ways import WORDS
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.mistakes import set_apart
from loyalty.tasks.t45.scene import (
    CUT,
    EXPIRES,
    EXPORT_DAY,
    LIMITS,
    PICKED,
    SECRET,
    SUMMER,
    TOWN_SEED,
    list_spenders,
    open_town,
    open_town_club,
    open_town_tables,
    read_groceries,
    read_slide,
)

PAIR = ["customer_id", "product_id"]
MANY = 10**6  # more than the largest product_id: customer and product as one number, which is fast to look up
WAYS = ("popular", "again", "last", "items", "linear")
DRAW = {"campaign_id": "winter", "salt": "town"}
MOST = 5  # places of the longest list
OTHER_SEEDS = (1, 11, 42, 45)  # those that somebody writes; each takes time
SHORT = {"last product only": "last", "whole history": "items", "linear model": "linear"}
PLAIN = {**{words: way for way, words in WORDS.items()}, **SHORT}
BOTH = "item-to-item"  # names two ways


def _mark(places: pd.DataFrame, lines: pd.DataFrame) -> np.ndarray:
    """Whether the customer of each place bought its product on these lines."""
    mine, bought = (table["customer_id"] * MANY + table["product_id"] for table in (places, lines))
    return mine.isin(bought).to_numpy()


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
    usual = (
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
            "hits_per_customer",
            "You divided the hits by the customers. Each customer has five places: divide by all places.",
            float(new.sum() / customers),
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
        Mistake(
            "of_all_hits",
            "You divided by the places that were bought from October on. Asked is a share of all places.",
            float(new.sum() / later.sum()),
        ),
        Mistake("count", "That is the number of hits. Divide it by the number of places.", float(new.sum())),
        Mistake("percent", "That is in percent. Asked is a fraction, such as 0.123.", 100 * right),
        Mistake(
            "any_customer",
            "You asked whether the product was bought by anybody. Asked is whether this customer bought it: match customer and product together.",
            float(agency["product_id"].isin(later_lines["product_id"]).mean()),
        ),
        Mistake(
            "new_to_the_shop",
            "You asked whether the product is new in the shop. Asked is whether it is new to this customer: match customer and product together.",
            _mark_products_alone(agency, receipts),
        ),
        *_list_other_months(),
        *_list_other_places(before, later),
        *_list_shares_of_purchases(new),
        *_list_repeated_lines(lines),
    )  # fmt: skip
    apart, near = set_apart(usual, 0.00005)
    return Answers(
        right=right,
        praise=f"{right:.1%} of the places. The agency's {read_slide()} % were mostly what the customers had already.",
        mistakes=apart,
        near=near,
    )


def _mark_products_alone(agency: pd.DataFrame, receipts: pd.DataFrame) -> float:
    """The share of places whose product nobody had bought before October."""
    early = receipts.loc[receipts["time"] < CUT, "product_id"]
    late = receipts.loc[receipts["time"] >= CUT, "product_id"]
    return float((agency["product_id"].isin(late) & ~agency["product_id"].isin(early)).mean())


def _list_other_months() -> tuple[Mistake, ...]:
    """The hit rate with another window before or after the cut."""
    receipts, agency = open_town()
    time = receipts["time"]
    early, late = time < CUT, time >= CUT
    windows = {
        "october_only": ("You looked at October only. Asked are October to December 2024.", early, late & (time < "2024-11-01")),
        "only_2024_before": ("You took 2024 only for \"before\". Who bought the product in 2023 had it too.", early & (time >= "2024-01-01"), late),
        "only_2023_before": ("You took 2023 only for \"before\". It ends on 30 September 2024.", time < "2024-01-01", late),
        "october_and_november": ("December is missing. Asked are October to December 2024.", early, late & (time < "2024-12-01")),
        "without_october": ("October is missing. Asked are October to December 2024.", early, time >= "2024-11-01"),
        "last_day_lost": ("31 December is missing: `<= \"2024-12-31\"` ends at midnight, when that day begins. Say `< \"2025-01-01\"`.", early, late & (time < "2024-12-31")),
        "cut_a_day_late": ("Your cut is a day late: 1 October counts as before. It is the first day of \"later\".", time < "2024-10-02", time >= "2024-10-02"),
        "first_day_lost": ("1 October is missing. It is the first day of \"later\".", early, time >= "2024-10-02"),
        "cut_a_day_early": ("Your cut is a day early: 30 September counts as later. It is the last day of \"before\".", time < "2024-09-30", time >= "2024-09-30"),
        "november_on": ("You began in November. Asked are October to December 2024, and new is what was not bought before 1 October.", time < "2024-11-01", time >= "2024-11-01"),
    }  # fmt: skip
    return tuple(
        Mistake(name, says, float((_mark(agency, receipts[after]) & ~_mark(agency, receipts[before])).mean()))
        for name, (says, before, after) in windows.items()
    )


def _list_other_places(before: np.ndarray, later: np.ndarray) -> tuple[Mistake, ...]:
    """The hit rate of other places than those of the agency's lists."""
    receipts, agency = open_town()
    first = (agency["place"] == 1).to_numpy()
    ours = recommend_products(receipts, CUT).table
    hits = _mark(ours, receipts[receipts["time"] >= CUT])
    return (
        Mistake("first_places", "You took the first place of each list. Asked are all five.", float((later & ~before)[first].mean())),
        Mistake("our_lists", "These are lists that you made yourself. Asked are those of the table `agency`.", float(hits.mean())),
    )  # fmt: skip


def _list_shares_of_purchases(new: np.ndarray) -> tuple[Mistake, ...]:
    """The hits divided by what was bought, in the place of what was recommended."""
    receipts, agency = open_town()
    early, late = (
        part[PAIR].drop_duplicates() for part in (receipts[receipts["time"] < CUT], receipts[receipts["time"] >= CUT])
    )
    bought = late[~_mark(late, early)]
    here = bought["customer_id"].isin(agency["customer_id"])
    says = "You divided by the new products that {} bought. Asked is a share of the places on the lists."
    return (
        Mistake("of_new_purchases", says.format("all customers"), float(new.sum() / len(bought))),
        Mistake("of_their_new_purchases", says.format("customers with a list"), float(new.sum() / here.sum())),
    )


def _list_repeated_lines(lines: pd.DataFrame) -> tuple[Mistake, ...]:
    """The hit rate of places that stand several times in the table, after a merge on receipt lines.

    Parameters
    ----------
    lines : DataFrame
        The later receipt lines of the hits.
    """
    receipts, agency = open_town()
    early, late = (part[PAIR] for part in (receipts[receipts["time"] < CUT], receipts[receipts["time"] >= CUT]))
    says = "You merged with receipt lines. Who bought the product twice stands twice in your table: {} `drop_duplicates` first."
    found = [
        Mistake(
            "lines",
            "You counted receipt lines. Who bought the product twice has one hit.",
            float(len(lines) / len(agency)),
        )
    ]
    kinds = {
        "lines_after": ("the later pairs need", early.drop_duplicates(), late),
        "lines_before": ("the earlier pairs need", early, late.drop_duplicates()),
        "lines_of_both": ("both tables need", early, late),
    }  # fmt: skip
    for name, (which, one, other) in kinds.items():
        places = agency.merge(one, on=PAIR, how="left", indicator="before")
        places = places.merge(other, on=PAIR, how="left", indicator="later")
        share = ((places["later"] == "both") & (places["before"] == "left_only")).mean()
        found.append(Mistake(name, says.format(which), float(share)))
    places = agency.merge(late, on=PAIR, how="left", indicator="later")
    had = "You merged with receipt lines, and counted what the customer had before. Asked are new products, each pair once."
    found.append(Mistake("lines_of_old_products", had, float((places["later"] == "both").mean())))
    return tuple(found)


@cache
def score_summer() -> RecommenderScores:
    """Score the recommenders on the grocer's summer, as the task asks."""
    return score_recommenders(read_groceries(), SUMMER[0], end=SUMMER[1], seed=45)


def _read_ways(answer: Any) -> Any:
    """Read a list, a tuple or one name as a set of ways, also by their plain names."""
    if isinstance(answer, str):
        answer = answer.replace(" and ", ",").split(",")
    if not isinstance(answer, Iterable):
        return answer
    words = (str(one).strip().lower() for one in answer)
    return frozenset(PLAIN.get(one, one) for one in words)


def _judge_ways(answer: Any) -> tuple[str | None, str]:
    """Say what is wrong with a set of ways that is no usual mistake."""
    strange = sorted(answer - set(WAYS)) if isinstance(answer, frozenset) else []
    if strange:
        if strange == [BOTH]:
            return (
                "which_item_to_item",
                'Two ways are item-to-item: "last" knows one product, "items" the whole history. Which do you mean?',
            )
        return None, f'Names are "last", "items" and "linear"; yours has {", ".join(strange)[:60]}.'
    if not isinstance(answer, frozenset):
        return None, ""
    if "popular" in answer:
        return "best_sellers", '"popular" are the best-sellers: the others are compared with them.'
    if "again" in answer:
        return "again_is_not_new", '"again" repeats what the household bought before. It cannot recommend anything new.'
    wrong = sorted(answer - _pick_ways("new", "better"))
    says = f'Not it. {" and ".join(map(repr, wrong))}: what says the column `verdict`, among "new" and for "hit_rate"?'
    return None, says.replace("'", '"')


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
            'One way is seen to be better, also after the correction for three of them. Read `verdict` where `metric` is "hit_rate" (for "ndcg" there is none).',
            frozenset(),
        ),
        Mistake(
            "every_clear_one",
            'You took all whose difference is clear. "last" is clearly *worse*: take those whose verdict is "better".',
            right | _pick_ways("new", "worse"),
        ),
        Mistake(
            "not_clear",
            f"The linear model's gain is above zero, and its interval holds zero ({says}): not clear. Another way is seen to be better.",
            frozenset({row["way"]}),
        ),
        Mistake(
            "the_others",
            "You named those that are *not* seen to be better.",
            every - right,
        ),
        Mistake(
            "the_worse",
            "That way is clearly different, and clearly worse: look at the sign.",
            _pick_ways("new", "worse"),
        ),
    )  # fmt: skip
    found = gains[(gains["among"] == "new") & (gains["way"] == "items") & (gains["metric"] == "hit_rate")].iloc[0]
    praise = (
        f"Only item-to-item with the whole history, and by {100 * found['gain']:.1f} of 100 places. "
        "For the linear model the honest word is: not clear."
    )
    return Answers(right=right, praise=praise, mistakes=mistakes)


@cache
def _recommend(way: Literal["linear", "items"], day: str) -> Recommendations:
    return recommend_products(open_town().receipts, day, size=MOST, way=way)


def make_town_lists(size: int = 4, way: Literal["linear", "items"] = "linear", day: str = CUT) -> Recommendations:
    """Make the lists of the town, as the task asks or with another setting.

    Parameters
    ----------
    size : int
        At most `MOST`: a shorter list is the beginning of a longer one.
    way, day
        As in `recommend_products`.
    """
    lists = _recommend(way, day)
    table = lists.table
    return replace(lists, table=table[table["place"] <= size].reset_index(drop=True))


@cache
def make_send_list(**changes: Any) -> SendList:
    """Plan the messages, as the task asks or with a usual mistake.

    Parameters
    ----------
    changes
        shelf ("no stock"), new_consent (True: today's customers in the plan too), size, way, day, or a setting of
        `plan_messages`.
    """
    shelf, customers, today = open_town_tables()
    made = {name: changes.pop(name) for name in ("size", "way", "day") if name in changes}
    asked = today if changes.pop("new_consent", False) else customers
    if changes.pop("shelf", "") == "no stock":
        shelf = shelf.drop(columns="stock")
    return plan_messages(make_town_lists(**made), shelf, asked, **{**DRAW, **LIMITS, **changes})


def count_messages(*, old_consent: bool = False, bought: bool = True, at: str = EXPORT_DAY, **changes: Any) -> int:
    """Count the messages that go out, as `export_messages` would: it is counted for many mistakes, and codes take time.

    Parameters
    ----------
    old_consent : bool
        The consent of the day of the list, not of the export.
    bought : bool
        Whether what was bought meanwhile is left out.
    at : str
        The day of the export.
    changes
        Of the plan: see `make_send_list`.
    """
    sending = make_send_list(**changes)
    _, customers, today = open_town_tables()
    now = customers if old_consent else today
    rows = sending.to_send
    agreed = now.set_index("customer_id")["consent"]
    goes = rows["customer_id"].map(agreed).astype(bool)
    if bought:
        receipts = open_town().receipts
        end = pd.Timestamp(at) + pd.Timedelta(1, "D")
        goes &= ~_mark(rows, receipts[(receipts["time"] >= sending.as_of) & (receipts["time"] < end)])
    return int(goes.sum())


SETTINGS = (
    ("old_consent", "You used the consent of 1 October. Ask again on the day of export: `today`.", {"old_consent": True}),
    ("just_bought", "You offer what some have bought in the meantime: give `receipts=` to `export_messages`, October too.", {"bought": False}),
    ("out_of_stock", "Your list has products that are sold out, or more messages than pieces: the shelf needs its column `stock`.", {"shelf": "no stock"}),
    ("loss_making", "That is without the discount, or with too small a one. Products are on your list that lose money at 25 % off: `discount=0.25`.", {"discount": 0.0}),
    ("discount_of_the_lesson", "That is with the lesson's discount of 20 %. Here it is 25 %: `discount=0.25`.", {"discount": 0.2}),
    ("no_cap", "Customers who had three messages or more are on your list: `most_contacts=3`.", {"most_contacts": None}),
    ("cap_of_four", "Customers who had three messages are on your list. Three are the most: `most_contacts=3` leaves them out.", {"most_contacts": 4}),
    ("cap_of_two", "You left out customers who had two messages. They may get one more: `most_contacts=3`.", {"most_contacts": 2}),
    ("contact_is_not_free", "A message costs €0.10. A product that earns less does not pay for it: `contact_cost=0.10`.", {"contact_cost": 0.0}),
    ("contact_for_ten", "That is with €1 a message, or more. It costs ten cents: `contact_cost=0.10`.", {"contact_cost": 1.0}),
    ("five_products", "Your lists have five products a customer. Asked are four: `size=4`.", {"size": 5}),
    ("three_products", "Your lists have three products a customer. Asked are four: `size=4`.", {"size": 3}),
    ("control_of_the_lesson", "That is with a control of 10 %. Here it is 20 %: `control=0.2`.", {"control": 0.1}),
    ("control_of_two", "That is with a control of 2 %. Asked are 20 %: `control=0.2`.", {"control": 0.02}),
    ("item_to_item", "Your lists are made by item-to-item. Leave `way` as it is.", {"way": "items"}),
    ("pieces_kept", "You kept pieces in stock. The task does not ask it: leave out `keep_in_stock`.", {"keep_in_stock": 1}),
    ("list_of_the_export_day", "Your lists are of 7 October. They are made on 1 October: `recommend_products(receipts, \"2024-10-01\", size=4)`.", {"day": EXPORT_DAY}),
    ("today_in_the_plan", "You planned with the customers of the export, `today`. The plan is of 1 October: `customers`.", {"new_consent": True}),
    ("swapped", "You swapped `campaign_id` and `salt`: the campaign is \"winter\", the salt \"town\".", {"campaign_id": "town", "salt": "winter"}),
    ("salt_winter", "Your salt is \"winter\", the campaign's name. It should be \"town\": another salt is another lot.", {"salt": "winter"}),
    ("draw_of_the_lesson", "That is with the lesson's `campaign_id` and `salt`. Here they are \"winter\" and \"town\".", {"campaign_id": "autumn", "salt": "letters"}),
    ("capital_campaign", "You wrote the campaign with a capital letter. The lot knows the difference: \"winter\".", {"campaign_id": "Winter"}),
    ("capital_salt", "You wrote the salt with a capital letter. The lot knows the difference: \"town\".", {"salt": "Town"}),
    ("exported_on_the_first", "You exported on the day of the list, 1 October. Asked is 7 October: `at=\"2024-10-07\"`.", {"at": CUT}),
    ("exported_on_the_fourth", "You exported on 4 October. Asked is Monday, 7 October: `at=\"2024-10-07\"`.", {"at": "2024-10-04"}),
    ("exported_late", "You exported at the end of the month. Asked is 7 October: `at=\"2024-10-07\"`.", {"at": "2024-10-30"}),
)  # fmt: skip


@cache
def _count_right() -> Answers:
    """The right number of messages alone."""
    sending = make_send_list()
    receipts = open_town().receipts
    later = receipts[receipts["time"] >= CUT]  # the export reads no others
    today = open_town_tables()[2]
    out = export_messages(sending, today, EXPORT_DAY, expires=EXPIRES, secret=SECRET, receipts=later)
    off = int(out.taken_off["customers"].sum())
    praise = f"{len(out.send):,} messages; {len(sending.withheld):,} customers get none on purpose, and {off} left at the last moment."
    return Answers(right=len(out.send), praise=praise, mistakes=())


@cache
def _answer_messages() -> Answers:
    sending = make_send_list()
    shelf = open_town_tables()[0]
    right = _count_right().right
    off = len(sending.to_send) - right
    usual = (
        Mistake(
            "control_sent_anyway",
            f"The {len(sending.withheld):,} customers of the control are on your list. Without them nobody will know what the message did.",
            right + len(sending.withheld),
        ),
        Mistake(
            "all_assigned",
            "That is everybody who was drawn, control too, and with the consent of 1 October. Asked are the messages that go out: `len(out.send)`.",
            len(sending.people),
        ),
        Mistake(
            "as_planned",
            "That is the plan of 1 October. At the export some have withdrawn their consent, or bought the product: give `today` and `receipts=`.",
            len(sending.to_send),
        ),
        Mistake("withheld", "That is the control. Asked are the messages that go out: `len(out.send)`.", len(sending.withheld)),
        Mistake("taken_off", "That is how many were taken off at the export. Asked are the messages that go out: `len(out.send)`.", off),
        Mistake("products", "That is the number of products on the shelf. Asked are messages.", len(shelf)),
        *(Mistake(name, says, count_messages(**changes)) for name, says, changes in SETTINGS),
    )  # fmt: skip
    apart, near = set_apart(usual, 0)
    return replace(_count_right(), mistakes=apart, near=near)


@cache
def find_town_lookalikes() -> LookAlikes:
    """Find the look-alikes of the town's club, as the task asks."""
    people, club, _ = open_town_club()
    return find_lookalikes(people, club)


def prove_town(rival: str | None, count: int = PICKED, outcome: str = "bought_later") -> SeedProof:
    """Hold the town's look-alikes against another list."""
    later = open_town_club()[2]
    shares = open_town_club()[0].set_index("customer_id")["Baby"]
    later = later.assign(bought_before=(later["spent_before"] > 0).astype(int), Baby=later["customer_id"].map(shares))
    return find_town_lookalikes().prove(later, outcome, count=count, rival=rival)


def _three(proof: SeedProof) -> tuple[float, float, float]:
    return proof.gain, proof.low, proof.high


@cache
def _compare_right() -> Answers:
    """The right comparison of the look-alikes alone."""
    right = _three(prove_town("spent_before"))
    praise = f"{100 * right[0]:+.1f} points ({100 * right[1]:.1f} to {100 * right[2]:.1f}): the look-alikes are not seen to buy more than the plain list."
    return Answers(right=right, praise=praise, mistakes=())


@cache
def _answer_alike() -> Answers:
    proof = prove_town("spent_before")
    apart, near = set_apart(_list_alike(proof), 0.0005)
    return replace(_compare_right(), mistakes=apart, near=(*near, *_list_other_lots(_three(proof))))


def _list_alike(proof: SeedProof) -> tuple[Mistake, ...]:
    """The usual other comparisons of the look-alikes."""
    right = _three(proof)
    means = proof.table.set_index("list")
    first = means.loc["look-alikes"]
    return (
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
        Mistake(
            "share_of_spend",
            "Your plain list is sorted by `Baby`, the *share* of spend. Asked is the money: `rival=\"spent_before\"`.",
            _three(prove_town("Baby")),
        ),
        *_list_by_hand(),
    )  # fmt: skip


def _list_by_hand() -> tuple[Mistake, ...]:
    """Comparisons that were made without `prove`: the club on the plain list, and lists taken for two samples."""
    people, club, later = open_town_club()
    bought = later.set_index("customer_id")["bought_later"]
    mine = find_town_lookalikes().pick(PICKED)["customer_id"]
    customers = people["customer_id"]
    plain = list_spenders(customers[~customers.isin(club)], PICKED, TOWN_SEED)
    with_club = list_spenders(customers, PICKED, TOWN_SEED)
    both = int(mine.isin(plain).sum())
    inside = int(with_club.isin(club).sum())
    in_club = f"Your plain list holds {inside} members of the club. They are on neither list: take them out first."
    samples = f"You compared two samples. Your lists share {both} customers, and who is on both makes no difference: `prove` knows it."
    alone = "You left out the {both} customers who are on both lists. They belong to both, and make the shares what they are: `prove` knows how to count them."
    by_share = (
        people[~customers.isin(club)].sort_values("Baby", ascending=False, kind="stable")["customer_id"].head(PICKED)
    )
    of_spend = "Your plain list is sorted by `Baby`, the *share* of spend. Asked is the money, `spent_before`. (And the shared customers make no difference: `prove` knows it.)"
    return (
        Mistake(
            "without_the_shared",
            alone.format(both=both),
            _compare_samples(bought[mine[~mine.isin(plain)]], bought[plain[~plain.isin(mine)]]),
        ),
        Mistake("samples_by_share_of_spend", of_spend, _compare_samples(bought[mine], bought[by_share])),
        Mistake("two_samples", samples, _compare_samples(bought.reindex(mine), bought.reindex(plain))),
        Mistake("club_on_the_plain_list", in_club, _compare_samples(bought.reindex(mine), bought.reindex(with_club))),
        Mistake(
            "club_on_the_list",
            f"{in_club} (The shared customers you have seen.)",
            _compare_lists(bought, mine, with_club),
        ),
    )


def _compare_samples(mine: pd.Series, theirs: pd.Series) -> tuple[float, float, float]:
    """The difference of two shares as if no customer were in both."""
    gain = float(mine.mean() - theirs.mean())
    half = 1.96 * float(np.sqrt(mine.var(ddof=1) / len(mine) + theirs.var(ddof=1) / len(theirs)))
    return gain, gain - half, gain + half


def _compare_lists(bought: pd.Series, mine: pd.Series, theirs: pd.Series) -> tuple[float, float, float]:
    """The difference of two lists, where who stands on both cancels out."""
    here, there = bought.index.isin(mine), bought.index.isin(theirs)
    gain = float((bought[here].sum() - bought[there].sum()) / len(mine))
    sides = (bought[here & ~there], bought[there & ~here])
    half = 1.96 * float(np.sqrt(sum(len(side) * side.var(ddof=1) for side in sides))) / len(mine)
    return gain, gain - half, gain + half


def _list_other_lots(right: tuple[float, float, float]) -> tuple[Mistake, ...]:
    """The right comparison with another lot of the folds, or another number of them."""
    people, club, later = open_town_club()
    found: dict[tuple[float, ...], Mistake] = {}
    for seed, folds in [(seed, 5) for seed in OTHER_SEEDS] + [(0, folds) for folds in (3, 10)]:
        alike = find_lookalikes(people, club, seed=seed, folds=folds)
        three = _three(alike.prove(later, "bought_later", count=PICKED, rival="spent_before"))
        rounded = tuple(np.round(three, 3))
        if np.abs(np.subtract(three, right)).max() > 0.0005 and rounded not in found:
            says = (
                "That is another lot of who is looked for together. Leave `seed` and `folds` out of `find_lookalikes`."
            )
            found[rounded] = Mistake(f"seed_{seed}_folds_{folds}", says, three)
    return tuple(found.values())


@cache
def _answer_decision() -> Answers:
    return Answers(
        right="C",
        praise="It says what is known, and who can tell the rest: the customers who got no message.",
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
        close='Not it. "Before" is all of 2023, and 2024 up to 30 September. "Later" is October to December 2024. All places of `agency` in the denominator, each pair of customer and product once?',
    ),
    Task(
        code="45b",
        asks='a set of names out of "last", "items" and "linear"',
        read=_read_ways,
        judge=_judge_ways,
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
        asks="how many messages go out on 7 October 2024; one whole number",
        compute=_answer_messages,
        first=_count_right,
        tolerance=0,
        hints=(
            "What has to be known on the day of the list, and what once more on the day of export?",
            "`recommend_products`, then `plan_messages` with all four limits, then `export_messages` with `today` and `receipts`.",
            "Its `.send` is the file for the sender: count its rows.",
        ),
        close="Not it. Compare each setting with the task: lists of four products, `campaign_id`, `salt`, `control`, `discount`, `contact_cost`, `most_contacts`; then the day, `today` and `receipts` at the export.",
    ),
    Task(
        code="45d",
        asks="three fractions to three decimals: share of the look-alikes who bought baby products later, less that of the plain list, with its 95 % interval (gain, low, high)",
        compute=_answer_alike,
        first=_compare_right,
        tolerance=0.0005,
        hints=(
            "What is the plain list? What was known about it before October?",
            f'`find_lookalikes(people, club)`, then `.prove(later, "bought_later", count={PICKED}, rival=…)`.',
            "Its `.gain`, `.low` and `.high`, as a tuple.",
        ),
        close=f"Not it. {PICKED} customers on each list, the club on neither, `seed` and `folds` left out, and the interval of `prove`?",
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
