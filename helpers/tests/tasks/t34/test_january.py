"""The chain of lesson 34: its pilots do not overlap, and a second test is imagined from the first alone."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.stats.estimate import make_estimate
from loyalty.tasks.t34.january import January, imagine_second_test
from loyalty.tasks.t34.pictures import draw_clock, draw_hundred, draw_pilots


def test_nobody_is_in_both_pilots_and_half_of_each_gets_the_offer():
    everybody = pd.DataFrame({"customer_id": range(9_000), "offer_id": None, "propensity": 0.5})
    first, second = January(None, everybody, everybody.index[:10]).draw_pilots("gift")
    assert not set(first["customer_id"]) & set(second["customer_id"])
    assert first["offer_id"].notna().sum() == second["offer_id"].notna().sum() == 2_000
    assert everybody["offer_id"].isna().all()


def test_a_second_test_is_as_noisy_as_the_first_and_centred_on_it():
    found = make_estimate(0.5, 2.0, n_treated=10, n_control=10, method="profit", estimand="ITT")
    worlds = imagine_second_test(found, times=20_000)
    assert worlds["true"].mean() == pytest.approx(0.5, abs=0.1)
    assert worlds["pooled"].std() == pytest.approx(2.0 * 2**0.5 / 2, abs=0.1)


def test_the_pictures_name_their_axes_and_count_to_a_hundred():
    legend = draw_hundred(0.942, "A title").get_legend()
    assert [text.get_text().split(": ")[1] for text in legend.get_texts()] == ["94", "6"]
    clock = pd.DataFrame({"effect": [1.0], "low": [0.0], "high": [2.0], "truth": [0.5]}, index=[7])
    assert draw_clock(clock, days=14).get_ylabel() == "€ per customer"
    assert draw_pilots(clock, 0.5, "A title").get_xlabel() == "€ per customer"
