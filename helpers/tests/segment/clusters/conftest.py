"""Made customers: three groups far apart, and clouds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.segment.clusters import scale_features


def make_table(values: np.ndarray) -> pd.DataFrame:
    names = [f"x{i}" for i in range(values.shape[1])]
    return pd.DataFrame(values, columns=names).assign(customer_id=np.arange(len(values)) + 1)


@pytest.fixture(scope="session")
def groups() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    kind = np.repeat([0, 1, 2], 100)
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    return make_table(centres[kind] + rng.standard_normal((300, 2))).assign(kind=kind)


@pytest.fixture(scope="session")
def scaled(groups):
    return scale_features(groups, ["x0", "x1"], how="plain")


@pytest.fixture(scope="session")
def cloud() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return make_table(rng.multivariate_normal([0, 0, 0], 0.6 + 0.4 * np.eye(3), 400))
