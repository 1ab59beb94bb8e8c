"""What is believed of cells: the eight schools, a referee by random draws, and a world of known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.stats.beliefs import believe_normal

EFFECTS, ERRORS = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]


def test_the_eight_schools_are_those_of_the_book():
    """Gelman and others (2013), table 5.3: posterior quantiles; the median of school A 10, of the others 5 to 10."""
    found = believe_normal(EFFECTS, ERRORS)
    assert found.table["mean"].between(4.5, 12).all() and found.table["mean"].idxmax() == 0
    assert found.mean == pytest.approx(7.9, abs=0.3) and found.spread == pytest.approx(6.6, abs=0.4)


def test_random_draws_from_the_model_agree():
    """Independent: draw spread and mean on a grid by weight, then the cells; compare means and deviations."""
    rng = np.random.default_rng(5)
    x, v = np.array(EFFECTS, float), np.array(ERRORS, float) ** 2
    tau = rng.uniform(0, 80, 60_000)
    mu = rng.uniform(-60, 80, 60_000)
    total = v + tau[:, None] ** 2
    log = -0.5 * (np.log(total) + (x - mu[:, None]) ** 2 / total).sum(axis=1)
    weight = np.exp(log - log.max())
    picked = rng.choice(len(tau), 200_000, p=weight / weight.sum())
    t, m = tau[picked], mu[picked]
    kept = t[:, None] ** 2 / (v + t[:, None] ** 2)
    cells = m[:, None] + kept * (x - m[:, None]) + rng.normal(size=(len(t), 8)) * np.sqrt(kept * v)
    found = believe_normal(EFFECTS, ERRORS)
    assert np.abs(found.table["mean"] - cells.mean(axis=0)).max() < 0.25
    assert np.abs(found.table["sd"] / cells.std(axis=0) - 1).max() < 0.03
    assert found.sd == pytest.approx(np.sqrt((t**2).mean() + m.var()), rel=0.05)


def test_beliefs_hold_the_truth_on_average_over_cells():
    """400 sets of 12 cells, true spread 0 to 2 errors: 93 to 99 of 100 intervals hold the truth (fixed beforehand)."""
    rng = np.random.default_rng(17)
    held = []
    for number in range(400):
        se = rng.uniform(0.5, 2, 12)
        truth = rng.normal(1.0, [0.0, 0.5, 1.0, 2.0][number % 4], 12)
        table = believe_normal(truth + rng.normal(0, se), se).table
        held.append(((table["low"] <= truth) & (truth <= table["high"])).mean())
    assert 0.93 <= np.mean(held) <= 0.99


def test_the_order_does_not_matter_labels_stay_and_units_scale():
    values = pd.Series(EFFECTS, index=list("abcdefgh"), dtype=float)
    errors = np.array(ERRORS, float)
    turned = believe_normal(values[::-1], errors[::-1]).table
    pd.testing.assert_frame_equal(turned[::-1], believe_normal(values, errors).table)
    cents = believe_normal(values * 100, errors * 100).table
    assert np.allclose(cents, believe_normal(values, errors).table * 100)


def test_a_cell_that_was_measured_is_surer_than_one_that_never_was():
    found = believe_normal([1.0, 2.0, 0.0, 3.0], [1.0, 1.0, 1.0, 1.0])
    assert (found.table["sd"] < found.sd).all()


@pytest.mark.parametrize(
    ("effects", "errors"), [([1, 2, 3], [1, 1, 1]), ([1, 2, 3, np.nan], [1] * 4), ([1, 2, 3, 4], [1, 1, 1, 0])]
)
def test_too_few_missing_or_certain_cells_are_refused(effects, errors):
    with pytest.raises(ValueError, match="four estimates or more"):
        believe_normal(effects, errors)
