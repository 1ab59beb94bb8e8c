"""The numbers behind the pictures of lesson 22."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.tasks import pictures
from loyalty.tasks.t22.pictures import STAGES, draw_back, draw_letters, draw_new, draw_ties

OF_STAGE = pd.Series(["active", "active", "cooling", "gone quiet", "gone quiet", "new"])
CAME = pd.Series([True, False, True, False, False, True])


def test_only_numbers_of_receipts_with_two_scores_are_drawn_as_ties() -> None:
    ax = draw_ties(pd.Series([1, 1, 1, 2, 5]), pd.Series([1, 1, 2, 2, 3]))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1 receipts"]
    assert [text.get_text() for text in ax.texts][:2] == ["2 get\na 1", "1 get\na 2"]


def test_who_came_back_is_counted_stage_by_stage() -> None:
    found = pictures.count_back(CAME, OF_STAGE, STAGES)
    assert found.index.tolist() == ["active", "cooling", "gone quiet"]
    assert found["customers"].tolist() == [2, 1, 2]
    assert found["came"].tolist() == [0.5, 1.0, 0.0]
    assert found["high"]["gone quiet"] == pytest.approx(0.658, abs=0.001)  # Wilson, 0 of 2


def test_the_truth_is_drawn_only_where_it_is_known() -> None:
    shares = pd.concat({"rule": pictures.count_back(CAME, OF_STAGE, STAGES)})
    assert draw_back(shares, "title", "source").get_legend() is None
    known = draw_back(shares.assign(alive=1.0), "title", "source").get_legend()
    assert [text.get_text() for text in known.get_texts()] == ["truth: still a customer"]


def test_the_title_counts_those_who_started_in_the_last_30_days() -> None:
    title = draw_new(pd.Series([3.0, 30.0, 200.0]), seen=273).get_title(loc="left")
    assert title.startswith("2 of 3 ")


def test_letters_are_stacked_on_their_tenth_of_all_customers() -> None:
    people = pd.DataFrame({"segment": ["cooling", "active"] * 5, "monetary": range(1, 11)})
    ax = draw_letters(people[people.monetary == 9], people)
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    assert heights[0] == [1, 0] * 5
    assert heights[1] == [0] * 10
    assert heights[2] == [0] * 8 + [1, 0]
