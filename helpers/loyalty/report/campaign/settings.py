"""The settings of `campaign_report`, and the tables it reads."""

from __future__ import annotations

from loyalty.report.run.settings import Setting

TABLES = {"receipts": True, "contacts": True, "offers": False, "campaigns": False, "other_waves": False}
WITHOUT = {"receipts": "outcome"}  # a table that is not required, and the setting that makes it so
SETTINGS = (
    Setting("start", "day", "first day of the campaign", required=True, unless="outcome"),
    Setting("end", "day", "the day after its last day", required=True, unless="outcome"),
    Setting(
        "margin_rate",
        "share",
        "what is left of a unit of sales after the goods are paid",
        required=True,
        unless="outcome",
    ),
    Setting("before", "days", "days before the start to compare the groups in; 28 if the receipts reach"),
    Setting("after", "days", "days after the end that still count; 28 if the receipts reach"),
    Setting("contact_cost", "money", "what one contact costs"),
    Setting("reward_cost", "money", "what one redeemed reward costs"),
    Setting("point_cost", "money", "what one point costs when it is spent"),
    Setting("redemption_probability", "share", "probability that a point is ever spent"),
    Setting("vat_rate", "share", "value-added tax inside the sales, 0.20 for 20 percent"),
    Setting("planned_control_share", "share", "share of control that was planned"),
    Setting(
        "other_waves",
        "text",
        "none, if no other campaign ran before or beside this one; else give the table other_waves",
        choices=("none",),
    ),
    Setting("by", "text", "a column of contacts to show separately; segment if there is one"),
    Setting(
        "cluster",
        "text",
        "a column of contacts that says who was drawn together, such as the store or the household; "
        "none, if each customer was drawn alone",
    ),
    Setting("outcome", "text", "a column of contacts with 0 and 1, such as retention_7, instead of money"),
    Setting("not_invited", "text", "name of a group that could have been invited and was not, without a lottery"),
    Setting("currency", "text", "written before amounts, such as €"),
    Setting("title", "text", "the heading of the report"),
)
