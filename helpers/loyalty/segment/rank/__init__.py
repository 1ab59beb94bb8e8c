"""Ranking (lesson 21): concentration and its intervals, deciles with ties together, cohorts, and famous numbers."""

from loyalty.segment.rank.cohorts import Cohorts, build_cohorts
from loyalty.segment.rank.concentration import Concentration, measure_concentration
from loyalty.segment.rank.folk import (
    FolkVerdict,
    find_value_gain,
    gather_verdicts,
    judge_churn_profit,
    judge_half_lost,
    judge_top_share,
    judge_win_or_keep,
)
from loyalty.segment.rank.ranking import Ranking, rank_customers
from loyalty.segment.rank.shares import (
    Portion,
    doubt_tail,
    estimate_gini,
    estimate_slice,
    estimate_top_share,
    find_tail_index,
)

__all__ = [
    "Cohorts",
    "build_cohorts",
    "Concentration",
    "measure_concentration",
    "FolkVerdict",
    "find_value_gain",
    "gather_verdicts",
    "judge_churn_profit",
    "judge_half_lost",
    "judge_top_share",
    "judge_win_or_keep",
    "Ranking",
    "rank_customers",
    "Portion",
    "doubt_tail",
    "estimate_gini",
    "estimate_slice",
    "estimate_top_share",
    "find_tail_index",
]
