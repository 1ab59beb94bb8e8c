"""What benchmarks/rules.py promises is what its page says; its counting is that of the room."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

ROOT = Path(__file__).parents[4]
SPEC = importlib.util.spec_from_file_location("rules_page", ROOT / "benchmarks" / "rules.py")
PAGE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGE)


def test_the_page_holds_what_was_promised():
    text = (ROOT / "docs" / "tables" / "rules.md").read_text(encoding="utf-8")
    assert "does not hold" not in text and text.count("**holds**") >= 3
    recall = float(re.search(r"Recall at least 80%: \*\*holds\*\* \((\d+\.\d)%\)", text).group(1))
    assert recall >= 100 * PAGE.RECALL
    assert f"seeds {PAGE.FIRST} to {PAGE.FIRST + PAGE.SEEDS - 1}" in text


def test_baskets_are_counted_as_by_hand():
    table = sparse.csr_array(np.array([[1, 1, 0], [1, 1, 1], [1, 0, 0], [0, 0, 1]], float))
    found = PAGE.count_baskets(table, 0.0).set_index(["first", "then"])
    assert found.loc[(0, 1), ["support", "confidence", "lift"]].tolist() == pytest.approx([2 / 4, 2 / 3, 4 / 3])
    assert found.loc[(1, 0), "confidence"] == 1.0 and (0, 0) not in found.index


def test_the_lines_of_the_speed_test_are_receipts(tmp_path):
    table = pd.read_parquet(PAGE.write_lines(tmp_path, 6_000))
    assert len(table) == 6_000 and table["customer_id"].nunique() == 100 and table["product_id"].between(1, 600).all()
    assert table["time"].between("2023-01-01", "2026-01-01").all() and (table["sales"] > 0).all()
