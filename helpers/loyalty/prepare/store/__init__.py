"""The analytic store: receipts month by month, profiles as of a day, dated membership of segments, in one file."""

from loyalty.prepare.store.points import Reconciliation, reconcile_points
from loyalty.prepare.store.questions import MEMBERSHIP, WHO_MOVED
from loyalty.prepare.store.store import AnalyticStore, Kept, Refreshed, open_store
from loyalty.tables.database import StoreError

__all__ = [
    "MEMBERSHIP",
    "WHO_MOVED",
    "AnalyticStore",
    "Kept",
    "Reconciliation",
    "Refreshed",
    "StoreError",
    "open_store",
    "reconcile_points",
]
