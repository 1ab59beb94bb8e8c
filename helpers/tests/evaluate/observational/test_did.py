import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from loyalty.datasets.loaders import complete_journey
from loyalty.evaluate.observational.did import add_up, before, difference_in_differences, find_span
from loyalty.stats.multiplicity import correct_for_many
from loyalty.tables.check import TableError
from loyalty.tables.sources import open_table

START, END = pd.Timestamp("2025-07-01"), pd.Timestamp("2025-07-29")


@pytest.fixture(scope="module")
def journey():
    data = complete_journey()
    return data.receipts[["customer_id", "time", "sales"]], data.contacts, data.campaigns


@pytest.fixture(scope="module")
def campaign_13(journey):
    receipts, contacts, campaigns = journey
    plan = campaigns.set_index("campaign_id").loc[13]
    invited = contacts.loc[contacts["campaign_id"] == 13, "customer_id"]
    return difference_in_differences(receipts, treated=invited, start=plan["start"], end=plan["end"])


def draw_receipts(seed, n=200, effect=5.0, drift=0.0, peak=0.0):
    """A receipt a week from January on; half are treated; drift per week and a peak in the last four weeks."""
    rng = np.random.default_rng(seed)
    weeks = pd.date_range("2025-01-07", END - pd.Timedelta(days=1), freq="7D")
    who, when = np.repeat(np.arange(n), len(weeks)), np.tile(np.arange(len(weeks)), n)
    treated = who % 2 == 0
    last = (weeks >= START - pd.Timedelta(days=28)) & (weeks < START)
    sales = 20 + 10 * treated + rng.normal(0, 4, n)[who] + rng.normal(0, 5, len(who))
    sales = sales + treated * (effect / 4 * (weeks >= START)[when] + drift * when + peak * last[when])
    return pd.DataFrame({"customer_id": who, "time": weeks[when], "sales": sales})


def measure(receipts, n=200, **options):
    options = {
        "treated": range(0, n, 2),
        "customers": range(n),
        "start": START,
        "end": END,
        "covered": ("2025-01-01", END),
    } | options
    return difference_in_differences(receipts, **options)


# --- The real chain --------------------------------------------------------------------------------


def test_campaign_13_gives_the_reference_values(campaign_13):
    naive = campaign_13.naive
    assert (round(naive.effect, 2), round(naive.se, 2)) == (153.87, 6.54)
    assert (naive.n_treated, naive.n_control) == (1_077, 1_392)
    found = [(round(e.effect, 2), round(e.se, 2)) for e in campaign_13.estimates]
    assert found == [(-6.22, 4.56), (-9.64, 3.77), (-19.36, 3.71)]
    assert all(e.estimand.startswith("ATT") for e in campaign_13.estimates)


def test_the_gap_was_there_before_campaign_13_and_shrank(campaign_13):
    assert campaign_13.gaps["gap"].tail(4).round(1).tolist() == [179.8, 172.1, 158.6, 153.9]
    assert campaign_13.gaps.iloc[-1][["treated", "control"]].astype(float).round(2).tolist() == [225.37, 71.50]


def test_campaign_13_warns_of_its_windows_and_its_placebos(campaign_13):
    assert campaign_13.windows_disagree and campaign_13.placebo_fails
    text = " | ".join(campaign_13.warnings)
    for part in ("2 of 5 placebos", "the pre-windows disagree (-19.36 to -6.22)", "below their usual distance"):
        assert part in text


# --- Known truth -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_parallel_trends_give_the_truth_and_placebos_that_hold():
    hits = fails = disagreements = 0
    for seed in range(40):
        result = measure(draw_receipts(seed, n=80), n=80, pre_days=(28, 84))
        hits += result.estimates[0].low <= 5 <= result.estimates[0].high
        fails += result.placebo_fails
        disagreements += result.windows_disagree
    assert hits >= stats.binom.ppf(0.0005, 40, 0.95)
    assert max(fails, disagreements) <= stats.binom.ppf(0.9995, 40, 0.05)


def test_a_gap_that_grows_by_itself_is_caught_by_placebo_dates_and_windows():
    result = measure(draw_receipts(0, effect=0, drift=0.5))
    assert result.placebo_fails and result.windows_disagree
    assert result.estimates[-1].low > 0


def test_customers_picked_at_their_peak_fall_back_and_the_result_says_so():
    result = measure(draw_receipts(0, effect=0, peak=4))
    assert result.estimates[0].high < 0
    assert any("above their usual distance" in text for text in result.warnings)


def test_one_difference_a_customer_equals_the_panel_clustered_by_customer():
    receipts = draw_receipts(3)
    result = measure(receipts, pre_days=[28]).estimates[0]
    recent = receipts[receipts["time"] >= START - pd.Timedelta(days=28)]
    panel = recent.assign(post=recent["time"] >= START).groupby(["customer_id", "post"], as_index=False)["sales"].sum()
    t, post = (panel["customer_id"] % 2 == 0).astype(float), panel["post"].astype(float)
    design = np.column_stack([np.ones(len(panel)), t, post, t * post])
    clustered = sm.OLS(panel["sales"], design).fit(cov_type="cluster", cov_kwds={"groups": panel["customer_id"]})
    lines = sm.OLS(panel["sales"], design).fit()
    assert result.effect == pytest.approx(clustered.params.iloc[3])
    assert result.se == pytest.approx(clustered.bse.iloc[3], rel=0.01)
    # Rows as if they were independent customers: too wide here, too narrow where a customer is many rows.
    assert abs(lines.bse.iloc[3] / result.se - 1) > 0.05


def test_many_rows_a_customer_do_not_narrow_the_interval():
    receipts = draw_receipts(4)
    tenth = receipts.assign(sales=receipts["sales"] / 10)
    split = pd.concat([tenth] * 10, ignore_index=True)
    assert measure(split).estimates[0].se == pytest.approx(measure(receipts).estimates[0].se)


def test_customers_who_bought_nothing_count_as_zero():
    receipts = draw_receipts(5, n=40)
    some, everybody = measure(receipts, n=40), measure(receipts, n=40, customers=range(80))
    assert everybody.naive.n_control == 60
    control = some.gaps["control"].iloc[-1]
    assert everybody.gaps["control"].iloc[-1] == pytest.approx(control * 20 / 60)


def test_stores_that_were_chosen_whole_make_the_clusters():
    receipts = draw_receipts(6)
    customers = pd.DataFrame({"customer_id": range(200), "store": [f"store {i // 2 % 10}-{i % 2}" for i in range(200)]})
    shock = np.random.default_rng(0).normal(0, 10, 20)
    code = pd.factorize(customers["store"])[0]
    receipts["sales"] += np.where(receipts["time"] >= START, shock[code[receipts["customer_id"]]], 0)
    plain, stores = measure(receipts), measure(receipts, customers=customers, cluster="store")
    assert stores.estimates[0].effect == pytest.approx(plain.estimates[0].effect)
    assert stores.estimates[0].se > 2 * plain.estimates[0].se
    assert any("only 20 clusters" in text for text in stores.warnings)


# --- Windows and wrong input -----------------------------------------------------------------------


def test_a_window_holds_its_first_moment_and_not_its_end():
    moments = [START - pd.Timedelta(seconds=1), START, END - pd.Timedelta(seconds=1), END]
    receipts = pd.DataFrame({"customer_id": 1, "time": moments, "sales": [1.0, 10.0, 100.0, 1000.0]})
    people = pd.DataFrame({"customer_id": [1, 2]})
    rates = add_up(open_table(receipts), people, [(START, END), before(START, 14)], per_days=28)
    assert rates[(START, END)].tolist() == [110.0, 0.0]
    assert rates[before(START, 14)].tolist() == [2.0, 0.0]


@pytest.mark.parametrize(
    "kind", [*(pytest.param(kind, marks=pytest.mark.slow) for kind in ("parquet", "duckdb")), "shuffled"]
)
def test_every_source_and_order_gives_the_same(kind, tmp_path):
    receipts = draw_receipts(7)
    expected = measure(receipts).to_frame()
    if kind == "parquet":
        receipts.to_parquet(tmp_path / "receipts.parquet")
        receipts = tmp_path / "receipts.parquet"
    elif kind == "duckdb":
        receipts = open_table(receipts).to_native()
    else:
        receipts = receipts.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(measure(receipts).to_frame(), expected)


def test_another_amount_can_be_added_up():
    receipts = draw_receipts(8).assign(margin=lambda t: t["sales"] / 4)
    assert measure(receipts, outcome="margin").naive.effect == pytest.approx(measure(receipts).naive.effect / 4)
    with pytest.raises(TableError, match="no column `profit`"):
        measure(receipts, outcome="profit")


def test_placebo_dates_can_be_chosen_or_none_and_then_it_says_so():
    result = measure(draw_receipts(9), placebo_dates=["2025-05-01", START - (END - START)])
    assert sorted({e.details["start"] for e in result.placebos})[0] == pd.Timestamp("2025-05-01")
    without = measure(draw_receipts(9), placebo_dates=[])
    assert not without.placebo_fails
    assert any("parallel trends could not be checked" in text for text in without.warnings)
    assert without.to_frame()["p_holm"].isna().all()
    assert len(correct_for_many([])) == 0


def test_windows_outside_the_receipts_are_listed_together():
    with pytest.raises(TableError) as caught:
        wrong = {"pre_days": [28, 400], "end": "2025-09-01", "placebo_dates": ["2025-06-20", "2025-01-10"]}
        measure(draw_receipts(0), covered=None, **wrong)
    text = "\n".join(caught.value.problems)
    for part in (
        "400 days before 2025-07-01 are not covered: receipts begin on 2025-01-07",
        "runs to 2025-09-01, the receipts only to 2025-07-23",
        "the false campaign of 2025-06-20 runs into the true one",
        "28 days before 2025-01-10 are not covered",
    ):
        assert part in text
    with pytest.raises(TableError, match="before it starts"):
        measure(draw_receipts(0), end=START - pd.Timedelta(days=3))
    with pytest.raises(TableError, match="at least one length"):
        measure(draw_receipts(0), pre_days=[])


def test_unknown_and_repeated_customers_are_counted():
    receipts = draw_receipts(0, n=20)
    with pytest.raises(TableError, match="2 of 3 treated ids are no customers, for example 900, 901"):
        measure(receipts, n=20, treated=[2, 900, 901])
    twice = pd.DataFrame({"customer_id": [*range(20), 3]})
    with pytest.raises(TableError, match="`customer_id` repeats in 1 rows"):
        measure(receipts, n=20, customers=twice)
    with pytest.raises(TableError, match="`customers` needs a column `store`"):
        measure(receipts, n=20, cluster="store")
    with pytest.raises(TableError, match="0 of 20 customers are treated"):
        measure(receipts, n=20, treated=[])
    with pytest.raises(TableError, match="`sales` is empty in 1 of 580 rows"):
        measure(receipts.assign(sales=receipts["sales"].mask(receipts.index == 5)), n=20)


def test_without_a_list_of_customers_the_result_says_who_is_missing():
    result = measure(draw_receipts(0), customers=None)
    assert any("who never bought anything" in text for text in result.warnings)


@pytest.mark.slow
def test_both_charts_carry_the_finding_as_title(campaign_13):
    ax = campaign_13.plot(unit="$", source="a test")
    assert ax.get_title(loc="left") == "The gap also moved before the campaign"
    assert len(ax.get_yticklabels()) == len(campaign_13.estimates) + len(campaign_13.placebos)
    assert campaign_13.plot_gap(unit="$").get_title(loc="left") == "The gap was there first"
    assert measure(draw_receipts(0)).plot().get_title(loc="left") == "The windows agree"
    assert "Difference in differences" in campaign_13._repr_html_()


def test_foreign_column_names_are_one_plain_message():
    table = pd.DataFrame({"Номер карты": [1], "Дата чека": ["03.04.2026"], "Сумма": [1.0]})
    with pytest.raises(TableError, match="no column `customer_id`.*found: Номер карты, Дата чека, Сумма") as caught:
        difference_in_differences(table, treated=[1], start="2026-05-01", end="2026-06-01")
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_a_mask_is_no_list_of_ids(kind):
    mask = kind([customer % 2 == 0 for customer in range(200)])
    with pytest.raises(TableError, match="`treated` holds True and False, which are no ids: give the ids"):
        measure(draw_receipts(1), treated=mask)


@pytest.mark.parametrize("treated", [5, "1, 2", pd.DataFrame({"customer_id": [1]}), None])
def test_what_is_no_list_of_ids_is_refused(treated):
    with pytest.raises(TableError, match="`treated` should be ids, found"):
        measure(draw_receipts(1), treated=treated)


def test_receipts_that_are_no_table_are_refused_as_everywhere():
    with pytest.raises(TableError, match="receipts: 1 problem\n  1. expected a table"):
        measure(5)


def test_ids_that_match_nobody_are_shown_from_both_sides():
    receipts = draw_receipts(1)
    says = (
        "no customer of `treated` stands in the customers; `customer_id` is '000', '002', '004' in `treated` and 0, 1"
    )
    with pytest.raises(TableError, match=says):
        measure(receipts, treated=[f"{customer:03}" for customer in range(0, 200, 2)])
    with pytest.raises(TableError, match="no customer of the customers stands in the receipts; `customer_id` is 'c0'"):
        measure(receipts, customers=[f"c{customer}" for customer in range(200)], treated=["c0", "c2"])


def test_whole_decimal_ids_and_lines_without_a_customer_change_nothing():
    receipts = draw_receipts(1)
    plain = measure(receipts)
    more = pd.concat([receipts, receipts.head(3).assign(customer_id=np.nan)])
    found = measure(more, treated=pd.Series(range(0, 200, 2), dtype=float))
    assert found.estimates[0].effect == pytest.approx(plain.estimates[0].effect)
    assert any("3 of 5,803 rows have no customer and are left out" in text for text in found.warnings)


@pytest.mark.parametrize("name", ["start", "end"])
def test_a_date_with_two_meanings_is_refused(name):
    receipts = pd.DataFrame({"customer_id": [1, 2], "time": pd.to_datetime(["2024-01-02", "2024-03-01"]), "sales": 1.0})
    window = {"start": "2024-02-01", "end": "2024-02-15"} | {name: "01.02.2024"}
    with pytest.raises(TableError, match=f"{name} should be a day such as '2017-12-01', found '01.02.2024'"):
        difference_in_differences(receipts, treated=[1], pre_days=(28,), **window)


def test_receipts_without_a_row_have_no_span_and_this_is_said():
    receipts = pd.DataFrame({"time": pd.to_datetime([])})
    with pytest.raises(TableError, match="the table holds no receipt"):
        find_span(open_table(receipts))
