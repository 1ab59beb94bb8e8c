"""Lotteries that not everybody obeyed, against a published trial, two-stage least squares, and the world's truth."""

from __future__ import annotations

import causaldata
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from statsmodels.sandbox.regression.gmm import IV2SLS

from loyalty.evaluate.observational.noncompliance import measure_complier_effect
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError
from loyalty.world import World


def make_trial(seed=1, n=600, share=0.5, effect=2.0, invited=0.7, uninvited=0.1):
    """A trial in which those who take it in any case have more to begin with."""
    rng = np.random.default_rng(seed)
    luck, level = rng.random(n), rng.gamma(2, 5, n)
    arm = np.where(rng.permutation(n) < share * n, "invited", "control")
    took = np.where(arm == "invited", luck < invited, luck < uninvited)
    sales = level * (1 + (luck < uninvited)) + effect * took
    return pd.DataFrame({"customer_id": np.arange(n), "arm": arm, "took_card": took.astype(int), "sales": sales})


@pytest.fixture(scope="module")
def vitamin():
    """Vitamin A in Sumatra, deaths per 1,000 children (Sommer and Zeger 1991, counts as in Imbens and Rubin 2015)."""
    cells = [("control", 0, 0, 11_514), ("control", 0, 1000, 74), ("villages", 0, 0, 2_385), ("villages", 0, 1000, 34),
             ("villages", 1, 0, 9_663), ("villages", 1, 1000, 12)]  # fmt: skip
    rows = [row[:3] for row in cells for _ in range(row[3])]
    return pd.DataFrame(rows, columns=["arm", "capsule", "deaths"])


@pytest.fixture(scope="module")
def lives():
    """Both lives of every customer of a world: everybody invited to the card, and nobody."""
    world = World(6_000, 24, seed=0)
    found = {}
    for name, share in (("invited", 1 - 1e-12), ("control", 1e-12)):
        wave, _ = world.randomise_card_invitation(share)
        main = wave.outcomes.query("window == 'main'")
        table = wave.contacts[["customer_id", "took_card"]].merge(main[["customer_id", "sales"]], on="customer_id")
        found[name] = table.set_index("customer_id")
    return found, world.randomise_card_invitation(0.5)


# --- Published and independent values ---------------------------------------------------------------------------


def test_the_vitamin_trial_gives_the_published_effects(vitamin):
    found = measure_complier_effect(vitamin, took="capsule", outcome="deaths")
    assert found.details["itt"] == pytest.approx(3.80 - 6.39, abs=0.01)  # deaths per 1,000: 380 and 639 per 100,000
    assert found.details["take_up"] == pytest.approx(0.80, abs=0.0005)
    assert found.effect == pytest.approx(-3.24, abs=0.015)
    assert found.se == pytest.approx(1.2, abs=0.05)
    assert any("one-sided" in text for text in found.warnings)


def test_thorntons_incentives_moved_as_many_as_published():
    people = causaldata.thornton_hiv.load_pandas().data.dropna(subset=["any", "got", "distvct"])
    table = people.assign(arm=np.where(people["any"] == 1, "incentive", "control"))
    found = measure_complier_effect(table, took="got", outcome="distvct")
    assert found.details["take_up"] == pytest.approx(0.4506, abs=5e-5)
    assert found.details["first_stage_f"] == pytest.approx((0.4506 / 0.0209) ** 2, rel=0.05)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_effect_and_error_are_those_of_two_stage_least_squares(share):
    table = make_trial(share=share)
    z = (table.arm == "invited").to_numpy(float)
    ones = np.ones(len(table))
    x, inst = np.column_stack([ones, table.took_card]), np.column_stack([ones, z])
    fit = IV2SLS(table.sales.to_numpy(), x, inst).fit()
    found = measure_complier_effect(table)
    assert found.effect == pytest.approx(fit.params[1], rel=1e-10)
    rest = table.sales.to_numpy() - x @ fit.params
    bread = np.linalg.inv(inst.T @ x)
    if share == 0.5:  # error robust to unequal spread, by hand
        se = np.sqrt((bread @ (inst.T * rest**2) @ inst @ bread.T)[1, 1])
        assert found.se == pytest.approx(se, rel=0.005)
    else:  # a small control is compared with care: never with less than the classical error
        assert fit.bse[1] * 0.995 <= found.se < fit.bse[1] * 1.05


# --- The world's truth --------------------------------------------------------------------------------------------


def test_the_worlds_complier_effect_is_the_mean_gain_of_those_who_follow(lives):
    (both, (_, there)) = lives
    follows = both["invited"].took_card > both["control"].took_card
    gain = (both["invited"].sales - both["control"].sales)[follows]
    assert gain.mean() == pytest.approx(there.truth.card_effect.complier, abs=1e-6)
    assert not (both["invited"].took_card < both["control"].took_card).any()


@pytest.mark.slow
@pytest.mark.parametrize("with_effect", [True, False])
def test_its_interval_holds_the_worlds_truth_as_often_as_it_says(lives, with_effect):
    both, _ = lives
    took = {name: both[name].took_card.to_numpy() for name in both}
    sales = {"control": both["control"].sales.to_numpy()}
    sales["invited"] = both["invited"].sales.to_numpy() if with_effect else sales["control"]
    follows = took["invited"] > took["control"]
    truth = (sales["invited"] - sales["control"])[follows].mean()
    held, times, n = 0, 400, len(follows)
    for seed in range(times):
        rng = np.random.default_rng(seed)
        who, invited = rng.integers(n, size=n), rng.random(n) < 0.5
        table = pd.DataFrame({
            "arm": np.where(invited, "invited", "control"),
            "took_card": np.where(invited, took["invited"][who], took["control"][who]),
            "sales": np.where(invited, sales["invited"][who], sales["control"][who]),
        })  # fmt: skip
        found = measure_complier_effect(table)
        held += found.low <= truth <= found.high
    low, high = binom.ppf([0.0005, 0.9995], times, 0.95)
    assert low <= held <= high
    assert (truth > 0) == with_effect


def test_a_wave_of_the_world_is_measured_from_its_two_tables(lives):
    _, (wave, there) = lives
    found = measure_complier_effect(wave.contacts, wave.outcomes)
    truth = there.truth.card_effect
    assert found.low <= truth.complier <= found.high
    assert found.details["take_up"] == pytest.approx(truth.compliers, abs=0.04)
    assert found.details["itt_low"] <= truth.invitation <= found.details["itt_high"]
    assert measure_complier_effect(wave.contacts, wave.outcomes, window="pre").effect != found.effect


# --- Properties ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_effect_times_the_take_up_is_the_effect_of_the_invitation(seed):
    found = measure_complier_effect(make_trial(seed))
    assert found.effect * found.details["take_up"] == pytest.approx(found.details["itt"])
    assert found.low < found.effect < found.high


def test_where_everybody_obeys_it_is_the_difference_of_means():
    table = make_trial(invited=1.0, uninvited=0.0)
    found, plain = (
        measure_complier_effect(table),
        compare_means(*(table.sales[table.arm == a] for a in ("invited", "control"))),
    )
    assert (found.effect, found.se, found.low) == pytest.approx((plain.effect, plain.se, plain.low))
    assert found.base == pytest.approx(plain.base)


def test_money_in_cents_gives_a_hundred_times_the_effect():
    table = make_trial()
    euros, cents = measure_complier_effect(table), measure_complier_effect(table.assign(sales=table.sales * 100))
    assert (cents.effect, cents.se) == pytest.approx((euros.effect * 100, euros.se * 100))
    assert cents.p == pytest.approx(euros.p) and cents.relative == pytest.approx(euros.relative)


def test_the_base_is_what_followers_have_without_it():
    rng = np.random.default_rng(4)
    kind = rng.choice(["always", "follows", "never"], 40_000)
    level = pd.Series(kind).map({"always": 30.0, "follows": 20.0, "never": 10.0}).to_numpy()
    invited = rng.random(len(kind)) < 0.5
    took = (kind == "always") | ((kind == "follows") & invited)
    table = pd.DataFrame({"arm": np.where(invited, "invited", "control"), "took_card": took, "sales": level + 4 * took})
    found = measure_complier_effect(table)
    assert found.base == pytest.approx(20, abs=0.5) and found.relative == pytest.approx(0.2, abs=0.05)


# --- What it warns of, and what it refuses --------------------------------------------------------------------------


def test_weak_take_up_is_warned_of():
    assert any("weak" in text for text in measure_complier_effect(make_trial(n=200, invited=0.12)).warnings)
    assert not measure_complier_effect(make_trial()).warnings


def test_arms_the_wrong_way_round_are_warned_of():
    found = measure_complier_effect(make_trial(), control="invited")
    assert any("right way round" in text for text in found.warnings)


def test_without_any_take_up_the_ratio_is_refused_and_the_effect_of_the_invitation_said():
    table = make_trial().assign(took_card=0)
    with pytest.raises(TableError, match="not defined .effect of the invitation"):
        measure_complier_effect(table)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop(columns="took_card"), "no column `took_card`"),
        (lambda t: t.drop(columns="arm"), "no column `arm`"),
        (lambda t: t.assign(arm="invited"), "nobody in the group `control`; the groups are: invited"),
        (lambda t: t.assign(arm=np.where(t.index < 5, "gift", t.arm)), "two arms .*gift 5"),
        (lambda t: t.assign(took_card=t.took_card * 2), "True/False or 1/0"),
        (lambda t: t.assign(took_card=t.took_card.map({0: "no", 1: "yes"})), "'no', 'yes' .* is no number"),
        (lambda t: t.assign(sales=t.sales.where(t.index > 2)), "empty in 3 of 600"),
        (lambda t: t.assign(sales="12,50"), "decimal comma"),
        (lambda t: t.iloc[:0], "there is no row"),
    ],
)
def test_bad_input_is_refused_with_a_plain_sentence(change, says):
    with pytest.raises(TableError, match=says):
        measure_complier_effect(change(make_trial()))


def test_repeated_customers_are_refused():
    table = make_trial()
    with pytest.raises(TableError, match="600 values come more than once"):
        measure_complier_effect(pd.concat([table, table]))


def test_contacts_without_an_outcome_are_refused_not_counted_as_zero(lives):
    _, (wave, _) = lives
    main = wave.outcomes.query("window == 'main'")
    with pytest.raises(TableError, match="100 customers have no row of the window `main`"):
        measure_complier_effect(wave.contacts, main.iloc[100:])
    with pytest.raises(TableError, match="there is no row of the window `post`"):
        measure_complier_effect(wave.contacts, wave.outcomes, window="post")


def test_the_universal_control_is_no_part_of_the_comparison():
    table = pd.DataFrame(
        {"arm": ["invited"] * 6 + ["control"] * 6, "took_card": [1, 1, 1, 1, 0, 0] + [0, 0, 1, 0, 0, 0]}
    )
    table["sales"] = [9.0, 8, 7, 9, 2, 3, 4, 3, 8, 3, 2, 4]
    held = pd.DataFrame({"arm": "control", "took_card": 0, "sales": 50.0, "control_kind": "universal"}, index=range(9))
    both = pd.concat([table.assign(control_kind=None), held], ignore_index=True)
    found = measure_complier_effect(both)
    assert found.effect == measure_complier_effect(table).effect
    assert "9 customers of the universal control left out" in found.warnings
