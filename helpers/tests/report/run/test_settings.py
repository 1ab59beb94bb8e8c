"""Settings: everything that is wrong, in one message, before anything runs."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest

from loyalty.report.campaign import SETTINGS
from loyalty.report.run.order import read_order
from loyalty.report.run.settings import Setting, read_settings
from loyalty.tables.check import TableError

GOOD = {"start": "2026-03-02", "end": "2026-03-30", "margin_rate": "0.30"}


def test_what_was_typed_becomes_plain_values_and_the_rest_is_none():
    values = read_settings(GOOD | {"before": "14", "contact_cost": "0.5"}, SETTINGS)
    assert {name: value for name, value in values.items() if value is not None} == {
        "start": "2026-03-02", "end": "2026-03-30", "margin_rate": 0.3, "before": 14, "contact_cost": 0.5,
    }  # fmt: skip
    assert list(values) == [setting.name for setting in SETTINGS]


def test_what_a_notebook_sets_is_read_alike():
    assert (
        read_settings({"start": dt.date(2026, 3, 2), "end": "2026-03-30", "margin_rate": 0.3}, SETTINGS)["start"]
        == "2026-03-02"
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("start", "2026-02-30", "found 2026-02-30: the calendar has no such day"),
        ("start", "02.03.2026", "should be a day such as 2026-03-02, found 02.03.2026: write 2026-03-02"),
        ("start", "2026-3-2", "found 2026-3-2: write 2026-03-02"),
        ("start", "31.02.2026", "found 31.02.2026: the calendar has no such day"),
        ("start", "March", "found March: year, month, day"),
        ("end", "2026-03-02", "`end` (2026-03-02) should be after `start` (2026-03-02)"),
        ("margin_rate", "30", "should be a fraction from 0 to 1, found 30: for 30 percent write 0.3"),
        ("margin_rate", "0,30", "found 0,30: write 0.30"),
        ("margin_rate", "30%", "found 30%: write 0.3"),
        ("contact_cost", "7,50 ₽", "found 7,50 ₽: write 7.50"),
        ("contact_cost", "1 000 руб.", "found 1 000 руб.: write 1000"),
        ("contact_cost", "1,000", "found 1,000: write 1000 or 1.000"),
        ("margin_rate", "nan", "should be a fraction from 0 to 1, found nan"),
        ("margin_rate", True, "should be a fraction from 0 to 1, found True"),
        ("before", "2.5", "should be a whole number of days from 1 to 730, found 2.5"),
        ("before", "14,5", "should be a whole number of days from 1 to 730, found 14,5"),
        ("after", "0", "should be a whole number of days from 1 to 730, found 0"),
        ("contact_cost", "-1", "should be an amount of 0 or more, with a decimal point, found -1"),
        ("contact_cost", "five", "found five"),
        ("margn_rate", "0.3", "there is no setting `margn_rate`: did you mean `margin_rate`?"),
        ("xyz", "1", "there is no setting `xyz`; there are: start, end, margin_rate"),
        ("margin_rate", "", "`margin_rate` is missing"),
    ],
)
def test_each_wrong_setting_is_named_with_what_to_write(name, value, says):
    with pytest.raises(TableError) as caught:
        read_settings(GOOD | {name: value}, SETTINGS)
    assert len(caught.value.problems) == 1 and says in caught.value.problems[0]


def test_all_problems_come_in_one_message():
    with pytest.raises(TableError) as caught:
        read_settings({"start": "2026-02-30", "margin_rate": "30", "begin": "1"}, SETTINGS)
    assert [text.split("`")[1] for text in caught.value.problems] == ["begin", "start", "end", "margin_rate"]


def test_code_in_a_setting_stays_a_text():
    text = '"); import os; ("'
    assert read_settings({"title": text}, [Setting("title", "text", "")])["title"] == text


@pytest.mark.slow
def test_who_only_reads_an_order_waits_for_no_charts_and_no_statistics():
    code = (
        "import sys, loyalty.report.run.runner\n"
        "from loyalty.report import campaign, plan, profile\n"
        "assert campaign.SETTINGS and plan.SETTINGS and profile.SETTINGS\n"
        "heavy = {'matplotlib', 'scipy', 'nbclient', 'nbconvert'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert answer.returncode == 0, answer.stderr


def test_help_on_a_template_lists_its_tables_and_settings(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        read_order(["segments", "--help"], tmp_path)
    said = capsys.readouterr().out
    assert stop.value.code == 0
    assert (
        "receipts  (needed)" in said and "scheme" in said and "one of life_cycle, rfm, value, clusters, rules" in said
    )
    with pytest.raises(SystemExit):
        read_order(["--help"], tmp_path)
    assert "`workshop.py run TEMPLATE --help` lists" in capsys.readouterr().out
