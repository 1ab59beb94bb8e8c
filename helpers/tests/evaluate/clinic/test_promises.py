"""What the clinic promises of every campaign: few false alarms, and answers that do not hang on how a table is kept."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import Claim, Examination

from .test_examine import END, PLAN, START

few_and_many = pytest.mark.parametrize("draws", [8, pytest.param(80, marks=pytest.mark.slow)])


def draw_campaign(seed):
    """A sound campaign by lot: customers unlike each other, messages that get lost, days, one to three arms."""
    rng = np.random.default_rng([36, seed])
    n, arms = 300, ["control", "mail", "gift", "call"][: rng.integers(2, 5)]
    shares = np.r_[0.2, np.full(len(arms) - 1, 0.8 / (len(arms) - 1))]
    arm = rng.choice(arms, n, p=shares)
    treated = arm != "control"
    sent = START + pd.to_timedelta(rng.integers(0, 5, n), unit="D")
    contacts = pd.DataFrame({
        "campaign_id": "spring", "wave": 1, "customer_id": rng.choice(90_000, n, replace=False), "arm": arm,
        "assigned_at": START - pd.Timedelta(days=1), "sent_at": pd.Series(sent).where(treated),
        "delivered": np.where(treated, rng.random(n) < 0.9, None), "channel": rng.choice(["sms", "e-mail", "call"], n),
        "operator": rng.choice(["Ado", "Bel", "Cor"], n), "offer_id": np.where(treated, arm, None),
    })  # fmt: skip
    taste, rows = rng.gamma(0.7, 1, n), []
    for window, start, end in (("pre", START - pd.Timedelta(days=28), START), ("main", START, END)):
        orders = rng.poisson(taste)
        numbers = {"orders": orders, "sales": orders * rng.gamma(2, 10, n), "redeemed": 0}
        keys = contacts[["campaign_id", "wave", "customer_id"]]
        rows.append(keys.assign(window=window, start=start, end=end, **numbers))
    plan = PLAN | {"planned_shares": ", ".join(f"{a}={s:.4f}" for a, s in zip(arms, shares, strict=True))}
    return contacts, pd.concat(rows, ignore_index=True), plan


@cache
def examine_draw(seed) -> Examination:
    return examine_campaign(*draw_campaign(seed), Claim())


@pytest.mark.slow
@few_and_many
def test_sound_campaigns_ring_any_bell_no_more_often_than_once_in_twenty(draws):
    rung = [bool(examine_draw(seed).problems) for seed in range(draws)]
    assert sum(rung) <= stats.binom.ppf(0.999, draws, 0.05)
    seen = {finding.check for finding in examine_draw(0).findings if finding.state != "not seen"}
    assert len(seen) == 10  # nobody is silent because it was not asked


@pytest.mark.slow
@few_and_many
def test_p_values_of_the_draw_are_those_of_chance(draws):
    p = [examine_draw(seed)["control chosen afterwards"].p for seed in range(draws)]
    assert stats.kstest(p, "uniform").pvalue > 0.001


def tell(found: Examination):
    return [(f.check, f.state, None if np.isnan(f.p) else round(f.p, 9)) for f in found.findings]


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 20), order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(seed, order):
    contacts, outcomes, plan = draw_campaign(seed)
    mixed = [table.iloc[order.sample(range(len(table)), len(table))] for table in (contacts, outcomes)]
    assert tell(examine_campaign(*mixed, plan, Claim())) == tell(examine_draw(seed))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 20), kind=st.sampled_from(["str", "float64", "Int64", "object", "category"]))
def test_the_type_of_the_ids_changes_nothing_if_both_tables_share_it(seed, kind):
    contacts, outcomes, plan = draw_campaign(seed)
    kept = [table.assign(customer_id=table["customer_id"].astype(kind)) for table in (contacts, outcomes)]
    assert tell(examine_campaign(*kept, plan, Claim())) == tell(examine_draw(seed))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 20), names=st.lists(st.text("abcde fäж", min_size=1), min_size=4, max_size=4, unique=True))
def test_the_names_of_the_arms_change_nothing(seed, names):
    contacts, outcomes, plan = draw_campaign(seed)
    name = {arm: f"{new.strip()}{at}" for at, (arm, new) in enumerate(zip(["control", "mail", "gift", "call"], names,
                                                                          strict=True))}  # fmt: skip
    shares = dict(part.split("=") for part in plan["planned_shares"].split(", "))
    plan |= {"planned_shares": ", ".join(f"{name[arm]}={share}" for arm, share in shares.items())}
    kept = contacts.assign(arm=contacts["arm"].map(name))
    found = examine_campaign(kept, outcomes, plan, Claim(), control=name["control"])
    assert tell(found) == tell(examine_draw(seed))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_columns_and_rows_are_missing_each_check_answers(data):
    contacts, outcomes, plan = draw_campaign(data.draw(st.integers(0, 5)))
    spare = [set(table) - {"customer_id", "arm"} for table in (contacts, outcomes)]
    gone = [data.draw(st.sets(st.sampled_from(sorted(names)))) for names in spare]
    rows = data.draw(st.integers(0, len(outcomes)))
    known = {name: value for name, value in plan.items() if data.draw(st.booleans())}
    found = examine_campaign(contacts.drop(columns=gone[0]), outcomes.drop(columns=gone[1])[:rows], known)
    assert len(found.findings) == 10 and all(f.evidence.endswith(".") and f.advice for f in found.findings)
    assert all(np.isnan(f.p) or 0 <= f.p <= 1 for f in found.findings)


def draw_unequally(seed, n=3_000):
    """A sound campaign drawn in three strata of unlike customers, with a share of control of its own in each."""
    rng = np.random.default_rng([13, seed])
    kind = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    control = rng.random(n) < np.array([0.05, 0.2, 0.5])[kind]
    contacts = pd.DataFrame({"customer_id": range(n), "arm": np.where(control, "control", "mail")})
    contacts["stratum"] = np.array(["bronze", "silver", "gold"])[kind]
    rows = []
    for window in ("pre", "main"):
        orders = rng.poisson(np.array([0.5, 1.5, 4.0])[kind] * rng.gamma(1, 1, n))
        rows.append(contacts[["customer_id"]].assign(window=window, orders=orders, sales=orders * rng.gamma(2, 10, n)))
    return contacts, pd.concat(rows, ignore_index=True)


@pytest.mark.slow
@pytest.mark.parametrize("draws", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_unequal_strata_without_a_chance_on_the_list_are_compared_within_strata(draws):
    rung = [bool(examine_campaign(*draw_unequally(seed)).problems) for seed in range(draws)]
    assert sum(rung) <= stats.binom.ppf(0.999, draws, 0.05)
    pooled = draw_unequally(0)[0].drop(columns="stratum")
    assert examine_campaign(pooled, draw_unequally(0)[1])["control chosen afterwards"].state == "broken"
