"""Refresh and drift (lesson 26): population stability index (PSI), drift alarm, label life, refresh plan, split."""

from loyalty.segment.drift.label_life import LabelLife, measure_label_life
from loyalty.segment.drift.refresh import RefreshPlan, plan_refresh
from loyalty.segment.drift.split import ChangeSplit, split_change
from loyalty.segment.drift.stability_index import StabilityIndex, measure_stability_index
from loyalty.segment.drift.watch import DriftWatch, watch_drift

__all__ = [
    "StabilityIndex",
    "measure_stability_index",
    "DriftWatch",
    "watch_drift",
    "LabelLife",
    "measure_label_life",
    "RefreshPlan",
    "plan_refresh",
    "ChangeSplit",
    "split_change",
]
