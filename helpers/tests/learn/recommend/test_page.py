"""What benchmarks/recommend.py promises is what its page says."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[4]
SPEC = importlib.util.spec_from_file_location("recommend_page", ROOT / "benchmarks" / "recommend.py")
PAGE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGE)


def test_the_page_says_of_each_bound_whether_it_is_kept():
    text = (ROOT / "docs" / "tables" / "recommend.md").read_text(encoding="utf-8")
    assert f"({PAGE.FIRST} to {PAGE.FIRST + PAGE.SEEDS - 1})" in text and f"{PAGE.LISTS} lists each" in text
    kept = {
        "the linear model is better in at least": lambda count: count >= PAGE.LEAST_FOUND,
        "- one taste: at most": lambda count: count <= PAGE.MOST_CLAIMS,
        "- one taste, dealt anew: at most": lambda count: count <= PAGE.MOST_CLAIMS,
        "Of lists by lot at most": lambda count: count <= PAGE.MOST_LUCKY,
        "For a line the interval holds": lambda count: PAGE.REGION[0] <= count <= PAGE.REGION[1],
    }
    for words, holds in kept.items():
        line = next(line for line in text.splitlines() if words in line)
        count = int(re.search(r"\((\d+)\)\.$", line)[1])
        assert f"**{PAGE.say(holds(count))}**" in line, line


def test_the_lines_of_the_speed_test_are_receipts_of_four_tastes(tmp_path):
    table = pd.read_parquet(PAGE.write_lines(tmp_path, 20_000))
    assert len(table) == 20_000 and table["customer_id"].nunique() == 400
    assert table["product_id"].between(1, 600).all() and (table["sales"] > 0).all()
    own = (table["product_id"] - 1) % 4
    favourite = own.groupby(table["customer_id"]).agg(lambda tastes: tastes.mode()[0])
    shares = (own == table["customer_id"].map(favourite)).mean()
    assert 0.5 < shares < 0.85


def test_people_of_a_line_are_on_the_list_more_often_with_more_visits():
    people, on_list = PAGE.make_people(5_000, np.random.default_rng(1))
    assert people.loc[on_list, "visits"].mean() > 1.5 * people.loc[~on_list, "visits"].mean()
