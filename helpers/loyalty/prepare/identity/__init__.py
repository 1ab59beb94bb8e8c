"""One customer, many ids (lesson 13): record linkage, by exact rules and by probability (Fellegi–Sunter)."""

from loyalty.prepare.identity.grading import LinkGrades, grade_links
from loyalty.prepare.identity.linking import link_records
from loyalty.prepare.identity.links import RecordLinks
from loyalty.prepare.identity.records import normalise_records
from loyalty.prepare.identity.rules import match_exact
from loyalty.prepare.identity.thresholds import ThresholdChoice, choose_threshold
from loyalty.prepare.identity.values import (
    normalise_birth_date,
    normalise_email,
    normalise_phone,
    normalise_postcode,
)

__all__ = [
    "LinkGrades",
    "RecordLinks",
    "ThresholdChoice",
    "choose_threshold",
    "grade_links",
    "link_records",
    "match_exact",
    "normalise_birth_date",
    "normalise_email",
    "normalise_phone",
    "normalise_postcode",
    "normalise_records",
]
