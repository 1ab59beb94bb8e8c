"""CDNOW's published sample, and histories drawn from each model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.datasets.loaders import cdnow
from loyalty.segment.value import summarise_purchases


@pytest.fixture(scope="session")
def shop() -> pd.DataFrame:
    receipts = cdnow().receipts
    return receipts[receipts["in_sample"]]


@pytest.fixture(scope="session")
def purchases(shop) -> pd.DataFrame:
    return summarise_purchases(shop, "1997-10-01", until="1998-07-01")


def _draw_histories(model: str, theta, customers: int, seed: int, weeks: float = 40.0, ahead: float = 26.0):
    """Draw histories purchase by purchase, from each model's story; with what comes after, and who is alive."""
    draw = np.random.default_rng(seed)
    T = draw.uniform(weeks / 2, weeks, customers)
    rate = draw.gamma(theta[0], 1 / theta[1], customers)
    most = int(np.ceil((rate * (weeks + ahead)).max() + 10 * np.sqrt((rate * (weeks + ahead)).max()) + 10))
    times = np.cumsum(draw.exponential(1, (customers, most)) / rate[:, None], axis=1)
    if model == "pareto_nbd":
        leaves = draw.exponential(1, customers) / draw.gamma(theta[2], 1 / theta[3], customers)
    else:
        p = draw.beta(theta[2], theta[3], customers)
        last = draw.geometric(np.maximum(p, 1e-9)) - (1 if model == "mbg_nbd" else 0)  # purchases until leaving
        padded = np.hstack([np.zeros((customers, 1)), times])
        leaves = np.where(last < most, padded[np.arange(customers), np.minimum(last, most)], np.inf)
    real = times <= leaves[:, None] + (1e-12 if model != "pareto_nbd" else 0)
    seen = real & (times <= T[:, None])
    later = real & (times > T[:, None]) & (times <= (T + ahead)[:, None])
    table = pd.DataFrame({"customer_id": np.arange(customers), "x": seen.sum(axis=1)})
    table["t_x"] = np.where(seen, times, 0).max(axis=1)
    table["T"] = T
    table["x_later"] = later.sum(axis=1)
    table["alive"] = leaves > T
    return table


@pytest.fixture(scope="session")
def draw_histories():
    return _draw_histories
