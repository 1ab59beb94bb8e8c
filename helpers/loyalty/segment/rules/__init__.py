"""Rules and life cycle (lesson 22): RFM, life-cycle states, cards, migration, membership, regression to the mean."""

from loyalty.segment.rules.cards import Cards, cross_value, make_cards
from loyalty.segment.rules.life_cycle import LIFE_CYCLE, Gaps, assign_life_cycle, measure_gaps
from loyalty.segment.rules.membership import date_memberships, pick_members
from loyalty.segment.rules.migration import Migration, measure_migration
from loyalty.segment.rules.own_rules import OwnRules, assign_rules, read_rules
from loyalty.segment.rules.regression_to_mean import Regression, expose_regression
from loyalty.segment.rules.rfm import (
    RFM_SEGMENTS,
    RfmScores,
    Scheme,
    Segment,
    check_scheme,
    cut_values,
    name_segments,
    score_rfm,
    score_values,
)
from loyalty.segment.rules.windows import simulate_stable, sum_windows

__all__ = [
    "RFM_SEGMENTS",
    "RfmScores",
    "Scheme",
    "Segment",
    "check_scheme",
    "cut_values",
    "name_segments",
    "score_rfm",
    "score_values",
    "LIFE_CYCLE",
    "Gaps",
    "assign_life_cycle",
    "measure_gaps",
    "OwnRules",
    "assign_rules",
    "read_rules",
    "Cards",
    "cross_value",
    "make_cards",
    "Migration",
    "measure_migration",
    "date_memberships",
    "pick_members",
    "Regression",
    "expose_regression",
    "simulate_stable",
    "sum_windows",
]
