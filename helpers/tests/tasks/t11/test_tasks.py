"""Exercise 11: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.prepare.clean import clean_receipts, inspect_receipts
from loyalty.prepare.profile import build_profile
from loyalty.tables.check import check_table
from loyalty.tables.contracts import RECEIPTS
from loyalty.tasks import check
from loyalty.tasks.t11.scene import EXERCISE, TOLD, lose_cards, receive_export


@pytest.fixture(scope="module")
def receipts():
    return receive_export(EXERCISE)[0]


@pytest.fixture(scope="module")
def cleaned(receipts):
    return clean_receipts(receipts, **TOLD)


def deliver(result, **changes):
    clean = result.clean.assign(**changes)
    return clean, result.removed, clean.sales.sum()


@pytest.fixture(scope="module")
def careless(receipts):
    """Cleaned without being told the tax and the staff's discount."""
    return clean_receipts(receipts, zone=TOLD["zone"])


def test_the_helper_gives_the_right_answers(receipts, cleaned):
    assert check("11c", deliver(cleaned)).status == "right"
    best = cleaned.clean.groupby("customer_id").sales.sum().nlargest(10)
    assert check("11d", best.reset_index()).status == "right"
    quality = inspect_receipts(receipts, **TOLD)
    resent = quality.findings.set_index("finding").loc["resend"]
    assert check("11a", (resent.lines, resent.money)).status == "right"
    asked = quality.findings[quality.findings.treatment == "ask"].money.sum()
    assert check("11e", "send" if asked <= 0.005 * cleaned.clean.sales.sum() else "hold").status == "right"


def test_the_clean_table_keeps_the_contract_and_gives_a_profile(cleaned):
    check_table(cleaned.clean, RECEIPTS)
    profile = build_profile(cleaned.clean, "2023-07-01")
    assert len(profile) == cleaned.clean.customer_id.nunique()
    assert profile.monetary.sum() == pytest.approx(cleaned.clean.sales.sum(), abs=0.01)


def test_dropping_true_repeat_purchases_is_named(receipts, cleaned):
    day = receipts.time.dt.normalize()
    copies = receipts[receipts.assign(day=day).duplicated(["customer_id", "day", "sales"])]
    assert check("11a", (len(copies), copies.sales.sum())).mistake == "dedup_on_card_day_sum"
    clean = cleaned.clean
    twice = clean.assign(day=clean.time.dt.normalize()).duplicated(["customer_id", "day", "sales"])
    kept = clean[~twice]
    removed = pd.concat([cleaned.removed, clean[twice]])
    assert check("11c", (kept, removed, kept.sales.sum())).mistake == "true_repeats_dropped"


def test_returns_as_purchases_are_named(cleaned):
    assert check("11c", deliver(cleaned, sales=cleaned.clean.sales.abs())).mistake == "returns_as_purchases"
    gross = cleaned.clean.assign(sales=cleaned.clean.sales.abs()).groupby("customer_id").sales.sum().nlargest(10)
    assert check("11d", gross.reset_index()).mistake == "returns_as_purchases"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("left_out", "mistake"),
    [("zone", "dates_by_utc"), ("staff_discount", "staff_left"), ("vat_rate", "without_tax")],
)
def test_what_is_not_told_is_not_found_and_is_named(receipts, left_out, mistake):
    told = {name: value for name, value in TOLD.items() if name != left_out}
    assert check("11c", deliver(clean_receipts(receipts, **told))).mistake == mistake


def test_days_by_utc_and_hours_added_are_named(receipts):
    web = receipts[receipts.store_id == 0]
    late = web.groupby("file").time.apply(lambda times: (times.dt.hour < 5).mean())
    month = web[web.file == late.idxmax()]
    for hours, mistake in ((0, "dates_by_utc"), (4, "wrong_direction")):
        local = month.time + pd.Timedelta(hours=hours)
        assert check("11b", month[local.dt.day_of_week == 6].sales.sum()).mistake == mistake


def test_day_and_month_swapped_are_named(receipts, cleaned):
    lines = cleaned
    stamped = lines.clean.merge(
        receipts[["file", "file_line", "time"]], on=["file", "file_line"], suffixes=("", "_raw")
    )
    swapped = stamped.corrected.str.contains("day and month")
    time = stamped.time.mask(swapped, stamped.time_raw).to_numpy()
    assert check("11c", deliver(lines, time=time)).mistake == "day_and_month_swapped"


def test_the_cashiers_own_card_among_the_top_ten_is_named(cleaned):
    card = cleaned.removed[cleaned.removed.reason == "cashier's card"]
    lines = pd.concat([cleaned.clean, card])
    top = lines.groupby("customer_id").sales.sum().nlargest(10)
    assert check("11d", top.reset_index()).mistake == "cashiers_card_on_top"
    rest = cleaned.removed[cleaned.removed.reason != "cashier's card"]
    assert check("11c", (lines, rest, lines.sales.sum())).mistake == "cashiers_card_left"


def test_lost_lines_missing_columns_and_a_sum_that_is_not_the_tables_are_told(cleaned):
    clean, removed, net = deliver(cleaned)
    assert "lines are lost" in check("11c", (clean, removed.head(0), net)).message
    assert "`file_line` in removed" in check("11c", (clean, removed.drop(columns="file_line"), net)).message
    assert "your clean table sum to" in check("11c", (clean, removed, net + 1_000)).message
    assert "Three things were asked" in check("11c", (clean, removed)).message
    assert "should be tables" in check("11c", (clean, 3, net)).message


def test_two_mistakes_at_once_are_described_and_ascribed_to_none(careless):
    result = check("11c", deliver(careless))
    assert result.mistake is None
    assert "lines wrongly kept" in result.message and "lines with wrong money" in result.message


def test_a_lost_card_is_followed_by_a_new_one_of_the_same_person():
    lines = pd.DataFrame({"customer_id": [1, 1, 2, 2] * 50, "time": pd.to_datetime(["2023-01-05", "2024-12-30"] * 100)})
    cards = lose_cards(lines, pd.Timestamp("2024-12-31"), share=1.0)
    assert set(cards["card"]) == {1, 2, 100_001, 100_002}
    assert (cards.loc[cards["time"] < "2023-12-01", "card"] < 100_000).all()
    assert (lose_cards(lines, pd.Timestamp("2024-12-31"), share=0.0)["card"] == lines["customer_id"]).all()
