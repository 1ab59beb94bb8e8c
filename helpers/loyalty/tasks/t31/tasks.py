"""Exercise 31, the app and its badge: right answers and the usual wrong ones, all computed from the world.

The world's card plays the app, launched by a lottery of invitations. The badge is made here from receipts and changes
nobody: whatever a comparison finds was there without it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from loyalty.evaluate.observational.noncompliance import measure_complier_effect
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.notes import judge_note, list_mistakes, read_note
from loyalty.tasks.checking.triples import multiply_triple, read_triple, say_triple, take_triple, widen_triple
from loyalty.tasks.t31.measures import (
    BEFORE,
    CLOSES,
    DAY,
    END,
    EVERYBODY,
    FEE,
    MARGIN,
    NEVER,
    OPENS,
    adjust_lottery,
    compare_at_equal_orders,
    compare_before_with_all,
    compare_both_windows,
    compare_lottery,
    compare_owners,
    compare_takers,
    compare_weeks,
    compare_with_all,
    find_gap_by,
    find_groups,
    find_payers,
    read_app,
    run_own_clock,
    shift_end,
    sum_spending,
)
from loyalty.tasks.t31.nearby import (
    list_wrong_compliers,
    list_wrong_gaps,
    list_wrong_gaps_before,
    list_wrong_invitations,
    list_wrong_profits,
    name_divisor,
)

_WINDOW = "The window is 366 days long, because 2024 is a leap year: divide by its days (`end - start`), times 28."


@cache
def _answer_after() -> Answers:
    after = sum_spending(CLOSES, END)
    owner = find_groups()[1]
    right = compare_owners(after)[0]
    bought = after > 0
    mistakes = (
        Mistake(
            "qualifying_purchase_counted",
            "Your days begin on 3 June, and the qualifying purchase is among them: every owner has a receipt of €30 there, because that is how he became one. Count from 5 August on.",
            compare_owners(sum_spending(OPENS, END))[0],
        ),
        Mistake(
            "qualifying_weeks_only",
            "These are the nine weeks in which the badge was earned. Who spent much in them got it; count the 84 days from 5 August on.",
            compare_owners(sum_spending(OPENS, CLOSES))[0],
        ),
        Mistake(
            "after_joining",
            "You counted each owner from his own badge on, the qualifying purchase included: a first receipt of €30 is sure, before anything else happens. Both groups from 5 August on.",
            run_own_clock(with_purchase=True),
        ),
        Mistake(
            "two_clocks",
            "The qualifying purchase is out, but owners are counted from their own badge on and the others from 3 June. One clock for both: from 5 August on.",
            run_own_clock(with_purchase=False),
        ),
        Mistake(
            "immortal_time",
            "You call owner who earned the badge at any time until 28 October. To earn it in September he must still come and buy in September, and those days count for the badge: immortal time. Who is an owner is settled on 5 August.",
            compare_owners(after, find_groups(END)[1])[0],
        ),
        Mistake(
            "all_customers",
            "You compared owners with all other customers. Most of these had no app and could not earn the badge; compare with the other users.",
            compare_with_all(),
        ),
        Mistake(
            "weeks_as_receipt",
            "Your owners paid €30 in the nine weeks together. The badge wants it on a single receipt: sum by `basket_id` first.",
            find_gap_by("weeks"),
        ),
        Mistake(
            "lines_as_receipts",
            "Your owners bought one article for €30. A receipt has several lines: sum them by `basket_id` first.",
            find_gap_by("line"),
        ),
        Mistake(
            "all_users",
            "You compared owners with all users, and the owners are among these. Owners minus the *other* users.",
            float(after[owner].mean() - after.mean()),
        ),
        Mistake(
            "later_users",
            "Among your users are some who took the app after 3 June. Users are those with `app_since` before 3 June.",
            compare_owners(sum_spending(CLOSES, END, CLOSES), find_groups(CLOSES, CLOSES)[1])[0],
        ),
        Mistake(
            "buyers_only",
            "You left out the users who bought nothing in the 84 days. They count as zero; `reindex(users, fill_value=0)` brings them back.",
            compare_owners(after, keep=bought)[0],
        ),
        Mistake("not_per_28_days", "These are euros for the whole 84 days. Divide by three.", right * 3),
        Mistake("per_week", "These are euros per week. Per 28 days, please.", right / 4),
        Mistake("per_day", "These are euros per day. Per 28 days, please.", right / 28),
        Mistake(
            "gap_before",
            "That is the gap of the 84 days *before* 3 June, the answer of 31b.",
            compare_owners(sum_spending(BEFORE, OPENS))[0],
        ),
        Mistake(
            "last_day_inside",
            "Your 84 days hold 28 October too. A window [start, end) ends before its last date.",
            shift_end(END + DAY),
        ),
        Mistake(
            "last_day_cut_off",
            "27 October is missing: `<= '2024-10-27'` ends at midnight, when that day begins. Write `< '2024-10-28'`.",
            shift_end(END - DAY),
        ),
        Mistake(
            "closing_day_qualifies",
            "Your owners may also have paid on 5 August. The badge was given until *before* 5 August: `< '2024-08-05'`.",
            compare_owners(after, find_groups(CLOSES + DAY)[1])[0],
        ),
        Mistake("per_30_days", "These are euros per 30 days. Per 28 days, please.", right / 28 * 30),
        Mistake(
            "change",
            "That is the change since the 84 days before the badge. First the gap itself.",
            compare_owners(after - sum_spending(BEFORE, OPENS))[0],
        ),
        Mistake(
            "to_the_end_of_october",
            "Your window runs to the end of October. It is 84 days long: [5 August 2024, 28 October 2024).",
            compare_owners(sum_spending(CLOSES, pd.Timestamp("2024-11-01")))[0],
        ),
        Mistake(
            "twelve_weeks_from_the_opening",
            "Your 84 days begin on 3 June, and the qualifying purchase is among them. Count from 5 August 2024 on.",
            compare_owners(sum_spending(OPENS, OPENS + pd.Timedelta(days=84)))[0],
        ),
        Mistake(
            "not_only_users",
            "You compared all customers, with an app or without. Only users could earn the badge.",
            compare_owners(sum_spending(CLOSES, END, EVERYBODY), find_groups(CLOSES, EVERYBODY)[1])[0],
        ),
        Mistake(
            "sign_of_the_others",
            "That is what the other users spent, taken by itself. Owners minus others.",
            float(after[~owner].mean()),
        ),
        Mistake(
            "ratio",
            "That is how many times as much owners spent. The difference in euros, please.",
            float(after[owner].mean() / after[~owner].mean()),
        ),
        Mistake(
            "everybody_with_an_app_today",
            "Your users are all who ever took the app. Users are those with `app_since` before 3 June.",
            compare_owners(sum_spending(CLOSES, END, NEVER), find_groups(CLOSES, NEVER)[1])[0],
        ),
        Mistake(
            "owners_only",
            "That is what owners spent. Take off what the other users spent.",
            float(after[owner].mean()),
        ),
        Mistake(
            "totals",
            "These are totals of groups of different size. Take means.",
            float(after[owner].sum() - after[~owner].sum()),
        ),
    )
    praise = f"€{right:.2f} in 28 days, with the same clock for both groups. A gap; whether the badge made it is another question."
    return Answers(right, mistakes, praise, list_wrong_gaps(right))


@cache
def _answer_before() -> Answers:
    before = sum_spending(BEFORE, OPENS)
    after = sum_spending(CLOSES, END)
    right = compare_owners(before)
    weeks = [sum_spending(day, day + pd.Timedelta(days=7)) for day in pd.date_range(BEFORE, periods=12, freq="7D")]
    mistakes = (
        Mistake(
            "after_again",
            "That is the gap of 31a. The same owners and others, but in the 84 days before 3 June.",
            compare_owners(after),
        ),
        Mistake(
            "window_runs_into_the_badge",
            "Your 84 days end on 5 August, so that the qualifying purchases are inside. They end before 3 June.",
            compare_owners(sum_spending(CLOSES - pd.Timedelta(days=84), CLOSES)),
        ),
        Mistake(
            "change",
            "That is the change from before to after. First the gap before, by itself.",
            compare_owners(after - before),
        ),
        Mistake(
            "immortal_time",
            "You call owner who earned the badge at any time until 28 October. The owners of 31a are those of 5 August.",
            compare_owners(before, find_groups(END)[1]),
        ),
        Mistake(
            "later_users",
            "Among your users are some who took the app after 3 June. Users are those with `app_since` before 3 June.",
            compare_owners(sum_spending(BEFORE, OPENS, CLOSES), find_groups(CLOSES, CLOSES)[1]),
        ),
        Mistake(
            "weeks_as_customers",
            "The effect is right; the interval is too narrow. It counts the twelve weeks of a customer as if they were twelve customers.",
            compare_weeks(weeks),
        ),
        Mistake(
            "buyers_only",
            "You left out the users who bought nothing in these 84 days. They count as zero.",
            compare_owners(before, keep=before > 0),
        ),
        Mistake(
            "one_standard_error",
            "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
            widen_triple(right, 1 / 1.96),
        ),
        Mistake(
            "not_per_28_days", "These are euros for the whole 84 days. Divide by three.", multiply_triple(right, 3)
        ),
        Mistake("per_week", "These are euros per week. Per 28 days, please.", multiply_triple(right, 1 / 4)),
        Mistake(
            "qualifying_weeks",
            "These are the nine weeks in which the badge was earned. Take the 84 days before 3 June 2024.",
            compare_owners(sum_spending(OPENS, CLOSES)),
        ),
        Mistake(
            "eight_weeks",
            "Your window is 56 days long. It is 84: [11 March 2024, 3 June 2024).",
            compare_owners(sum_spending(OPENS - pd.Timedelta(days=56), OPENS)),
        ),
        Mistake(
            "four_weeks",
            "Your window is 28 days long. It is 84: [11 March 2024, 3 June 2024).",
            compare_owners(sum_spending(OPENS - pd.Timedelta(days=28), OPENS)),
        ),
        Mistake(
            "ninety_days",
            "Your window is 90 days long. It is 84: [11 March 2024, 3 June 2024).",
            compare_owners(sum_spending(OPENS - pd.Timedelta(days=90), OPENS)),
        ),
        Mistake(
            "owners_of_spring",
            "Your owners paid €30 in the 84 days before the badge. Owners are those of 31a: from 3 June 2024 until before 5 August 2024.",
            compare_owners(before, find_payers(BEFORE, OPENS)),
        ),
        Mistake(
            "three_months",
            "Your window begins on 1 March. It is 84 days long: [11 March 2024, 3 June 2024).",
            compare_owners(sum_spending(pd.Timestamp("2024-03-01"), OPENS)),
        ),
        Mistake(
            "all_customers",
            "You compared owners with all other customers. Compare with the other users of the app.",
            compare_before_with_all(),
        ),
    )
    praise = f"{say_triple(right)}, in weeks without any badge. In 31a it was €{compare_owners(after)[0]:.2f}."
    return Answers(right, mistakes, praise, list_wrong_gaps_before(right))


@cache
def _answer_invitation() -> Answers:
    right = compare_lottery()
    trial = read_app()[2]
    days = float(trial.main_days.iloc[0])
    mistakes = (
        Mistake(
            "consequence_controlled",
            "You held the number of orders fixed. Coming more often is what the app *does*; compare customers with equally many orders, and you have taken its effect away. Nothing that happened after the invitation may be controlled for.",
            compare_at_equal_orders("arm"),
        ),
        Mistake(
            "as_treated",
            "You compared those who took the app with those who did not. Who takes it chose himself; the lottery drew who was *invited*.",
            compare_takers(),
        ),
        Mistake(
            "per_protocol",
            "You kept only those who did as they were told: invited with the app, control without. They chose that themselves; everyone invited against everyone not invited.",
            compare_takers("(arm == 'invited') == (took == 1)"),
        ),
        Mistake(
            "takers_against_control",
            "You left out the invited who did not take the app, but their like are still in the control group. Everyone invited counts.",
            compare_lottery(keep="arm == 'control' or took == 1"),
        ),
        Mistake(
            "invited_only",
            "You stayed among the invited and compared those with the app with those without. That is self-selection; the control group is the comparison.",
            compare_takers("arm == 'invited'"),
        ),
        Mistake(
            "both_windows",
            "The year before is in your average as well. Only the rows with window 'main' count.",
            compare_both_windows(),
        ),
        Mistake(
            "year_before",
            "That is the window `pre`, the year before the launch: the balance, not the effect.",
            compare_lottery("pre"),
        ),
        Mistake(
            "not_per_28_days",
            "These are euros for the whole window of 366 days. Per 28 days, please.",
            multiply_triple(right, days / 28),
        ),
        Mistake(
            "thirteen_periods",
            f"You divided by 13, which is 364 days. {_WINDOW}",
            multiply_triple(right, days / 364),
        ),
        Mistake("year_of_365", f"You took a year of 365 days. {_WINDOW}", multiply_triple(right, days / 365)),
        Mistake("twelve_months", f"You divided by 12 months. {_WINDOW}", multiply_triple(right, days / 12 / 28)),
        Mistake("thirty_days", f"These are euros per 30 days. {_WINDOW}", multiply_triple(right, 30 / 28)),
        Mistake(
            "relative",
            "That is the gap as a part of what the control group spent. In euros, please.",
            multiply_triple(right, 1 / float(trial.main[trial.arm == "control"].mean())),
        ),
        Mistake(
            "orders_of_the_year",
            "These are receipts in the whole year. Sales are asked, in euros per 28 days.",
            compare_lottery("orders"),
        ),
        Mistake(
            "share_of_buyers",
            "That is the share who bought at all. Sales are asked, in euros.",
            compare_lottery("bought"),
        ),
        Mistake("per_week", f"These are euros per week. {_WINDOW}", multiply_triple(right, 1 / 4)),
        Mistake("per_day", f"These are euros per day. {_WINDOW}", multiply_triple(right, 1 / 28)),
        Mistake(
            "change_since_before",
            "That is the change since the year before. The lottery made the groups alike; the gap in the window `main` itself is asked.",
            compare_lottery("change"),
        ),
        Mistake(
            "adjusted",
            "You adjusted by the year before. That is a good answer and a sharper one; here the plain gap is asked.",
            adjust_lottery(),
        ),
        Mistake(
            "buyers_only",
            "You left out those who bought nothing in the year. They were invited (or not), and count as zero.",
            compare_lottery(keep="main > 0"),
        ),
        Mistake(
            "per_complier",
            "That is the effect per customer who takes the app *because* of the invitation, 31d. Here per invited customer.",
            _answer_complier().right,
        ),
        Mistake(
            "orders_for_sales",
            "These are receipts. Sales are asked, in euros.",
            multiply_triple(compare_lottery("orders"), 28 / days),
        ),
        Mistake(
            "one_standard_error",
            "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
            widen_triple(right, 1 / 1.96),
        ),
    )
    praise = f"{say_triple(right)} per invited customer: the app does something, and it is not much."
    return Answers(right, mistakes, praise, list_wrong_invitations(right))


@cache
def _answer_complier() -> Answers:
    trial = read_app()[2]
    days = float(trial.main_days.iloc[0])
    found = measure_complier_effect(trial.reset_index(), took="took", outcome="main")
    right = take_triple(found)
    itt = compare_lottery()
    mistakes = (
        Mistake(
            "effect_of_the_invitation",
            "That is the effect of the invitation, spread over all invited. It was made by those only whom the invitation moved: divide by their share.",
            itt,
        ),
        Mistake(
            "take_up_of_the_invited",
            "You divided by the take-up of the invited. Some took the app without invitation; the lottery moved only the *difference* of the two take-ups.",
            multiply_triple(itt, 1 / found.details["took_treated"]),
        ),
        Mistake(
            "interval_not_divided",
            "The effect is right; the interval still belongs to the invitation. Its ends are divided too.",
            (right[0], *itt[1:]),
        ),
        Mistake(
            "multiplied",
            "You multiplied by the take-up. The effect per complier is larger than the one per invited: divide.",
            multiply_triple(itt, found.details["take_up"]),
        ),
        Mistake(
            "as_treated",
            "You compared those who took the app with those who did not: the selection is back.",
            compare_takers(),
        ),
        Mistake(
            "per_protocol",
            "You kept only those who did as they were told. They chose that themselves.",
            compare_takers("(arm == 'invited') == (took == 1)"),
        ),
        Mistake(
            "consequence_controlled",
            "You compared users and others with equally many orders. Orders are what the app changes: a consequence must not be held fixed.",
            compare_at_equal_orders("took"),
        ),
        Mistake(
            "not_per_28_days",
            "These are euros for the whole window of 366 days. Per 28 days, please.",
            multiply_triple(right, days / 28),
        ),
        Mistake(
            "thirteen_periods",
            f"You divided by 13, which is 364 days. {_WINDOW}",
            multiply_triple(right, days / 364),
        ),
        Mistake(
            "take_up_of_all",
            "You divided by the take-up of all customers together. The lottery moved the *difference* of the two take-ups.",
            multiply_triple(itt, 1 / float(trial.took.mean())),
        ),
        Mistake(
            "takers_only",
            "You compared takers with takers. Who took the app uninvited is another kind of customer.",
            compare_lottery(keep="took == 1"),
        ),
        Mistake(
            "share_of_the_others",
            "You divided by the share that did *not* follow the lottery. It was made by those who did.",
            multiply_triple(itt, 1 / (1 - found.details["take_up"])),
        ),
        Mistake(
            "adjusted",
            "You adjusted by the year before. That is sharper; here the plain effect is asked.",
            multiply_triple(adjust_lottery(), 1 / found.details["take_up"]),
        ),
        Mistake(
            "takers_against_control",
            "You compared the invited who took the app with the whole control group. Their like are in it, and others too.",
            compare_lottery(keep="arm == 'control' or took == 1"),
        ),
        Mistake(
            "invited_only",
            "You stayed among the invited and compared those with the app with those without. That is self-selection.",
            compare_takers("arm == 'invited'"),
        ),
        Mistake(
            "one_standard_error",
            "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
            widen_triple(right, 1 / 1.96),
        ),
    )
    praise = f"{say_triple(right)} for those who take the app because they were invited, {found.details['take_up']:.0%} of the customers."
    return Answers(right, mistakes, praise, list_wrong_compliers(right))


def _choose_invoice(app_earns: bool, badge_explains: bool) -> str:
    """The letter of the right decision, by whether the app earns its fee and the badge its gap."""
    if app_earns:
        return "A" if badge_explains else "B"
    return "D" if badge_explains else "C"


@cache
def _right_note() -> tuple[str, float]:
    low = MARGIN * compare_lottery()[1] - FEE
    badge_explains = _answer_before().right[2] < compare_owners(sum_spending(CLOSES, END))[0] / 2
    return _choose_invoice(low > 0, badge_explains), low


@cache
def _say_letters() -> dict[str, str]:
    """What each note that may not be signed overlooks."""
    itt = compare_lottery()
    right, low = _right_note()
    before = _answer_before().right
    after = compare_owners(sum_spending(CLOSES, END))
    at_equal = compare_at_equal_orders("arm")
    says = {
        "A": f"The app, yes. But the badge? Owners were €{before[0]:.2f} ahead before there was any badge, and €{after[0]:.2f} after it. The agency wants a share of a gap that it found in place.",
        "B": "The app earns its fee even at the lower end, and the badge's gap was not there before.",
        "C": f'"At equal orders" holds fixed what the app changes: {say_triple(at_equal)}. Everyone invited against everyone not invited: {say_triple(itt)}, and the profit\'s lower end is €{low:.2f}.',
        "D": f"€{after[0]:.2f} looks larger than €{itt[0]:.2f}. But the first compares people who chose themselves, and was €{before[0]:.2f} before the badge; the second was drawn by lottery.",
    }
    return {letter: text for letter, text in says.items() if letter != right}


@cache
def _say_numbers() -> dict[str, tuple[str, float]]:
    """Usual wrong lower ends of the profit."""
    itt = compare_lottery()
    trial = read_app()[2]
    took = float(trial.took[trial.arm == "invited"].mean())
    error = (itt[0] - itt[1]) / 1.96
    days = float(trial.main_days.iloc[0])
    return {
        "revenue_for_margin": ("These are sales less the fee. Of each euro 28 cents stay.", itt[1] - FEE),
        "fee_forgotten": ("The fee of 10 cents is not taken off.", MARGIN * itt[1]),
        "fee_added": ("The fee is a cost: take it off, do not add it.", MARGIN * itt[1] + FEE),
        "fee_before_margin": (
            "You took 28 % of the fee as well. The fee is paid in full: 0.28 times the effect, less 0.10.",
            MARGIN * (itt[1] - FEE),
        ),
        "fee_for_takers": (
            "You paid the fee for those who took the app. It is paid for every *invited* customer.",
            MARGIN * itt[1] - FEE * took,
        ),
        "rest_for_margin": (
            "You took the 72 cents that do not stay. Margin is 28 cents of a euro.",
            (1 - MARGIN) * itt[1] - FEE,
        ),
        "best_guess_for_low": (
            "This is the profit at the estimate. Before paying, look at the lower end.",
            MARGIN * itt[0] - FEE,
        ),
        "high_for_low": ("This is the upper end.", MARGIN * itt[2] - FEE),
        "complier_for_invited": (
            "The fee is paid for every *invited* customer: use 31c, not 31d.",
            MARGIN * _answer_complier().right[1] - FEE,
        ),
        "one_standard_error": (
            "This end is one standard error away; for 95 % it takes 1.96.",
            MARGIN * (itt[0] - error) - FEE,
        ),
        "for_a_year": (
            "This is for the whole year. Per invited customer and 28 days, please.",
            (MARGIN * itt[1] - FEE) * days / 28,
        ),
        "lower_end_of_sales": ("This is the lower end of *sales*, 31c. Profit is asked.", itt[1]),
        "gap_of_owners": (
            "You put the badge's gap in. The app's profit comes from the lottery, 31c.",
            MARGIN * compare_owners(sum_spending(CLOSES, END))[0] - FEE,
        ),
    }


@cache
def _answer_invoices() -> Answers:
    letter, low = _right_note()
    signed = (Mistake(f"signed_{one}", text, (one, low)) for one, text in _say_letters().items())
    return Answers(
        right=(letter, low),
        praise=f"At least €{low:.2f} a head and 28 days is left from the app. The badge was given to people who had spent €{_answer_before().right[0]:.2f} more anyway.",
        mistakes=(*signed, *list_mistakes(letter, _say_numbers())),
        near=list_mistakes(letter, list_wrong_profits()),
    )


def _judge_note(answer: Any) -> tuple[str | None, str]:
    numbers = _say_numbers() | list_wrong_profits()
    return judge_note(answer, _right_note(), _say_letters(), numbers, _NOTE_TOLERANCE, _NOTE, _NOTE_ASKS_BACK)


def _judge_divisor(answer: Any) -> tuple[str | None, str]:
    """Name a division of 31c by another share, whichever it is."""
    divisor = name_divisor(read_triple(answer))
    if divisor is None:
        return None, ""
    return (
        "other_divisor",
        f"Your three numbers are those of 31c divided by {divisor:.3f}. Divide by the share of takers among the invited, less that in the control group, not rounded.",
    )


_NOTE_ASKS_BACK = "Is it 0.28 times the lower end of 31c, less 0.10 once?"


_TRIPLE = "three numbers (effect, low, high), euros per customer and 28 days to a tenth of a cent, 95 % interval"
_ABOUT = _TRIPLE.replace("to a tenth", "to about a tenth")  # the two usual ways differ in their ends
_NOTE = 'a pair (letter, profit): "A", "B", "C" or "D", and the lower end of the app\'s profit in euros per invited customer and 28 days, to a tenth of a cent'
_NOTE_TOLERANCE = 0.0007  # around known mistakes
TASKS = (
    Task(
        code="31a",
        asks="one number: euros per customer and 28 days, to a tenth of a cent, owners minus other users, in the 84 days [5 August 2024, 28 October 2024)",
        compute=_answer_after,
        tolerance=0.0005,
        hints=(
            "A receipt is all lines with one `basket_id`: sum them, keep those of at least €30 that users paid in [3 June 2024, 5 August 2024). Their customers are the owners.",
            "Then forget these weeks: per user the sum of `sales` in [5 August 2024, 28 October 2024), 0 for who bought nothing, divided by 3.",
            "Mean of the owners minus mean of the other users.",
        ),
        close="Close, not it. Who is a user, who is an owner, and which days count?",
    ),
    Task(
        code="31b",
        asks=f"{_TRIPLE}; the owners and others of 31a in the 84 days before 3 June 2024, [11 March 2024, 3 June 2024)",
        compute=_answer_before,
        tolerance=0.0005,
        slack=0.0012,
        hints=(
            "Only the days change: [11 March 2024, 3 June 2024).",
            "`compare_means(before[owner], before[~owner])` from `loyalty.stats` gives effect, low and high.",
        ),
        close="Close, not it. The same users and owners as in 31a, one value a user?",
    ),
    Task(
        code="31c",
        asks=f"{_TRIPLE}; everyone invited minus everyone not invited, window `main`",
        compute=_answer_invitation,
        tolerance=0.0005,
        slack=0.0009,
        hints=(
            "Join `contacts` and the rows of `outcomes` with window 'main' by customer_id.",
            "`sales` is for the whole window: divide by its days (`end - start`), times 28.",
            "`compare_means` of arm 'invited' and arm 'control', whether they took the app or not.",
        ),
        close="Close, not it. Is everybody in who was drawn, and nothing held fixed?",
    ),
    Task(
        code="31d",
        asks=f"{_ABOUT}; per customer who takes the app because he was invited",
        compute=_answer_complier,
        tolerance=0.002,
        hints=(
            "The effect of 31c was made by those whom the invitation moved. How large is their share?",
            "Share of takers among the invited, minus share of takers in the control group.",
            "`measure_complier_effect(contacts, per_28_days, took='took_app')` from `loyalty.evaluate.observational` divides and gives the interval.",
        ),
        close="Close, not it. Divide by the difference of the two take-ups, not rounded, and the interval with it.",
        judge=_judge_divisor,
    ),
    Task(
        code="31e",
        asks=_NOTE,
        compute=_answer_invoices,
        tolerance=0.0005,
        slack=_NOTE_TOLERANCE,
        hints=(
            "Profit at the lower end: 0.28 times the lower end of 31c, less 0.10.",
            "For the badge compare 31a with 31b.",
        ),
        read=read_note("ABCD"),
        judge=_judge_note,
    ),
)
