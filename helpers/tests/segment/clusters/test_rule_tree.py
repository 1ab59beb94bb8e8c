"""Rules for an operations team: limits keep what they divide."""

from __future__ import annotations

import pandas as pd

from loyalty.segment.clusters import cluster_customers, learn_rules, scale_features


def test_limits_of_months_and_of_large_offsets_are_not_rounded_away():
    table = pd.DataFrame({"customer_id": range(240), "month": [202301 + i % 12 for i in range(240)]})
    found = cluster_customers(scale_features(table, ["month"], how="plain"), 2)
    rules = learn_rules(found, table, ["month"])
    assert rules.fidelity == 1 and "202306" in " ".join(rules.table["rule"])
