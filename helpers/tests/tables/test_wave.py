"""One door: what one function of evaluate and learn accepts, all accept; what one refuses, all refuse alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.lift.measure import measure_lift, measure_lifts, unmask_redeemers
from loyalty.evaluate.money.profit import campaign_money, compare_money
from loyalty.evaluate.observational.noncompliance import measure_complier_effect
from loyalty.evaluate.uplift.experiment import open_trial
from loyalty.learn.history.store import open_history
from loyalty.tables.check import TableError
from loyalty.tables.wave import match_loosely, open_assigned, open_waves, read_loosely
from loyalty.tables.wave.loose import write_names

SIZE = 24
KEYS = {"campaign_id": "autumn", "wave": 1}
PROFILE = pd.DataFrame({"customer_id": range(SIZE), "visits": [1, 1, 4, 4] * 6})
FREE = {"contact_cost": 0, "reward_cost": 0, "point_cost": 0}


def make_wave() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A wave of 24 customers, with a window before and one during it."""
    contacts = pd.DataFrame(KEYS | {"customer_id": range(SIZE), "arm": ["mail", "control"] * 12})
    contacts["took_card"] = [1, 0, 1, 0, 0, 1] * 4
    sales = np.arange(SIZE) * 7.0 % 11
    main = pd.DataFrame(KEYS | {"customer_id": range(SIZE), "window": "main", "responded": (sales > 5).astype(int)})
    main = main.assign(sales=sales, margin=sales / 4, redeemed=[1, 0, 0, 0, 0, 0] * 4)
    return contacts, pd.concat([main, main.assign(window="pre", sales=1.0)], ignore_index=True)


def append_to_history(folder: Path, contacts: Any, outcomes: Any) -> pd.DataFrame:
    with open_history(folder / "responses.duckdb") as history:
        history.append(contacts, outcomes)
        rows = history.to_frame()
    return rows[rows["window"] == "main"]


# Each reader returns a number that any lost or doubled customer would change, and what it says of the customers.
Reader = Callable[[Path, Any, Any], tuple[float, str]]


def read_lift(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = measure_lift(contacts, outcomes)
    return found.effect, "; ".join((found.estimand, *found.warnings))


def read_lifts(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = next(iter(measure_lifts(contacts, outcomes)))
    return found.effect, "; ".join((found.estimand, *found.warnings))


def read_redeemers(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = unmask_redeemers(contacts, outcomes)
    return found["effect"].sum(), "; ".join(found.attrs["warnings"])


def read_money(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = campaign_money(contacts, outcomes, **FREE)
    return found.profit.effect, "; ".join(found.warnings)


def read_all_money(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = compare_money(contacts, outcomes, **FREE)
    return found["profit"].sum(), "; ".join(found["warnings"])


def read_compliers(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = measure_complier_effect(contacts, outcomes)
    return found.effect, "; ".join(found.warnings)


def read_trial(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = open_trial(PROFILE, contacts, outcomes)
    return float((found.outcome * found.arm.eq("mail")).sum()), "; ".join(found.warnings)


def read_priced_trial(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = open_trial(PROFILE, contacts, outcomes, "profit", reward_cost=0.0)
    return float((found.outcome * found.arm.eq("mail")).sum()), "; ".join(found.warnings)


def read_examination(_: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    found = examine_campaign(contacts, outcomes)
    return float(len(found["broken join"].evidence)), "; ".join(found.warnings)


def read_history(folder: Path, contacts: Any, outcomes: Any) -> tuple[float, str]:
    rows = append_to_history(folder, contacts, outcomes)
    own = rows[rows["control_kind"].fillna("none") != "universal"]
    return float((own["sales"] * own["arm"].eq("mail")).sum()), ""


MEASURING: list[Reader] = [
    read_lift,
    read_lifts,
    read_redeemers,
    read_money,
    read_all_money,
    read_compliers,
    read_trial,
    read_priced_trial,
]
EVERY = [*MEASURING, read_examination, read_history]
# Each of these is built on another reader, which is tried always
SECOND = (read_lifts, read_redeemers, read_all_money, read_priced_trial)


def each_of(readers: list[Reader]) -> pytest.MarkDecorator:
    """One test a reader; those that are built on another one are slow."""
    slow = pytest.mark.slow
    return pytest.mark.parametrize("read", [pytest.param(r, marks=slow if r in SECOND else ()) for r in readers])


each_reader = each_of(EVERY)


# --- What all accept ---------------------------------------------------------------------------------


def as_duckdb(table: pd.DataFrame) -> duckdb.DuckDBPyRelation:
    """A relation on a connection of its own."""
    return duckdb.connect().from_df(table)


def as_parquet(table: pd.DataFrame, path: Path) -> str:
    table.to_parquet(path, index=False)
    return str(path)


SOURCES = {
    "two connections": lambda c, o, _: (as_duckdb(c), as_duckdb(o)),
    "files": lambda c, o, folder: (as_parquet(c, folder / "c.parquet"), as_parquet(o, folder / "o.parquet")),
    "frame and relation": lambda c, o, _: (c, as_duckdb(o)),
    "relation and frame": lambda c, o, _: (as_duckdb(c), o),
    "file and relation": lambda c, o, folder: (as_parquet(c, folder / "c.parquet"), as_duckdb(o)),
}


@pytest.mark.slow
@each_reader
@pytest.mark.parametrize("source", SOURCES)
def test_tables_may_come_from_anywhere(read, source, tmp_path):
    contacts, outcomes = make_wave()
    (tmp_path / "plain").mkdir()
    plain, _ = read(tmp_path / "plain", contacts, outcomes)
    found, _ = read(tmp_path, *SOURCES[source](contacts, outcomes, tmp_path))
    assert found == pytest.approx(plain)


@each_reader
def test_true_and_false_count_as_one_and_zero(read, tmp_path):
    contacts, outcomes = make_wave()
    flags = outcomes.assign(responded=outcomes["responded"].astype(bool))
    (tmp_path / "plain").mkdir()
    assert read(tmp_path, contacts, flags)[0] == pytest.approx(read(tmp_path / "plain", contacts, outcomes)[0])
    assert measure_lift(contacts, flags, "responded").is_rate


@pytest.mark.slow
@each_reader
@pytest.mark.parametrize("arm", ["control", "universal", "mail"])
def test_the_universal_control_is_left_out_whatever_its_arm_is_called_and_this_is_said(read, arm, tmp_path):
    contacts, outcomes = make_wave()
    held = contacts.head(3).assign(customer_id=[90, 91, 92], arm=arm, control_kind="universal")
    theirs = outcomes[outcomes["customer_id"] < 3].replace({"customer_id": {0: 90, 1: 91, 2: 92}}).assign(sales=1e6)
    whole = pd.concat([contacts.assign(control_kind="none"), held])
    (tmp_path / "plain").mkdir()
    plain, _ = read(tmp_path / "plain", contacts, outcomes)
    found, said = read(tmp_path, whole, pd.concat([outcomes, theirs.assign(margin=1e6)]))
    assert found == pytest.approx(plain)
    if read is not read_history:  # it keeps everybody
        assert "3 customers of the universal control left out" in said


@each_reader
def test_a_joined_table_needs_no_outcomes(read, tmp_path):
    contacts, outcomes = make_wave()
    (tmp_path / "plain").mkdir()
    (tmp_path / "long").mkdir()
    plain, _ = read(tmp_path / "plain", contacts, outcomes)
    main = outcomes[outcomes["window"] == "main"]
    joined = contacts.merge(main.drop(columns=["campaign_id", "wave", "window"]), on="customer_id")
    assert read(tmp_path, joined, None)[0] == pytest.approx(plain)
    long = contacts.merge(outcomes.drop(columns=["campaign_id", "wave"]), on="customer_id")
    assert read(tmp_path / "long", long, None)[0] == pytest.approx(plain)


@each_reader
def test_outcomes_of_other_waves_and_campaign_ids_of_another_type_do_no_harm(read, tmp_path):
    contacts, outcomes = make_wave()
    (tmp_path / "plain").mkdir()
    plain, _ = read(tmp_path / "plain", contacts, outcomes)
    assert read(tmp_path, contacts.assign(campaign_id=7), outcomes.assign(campaign_id="7"))[0] == pytest.approx(plain)
    if read is not read_history:  # there outcomes that belong to nobody are refused, for it keeps them for ever
        both = pd.concat([outcomes, outcomes.assign(wave=2, sales=99.0)])
        assert read(tmp_path, contacts, both)[0] == pytest.approx(plain)


@each_of([read_lift, read_compliers, read_trial, read_redeemers])
def test_a_number_may_stand_in_the_contacts_and_outcomes_come_first(read, tmp_path):
    contacts, outcomes = make_wave()
    plain, _ = read(tmp_path, contacts, outcomes)
    assert read(tmp_path, contacts.assign(sales=1e9), outcomes)[0] == pytest.approx(plain)
    moved = contacts.assign(sales=outcomes["sales"].head(SIZE))
    assert read(tmp_path, moved, outcomes.drop(columns="sales"))[0] == pytest.approx(plain)


@pytest.mark.slow
@each_of([*MEASURING, read_examination])
@pytest.mark.parametrize(("spelling", "others"), [("Control", "mail"), (" CONTROL\u200b", "MAIL ")])
def test_another_spelling_of_a_group_is_no_group_of_its_own_and_this_is_said(read, spelling, others, tmp_path):
    contacts, outcomes = make_wave()
    plain, _ = read(tmp_path, contacts, outcomes)
    first = {arm: contacts.index[contacts["arm"] == arm][:3] for arm in ("control", "mail")}
    spoilt = contacts.copy()
    spoilt.loc[first["control"], "arm"] = spelling
    spoilt.loc[first["mail"], "arm"] = others
    found, said = read(tmp_path, spoilt, outcomes)
    assert found == pytest.approx(plain)
    assert f"capital letters and blanks make no group of their own: {spelling!r} as 'control'" in said


def test_the_history_keeps_one_spelling_of_a_group_and_says_so(tmp_path):
    contacts, outcomes = make_wave()
    spoilt = contacts.replace({"arm": {"mail": "Mail "}})
    spoilt.loc[1, "arm"] = "CONTROL"
    with open_history(tmp_path / "responses.duckdb") as history:
        said = history.append(spoilt, outcomes).warnings
        arms = history.to_frame()["arm"]
    assert sorted(arms.unique()) == ["Mail", "control"]
    assert "capital letters and blanks make no group of their own: 'CONTROL' as 'control', 'Mail ' as 'Mail'" in said


# --- What all refuse, in the same words --------------------------------------------------------------


def refuse(read: Reader, folder: Path, *tables: Any) -> str:
    with pytest.raises(TableError) as caught:
        read(folder, *tables)
    return str(caught.value)


def keep(rows: Callable[[pd.DataFrame], Any]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table[rows(table)]


def spell(form: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(customer_id=[form.format(name) for name in table["customer_id"]])


def same(table: pd.DataFrame) -> pd.DataFrame:
    return table


def draw(**chances: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(propensity=table["arm"].map(chances))


TWO = 'there are 2 waves (autumn / 1, autumn / 2): take one, for example contacts[contacts["wave"] == 1]'
TWO_CONTROLS = (
    "the group `КГ` sounds like control, and `control` is there as well: if it is control, say so in columns.yml, "
    "under contacts, `arms: {control: control, mail: mail, КГ: control}`, or with contacts['arm'].replace({'КГ': "
    "'control'}); if treated, give another name in the same way"
)
HELD_OUT = (
    "there is nobody in the group `control`; the groups are: holdout, mail: is it `holdout`? Say control='holdout', "
    "or in columns.yml, under contacts, `arms: {holdout: control, mail: mail}`"
)
NOBODY = "there is nobody in the group `control`; the groups are: call, mail: if it has another name, say control='…'"
GROUPS = {
    "two waves": (lambda c: c.assign(wave=[1] * 12 + [2] * 12), same, TWO),
    "no control": (lambda c: c.assign(arm=["mail", "call"] * 12), same, NOBODY),
    "two controls": (
        lambda c: c.assign(arm=["КГ", "КГ", "КГ", *c["arm"].iloc[3:]]),
        same,
        TWO_CONTROLS,
    ),
    "a synonym of control": (lambda c: c.replace({"arm": {"control": "holdout"}}), same, HELD_OUT),
    "nobody treated": (
        lambda c: c.assign(arm="control"),
        same,
        "there is only the group `control`: nobody was treated",
    ),
    "no row": (lambda c: c.head(0), same, "there is no row"),
}
CHANCES = {
    "one customer": (
        lambda c: c.assign(arm=["mail"] + ["control"] * 23),
        same,
        "the group `mail` holds one customer: an interval needs two",
    ),
    "chance of 0": (
        draw(mail=0.0, control=0.5),
        same,
        "`propensity` is 0 for customers who are in the group: it is the chance of the group they are in",
    ),
    "no chance": (
        draw(mail=0.5),
        same,
        "`propensity` is empty in 12 of 24 rows: fill it for all, or leave it out",
    ),
    "chances of 0.8": (
        draw(mail=0.5, control=0.3),
        same,
        "the propensities do not sum to one: control 0.3 + mail 0.5 = 0.8: is a group missing, or the universal "
        "control?",
    ),
    "no window": (
        same,
        keep(lambda o: o["window"] == "pre"),
        "there is no row of the window `main`; the windows are: pre",
    ),
    "another wave": (
        same,
        lambda o: o.assign(wave=2),
        "there is no row of the wave autumn / 1; the waves are: autumn / 2",
    ),
}
STRANGERS = "no customer of the contacts stands in the outcomes; `customer_id` is "
TABLES = {
    "zeros in front are lost": (
        spell("{:03}"),
        spell("{}x"),
        STRANGERS + "'000', '001', '002' in the contacts and '0x', '10x', '11x' in the outcomes: are both "
        "of the same customers?",
    ),
    "zeros in front": (
        spell("{:03}"),
        spell("{:04}"),
        STRANGERS
        + "'000', '001', '002' in the contacts and '0000', '0001', '0002' in the outcomes: they differ in zeros "
        "in front, blanks or capital letters, so write them alike, or read both files with "
        "dtype={'customer_id': 'str'}",
    ),
    "text and numbers": (
        spell("c{}"),
        same,
        STRANGERS
        + "'c0', 'c1', 'c10' in the contacts and 0, 1, 2 in the outcomes: text in one table, a whole number in "
        "the other: make them alike with .astype('str')",
    ),
    "text with zeros and numbers": (
        spell("{:03}"),
        same,
        STRANGERS + "'000', '001', '002' in the contacts and 0, 1, 2 in the outcomes: numbers have lost the zeros in "
        "front, so read both files with dtype={'customer_id': 'str'}",
    ),
    "two arms": (
        lambda c: pd.concat([c, c.head(1).assign(arm="control")]),
        same,
        "1 customer stands in two groups, such as 0 (control and mail): keep the group that was drawn",
    ),
    "repeated contacts": (
        lambda c: pd.concat([c, c.head(1)]),
        same,
        "`campaign_id` + `wave` + `customer_id` should be different in every row: 1 value comes more than once, such "
        "as 'autumn' / 1 / 0: keep one row of each",
    ),
}


@pytest.mark.slow
@each_of([*MEASURING, read_examination])
@pytest.mark.parametrize("case", GROUPS)
def test_groups_that_cannot_be_compared_are_refused_alike(read, case, tmp_path):
    change, others, says = GROUPS[case]
    contacts, outcomes = make_wave()
    assert refuse(read, tmp_path, change(contacts), others(outcomes)) == f"contacts: 1 problem\n  1. {says}"


@pytest.mark.slow
@each_of(MEASURING)
@pytest.mark.parametrize("case", CHANCES)
def test_chances_and_windows_are_refused_alike(read, case, tmp_path):
    change, others, says = CHANCES[case]
    contacts, outcomes = make_wave()
    name = "contacts" if others is same else "outcomes"
    assert refuse(read, tmp_path, change(contacts), others(outcomes)) == f"{name}: 1 problem\n  1. {says}"


@each_of([*MEASURING, read_history])
def test_customers_who_stand_there_in_another_spelling_are_not_asked_for_zeros(read, tmp_path):
    contacts, outcomes = make_wave()
    says = refuse(read, tmp_path, spell("{:02}")(contacts), spell("{}")(outcomes))  # from 10 on both are alike
    assert "10 customers have no row of the window" in says
    assert (
        "some stand there in another spelling, such as '00' in the contacts and '0' in the outcomes: read both" in says
    )
    assert "needs a row with 0" not in says


@pytest.mark.slow
@each_of([*MEASURING, read_history])
@pytest.mark.parametrize("case", TABLES)
def test_ids_that_do_not_meet_or_repeat_are_refused_alike(read, case, tmp_path):
    change, others, says = TABLES[case]
    contacts, outcomes = make_wave()
    name = "outcomes" if says.startswith(STRANGERS) else "contacts"
    assert refuse(read, tmp_path, change(contacts), others(outcomes)) == f"{name}: 1 problem\n  1. {says}"


@each_of([*MEASURING, read_history])
def test_customers_without_a_row_are_refused_alike(read, tmp_path):
    contacts, outcomes = make_wave()
    outcomes = outcomes[outcomes["window"] == "main"]
    says = "3 customers have no row of the window `main` (control 1, mail 2), such as 0, 1, 2: who bought nothing needs"
    found = refuse(read, tmp_path, contacts, outcomes[outcomes["customer_id"] > 2])
    assert found.startswith(f"outcomes: 1 problem\n  1. {says} a row with 0")


@each_reader
@pytest.mark.parametrize("column", ["customer_id", "arm"])
def test_a_missing_column_is_named_with_those_there_are(read, column, tmp_path):
    contacts, outcomes = make_wave()
    there = contacts.drop(columns=column)
    found = refuse(read, tmp_path, there, outcomes)
    assert found.startswith(f"contacts: 1 problem\n  1. there is no column `{column}` (")
    assert found.endswith(f"found: {', '.join(there)}")


@each_reader
def test_an_id_in_the_index_is_told_as_such(read, tmp_path):
    contacts, outcomes = make_wave()
    found = refuse(read, tmp_path, contacts.set_index("customer_id"), outcomes.set_index("customer_id")).splitlines()
    says = "there is no column `customer_id`, it is the index: make it a column with .reset_index()"
    assert found == ["the wave: 2 problems", f"  1. contacts: {says}", f"  2. outcomes: {says}"]


@each_of([read_lift, read_lifts, read_redeemers, read_compliers, read_trial])
def test_a_missing_number_is_named_with_the_columns_there_are(read, tmp_path):
    contacts, outcomes = make_wave()
    found = refuse(read, tmp_path, contacts, outcomes.drop(columns="sales"))
    says = (
        "there is no column `sales` (money paid in the window, returns taken off): add it, or rename the one that holds"
    )
    assert found == (
        f"outcomes: 1 problem\n  1. {says} it; found: campaign_id, wave, customer_id, window, responded, margin, "
        "redeemed"
    )


@each_of(MEASURING)
def test_all_problems_of_both_tables_come_at_once(read, tmp_path):
    contacts, outcomes = make_wave()
    contacts = contacts.assign(arm=["mail", "call"] * 12, propensity=0.7)
    found = refuse(read, tmp_path, contacts, outcomes[outcomes["customer_id"] > 2]).splitlines()
    assert found[0] == "the wave: 3 problems"
    assert [line[5:].split("`")[0] for line in found[1:]] == [
        "contacts: there is nobody in the group ",
        "contacts: the propensities do not sum to one: call 0.7 + mail 0.7 = 1.4: each is the chance of its group",
        "outcomes: 3 customers have no row of the window ",
    ]


@each_of([*MEASURING, read_history])
def test_a_repeated_row_of_the_outcomes_is_refused(read, tmp_path):
    contacts, outcomes = make_wave()
    found = refuse(read, tmp_path, contacts, pd.concat([outcomes, outcomes.head(1)]))
    assert found.startswith("outcomes: 1 problem") and "1 value comes more than once" in found


@each_reader
def test_what_is_no_table_is_named_on_both_sides(read, tmp_path):
    found = refuse(read, tmp_path, 7, "nowhere.parquet").splitlines()
    assert found[0] == "the wave: 2 problems"
    assert found[1].startswith("  1. contacts: expected a table")
    assert found[2].startswith("  2. outcomes: there is no file nowhere.parquet")


# --- The door itself ---------------------------------------------------------------------------------


def test_a_wave_stays_on_its_engine_and_knows_its_windows():
    contacts, outcomes = make_wave()
    outcomes["start"] = pd.Timestamp("2026-03-02")
    wave = open_assigned(contacts, outcomes, ["sales"], window=("main", "post"), may_lack=("post",), before=["margin"])
    assert wave.windows == {"main": pd.Timestamp("2026-03-02")}
    assert wave.arms == {"mail": 12} and wave.warnings == ()
    assert wave.fetch(["sales", "before:margin"]).columns.tolist() == ["arm", "segment", "sales", "before:margin"]
    both = open_assigned(contacts, outcomes, ["sales"], window=("main", "pre"))
    assert both.name_columns("sales") == ["sales", "pre:sales"]
    assert both.fetch(["pre:sales"])["pre:sales"].eq(1.0).all()


def test_a_wave_of_the_clinic_keeps_what_others_refuse():
    contacts, outcomes = make_wave()
    contacts = pd.concat([contacts, contacts.head(1)])
    found = read_loosely(contacts, outcomes.assign(customer_id="0" + outcomes["customer_id"].astype(str)))
    people, rows, counts = match_loosely(found.people, found.rows)
    assert len(people) == SIZE and len(rows) == 2 * SIZE
    assert counts == {"contacts": 1, "arms": 0, "outcomes": 0, "repaired": SIZE, "strangers": 0}


def test_several_waves_are_joined_for_the_history_and_their_strangers_named():
    contacts, outcomes = make_wave()
    two = [pd.concat([table, table.assign(wave=2)]) for table in (contacts, outcomes)]
    assert open_waves(*two).rows.num_rows == 4 * SIZE
    with pytest.raises(TableError, match="24 of the outcomes belong to nobody .*0 in campaign autumn wave 2"):
        open_waves(contacts, two[1][two[1]["window"] == "main"])


def test_customers_without_a_stratum_count_as_one_and_this_is_said():
    table = pd.DataFrame({"arm": ["mail", "control"] * 20, "sales": np.arange(40.0), "stratum": ["a", None] * 20})
    wave = open_assigned(table.sample(frac=1, random_state=0), None, ["sales"])
    assert any("`stratum` is empty for 20 of 40 customers" in text for text in wave.doubts)
    assert not open_assigned(table.assign(stratum=None), None, ["sales"]).doubts
    assert not open_assigned(table.assign(stratum="a"), None, ["sales"]).doubts


def test_names_in_lists_are_refused_in_words():
    with pytest.raises(TableError, match="`window` should be a text, found lists"):
        write_names(pd.Series([["main"], ["pre"]], name="window"))
