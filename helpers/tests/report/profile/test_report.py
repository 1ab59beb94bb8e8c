"""The report `profile`."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.intake.loading import load_tables
from loyalty.prepare.profile import build_profile
from loyalty.report.profile.report import _draw_grid, report_customers
from loyalty.tables.check import TableError


@pytest.fixture(scope="module")
def report(campaign):
    return report_customers(campaign.load(contacts=None), {"currency": "€"})


def test_shares_and_states_are_those_of_the_profile(report, campaign):
    profile = build_profile(campaign.receipts, report.results["as_of"])
    table = report.sections["segments"].to_frame()
    assert table["customers"].sum() == len(profile)
    assert table["sales"].sum() == pytest.approx(profile["monetary"].sum())
    spent = profile["monetary"].sort_values(ascending=False)
    share = spent.head(round(0.2 * len(spent))).sum() / spent.sum()
    assert f"20 % of customers bring {share:.0%} of sales".replace("0%", "0 %")[:24] in report.card.verdict
    assert report.card.verdict == f"20 % of customers bring {100 * share:.0f} % of sales"


def test_the_date_is_the_day_after_the_last_receipt_unless_it_is_set(report, campaign):
    last = campaign.receipts["time"].max().normalize()
    assert report.results["as_of"] == f"{last + pd.Timedelta(days=1):%Y-%m-%d}"
    checks = report.sheets["checks"].set_index("check")["what was found"]
    assert "because as_of was not set" in checks["Date of the report"]
    earlier = report_customers(campaign.load(contacts=None), {"as_of": "2023-03-01"})
    assert earlier.results["profile"]["as_of"].iloc[0] == pd.Timestamp("2023-03-01")


def test_minimum_columns_are_enough_and_each_missing_one_is_named_with_what_it_unlocks(campaign):
    small = report_customers(load_tables({"receipts": campaign.receipts[["customer_id", "time", "sales"]]}), {})
    unlocks = small.sections["skipped"].to_frame()["what unlocks it"].tolist()
    assert "the column basket_id in receipts" in unlocks and "the table customers" in unlocks
    assert "the column margin in receipts" in unlocks


def test_nobody_who_came_twice_is_said_and_is_no_error():
    once = pd.DataFrame({"customer_id": range(30), "time": pd.Timestamp("2026-01-05"), "sales": 10.0})
    report = report_customers(load_tables({"receipts": once}), {"as_of": "2026-02-01"})
    assert "Nobody bought on two different days" in report.card.headline
    assert set(report.charts) == {"grid"}


def test_small_groups_are_hidden_in_table_and_grid():
    days = pd.date_range("2025-01-01", periods=50, freq="7D")
    rows = [(f"a{i}", day) for i in range(40) for day in days] + [(f"b{i}", days[0]) for i in range(3)]
    receipts = pd.DataFrame(rows, columns=["customer_id", "time"]).assign(sales=5.0)
    report = report_customers(load_tables({"receipts": receipts}), {})
    counts = report.sections["segments"].to_frame()["customers"].tolist()
    assert "<5" in counts and 3 not in counts and 40 not in counts, "the total would give the three away"
    assert not {1, 2, 3, 4} & {
        v for v in report.sections["grid"].to_frame().iloc[:, 1:].to_numpy().ravel() if v != "<5"
    }
    for chart in report.charts.values():
        assert chart() is not None


@pytest.mark.slow
def test_the_card_does_not_tell_what_the_table_hides():
    days = pd.date_range("2025-01-01", periods=50, freq="7D")
    rows = [(f"a{i}", day) for i in range(40) for day in days] + [(f"n{i}", days[-1]) for i in range(3)]
    rows += [(f"q{i}", day) for i in range(10) for day in days[:20]]
    receipts = pd.DataFrame(rows, columns=["customer_id", "time"]).assign(sales=5.0)
    report = report_customers(load_tables({"receipts": receipts}), {})
    counts = report.sections["segments"].to_frame().set_index("segment")["customers"]
    assert report.card.headline.startswith("10 of 53 customers")
    assert counts.to_dict() == {"new": "<5", "active": "hidden", "gone quiet": 10}
    few = report_customers(
        load_tables({"receipts": receipts[~receipts["customer_id"].isin(["q0", "q1", "q2", "q3", "q4", "q5", "q6"])]}),
        {},
    )
    assert few.sheets["summary"].set_index("what")["value"]["Gone quiet"] == "<5"


def test_the_title_of_the_grid_does_not_tell_what_a_cell_hides():
    grid = pd.DataFrame(10, index=range(5, 0, -1), columns=range(1, 6))
    assert _draw_grid(grid).get_title(loc="left").startswith("40 customers used to come often")
    grid.loc[1, 4], grid.loc[5, 1] = 2, 3
    assert _draw_grid(grid).get_title(loc="left").startswith("At least 30 customers used to come often")


def test_a_date_far_ahead_does_not_become_the_day_of_the_report(campaign):
    ahead = campaign.receipts.copy()
    last = ahead["time"].max().normalize()
    ahead.loc[ahead.index[:3], "time"] = [last + pd.Timedelta(days=n) for n in (200, 230, 230)]
    says = f"3 rows are dated from {last + pd.Timedelta(days=200):%Y-%m-%d} on, 200 days after all others"
    with pytest.raises(TableError, match=f"{says}.*as_of={last + pd.Timedelta(days=1):%Y-%m-%d}"):
        report_customers(campaign.load(receipts=ahead, contacts=None), {})
    set_to = report_customers(campaign.load(receipts=ahead, contacts=None), {"as_of": f"{last:%Y-%m-%d}"})
    assert set_to.results["as_of"] == f"{last:%Y-%m-%d}"


def test_fewer_than_five_customers_are_not_described():
    few = pd.DataFrame({"customer_id": range(4), "time": pd.Timestamp("2026-01-05"), "sales": 10.0})
    with pytest.raises(TableError, match="fewer than 5 customers: a report would show single persons"):
        report_customers(load_tables({"receipts": few}), {})


def test_receipts_without_a_date_before_as_of_are_refused(campaign):
    with pytest.raises(TableError, match="lie before as_of 2020-01-01"):
        report_customers(campaign.load(contacts=None), {"as_of": "2020-01-01"})


@pytest.mark.parametrize(("days", "is_judged"), [(11, False), (83, False), (84, True)])
def test_a_short_history_calls_nobody_quiet_and_says_what_it_allows(days, is_judged):
    dates = pd.date_range("2026-01-01", periods=days)
    rows = [(customer, day) for customer in range(40) for day in dates[customer % 3 :: 3]]
    receipts = pd.DataFrame(rows, columns=["customer_id", "time"]).assign(sales=5.0)
    report = report_customers(load_tables({"receipts": receipts}), {})
    said = f"The receipts cover {days} days: too few to say who has gone quiet"
    assert ("segments" in report.charts) == is_judged and report.card.headline.startswith(said) != is_judged
    assert is_judged or (
        report.sections["segments"].text[0].startswith(said) and "84 days or more" in said_next(report)
    )
    assert is_judged or report.sheets["summary"].set_index("what")["value"]["Gone quiet"] is None


def said_next(report) -> str:
    return report.card.headline.split(". ")[1]


def test_the_few_who_never_bought_cannot_be_had_by_subtraction():
    days = pd.date_range("2025-01-01", periods=50, freq="7D")
    receipts = pd.DataFrame([(f"a{i}", day) for i in range(40) for day in days], columns=["customer_id", "time"])
    people = pd.DataFrame({"customer_id": [f"a{i}" for i in range(40)] + ["b1", "b2"]})
    report = report_customers(load_tables({"receipts": receipts.assign(sales=5.0), "customers": people}), {})
    summary = report.sheets["summary"].set_index("what")["value"]
    assert summary["Customers"] == 42 and summary["Customers who bought"] == "hidden"
    assert "nearly all of them bought" in str(report.card.facts) and "40" not in str(report.card.facts)
