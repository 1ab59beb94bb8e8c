"""Programme stage × method: the pilot reads the truth's money, choices are those by hand, and the page is the table."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from loyalty.datasets import DATA
from loyalty.tasks.t22 import stages
from loyalty.tasks.t22.stages import METHODS, NOTHING, OFFERS, STAGES
from loyalty.world import World

GAINS = pd.DataFrame({"gift": [3.0, -1.0, 2.0, -2.0], "points": [1.0, 1.0, -5.0, -1.0]}, index=[1, 2, 3, 4])
SEGMENTS = pd.Series(["a", "a", "b", "b"], index=[1, 2, 3, 4])


@pytest.fixture(scope="module")
def world() -> World:
    return World(900, 9, seed=1)


def test_an_offer_that_truly_earns_nothing_is_not_chosen():
    choice = stages.choose_by_truth(SEGMENTS, GAINS)
    assert choice.to_dict() == {"a": "gift", "b": NOTHING}
    assert stages.choose_by_truth(SEGMENTS, GAINS - 4.0).to_dict() == {"a": NOTHING, "b": NOTHING}


def test_the_value_of_a_choice_is_the_mean_of_what_each_customer_gets():
    choice = pd.Series({"a": "points", "b": NOTHING})
    assert stages.value_choice(SEGMENTS, choice, GAINS) == (1.0 + 1.0 + 0 + 0) / 4
    assert stages.value_choice(SEGMENTS, pd.Series({"a": "gift"}), GAINS) == (3.0 - 1.0) / 4, "an unknown segment"


def test_a_pilot_takes_the_arm_with_the_highest_mean():
    pilot = pd.DataFrame(
        {"arm": ["gift", NOTHING, "gift", NOTHING], "profit": [5.0, 2.0, 0.0, 1.0]}, index=[1, 2, 3, 4]
    )
    assert stages.choose_by_pilot(SEGMENTS, pilot).to_dict() == {"a": "gift", "b": NOTHING}


@pytest.mark.slow
def test_a_pilot_reads_the_same_money_as_the_truth(world, monkeypatch):
    """Everybody gets one arm: the difference to nobody is the realised effect, customer by customer."""
    customers = pd.Index(world.customers["customer_id"])

    class Always:
        def __init__(self, arm):
            self.arm = arm

        def integers(self, _low, _high, size):
            return np.full(size, self.arm)

    found = {}
    for place in (3, len(OFFERS)):
        monkeypatch.setattr(stages.np.random, "default_rng", lambda _, place=place: Always(place))
        found[place] = stages.run_pilot(world, customers, 0)["profit"]
        monkeypatch.undo()
    truth = world.truth.effect(OFFERS[3], kind="realised").set_index("customer_id")["profit"]
    assert (found[3] - found[len(OFFERS)]).to_numpy() == pytest.approx(truth.to_numpy(), abs=1e-9)


@pytest.mark.slow
def test_each_method_puts_every_customer_into_one_segment(world):
    found = stages.divide(world)
    assert list(found) == list(METHODS) and found.notna().all().all()
    assert found.index.is_unique and len(found) == len(world.customers)
    assert (found.nunique() >= [1, 5, 3, 5, 3]).all()


@pytest.mark.slow
def test_a_method_that_knows_more_can_carry_more(world):
    """With offers chosen by the truth on the same customers, a finer division never earns less."""
    gains = stages.list_gains(world)
    segments = stages.divide(world).loc[gains.index]
    told = {m: stages.value_choice(segments[m], stages.choose_by_truth(segments[m], gains), gains) for m in METHODS}
    assert all(told[method] >= told[METHODS[0]] - 1e-9 for method in METHODS)


def test_the_table_of_many_chains_is_whole_and_the_page_says_the_same():
    table = stages.read_stages()
    page = (DATA.parent / "docs" / "tables" / "stages.md").read_text(encoding="utf-8")
    assert len(table) == 2 * len(STAGES) * len(METHODS) and (table["chains"] >= 20).all()
    assert (table["low"] <= table["profit"]).all() and (table["profit"] <= table["high"]).all()
    for row in table.itertuples():
        line = f"| {row.month} | {row.method} | {row.profit:.3f} ({row.low:.3f} to {row.high:.3f}) |"
        assert line in page


def test_the_picture_shows_each_stage():
    table = stages.read_stages()
    ax = stages.draw_stages(table[table["way"] == "told"], "a title")
    assert [label.get_text().split("\n")[1] for label in ax.get_yticklabels()] == list(STAGES.values())
    plt.close("all")
