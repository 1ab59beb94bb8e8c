"""Each fault by hand, and what must hold for any table: every line accounted for, to the cent, in any order, once."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.prepare.clean import CleaningRules, clean_receipts, inspect_receipts
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import RECEIPTS

NOON = pd.Timestamp("2023-03-15 12:00")
LINE = {
    "customer_id": "2700000001", "time": NOON, "sales": 5.0, "basket_id": 1, "line_no": 1, "product_id": 7,
    "quantity": 1, "discount": 0.0, "kind": "sale", "store_id": 1, "till_id": 1,
}  # fmt: skip


def make(*changes: dict) -> pd.DataFrame:
    return pd.DataFrame([LINE | change for change in changes])


def reasons(table: pd.DataFrame, **told) -> list[str]:
    return clean_receipts(table, **told).removed["reason"].tolist()


def adds_up(summary: pd.DataFrame) -> bool:
    cents = (summary["money"] * 100).round().astype("int64")
    return summary["lines"].iloc[:-1].sum() == summary["lines"].iloc[-1] and cents.iloc[:-1].sum() == cents.iloc[-1]


def test_a_line_sent_twice_goes_and_a_second_purchase_of_the_same_stays():
    again = {"basket_id": 2, "time": NOON + pd.Timedelta(hours=3)}
    second_piece = {"line_no": 2}
    clean, removed, summary = clean_receipts(make({}, {}, again, second_piece))
    assert len(clean) == 3 and removed["reason"].tolist() == ["resend"]
    assert adds_up(summary)


@pytest.mark.slow
def test_two_lines_that_no_number_tells_apart_are_kept_and_asked_for():
    clean, removed, _ = clean_receipts(make({"line_no": None}, {"line_no": None}))
    assert removed.empty and clean["ask"].tolist() == ["ask", "ask"]
    assert clean["line_no"].tolist() == [1, 2] and clean["corrected"].tolist() == ["no line number"] * 2
    quality = inspect_receipts(make({"line_no": None}, {"line_no": None}))
    assert quality.findings["finding"].tolist() == ["no line number", "ask"]


@pytest.mark.slow
def test_a_cancelled_line_goes_with_the_line_that_cancels_it_and_a_lone_one_is_asked_for():
    back = {"kind": "cancel", "time": NOON + pd.Timedelta(minutes=2)}
    assert reasons(make({}, {"line_no": 2}, back)) == ["cancellation", "cancellation"]
    next_day = {"kind": "cancel", "time": NOON + pd.Timedelta(days=1)}
    clean, removed, _ = clean_receipts(make({}, next_day))
    assert removed.empty and clean["sales"].tolist() == [5.0, -5.0]
    assert clean["ask"].tolist() == ["", "lone cancellation"]


@pytest.mark.slow
def test_one_cancelling_line_takes_back_one_sale_of_that_amount_and_no_other():
    back = {"kind": "cancel", "line_no": None, "time": NOON + pd.Timedelta(minutes=2)}
    same = [
        {"line_no": None, "basket_id": 1, "discount": n} for n in range(2)
    ]  # two of one kind, told apart by a column
    clean, removed, _ = clean_receipts(make(*same, back))
    assert len(clean) == 1 and removed["reason"].tolist() == ["cancellation"] * 2
    dearer = {"line_no": None, "sales": 9.0}
    clean, removed, _ = clean_receipts(make({"line_no": None}, dearer, back))
    assert clean["sales"].tolist() == [9.0]


def test_a_line_without_a_number_gets_one_that_the_till_did_not_use():
    clean = clean_receipts(make({"line_no": None, "product_id": 8}, {"line_no": 1})).clean
    assert sorted(clean["line_no"]) == [1, 2]


def test_receipt_numbers_are_texts_in_every_month():
    assert clean_receipts(make({})).clean["basket_id"].tolist() == ["1"]


def test_one_card_given_as_a_text_is_refused():
    with pytest.raises(TableError, match=r"staff_cards should be a list of cards, found the text '27001'"):
        clean_receipts(make({}), staff_cards="27001")


def test_a_return_gets_its_minus_by_kind_and_by_quantity_and_once_only():
    by_kind = {"kind": "return", "basket_id": 2}
    by_quantity = {"quantity": -1, "basket_id": 3}
    right = {"kind": "return", "sales": -5.0, "quantity": -1, "basket_id": 4}
    table = make(by_kind, by_quantity, right)
    clean, _, summary = clean_receipts(table)
    assert clean["sales"].tolist() == [-5.0, -5.0, -5.0]
    assert clean["quantity"].tolist() == [-1, -1, -1]
    assert clean["kind"].tolist() == ["return"] * 3
    assert clean["corrected"].tolist() == ["return", "negative quantity", ""]
    assert adds_up(summary)


@pytest.mark.slow
def test_cards_of_nobody_are_seen_and_plain_numbers_of_customers_are_none():
    nobody = ["0000000000", "99999999", "1234567890", "TEST", "demo card"]
    people = ["7777", "2700000000", "12345", "latest"]
    table = make(*({"customer_id": card, "basket_id": n} for n, card in enumerate([*nobody, *people])))
    removed = clean_receipts(table).removed
    assert removed["customer_id"].tolist() == nobody and set(removed["reason"]) == {"test card"}
    numbers = make(*({"customer_id": card, "basket_id": card} for card in (1111, 2222, 99999999)))
    assert clean_receipts(numbers).removed["customer_id"].tolist() == [99999999]


def test_lines_without_a_card_are_kept_apart_and_counted():
    assert reasons(make({}, {"customer_id": None, "line_no": 2}, {"customer_id": " ", "line_no": 3})) == ["no card"] * 2


def test_cards_that_are_told_are_taken_as_told():
    table = make({}, {"customer_id": "2700000002", "basket_id": 2}, {"customer_id": "2700000003", "basket_id": 3})
    assert reasons(table, staff_cards=["2700000002"], test_cards=[2700000003]) == ["staff card", "test card"]


@pytest.mark.slow
def test_the_staffs_discount_on_nearly_every_line_makes_an_employee():
    lines = [{"basket_id": n, "sales": 8.5, "discount": 1.5, "time": NOON + pd.Timedelta(days=n)} for n in range(9)]
    assert set(reasons(make(*lines), staff_discount=0.15)) == {"staff card"}
    assert reasons(make(*lines), staff_discount=0.20) == []
    assert reasons(make(*lines[:7]), staff_discount=0.15) == []


def make_shop(cashiers: list[str], card_at: list[str]) -> pd.DataFrame:
    """A store of 600 receipts of many customers, and one card with three receipts on each of ten days."""
    others = [
        {"customer_id": f"27{n:08}", "basket_id": 1_000 + n, "time": NOON + pd.Timedelta(minutes=37 * n)}
        | {"cashier": cashiers[n % len(cashiers)]}
        for n in range(600)
    ]
    rows = [(day, number) for day in range(10) for number in range(3)]
    own = [
        {"customer_id": "2699999999", "basket_id": n, "time": NOON + pd.Timedelta(days=day, hours=number)}
        | {"cashier": card_at[n % len(card_at)]}
        for n, (day, number) in enumerate(rows)
    ]
    return make(*others, *own)


@pytest.mark.slow
def test_many_receipts_a_day_at_one_of_several_cashiers_are_the_cashiers_card():
    three = ["Anna", "Boris", "Vera"]
    assert set(reasons(make_shop(three, ["Anna"]))) == {"cashier's card"}
    assert reasons(make_shop(three, three)) == []


def test_a_faithful_customer_of_the_cashier_who_sits_most_of_the_time_is_none():
    assert reasons(make_shop(["Anna"] * 8 + ["Boris", "Vera"], ["Anna"])) == []


@pytest.mark.slow
@pytest.mark.parametrize("cashiers", [["Anna"], ["Anna", "Boris"]])
def test_where_a_store_has_one_cashier_or_two_a_faithful_customer_is_none_and_this_is_said(cashiers):
    table = make_shop(cashiers, ["Anna"])
    assert reasons(table) == []
    quality = inspect_receipts(table)
    assert any("cashier's card" in text and "3 or more cashiers" in text for text in quality.warnings)


@pytest.mark.slow
def test_a_discount_that_many_cards_have_is_not_the_staffs():
    cards = [{"customer_id": f"27{card:08}", "basket_id": 100 * card + n} for card in range(40) for n in range(9)]
    table = make(
        *({"sales": 8.5, "discount": 1.5, "time": NOON + pd.Timedelta(days=n % 9)} | row for n, row in enumerate(cards))
    )
    assert reasons(table, staff_discount=0.15) == []
    assert any("40 of 40 cards" in text for text in inspect_receipts(table, staff_discount=0.15).warnings)


def test_line_numbers_that_are_all_one_make_no_copies_of_true_lines():
    receipts = [{"basket_id": n, "product_id": goods, "line_no": 1} for n in range(5) for goods in (7, 7, 8)]
    clean, removed, _ = clean_receipts(make(*receipts))
    assert removed.empty and (clean["ask"] == "ask").sum() == 10


@pytest.mark.slow
def test_money_with_three_decimals_adds_up():
    table = make({"sales": 1.005}, {"sales": 2.0125, "basket_id": 2}, {"sales": 3.0, "basket_id": 3})
    _, _, summary = clean_receipts(table)
    assert summary["money"].iloc[0] == pytest.approx(6.0175) and inspect_receipts(table).money == pytest.approx(6.0175)


def test_day_and_month_change_back_where_the_month_of_the_file_says_so():
    march = pd.Timestamp("2023-03-01")
    table = make(
        {"time": pd.Timestamp("2023-05-03 12:00"), "file_month": march},  # 5 March
        {"time": pd.Timestamp("2023-07-03 12:00"), "file_month": march, "basket_id": 4},
        {"time": pd.Timestamp("2023-09-03 12:00"), "file_month": march, "basket_id": 5},
        {"time": pd.Timestamp("2023-03-03 12:00"), "file_month": march, "basket_id": 2},  # the same either way
        {"time": pd.Timestamp("2023-04-01 00:30"), "file_month": march, "basket_id": 3},  # just after midnight
    )
    clean = clean_receipts(table).clean
    found = clean["time"].dt.strftime("%d.%m. %H:%M").tolist()
    assert found == ["05.03. 12:00", "07.03. 12:00", "09.03. 12:00", "03.03. 12:00", "01.04. 00:30"]
    assert clean["corrected"].tolist() == ["day and month"] * 3 + ["", ""]


def test_one_day_of_the_next_month_in_a_file_is_no_change_of_day_and_month():
    january = pd.Timestamp("2023-01-01")
    late = [{"time": pd.Timestamp("2023-02-01 09:00"), "file_month": january, "basket_id": n} for n in range(9)]
    assert (clean_receipts(make(*late)).clean["corrected"] == "").all()


def test_a_receipt_number_that_comes_again_is_a_receipt_of_its_own_and_a_return_under_it_is_none():
    month = pd.Timedelta(days=30)
    other = {"customer_id": "2700000002", "time": NOON + month}
    back = {"kind": "return", "time": NOON + pd.Timedelta(days=3), "line_no": 2}
    clean = clean_receipts(make({}, other, back)).clean
    assert clean["basket_id"].tolist() == ["1", "1+1", "1"]
    assert clean["corrected"].tolist() == ["", "number anew", "return"]


def make_chain(seed: int = 1) -> pd.DataFrame:
    """Three stores, three months, forty receipts a store and day's week, by a process that is not the world's."""
    rng = np.random.default_rng(seed)
    size = 9_000
    prices = rng.uniform(1, 20, 40).round(1)
    product = rng.integers(0, 40, size)
    quantity = rng.choice([1, 1, 2, 3], size)
    day = rng.integers(0, 90, size)
    hour = np.clip(rng.normal(11, 2, size), 7, 19)
    time = pd.Timestamp("2023-01-01") + pd.to_timedelta(day * 24 + hour, unit="h").round("s")
    return pd.DataFrame({
        "customer_id": rng.integers(1, 2_000, size), "time": time, "sales": (prices[product] * quantity).round(2),
        "basket_id": np.arange(size), "line_no": 1, "product_id": product, "quantity": quantity, "kind": "sale",
        "store_id": rng.integers(1, 4, size), "till_id": 1,
    })  # fmt: skip


def spoil(table: pd.DataFrame, store: int, month: int) -> pd.Series:
    return (table["store_id"] == store) & (table["time"].dt.month == month)


TOLD = {"zone": -4, "vat_rate": 0.19, "staff_discount": 0.1}


def test_a_chain_of_another_making_without_a_fault_raises_no_alarm():
    assert inspect_receipts(make_chain(), **TOLD).findings.empty


def test_a_store_and_month_in_utc_is_found_and_moved_back():
    right = make_chain()
    dirty = right.assign(time=right["time"].mask(spoil(right, 2, 2), right["time"] + pd.Timedelta(hours=4)))
    clean = clean_receipts(dirty.assign(file_month=right["time"].dt.to_period("M").dt.start_time), **TOLD).clean
    assert (clean["time"].to_numpy() == right["time"].to_numpy()).all()
    assert set(clean.loc[clean["corrected"] != "", "store_id"]) == {2}


def test_a_store_and_month_without_tax_and_one_with_unit_prices_are_mended_to_a_cent():
    right = make_chain()
    net, unit = spoil(right, 1, 1), spoil(right, 3, 3)
    sales = right["sales"].mask(net, (right["sales"] / 1.19).round(2))
    sales = sales.mask(unit, (right["sales"] / right["quantity"]).round(2))
    clean, removed, summary = clean_receipts(right.assign(sales=sales), **TOLD)
    assert removed.empty and adds_up(summary)
    assert (clean["sales"] - right["sales"]).abs().max() < 0.016
    assert (clean["corrected"] == "no VAT").sum() == net.sum()
    assert (clean["corrected"] == "unit price").sum() == (unit & (right["quantity"] > 1)).sum()


def test_a_day_that_was_never_sent_is_asked_for():
    table = make_chain()
    lost = (table["store_id"] == 2) & (table["time"].dt.normalize() == "2023-02-08")
    quality = inspect_receipts(table[~lost], **TOLD)
    assert quality.missing_days[["store_id", "day"]].to_dict("records") == [
        {"store_id": "2", "day": pd.Timestamp("2023-02-08")}
    ]
    assert quality.findings["finding"].tolist() == ["missing day"]
    assert "store 2 on 2023-02-08" in quality.findings["examples"].iloc[0]


def test_a_table_that_breaks_its_contract_and_arguments_that_cannot_be_meant_are_told():
    with pytest.raises(TableError, match="there is no column `time`"):
        clean_receipts(pd.DataFrame({"customer_id": [1], "sales": [1.0]}))
    with pytest.raises(TableError) as error:
        inspect_receipts(make({}), vat_rate=20, staff_discount=1.0)
    assert len(error.value.problems) == 2
    with pytest.raises(TableError, match="there is no time zone"):
        inspect_receipts(make({}), zone="Mars/Base")


def test_what_could_not_be_checked_is_said():
    quality = inspect_receipts(make({})[["customer_id", "time", "sales"]])
    kinds = [kind for kind, _ in quality.not_done]
    assert {"cancellation", "UTC clock", "no VAT", "day and month", "number anew"} <= set(kinds)
    assert "not checked: UTC clock; it needs zone=" in repr(quality)
    assert "1 lines: none of" in quality.sentence()


@pytest.mark.slow
def test_the_report_shows_as_text_table_and_picture():
    quality = inspect_receipts(make({}, {}))
    assert "resend" in quality._repr_html_() and "resend" in repr(quality)
    assert "Clean before use" in quality.sentence()
    assert [text.get_text() for text in quality.plot(unit="€").texts][:1] == ["€5 · 1 line"]
    assert quality.to_frame().equals(quality.findings)
    assert "to the cent" in clean_receipts(make({}))._repr_html_()


@pytest.mark.slow
def test_a_duckdb_table_and_a_file_give_the_same_and_stay_where_they_live(tmp_path):
    table = make({}, {}, {"kind": "return", "basket_id": 9}, {"customer_id": "0000000000", "basket_id": 5})
    expected = clean_receipts(table)
    path = tmp_path / "receipts.parquet"
    duckdb.from_df(table).write_parquet(str(path))
    for source in (duckdb.from_df(table), path):
        clean, removed, summary = clean_receipts(source)
        order = ["basket_id", "line_no"]
        frame = clean.df().sort_values(order, ignore_index=True)
        assert frame["sales"].tolist() == expected.clean.sort_values(order)["sales"].tolist()
        assert sorted(removed.df()["reason"]) == sorted(expected.removed["reason"])
        pd.testing.assert_frame_equal(summary, expected.summary)


def test_an_empty_table_stays_empty():
    clean, removed, summary = clean_receipts(make({}).head(0), **TOLD)
    assert clean.empty and removed.empty
    assert summary["lines"].tolist() == [0, 0]


def test_the_rules_can_be_changed():
    strict = CleaningRules(staff_lines=1)
    assert reasons(make({"sales": 8.5, "discount": 1.5}), staff_discount=0.15, rules=strict) == ["staff card"]


rows = st.lists(
    st.fixed_dictionaries({
        "customer_id": st.sampled_from(["2700000001", "2700000002", "0000000000", None]),
        "time": st.integers(0, 20).map(lambda n: NOON + pd.Timedelta(hours=5 * n)),
        "sales": st.integers(-300, 900).map(lambda cents: cents / 100),
        "basket_id": st.integers(1, 3), "line_no": st.sampled_from([1, 2, None]), "product_id": st.integers(1, 2),
        "quantity": st.integers(-2, 3), "kind": st.sampled_from(["sale", "return", "cancel", None]),
        "store_id": st.integers(1, 2), "till_id": st.integers(1, 2), "file_month": st.just(pd.Timestamp("2023-03-01")),
    }),
    min_size=1, max_size=12,
)  # fmt: skip


def check_properties(lines: list[dict], seed: int) -> None:
    table = pd.DataFrame(lines).assign(mark=range(len(lines))).astype({"line_no": "Int64"})
    copies = table.drop(columns="mark")
    clean, removed, summary = clean_receipts(copies.assign(file="a.csv", file_line=table["mark"] + 2), **TOLD)
    assert len(clean) + len(removed) == len(table) and adds_up(summary)
    assert (removed["reason"] != "").all() and removed["reason"].notna().all()
    assert summary["money"].iloc[-1] == pytest.approx(clean["sales"].sum(), abs=0.005)
    shuffled = copies.assign(file="a.csv", file_line=table["mark"] + 2).sample(frac=1, random_state=seed)
    other = clean_receipts(shuffled, **TOLD)
    pd.testing.assert_frame_equal(other.clean.sort_values("file_line", ignore_index=True), clean)
    again = clean_receipts(clean, **TOLD)
    assert again.removed.empty
    pd.testing.assert_frame_equal(again.clean, clean, check_dtype=False)
    if len(clean):
        # Different lines under one number are no copies: they stay, and the contract names them
        check_table(clean.drop(columns=["ask"]), replace(RECEIPTS, key=("",)))


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows, st.integers(0, 100))
def test_any_table_is_accounted_for_in_any_order_and_cleaned_once(lines, seed):
    check_properties(lines, seed)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows, st.integers(0, 100))
def test_many_tables_are_accounted_for_in_any_order_and_cleaned_once(lines, seed):
    check_properties(lines, seed)
