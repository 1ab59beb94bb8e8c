"""The clinic (lesson 36): should this report be signed? Ten checks, each with its evidence."""

from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import BROKEN, CHECKS, FINE, SOUND, Claim, Examination, Finding

__all__ = ["examine_campaign", "BROKEN", "CHECKS", "FINE", "SOUND", "Claim", "Examination", "Finding"]
