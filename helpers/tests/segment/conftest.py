"""Made customers of every awkward kind, and the real households at two dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from loyalty.datasets.loaders import complete_journey
from loyalty.prepare.profile import build_profile

DAYS = ("2017-07-01", "2017-10-01")
MONEY = st.one_of(
    st.just(0.0),
    st.sampled_from([-5.0, 1.0, 9.99, 10.0]),
    st.integers(-(10**5), 10**8).map(lambda cents: cents / 100),
    st.sampled_from([1e9, 1e12]),
)


@st.composite
def make_profiles(draw: st.DrawFn, least: int = 1, most: int = 25) -> pd.DataFrame:
    """Draw a profile: few or many different values, newcomers, one-timers, people who never bought, huge numbers."""
    n = draw(st.integers(least, most))
    count = st.sampled_from([1, 1, 2]) if draw(st.booleans()) else st.integers(1, 10**6)
    silence = st.sampled_from([1, 30]) if draw(st.booleans()) else st.integers(1, 5_000)
    rows = []
    for _ in range(n):
        if draw(st.integers(0, 4)) == 0:
            rows.append((np.nan, 0, 0.0, np.nan, np.nan, np.nan))
            continue
        recency, frequency = draw(silence), draw(count)
        x = draw(st.integers(0, min(frequency - 1, 400)))
        span = draw(st.integers(x, 4_000)) if x else 0
        rows.append((recency, frequency, draw(MONEY), recency + span, x, span / x if x else np.nan))
    names = ["recency_days", "frequency", "monetary", "tenure_days", "x", "gap_days"]
    profile = pd.DataFrame(rows, columns=names).astype({name: float for name in names if name != "frequency"})
    ids = draw(st.permutations(range(n)))
    profile.insert(0, "customer_id", [f"c{i}" for i in ids] if draw(st.booleans()) else list(ids))
    profile.insert(1, "as_of", pd.Timestamp("2017-07-01"))
    return profile


@pytest.fixture(scope="session")
def profiles() -> st.SearchStrategy[pd.DataFrame]:
    return make_profiles()


@pytest.fixture(scope="session")
def journey():
    return complete_journey()


@pytest.fixture(scope="session")
def households(journey) -> list[pd.DataFrame]:
    """The profiles of all households as of 1 July and 1 October 2017."""
    return [build_profile(journey.receipts, day, customers=journey.customers) for day in DAYS]
