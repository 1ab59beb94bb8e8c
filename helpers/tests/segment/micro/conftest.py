"""Shoppers whose communities are planted, by a process that is not the world's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


def shop(customers=400, things=60, groups=4, pull=6.0, mean=14.0, seed=0, start="2025-01-01"):
    """Receipt lines: numbers of purchases are Poisson, busy customers and popular things differ, own groups pull."""
    rng = np.random.default_rng([seed, 2])
    busy = rng.gamma(2, 1, customers)
    popular = rng.pareto(1.5, things) + 0.2
    home, shelf = np.arange(customers) % groups, np.arange(things) % groups
    taste = np.where(home[:, None] == shelf[None, :], pull, 1.0)
    rate = busy[:, None] * popular[None, :] * taste
    counts = rng.poisson(mean * customers * rate / rate.sum())
    who, what = np.nonzero(counts)
    many = counts[who, what]
    lines = pd.DataFrame({"customer_id": np.repeat(who, many), "product_id": np.repeat(what, many)})
    lines["time"] = pd.Timestamp(start) + pd.to_timedelta(rng.integers(0, 80 * 86_400, len(lines)), unit="s")
    return lines.assign(sales=2.0, basket_id=np.arange(len(lines)))


@pytest.fixture
def make_shoppers():
    return shop


@pytest.fixture(scope="session")
def shoppers():
    return shop()
