"""The report `campaign_report`: did the campaign earn money, and may that be believed?"""

from loyalty.report.campaign.report import SETTINGS, TABLES, report_campaign

__all__ = ["SETTINGS", "TABLES", "report_campaign"]
