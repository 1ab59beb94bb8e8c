from dataclasses import replace

import numpy as np
import pytest

from loyalty.world import PRESETS
from loyalty.world.offers import by_type, freshness, pull, reach

OFFER = replace(PRESETS["default"]().offers[0], days=10, half_life=5.0, pulled=0.4, pull_days=20)


def test_nothing_pulls_before_the_contact_or_long_after_it():
    assert (pull(OFFER, np.arange(-30, 0)) == 0).all()
    assert reach(OFFER) == 30 and (pull(OFFER, np.arange(30, 900)) == 0).all()


def test_the_pull_starts_at_one_and_halves():
    curve = pull(OFFER, np.arange(10))
    assert curve[0] == 1 and curve[5] == pytest.approx(0.5) and (np.diff(curve) < 0).all()


def test_the_planned_part_of_the_gain_is_missing_afterwards():
    gain, debt = pull(OFFER, np.arange(10)).sum(), pull(OFFER, np.arange(10, 30)).sum()
    assert debt == pytest.approx(-0.4 * gain)


def test_types_that_are_not_named_get_what_stands_under_all():
    parameters = PRESETS["default"]()
    values = dict(
        zip((t.name for t in parameters.types), by_type((("all", 0.1), ("beauty", 0.7)), parameters), strict=True)
    )
    assert values["beauty"] == 0.7 and values["occasional"] == 0.1
    assert (by_type((("beauty", 0.7),), parameters) == np.where(np.array(list(values)) == "beauty", 0.7, 0)).all()


def test_each_further_fresh_contact_takes_the_same_part_of_what_is_left():
    parameters = PRESETS["default"]()
    left = 1 - parameters.fatigue.strength
    assert freshness(np.array([0.0, 1.0, 2.0]), parameters) == pytest.approx([1, left, left**2])
