"""The settings of `response_history`, the tables it reads, and the files it makes."""

from __future__ import annotations

from loyalty.report.run.order import KINDS as PAGES
from loyalty.report.run.settings import Setting

TABLES = {"waves": True, "receipts": False, "campaigns": False, "offers": False, "history": False}
KINDS = (*PAGES, ".duckdb")
SETTINGS = (
    Setting("margin_rate", "share", "what is left of a unit of sales after the goods are paid"),
    Setting("contact_cost", "money", "what one contact costs"),
    Setting("reward_cost", "money", "what one redeemed reward costs"),
    Setting("point_cost", "money", "what one point costs when it is spent"),
    Setting("redemption_probability", "share", "probability that a point is ever spent"),
    Setting("vat_rate", "share", "value-added tax inside the sales, 0.20 for 20 percent"),
    Setting("empty", "text", "what an empty cell of an outcome means", choices=("nothing",)),
    Setting("scheme", "text", "by which rule the segments of the lists were made"),
    Setting("version", "text", "which version of that rule"),
    Setting("reason", "text", "why a campaign that is in the earlier history is replaced"),
    Setting("noted_on", "day", "the day of that correction"),
    Setting("decided_on", "day", "the day on which the decisions of this report are written into the history"),
    Setting("rollout", "whole", "customers of the programme, whom the next sending may reach"),
    Setting("test_size", "whole", "customers in the next test of one offer in one segment, at most; 2,000"),
    Setting("currency", "text", "written before amounts, such as €"),
    Setting("title", "text", "the heading of the report"),
)
