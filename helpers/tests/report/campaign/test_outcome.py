"""The campaign report on an outcome of 0 and 1, in its own words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.intake.loading import Loaded, load_tables
from loyalty.report.campaign.report import report_campaign
from loyalty.report.run.order import read_order
from loyalty.tables.check import TableError
from loyalty.tables.sources import open_table


def load(contacts: pd.DataFrame, name: str = "contacts") -> dict[str, Loaded]:
    return {name: Loaded(name, open_table(contacts), len(contacts), tuple(contacts.columns), {}, ())}


def make(shares: dict[str, float], n: int = 45_000) -> pd.DataFrame:
    """Each arm with this share of customers who came back, exactly."""
    parts = [
        pd.DataFrame({"arm": arm, "retention_7": (np.arange(n) < share * n).astype(int)})
        for arm, share in shares.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(campaign_id="gate", wave=1, customer_id=range(len(table)))


@pytest.mark.slow
def test_a_retention_that_fell_is_told_in_customers_and_never_in_money():
    report = report_campaign(load(make({"control": 0.1902, "gate_40": 0.1820})), {"outcome": "retention_7"})
    assert (
        report.verdict == "fell"
        and report.card.verdict == "The campaign lowered `retention_7`, but some checks could not be done"
    )
    assert report.card.headline.startswith(
        "`retention_7` is 1 for 18.2 of every 100 treated customers, and for 19.0 of every 100 in control."
    )
    words = " ".join([report.card.headline, *report.card.notes, *report.sections["lift"].text])
    assert "profit" not in words and "bought" not in words
    assert "checks could not be done: " in words and "The table of checks says what each of them needs." in words
    low, high = report.results["lift"].low, report.results["lift"].high
    assert low < -0.0082 < high < 0 and report.draw("lift") is not None and report.draw("money") is None
    assert report.sections["money"].text == (
        "No money was measured: whether the change is worth what the campaign costs is for you to judge.",
    )


@pytest.mark.slow
def test_a_difference_of_a_hundredth_of_a_point_keeps_its_digits():
    table = report_campaign(load(make({"control": 0.19, "a": 0.19002}, 50_000)), {"outcome": "retention_7"})
    row = table.sections["lift"].to_frame().iloc[0]
    assert table.verdict == "open" and row["low"].startswith("−0.5") and "plan the next test" in table.card.notes[-1]


@pytest.mark.slow
def test_the_split_is_checked_and_an_alarm_shows_no_figure():
    report = report_campaign(
        load(make({"control": 0.19, "gate_40": 0.18})), {"outcome": "retention_7", "planned_control_share": 0.4}
    )
    assert report.verdict == "open" and report.card.verdict.startswith("Do not use this result yet")
    assert [fact[0] for fact in report.card.facts] == ["Checks"]


@pytest.mark.slow
def test_of_several_arms_the_card_names_the_one_it_speaks_of():
    report = report_campaign(load(make({"control": 0.18, "a": 0.18, "b": 0.19})), {"outcome": "retention_7"})
    assert report.card.verdict.startswith("The arm b raised `retention_7`")
    assert report.sections["lift"].to_frame()["arm"].tolist() == ["a", "b"]


def test_what_is_neither_0_nor_1_is_refused_with_examples():
    table = make({"control": 0.2, "a": 0.2}, 50)
    with pytest.raises(TableError, match="`outcome`: the contacts have no column `visits`"):
        report_campaign(load(table), {"outcome": "visits"})
    table.loc[[0, 1], "retention_7"] = [7, 3]
    with pytest.raises(TableError, match="neither 0 nor 1 in 2 rows .'7', '3'.: write 1 where it happened"):
        report_campaign(load(table), {"outcome": "retention_7"})


def test_an_order_with_an_outcome_asks_for_no_receipts_dates_or_margin(tmp_path):
    (tmp_path / "list.csv").write_text("x", encoding="utf-8")
    asked = ["campaign_report", "--data", "contacts=list.csv", "-o", "report.html"]
    order = read_order([*asked, "--set", "outcome=retention_7"], tmp_path)
    assert order.values["outcome"] == "retention_7" and order.values["start"] is None
    with pytest.raises(TableError, match="--data receipts=FILE is missing"):
        read_order(asked, tmp_path)


@pytest.mark.slow
def test_offers_of_other_campaigns_are_looked_at_too():
    contacts = make({"control": 0.18, "gate_40": 0.20}, 2_000)
    others = contacts[["customer_id"]].head(200).assign(campaign_id="spring", wave=1, arm="gift")
    others = others.assign(start=pd.Timestamp("2023-04-10"), end=pd.Timestamp("2023-05-10"))
    given = {"outcome": "retention_7"}
    checks = report_campaign(load(contacts), given).results["checks"].set_index("check")
    assert checks.loc["Other campaigns", "result"] == "not done"
    assert (
        checks.loc["Groups alike before the start", "what was found"]
        == "not possible in this report, because it reads no receipts"
    )
    tables = load(contacts) | load(others, "other_waves")
    checks = report_campaign(tables, given).results["checks"].set_index("check")
    assert "needs the first and the last day" in checks.loc["Other campaigns", "what was found"]
    dates = {"start": "2023-05-01", "end": "2023-05-29"}
    report = report_campaign(tables, given | dates)
    assert report.verdict == "open" and "control no longer shows" in report.card.headline
    checks = report_campaign(load(contacts), given | dates | {"other_waves": "none"}).results["checks"]
    assert checks.set_index("check").loc["Other campaigns", "result"] == "good"


def draw_stores(opened) -> pd.DataFrame:
    """Twenty stores, ten for control; one region holds a single store of control."""
    n = np.arange(800)
    store = n % 20
    region = np.where(store == 0, "east", np.where(n // 20 % 2, "north", "south"))
    region = np.where(store == 19, "east", region)
    arm = np.where(store < 10, "control", "mail")
    table = pd.DataFrame({"customer_id": n, "arm": arm, "store": [f"S{i}" for i in store], "segment": region})
    return table.assign(campaign_id="gate", wave=1, opened=opened(table))


def test_where_all_of_a_group_did_the_same_there_is_no_interval_and_no_nan():
    contacts = draw_stores(lambda table: (table["arm"] == "mail").astype(int))
    report = report_campaign(load(contacts), {"outcome": "opened", "cluster": "store"})
    assert report.verdict == "open" and "There is no interval" in report.card.headline
    shown = [report.card.verdict, report.card.headline, *report.card.notes, *map(str, report.card.facts)]
    shown += [str(report.sections["lift"].table.drop(columns=["relative", "p"]))]
    assert "nan" not in " ".join(shown).lower()
    assert ("Difference", "100.0 points", "no interval") in report.card.facts


@pytest.mark.slow
def test_a_region_with_too_few_stores_is_named():
    luck = np.random.default_rng(2)
    report = report_campaign(
        load(draw_stores(lambda table: luck.integers(0, 2, len(table)))), {"outcome": "opened", "cluster": "store"}
    )
    section = report.sections["segments"]
    assert "Not compared, because a group is too small there: east." in section.text
    assert sorted(section.table["segment"]) == ["north", "south"]


@pytest.mark.parametrize(
    ("yes", "no"), [("да", "Нет"), ("Y", "N"), ("ИСТИНА", "ЛОЖЬ"), ("1,0", "0,0"), ("+", "-"), ("True", "0")]
)
def test_yes_and_no_are_read_in_the_words_that_people_write(yes, no):
    table = make({"control": 0.2, "a": 0.3}, 200)
    wanted = report_campaign(load(table), {"outcome": "retention_7"}).results["lift"]
    words = table.assign(retention_7=np.where(table["retention_7"] == 1, yes, no))
    found = report_campaign(load(words), {"outcome": "retention_7"}).results["lift"]
    assert (found.effect, found.low, found.high) == (wanted.effect, wanted.low, wanted.high)


def test_empty_cells_are_named_and_where_rows_differ_the_reason_too():
    table = make({"control": 0.2, "a": 0.2}, 50)
    table["retention_7"] = table["retention_7"].astype("object").where(table["retention_7"] == 1, None)
    with pytest.raises(TableError, match="`retention_7` is empty in [0-9]+ rows: write 0 where it did not happen"):
        report_campaign(load(table), {"outcome": "retention_7"})
    twice = make({"control": 0.2, "a": 0.2}, 50)
    twice = pd.concat([twice, twice.head(2).assign(retention_7=1 - twice["retention_7"].head(2))])
    tables = load_tables({"contacts": twice[["customer_id", "arm", "retention_7"]]})
    with pytest.raises(TableError, match="empty in 2 rows: .* 2 customers with several rows, such as .*keep one row"):
        report_campaign(tables, {"outcome": "retention_7"})


def test_personal_data_in_the_outcome_is_not_shown():
    table = make({"control": 0.2, "a": 0.2}, 50).astype({"retention_7": "object"})
    table.loc[[0, 1], "retention_7"] = ["ivan@mail.ru", "+7 916 123-45-67"]
    with pytest.raises(TableError) as caught:
        report_campaign(load(table), {"outcome": "retention_7"})
    assert "ivan" not in str(caught.value) and "916" not in str(caught.value)


def test_an_outcome_that_nobody_in_control_can_have_is_doubted():
    table = make({"control": 0.2, "a": 0.2}, 500)
    table.loc[table["arm"] == "control", "retention_7"] = 0
    report = report_campaign(load(table), {"outcome": "retention_7"})
    checks = report.sheets["checks"].set_index("check")
    assert checks.loc["Outcome possible in control", "result"] == "look"
    assert any("this comparison shows nothing" in note for note in report.card.notes)
    few = pd.concat([table[table["arm"] == "a"], table[table["arm"] == "control"].head(8)])  # this may be luck
    checks = report_campaign(load(few), {"outcome": "retention_7"}).sheets["checks"]
    assert "Outcome possible in control" not in set(checks["check"])


def test_without_control_the_line_of_columns_yml_is_named():
    with pytest.raises(TableError, match="nobody is in the control group.*under contacts: `arms:"):
        report_campaign(load(make({"a": 0.2, "b": 0.3}, 50)), {"outcome": "retention_7"})


def test_columns_that_the_settings_name_wrong_are_listed_with_the_reason():
    table = make({"control": 0.2, "a": 0.2}, 50).assign(phone=[f"+7916{i:07d}" for i in range(100)], town="x")
    tables = load_tables({"contacts": table[["customer_id", "arm", "retention_7", "phone", "town"]]})
    with pytest.raises(TableError) as caught:
        report_campaign(tables, {"outcome": "Retention_7", "by": "town", "cluster": "phone"})
    said = "\n".join(caught.value.problems)
    assert "`outcome`: the contacts have no column `Retention_7`, did you mean `retention_7`?" in said
    assert "`by` names the column `town`, and it holds the same in all rows" in said
    assert "`cluster` names the column `phone`, and it bears a name of the contracts" in said
