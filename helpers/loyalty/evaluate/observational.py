"""Campaigns without a control group: every estimate, every check, and the sentence that may be signed.

One entrance to the modules beside this one. Which when:

- `compare_naively` only where a lottery drew; elsewhere it is the number to be corrected.
- `check_overlap`, `draw_overlap` first: whoever has nobody like him cannot be compared by any method.
- `difference_in_differences` when receipts from before exist; look at its placebo dates before its effect.
- `compare_strata` for one or two columns, to explain it to anybody; `match_customers` for a few;
  `weight_by_propensity` and `adjust_by_regression` for many; `adjust_doubly` when one of two models may be wrong.
- `placebo_outcome` for each of them: what it finds where nothing can have changed.
- `sensitivity_to_hidden`: how strong an unrecorded trait would have to be.
- `compare_all` does all this at once; `say_what_is_allowed` words it.

All of them need covariates from before the campaign, one row a customer (or `cluster=`), and none can see a trait that
nobody recorded.
"""

from loyalty.evaluate.adjustment import adjust_by_regression, compare_naively, compare_strata, weight_by_propensity
from loyalty.evaluate.did import DifferenceInDifferences, difference_in_differences
from loyalty.evaluate.doubly import adjust_doubly
from loyalty.evaluate.evidence import Comparison, compare_all, judge_placebo, placebo_outcome
from loyalty.evaluate.matching import match_customers
from loyalty.evaluate.propensity import Overlap, check_overlap, draw_overlap
from loyalty.evaluate.sensitivity import Sensitivity, sensitivity_to_hidden
from loyalty.evaluate.verdict import Allowed, say_what_is_allowed

__all__ = ["Allowed", "Comparison", "DifferenceInDifferences", "Overlap", "Sensitivity"]
__all__ += ["adjust_by_regression", "adjust_doubly", "check_overlap", "compare_all", "compare_naively"]
__all__ += ["compare_strata", "difference_in_differences", "draw_overlap", "judge_placebo", "match_customers"]
__all__ += ["placebo_outcome", "say_what_is_allowed", "sensitivity_to_hidden", "weight_by_propensity"]
