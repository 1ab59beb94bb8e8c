"""The scenes of lesson 11 and its exercise: two dirty exports of one chain, and cards that are lost and made anew."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loyalty.prepare.clean import read_till_files
from loyalty.world import World
from loyalty.world.dirty import DirtyExport
from loyalty.world.dirty.plan import HOURS_BEHIND_UTC, STAFF_DISCOUNT, VAT_RATE

CUSTOMERS = 3_000
MONTHS = 6
LESSON = 11
EXERCISE = 1_113
# What the chain's people say to whom asks them
TOLD: dict[str, Any] = {"zone": -float(HOURS_BEHIND_UTC), "vat_rate": VAT_RATE, "staff_discount": STAFF_DISCOUNT}
SILENT = 90
LOST_CARDS = 0.12


@cache
def _export(seed: int) -> tuple[DirtyExport, pd.DataFrame]:
    world = World(customers=CUSTOMERS, months=MONTHS, seed=seed, preset="small_chain")
    with tempfile.TemporaryDirectory() as folder:
        export = world.export_dirty(Path(folder))
        return export, read_till_files(folder)


def receive_export(seed: int = LESSON) -> tuple[pd.DataFrame, DirtyExport]:
    """Return what a till system sent, as `read_till_files` reads it, and the export that knows the truth about it.

    Its CSV files are gone again; `World.export_dirty(folder)` leaves them in a folder of yours.
    """
    export, lines = _export(seed)
    return lines.copy(), export


def lose_cards(
    receipts: pd.DataFrame, end: pd.Timestamp, share: float = LOST_CARDS, seed: int = LESSON
) -> pd.DataFrame:
    """Let some customers lose their card on a day of the last year, and buy on with a new one.

    Parameters
    ----------
    receipts : pandas.DataFrame
        customer_id (the person) and time.
    end : pandas.Timestamp
        The day after the last.
    share : float
        Part of the customers.
    seed : int

    Returns
    -------
    pandas.DataFrame
        The same with the column `card`: the customer_id, or with 100,000 added the new card.
    """
    rng = np.random.default_rng(seed)
    people = np.sort(receipts["customer_id"].unique())
    loses = rng.random(len(people)) < share
    days = pd.Series(end - pd.to_timedelta(rng.integers(30, 365, len(people)), unit="D"), index=people)
    new = receipts["time"] >= receipts["customer_id"].map(days.where(loses))
    return receipts.assign(card=receipts["customer_id"].mask(new, receipts["customer_id"] + 100_000))
