"""The plan `campaign_plan`: who is sent what, who is not, and what will be known afterwards."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import openpyxl
import pandas as pd
import pytest

from loyalty.datasets.loaders import DATA
from loyalty.evaluate.design.power import find_detectable
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.intake.loading import load_tables
from loyalty.learn.history.prior_lifts import learn_lifts
from loyalty.report.campaign.report import report_campaign
from loyalty.report.output.privacy import suppress_small
from loyalty.report.plan import handover
from loyalty.report.plan.draft import name_channel
from loyalty.report.plan.report import plan_campaign
from loyalty.report.run import runner as run
from loyalty.tables.check import TableError
from loyalty.text import say_money
from loyalty.world import World

EXAMPLES = DATA / "examples"
SETTINGS = {
    "campaign": "may", "start": "2026-05-04", "end": "2026-06-01", "registered_on": "2026-04-26", "margin_rate": 0.3,
    "control_share": 0.2, "contact_cost": 7.5, "discount": 0.1, "use": 0.2, "pause_days": 14,
}  # fmt: skip
UNIVERSAL = {
    "universal_share": 0.1, "universal_salt": "year", "universal_start": "2026-01-01", "universal_end": "2027-01-01",
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    files = {"customers": EXAMPLES / "customers.csv", "receipts": EXAMPLES / "till.csv"}
    return load_tables(files, EXAMPLES / "columns.yml")


@pytest.fixture(scope="module")
def listed() -> pd.DataFrame:
    """The list of customers as it lies there."""
    return pd.read_csv(EXAMPLES / "customers.csv", sep=";", encoding="cp1251", dtype="str", keep_default_na=False)


@pytest.fixture(scope="module")
def plan(tables):
    return plan_campaign(tables, SETTINGS)


def change_people(tables, **columns):
    """The example's tables with other columns in the list of customers."""
    people = tables["customers"].table.to_native().df().assign(**columns)
    return load_tables({"customers": people, "receipts": tables["receipts"].table.to_native().df()})


def read_lists(folder, stem="plan") -> pd.DataFrame:
    parts = {path.name: pd.read_csv(path, dtype="str") for path in folder.glob(f"{stem}_send_*.csv")}
    return pd.concat(parts, names=["file"]).reset_index("file")


# --- Who gets what ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [
        *(pytest.param(extra, marks=pytest.mark.slow) for extra in ({}, UNIVERSAL, {"arms": "sms, gift"})),
        {"mode": "blocks"} | UNIVERSAL,
    ],
)
def test_no_control_is_on_any_send_list(tables, tmp_path, extra):
    plan_campaign(tables, SETTINGS | extra).save(tmp_path / "plan")
    inside, sent = pd.read_parquet(tmp_path / "plan.parquet"), read_lists(tmp_path)
    control = inside[inside["arm"] == "control"]
    assert not set(control["customer_id"]) & set(sent["customer_id"])
    treated = inside[inside["arm"] != "control"].set_index("customer_id")
    assert sorted(sent["customer_id"]) == sorted(treated.index), "each treated customer once, on one list"
    assert (sent["offer_id"].to_numpy() == treated.loc[sent["customer_id"], "offer_id"]).all()
    files = treated.loc[sent["customer_id"], "channel"].map(lambda name: f"plan_send_{name_channel(name)}.csv")
    assert (sent["file"].to_numpy() == files).all()
    if extra.get("universal_share"):
        assert 100 < (control["control_kind"] == "universal").sum() < 400
        assert set(inside.loc[inside["control_kind"] == "universal", "arm"]) == {"control"}


@pytest.mark.slow
def test_filters_run_before_the_draw_and_each_is_counted(plan, listed):
    last = pd.to_datetime(listed["Последний контакт"], dayfirst=True)
    fails = pd.DataFrame({
        "no consent": listed["Согласие"] != "да", "opted out": listed["Отказ"] == "да",
        "staff": listed["Сотрудник"] == "да",
        "written to in the 14 days before the start": last > pd.Timestamp("2026-04-20"),
        "no channel": listed["Канал"] == "",
    })  # fmt: skip
    table = plan.sections["filters"].to_frame().set_index("reason")
    assert table["customers"].to_dict() == fails.sum().to_dict()
    assert table["customers left"].iloc[-1] == (~fails.any(axis=1)).sum()
    assert table["customers taken out here"].sum() == fails.any(axis=1).sum()
    assert set(plan.people["customer_id"]) == set(listed.loc[~fails.any(axis=1), "Номер карты"])


@pytest.mark.slow
def test_one_more_customer_moves_nobody_in_hash_mode(plan, tables):
    people = tables["customers"].table.to_native().df()
    more = pd.concat([people.sample(frac=1, random_state=1), people.head(1).assign(customer_id="2770000099999")])
    again = plan_campaign(change_people(tables) | load_tables({"customers": more}), SETTINGS)
    arms, now = (p.people.set_index("customer_id")["arm"] for p in (plan, again))
    assert len(now) == len(arms) + 1 and now[arms.index].equals(arms)


@pytest.mark.slow
def test_another_campaign_draws_another_control(plan, tables):
    again = plan_campaign(tables, SETTINGS | {"campaign": "june"})
    both = [set(p.people.loc[p.people["arm"] == "control", "customer_id"]) for p in (plan, again)]
    assert len(both[0] & both[1]) < 0.4 * len(both[0])


@pytest.mark.slow
def test_blocks_keep_exact_quotas_in_each_segment(tables):
    people = plan_campaign(tables, SETTINGS | {"mode": "blocks"}).people
    counts = pd.crosstab(people["segment"], people["arm"])
    assert (abs(counts["control"] - 0.2 * counts.sum(axis=1)) < 1).all() and len(counts) == 3


@pytest.mark.slow
def test_the_same_plan_twice_is_the_same_byte_for_byte(tables, tmp_path):
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        plan_campaign(tables, SETTINGS | UNIVERSAL).save(folder / "plan")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [
        "plan.parquet", "plan.xlsx", "plan_record.csv", "plan_send_e-mail.csv", "plan_send_sms.csv"
    ]  # fmt: skip
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


def test_checksums_and_rows_are_those_of_the_files(plan, tmp_path):
    plan.save(tmp_path / "plan")
    for row in plan.sheets["files"].itertuples():
        data = (tmp_path / f"plan{row.ends}").read_bytes()
        assert hashlib.sha256(data).hexdigest() == plan.sheets["files"].loc[row.Index, "SHA-256"]
        rows = pd.read_parquet(tmp_path / "plan.parquet") if row.ends == ".parquet" else data.decode().splitlines()[1:]
        assert len(rows) == row.rows
    record = pd.read_csv(tmp_path / "plan_record.csv").iloc[0]
    assert record["assignment_sha256"] == hashlib.sha256((tmp_path / "plan.parquet").read_bytes()).hexdigest()
    assert record["assignment_rows"] == len(plan.people)


@pytest.mark.slow
def test_the_record_keeps_its_contract_and_says_what_was_planned(tables, tmp_path):
    said = {"hypothesis": "More come back.", "owner": "Anna", "goal": "sell", "budget": 60_000, "wave": 2}
    plan_campaign(tables, SETTINGS | said | {"arms": "sms=0.5, gift=0.3"}).save(tmp_path / "plan")
    record = load_tables({"campaigns": tmp_path / "plan_record.csv"})["campaigns"].table.to_native().df().iloc[0]
    assert record["planned_shares"] == "control=0.2, sms=0.5, gift=0.3" and record["wave"] == 2
    assert f"{record['registered_on']:%Y-%m-%d}" == "2026-04-26" and record["hypothesis"] == "More come back."
    assert record["primary_metric"].startswith("sales per customer")


def test_a_send_list_of_an_earlier_plan_is_never_left_beside_a_new_one(plan, tmp_path):
    old = tmp_path / "plan_send_push.csv"
    old.write_text("customer_id\n1\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"plan_send_push.csv is from an earlier plan.*delete it"):
        plan.save(tmp_path / "plan")
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.slow
def test_addresses_go_to_the_sender_and_nowhere_else(tables, tmp_path):
    n = tables["customers"].rows
    phones = [f"7916{i:07d}" if i % 3 else None for i in range(n)]
    mails = [None if i % 3 else f"a{i}@example.org" if i % 2 else None for i in range(n)]
    plan = plan_campaign(change_people(tables, phone=phones, email=mails), SETTINGS)
    plan.save(tmp_path / "plan")
    sent = read_lists(tmp_path)
    assert (sent["phone"].notna() | sent["email"].notna()).all() and sent["phone"].str.startswith("7916").any()
    assert plan.sections["filters"].to_frame()["reason"].iloc[-1] == "no phone and no e-mail"
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    cells = " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    page = plan.card._repr_html_() + "".join(section._repr_html_() for section in plan.sections.values())
    assert not re.search(r"7916\d{7}|example\.org|2770000\d{6}", cells + page)
    assert "phone" not in pd.read_parquet(tmp_path / "plan.parquet")


# --- What it says -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"use": 1}, "send", "Send: the test can show whether it pays"),
        ({}, "enlarge", "Do not rely on this test: the list is too short to show whether it pays"),
        (
            {"use": 1, "control_share": 0.05},
            "enlarge",
            "Enlarge the control before you send: this test sees too little",
        ),
        ({"expected_lift": 0.01}, "loses", "Do not send: a loss is expected"),
        ({"discount": 0.35, "use": 1}, "cannot pay", "Do not send: it cannot pay"),
        (
            {"discount": None, "contact_cost": None},
            "no costs",
            "Enter the costs: without them nobody knows whether it pays",
        ),
    ],
)
def test_the_verdict_comes_first(tables, changes, verdict, words):
    plan = plan_campaign(tables, SETTINGS | changes)
    assert (plan.verdict, plan.card.verdict) == (verdict, words)
    assert "The test can see only effects of" in plan.card.headline
    power = plan.results["draft"].worst.power
    blind = any("would often miss an effect that just pays" in note for note in plan.card.notes)
    assert blind == (power.cost > 0 and not power.sees_break_even)
    assert all(plan.draw(name) is not None for name in ("economics", "size"))


@pytest.mark.slow
def test_the_control_that_the_plan_names_is_the_first_that_sees_the_break_even(tables):
    draft = plan_campaign(tables, SETTINGS | {"use": 1, "control_share": 0.05}).results["draft"]
    share, power = draft.worst.find_control(draft.drawn.shares), draft.worst.power
    seen = [
        find_detectable(power.noise.values, size=power.size, control=c).effect <= power.break_even
        for c in (share - 0.01, share)
    ]
    assert seen == [False, True]


@pytest.mark.slow
def test_the_break_even_of_the_plan_earns_nothing_by_the_economics_it_shows(tables):
    at = plan_campaign(tables, SETTINGS).results["draft"].worst.needed
    profit = plan_campaign(tables, SETTINGS | {"expected_lift": at}).results["draft"].profit
    assert abs(profit) < 1e-6


@pytest.mark.slow
def test_a_loss_in_one_segment_is_named(tables):
    plan = plan_campaign(tables, SETTINGS | {"expected_lift": 0.12})
    lost = plan.sections["economics"].to_frame().set_index("segment")["profit in all"] < 0
    (says,) = plan.sections["economics"].text
    assert says in plan.card.notes
    assert (
        lost.sum() == 1
        and lost.idxmax() in says
        and says.endswith("The lists and the expected profit of this plan still hold it.")
    )
    assert ("Expected profit", say_money(plan.results["draft"].profit), "after costs, all segments") in plan.card.facts


@pytest.mark.slow
def test_a_given_lift_is_not_called_left_out_and_a_history_is_said_to_need_its_setting_gone(tables):
    for lift, unlocks in ((0.12, "the table history, without the setting expected_lift"), (None, "the table history")):
        shown = plan_campaign(tables, SETTINGS | {"expected_lift": lift}).sections["skipped"].to_frame()
        left_out = shown.set_index("what unlocks it")["not in this plan"]
        assert ("expected profit" in left_out[unlocks]) == (lift is None)


@pytest.mark.slow
def test_arms_have_their_own_costs_and_the_doubtful_one_decides(tables):
    offers = pd.DataFrame({"offer_id": ["cheap", "dear"], "kind": "gift", "reward_cost": [5.0, 900.0]})
    both = tables | load_tables({"offers": offers})
    plan = plan_campaign(both, SETTINGS | {"arms": "cheap, dear", "discount": None, "use": 1, "contact_cost": 30})
    cheap, dear = plan.results["draft"].arms
    assert (cheap.verdict, dear.verdict, plan.verdict) == ("enlarge", "cannot pay", "cannot pay")
    assert cheap.power.level == dear.power.level == 0.975 and "the arm dear, which is the most doubtful" in " ".join(
        plan.card.notes
    )
    with pytest.raises(TableError, match="none of the arms other is an offer"):
        plan_campaign(both, SETTINGS | {"arms": "other"})


@pytest.mark.slow
def test_the_lift_of_earlier_waves_is_learned_by_segment(tables):
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"campaign_id": np.repeat(["a", "b"], 3_000), "wave": 1, "customer_id": list(range(3_000)) * 2})
    rows = rows.assign(window="main", arm=np.where(rng.random(6_000) < 0.5, "mail", "control"), segment="1–2 чека")
    rows["responded"] = (rng.random(6_000) < np.where(rows["arm"] == "mail", 0.36, 0.30)).astype(int)
    each = [measure_lift(wave, outcome="responded", by="segment").results[0] for _, wave in rows.groupby("campaign_id")]
    weight = np.array([1 / lift.se**2 for lift in each])
    by_hand = np.average([x.effect for x in each], weights=weight) / np.average([x.base for x in each], weights=weight)
    assert learn_lifts(rows)["1–2 чека"] == pytest.approx(by_hand) and 0.1 < by_hand < 0.3
    plan = plan_campaign(tables | load_tables({"history": rows}), SETTINGS)
    assert plan.sections["economics"].to_frame()["expected, relative to base rate"].tolist() == pytest.approx(
        [by_hand] * 3
    )
    with pytest.raises(TableError, match="nothing is learned from it"):
        learn_lifts(rows.assign(arm="mail"))


@pytest.mark.slow
def test_a_budget_that_is_too_small_is_an_alarm(tables):
    checks = plan_campaign(tables, SETTINGS | {"budget": 10_000}).sheets["checks"].set_index("check")["result"]
    assert checks["Budget"] == "alarm" and checks["Groups alike before the start"] == "good"


# --- What is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"control_share": 0}, "`control_share` should lie between 0 and 1"),
        ({"registered_on": "2026-05-05"}, "should not be after `start`"),
        ({"arms": "sms=0.5, gift=0.5"}, "sum to 1.2: they should sum to one"),
        ({"arms": "control, gift"}, "those who get something"),
        ({"arms": "sms=0.8, gift"}, "a share for each"),
        ({"arms": "gift, gift"}, "gift stands twice"),
        ({"mode": "best"}, "one of hash, blocks"),
        ({"universal_share": 0.1}, "also needs `universal_salt`, `universal_start`, `universal_end`"),
        ({"campaign": "79161234567"}, "`campaign` holds a phone"),
        ({"campaign": None}, "`campaign` is missing"),
        ({"strata": "town"}, "there is no column `town` for the strata"),
        ({"end": "2027-05-04"}, "how much customers vary cannot be known"),
        (UNIVERSAL | {"universal_end": "2026-02-01"}, "outside the term of the universal control"),
    ],
)
def test_each_wrong_setting_is_one_message(tables, changes, says):
    with pytest.raises(TableError, match=re.escape(says)):
        plan_campaign(tables, SETTINGS | changes)


@pytest.mark.slow
def test_tables_that_do_not_fit_are_refused_in_words(tables):
    n = tables["customers"].rows
    for columns, says in (
        ({"channel": ["SMS", "sms"] * (n // 2)}, "'SMS', 'sms' would make one send list"),
        ({"segment": "79161234567"}, "`segment` holds phones"),
        ({"consent": False}, "nobody passes"),
        ({"last_contact": pd.Timestamp("2026-04-27")}, "is not before the draw"),
        ({"customer_id": [f"K{i}" for i in range(n)]}, "has a receipt"),
    ):
        with pytest.raises(TableError, match=says):
            plan_campaign(change_people(tables, **columns), SETTINGS)


@pytest.mark.slow
def test_the_thinnest_list_is_enough_and_each_column_that_lacks_is_named(tables):
    people = tables["customers"].table.to_native().df()[["customer_id"]]
    receipts = tables["receipts"].table.to_native().df()[["customer_id", "time", "sales"]]
    thin = load_tables({"customers": people, "receipts": receipts})
    plan = plan_campaign(thin, SETTINGS)
    unlocks = set(plan.sections["skipped"].to_frame()["what unlocks it"])
    assert {"the column consent in customers", "the column channel in customers", "the table history"} <= unlocks
    assert len(plan.people) == 3_000 and "_send_all.csv" in plan.files


# --- The whole way ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_plan_of_two_arms_is_sent_and_reported_with_the_truth_in_the_interval(tmp_path):
    world = World(3_000, 4, seed=20260302)
    rng, customers = np.random.default_rng(5), world.customers[["customer_id"]]
    people = customers.assign(consent=rng.random(3_000) < 0.9, channel=np.where(rng.random(3_000) < 0.6, "sms", "mail"))

    def sum_receipts(world):
        sums = {name: (name, "sum") for name in ("sales", "margin", "discount")}
        return world.receipts.groupby(["basket_id", "customer_id"], as_index=False).agg(time=("time", "min"), **sums)

    days = {
        "start": f"{world.end:%Y-%m-%d}",
        "end": f"{world.end + pd.Timedelta(days=28):%Y-%m-%d}",
        "margin_rate": 0.3,
    }
    term = {"universal_start": "2023-01-01", "universal_end": "2024-01-01"}
    settings = days | UNIVERSAL | term | {
        "campaign": "autumn", "registered_on": days["start"], "control_share": 0.25,
        "arms": "basket_discount=0.4, category_discount=0.35", "contact_cost": 0.08,
    }  # fmt: skip
    plan_campaign(load_tables({"customers": people, "receipts": sum_receipts(world)}), settings).save(tmp_path / "plan")
    drawn = pd.read_parquet(tmp_path / "plan.parquet").astype({"customer_id": "int64"})
    wave, later = world.run(drawn[["customer_id", "arm", "offer_id", "propensity"]], campaign_id="autumn")
    files = {"contacts": tmp_path / "plan.parquet", "campaigns": tmp_path / "plan_record.csv"}
    tables = load_tables(files | {"receipts": sum_receipts(later)})  # no mapping: the names are ours
    report = report_campaign(tables, days | {"contact_cost": 0.08, "reward_cost": 0, "point_cost": 0})
    truth = later.truth.lift(wave)
    assert {lift.arm for lift in report.results["arms"]} == {"basket_discount", "category_discount"}
    for lift in report.results["arms"]:
        assert lift.low <= truth.loc[(lift.arm, "main"), "sales"] <= lift.high
    money = report.results["money"]
    assert money.profit.low <= truth.loc[(money.arm, "both"), "profit"] <= money.profit.high
    checks = report.sheets["checks"].set_index("check")
    assert (
        checks.loc["Group sizes (sample ratio)", "result"] == "good"
        and "25.0%, 40.0%, 35.0%" in checks.loc["Group sizes (sample ratio)"].iloc[1]
    )
    held = int((drawn["control_kind"] == "universal").sum())
    assert checks.loc["Universal control"].iloc[1].startswith(f"{held} customers left out")
    assert lift.n_control == (drawn["control_kind"] == "campaign").sum()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOYALTY_FROM", str(folder))
        assert run.main(["campaign_plan", "--example", "-o", "plan.html"]) == 0
        first = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert run.main(["campaign_plan", "--example", "-o", "plan.html"]) == 0
    return folder, first


@pytest.mark.slow
def test_one_command_writes_all_files_and_again_the_same(made):
    folder, first = made
    assert sorted(first) == [
        "plan.html", "plan.parquet", "plan.xlsx", "plan_record.csv", "plan_send_e-mail.csv", "plan_send_sms.csv"
    ]  # fmt: skip
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


@pytest.mark.slow
def test_the_page_begins_with_the_verdict_and_names_nobody(made):
    page = (made[0] / "plan.html").read_text(encoding="utf-8")
    body = re.sub(r"data:image/png;base64,[^\"]+", "", page[page.index("<main>") :])
    assert body.index("this list is too short") < body.index("<h2") < body.index("<img")
    assert not re.search(r"2770000\d{6}", body) and "Traceback" not in body


def test_a_wrong_command_is_one_message_with_code_2_and_no_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOYALTY_FROM", str(tmp_path))
    data = ["--data", f"customers={EXAMPLES / 'customers.csv'}", "--data", f"receipts={EXAMPLES / 'till.csv'}"]
    wrong = ["--set", "start=04.05.2026", "--set", "control_share=20", "--set", "campain=may"]
    assert run.main(["campaign_plan", *data, *wrong, "-o", "plan.html"]) == 2
    said = capsys.readouterr().err
    for part in ("did you mean `campaign`?", "write 0.2", "found 04.05.2026", "`margin_rate` is missing"):
        assert part in said
    assert not list(tmp_path.iterdir()) and "Traceback" not in said


def test_what_a_rule_takes_out_is_no_difference_of_what_is_left():
    out = [30, 3, 40, 20, 2]
    left = [970, 967, 927, 907, 905]
    rules = pd.DataFrame({"reason": list("abcde"), "customers": [30, 3, 50, 60, 2], "customers left": left})
    rules.insert(2, "customers taken out here", out)
    shown = suppress_small(rules, ["customers", "customers taken out here"], ["reason"])
    shown = handover.hide_neighbours(rules, shown)
    is_left = [not isinstance(value, str) for value in shown["customers taken out here"]]
    assert is_left == [True, False, False, False, False]
    assert shown["customers left"].notna().tolist() == is_left


@pytest.mark.slow
def test_a_segment_that_one_table_hides_is_not_the_sum_of_another_tables_rows(tables):
    people = tables["customers"].table.to_native().df()
    names = people["segment"].where(people.index >= 3, "three").where(~people.index.isin(range(3, 12)), "nine")
    sheets = plan_campaign(change_people(tables, segment=names), SETTINGS | {"mode": "blocks"}).sheets
    economics, log = sheets["economics"], sheets["assignment"]
    hidden = set(economics["segment"][economics["customers"].map(lambda shown: isinstance(shown, str))])
    assert hidden == {"three", "nine"}
    shown = log["customers"].map(lambda value: not isinstance(value, str))
    assert hidden.isdisjoint(log["stratum"][shown]) and hidden <= set(log["stratum"])
