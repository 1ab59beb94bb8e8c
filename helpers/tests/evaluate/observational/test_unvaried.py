"""A covariate that does not vary in one group is left out and named: no estimate comes from a line that nobody drew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.observational import adjust_by_regression, adjust_doubly, match_customers

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"invited": [0, 1] * 100, "vip": [0, 0, 0, 1] * 50, "sales": 100 + RNG.normal(size=200)})
ASKED = {"treated": "invited", "outcome": "sales", "covariates": "vip"}


@pytest.mark.parametrize("estimate", [adjust_by_regression, adjust_doubly, match_customers])
def test_nobody_in_control_is_a_vip_and_the_truth_is_zero(estimate):
    found = estimate(TABLE, **ASKED, target="att")
    assert found.low < 0 < found.high and abs(found.effect) < 0.5
    assert any("`vip` is left out: it is the same for all of control" in text for text in found.warnings)


@pytest.mark.parametrize("estimate", [adjust_by_regression, adjust_doubly, match_customers])
def test_what_else_is_known_is_still_adjusted_for(estimate):
    visits = np.arange(200) % 7
    table = TABLE.assign(visits=visits, sales=TABLE["sales"] + 10 * visits)
    both = estimate(table, **ASKED | {"covariates": ["vip", "visits"]}, target="att")
    alone = estimate(table, **ASKED | {"covariates": "visits"}, target="att")
    assert both.effect == pytest.approx(alone.effect, abs=0.5)
    assert abs(both.effect) < 0.5


def test_a_covariate_that_never_varies_at_all_is_no_news():
    found = adjust_by_regression(TABLE.assign(vip=1), **ASKED)
    assert not any("is left out" in text for text in found.warnings)
