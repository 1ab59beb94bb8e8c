"""Exercise 44, 81 % of what: right answers and the usual wrong ones, all computed from the receipts and the register."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from loyalty.learn.offers import Refills, TimedRules, list_refills, mine_rules
from loyalty.stats.intervals import interval_of_share
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.mistakes import set_apart
from loyalty.tasks.t44.scene import (
    AS_OF,
    EXERCISE_SEED,
    LAG,
    UNTIL,
    find_product,
    mine_chain,
    name_products,
    open_chain,
    open_exercise,
    open_register,
    read_register,
)

PER_MILLE = 0.0005
END = pd.Timestamp(UNTIL)
HORIZON = 14
PLAIN = "A 30"


def _is_over(time: pd.Series, end: pd.Timestamp) -> pd.Series:
    return time.dt.normalize() + pd.Timedelta(LAG[1], "D") < end


def _first(rows: pd.DataFrame) -> pd.DataFrame:
    """The first purchase of each customer."""
    return rows.sort_values("time").drop_duplicates("customer_id")


def _join(first: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    """All pairs of X and Y of one customer, with the days between them."""
    pairs = then.merge(first[["customer_id", "time"]], on="customer_id", suffixes=("", "_first"))
    return pairs.assign(days=(pairs["time"].dt.normalize() - pairs["time_first"].dt.normalize()).dt.days)


def _count(pairs: pd.DataFrame, low: int = LAG[0], high: int = LAG[1]) -> int:
    return int(pairs.loc[pairs["days"].between(low, high), "customer_id"].nunique())


@cache
def _answer_share() -> Answers:
    creams, serums, receipts, _ = open_exercise()
    seen = creams[_is_over(creams["time"], END)]
    buyers = _first(seen)
    came = _count(_join(buyers, serums))
    customers = receipts.loc[receipts["time"] < UNTIL, "customer_id"].nunique()
    mistakes = (
        *_list_other_buyers(creams, serums, seen),
        *_list_other_days(_join(buyers, serums), len(buyers)),
        *_list_other_shares(creams, serums, buyers),
        Mistake("support", "That is the support: a share of all customers. Divide by the cream's buyers.", came / customers),
        Mistake("percent", "That is in percent. Asked is a fraction, such as 0.123.", 100 * came / len(buyers)),
    )  # fmt: skip
    apart, near = set_apart(mistakes, PER_MILLE)
    return Answers(
        right=came / len(buyers),
        praise=f"{came:,} of {len(buyers):,} buyers of the cream whose window is over: {came / len(buyers):.1%}.",
        mistakes=apart,
        near=near,
    )


def _list_other_buyers(creams: pd.DataFrame, serums: pd.DataFrame, seen: pd.DataFrame) -> tuple[Mistake, ...]:
    """Wrong creams: windows that are not over, the last one, any of them, each of them."""
    every = _first(creams)
    last = seen.sort_values("time").drop_duplicates("customer_id", keep="last")
    lines = _join(seen, serums)
    inside = lines[lines["days"].between(*LAG)]
    return (
        Mistake(
            "windows_not_over",
            "Your denominator holds customers whose 210 days are not over on 1 January 2025. They cannot have come yet: leave them out.",
            _count(_join(every, serums)) / len(every),
        ),
        Mistake(
            "last_cream",
            "You took each customer's last cream. Asked is the first one whose 210 days are over.",
            _count(_join(last, serums)) / len(last),
        ),
        Mistake(
            "any_cream",
            "You counted a customer when the serum followed any of his creams. Asked is the first one whose 210 days are over, and no other.",
            _count(lines) / len(last),
        ),
        Mistake(
            "rows_for_customers",
            "You counted rows of serum: who bought two counts twice. Count customers.",
            len(inside) / len(seen),
        ),
        Mistake(
            "rows_for_buyers",
            "You divided rows of serum by customers: who bought two serums in the window counts twice. Count customers above the line too.",
            int(_join(_first(seen), serums)["days"].between(*LAG).sum()) / len(last),
        ),
        Mistake(
            "each_cream_counts",
            "You counted every purchase of the cream. A customer counts once, with the first one whose window is over.",
            len(inside.drop_duplicates(["customer_id", "time_first"])) / len(seen),
        ),
    )


def _list_other_days(pairs: pd.DataFrame, n: int) -> tuple[Mistake, ...]:
    """Wrong windows after the right creams."""
    months = 12 * (pairs["time"].dt.year - pairs["time_first"].dt.year) + (
        pairs["time"].dt.month - pairs["time_first"].dt.month
    )
    dates = [pairs["time_first"] + pd.DateOffset(months=count) for count in (3, 7)]
    later = _first(pairs[pairs["days"] > 0])
    counts = (
        (
            "any_time_after",
            "You counted the serum at any time after the cream. Asked are 90 to 210 days.",
            _count(pairs, 1, 10_000),
        ),
        (
            "from_the_same_day",
            "You counted the serum from the day of the cream on. Asked are 90 to 210 days: the window begins after 90.",
            _count(pairs, 0, LAG[1]),
        ),
        (
            "from_the_next_day",
            "You counted the serum from the day after the cream on. Asked are 90 to 210 days: the window begins after 90.",
            _count(pairs, 1, LAG[1]),
        ),
        (
            "ends_left_out",
            "You left out day 90 or day 210, such as with > and <. Both belong to the window.",
            _count(pairs, LAG[0] + 1, LAG[1] - 1),
        ),
        (
            "calendar_months",
            "You counted calendar months, 3 to 7 after the cream's month. Asked are days: 90 to 210.",
            int(pairs.loc[months.between(3, 7), "customer_id"].nunique()),
        ),
        (
            "whole_months",
            "You counted from 3 to 7 months after the cream, which is a little more than 90 to 210 days. Asked are days.",
            int(pairs.loc[pairs["time"].between(*dates), "customer_id"].nunique()),
        ),
        (
            "first_serum_only",
            "You looked at the first serum after the cream only. Who came on day 20 and again on day 120 came in the window too.",
            _count(later),
        ),
        (
            "days_by_the_hour",
            "You counted days by the hour: from 11:00 to 10:00 is not yet a whole day. Take the dates, with `.dt.normalize()`.",
            int(pairs.loc[_take_hours(pairs).between(*LAG), "customer_id"].nunique()),
        ),
        (
            "first_90_days",
            "You counted the serum in the *first* 90 days after the cream. Asked are 90 to 210 days.",
            _count(pairs, 0, LAG[0]),
        ),
        (
            "no_end",
            "You counted from day 90 on, without an end. Asked are 90 to 210 days.",
            _count(pairs, LAG[0], 10_000),
        ),
        (
            "before_too",
            "You counted customers who bought both, in whatever order. Asked is the serum 90 to 210 days *after* the cream.",
            int(pairs["customer_id"].nunique()),
        ),
    )
    return tuple(Mistake(name, says, count / n) for name, says, count in counts)


def _take_hours(pairs: pd.DataFrame) -> pd.Series:
    """Whole days between the hours of two purchases, not between their dates."""
    return (pairs["time"] - pairs["time_first"]).dt.days


def _list_other_shares(creams: pd.DataFrame, serums: pd.DataFrame, buyers: pd.DataFrame) -> tuple[Mistake, ...]:
    """The right customers, divided by others; and the share that goes the other way."""
    pairs = _join(buyers, serums)
    came = _count(pairs)
    fans = serums.loc[serums["customer_id"].isin(creams["customer_id"]), "customer_id"].nunique()
    return (
        Mistake(
            "of_the_serums_buyers",
            "That is a share of the *serum's* buyers. The rule speaks of the cream's: divide by them.",
            came / serums["customer_id"].nunique(),
        ),
        Mistake(
            "serums_buyers_with_a_cream",
            "That is the share of the serum's buyers who ever bought the cream. The rule goes the other way.",
            fans / serums["customer_id"].nunique(),
        ),
        Mistake(
            "of_all_creams_buyers",
            "You divided by all buyers of the cream. Those whose 210 days are not over do not count: leave them out below the line too.",
            came / creams["customer_id"].nunique(),
        ),
        Mistake(
            "of_those_with_any_serum",
            "You divided by those cream buyers who bought the serum at any time. Who never did is a buyer of the cream too.",
            came / pairs["customer_id"].nunique(),
        ),
        Mistake(
            "all_creams_below",
            "Your denominator holds purchases of the cream. Who bought it twice is one customer.",
            came / len(creams),
        ),
    )


@cache
def _mine_until(day: str | None) -> TimedRules:
    return mine_rules(open_chain(EXERCISE_SEED).receipts, lag=LAG, until=day)


def _read_rule(rules: TimedRules) -> pd.Series:
    """The row of cream and serum."""
    x, y = (find_product(name, EXERCISE_SEED) for name in ("Face cream 01", "Serum 01"))
    return rules.pick(x, y)


def _list_other_rows(proof: TimedRules) -> tuple[Mistake, ...]:
    """The rows of the other rules that were proved."""
    rows = proof.to_frame(name_products(EXERCISE_SEED))
    others = rows[rows["first_product"] != "Face cream 01"]
    return tuple(
        Mistake(
            f"row_{place}",
            f"That is the row {row['first_product']} → {row['then_product']}. Asked is Face cream 01 → Serum 01.",
            _three(row),
        )
        for place, row in others.iterrows()
    )


def _share_by_hand() -> tuple[float, float, float]:
    """The share of 44a, with an interval."""
    creams, serums, _, _ = open_exercise()
    buyers = _first(creams[_is_over(creams["time"], END)])
    came = _count(_join(buyers, serums))
    low, high = interval_of_share(came, len(buyers))
    return came / len(buyers), float(low), float(high)


def _three(row: pd.Series, names: tuple[str, str, str] = ("confidence", "low", "high")) -> tuple[float, float, float]:
    first, low, high = (float(row[name]) for name in names)
    return first, low, high


@cache
def _answer_proof() -> Answers:
    found = mine_chain(EXERCISE_SEED)
    proof = found.prove(open_chain(EXERCISE_SEED).receipts)
    row = _read_rule(proof)
    early = _read_rule(found)
    right = _three(row)
    lift = ("lift", "lift_low", "lift_high")
    chance = float(row["chance"])
    return Answers(
        right=right,
        praise=f"{right[0]:.1%} ({right[1]:.1%} to {right[2]:.1%}) in 2025; where it was found it was {early['confidence']:.1%} of {early['buyers']:,}: fewer buyers than in 44a, because 210 days *before* the cream have to be known too.",
        mistakes=(
            Mistake(
                "where_it_was_found",
                "That is from the months in which the rule was found: there it is good by choice. Prove it: `rules.prove(receipts)`.",
                _three(early),
            ),
            Mistake(
                "mined_on_everything",
                "You mined all three years. Then no month is left to prove it on: mine `until=\"2025-01-01\"`, and `prove` after it.",
                _three(_read_rule(_mine_until(None))),
            ),
            Mistake(
                "mined_until_july",
                "You mined until July 2025, so half of the year of the proof was searched too. Mine `until=\"2025-01-01\"`, and take the numbers of `prove`.",
                _three(_read_rule(_mine_until("2025-07-01"))),
            ),
            Mistake(
                "share_of_44a",
                "That is the share of 44a, counted until 2025. Asked are the numbers of the proof: `rules.prove(receipts)`.",
                _share_by_hand(),
            ),
            *_list_other_rows(proof),
            Mistake("chance_for_confidence", "Your first number is `chance`: what the deals by lot make. Asked is `confidence`; your two ends are right.", (chance, right[1], right[2])),
            Mistake("support_for_confidence", "Your first number is `support`: a share of all customers. Asked is `confidence`, of the buyers of X; your two ends are right.", (float(row["support"]), right[1], right[2])),
            Mistake("lift_for_confidence", "Your first number is `lift`. Asked is `confidence`; your two ends are right.", (float(row["lift"]), right[1], right[2])),
            Mistake("lift", "That is the lift. Asked is the confidence.", _three(row, lift)),
            Mistake("lift_where_it_was_found", "That is the lift where the rule was found. Asked is the confidence, on later months.", _three(early, lift)),
            Mistake("percent", "These are percent. Asked are fractions.", (100 * right[0], 100 * right[1], 100 * right[2])),
            Mistake("above_chance", "You subtracted what chance makes. Asked is the confidence itself.", (right[0] - chance, right[1] - chance, right[2] - chance)),
        ),
        near=(
            Mistake(
                "half_width_in_the_place_of_ends",
                "The confidence is right. You gave how far the interval reaches; asked are its two ends.",
                (right[0], (right[2] - right[1]) / 2, (right[2] - right[1]) / 2),
            ),
        ),
    )  # fmt: skip


def _list_due(horizon: int = HORIZON, per: Literal["piece", "purchase"] = "piece", packs: bool = False) -> Refills:
    """The list of the exercise, as the task asks or with a usual mistake."""
    register = _read_once()
    lines = read_register(register)
    if packs:
        lines = lines.assign(product_id=register["product_id"])
    return list_refills(lines, AS_OF, horizon=horizon, per=per)


def _count_last_packs() -> int:
    """Count the last packs that end from 1 to 14 July, at one tablet a day."""
    register = _read_once()
    last = register.groupby(["customer_id", "substance"]).tail(1)
    ends = last["time"] + pd.to_timedelta(last["pack"], unit="D")
    day = pd.Timestamp(AS_OF)
    return int(ends.between(day, day + pd.Timedelta(HORIZON - 1, "D")).sum())


@cache
def _answer_due() -> Answers:
    refills = _list_due()
    table = refills.table
    now = refills.due_now
    right = len(now)
    late = int((table["status"] == "late").sum())
    stopped = int((table["status"] == "perhaps stopped").sum())
    mistakes = (
        Mistake(
            "pack_size_ignored",
            "You ignored the size of the pack: 90 tablets last three times as long as 30. Put `pack` into `quantity` (and leave `per=\"piece\"`).",
            len(_list_due(per="purchase").due_now),
        ),
        Mistake(
            "packs_as_products",
            "You took the packs of one substance for different products. Who takes a small pack after a large one refills all the same: put `substance` into `product_id`.",
            len(_list_due(packs=True).due_now),
        ),
        Mistake("late_too", "The late ones are in. They belong on a list of their own; asked is \"due now\".", right + late),
        Mistake("only_the_late", "These are late: their day was before July. Asked is \"due now\".", late),
        Mistake("only_the_stopped", "These have perhaps stopped. Asked is \"due now\".", stopped),
        Mistake(
            "all_due_until_then",
            "These are all whose day is 14 July or before: the late ones and those who have perhaps stopped are in. Asked is the status \"due now\".",
            right + late + stopped,
        ),
        Mistake("all_pairs", "That is every customer and substance. Asked are those due from 1 to 14 July.", len(table)),
        Mistake(
            "likely_ones",
            "You counted those with a chance above one half. Asked is the status \"due now\".",
            int((table["chance"] > 0.5).sum()),
        ),
        Mistake(
            "customers",
            "You counted customers. Who runs out of two substances has two refills.",
            int(now["customer_id"].nunique()),
        ),
        Mistake(
            "expected",
            "You added up the chances: so many will come. Asked is how many are due.",
            round(float(now["chance"].sum())),
        ),
        Mistake(
            "last_pack_in_days",
            "You added the last pack to its day, at one tablet a day. Each customer has a rhythm of his own: take `list_refills`.",
            _count_last_packs(),
        ),
        Mistake("a_week", "That is a week. Asked are 14 days: `horizon=14`.", len(_list_due(7).due_now)),
        Mistake("a_day_less", "That is 13 days. From 1 to 14 July, both included, are 14: `horizon=14`.", len(_list_due(13).due_now)),
        Mistake("a_day_more", "That is 15 days. From 1 to 14 July, both included, are 14: `horizon=14`.", len(_list_due(15).due_now)),
        Mistake("a_month", "That is 30 days. Asked are 14: `horizon=14`.", len(_list_due(30).due_now)),
    )  # fmt: skip
    apart, near = set_apart(mistakes, 0)
    return Answers(
        right=right,
        praise=f"{right:,} refills are due from 1 to 14 July; by their own chances about {now['chance'].sum():.0f} of them will come.",
        mistakes=apart,
        near=near,
    )


@cache
def _read_once() -> pd.DataFrame:
    return open_register()


def _count_new(
    buyers: pd.DataFrame,
    *,
    window: tuple[int, int] = LAG,
    known: tuple[float, float] = (-np.inf, 0),
    what: str = "substance",
    count: Literal["customers", "substances"] = "customers",
) -> int:
    """Count buyers with something in the window that they had not bought in the `known` days round their A 30.

    Or, with `count`, the substances that were new to them.
    """
    pairs = _join(buyers, _read_once())
    had = pairs.loc[pairs["days"].between(*known), ["customer_id", what]].drop_duplicates()
    inside = pairs[pairs["days"].between(*window)].merge(had, on=["customer_id", what], how="left", indicator=True)
    new = inside[inside["_merge"] == "left_only"]
    return len(new.drop_duplicates(["customer_id", what] if count == "substances" else "customer_id"))


def _share_of_purchases(lines: pd.DataFrame) -> float:
    """The share where each A 30 counts, and not each customer."""
    came = sum(_count_new(lines[place]) for place in _split_by_turn(lines))
    return came / len(lines)


def _split_by_turn(lines: pd.DataFrame) -> list[pd.Series]:
    """Masks of the first purchase of each customer, of the second, and so on."""
    turn = lines.sort_values("time").groupby("customer_id").cumcount().reindex(lines.index)
    return [turn == number for number in range(int(turn.max()) + 1)]


@cache
def _answer_new() -> Answers:
    register = _read_once()
    lines = register[register["product_id"] == PLAIN]
    seen = lines[_is_over(lines["time"], pd.Timestamp(AS_OF))]
    buyers = _first(seen)
    n = len(buyers)
    inside = _join(buyers, register)
    inside = inside[inside["days"].between(*LAG)]
    other = inside.loc[inside["product_id"] != PLAIN, "customer_id"].nunique() / n
    right = _count_new(buyers) / n
    mistakes = (
        Mistake(
            "refill_counted_as_cross_sell",
            "That is the slide's number. A 90 after A 30 is the same substance in a larger pack: a refill, no cross-sell.",
            other,
        ),
        Mistake(
            "known_substances",
            "You left out A, well. But B and C are refills as well for those who took them before: only what a customer did *not* take before is new.",
            inside.loc[inside["substance"] != "A", "customer_id"].nunique() / n,
        ),
        Mistake("any_purchase", "You counted any purchase, A 30 too. That is mostly refills.", inside["customer_id"].nunique() / n),
        *_list_other_memories(buyers),
        *_list_other_plain_buyers(register, lines, seen),
        Mistake(
            "of_all_customers",
            "You divided by all customers of the register. The rule speaks of the buyers of A 30.",
            _count_new(buyers) / register["customer_id"].nunique(),
        ),
        Mistake(
            "substances_for_customers",
            "You counted substances: who found two new ones counts twice. Count customers.",
            _count_new(buyers, count="substances") / n,
        ),
        Mistake(
            "of_those_with_another_product",
            "You divided by those who bought another product in the window. Who did not is a buyer of A 30 too.",
            right / other,
        ),
        Mistake(
            "of_those_who_bought",
            "Your denominator is those who bought something in the window. Who came back for nothing is a buyer of A 30 too.",
            _count_new(buyers) / inside["customer_id"].nunique(),
        ),
        Mistake("percent", "That is in percent. Asked is a fraction.", 100 * right),
    )  # fmt: skip
    apart, near = set_apart(mistakes, PER_MILLE)
    return Answers(
        right=right,
        praise=f"{right:.1%} bought what the register had not seen with them before. (In its first months the register knows nobody, so nearly all looks new.) The {other:.0%} of the slide are mostly refills.",
        mistakes=apart,
        near=near,
    )


def _list_other_memories(buyers: pd.DataFrame) -> tuple[Mistake, ...]:
    """Other days in which a substance counts as known or as bought, and products in the place of substances."""
    n = len(buyers)
    before = -LAG[1]
    return (
        Mistake(
            "known_of_210_days",
            "You looked back 210 days only. Some had bought the substance before that, and paused: it is not new to them.",
            _count_new(buyers, known=(before, 0)) / n,
        ),
        Mistake(
            "known_before_the_day",
            "You looked at the days *before* that A 30, without the day itself. So A is new to many. Asked is what they had not bought up to that day, the day included.",
            _count_new(buyers, known=(-np.inf, -1)) / n,
        ),
        Mistake(
            "known_until_the_window",
            "You took away what they bought in the 90 days after that A 30 as well. Asked is what they had not bought up to that day.",
            _count_new(buyers, known=(-np.inf, LAG[0] - 1)) / n,
        ),
        Mistake(
            "ends_left_out",
            "You left out day 90 or day 210, such as with > and <. Both belong to the window.",
            _count_new(buyers, window=(LAG[0] + 1, LAG[1] - 1)) / n,
        ),
        Mistake(
            "from_the_next_day",
            "You counted from the day after on. Asked are 90 to 210 days.",
            _count_new(buyers, window=(1, LAG[1])) / n,
        ),
        Mistake(
            "products_for_substances",
            "You compared products. A 90 is new to who bought A 30, but the substance is the same: compare `substance`.",
            _count_new(buyers, what="product_id") / n,
        ),
    )


def _list_other_plain_buyers(register: pd.DataFrame, lines: pd.DataFrame, seen: pd.DataFrame) -> tuple[Mistake, ...]:
    """Other purchases from which the days are counted."""
    last = seen.sort_values("time").drop_duplicates("customer_id", keep="last")
    is_a = (register["substance"] == "A") & _is_over(register["time"], pd.Timestamp(AS_OF))
    any_a = _first(register[is_a])
    early = _first(lines[_is_over(lines["time"], END)])
    return (
        Mistake(
            "windows_over_in_2024",
            "You took those whose 210 days end before 1 January 2025, as in 44a. Here it is 1 July 2025.",
            _count_new(early) / len(early),
        ),
        Mistake(
            "windows_not_over",
            "Your denominator holds customers whose 210 days are not over on 1 July 2025. Leave them out.",
            _count_new(_first(lines)) / lines["customer_id"].nunique(),
        ),
        Mistake(
            "last_purchase",
            "You took each customer's last A 30. Asked is the first one whose 210 days are over.",
            _count_new(last) / len(last),
        ),
        Mistake(
            "any_pack_of_a",
            "You took the buyers of A in any pack. Asked are those of A 30.",
            _count_new(any_a) / len(any_a),
        ),
        Mistake(
            "each_purchase_counts",
            "You counted every purchase of A 30. A customer counts once, with the first one whose window is over.",
            _share_of_purchases(seen),
        ),
    )


@cache
def _answer_decision() -> Answers:
    return Answers(
        right="Q",
        praise="The rule says whom and when, the lottery says whether a letter is worth its price, and refills go by pack.",
        mistakes=(
            Mistake(
                "true_so_it_pays",
                "The rule is true, also without any letter: they come anyway. What the letter *adds*, nobody knows before a control group.",
                "P",
            ),
            Mistake("refills_as_cross_sell", "Most of that share are refills, as 44d has shown. A letter for a new substance meets a quarter at most.", "R"),
            Mistake(
                "confidence_below_one_half",
                "A confidence below one half is no reason against it. It is several times what chance makes; and what a letter earns is another question.",
                "S",
            ),
            Mistake("confidence_without_lift", "The largest confidence belongs to what everybody buys. Ask for lift, and for an order.", "T"),
        ),
    )  # fmt: skip


TASKS = (
    Task(
        code="44a",
        asks="one fraction, to three decimals: of the customers with a cream whose 210 days end before 1 January 2025, the share who bought the serum 90 to 210 days after it; a customer counts once, with the first such cream",
        compute=_answer_share,
        tolerance=PER_MILLE,
        hints=(
            "Who can be counted? `creams[creams.time.dt.normalize() + pd.Timedelta(210, 'D') < '2025-01-01']`, then the first of each customer.",
            "Merge the serums by customer, and take the days between them.",
            "Customers with 90 to 210 days, divided by the customers of the first step.",
        ),
        close="Not it. Whose windows are over, which days, and customers or rows?",
    ),
    Task(
        code="44b",
        asks="(confidence, low, high), three fractions to three decimals: Face cream 01 → Serum 01, mined until 2025-01-01 with lag=(90, 210), proved with X from 2025-01-01 on",
        compute=_answer_proof,
        tolerance=PER_MILLE,
        hints=(
            '`rules = mine_rules(receipts, lag=(90, 210), until="2025-01-01")`.',
            "`rules.prove(receipts).to_frame(names)` has a row for each rule that was found.",
        ),
        close="Not it. From the proof, not from where it was found?",
    ),
    Task(
        code="44c",
        asks='one whole number: the refills with the status "due now", as of 2025-07-01, 14 days, by substance, the pack counted',
        compute=_answer_due,
        tolerance=0,
        hints=(
            "`list_refills` reads `product_id` and `quantity`. What is refilled, and how many tablets are in a purchase?",
            "`register.assign(product_id=register.substance, quantity=register.pack)`.",
            '`list_refills(…, "2025-07-01", horizon=14).due_now`.',
        ),
        close="Not it. By substance, with the tablets of the pack, and 14 days?",
    ),
    Task(
        code="44d",
        asks="one fraction, to three decimals: of the customers with an A 30 whose 210 days end before 1 July 2025 (each once, with the first one), the share who bought, 90 to 210 days after it, a substance that they had not bought on the day of that A 30 or before it",
        compute=_answer_new,
        tolerance=PER_MILLE,
        hints=(
            "What is a refill here? The same substance, whatever the pack.",
            "Which substances did each customer have up to that day? These are refills too.",
            "Customers with a substance in the window that is not among them, divided by all buyers of A 30.",
        ),
        close="Not it. Which substances are new to this customer, and divided by whom?",
    ),
    Task(
        code="44e",
        asks='one letter: "P", "Q", "R", "S" or "T"',
        compute=_answer_decision,
        tolerance=0,
        read=read_letter("PQRST"),
        hints=(
            "Does a true rule say that a letter changes something?",
            "Which choice tells you next quarter what you do not know today?",
        ),
        close="",
    ),
)
