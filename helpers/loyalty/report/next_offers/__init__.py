"""The template `next_offers`: which product to write about to whom next, why, and what the control can show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.report.next_offers.settings import KINDS, SETTINGS, TABLES

if TYPE_CHECKING:
    from loyalty.report.next_offers.report import plan_next_offers

__all__ = ["KINDS", "SETTINGS", "TABLES", "plan_next_offers"]


def __getattr__(name: str) -> Any:
    """Load the report when it is asked for: who only reads the settings need not wait for statistics and charts."""
    if name == "plan_next_offers":
        from loyalty.report.next_offers.report import plan_next_offers

        return plan_next_offers
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
