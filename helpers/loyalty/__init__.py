"""Helpers of the Loyalty Analytics Workshop: prepare, segment, evaluate, learn.

`loyalty.<Tab>` shows the public functions, their results, and the rooms; `import loyalty` is instant, because each of
them is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

__version__ = "0.2.0"

ROOMS = ("prepare", "segment", "evaluate", "learn", "world", "datasets")

# Where the public names are defined: the folders that lessons import from.
_HOMES = {
    "tables": "TableError check_table render_dictionary open_table",
    "stats": "Estimate Shrunk compare_means compare_rates shrink_normal shrink_rates",
    "datasets": "Dataset cdnow checkpoint complete_journey hillstrom match_redemptions nsw online_retail",
    "world": "World",
    "intake": "load_campaigns load_tables propose_columns",
    "prepare.clean": (
        "CleanReceipts CleaningRules ReceiptQuality clean_receipts compare_clocks inspect_receipts read_till_files"
    ),
    "prepare.identity": (
        "LinkGrades MergedHistories RecordLinks ThresholdChoice choose_threshold explain_pairs grade_links "
        "link_records match_exact merge_histories normalise_records seal_links"
    ),
    "prepare.demand": (
        "Demand DemandBacktest DemandForecast ItemClasses Season SegmentMix backtest_demand classify_abc_xyz "
        "flag_periods forecast_demand mix_by_segment season_of sum_demand"
    ),
    "prepare.profile": "build_profile",
    "prepare.store": "AnalyticStore Reconciliation StoreError open_store reconcile_points",
    "segment.rules": (
        "RfmScores Gaps Cards Migration Regression assign_life_cycle check_scheme cross_value date_memberships "
        "expose_regression make_cards measure_gaps measure_migration name_segments pick_members score_rfm "
        "simulate_stable sum_windows"
    ),
    "segment.clusters": (
        "Agreement ClusterProfiles Clustering GroupTest KChoice RuleTree ScaledFeatures Stability apply_rules "
        "assign_clusters choose_k cluster_customers compare_segmentations draw_null_cloud find_groups learn_rules "
        "measure_stability name_clusters profile_clusters scale_features share_spend"
    ),
    "segment.micro": (
        "Communities CommunityStability Links OfferScores find_communities link_customers redraw_communities "
        "score_offers"
    ),
    "segment.rank": (
        "Cohorts Concentration FolkVerdict Ranking build_cohorts find_value_gain gather_verdicts judge_churn_profit "
        "judge_half_lost judge_top_share judge_win_or_keep measure_concentration rank_customers"
    ),
    "segment.value": (
        "Calibration ChurnModel CustomerValue Independence PurchaseFit PurchaseForecast Retention SpendFit Tracking "
        "check_independence compare_holdout customer_value find_promising fit_churn fit_purchases fit_retention "
        "fit_spend measure_calibration predict_churn predict_purchases predict_spend summarise_profile "
        "summarise_purchases track_purchases"
    ),
    "segment.drift": (
        "ChangeSplit DriftWatch LabelLife RefreshPlan StabilityIndex measure_label_life measure_stability_index "
        "plan_refresh split_change watch_drift"
    ),
    "evaluate.design": (
        "AATest Assignment Balance ClusterDesign Eligibility HoldOut LookPlan Power Rule SampleRatio assign_arms "
        "check_arm_probs check_balance check_sample_ratio count_looks filter_eligible find_detectable find_power "
        "find_size hash_customers hold_out measure_clustering plan_looks run_aa"
    ),
    "evaluate.lift": (
        "CappedLift EarlyLooks GuardedLift Lift Lifts PlaceboLift SplitLift adjust_gap apply_margin_rate bootstrap_gap "
        "build_outcomes gather_lifts measure_capped_lift measure_lift measure_lifts measure_looks "
        "measure_placebo_lift measure_with_guardrails permute_gap split_lift unmask_redeemers"
    ),
    "evaluate.money": "Money campaign_money compare_money decide find_break_even plan_economics value_test",
    "evaluate.observational": (
        "Allowed Comparison DifferenceInDifferences Overlap Sensitivity adjust_by_regression adjust_doubly "
        "check_overlap compare_all compare_naively compare_strata difference_in_differences draw_overlap judge_placebo "
        "match_customers measure_complier_effect placebo_outcome say_what_is_allowed sensitivity_to_hidden "
        "weight_by_propensity"
    ),
    "evaluate.clinic": "Claim Examination examine_campaign",
    "evaluate.uplift": (
        "Experiment Gains PolicyChoice UpliftModel choose_offers choose_policy fit_uplift make_boosted make_ridge "
        "measure_bins measure_gains open_trial price_groups score_out_of_fold value_policies"
    ),
    "evaluate.budget": "BudgetPlan cost_offers plan_budget trace_frontier",
    "learn.history": (
        "History Prediction Rates learn_lifts measure_decay measure_rates open_history predict_from_past"
    ),
    "learn.offers": "Refills TimedRules list_refills mine_rules",
    "learn.offpolicy": (
        "ChanceCheck PlanRivals PlanSegments PlanValue PolicyLog check_chances compare_plans open_log value_plan "
        "value_segments"
    ),
    "learn.recommend": (
        "HandOver LookAlikes Recommendations RecommenderScores SeedProof SendList VisitorScores export_messages "
        "find_lookalikes plan_messages recommend_beside recommend_products score_recommenders score_visitors"
    ),
    "learn.policy": (
        "BestPolicy Choice EpsilonGreedy EqualSplit Policy ProfileThompson Programme RepeatWinner Rules Thompson "
        "compare_programmes describe_customers run_programme run_programmes"
    ),
    "report.campaign": "report_campaign",
    "report.plan": "plan_campaign",
    "report.profile": "report_customers",
    "tasks": "check hint predict reveal",
}
_NAMES = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
    if not name.startswith("_") and name in {module.name for module in iter_modules(__path__)}:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'loyalty' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*_NAMES, *ROOMS})
