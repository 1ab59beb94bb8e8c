"""Whatever comes in, a public function answers with a result or refuses in plain words, never with a raw error."""

import re
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import loyalty
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
