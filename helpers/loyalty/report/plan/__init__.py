"""The plan `campaign_plan`: is this campaign worth sending, to whom, and what will be known afterwards?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.report.plan.settings import KINDS, SETTINGS, TABLES

if TYPE_CHECKING:
    from loyalty.report.plan.report import plan_campaign

__all__ = ["KINDS", "SETTINGS", "TABLES", "plan_campaign"]


def __getattr__(name: str) -> Any:
    """Load the report when it is asked for: who only reads the settings need not wait for statistics and charts."""
    if name == "plan_campaign":
        from loyalty.report.plan.report import plan_campaign

        return plan_campaign
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
