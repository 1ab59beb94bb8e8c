"""Which card or account each receipt was bought with, and what people looked at online before they bought."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.world.identities.people import People
from loyalty.world.identities.rules import IdentityRules
from loyalty.world.identities.sources import Records, as_table
from loyalty.world.state import Lived


def assign_baskets(
    receipts: pd.DataFrame | None, records: dict[str, Records], people: People, seed: int, rules: IdentityRules
) -> pd.DataFrame:
    """Say which card was shown, or which account bought, for each receipt."""
    return pd.DataFrame({"basket_id": pd.Series([], dtype="int64"), "card_id": pd.Series([], dtype="str"), "account_id": pd.Series([], dtype="str")})


def browse(
    receipts: pd.DataFrame | None,
    records: dict[str, Records],
    people: People,
    mailbox: np.ndarray,
    world: Lived,
    seed: int,
    rules: IdentityRules,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the sessions and the truth about their cookies."""
    return pd.DataFrame(), pd.DataFrame()
