"""The report `response_history`: what was tried, what each offer brought, and what the next wave should test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.report.history.settings import KINDS, SETTINGS, TABLES

if TYPE_CHECKING:
    from loyalty.report.history.report import report_history

__all__ = ["KINDS", "SETTINGS", "TABLES", "report_history"]


def __getattr__(name: str) -> Any:
    """Load the report when it is asked for: who only reads the settings need not wait for statistics and charts."""
    if name == "report_history":
        from loyalty.report.history.report import report_history

        return report_history
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
