"""A bet is kept, taken back with dots, and shown beside the estimate and the truth."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty.tasks import predict, reveal
from loyalty.tasks.checking.bets import show_amount
from loyalty.tasks.checking.progress import load


def test_a_bet_is_kept_and_shown() -> None:
    bet = predict("00a", 120)
    assert repr(bet) == "Your bet: 120"
    assert "Your bet: 120" in bet._repr_html_()
    assert load()["bets"] == {"00a": 120.0}


def test_dots_are_no_bet_and_take_an_earlier_one_back() -> None:
    predict("00a", 120)
    bet = predict("00a", ...)
    assert repr(bet) == "⬜ No bet yet" and "No bet yet" in bet._repr_html_()
    assert load()["bets"] == {}


@pytest.mark.parametrize("value", [True, [1], float("nan"), float("inf"), object(), "  "])
def test_what_is_no_number_and_no_word_is_no_bet(value: object) -> None:
    assert repr(predict("00a", value)).startswith("⬜ A bet is one number")


@pytest.mark.parametrize(("value", "kept"), [(np.float64(3.5), 3.5), (np.int64(4), 4.0), (" hold ", "hold")])
def test_numbers_of_any_type_and_words_are_bets(value: object, kept: object) -> None:
    predict("00a", value)
    assert load()["bets"]["00a"] == kept


def test_a_reveal_shows_bet_estimate_with_interval_and_truth_side_by_side() -> None:
    predict("00a", 120)
    shown = reveal("00a", estimate=-6.02, low=-15, high=3, truth=1.5, unit="$", says="Nothing can be read.")
    assert repr(shown).splitlines() == [
        "Your bet  $120",
        "Estimate  −$6.02 (−$15 to $3)",
        "Truth     $1.50",
        "Your bet is $118.50 above the truth, outside the interval. Nothing can be read.",
    ]
    html = shown._repr_html_()
    assert "$" not in html.replace("<span>$</span>", ""), "JupyterLab would read two bare dollars as a formula"
    html = html.replace("<span>$</span>", "$")
    assert "<table>" in html and all(
        text in html for text in ("$120", "−$6.02 (−$15 to $3)", "$1.50", "Nothing can be")
    )


def test_without_a_truth_the_bet_is_measured_against_the_estimate() -> None:
    predict("00a", 2)
    assert "Your bet is $8 below the estimate, inside the interval." in repr(reveal("00a", estimate=10, low=1, high=20))
    assert "Your bet is the estimate." in repr(reveal("00a", estimate=2))
    assert "interval" not in repr(reveal("00a", estimate=10))


def test_a_reveal_works_without_a_bet_and_with_a_word() -> None:
    assert repr(reveal("00b", estimate=3, unit="days")) == "Your bet  no bet\nEstimate  3 days"
    predict("00b", "hold")
    assert "Your bet  hold" in repr(reveal("00b", estimate=3))


def test_while_notebooks_are_built_the_bet_lasts_for_the_session_and_is_written_nowhere(
    monkeypatch: pytest.MonkeyPatch, home: object
) -> None:
    monkeypatch.setenv("LOYALTY_BUILD", "1")
    predict("00a", 77)
    assert "Your bet  $77" in repr(reveal("00a", estimate=1))
    predict("00a", ...)
    monkeypatch.delenv("LOYALTY_BUILD")
    assert not home.exists()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234567.8, "€", "€1,234,568"), (-0.5, "$", "−$0.50"), (0.0123, "", "0.0123"), (12.345, "%", "12.35%"),
        (12, "customers", "12 customers"), (-0.0, "$", "$0"), (float("nan"), "$", "$nan"), (0.999, "", "1.00"),
    ],
)  # fmt: skip
def test_amounts_are_short_and_carry_their_unit(value: float, unit: str, text: str) -> None:
    assert show_amount(value, unit) == text
