"""What lesson 37 says in words only, because its build does not compute it: measured again here."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyalty.datasets.loaders import hillstrom
from loyalty.datasets.shelf import DataMissing
from loyalty.evaluate.uplift.experiment import open_trial
from loyalty.evaluate.uplift.meta_learners import fit_uplift, make_ridge
from loyalty.evaluate.uplift.qini import measure_gains
from loyalty.prepare.profile import build_profile
from loyalty.stats.intervals import compare_means
from loyalty.world import World

LESSON = Path(__file__).parents[4] / "notebooks" / "3_evaluate" / "37_who_to_target.ipynb"


@pytest.fixture(scope="module")
def words():
    cells = json.loads(LESSON.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def say(*numbers, unit="", decimals=2):
    return [f"{'−' if number < 0 else ''}{unit}{abs(number):.{decimals}f}" for number in numbers]


@pytest.mark.slow
def test_half_of_lesson_37s_chain_leaves_its_question_open_as_the_lesson_says(words):
    world = World(customers=20_000, months=24, seed=37)
    profile = build_profile(world.receipts, world.end, customers=world.customers, products=world.products)
    lots = world.customers[["customer_id"]]
    drawn = lots.index.isin(lots.sample(frac=0.5, random_state=37).index)
    wave = world.run(lots.assign(offer_id=pd.Series("win_back", lots.index).where(drawn), propensity=0.5))[0]
    both = {"window": ("main", "post"), "offers": world.offers}
    money = open_trial(profile, wave.contacts, wave.outcomes, "profit", **both)
    came = wave.outcomes[wave.outcomes.window == "main"].set_index("customer_id").responded
    learn, judge = money.split(seed=37)
    pupils = learn.features[learn.arm == "win_back"]
    chance = make_ridge().fit(pupils, came[pupils.index]).predict(judge.features)
    best = judge.take(pd.Series(chance).rank(ascending=False).to_numpy() <= len(judge) / 5)
    sent = best.arm == "win_back"
    gap = compare_means(best.outcome[sent], best.outcome[~sent])
    truth = world.truth.effect("win_back").set_index("customer_id").profit[best.arm.index].mean()
    effect, low, high, true = say(*(end - 0.08 for end in (gap.effect, gap.low, gap.high)), truth, unit="€")
    assert gap.low - 0.08 < truth < 0 < gap.high - 0.08
    assert f"gave {effect} ({low} to {high}). That is open, although the truth, {true}, was as bad" in words


@pytest.mark.slow
def test_hillstroms_e_mails_rank_and_open_as_lesson_37_says(words):
    try:
        shop = hillstrom()
    except DataMissing:
        pytest.skip("Hillstrom's file is not at hand: name its folder in LOYALTY_DATA")
    two = shop.contacts[shop.contacts.arm != "mens"].assign(propensity=0.5)
    found = {}
    for outcome in ("visited", "sales"):
        teach, test = open_trial(shop.covariates, two, shop.outcomes, outcome).split(seed=37)
        models = {code: fit_uplift(teach, code) for code in ("dr", "x", "t", "response")}
        found[outcome] = models, test, measure_gains(test, models)
    models, test, gains = found["visited"]
    areas = {name: gains.estimates[name] for name in ("dr", "response")}
    for area in areas.values():
        effect, low, high = say(area.effect, area.low, area.high, decimals=4)
        assert f"{effect}{' visitors a customer' * (area is areas['dr'])} ({low} to {high})" in words
    assert all(area.low > 0 for area in gains.estimates.values())
    more = gains.compare("dr", "response")
    effect, low, high = say(more.effect, more.low, more.high, decimals=4)
    assert more.low < 0 < more.high and f"says {effect} ({low} to {high}): open" in words
    score = models["dr"].score(test)["womens"]
    others, buyers = score.groupby(test.features["womens"]).mean() * 100
    assert f"the DR-learner predicts {buyers:.1f} and {others:.1f}" in words
    assert test.features["womens"][score.nlargest(len(score) // 5).index].eq(1).all()
    sales = found["sales"][2].estimates.values()
    assert len(sales) == 4 and all(area.low < 0 < area.high for area in sales)
    assert np.round(len(test), -3) == 21_000
