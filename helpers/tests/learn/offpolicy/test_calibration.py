"""The check of logged chances: its size, its power, and what it cannot see."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from loyalty.learn.offpolicy import check_chances, open_log

spec = importlib.util.spec_from_file_location("make_logs", Path(__file__).with_name("make_logs.py"))
make_logs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_logs)
ARMS, make_log = make_logs.ARMS, make_logs.make_log


def count_alarms(runs, change=None, **options):
    hits = 0
    for run in range(runs):
        table = make_log([9, run], **options)
        hits += not check_chances(open_log(table if change is None else change(table))).fits
    return hits


def forget(table):
    """1/n in the place of the chances."""
    return table.assign(**{f"chance_{arm}": 1 / 3 for arm in ARMS})


@pytest.mark.slow
@pytest.mark.parametrize(("n", "waves"), [(150, 1), (1_000, 1), (300, 4)])
def test_right_chances_are_doubted_in_at_most_five_of_a_hundred_logs(n, waves):
    runs = 400
    assert count_alarms(runs, n=n, waves=waves) <= binom.ppf(0.999, runs, 0.05)


@pytest.mark.slow
def test_one_nth_for_other_chances_is_seen_nearly_always():
    assert count_alarms(100, forget, n=300) >= 95


def test_one_nth_is_seen_and_right_chances_are_not_doubted():
    table = make_log(1, 1_000)
    found = check_chances(open_log(table))
    assert found.fits and 0.05 < found.p <= 1 and found.level == 0.05
    wrong = check_chances(open_log(forget(table)))
    assert not wrong.fits and "by the logged chances" in wrong.finding
    assert "did not use the chances" in str(
        [text.get_text() for text in wrong.plot().figure.findobj(lambda one: hasattr(one, "get_text"))]
    )
    assert len(wrong.to_frame()) and "after correction" in wrong._repr_html_()
    cells = wrong.to_frame()
    far = cells.loc[((cells["drawn"] - cells["expected"]).abs() / cells["rows"])[cells["p_adjusted"] < 0.05].idxmax()]
    named = {text.get_text() for text in wrong.plot().texts} - {text.get_text() for text in found.plot().texts}
    assert named == {f"{far['arm']}, {far['group']}"}


def test_without_the_other_chances_too_many_draws_are_seen():
    table = make_log(2, 2_000)
    right = np.array([row[f"chance_{row['arm']}"] for row in table.to_dict("records")])
    bare = table.drop(columns=[name for name in table if name.startswith("chance_")])
    assert check_chances(open_log(bare.assign(propensity=right))).fits
    assert not check_chances(open_log(bare.assign(propensity=1 / 3))).fits


def test_what_is_right_on_average_in_every_column_cannot_be_seen():
    rng = np.random.default_rng(3)
    secret = rng.integers(0, 3, 6_000)
    chances = 0.2 + 0.4 * np.eye(3)[secret]
    arm = (rng.random(6_000)[:, None] >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
    table = pd.DataFrame({"customer_id": range(6_000), "arm": np.array(ARMS)[arm], "profit": 1.0})
    table = table.assign(**{f"chance_{name}": 1 / 3 for name in ARMS})
    assert check_chances(open_log(table)).fits
    told = table.assign(segment=secret.astype(str))
    assert not check_chances(open_log(told)).fits


@pytest.mark.slow
def test_one_draw_for_several_waves_is_one_draw():
    rng = np.random.default_rng(4)
    alarms = 0
    for _ in range(60):
        arm = np.where(rng.random(200) < 0.5, "gift", "control")
        one = pd.DataFrame(
            {"customer_id": range(200), "arm": arm, "profit": 1.0, "chance_gift": 0.5, "chance_control": 0.5}
        )
        alarms += not check_chances(open_log(pd.concat([one.assign(wave=wave) for wave in range(12)]))).fits
    assert alarms <= binom.ppf(0.999, 60, 0.05)


def test_a_small_log_says_nothing():
    found = check_chances(open_log(make_log(1, 10)))
    assert found.fits and "nothing can be said" in found.finding


@pytest.mark.slow
def test_right_propensities_that_are_unlike_are_not_doubted():
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        chance = np.clip(rng.beta(0.5, 0.5, 3_000), 0.01, 0.99)
        gift = rng.random(3_000) < chance
        table = pd.DataFrame({"customer_id": range(3_000), "arm": np.where(gift, "gift", "control"), "profit": 1.0})
        alarms += check_chances(open_log(table.assign(propensity=np.where(gift, chance, 1 - chance)))).p < 0.01
    assert alarms <= binom.ppf(0.999, 40, 0.02)


def test_a_campaign_with_other_chances_is_seen():
    rng = np.random.default_rng(2)
    may = np.arange(4_000) < 2_000
    gift = rng.random(4_000) < np.where(may, 0.4, 0.6)
    table = pd.DataFrame({"customer_id": range(4_000), "campaign_id": np.where(may, "may", "june"), "profit": 1.0})
    table = table.assign(arm=np.where(gift, "gift", "control"), chance_gift=0.5, chance_control=0.5)
    found = check_chances(open_log(table))
    assert not found.fits and set(found.table.loc[found.table["p"] < 1e-6, "grouping"]) == {"campaign_id"}


def test_one_draw_for_several_waves_is_one_draw_where_only_propensities_are_known():
    rng = np.random.default_rng(4)
    alarms = 0
    for _ in range(30):
        arm = np.where(rng.random(200) < 0.5, "gift", "control")
        one = pd.DataFrame({"customer_id": range(200), "arm": arm, "profit": 1.0, "propensity": 0.5})
        alarms += not check_chances(open_log(pd.concat([one.assign(wave=wave) for wave in range(12)]))).fits
    assert alarms <= binom.ppf(0.999, 30, 0.05)
