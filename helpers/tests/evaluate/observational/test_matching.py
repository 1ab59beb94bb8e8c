import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.evaluate.observational.matching import match_customers
from loyalty.tables.check import TableError

EARNINGS = {"treated": "treated", "outcome": "re78"}
SALES = {"treated": "invited", "outcome": "sales"}


@pytest.fixture(scope="module")
def workers(drawn):
    return drawn.assign(u74=drawn["re74"] == 0, u75=drawn["re75"] == 0)


@pytest.mark.parametrize(
    ("covariates", "options", "published"),
    [
        # The authors' own log of their Stata program on these data, 2004: effect in everybody, one match.
        (["age"], {"target": "ate", "metric": "scaled"}, 1785.191),
        (["age", "education", "re74", "re75"], {"target": "ate", "metric": "scaled"}, 1714.407),
    ],
)
def test_matching_on_nsw_gives_what_its_authors_published(workers, covariates, options, published):
    result = match_customers(workers, covariates=covariates, correct=False, **EARNINGS, **options)
    assert result.effect == pytest.approx(published, abs=0.01)  # their earnings are rounded to a dime


@pytest.mark.parametrize(("correct", "published"), [(False, 1554.697), (True, 1533.125)])
def test_effect_on_the_treated_and_its_correction_are_those_of_nnmatch(workers, correct, published):
    # Stata's nnmatch, tc(att) m(1) metric(maha), with and without bias(): reported on Statalist for these data.
    covariates = ["age", "education", "black", "hispanic", "married", "re74", "re75", "u74", "u75"]
    result = match_customers(workers, covariates=covariates, correct=correct, **EARNINGS)
    assert result.effect == pytest.approx(published, abs=0.01)


def test_matching_on_the_propensity_gives_statas_published_effect(cattaneo):
    # Stata, teffects psmatch, example 1: -210.9683 (32.021; the fitted propensity makes it a little smaller).
    # Quoted from memory, to be checked in the manual.
    covariates = ["mmarried_", "mage", "mage2", "fbaby_", "medu"]
    result = match_customers(cattaneo, treated="mbsmoke_", outcome="bweight", covariates=covariates, on="propensity",
                             target="ate", correct=False)  # fmt: skip
    assert result.effect == pytest.approx(-210.9683, abs=1e-4)
    assert result.se == pytest.approx(32.021, rel=0.01)


def test_neighbours_are_those_of_a_search_by_hand():
    rng = np.random.default_rng(0)
    visits = rng.integers(0, 12, 60) / 2  # many ties
    table = pd.DataFrame({"visits": visits, "invited": rng.random(60) < 0.4, "sales": rng.normal(size=60)})
    t, y = table["invited"].to_numpy(), table["sales"].to_numpy()
    for k in (1, 3):
        gaps = []
        for i in np.flatnonzero(t):
            far = np.abs(visits[~t] - visits[i])
            gaps.append(y[i] - y[~t][far <= np.sort(far)[k - 1]].mean())
        result = match_customers(table, covariates="visits", k=k, correct=False, **SALES)
        assert result.effect == pytest.approx(np.mean(gaps))


def test_exact_pairs_give_the_paired_error():
    rng = np.random.default_rng(1)
    pair = np.repeat(np.arange(50.0), 2)
    table = pd.DataFrame({"visits": pair, "invited": np.tile([True, False], 50), "sales": rng.normal(size=100)})
    gaps = table["sales"].to_numpy().reshape(50, 2) @ [1, -1]
    result = match_customers(table, covariates="visits", correct=False, **SALES)
    assert result.effect == pytest.approx(gaps.mean())
    assert result.se == pytest.approx(gaps.std() / np.sqrt(50))


@pytest.mark.slow
@pytest.mark.parametrize("target", ["ate", "att"])
def test_matching_on_the_propensity_covers_at_least_as_often_as_it_says(draw_campaign, target):
    truth = {"ate": 1.0, "att": 1.150}[target]
    options = {"covariates": ["visits", "distance", "card"], "on": "propensity", "target": target, **SALES}
    results = [match_customers(draw_campaign(seed), **options) for seed in range(100)]
    assert sum(r.low <= truth <= r.high for r in results) >= stats.binom.ppf(0.0005, 100, 0.95)


def test_two_controls_that_serve_all_the_treated_are_no_estimate():
    rng = np.random.default_rng(2)
    treated = pd.DataFrame({"visits": rng.normal(5, 0.1, 40), "invited": True})
    near = pd.DataFrame({"visits": [5.0, 5.01, *rng.normal(0, 0.1, 38)], "invited": False})
    table = pd.concat([treated, near], ignore_index=True).assign(sales=rng.normal(size=80))
    result = match_customers(table, covariates="visits", correct=False, **SALES)
    assert result.details["most_used"] > 15
    assert np.isnan(result.se) and result.warnings[0].startswith("no estimate")  # two controls carry nothing
    assert any("the matched customers count like 2" in text for text in result.warnings)


def test_imbalance_left_after_matching_is_named():
    table = pd.DataFrame({"visits": np.r_[np.arange(20.0, 70), np.arange(50)], "invited": np.repeat([True, False], 50)})
    result = match_customers(table.assign(sales=1.0), covariates="visits", **SALES)
    assert any("still unbalanced after matching: visits" in text for text in result.warnings)


def test_many_equal_customers_are_held_once():
    # 40,000 customers at six places: every pair would be 400 million links.
    rng = np.random.default_rng(3)
    visits = rng.integers(0, 6, 40_000)
    table = pd.DataFrame({"visits": visits, "invited": rng.random(40_000) < 0.1 + 0.1 * visits})
    table["sales"] = visits + table["invited"] + rng.normal(size=40_000)
    result = match_customers(table, covariates="visits", **SALES)
    assert result.low < 1 < result.high
    assert result.se < 0.03


def test_customers_who_repeat_are_named_here_too(draw_campaign):
    table = pd.concat([draw_campaign(0)] * 2)
    assert any("customers repeat" in text for text in match_customers(table, covariates="visits", **SALES).warnings)


def test_more_matches_than_customers_are_refused(draw_campaign):
    table = draw_campaign(0, n=60)
    with pytest.raises(ValueError, match="the size of the group matched from; found 61"):
        match_customers(table, covariates="visits", k=61, **SALES)
    with pytest.raises(TableError, match="interval needs two"):
        match_customers(table.assign(invited=True), covariates="visits", **SALES)
