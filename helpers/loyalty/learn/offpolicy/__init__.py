"""Off-policy evaluation (lesson 43): what another plan would have earned, judged from the log of the plan that ran.

- `open_log`: contacts, outcomes and arm_probs, or the log of a programme, read and checked once.
- `check_chances`: whether the logged probabilities (propensities) fit how often each arm was drawn.
- `value_plan`, `value_segments`: inverse propensity (IPS), self-normalised (SNIPS), clipped, switch, direct, doubly
  robust; with interval, effective sample size and warnings.
- `compare_plans`: several plans against one, paired on the same log.
"""

from loyalty.learn.offpolicy.calibration import ChanceCheck, check_chances
from loyalty.learn.offpolicy.log import PolicyLog, open_log
from loyalty.learn.offpolicy.rivals import PlanRivals, compare_plans
from loyalty.learn.offpolicy.segments import PlanSegments, value_segments
from loyalty.learn.offpolicy.value import PlanValue, value_plan

__all__ = [
    "ChanceCheck",
    "check_chances",
    "PolicyLog",
    "open_log",
    "PlanRivals",
    "compare_plans",
    "PlanSegments",
    "value_segments",
    "PlanValue",
    "value_plan",
]
