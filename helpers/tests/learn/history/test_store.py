import multiprocessing
import random
import runpy
import time
from pathlib import Path
from unittest.mock import Mock

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.learn.history import store as history_module
from loyalty.learn.history.store import open_history
from loyalty.learn.history.waves import HistoryError, column_types
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import DECISIONS, HISTORY
from loyalty.tables.sources import collect, open_table

WORKER = str(Path(__file__).with_name("append_waves.py"))
KEYS = ["campaign_id", "wave", "window", "customer_id"]


def make_wave(campaign=1, wave=1, customers=40, window="main", seed=0, **columns):
    """Contacts and outcomes of one wave; every fourth customer is control."""
    draw = np.random.default_rng([seed, customers, wave])
    key = pd.DataFrame({"campaign_id": campaign, "wave": wave, "customer_id": np.arange(customers) + 100})
    control = np.arange(customers) % 4 == 0
    contacts = key.assign(arm=np.where(control, "control", "coupon"), offer_id=np.where(control, None, "gift"))
    start = pd.Timestamp("2017-01-02") + pd.Timedelta(days=35 * (wave - 1))
    outcomes = key.assign(
        window=window, start=start, end=start + pd.Timedelta(days=28),
        responded=(draw.random(customers) < 0.3).astype(int),
        sales=draw.exponential(20, customers).round(2),
    )  # fmt: skip
    return contacts.assign(**columns), outcomes


@pytest.fixture
def history(tmp_path):
    with open_history(tmp_path / "responses.duckdb") as opened:
        yield opened


def same_rows(one, other):
    pd.testing.assert_frame_equal(one.to_frame(), other.to_frame())
    return True


# --- The same wave twice, in any order ------------------------------------------------------------


def test_appending_the_same_wave_twice_changes_nothing_and_says_so(history):
    contacts, outcomes = make_wave()
    assert str(history.append(contacts, outcomes)) == "1 wave added; 40 rows written"
    before = history.to_frame()
    again = history.append(contacts.sample(frac=1, random_state=1), outcomes.sample(frac=1, random_state=2))
    assert (again.added, again.unchanged, again.rows) == (0, 1, 0)
    pd.testing.assert_frame_equal(history.to_frame(), before)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.permutations([1, 2, 3]), st.lists(st.sampled_from([1, 2, 3]), max_size=3), st.randoms())
def test_any_order_of_waves_of_repeats_and_of_rows_gives_the_same_history(tmp_path_factory, order, repeats, shuffler):
    waves = {number: make_wave(wave=number) for number in (1, 2, 3)}
    folder = tmp_path_factory.mktemp("any_order")
    with open_history(folder / "one.duckdb") as one, open_history(folder / "other.duckdb") as other:
        one.append(*(pd.concat(tables, ignore_index=True) for tables in zip(*waves.values(), strict=True)))
        for number in [*order, *repeats]:
            other.append(*(t.sample(frac=1, random_state=shuffler.randrange(10**6)) for t in waves[number]))
        assert same_rows(one, other)


def test_two_waves_that_spell_an_arm_differently_share_it(history):
    history.append(*make_wave(wave=1))
    contacts, outcomes = make_wave(wave=2)
    shouted = contacts.assign(arm=contacts["arm"].replace({"coupon": "Coupon"}))
    done = history.append(shouted, outcomes)
    assert done.warnings == (
        "arms are spelled as in the history, where only capital letters and blanks differ: 'Coupon' as 'coupon'",
    )
    assert set(history.to_frame()["arm"]) == {"control", "coupon"}
    again = history.append(shouted, outcomes)
    assert (again.unchanged, again.rows) == (1, 0)


def test_a_history_that_holds_both_spellings_keeps_them(history):
    history.append(*make_wave(wave=1))
    history._db.execute("UPDATE responses SET arm = 'Coupon' WHERE customer_id < 110 AND arm = 'coupon'")
    assert history.append(*make_wave(wave=2)).warnings == ()
    contacts, outcomes = make_wave(wave=3)
    done = history.append(contacts.assign(arm=contacts["arm"].replace({"coupon": "COUPON"})), outcomes)
    assert "'COUPON' as 'coupon'" in done.warnings[0]  # the more frequent of the two


def test_the_history_holds_every_contact_with_its_outcome_under_the_contract(history):
    contacts, outcomes = make_wave()
    history.append(contacts, outcomes)
    frame = history.to_frame()
    check_table(frame, HISTORY)
    assert tuple(frame.columns) == HISTORY.names
    expected = contacts.merge(outcomes).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(
        frame[expected.columns], expected, check_dtype=False, check_column_type=False, check_like=True
    )
    summary = history.campaigns().iloc[0]
    assert (summary["contacts"], summary["control"], summary["responses"]) == (40, 10, outcomes["responded"].sum())
    assert "responses.duckdb" in history._repr_html_()


def test_the_file_is_the_only_state(tmp_path):
    with open_history(tmp_path / "h.duckdb") as history:
        history.append(*make_wave())
        first = history.to_frame()
    with open_history(str(tmp_path / "h.duckdb"), read_only=True) as history:
        pd.testing.assert_frame_equal(history.to_frame(), first)
        with pytest.raises(duckdb.Error):
            history.append(*make_wave(wave=2))


def test_frames_parquet_files_and_relations_give_the_same_rows(tmp_path, history):
    contacts, outcomes = make_wave()
    contacts.to_parquet(tmp_path / "c.parquet")
    outcomes.assign(responded=outcomes["responded"] == 1).to_parquet(tmp_path / "o.parquet")
    history.append(contacts, outcomes)
    assert history.append(tmp_path / "c.parquet", duckdb.read_parquet(str(tmp_path / "o.parquet"))).unchanged == 1


def test_a_column_that_a_later_wave_is_the_first_to_hold_is_empty_for_the_waves_before_it(history):
    history.append(*make_wave())
    assert "orders" not in [row[0] for row in history._db.execute("DESCRIBE responses").fetchall()]
    contacts, outcomes = make_wave(wave=2, channel="mail")
    history.append(contacts, outcomes.assign(orders=3))
    frame = history.to_frame()
    assert tuple(frame.columns) == HISTORY.names
    assert frame.groupby("wave")["orders"].sum().tolist() == [0, 120] and frame["orders"].isna().sum() == 40
    assert frame.groupby("wave")["channel"].count().tolist() == [0, 40]
    assert history.append(*make_wave()).unchanged == 1
    refuse(history, HistoryError, "with other content", *(t.assign(wave=1) for t in (contacts, outcomes)))


def test_a_file_of_the_first_format_which_holds_all_columns_goes_on(tmp_path):
    path = tmp_path / "h.duckdb"
    with open_history(path) as new, open_history(tmp_path / "other.duckdb") as other:
        for name, kind in column_types().items():
            new._db.execute(f'ALTER TABLE responses ADD COLUMN IF NOT EXISTS "{name}" {kind}')
        new._db.execute("UPDATE about SET format = 1")
        new.append(*make_wave())
        other.append(*make_wave())
        assert same_rows(new, other)
    with open_history(path) as old:
        assert old.append(*make_wave()).unchanged == 1
        assert old.append(*make_wave(wave=2)).added == 1


def test_a_history_of_a_newer_format_is_refused(tmp_path):
    with open_history(tmp_path / "h.duckdb") as history:
        history._db.execute("UPDATE about SET format = 3")
    with pytest.raises(HistoryError, match="made by a newer version"):
        open_history(tmp_path / "h.duckdb")


# --- A process that ends in the middle -------------------------------------------------------------


@pytest.mark.slow
def test_a_process_killed_at_20_random_moments_leaves_whole_waves_and_the_same_call_completes_them(tmp_path):
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":  # one process has imported everything; each worker is a copy of it
        context.set_forkserver_preload(["loyalty.learn.history.store"])
    waves = [make_wave(wave=number, customers=1500) for number in (1, 2, 3)]
    for number, (contacts, outcomes) in enumerate(waves):
        contacts.to_parquet(tmp_path / f"contacts{number}.parquet")
        outcomes.to_parquet(tmp_path / f"outcomes{number}.parquet")

    def work(name):
        path = tmp_path / f"{name}.duckdb"
        process = context.Process(target=runpy.run_path, args=(WORKER, {"WAVES": str(tmp_path), "HISTORY": str(path)}))
        process.start()
        while not path.with_suffix(".begun").exists() and process.is_alive():
            time.sleep(0.001)
        return path, process

    path, process = work("whole")
    begun = time.monotonic()
    process.join()
    seconds = time.monotonic() - begun
    assert process.exitcode == 0
    with open_history(path) as history:
        expected = history.to_frame()
    assert len(expected) == 4500

    moments, found = random.Random(41), []
    for number in range(20):
        path, process = work(f"killed{number}")
        time.sleep(moments.random() * seconds)
        process.kill()
        process.join()
        with open_history(path) as history:
            left = history.to_frame()
            found.append(left["wave"].nunique())
            if found[-1]:
                pd.testing.assert_frame_equal(left, expected[expected["wave"] <= found[-1]])
            done = history.append(*(pd.concat(tables) for tables in zip(*waves, strict=True)))
            assert (done.unchanged, done.added) == (found[-1], 3 - found[-1])
            pd.testing.assert_frame_equal(history.to_frame(), expected)
    assert min(found) < 3 and len(set(found)) >= 2, "the moments should fall between the first wave and the last"


@pytest.mark.parametrize("step", ["settle_ids", "stage_wave", "judge_wave", "merge_wave"])
def test_whatever_breaks_while_a_wave_enters_nothing_of_it_stays(history, monkeypatch, step):
    history.append(*make_wave())
    before, real = history.to_frame(), getattr(history_module, step)

    def broken(*args, **kwargs):
        real(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(history_module, step, broken)
    with pytest.raises(KeyboardInterrupt):
        history.append(*make_wave(wave=2))
    monkeypatch.undo()
    pd.testing.assert_frame_equal(history.to_frame(), before)
    assert history.append(*make_wave(wave=2)).added == 1


# --- What is refused, and what is said -------------------------------------------------------------


def refuse(history, error, says, *tables, **options):
    before = history.to_frame()
    with pytest.raises(error, match=says) as caught:
        history.append(*tables, **options)
    pd.testing.assert_frame_equal(history.to_frame(), before)
    return caught.value


def test_all_problems_of_both_tables_come_at_once_and_nothing_is_written(history):
    contacts, outcomes = make_wave()
    contacts = pd.concat([contacts.drop(columns="arm"), contacts.drop(columns="arm").head(2)])
    outcomes = outcomes.assign(responded=3, sales=outcomes["sales"].where(outcomes.index > 0))
    error = refuse(history, TableError, "the wave", contacts, outcomes)
    told = "\n".join(error.problems)
    assert len(error.problems) == 4
    for part in (
        "contacts: there is no column `arm`",
        "2 values come more than once",
        "outcomes: `responded` should be from 0 to 1",
        "`sales` is",
    ):
        assert part in told
    assert error._render_traceback_()[0].startswith("❌")


def test_dropped_non_responders_are_refused_and_zero_has_to_be_said(history):
    contacts, outcomes = make_wave()
    responders = outcomes[outcomes["responded"] == 1]
    missing = len(outcomes) - len(responders)
    error = refuse(history, TableError, f"{missing} customers have no row of the window `main`", contacts, responders)
    assert "missing='zero'" in str(error) and "who bought nothing needs a row with 0" in str(error)
    history.append(contacts, responders, missing="zero")
    frame = history.to_frame()
    assert len(frame) == 40 and frame["responded"].sum() == len(responders)
    assert frame["start"].notna().all()
    assert frame.set_index("customer_id").loc[~frame["responded"].astype(bool).to_numpy(), "sales"].eq(0).all()


def test_a_wave_without_a_single_outcome_is_all_zero_when_said(history):
    contacts, outcomes = make_wave()
    history.append(contacts, outcomes.head(0), missing="zero", start="2017-01-02", end="2017-01-30")
    frame = history.to_frame()
    assert frame["responded"].eq(0).all() and frame["window"].eq("main").all() and frame["end"].notna().all()


def test_outcomes_of_people_who_are_not_on_the_list_are_refused(history):
    contacts, outcomes = make_wave()
    for missing in ("refuse", "zero"):
        refuse(history, TableError, "10 of the outcomes belong to nobody", contacts[contacts["arm"] != "control"],
               outcomes, missing=missing)  # fmt: skip


def test_an_empty_wave_is_no_wave_and_one_contact_is_one(history):
    contacts, outcomes = make_wave()
    refuse(history, TableError, "there is no row", contacts.head(0), outcomes.head(0))
    assert history.append(contacts.head(1), outcomes.head(1)).rows == 1


def test_outcomes_that_hold_no_outcome_are_refused(history):
    contacts, outcomes = make_wave()
    refuse(history, TableError, "at least one of responded", contacts, outcomes.drop(columns=["responded", "sales"]))


def test_an_empty_id_is_refused_not_dropped(history):
    contacts, outcomes = make_wave()
    contacts["customer_id"] = contacts["customer_id"].astype("Int64").where(contacts.index > 1)
    refuse(history, TableError, "`customer_id` is empty in 2 of 40 rows", contacts, outcomes)


def test_a_whole_list_that_responded_is_written_with_a_warning(history):
    contacts, outcomes = make_wave()
    done = history.append(contacts, outcomes.assign(responded=1))
    assert "all 30 contacts of campaign 1 wave 1 responded" in done.warnings[0] and "⚠" in done._repr_html_()


def test_segments_need_their_scheme_and_version_and_a_day_before_the_start(history):
    contacts, outcomes = make_wave(segment="loyal")
    refuse(history, TableError, "40 rows have a segment, but not which scheme", contacts, outcomes)
    known = {"scheme": "rfm", "version": "2"}
    late = refuse(history, TableError, "only after the start", contacts, outcomes, segment_as_of="2017-06-01", **known)
    assert "today's segment for the segment then" in str(late)
    assert "as of which day" in history.append(contacts, outcomes, **known).warnings[0]
    assert history.append(*make_wave(wave=2, segment="loyal"), segment_as_of="2017-02-06", **known).warnings == ()
    frame = history.to_frame()
    assert frame["segment"].eq("loyal").all() and frame["scheme"].eq("rfm").all() and frame["version"].eq("2").all()


def test_a_segment_as_of_the_start_may_be_later_than_the_window_before_it(history):
    contacts, before = make_wave(window="pre", segment="loyal")
    main = before.assign(window="main", start=before["end"], end=before["end"] + pd.Timedelta(days=28))
    known = {"scheme": "rfm", "version": "2", "segment_as_of": "2017-01-30"}
    assert history.append(contacts, pd.concat([before, main]), **known).added == 2
    known["segment_as_of"] = "2017-01-31"
    refuse(history, TableError, "40 rows have a segment that was known only after", contacts, pd.concat([before, main]),
           **known)  # fmt: skip


def test_a_number_that_fits_no_column_is_told_and_decimals_that_are_whole_are_kept(history):
    contacts, outcomes = make_wave()
    refuse(history, TableError, "a value does not fit", contacts, outcomes.assign(orders=1e300))
    history.append(contacts, outcomes.assign(orders=2.0, responded=outcomes["responded"].astype(float)))
    assert history.to_frame()["orders"].eq(2).all()


def test_a_window_has_one_start_and_ends_after_it(history):
    contacts, outcomes = make_wave()
    refuse(history, TableError, "ends before it begins", contacts, outcomes.assign(end=outcomes["start"]))
    odd = outcomes.assign(start=outcomes["start"].where(outcomes.index > 0, pd.Timestamp("2017-01-01")))
    refuse(history, TableError, "more than one start", contacts, odd)


def test_another_content_is_refused_unless_it_is_a_correction_which_is_logged(history):
    contacts, outcomes = make_wave()
    history.append(contacts, outcomes)
    changed = outcomes.assign(responded=1 - outcomes["responded"])
    refuse(history, HistoryError, "campaign 1 wave 1 .main. is in the history with other content", contacts, changed)
    refuse(history, HistoryError, "say reason", contacts, changed, replace=True)
    log = {"replace": True, "reason": "late receipts", "noted_on": "2017-03-01"}
    done = history.append(contacts, changed, **log)
    assert (done.replaced, done.rows) == (1, 40) and str(done) == "1 wave replaced; 40 rows written"
    assert history.append(contacts, changed, **log).unchanged == 1
    note = history.corrections().iloc[0]
    assert len(history.corrections()) == 1 and note["reason"] == "late receipts"
    assert (note["responses_before"], note["responses_after"]) == (
        outcomes["responded"].sum(),
        changed["responded"].sum(),
    )
    assert history.to_frame()["responded"].sum() == changed["responded"].sum()


def test_a_part_of_a_wave_is_another_content_and_so_is_a_longer_list(history):
    contacts, outcomes = make_wave()
    history.append(contacts.head(30), outcomes.head(30))
    for rows in (20, 40):
        refuse(history, HistoryError, "with other content", contacts.head(rows), outcomes.head(rows))


def test_of_several_waves_only_those_that_are_new_are_written(history):
    one, two, three = (make_wave(wave=number) for number in (1, 2, 3))
    history.append(*one)
    done = history.append(*(pd.concat(tables) for tables in zip(one, two, three, strict=True)))
    assert (done.added, done.unchanged, done.rows) == (2, 1, 80)


def test_a_later_window_joins_its_wave_only_with_the_same_contacts_and_arms(history):
    history.append(*make_wave())
    contacts, later = make_wave(window="post")
    later = later.assign(start=later["end"], end=later["end"] + pd.Timedelta(days=28))
    other = contacts.assign(arm=contacts["arm"].where(contacts.index > 0, "coupon"))
    refuse(history, HistoryError, "same contacts in the same arms", other, later)
    assert history.append(contacts, later).added == 1
    assert sorted(history.campaigns()["window"]) == ["main", "post"]


def test_ids_keep_the_type_they_came_in_and_a_mixture_is_refused(history):
    contacts, outcomes = (t.assign(customer_id="c" + t["customer_id"].astype("str")) for t in make_wave())
    refuse(history, TableError, "`customer_id` is 'c100', .* in the contacts and 100,", contacts, make_wave()[1])
    history.append(contacts, outcomes)
    assert history.to_frame()["customer_id"].iloc[0] == "c100" and history.to_frame()["campaign_id"].iloc[0] == 1
    refuse(history, TableError, "`customer_id` holds whole numbers, but the history holds texts", *make_wave(wave=2))


def test_names_with_quotes_and_commands_stay_names(history):
    name = "x'; DROP TABLE responses; --\""
    contacts, outcomes = (t.assign(campaign_id=name) for t in make_wave(segment=name))
    history.append(contacts, outcomes, scheme=name, version=name)
    history.alias(name, name + "2", of="segment")
    history.decide(name, verdict="worked", do_not_repeat=False, decided_on="2017-03-01", note=name)
    frame = history.to_frame()
    assert len(frame) == 40 and frame["segment"].eq(name + "2").all() and frame["scheme"].eq(name).all()
    assert history.decisions()["note"].tolist() == [name]


def test_a_wrong_option_is_refused(history):
    with pytest.raises(ValueError, match="'refuse' or 'zero'"):
        history.append(*make_wave(), missing="drop")
    with pytest.raises(ValueError, match="start should be a day"):
        history.append(*make_wave(), start="02.01.2017")


# --- Files -----------------------------------------------------------------------------------------


def test_a_file_of_another_kind_is_refused_and_left_as_it_is(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 500, encoding="utf-8")
    with pytest.raises(HistoryError, match="is no history"):
        open_history(text)
    with duckdb.connect(str(tmp_path / "other.duckdb")) as other:
        other.execute("CREATE TABLE sales (x INTEGER)")
    with pytest.raises(HistoryError, match="other tables"):
        open_history(tmp_path / "other.duckdb")
    with duckdb.connect(str(tmp_path / "other.duckdb")) as other:
        assert other.execute("SHOW TABLES").fetchall() == [("sales",)]


def test_a_file_or_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(HistoryError, match="no history none.duckdb"):
        open_history(tmp_path / "none.duckdb", read_only=True)
    with pytest.raises(HistoryError, match="no folder"):
        open_history(tmp_path / "nowhere" / "h.duckdb")


def test_a_history_that_another_program_writes_to_is_busy_in_plain_words(tmp_path, monkeypatch):
    def locked(*args, **kwargs):
        raise duckdb.IOException("IO Error: Could not set lock on file: Conflicting lock is held")

    monkeypatch.setattr(duckdb, "connect", locked)
    with pytest.raises(HistoryError, match="open in another program") as caught:
        open_history(tmp_path / "h.duckdb")
    assert caught.value._render_traceback_()[0].startswith("❌")


def test_the_parquet_export_holds_what_the_history_shows(history, tmp_path):
    history.append(*make_wave())
    history.alias("gift", "present")
    history.decide(1, verdict="not known", do_not_repeat=True, decided_on="2017-03-01")
    names = [path.name for path in history.export(tmp_path / "out")]
    assert sorted(names) == ["aliases.parquet", "corrections.parquet", "decisions.parquet", "history.parquet"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(names)
    shown = history.to_frame()
    pd.testing.assert_frame_equal(collect(open_table(tmp_path / "out" / "history.parquet")), shown)
    assert "present" in set(shown["offer_id"].dropna())


# --- Aliases ---------------------------------------------------------------------------------------


def test_two_names_of_one_offer_are_shown_as_one_and_it_can_be_taken_back(history):
    for wave, offer in ((1, "spring gift"), (2, "gift_spring"), (3, "gift")):
        contacts, outcomes = make_wave(wave=wave)
        history.append(contacts.assign(offer_id=contacts["offer_id"].replace("gift", offer)), outcomes)
    history.alias("spring gift", "gift_spring")
    history.alias("spring gift", "gift_spring")
    history.alias("gift_spring", "gift")
    assert set(history.to_frame()["offer_id"].dropna()) == {"gift"}
    assert len(history.aliases()) == 2
    with pytest.raises(HistoryError, match="'gift' stands for|'gift_spring' stands for"):
        history.alias("gift", "gift_spring")
    with pytest.raises(HistoryError, match="'spring gift' stands for 'gift' already"):
        history.alias("spring gift", "coupon")
    history.alias("spring gift", "spring gift")
    assert set(history.to_frame()["offer_id"].dropna()) == {"gift", "spring gift"}
    assert history.append(*_with_offer(make_wave(wave=2), "gift_spring")).unchanged == 1


def _with_offer(wave, offer):
    contacts, outcomes = wave
    return contacts.assign(offer_id=contacts["offer_id"].replace("gift", offer)), outcomes


def test_only_names_can_have_an_alias(history):
    with pytest.raises(ValueError, match="of should be one of"):
        history.alias("1", "2", of="customer_id")


def test_sums_beside_an_alias_that_matches_nothing_are_right(history):
    contacts, outcomes = make_wave(customers=1600)
    history.append(contacts, outcomes)
    hits = int(outcomes["responded"].sum())
    nothing = "LEFT JOIN (SELECT * FROM aliases WHERE of_column = 'none') ON old_name = offer_id"
    sums = f"SELECT wave, CAST(sum(responded) AS BIGINT) FROM h {nothing} GROUP BY wave ORDER BY wave"
    for _ in range(2):  # first without any alias, then with one that no row has
        assert history.campaigns()["responses"].tolist() == [hits]
        assert history.rows().query("h", sums).fetchall() == [(1, hits)]
        history.alias("nobody", "somebody")


# --- Decisions -------------------------------------------------------------------------------------


def test_a_decision_is_logged_once_and_another_one_has_to_supersede_it(history):
    history.append(*make_wave())
    said = {
        "metric": "sales, $ a customer", "expected": 2.0, "observed": -0.1, "low": -0.5, "high": 0.3,
        "verdict": "did not work", "do_not_repeat": True, "note": "no effect at all", "decided_on": "2017-03-01",
    }  # fmt: skip
    assert history.decide(1, **said) == 1 == history.decide(1, **said)
    with pytest.raises(HistoryError, match="stands entry 1, 'did not work': say supersedes=1"):
        history.decide(1, **said | {"verdict": "worked"})
    second = said | {"verdict": "not known", "do_not_repeat": False, "decided_on": "2017-04-01"}
    assert history.decide(1, **second, supersedes=1) == 2 == history.decide(1, **second, supersedes=1)
    with pytest.raises(HistoryError, match="supersedes=2"):
        history.decide(1, **said, supersedes=1)
    log = history.decisions(superseded=True)
    check_table(log, DECISIONS)
    assert log["verdict"].tolist() == ["did not work", "not known"] and history.decisions()["decision_id"].tolist() == [
        2
    ]


@pytest.mark.parametrize(
    "change, error, says",
    [
        ({"campaign_id": 9}, HistoryError, "no campaign 9"),
        ({"verdict": "great"}, ValueError, "verdict should be one of"),
        ({"low": 3.0, "observed": 1.0}, ValueError, "should rise"),
        ({"decided_on": "01.03.2017"}, ValueError, "decided_on should be a day"),
        ({"supersedes": 4}, HistoryError, "stands no entry"),
    ],
)
def test_a_decision_that_cannot_be_right_is_refused(history, change, error, says):
    history.append(*make_wave())
    entry = {"campaign_id": 1, "verdict": "worked", "do_not_repeat": False, "decided_on": "2017-03-01"} | change
    with pytest.raises(error, match=says):
        history.decide(**entry)
    assert history.decisions(superseded=True).empty


def test_a_damaged_file_is_called_damaged_and_not_busy(tmp_path):
    path = tmp_path / "responses.duckdb"
    with open_history(path):
        pass
    data = bytearray(path.read_bytes())
    data[8200:8300] = b"x" * 100
    path.write_bytes(data)
    with pytest.raises(HistoryError, match="responses.duckdb is no history, or it is damaged: .*[Cc]orrupt"):
        open_history(path)


def test_a_full_disk_is_named_as_the_cause_and_nothing_is_written(tmp_path, monkeypatch):
    with open_history(tmp_path / "responses.duckdb") as history:
        full = duckdb.IOException('IO Error: Could not write file "r": No space left on device')
        monkeypatch.setattr("loyalty.learn.history.store.merge_wave", Mock(side_effect=full))
        contacts = pd.DataFrame(
            {"campaign_id": "a", "wave": 1, "customer_id": ["7", "8"], "arm": ["x", "control"], "offer_id": "gift"}
        )
        outcomes = contacts[["campaign_id", "wave", "customer_id"]].assign(window="main", responded=[1, 0])
        with pytest.raises(
            HistoryError, match="the disk of responses.duckdb is full, and nothing was written: make room"
        ):
            history.append(contacts, outcomes)
        assert len(history.to_frame()) == 0


def test_outcomes_of_other_ids_are_no_zeros(history):
    contacts, outcomes = make_wave()
    with pytest.raises(TableError, match="no customer of the contacts stands in the outcomes; `customer_id` is '0100'"):
        history.append(contacts.assign(customer_id="0" + contacts["customer_id"].astype("str")),
                       outcomes.assign(customer_id=outcomes["customer_id"].astype("str")), missing="zero")  # fmt: skip


def test_a_second_name_of_control_is_not_kept(history):
    contacts, outcomes = make_wave()
    for arm, says in (("holdout", "is it `holdout`"), ("КГ", "is it `КГ`")):
        with pytest.raises(TableError, match=says):
            history.append(contacts.replace({"arm": {"control": arm}}), outcomes)
    with pytest.raises(TableError, match="the group `КГ` sounds like control, and `control` is there as well"):
        history.append(contacts.assign(arm=["КГ", *contacts["arm"].iloc[1:-1], "control"]), outcomes)
