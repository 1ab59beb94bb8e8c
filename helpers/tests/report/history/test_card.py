"""The card of `response_history`: what it says beside the verdict, and the interval of what is believed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from loyalty.report.history.card import _say_basis, _say_test
from loyalty.report.history.measure import _add_believed

TEST = "test: 500 get it and 500 do not"


def list_tests(*rows) -> pd.DataFrame:
    """Tests from rows of segment, offer, what is next, believed and gain, the best first."""
    table = pd.DataFrame(rows, columns=["segment", "offer", "next", "believed", "gain"])
    return table.assign(low=-1.0, high=2.0, customers=1_000, **{"treated so far": 0})


def say_test(*rows) -> list[str]:
    return _say_test(SimpleNamespace(tests=list_tests(*rows), unit="€"))


def test_a_test_and_a_sending_that_need_the_same_customers_are_told():
    send = ("old", "mail", "send again, with a control group", 0.5, 0.0)
    same = say_test(("old", "gift", TEST, 0.1, 90.0), send)
    assert len(same) == 1 and same[0].startswith("The test that is worth most: gift in the segment old.")
    assert same[0].endswith("It needs the same customers as the sending above: do one of the two.")
    assert "do one of the two" not in say_test(("new", "gift", TEST, 0.1, 90.0), send)[0]
    other = say_test(("old", "gift", TEST, 0.0, 90.0), ("old", "mail", TEST, 0.5, 40.0))
    assert other[0].endswith("It needs the same customers as the test above: do one of the two.")
    assert say_test(send) == []


def test_tests_in_one_segment_that_are_worth_the_same_are_told_and_others_are_not():
    rows = [("old", name, TEST, 0.1, gain) for name, gain in (("gift", 90.0), ("mail", 89.996), ("call", 89.0))]
    says = "A test of mail there would be worth the same. They need the same customers: choose one of them."
    assert say_test(*rows, ("new", "card", TEST, 0.0, 90.0)) == [says]


@pytest.mark.parametrize(("control", "says"), [(5, True), (4, False)])
def test_the_profit_says_on_whom_it_rests_but_nothing_of_fewer_than_five(control, says):
    cells = pd.DataFrame({"segment": ["old", "new"], "offer": "mail", "waves": [2, 1], "n_treated": [1_200, 700]})
    cells["n_control"] = [control, 300]
    found = _say_basis(
        SimpleNamespace(profit=SimpleNamespace(cells=cells)), list_tests(("old", "mail", "", 0, 0)).iloc[0]
    )
    assert found == (" It rests on 2 waves: 1,200 customers there got it, and 5 did not." if says else "")


def test_the_interval_of_what_is_believed_is_the_wider_one_at_both_ends():
    cells = pd.DataFrame(
        {"mean": [0.0, 0.0], "sd": [1.0, 1.0], "shrunken_low": [-1.0, -3.0], "shrunken_high": [3.0, 1.0]}
    )
    found = _add_believed(cells)
    assert np.allclose(found["believed_low"], [-1.96, -3.0], atol=1e-3)
    assert np.allclose(found["believed_high"], [3.0, 1.96], atol=1e-3)
