"""The settings of `segments`, and the tables it reads."""

from __future__ import annotations

from loyalty.report.run.settings import Setting

TABLES = {"receipts": True, "customers": False}
SCHEMES = ("life_cycle", "rfm", "value", "clusters", "rules")
SETTINGS = (
    Setting("task", "text", "what the segments are for, such as: who gets the spring letter", required=True),
    Setting("scheme", "text", "how customers are divided; life_cycle if not set", choices=SCHEMES),
    Setting("rules", "file", "the file of your own rules, for scheme=rules; see data/examples/rules.yml"),
    Setting("k", "whole", "how many clusters, for scheme=clusters; found from the customers if not set"),
    Setting("features", "text", "columns that make the clusters; recency_days, frequency, monetary if not set"),
    Setting("as_of", "day", "the report knows everything before this day; by default the day after the last receipt"),
    Setting("step", "days", "days from one segmentation to the next; 28 if not set"),
    Setting("store", "place", "the analytic store in which the segments are kept, such as store.duckdb"),
    Setting("new_rule", "text", "yes: measure the rule anew, and not by the store's last run", choices=("yes", "no")),
    Setting("recorded_at", "day", "the day on which the store learns of it; that of the report if not set"),
    Setting("currency", "text", "written before amounts, such as €"),
    Setting("title", "text", "the heading of the report"),
)
