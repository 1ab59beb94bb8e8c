"""The loop on files: plan, send, report, history, next plan; each step reads what the step before wrote."""

from __future__ import annotations

import re
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest

from loyalty.intake.campaigns import load_campaigns
from loyalty.intake.loading import load_tables
from loyalty.report.campaign.report import report_campaign
from loyalty.report.history.report import report_history
from loyalty.report.output.privacy import hash_ids
from loyalty.report.plan.report import plan_campaign
from loyalty.report.run.order import read_order
from loyalty.world import World

EXPECTED = 0.12
OFFER = "basket_discount"


def write_till(world: World) -> pd.DataFrame:
    """Whole receipts with the discount, as a till exports them."""
    sums = {name: (name, "sum") for name in ("sales", "discount")}
    return world.receipts.groupby(["basket_id", "customer_id"], as_index=False).agg(time=("time", "min"), **sums)


def plan_settings(name: str, start: pd.Timestamp, **changes) -> dict:
    settings = {
        "campaign": name, "start": f"{start:%Y-%m-%d}", "end": f"{start + pd.Timedelta(days=28):%Y-%m-%d}",
        "registered_on": f"{start:%Y-%m-%d}", "margin_rate": 0.3, "control_share": 0.3, "arms": OFFER,
        "contact_cost": 0.08, "discount": 0.1, "use": 0.2, "currency": "€",
    }  # fmt: skip
    return settings | changes


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """Run the loop once round in a folder, and one plan more."""
    folder = tmp_path_factory.mktemp("loop")
    world = World(2_600, 4, seed=17)
    visits = world.receipts.groupby("customer_id")["basket_id"].nunique().reindex(world.customers["customer_id"])
    people = pd.DataFrame({
        "customer_id": world.customers["customer_id"],
        "segment": np.where(visits.fillna(0).to_numpy() > 3, "often", "seldom"),
    })  # fmt: skip
    people.to_csv(folder / "customers.csv", index=False)
    write_till(world).to_csv(folder / "till.csv", index=False)

    # Plan
    tables = load_tables({"customers": folder / "customers.csv", "receipts": folder / "till.csv"})
    plan = plan_campaign(tables, plan_settings("may", world.end, expected_lift=EXPECTED))
    plan.save(folder / "may")

    # Send: what stands on the send list is sent, and nothing else
    (sent_file,) = folder.glob("may_send_*.csv")
    sent = pd.read_csv(sent_file)
    offers = people["customer_id"].isin(sent["customer_id"]).map({True: OFFER, False: None})
    drawn = people.assign(offer_id=offers, propensity=offers.notna().map({True: 0.7, False: 0.3}))
    wave, later = world.run(drawn, campaign_id="may", post=0)

    # Report
    write_till(later).to_csv(folder / "till.csv", index=False)
    sources = {
        "contacts": folder / "may.parquet", "campaigns": folder / "may_record.csv", "receipts": folder / "till.csv",
    }  # fmt: skip
    settings = {"start": f"{world.end:%Y-%m-%d}", "end": f"{later.end:%Y-%m-%d}", "margin_rate": 0.3}
    costs = {"contact_cost": 0.08, "reward_cost": 0, "point_cost": 0}
    campaign = report_campaign(load_tables(sources), settings | costs)
    waves = folder / "waves"
    waves.mkdir()
    campaign.save(waves / "may")
    shutil.copy(folder / "may_record.csv", waves)
    shutil.copy(sent_file, waves)

    # History
    told = {"margin_rate": 0.3, "decided_on": "2023-06-01", "scheme": "visits", "version": "1"} | costs
    (waves / "may.xlsx").unlink()
    history = report_history(load_campaigns({"waves": waves}), told)
    history.save(folder / "history")

    # The next plan
    again = {
        "customers": folder / "customers.csv", "receipts": folder / "till.csv", "history": folder / "history.parquet",
    }  # fmt: skip
    following = plan_campaign(load_tables(again), plan_settings("june", later.end))
    return {
        "folder": folder, "people": people, "plan": plan, "wave": wave, "campaign": campaign, "history": history,
        "next": following,
    }  # fmt: skip


@pytest.fixture(scope="module")
def by_hand(loop) -> pd.DataFrame:
    """One row a customer, from the world's own record: group, segment, whether he bought, and what."""
    main = loop["wave"].outcomes.query("window == 'main'")[["customer_id", "orders", "sales", "discount"]]
    rows = loop["wave"].contacts[["customer_id", "arm"]].merge(main, on="customer_id").merge(loop["people"])
    return rows.assign(bought=rows["orders"] > 0)


@pytest.mark.slow
def test_the_assignment_and_the_history_hold_the_same_people_in_the_same_groups(loop):
    kept = pd.read_parquet(loop["folder"] / "history.parquet").set_index("customer_id")["arm"]
    drawn = loop["plan"].people
    hashed, _ = hash_ids(drawn["customer_id"])
    assert kept.sort_index().to_dict() == dict(zip(hashed, drawn["arm"], strict=True))


@pytest.mark.slow
def test_the_lift_of_the_history_is_that_of_the_campaign_report_and_of_the_hand(loop, by_hand):
    rates = by_hand.groupby("arm")["bought"].mean()
    found = loop["history"].results["response"].waves["effect"]
    assert found.tolist() == pytest.approx([rates[OFFER] - rates["control"]], abs=1e-12)
    profit = loop["history"].results["profit"].waves[["effect", "low", "high"]].iloc[0]
    reported = loop["campaign"].results["money"].profit
    assert profit.tolist() == pytest.approx([reported.effect, reported.low, reported.high], abs=1e-9)


@pytest.mark.slow
def test_the_log_compares_what_the_plan_expected_with_what_came(loop, by_hand):
    rates = by_hand.groupby("arm")["bought"].mean()
    log = loop["history"].results["decisions"].iloc[0]
    assert log["expected"] == pytest.approx(EXPECTED)
    assert log["observed"] == pytest.approx(rates[OFFER] / rates["control"] - 1, abs=1e-9)
    assert log["decided"] == "2023-06-01"


@pytest.mark.slow
def test_the_next_plan_expects_what_the_history_saw_in_each_segment(loop, by_hand):
    rates = by_hand.groupby(["segment", "arm"])["bought"].mean().unstack()
    lift = rates[OFFER] / rates["control"] - 1
    economics = loop["next"].results["draft"].arms[0].economics.set_index("segment")
    assert economics["lift"].to_dict() == pytest.approx(lift.to_dict(), abs=1e-9)
    checks = loop["next"].section("checks").to_frame().set_index("check")["what was found"]
    assert checks[f"Expected lift of {OFFER}"] == "from earlier waves of the same offer"
    record = loop["next"].results["record"].iloc[0]
    usual = economics["customers"] * economics["base_rate"]
    assert record["expected_lift"] == pytest.approx(np.average(economics["lift"], weights=usual))


@pytest.mark.slow
def test_the_send_list_in_the_folder_is_not_read_as_a_list(loop):
    remarks = " ".join(loop["history"].section("read").to_frame()["remarks"])
    assert "is a send list, which holds no control: not read" in remarks


def test_the_commands_of_the_page_on_the_loop_are_understood(root, tmp_path):
    page = (root / "docs" / "loop.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python3 workshop.py run (.+)$", page, re.MULTILINE)
    (tmp_path / "waves").mkdir()
    before = [("customers.csv", "till.csv"), ("may.parquet", "may_record.csv"), ("columns.yml",), ("history.parquet",)]
    before += [("products.csv", "offers.csv"), ("june.parquet", "june_record.csv")]
    found = []
    for command, files in zip(commands, before, strict=True):
        for name in files:
            (tmp_path / name).touch()
        found.append(read_order(shlex.split(command), tmp_path))
    names = ["campaign_plan", "campaign_report", "response_history", "campaign_plan", "next_offers", "campaign_report"]
    assert [order.template.stem for order in found] == names
    assert found[2].values["data"] == {"waves": str(tmp_path / "waves")}
