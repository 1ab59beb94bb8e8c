"""The scheme `clusters` of the report `segments`: groups where there are some, and centres that stay."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.intake.loading import load_tables
from loyalty.report.segments import clustering
from loyalty.report.segments.report import report_segments
from loyalty.segment.clusters import assign_clusters, cluster_customers, scale_features
from loyalty.tables.check import TableError

DAY = pd.Timestamp("2026-03-01")
ASKED = {"task": "who gets the letter", "scheme": "clusters"}


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(clustering, "DRAWS", 19)
    monkeypatch.setattr(clustering, "REDRAWS", 3)


def draw_chain(paces, baskets, seed: int = 0, days: int = 120, shift: int = 0) -> pd.DataFrame:
    """Receipts of customers with a pace (visits a day) and a basket each, who never change."""
    rng = np.random.default_rng(seed)
    day, who = np.nonzero(rng.random((days, len(paces))) < np.asarray(paces))
    sales = (np.asarray(baskets)[who] * rng.gamma(30.0, 1 / 30, len(who))).round(2)
    times = DAY + pd.to_timedelta(day - days + shift, unit="D")
    return pd.DataFrame({"customer_id": who, "time": times, "sales": sales})


def load(receipts):
    return load_tables({"receipts": receipts})


@pytest.fixture(scope="module")
def two_kinds():
    """Half come nearly daily for little, half come every three weeks for much: two groups."""
    rng = np.random.default_rng(1)
    paces = np.repeat([0.5, 0.07], 90) * rng.gamma(60, 1 / 60, 180)
    baskets = np.repeat([5.0, 150.0], 90) * rng.gamma(60, 1 / 60, 180)
    return draw_chain(paces, baskets)


@pytest.mark.slow
def test_two_planted_groups_are_found_named_and_not_called_a_cut(two_kinds):
    report = report_segments(load(two_kinds), ASKED)
    members = report.results["segments"].set_index("customer_id")["segment"]
    kinds = members.groupby(np.where(members.index.astype(int) < 90, "daily", "rare")).nunique()
    words = report.sections["groups"].text[0]
    assert words.startswith("There are groups") and (kinds <= 2).all()
    assert not any("these clusters are no groups" in note for note in report.card.notes)
    assert any("many receipts" in name for name in members.unique())


@pytest.mark.slow
def test_a_cloud_is_called_a_cloud_on_the_card():
    rng = np.random.default_rng(2)
    report = report_segments(load(draw_chain(rng.gamma(4, 0.02, 300), rng.gamma(4, 5, 300))), ASKED)
    assert any("these clusters are no groups" in note for note in report.card.notes)
    assert report.sections["groups"].text[1] == (
        "4 clusters: a convenient number, because none is given by the customers."
    )


@pytest.mark.slow
def test_segments_are_those_of_the_package_and_the_sums_those_of_the_receipts(two_kinds):
    report = report_segments(load(two_kinds), ASKED | {"k": 3})
    rule = report.results["segments"]
    window = report.sections["checks"].to_frame().set_index("check").loc["Sales of all segments", "what was found"]
    days = int(window.split("(of ")[1].split()[0])
    recent = two_kinds[two_kinds["time"] >= DAY - pd.Timedelta(days=days)]
    people = recent.groupby("customer_id").agg(
        last=("time", "max"), frequency=("time", "size"), monetary=("sales", "sum")
    )
    people["recency_days"] = (DAY - people["last"]).dt.days.astype(float)
    features = scale_features(people.reset_index(), ["recency_days", "frequency", "monetary"])
    made = cluster_customers(features, 3, seed=clustering.SEED).table
    by_report = rule.set_index(rule["customer_id"].astype(int))["segment"].loc[made["customer_id"]]
    assert (by_report.str.split(":").str[0].astype(int).to_numpy() == made["cluster"].to_numpy()).all()
    assert report.sections["segments"].to_frame()["sales"].sum() == pytest.approx(recent["sales"].sum(), abs=0.005)


@pytest.mark.slow
def test_a_customer_of_another_month_goes_to_the_nearest_stored_centre(two_kinds, tmp_path):
    """The second month has other customers: they are placed by the first month's clusters, and nothing is learned."""
    asked = ASKED | {"store": tmp_path / "store.duckdb", "k": 3}
    first = report_segments(load(two_kinds), asked)
    first.keep()
    rng = np.random.default_rng(3)
    more = draw_chain(rng.gamma(4, 0.03, 60), rng.gamma(4, 20, 60), seed=5, days=28, shift=28)
    both = pd.concat([two_kinds, more.assign(customer_id=more["customer_id"] + 500)])
    second = report_segments(load(both), asked)
    assert second.results["segments"]["version"].unique() == first.results["segments"]["version"].unique()
    assert second.results["split"] is None
    rule = second.keeping.rule
    later = clustering._look_back(load(both)["receipts"].table, DAY + pd.Timedelta(days=28), rule["window"])
    bought = later[later["frequency"] > 0]
    then = clustering._look_back(load(two_kinds)["receipts"].table, DAY, rule["window"])
    known = cluster_customers(scale_features(then, ["recency_days", "frequency", "monetary"]), 3, seed=clustering.SEED)
    wanted = assign_clusters(known, bought).set_index("customer_id")["cluster"]
    found = second.results["segments"].set_index("customer_id")["segment"].loc[wanted.index]
    assert (found.str.split(":").str[0].astype(int) == wanted).all()


@pytest.mark.slow
def test_customers_who_changed_are_told_from_centres_that_were_made_anew(two_kinds, tmp_path):
    asked = ASKED | {"store": tmp_path / "store.duckdb", "k": 3}
    report_segments(load(two_kinds), asked | {"as_of": f"{DAY - pd.Timedelta(days=28):%Y-%m-%d}"}).keep()
    same = report_segments(load(two_kinds), asked)
    assert same.results["split"] is None and "method" not in same.sections
    anew = report_segments(load(two_kinds), asked | {"new_rule": "yes"})
    parts = anew.results["split"].table
    assert (parts["customers"] + parts["method"]).to_numpy() == pytest.approx(parts["change"].to_numpy())
    assert "divided by both rules" in anew.sections["method"].text[0]


@pytest.mark.slow
def test_the_order_of_rows_decides_nothing(two_kinds):
    first = report_segments(load(two_kinds), ASKED)
    other = report_segments(load(two_kinds.sample(frac=1, random_state=4)), ASKED)
    pd.testing.assert_frame_equal(first.people, other.people)
    pd.testing.assert_frame_equal(first.sheets["segments"], other.sheets["segments"])


@pytest.mark.parametrize(
    ("features", "says"),
    [
        ("recency_days, money", "there is no feature `money`: did you mean `monetary`"),
        ("recency_days", "two or more are needed"),
        ("recency_days, online_share", "the receipts have no column for `online_share`"),
    ],
)
def test_wrong_features_are_told(two_kinds, features, says):
    with pytest.raises(TableError, match=says):
        report_segments(load(two_kinds), ASKED | {"features": features})


@pytest.mark.slow
def test_too_few_who_bought_and_receipts_shorter_than_the_stored_window_are_told(two_kinds, tmp_path):
    few = two_kinds[two_kinds["customer_id"] < 40]
    with pytest.raises(TableError, match="40 customers bought in the .* of fewer than 50 nobody can say"):
        report_segments(load(few), ASKED)
    asked = ASKED | {"store": tmp_path / "store.duckdb", "k": 3}
    report_segments(load(two_kinds), asked).keep()
    short = two_kinds[two_kinds["time"] >= DAY - pd.Timedelta(days=40)]
    with pytest.raises(TableError, match="the clusters in the store look at .* set new_rule=yes"):
        report_segments(load(short), asked)


@pytest.mark.slow
def test_a_month_without_some_customers_and_with_returns_only_keeps_everybody(two_kinds):
    only_back = pd.DataFrame({"customer_id": [900], "time": [DAY - pd.Timedelta(days=3)], "sales": [-20.0]})
    report = report_segments(load(pd.concat([two_kinds, only_back])), ASKED)
    checks = report.sheets["checks"].set_index("check")["result"]
    assert checks["Each customer in one segment"] == checks["Sales of all segments"] == "good"
    assert report.results["segments"].set_index("customer_id").loc["900", "segment"] == "nothing bought"
