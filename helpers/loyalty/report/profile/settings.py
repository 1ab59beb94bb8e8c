"""The settings of `profile`, and the tables it reads."""

from __future__ import annotations

from loyalty.report.run.settings import Setting

TABLES = {"receipts": True, "customers": False, "products": False}
SETTINGS = (
    Setting("as_of", "day", "the report knows everything before this day; by default the day after the last receipt"),
    Setting("currency", "text", "written before amounts, such as €"),
    Setting("title", "text", "the heading of the report"),
)
