"""The report `segments` with a store: it goes on, it forgets nothing, and it tells customers from method."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from loyalty.intake.loading import load_tables
from loyalty.prepare.store import open_store
from loyalty.prepare.store import store as store_module
from loyalty.report.segments.measuring import is_number
from loyalty.report.segments.report import report_segments
from loyalty.tables.check import TableError
from loyalty.tables.database import StoreError

TASK = {"task": "who gets the letter"}
FIRST, SECOND = "2026-02-01", "2026-03-01"
RULES = {
    "name": "own", "version": 1, "rest": {"name": "others", "action": "Write."},
    "segments": [{"name": "fresh", "when": "recency_days <= 20", "action": "Do."}],
}  # fmt: skip


def draw_chain(days: int = 260, customers: int = 150, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    pace = rng.gamma(2.0, 0.03, customers)
    day, who = np.nonzero(rng.random((days, customers)) < pace)
    times = pd.Timestamp(SECOND) - pd.to_timedelta(days - day, unit="D")
    return pd.DataFrame({"customer_id": who, "time": times, "sales": rng.gamma(3.0, 9.0, len(who)).round(2)})


@pytest.fixture(scope="module")
def tables():
    return load_tables({"receipts": draw_chain()})


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store.duckdb"


def run(tables, day, path, **more):
    return report_segments(tables, TASK | {"scheme": "value", "as_of": day, "store": path} | more)


def dump(path) -> dict[str, list[tuple]]:
    with duckdb.connect(str(path), read_only=True) as db:
        names = [row[0] for row in db.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
        return {name: sorted(db.execute(f"FROM {name}").fetchall(), key=str) for name in names}


def test_a_second_run_goes_on_from_the_stored_one_and_is_compared_with_it(tables, store):
    first = run(tables, FIRST, store, step=90)
    assert not store.exists(), "the report only reads"
    first.keep()
    second = run(tables, SECOND, store, step=90)
    assert second.results["before"]["as_of"].eq(pd.Timestamp(FIRST)).all()
    pd.testing.assert_series_equal(
        second.results["before"].set_index("customer_id")["segment"],
        first.results["segments"].set_index("customer_id")["segment"],
    )
    assert "28 days later. The first day is that of the last stored run" in second.sections["moves"].text[0]
    assert second.results["segments"]["version"].unique() == first.results["segments"]["version"].unique()
    second.keep()
    with open_store(store, read_only=True) as kept:
        spells = kept.membership("value")
    assert spells["valid_from"].min() == pd.Timestamp(FIRST)
    assert set(spells["customer_id"]) == set(second.people["customer_id"])


@pytest.mark.slow
def test_the_same_run_twice_changes_nothing(tables, store):
    run(tables, FIRST, store).keep()
    before = dump(store)
    again = run(tables, FIRST, store)
    assert "there already, unchanged" in again.keep().text[0]
    assert dump(store) == before
    assert again.sections["history"].text[0].endswith("the history begins here.")


@pytest.mark.slow
def test_a_crash_between_rule_and_members_leaves_the_store_as_it_was(tables, store, monkeypatch):
    run(tables, FIRST, store).keep()
    before = dump(store)
    report = run(tables, SECOND, store, new_rule="yes")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store_module, "keep_snapshot", stop)
    with pytest.raises(KeyboardInterrupt):
        report.keep()
    monkeypatch.undo()
    assert dump(store) == before
    report.keep()
    assert len(dump(store)["snapshots"]) == 2


@pytest.mark.slow
def test_without_a_store_nothing_is_kept_and_the_report_is_as_before(tables, tmp_path):
    report = report_segments(tables, TASK | {"scheme": "value", "as_of": SECOND})
    assert "Nothing was kept" in report.keep().text[0] and not list(tmp_path.iterdir())
    assert "history" not in report.sections and "method" not in report.sections


@pytest.mark.slow
def test_a_run_of_an_earlier_day_finds_its_place(tables, store):
    run(tables, SECOND, store).keep()
    early = run(tables, FIRST, store)
    assert early.sections["history"].text[0].endswith("the history begins here.")
    early.keep()
    with open_store(store, read_only=True) as kept:
        assert sorted(kept.snapshots()["as_of"].astype("str")) == [FIRST, SECOND]
    assert run(tables, SECOND, store).results["before"]["as_of"].eq(pd.Timestamp(FIRST)).all()


@pytest.mark.slow
def test_a_changed_rule_is_told_from_changed_customers(tables, store):
    """By hand: the shares of both days by both rules; the rule's part is the mean of its two differences."""
    path = store.with_name("rules.yml")
    path.write_text(str(RULES), encoding="utf-8")
    own = {"scheme": "rules", "rules": path}
    first = run(tables, FIRST, store, **own)
    first.keep()
    wider = RULES | {"version": 2, "segments": [RULES["segments"][0] | {"when": "recency_days <= 40"}]}
    path.write_text(str(wider), encoding="utf-8")
    second = run(tables, SECOND, store, **own)
    recency = {day: report.results["profile"]["recency_days"] for day, report in ((1, first), (2, second))}
    share = {(day, limit): (recency[day] <= limit).mean() for day in (1, 2) for limit in (20, 40)}
    row = second.results["split"].table.set_index("segment").loc["fresh"]
    by_rule = ((share[1, 40] - share[1, 20]) + (share[2, 40] - share[2, 20])) / 2
    assert row["method"] == pytest.approx(by_rule) and row["change"] == pytest.approx(share[2, 40] - share[1, 20])
    assert any("the rule has changed" in note for note in second.card.notes)
    assert "divided by today's rule" in second.sections["moves"].text[0]
    moves = second.results["before"].set_index("customer_id")["segment"]
    assert (moves == "fresh").mean() == pytest.approx(share[1, 40])
    second.keep()
    assert run(tables, SECOND, store, **own).results["split"] is not None, "the same report again"


@pytest.mark.slow
def test_another_rule_under_the_same_version_is_refused(tables, store):
    path = store.with_name("rules.yml")
    path.write_text(str(RULES), encoding="utf-8")
    run(tables, FIRST, store, scheme="rules", rules=path).keep()
    before = dump(store)
    changed = RULES | {"segments": [RULES["segments"][0] | {"when": "recency_days <= 40"}]}
    path.write_text(str(changed), encoding="utf-8")
    with pytest.raises(StoreError, match="a changed rule needs a new version"):
        run(tables, SECOND, store, scheme="rules", rules=path).keep()
    assert dump(store) == before


@pytest.mark.slow
def test_a_corrected_month_is_told_and_the_stored_labels_stay(tables, store):
    run(tables, FIRST, store).keep()
    receipts = draw_chain()
    late = receipts[receipts["time"] < FIRST].sample(40, random_state=1).assign(sales=900.0)
    second = run(load_tables({"receipts": pd.concat([receipts, late])}), SECOND, store)
    told = second.sheets["checks"].set_index("check").loc["Stored labels", "what was found"]
    assert "would be others by today's receipts: lines that came late" in told


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1", "hand-made"])
def test_a_run_that_something_else_kept_is_told(tables, store, version):
    """Same version, other segments: refused. Another version without its rule: compared as far as that goes."""
    people = pd.DataFrame({"customer_id": [str(one) for one in range(150)], "segment": "mine"})
    with open_store(store) as kept:
        kept.place(people, FIRST, scheme="rfm", version=version, recorded_at=FIRST)
    if version == "1":
        with pytest.raises(TableError, match="has segments that 'rfm' does not have: mine; was it kept by something"):
            run(tables, SECOND, store, scheme="rfm")
        return
    report = run(tables, SECOND, store, scheme="rfm")
    told = report.sheets["checks"].set_index("check").loc["Method", "what was found"]
    assert "the old rule is not in the store" in told and report.results["before"] is not None
    assert report.results["split"] is None


@pytest.mark.slow
def test_a_store_of_another_chain_is_refused(tables, store):
    run(tables, FIRST, store).keep()
    other = draw_chain().assign(customer_id=lambda rows: rows["customer_id"] + 10_000)
    with pytest.raises(TableError, match="is it the store of another chain"):
        run(load_tables({"receipts": other}), SECOND, store)


@pytest.mark.slow
def test_a_store_whose_customers_are_numbers_takes_the_ids_of_a_till(tables, store):
    receipts = draw_chain()
    with open_store(store) as kept:
        month = receipts[receipts["time"].dt.to_period("M") == "2026-01"]
        kept.refresh(month, "2026-01", recorded_at="2026-02-10")
    report = run(tables, FIRST, store)
    report.keep()
    with open_store(store, read_only=True) as kept:
        snapshot = kept.snapshots().iloc[0]
        assert str(snapshot["recorded_at"])[:10] == "2026-02-10", "not before what the store has learned"
        assert kept.membership("value")["customer_id"].dtype.kind == "i"
    assert len(run(tables, SECOND, store).results["before"]) == len(report.people)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"store": "", "new_rule": "yes"}, "`new_rule` is for reports with a store"),
        ({"k": 4}, "`k` is for scheme=clusters"),
        ({"scheme": "rules"}, "`rules` is missing"),
        ({"scheme": "rules", "rules": "nowhere.yml"}, "found nowhere.yml: there is no such file"),
        ({"scheme": "clusters", "k": 40}, "`k` should be from 2 to 12"),
        ({"recorded_at": "2026-01-01"}, "nobody knows that day yet"),
        ({"store": "/nowhere/at/all/store.duckdb"}, "there is no folder"),
    ],
)
def test_settings_that_do_not_belong_together_are_told(tables, store, more, says):
    with pytest.raises(TableError, match=says):
        run(tables, SECOND, store, **more)


def test_a_file_that_is_no_store_is_refused_before_anything_is_measured(tables, store):
    store.write_text("customer;segment", encoding="utf-8")
    with pytest.raises(StoreError, match="is no store"):
        run(tables, FIRST, store)


@pytest.mark.slow
def test_a_store_of_an_earlier_version_gets_its_table_of_rules(tables, store):
    with open_store(store):
        pass
    with duckdb.connect(str(store)) as db:
        db.execute("DROP TABLE rules")
    with open_store(store, read_only=True) as kept:
        assert kept.rule("value", "1") is None
    run(tables, FIRST, store).keep()
    with open_store(store, read_only=True) as kept:
        version = str(kept.snapshots()["version"].iloc[0])
        assert kept.rule("value", version) == {"window": int(version.split()[2])}


@pytest.mark.slow
def test_the_line_on_sizes_is_that_of_the_two_days(tables):
    report = report_segments(tables, TASK | {"scheme": "value", "as_of": SECOND})
    before, now = (report.results[name]["segment"].value_counts() for name in ("before", "segments"))
    table = report.results["sizes"].table.set_index("segment")
    assert table["now"].to_dict() == now.to_dict() and table["then"].to_dict() == before.to_dict()
    shown = report.sections["sizes"].to_frame().set_index("segment")["customers now"].map(is_number)
    largest = table.loc[shown[shown].index, "difference"].abs().idxmax()
    change = now[largest] - before[largest]
    assert f"“{largest}”" in report.sections["sizes"].text[0]
    assert f"by {change:+,} customers".replace("-", "−") in report.sections["sizes"].text[0]
