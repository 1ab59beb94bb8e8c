"""Uplift (lesson 37): whom the offer changes, learned on one half of a randomised wave and judged on the other.

One entrance to the modules beside this one:

- `open_trial` joins a profile of the start, the contacts and the outcomes, and refuses what leaks.
- `fit_uplift` learns effects (S-, T-, X-, DR-learner, segments) or a rival; `score_out_of_fold` where no half is spare.
- `measure_gains`, `measure_bins` judge a ranking; `choose_offers`, `value_policies` make and value a plan.
- `choose_policy` chooses between nobody, everybody and rankings, which have to earn their place.
- `price_groups` says what sleeping dogs and sure things cost.
"""

from loyalty.evaluate.uplift.experiment import Experiment, open_trial
from loyalty.evaluate.uplift.meta_learners import (
    LEARNERS,
    UpliftModel,
    fit_uplift,
    make_boosted,
    make_ridge,
    score_out_of_fold,
)
from loyalty.evaluate.uplift.policy_choice import PolicyChoice, choose_policy
from loyalty.evaluate.uplift.policy_value import choose_offers, price_groups, value_policies
from loyalty.evaluate.uplift.qini import Contest, Gains, measure_bins, measure_gains

__all__ = [
    "Experiment",
    "open_trial",
    "LEARNERS",
    "UpliftModel",
    "fit_uplift",
    "make_boosted",
    "make_ridge",
    "score_out_of_fold",
    "PolicyChoice",
    "choose_policy",
    "choose_offers",
    "price_groups",
    "value_policies",
    "Contest",
    "Gains",
    "measure_bins",
    "measure_gains",
]
