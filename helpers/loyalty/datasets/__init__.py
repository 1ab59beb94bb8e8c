"""The real data sets: loaders that return tables under the contracts, with source and terms."""

from loyalty.datasets.loaders import (
    DATA,
    cdnow,
    checkpoint,
    complete_journey,
    hillstrom,
    match_redemptions,
    nsw,
    online_retail,
)
from loyalty.datasets.shelf import DataMissing, Dataset

__all__ = [
    "DATA",
    "cdnow",
    "checkpoint",
    "complete_journey",
    "hillstrom",
    "match_redemptions",
    "nsw",
    "online_retail",
    "DataMissing",
    "Dataset",
]
