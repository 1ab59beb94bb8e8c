import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.stats.intervals import compare_means
from loyalty.world import World, WorldError

SUMS = ["orders", "sales", "margin", "discount", "reward_paid", "points_issued", "profit"]


@pytest.fixture(scope="module")
def large():
    """Large enough for means; nothing but the visits of two windows is ever simulated."""
    return World(customers=12_000, months=16, seed=3)


@pytest.mark.parametrize(
    "offer", ["basket_discount", "category_discount", "bonus_points", "gift", "reminder", "win_back"]
)
def test_the_expected_effect_is_the_mean_of_the_realised_one(large, offer):
    expected, realised = (
        large.truth.effect(offer, kind=kind).set_index("customer_id") for kind in ("expected", "realised")
    )
    for name in ["responded", *SUMS]:
        gap = realised[name] - expected[name]
        error = gap.std() / np.sqrt(len(gap))
        assert abs(gap.mean()) < 4.5 * error + 1e-9, name


def test_the_expected_outcome_without_offer_is_the_mean_of_what_happens(large):
    from loyalty.world.effects import expect_outcomes, realise

    rows, end = np.arange(12_000), large._state.end
    windows = (("pre", end - 56, end),)
    wanted, found = (f(large.scene, rows, windows, large._log) for f in (expect_outcomes, realise))
    for name in ("responded", "orders", "sales", "margin", "points_issued", "profit"):
        gap = (found[name] - wanted[name]).ravel()
        assert abs(gap.mean()) < 4.5 * gap.std() / np.sqrt(len(gap)), name


def test_lift_is_the_difference_between_two_lives_of_the_same_customers(world, split):
    wave, _ = world.run(split(world, share=0.5))
    everybody, nobody = (world.run(split(world, share=s))[0].outcomes.query("window == 'main'") for s in (1.0, 0.0))
    lift = world.truth.lift(wave).loc[("basket_discount", "main")]
    assert lift["sales"] == pytest.approx(everybody["sales"].mean() - nobody["sales"].mean(), abs=1e-6)
    assert lift["redeemed"] == pytest.approx(everybody["redeemed"].mean())
    treated = world.truth.lift(wave, among="treated").loc[("basket_discount", "main")]
    who = wave.contacts["customer_id"][wave.contacts["arm"] == "basket_discount"]
    gap = everybody.set_index("customer_id")["sales"] - nobody.set_index("customer_id")["sales"]
    assert treated["sales"] == pytest.approx(gap.loc[who].mean()) and treated["n"] == len(who)


def test_population_and_sample_effect_agree_within_the_sampling_error(large, split):
    wave, _ = large.run(split(large))
    sample = large.truth.lift(wave, kind="expected").loc[("basket_discount", "both"), "sales"]
    population = large.truth.lift(wave, population=True, size=20_000).loc[("basket_discount", "both"), "sales"]
    spread = large.truth.effect("basket_discount")["sales"].std()
    assert abs(sample - population) < 4 * spread * np.sqrt(1 / 12_000 + 1 / 20_000)
    assert population != sample


def test_the_population_of_a_part_needs_a_rule(world, split):
    wave, _ = world.run(split(world).head(500))
    with pytest.raises(WorldError, match="where"):
        world.truth.lift(wave, population=True, size=1_000)
    holders = world.truth.lift(wave, population=True, size=1_000, where=lambda c: c["card_since"].notna())
    assert 50 < holders["n"].iloc[0] < 900


def test_the_population_remembers_the_contacts_that_the_sample_had(split):
    world = World(4_000, 10, 9, "strong_fatigue")
    _, later = world.run(split(world, "magazine", share=1.0), days=7, post=0)
    wave, _ = later.run(split(later, "gift"))
    fresh, _ = world.run(split(world, "gift"))
    tired, sample, rested = (
        t.lift(w, population=p, kind="expected", size=8_000).loc[("gift", "main"), "orders"]
        for t, w, p in ((later.truth, wave, True), (later.truth, wave, False), (world.truth, fresh, True))
    )
    assert tired == pytest.approx(sample, rel=0.15)
    assert tired < 0.75 * rested


def test_a_wave_without_any_offer_has_no_lift(world, split):
    with pytest.raises(WorldError, match="no offer"):
        world.truth.lift(world.run(split(world, share=0.0))[0])


def test_a_magazine_changes_nothing_but_its_cost(world, split):
    lift = world.truth.lift(world.run(split(world, "magazine"))[0]).loc["magazine"]
    assert (lift.drop(columns=["n", "profit"]).fillna(0) == 0).all().all()
    assert lift.loc["main", "profit"] == pytest.approx(-0.45)


def test_without_effects_no_offer_changes_anything():
    world = World(400, 20, 2, "no_effects")
    for offer in world.offers["offer_id"]:
        effect = world.truth.effect(offer, kind="realised").drop(columns=["customer_id", "profit"])
        assert (effect == 0).all().all()
    assert world.truth.card_effect.effect == 0 and np.isnan(world.truth.card_effect.ratio)


def test_some_gain_nothing_some_lose_and_some_gain_much(large):
    effect = large.truth.effect("reminder").merge(large.truth.types, on="customer_id").groupby("type")["orders"].mean()
    assert effect["chronic_patient"] > 0.02 and effect["beauty"] < -0.01 and abs(effect["passing_through"]) < 0.01


def test_part_of_the_gain_is_pulled_forward_and_effects_decay(large, split):
    wave, _ = large.run(split(large, "basket_discount"), days=14, post=28)
    lift = large.truth.lift(wave, kind="expected").loc["basket_discount", "orders"]
    assert lift["post"] == pytest.approx(-0.2 * lift["main"], rel=0.15)
    first, second = (large.truth.effect("bonus_points", days=d, post=0)["orders"].mean() for d in (7, 14))
    assert first > (second - first) > 0.5 * first


def test_a_recent_contact_tires_and_strong_fatigue_tires_more():
    for preset, left in (("default", 0.85), ("strong_fatigue", 0.5)):
        world = World(1_500, 6, 4, preset)
        plan = world.customers[["customer_id"]].assign(offer_id="magazine")
        _, later = world.run(plan, days=1, post=0)
        fresh = world.run(plan.assign(offer_id=None), days=1, post=0)[1].truth.effect("gift", post=0)["orders"].mean()
        tired = later.truth.effect("gift", post=0)["orders"].mean()
        assert tired / fresh == pytest.approx(0.03 + 0.97 * left, abs=0.03)


def test_ranking_by_response_is_not_ranking_by_effect(large):
    effect = large.truth.effect("basket_discount").set_index("customer_id")["profit"]
    pre = (
        large.receipts[large.receipts["time"] >= large.end - pd.Timedelta(days=84)]
        .groupby("customer_id")["basket_id"]
        .nunique()
    )
    likely = pre.reindex(effect.index).fillna(0)
    best, top = effect.nlargest(2_400).mean(), effect[likely.nlargest(2_400).index].mean()
    assert top < 0.5 * best


def test_redeemers_against_control_turns_a_loss_into_a_win(large, split):
    wave, _ = large.run(split(large, "win_back"))
    main = wave.outcomes.query("window == 'main'").merge(wave.contacts[["customer_id", "arm"]], on="customer_id")
    profit = main["margin"] - main["reward_paid"]
    redeemers, control = (main["arm"] == "win_back") & (main["redeemed"] == 1), main["arm"] == "control"
    naive = compare_means(profit[redeemers], profit[control])
    truth = large.truth.lift(wave).loc[("win_back", "both"), "profit"]
    assert naive.low > 0 > truth


def test_would_have_come_anyway_names_the_natural_buyers(world, split):
    wave, _ = world.run(split(world, "win_back"))
    found = world.truth.would_have_come_anyway(wave)
    assert len(found) == (wave.contacts["arm"] == "win_back").sum()
    assert (found["redeemed"] <= found["came"]).all()
    users = found[found["redeemed"]]
    assert 0.5 < users["would_have_come"].mean() < 1


def test_the_value_of_a_plan_is_the_sum_of_its_customers_effects(world, split):
    plan = split(world, "gift")
    effect = world.truth.effect("gift").set_index("customer_id")["profit"]
    treated = plan["customer_id"][plan["offer_id"].notna()]
    assert world.truth.value(plan) == pytest.approx(effect.loc[treated].sum())
    assert world.truth.value(plan.assign(offer_id=None)) == 0.0


def test_the_best_plan_keeps_its_budget_and_beats_every_single_offer(world):
    best = world.truth.best_plan(200.0)
    assert best.cost <= 200.0 and best.profit == pytest.approx(world.truth.value(best.plan))
    everybody = world.customers[["customer_id"]]
    free = world.truth.best_plan(1e9)
    assert free.profit >= max(
        world.truth.value(everybody.assign(offer_id=o)) for o in ("gift", "reminder", "basket_discount")
    )
    assert free.profit >= best.profit > 0
    seen = everybody.assign(segment=np.where(everybody["customer_id"] % 2, "odd", "even"))
    assert world.truth.best_plan(1e9, segments=seen).profit <= free.profit
    with pytest.raises(WorldError, match="budget"):
        world.truth.best_plan(-1)


def test_types_change_only_on_the_drift_dates():
    world = World(3_000, 18, 6)
    (date, *_), truth = world.truth.drift_dates, world.truth
    assert date == pd.Timestamp("2024-04-01")
    day = pd.Timedelta(days=1)
    early, eve, after = (truth.types_on(d).set_index("customer_id")["type"] for d in ("2023-02-01", date, date + day))
    assert (early == eve.reindex(early.index)).all()
    moved = (eve != after.reindex(eve.index)).mean()
    assert 0.04 < moved < 0.09


def test_who_is_not_alive_never_buys_again(world):
    alive = world.truth.alive("2024-01-01").set_index("customer_id")["alive"]
    later = world.receipts[world.receipts["time"] >= "2024-01-01"]["customer_id"].unique()
    assert 0.5 < alive.mean() < 0.99
    assert not np.isin(alive.index[~alive], later).any()


def test_lifetime_value_is_the_mean_of_what_comes(large):
    early = large.scene.calendar.date(120)
    value = large.truth.lifetime_value(days=200, date=early).set_index("customer_id")
    lines = large.receipts[
        (large.receipts["time"] >= early) & (large.receipts["time"] < early + pd.Timedelta(days=200))
    ]
    real = lines.groupby("customer_id")[["sales", "margin"]].sum().reindex(value.index).fillna(0)
    for name in ("sales", "margin"):
        gap = real[name] - value[name]
        assert abs(gap.mean()) < 4.5 * gap.std() / np.sqrt(len(gap)), name
    assert (value[~large.truth.alive(early).set_index("customer_id")["alive"]] == 0).all().all()


def test_expected_demand_is_the_mean_of_the_pieces_sold(large):
    start, end = "2023-05-01", "2023-07-01"
    wanted = large.truth.expected_demand(start, end).sum()
    lines = large.receipts.merge(large.products[["product_id", "department"]], on="product_id")
    sold = lines[(lines["time"] >= start) & (lines["time"] < end)].groupby("department")["quantity"].sum()
    # A receipt holds several lines and a line several pieces, so the spread is wider than that of single events.
    assert (abs(sold - wanted) < 4.5 * np.sqrt(6 * wanted)).all()
    assert large.truth.expected_demand(start, end, by="category").shape == (61, 36)


def test_an_unknown_offer_or_kind_is_refused(world):
    with pytest.raises(WorldError, match="there is no offer 'coupon'"):
        world.truth.effect("coupon")
    with pytest.raises(WorldError, match="kind should be"):
        world.truth.effect("gift", kind="true")


# --- Acceptance, reduced: benchmarks/world.py runs 2,000 replications ------------------------------


@pytest.mark.parametrize(("offer", "replications"), [("basket_discount", 200), ("magazine", 200)])
def test_an_exact_interval_covers_the_population_effect_at_its_rate(large, offer, replications):
    wave, _ = large.run(large.customers[["customer_id"]].assign(offer_id=offer))
    quiet, _ = large.run(large.customers[["customer_id"]].assign(offer_id=None))
    treated, control = (w.outcomes.query("window == 'main'")["sales"].to_numpy() for w in (wave, quiet))
    target = (treated - control).mean()
    covered = 0
    for seed in range(replications):
        draw = np.random.default_rng(seed).integers(0, len(treated), 4_000)
        result = compare_means(treated[draw[:2_000]], control[draw[2_000:]])
        covered += result.low <= target <= result.high
    low, high = stats.binom.interval(0.999, replications, 0.95)
    assert low <= covered <= high


def test_the_past_effect_of_an_offer_can_be_asked_for(world):
    earlier = world.truth.effect("gift", as_of="2023-10-01", days=14, post=0)
    assert len(earlier) < len(world.customers) and earlier["orders"].mean() > 0
