"""From raw receipts to outcomes: zeros, windows, returns, own offers, and receipts that stop too early."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.lift.outcomes import apply_margin_rate, build_outcomes
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import OUTCOMES
from loyalty.tables.problems import check_number
from loyalty.world import World

WEEK = {"start": "2024-03-08", "end": "2024-03-15", "before": 7, "after": 7}


@pytest.fixture(scope="module")
def sent():
    """A wave of 800 customers, its contacts and outcomes, and the receipts as the till printed them."""
    world = World(customers=800, months=8, seed=7)
    plan = world.customers[["customer_id"]].assign(offer_id="basket_discount")
    plan.loc[::3, "offer_id"] = None
    wave, later = world.run(plan)
    return wave, later.receipts, {"start": world.end, "end": world.end + pd.Timedelta(days=28)}


def contacts(*arms, **columns):
    ids = range(1, len(arms) + 1)
    return pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": ids, "arm": arms} | columns)


def lines(*rows, **columns):
    """Rows of customer, day of March 2024, sales."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "sales"])
    frame["time"] = pd.Timestamp("2024-03-01 12:00") + pd.to_timedelta(frame.pop("day") - 1, unit="D")
    return frame.assign(sales=frame["sales"].astype(float), **columns)


def daily(*days, customers=(1, 2, 3), receipts=40):
    """A shop that sells every day of March named: many receipts of customers of whom some are contacts."""
    rows = [(100 + i if i > len(customers) else i, day, 5.0) for day in days for i in range(1, receipts + 1)]
    return lines(*rows)


def problems(*args, **options):
    with pytest.raises(TableError) as error:
        build_outcomes(*args, **options)
    return error.value.problems


def value(made, customer, window, name):
    return made.set_index(["customer_id", "window"]).loc[(customer, window), name]


def test_every_contact_has_a_row_in_every_window_zeros_included():
    made = build_outcomes(contacts("mail", "control"), lines((1, 8, 10), (1, 14, 5), (9, 9, 7)), **WEEK)
    assert made["window"].tolist() == ["pre", "main", "post"] * 2
    assert made["sales"].tolist() == [0, 15, 0, 0, 0, 0]
    assert made["responded"].tolist() == [0, 1, 0, 0, 0, 0]
    check_table(made, OUTCOMES)


def test_windows_begin_at_midnight_and_end_before_it():
    receipts = lines((1, 1, 1), (1, 7, 2), (1, 8, 4), (1, 14, 8), (1, 15, 16), (1, 21, 32), (1, 22, 64))
    receipts["time"] = receipts["time"].dt.normalize()
    assert build_outcomes(contacts("mail"), receipts, **WEEK)["sales"].tolist() == [3, 12, 48]
    late = receipts.assign(time=receipts["time"] + pd.Timedelta("23:59:59"))
    assert build_outcomes(contacts("mail"), late, **WEEK)["sales"].tolist() == [3, 12, 48]


def test_a_window_of_no_days_is_left_out():
    made = build_outcomes(contacts("mail"), lines((1, 9, 1)), **WEEK | {"before": 0, "after": 0})
    assert made["window"].tolist() == ["main"]


def test_returns_reduce_sales_and_are_no_orders():
    receipts = lines((1, 9, 20), (1, 9, -5), (1, 10, -3), basket_id=[1, 1, 2], line_no=[1, 2, 1])
    made = build_outcomes(contacts("mail"), receipts, **WEEK)
    assert (value(made, 1, "main", "sales"), value(made, 1, "main", "orders")) == (12, 1)


def test_the_lines_of_a_receipt_are_one_order():
    receipts = lines((1, 9, 2), (1, 9, 3), (1, 12, 4), basket_id=["a", "a", "b"], line_no=[1, 2, 1])
    assert value(build_outcomes(contacts("mail"), receipts, **WEEK), 1, "main", "orders") == 2


def test_only_the_contacts_own_offer_is_redeemed_and_a_leak_to_control_shows():
    people = contacts("a", "b", "control", offer_id=["A", "B", None])
    receipts = lines((1, 9, 1), (1, 10, 1), (2, 9, 1), (3, 9, 1), (3, 10, 1), offer_id=["A", "B", "A", "B", "other"])
    made = build_outcomes(people, receipts, response="redeemed", **WEEK)
    assert made.loc[made["window"] == "main", "redeemed"].tolist() == [1, 0, 1]
    assert made.loc[made["window"] == "main", "responded"].tolist() == [1, 0, 1]


def test_margin_comes_from_the_receipts_else_from_the_rate_else_not_at_all():
    receipts = lines((1, 9, 10))
    own = build_outcomes(contacts("mail"), receipts.assign(margin=4.0), margin_rate=0.3, **WEEK)
    assert value(own, 1, "main", "margin") == 4
    assert value(build_outcomes(contacts("mail"), receipts, margin_rate=0.3, **WEEK), 1, "main", "margin") == 3
    assert "margin" not in build_outcomes(contacts("mail"), receipts, **WEEK)


def test_a_margin_that_some_lines_lack_is_not_taken_for_zero():
    receipts = lines((1, 9, 10), (1, 9, 20), margin=[4.0, np.nan])
    made = build_outcomes(contacts("mail"), receipts, **WEEK)
    assert "margin" not in made
    assert made.attrs["warnings"][1] == "margin is left out: it is empty in 1 lines; fill it, or give margin_rate"
    filled = build_outcomes(contacts("mail"), receipts, margin_rate=0.3, **WEEK)
    assert value(filled, 1, "main", "margin") == 10


def test_a_discount_comes_off_a_computed_margin_in_full():
    frame = pd.DataFrame({"sales": [100.0, 90.0], "discount": [0.0, 10.0]})
    assert apply_margin_rate(frame, 0.3, np.array([True, False])).tolist() == pytest.approx([30, 20])
    usual = pd.DataFrame({"sales": [90.0, 90.0], "discount": [10.0, 10.0]})
    assert apply_margin_rate(usual, 0.3, np.array([True, True])).tolist() == pytest.approx([27, 27])


def test_the_outcomes_of_a_wave_come_back_from_its_receipts(sent):
    wave, receipts, dates = sent
    made = build_outcomes(wave.contacts, receipts, **dates)
    both = made.merge(wave.outcomes, on=["campaign_id", "wave", "customer_id", "window"], suffixes=("", "_true"))
    assert len(both) == len(made) == len(wave.outcomes)
    for name in ("start", "end", "responded", "orders", "sales", "margin", "discount"):
        assert (both[name] == both[f"{name}_true"]).all(), name
    assert ((both["redeemed"] > 0) == (both["redeemed_true"] > 0)).all()
    (said,) = made.attrs["warnings"]
    assert said == "3 of 800 customers are first seen after the start: the time before counts as 0"


def test_pandas_duckdb_and_parquet_give_the_same_outcomes(sent, tmp_path):
    wave, receipts, dates = sent
    receipts.to_parquet(tmp_path / "receipts.parquet")
    wave.contacts.to_parquet(tmp_path / "contacts.parquet")
    usual = build_outcomes(wave.contacts, receipts, **dates)
    own = duckdb.connect()
    relation = own.read_parquet(str(tmp_path / "receipts.parquet"))
    pd.testing.assert_frame_equal(build_outcomes(wave.contacts, relation, **dates), usual)
    stored = build_outcomes(tmp_path / "contacts.parquet", tmp_path / "receipts.parquet", **dates)
    pd.testing.assert_frame_equal(stored, usual)


def test_the_order_of_rows_changes_nothing(sent):
    wave, receipts, dates = sent
    shuffled = receipts.sample(frac=1, random_state=1), wave.contacts.sample(frac=1, random_state=2)
    made = build_outcomes(shuffled[1], shuffled[0], **dates)
    pd.testing.assert_frame_equal(made, build_outcomes(wave.contacts, receipts, **dates))


def test_text_ids_keep_their_zeros():
    people = contacts("mail", "control").assign(customer_id=["007", "7"])
    made = build_outcomes(people, lines((1, 9, 10)).assign(customer_id="007"), **WEEK)
    assert made.query("sales > 0")["customer_id"].tolist() == ["007"]


# --- Windows from the day of sending -----------------------------------------------------------------


def test_from_sent_the_window_starts_on_the_day_of_sending_for_control_too():
    people = contacts("mail", "control", sent_at=pd.to_datetime(["2024-03-10 09:30", None]))
    receipts = lines((1, 8, 1), (1, 10, 2), (2, 9, 4), (2, 16, 8), (2, 17, 16))
    made = build_outcomes(people, receipts, from_sent=True, **WEEK)
    assert made["start"].dt.day.tolist() == [3, 10, 17] * 2
    assert made["sales"].tolist() == [1, 2, 0, 4, 8, 16]


def test_a_wave_sent_on_several_days_needs_a_day_for_control():
    people = contacts("mail", "mail", "control", sent_at=pd.to_datetime(["2024-03-10", "2024-03-11", None]))
    assert problems(people, lines((1, 9, 1)), from_sent=True, **WEEK) == [
        "1 contacts have no `sent_at`, and their wave no single day: write into `sent_at` the day on which they "
        "were to be sent, for control too"
    ]
    people.loc[2, "sent_at"] = pd.Timestamp("2024-03-11")
    made = build_outcomes(people, lines((1, 11, 1)), from_sent=True, **WEEK)
    assert made.query("window == 'main'")["start"].dt.day.tolist() == [10, 11, 11]


def test_from_sent_without_sent_at_is_refused():
    assert problems(contacts("mail"), lines((1, 9, 1)), from_sent=True, **WEEK) == [
        "from_sent=True needs the time of sending in `sent_at`, and there is none"
    ]


# --- Receipts that do not reach ----------------------------------------------------------------------


def test_receipts_that_stop_before_the_window_ends_are_refused_with_the_last_day():
    found = problems(contacts("mail", "control"), daily(*range(1, 15)), **WEEK)
    assert found == [
        "there are no or hardly any receipts from 2024-03-15 to 2024-03-21 (the last day before that with receipts: "
        "2024-03-14), within the windows, 2024-03-01 to 2024-03-21: get the missing receipts, shorten the window, or "
        "accept it with allow_short=True"
    ]


def test_rows_dated_ahead_do_not_hide_that_receipts_stop():
    ahead = pd.concat([daily(*range(1, 15)), lines((1, 21, 3), (2, 25, 3), (3, 400, 3))])
    assert "from 2024-03-15 to 2024-03-21" in problems(contacts("mail"), ahead, **WEEK)[0]


def test_a_month_that_is_missing_in_the_middle_is_seen():
    receipts = daily(*range(1, 5), *range(13, 30))
    assert "from 2024-03-05 to 2024-03-12" in problems(contacts("mail"), receipts, **WEEK)[0]


def test_a_short_window_can_be_accepted_and_says_so():
    made = build_outcomes(contacts("mail", "control"), daily(*range(1, 15)), allow_short=True, **WEEK)
    assert len(made) == 6
    assert "from 2024-03-15 to 2024-03-21" in made.attrs["warnings"][0]


def test_closed_sundays_and_a_shop_with_few_receipts_are_no_gap():
    assert len(build_outcomes(contacts("mail"), daily(*(d for d in range(1, 22) if d % 7 != 3)), **WEEK))
    assert len(build_outcomes(contacts("mail"), lines((1, 2, 1), (2, 9, 1), (3, 12, 1)), **WEEK))


def test_windows_without_any_receipt_are_refused():
    found = problems(contacts("mail"), lines((1, 400, 1)), allow_short=True, **WEEK)
    assert found == [
        "no receipt lies in the windows, 2024-03-01 to 2024-03-21: they run from 2025-04-04 to 2025-04-04. Is the year "
        "right?"
    ]
    none = lines((1, 9, 1)).iloc[:0].astype({"customer_id": "int64"})
    assert problems(contacts("mail"), none, **WEEK) == ["there is not a single row"]


# --- Bad input ---------------------------------------------------------------------------------------


def test_all_problems_are_named_at_once():
    receipts = lines((1, 9, 1)).assign(sales="1 234,50 ₽")
    people = pd.concat([contacts("mail"), contacts("control")])
    found = problems(
        people, receipts, start="08.03.2024", end="2024-03-15", before=-1, margin_rate=30, response="clicks"
    )
    assert found == [
        "start should be a day such as '2017-12-01', found '08.03.2024'",
        "before should be a whole number of days, 0 or more, found -1",
        "margin_rate should be from 0 to 1, found 30: is 30 percent meant? Write 0.30",
        "contacts: `campaign_id` + `wave` + `customer_id` should be different in every row: 1 value comes more than "
        "once, such as 'spring' / 1 / 1: keep one row of each",
        "receipts: `sales` holds text such as '1 234,50 ₽' in 1 of 1 rows, which is no number: correct it, or make it "
        "empty with pandas.to_numeric(…, errors='coerce')",
        "response should be 'orders' or 'redeemed', found 'clicks'",
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"end": "2024-03-08"}, "end should be after start, found 2024-03-08 and 2024-03-08"),
        ({"response": "redeemed"}, "response='redeemed' needs a column `offer_id` in the receipts"),
        ({"after": 2.5}, "after should be a whole number of days, 0 or more, found 2.5"),
        ({"margin_rate": -0.1}, "margin_rate should be from 0 to 1, found -0.1"),
    ],
)
def test_options_that_cannot_be_are_named(change, says):
    assert problems(contacts("mail"), lines((1, 9, 1)), **WEEK | change) == [says]


def test_ids_that_match_nobody_are_refused():
    says = "no customer of the contacts stands in the receipts; `customer_id` is "
    assert problems(contacts("mail"), lines((1, 9, 1)).assign(customer_id="1"), **WEEK) == [
        f"{says}1 in the contacts and '1' in the receipts: text in one table, a whole number in the other: make them "
        "alike with .astype('str')"
    ]
    padded = problems(contacts("mail").assign(customer_id="001"), lines((1, 9, 1)).assign(customer_id="1"), **WEEK)
    assert padded[0].startswith(f"{says}'001' in the contacts and '1' in the receipts: they differ in zeros in front")


def test_receipts_without_a_customer_are_left_out_and_counted():
    both = pd.concat([lines((1, 9, 1)), lines((1, 9, 1)).assign(customer_id=np.nan, sales=5.0)])
    made = build_outcomes(contacts("mail"), both, **WEEK)
    assert "1 of 2 rows has no customer and is left out: sales 5.00" in made.attrs["warnings"]


def test_no_contacts_are_refused():
    assert problems(contacts("mail").iloc[:0], lines((1, 9, 1)), **WEEK) == ["there is not a single row"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (30, "rate should be from 0 to 1, found 30: is 30 percent meant? Write 0.30"),
        (12.5, "rate should be from 0 to 1, found 12.5: is 12.5 percent meant? Write 0.1250"),
        (400, "rate should be from 0 to 1, found 400"),
        ("30%", "rate should be a number, found '30%': write it without a currency sign, with a decimal point"),
        (True, "rate should be a number, found True: write it without a currency sign, with a decimal point"),
        (float("nan"), "rate should be a number, found nan"),
    ],
)
def test_a_share_that_is_none_is_met_with_advice(value, says):
    assert check_number("rate", value, share=True) == [says]


def test_customers_first_seen_after_the_start_are_counted_because_they_are_zero_before():
    contacts = pd.DataFrame({"campaign_id": "a", "wave": 1, "customer_id": [1, 2, 3, 4], "arm": ["x", "control"] * 2})
    times = pd.to_datetime(["2024-02-20", "2024-03-02", "2024-03-02", "2024-03-03", "2024-01-02"])
    receipts = pd.DataFrame({"customer_id": [1, 1, 2, 3, 3], "time": times, "sales": 5.0})
    options = {"start": "2024-03-01", "end": "2024-03-08", "before": 14, "after": 0, "allow_short": True}
    said = "1 of 4 customers is first seen after the start: the time before counts as 0"
    assert said in build_outcomes(contacts, receipts, **options).attrs["warnings"]
    assert said not in build_outcomes(contacts, receipts, **options | {"before": 0}).attrs["warnings"]
