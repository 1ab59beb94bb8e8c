"""The report `segments`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.intake.loading import load_tables
from loyalty.prepare.profile import build_profile
from loyalty.report.segments.report import report_segments
from loyalty.report.segments.schemes import STEPS
from loyalty.segment.rules.windows import simulate_stable
from loyalty.tables.check import TableError

TASK = {"task": "who gets the letter"}
DAY = pd.Timestamp("2026-03-01")


def load(receipts, **more):
    return load_tables({"receipts": receipts, **more})


def draw_chain(days: int, customers: int = 300, seed: int = 0, first: float = 0.0) -> pd.DataFrame:
    """Receipts of customers with a pace and a basket of their own, who come at random and never change."""
    rng = np.random.default_rng(seed)
    pace = rng.gamma(2.0, 0.02, customers)
    basket = rng.gamma(4.0, 5.0, customers)
    visits = rng.random((days, customers)) < pace
    day, who = np.nonzero(visits)
    receipts = pd.DataFrame({"customer_id": who, "time": DAY - pd.to_timedelta(days - day, unit="D")})
    return receipts.assign(sales=(basket[who] * rng.gamma(5.0, 0.2, len(who))).round(2))


@pytest.fixture(scope="module")
def report():
    return report_segments(load(draw_chain(300)), TASK | {"scheme": "value", "currency": "€"})


def test_every_customer_is_in_one_segment_and_the_sums_are_those_of_the_receipts(report):
    receipts = draw_chain(300)
    table = report.sections["segments"].to_frame()
    window = int(report.results["segments"]["version"].iloc[0].split()[2])
    counted = receipts[receipts["time"] >= DAY - pd.Timedelta(days=window)]
    assert table["sales"].sum() == pytest.approx(counted["sales"].sum(), abs=0.005)
    assert table["customers"].sum() == receipts["customer_id"].nunique() == len(report.people)
    assert report.people["customer_id"].is_unique and report.people["segment"].notna().all()
    checks = report.sheets["checks"].set_index("check")["result"]
    assert checks["Each customer in one segment"] == checks["Sales of all segments"] == "good"


def test_parts_by_value_are_in_the_order_of_sales_in_the_window(report):
    receipts = draw_chain(300)
    window = int(report.results["segments"]["version"].iloc[0].split()[2])
    sales = receipts[receipts["time"] >= DAY - pd.Timedelta(days=window)].groupby("customer_id")["sales"].sum()
    people = report.people.assign(in_window=report.people["customer_id"].astype(int).map(sales))
    ends = people.groupby("segment")["in_window"].agg(["min", "max"])
    for better, worse in zip(list(STEPS)[:-1], list(STEPS)[1:], strict=True):
        assert ends.loc[better, "min"] > ends.loc[worse, "max"]
    assert people.loc[people["segment"] == "nothing bought", "in_window"].isna().all()
    best = (people["segment"] == "best tenth").sum() / people["in_window"].notna().sum()
    assert best == pytest.approx(0.1, abs=0.01)


def test_moves_are_those_of_the_two_days(report):
    before, now = report.results["before"], report.results["segments"]
    both = before.merge(now, on="customer_id", suffixes=("_then", ""))
    moves = report.sections["moves"].to_frame().set_index("segment then")
    for name, row in moves.iterrows():
        own = both[both["segment_then"] == name]
        assert row["share that stayed"] == pytest.approx((own["segment"] == name).mean())
    assert report.draw("moves") is not None
    right = float((both["segment_then"] == both["segment"]).mean())
    assert report.results["life"].at(1)["right"] == pytest.approx(right, abs=0.08)  # the mean of all starts


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["life_cycle", "rfm", "value"])
def test_each_scheme_makes_a_report_whose_charts_can_be_drawn(scheme):
    found = report_segments(load(draw_chain(760, 150)), TASK | {"scheme": scheme})
    assert set(found.charts) >= {"segments", "life"}
    assert ("year" in found.sections and found.results["year"] is not None) == (scheme == "life_cycle")
    for name in found.charts:
        assert found.draw(name) is not None
    assert found.card.notes[-1].startswith("Next: for the task “who gets the letter” choose one or two segments")


@pytest.mark.slow
def test_early_days_of_a_short_history_are_not_compared():
    """All customers look new where the receipts begin: labels would seem to die that nobody lost."""
    receipts = draw_chain(220)
    found = report_segments(load(receipts), TASK)
    needed = found.sections["moves"].text[0]
    assert "life" not in found.charts and "No earlier day to compare with" in needed
    assert any("how long labels stay right" in row for row in found.sections["skipped"].to_frame().iloc[:, 0])
    with pytest.raises(TableError, match="the life cycle needs .* take scheme=rfm or scheme=value"):
        report_segments(load(receipts[receipts["time"] >= DAY - pd.Timedelta(days=90)]), TASK)


@pytest.mark.slow
def test_luck_at_the_top_is_read_in_both_directions_of_time():
    """Customers who never change fall from the top as far as they rose to it."""
    stable = simulate_stable(np.random.default_rng(1).poisson(4, 400), seed=3)
    rows = [
        (row.customer_id, DAY - pd.Timedelta(days=shift))
        for row in stable.itertuples()
        for shift, n in ((60, row.second), (250, row.first))
        for _ in range(int(n))
    ]
    receipts = pd.DataFrame(rows, columns=["customer_id", "time"]).assign(sales=10.0)
    receipts["time"] += pd.to_timedelta(receipts.groupby(["customer_id", "time"]).cumcount(), unit="D")
    ends = pd.DataFrame({"customer_id": ["x", "x"], "time": [DAY - pd.Timedelta(days=1), DAY - pd.Timedelta(days=363)]})
    receipts = pd.concat([receipts.astype({"customer_id": "str"}), ends.assign(sales=10.0)])
    found = report_segments(load(receipts), TASK | {"scheme": "value", "as_of": f"{DAY:%Y-%m-%d}"})
    top = found.results["luck"].table.query("group == 'top'").set_index("reading")
    assert top.loc["forwards", "relative"] < -0.1 and top.loc["backwards", "relative"] < -0.1
    gap = found.results["luck"].gaps.set_index("group").loc["top"]
    assert gap["low"] <= 0 <= gap["high"]


@pytest.mark.slow
def test_the_same_customers_in_another_order_of_rows_make_the_same_report(report):
    other = report_segments(
        load(draw_chain(300).sample(frac=1, random_state=1)), TASK | {"scheme": "value", "currency": "€"}
    )
    pd.testing.assert_frame_equal(other.sheets["segments"], report.sheets["segments"])
    pd.testing.assert_frame_equal(other.people, report.people)


@pytest.mark.slow
def test_a_second_run_in_another_month_begins_where_the_first_ended(report):
    """What the first report calls now, a report four weeks later calls before."""
    later = draw_chain(300)
    later["time"] += pd.Timedelta(days=28)
    both = pd.concat([draw_chain(300), later[later["time"] >= DAY]])
    first = report_segments(load(both), TASK | {"scheme": "rfm", "as_of": f"{DAY:%Y-%m-%d}"})
    second = report_segments(load(both), TASK | {"scheme": "rfm", "as_of": f"{DAY + pd.Timedelta(days=28):%Y-%m-%d}"})
    pd.testing.assert_frame_equal(second.results["before"], first.results["segments"])


@pytest.mark.slow
def test_members_who_never_bought_have_a_segment_and_small_segments_are_hidden():
    receipts = draw_chain(300, 60)
    people = pd.DataFrame({"customer_id": [*receipts["customer_id"].unique(), 900, 901]})
    found = report_segments(load(receipts, customers=people), TASK | {"scheme": "rfm"})
    assert len(found.people) == len(people)
    counts = found.sections["segments"].to_frame().set_index("segment")["customers"]
    assert counts["never bought"] == "<5"
    numbers = [value for value in counts if not isinstance(value, str)]
    assert sum(numbers) + 4 < len(people), "the total would give the small one away"


def test_the_profile_of_the_report_is_that_of_the_package(report):
    profile = build_profile(draw_chain(300), f"{DAY:%Y-%m-%d}")
    assert report.results["profile"]["monetary"].sum() == pytest.approx(profile["monetary"].sum())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "`task` is missing"),
        (TASK | {"scheme": "cluster"}, "life_cycle, rfm, value, clusters, rules"),
        (TASK | {"step": "0"}, "`step` should be a whole number of days"),
    ],
)
def test_wrong_settings_are_told(settings, says):
    with pytest.raises(TableError, match=says):
        report_segments(load(draw_chain(200, 40)), settings)


def test_few_customers_and_one_day_of_receipts_are_told():
    with pytest.raises(TableError, match="of fewer than 30 a report would show single persons"):
        report_segments(load(draw_chain(200, 20)), TASK)
    once = pd.DataFrame({"customer_id": range(30), "time": DAY, "sales": 10.0})
    with pytest.raises(TableError, match="nobody bought on two days"):
        report_segments(load(once), TASK)
    with pytest.raises(TableError, match="the receipts cover 1 days, and 28 are the least"):
        report_segments(load(once), TASK | {"scheme": "rfm"})


@pytest.mark.slow
def test_an_export_that_ends_early_is_doubted_before_anything_else(report):
    asked = TASK | {"scheme": "value", "as_of": f"{DAY + pd.Timedelta(days=45):%Y-%m-%d}"}
    late = report_segments(load(draw_chain(300)), asked)
    assert late.card.notes[0].startswith("Careful: there is no receipt in the last 45 days")
    assert late.sheets["checks"].set_index("check").loc["Last receipt", "result"] == "look"
    assert report.sheets["checks"].set_index("check").loc["Last receipt", "result"] == "good"


@pytest.mark.slow
@pytest.mark.parametrize("days", [720, 900])
def test_a_steady_chain_is_as_a_year_ago_though_its_receipts_begin_somewhere(days):
    """Nobody joins or leaves: without equal histories "new" would fall and "gone quiet" pile up."""
    found = report_segments(load(draw_chain(days, 400, seed=7)), TASK)
    assert not found.results["year"].is_drift
    assert "moved no more than chance" in found.sections["year"].text[0]


@pytest.mark.slow
def test_luck_is_left_out_where_the_two_readings_do_not_share_it():
    """Many who buy little join in the second half: of them the best were no part, and look back on a higher place."""
    old, new = draw_chain(300, 200), draw_chain(150, 800, seed=9)
    grown = pd.concat([old, new.assign(customer_id=new["customer_id"] + 1_000, sales=new["sales"] / 4)])
    found = report_segments(load(grown), TASK | {"scheme": "value"})
    assert found.results["luck"] is None
    assert "does not fall alike" in found.sections["luck"].text[0]


def test_the_chart_of_cohorts_shows_no_month_that_the_table_hides(report):
    ax = report.draw("cohorts")
    table = report.sections["cohorts"].to_frame()
    assert ax.lines[0].get_xdata().tolist() == table["months since the first purchase"].astype(int).tolist()
    assert not any("customers" in name for name in table)


@pytest.mark.slow
def test_a_return_without_a_purchase_in_the_window_is_in_the_sums():
    """Who only brought something back in the ranked days has bought nothing there, but moved money."""
    receipts = draw_chain(300)
    back = pd.DataFrame({"customer_id": [900, 900], "time": [DAY - pd.Timedelta(days=d) for d in (290, 3)]})
    found = report_segments(load(pd.concat([receipts, back.assign(sales=[30.0, -30.0])])), TASK | {"scheme": "value"})
    assert found.sheets["checks"].set_index("check").loc["Sales of all segments", "result"] == "good"
    assert found.people.set_index("customer_id").loc["900", "segment"] == "nothing bought"


@pytest.mark.slow
def test_a_warm_name_of_customers_who_are_long_gone_is_told_on_the_card():
    """Half of the chain left half a year ago: the third best fifth of recency is then long silent."""
    alive, gone = draw_chain(300, 150, seed=3), draw_chain(300, 250, seed=4)
    gone = gone[gone["time"] < DAY - pd.Timedelta(days=150)]
    both = pd.concat([alive, gone.assign(customer_id=gone["customer_id"] + 1_000)])
    asked = TASK | {"scheme": "rfm", "as_of": f"{DAY:%Y-%m-%d}"}
    cold = [note for note in report_segments(load(both), asked).card.notes if "RFM names say a place" in note]
    assert cold and "“loyal”" in cold[0] and "“champions”" not in cold[0]
    warm = report_segments(load(alive), asked).card.notes
    assert not any("RFM names say a place" in note for note in warm)
