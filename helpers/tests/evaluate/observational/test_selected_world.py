"""Selected data in the world, reduced: benchmarks/selected.py has the two hundred lists. Seeds are 0, 1, 2, …"""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.observational.aipw import adjust_doubly
from loyalty.evaluate.observational.conclusion import say_what_is_allowed
from loyalty.evaluate.observational.did import difference_in_differences
from loyalty.evaluate.observational.propensity import check_overlap
from loyalty.world import World

ROOT = Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "benchmarks"))

import selected  # noqa: E402


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.slow)], ids=["a world", "two worlds"])
def rows(request):
    """All estimates in the first world, or in two."""
    seeds = range(request.param)
    return pd.concat(
        [pd.DataFrame(selected.run_seed(seed)).assign(miss=lambda d: d["effect"] - d["truth"]) for seed in seeds]
    )


def pick(rows, design="classes", columns="", name=None, offer=selected.OFFER):
    found = rows[(rows["design"] == design) & (rows["columns"] == columns) & (rows["offer"] == offer)]
    return found if name is None else found[found["name"] == name]


@pytest.mark.slow
def test_a_list_put_together_from_two_lives_is_the_wave_that_is_sent():
    world = World(customers=1_500, months=12, seed=0)
    known, days = selected.describe(world)
    invited = selected.choose(known, "classes", 0)
    ids, span = known["customer_id"], pd.Timedelta(days=selected.DAYS)
    everybody = world.customers[["customer_id"]]
    wave, later = world.run(everybody.assign(offer_id=np.where(invited, selected.OFFER, None)))

    def main(wave):
        return wave.outcomes.query("window == 'main'").set_index("customer_id")["sales"].loc[ids].to_numpy()

    having, without = (main(world.run(everybody.assign(offer_id=offer))[0]) for offer in (selected.OFFER, None))
    assert main(wave) == pytest.approx(np.where(invited, having, without))
    sent = difference_in_differences(later.receipts, treated=ids[invited], start=world.end, end=world.end + span,
                                     customers=world.customers)  # fmt: skip
    made = {name: one for _, name, one, _ in selected.estimate(known, days, invited, main(wave), world.end, "classes")}
    for one in sent.estimates:
        same = made[f"{one.details['pre_days']} days before"]
        assert (same.effect, same.low, same.high) == pytest.approx((one.effect, one.low, one.high))
    truth = world.truth.lift(wave, kind="expected", among="treated")["sales"][selected.OFFER, "main"]
    effect = world.truth.effect(selected.OFFER, post=0).set_index("customer_id")["sales"].loc[ids].to_numpy()
    assert effect[invited].mean() == pytest.approx(truth)


@pytest.mark.slow
def test_who_is_picked_at_a_high_point_falls_back_and_the_change_takes_it_for_the_letter(rows):
    for offer in (selected.OFFER, selected.NOTHING):
        found = pick(rows, columns="did", name="28 days before", offer=offer)
        assert (found["high"] < 0).all() and (found["miss"] < -15).all()
    assert (pick(rows, columns="did")["says"].replace("", "cannot be told") == "cannot be told").all()


def test_without_what_decided_the_adjusted_are_too_high_and_with_it_they_come_near(rows):
    blind = pick(rows, columns="without", name="doubly robust")["miss"]
    told = pick(rows, columns="profile", name="doubly robust")["miss"]
    within = pick(rows, columns="class", name="doubly robust")["miss"]
    assert (blind > 4).all() and blind.mean() > 2 * max(abs(told.mean()), abs(within.mean()))


def test_five_methods_with_one_column_of_classes_are_one_method(rows):
    methods = ["strata (propensity)", "regression", "matching on covariates, corrected", "weights", "doubly robust"]
    same = pick(rows, columns="class").pivot(index="seed", columns="name", values="effect")[methods]
    assert np.ptp(same.to_numpy(), axis=1) == pytest.approx(0, abs=1e-6)


def test_where_nobody_like_the_invited_was_left_out_every_method_warns_and_nothing_may_be_signed(rows):
    found = pick(rows, design="sure", columns="profile")
    assert found["warned"].all() and (found["says"] == "cannot be told").all()
    assert found[found["name"].isin(["weights", "doubly robust"])]["miss"].abs().min() > 3


def test_the_lottery_as_large_misses_by_little(rows):
    lottery, naive = (pick(rows, design=design, name="naive")["miss"].abs() for design in ("lottery", "classes"))
    assert lottery.max() < 6 < 15 < naive.min()


def test_no_overlap_is_said_in_words():
    world = World(customers=1_000, months=12, seed=0)
    known, _ = selected.describe(world)
    table = known.assign(invited=selected.choose(known, "sure", 0), sales=1.0 * known["spend"])
    columns = selected.COLUMNS["profile"]
    warnings = check_overlap(table, treated="invited", covariates=columns).warnings
    found = adjust_doubly(table, treated="invited", outcome="sales", covariates=columns, target="att")
    assert any(text.startswith("no overlap") for text in warnings)
    assert say_what_is_allowed(found).level == "cannot be told"


def test_the_page_says_by_which_rules_it_was_made_and_has_every_row():
    page = (ROOT / "docs" / "tables" / "selected.md").read_text(encoding="utf-8")
    assert f"{selected.SEEDS} worlds" in page and f"{selected.CUSTOMERS:,} customers" in page
    for value in (*(f"{chance:.0%}" for chance in selected.CHANCES), selected.OFFER, selected.NOTHING):
        assert value in page
    assert all(f"## {title}\n" in page for title in selected.DESIGNS.values())
    lines = [line.strip("| ").split(" | ") for line in page.splitlines() if re.match(r"\| [a-z0-9]", line)]
    rows = [line for line in lines if line[0] != "estimate"]
    summary, tables = page.split("## The rules")[0], page.split("## Four classes, four chances")[1]
    numbers = re.findall(r"(\d+\.\d+)(%?)", summary)
    assert len(numbers) > 15 and all(re.search(rf"(?<![\d.]){number}{unit}", tables) for number, unit in numbers)
    assert len(rows) == (1 + 4 + 6 + 6 + 6) + (1 + 4 + 5 + 5) + 1
