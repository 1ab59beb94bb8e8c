"""Whatever comes in, a public function answers with a result or refuses in plain words, never with a raw error."""

import contextlib
import inspect
import os
import re
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest

import loyalty
from loyalty import charts
from loyalty.tables import arguments
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import strange_inputs  # noqa: E402

QUICK = ("compare_means", "compare_rates", "find_break_even", "hash_customers", "plan_economics", "shrink_normal")
WAVE = pd.DataFrame({"arm": ["mail", "control"] * 30, "sales": range(60)})


def list_raw(answers):
    return [f"{strange} at {answer.where}: {answer.words}" for strange, answer in answers if answer.kind == "raw"]


def test_a_few_strange_inputs_end_in_no_raw_error():
    assert list_raw(strange_inputs.run(60, names=QUICK)) == []


@pytest.mark.slow
def test_three_thousand_strange_inputs_to_all_public_functions_end_in_no_raw_error():
    answers = strange_inputs.run(3_200)
    assert list_raw(answers) == []
    kinds = Counter(answer.kind for _, answer in answers)
    assert kinds["refused"] > 1_000 and kinds["result"] > 200
    called = {strange.function for strange, _ in answers}
    assert called == {n for n in strange_inputs.list_functions() if strange_inputs.list_arguments(n, {})}
    came = {what for strange, _ in answers for _, what in strange.spoiled}
    assert came == {*strange_inputs.VALUES, *strange_inputs.TABLES}


def test_the_judge_tells_a_refusal_from_a_raw_error():
    def answer(function, *given):
        try:
            function(*given)
        except Exception as error:
            return strange_inputs.judge(error).kind

    assert answer(loyalty.measure_lift, WAVE.drop(columns="sales")) == "refused"
    assert answer(float, "a lot") == "raw"
    assert answer(lambda: WAVE["nothing"]) == "raw"


def test_every_public_function_has_a_sound_call():
    assert set(strange_inputs.list_functions()) == set(strange_inputs.SOUND)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: loyalty.measure_lift(WAVE.drop(columns="sales")), "there is no column `sales`"),
        (lambda: loyalty.measure_lift(pd.concat([WAVE, WAVE[["sales"]]], axis=1)), "two columns"),
        (lambda: loyalty.find_detectable("a lot", size=100), "`history` should be a list of numbers, found 'a lot'"),
        (lambda: loyalty.plan_economics(WAVE, margin_rate="30 %"), "margin_rate"),
        (lambda: loyalty.run_aa([1.0, 2.0, 0.0] * 20, runs=0), "runs"),
        (lambda: loyalty.measure_lifts(WAVE, metrics=[]), "at least one"),
        (lambda: loyalty.gather_lifts([]), "there is no lift to gather"),
        (
            lambda: loyalty.filter_eligible(
                pd.DataFrame({"customer_id": [1], "seen": pd.Timestamp("2024-01-01")}), [("r", "seen", "before", "x")]
            ),
            "`seen` cannot be compared with 'x'",
        ),
        (
            lambda: loyalty.score_rfm(
                pd.DataFrame(
                    {"customer_id": [1, 2], "as_of": pd.Timestamp("2024-01-01"), "recency_days": [1.0, 2.0]}
                ).assign(frequency=1, monetary=5.0),
                bins=2.5,
            ),
            "`bins` should be a whole number, found 2.5",
        ),
    ],
)
def test_what_ended_in_a_traceback_says_what_is_wrong(call, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        call()


def test_an_index_named_like_a_column_and_decimals_of_a_database_are_read():
    plain = loyalty.measure_lift(WAVE)
    named = loyalty.measure_lift(WAVE.rename_axis(index="sales"))
    exact = loyalty.measure_lift(WAVE.assign(sales=[Decimal(value) for value in range(60)]))
    assert (named.effect, named.se) == (exact.effect, exact.se) == (plain.effect, plain.se)


@check_arguments
def earn(sales: float, *, days: int = 28, names: list[str] | None = None, level: float = 0.95) -> float:
    """Earn."""
    return len(names or []) + days


def test_all_that_is_wrong_is_said_at_once_and_sound_arguments_pass():
    assert earn(Decimal("2.5"), days=np.int64(3), names=["a"]) == 4
    with pytest.raises(TableError) as caught:
        earn("12,50", days=2.5, level=95)
    assert caught.value.problems == [
        "`sales` should be a number, found '12,50': write it without a currency sign, with a decimal point",
        "`days` should be a whole number, found 2.5",
        "level should lie between 0 and 1, such as 0.95; found 95: is 95 percent meant? Write 0.95",
    ]


def test_one_text_in_the_place_of_a_list_of_texts_is_refused_before_its_letters_are_read():
    with pytest.raises(
        TableError, match=re.escape("`names` should be a list of texts, found 'visits': write ['visits']")
    ):
        earn(1.0, names="visits")


@check_arguments
def choose(way: Literal["holm", "bh"] = "holm", kind: Literal["rate"] | None = None) -> str:
    """Take all that is not "bh" for Holm's correction."""
    return "bh" if way == "bh" else "holm"


def test_a_word_that_is_none_of_those_asked_is_refused_though_the_function_would_run():
    assert choose("bh") == "bh" and choose(kind=None) == "holm"
    with pytest.raises(TableError, match="`way` should be 'holm' or 'bh', found 'Bonferroni'"):
        choose("Bonferroni")
    with pytest.raises(TableError, match="`kind` should be 'rate', found 'mean'"):
        choose(kind="mean")


def test_an_argument_that_there_is_not_is_told_with_the_one_that_was_meant():
    with pytest.raises(TypeError, match="earn has no argument `day`: did you mean `days`?"):
        earn(1.0, day=2)
    with pytest.raises(TypeError, match="campaign_money has no argument `clusters`: did you mean `cluster`?"):
        loyalty.campaign_money(WAVE, clusters="store")
    with pytest.raises(TypeError, match="compare_money has no argument `clustr`: did you mean `cluster`?"):
        loyalty.compare_money(WAVE, WAVE, clustr="store")


def list_hard(name):
    """The arguments that are refused even if the function would run: numbers, choices, and what has limits."""
    function = getattr(loyalty, name)
    hints = arguments._read_hints(inspect.unwrap(function))
    return [
        one
        for one in inspect.signature(function).parameters
        if one in ("level", *arguments.LIMITS)
        or arguments._is_numeric(hints.get(one, str))
        or arguments._list_words("a lot", hints.get(one, str))
    ]


WRITES = []  # what was written while a test listened; an audit hook stays for as long as Python runs
IS_HEARD = []
CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.copyfile", "shutil.move")


def hear(event, args):
    is_writing = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if IS_HEARD and (is_writing or event in CHANGES):
        WRITES.append((event, args[0]))


@contextlib.contextmanager
def listen():
    sys.addaudithook(hear)
    IS_HEARD.append(True)
    try:
        yield WRITES
    finally:
        IS_HEARD.clear()
        WRITES.clear()


def test_the_listener_hears_a_file_that_is_written(tmp_path):
    with listen() as written:
        (tmp_path / "a.txt").write_text("a", encoding="utf-8")
        (tmp_path / "a.txt").read_text(encoding="utf-8")
        assert len(written) == 1


@pytest.mark.slow
def test_no_function_writes_anything_before_it_refuses_a_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    asked = []
    for name in strange_inputs.list_functions():
        if not hasattr(getattr(loyalty, name), "__wrapped__"):
            continue
        for argument in list_hard(name):
            sound = strange_inputs.SOUND[name]()
            with listen() as written, pytest.raises(ValueError):
                getattr(loyalty, name)(**{**sound, argument: "a lot"})
            assert written == [], f"{name}({argument}=…)"
            asked.append(f"{name}({argument})")
    assert len(asked) > 60
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["open_history", "predict", "hint"])
def test_functions_that_keep_something_refuse_nothing_afterwards(name):
    assert list_hard(name) == []


def test_words_of_ours_are_told_from_an_error_of_python_by_what_raised_it():
    def catch(call):
        try:
            call()
        except Exception as error:
            return error

    def raise_ours():
        raise ValueError("ours, but this file is none of the package")

    meant = catch(lambda: loyalty.find_power(size=0, effect=1.0, rate=0.1))
    assert arguments._is_plain(meant)
    assert not arguments._is_plain(catch(raise_ours))
    assert not arguments._is_plain(catch(lambda: float("a lot")))
    assert not arguments._is_plain(catch(lambda: charts.headline(None, "a", "b")))
