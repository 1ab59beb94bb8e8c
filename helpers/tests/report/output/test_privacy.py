"""Phones, e-mails and small groups: what a report does not show."""

from __future__ import annotations

import os
import stat

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from loyalty.report.output.privacy import hash_ids, refuse_names, suppress_small
from loyalty.tables import keys
from loyalty.tables.check import TableError


def test_a_hash_is_the_same_for_the_same_id_and_key_and_another_with_another_key(monkeypatch):
    ids = pd.Series(["79161234567", None, "79161234568", "79161234567"])
    monkeypatch.setenv("LOYALTY_KEY", "a key that is long enough")
    hashed, place = hash_ids(ids)
    assert place == "the environment variable LOYALTY_KEY"
    assert hashed[0] == hashed[3] != hashed[2] and pd.isna(hashed[1])
    assert hashed[0].startswith("id-") and "7916" not in hashed[0]
    monkeypatch.setenv("LOYALTY_KEY", "another key, also long enough")
    assert hash_ids(ids)[0][0] != hashed[0]


def test_without_a_key_one_is_made_outside_the_project_for_its_owner_only(monkeypatch, tmp_path, root):
    monkeypatch.delenv("LOYALTY_KEY", raising=False)
    monkeypatch.setattr(keys, "config_folder", lambda: tmp_path / "config")
    ids = pd.Series(["79161234567"])
    first, place = hash_ids(ids)
    key = tmp_path / "config" / "key"
    assert place == "the key file in your configuration folder"
    assert len(key.read_text(encoding="utf-8")) == 64
    assert os.name == "nt" or stat.S_IMODE(key.stat().st_mode) == 0o600
    assert hash_ids(ids)[0].equals(first)
    monkeypatch.undo()
    assert root not in keys.config_folder().parents


def test_a_short_key_is_refused(monkeypatch):
    monkeypatch.setenv("LOYALTY_KEY", "short")
    with pytest.raises(TableError, match="16 characters or more"):
        hash_ids(pd.Series(["79161234567"]))


def test_two_small_groups_are_hidden_and_nothing_else():
    table = pd.DataFrame({"segment": list("abcd"), "customers": [3, 4, 9, 90], "sales": [1.0, 2, 3, 4]})
    shown = suppress_small(table, ["customers"], ["segment"])
    assert shown["customers"].tolist() == ["<5", "<5", 9, 90]
    assert shown["sales"].isna().tolist() == [True, True, False, False]


def test_a_single_small_group_takes_the_next_smallest_with_it():
    table = pd.DataFrame({"segment": list("abcd"), "customers": [3, 40, 9, 90], "sales": [1.0, 2, 3, 4]})
    shown = suppress_small(table, ["customers"], ["segment"])
    assert shown["customers"].tolist() == ["<5", 40, "hidden", 90]
    assert table["customers"].tolist() == [3, 40, 9, 90]


def test_a_group_that_the_reader_knows_from_elsewhere_hides_no_other():
    table = pd.DataFrame({"segment": list("abcd"), "customers": [3, 40, 9, 90], "sales": [1.0, 2, 3, 4]})
    shown = suppress_small(table, ["customers"], ["segment"], told=["c"])
    assert shown["customers"].tolist() == ["<5", "hidden", 9, 90]


def test_a_group_that_another_table_hides_is_hidden_here_too_and_takes_no_third_with_it():
    arms = pd.DataFrame(
        {
            "stratum": ["a", "a", "b", "b", "c", "c"],
            "arm": ["sent", "control"] * 3,
            "customers": [9, 5, 40, 10, 90, 30],
        }
    )
    shown = suppress_small(arms, ["customers"], ["stratum", "arm"], elsewhere=["a", "b"])
    assert shown["customers"].tolist() == ["hidden"] * 4 + [90, 30]


def test_an_empty_group_is_nobody_and_hides_nothing():
    table = pd.DataFrame({"segment": list("ab"), "customers": [0, 40]})
    assert suppress_small(table, ["customers"], ["segment"])["customers"].tolist() == [0, 40]


def test_a_row_is_hidden_if_either_group_is_small():
    table = pd.DataFrame(
        {"segment": list("abc"), "treated": [50, 60, 70], "control": [4, 3, 30], "effect": [1.0, 2, 3]}
    )
    shown = suppress_small(table, ["treated", "control"], ["segment"])
    assert shown["control"].tolist() == ["<5", "<5", 30] and shown["treated"].tolist() == ["<5", "<5", 70]
    assert shown["effect"].isna().tolist() == [True, True, False]


def test_two_numbers_under_five_that_their_sum_gives_away_take_a_third_with_them():
    table = pd.DataFrame({"segment": list("abcd"), "customers": [4, 4, 9, 90]})
    assert suppress_small(table, ["customers"], ["segment"])["customers"].tolist() == ["<5", "<5", "hidden", 90]
    table["customers"] = [1, 1, 9, 90]
    assert suppress_small(table, ["customers"], ["segment"])["customers"].tolist() == ["<5", "<5", "hidden", 90]
    table["customers"] = [1, 4, 9, 90]
    assert suppress_small(table, ["customers"], ["segment"])["customers"].tolist() == ["<5", "<5", 9, 90]


def test_in_each_arm_a_hidden_segment_takes_a_second_one_with_it():
    table = pd.DataFrame({"arm": list("aaabbb"), "segment": list("xyz") * 2, "treated": [3, 40, 50, 60, 2, 70]})
    shown = suppress_small(table, ["treated"], ["arm", "segment"], lines=[["arm"]])
    assert shown["treated"].tolist() == ["<5", "hidden", 50, "hidden", "<5", 70]


def test_a_small_control_group_that_stands_beside_every_arm_cannot_be_had_from_the_other_arms_rows():
    table = pd.DataFrame(
        {"arm": list("aaabbb"), "segment": list("xyz") * 2, "treated": [30, 40, 50, 60, 50, 70],
         "control": [3, 20, 30] * 2}
    )  # fmt: skip
    keys = ["arm", "segment"]
    shown = suppress_small(table, ["treated", "control"], keys, lines=[["arm"]], shared=["control"])
    known = {row.segment for row in shown.itertuples() if not isinstance(row.control, str)}
    assert len({"x", "y", "z"} - known) == 2


def list_certain(table: pd.DataFrame, shown: pd.Series, lines: list[list[str]]) -> list[int]:
    """Find the hidden small numbers that follow from the totals, by the least and the greatest value of each."""
    hidden = np.flatnonzero(shown.map(lambda value: isinstance(value, str)))
    sizes = table["customers"].to_numpy()
    groups = [group.index for line in lines for _, group in table.groupby(line)] if lines else [table.index]
    sums = np.array([[float(row in group) for row in hidden] for group in groups])
    totals = [sizes[[row for row in hidden if row in group]].sum() for group in groups]
    bounds = [(1, 4) if shown[row] == "<5" else (1, None) for row in hidden]
    certain = []
    for place, row in enumerate(hidden):
        if sizes[row] < 5:
            aim = np.eye(len(hidden))[place]
            ends = [linprog(sign * aim, A_eq=sums, b_eq=totals, bounds=bounds).x[place] for sign in (1, -1)]
            certain += [row] if abs(ends[0] - ends[1]) < 1e-6 else []
    return certain


def test_with_both_margins_known_a_hidden_cell_cannot_be_computed_from_them():
    cells = [3, 20, 30, 40, 50, 60, 70, 80, 90]
    table = pd.DataFrame({"stratum": list("aaabbbccc"), "arm": list("xyz") * 3, "customers": cells})
    lines = [["stratum"], ["arm"]]
    shown = suppress_small(table, ["customers"], ["stratum", "arm"], lines=lines)
    assert shown["customers"][0] == "<5" and not list_certain(table, shown["customers"], lines)
    alone = table["customers"].astype(object).where(table["customers"] >= 5, "<5")
    assert list_certain(table, alone, lines) == [0]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 12), min_size=4, max_size=12), st.sampled_from([[], [["a"]], [["a"], ["b"]]]))
def test_no_hidden_number_under_five_follows_from_the_totals_and_what_is_shown(sizes, lines):
    rows = len(sizes) // 2
    table = pd.DataFrame({"a": ["x", "y"] * rows, "b": [str(i // 2) for i in range(2 * rows)]})
    table["customers"] = sizes[: 2 * rows]
    shown = suppress_small(table, ["customers"], ["a", "b"], lines=lines or [[]])["customers"]
    is_left = shown.map(lambda value: not isinstance(value, str) and value > 0)
    assert not list_certain(table, shown, lines) or not is_left.any()


def test_labels_that_are_names_are_refused_and_a_few_small_groups_are_not():
    names = pd.Series([f"Anna {i}" for i in range(20)] + ["others"] * 30)
    assert refuse_names(names, "segment") == [
        "`segment` has 21 values, and 20 of them belong to fewer than 5 customers: a report would show single persons; "
        "choose another column, or join its values into groups"
    ]
    assert not refuse_names(pd.Series(list("aaabbb")), "segment")
    assert not refuse_names(pd.Series(["a"] * 9 + ["b"] * 9 + list("cde") + ["f"] * 9), "segment")
