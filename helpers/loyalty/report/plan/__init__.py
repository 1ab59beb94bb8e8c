"""The plan `campaign_plan`: is this campaign worth sending, to whom, and what will be known afterwards?"""

from loyalty.report.plan.report import KINDS, SETTINGS, TABLES, plan_campaign

__all__ = ["KINDS", "SETTINGS", "TABLES", "plan_campaign"]
