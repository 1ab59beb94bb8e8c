"""The campaign report by segment."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.money.profit import campaign_money, compare_money
from loyalty.report.campaign.report import report_campaign
from loyalty.report.campaign.segments import (
    Segments,
    _say_added_up,
    _say_best,
    add_up,
    find_missing,
    say_other_sign,
    say_unnamed,
)
from loyalty.tables.check import TableError

from ..conftest import SETTINGS

COSTS = {"contact_cost": 0.08, "reward_cost": 0.0, "point_cost": 0.0}


@pytest.mark.slow
def test_segments_show_the_profit_and_one_without_control_does_not_take_the_others_away(campaign):
    treated = campaign.contacts["arm"] != "control"
    segment = np.where(treated & (np.arange(len(treated)) % 9 == 0), "new", campaign.contacts["segment"])
    contacts = campaign.contacts.assign(segment=segment)
    report = report_campaign(campaign.load(contacts=contacts), SETTINGS | COSTS)
    table = report.sheets["segments"].set_index("segment")
    assert list(table.index) == ["north", "south"] and report.draw("segments") is not None
    assert "Not compared, because a group has fewer than two customers there: new." in report.sections["segments"].notes
    north = contacts[contacts["segment"] == "north"]
    kept = report.results["outcomes"][report.results["outcomes"]["customer_id"].isin(north["customer_id"])]
    money = campaign_money(north, kept, margin_rate=0.3, **COSTS)
    assert table.loc["north", ["profit", "profit low", "profit high"]].tolist() == pytest.approx(
        [money.profit.effect, money.profit.low, money.profit.high]
    )


def test_money_by_segment_leaves_out_cells_that_cannot_be_compared():
    wave = pd.DataFrame({"customer_id": range(8), "arm": ["a", "a", "control", "control"] * 2})
    wave["segment"] = ["x"] * 4 + ["y"] * 4
    wave["sales"] = [8.0, 9, 1, 2, 4, 5, 3, 3]
    found = compare_money(wave, by="segment", margin_rate=0.5, contact_cost=0, reward_cost=0, point_cost=0)
    assert found[["segment", "profit"]].to_dict("list") == {"segment": ["x", "y"], "profit": [3.5, 0.75]}
    assert (found["p_adjusted"] >= found["p"]).all()
    one = compare_money(wave.drop(index=7), by="segment", margin_rate=0.5)
    assert one["segment"].tolist() == ["x"]
    with pytest.raises(TableError, match="`level`"):
        compare_money(wave, by="level", margin_rate=0.5)


@pytest.mark.parametrize(
    ("effects", "says"), [((1.0, 1.0), "None is best: the 2 differ no more"), ((2.0, 1.0), "Best: x.")]
)
def test_segments_that_were_shrunken_to_one_effect_have_no_best_that_rounding_chose(effects, says):
    job = SimpleNamespace(amounts=lambda *values: [f"{value:.2f}" for value in values])
    shown = pd.DataFrame({"segment": ["x", "y"], "effect": [3.0, 4.0], "shrunken": np.add(effects, [1e-15, 0.0])})
    assert _say_best(job, shown, ["segment"], 2)[0].startswith(says)


def test_small_segments_may_be_names_and_are_only_counted():
    known = pd.DataFrame({"arm": ["mail"] * 9 + ["control"], "by": ["Anna"] * 3 + ["east"] * 6 + ["west"]})
    table = pd.DataFrame({"arm": ["mail"], "segment": ["west"]})
    assert find_missing(known, "by", table) == "east, 1 segment of fewer than 5 customers"
    assert say_unnamed(known.assign(by=[None] * 6 + ["east"] * 4), "by")[0].endswith("empty: 6 of 10 customers.")
    assert say_unnamed(known, "by") == []


def test_the_profits_of_the_segments_are_added_up_and_may_be_a_loss_where_the_whole_is_a_profit():
    job = SimpleNamespace(money=lambda value, decimals: f"{value:.{decimals}f}".replace("-", "−"))
    shown = pd.DataFrame(
        {"treated": [100, 50], "profit": [-2.0, 1.0], "profit low": [-4.0, -3.0], "profit high": [0.0, 5.0]}
    )
    added_up = add_up(shown, 150)
    assert _say_added_up(job, added_up).startswith(
        "Added up over the segments the profit is −150 (95 % interval −433 to 133)."
    )
    segments = Segments(shown, (), (), added_up=added_up)
    (says,) = say_other_sign(job, segments, 40.0)
    assert "it is a loss of 150, probably between a loss of 433 and a profit of 133" in says
    assert say_other_sign(job, segments, -40.0) == () and say_other_sign(job, Segments(None, (), ()), 40.0) == ()


def test_segments_that_do_not_hold_all_treated_customers_are_not_added_up():
    shown = pd.DataFrame(
        {"treated": [100, 50], "profit": [-2.0, 1.0], "profit low": [-4.0, -3.0], "profit high": [0.0, 5.0]}
    )
    assert add_up(shown, 151) is None, "one customer is in no segment"
    assert add_up(shown.assign(treated=["<5", 50]), 52) is None, "a hidden segment cannot be added"
