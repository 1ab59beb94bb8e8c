"""Lifts against published values, against other packages, and against themselves."""

import dataclasses

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import statsmodels.api as sm
import tea_tasting as tt
from causaldata import thornton_hiv
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from loyalty.datasets.loaders import hillstrom, nsw
from loyalty.datasets.shelf import DataMissing
from loyalty.evaluate.lift.bootstrap import bootstrap_gap
from loyalty.evaluate.lift.measure import measure_lift, measure_lifts, unmask_redeemers
from loyalty.evaluate.lift.result import Lift, gather_lifts
from loyalty.stats.intervals import compare_rates

PUBLISHED = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0000)),
    ((10, 10, 0, 10), (0.6075, 1.0000)),
]


def draw_table(seed=0, n=4_000, share=0.5, effect=2.0, buyers=0.3):
    """Customers with a past and a present, mostly zeros."""
    rng = np.random.default_rng(seed)
    loyal = rng.gamma(2, 1, n)
    orders = rng.poisson(loyal * buyers)
    past = np.round(rng.gamma(2, 10, n) * rng.poisson(loyal * buyers), 2)
    mail = rng.random(n) >= share
    sales = np.round(rng.gamma(2, 10, n) * orders + effect * mail * (orders > 0), 2)
    table = pd.DataFrame({"customer_id": np.arange(n), "arm": np.where(mail, "mail", "control"), "past": past})
    table["responded"], table["orders"], table["sales"] = (orders > 0).astype(int), orders, sales
    return table


def split(table, name):
    drawn = table["arm"] == "control"
    return table.loc[~drawn, name].to_numpy(float), table.loc[drawn, name].to_numpy(float)


# --- Published values ----------------------------------------------------------------------------


@pytest.mark.parametrize(("counts", "ends"), PUBLISHED)
def test_newcombes_examples_come_out_as_he_printed_them(counts, ends):
    a, n, b, m = counts
    found = compare_rates([a, b], [n, m])
    assert (found.low, found.high) == pytest.approx(ends, abs=5e-5)
    assert (found.low, found.high) == pytest.approx(confint_proportions_2indep(*counts, method="newcomb"), abs=1e-12)


def test_thorntons_incentives_raised_the_visits_by_45_of_100():
    people = thornton_hiv.load_pandas().data.dropna(subset=["any", "got"])
    arm = people["any"].map({1.0: "incentive", 0.0: "control"})
    found = measure_lift(pd.DataFrame({"arm": arm, "got": people["got"]}), outcome="got")
    assert found.method == "difference of rates (Newcombe)"
    assert (found.base + found.effect, found.base) == pytest.approx((0.7892, 0.3387), abs=5e-5)
    assert (found.effect, found.se) == pytest.approx((0.4506, 0.0209), abs=5e-5)
    assert "raised the rate of `got` among the customers assigned by 45.06 percentage points" in found.sentence()


def test_the_job_training_gives_lalondes_number_with_either_variance():
    data = nsw()
    for interval, error in {"auto": 671.0, "welch": 671.0, "pooled": 632.9}.items():
        found = measure_lift(data.contacts, data.outcomes, "re78", interval=interval)
        assert found.effect == pytest.approx(1_794.34, abs=0.005)
        assert found.se == pytest.approx(error, abs=0.05)


def test_hillstroms_e_mails_give_the_published_rates_and_lifts():
    try:
        data = hillstrom()
    except DataMissing:
        pytest.skip("Hillstrom's file is not at hand: name its folder in LOYALTY_DATA")
    rates = {"visited": (0.106167, 0.182757, 0.151400), "responded": (0.005726, 0.012531, 0.008837)}
    found = measure_lifts(data.contacts, data.outcomes, ["visited", "responded", "sales"])
    by = {(lift.outcome, lift.arm): lift for lift in found}
    assert (by["sales", "mens"].n_control, by["sales", "mens"].n_treated) == (21_306, 21_307)
    assert by["sales", "womens"].n_treated == 21_387
    for name, (control, mens, womens) in (rates | {"sales": (0.652789, 1.422617, 1.077202)}).items():
        for arm, value in (("mens", mens), ("womens", womens)):
            assert by[name, arm].base == pytest.approx(control, abs=5e-7)
            assert by[name, arm].base + by[name, arm].effect == pytest.approx(value, abs=5e-7)
    for arm, effect, error in (("mens", 0.769827, 0.145247), ("womens", 0.424412, 0.130333)):
        assert (by["sales", arm].effect, by["sales", arm].se) == pytest.approx((effect, error), abs=1e-6)
        assert by["sales", arm].warnings == ()


# --- Referees ------------------------------------------------------------------------------------


def test_a_mean_and_a_ratio_agree_with_tea_tasting():
    table = draw_table()
    theirs = tt.Experiment(
        sales=tt.Mean("sales", use_t=True, equal_var=False),
        basket=tt.RatioOfMeans("sales", "orders", use_t=True, equal_var=False), variant="arm",
    ).analyze(duckdb.from_arrow(pa.Table.from_pandas(table)), control="control")  # fmt: skip
    for ours, other in ((measure_lift(table), theirs["sales"]), (measure_lift(table, per="orders"), theirs["basket"])):
        assert ours.effect == pytest.approx(other.effect_size, rel=1e-9)
        ends = other.effect_size_ci_lower, other.effect_size_ci_upper
        assert (ours.low, ours.high) == pytest.approx(ends, rel=1e-7)
        assert ours.p == pytest.approx(other.pvalue, rel=1e-6)
        assert ours.relative == pytest.approx(other.rel_effect_size, rel=1e-9)


def test_a_small_control_is_compared_by_the_larger_variance_and_the_method_says_why():
    ours = measure_lift(draw_table(share=0.1))
    assert "the larger variance for control: control is" in ours.method and ours.details["careful"]


def test_a_pooled_mean_agrees_with_tea_tasting_where_control_is_small():
    table = draw_table(share=0.1)
    theirs = tt.Experiment(sales=tt.Mean("sales", equal_var=True), variant="arm").analyze(table, control="control")
    ours = measure_lift(table, interval="pooled")
    assert "pooled variance" in ours.method
    assert (ours.low, ours.p) == pytest.approx((theirs["sales"].effect_size_ci_lower, theirs["sales"].pvalue), rel=1e-7)


def test_cuped_in_tea_tasting_and_pooled_ancova_here_find_nearly_the_same():
    # Conventions differ: theirs takes one slope over both groups together, ours the slope within groups.
    table = draw_table(n=1_800)
    theirs = tt.Experiment(sales=tt.Mean("sales", "past"), variant="arm").analyze(table, control="control")["sales"]
    ours = measure_lift(table, before="past")
    assert "pooled ANCOVA" in ours.method
    assert ours.effect == pytest.approx(theirs.effect_size, abs=0.05 * ours.se)
    assert ours.high - ours.low == pytest.approx(theirs.effect_size_ci_upper - theirs.effect_size_ci_lower, rel=0.01)


def test_the_adjustments_are_the_regressions_of_statsmodels_with_hc2_errors():
    for n, way in ((1_800, "pooled ANCOVA"), (5_000, "Lin")):
        table = draw_table(n=n)
        found = measure_lift(table, before="past")
        t, x = (table["arm"] == "mail").to_numpy(float), (table["past"] - table["past"].mean()).to_numpy()
        columns = [np.ones(n), t, x] + ([t * x] if way == "Lin" else [])
        fit = sm.OLS(table["sales"], np.column_stack(columns)).fit(cov_type="HC2", use_t=True)
        assert way in found.method
        assert found.effect == pytest.approx(fit.params.iloc[1], rel=1e-9)
        assert found.details["se_hc2"] == pytest.approx(fit.bse.iloc[1], rel=1e-9)
        assert found.se >= found.details["se_hc2"]
        assert found.details["saving"] == pytest.approx(1 - (found.se / measure_lift(table).se) ** 2)


def test_the_score_test_is_that_of_statsmodels():
    table = draw_table()
    a, b = split(table, "responded")
    p = proportions_ztest([a.sum(), b.sum()], [len(a), len(b)])[1]
    assert measure_lift(table, outcome="responded").p == pytest.approx(p, rel=1e-9)


def test_the_bootstraps_error_is_scipys_within_3_percent_and_its_interval_close():
    table = draw_table(n=3_000)
    a, b = split(table, "sales")
    theirs = stats.bootstrap(
        (a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis), n_resamples=6_000, method="percentile",
        vectorized=True, batch=200, rng=np.random.default_rng(1),
    )  # fmt: skip
    ours = bootstrap_gap(a, b, draws=6_000, method="percentile")
    assert ours.se == pytest.approx(theirs.standard_error, rel=0.03)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.1 * ours.se)
    assert bootstrap_gap(a, b, draws=6_000).low == pytest.approx(ours.low, abs=0.15 * ours.se)


def test_drawing_only_the_buyers_gives_the_distribution_of_drawing_everybody():
    # Three customers, one buyer: 0, 1, 2 or 3 of him, as 27 equally likely samples say.
    from loyalty.evaluate.lift.bootstrap import resample_sums

    values = resample_sums(np.array([[0.0], [0.0], [3.0]]), 27_000, np.random.default_rng(0)).value
    counts = np.bincount(values.astype(int), minlength=4)
    assert stats.chisquare(counts, 27_000 * np.array([8, 12, 6, 1]) / 27).pvalue > 0.001


def test_the_relative_interval_of_a_mean_is_fiellers_by_hand():
    table = draw_table()
    found = measure_lift(table)
    a, b = split(table, "sales")
    va, vb, q = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b), stats.t.ppf(0.975, found.details["df"])
    # (mean of a - r × mean of b)² = q² (va + r² vb), solved for r
    roots = np.roots([b.mean() ** 2 - q**2 * vb, -2 * a.mean() * b.mean(), a.mean() ** 2 - q**2 * va])
    ends = found.details["relative_low"], found.details["relative_high"]
    assert ends == pytest.approx(tuple(np.sort(roots) - 1), rel=1e-9)


# --- One formula, two roads ----------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_sums_in_the_engine_and_numbers_at_hand_give_the_same(share, tmp_path):
    from loyalty.stats.intervals import compare_means

    table = draw_table(share=share)
    table.to_parquet(tmp_path / "wave.parquet")
    by_hand = compare_means(*split(table, "sales"))
    for source in (table, tmp_path / "wave.parquet", duckdb.connect().read_parquet(str(tmp_path / "wave.parquet"))):
        found = measure_lift(source)
        for name in ("effect", "low", "high", "se", "p", "base"):
            assert getattr(found, name) == pytest.approx(getattr(by_hand, name), rel=1e-9)
        for name in ("pooled", "df", "skewness"):
            assert found.details[name] == pytest.approx(by_hand.details[name], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("lead", [0, 1_000])
def test_a_mean_of_a_thousand_million_keeps_its_digits(lead):
    # The first rows, by which the shift is chosen, may be unlike the others.
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"arm": ["mail", "control"] * 20_000, "sales": 1e9 + rng.normal(size=40_000)})
    table.loc[: lead - 1, "sales"] = 1e9 - 5.0
    a, b = split(table, "sales")
    found = measure_lift(table)
    centred = stats.ttest_ind(a - 1e9, b - 1e9, equal_var=False)
    assert found.effect == pytest.approx((a - 1e9).mean() - (b - 1e9).mean(), abs=1e-7)
    assert found.p == pytest.approx(centred.pvalue, rel=1e-3)
    assert bootstrap_gap(a, b, draws=200).se == pytest.approx(found.se, rel=0.2)


def test_one_scan_for_many_outcomes_gives_what_each_gives_alone():
    table = draw_table(share=0.15)
    many = measure_lifts(table, metrics=["responded", "orders", "sales", ("sales", "orders")])
    alone = [measure_lift(table, outcome=o, per=p) for o, p in zip(
        ["responded", "orders", "sales", "sales"], [None, None, None, "orders"], strict=True)]  # fmt: skip
    assert [e.method for e in many] == [e.method for e in alone]
    for one, other in zip(many, alone, strict=True):
        assert (one.effect, one.low, one.high, one.p) == pytest.approx((other.effect, other.low, other.high, other.p))
    assert many.to_frame()["outcome"].tolist() == ["responded", "orders", "sales", "sales per orders"]


@pytest.mark.slow
def test_contacts_and_outcomes_apart_give_what_the_joined_table_gives(tmp_path):
    table = draw_table()
    wave = {"campaign_id": "autumn", "wave": 1}
    contacts = table[["customer_id", "arm"]].assign(**wave)
    main = table[["customer_id", "orders", "sales"]].assign(**wave, window="main")
    pre = table[["customer_id", "orders"]].assign(**wave, window="pre", sales=table["past"])
    outcomes = pd.concat([pre, main]).sample(frac=1, random_state=0)
    outcomes.to_parquet(tmp_path / "outcomes.parquet")
    host = duckdb.connect()
    there = host.read_parquet(str(tmp_path / "outcomes.parquet"))
    history = outcomes.merge(contacts, on=["campaign_id", "wave", "customer_id"])
    for joined, apart in (({}, {}), ({"before": "past"}, {"before": "sales"})):
        plain = measure_lift(table, **joined)
        for pair in ((contacts, outcomes), (contacts, there), (host.from_arrow(pa.Table.from_pandas(
            contacts)), there), (contacts, tmp_path / "outcomes.parquet"), (history,)):  # fmt: skip
            found = measure_lift(*pair, **apart)
            assert (found.effect, found.se) == pytest.approx((plain.effect, plain.se), rel=1e-9)


def test_the_order_of_rows_changes_nothing():
    table = draw_table()
    for options in ({}, {"before": "past"}, {"per": "orders"}):
        one, other = measure_lift(table, **options), measure_lift(table.sample(frac=1, random_state=1), **options)
        assert (one.effect, one.se, one.p) == pytest.approx((other.effect, other.se, other.p), rel=1e-9)


def test_swapping_the_groups_turns_the_sign():
    table = draw_table(share=0.4)
    for options in ({}, {"outcome": "responded"}, {"before": "past"}, {"per": "orders"}):
        one, other = measure_lift(table, **options), measure_lift(table, **options, control="mail")
        assert (one.effect, one.low, one.p) == pytest.approx((-other.effect, -other.high, other.p), rel=1e-9)


# --- Several arms and segments -------------------------------------------------------------------


def make_cells(cells=8, seed=0):
    parts = [draw_table(seed=seed + i, n=800).assign(segment=f"s{i}") for i in range(cells)]
    return pd.concat(parts, ignore_index=True).assign(customer_id=range(800 * cells))


def test_segments_are_corrected_shrunk_and_tested_for_differing_at_all():
    table = make_cells()
    found = measure_lift(table, by="segment")
    frame = found.to_frame()
    assert found.correction == "Benjamini-Hochberg"
    assert frame["p_adjusted"].to_numpy() == pytest.approx(stats.false_discovery_control(frame["p"]))
    alone = measure_lift(table.query("segment == 's3'"))
    assert found.results[3].effect == pytest.approx(alone.effect)
    assert frame["shrunken"].std() < frame["effect"].std()
    assert found.details["df"] == 7 and 0 < found.details["p_differ"] < 1
    assert {"effect", "shrunken", "p_adjusted"} <= set(found.best().index)
    assert found.best()["shrunken"] == frame["shrunken"].max()
    assert frame["shrunken_low"].le(frame["shrunken"]).all()


def test_arms_are_corrected_by_holm_and_each_meets_the_same_control():
    table = draw_table()
    table.loc[table.index[table["arm"] == "mail"][::2], "arm"] = "call"
    found = measure_lift(table)
    frame = found.to_frame().set_index("arm")
    assert found.correction == "Holm"
    low, high = sorted(frame["p"])
    assert sorted(frame["p_adjusted"]) == pytest.approx([min(1, 2 * low), max(high, min(1, 2 * low))])
    alone = measure_lift(table.query("arm != 'call'"))
    assert frame.loc["mail", "effect"] == pytest.approx(alone.effect)
    assert any("nothing was shrunk" in text for text in found.warnings)
    assert measure_lift(table, correct="none").to_frame()["p_adjusted"].tolist() == frame["p"].tolist()
    with pytest.raises(ValueError, match="correct should be one of"):
        measure_lift(table, correct="bonferroni")


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_a_lucky_control_does_not_make_the_shrunken_arms_sure_of_themselves(spread):
    held, squares = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth = spread * rng.normal(size=6)
        found = truth + rng.normal(size=6) - rng.normal()  # six arms, one control
        reach = stats.norm.ppf(0.975) * np.sqrt(2)
        arms = [
            Lift(e, e - reach, e + reach, np.sqrt(2), 0.5, 1_000, 1_000, "gap", "ITT", arm=str(i))
            for i, e in enumerate(found)
        ]
        table = gather_lifts(arms).to_frame()
        held.append(((table["shrunken_low"] <= truth) & (truth <= table["shrunken_high"])).mean())
        squares.append([((table[name] - truth) ** 2).mean() for name in ("shrunken", "effect")])
    error = np.std(held, ddof=1) / np.sqrt(len(held))  # the arms of a campaign err together
    assert np.mean(held) > 0.95 - 3.29 * error
    shrunken, raw = np.mean(squares, axis=0)
    assert shrunken < raw * (1.02 if spread == 3 else 1)


def test_a_planted_difference_between_segments_is_told_and_none_is_not():
    planted = make_cells()
    planted.loc[(planted["segment"] == "s1") & (planted["arm"] == "mail"), "sales"] += 8
    assert measure_lift(planted, by="segment").details["p_differ"] < 0.001
    assert measure_lift(make_cells(), by="segment").details["p_differ"] > 0.01


def test_a_segment_without_control_is_named_and_left_out():
    table = make_cells(3)
    table = table[~((table["segment"] == "s2") & (table["arm"] == "control"))]
    found = measure_lift(table, by="segment")
    assert len(found) == 2
    assert any("no comparison of mail in `s2`" in text and "0 control" in text for text in found.warnings)


def test_the_best_of_several_outcomes_is_not_told():
    with pytest.raises(ValueError, match="several outcomes"):
        measure_lifts(draw_table(), metrics=["orders", "sales"]).best()


def test_of_cells_shrunken_to_one_effect_the_best_is_the_highest_raw_one_and_not_what_rounding_says():
    found = measure_lift(make_cells(), by="segment")
    table = found.table.assign(shrunken=1.0)
    table.loc[table["effect"].idxmin(), "shrunken"] += 1e-15
    assert dataclasses.replace(found, table=table).best()["effect"] == table["effect"].max()


# --- Propensities and the universal control ------------------------------------------------------


def test_unequal_propensities_are_weighted_and_undo_the_selection():
    rng = np.random.default_rng(0)
    best = rng.random(40_000) < 0.3
    chance = np.where(best, 0.9, 0.3)
    mail = rng.random(40_000) < chance
    sales = rng.gamma(2, 10, 40_000) + 30 * best + 2 * mail
    table = pd.DataFrame({"arm": np.where(mail, "mail", "control"), "sales": sales, "stratum": best.astype(str)})
    table["propensity"] = np.where(mail, chance, 1 - chance)
    naive, found = (measure_lift(table.drop(columns=gone)) for gone in (["propensity", "stratum"], "stratum"))
    assert naive.low > 2.5 and found.low < 2 < found.high
    assert "weighted by 1 / propensity" in found.method
    within = [measure_lift(table[best == kind]).effect for kind in (True, False)]
    assert found.effect == pytest.approx(np.average(within, weights=[best.mean(), 1 - best.mean()]), abs=found.se)
    by_stratum = measure_lift(table.assign(segment=table["stratum"]), by="segment")
    assert by_stratum.to_frame()["effect"].tolist() == pytest.approx(within[::-1])


def test_the_weighted_error_is_that_of_statsmodels_weighted_means():
    rng = np.random.default_rng(1)
    y, w = rng.gamma(2, 10, 500), rng.uniform(1, 4, 500)
    from loyalty.evaluate.lift.compare import compare_weighted

    t = np.repeat([1.0, 0.0], 250)
    fit = sm.WLS(y, np.column_stack([np.ones(500), t]), weights=w).fit(cov_type="HC0")
    found = compare_weighted(y[:250], y[250:], (w[:250], w[250:]))
    assert found.effect == pytest.approx(fit.params[1])
    assert found.se == pytest.approx(fit.bse[1] * np.sqrt(250 / 249))


def test_a_few_heavy_customers_count_as_the_few_that_they_are():
    """Degrees of freedom and the count of buyers go by Kish's sizes: (sum of weights)² / sum of their squares."""
    from loyalty.evaluate.lift.compare import compare_weighted

    rng = np.random.default_rng(2)
    y = [rng.gamma(2, 10, 200), rng.gamma(2, 10, 200)]
    w = [np.ones(200), np.where(np.arange(200) < 10, 100.0, 1.0)]
    found = compare_weighted(y[0], y[1], (w[0], w[1]))
    kish = [one.sum() ** 2 / (one**2).sum() for one in w]
    assert kish == pytest.approx([200, 14.14], abs=0.02)
    parts = []
    for values, weight in zip(y, w, strict=True):
        share = weight / weight.sum()
        parts.append((share**2 * (values - share @ values) ** 2).sum() * 200 / 199)
    df = sum(parts) ** 2 / sum(part**2 / (size - 1) for part, size in zip(parts, kish, strict=True))
    assert found.se == pytest.approx(np.sqrt(sum(parts)))
    assert found.details["df"] == pytest.approx(df)
    assert (found.details["effective_treated"], found.details["effective_control"]) == pytest.approx(tuple(kish))
    few = "fewer than 20 customers with a value other than zero in one group"
    assert few in found.warnings
    assert few not in compare_weighted(y[0], y[1], (w[0], w[0])).warnings


def test_the_universal_control_stays_out_of_a_campaigns_contrast_and_this_is_said():
    table = draw_table().assign(control_kind="none")
    table.loc[table["arm"] == "control", "control_kind"] = "campaign"
    plain = measure_lift(table)
    others = draw_table(seed=9, n=300).assign(arm="control", control_kind="universal", customer_id=range(9_000, 9_300))
    found = measure_lift(pd.concat([table, others]))
    assert (found.effect, found.n_control) == (pytest.approx(plain.effect), plain.n_control)
    assert found.estimand == "per customer assigned, 300 customers of the universal control left out"


def test_redeemers_look_golden_and_the_others_pay_for_it():
    table = draw_table(effect=0)
    table["redeemed"] = ((table["arm"] == "mail") & (table["orders"] > 0)).astype(int)
    found = unmask_redeemers(table)
    assert found.loc["redeemers", "low"] > 0 > found.loc["others treated", "high"]
    assert found.loc["all assigned", "effect"] == pytest.approx(measure_lift(table).effect)


# --- How a result looks --------------------------------------------------------------------------


def test_a_result_is_frozen_and_shows_itself():
    found = measure_lift(draw_table(effect=6))
    with pytest.raises(AttributeError):
        found.effect = 0
    row = found.to_frame().iloc[0]
    assert row["outcome"] == "sales" and row["arm"] == "mail"
    assert {"effect", "low", "high", "relative", "p", "n_treated", "n_control", "method", "warnings"} <= set(row.index)
    assert "mail: sales, per customer assigned" in found._repr_html_()
    assert "difference of means (Welch)" in found._repr_html_()
    assert found.sentence("€").startswith("`mail` raised `sales` per customer assigned by €")
    assert "% of control (95 % interval €" in found.sentence("€")


def test_the_sentence_of_an_open_result_claims_nothing():
    text = measure_lift(draw_table(effect=0)).sentence("€")
    assert text.startswith("It is open whether `mail` changed `sales`")
    assert "it may well be zero" in text
    assert "raised" not in text and "lowered" not in text


def test_charts_carry_the_finding_the_unit_and_the_truth():
    import matplotlib.pyplot as plt

    ax = measure_lift(draw_table(effect=6)).plot(truth=3.0, unit="€")
    assert ax.get_title(loc="left") == "mail raised sales"
    assert ax.get_legend().get_texts()[0].get_text() == "truth"
    ax = measure_lift(draw_table(effect=0)).plot()
    assert ax.get_title(loc="left") == "Whether mail changed sales is open"
    ax = measure_lift(make_cells(), by="segment", outcome="responded").plot(truth=0.0)
    assert ax.get_title(loc="left").endswith("of 8 effects can be told from zero, after correction")
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"truth", "shrunken"}
    assert any("percentage points" in text.get_text() for text in ax.texts)
    plt.close("all")


def test_several_results_show_raw_and_shrunken_side_by_side():
    page = measure_lift(make_cells(), by="segment")._repr_html_()
    assert "p_adjusted: Benjamini-Hochberg" in page and "shrunken" in page
