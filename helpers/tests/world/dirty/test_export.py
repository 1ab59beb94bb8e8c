"""The dirty export: what is in the files is what the truth says, and nothing else is wrong."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest

from loyalty.tables.check import check_table
from loyalty.tables.contracts import RECEIPTS
from loyalty.world import World, WorldError
from loyalty.world.dirty.plan import FAULTS, VAT_RATE

CHAIN = World(customers=2_000, months=4, seed=3, preset="small_chain")
PLACE = ["file", "file_line"]


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return CHAIN.export_dirty(tmp_path_factory.mktemp("till"))


@pytest.fixture(scope="module")
def lines(export):
    """Read the files with plain pandas, as text."""
    tables = []
    for number, path in enumerate(export.files):
        encoding = "cp1251" if number == 1 else "utf-8"
        table = pd.read_csv(path, sep=";", dtype="str", keep_default_na=False, encoding=encoding)
        tables.append(table.assign(file=path.name, file_line=range(2, len(table) + 2)))
    whole = pd.concat(tables, ignore_index=True)
    return whole.assign(paid=whole["amount"].str.replace(",", ".").astype("float64"))


def test_there_is_a_file_a_month_and_one_is_in_another_encoding(export):
    assert [path.name for path in export.files] == [f"receipts_2023-0{month}.csv" for month in (1, 2, 3, 4)]
    with pytest.raises(UnicodeDecodeError):
        export.files[1].read_bytes().decode("utf-8")
    assert export.files[0].read_bytes().decode("utf-8").startswith("date;time;store;till;receipt;line;cashier;card")


def test_every_kind_of_fault_is_planted(export):
    planted = export.truth.defects["defect"].value_counts()
    assert set(planted.index) == set(FAULTS)
    assert planted["missing day"] == 1
    assert (planted.drop("missing day") >= 15).all()


def test_every_line_belongs_to_the_clean_table_or_has_a_fault_that_takes_it_out(export, lines):
    gone = ["resend", "cancellation", "test card", "staff card", "cashier's card"]
    out = export.truth.defects[export.truth.defects["defect"].isin(gone)].drop_duplicates(["file", "line"])
    assert len(lines) == len(export.truth.clean) + len(out)


def test_a_line_without_a_fault_is_true_to_the_cent_and_second(export, lines):
    defects = export.truth.defects.dropna(subset="line").rename(columns={"line": "file_line"})
    sound = export.truth.clean.merge(defects[PLACE].drop_duplicates(), on=PLACE, how="left", indicator=True)
    sound = sound[sound["_merge"] == "left_only"].merge(lines, on=PLACE, suffixes=("", "_file"))
    assert len(sound) > 5_000
    assert (sound["sales"] == sound["paid"]).all()
    stamped = pd.to_datetime(sound["date"] + " " + sound["time_file"], format="%d.%m.%Y %H:%M:%S")
    assert (stamped == sound["time"]).all()


def test_the_truth_says_what_stands_in_the_file_and_what_is_right(export, lines):
    defects = export.truth.defects
    taxed = defects[defects["defect"] == "no VAT"].rename(columns={"line": "file_line"}).merge(lines, on=PLACE)
    assert (taxed["found"].astype(float) == taxed["paid"]).all()
    assert (taxed["right"].astype(float).abs() / taxed["paid"]).median() == pytest.approx(1 + VAT_RATE, abs=0.001)
    right = export.truth.clean.merge(taxed[PLACE], on=PLACE)
    assert len(right) > 100


def test_the_lost_day_is_in_no_file(export, lines):
    lost = export.truth.defects.set_index("defect").loc["missing day"]
    day = pd.Timestamp(lost["found"].removeprefix("no line of "))
    there = lines[(lines["store"] == str(lost["store_id"])) & (lines["date"] == f"{day:%d.%m.%Y}")]
    assert there.empty and lost["money"] < 0


def test_the_clean_table_keeps_the_contract_once_its_lines_are_numbered(export):
    clean = export.truth.clean
    numbered = clean[clean["line_no"].notna() & ~clean["ask"]]
    check_table(numbered, RECEIPTS)
    assert (clean.loc[clean["kind"] == "return", "sales"] <= 0).all()
    assert set(clean["kind"]) == {"sale", "return"}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    world = World(customers=600, months=3, seed=7, preset="small_chain")
    texts = []
    for seed in (7, 7, 8):
        files = world.export_dirty(tmp_path / str(len(texts)), months=3, seed=seed).files
        texts.append(b"".join(path.read_bytes() for path in files))
    assert texts[0] == texts[1] != texts[2]
    # The committed hash changes only when a planted rule does
    assert hashlib.sha256(texts[0]).hexdigest()[:16] == "450973368e088f69"


def test_a_chain_or_a_span_too_small_is_refused_in_one_message(tmp_path):
    with pytest.raises(WorldError, match="months should be a whole number from 3 to 4, found 9"):
        CHAIN.export_dirty(tmp_path, months=9)
    with pytest.raises(WorldError, match="a world of 3 months is needed"):
        World(customers=50, months=2).export_dirty(tmp_path)
    with pytest.raises(WorldError, match="a dirty export needs 1,000 receipt lines or more, found"):
        World(customers=50, months=3, seed=1).export_dirty(tmp_path, months=3)
    assert list(tmp_path.iterdir()) == []


def test_the_world_after_a_wave_has_a_last_month_that_has_only_begun(tmp_path):
    world = World(customers=600, months=4, seed=1, preset="small_chain")
    plan = world.customers[["customer_id"]].assign(offer_id="gift")
    _, later = world.run(plan, days=28, post=0)
    export = later.export_dirty(tmp_path)
    assert [path.name for path in export.files][-1] == "receipts_2023-05.csv"
    assert export.truth.clean["time"].max() < later.end
