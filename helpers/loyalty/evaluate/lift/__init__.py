"""Lift (lesson 33): what a campaign changed per customer assigned, with the interval that fits."""

from loyalty.evaluate.lift.bootstrap import bootstrap_gap
from loyalty.evaluate.lift.capped import CappedLift, measure_capped_lift
from loyalty.evaluate.lift.cuped import adjust_gap
from loyalty.evaluate.lift.guardrails import GuardedLift, measure_with_guardrails
from loyalty.evaluate.lift.looks import EarlyLooks, measure_looks
from loyalty.evaluate.lift.measure import measure_lift, measure_lifts, unmask_redeemers
from loyalty.evaluate.lift.outcomes import apply_margin_rate, build_outcomes
from loyalty.evaluate.lift.permutation import permute_gap
from loyalty.evaluate.lift.placebo import PlaceboLift, measure_placebo_lift
from loyalty.evaluate.lift.result import Lift, Lifts, gather_lifts
from loyalty.evaluate.lift.split import SplitLift, split_lift

__all__ = [
    "bootstrap_gap",
    "CappedLift",
    "measure_capped_lift",
    "adjust_gap",
    "GuardedLift",
    "measure_with_guardrails",
    "EarlyLooks",
    "measure_looks",
    "measure_lift",
    "measure_lifts",
    "unmask_redeemers",
    "apply_margin_rate",
    "build_outcomes",
    "permute_gap",
    "PlaceboLift",
    "measure_placebo_lift",
    "Lift",
    "Lifts",
    "gather_lifts",
    "SplitLift",
    "split_lift",
]
