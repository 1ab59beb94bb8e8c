"""Answers of every kind beside the right one: numbers, texts, dates, sets, sequences, Series, tables."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.tasks import check
from loyalty.tasks.checking.alignment import align, distance
from loyalty.tasks.checking.answers import Mismatch
from loyalty.tasks.checking.grading import find_task

pytestmark = pytest.mark.usefixtures("sample")
EFFECT = (1.19, 0.70, 1.69)


@pytest.fixture
def profile() -> pd.DataFrame:
    return find_task("98c").compute().right.copy()


# --- kinds of answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [1.19, np.float32(1.19), np.array(1.19), Decimal("1.19")],
    ids=["float", "numpy", "array of no dimension", "decimal"],
)
def test_numbers_of_any_type_are_numbers(answer: object) -> None:
    assert check("98a", answer).status == "right"


@pytest.mark.parametrize("kind", [tuple, list, np.array, pd.Series, pd.Index], ids=lambda kind: kind.__name__)
def test_a_short_answer_may_be_tuple_list_array_or_series(kind: type) -> None:
    assert check("98b", kind(list(EFFECT))).status == "right"


def test_the_order_of_a_sequence_matters_and_its_mixing_up_is_named() -> None:
    result = check("98b", (0.70, 1.69, 1.19))
    assert (result.status, result.mistake) == ("wrong", "other_order")


def test_two_values_where_three_are_asked_are_told_so() -> None:
    result = check("98b", (1.19, 0.70))
    assert "3 values in order were asked; you gave 2 values in order" in result.message
    assert "what 98b asks" in result.message


def test_missing_equals_missing_and_nothing_else() -> None:
    assert check("98l", [1, np.nan, 3]).status == "right"
    assert check("98l", pd.array([1, None, 3], dtype="Int64")).status == "right"
    assert check("98l", [1, 2, 3]).status == "wrong"
    assert distance(1.0, math.nan) == math.inf


def test_a_text_answer_ignores_case_and_spaces() -> None:
    assert check("98d", "  HOLD ").status == "right"
    assert check("98d", "Send").mistake == "sent"
    assert check("98d", "perhaps").status == "wrong"


def test_a_set_has_no_order_and_says_how_many_are_missing() -> None:
    assert check("98e", {"South", "north "}).status == "right"
    assert check("98e", ["south", "north"]).status == "right"
    result = check("98e", {"south", "moon"})
    assert "1 of 2 are missing" in result.message and "moon" in result.message


@pytest.mark.parametrize(
    "answer",
    [
        datetime.date(2025, 3, 31),
        pd.Timestamp("2025-03-31 18:00"),
        np.datetime64("2025-03-31"),
        pd.Period("2025-03-31"),
    ],
)
def test_a_date_of_any_type_is_a_date(answer: object) -> None:
    assert check("98f", answer).status == "right"


def test_a_date_one_day_later_meets_its_own_mistake_and_text_is_no_date() -> None:
    assert check("98f", pd.Timestamp("2025-04-01")).mistake == "end_inside"
    assert "text" in check("98f", "2025-03-31").message
    assert distance(datetime.date(2025, 3, 31), datetime.date(2025, 4, 3)) == 3


def test_yes_or_no_is_neither_a_number_nor_a_text() -> None:
    assert check("98g", np.True_).status == "right"
    assert check("98g", False).status == "wrong"
    assert "True or False was asked; you gave a number" in check("98g", 1).message
    assert "A number was asked; you gave True or False" in check("98a", True).message


def test_a_mixed_answer_is_compared_part_by_part(profile: pd.DataFrame) -> None:
    assert check("98k", (profile, 4, "North")).status == "right"
    assert check("98k", [profile.reset_index(), 4, "north"]).status == "right"
    wrong = check("98k", (profile, 5, "north"))
    assert "Part 2 differs." in wrong.message
    assert "part 1" in check("98k", (3, 4, "north")).message.lower()


# --- tables -----------------------------------------------------------------------------------------------------------


def test_neither_the_order_of_rows_nor_of_columns_nor_extra_columns_matter(profile: pd.DataFrame) -> None:
    shuffled = profile.iloc[::-1, ::-1].assign(extra=1)
    assert check("98c", shuffled).status == "right"
    assert check("98c", shuffled.reset_index()).status == "right"
    assert check("98i", shuffled).status == "right"
    assert check("98i", shuffled.reset_index()).status == "right"


def test_dates_are_compared_as_dates_and_text_without_case_and_spaces(profile: pd.DataFrame) -> None:
    profile["last_visit"] = profile.last_visit.dt.date
    profile["segment"] = profile.segment.str.upper() + " "
    assert check("98c", profile).status == "right"
    profile["segment"] = profile.segment.astype("category")
    assert check("98c", profile).status == "right"


def test_missing_columns_are_named(profile: pd.DataFrame) -> None:
    message = check("98c", profile.drop(columns=["monetary", "segment"])).message
    assert "Missing columns: `monetary`, `segment`" in message


def test_missing_customers_are_counted_and_shown_where_no_mistake_is_known(profile: pd.DataFrame) -> None:
    message = check("98i", profile.drop(index=[4, 99])).message
    assert "A table with 4 rows was asked; yours has 2 rows: 2 of customer_id are missing, e.g. 4, 99" in message
    extra = pd.concat([profile, profile.rename(index={17: 1000, 4: 1001}).iloc[:2]])
    assert "2 of customer_id do not belong, e.g. 1000, 1001" in check("98i", extra).message


def test_a_table_of_too_few_rows_that_is_a_known_mistake_gets_its_name(profile: pd.DataFrame) -> None:
    assert check("98c", profile.iloc[[2, 0, 1]]).mistake == "non_buyers_lost"


def test_repeated_ids_are_an_own_message(profile: pd.DataFrame) -> None:
    assert "stand more than once, e.g. 17" in check("98c", pd.concat([profile, profile.iloc[:1]])).message


def test_ids_as_text_are_an_own_message(profile: pd.DataFrame) -> None:
    profile.index = profile.index.astype(str)
    assert "(customer_id) are asked as numbers; yours are text" in check("98c", profile).message


def test_a_table_without_its_key_is_told_which_column_is_missing(profile: pd.DataFrame) -> None:
    assert "`customer_id`" in check("98c", profile.reset_index(drop=True)).message


def test_a_wrong_column_is_named_with_the_number_of_rows_and_not_the_right_value(profile: pd.DataFrame) -> None:
    profile.loc[99, "monetary"] = 77.0
    message = check("98c", profile).message
    assert "`monetary` differs in 1 of 4 rows, e.g. 99" in message
    assert "99.9" not in message


def test_numbers_as_text_in_a_column_are_told_so(profile: pd.DataFrame) -> None:
    message = check("98c", profile.assign(monetary=["1,234.5", "2", "3", "4"])).message
    assert '`monetary`: numbers are asked; yours holds text ("1,234.5")' in message


def test_dates_as_text_in_a_column_are_told_so(profile: pd.DataFrame) -> None:
    assert "pd.to_datetime" in check("98c", profile.assign(last_visit="2025-03-01")).message


def test_a_series_with_an_index_is_aligned_by_it(profile: pd.DataFrame) -> None:
    assert check("98h", profile.monetary.iloc[::-1]).status == "right"
    assert check("98h", profile.monetary.to_dict()).status == "right"
    assert check("98h", profile[["monetary"]].reset_index()).status == "right"
    assert "customer_id" in check("98h", profile.monetary.to_list()).message
    assert "1 of customer_id are missing, e.g. 17" in check("98h", profile.monetary.iloc[1:]).message


@pytest.fixture
def monthly() -> pd.DataFrame:
    index = pd.MultiIndex.from_product([["Loyal", "New"], pd.to_datetime(["2025-01-01", "2025-02-01"])])
    return pd.DataFrame({"sales": [1.0, 2.0, 3.0, 4.0]}, index=index.set_names(["segment", "month"]))


def test_several_columns_may_be_the_key_in_any_order(monthly: pd.DataFrame) -> None:
    assert distance(monthly, monthly.swaplevel().iloc[::-1]) == 0
    assert distance(monthly, monthly.reset_index()) == 0
    assert distance(monthly, monthly.reset_index(level="month")) == 0
    assert distance(monthly.sales, monthly.sales.iloc[::-1]) == 0
    assert distance(monthly.reset_index(), monthly, key=("segment", "month")) == 0
    with pytest.raises(Mismatch, match="`segment` and `month`"):
        align(monthly, monthly.reset_index(level="month", drop=True))


def test_an_index_without_a_name_is_taken_as_it_stands(monthly: pd.DataFrame) -> None:
    flat = pd.DataFrame({"share": [0.2, 0.8]}, index=["b", "a"])
    assert distance(flat, flat.iloc[::-1]) == 0
    assert distance(flat, flat.rename_axis("segment")) == 0
    with pytest.raises(Mismatch, match="values? of|row"):
        align(flat, flat.iloc[:1])


def test_a_column_that_stands_twice_is_refused(profile: pd.DataFrame) -> None:
    twice = pd.concat([profile, profile[["monetary"]]], axis=1)
    assert "`monetary` stands more than once" in check("98c", twice).message


def test_a_set_or_a_dictionary_has_no_order_to_compare() -> None:
    assert "3 values in order were asked; you gave a set" in check("98b", {1.19, 0.7, 1.69}).message
    assert check("98b", {"effect": 1.19, "low": 0.7, "high": 1.69}).status == "wrong"


def test_columns_of_yes_and_no_accept_ones_and_zeros_and_nothing_else() -> None:
    flags = pd.Series([True, False, True])
    assert distance(flags, [1, 0, 1]) == 0
    assert distance(flags, [1, 0, 2]) == math.inf
    assert distance(flags, ["True", "False", "True"]) == math.inf


def test_time_differences_are_numbers_of_days() -> None:
    assert distance([1.5, 2.0], [pd.Timedelta("36h"), datetime.timedelta(days=2)]) == 0


# --- distance ---------------------------------------------------------------------------------------------------------


def test_distance_is_in_the_answers_unit_and_infinite_between_shapes(profile: pd.DataFrame) -> None:
    assert distance((1.0, 2.0), (1.0, 2.5)) == 0.5
    assert distance((1, 2), (1, 2, 3)) == math.inf
    assert distance("send", "hold") == math.inf
    assert distance(profile, profile.assign(monetary=profile.monetary + 4)) == pytest.approx(4)
    assert distance(profile, profile.iloc[1:]) == math.inf
    assert distance(profile, profile.assign(segment="x")) == math.inf


def test_the_right_table_needs_a_key(profile: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="neither a key nor an index"):
        distance(profile.reset_index(), profile.reset_index())


@given(a=st.lists(st.floats(allow_infinity=False), min_size=1, max_size=5), b=st.floats(-1e6, 1e6))
def test_the_distance_of_an_answer_to_itself_is_zero_and_to_a_shifted_one_the_shift(a: list[float], b: float) -> None:
    assert distance(a, list(a)) == 0
    assert distance(b, b + 0.5) == pytest.approx(0.5)


def test_ids_of_a_set_that_are_text_are_told_so() -> None:
    with pytest.raises(Mismatch, match="asked as numbers; yours are text"):
        align({1, 2}, ["1", "2"])
