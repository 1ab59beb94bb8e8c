"""Shoppers of a process that is not the world's: four tastes, or none; each buys some products on some days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

CUT = "2025-03-01"


def make_shoppers(
    customers: int = 300, products: int = 24, pull: float = 6.0, seed: int = 0, habit: float = 0.0
) -> pd.DataFrame:
    """Receipts of January to April: a product of one's own taste is bought `pull` times as often.

    `habit` makes each customer come back to what he bought in January and February.
    """
    rng = np.random.default_rng(seed)
    popular = 1 / (1 + np.arange(products) // 4)
    same = np.arange(customers)[:, None] % 4 == np.arange(products)[None, :] % 4
    rate = np.where(same, pull, 1.0) * popular
    rate *= 5 / rate.sum(axis=1, keepdims=True)
    first = rng.poisson(rate)
    later = rng.poisson(rate * (1 - habit) + habit * first)
    parts = []
    for counts, day in ((first, "2025-01-05"), (later, CUT)):
        who, what = np.nonzero(counts)
        days = pd.Timestamp(day) + pd.to_timedelta(rng.integers(0, 50, len(who)), unit="D")
        parts.append(pd.DataFrame({"customer_id": who, "product_id": what, "time": days}))
    return pd.concat(parts, ignore_index=True).assign(sales=2.0)


@pytest.fixture(scope="module")
def shoppers() -> pd.DataFrame:
    return make_shoppers()


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    return make_shoppers(pull=1.0, seed=1)
