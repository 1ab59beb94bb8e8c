"""Concentration of a table of customers: buyers and members are two answers, and zeros and returns are said."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from loyalty.datasets.loaders import cdnow
from loyalty.segment.rank import measure_concentration, rank_customers
from loyalty.tables.check import TableError


@pytest.fixture(scope="module")
def spend():
    amounts = np.r_[np.zeros(400), np.random.default_rng(3).lognormal(3, 0.8, 600)]
    return pd.DataFrame({"customer_id": np.arange(1000), "sales": amounts.round(2)})


def test_buyers_and_members_are_two_answers_and_both_are_said(spend):
    buyers, members = measure_concentration(spend), measure_concentration(spend, of="members")
    assert (buyers.customers, members.customers, members.buyers) == (600, 1000, 600)
    assert buyers.total == pytest.approx(members.total) == pytest.approx(spend.sales.sum())
    assert members.share(0.2).value > buyers.share(0.2).value
    assert members.gini.value == pytest.approx(1 - 0.6 * (1 - buyers.gini.value))  # zeros move Gini by this rule
    assert any("400 of 1,000 members have nothing" in text for text in members.warnings)


def test_several_rows_of_a_customer_are_added_up_on_any_engine(spend, tmp_path):
    expected = measure_concentration(spend).to_frame()
    halves = pd.concat([spend.assign(sales=spend.sales / 2)] * 2).sample(frac=1, random_state=1)
    halves.to_parquet(tmp_path / "spend.parquet")
    for source in (halves, duckdb.from_df(halves), str(tmp_path / "spend.parquet")):
        pd.testing.assert_frame_equal(measure_concentration(source).to_frame(), expected)


def test_customers_below_zero_are_left_out_of_buyers_and_stay_among_members(spend):
    returned = pd.concat([spend, pd.DataFrame({"customer_id": [5000], "sales": [-30.0]})])
    buyers, members = measure_concentration(returned), measure_concentration(returned, of="members")
    assert buyers.total == pytest.approx(spend.sales.sum()) and members.total == pytest.approx(spend.sales.sum() - 30)
    assert all(any("1 customer is below zero (-30.00" in text for text in one.warnings) for one in (buyers, members))


@pytest.mark.slow
def test_a_ranking_brings_its_own_value():
    lines = cdnow().receipts
    by_sales = rank_customers(lines, "1997-01-01", "1998-07-01")
    found = measure_concentration(by_sales)
    sums = lines.groupby("customer_id").sales.sum()
    assert found.buyers == (sums > 0).sum() and found.members == lines.customer_id.nunique()
    top = sums.nlargest(round(0.2 * found.buyers)).sum() / sums.sum()
    assert found.share(0.2).value == pytest.approx(top, abs=1e-4)
    assert measure_concentration(rank_customers(lines, "1997-01-01", "1998-07-01", of="receipts")).value == "receipts"


def test_the_curve_rises_from_nothing_to_all_and_passes_through_the_shares(spend):
    found = measure_concentration(spend, of="members")
    curve = found.curve
    assert curve.iloc[0].tolist() == [0, 0] and curve.iloc[-1].tolist() == pytest.approx([1, 1])
    assert curve.share.is_monotonic_increasing
    for row in found.shares.itertuples():
        assert np.interp(row.top, curve.top, curve.share) == pytest.approx(row.share, abs=1e-3)
    area = np.trapezoid(curve.share, curve.top)
    assert 2 * area - 1 == pytest.approx(found.gini.value, abs=1e-4)


def test_the_picture_and_the_card_show_the_share_with_its_interval(spend):
    found = measure_concentration(spend)
    ax = found.plot()
    share = found.share(0.2)
    assert any(f"{share.value:.0%}" in text.get_text() for text in ax.texts)
    assert ax.get_title(loc="left") == f"The best 20% bring {share.value:.0%}"
    page = found._repr_html_()
    assert "Gini coefficient" in page and "600 buyers" in page


@pytest.mark.parametrize(
    ("table", "more", "says"),
    [
        (pd.DataFrame({"customer_id": [1], "money": [2.0]}), {}, "sales"),
        (pd.DataFrame({"customer_id": [1, 2], "sales": [np.nan, 2.0]}), {}, "sales"),
        (pd.DataFrame({"customer_id": [1, 2], "sales": [np.inf, 2.0]}), {}, "infinite|sales"),
        (pd.DataFrame({"customer_id": [1, 2], "sales": [0.0, 0.0]}), {}, "nothing to share"),
        (pd.DataFrame({"customer_id": [1, 2], "sales": [-5.0, 2.0]}), {"of": "members"}, "nothing to share"),
        (pd.DataFrame({"customer_id": [1, 2], "sales": [1.0, 2.0]}), {"top": (20,)}, "above 0 and below 1"),
        (pd.DataFrame({"customer_id": [1, 2], "sales": [1.0, 2.0]}), {"of": "all"}, "`of` should be 'buyers' or"),
        ([1, 2, 3], {}, "`spend`"),
        (pd.DataFrame({"customer_id": [1], "sales": [1.0]}).head(0), {}, "no customer|empty|no row"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(table, more, says):
    with pytest.raises(TableError, match=says):
        measure_concentration(table, **more)


def test_one_customer_and_equal_customers_have_numbers_and_no_interval():
    one = measure_concentration(pd.DataFrame({"customer_id": [1], "sales": [5.0]}))
    assert one.gini.value == 0 and np.isnan(one.gini.low) and any("too few" in text for text in one.warnings)
    equal = measure_concentration(pd.DataFrame({"customer_id": range(50), "sales": 5.0}))
    assert equal.share(0.2).value == pytest.approx(0.2) and np.isnan(equal.share(0.2).low)
    with pytest.raises(TableError, match="asked for were"):
        equal.share(0.33)


@pytest.mark.slow
def test_a_million_customers_are_measured_like_a_few():
    rng = np.random.default_rng(5)
    amounts = rng.lognormal(3, 1, 1_000_000).round(2)
    found = measure_concentration(pd.DataFrame({"customer_id": np.arange(1_000_000), "sales": amounts}))
    assert len(found.curve) <= 1_001 and found.share(0.2).value == pytest.approx(0.563, abs=0.003)


def test_few_buyers_have_no_interval_and_a_ranking_is_no_problem_of_its_own():
    few = measure_concentration(pd.DataFrame({"customer_id": range(12), "sales": range(12)}))
    assert few.shares[["low", "high"]].isna().all().all() and np.isnan(few.gini.low)
    assert any("only 11 customers have" in text for text in few.warnings)
    lines = pd.DataFrame({"customer_id": range(9), "time": pd.Timestamp("2024-02-01"), "sales": 5.0})
    ranking = rank_customers(lines, "2024-01-01", "2025-01-01")
    with pytest.raises(TableError, match="top") as told:
        measure_concentration(ranking, top=0.2)
    assert "spend" not in str(told.value)
    with pytest.raises(TableError, match="measure_concentration: 1 problem"):
        measure_concentration(ranking, level=95)
    with pytest.raises(TableError, match="a number"):
        few.share("20%")


def test_doubts_of_a_share_name_this_share_alone_and_keep_the_other_warnings():
    amounts = np.random.default_rng(3).lognormal(0, 2.5, 400)
    spend = pd.DataFrame({"customer_id": range(401), "sales": [*amounts, -1.0]})
    found = measure_concentration(spend, top=(0.01, 0.2))
    assert len(found.skewness) == 1 and set(found.skewness) < set(found.warnings)
    others = [text for text in found.warnings if text not in found.skewness]
    for top in (0.01, 0.2):
        mine = [text for text in found.doubts(top) if text not in others]
        assert [text for text in found.doubts(top) if text in others] == others
        assert all(f"top {top:.0%}" in text and "Gini" not in text for text in mine)
    assert measure_concentration(spend.assign(sales=np.arange(401.0) + 9)).skewness == ()
