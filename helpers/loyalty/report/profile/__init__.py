"""The report `profile`: who the customers are, what they bring, and who has gone quiet."""

from loyalty.report.profile.report import SETTINGS, TABLES, report_customers

__all__ = ["SETTINGS", "TABLES", "report_customers"]
