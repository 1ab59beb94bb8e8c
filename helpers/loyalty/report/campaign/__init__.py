"""The report `campaign_report`: did the campaign earn money, and may that be believed?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.report.campaign.settings import SETTINGS, TABLES, WITHOUT

if TYPE_CHECKING:
    from loyalty.report.campaign.report import report_campaign

__all__ = ["SETTINGS", "TABLES", "WITHOUT", "report_campaign"]


def __getattr__(name: str) -> Any:
    """Load the report when it is asked for: who only reads the settings need not wait for statistics and charts."""
    if name == "report_campaign":
        from loyalty.report.campaign.report import report_campaign

        return report_campaign
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
