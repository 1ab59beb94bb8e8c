"""Lists of several campaigns: a folder of files, each with columns of its own."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.intake.campaigns import load_campaigns
from loyalty.intake.mapping.proposal import propose_columns
from loyalty.tables.check import TableError

ROWS = pd.DataFrame({"customer_id": ["1", "2"], "arm": ["mail", "control"], "responded": [1, 0]})


def fetch(loaded) -> pd.DataFrame:
    return loaded.table.to_native().df()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "may.csv").write_text("customer_id,arm,responded\n1,mail,да\n2,control,нет\n", encoding="utf-8")
    russian = "Карта;Группа;Купил\n1;КГ;1\n2;тест;0\n"
    (tmp_path / "июнь.csv").write_bytes(russian.encode("cp1251"))
    return tmp_path


RUSSIAN = {
    "columns": {"customer_id": "Карта", "arm": "Группа", "responded": "Купил"},
    "arms": {"КГ": "control", "тест": "sms"},
}  # fmt: skip


def test_each_file_has_its_own_columns_and_is_named_by_its_stem(folder):
    loaded = load_campaigns({"waves": folder}, {"июнь": RUSSIAN | {"everywhere": {"start": "2026-06-01", "wave": 2}}})
    may, june = fetch(loaded["may"]), fetch(loaded["июнь"])
    assert may["campaign_id"].tolist() == ["may", "may"] and may["responded"].tolist() == [1, 0]
    assert may["window"].unique().tolist() == ["main"] and may["wave"].tolist() == [1, 1]
    assert june["arm"].tolist() == ["control", "sms"] and june["wave"].tolist() == [2, 2]
    assert june["start"].dt.strftime("%Y-%m-%d").unique().tolist() == ["2026-06-01"]
    assert "no column `start`: 2026-06-01 everywhere" in loaded["июнь"].notes


def test_a_section_for_all_files_serves_those_without_their_own(folder):
    (folder / "may.csv").unlink()
    assert list(load_campaigns({"waves": folder}, {"waves": RUSSIAN})) == ["июнь"]


def test_what_is_no_list_is_left_out_and_said(folder):
    for name in ("may_send_sms.csv", "page.html", "columns.yml", "~$may.xlsx", ".hidden.csv"):
        (folder / name).write_text("x", encoding="utf-8")
    record = "campaign_id,wave,start,end\nmay,1,2026-05-04,2026-06-01\n"
    (folder / "may_record.csv").write_text(record, encoding="utf-8")
    (folder / "june_record.csv").write_text(record.replace("may", "июнь") + "", encoding="utf-8")
    loaded = load_campaigns({"waves": folder}, {"июнь": RUSSIAN})
    assert list(loaded) == ["may", "июнь", "campaigns"] and loaded["campaigns"].rows == 2
    notes = " ".join(loaded["may"].notes)
    assert "may_send_sms.csv is a send list" in notes and "page.html is no list" in notes
    assert "hidden" not in notes and "~$" not in notes


def test_all_problems_come_at_once_with_the_way_out(folder):
    (folder / "may.xls").write_text("x", encoding="utf-8")
    with pytest.raises(TableError) as caught:
        load_campaigns({"waves": folder, "receits": ROWS}, {"june": {}})
    text = str(caught.value)
    assert "may.csv and may.xls have one name" in text
    assert "there is no table `receits`, did you mean `receipts`?" in text
    assert "there is no table `june`" in text
    with pytest.raises(TableError, match=r"columns waves=.* -o columns.yml"):
        load_campaigns({"waves": folder / "июнь.csv"})


def test_wrong_words_under_everywhere_are_named():
    wrong = {"may": {"everywhere": {"start": "yesterday", "wave": "two", "beginn": "x", "arm": "sms"}}}
    with pytest.raises(TableError) as caught:
        load_campaigns({"waves": {"may": ROWS}}, wrong)
    text = str(caught.value)
    assert "`start` should be a day" in text and "`wave` should be a whole number" in text
    assert "no column `beginn`" in text


def test_a_column_cannot_stand_twice():
    told = {"columns": {"customer_id": "customer_id", "arm": "arm"}, "everywhere": {"arm": "sms"}}
    with pytest.raises(TableError, match="`arm` stands under columns and under everywhere"):
        load_campaigns({"waves": {"may": ROWS}}, {"may": told})


def test_an_empty_folder_and_no_lists_at_all_are_refused(tmp_path):
    with pytest.raises(TableError, match="holds no list of a campaign"):
        load_campaigns({"waves": tmp_path})
    with pytest.raises(TableError, match="give a folder or a file under `waves`"):
        load_campaigns({})


def test_a_customer_in_two_arms_is_refused():
    twice = pd.concat([ROWS, ROWS.assign(arm="control")])
    with pytest.raises(TableError, match="in two arms"):
        load_campaigns({"waves": {"may": twice}})


def test_the_proposal_names_a_section_for_each_file_and_asks_what_it_cannot_know(folder):
    (folder / "may_record.csv").write_text("campaign_id\nmay\n", encoding="utf-8")
    proposal = propose_columns({"waves": folder})
    assert [table.name for table in proposal.tables] == ["may", "июнь"]
    told = proposal.to_yaml()
    assert "customer_id: Карта" in told and "responded: Купил" in told and "КГ: control" in told
    assert "campaign_id" not in told, "the file's name says it"
    (folder / "columns.yml").write_text(told, encoding="utf-8")
    (folder / "may_record.csv").unlink()
    assert fetch(load_campaigns({"waves": folder}, folder / "columns.yml")["июнь"])["arm"].nunique() == 2


def test_the_word_of_a_campaign_without_control_may_stand_under_everywhere():
    bare = ROWS.drop(columns="arm")
    names = {"columns": {"customer_id": "customer_id", "responded": "responded"}}
    with pytest.raises(TableError, match="or under `everywhere:` one word, if all were treated"):
        load_campaigns({"waves": {"may": bare}}, {"may": names})
    loaded = load_campaigns({"waves": {"may": bare}}, {"may": names | {"everywhere": {"arm": "sms"}}})
    assert fetch(loaded["may"])["arm"].tolist() == ["sms", "sms"]


@pytest.mark.parametrize(("said", "meant"), [(1.0, 1), ("Да", 1), ("no", 0), (False, 0), ("0", 0)])
def test_whether_somebody_responded_may_be_said_in_many_ways(said, meant):
    loaded = load_campaigns({"waves": {"may": ROWS.assign(responded=pd.Series([said, said]))}})
    assert fetch(loaded["may"])["responded"].tolist() == [meant, meant]


def test_a_list_that_cannot_be_read_stops_no_proposal_for_the_others(folder):
    (folder / "empty.csv").write_text("", encoding="utf-8")
    proposal = propose_columns({"waves": folder})
    assert [table.name for table in proposal.tables] == ["may", "июнь"]
    assert "Left out: the file empty.csv is empty" in proposal.show()
    with pytest.raises(TableError, match="empty.csv is empty"):
        propose_columns({"waves": [folder / "empty.csv"]})


def test_a_proposal_says_what_to_do_without_arms_and_that_the_end_is_the_day_after(folder):
    (folder / "may.csv").write_text("customer_id,end,responded\n1,2026-06-01,1\n", encoding="utf-8")
    text = propose_columns({"waves": folder}).to_yaml()
    assert "# arm: not found" in text and "two lines say so: `everywhere:` and `arm: sms`" in text
    assert next(line for line in text.splitlines() if " end: " in line).endswith(
        "| meant is the day after its last day"
    )
