"""One customer, many ids (lesson 13): record linkage, by exact rules and by probability (Fellegi–Sunter).

- `normalise_records`: the records of several sources in one table, each value in one form.
- `match_exact`, `link_records`: which records are one person, by rules and by the evidence of all fields;
  `explain_pairs`: why.
- `grade_links`, `choose_threshold`: how right that is, against a known truth and from a checked sample.
- `seal_links`, `merge_histories`: ids and keyed hashes only; one history a person.
"""

from loyalty.prepare.identity.explaining import explain_pairs
from loyalty.prepare.identity.grading import LinkGrades, grade_links
from loyalty.prepare.identity.linking import link_records
from loyalty.prepare.identity.links import RecordLinks
from loyalty.prepare.identity.merging import MergedHistories, merge_histories
from loyalty.prepare.identity.records import normalise_records
from loyalty.prepare.identity.rules import match_exact
from loyalty.prepare.identity.sealing import seal_links
from loyalty.prepare.identity.thresholds import ThresholdChoice, choose_threshold

__all__ = [
    "LinkGrades",
    "MergedHistories",
    "RecordLinks",
    "ThresholdChoice",
    "choose_threshold",
    "explain_pairs",
    "grade_links",
    "link_records",
    "match_exact",
    "merge_histories",
    "normalise_records",
    "seal_links",
]
