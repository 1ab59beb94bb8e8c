"""Agreement of two segmentations: the interval lies around the estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.segment.clusters import compare_segmentations


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "columns"), [(8, 11), (3, 3)])
def test_of_two_that_know_nothing_of_each_other_the_interval_holds_zero(rows, columns):
    """The draws themselves lie above the estimate: their quantiles left zero out in 30 of 30."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        first = pd.DataFrame({"customer_id": range(300), "segment": rng.integers(0, rows, 300)})
        second = pd.DataFrame({"customer_id": range(300), "segment": rng.integers(0, columns, 300)})
        found = compare_segmentations(first, second, draws=100)
        held += found.low <= 0 <= found.high
        assert found.low <= found.ari <= found.high
    assert held >= 33  # the lower end of 99.9 % of such counts
