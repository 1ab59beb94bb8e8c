"""The settings of `campaign_plan`, the tables it reads, and the files it makes."""

from __future__ import annotations

from loyalty.report.run.order import KINDS as PAGES
from loyalty.report.run.order import SEND
from loyalty.report.run.settings import Setting

TABLES = {"customers": True, "receipts": True, "offers": False, "history": False}
KINDS = (*PAGES, "_record.csv", SEND)
SETTINGS = (
    Setting("campaign", "text", "a short name, written into every file", required=True),
    Setting("start", "day", "first day of the campaign, on which it is sent", required=True),
    Setting("end", "day", "the day after its last day", required=True),
    Setting("registered_on", "day", "the day on which this plan is written down and the draw made", required=True),
    Setting("margin_rate", "share", "what is left of a unit of sales after the goods are paid", required=True),
    Setting("control_share", "share", "share of the customers who get nothing", required=True),
    Setting("arms", "arms", "what is sent: mail, or mail=0.45, gift=0.45 with the share of each"),
    Setting("wave", "whole", "which sending of the campaign"),
    Setting("mode", "text", "hash: new customers move nobody; blocks: exact quotas", choices=("hash", "blocks")),
    Setting("strata", "text", "a column within which the shares of blocks are exact; segment if there is one"),
    Setting("salt", "text", "a word for this draw; the campaign and its wave otherwise"),
    Setting("universal_share", "share", "share of the universal control, which no campaign of its term reaches"),
    Setting("universal_salt", "text", "its own word"),
    Setting("universal_start", "day", "first day of its term"),
    Setting("universal_end", "day", "the day after the last day of its term"),
    Setting("pause_days", "days", "days that have to lie between two messages"),
    Setting("contact_cost", "money", "what one contact costs"),
    Setting("reward_cost", "money", "what the gift costs, once per user"),
    Setting("discount", "share", "part taken off a user's receipt, 0.10 for 10 percent"),
    Setting("use", "share", "part of the buyers who use the offer; 1 is the safe side"),
    Setting("expected_lift", "share", "expected rise of the part that buys, 0.10 for a tenth more"),
    Setting("power", "share", "chance to see the effect; 0.8"),
    Setting("budget", "money", "what the campaign may cost"),
    Setting("goal", "text", "what it is for", choices=("engage", "sell", "inform")),
    Setting("hypothesis", "text", "what it should change, for whom, and why"),
    Setting("primary_metric", "text", "the one number that decides"),
    Setting("owner", "text", "who answers for it"),
    Setting("currency", "text", "written before amounts, such as €"),
    Setting("title", "text", "the heading of the plan"),
)
