"""A letter and its number: each is judged by itself, and nothing is ascribed that was not done."""

from __future__ import annotations

import pytest

from loyalty.tasks.checking.notes import judge_note

LETTERS = {"A": "They came anyway.", "C": "Sales are not profit."}
NUMBERS = {"fee_forgotten": ("The fee is not taken off.", 0.30)}


def judge(letter: str, number: float) -> tuple[str | None, str]:
    return judge_note((letter, number), ("B", 0.20), LETTERS, NUMBERS, 0.001, "a letter and euros")


@pytest.mark.parametrize(
    ("letter", "number", "name"),
    [
        ("C", 0.7, "signed_C"),
        ("c", 0.30, "signed_C"),
        ("B", 0.30, "fee_forgotten"),
        ("B", 20.0, "hundred_times"),
        ("B", -0.20, "sign_turned"),
        ("B", float("nan"), "no_number"),
        ("B", 0.47, None),
        ("X", 0.20, None),
    ],
)
def test_the_letter_is_named_first_and_then_the_number(letter: str, number: float, name: str | None) -> None:
    assert judge(letter, number)[0] == name


def test_a_wrong_letter_with_a_known_wrong_number_hears_of_both() -> None:
    assert "Sales are not profit. And your number differs. The fee is not taken off." in judge("C", 0.30)[1]
