"""Exercise 02: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.tasks import check
from loyalty.tasks.t02.scene import TWICE, list_stores, open_autumn, open_spring, read_autumn, write_plan


@pytest.fixture(scope="module")
def raw():
    return open_autumn().receipts


@pytest.fixture(scope="module")
def sheets():
    return read_autumn()


@pytest.fixture(scope="module")
def october(sheets):
    return sheets.receipts[sheets.receipts.month == "2024-10"]


def test_the_text_of_excel_and_the_table_that_was_read_are_the_same(raw, sheets):
    numbers = raw.sales.str.replace(",", ".").astype(float)
    assert numbers.tolist() == sheets.receipts.sales.tolist()
    assert pd.to_datetime(raw.day, format="%d/%m/%Y").tolist() == sheets.receipts.day.tolist()
    assert not raw.sales.str.contains(r"\.").any()
    assert open_spring().stores.store_id.is_unique


def test_one_store_stands_twice_in_the_sheet_of_autumn(sheets):
    assert sheets.stores[sheets.stores.duplicated()].store_id.tolist() == [TWICE]


def test_a_notebook_that_was_not_restarted_is_named():
    assert check("02a", 400).status == "right"
    assert check("02a", 100).mistake == "no_restart"
    assert check("02a", 50).mistake == "memory_kept"


def test_text_that_looks_like_a_number_is_named(raw):
    assert check("02b", raw.sales.str.replace(",", ".").astype(float).sum()).status == "right"
    assert "one long text" in check("02b", raw.sales.sum()).message
    assert check("02b", pd.to_numeric(raw.sales, errors="coerce").sum()).mistake == "unreadable_dropped"
    assert check("02b", raw.sales.str.replace(",", "").astype(int).sum()).mistake == "comma_dropped"


def test_dates_that_are_swapped_or_compared_as_text_are_named(raw):
    swapped = pd.to_datetime(raw.day, format="mixed", dayfirst=False)
    assert check("02c", (swapped.dt.strftime("%Y-%m") == "2024-10").sum()).mistake == "day_and_month_swapped"
    text = raw[(raw.day >= "01/10/2024") & (raw.day <= "31/10/2024")]
    assert check("02c", len(text)).mistake == "compared_as_text_to_the_31st"
    right = pd.to_datetime(raw.day, dayfirst=True)
    assert check("02c", int((right.dt.month == 10).sum())).status == "right"
    assert check("02c", int(right.between("2024-10-01", "2024-10-30").sum())).mistake == "last_day_lost"


def test_or_in_the_place_of_and_is_named(october):
    online = october.store_id == 0
    large = october.sales >= 7.99
    assert check("02d", len(october[online & large])).status == "right"
    assert check("02d", len(october[online | large])).mistake == "or_for_and"
    assert check("02d", len(october[online & (october.sales > 7.99)])).mistake == "equal_left_out"


def test_a_condition_without_its_brackets_is_not_called_a_missing_condition(october):
    found = check("02d", len(october[october.store_id == 0 & (october.sales >= 7.99)]))
    assert found.mistake == "only_online"
    assert "or its brackets are" in found.message


def test_another_month_is_named(sheets):
    receipts = sheets.receipts.merge(list_stores(), on="store_id")
    for month, name in (("2024-08", "august"), ("2024-09", "september")):
        mine = receipts[receipts.month == month]
        assert check("02e", mine[mine.region == "east"].sales.sum()).mistake == name
        assert check("02g", round(mine.sales.sum() / len(sheets.customers), 2)).mistake == name
    september = receipts[receipts.month == "2024-09"]
    assert check("02d", len(september[(september.store_id == 0) & (september.sales >= 7.99)])).mistake == "september"
    assert check("02c", len(september)).mistake == "september"


def test_a_merge_that_multiplies_rows_is_named(sheets, october):
    joined = october.merge(sheets.stores, on="store_id", how="left")
    assert len(joined) > len(october)
    assert check("02e", joined[joined.region == "east"].sales.sum()).mistake == "rows_multiplied"
    assert check("02e", joined.groupby("region").sales.sum()["east"]).mistake == "rows_multiplied"
    lost = sheets.stores.drop_duplicates(keep=False)
    east = october.merge(lost, on="store_id").query("region == 'east'").sales.sum()
    assert check("02e", east).mistake == "store_left_out"


def test_customers_without_receipts_that_are_lost_or_empty_are_named(sheets, october):
    spent = october.groupby("customer_id", as_index=False).sales.sum()
    listed = sheets.customers.merge(spent, on="customer_id", how="left")
    assert check("02f", sheets.customers.merge(spent, on="customer_id")).mistake == "non_buyers_lost"
    assert check("02f", listed).mistake == "empty_for_zero"
    assert check("02f", listed.fillna({"sales": 0})).status == "right"
    assert check("02g", listed.sales.mean()).mistake == "empty_skipped"
    assert check("02g", listed.sales.fillna(0).mean()).status == "right"
    assert check("02g", round(october.sales.mean(), 2)).mistake == "per_receipt"


def test_one_row_for_each_receipt_is_told_from_one_for_each_customer(sheets, october):
    rows = sheets.customers.merge(october, on="customer_id", how="left").fillna({"sales": 0})
    assert "several rows" in check("02f", rows[["customer_id", "sales"]]).message
    assert check("02f", october.groupby("customer_id").sales.sum()).mistake == "non_buyers_lost"


def test_a_long_or_turned_table_is_told(sheets):
    sums = sheets.receipts.groupby(["customer_id", "month"]).sales.sum()
    assert "long" in check("02h", sums).message
    assert "long" in check("02h", sums.reset_index()).message
    assert "turned" in check("02h", sums.unstack(fill_value=0).T).message
    wide = sums.unstack(fill_value=0)
    assert "Leave out total" in check("02h", wide.assign(total=wide.sum(axis=1))).message
    assert "one number for each customer" in check("02h", sheets.receipts.groupby("customer_id").sales.sum()).message
    days = sheets.receipts.pivot_table(index="customer_id", columns="day", values="sales", aggfunc="sum", fill_value=0)
    assert "single days" in check("02h", days).message


def test_the_mean_of_means_is_named(october):
    assert check("02g", october.groupby("customer_id").sales.mean().mean()).mistake == "mean_of_means"


def test_a_pivot_without_sum_or_without_fill_is_named(sheets):
    pivot = sheets.receipts.pivot_table
    cells = {"index": "customer_id", "columns": "month"}
    assert check("02h", pivot(**cells, values="sales")).mistake == "mean_by_default_and_empty"
    assert check("02h", pivot(**cells, values="sales", aggfunc="sum")).mistake == "empty_for_zero"
    assert check("02h", pivot(**cells, values="sales", fill_value=0)).mistake == "mean_by_default"
    assert check("02h", pivot(**cells, values=["sales"], aggfunc="sum", fill_value=0)).status == "right"
    grouped = sheets.receipts.groupby(["customer_id", "month"]).sales.sum().unstack(fill_value=0)
    assert check("02h", grouped).status == "right"


def test_a_sorting_that_was_not_kept_is_named(october):
    sums = october.groupby("customer_id").sales.sum()
    sums.sort_values(ascending=False)
    assert check("02i", list(sums.head(5).index)).mistake == "sorting_not_kept"
    assert check("02i", list(sums.sort_values().head(5).index)).mistake == "smallest_first"
    rows = october.sort_values("sales", ascending=False)
    assert "rows_sorted" in check("02i", rows.customer_id.head(5)).mistake.split(" or ")
    assert check("02i", sums.nlargest(5).index).status == "right"
    table = october.groupby("customer_id", as_index=False).sales.sum().sort_values("sales", ascending=False).head(5)
    assert check("02i", table.customer_id.tolist()).status == "right"
    assert check("02i", table.sales.tolist()).mistake == "amounts_for_ids"
    assert "column `customer_id`" in check("02i", table.sales.tolist()).message
    assert check("02i", table.index.tolist()).mistake == "row_numbers"


@pytest.fixture(scope="module")
def quarter(sheets):
    """Sales and plan by region and month."""
    plan = write_plan().set_index("region")
    sold = sheets.receipts.merge(list_stores(), on="store_id")
    return sold.pivot_table(index="region", columns="month", values="sales", aggfunc="sum").loc[plan.index], plan


def least(shares: pd.Series) -> tuple[str, float]:
    return shares.idxmin(), round(shares.min() * 100, 1)


def test_the_plan_is_judged_by_the_sums_and_not_by_the_mean_of_the_months(quarter):
    sold, plan = quarter
    reached = sold.sum(axis=1) / plan.sum(axis=1)
    assert check("02j", least(reached)).status == "right"
    assert check("02j", (reached.idxmin().upper(), reached.min() * 100)).status == "right"
    assert check("02j", least((sold / plan).mean(axis=1))).mistake == "mean_of_months"
    assert check("02j", least((sold / plan).min(axis=1))).mistake == "september_alone"
    assert check("02j", least(sold["2024-10"] / plan["2024-10"])).mistake == "october_alone"
    assert check("02j", least(sold["2024-08"] / plan["2024-08"])).mistake == "august_alone"
    assert check("02j", least(sold.sum(axis=1) / plan["2024-10"])).mistake == "plan_of_october"
    assert check("02j", (reached.idxmax(), round(reached.max() * 100, 1))).mistake == "largest_share"
    assert check("02j", (reached.idxmin(), reached.min())).mistake == "fraction"


def test_a_region_without_its_share_or_beside_another_share_is_not_right(quarter):
    sold, plan = quarter
    reached = sold.sum(axis=1) / plan.sum(axis=1)
    region, share = least(reached)
    assert "Two things" in check("02j", region).message
    assert "comes first" in check("02j", (share, region)).message
    assert "four regions" in check("02j", ("west", share)).message
    for other in set(reached.index) - {region}:
        found = check("02j", (other, share))
        assert (found.status, found.mistake) == ("wrong", None)
    assert check("02j", (region, 70.0)).mistake is None
    assert "could not be read" not in check("02j", (region, 70.0)).message
    assert check("02j", (region, 78)).mistake == "too_coarse"
    assert check("02j", ("south", 78)).mistake is None  # beside another region nothing is right but rounded


def test_a_plan_that_repeats_for_each_receipt_is_named(sheets):
    plan = write_plan().melt(id_vars="region", var_name="month", value_name="plan")
    receipts = sheets.receipts.merge(list_stores(), on="store_id")
    sums = receipts.merge(plan, on=["region", "month"]).groupby("region")[["sales", "plan"]].sum()
    share = sums.sales / sums.plan
    assert check("02j", (share.idxmin(), share.min() * 100)).mistake == "plan_repeated"
    twice = sheets.receipts.merge(sheets.stores, on="store_id").groupby("region").sales.sum()
    whole = plan.groupby("region").plan.sum()
    assert check("02j", least(twice / whole)).mistake == "store_twice_or_other_region"
