"""Statistics that every room shares: estimates with intervals, corrections for several of them, and shrinkage."""

from loyalty.stats.estimate import Estimate, error_of_mean, make_estimate, render_html
from loyalty.stats.intervals import (
    compare_means,
    compare_moments,
    compare_rates,
    find_skewness,
    interval_of_mean,
    interval_of_median,
    interval_of_share,
    skew_of_gap,
    skew_of_mean,
    tilt_of_gap,
    wilson,
)
from loyalty.stats.multiplicity import control_false_discoveries, correct_for_many, correct_known
from loyalty.stats.shrinkage import Shrunk, shrink_normal, shrink_rates

__all__ = [
    "Estimate",
    "make_estimate",
    "render_html",
    "error_of_mean",
    "compare_means",
    "compare_moments",
    "compare_rates",
    "find_skewness",
    "skew_of_gap",
    "skew_of_mean",
    "tilt_of_gap",
    "wilson",
    "interval_of_mean",
    "interval_of_median",
    "interval_of_share",
    "control_false_discoveries",
    "correct_for_many",
    "correct_known",
    "Shrunk",
    "shrink_normal",
    "shrink_rates",
]
