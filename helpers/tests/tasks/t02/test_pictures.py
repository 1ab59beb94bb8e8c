"""The pictures of lesson 02 show what pandas does, not what somebody drew."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.tasks.t02.pictures import draw_groups, draw_melt, draw_memory, draw_merge, draw_months, draw_regions

RECEIPTS = pd.DataFrame({"receipt": ["A", "B", "C"], "store_id": [3, 14, 41], "sales": [20, 35, 10]})
STORES = pd.DataFrame({"store_id": [3, 14], "region": ["north", "south"]})
NAMES = ("receipts", "stores")


def words_of(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_key_with_two_partners_makes_two_rows() -> None:
    twice = pd.concat([STORES, STORES.tail(1)])
    words = words_of(draw_merge(RECEIPTS, twice, "store_id", NAMES, "title"))
    assert "result: 4 rows" in words
    assert words.count("35") == 3  # once on the left, twice in the result


@pytest.mark.parametrize(("how", "rows", "empty"), [("left", 3, 1), ("inner", 2, 0)])
def test_a_key_without_partner_stays_empty_or_goes(how: str, rows: int, empty: int) -> None:
    words = words_of(draw_merge(RECEIPTS, STORES, "store_id", NAMES, "title", how=how))
    assert f"result: {rows} rows" in words
    assert words.count("NaN") == empty


def test_rows_of_one_key_have_one_colour_before_and_after() -> None:
    figure = draw_merge(RECEIPTS, STORES, "store_id", NAMES, "title")
    colours = [patch.get_facecolor() for patch in figure.axes[0].patches if hasattr(patch, "get_width")]
    assert colours[0] == colours[9] == colours[13]  # A on the left, store 3 on the right, A in the result
    assert len(set(colours)) == 3


def test_piles_are_added_up() -> None:
    table = pd.DataFrame({"region": ["south", "north", "south"], "sales": [1, 2, 4]})
    words = words_of(draw_groups(table, "region", "sales", "title"))
    assert words[-4:] == ["north", "2", "south", "5"]


def test_a_long_table_has_a_row_for_each_number() -> None:
    wide = pd.DataFrame({"region": ["north", "south"], "Apr": [1, 2], "May": [3, 4]})
    words = words_of(draw_melt(wide, "region", ("month", "plan"), "title"))
    assert "wide: 2 rows" in words
    assert "long: 4 rows" in words


def test_the_memory_is_shown_after_each_step() -> None:
    words = words_of(draw_memory([("1", "price = 100", 100.0), ("2", "price = price * 0.9", 90.0)]))
    assert [word for word in words if word.startswith("price is")] == ["price is 100", "price is 90"]


def test_receipts_in_a_wrong_month_have_the_warning_colour_also_beside_right_ones() -> None:
    guessed = pd.Series(pd.to_datetime(["2024-03-04", "2024-04-20", "2024-04-05", "2024-05-05"]))
    told = pd.Series(pd.to_datetime(["2024-04-03", "2024-04-20", "2024-05-04", "2024-05-05"]))
    figure = draw_months({"guessed": guessed, "told": told}, "title")
    bars = figure.axes[0].patches
    right, moved = bars[:12], bars[12:]
    assert [bar.get_height() for bar in right[2:5]] == [0, 1, 1]
    assert [bar.get_height() for bar in moved[2:5]] == [1, 1, 0]
    assert right[3].get_facecolor() != moved[3].get_facecolor()
    assert sum(bar.get_height() for bar in figure.axes[1].patches[12:]) == 0
    assert "red: 2 in a wrong month" in words_of(figure)[-1]
    assert figure.get_suptitle() == "title"
    assert figure.axes[0].get_xticklabels()[0].get_text() == "Jan"


def test_the_largest_region_stands_first() -> None:
    ax = draw_regions(pd.Series({"north": 5.0, "south": 9.0}), "title", "subtitle")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["south", "north"]
