"""Exercise 32, three letters with points: right answers and the usual wrong ones, all computed from the chain's tables."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import stats

from loyalty.evaluate.design.aa_test import count_looks
from loyalty.evaluate.design.looks import plan_looks
from loyalty.evaluate.design.power import find_detectable
from loyalty.tasks.checking.answers import as_number, read_letter
from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.diagnosis import find_generic_mistake
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.mistakes import name_mistakes
from loyalty.tasks.t32.measures import (
    COST,
    LETTERS,
    LEVEL,
    MARGIN,
    MONDAYS,
    SALT,
    SEEN,
    cut_tail,
    detect,
    detect_from,
    draw,
    find_active,
    find_all_but_silence,
    find_right_share,
    find_share_by_formula,
    find_smallest_share,
    find_with_staff,
    plan_letters,
    stop_after_each_look,
    sum_people,
    take_spent,
    take_spent_of,
    take_spent_with_the_silent,
)
from loyalty.tasks.t32.nearby import (
    explain_draw,
    list_wrong_draws,
    list_wrong_effects,
    list_wrong_shares,
    match_rounded_hurdles,
    name_alarm,
)

PEEKING = "one fraction between 0 and 1, to about a thousandth: the probability of at least one false alarm in 13 looks at growing data"
PEEKING_TOLERANCE = 0.0011
EFFECT_TOLERANCE = 0.005
BOUND_TOLERANCE = 0.0005
_FEW_TESTS = (
    "Or you simulated too few tests: with 10,000 chance moves the second decimal. Take a million, or `count_looks(13)`."
)


@cache
def _answer_house_rule() -> Answers:
    spent = take_spent()
    people = sum_people()
    buyers = spent[spent > 0]
    everybody = people["spent"].to_numpy()
    size = len(spent)
    right = detect(spent)
    helper = find_detectable(spent, size=size, control=0.05).effect
    mistakes = (
        Mistake(
            "with_the_history",
            "That is the helper with `history=`, where the letters bring some people in and the treated differ more. It is the better number, and 32b uses it; "
            "here the formula was asked, (1.96 + 0.84) standard errors.",
            helper,
        ),
        Mistake(
            "with_the_spread",
            "That is the helper with `sd=`: it measures with a little more care where few are left out, and needs some cents more. Here the formula was asked, (1.96 + 0.84) standard errors.",
            find_detectable(sd=spent.std(), mean=spent.mean(), size=size, control=0.05).effect,
        ),
        Mistake(
            "buyers_only",
            "Your standard deviation is that of the buyers. The test measures everybody who was drawn, also those who buy nothing: `reindex(eligible.customer_id, fill_value=0)`.",
            detect(buyers),
        ),
        Mistake(
            "buyers_as_the_list",
            "You planned with the buyers only, in spread and in number. Nobody knows before the draw who will buy; plan with all eligible customers, zeros included.",
            detect(buyers, size=len(buyers)),
        ),
        Mistake(
            "not_filtered",
            "You planned with the whole list. Those without consent, the staff and those silent for a year cannot get a letter: filter first, then count.",
            detect(everybody, size=len(everybody)),
        ),
        Mistake(
            "spread_of_the_list",
            "The number of customers is right, but your standard deviation is that of the whole list. Take it from the eligible customers.",
            detect(everybody),
        ),
        Mistake(
            "heavy_tails_ignored",
            "You cut off the top hundredth as outliers. They will come in spring too, and they make much of the noise; without them the plan promises what it cannot keep.",
            detect(cut_tail()),
        ),
        Mistake(
            "a_month_for_three",
            "Your spread is that of four weeks. The campaign is judged after 84 days, and over 84 days people differ by more.",
            detect(take_spent("month")),
        ),
        Mistake(
            "no_power",
            "These are 1.96 standard errors. A true effect of that size is seen every second time only; for 80 of 100 add 0.84.",
            detect(spent, hurdles=LEVEL),
        ),
        Mistake(
            "one_sided",
            "That is one-sided (1.645). Letters can annoy as well; the interval that Jonas will see has two ends: 1.96 + 0.84.",
            detect(spent, hurdles=1.645 + SEEN),
        ),
        Mistake(
            "one_standard_error",
            "That is one standard error. To be called an effect it takes 1.96 of them, to be seen in 80 of 100 another 0.84.",
            detect(spent, hurdles=1.0),
        ),
        Mistake(
            "both_groups_small",
            "You gave both groups 5 %. The control has 5 %, the treated have 95 %; the formula adds 1/control and 1/treated.",
            detect(spent) * float(np.sqrt(2 / 0.05 / (1 / 0.05 + 1 / 0.95))),
        ),
        Mistake(
            "treated_forgotten",
            "You took the standard error of the control alone. The treated group has one too: sd × √(1/control + 1/treated).",
            (LEVEL + SEEN) * float(spent.std(ddof=1)) / float(np.sqrt(0.05 * size)),
        ),
        Mistake(
            "without_the_day_filter",
            "Customers silent for a year are in your plan. Eligible is who bought on or after 1 January 2024.",
            detect(take_spent_with_the_silent(), size=len(take_spent_with_the_silent())),
        ),
        Mistake(
            "total_in_each_group",
            "You put all eligible customers into each of the two groups. They are divided between them.",
            detect(spent) * float(np.sqrt(2 / (1 / 0.05 + 1 / 0.95))),
        ),
        Mistake(
            "ninety",
            "That is seen in 90 of 100 cases (1.28). Asked are 80: 1.96 + 0.84.",
            detect(spent, hurdles=LEVEL + 1.2816),
        ),
        Mistake(
            "size_of_the_list",
            "The spread is right, but you counted all 30,000 customers. Only the eligible can be drawn.",
            detect(spent, size=len(everybody)),
        ),
        Mistake(
            "staff_inside",
            "Staff are in your plan. Eligible is who gave consent, is no staff, and bought on or after 1 January 2024.",
            detect(take_spent_of(find_with_staff()), size=len(find_with_staff())),
        ),
        Mistake(
            "consent_ignored",
            "People without consent are in your plan. They cannot get a letter.",
            detect(take_spent_of(find_active()), size=len(find_active())),
        ),
        Mistake(
            "variance_for_spread",
            "You took the variance in the place of the standard deviation.",
            detect(spent) * float(spent.std(ddof=1)),
        ),
        Mistake(
            "mean_for_spread",
            "You took the mean in the place of the standard deviation. What a test can see depends on how much people differ.",
            detect(spent) / float(spent.std(ddof=1)) * float(spent.mean()),
        ),
        Mistake(
            "relative",
            "That is a part of what a customer spends. In euros, please.",
            detect(spent) / float(spent.mean()),
        ),
        Mistake(
            "two_percent",
            "That is 2 %. The house rule leaves out 5 %.",
            detect(spent, share=0.02),
        ),
        Mistake(
            "margin_for_sales",
            "Your spread is that of the column `margin`. Sales are asked: what customers spent.",
            detect(take_spent("margin")),
        ),
        Mistake(
            "margin_of_the_effect",
            "That is what the effect leaves as margin. Asked is the effect in euros of sales.",
            detect(spent) * MARGIN,
        ),
        Mistake(
            "all_receipts",
            "Your spread is that of all receipts since 1 September. The window is [11 September 2024, 4 December 2024).",
            detect(take_spent("all")),
        ),
        Mistake(
            "month_times_three",
            "You took the spread of four weeks three times. Add up each customer's 84 days first, then take the spread.",
            detect(take_spent("month")) * 3,
        ),
        Mistake(
            "month_times_root_three",
            "You stretched the spread of four weeks by √3, as if a customer's months had nothing to do with each other. Add up each customer's 84 days first.",
            detect(take_spent("month")) * float(np.sqrt(3)),
        ),
        Mistake(
            "tail_capped",
            "You capped the top hundredth. They will come in spring too, uncapped.",
            detect(np.minimum(spent, np.quantile(spent, 0.99))),
        ),
        Mistake(
            "errors_added",
            "You added the standard errors of the two groups. Their squares add up: sd × √(1/control + 1/treated).",
            (LEVEL + SEEN) * float(spent.std(ddof=1)) * float(np.sqrt(1 / (0.05 * size)) + np.sqrt(1 / (0.95 * size))),
        ),
        Mistake(
            "month_and_its_third",
            "That is for four weeks. The campaign is judged after 84 days.",
            detect(spent) / 3,
        ),
        Mistake("equal_size_habit", "That is half and half. The house rule leaves out 5 %.", detect(spent, share=0.5)),
        Mistake("always_ten", "That is 10 %. The house rule leaves out 5 %.", detect(spent, share=0.1)),
    )
    praise = f"€{right:.2f}, {right / spent.mean():.0%} of what a customer spends in 84 days."
    return Answers(right, mistakes, praise, list_wrong_effects(right))


@cache
def _answer_share() -> Answers:
    spent = take_spent()
    everybody = sum_people()["spent"].to_numpy()
    size = len(spent)
    right = find_right_share()
    seen = {share: find_detectable(spent, size=size, control=share).effect for share in (0.05, 0.1, 0.5)}
    # Buyers have no zeros to turn into purchases: among them an effect can only be a larger purchase
    buyers = find_smallest_share(spent[spent > 0], growth="shift")
    mistakes = (
        Mistake(
            "always_ten",
            f"Always 10 %: with these customers it sees €{seen[0.1]:.2f}, and the campaign pays from €{COST / MARGIN:.2f} on. How many are needed depends on size, spread and cost. If you found it with `power=0.5`: asked are 80 of 100.",
            0.1,
        ),
        Mistake(
            "house_rule",
            f"5 % is the house rule; with 84 days of history it sees €{seen[0.05]:.2f}, and the campaign pays from €{COST / MARGIN:.2f} on. If you did not choose it but found it: is your history that of all 84 days?",
            0.05,
        ),
        Mistake(
            "heavy_tails_ignored",
            "You cut off the top hundredth as outliers. The test will have them in it, and it will see less than this plan promises.",
            find_smallest_share(cut_tail()),
        ),
        Mistake(
            "not_filtered",
            "You planned with the whole list. Filter first: only eligible customers can be drawn.",
            find_smallest_share(everybody, size=len(everybody)),
        ),
        Mistake(
            "buyers_only",
            "Your history holds buyers only. Zeros belong to it: most of the effect is that somebody comes at all.",
            buyers,
        ),
        Mistake(
            "ninety",
            "With this share it is seen in 90 of 100. Jonas asked for 80; the rest can get the letters.",
            find_smallest_share(spent, power=0.9),
        ),
        Mistake(
            "more_than_needed",
            "That sees it, with a percent more than needed. Asked is the smallest share.",
            find_smallest_share(spent) + 0.01,
        ),
        Mistake(
            "treated_for_control",
            "That is the share that gets the letters. Asked is the share that stays out.",
            1 - find_smallest_share(spent),
        ),
        Mistake(
            "customers_for_share",
            "That is a number of customers. Asked is a share, a fraction.",
            float(np.floor(find_smallest_share(spent) * size)),
        ),
        Mistake(
            "size_of_the_list",
            "Your history is right, but you counted all 30,000 customers: `size=len(spent)`.",
            find_smallest_share(spent, size=len(everybody)),
        ),
    )
    praise = f"{right:.0%} are {right * size:,.0f} customers. It takes €{detect_from(right):.2f} to be seen with them; the campaign pays from €{COST / MARGIN:.2f} on."
    return Answers(right, mistakes, praise, list_wrong_shares())


@cache
def _answer_control() -> Answers:
    people = sum_people()
    share = find_right_share()
    eligible = people[people["eligible"]]
    active = people[people["active"]]
    right = draw(eligible, share)
    draws = [draw(eligible, share, f"{SALT} letter {number}") for number in (1, 2, 3)]
    sizes = {size: draw(eligible, size) for size in (0.05, 0.1, 0.5)}
    formula = find_share_by_formula(take_spent())
    mistakes = (
        Mistake(
            "no_consent",
            "Your control are the customers without consent. They differ from the others before any letter: draw among those who *could* get it.",
            set(people.loc[~people["consent"], "customer_id"].tolist()),
        ),
        Mistake(
            "no_consent_active",
            "Your control are the active customers without consent. They are no lottery: people who gave consent spend more anyway. Draw among the eligible ones.",
            set(active.loc[~active["consent"], "customer_id"].tolist()),
        ),
        Mistake(
            "new_control_each_wave",
            "You drew anew for the third letter. The campaign is judged after all three: with a new control each time most of these people got the first two. One salt for all three.",
            draws[2],
        ),
        Mistake(
            "salt_of_the_first_letter",
            'Your salt is "points 2025 letter 1". One salt for all three, "points 2025": whoever draws again must find the same people.',
            draws[0],
        ),
        Mistake(
            "salt_of_the_second_letter",
            'Your salt is "points 2025 letter 2". One salt for all three: "points 2025".',
            draws[1],
        ),
        Mistake(
            "staff_inside",
            "Staff are among yours. Filter first: they are in your control, but nobody writes to them.",
            draw(find_with_staff(), share),
        ),
        Mistake(
            "consent_ignored",
            "People without consent are among yours. Nobody may write to them, so they were never to be drawn.",
            draw(active, share),
        ),
        Mistake(
            "eligible",
            "These are all eligible customers. Asked are those among them who stay out.",
            set(eligible["customer_id"].tolist()),
        ),
        Mistake(
            "out_in_all_draws",
            f"These are the customers who were control in all three draws. Only {len(set.intersection(*draws)):,} are left; with one salt it is the same control throughout.",
            set.intersection(*draws),
        ),
        Mistake(
            "out_in_any_draw",
            "These are the customers who were control in one of the three draws or more. Most of them got a letter or two; use one salt.",
            set.union(*draws),
        ),
        Mistake("equal_size_habit", "That is half of them. Use your share from 32b.", sizes[0.5]),
        Mistake("always_ten", "That is 10 %. Use your share from 32b.", sizes[0.1]),
        Mistake("house_rule", "That is 5 %. Use your share from 32b.", sizes[0.05]),
        Mistake(
            "by_the_formula",
            f"That is {formula:.0%}, the share by the formula. Use the one that the helper found in 32b.",
            draw(eligible, formula),
        ),
        Mistake(
            "not_filtered",
            "You drew from the whole list. Filter first: staff and people without consent are in your control, but never among the treated.",
            draw(people, share),
        ),
        Mistake(
            "without_the_day_filter",
            "Customers silent for a year are among yours. Eligible is who bought on or after 1 January 2024.",
            draw(find_all_but_silence(), share),
        ),
        Mistake(
            "blocks",
            'These are exact quotas (`mode="blocks"`). Whoever gives his consent later would then move others; the default, "hash", moves nobody.',
            draw(eligible, share, mode="blocks"),
        ),
        Mistake(
            "treated",
            "These are the ones who get the letters. Asked are those who stay out.",
            set(eligible["customer_id"].tolist()) - right,
        ),
    )
    praise = f"{len(right):,} customers, the same for all three letters, whoever joins."
    return Answers(right, mistakes, praise, list_wrong_draws())


@cache
def _answer_peeking() -> Answers:
    stopped = stop_after_each_look()
    right = stopped[MONDAYS]
    return Answers(
        right=right,
        praise=f"{right:.0%} of useless campaigns would be celebrated, {right / 0.05:.0f} times as many as with one look.",
        mistakes=(
            Mistake(
                "peeking_is_free",
                "5 % is the share for one look. Each further look is another chance to be fooled.",
                0.05,
            ),
            Mistake(
                "added_up",
                "13 times 5 %: that would be right if no two looks could ring together. Most of what was seen last Monday is still in the data.",
                MONDAYS * 0.05,
            ),
            Mistake(
                "as_if_independent",
                "1 − .95¹³ takes the 13 looks for 13 fresh tests. Each look contains the data of all looks before; simulate a sum that grows, or use `count_looks`.",
                1 - 0.95**MONDAYS,
            ),
            Mistake("does_not_stop", "That is the probability that she does *not* stop.", 1 - right),
            Mistake(
                "three_looks_or_one_side",
                "That is for three looks (one after each letter), or for 13 looks on one side only. Marta looks on 13 Mondays, and stops on either side of zero.",
                stopped[3],
            ),
            Mistake(
                "twelve_looks",
                f"That is for 12 looks. Marta looks 13 times, the last time at the end. {_FEW_TESTS}",
                stopped[12],
            ),
            Mistake("two_looks", "That is for two looks. Marta looks 13 times.", stopped[2]),
            Mistake("four_looks", "That is for four looks, as in the lesson. Marta looks on 13 Mondays.", stopped[4]),
            Mistake("fourteen_looks", f"That is for 14 looks. Marta looks 13 times. {_FEW_TESTS}", stopped[14]),
            Mistake(
                "ninety_percent",
                "That is with 90 % intervals (1.645). The interval is the usual one, 95 %.",
                count_looks(MONDAYS, level=0.90),
            ),
        ),
    )


def _judge_peeking(answer: Any) -> tuple[str | None, str]:
    """Say which number of looks an answer fits, where it is none of the known ones."""
    given = as_number(answer)
    right = stop_after_each_look()[MONDAYS]
    part = Part("", [""], np.array([right]), np.array([given]))
    generic = find_generic_mistake([part], PEEKING_TOLERANCE, PEEKING)
    if generic is not None:
        name, says = generic
        return name, f"{says} Asked: {PEEKING}."
    if abs(given - right) < 0.0045:
        return None, f"Near, not it. Are there 13 looks? {_FEW_TESTS}"
    simulated = name_alarm(given)
    if simulated is not None:
        return simulated
    gaps = np.abs(stop_after_each_look()[1:] - given)
    looks = int(gaps.argmin()) + 1
    if gaps.min() < 0.003:
        return (
            "other_number_of_looks",
            f"About {looks} looks give this. Marta looks 13 times, the last time at the end. {_FEW_TESTS if abs(given - right) < 0.03 else ''}".strip(),
        )
    return None, f"Not it. Are there 13 looks at a sum that grows, and does one alarm suffice? Asked: {PEEKING}."


def _judge_effect(answer: Any) -> tuple[str | None, str]:
    """Name a wrong effect that was computed with rounded standard errors, 2.80 in the place of 2.8016."""
    answers = _answer_house_rule()
    found = match_rounded_hurdles(as_number(answer), (*answers.mistakes, *answers.near), EFFECT_TOLERANCE)
    return name_mistakes(found) if found else (None, "")


def _judge_share(answer: Any) -> tuple[str | None, str]:
    """Say that whole percent are asked."""
    given = as_number(answer)
    if 0 < given < 1 and abs(100 * given - round(100 * given)) > 1e-6:
        return (
            "not_whole_percent",
            "Whole percent are asked: the smallest of 0.01, 0.02, … with which the effect is seen.",
        )
    return None, ""


@cache
def _answer_plan() -> Answers:
    spent = take_spent()
    wanted = COST / MARGIN
    share = find_right_share()
    people = sum_people()
    ten = find_detectable(spent, size=len(spent), control=0.1).effect
    active = people[people["active"]].groupby("consent")["spent"].mean()
    says = {
        "A": f"10 % see effects from €{ten:.2f} on; the campaign pays from €{wanted:.2f} on. That is Jonas's first condition.",
        "B": f"It sees enough, yes. But {(0.5 - share) * len(spent):,.0f} customers more than needed get no letter; look at your 32b.",
        "C": f"Without any letter the active customers with consent spent €{active[True] - active[False]:.2f} more in autumn than those without. This plan finds that again and calls it an effect.",
        "E": f"Drawn anew each time, hardly anybody is without a letter at the end: of the control of the third letter {1 - share**2:.0%} got one of the first two or both.",
        "F": f"Useless letters would be celebrated in {stop_after_each_look()[MONDAYS]:.0%} of cases; Jonas allows 5 %. Look at your 32d.",
        "D": "10 % see the effect that just pays: no more need to stay out.",
    }
    right = "A" if ten <= wanted else "D"
    names = {
        "A": "always_ten",
        "B": "equal_size_habit",
        "C": "no_consent",
        "D": "more_than_needed",
        "E": "new_control_each_wave",
        "F": "peeking",
    }
    return Answers(
        right=right,
        praise=f"{share:.0%}, drawn once, looked at once: an effect of €{wanted:.2f} is seen in 80 of 100 cases.",
        mistakes=tuple(Mistake(names[letter], text, letter) for letter, text in says.items() if letter != right),
    )


@cache
def _answer_bound() -> Answers:
    plan = plan_letters()
    first, middle, right = (float(bound) for bound in plan.bounds)
    mistakes = (
        Mistake(
            "peeking_is_free",
            "1.96 is the bound of a test with one look. If all three looks use it, more than 5 of 100 useless campaigns are stopped.",
            float(stats.norm.ppf(0.975)),
        ),
        Mistake(
            "by_the_tables",
            "That is the plan without `correlation=`: it supposes that each letter's weeks are a new lottery. The same customers' sums resemble each other more; take it from their spend.",
            float(plan_letters(measured=False).bounds[-1]),
        ),
        Mistake(
            "not_cumulated",
            "You correlated the weeks of the three letters. A look sees everything since the start: sum up to each look first (`cumsum(axis=1)`).",
            float(plan_letters(grows=False).bounds[-1]),
        ),
        Mistake(
            "bonferroni",
            "That shares the 5 % equally among three tests (Bonferroni), as if they had nothing to do with each other. It is too strict, and here the end should keep nearly all.",
            float(stats.norm.isf(0.025 / LETTERS)),
        ),
        Mistake(
            "pocock",
            'You spent by Pocock (`spending="pocock"`), nearly the same at each look. Asked is O\'Brien and Fleming, the default.',
            float(plan_letters(spending="pocock").bounds[-1]),
        ),
        Mistake(
            "pocock_by_the_tables",
            "That is Pocock's spending, and without `correlation=`. Asked is O'Brien and Fleming, with the correlation from the customers.",
            float(plan_letters(measured=False, spending="pocock").bounds[-1]),
        ),
        Mistake(
            "classical_tables",
            "That is the classical number of the tables (`classical=True`). It spends a little more early, and supposes looks that bring news of their own. Asked is the spending function, with the correlation from the customers.",
            float(plan_letters(measured=False, classical=True).bounds[-1]),
        ),
        Mistake(
            "classical",
            "The correlation is right; the bounds are the classical ones (`classical=True`). Asked is the spending function, the default.",
            float(plan_letters(classical=True).bounds[-1]),
        ),
        Mistake("first_look", "That is the bound of the first look. Asked is the last one, after 84 days.", first),
        Mistake("middle_look", "That is the bound of the second look. Asked is the last one, after 84 days.", middle),
        Mistake(
            "thirteen_looks",
            "That is for 13 looks. Here Marta looks three times, after each letter.",
            float(plan_looks(MONDAYS).bounds[-1]),
        ),
        Mistake(
            "ninety_percent",
            "That spends 10 %. Jonas allows 5 of 100: `level=0.95`, the default.",
            float(plan_letters(level=0.90).bounds[-1]),
        ),
        Mistake(
            "not_filtered",
            "You took the correlation from the whole list. Only eligible customers will be in the test.",
            float(plan_letters("list").bounds[-1]),
        ),
        Mistake(
            "buyers_only",
            "You took the correlation from the buyers. Who buys nothing is in the test with 0: `reindex(eligible.customer_id, fill_value=0)`.",
            float(plan_letters("buyers").bounds[-1]),
        ),
    )
    praise = f"{right:.3f} at the end, after {first:.2f} and {middle:.2f}: three planned looks cost next to nothing, and {plan.peeking:.0%} false alarms are 5 % again."
    return Answers(right, mistakes, praise)


def _judge_bound(answer: Any) -> tuple[str | None, str]:
    """Say that three decimals are asked; two fit several plans."""
    given = as_number(answer)
    if abs(given - round(plan_letters().bounds[-1], 2)) < 1e-9:
        return "rounded", "Two decimals fit more than one plan. Three are asked."
    return None, ""


TASKS = (
    Task(
        code="32a",
        asks="one number: euros per customer in 84 days, 5 % of the eligible customers left out, seen in 80 of 100 cases, by the formula, to the cent",
        compute=_answer_house_rule,
        tolerance=EFFECT_TOLERANCE,
        hints=(
            "First the eligible: `customers[customers.consent & ~customers.staff & (customers.last_purchase >= '2024-01-01')]`.",
            "What each of them spent in [start, end); who bought nothing counts with 0: `.reindex(eligible.customer_id, fill_value=0)`.",
            "The standard error is sd × √(1/control + 1/treated), with 5 % and 95 % of the eligible. Times 1.96 + 0.8416.",
        ),
        close="Close, not it. Who is eligible, over which days do you add up, and are the zeros in? And is it 1.96 + 0.8416 times sd × √(1/control + 1/treated), with 5 % and 95 % of the eligible?",
        judge=_judge_effect,
    ),
    Task(
        code="32b",
        asks="one fraction in whole percent, such as 0.07: the smallest share left out with which an effect that just pays is seen in 80 of 100 cases",
        compute=_answer_share,
        tolerance=0.001,
        hints=(
            "Which additional sales bring in €1.80, if 28 cents of a euro are margin?",
            "`find_detectable(spent, size=len(spent), control=share).effect` for 0.01, 0.02, … 0.50.",
            "The smallest share whose effect is not above the break-even.",
        ),
        close="Close, not it. Is the history that of 32a, zeros included, and the effect €1.80 / 0.28? And does your 32a hold? Who is eligible shows there.",
        judge=_judge_share,
    ),
    Task(
        code="32c",
        asks="a set or list of customer_id: who is control when the third letter goes out",
        compute=_answer_control,
        tolerance=0,
        hints=(
            "Judged once after three letters: the same people have to stay out of all three.",
            "`assign_arms(eligible, {'control': share_out, 'points': 1 - share_out}, salt='points 2025')`",
            "Its `.contacts` has the columns customer_id and arm.",
        ),
        close="Close, not it. Who was in the draw, with which share and which salt?",
        judge=explain_draw,
    ),
    Task(
        code="32d",
        asks=PEEKING,
        compute=_answer_peeking,
        tolerance=PEEKING_TOLERANCE,
        hints=(
            "By simulation: 13 normal numbers, added up one by one; after the k-th the sum has a standard deviation of √k.",
            "How often lies one of the 13 sums beyond 1.96 × √k?",
            "The lesson's helper does it: `count_looks(13)`.",
        ),
        judge=_judge_peeking,
    ),
    Task(
        code="32e",
        asks="one number to three decimals: how many standard errors from zero the result must lie at the last of three planned looks",
        compute=_answer_bound,
        tolerance=BOUND_TOLERANCE,
        hints=(
            "What had each eligible customer spent after 28, 56 and 84 days of autumn? One row a customer, three columns, zeros included, `cumsum(axis=1)`.",
            "The looks are as much alike as these columns: `np.corrcoef(until.T)`.",
            "`plan_looks(3, correlation=…)` from `loyalty.evaluate.design`; the last of its `.bounds`.",
        ),
        close="Close, not it. Are the sums those of the eligible customers from 11 September on, zeros included, and until each look?",
        judge=_judge_bound,
    ),
    Task(
        code="32f",
        asks='one letter: "A", "B", "C", "D", "E" or "F"',
        read=read_letter("ABCDEF"),
        compute=_answer_plan,
        tolerance=0,
        hints=(
            "Three conditions: sees the break-even, at most 5 % false alarms, no more customers than needed.",
            "32b answers the first and third, 32d the second.",
        ),
        close="",
    ),
)
