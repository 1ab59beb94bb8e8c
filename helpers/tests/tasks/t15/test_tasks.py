"""Exercise 15: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pytest

from loyalty.tasks import check
from loyalty.tasks.t15.scene import deal_letter


@pytest.fixture(scope="module")
def customers():
    return deal_letter()


def test_the_difference_of_the_means_is_right(customers):
    means = customers.groupby("arm").sales.mean()
    assert check("15a", means["letter"] - means["control"]).status == "right"


def test_totals_of_unequal_groups_are_named(customers):
    totals = customers.groupby("arm").sales.sum()
    assert check("15a", totals["letter"] - totals["control"]).mistake == "totals"


def test_buyers_only_are_named(customers):
    means = customers[customers.sales > 0].groupby("arm").sales.mean()
    assert check("15a", means["letter"] - means["control"]).mistake == "buyers_only"


def test_a_comparison_with_everybody_is_named(customers):
    letter = customers[customers.arm == "letter"].sales.mean()
    assert check("15a", letter - customers.sales.mean()).mistake == "against_everybody"
