"""The test before the campaign: how many to leave out, who, and what will be seen then.

One entrance to the modules beside this one, in the order of use:

- `find_detectable`, `find_power`, `find_size`: what a test of this size can see, in customers and in money.
- `filter_eligible`: who may take part, before the draw. `hold_out`: who is in no campaign of the year.
- `assign_arms`: who gets what, with every probability on record; `check_arm_probs` for somebody else's record.
- `check_balance`, `check_sample_ratio`: whether the groups are alike, and as large as planned.
- `run_aa`: the same measurement where nothing was done; `count_looks`: what looking early costs.
"""

from loyalty.evaluate.assignment import Assignment, assign_arms, check_arm_probs
from loyalty.evaluate.balance import Balance, check_balance
from loyalty.evaluate.eligibility import Eligibility, Rule, filter_eligible
from loyalty.evaluate.power import Power, find_detectable, find_power, find_size
from loyalty.evaluate.ratio import SampleRatio, check_sample_ratio
from loyalty.evaluate.trial import Trial, count_looks, run_aa
from loyalty.evaluate.universal import HoldOut, hash_customers, hold_out

__all__ = ["Assignment", "Balance", "Eligibility", "HoldOut", "Power", "Rule", "SampleRatio", "Trial"]
__all__ += ["assign_arms", "check_arm_probs", "check_balance", "check_sample_ratio", "count_looks", "filter_eligible"]
__all__ += ["find_detectable", "find_power", "find_size", "hash_customers", "hold_out", "run_aa"]
