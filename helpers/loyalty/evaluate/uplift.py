"""Whom the offer changes, and whom to leave alone: learnt on one half of a randomised wave, judged on the other.

One entrance to the modules beside this one:

- `open_trial` joins a profile of the start, the contacts and the outcomes, and refuses what leaks.
- `fit_uplift` learns effects (S-, T-, X-, DR-learner, segments) or a rival; `score_out_of_fold` where no half is spare.
- `measure_gains`, `measure_bins` judge a ranking; `choose_offers`, `value_policies` make and value a plan.
- `price_groups` says what sleeping dogs and sure things cost.
"""

from loyalty.evaluate.gains import Contest, Gains, measure_bins, measure_gains
from loyalty.evaluate.learners import LEARNERS, UpliftModel, fit_uplift, make_ridge, score_out_of_fold
from loyalty.evaluate.policies import choose_offers, price_groups, value_policies
from loyalty.evaluate.randomised import Trial, open_trial

__all__ = ["LEARNERS", "Contest", "Gains", "Trial", "UpliftModel", "choose_offers", "fit_uplift", "make_ridge"]
__all__ += ["measure_bins", "measure_gains", "open_trial", "price_groups", "score_out_of_fold", "value_policies"]
