"""Numbers, dates and ids as people write them: what is proved is read, what has two meanings stops."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.intake.parsing.numbers import judge_shape
from loyalty.tables.sources import collect

from ..conftest import HEAD, show


def till(csv, sales=("5",), times=("2025-01-31",), ids=("7",)):
    n = max(map(len, (sales, times, ids)))
    rows = ([column[i % len(column)] for column in (ids, times, sales)] for i in range(n))
    return csv(HEAD + "".join(";".join(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1 234,50 ₽", "12,5"], [1234.5, 12.5]),
        (["1\u00a0234,50", "1\u202f234\u202f567,5"], [1234.5, 1234567.5]),
        (["1,234.50", "$5", "1,234"], [1234.5, 5, 1234]),
        (["1.234.567,8", "1.234"], [1234567.8, 1234]),
        (["(12,50)", "-3,1 руб.", "12,5-", "\u22124"], [-12.5, -3.1, -12.5, -4]),
        (["€ 5.20", "1'234.50", "+7"], [5.2, 1234.5, 7]),
        (["0,125", "2,500"], [0.125, 2.5]),
        (["1e3", "2.5E-01"], [1000, 0.25]),
    ],
)
def test_numbers_are_read_as_the_column_proves(csv, load, texts, numbers):
    ids = [str(i) for i in range(len(texts))]
    assert [row[2] for row in show(load(till(csv, texts, ids=ids)))] == pytest.approx(numbers)


def test_a_thousand_or_a_decimal_stops_until_it_is_said(csv, load, refuse):
    path = till(csv, ["1,234", "2,500"])
    assert refuse(path) == (
        "`sales` holds '1,234', '2,500' in 2 rows (first at line 2): is 1,234 a thousand and more, or a decimal? "
        'Say `decimal: "."` or `decimal: ","` in columns.yml'
    )
    assert [row[2] for row in show(load(path, decimal=","))] == [1.234, 2.5]
    assert [row[2] for row in show(load(path, decimal="."))] == [1234, 2500]


def test_two_decimal_marks_in_one_column_are_refused(csv, refuse):
    assert refuse(till(csv, ["1,5", "2,25", "3.5"])) == (
        "`sales` holds decimal commas and decimal points, the fewer are '3.5' in 1 row (at line 4): "
        "bring the file to one form, or say `decimal:` in columns.yml"
    )


def test_words_among_numbers_are_named_with_their_line(csv, refuse):
    assert refuse(till(csv, ["5", "много", "6"])) == (
        "`sales` should be a number, found 'много' in 1 row (at line 3): correct these cells, or make them empty"
    )


@settings(max_examples=60, deadline=None)
@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([" ", "\u00a0", "'", ""]), st.sampled_from([".", ","]))
def test_a_number_written_with_two_decimals_always_proves_its_mark(number, group, mark):
    text = f"{number:,.2f}".replace(",", " ").replace(".", mark).replace(" ", group.replace("\u00a0", " "))
    assert judge_shape("".join("9" if letter in "123456789" else letter for letter in text)) == mark


@pytest.mark.parametrize(
    ("texts", "times"),
    [
        (["31.12.2025", "03.04.2025"], ["2025-12-31 00:00", "2025-04-03 00:00"]),
        (["12/31/2025 6:05 PM", "03/04/2025 12:05 AM"], ["2025-12-31 18:05", "2025-03-04 00:05"]),
        (["31/12/25 18:05", "1/2/25 9:05"], ["2025-12-31 18:05", "2025-02-01 09:05"]),
        (["2025-12-31T18:05:59", "2025-12-30 18:05:59.123"], ["2025-12-31 18:05", "2025-12-30 18:05"]),
        (["20251231", "20250403"], ["2025-12-31 00:00", "2025-04-03 00:00"]),
        (["2025/12/31", "05.05.2025"], ["2025-12-31 00:00", "2025-05-05 00:00"]),
        (["31.12.2025, 18:05:00", "01.02.2025, 08:05:00"], ["2025-12-31 18:05", "2025-02-01 08:05"]),
        (["46022.5", "46023"], ["2025-12-31 12:00", "2026-01-01 00:00"]),
        (["46022,5", "46023"], ["2025-12-31 12:00", "2026-01-01 00:00"]),
    ],
)
def test_dates_are_read_as_the_column_proves(csv, load, texts, times):
    path = till(csv, times=texts, ids=["1", "2"])
    assert [row[1] for row in show(load(path))] == times


@pytest.mark.parametrize(
    ("days", "clocks"),
    [
        (["31.12.2025", "30.12.2025"], ["18:05", "9:05:59"]),
        (["31.12.2025 0:00:00", "30.12.2025"], ["18:05:00", "09:05"]),
        (["2025-12-31", "2025-12-30"], ["18:05:10.5", "09:05"]),
    ],
)
def test_a_day_and_a_clock_in_two_columns_are_joined(csv, load, refuse, days, clocks):
    lines = [f"{i};{day};{clock};5" for i, (day, clock) in enumerate(zip(days, clocks, strict=True))]
    path = csv("\n".join(["id;Дата;Время;sum", *lines]) + "\n")
    names = {"customer_id": "id", "time": ["Дата", "Время"], "sales": "sum"}
    loaded = load(path, columns=names)
    assert [row[1] for row in show(loaded)] == ["2025-12-31 18:05", "2025-12-30 09:05"]
    assert not any("not used" in note for note in loaded.notes)
    assert refuse(path, columns=names | {"time": ["Дата", "Часы"]}) == (
        "till.csv has no column 'Часы' (for `time`); there are id, Дата, Время, sum"
    )


def test_a_clock_without_its_day_is_no_date(csv, load, refuse):
    names = {"customer_id": "id", "time": ["day", "clock"], "sales": "sum"}
    assert show(load(csv("id;day;clock;sum\n7;31.12.2025;;5\n"), columns=names))[0][1] == "2025-12-31 00:00"
    assert "`time` (column day + clock) should be a date, found '18:05' in 1 row" in refuse(
        csv("id;day;clock;sum\n7;;18:05;5\n8;31.12.2025;18:05;5\n"), columns=names
    )


def test_a_date_of_two_meanings_stops_until_it_is_said(csv, load, refuse):
    path = till(csv, times=["03.04.2026", "05.06.2026"])
    assert refuse(path) == (
        "`time` holds dates of two meanings, '03.04.2026', '05.06.2026' in 2 rows (first at line 2): "
        "is the day or the month first? Say `day_first: true` or `day_first: false` in columns.yml"
    )
    assert [row[1][:10] for row in show(load(path, day_first=True))] == ["2026-04-03", "2026-06-05"]
    assert [row[1][:10] for row in show(load(path, day_first=False))] == ["2026-03-04", "2026-05-06"]


def test_what_is_said_of_the_order_must_fit_the_dates(csv, refuse):
    assert refuse(till(csv, times=["31.12.2025"]), day_first=False) == (
        "`time`: `day_first: false` does not fit '31.12.2025' in 1 row (at line 2): correct columns.yml"
    )
    assert refuse(till(csv, times=["31.12.2025", "12.31.2025"])) == (
        "`time` holds days in two orders, '31.12.2025' in 1 row (at line 2), and '12.31.2025' in 1 row (at line 3): "
        "ask where each comes from, and bring them to one"
    )


def test_days_that_do_not_exist_are_named(csv, refuse):
    assert refuse(till(csv, times=["2025-02-30", "31.06.2025", "вчера"])) == (
        "`time` should be a date, found '2025-02-30', '31.06.2025', 'вчера' in 3 rows (first at line 2): "
        "expected a form such as 2025-12-31 or 31.12.2025 18:05; correct these cells, or make them empty"
    )


def test_dates_of_the_far_future_and_of_the_last_century_are_named(csv, refuse):
    days = [f"2025-01-{day:02}" for day in range(1, 31)] * 5
    assert refuse(till(csv, times=["1925-01-01", *days, "2925-01-01"])).splitlines() == [
        "`time` holds dates before 1990, '1925-01-01 00:00:00' in 1 row (at line 2): correct these cells",
        "`time` holds dates far behind all others, '2925-01-01 00:00:00' in 1 row (at line 153): correct these cells",
    ]


def test_a_time_zone_is_never_dropped_in_silence(csv, load, refuse):
    loaded = load(till(csv, times=["2025-12-31 18:05:00+03:00"]))
    assert show(loaded)[0][1] == "2025-12-31 18:05"
    assert "`time`: times as the shop's clock shows them, the zone +03:00 is left off" in loaded.notes
    mend = "convert it to the shop's time and write it without the zone"
    assert refuse(till(csv, times=["2025-12-31T18:05:00Z"])) == f"`time` carries the time zone Z: {mend}"
    two = ["2025-12-31 18:05+03:00", "2025-12-31 18:05+04:00"]
    assert refuse(till(csv, times=two)) == f"`time` carries the time zones +03:00, +04:00: {mend}"


def test_card_numbers_shortened_by_excel_are_refused(csv, refuse):
    assert refuse(till(csv, ids=["4,27602E+15", "4.27602E+15", "007"])) == (
        "`customer_id` holds '4,27602E+15', '4.27602E+15' in 2 rows (first at line 2): Excel has shortened the "
        "numbers, and their last digits are lost: format the column as text in the source, not in a copy of Excel's, "
        "and export again"
    )


def test_ids_keep_their_zeros_and_lose_outer_spaces_and_a_decimal_nought(csv, load):
    loaded = load(till(csv, ids=["007", " 8 ", "9.0", "+7 916 000-00-00"]))
    assert [row[0] for row in show(loaded)] == ["+7 916 000-00-00", "007", "8", "9"]
    assert {
        "`customer_id`: .0 taken off the end of 1 row",
        "`customer_id`: spaces around it, or characters that cannot be seen, taken off in 1 row",
    } <= set(loaded.notes)


def test_what_cannot_be_seen_is_taken_off_an_id_and_said(csv, load):
    loaded = load(till(csv, ids=["7", "7\u200b", "\ufeff7", "7\u00a0", "1\u200b7"]))
    assert [row[0] for row in show(loaded)] == ["17", "7", "7", "7", "7"]
    assert "`customer_id`: spaces around it, or characters that cannot be seen, taken off in 4 rows" in loaded.notes


def test_receipts_of_ids_that_cannot_be_seen_are_left_out_and_counted(csv, load):
    loaded = load(till(csv, ids=["7", " ", "\u200b"]))
    assert [row[0] for row in show(loaded)] == ["7"]
    assert any(note.startswith("2 rows without a customer left out") for note in loaded.notes)


def test_one_number_with_and_without_a_decimal_nought_is_refused(csv, refuse):
    assert refuse(till(csv, ids=["17850", "17850.0", "8.0"])) == (
        "`customer_id` holds 1 number with .0 and without, such as '17850' and '17850.0': write them alike in the "
        "source, without .0"
    )


def test_masked_cards_are_read_and_named(csv, load):
    loaded = load(till(csv, ids=["****1234", "****1234", "7"]))
    assert any("the card is masked (****1234) in 2 rows" in note for note in loaded.notes)


def test_yes_and_no_are_read_in_two_languages(csv, load, refuse):
    text = "customer_id;arm;delivered\n1;control;\n2;mail;да\n3;mail;Нет\n4;mail;1\n"
    assert [row[4] for row in show(load(csv(text), "contacts"))][1:] == [True, False, True]
    assert refuse(csv(text.replace("Нет", "может быть")), "contacts") == (
        "`delivered` should be yes or no, found 'может быть' (1): write true or false, yes or no, да or нет, 1 or 0"
    )


@pytest.mark.parametrize("wrong", ["ivan@mail.ru", "+7 916 123-45-67"])
def test_what_is_refused_is_quoted_without_personal_data(csv, refuse, wrong):
    said = refuse(till(csv, sales=["5", wrong], ids=["7", "8"]))
    assert "`sales`" in said and "ivan" not in said and "123-45" not in said
    said = refuse(csv(f"customer_id;arm;delivered\n1;control;\n2;mail;{wrong}\n"), "contacts")
    assert "`delivered` should be yes or no, found '…' (1)" in said


SEGMENTS = pd.DataFrame(
    {"customer_id": range(4), "arm": ["mail", "control"] * 2, "segment": ["новые", "vip", "a", "b"]}
)


def test_segments_get_the_names_that_columns_yml_gives_them(load):
    loaded = load(SEGMENTS, "contacts", segments={"новые": "new", "a": "rest", "b": "rest"})
    assert sorted(collect(loaded.table)["segment"]) == ["new", "rest", "rest", "vip"]
    assert "`segment`: новые is new, a is rest, b is rest" in loaded.notes
    assert sorted(collect(load(SEGMENTS, "contacts").table)["segment"]) == ["a", "b", "vip", "новые"]


def test_a_name_for_a_segment_that_is_not_there_is_told(load):
    loaded = load(SEGMENTS, "contacts", segments={"новый": "new"})
    assert "`segment`: columns.yml names новый, which no row holds" in loaded.notes


def test_segments_of_columns_yml_are_lines_of_words(refuse):
    assert "`segments`" in refuse(SEGMENTS, "contacts", segments=["новые"])


@pytest.mark.parametrize(("key", "ours"), [("segments", "segment"), ("kinds", "kind")])
def test_words_for_a_column_that_is_not_read_are_refused(refuse, key, ours):
    table = SEGMENTS[["customer_id", "arm"]].assign(time="2025-01-04", sales=1.0)
    text = refuse(table, "contacts" if key == "segments" else "receipts", **{key: {"a": "sale"}})
    assert text == (
        f"columns.yml gives words under `{key}`, but no column is read as `{ours}`: name it under columns, `{ours}: …`"
    )


def test_a_segment_without_a_name_is_refused(refuse):
    assert "`segments` does not say what 'vip' is" in refuse(SEGMENTS, "contacts", segments={"vip": ""})
