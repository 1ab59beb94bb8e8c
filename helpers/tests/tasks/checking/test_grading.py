"""What `check` says of right, open and wrong answers of every kind."""

from __future__ import annotations

import copy
import datetime
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.stats.estimate import Estimate
from loyalty.tasks import check
from loyalty.tasks.checking.grading import Answers, Mistake, Task, find_task, list_tasks
from loyalty.tasks.checking.progress import load

pytestmark = pytest.mark.usefixtures("sample")
EFFECT = (1.19, 0.70, 1.69)


@pytest.fixture
def profile() -> pd.DataFrame:
    return find_task("98c").compute().right.copy()


# --- the three answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "sign"),
    [(1.19, "right", "✅"), (..., "unanswered", "⬜"), (None, "unanswered", "⬜"), (8.3, "wrong", "❌")],
)
def test_a_result_begins_with_the_sign_of_its_status(answer: object, status: str, sign: str) -> None:
    result = check("98a", answer)
    assert result.status == status
    assert repr(result).startswith(sign)
    assert sign in result._repr_html_() and "98a" in result._repr_html_()


def test_praise_reads_the_right_number_back() -> None:
    assert check("98a", 1.19).message == "1.19 a head."
    assert check("98b", EFFECT).message == "Right."


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("98b", (1.19, ..., 1.69)),
        ("98b", [..., ..., ...]),
        ("98b", np.array([1.19, ..., 2], dtype=object)),
        ("98e", {"north", ...}),
        ("98h", pd.Series({17: 30.0, 4: ...})),
        ("98c", pd.DataFrame({"customer_id": [17], "frequency": [...]})),
        ("98k", (pd.DataFrame({"a": [...]}), 4, "north")),
        ("98h", {17: [1, [..., 2]]}),
    ],
)
def test_a_container_that_holds_dots_anywhere_is_not_answered_yet(code: str, answer: object) -> None:
    result = check(code, answer)
    assert result.status == "unanswered"
    assert f"what {code} asks" in result.message


def test_the_nearest_named_mistake_answers_with_its_own_sentence() -> None:
    result = check("98a", 15.868)
    assert (result.status, result.mistake, result.message) == ("wrong", "redeemers", "You compared those who redeemed.")


def test_an_answer_at_the_edge_of_the_tolerance_is_right_and_beyond_it_is_not() -> None:
    assert check("98m", 1234.5099).status == "right"
    assert check("98m", 1234.5101).status == "wrong"


def test_the_right_answer_wins_over_a_mistake_that_is_as_near() -> None:
    assert check("98d", "hold").mistake is None


# --- mistakes that any task can meet ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "answer", "name"),
    [
        ("98a", -1.19, "sign_turned"),
        ("98b", (-1.19, -1.69, -0.70), "sign_turned"),
        ("98b", (-1.19, -0.70, -1.69), "sign_turned"),
        ("98a", 119, "hundred_times"),
        ("98m", 12.345, "hundredth"),
        ("98m", 1234, "too_coarse"),
        ("98m", 1200, "too_coarse"),
        ("98m", 1235, "too_coarse"),  # a spreadsheet rounds a half up
        ("98m", 1236, None),
        ("98m", 1000, None),
        ("98m", float("nan"), "no_number"),
        ("98m", float("inf"), "no_number"),
        ("98m", 1.2345, "thousandth"),
        ("98b", (1.19, 0.90, 1.49), "ends_differ"),
        ("98b", (1.19, 0.70, 1.90), "one_end_differs"),
        ("98b", (1.50, 0.70, 1.69), "effect_differs"),
        ("98b", (0.10, 0.70, 1.69), "effect_differs"),  # right ends: the order is not the fault
        ("98b", (1, 2, 3), "effect_outside"),
        ("98b", (1.1, 2, 0.4), "ends_swapped"),
        ("98b", (1.19, 0.70, float("nan")), "no_number"),
    ],
)
def test_the_mistakes_of_all_tasks_are_recognised(code: str, answer: object, name: str | None) -> None:
    result = check(code, answer)
    assert (result.status, result.mistake) == ("wrong", name)


def test_a_number_with_a_thousands_separator_in_quotes_is_text() -> None:
    assert 'A number was asked; you gave text ("1,234.5")' in check("98m", "1,234.5").message


def test_a_dictionary_and_a_whole_result_are_called_what_they_are() -> None:
    assert "you gave a dictionary." in check("98b", dict(effect=1.19, low=0.7, high=1.69)).message
    whole = Estimate(1.19, 0.70, 1.69, 0.25, 0.01, 50, 50, "Welch", "average effect")
    assert "you gave a whole Estimate, whose numbers are its .effect, .low and .high" in check("98b", whole).message


def test_a_named_mistake_comes_before_those_of_all_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = Answers(2.0, (Mistake("own", "My own sentence.", -2.0),))
    monkeypatch.setattr(
        "loyalty.tasks.checking.grading.find_task", lambda code: Task(code, "x", lambda: turned, 0.01, ())
    )
    assert check("98a", -2.0).mistake == "own"


def test_an_answer_of_the_same_size_gets_the_tasks_question_and_another_what_was_asked() -> None:
    assert check("98a", 1.6).message == "Close, not it. Which window?"
    assert check("98a", 700).message == "Not it. Asked: what 98a asks."
    assert check("98a", 0.001).message == "Not it. Asked: what 98a asks."


@pytest.mark.parametrize("answer", [1700, 1777, 1730, 900, 4000, 1, -3])
def test_a_wrong_number_is_never_answered_by_an_empty_line(monkeypatch: pytest.MonkeyPatch, answer: int) -> None:
    task = Task("98a", "how many go out; one whole number", lambda: Answers(1732, ()), 0, (), close="")
    monkeypatch.setattr("loyalty.tasks.checking.grading.find_task", lambda code: task)
    result = check("98a", answer)
    assert result.status == "wrong" and result.message.endswith("Asked: how many go out; one whole number.")


def test_a_whole_number_that_ends_in_0_is_not_called_right_but_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task("98a", "how many go out; one whole number", lambda: Answers(1732, ()), 0, (), close="")
    monkeypatch.setattr("loyalty.tasks.checking.grading.find_task", lambda code: task)
    assert check("98a", 1730).message.startswith("This may be right and is rounded too far: keep all digits.")


# --- codes, records, safety -------------------------------------------------------------------------------------------


def test_an_unknown_code_lists_the_codes_of_its_lesson() -> None:
    result = check("98z", 1)
    assert repr(result).startswith("⬜") and "There is no task '98z'. Lesson 98 has 98a, 98b" in result.message
    assert "such as 12a" in check("hello", 1).message
    assert "Lesson 97 has no tasks" in check("97a", 1).message
    assert "such as 12a" in check(12, 1).message
    assert load()["tasks"] == {}


def test_tasks_are_found_by_the_name_of_their_module() -> None:
    assert "98_sample_lesson" in list_tasks()
    assert list(list_tasks("98")) == ["98_sample_lesson"]
    assert find_task(" 98B ").code == "98b"


def test_a_check_is_recorded_with_the_mistake() -> None:
    check("98a", 15.87)
    assert load()["tasks"]["98a"] == {"status": "wrong", "tries": 1, "mistake": "redeemers"}


def test_a_check_whose_data_are_missing_says_so_and_counts_as_no_try() -> None:
    result = check("98j", 1)
    assert result.status == "unanswered" and "FileNotFoundError: no such table" in result.message


@pytest.mark.parametrize("code", ["12", "1a", "aab", "12A"])
def test_a_task_with_a_code_that_cannot_be_meant_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="two digits and a letter"):
        Task(code, "x", lambda: Answers(1, ()), 0.1, ())


@pytest.mark.parametrize("tolerance", [-1, math.nan])
def test_a_task_with_a_tolerance_that_cannot_be_meant_is_refused(tolerance: float) -> None:
    with pytest.raises(ValueError, match="tolerance"):
        Task("12a", "x", lambda: Answers(1, ()), tolerance, ())


class _Hostile:
    """Raises at whatever is tried with it."""

    def _refuse(self, *_: object) -> None:
        raise RuntimeError("no")

    __eq__ = __float__ = __len__ = __iter__ = __str__ = __repr__ = __bool__ = __array__ = _refuse
    __hash__ = object.__hash__


def _loop() -> list:
    endless: list = [1]
    endless.append(endless)
    return endless


STRANGE = [
    _Hostile(), [_Hostile()], {"a": _Hostile()}, _loop(), object(), print, 1 + 2j, 10**400, float("inf"), -0.0, pd.NaT,
    pd.NA, np.array([[1, 2], [3, 4]]), np.array([]), pd.DataFrame(), pd.DataFrame([[1, 2]], columns=["a", "a"]), b"x",
    pd.Series(dtype=float), pd.DataFrame({("a", "b"): [1]}), Decimal("sNaN"), np.datetime64("NaT"), [[1, 2], [3]], {},
    pd.Timestamp("2025-03-31", tz="US/Eastern"), (i for i in "ab"), pd.Interval(0, 1), datetime.date(1, 1, 1), set(),
    pd.DataFrame({"customer_id": [[1], [2]], "frequency": 1, "monetary": 2, "segment": 3, "last_visit": 4}),
    pd.DataFrame({"frequency": [object()] * 4, "monetary": 2, "segment": 3, "last_visit": 4}, index=[17, 4, 99, 23]),
]  # fmt: skip


@pytest.mark.parametrize("code", [f"98{letter}" for letter in "abcdefghijkl"])
def test_no_strange_answer_makes_a_check_raise(code: str) -> None:
    for answer in STRANGE:
        result = check(code, answer)
        assert result.status in {"right", "wrong", "unanswered"}
        assert repr(result) and result._repr_html_()


SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.datetimes(),
    st.just(...), st.binary(max_size=3), st.complex_numbers(), st.decimals(allow_nan=False),
    st.timedeltas(), st.fractions(),
)  # fmt: skip
ANY = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner, inner),
        st.dictionaries(st.one_of(st.integers(), st.text(max_size=3)), inner, max_size=4),
        st.frozensets(st.integers() | st.text(max_size=3), max_size=4),
        st.lists(inner, max_size=4).map(lambda cells: pd.Series(cells, dtype=object)),
        st.lists(inner, min_size=4, max_size=4).map(
            lambda cells: pd.DataFrame({"customer_id": [17, 4, 99, 23], "frequency": pd.Series(cells, dtype=object)})
        ),
    ),
    max_leaves=6,
)


@given(answer=ANY, letter=st.sampled_from("abcdefghikl"))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_check_never_raises_and_never_changes_the_answer(answer: object, letter: str) -> None:
    before, shown = copy.deepcopy(answer), repr(answer)
    result = check(f"98{letter}", answer)
    assert result.status in {"right", "wrong", "unanswered"}
    assert type(answer) is type(before) and repr(answer) == shown


def test_a_table_is_the_same_after_its_check(profile: pd.DataFrame) -> None:
    answer = profile.reset_index().iloc[::-1].assign(extra="x")
    before = answer.copy(deep=True)
    check("98c", answer)
    pd.testing.assert_frame_equal(answer, before)
