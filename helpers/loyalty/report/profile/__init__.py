"""The report `profile`: who the customers are, what they bring, and who has gone quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.report.profile.settings import SETTINGS, TABLES

if TYPE_CHECKING:
    from loyalty.report.profile.report import report_customers

__all__ = ["SETTINGS", "TABLES", "report_customers"]


def __getattr__(name: str) -> Any:
    """Load the report when it is asked for: who only reads the settings need not wait for statistics and charts."""
    if name == "report_customers":
        from loyalty.report.profile.report import report_customers

        return report_customers
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
