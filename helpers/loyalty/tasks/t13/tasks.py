"""Exercise 13: right answers and the usual wrong ones, all computed from the scene."""

from __future__ import annotations

from functools import cache

from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t13.scene import deal_letter


@cache
def _answer_more() -> Answers:
    customers = deal_letter()
    letter = customers[customers.arm == "letter"].sales
    control = customers[customers.arm == "control"].sales
    right = letter.mean() - control.mean()
    return Answers(
        right=right,
        praise=f"€{right:.2f} a customer: that is what the letter changed, up to chance.",
        mistakes=(
            Mistake(
                "totals",
                "You compared totals, but the groups are not of the same size. Compare means per customer.",
                letter.sum() - control.sum(),
            ),
            Mistake(
                "buyers_only",
                "You left out those who bought nothing. They stay in with a zero: the letter was sent to them too.",
                letter[letter > 0].mean() - control[control > 0].mean(),
            ),
            Mistake(
                "against_everybody",
                "You compared with all customers, and most of them got the letter. Compare with the control group.",
                letter.mean() - customers.sales.mean(),
            ),
        ),
    )


TASKS = (
    Task(
        code="13a",
        asks="how much more a customer with the letter spent than one of the control group; one number, in euros, "
        "to the cent",
        compute=_answer_more,
        tolerance=0.005,
        hints=(
            "What would these customers have spent without the letter? Who shows that?",
            "The groups are not of the same size: what do you have to divide by?",
            '`customers.groupby("arm").sales.mean()`, then one subtraction.',
        ),
        close="Close, but not it. Who is in the comparison, and who is left out?",
    ),
)
