"""Exercise 42, a year of trying: right answers and the usual wrong ones, all computed from the log."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, ttest_ind

from loyalty.stats import compare_means
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t42.scene import play_year
from loyalty.world import PRESETS

CENT = 0.005
SEGMENT = "baby"
TRIED, RIVAL = "bonus_points", "basket_discount"
NOVEMBER, DECEMBER = 12, 13


def _drawn() -> pd.DataFrame:
    """Rows of those who took part in the lotteries."""
    log = play_year().log
    return log[~log["holdout"]]


def _first() -> pd.DataFrame:
    """Mean and standard error of each arm in the first wave of the segment."""
    drawn = _drawn()
    mine = drawn[(drawn["wave"] == 1) & (drawn["segment"] == SEGMENT)]
    return mine.groupby("arm")["profit"].agg(["mean", "sem", "sum", "count"])


def _gap(rows: pd.DataFrame, arm: str = TRIED) -> float:
    """Mean profit of an arm less that of control."""
    mean = rows.groupby("arm")["profit"].mean()
    return float(mean[arm] - mean["control"])


def _contact_cost(arm: str) -> float:
    """What one contact with an offer costs, in euros."""
    return next(float(offer.contact) for offer in PRESETS["default"]().offers if offer.name == arm)


@cache
def _answer_lift() -> Answers:
    log = play_year().log
    drawn = _drawn()
    arms = _first()
    right = float(arms["mean"][TRIED] - arms["mean"]["control"])
    mine = log[(log["wave"] == 1) & (log["segment"] == SEGMENT)]
    offers = drawn[(drawn["wave"] == 1) & (drawn["segment"] == SEGMENT)]
    buyers = offers[offers["profit"] > 0]
    return Answers(
        right=right,
        praise=f"€{right:.2f} a customer, from {arms['count'][TRIED]:.0f} customers with points and "
        f"{arms['count']['control']:.0f} without.",
        mistakes=(
            Mistake(
                "holdout_as_control",
                "The customers of the holdout are in your control group. They were not in this lottery: keep the rows with `holdout` False.",
                _gap(mine),
            ),
            Mistake(
                "only_holdout_as_control",
                "You held the points against the holdout. Asked is the control of the wave's own lottery.",
                float(arms["mean"][TRIED] - mine[mine["holdout"]]["profit"].mean()),
            ),
            Mistake(
                "all_segments",
                "That is for all segments together. Asked is the segment baby.",
                _gap(drawn[drawn["wave"] == 1]),
            ),
            Mistake(
                "all_waves",
                "That is over all waves. Their chances differ, and so do their months: keep wave 1.",
                _gap(drawn[drawn["segment"] == SEGMENT]),
            ),
            Mistake(
                "against_all_others",
                "You compared with everybody who got something else. Compare with control, who got nothing.",
                float(arms["mean"][TRIED] - offers[offers["arm"] != TRIED]["profit"].mean()),
            ),
            Mistake("other_offer", "That is the basket discount. Asked are the bonus points.", _gap(offers, RIVAL)),
            Mistake(
                "buyers_only",
                "You left out those who brought nothing. They were sent the letter too: they stay in with their zero.",
                _gap(buyers),
            ),
            Mistake(
                "totals",
                "These are totals of groups that differ in size. Compare means per customer.",
                float(arms["sum"][TRIED] - arms["sum"]["control"]),
            ),
            Mistake("no_control", "That is the mean profit with the points. What would they have brought without?", float(arms["mean"][TRIED])),
            Mistake("other_way", "That is control less points: turn it round.", -right),
            Mistake("percent", "That is in percent of the control's mean. Asked are euros per customer.", 100 * right / float(arms["mean"]["control"])),
            Mistake("letter_twice", "You took the cost of the letter off again. `profit` has it paid already.", right - _contact_cost(TRIED)),
        ),
    )  # fmt: skip


BEST_OF_ALL = (
    "That is about the chance that the points are the best of all arms. Asked is whether they are better than the basket "
    "discount alone."
)
NEAR = (
    "Near, but not exact. Asked are three decimals: `norm.cdf` of the gap over its error, without dice and without "
    "rounding in between."
)
DRAWN = 0.01  # as far as some thousand draws may lie from the exact value


def _common_errors(rows: pd.DataFrame) -> pd.Series:
    """Standard error of each arm from one noise for all, as the lesson's dice take it."""
    by = rows.groupby("arm")["profit"]
    return (rows["profit"] - by.transform("mean")).std() / by.count() ** 0.5


def _chance_of_best(mean: pd.Series, error: pd.Series) -> float:
    """Probability that the points are the best of all arms, normal means."""
    grid = np.linspace(-8, 8, 4_001)
    at = mean[TRIED] + grid * error[TRIED]
    others = [norm.cdf((at - mean[arm]) / error[arm]) for arm in mean.index if arm != TRIED]
    return float((norm.pdf(grid) * np.prod(others, axis=0)).sum() * (grid[1] - grid[0]))


def _judge_chance(answer: Any) -> tuple[str | None, str]:
    """Say of what an answer lies near, as one by dice does: no more can be known of it."""
    arms = _first()
    drawn = _drawn()
    common = _common_errors(drawn[(drawn["wave"] == 1) & (drawn["segment"] == SEGMENT)])
    best = [_chance_of_best(arms["mean"], error) for error in (common, arms["sem"])]
    gaps = {
        "near": abs(float(answer) - _answer_chance().right),
        "best_of_all": min(abs(float(answer) - one) for one in best),
    }
    name = min(gaps, key=lambda one: gaps[one])
    if gaps[name] > DRAWN:
        return None, ""
    return name, {"near": NEAR, "best_of_all": BEST_OF_ALL}[name]


@cache
def _answer_chance() -> Answers:
    arms = _first()
    mean, sem = arms["mean"], arms["sem"]
    gap = mean[TRIED] - mean[RIVAL]
    error = np.hypot(sem[TRIED], sem[RIVAL])
    right = float(norm.cdf(gap / error))
    twice = np.sqrt(error**2 + 2 * sem["control"] ** 2)
    drawn = _drawn()
    whole = drawn[drawn["wave"] == 1].groupby("arm")["profit"].agg(["mean", "sem"])
    of_all = (whole["mean"][TRIED] - whole["mean"][RIVAL]) / np.hypot(whole["sem"][TRIED], whole["sem"][RIVAL])
    lift = mean[TRIED] - mean["control"]
    mine = drawn[(drawn["wave"] == 1) & (drawn["segment"] == SEGMENT)]
    tried, rival = (mine[mine["arm"] == arm]["profit"] for arm in (TRIED, RIVAL))
    of_year = drawn[drawn["segment"] == SEGMENT].groupby("arm")["profit"].agg(["mean", "sem"])
    all_waves = (of_year["mean"][TRIED] - of_year["mean"][RIVAL]) / np.hypot(
        of_year["sem"][TRIED], of_year["sem"][RIVAL]
    )
    common = _common_errors(mine)
    return Answers(
        right=right,
        near=(
            Mistake(
                "p_value_of_welch",
                "That is the p-value of a t-test: how odd such a gap would be if both were alike. Asked is the chance that the points are better.",
                float(ttest_ind(tried, rival, equal_var=False).pvalue),
            ),
            Mistake(
                "p_value_of_student",
                "That is the p-value of a t-test: how odd such a gap would be if both were alike. Asked is the chance that the points are better.",
                float(ttest_ind(tried, rival).pvalue),
            ),
        ),
        praise=f"{right:.3f}: the basket discount is ahead, and it is far from sure.",
        mistakes=(
            Mistake(
                "control_twice",
                "You drew two lifts as if each had a control group of its own, so its noise counts twice. Both share one control: compare the two means.",
                float(norm.cdf(gap / twice)),
            ),
            Mistake(
                "other_way",
                "That is the probability that the basket discount is better. Asked are the points.",
                1 - right,
            ),
            Mistake(
                "p_value",
                "That is a two-sided p-value: how odd such a gap would be if both were alike. Asked is the chance that the points are better.",
                float(2 * norm.sf(abs(gap / error))),
            ),
            Mistake(
                "better_than_nothing",
                "That is the chance that the points are better than nothing. Asked is against the basket discount.",
                float(norm.cdf(lift / np.hypot(sem[TRIED], sem["control"]))),
            ),
            Mistake("all_segments", "That is over all segments. Asked is baby.", float(norm.cdf(of_all))),
            Mistake("z_itself", "That is the gap in standard errors. Turn it into a probability: `norm.cdf`.", float(gap / error)),
            Mistake("sure", "You took the better mean for the truth. The means are noisy: how likely is it?", 0.0),
            Mistake("percent", "That is in percent. Asked is a fraction from 0 to 1.", 100 * right),
            Mistake(
                "errors_added",
                "You added the standard errors. Add their squares, then take the root.",
                float(norm.cdf(gap / (sem[TRIED] + sem[RIVAL]))),
            ),
            Mistake(
                "one_noise_for_all",
                "You took one noise for all arms, as the dice of the lesson do. Asked is each arm's own `sem`.",
                float(norm.cdf(gap / np.hypot(common[TRIED], common[RIVAL]))),
            ),
            Mistake("best_of_all", BEST_OF_ALL, _chance_of_best(mean, sem)),
            Mistake(
                "std_for_sem",
                "You took the spread of customers (`std`). How sure a mean is, says its standard error: `sem`.",
                float(norm.cdf(gap / np.hypot(tried.std(), rival.std()))),
            ),
            Mistake("all_waves", "That is over all waves. Asked is wave 1 alone.", float(norm.cdf(all_waves))),
            Mistake(
                "error_of_the_points_alone",
                "You took the error of the points alone. The mean of the discount is uncertain too.",
                float(norm.cdf(gap / sem[TRIED])),
            ),
            Mistake(
                "error_of_the_discount_alone",
                "You took the error of the discount alone. The mean of the points is uncertain too.",
                float(norm.cdf(gap / sem[RIVAL])),
            ),
            Mistake(
                "control_once",
                "The error of the control group is in it. It does not count here: both offers are held against the same control.",
                float(norm.cdf(gap / np.hypot(error, sem["control"]))),
            ),
            Mistake(
                "customer_against_customer",
                "That is how often one customer with points brought more than one with the discount. Asked is about the two means.",
                float((tried.to_numpy()[:, None] > rival.to_numpy()).mean()),
            ),
        ),
    )  # fmt: skip


@cache
def _answer_christmas() -> Answers:
    log = play_year().log
    log = log[log["wave"].isin([NOVEMBER, DECEMBER]) & (log["segment"] == SEGMENT)]
    drawn = log[~log["holdout"]]

    def of(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        mean = rows.groupby(["wave", "arm"])["profit"].mean().unstack()
        return mean[RIVAL].to_numpy(), mean["control"].to_numpy()

    with_offer, control = of(drawn)
    right = with_offer - control
    whole = _drawn()[lambda rows: rows["wave"].isin([NOVEMBER, DECEMBER])]
    wide, wide_control = of(whole)
    mixed = of(log)[1]
    held = log[log["holdout"]].groupby("wave")["profit"].mean().to_numpy()
    points = drawn[drawn["arm"] == TRIED].groupby("wave")["profit"].mean().to_numpy()

    others = drawn[drawn["arm"] != RIVAL].groupby("wave")["profit"].mean().to_numpy()
    other_offers = drawn[~drawn["arm"].isin([RIVAL, "control"])].groupby("wave")["profit"].mean().to_numpy()
    before = _drawn()[lambda rows: rows["wave"].isin([NOVEMBER - 1, NOVEMBER]) & (rows["segment"] == SEGMENT)]
    earlier = np.subtract(*of(before))
    first = float(_first()["mean"]["control"])

    def pair(values: np.ndarray) -> tuple[float, float]:
        return float(values[0]), float(values[1])

    return Answers(
        right=pair(right),
        praise=f"€{right[0]:.2f} and €{right[1]:.2f}: everybody bought more in December, with and without the letter.",
        mistakes=(
            Mistake(
                "season_for_effect",
                "These are mean profits. In December everybody buys more: hold each wave against its own control.",
                pair(with_offer),
            ),
            Mistake(
                "control_of_november",
                "You held December against the control of November. Each wave has its own control.",
                pair(with_offer - control[0]),
            ),
            Mistake(
                "both_controls_as_one",
                "You put both controls together. Each wave has its own.",
                pair(with_offer - drawn[drawn["arm"] == "control"]["profit"].mean()),
            ),
            Mistake(
                "holdout_as_control",
                "The customers of the holdout are in your control group. Keep the rows with `holdout` False.",
                pair(with_offer - mixed),
            ),
            Mistake(
                "only_holdout_as_control",
                "You held the discount against the holdout. Asked is the lottery's own control.",
                pair(with_offer - held),
            ),
            Mistake(
                "all_segments",
                "That is over all segments, whose chances differ. Asked is baby.",
                pair(wide - wide_control),
            ),
            Mistake("other_offer", "That is for the points. Asked is the basket discount.", pair(points - control)),
            Mistake(
                "less_points",
                "You held the discount against the points. A lift is held against control, who got nothing.",
                pair(with_offer - points),
            ),
            Mistake(
                "against_all_others",
                "You compared with everybody who got something else. Compare with control, who got nothing.",
                pair(with_offer - others),
            ),
            Mistake(
                "against_other_offers",
                "You compared with the other offers. Compare with control, who got nothing.",
                pair(with_offer - other_offers),
            ),
            Mistake("waves_11_and_12", "These are waves 11 and 12. Asked are 12 and 13.", pair(earlier)),
            Mistake(
                "control_of_wave_1",
                "You held both waves against the control of January. Each wave has its own control.",
                pair(with_offer - first),
            ),
            Mistake(
                "percent",
                "These are percent of the control's mean. Asked are euros per customer.",
                pair(100 * right / control),
            ),
            Mistake("other_order", "The right lifts in another order: first wave 12, then wave 13.", pair(right[::-1])),
        ),
    )


@cache
def _answer_programme() -> Answers:
    year = play_year()
    totals, log = year.totals, year.log
    profit, held = totals["profit"], totals["holdout"]
    found = compare_means(profit[~held], profit[held])
    narrow = compare_means(profit[~held], profit[held], level=0.90)
    drawn = log[~log["holdout"]]
    inside = compare_means(drawn[drawn["arm"] != "control"]["profit"], drawn[drawn["arm"] == "control"]["profit"])
    rows = compare_means(log[~log["holdout"]]["profit"], log[log["holdout"]]["profit"])
    size = int((~held).sum())
    summed = log.groupby(["customer_id", "holdout"], as_index=False)["profit"].sum()
    in_log = compare_means(summed[~summed["holdout"]]["profit"], summed[summed["holdout"]]["profit"])
    each = log.groupby(["customer_id", "holdout"], as_index=False)["profit"].mean()
    baby = totals[totals["segment"] == SEGMENT]
    small = compare_means(baby[~baby["holdout"]]["profit"], baby[baby["holdout"]]["profit"])
    around = "The first number is right. Take `.low` and `.high` of `compare_means` as it stands: "

    def three(estimate: Any, factor: float = 1.0) -> tuple[float, float, float]:
        return tuple(factor * getattr(estimate, name) for name in ("effect", "low", "high"))

    return Answers(
        right=three(found),
        praise=f"€{found.effect:.2f}, and anything from €{found.low:.2f} to €{found.high:.2f} fits: the holdout of "
        f"{int(held.sum())} customers is small.",
        mistakes=(
            Mistake(
                "no_holdout",
                "You compared letters with the control of the lotteries. That is what one letter changes in its wave. What the year earned is shown by the holdout alone.",
                three(inside),
            ),
            Mistake(
                "rows_for_customers",
                "You compared rows of the log. A customer has up to thirteen of them, and they are no independent observations: one row a customer, `year.totals`.",
                three(rows),
            ),
            Mistake("per_wave", "That is per wave. Asked are the thirteen waves together.", three(found, 1 / 13)),
            Mistake("ninety", "That is a 90 % interval. Asked is 95 %.", three(narrow)),
            Mistake(
                "all_customers",
                f"That is for all {size:,} customers together. Asked is per customer.",
                three(found, size),
            ),
            Mistake(
                "other_way",
                "That is the holdout less the others: turn it round.",
                (-found.effect, -found.high, -found.low),
            ),
            Mistake(
                "groups_exchanged",
                "You gave the holdout first. `compare_means(treated, control)`: the holdout is the control.",
                three(compare_means(profit[held], profit[~held])),
            ),
            Mistake(
                "welch",
                around + 'yours is the interval of `variance="welch"`, and the control is too small a part for it.',
                three(compare_means(profit[~held], profit[held], variance="welch")),
            ),
            Mistake(
                "pooled",
                around + 'yours is the interval of `variance="pooled"`, with one noise for both groups.',
                three(compare_means(profit[~held], profit[held], variance="pooled")),
            ),
            Mistake(
                "log_summed",
                "You summed the log. Who was silent in a wave has no row there, and bought nothing or came back in it: `year.totals` counts all thirteen waves.",
                three(in_log),
            ),
            Mistake("baby_only", "That is baby alone. Asked are all customers.", three(small)),
            Mistake(
                "holdout_on_both_sides",
                "The holdout is in your treated group too. Keep only those who could be written to: `~totals.holdout`.",
                three(compare_means(profit, profit[held])),
            ),
            Mistake(
                "rows_times_waves",
                "You took rows of the log times thirteen. A customer has up to thirteen rows, and they are no independent observations: one row a customer, `year.totals`.",
                three(rows, 13),
            ),
            Mistake(
                "means_of_customers_times_waves",
                "You took each customer's mean in the log times thirteen. Who was silent in a wave has no row there: `year.totals` counts all thirteen waves.",
                three(compare_means(each[~each["holdout"]]["profit"], each[each["holdout"]]["profit"]), 13),
            ),
        ),
        near=(
            Mistake(
                "by_hand",
                around + "yours is the effect ± 1.96 standard errors, and so small a control wants Student's t.",
                (found.effect, found.effect - 1.96 * found.se, found.effect + 1.96 * found.se),
            ),
        ),
    )


_LINES = {
    "A": (
        "winner_of_a_holiday_week",
        "December's winner had December: everybody bought more (42c). And a winner that is repeated for a year can no longer be found out.",
    ),
    "C": (
        "holdout_spent",
        "The holdout shows little yet because it is small. Once it has had letters, nobody can ever say what the programme earns.",
    ),
    "D": (
        "unlogged_chances",
        "Then the log names chances that were not drawn from. Rules and knowledge belong *before* the lottery.",
    ),
    "E": (
        "never_exploit",
        "Nothing is sure, but much is likelier than not. The equal split pays every wave for what is probably bad.",
    ),
}


@cache
def _answer_decision() -> Answers:
    mistakes = tuple(Mistake(name, says, letter) for letter, (name, says) in _LINES.items())
    return Answers(
        right="B",
        praise="Go on trying, by chances that are logged, and keep the only group that knows what the year earned.",
        mistakes=mistakes,
    )


@cache
def _answer_everybody() -> Answers:
    log = play_year().log
    wave = log[log["wave"] == DECEMBER]
    drawn = wave[~wave["holdout"]]
    got = drawn[drawn["arm"] == RIVAL]
    weight = 1 / got["propensity"]
    right = float((weight * got["profit"]).sum() / weight.sum())

    by_segment = got.groupby("segment")["profit"].mean()
    sizes = drawn.groupby("segment")["profit"].size()

    def weigh(rows: pd.DataFrame, arm: str = RIVAL) -> float:
        mine = rows[~rows["holdout"] & (rows["arm"] == arm)]
        return float(np.average(mine["profit"], weights=1 / mine["propensity"]))

    return Answers(
        right=right,
        praise=f"€{right:.2f} a customer: each who got it stands for all who might have.",
        mistakes=(
            Mistake(
                "chances_ignored",
                "That is the plain mean of those who got it. They are no fair sample: some segments had a far higher chance. Weigh each with 1 / propensity.",
                float(got["profit"].mean()),
            ),
            Mistake(
                "weighed_by_the_chance",
                "You weighed with the chance itself. Who had a *small* chance stands for many: weigh with 1 / propensity.",
                float((got["propensity"] * got["profit"]).sum() / got["propensity"].sum()),
            ),
            Mistake(
                "one_fifth_for_all",
                "You took a fifth for every chance. The policy moved the chances away from that: they stand in `propensity`.",
                float((got["profit"] / 0.2).sum() / len(drawn)),
            ),
            Mistake(
                "not_normalised",
                "You divided by the number of customers, not by the sum of the weights. Both are known ways; asked is the weighted mean.",
                float((weight * got["profit"]).sum() / len(drawn)),
            ),
            Mistake(
                "divided_by_all",
                "You divided by all customers of the wave, the holdout too.",
                float((weight * got["profit"]).sum() / len(wave)),
            ),
            Mistake("everybody_as_it_was", "That is the mean profit of all in the lottery, whatever they got.", float(drawn["profit"].mean())),
            Mistake("all_waves", "That is over all waves. Asked is wave 13.", weigh(log)),
            Mistake("wave_12", "That is wave 12, November. Asked is wave 13, December.", weigh(log[log["wave"] == NOVEMBER])),
            *(
                Mistake(f"got_{arm}", f"That is {arm}. Asked is the basket discount.", weigh(wave, arm))
                for arm in sorted(set(drawn["arm"]) - {RIVAL})
            ),
            Mistake("the_total", "That is a total. Asked is per customer.", float((weight * got["profit"]).sum())),
            Mistake(
                "divided_by_those_who_got_it",
                "You divided by the number of those who got it. They stand for many more: divide by the sum of the weights.",
                float((weight * got["profit"]).mean()),
            ),
            Mistake(
                "realised_shares",
                "You weighed each segment by its customers. That is a sound way too, by the shares that the draw happened to give. Asked is by the logged chance: weigh with 1 / propensity.",
                float((by_segment * sizes).sum() / sizes.sum()),
            ),
            Mistake(
                "segments_alike",
                "That is the plain mean of the segments' means. Segments differ in size: weigh each customer with 1 / propensity.",
                float(by_segment.mean()),
            ),
            Mistake("baby_only", "That is baby alone. Asked are all segments.", float(by_segment[SEGMENT])),
            Mistake(
                "less_control",
                "You took control off. Asked is the mean profit itself, not a lift.",
                right - weigh(wave, "control"),
            ),
            Mistake(
                "plain_less_control",
                "You took control off, and forgot the weights. Asked is the weighted mean profit itself.",
                float(got["profit"].mean() - drawn[drawn["arm"] == "control"]["profit"].mean()),
            ),
        ),
    )  # fmt: skip


TASKS = (
    Task(
        code="42a",
        asks="one number, in euros of profit per customer, to the cent: wave 1 (January 2025), segment baby, bonus_points less control of the lottery",
        compute=_answer_lift,
        tolerance=CENT,
        hints=(
            "Who took part in the lottery? `year.log[~year.log.holdout]`.",
            "Keep wave 1 and the segment baby, then `groupby('arm').profit.mean()`.",
            "`bonus_points` less `control`.",
        ),
        close="Not it. Wave 1 only, segment baby only, and who is your control?",
    ),
    Task(
        code="42b",
        asks="one fraction from 0 to 1, to three digits: the probability that bonus_points are truly better than basket_discount, segment baby, wave 1 (January 2025), normal means each with its own standard error, nothing believed beforehand, by norm.cdf and not by dice",
        compute=_answer_chance,
        tolerance=0.0005,
        judge=_judge_chance,
        hints=(
            "Two means and two standard errors: `groupby('arm').profit.agg(['mean', 'sem'])`.",
            "The gap of two independent means is normal; the squares of the errors add up.",
            "`norm.cdf(gap / error)` of `scipy.stats`.",
        ),
        close="Not it. Which two arms, which errors? Does the control group have to come in?",
    ),
    Task(
        code="42c",
        asks="two numbers (wave 12, wave 13), in euros of profit per customer, to the cent: lift of basket_discount in segment baby, 5 November to 2 December and 3 to 30 December 2025",
        compute=_answer_christmas,
        tolerance=CENT,
        hints=(
            "A lift is held against the control of the *same* wave.",
            "`drawn.groupby(['wave', 'arm']).profit.mean().unstack()` of the two waves and the segment.",
        ),
        close="Not it. Segment baby, no holdout, each wave against its own control?",
    ),
    Task(
        code="42d",
        asks="(effect, low, high), in euros of profit per customer over the thirteen waves of 2025, to the cent, 95 % interval: written to less holdout, by compare_means",
        compute=_answer_programme,
        tolerance=CENT,
        hints=(
            "One row a customer: `year.totals`.",
            "The holdout is the control here: `totals.profit[totals.holdout]`.",
        ),
        close="Not it. One row a customer, all customers, the holdout against all others?",
    ),
    Task(
        code="42e",
        asks='one letter: "A", "B", "C", "D" or "E"',
        compute=_answer_decision,
        tolerance=0,
        read=read_letter("ABCDE"),
        hints=(
            "Which of these can still find out that it is wrong?",
            "And which can say, in a year, what all this earned?",
        ),
        close="",
    ),
    Task(
        code="42f",
        asks="one number, in euros of profit per customer, to the cent: weighted mean with 1 / propensity of those who got basket_discount in wave 13 (December 2025), all segments, no holdout",
        compute=_answer_everybody,
        tolerance=CENT,
        hints=(
            "Those of wave 13 who got the discount, with their own `propensity`.",
            "Weight 1 / propensity; sum of weight times profit, divided by the sum of the weights.",
        ),
        close="Not it. Wave 13, no holdout, all segments, and divided by the sum of the weights?",
    ),
)
