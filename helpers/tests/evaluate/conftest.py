"""Tables that several tests of this room share."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.treatment.tests.results.results_teffects as published

from loyalty.datasets.loaders import nsw

COVARIATES = ["age", "education", "black", "hispanic", "married", "no_degree", "re74"]


@pytest.fixture(scope="session")
def cattaneo():
    """Births, mothers who smoked and who did not (Cattaneo 2010)."""
    return pd.read_csv(Path(published.__file__).with_name("cataneo2.csv"))


@pytest.fixture(scope="session")
def teffects():
    """Stata's published results on these births, as statsmodels keeps them."""
    return published


@pytest.fixture(scope="session")
def drawn():
    """The NSW experiment: 185 treated, 260 drawn as control."""
    return nsw().people.query("sample == 'nsw'")


@pytest.fixture(scope="session")
def undrawn():
    """The same treated beside 15,992 survey rows that nobody drew."""
    return nsw().people.query("treated or sample == 'cps'")


@pytest.fixture(scope="session")
def draw_campaign():
    """A campaign that chose by two known traits; the effect is 1 + slope x visits, 1 on average."""

    def draw(seed, n=500, slope=0.5, hidden=0.0):
        rng = np.random.default_rng(seed)
        visits, distance, secret = rng.normal(size=(3, n))
        card = (rng.random(n) < 0.4).astype(float)
        line = -0.5 + 0.6 * visits - 0.4 * distance + 0.5 * card + hidden * secret
        invited = rng.random(n) < 1 / (1 + np.exp(-line))
        level = 2 + visits + 0.5 * distance - 0.7 * card + hidden * secret
        before = level + rng.normal(size=n)
        sales = level + invited * (1 + slope * visits) + rng.normal(size=n) * (1 + 0.5 * invited)
        return pd.DataFrame(
            {
                "customer_id": np.arange(n),
                "visits": visits,
                "distance": distance,
                "card": card,
                "invited": invited,
                "before": before,
                "sales": sales,
                "secret": secret,
            }
        )

    return draw
