"""Without a control group (lesson 35): every estimate, every check, and the sentence that may be signed.

Every estimator takes one row a customer and returns an `Estimate` that names whom it speaks for. All of them assume
that the covariates hold everything that decided both who was treated and what they would have done. No function can
check that; `placebo` collects what speaks against it. Covariates must be measured before the treatment.

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
