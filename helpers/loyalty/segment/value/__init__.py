"""Lifetime value and churn (lesson 25): BG/NBD, MBG/NBD, Pareto/NBD, Gamma-Gamma, customer value (CLV), retention."""

from loyalty.segment.value.churn import Calibration, ChurnModel, fit_churn, measure_calibration, predict_churn
from loyalty.segment.value.fit import PurchaseFit, fit_purchases
from loyalty.segment.value.forecast import (
    PurchaseForecast,
    Tracking,
    compare_holdout,
    predict_purchases,
    track_purchases,
)
from loyalty.segment.value.purchases import summarise_profile, summarise_purchases
from loyalty.segment.value.retention import Retention, fit_retention
from loyalty.segment.value.spend import Independence, SpendFit, check_independence, fit_spend, predict_spend
from loyalty.segment.value.worth import CustomerValue, customer_value, find_promising

__all__ = [
    "Calibration",
    "ChurnModel",
    "fit_churn",
    "measure_calibration",
    "predict_churn",
    "Retention",
    "fit_retention",
    "PurchaseFit",
    "fit_purchases",
    "PurchaseForecast",
    "Tracking",
    "compare_holdout",
    "predict_purchases",
    "track_purchases",
    "summarise_profile",
    "summarise_purchases",
    "Independence",
    "SpendFit",
    "check_independence",
    "fit_spend",
    "predict_spend",
    "CustomerValue",
    "customer_value",
    "find_promising",
]
