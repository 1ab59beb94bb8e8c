"""Without a control group (lesson 35): every estimate, every check, and the sentence that may be signed.

One entrance to the modules beside this one. Which when:

- `compare_naively` only where a lottery drew; elsewhere it is the number to be corrected.
- `check_overlap`, `draw_overlap` first: a customer like nobody in the other group cannot be compared by any method.
- `difference_in_differences` when receipts from before exist; look at its placebo dates before its effect.
- `compare_strata` for one or two columns, to explain it to anybody; `match_customers` for a few;
  `weight_by_propensity` and `adjust_by_regression` for many; `adjust_doubly` when one of two models may be wrong.
- `placebo_outcome` for each of them: what it finds where nothing can have changed.
- `sensitivity_to_hidden`: how strong an unrecorded trait would have to be.
- `measure_complier_effect` where an invitation was drawn by lot and not everybody obeyed (CACE, LATE).
- `compare_all` does all this at once; `say_what_is_allowed` words it.

All of them need covariates from before the campaign, one row a customer (or `cluster=`), and none can see a trait that
nobody recorded.

Intervals come from influence functions: each customer's pull on the estimate, the fitted propensity and the fitted
outcome model included, summed within clusters.
"""

from loyalty.evaluate.observational.aipw import adjust_doubly
from loyalty.evaluate.observational.conclusion import Allowed, say_what_is_allowed
from loyalty.evaluate.observational.did import DifferenceInDifferences, difference_in_differences
from loyalty.evaluate.observational.matching import match_customers
from loyalty.evaluate.observational.naive import compare_naively
from loyalty.evaluate.observational.noncompliance import measure_complier_effect
from loyalty.evaluate.observational.placebo import Comparison, compare_all, judge_placebo, placebo_outcome
from loyalty.evaluate.observational.propensity import Overlap, check_overlap, draw_overlap
from loyalty.evaluate.observational.regression import adjust_by_regression
from loyalty.evaluate.observational.sensitivity import Sensitivity, sensitivity_to_hidden
from loyalty.evaluate.observational.stratification import compare_strata
from loyalty.evaluate.observational.weighting import weight_by_propensity

__all__ = [
    "adjust_doubly",
    "Allowed",
    "say_what_is_allowed",
    "DifferenceInDifferences",
    "difference_in_differences",
    "match_customers",
    "compare_naively",
    "measure_complier_effect",
    "Comparison",
    "compare_all",
    "judge_placebo",
    "placebo_outcome",
    "Overlap",
    "check_overlap",
    "draw_overlap",
    "adjust_by_regression",
    "Sensitivity",
    "sensitivity_to_hidden",
    "compare_strata",
    "weight_by_propensity",
]
