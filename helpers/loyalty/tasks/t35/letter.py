"""The letter of exercise 35 on trial: right answers and usual wrong ones of its last three tasks, from the data."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pandas as pd

from loyalty.evaluate.observational.aipw import adjust_doubly
from loyalty.evaluate.observational.conclusion import say_what_is_allowed
from loyalty.evaluate.observational.matching import match_customers
from loyalty.evaluate.observational.naive import compare_naively
from loyalty.evaluate.observational.placebo import placebo_outcome
from loyalty.evaluate.observational.regression import adjust_by_regression
from loyalty.evaluate.observational.stratification import compare_strata
from loyalty.evaluate.observational.weighting import weight_by_propensity
from loyalty.stats.estimate import Estimate
from loyalty.tasks.checking.grading import Answers, Mistake
from loyalty.tasks.checking.triples import Triple, multiply_triple, say_triple, take_triple
from loyalty.tasks.t35.scene import load_points_letter
from loyalty.text import say_euros

NINETY, NINETY_FIVE = 1.644854, 1.959964  # standard errors to each side of an interval of so many percent


@cache
def _letter(whole: bool = False) -> pd.DataFrame:
    """The customers of the points letter: those whom a chance decided, or all of them."""
    table = load_points_letter().customers
    table = table if whole else table[table["group"] != "more"]
    return table.assign(
        change=table["sales"] - table["last_28"],
        since_quarter=table["sales"] - table["quarter"] / 3,
        since_witness=table["sales"] - table["witness"],
    )


def _naively(outcome: str, whole: bool = False) -> Triple:
    return take_triple(compare_naively(_letter(whole), treated="invited", outcome=outcome))


def _within(by: list[str], outcome: str = "sales", whole: bool = False, target: str = "att") -> Triple:
    return take_triple(compare_strata(_letter(whole), treated="invited", outcome=outcome, by=by, target=target))


def _in_class(name: str, outcome: str = "sales") -> Triple:
    table = _letter()
    return take_triple(compare_naively(table[table["group"] == name], treated="invited", outcome=outcome))


def _weigh_classes(outcome: str, by: str = "invited", sums: str = "squared") -> Triple:
    """The gaps of the two classes with other weights, or with their variances put together in another way.

    `by`: "invited", "others" (those not invited) or "classes" (each as heavy as the other). `sums`: "squared" is right;
    "pooled" has one variance for both groups of a class; "not squared" averages the variances.
    """
    table = _letter()
    found = table.groupby(["group", "invited"])[outcome].agg(["mean", "var", "size"]).unstack()
    size = {"invited": found["size"][True], "others": found["size"][False], "classes": found["size"][True] * 0 + 1}[by]
    weights = size / size.sum()
    variance = (found["var"] / found["size"]).sum(axis=1)
    if sums == "pooled":
        freedom = found["size"] - 1
        pooled = (found["var"] * freedom).sum(axis=1) / freedom.sum(axis=1)
        variance = pooled * (1 / found["size"]).sum(axis=1)
    noise = float((weights * variance).sum() if sums == "not squared" else (weights**2 * variance).sum()) ** 0.5
    return _widen(float((weights * (found["mean"][True] - found["mean"][False])).sum()), 1.96 * noise)


def _widen(effect: float, half: float) -> Triple:
    return effect, effect - half, effect + half


def _list_wrong_sums(outcome: str) -> tuple[Mistake, ...]:
    """The mistakes between the gaps of the classes and the answer: weights, divisor, interval; of any outcome."""
    right = _within(["group"], outcome)
    naive = _naively(outcome)
    invited = int(_letter()["invited"].sum())
    everyone_invited = int(_letter(True)["invited"].sum())
    ninety = (right[2] - right[0]) * NINETY / NINETY_FIVE
    alike = abs(naive[2] - naive[0] - ninety) < 0.05
    or_ninety = " Or your ends are those of a 90 % interval: here both have the same width." if alike else ""
    return (
        Mistake(
            "classes_not_weighed",
            "That is the plain mean of the gaps of the two classes. Weigh each class by its invited customers.",
            _weigh_classes(outcome, "classes"),
        ),
        Mistake(
            "weighed_by_others",
            "You weighed the classes by the customers who were *not* invited. Asked is the effect on the invited: weigh by them.",
            _weigh_classes(outcome, "others"),
        ),
        Mistake(
            "divided_by_all_invited",
            f"You divided by all {everyone_invited:,} invited. The class “more” is left out, in the weights too: divide by the {invited:,} invited of the two lower classes.",
            multiply_triple(right, invited / everyone_invited),
        ),
        Mistake(
            "only_nothing",
            "That is the class “nothing” alone. Asked are both classes together.",
            _in_class("nothing", outcome),
        ),
        Mistake(
            "only_middle",
            "That is the class “up to €60” alone. Asked are both classes together.",
            _in_class("up to €60", outcome),
        ),
        Mistake(
            "weights_not_squared",
            "The effect is right; the interval is too wide. You averaged the variances (or the standard errors) of the classes. A weighted sum has the sum of weight² × variance.",
            _weigh_classes(outcome, sums="not squared"),
        ),
        Mistake(
            "interval_of_the_naive_gap",
            f"The effect is right; the interval is that of all the invited against all the others. Each class has its own variance: add weight² × variance over the classes.{or_ninety}",
            (right[0], right[0] + naive[1] - naive[0], right[0] + naive[2] - naive[0]),
        ),
        Mistake(
            "total",
            "That is the money of all the invited of the two classes. Per invited customer, please.",
            multiply_triple(right, invited),
        ),
    )


def _one_line(outcome: str) -> Triple:
    """A regression on the invitation and the class, with one effect for both classes."""
    table = _letter()
    inside = table["invited"].astype(float) - table.groupby("group")["invited"].transform("mean")
    rest = table[outcome] - table.groupby("group")[outcome].transform("mean")
    effect = float((inside * rest).sum() / (inside**2).sum())
    noise = float(((inside * (rest - effect * inside)) ** 2).sum() ** 0.5 / (inside**2).sum())
    return effect, effect - 1.96 * noise, effect + 1.96 * noise


def _without_overlap(outcome: str) -> tuple[Mistake, ...]:
    """What each method says about all the invited, although one class has no overlap: everybody in it was invited."""
    profile = ["last_28", "quarter"]
    asked: dict[str, tuple[Callable[..., Estimate], list[str], str]] = {
        "no_overlap": (weight_by_propensity, profile, "Weights have to take"),
        "no_overlap_line": (adjust_by_regression, profile, "A line has to guess it from"),
        "no_overlap_doubly": (adjust_doubly, profile, "Half line, half weights: it guesses from"),
        "no_overlap_matching": (match_customers, profile, "Matching has to take"),
        "no_overlap_group": (
            adjust_by_regression,
            ["group"],
            "`group` is the right column, but in that class it has to borrow from",
        ),
    }
    says = "You asked about all the invited. Of those above €60 every one was invited: what they do without a letter nobody has seen. {} customers who are not like them. Look at the warnings, and leave the class out."
    given = {"treated": "invited", "outcome": outcome, "target": "att"}
    return tuple(
        Mistake(name, says.format(text), take_triple(method(_letter(True), covariates=columns, **given)))
        for name, (method, columns, text) in asked.items()
    )


@cache
def answer_like_with_like() -> Answers:
    """Answers of 35e: the effect on the invited whom a chance decided."""
    right = _within(["group"])
    return Answers(
        right=right,
        praise=f"{say_triple(right)} per invited customer of the two lower classes.",
        mistakes=(
            Mistake(
                "outcome_among_covariates",
                "You compared customers with equally many *visits after the letter*. If the letter brings visits, that is what it changed; held fixed, most of its effect is gone. Nothing from after may make the cells.",
                _within(["group", "visits"]),
            ),
            Mistake(
                "outcome_among_covariates_of_all",
                "You compared customers with equally many *visits after the letter* (and kept the third class). Nothing from after may make the cells.",
                _within(["group", "visits"], whole=True),
            ),
            *_without_overlap("sales"),
            *_list_wrong_sums("sales"),
            Mistake(
                "change_within",
                "That is the change since the 28 days before, within each class. `last_28` made the classes, and what it holds by luck is not there again afterwards. Asked is what came of the letter: `sales` alone.",
                _within(["group"], "change"),
            ),
            Mistake("visits", "These are visits. Asked are sales, in euros.", _within(["group"], "visits")),
            Mistake("per_week", "That is per week. Asked are the 28 days together.", multiply_triple(right, 1 / 4)),
            Mistake(
                "the_witness",
                "That is the column `witness`, months before the letter. Asked is what came of the letter: `sales`.",
                _within(["group"], "witness"),
            ),
            Mistake(
                "last_28",
                "That is `last_28`, the days that decided. Asked is what came of the letter: `sales`.",
                _within(["group"], "last_28"),
            ),
            Mistake(
                "one_line_for_both",
                "You gave `group` to a regression with one effect for both classes. It weighs the classes by how mixed they are. Weigh them by their invited customers.",
                _one_line("sales"),
            ),
            Mistake(
                "everybody",
                'That is for everybody: you weighed each class by all its customers, and most of them bought nothing before. Asked is the effect on the invited: weigh by them (`target="att"`).',
                _within(["group"], target="ate"),
            ),
            Mistake(
                "other_class",
                "You compared within classes of `quarter`. The list was not made by that: what decided was the column `group`.",
                _within(["quarter"]),
            ),
            Mistake(
                "naive",
                "That is invited less others as they are, without the third class. Compare within each class of `group`.",
                _naively("sales"),
            ),
            Mistake(
                "naive_of_all",
                "That is invited less others as they are. Compare within each class of `group`.",
                _naively("sales", True),
            ),
            Mistake(
                "change",
                "That is the change since the 28 days before. Those days decided who was invited: a high point, from which one falls back by oneself.",
                _naively("change"),
            ),
            Mistake(
                "change_of_all",
                "That is the change since the 28 days before, the third class with it. Those days decided who was invited: a high point, from which one falls back by oneself.",
                _naively("change", True),
            ),
            Mistake(
                "quarter",
                "That is the change since the 84 days before those that decided: much nearer, but who buys again after a pause is in it as well. Compare within each class of `group`.",
                _naively("since_quarter"),
            ),
        ),
    )


@cache
def answer_witness() -> Answers:
    """Answers of 35f: the same method, asked about months before the letter."""
    right = _within(["group"], "witness")
    return Answers(
        right=right,
        praise=f"{say_triple(right)}: nothing found where nothing was, and no room for a bias as large as the effect.",
        mistakes=(
            Mistake(
                "wrong_outcome",
                "That is 35e. The witness is the column `witness`, months before the letter.",
                _within(["group"]),
            ),
            Mistake(
                "naive",
                "That is invited less others in the witness, not within the classes. The witness is asked about the method of 35e.",
                _naively("witness"),
            ),
            Mistake(
                "naive_of_all",
                "That is invited less others in the witness, all customers. The witness is asked about the method of 35e.",
                _naively("witness", True),
            ),
            Mistake(
                "everybody",
                "That is for everybody: you weighed each class by all its customers. Weigh by the invited, as in 35e.",
                _within(["group"], "witness", target="ate"),
            ),
            Mistake(
                "last_28",
                "That is `last_28`, the days that decided. The witness is the column `witness`.",
                _within(["group"], "last_28"),
            ),
            Mistake(
                "one_line_for_both",
                "You gave `group` to a regression with one effect for both classes. Use the method of 35e.",
                _one_line("witness"),
            ),
            Mistake(
                "nearer_days",
                "That is `quarter`, the 84 days before those that decided. The witness is the column `witness`, 28 days.",
                _within(["group"], "quarter"),
            ),
            Mistake(
                "nearer_days_as_28",
                "That is `quarter`, brought to 28 days. The witness is the column `witness`.",
                multiply_triple(_within(["group"], "quarter"), 1 / 3),
            ),
            Mistake(
                "change_since_the_witness",
                "That is `sales` less `witness`. The witness is asked alone: put it in the place of `sales`.",
                _within(["group"], "since_witness"),
            ),
            *_list_wrong_sums("witness"),
            *_without_overlap("witness"),
        ),
    )


@cache
def answer_grade() -> Answers:
    """Answers of 35g: which sentence may be signed."""
    found = compare_strata(_letter(), treated="invited", by="group", outcome="sales")
    placebo = placebo_outcome(_letter(), estimator=compare_strata, placebo="witness", treated="invited", by="group")
    allowed = say_what_is_allowed(found, placebos=[placebo])
    right = "C" if allowed.level == "suggests" and found.low > 0 else "D"
    fell = _naively("change", True)[0]
    gap = _naively("sales", True)[0]
    says = {
        "A": f"{say_euros(fell)} is the change since the very days that decided. Whoever is picked at a high point falls back without any letter.",
        "B": f"{say_euros(gap)} is the gap between those who spend and those who do not. Within a class of equal spend it is {say_triple(_within(['group']))}.",
        "C": "The witness of 35f does not agree, or zero lies in the interval of 35e.",
        "D": "Too strict. Below €60 both kinds exist in every class, your 35e compares them, and your witness of 35f finds nothing. What cannot be told are those above €60.",
    }
    return Answers(
        right=right,
        praise="As strong as the evidence, and only about those for whom there is some.",
        mistakes=tuple(Mistake(f"signed_{letter}", text, letter) for letter, text in says.items() if letter != right),
    )
