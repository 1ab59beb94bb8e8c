"""The settings of `segments`, and the tables it reads."""

from __future__ import annotations

from loyalty.report.run.settings import Setting

TABLES = {"receipts": True, "customers": False}
SCHEMES = ("life_cycle", "rfm", "value")
SETTINGS = (
    Setting("task", "text", "what the segments are for, such as: who gets the spring letter", required=True),
    Setting("scheme", "text", "how customers are divided; life_cycle if not set", choices=SCHEMES),
    Setting("as_of", "day", "the report knows everything before this day; by default the day after the last receipt"),
    Setting("step", "days", "days from one segmentation to the next; 28 if not set"),
    Setting("currency", "text", "written before amounts, such as €"),
    Setting("title", "text", "the heading of the report"),
)
