"""Exercise 22, the detergent reminder: right answers and the usual wrong ones, all computed from the receipts."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.segment.rules.life_cycle import assign_life_cycle
from loyalty.segment.rules.regression_to_mean import expose_regression
from loyalty.segment.rules.rfm import score_rfm
from loyalty.segment.rules.windows import sum_windows
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t22.measures import (
    AS_OF,
    LESSON,
    YEAR_END,
    change_both_ways,
    count_new,
    find_any_gaps,
    find_change,
    find_detergent,
    find_gaps,
    find_gaps_of_detergent,
    find_gaps_of_products,
    find_gaps_of_visits,
    find_open_silences,
    find_right_gaps,
    read_chain,
    read_profile,
    score,
    sum_spend,
    sum_spend_from,
)
from loyalty.tasks.t22.nearby import (
    list_wrong_changes,
    list_wrong_lines,
    list_wrong_newcomers,
    list_wrong_scores,
    list_wrong_shares,
)

CUTS = range(1, 5)  # between five scores


def _judge_scores(answer: Any) -> tuple[str | None, str]:
    """Say whether equal households have equal scores, and how many scores are not the rule's."""
    given = pd.DataFrame(answer)
    given = given if "customer_id" in given else given.reset_index()
    both = read_profile()[["customer_id", "frequency"]].merge(given[["customer_id", "f"]], on="customer_id")
    scores = both.groupby("frequency")["f"].agg(["nunique", "min", "max"])
    torn = scores[scores["nunique"] > 1]
    if len(torn) > len(CUTS) or (torn["max"] - torn["min"] > 1).any():  # more than ties at the cuts can tear
        frequency = torn.index[len(torn) // 2]
        same = both[both["frequency"] == frequency].sort_values("f").iloc[[0, -1]]
        (one, other), (low, high) = same["customer_id"], same["f"].astype(int)
        return (
            "other_frequency",
            f"Your scores do not follow the number of receipts before 1 July 2017: households {one} and {other} both have {frequency}, "
            f"and you give them {low} and {high}. Another date, the whole year, or purchase days in the place of receipts?",
        )
    if len(torn):
        return (
            "equal_but_not_alike",
            "Some households with the same frequency have different scores. Cut at values: equal customers, equal scores.",
        )
    right = both["customer_id"].map(_answer_scores().right.set_index("customer_id").f)
    off = int((both["f"].astype(float) != right).sum())
    return None, (
        f"Equal households have equal scores, but {off:,} of {len(both):,} scores are not those of the rule. Take the share of the "
        "other buyers who have fewer receipts; leave out those with the same number, and those who never bought."
    )


@cache
def _answer_scores() -> Answers:
    profile = read_profile()
    right = score_rfm(profile).table[["customer_id", "f"]]
    buyers = profile[profile.frequency > 0]

    def table(values: pd.Series) -> pd.DataFrame:
        return right[["customer_id"]].assign(f=values.reindex(profile.index).fillna(0).astype("int64").to_numpy())

    by_rank = pd.qcut(buyers.frequency.rank(method="first"), 5, labels=False) + 1
    by_width = pd.cut(buyers.frequency, 5, labels=False) + 1
    by_quantile = pd.qcut(buyers.frequency, 5, labels=False) + 1
    places = {how: np.ceil(buyers.frequency.rank(method=how, pct=True) * 5) for how in ("average", "min")}
    lines = read_chain().receipts.groupby("customer_id")
    of_row = pd.Series(profile.index, profile.customer_id)
    early = read_chain().receipts[read_chain().receipts.time < AS_OF].groupby("customer_id")
    counted = {"lines": early.size(), "whole_year": lines.basket_id.nunique()}
    other = {name: score(counts).rename(of_row) for name, counts in counted.items()}
    with_zeros = pd.qcut(profile.frequency.rank(method="min"), 5, labels=False, duplicates="drop") + 1
    mistakes = (
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
            "Households that never bought have a score like the worst buyers. They get 0, and they do not move anybody.",
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
            "money_for_frequency",
            "That is the score of money. Take the column f.",
            table(score_rfm(profile).table.set_axis(profile.index).m),
        ),
        Mistake(
            "receipts_themselves",
            "These are the numbers of receipts. A score from 1 to 5 is asked.",
            table(profile.frequency),
        ),
        Mistake(
            "cut_at_the_edge",
            "Equal households have equal scores, good. But a household that stands exactly at a cut gets the lower score from you "
            "(`pd.qcut` does that). In the rule only households with *another* frequency count.",
            table(by_quantile),
        ),
        Mistake(
            "counted_from_zero_cut_at_the_edge",
            "Your scores run from 0 to 4. Score the buyers from 1 to 5; 0 is for households that never bought.",
            table(by_quantile - 1),
        ),
        Mistake(
            "values_for_households",
            "You ranked the different *values* of frequency, however many households have each. The rule counts households.",
            table(np.ceil(buyers.frequency.rank(method="dense", pct=True) * 5)),
        ),
        Mistake(
            "equal_ones_counted",
            "Equal households have equal scores, good. But you counted households with the same frequency as half below. Leave them out.",
            table(places["average"]),
        ),
        Mistake(
            "equal_ones_above",
            "Equal households have equal scores, good. But you counted households with the same frequency among those with more. Leave them out.",
            table(places["min"]),
        ),
        Mistake(
            "lines_counted",
            "You scored the number of *lines*. The frequency counts receipts: different `basket_id`s.",
            table(other["lines"]),
        ),
        Mistake(
            "no_as_of_date",
            "You scored the receipts of the whole year. Keep `time < as_of`.",
            table(other["whole_year"]),
        ),
        Mistake(
            "empty_for_never_bought",
            "Households that never bought are there, but empty. They have 0.",
            right.assign(f=right.f.where(right.f > 0)),
        ),
        Mistake(
            "upside_down",
            "A 5 should be the most frequent; yours is the other way round.",
            table((6 - right.f.where(right.f > 0)).set_axis(profile.index)),
        ),
    )
    praise = f"{(right.f == 5).sum()} households have a 5, and no two equal ones differ."
    return Answers(right, mistakes, praise, list_wrong_scores())


@cache
def _answer_late() -> Answers:
    gaps = find_right_gaps()
    right = float(gaps.quantile(0.8))
    mistakes = (
        Mistake(
            "thirty_days",
            "30 days is the habit, not an answer: this category has a rhythm of its own. Let the gaps decide.",
            30.0,
        ),
        Mistake(
            "median",
            "That is the median: half of the households would be called late while they are only usual.",
            float(gaps.median()),
        ),
        Mistake(
            "lines_as_purchases",
            "Two lines on one day make a gap of 0 days. One day counts once.",
            float(find_gaps(find_detergent()).quantile(0.8)),
        ),
        Mistake(
            "households_mixed",
            "You took differences across households: sort by customer and day, and let `groupby('customer_id')` stand before `diff()`.",
            float(
                find_detergent()
                .drop_duplicates(["customer_id", "day"])
                .sort_values("day")
                .day.diff()
                .dt.days.quantile(0.8)
            ),
        ),
        Mistake(
            "household_means",
            "You summarised each household first, and took the quantile of these means. The question counts each gap once, all in one pot.",
            float(gaps.groupby(find_detergent().loc[gaps.index, "customer_id"]).mean().quantile(0.8)),
        ),
        Mistake(
            "no_as_of_date",
            "You used receipts from 1 July on as well. Keep `time < as_of`.",
            float(find_right_gaps(YEAR_END).quantile(0.8)),
        ),
        Mistake(
            "ninety_percent",
            "That is the quantile 0.9. After how many days is a silence longer than 80 % of the gaps: the quantile 0.8.",
            float(gaps.quantile(0.9)),
        ),
        Mistake(
            "ninety_five_percent",
            "That is the quantile 0.95, the line for gone quiet. The quantile 0.8, please.",
            float(gaps.quantile(0.95)),
        ),
        Mistake("three_quarters", "That is the quantile 0.75. The quantile 0.8, please.", float(gaps.quantile(0.75))),
        Mistake(
            "other_end",
            "That is the quantile 0.2: four of five gaps are *longer*. The quantile 0.8, please.",
            float(gaps.quantile(0.2)),
        ),
        Mistake("longest", "That is the longest gap of all. The quantile 0.8, please.", float(gaps.max())),
        Mistake(
            "open_silences_inside",
            "You put the silences that were still open on 1 July 2017 among the gaps. A gap lies between two detergent days.",
            float(pd.concat([gaps, find_open_silences()]).quantile(0.8)),
        ),
        Mistake(
            "open_silences",
            "These are the silences up to 1 July 2017. A gap lies between two detergent days.",
            float(find_open_silences().quantile(0.8)),
        ),
        Mistake(
            "same_product",
            "You took gaps between two purchases of the same *product*. A household that changes the brand has bought detergent too.",
            float(find_gaps_of_products().quantile(0.8)),
        ),
        Mistake(
            "longest_of_each",
            "You took the longest gap of each household. The question counts each gap once, all in one pot.",
            float(gaps.groupby(find_detergent().loc[gaps.index, "customer_id"]).max().quantile(0.8)),
        ),
        Mistake(
            "typical_visit",
            "That is the typical customer's line for visits of any kind. Keep the detergent lines first.",
            float(find_gaps_of_visits().at(0.8)["typical_customer"]),
        ),
        Mistake(
            "typical_household",
            "That is the column `typical_customer`, where each household counts once. The question counts each gap once: `any_gap`.",
            float(find_gaps_of_detergent().at(0.8)["typical_customer"]),
        ),
        Mistake(
            "mean",
            "That is the mean. The question is how long a gap must be to be longer than 80 % of them: the quantile 0.8.",
            float(gaps.mean()),
        ),
    )
    praise = f"80 % of {len(gaps):,} gaps are {right:.0f} days or shorter."
    return Answers(right, mistakes, praise, list_wrong_lines())


@cache
def _answer_falsely_late() -> Answers:
    gaps = find_right_gaps()
    right = float((gaps > 30).mean())
    per_household = gaps.groupby(find_detergent().loc[gaps.index, "customer_id"])
    mistakes = (
        Mistake(
            "any_purchase",
            "That is for visits of any kind. For visits 30 days are long; for detergent they are not.",
            float((find_any_gaps() > 30).mean()),
        ),
        Mistake(
            "lines_as_purchases",
            "Two lines on one day make gaps of 0 days, which hide the long ones. One day counts once.",
            float((find_gaps(find_detergent()) > 30).mean()),
        ),
        Mistake("in_time", "That is the share of 30 days or shorter. The others are the falsely late.", 1 - right),
        Mistake(
            "thirty_or_longer",
            "You counted gaps of exactly 30 days as well. Longer than 30: `>`.",
            float((gaps >= 30).mean()),
        ),
        Mistake(
            "first_purchases_inside",
            "You divided by more than the number of gaps. A household's first detergent day has no gap before it: `dropna()` first.",
            float((gaps > 30).sum() / len(find_detergent().drop_duplicates(["customer_id", "day"]))),
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
            float((find_right_gaps(YEAR_END) > 30).mean()),
        ),
        Mistake(
            "households",
            "That is the share of households with at least one such gap. The question counts gaps.",
            float(per_household.max().gt(30).mean()),
        ),
        Mistake(
            "household_means",
            "That is the share of households whose *mean* gap is longer than 30 days. The question counts gaps.",
            float(per_household.mean().gt(30).mean()),
        ),
        Mistake(
            "household_medians",
            "That is the share of households whose *median* gap is longer than 30 days. The question counts gaps.",
            float(per_household.median().gt(30).mean()),
        ),
        Mistake(
            "gaps_per_household",
            "You divided the number of long gaps by the number of households. Divide by the number of gaps.",
            float((gaps > 30).sum() / find_detergent().customer_id.nunique()),
        ),
        Mistake(
            "days_for_gaps",
            "That is the share of all *days* that lie in long gaps. The question counts gaps: each one once.",
            float(gaps[gaps > 30].sum() / gaps.sum()),
        ),
        Mistake(
            "receipts_for_days",
            "You took each receipt as a purchase of its own. Two receipts on one day are one detergent day.",
            float((find_gaps(find_detergent().drop_duplicates(["customer_id", "basket_id"])) > 30).mean()),
        ),
        Mistake(
            "four_weeks",
            "You counted gaps longer than 28 days. The draft says 30.",
            float((gaps > 28).mean()),
        ),
        Mistake(
            "thirty_one",
            "You counted gaps longer than 31 days. The draft says 30: a gap of 31 days is longer.",
            float((gaps > 31).mean()),
        ),
        Mistake(
            "open_silences_inside",
            "You put the silences that were still open on 1 July 2017 among the gaps. A gap lies between two detergent days.",
            float((pd.concat([gaps, find_open_silences()]) > 30).mean()),
        ),
        Mistake(
            "open_silences",
            "That is the share of households silent for more than 30 days on 1 July 2017. The question is about gaps that ended.",
            float((find_open_silences() > 30).mean()),
        ),
        Mistake(
            "same_product",
            "You took gaps between two purchases of the same *product*. A household that changes the brand has bought detergent too.",
            float((find_gaps_of_products() > 30).mean()),
        ),
    )
    praise = f"{right:.0%} of gaps that ended with a purchase were longer than 30 days."
    return Answers(right, mistakes, praise, list_wrong_shares())


@cache
def _answer_new() -> Answers:
    profile = read_profile()
    stage = assign_life_cycle(profile, gaps=find_gaps_of_visits()).set_index("customer_id").segment
    few = profile[profile.frequency.between(1, 3)]
    is_new = stage.eq("new")
    habit = assign_life_cycle(profile, gaps=(30, 90)).set_index("customer_id").segment
    right = int(is_new.reindex(few.customer_id).sum())
    mistakes = (
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
            "Here everybody is new who began in the last 90 days, as with lines of 30 and 90 days. Let the receipts draw the lines: `gaps=measure_gaps(chain.receipts, as_of)`.",
            int(habit.eq("new").reindex(few.customer_id).sum()),
        ),
        Mistake(
            "first_month",
            'A first purchase in the last 30 days gives this number, and so do the map\'s "new customers". Use the stage that `assign_life_cycle` gives.',
            int((few.tenure_days <= 30).sum()),
        ),
        Mistake(
            "one_or_two",
            "You left out those with three receipts. `between(1, 3)` holds both ends.",
            int(is_new.reindex(few[few.frequency < 3].customer_id).sum()),
        ),
        Mistake(
            "detergent_gaps",
            "You measured the gaps of detergent. The life cycle here is that of the whole shop: `measure_gaps(chain.receipts, as_of)`.",
            count_new(find_gaps_of_detergent()),
        ),
        Mistake(
            "one_receipt",
            "You counted those with one receipt only. `between(1, 3)` takes one, two and three.",
            int(is_new.reindex(few[few.frequency == 1].customer_id).sum()),
        ),
        Mistake(
            "more_than_one",
            "You left out those with one receipt. `between(1, 3)` takes one, two and three.",
            int(is_new.reindex(few[few.frequency > 1].customer_id).sum()),
        ),
        Mistake(
            "up_to_four",
            "You counted those with four receipts as well. One to three: `between(1, 3)`.",
            int(is_new.reindex(profile[profile.frequency.between(1, 4)].customer_id).sum()),
        ),
        Mistake(
            "cooling_ones",
            "That is how many of them are cooling. The stage new is asked.",
            int(stage.reindex(few.customer_id).eq("cooling").sum()),
        ),
        Mistake(
            "quiet_ones",
            "That is how many of them have gone quiet. The stage new is asked.",
            int(stage.reindex(few.customer_id).eq("gone quiet").sum()),
        ),
        Mistake(
            "all_but_quiet",
            "These are all of them who have not gone quiet. Only the stage new is asked.",
            int(stage.reindex(few.customer_id).ne("gone quiet").sum()),
        ),
        Mistake("in_percent", "That is a percentage. A number of households is asked.", 100 * right / len(few)),
        Mistake("a_share", "That is a share. A number of households is asked.", right / len(few)),
        Mistake(
            "the_rare_ones", "That is the rest: those with one to three receipts who are not new.", len(few) - right
        ),
    )
    praise = f"{right} of {len(few)} have only just begun."
    return Answers(right, mistakes, praise, list_wrong_newcomers())


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
    profile = read_profile()
    buyers = find_detergent().customer_id.unique()
    both = profile[profile.frequency.between(1, 3)].customer_id.isin(buyers).sum()
    none = (~profile.customer_id.isin(buyers)).sum()
    right = "C" if without_action and none else "A"
    says = {
        "A": f"{len(without_action)} segments have no action ({', '.join(without_action)}), and {both} of the rare households buy detergent: they would be in two segments at once.",
        "B": f"Then {none:,} households without detergent are in no segment. If somebody forgets them by mistake, nobody notices. Write down that they get nothing.",
        "C": "",
    }
    mistakes = {"A": "segment_without_action", "B": "customers_without_segment"}
    return Answers(
        right=right,
        praise=f"Everybody has a place, the {none:,} without detergent too, and every place has an action.",
        mistakes=tuple(Mistake(name, says[letter], letter) for letter, name in mistakes.items() if letter != right),
    )


@cache
def _answer_both_ways() -> Answers:
    spend = sum_spend()
    best, later = (spend.nlargest(len(spend) // 5, window) for window in ("first", "second"))
    both = spend[(spend["first"] > 0) & (spend["second"] > 0)]
    loyal, loyal_later = (both.nlargest(len(both) // 5, window) for window in ("first", "second"))
    forwards, backwards = change_both_ways(spend)
    buyers = find_change(loyal, "first", "second"), find_change(loyal_later, "second", "first")
    medians = find_change(best, "first", "second", "median"), find_change(later, "second", "first", "median")
    dollars = forwards * float(best["first"].mean()), backwards * float(later["second"].mean())
    everybody = find_change(spend, "first", "second")
    other_fifth = float(later["second"].mean() / best["first"].mean() - 1)
    mistakes = (
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
            "You left out households that bought nothing in one of the windows. They count as 0, and belong to the households of which a fifth is taken.",
            buyers,
        ),
        Mistake(
            "same_twice",
            "Your second number is the first once more. For the second choose the best of the *later* window, and look back.",
            (forwards, forwards),
        ),
        Mistake(
            "dollars_in_all",
            "These are dollars of all 493 households together. Changes as fractions are asked.",
            (dollars[0] * len(best), dollars[1] * len(later)),
        ),
        Mistake(
            "tenth",
            "You took the best tenth. A fifth of all households is asked, 493.",
            change_both_ways(spend, len(spend) // 10),
        ),
        Mistake(
            "quarter",
            "You took the best quarter. A fifth of all households is asked, 493.",
            change_both_ways(spend, len(spend) // 4),
        ),
        Mistake(
            "lesson_windows",
            "These are the windows of the lesson, from April 2017. Here they begin on 1 July and on 30 September 2017.",
            change_both_ways(sum_windows(read_chain().receipts, *LESSON, customers=read_chain().customers)),
        ),
        Mistake(
            "to_the_end_of_the_file",
            "Your later window runs to the end of the file. It ends before 30 December 2017, after 91 days.",
            change_both_ways(spend.assign(second=sum_spend_from("2017-09-30", YEAR_END))),
        ),
        Mistake(
            "calendar_quarters",
            "You took calendar quarters of 92 days. The windows have 91 days: they begin on 1 July and on 30 September 2017.",
            change_both_ways(
                spend.assign(
                    first=sum_spend_from("2017-07-01", pd.Timestamp("2017-10-01")),
                    second=sum_spend_from("2017-10-01", pd.Timestamp("2018-01-01")),
                )
            ),
        ),
        Mistake(
            "worst_fifth",
            "You took the fifth that spent *least*. It rises in both directions, for the same reason. The best fifth, please.",
            (
                find_change(spend.nsmallest(len(spend) // 5, "first"), "first", "second"),
                find_change(spend.nsmallest(len(spend) // 5, "second"), "second", "first"),
            ),
        ),
        Mistake(
            "against_everybody",
            "These changes are divided by the change of all households. The plain change is asked.",
            ((1 + forwards) / (1 + everybody) - 1, (1 + backwards) * (1 + everybody) - 1),
        ),
        Mistake("medians", "These are changes of the median. The means of money were asked.", medians),
        Mistake("everybody", "That is the change of all households.", (everybody, 1 / (1 + everybody) - 1)),
    )
    praise = "Less in both directions: nobody can have fallen and risen at once."
    return Answers((forwards, backwards), mistakes, praise, list_wrong_changes())


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("-", "−")


@cache
def _answer_verdict() -> Answers:
    gaps = expose_regression(sum_spend(), seed=22).gaps.set_index("group")
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


SAME_WORDS = {"regression to the mean": "regression", "no effect": "regression"}


def _read_verdict(answer: Any) -> Any:
    """Read other words for the same verdict."""
    return SAME_WORDS.get(answer.strip().casefold(), answer) if isinstance(answer, str) else answer


TASKS = (
    Task(
        code="22a",
        asks="a table with one row for every household: customer_id, f (1 to 5 by the rule of `score_rfm`, 0 for never bought), receipts before 1 July 2017",
        compute=_answer_scores,
        tolerance=0.1,
        key="customer_id",
        judge=_judge_scores,
        hints=(
            "Equal customers, equal scores: cut at values of frequency, as the helper of the lesson does.",
            "The helper is `score_rfm` in `loyalty.segment.rules`; it takes the profile.",
            "Its `.table` has the columns customer_id and f, among others: keep these two.",
        ),
        close="Close, but not for all households. Where do you cut?",
    ),
    Task(
        code="22b",
        asks="one number: days, the 80 % quantile of the gaps between two detergent days of one household, before 1 July 2017",
        compute=_answer_late,
        tolerance=0.01,
        hints=(
            "One row per household and day: `drop_duplicates`, sorted by day.",
            "`.groupby('customer_id').day.diff().dt.days.dropna()`",
            "`.quantile(0.8)`",
        ),
        close="Close, not it. Is each day counted once, and each gap within one household?",
    ),
    Task(
        code="22c",
        asks="one fraction between 0 and 1, to three decimals: the share of the gaps of 22b that are longer than 30 days",
        compute=_answer_falsely_late,
        tolerance=0.0005,
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
        close="Close, not it. Both conditions at once: one to three receipts, and stage new. Are profile and gaps as of 1 July 2017, and is the stage that of `assign_life_cycle`?",
    ),
    Task(
        code="22e",
        asks='one letter: "A", "B" or "C"',
        read=read_letter("ABC"),
        compute=_answer_list,
        tolerance=0,
        hints=("Read the last column of each row.", "Is anybody in two segments, or in none?"),
        close="",
    ),
    Task(
        code="22f",
        asks="two fractions (forwards, backwards), to three decimals: change of mean spend of the best fifth of [1 July 2017, 30 September 2017) in the 91 days after, and of the best fifth of these 91 days on the way back",
        compute=_answer_both_ways,
        tolerance=0.0005,
        hints=(
            "`sum_windows(chain.receipts, '2017-07-01', '2017-09-30', '2017-12-30', customers=chain.customers)` has the columns first and second.",
            "`spend.nlargest(len(spend) // 5, 'first')` are the best of the third quarter.",
            "Forwards: mean of second / mean of first - 1. Backwards: choose by 'second', mean of first / mean of second - 1.",
        ),
        close="Close, not it. 493 households, means of money, all households in the table. Are your windows [1 July, 30 September) and [30 September, 30 December)?",
    ),
    Task(
        code="22g",
        asks='one word: "effect" or "regression"',
        read=_read_verdict,
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
