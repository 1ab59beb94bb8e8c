"""The report `response_history`: five layouts become one history, and its numbers are those of a hand-made table."""

from __future__ import annotations

import numpy as np
import openpyxl
import pandas as pd
import pytest

from loyalty.datasets.loaders import DATA
from loyalty.intake.campaigns import load_campaigns
from loyalty.learn.history.store import open_history
from loyalty.report.history.measure import measure_response
from loyalty.report.history.next_tests import PairBelief, count_segments, find_best_test
from loyalty.report.history.report import report_history
from loyalty.report.run import runner as run
from loyalty.tables.check import TableError

EXAMPLES = DATA / "examples"
FOLDER = EXAMPLES / "campaigns"
SETTINGS = {"margin_rate": 0.3, "point_cost": 0, "scheme": "visits", "version": "1", "currency": "₽"}


def make_list(**changes) -> pd.DataFrame:
    """Twenty customers, half of them control: 8 of 10 treated respond, 4 of 10 in control."""
    rows = {
        "customer_id": [str(1000 + number) for number in range(20)],
        "arm": ["mail", "control"] * 10,
        "responded": [1, 1] * 4 + [1, 0] * 4 + [0, 0] * 2,
        "sales": [40.0, 20.0] * 4 + [30.0, 0.0] * 4 + [0.0, 0.0] * 2,
        "start": pd.Timestamp("2026-03-02"),
        "end": pd.Timestamp("2026-03-30"),
    }
    return pd.DataFrame(rows | changes)


def read_amount(texts: pd.Series) -> pd.Series:
    """Amounts such as 1 234,50."""
    return texts.str.replace(r"\s", "", regex=True).str.replace(",", ".").astype("float64")


def report(lists, settings=None, columns=None, earlier=None, **tables):
    return report_history(load_campaigns({"waves": lists} | tables, columns), settings or {}, earlier)


@pytest.fixture(scope="module")
def example():
    tables = load_campaigns({"waves": FOLDER, "offers": EXAMPLES / "offers.csv"}, EXAMPLES / "campaigns.yml")
    return report_history(tables, SETTINGS)


@pytest.fixture(scope="module")
def by_hand() -> dict[str, pd.DataFrame]:
    """The five lists, read with pandas alone, in one form: offer, segment, bought (1 or 0), and money."""
    spring = pd.read_csv(FOLDER / "spring_sms.csv", sep=";", encoding="cp1251")
    easter = pd.read_excel(FOLDER / "easter_gift.xlsx")
    regulars = pd.read_csv(FOLDER / "regulars.csv")
    friends = pd.read_csv(FOLDER / "friends.csv", sep=";", encoding="utf-8-sig")
    back = pd.read_csv(FOLDER / "come_back.tsv", sep="\t")
    return {
        "spring_sms": pd.DataFrame({
            "offer": spring["Группа"].map({"КГ": "control", "тест": "discount"}), "bought": spring["Купил"] == "да",
            "sales": read_amount(spring["Сумма покупок"]), "off": read_amount(spring["Скидка"]),
        }),
        "easter_gift": pd.DataFrame({
            "offer": easter["Test group"].replace("free gift", "gift"), "bought": easter["Bought"] == 1,
            "sales": easter["Net sales"], "gifts": easter["Gifts"],
        }),
        "regulars": pd.DataFrame({
            "offer": regulars["cell"], "bought": regulars["receipts"] > 0, "wave": regulars["wave"],
        }),
        "friends": pd.DataFrame({"offer": "discount", "bought": friends["Отклик"] == "да"}),
        "come_back": pd.DataFrame({
            "offer": back["Variant"].map({"C": "control", "A": "win_back", "B": "gift"}),
            "bought": back["Response"] == 1,
        }),
    }  # fmt: skip


# --- Five layouts, numbers equal by hand ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_lifts_are_those_of_a_hand_made_table(example, by_hand):
    found = example.results["response"].waves.set_index(["campaign_id", "wave", "offer"])["effect"]
    for campaign, rows in by_hand.items():
        for wave, part in rows.groupby(rows["wave"] if "wave" in rows else np.ones(len(rows))):
            rates = part.groupby("offer")["bought"].mean()
            for offer in rates.index.drop("control", errors="ignore"):
                if "control" in rates:
                    assert found[campaign, int(wave), offer] == pytest.approx(
                        rates[offer] - rates["control"], abs=1e-12
                    )
    assert "friends" not in found.index.get_level_values(0), "without control there is no lift"


@pytest.mark.slow
def test_the_profit_is_margin_less_costs_against_control(example, by_hand):
    found = example.results["profit"].waves.set_index(["campaign_id", "offer"])["effect"]
    easter = by_hand["easter_gift"].groupby("offer").mean()
    each = 0.3 * easter["sales"] - 224.0 * easter["gifts"]
    assert found["easter_gift", "gift"] == pytest.approx(each["gift"] - each["control"] - 9.5, abs=1e-9)
    spring = by_hand["spring_sms"].groupby("offer").mean()
    usual, sent = spring.loc["control"], spring.loc["discount"]
    # What was taken off lowers the price and not the cost: of shelf prices control leaves 0.3 of its sales
    shelf = (0.3 * usual["sales"] + usual["off"]) / (usual["sales"] + usual["off"])
    margin = shelf * (sent["sales"] + sent["off"]) - sent["off"]
    assert found["spring_sms", "discount"] == pytest.approx(margin - 0.3 * usual["sales"] - 7.5, abs=1e-9)


@pytest.mark.slow
def test_rates_count_every_campaign_and_pool_the_waves(example, by_hand):
    treated = pd.concat(by_hand.values())
    treated = treated[treated["offer"] != "control"].groupby("offer")["bought"].agg(["sum", "count"])
    found = example.results["rates"].to_frame().groupby("offer_id")[["responses", "n"]].sum()
    assert (found.loc[treated.index].to_numpy() == treated.to_numpy()).all()
    offers = example.sections["offers"].to_frame().set_index("offer")
    assert offers.loc["discount", "treated"] == treated.loc["discount", "count"]


@pytest.mark.slow
def test_what_was_never_tried_is_named(example):
    table = example.sheets["tried"].set_index("segment")
    assert table.loc["3 receipts or more", "win_back"] == "never"
    assert table.loc["away for 8 weeks", ["category_discount", "magazine"]].tolist() == ["never", "never"]
    assert (table == "never").to_numpy().sum() == 3


@pytest.mark.slow
def test_decisions_hold_what_was_expected_and_observed(example, by_hand):
    log = example.results["decisions"].set_index("campaign")
    rates = by_hand["spring_sms"].groupby("offer")["bought"].mean()
    assert log.loc["spring_sms", "expected"] == pytest.approx(0.1)
    assert log.loc["spring_sms", "observed"] == pytest.approx(rates["discount"] / rates["control"] - 1, abs=1e-9)
    assert np.isnan(log.loc["regulars", "expected"]), "it has no record"
    assert log.loc["friends", "verdict"] == "not known" and "no control" in log.loc["friends", "why"]


@pytest.mark.slow
def test_the_saved_history_is_read_again_and_nothing_changes(example, tmp_path):
    example.save(tmp_path / "year")
    names = ["year.duckdb", "year.parquet", "year.xlsx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    tables = load_campaigns({"waves": FOLDER, "offers": EXAMPLES / "offers.csv"}, EXAMPLES / "campaigns.yml")
    before = (tmp_path / "year.duckdb").read_bytes()
    again = report_history(tables, SETTINGS | {"decided_on": "2026-04-01"}, tmp_path / "year.duckdb")
    assert set(again.sheets["files"]["what happened"]) == {"1 wave unchanged", "2 waves unchanged"}
    assert (tmp_path / "year.duckdb").read_bytes() == before, "the earlier history is never changed"
    assert again.sheets["offers"].equals(example.sheets["offers"])
    again.save(tmp_path / "april")
    with open_history(tmp_path / "april.duckdb", read_only=True) as history:
        log = history.decisions()
        assert log["campaign_id"].tolist() == ["spring_sms", "easter_gift", "regulars", "friends", "come_back"]
        assert history.to_frame()["customer_id"].str.fullmatch(r"id-[0-9a-f]{20}").all()
    book = openpyxl.load_workbook(tmp_path / "april.xlsx")
    assert book.sheetnames[:3] == ["summary", "campaigns", "offers"] and "next" in book.sheetnames


@pytest.mark.slow
def test_the_page_is_made_from_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOYALTY_FROM", str(tmp_path))
    command = ["response_history", "--data", str(FOLDER), "--columns", str(EXAMPLES / "campaigns.yml")]
    command += ["--data", f"offers={EXAMPLES / 'offers.csv'}", "--set", "margin_rate=0.30", "-o", "h.html"]
    assert run.main(command) == 0, capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h.duckdb", "h.html", "h.parquet", "h.xlsx"]
    page = (tmp_path / "h.html").read_text(encoding="utf-8")
    assert "Send discount to the segment away for 8 weeks, and keep a control group" in page
    assert "The test that is worth most: category_discount in the segment away for 8 weeks" in page
    assert "2770000000" not in page, "no customer number"
    assert run.main(command) == 0, "its own files are replaced"
    (tmp_path / "h.html").unlink()
    (tmp_path / "h.xlsx").unlink()
    (tmp_path / "h.parquet").unlink()
    assert run.main(command) == 2, "a history without the page that made it may be somebody's"
    assert "h.duckdb is there already" in capsys.readouterr().err


def test_wrong_settings_come_in_one_message_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOYALTY_FROM", str(tmp_path))
    command = ["response_history", "--data", "nowhere", "--set", "margin_rate=30", "--set", "notedon=1", "-o", "h.html"]
    assert run.main(command) == 2
    said = capsys.readouterr().err
    for part in ("3 problems", "there is no file nowhere", "for 30 percent write 0.3", "did you mean `noted_on`"):
        assert part in said
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_correction_is_told_beside_the_decision_that_is_older(tmp_path):
    report({"may": make_list()}, {"decided_on": "2026-04-01"}).save(tmp_path / "first")
    late = {"reason": "late till", "noted_on": "2026-05-01"}
    again = report({"may": make_list(responded=1)}, late, earlier=tmp_path / "first.duckdb")
    checks = again.sections["checks"].to_frame().set_index("check").loc[["Corrections"]]
    assert checks["result"].tolist() == ["look"] and checks["what was found"].tolist() == [
        "may, wave 1, was replaced on 2026-05-01: late till; its decision of 2026-04-01 is older and stands on the "
        "numbers before that"
    ]
    assert again.sections["decisions"].text == ("These decisions stand in the history.",)
    assert not any("earlier histories" in text for text in again.sections["skipped"].to_frame()["not in this report"])


@pytest.mark.slow
def test_the_best_offer_on_the_card_is_one_that_is_sure():
    """A gift of twelve customers brings most, by luck; mail brings less, and surely."""
    rng = np.random.default_rng(20260501)
    arm = rng.permutation(["control"] * 1_000 + ["mail"] * 1_000 + ["gift"] * 12)
    is_buyer = rng.random(2_012) < pd.Series(arm).map({"control": 0.2, "mail": 0.5, "gift": 0.2})
    sales = np.where(is_buyer, 100.0, 0.0)
    sales[np.flatnonzero(arm == "gift")[0]] = 5_000.0
    rows = {"customer_id": [f"c{n}" for n in range(2_012)], "arm": arm, "responded": is_buyer.astype(int)}
    found = report({"may": pd.DataFrame(rows | {"sales": sales})}, {"margin_rate": 0.3})
    offers = found.results["profit"].offers.set_index("offer")
    assert offers["effect"].idxmax() == "gift" and offers.loc["gift", "low"] < 0 < offers.loc["mail", "low"]
    assert ("Offers", "2", "best of those that are sure: mail") in found.card.facts


# --- What people bring ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_campaigns_without_control_give_rates_only():
    found = report({"may": make_list(arm="mail", campaign_id="may")}, columns={"may": {"arms": {"mail": "mail"}}})
    assert found.card.verdict == "Next time, send nothing to a part of the list that is chosen by chance"
    assert found.results["response"] is None and found.results["profit"] is None
    assert found.results["rates"].to_frame()["rate"].tolist() == [0.6]


@pytest.mark.slow
def test_a_campaign_without_days_is_reported_and_says_what_it_lacks():
    found = report({"may": make_list().drop(columns=["start", "end"])})
    assert found.sheets["campaigns"]["campaign"].tolist() == ["may"]
    checks = found.section("checks").to_frame()
    assert "needs the first and the last day of each campaign" in " ".join(checks["what was found"])


@pytest.mark.slow
def test_one_campaign_is_enough_and_two_are_two_waves():
    one = report({"may": make_list()}, {"margin_rate": 0.5, "contact_cost": 1, "reward_cost": 0, "point_cost": 0})
    assert one.results["response"].waves["effect"].tolist() == pytest.approx([0.4])
    assert one.results["profit"].waves["effect"].tolist() == pytest.approx([0.5 * (28 - 8) - 1])
    both = pd.concat([make_list(wave=1), make_list(wave=2)])
    two = report({"may": both})
    assert two.results["response"].waves["wave"].tolist() == [1, 2]
    assert two.results["response"].offers["effect"].tolist() == pytest.approx([0.4])


@pytest.mark.slow
def test_a_record_gives_the_days_and_what_was_expected():
    bare = make_list(campaign_id="may").drop(columns=["start", "end"])
    record = pd.DataFrame({
        "campaign_id": ["may"], "wave": [1], "start": [pd.Timestamp("2026-03-02")],
        "end": [pd.Timestamp("2026-03-30")], "expected_lift": [0.25],
    })  # fmt: skip
    found = report({"may": bare}, campaigns=record)
    log = found.results["decisions"].iloc[0]
    assert (log["expected"], log["observed"]) == (0.25, pytest.approx(1.0))
    assert f"{found.results['rows']['start'].iloc[0]:%Y-%m-%d}" == "2026-03-02"


@pytest.mark.slow
def test_overlapping_campaigns_are_named():
    other = make_list(arm=["control", "sms"] * 10, start=pd.Timestamp("2026-03-16"), end=pd.Timestamp("2026-04-13"))
    checks = report({"may": make_list(), "easter": other}).sections["checks"].to_frame()
    told = checks[checks["check"] == "Other campaigns in the same days"]["what was found"].tolist()
    assert len(told) == 2 and told[1].startswith("may, wave 1: 100% of its control was sent easter in the same days")


@pytest.mark.slow
def test_groups_of_fewer_than_five_customers_are_not_shown():
    few = make_list(arm=["mail"] * 17 + ["control"] * 3)
    many = make_list(segment=["new"] * 16 + ["old"] * 4, wave=2)
    found = report({"may": few, "june": many})
    assert found.sheets["campaigns"].set_index("campaign").loc["may", "control"] == "<5"
    assert "old" not in found.sheets["rates"]["segment"].tolist()
    tried = found.sheets["tried"].set_index("segment")["mail"]
    assert tried["old"] == "<5" and tried["new"] in ("hidden", "8")
    assert "old" not in found.section("cells").to_frame().query("treated != '<5'").get("segment", pd.Series()).tolist()


def test_settings_that_need_each_other_are_asked_for():
    with pytest.raises(TableError, match="`reason` .why. and `noted_on`"):
        report({"may": make_list()}, {"reason": "late sales"})


# --- The next test ----------------------------------------------------------------------------------------------------


def test_a_segment_counts_each_customer_where_he_stood_last():
    rows = pd.DataFrame({
        "customer_id": ["a", "b", "a"], "segment": ["new", "new", "loyal"], "campaign_id": "x", "wave": 1,
        "start": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-02-01"]),
    })  # fmt: skip
    assert count_segments(rows, None).to_dict() == {"loyal": 1, "new": 1}
    assert count_segments(rows, 1_000).to_dict() == {"loyal": 500, "new": 500}


def test_a_test_is_worth_more_the_less_is_known_and_nothing_when_all_is_known():
    def gain(error, mean=0.0):
        found = find_best_test(PairBelief("s", "o", 10_000, 0, mean, error, 0.0, 0.0), 20.0, 2_000)
        return found.gain

    assert gain(2.0) > gain(1.0) > 0
    assert gain(0.01, mean=5.0) < 0
    assert find_best_test(PairBelief("s", "o", 100, 0, 0.0, 1.0, 0.0, 0.0), 20.0, 2_000) is None, "too few to test"


def test_the_value_of_a_test_is_that_of_its_definition():
    """By simulation: believe N(m, s), see one test, then send to all or to nobody."""
    cell = PairBelief("s", "o", 5_000, 0, -0.3, 1.0, -2.3, 1.7)
    found = find_best_test(cell, 25.0, 2_000)
    rng = np.random.default_rng(17)
    truth = rng.normal(cell.mean, cell.error, 400_000)
    error = 25.0 * np.sqrt(1 / found.treated + 1 / found.control)
    seen = truth + rng.normal(0, error, len(truth))
    weight = cell.error**2 / (cell.error**2 + error**2)
    after = cell.mean + weight * (seen - cell.mean)
    worth = 5_000 * (np.where(after > 0, truth, 0.0).mean() - max(cell.mean, 0.0))
    assert found.test.sample == pytest.approx(worth, rel=0.02)
    assert found.test.cost == pytest.approx(0.3 * found.treated)


@pytest.mark.slow
def test_what_is_believed_of_pairs_holds_their_truth_on_average():
    """Thirty histories of two waves, three segments and two offers, true lifts known; 93 to 99.5 of 100 intervals."""
    held, shrunk = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        lift = pd.Series(rng.normal(0.03, 0.02, 6), pd.MultiIndex.from_product([["x", "y", "z"], ["gift", "mail"]]))
        waves = []
        for number in (1, 2):
            rows = pd.DataFrame({"segment": rng.choice(["x", "y", "z"], 6_000)})
            rows["arm"] = rng.choice(["control", "gift", "mail"], 6_000)
            gain = pd.Series(list(zip(rows["segment"], rows["arm"], strict=True))).map(lift).fillna(0.0)
            rows["responded"] = (rng.random(6_000) < 0.2 + gain).astype(float)
            waves.append(rows.assign(campaign_id="c", wave=number, customer_id=range(6_000), offer_id=rows["arm"]))
        cells = measure_response(pd.concat(waves, ignore_index=True)).cells.set_index(["segment", "offer"])
        truth = lift.reindex(cells.index)
        held += (np.abs(cells["mean"] - truth) <= 1.96 * cells["sd"]).tolist()
        shrunk += ((cells["shrunken_low"] <= truth) & (truth <= cells["shrunken_high"])).tolist()
    assert len(held) == 180 and 0.93 <= np.mean(held) <= 0.995
    assert np.mean(shrunk) >= 0.93


@pytest.mark.slow
def test_a_decision_that_people_took_is_never_overwritten(tmp_path):
    first = report({"may": make_list()}, {"decided_on": "2026-04-01"})
    first.save(tmp_path / "first")
    with open_history(tmp_path / "first.duckdb") as history:
        said = {"verdict": "did not work", "do_not_repeat": True, "note": "the till was down"}
        history.decide("may", decided_on="2026-04-02", supersedes=1, **said)
    again = report({"june": make_list()}, {"decided_on": "2026-05-01"}, earlier=tmp_path / "first.duckdb")
    log = again.results["decisions"].set_index("campaign")
    assert log.loc["may", ["verdict", "do not repeat", "why", "decided"]].tolist() == [
        "did not work", "yes", "the till was down", "2026-04-02",
    ]  # fmt: skip
    assert log.loc["june", "decided"] == "2026-05-01"
    assert "Do not repeat may, because that was decided earlier." in " ".join(again.card.notes)
