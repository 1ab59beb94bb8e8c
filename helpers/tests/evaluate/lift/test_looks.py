"""The lift at planned looks: by hand, false alarms of real sums, what never changes, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

sys.path.append(str(Path(__file__).resolve().parents[4] / "benchmarks"))
import looks as benchmark  # noqa: E402

from loyalty.evaluate.design.looks import plan_looks
from loyalty.evaluate.lift.looks import measure_looks
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.tables.check import TableError

START = "2024-03-01"
DATES = ["2024-03-08", "2024-03-15", "2024-03-22", "2024-03-29"]


def make_contacts(size: int = 300, share: float = 0.5) -> pd.DataFrame:
    arm = np.where(np.arange(size) < share * size, "control", "mail")
    return pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": np.arange(size), "arm": arm})


def make_receipts(
    seed: int = 1, size: int = 300, factor: float = 1.0, share: float = 0.5, days: int = 28
) -> pd.DataFrame:
    """Customers with a pace of their own buy for log-normal amounts; the treated buy `factor` times as often."""
    rng = np.random.default_rng(seed)
    pace = rng.gamma(0.7, 0.3, size) * np.where(np.arange(size) < share * size, 1.0, factor)
    visits = rng.poisson(pace[:, None] * np.ones(days))
    customer, day = (np.repeat(index.ravel(), visits.ravel()) for index in np.indices(visits.shape))
    time = pd.Timestamp(START) + pd.to_timedelta(day * 24 + 10, unit="h")
    sales = rng.lognormal(2, 0.6, len(customer)).round(2)
    return pd.DataFrame({"customer_id": customer, "time": time, "sales": sales})


def measure(receipts: object, contacts: pd.DataFrame | None = None, **options: object):
    given = {"start": START, "dates": DATES} | options
    return measure_looks(make_contacts() if contacts is None else contacts, receipts, **given)


@pytest.mark.slow
def test_each_look_is_the_lift_of_the_days_before_it():
    contacts, receipts = make_contacts(), make_receipts(factor=1.3)
    found = measure(receipts)
    assert [look.number for look in found.looks] == [1, 2, 3, 4]
    for look, end in zip(found.looks, DATES, strict=True):
        outcomes = build_outcomes(contacts, receipts, start=START, end=end, before=0, after=0)
        lift = measure_lift(contacts, outcomes, "sales")
        assert (look.effect, look.se) == pytest.approx((lift.effect, lift.se))
        assert 2 * stats.norm.sf(abs(look.z)) == pytest.approx(lift.p)
        p_of_bound = 2 * stats.norm.sf(look.bound)
        reach = stats.t.isf(p_of_bound / 2, lift.details["df"]) * lift.se
        assert (look.low, look.high) == pytest.approx((lift.effect - reach, lift.effect + reach))


def test_the_correlation_is_that_of_the_customers_within_their_groups():
    receipts = make_receipts(factor=3.0)
    found = measure(receipts)
    sums = np.zeros((300, 4))
    week = (receipts["time"] - pd.Timestamp(START)).dt.days // 7
    np.add.at(sums, (receipts["customer_id"], week), receipts["sales"])
    sums = sums.cumsum(axis=1)
    sums[:150] -= sums[:150].mean(axis=0)
    sums[150:] -= sums[150:].mean(axis=0)
    assert found.correlation == pytest.approx(np.corrcoef(sums.T), abs=1e-9)
    plan = plan_looks([0.25, 0.5, 0.75, 1.0], correlation=found.correlation)
    assert [look.bound for look in found.looks] == pytest.approx(plan.bounds, abs=1e-6)
    assert [look.spent for look in found.looks] == pytest.approx(plan.spent)
    assert found.correlation[0, 3] > 0.5 + 0.05  # more than independent weeks would have


def test_a_later_look_changes_nothing_of_an_earlier_one():
    receipts = make_receipts(2, factor=1.1)
    early = measure(receipts[receipts["time"] < DATES[1]], until=DATES[1])
    assert early.looks == measure(receipts).looks[:2]
    assert early.decision in ("go on", "stop") and len(early.looks) == 2


@pytest.mark.slow
@pytest.mark.parametrize("cell", [cell for cell in benchmark.CELLS if cell.process in ("steady", "heavy", "burst")])
def test_five_looks_at_growing_sums_ring_in_at_most_five_of_100(cell):
    drawn = benchmark.draw(81_000, cell, 2_000)
    most = stats.binom.ppf(0.9995, 2_000, 0.05) / 2_000
    spent = plan_looks(5, spending="pocock").spent
    bounds = benchmark.find_bounds(drawn.correlations.mean(axis=0), spent)
    peeked = (np.abs(drawn.z) >= 1.96).any(axis=1).mean()
    assert (np.abs(drawn.z) >= bounds).any(axis=1).mean() <= most < peeked


@pytest.mark.slow
def test_bounds_of_single_campaigns_lie_near_those_of_their_process():
    """Between customers of one campaign and of many: what estimating the correlation adds."""
    for cell in benchmark.CELLS[:3]:
        drawn = benchmark.draw(82_000, cell, 40)
        spent = plan_looks(5).spent
        common = benchmark.find_bounds(drawn.correlations.mean(axis=0), spent)
        own = np.array([benchmark.find_bounds(one, spent) for one in drawn.correlations])
        assert np.abs(own - common).max() < 0.1


@pytest.mark.slow
def test_whole_campaigns_without_an_effect_stop_in_at_most_five_of_100_and_with_one_often():
    dates = DATES[1::2]
    rang = [measure(make_receipts(5_000 + seed, 200), make_contacts(200), dates=dates).decision for seed in range(60)]
    assert rang.count("stop") <= stats.binom.ppf(0.9995, 60, 0.05)
    seen = [
        measure(make_receipts(6_000 + seed, 200, 2.0), make_contacts(200), dates=dates).decision for seed in range(20)
    ]
    assert seen.count("stop") > 12


def test_a_large_effect_stops_early_and_the_number_is_said_to_be_too_far_from_zero():
    found = measure(make_receipts(3, factor=4.0))
    assert found.decision == "stop" and found.final.number < 4 and found.final.low > 0
    assert [look.decision for look in found.looks[found.final.number :]] == ["stopped before"] * (
        4 - found.final.number
    )
    said = found.sentence("€")
    assert said.startswith("Stop at look") and "too large on average" in said and "€" in said


def test_no_effect_goes_on_until_the_end():
    receipts = make_receipts(4)
    found = measure(receipts)
    assert found.decision == "end" and "Zero is not left out" in found.sentence()
    going = measure(receipts[receipts["time"] < DATES[2]])
    assert going.decision == "go on" and "Next look: 2024-03-29" in going.sentence()


def test_a_skipped_look_leaves_its_share_to_the_next():
    receipts = make_receipts(5)
    every = measure(receipts, spending="pocock")
    some = measure(receipts, made=[DATES[2], DATES[3]], spending="pocock")
    assert [look.number for look in some.looks] == [3, 4]
    assert some.looks[0].spent == pytest.approx(every.looks[2].spent) and some.looks[0].bound < every.looks[2].bound
    assert "2 planned looks fell out" in some.warnings[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"made": ["2024-03-11"]}, "not among the planned looks"),
        ({"made": []}, "`made` holds no day"),
        ({"dates": []}, "from 1 to 60 days, found 0"),
        ({"dates": DATES[::-1]}, "in order, each day once"),
        ({"dates": [START, *DATES]}, "should lie after the start"),
        ({"dates": ["soon"]}, "should be a day such as"),
        ({"start": "2025-03-01", "dates": ["2025-03-08"]}, "no planned look has arrived"),
        ({"until": "2024-03-10", "made": DATES[:3]}, "no receipts yet: 2024-03-15"),
    ],
)
def test_days_that_cannot_be_are_refused(options, said):
    with pytest.raises(TableError, match=said):
        measure(make_receipts(), **options)


def test_all_problems_are_told_at_once():
    with pytest.raises(TableError) as error:
        measure_looks(
            make_contacts().drop(columns="arm"),
            make_receipts().drop(columns="sales"),
            start="2024-03-01",
            dates=["2024-03-08", "2024-03-08"],
        )
    assert len(error.value.problems) >= 3


def test_groups_that_cannot_be_measured_are_refused():
    receipts = make_receipts()
    three = make_contacts().assign(arm=np.resize(["control", "mail", "sms"], 300))
    with pytest.raises(TableError, match="2 treated arms"):
        measure(receipts, three)
    uneven = make_contacts().assign(propensity=np.resize([0.5, 0.4, 0.6], 300))
    with pytest.raises(TableError, match="propensity"):
        measure(receipts, uneven)
    with pytest.raises(TableError):
        measure(receipts, make_contacts().assign(arm="mail"))
    with pytest.raises(TableError, match="text in one table"):
        measure(receipts.assign(customer_id=receipts["customer_id"].astype("str")))
    with pytest.raises(TableError):
        measure(receipts.head(0))
    with pytest.raises(ValueError, match="spending should be"):
        measure(receipts, spending="never")
    with pytest.raises(ValueError, match="outcome should be"):
        measure_looks(make_contacts(), receipts, "orders", start=START, dates=DATES)


def test_the_universal_control_is_left_out_and_customers_without_a_receipt_count_as_zero():
    contacts = make_contacts(400).assign(control_kind="none")
    contacts.loc[contacts["arm"] == "control", "control_kind"] = "campaign"
    contacts.loc[contacts.index[:10], "control_kind"] = "universal"
    found = measure(make_receipts(6), contacts)
    assert (found.n_control, found.n_treated) == (190, 200)
    assert any("universal" in text for text in found.warnings)
    spelled = make_contacts().assign(arm=lambda table: table["arm"].str.title() + " ")
    assert measure(make_receipts(6), spelled).n_control == 150


def test_a_look_before_which_nobody_bought_stops_nothing_and_spends_nothing():
    receipts = make_receipts(7)
    found = measure(receipts[receipts["time"] >= DATES[0]])
    first = found.looks[0]
    assert np.isnan(first.z) and np.isinf(first.bound) and first.spent == 0 and first.decision == "go on"
    assert any("are receipts missing" in text for text in found.warnings)
    assert np.isfinite(found.looks[1].bound)


@pytest.mark.slow
def test_every_engine_and_both_kinds_of_ids_give_the_same():
    contacts, receipts = make_contacts(), make_receipts(8)
    plain = measure(receipts).to_frame()
    pd.testing.assert_frame_equal(measure(duckdb.from_df(receipts)).to_frame(), plain)
    texts = [table.assign(customer_id="c" + table["customer_id"].astype("str")) for table in (contacts, receipts)]
    pd.testing.assert_frame_equal(measure(texts[1], texts[0]).to_frame(), plain)
    mixed = measure(receipts.sample(frac=1, random_state=1), contacts.sample(frac=1, random_state=2)).to_frame()
    pd.testing.assert_frame_equal(mixed, plain)


def test_margin_is_summed_where_it_is_there():
    receipts = make_receipts(9)
    receipts["margin"] = 0.3 * receipts["sales"]
    half = measure_looks(make_contacts(), receipts, "margin", start=START, dates=DATES)
    assert half.final.effect == pytest.approx(0.3 * measure(receipts).final.effect)
    receipts.loc[3, "margin"] = np.nan
    with pytest.raises(TableError, match="`margin` is empty in 1 lines"):
        measure_looks(make_contacts(), receipts, "margin", start=START, dates=DATES)


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(scale=st.floats(1e-3, 1e6), seed=st.integers(0, 50))
def test_the_currency_changes_no_decision(scale, seed):
    contacts, receipts = make_contacts(60), make_receipts(seed, 60)
    dates = DATES[1::2]
    one = measure_looks(contacts, receipts, start=START, dates=dates)
    other = measure_looks(contacts, receipts.assign(sales=receipts["sales"] * scale), start=START, dates=dates)
    assert [look.z for look in one.looks] == pytest.approx([look.z for look in other.looks], rel=1e-3, abs=1e-4)
    assert [look.bound for look in one.looks] == pytest.approx([look.bound for look in other.looks], rel=1e-3)


def test_looks_are_drawn_and_shown():
    found = measure(make_receipts(3, factor=4.0))
    ax = found.plot(source="made")
    assert "stops the test" in ax.get_title(loc="left")
    assert "Stop at look" in found._repr_html_() and len(found.to_frame()) == 4
