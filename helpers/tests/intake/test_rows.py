"""Rows that are no data, arms in people's own words, customers in two places: counted, said, or refused."""

from __future__ import annotations

import pytest
import yaml

from loyalty.intake import load_tables
from loyalty.tables.check import TableError
from loyalty.tables.sources import collect

from .conftest import HEAD, show


def test_a_row_of_totals_at_the_bottom_is_left_out_and_said(csv, load):
    for word in ("Итого", "ВСЕГО:", "Grand Total"):
        loaded = load(csv(f"{HEAD}7;2025-01-31;5\n8;2025-01-31;6,5\n{word};;11,5\n"))
        assert [row[2] for row in show(loaded)] == [5, 6.5]
        assert "1 row of totals at line 4 left out: sales 11.50, the sum of the rest" in loaded.notes
    loaded = load(csv(f"{HEAD}7;2025-01-31;5\n8;2025-01-31;6,5\n;;11,5\n"))
    assert "1 row of totals at line 4 left out: sales 11.50, the sum of the rest" in loaded.notes
    wrong = load(csv(f"{HEAD}7;2025-01-31;5\nИтого;;99\n"))
    assert "1 row of totals at line 3 left out: sales 99.00, not the sum (5.00) of the rest" in wrong.notes


def test_subtotals_between_the_rows_are_refused(csv, refuse):
    assert refuse(csv(f"{HEAD}7;2025-01-31;5\nИтого;;5\n8;2025-01-31;6\nИтого;;6\n")) == (
        "1 row of subtotals between the data (line 3): take them out, or their money counts twice"
    )


def test_receipts_of_nobody_are_left_out_with_their_money(csv, load, refuse):
    loaded = load(csv(f"{HEAD}7;2025-01-31;5\n;2025-01-31;95\nNULL;2025-01-31;5\n"))
    assert loaded.rows == 1
    assert "2 rows without a customer left out (66.7% of rows): sales 100.00" in loaded.notes
    assert refuse(csv(f"{HEAD};2025-01-31;5\n")) == (
        "`customer_id` is empty in all rows: take the column that holds the card"
    )


def test_returns_are_kept_and_said(csv, load):
    loaded = load(csv(f"{HEAD}7;2025-01-31;5\n7;2025-02-01;-2,5\n"))
    assert "1 row of returns (negative sales) kept: sales -2.50" in loaded.notes
    assert collect(loaded.table)["sales"].sum() == 2.5


LIST = "Код клиента;Группа\n1;КГ\n2;тест\n3;тест\n"
NAMES = {"customer_id": "Код клиента", "arm": "Группа"}
ARMS = {"КГ": "control", "тест": "treated"}


def test_arms_in_other_words_stop_and_the_message_holds_the_lines_to_add(csv, load, refuse):
    path = csv(LIST)
    assert refuse(path, "contacts", columns=NAMES) == (
        "`arm` (column Группа) holds 'тест' (2), 'КГ' (1): "
        "add to columns.yml, under contacts, `arms: {тест: treated, КГ: control}`"
    )
    loaded = load(path, "contacts", columns=NAMES, arms=ARMS)
    assert show(loaded) == [
        ("campaign", 1, "1", "control"),
        ("campaign", 1, "2", "treated"),
        ("campaign", 1, "3", "treated"),
    ]
    assert loaded.notes[1:] == (
        "`arm`: КГ is control (1), тест is treated (2)",
        "no column `campaign_id`: 'campaign' everywhere",
        "no column `wave`: 1 everywhere",
    )


def test_an_arm_without_a_usual_meaning_is_asked_for(csv, refuse):
    assert refuse(csv(LIST.replace("тест", "B")), "contacts", columns=NAMES) == (
        "`arm` (column Группа) holds 'B' (2), 'КГ' (1): "
        "add to columns.yml, under contacts, `arms: {B: treated, КГ: control}`, each with its right meaning"
    )
    half = refuse(csv(LIST), "contacts", columns=NAMES, arms={"КГ": "control"})
    assert half.endswith("holds 'тест' (2): add to columns.yml, under contacts, `arms: {тест: treated}`")


def test_several_treatments_keep_their_names(csv, refuse):
    path = csv("customer_id;arm\n1;nothing\n2;mail\n3;call\n4;mail\n")
    assert refuse(path, "contacts", arms={"nothing": "control"}) == (
        "`arm` holds 'mail' (2), 'call' (1): add to columns.yml, under contacts, `arms: {mail: mail, call: call}`, "
        "each with its right meaning"
    )
    assert "`arms: {mail: mail, call: call, nothing: control}`" in refuse(path, "contacts")
    both = refuse(csv("customer_id;arm\n1;test\n2;target\n3;КГ\n"), "contacts")
    assert "`arms: {target: target, test: test, КГ: control}`" in both


def test_another_spelling_of_a_group_is_read_as_that_group_and_said(csv, load):
    loaded = load(csv("customer_id;arm\n1;control\n2;Control\n3; CONTROL\n4;Mail\n5;Mail\n6;mail\n"), "contacts")
    assert [row[3] for row in show(loaded)] == ["control"] * 3 + ["Mail"] * 3
    assert (
        "`arm`: capital letters and blanks make no group of their own: 'CONTROL' as 'control', 'Control' as 'control', "
        "'mail' as 'Mail'"
    ) in loaded.notes
    told = load(csv("customer_id;arm\n1;кг\n2;КГ\n3;тест\n"), "contacts", arms=ARMS)
    assert [row[3] for row in show(told)] == ["control", "control", "treated"]


@pytest.mark.parametrize("word", ["КГ", "контроль", "holdout", "none", "Nothing", "no_mail", "kontrol"])
def test_a_second_name_of_control_is_refused_with_the_line_that_settles_it(csv, load, refuse, word):
    path = csv(f"customer_id;arm\n1;control\n2;mail\n3;{word}\n4;mail\n")
    says = refuse(path, "contacts")
    assert f"the group `{word}` sounds like control, and `control` is there as well" in says
    arms = yaml.safe_load(says.partition("under contacts, `")[2].partition("`")[0])["arms"]
    assert arms == {"mail": "mail", "control": "control", word: "control"}
    loaded = load(path, "contacts", arms=arms)
    assert [row[3] for row in show(loaded)] == ["control", "mail", "control", "mail"]


def test_a_list_without_control_says_that_control_is_what_it_lacks(csv, refuse):
    assert refuse(csv("customer_id;arm\n1;treated\n2;treated\n"), "contacts") == (
        "`arm` holds 'treated' (2), and none of them is named control: "
        "add to columns.yml, under contacts, `arms: {treated: treated}`"
    )


def test_a_list_without_control_is_read_when_the_mapping_says_so(csv, load):
    loaded = load(csv(LIST.replace("КГ", "тест")), "contacts", columns=NAMES, arms=ARMS)
    assert "no customer is in the control group" in loaded.notes
    assert {row[3] for row in show(loaded)} == {"treated"}


def test_a_customer_in_two_arms_is_refused(csv, refuse):
    assert refuse(csv(LIST + "1;тест\n"), "contacts", columns=NAMES, arms=ARMS) == (
        "1 customer in two arms, such as 1 (control and treated; line 2 and line 5): "
        "each customer belongs to one; ask which list was sent"
    )


def test_a_customer_named_twice_is_one_if_the_rows_are_the_same(csv, load, refuse):
    loaded = load(csv(LIST + "2;тест\n"), "contacts", columns=NAMES, arms=ARMS)
    assert loaded.rows == 3
    assert "1 row said twice, alike in all columns read, counted once" in loaded.notes
    differ = "customer_id;arm;channel\n1;control;\n2;mail;sms\n2;mail;push\n"
    assert refuse(csv(differ), "contacts") == (
        "1 customer in rows that differ, such as 2 (line 3 and line 4): keep one row of each, or name the campaign"
    )


def test_rows_that_differ_are_named_within_their_own_wave(csv, refuse):
    differ = "customer_id;wave;arm;channel\n2;1;control;sms\n2;2;mail;sms\n2;2;mail;push\n"
    assert "such as 2 (line 3 and line 4)" in refuse(csv(differ), "contacts")


def test_lists_whose_ids_never_meet_are_refused(csv):
    till, people = csv(HEAD + "0007;2025-01-31;5\n"), csv("customer_id;arm\n7;control\n8;mail\n", "list.csv")
    with pytest.raises(TableError) as caught:
        load_tables({"receipts": till, "contacts": people})
    assert caught.value.problems == [
        "no customer of the contacts stands in the receipts; `customer_id` is '7', '8' in the contacts and '0007' in "
        "the receipts: they differ in zeros in front, blanks or capital letters, so write them alike, or export both "
        "tables again, with the ids as text"
    ]


def test_all_problems_of_all_tables_come_in_one_message(csv):
    till = csv("customer_id;time;sales\n4,27602E+15;03.04.2026;1,234\n")
    people = csv("customer_id;arm\n1;КГ\n", "list.csv")
    with pytest.raises(TableError) as caught:
        load_tables({"receipts": till, "contacts": people, "offers": "no.csv", "recepts": till})
    starts = ["there is no table `recepts`, did you mean `receipts`?", "receipts: `customer_id` holds '4,27602E+15'"]
    starts += [
        "receipts: `time` holds dates of two meanings",
        "receipts: `sales` holds '1,234'",
        "contacts: `arm` holds",
    ]
    starts += ["offers: there is no file no.csv"]
    assert len(caught.value.problems) == len(starts)
    for problem, start in zip(caught.value.problems, starts, strict=True):
        assert problem.startswith(start)


def test_kinds_of_lines_in_other_words_are_mapped(csv, load, refuse):
    text = "customer_id;time;sales;kind\n7;2025-01-31;5;Продажа\n7;2025-01-31;-5;Возврат\n"
    assert refuse(csv(text)) == (
        "`kind` holds 'Возврат' (1), 'Продажа' (1): "
        "add to columns.yml, under receipts, `kinds: {Возврат: return, Продажа: sale}`"
    )
    kinds = {"Продажа": "sale", "Возврат": "return"}
    assert [row[3] for row in show(load(csv(text), kinds=kinds))] == ["return", "sale"]


def test_an_empty_amount_and_a_repeated_line_are_told_by_the_contract(csv, refuse):
    text = "customer_id;time;sales;basket_id;line_no\n7;2025-01-31;;A;1\n7;2025-01-31;5;A;1\n"
    assert refuse(csv(text)).splitlines() == [
        "`sales` is empty in 1 of 2 rows (basket_id 'A'): fill it, or take these rows out and count them",
        "`basket_id` + `line_no` + `customer_id` + `time` should be different in every row: 1 value comes more than "
        "once, such as 'A' / 1 / '7' / 2025-01-31: keep one row of each",
    ]
