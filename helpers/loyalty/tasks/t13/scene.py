"""The scene of exercise 13: a letter to three of four customers, dealt by lottery."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEED = 1
CUSTOMERS = 400


def deal_letter() -> pd.DataFrame:
    """Return one row a customer: `arm` (letter, control) and `sales`, in euros, in the four weeks after the letter."""
    rng = np.random.default_rng(SEED)
    arm = np.where(rng.permutation(CUSTOMERS) < CUSTOMERS * 3 // 4, "letter", "control")
    buys = rng.random(CUSTOMERS) < np.where(arm == "letter", 0.45, 0.30)
    spends = rng.gamma(4.0, 6.0, CUSTOMERS)
    ids = range(1, CUSTOMERS + 1)
    return pd.DataFrame({"customer_id": ids, "arm": arm, "sales": np.where(buys, spends, 0.0).round(2)})
