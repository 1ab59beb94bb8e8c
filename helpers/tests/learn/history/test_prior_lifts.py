"""What earlier waves teach about the next: all treated against one control, waves without control left aside."""

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.learn.history.prior_lifts import learn_lifts
from loyalty.tables.check import TableError


def make_wave(n=6_000, seed=3, **columns):
    rng = np.random.default_rng(seed)
    wave = pd.DataFrame({"campaign_id": "may", "wave": 1, "customer_id": range(n), "window": "main"})
    wave = wave.assign(arm=rng.choice(["mail", "text", "control"], n), segment=rng.choice(["new", "loyal"], n))
    wave["responded"] = (rng.random(n) < np.where(wave["arm"] == "control", 0.2, 0.26)).astype(int)
    return wave.assign(**columns)


def test_the_treated_groups_of_a_wave_are_one_against_the_control_that_they_share():
    wave = make_wave()
    together = measure_lift(wave.assign(arm=wave["arm"].replace("text", "mail")), outcome="responded", by="segment")
    by_hand = {lift.segment: lift.relative for lift in together}
    assert learn_lifts(wave).to_dict() == pytest.approx(by_hand)
    apart = {lift.segment: lift.relative for lift in measure_lift(wave, outcome="responded", by="segment")}
    assert learn_lifts(wave).to_dict() != pytest.approx(apart)


def test_the_universal_control_is_no_control_of_the_wave():
    wave = make_wave(control_kind="none")
    held = make_wave(500, seed=4, arm="control", control_kind="universal", responded=1)
    both = pd.concat([wave, held.assign(customer_id=range(9_000, 9_500))], ignore_index=True)
    assert learn_lifts(both).to_dict() == pytest.approx(learn_lifts(wave).to_dict())
    alone = pd.concat([wave[wave["arm"] != "control"], held.assign(customer_id=range(9_000, 9_500))])
    with pytest.raises(TableError, match="nothing is learned from it"):
        learn_lifts(alone)


def test_of_several_offers_one_can_be_asked_for_and_none_is_borrowed():
    rows = pd.DataFrame({
        "customer_id": range(400), "arm": ["a", "b", "control", "control"] * 100, "campaign_id": "may", "wave": 1,
        "window": "main", "responded": [1, 0, 1, 0] * 50 + [1, 1, 0, 0] * 50,
    })  # fmt: skip
    rates = rows.groupby("arm")["responded"].mean()
    for offer in ("a", "b"):
        assert learn_lifts(rows, offer=offer)["all"] == pytest.approx(rates[offer] / rates["control"] - 1)
    named = rows.assign(offer_id=rows["arm"].map({"a": "gift", "b": "gift"}))
    assert learn_lifts(named, offer="gift").to_dict() == pytest.approx(learn_lifts(rows).to_dict())
    with pytest.raises(TableError, match="nothing is learned"):
        learn_lifts(named, offer="a")
