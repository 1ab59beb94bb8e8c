"""The cohort triangle: everybody in one cohort, money complete, months that are not over blank."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.datasets.loaders import cdnow
from loyalty.segment.rank import build_cohorts
from loyalty.stats.intervals import wilson
from loyalty.tables.check import TableError


def make_lines(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "time", "sales"])
    return table.assign(time=pd.to_datetime(table["time"], format="ISO8601"))


@pytest.fixture(scope="module")
def cohorts():
    return build_cohorts(cdnow().receipts)


def test_the_three_cohorts_of_cdnow_are_those_of_the_published_file(cohorts):
    # Fader and Hardie: 23,570 people whose first purchase was in the first quarter of 1997, seen to June 1998
    assert cohorts.sizes.sum() == 23_570 and list(cohorts.sizes.index) == ["1997-01", "1997-02", "1997-03"]
    assert cohorts.table.groupby("cohort").age.max().tolist() == [17, 16, 15]
    assert cohorts.table.complete.all() and (cohorts.to_frame("share")[0] == 1).all()


def test_a_cell_is_who_came_and_its_interval_is_wilsons(cohorts):
    lines = cdnow().receipts.assign(month=lambda t: t.time.dt.to_period("M"))
    first = lines.groupby("customer_id").month.min()
    february = first[first == pd.Period("1997-02")].index
    came = lines[(lines.month == pd.Period("1997-06")) & lines.customer_id.isin(february)].customer_id.nunique()
    cell = cohorts.table.query("cohort == '1997-02' and age == 4").iloc[0]
    assert (cell.customers, cell.came) == (len(february), came)
    ends = [float(end) for end in wilson(came / len(february), len(february))]
    assert [cell.low, cell.high] == pytest.approx(ends)


def test_the_money_of_all_cells_is_that_of_the_receipts(cohorts):
    assert cohorts.table.money.sum() == pytest.approx(cdnow().receipts.sales.sum())


def test_months_that_are_not_over_are_blank_and_later_ones_have_no_cell():
    lines = make_lines([(1, "2024-01-05", 5.0), (1, "2024-03-10", 2.0), (2, "2024-02-29 23:59", 4.0)])
    found = build_cohorts(lines)
    last = found.table.query("age == 2").iloc[0]
    assert not last.complete and np.isnan(last.share) and last.came == 1
    assert any("month of 2024-03 is not over" in text for text in found.warnings)
    triangle = build_cohorts(lines, until="2024-04-01").to_frame("share")
    assert triangle.loc["2024-01"].tolist() == [1, 0, 1]
    assert triangle.loc["2024-02"].tolist()[:2] == [1, 0] and np.isnan(triangle.loc["2024-02", 2])
    assert build_cohorts(lines, until="2024-03-01").table.age.max() == 1


def test_the_turn_of_the_year_is_a_month_like_any_other():
    lines = make_lines([(1, "2023-12-31 23:00", 5.0), (1, "2024-01-01 01:00", 2.0)])
    assert build_cohorts(lines, until="2024-02-01").to_frame("came").loc["2023-12"].tolist() == [1, 1]


def test_returns_are_no_purchase_and_their_money_is_not_lost():
    lines = make_lines(
        [(1, "2024-01-05", -5.0), (1, "2024-02-05", 9.0), (1, "2024-03-05", -1.0), (2, "2024-01-07", -3.0)]
    )
    found = build_cohorts(lines, until="2024-04-01")
    assert found.sizes.to_dict() == {"2024-02": 1}
    assert found.to_frame("came").loc["2024-02"].tolist() == [1, 0]
    assert found.table.money.sum() + found.only_returns == pytest.approx(lines.sales.sum())
    assert found.only_returns == -3 and any("only returned" in text for text in found.warnings)


def test_a_first_cohort_of_older_customers_and_small_cohorts_are_said():
    lines = make_lines([(i, "2024-01-05", 1.0) for i in range(100)] + [(200 + i, "2024-02-05", 1.0) for i in range(10)])
    warnings = build_cohorts(lines, until="2024-03-01").warnings
    assert any("most of the first cohort are older customers" in text for text in warnings)
    assert any("fewer than 30" in text for text in warnings)


def test_pooling_counts_customers_and_not_cohorts(cohorts):
    pooled = cohorts.pool(months=16).set_index("age")
    cells = cohorts.table.query("age == 16")
    assert pooled.cohorts[16] == 2 and pooled.customers[16] == cells.customers.sum()
    assert pooled.share[16] == pytest.approx(cells.came.sum() / cells.customers.sum())
    assert pooled.low[16] < pooled.share[16] < pooled.high[16]


@pytest.mark.slow
def test_all_engines_and_both_kinds_of_ids_give_the_same_triangle(tmp_path, cohorts):
    lines = cdnow().receipts[["customer_id", "time", "sales"]]
    lines.to_parquet(tmp_path / "lines.parquet")
    for source in (duckdb.from_df(lines), str(tmp_path / "lines.parquet")):
        pd.testing.assert_frame_equal(build_cohorts(source).table, cohorts.table)
    text = lines.assign(customer_id=lines.customer_id.map("c{}".format))
    assert build_cohorts(text).table.came.tolist() == cohorts.table.came.tolist()


def test_the_picture_and_the_card_leave_blank_what_is_not_over(cohorts):
    ax = cohorts.plot()
    cells = [text for text in ax.texts if text.get_text().isdigit()]
    assert len(cells) == cohorts.table.complete.sum()
    assert "1997-02" in cohorts._repr_html_() and ax.get_xlabel() == "months since the first purchase"
    with pytest.raises(TableError, match="one of share"):
        cohorts.to_frame("customers")


def test_the_colours_begin_with_the_month_after_the_first(cohorts):
    share = cohorts.to_frame("share")
    assert cohorts.plot().collections[0].get_clim() == pytest.approx((0, 100 * share.loc[:, 1:].max().max()))


def test_no_receipt_no_purchase_and_a_day_before_all_are_refused_in_words():
    lines = make_lines([(1, "2024-01-05", 5.0)])
    with pytest.raises(TableError, match="nobody bought"):
        build_cohorts(lines, until="2023-01-01")
    with pytest.raises(TableError):
        build_cohorts(lines.head(0))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 6), st.integers(0, 300), st.sampled_from([5.0, 1.0, -2.0, 0.0])),
        min_size=1,
        max_size=40,
    )
)
def test_everybody_who_bought_is_in_one_cohort_and_no_money_is_lost(rows):
    lines = make_lines([(who, pd.Timestamp("2023-06-15") + pd.Timedelta(days=day), paid) for who, day, paid in rows])
    buyers = lines[lines.sales >= 0].customer_id.nunique()
    if not buyers:
        return
    found = build_cohorts(lines)
    assert found.sizes.sum() == buyers
    assert found.table.money.sum() + found.only_returns == pytest.approx(lines.sales.sum())
    assert (found.table.came <= found.table.customers).all() and found.table.query("age == 0").came.min() >= 1
