"""Lists of several campaigns as they go into the history: what is read, what is refused, and in which words."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.intake.campaigns import load_campaigns
from loyalty.learn.history.store import open_history
from loyalty.report.history.remember import remember_campaigns
from loyalty.report.history.settings import SETTINGS
from loyalty.report.output.privacy import hash_ids
from loyalty.report.run.settings import read_settings
from loyalty.tables.check import TableError

DAYS = {"start": pd.Timestamp("2026-03-02"), "end": pd.Timestamp("2026-03-30")}


def make_list(**changes) -> pd.DataFrame:
    rows = {"customer_id": [str(n) for n in range(12)], "arm": ["mail", "control"] * 6, "responded": [1, 0, 0] * 4}
    return pd.DataFrame(rows | DAYS | changes)


@pytest.fixture
def remember(tmp_path):
    """Remember lists in a folder of its own; returns the rows, the log by file, and the memory's checks."""
    count = iter(range(100))

    def work(lists, earlier=None, columns=None, receipts=None, **settings):
        tables = {"waves": lists} | ({"receipts": receipts} if receipts is not None else {})
        folder = tmp_path / f"work_{next(count)}"
        folder.mkdir()
        values = read_settings(settings, SETTINGS)
        memory = remember_campaigns(load_campaigns(tables, columns), values, earlier, folder)
        rows = memory.history.to_frame()
        memory.history.close()
        memory.path = folder / "responses.duckdb"
        return rows, memory.log.set_index("file")["what happened"].to_dict(), memory

    return work


def problems_of(remember, *arguments, **options) -> str:
    with pytest.raises(TableError) as caught:
        remember(*arguments, **options)
    return str(caught.value)


def test_a_campaign_that_comes_twice_changes_nothing(remember):
    rows, log, _ = remember({"may": make_list(campaign_id="may"), "may_copy": make_list(campaign_id="may")[::-1]})
    assert len(rows) == 12 and log == {"may": "1 wave added", "may_copy": "1 wave unchanged"}


def test_two_files_of_one_campaign_with_other_content_are_refused(remember):
    other = make_list(campaign_id="may", responded=1)
    text = problems_of(remember, {"may": make_list(campaign_id="may"), "may_new": other})
    assert (
        "may_new and may hold the same campaign and wave with other content" in text and "everywhere: wave: 2" in text
    )


@pytest.mark.slow
def test_a_correction_needs_a_reason_and_is_logged(remember):
    _, _, first = remember({"may": make_list()})
    late = make_list(responded=1)
    text = problems_of(remember, {"may": late}, first.path)
    assert "in the history with other content" in text and "set reason (why) and noted_on" in text
    rows, log, memory = remember({"may": late}, first.path, reason="late till", noted_on="2026-05-04")
    assert log == {"may": "1 wave replaced: late till"} and rows["responded"].sum() == 12
    with open_history(memory.path, read_only=True) as history:
        assert history.corrections()["reason"].tolist() == ["late till"]


def test_all_problems_of_all_lists_come_in_one_message(remember):
    text = problems_of(
        remember,
        {
            "may": make_list(responded=[1, None] * 6),
            "june": make_list().drop(columns="responded"),
            "july": make_list(segment="+7 916 123-45-67"),
        },
    )
    assert "3 problems" in text
    assert "may: `responded` is empty in 6 of 12 rows" in text and "set empty=nothing" in text
    assert "june: there is no column with what customers did" in text
    assert "july: `segment` holds phones" in text


def test_an_empty_cell_means_nothing_only_if_that_is_said(remember):
    rows, _, memory = remember({"may": make_list(responded=[1, None] * 6)}, empty="nothing")
    assert rows["responded"].sum() == 6
    assert any("`responded` is empty in 6 rows: counted as 0" in text for _, _, text in memory.checks)


def test_who_responded_is_told_by_what_was_bought(remember):
    rows, _, memory = remember({"may": make_list(sales=[5.0, 0.0] * 6).drop(columns="responded")})
    assert rows["responded"].sum() == 6
    assert any("no column says who responded: those with sales above 0" in text for _, _, text in memory.checks)


def test_lists_without_outcomes_are_counted_from_receipts(remember):
    receipts = pd.DataFrame({
        "customer_id": ["0", "0", "3", "0"], "sales": [10.0, 5.0, 7.0, 9.0],
        "time": pd.to_datetime(["2026-03-02 10:00", "2026-03-29 10:00", "2026-03-10 10:00", "2026-03-30 10:00"]),
    })  # fmt: skip
    rows, _, _ = remember({"may": make_list().drop(columns="responded")}, receipts=receipts)
    by = rows.set_index("customer_id")
    first = hash_ids(pd.Series(["0"]))[0].iloc[0]
    assert by.loc[first, ["responded", "orders", "sales"]].tolist() == [1, 2, 15.0]
    assert rows["responded"].sum() == 2 and len(rows) == 12


def test_the_offer_bears_the_name_of_the_arm_where_none_is_named(remember):
    rows, _, _ = remember({"may": make_list()})
    assert set(rows.loc[rows["arm"] == "mail", "offer_id"]) == {"mail"}
    assert rows.loc[rows["arm"] == "control", "offer_id"].isna().all()


def test_offers_of_two_names_become_one_by_the_mapping(remember):
    lists = {
        "may": make_list(offer_id=["Скидка 10", None] * 6), "june": make_list(offer_id=["disc10", None] * 6),
    }  # fmt: skip
    told = {"may": {"offers": {"Скидка 10": "discount"}}, "june": {"offers": {"disc10": "discount"}}}
    rows, _, _ = remember(lists, columns=told)
    assert set(rows["offer_id"].dropna()) == {"discount"} and len(rows) == 24


def test_ids_are_hashed_once_and_meet_a_list_that_was_hashed_before(remember):
    hashed = make_list(customer_id=hash_ids(pd.Series([str(n) for n in range(12)]))[0])
    rows, _, memory = remember({"may": make_list(), "june": hashed})
    assert rows["customer_id"].nunique() == 12 and rows["customer_id"].str.startswith("id-").all()
    assert ("The same customer numbers", "good", "the lists have customers in common") in memory.checks


def test_ids_of_two_kinds_are_told(remember):
    phones = make_list(customer_id=[f"+7916000000{n % 10}{n}" for n in range(12)])
    rows, _, memory = remember({"may": make_list(), "june": phones})
    (check,) = [line for line in memory.checks if line[0] == "The same customer numbers"]
    assert check[1] == "look" and "is it the same kind of number?" in check[2]
    assert not rows["customer_id"].str.contains("7916").any(), "a phone never enters a history"


def test_an_earlier_history_with_whole_numbers_is_continued(remember, tmp_path):
    wave = make_list(customer_id=range(12), campaign_id="april", wave=1, window="main")
    with open_history(tmp_path / "old.duckdb") as history:
        history.append(wave)
    rows, _, _ = remember({"may": make_list()}, tmp_path / "old.duckdb")
    assert sorted(rows["customer_id"].unique()) == list(range(12)) and len(rows) == 24
    text = problems_of(remember, {"may": make_list(customer_id=[f"K{n}" for n in range(12)])}, tmp_path / "old.duckdb")
    assert "no whole numbers, as those of the earlier history are" in text


@pytest.mark.slow
def test_the_order_of_rows_and_files_does_not_matter(remember):
    may, june = make_list(), make_list(responded=1, segment="new")
    one, _, _ = remember({"may": may, "june": june})
    other, _, _ = remember({"june": june.sample(frac=1, random_state=1), "may": may.sample(frac=1, random_state=2)})
    pd.testing.assert_frame_equal(one, other)


def make_long_list(**changes) -> pd.DataFrame:
    """A hundred customers, every third of whom responded."""
    rows = {
        "customer_id": [f"c{n}" for n in range(100)],
        "arm": ["mail", "control"] * 50,
        "responded": [1, 0, 0, 0] * 25,
    }
    return pd.DataFrame(rows | DAYS | changes)


def test_a_list_under_two_names_is_refused(remember):
    copy = make_long_list(arm=["letter", "control"] * 50)[::-1]
    text = problems_of(remember, {"may": make_long_list(), "copy of may": copy})
    assert "copy of may (wave 1) and may (wave 1) hold the same 100 customers" in text
    assert "would count twice: take one of the two files out" in text


@pytest.mark.slow
def test_a_list_of_the_history_is_refused_under_a_second_name(remember):
    _, _, first = remember({"may": make_long_list()})
    text = problems_of(remember, {"copy of may": make_long_list()}, first.path)
    assert "copy of may (wave 1) and may (wave 1) hold the same 100 customers" in text
    rows, log, _ = remember({"may": make_long_list()}, first.path)
    assert len(rows) == 100 and log == {"may": "1 wave unchanged"}


@pytest.mark.parametrize(
    "changes",
    [
        {"responded": [0, 0, 1, 0] * 25},
        {"start": pd.Timestamp("2026-04-02"), "end": pd.Timestamp("2026-04-30")},
        {"customer_id": [f"c{n}" for n in range(1, 101)]},
    ],
    ids=["other outcomes", "other days", "other customers"],
)
def test_lists_that_differ_are_no_copies(remember, changes):
    rows, _, memory = remember({"may": make_long_list(), "june": make_long_list(**changes)})
    assert len(rows) == 200 and not any(name == "One list under two names" for name, _, _ in memory.checks)


def test_waves_in_which_nobody_did_anything_are_no_copies(remember):
    quiet = make_long_list(responded=0)
    rows, _, memory = remember({"may": quiet, "june": quiet})
    assert len(rows) == 200 and not any(name == "One list under two names" for name, _, _ in memory.checks)


def test_small_lists_that_are_alike_are_told_and_not_refused(remember):
    rows, _, memory = remember({"may": make_list(), "june": make_list()})
    told = [text for name, kind, text in memory.checks if name == "One list under two names" and kind == "look"]
    assert len(rows) == 24 and len(told) == 1
    assert told[0].startswith("june (wave 1) and may (wave 1) have the same 12 customers, groups and outcomes")


@pytest.mark.slow
def test_one_customer_in_two_forms_of_the_number_is_told_without_the_number(remember):
    plain = [f"7916000{n:04d}" for n in range(12)]
    lists = {
        "may": make_list(customer_id=[f"+{one}" for one in plain]),
        "june": make_list(customer_id=[f"8 ({one[1:4]}) {one[4:7]}-{one[7:]}" for one in plain], responded=[0, 1] * 6),
        "july": make_list(customer_id=[*plain[:6], *[f"card {n}" for n in range(6)]]),
    }
    rows, _, memory = remember(lists)
    told = [text for name, kind, text in memory.checks if name == "Forms of the customer numbers" and kind == "look"]
    assert rows["customer_id"].nunique() == 36
    assert len(told) == 1 and told[0].startswith("12 customer numbers are written in more than one way")
    assert "916" not in told[0]


def test_numbers_in_one_form_are_not_doubted(remember):
    _, _, memory = remember({"may": make_list(), "june": make_list(responded=[0, 1] * 6)})
    assert not any(name == "Forms of the customer numbers" for name, _, _ in memory.checks)
