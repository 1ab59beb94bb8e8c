"""Rules for an operations team: limits keep what they divide."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.segment.clusters import cluster_customers, learn_rules, scale_features


def test_limits_of_months_and_of_large_offsets_are_not_rounded_away():
    table = pd.DataFrame({"customer_id": range(240), "month": [202301 + i % 12 for i in range(240)]})
    found = cluster_customers(scale_features(table, ["month"], how="plain"), 2)
    rules = learn_rules(found, table, ["month"])
    assert rules.fidelity == 1 and "202306" in " ".join(rules.table["rule"])


def make_four():
    """Four clusters of visits, 100 customers each, and a column that says nothing."""
    table = pd.DataFrame({"customer_id": range(400), "visits": [1, 11, 31, 91] * 100, "nothing": 1.0})
    return cluster_customers(scale_features(table, ["visits"]), 4), table


@pytest.mark.parametrize(
    ("options", "says", "mended"),
    [
        ({"max_rules": 2}, "allow more rules than 2 (max_rules), or more columns", {"max_rules": 4}),
        ({"min_customers": 1_000}, "no two rules can have 1,000 each: lower min_customers", {}),
        ({"min_customers": 141}, "of 280 customers no two rules can have 141 each: lower min_customers", {}),
        ({"min_customers": 100}, "allow rules of fewer than 100 customers (min_customers), or more columns", {}),
        ({"columns": ["nothing"], "min_customers": 1}, "give more columns", {"min_customers": 1}),
    ],
)
def test_the_advice_names_what_keeps_the_rules_from_the_clusters_and_helps(options, says, mended):
    found, table = make_four()
    columns = options.pop("columns", ["visits"])
    poor = learn_rules(found, table, columns, **options)
    assert len(poor.warnings) == 2 and all(says in text for text in poor.warnings)
    good = learn_rules(found, table, ["visits"], **mended)
    assert good.fidelity == 1 and good.warnings == ()
