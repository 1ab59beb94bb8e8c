"""The report `segments`: who is in which segment, what each brings, and how long the labels stay right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.report.segments.settings import SETTINGS, TABLES

if TYPE_CHECKING:
    from loyalty.report.segments.report import report_segments

__all__ = ["SETTINGS", "TABLES", "report_segments"]


def __getattr__(name: str) -> Any:
    """Load the report when it is asked for: who only reads the settings need not wait for statistics and charts."""
    if name == "report_segments":
        from loyalty.report.segments.report import report_segments

        return report_segments
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
