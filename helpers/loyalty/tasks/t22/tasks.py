"""Exercise 22, the detergent reminder: right answers and the usual wrong ones, all computed from the receipts."""

from __future__ import annotations

from functools import cache

import pandas as pd

from loyalty.datasets.loaders import complete_journey
from loyalty.datasets.shelf import Dataset
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules.life_cycle import assign_life_cycle, measure_gaps
from loyalty.segment.rules.regression_to_mean import expose_regression
from loyalty.segment.rules.rfm import score_rfm
from loyalty.segment.rules.windows import sum_windows
from loyalty.tasks.checking.grading import Answers, Mistake, Task

AS_OF = pd.Timestamp("2017-07-01")
YEAR_END = pd.Timestamp("2018-01-02")
QUARTERS = ("2017-07-01", "2017-09-30", "2017-12-30")


@cache
def _chain() -> Dataset:
    return complete_journey()


@cache
def _profile() -> pd.DataFrame:
    return build_profile(_chain().receipts, AS_OF, customers=_chain().customers)


@cache
def _detergent(until: pd.Timestamp = AS_OF) -> pd.DataFrame:
    """One row a receipt line of detergent before the date, with its day."""
    chain = _chain()
    lines = chain.receipts[chain.receipts.time < until]
    category = chain.products.set_index("product_id").category
    lines = lines[lines.product_id.map(category) == "LAUNDRY DETERGENTS"]
    return lines.assign(day=lines.time.dt.normalize()).sort_values(["customer_id", "day"])


def _gaps(lines: pd.DataFrame) -> pd.Series:
    return lines.groupby("customer_id").day.diff().dt.days.dropna()


@cache
def _right_gaps(until: pd.Timestamp = AS_OF) -> pd.Series:
    return _gaps(_detergent(until).drop_duplicates(["customer_id", "day"]))


@cache
def _any_gaps() -> pd.Series:
    lines = _chain().receipts
    days = lines[lines.time < AS_OF].assign(day=lambda d: d.time.dt.normalize())
    return _gaps(days.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"]))


@cache
def _answer_scores() -> Answers:
    profile = _profile()
    right = score_rfm(profile).table[["customer_id", "f"]]
    buyers = profile[profile.frequency > 0]

    def table(values: pd.Series) -> pd.DataFrame:
        return right[["customer_id"]].assign(f=values.reindex(profile.index).fillna(0).astype("int64").to_numpy())

    by_rank = pd.qcut(buyers.frequency.rank(method="first"), 5, labels=False) + 1
    by_width = pd.cut(buyers.frequency, 5, labels=False) + 1
    with_zeros = pd.qcut(profile.frequency.rank(method="min"), 5, labels=False, duplicates="drop") + 1
    return Answers(
        right=right,
        praise=f"{(right.f == 5).sum()} households have a 5, and no two equal ones differ.",
        mistakes=(
            Mistake(
                "ties_by_id",
                "Households with the same frequency have different scores: ties are broken by their place in the table. Cut at values.",
                table(by_rank),
            ),
            Mistake(
                "equal_width",
                "You cut the range of frequency into five equal lengths; a few very busy households leave almost everybody in part 1. Cut at quantiles of the values.",
                table(by_width),
            ),
            Mistake(
                "never_bought_scored",
                "Households that never bought are scored with the buyers and push them up. They get 0 and do not move anybody.",
                table(with_zeros),
            ),
            Mistake(
                "counted_from_zero",
                "Your scores run from 0 to 4, and those who never bought are among them. Score the buyers from 1 to 5; 0 is for who never bought.",
                table(with_zeros - 1),
            ),
            Mistake(
                "never_bought_missing",
                "Households that never bought are missing. Give them a row with 0: the segments must add up to the base.",
                right[right.f > 0],
            ),
            Mistake(
                "recency_for_frequency",
                "That is the recency score. Take the column f.",
                table(score_rfm(profile).table.set_axis(profile.index).r),
            ),
            Mistake(
                "upside_down",
                "A 5 should be the most frequent; yours is the other way round.",
                table((6 - right.f.where(right.f > 0)).set_axis(profile.index)),
            ),
        ),
    )


@cache
def _answer_late() -> Answers:
    gaps = _right_gaps()
    right = float(gaps.quantile(0.8))
    return Answers(
        right=right,
        praise=f"80 % of {len(gaps):,} gaps are {right:.0f} days or shorter.",
        mistakes=(
            Mistake(
                "thirty_days",
                "30 days is the habit, not an answer: this category has a rhythm of its own. Let the gaps decide.",
                30.0,
            ),
            Mistake(
                "any_purchase",
                "That is the gap between visits of any kind. Keep the detergent lines first.",
                float(_any_gaps().quantile(0.8)),
            ),
            Mistake(
                "median",
                "That is the median: half of the households would be called late while they are only usual.",
                float(gaps.median()),
            ),
            Mistake(
                "lines_as_purchases",
                "Two lines on one day make a gap of 0 days. One day counts once.",
                float(_gaps(_detergent()).quantile(0.8)),
            ),
            Mistake(
                "households_mixed",
                "You took differences across households: sort by customer and day, and let `groupby('customer_id')` stand before `diff()`.",
                float(
                    _detergent()
                    .drop_duplicates(["customer_id", "day"])
                    .sort_values("day")
                    .day.diff()
                    .dt.days.quantile(0.8)
                ),
            ),
            Mistake(
                "household_means",
                "That is the quantile of the households' own mean gaps: each household counts once. The question counts each gap once.",
                float(gaps.groupby(_detergent().loc[gaps.index, "customer_id"]).mean().quantile(0.8)),
            ),
            Mistake(
                "no_as_of_date",
                "You used receipts from 1 July on as well. Keep `time < as_of`.",
                float(_right_gaps(YEAR_END).quantile(0.8)),
            ),
            Mistake(
                "mean",
                "That is the mean. The question is how long a gap must be to be longer than 80 % of them: the quantile 0.8.",
                float(gaps.mean()),
            ),
        ),
    )


@cache
def _answer_falsely_late() -> Answers:
    gaps = _right_gaps()
    right = float((gaps > 30).mean())
    per_household = gaps.groupby(_detergent().loc[gaps.index, "customer_id"])
    return Answers(
        right=right,
        praise=f"{right:.0%} of gaps that ended with a purchase were longer than 30 days.",
        mistakes=(
            Mistake(
                "any_purchase",
                "That is for visits of any kind. For visits 30 days are long; for detergent they are not.",
                float((_any_gaps() > 30).mean()),
            ),
            Mistake(
                "lines_as_purchases",
                "Two lines on one day make gaps of 0 days, which hide the long ones. One day counts once.",
                float((_gaps(_detergent()) > 30).mean()),
            ),
            Mistake("in_time", "That is the share of 30 days or shorter. The others are the falsely late.", 1 - right),
            Mistake(
                "thirty_or_longer",
                "You counted gaps of exactly 30 days as well. Longer than 30: `>`.",
                float((gaps >= 30).mean()),
            ),
            Mistake(
                "first_purchases_inside",
                "You divided by all detergent days. A household's first one has no gap before it: `dropna()` first.",
                float((gaps > 30).sum() / len(_detergent().drop_duplicates(["customer_id", "day"]))),
            ),
            Mistake(
                "own_line",
                "That is the share beyond the line of 22b. Here the draft's line of 30 days is asked.",
                float((gaps > gaps.quantile(0.8)).mean()),
            ),
            Mistake(
                "a_count",
                "That is how many gaps. Divide by the number of gaps: a fraction was asked.",
                float((gaps > 30).sum()),
            ),
            Mistake(
                "no_as_of_date",
                "You used receipts from 1 July on as well. Keep `time < as_of`.",
                float((_right_gaps(YEAR_END) > 30).mean()),
            ),
            Mistake(
                "households",
                "That is the share of households with at least one such gap. The question counts gaps.",
                float(per_household.max().gt(30).mean()),
            ),
        ),
    )


@cache
def _answer_new() -> Answers:
    profile = _profile()
    stage = assign_life_cycle(profile, gaps=measure_gaps(_chain().receipts, AS_OF)).set_index("customer_id").segment
    few = profile[profile.frequency.between(1, 3)]
    is_new = stage.eq("new")
    habit = assign_life_cycle(profile, gaps=(30, 90)).set_index("customer_id").segment
    right = int(is_new.reindex(few.customer_id).sum())
    return Answers(
        right=right,
        praise=f"{right} of {len(few)} have only just begun.",
        mistakes=(
            Mistake(
                "newcomers_called_rare",
                "That counts all with one to three receipts, newcomers and rare ones in one pot. How long have they been here?",
                len(few),
            ),
            Mistake(
                "never_bought_inside",
                "You counted those who never bought as well. Nobody is new before the first purchase.",
                len(few) + int((profile.frequency == 0).sum()),
            ),
            Mistake(
                "all_new",
                'These are all households in the stage "new", also those with more than three receipts.',
                int(is_new.sum()),
            ),
            Mistake(
                "habit_lines",
                "That is with lines of 30 and 90 days. Let the receipts draw them: `gaps=measure_gaps(chain.receipts, as_of)`.",
                int(habit.eq("new").reindex(few.customer_id).sum()),
            ),
            Mistake(
                "first_month",
                "That counts a first purchase in the last 30 days. Use the stage that `assign_life_cycle` gives.",
                int((few.tenure_days <= 30).sum()),
            ),
            Mistake(
                "one_or_two",
                "You left out those with three receipts. `between(1, 3)` holds both ends.",
                int(is_new.reindex(few[few.frequency < 3].customer_id).sum()),
            ),
            Mistake(
                "the_rare_ones", "That is the rest: those with one to three receipts who are not new.", len(few) - right
            ),
        ),
    )


DRAFT = {
    "late, much detergent": "reminder with a coupon",
    "late, little detergent": "reminder",
    "not late": "nothing, this month",
    "rare": "",
    "other": "",
}


@cache
def _answer_list() -> Answers:
    without_action = [name for name, action in DRAFT.items() if not action]
    profile = _profile()
    buyers = _detergent().customer_id.unique()
    both = profile[profile.frequency.between(1, 3)].customer_id.isin(buyers).sum()
    none = (~profile.customer_id.isin(buyers)).sum()
    right = "C" if without_action and none else "A"
    says = {
        "A": f"{len(without_action)} segments have no action ({', '.join(without_action)}), and {both} of the rare households buy detergent: they would be in two segments at once.",
        "B": f"Then {none:,} households without detergent are in no segment. Nobody would notice when somebody forgets them; write down that they get nothing.",
        "C": "",
    }
    mistakes = {"A": "segment_without_action", "B": "customers_without_segment"}
    return Answers(
        right=right,
        praise=f"Everybody has a place, the {none:,} without detergent too, and every place has an action.",
        mistakes=tuple(Mistake(name, says[letter], letter) for letter, name in mistakes.items() if letter != right),
    )


@cache
def _spend() -> pd.DataFrame:
    return sum_windows(_chain().receipts, *QUARTERS, customers=_chain().customers)


def _change(group: pd.DataFrame, start: str, end: str, of: str = "mean") -> float:
    return float(group[end].agg(of) / group[start].agg(of) - 1)


@cache
def _answer_both_ways() -> Answers:
    spend = _spend()
    best, later = (spend.nlargest(len(spend) // 5, window) for window in ("first", "second"))
    both = spend[(spend["first"] > 0) & (spend["second"] > 0)]
    loyal, loyal_later = (both.nlargest(len(both) // 5, window) for window in ("first", "second"))
    forwards = _change(best, "first", "second")
    backwards = _change(later, "second", "first")
    buyers = _change(loyal, "first", "second"), _change(loyal_later, "second", "first")
    medians = _change(best, "first", "second", "median"), _change(later, "second", "first", "median")
    dollars = forwards * float(best["first"].mean()), backwards * float(later["second"].mean())
    everybody = _change(spend, "first", "second")
    other_fifth = float(later["second"].mean() / best["first"].mean() - 1)
    return Answers(
        right=(forwards, backwards),
        praise="Less in both directions: nobody can have fallen and risen at once.",
        mistakes=(
            Mistake(
                "new_fifth_each_time",
                "You took the best fifth of each quarter anew. Then it is not the same households: follow one group through both quarters.",
                (other_fifth, 1 / (1 + other_fifth) - 1),
            ),
            Mistake(
                "not_backwards",
                "Your second number follows the same households as the first. Choose the best of the *later* quarter and look back.",
                (forwards, 1 / (1 + forwards) - 1),
            ),
            Mistake(
                "ratio_for_change",
                'These are ratios: 1 would be "no change". Take 1 off.',
                (1 + forwards, 1 + backwards),
            ),
            Mistake(
                "read_forwards_again",
                "The first is right. The second divides the later quarter by the earlier one; backwards it is the other way: earlier / later - 1.",
                (forwards, 1 / (1 + backwards) - 1),
            ),
            Mistake(
                "dollars",
                "These are dollars a head. Divide by the mean from which you start: fractions were asked.",
                dollars,
            ),
            Mistake(
                "buyers_only",
                "You left out households that bought nothing in one of the quarters. They count as 0, and somebody who stopped is part of the change.",
                buyers,
            ),
            Mistake("medians", "These are changes of the median. The means of money were asked.", medians),
            Mistake("everybody", "That is the change of all households.", (everybody, 1 / (1 + everybody) - 1)),
        ),
    )


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("-", "−")


@cache
def _answer_verdict() -> Answers:
    gaps = expose_regression(_spend(), seed=22).gaps.set_index("group")
    forwards, backwards = _answer_both_ways().right
    p = gaps.p["top"]
    right = "effect" if p < 0.05 else "regression"
    says = {
        "effect": f"The best fifth changes by {_percent(forwards)} forwards and {_percent(backwards)} backwards: a fall in both directions is no effect. What differs between them, chance alone can do (p = {p:.2f}).",
        "regression": f"The forward fall differs from the backward one by more than chance (p = {p:.3f}).",
    }
    name = "fall_read_as_effect" if right == "regression" else "effect_read_as_regression"
    wrong = "effect" if right == "regression" else "regression"
    return Answers(
        right=right,
        praise=f"Forwards {_percent(forwards)}, backwards {_percent(backwards)}, and chance alone can make that difference (p = {p:.2f}).",
        mistakes=(Mistake(name, says[wrong], wrong),),
    )


TASKS = (
    Task(
        code="22a",
        asks="a table with one row for every household: customer_id, f (1 to 5, 0 for never bought), equal frequencies have equal scores",
        compute=_answer_scores,
        tolerance=0.1,
        key="customer_id",
        hints=(
            "Equal customers, equal scores: cut at values of frequency, as the helper of the lesson does.",
            "The helper is `score_rfm` in `loyalty.segment.rules.rfm`; it takes the profile.",
            "Its `.table` has the columns customer_id and f, among others: keep these two.",
        ),
        close="Close, but not for all households. Where do you cut?",
    ),
    Task(
        code="22b",
        asks="one number: days, the 80 % quantile of the gaps between two detergent days of one household, before 1 July 2017",
        compute=_answer_late,
        tolerance=0.3,
        hints=(
            "One row per household and day: `drop_duplicates`, sorted by day.",
            "`.groupby('customer_id').day.diff().dt.days.dropna()`",
            "`.quantile(0.8)`",
        ),
        close="Close, not it. Is each day counted once, and each gap within one household?",
    ),
    Task(
        code="22c",
        asks="one fraction between 0 and 1, to three digits: the share of the gaps of 22b that are longer than 30 days",
        compute=_answer_falsely_late,
        tolerance=0.0006,
        hints=(
            "The gaps of 22b, compared with 30: `>` gives True and False.",
            "The mean of True and False is a share.",
        ),
        close="Close, not it. Longer than 30, not 30 or longer, and the same gaps as in 22b.",
    ),
    Task(
        code="22d",
        asks="one whole number: households with one to three receipts before 1 July 2017 whose life-cycle stage is new",
        compute=_answer_new,
        tolerance=0.1,
        hints=(
            "`assign_life_cycle(profile, gaps=measure_gaps(chain.receipts, as_of))` gives a segment for each household.",
            "Keep the households with `frequency.between(1, 3)` and join the segment by customer_id.",
        ),
        close="Close, not it. Both conditions at once: one to three receipts, and stage new.",
    ),
    Task(
        code="22e",
        asks='one letter: "A", "B" or "C"',
        compute=_answer_list,
        tolerance=0,
        hints=("Read the last column of each row.", "Is anybody in two segments, or in none?"),
        close="",
    ),
    Task(
        code="22f",
        asks="two fractions (forwards, backwards), to three digits: change of mean spend of the best fifth, Q3 to the 91 days after, and of the later best fifth back to Q3",
        compute=_answer_both_ways,
        tolerance=0.0006,
        hints=(
            "`sum_windows(chain.receipts, '2017-07-01', '2017-09-30', '2017-12-30', customers=chain.customers)` has the columns first and second.",
            "`spend.nlargest(len(spend) // 5, 'first')` are the best of the third quarter.",
            "Forwards: mean of second / mean of first - 1. Backwards: choose by 'second', mean of first / mean of second - 1.",
        ),
        close="Close, not it. 493 households, means of money, all households in the table.",
    ),
    Task(
        code="22g",
        asks='one word: "effect" or "regression"',
        compute=_answer_verdict,
        tolerance=0,
        hints=(
            "Compare the two numbers of 22f.",
            "`expose_regression(spend, seed=22).gaps` holds a p-value for the top.",
            "A p below 0.05 would be more than chance usually does.",
        ),
        close="",
    ),
)
