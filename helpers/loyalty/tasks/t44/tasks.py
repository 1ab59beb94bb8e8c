"""Exercise 44, 84 % of what: right answers and the usual wrong ones, all computed from the receipts and the register."""

from __future__ import annotations

from functools import cache

import pandas as pd

from loyalty.learn.offers import TimedRules, list_refills, mine_rules
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t44.scene import (
    AS_OF,
    EXERCISE_SEED,
    LAG,
    UNTIL,
    find_product,
    mine_chain,
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
    pairs = _join(buyers, serums)
    came = _count(pairs)
    n = len(buyers)
    every = _first(creams)
    lines = _join(seen, serums)
    inside = lines[lines["days"].between(*LAG)]
    serum_buyers = serums["customer_id"].nunique()
    customers = receipts.loc[receipts["time"] < UNTIL, "customer_id"].nunique()
    right = came / n
    return Answers(
        right=right,
        praise=f"{came:,} of {n:,} buyers of the cream whose window is over: {right:.1%}.",
        mistakes=(
            Mistake(
                "windows_not_over",
                "Your denominator holds customers whose 210 days are not over on 1 January 2025. They cannot have come yet: leave them out.",
                _count(_join(every, serums)) / len(every),
            ),
            Mistake(
                "any_time_after",
                "You counted the serum at any time after the cream. Asked are 90 to 210 days.",
                _count(pairs, 1, 10_000) / n,
            ),
            Mistake(
                "before_too",
                "You counted customers who bought both, in whatever order. Asked is the serum 90 to 210 days *after* the cream.",
                pairs["customer_id"].nunique() / n,
            ),
            Mistake(
                "of_the_serums_buyers",
                "That is a share of the *serum's* buyers. The rule speaks of the cream's: divide by them.",
                came / serum_buyers,
            ),
            Mistake(
                "serums_buyers_with_a_cream",
                "That is the share of the serum's buyers who ever bought the cream. The rule goes the other way.",
                serums.loc[serums["customer_id"].isin(creams["customer_id"]), "customer_id"].nunique() / serum_buyers,
            ),
            Mistake("support", "That is the support: a share of all customers. Divide by the cream's buyers.", came / customers),
            Mistake(
                "rows_for_customers",
                "You counted rows of serum: who bought two counts twice. Count customers.",
                len(inside) / len(seen),
            ),
            Mistake("all_creams_below", "Your denominator holds purchases of the cream. Who bought it twice is one customer.", came / len(creams)),
            Mistake("percent", "That is in percent. Asked is a fraction, such as 0.123.", 100 * right),
        ),
        near=(
            Mistake(
                "each_cream_counts",
                "You counted every purchase of the cream. A customer counts once, with the first one whose window is over.",
                len(inside.drop_duplicates(["customer_id", "time_first"])) / len(seen),
            ),
        ),
    )  # fmt: skip


@cache
def _mine_all() -> TimedRules:
    return mine_rules(open_chain(EXERCISE_SEED).receipts, lag=LAG)


def _read_rule(rules: TimedRules) -> pd.Series:
    """The row of cream and serum."""
    x, y = (find_product(name, EXERCISE_SEED) for name in ("Face cream 01", "Serum 01"))
    return rules.pick(x, y)


def _three(row: pd.Series, names: tuple[str, str, str] = ("confidence", "low", "high")) -> tuple[float, float, float]:
    first, low, high = (float(row[name]) for name in names)
    return first, low, high


@cache
def _answer_proof() -> Answers:
    found = mine_chain(EXERCISE_SEED)
    row = _read_rule(found.prove(open_chain(EXERCISE_SEED).receipts))
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
                _three(_read_rule(_mine_all())),
            ),
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


@cache
def _answer_due() -> Answers:
    register = open_register()
    lines = read_register(register)
    refills = list_refills(lines, AS_OF, horizon=HORIZON)
    table = refills.table
    right = len(refills.due_now)
    late = int((table["status"] == "late").sum())
    stopped = int((table["status"] == "perhaps stopped").sum())
    ignored = len(list_refills(lines, AS_OF, horizon=HORIZON, per="purchase").due_now)
    apart = len(list_refills(lines.assign(product_id=register["product_id"]), AS_OF, horizon=HORIZON).due_now)
    return Answers(
        right=right,
        praise=f"{right:,} refills are due from 1 to 14 July; by their own chances about {refills.due_now['chance'].sum():.0f} of them will come.",
        mistakes=(
            Mistake(
                "pack_size_ignored",
                "You ignored the size of the pack: 90 tablets last three times as long as 30. Put `pack` into `quantity` (and leave `per=\"piece\"`).",
                ignored,
            ),
            Mistake(
                "packs_as_products",
                "You took the packs of one substance for different products. Who takes a small pack after a large one refills all the same: put `substance` into `product_id`.",
                apart,
            ),
            Mistake("late_too", "The late ones are in. They belong on a list of their own; asked is \"due now\".", right + late),
            Mistake("only_the_late", "These are late: their day was before July. Asked is \"due now\".", late),
            Mistake("stopped_too", "Those who have perhaps stopped are in. Asked is \"due now\".", right + late + stopped),
            Mistake("all_pairs", "That is every customer and substance. Asked are those due from 1 to 14 July.", len(table)),
        ),
        near=(
            Mistake(
                "likely_ones",
                "You counted those with a chance above one half. Asked is the status \"due now\".",
                int((table["chance"] > 0.5).sum()),
            ),
            Mistake(
                "customers",
                "You counted customers. Who runs out of two substances has two refills.",
                int(refills.due_now["customer_id"].nunique()),
            ),
            Mistake("a_week", "That is a week. Asked are 14 days: `horizon=14`.", len(list_refills(lines, AS_OF, horizon=7).due_now)),
        ),
    )  # fmt: skip


@cache
def _answer_new() -> Answers:
    register = open_register()
    day = pd.Timestamp(AS_OF)
    first = register[(register["product_id"] == PLAIN)]
    buyers = _first(first[_is_over(first["time"], day)])
    pairs = _join(buyers, register)
    inside = pairs[pairs["days"].between(*LAG)]
    known = pairs.loc[pairs["days"] <= 0, ["customer_id", "substance"]].drop_duplicates()
    new = inside.merge(known, on=["customer_id", "substance"], how="left", indicator=True)
    new = new[new["_merge"] == "left_only"]
    n = len(buyers)
    right = float(new["customer_id"].nunique() / n)
    other = float(inside.loc[inside["product_id"] != PLAIN, "customer_id"].nunique() / n)
    return Answers(
        right=right,
        praise=f"{right:.1%} bought what the register had not seen with them before, which in its first months is nearly everything; the {other:.0%} of the slide are mostly refills.",
        mistakes=(
            Mistake(
                "refill_counted_as_cross_sell",
                "That is the slide's number. A 90 after A 30 is the same substance in a larger pack: a refill, no cross-sell.",
                other,
            ),
            Mistake(
                "known_substances",
                "You left out A, well. But B and C are refills as well for those who took them before: only what a customer did *not* take before is new.",
                float(inside.loc[inside["substance"] != "A", "customer_id"].nunique() / n),
            ),
            Mistake("any_purchase", "You counted any purchase, A 30 too. That is mostly refills.", float(inside["customer_id"].nunique() / n)),
            Mistake(
                "rows_for_customers",
                "You counted packs. Who bought three new packs is one customer.",
                float(len(new) / n),
            ),
            Mistake(
                "of_all_customers",
                "You divided by all customers of the register. The rule speaks of the buyers of A 30.",
                float(new["customer_id"].nunique() / register["customer_id"].nunique()),
            ),
            Mistake(
                "of_those_who_bought",
                "Your denominator is those who bought something in the window. Who came back for nothing is a buyer of A 30 too.",
                float(new["customer_id"].nunique() / inside["customer_id"].nunique()),
            ),
            Mistake("percent", "That is in percent. Asked is a fraction.", 100 * right),
        ),
    )  # fmt: skip


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
