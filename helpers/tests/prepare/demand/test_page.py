"""What benchmarks/demand.py promises is what its page says."""

import importlib.util
import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[4]
SPEC = importlib.util.spec_from_file_location("demand_page", ROOT / "benchmarks" / "demand.py")
PAGE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGE)


def test_the_page_holds_what_was_promised():
    text = (ROOT / "docs" / "tables" / "demand.md").read_text(encoding="utf-8")
    assert "does not hold" not in text and text.count("**holds**") == 7
    assert f"seeds {PAGE.FIRST} to {PAGE.FIRST + PAGE.SEEDS - 1}" in text
    inside = re.search(r"95 % intervals hold .*\((.*)\)", text).group(1)
    low, high = PAGE.INSIDE_95
    assert all(low <= float(found) / 100 <= high for found in re.findall(r"(\d+\.\d)%", inside))


def test_the_judge_says_where_a_promise_is_broken():
    methods = ["seasonal naive", "waves"]
    scores = pd.DataFrame({"series": "all series", "seed": [1, 1], "method": methods, "mase_true": [0.5, 0.9]})
    for end in ("80", "95"):
        scores[f"coverage{end}"], scores[f"coverage{end}_low"], scores[f"coverage{end}_high"] = 0.5, 0.6, 0.9
    flags = pd.DataFrame({"with": [0.2], "without": [0.1]})
    said = list(PAGE.judge(scores, flags, pd.DataFrame({"inside": [5], "of": [10]}), 0.5))
    assert len(said) == 7 and all("does not hold" in line for line in said)
