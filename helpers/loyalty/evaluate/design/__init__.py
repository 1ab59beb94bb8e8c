"""The design of a test (lesson 32): power, holdout, assignment, sample ratio, A/A test, balance, eligibility.

One entrance to the modules beside this one, in the order of use:

- `find_detectable`, `find_power`, `find_size`: what a test of this size can see, in customers and in money.
- `filter_eligible`: who may take part, before the draw. `hold_out`: who is in no campaign of the year;
  `hash_customers`: the draw behind both.
- `assign_arms`: who gets what, with every probability on record; `check_arm_probs` for somebody else's record.
- `check_balance`, `check_sample_ratio`: whether the groups are alike, and as large as planned.
- `measure_clustering`: what it costs to draw households or stores as a whole.
- `run_aa`: the same measurement where nothing was done; `count_looks`: what looking early costs.
- `plan_looks`: looks before the end that are planned and paid for, with their bounds.
"""

from loyalty.evaluate.design.aa_test import AATest, count_looks, run_aa
from loyalty.evaluate.design.assignment import Assignment, assign_arms, check_arm_probs
from loyalty.evaluate.design.balance import Balance, check_balance
from loyalty.evaluate.design.clusters import ClusterDesign, measure_clustering
from loyalty.evaluate.design.eligibility import Eligibility, Rule, filter_eligible
from loyalty.evaluate.design.hashing import hash_customers
from loyalty.evaluate.design.holdout import HoldOut, hold_out
from loyalty.evaluate.design.looks import LookPlan, plan_looks
from loyalty.evaluate.design.power import Power, find_detectable, find_power, find_size
from loyalty.evaluate.design.sample_ratio import SampleRatio, check_sample_ratio

__all__ = [
    "AATest",
    "count_looks",
    "run_aa",
    "Assignment",
    "assign_arms",
    "check_arm_probs",
    "Balance",
    "check_balance",
    "ClusterDesign",
    "measure_clustering",
    "Eligibility",
    "Rule",
    "filter_eligible",
    "hash_customers",
    "HoldOut",
    "hold_out",
    "LookPlan",
    "plan_looks",
    "Power",
    "find_detectable",
    "find_power",
    "find_size",
    "SampleRatio",
    "check_sample_ratio",
]
