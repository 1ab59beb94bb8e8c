import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from loyalty.learn.history.response_rates import add_rates, measure_rates
from loyalty.learn.history.store import open_history
from loyalty.stats.intervals import wilson
from loyalty.stats.shrinkage import shrink_rates
from loyalty.tables.check import TableError


def make_rows(cells, campaign=1, **columns):
    """One row a contact: for each (segment, offer) so many contacts, the first of them responding."""
    parts = [
        pd.DataFrame({"segment": segment, "offer_id": offer, "responded": [1] * hits + [0] * (n - hits)})
        for (segment, offer), (hits, n) in cells.items()
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(campaign_id=campaign, wave=1, customer_id=np.arange(len(rows)), window="main", arm="coupon")
    return rows.assign(scheme="rfm", version="1").assign(**columns)


CELLS = {
    ("new", "gift"): (3, 6), ("new", "points"): (20, 400), ("loyal", "gift"): (80, 500), ("loyal", "points"): (45, 300),
    ("lost", "gift"): (4, 200), ("lost", "points"): (1, 90),
}  # fmt: skip


def test_a_cell_of_three_responses_is_best_by_its_raw_rate_and_not_crowned():
    rates = measure_rates(make_rows(CELLS))
    table = rates.table
    assert table.loc[table["rate"].idxmax(), ["segment", "offer_id"]].tolist() == ["new", "gift"]
    assert rates.best[["segment", "offer_id"]].tolist() == ["loyal", "gift"]
    lucky = table[(table["segment"] == "new") & (table["offer_id"] == "gift")].iloc[0]
    assert (lucky["n"], lucky["responses"], lucky["warnings"]) == (6, 3, "only 3 responses")
    assert lucky["rate"] == 0.5 and lucky["shrunken"] < 0.3 and lucky["shrunken_low"] < 0.1


def test_rates_counts_intervals_and_shrunken_values_agree_with_statsmodels_and_with_shrink_rates():
    table = measure_rates(make_rows(CELLS)).table.set_index(["segment", "offer_id"])
    hits, n = (pd.Series({cell: value[i] for cell, value in CELLS.items()}) for i in (0, 1))
    table = table.loc[hits.index]
    assert (table["responses"] == hits.to_numpy()).all() and (table["n"] == n.to_numpy()).all()
    assert (table["customers"] == n.to_numpy()).all() and (table["n_effective"] == n.to_numpy()).all()
    low, high = proportion_confint(hits, n, method="wilson")
    np.testing.assert_allclose(table["low"], low)
    np.testing.assert_allclose(table["high"], high)
    direct = shrink_rates(hits, n).table
    np.testing.assert_allclose(table["shrunken"], direct["shrunken"], rtol=1e-5)
    np.testing.assert_allclose(table["shrunken_low"], direct["low"], rtol=1e-4)


@pytest.mark.parametrize("hits, n", [(0, 12), (12, 12), (1, 3), (999, 10**6)])
def test_wilson_is_statsmodels_wilson(hits, n):
    np.testing.assert_allclose(wilson(hits / n, n), proportion_confint(hits, n, method="wilson"), atol=1e-12)


def make_repeated(seed, customers=300, waves=8):
    """Customers who come in several waves, each with a rate of his own."""
    draw = np.random.default_rng(seed)
    own = draw.beta(0.5, 4.5, customers)
    parts = []
    for wave in range(1, waves + 1):
        who = np.flatnonzero(draw.random(customers) < 0.7)
        parts.append(pd.DataFrame({"wave": wave, "customer_id": who, "responded": draw.random(len(who)) < own[who]}))
    return pd.concat(parts, ignore_index=True).assign(
        campaign_id=1, window="main", arm="coupon", responded=lambda t: t["responded"].astype(int), offer_id="gift"
    )


def test_the_error_of_repeated_customers_is_statsmodels_clustered_error():
    rows = make_repeated(1)
    cell = measure_rates(rows, by=["offer_id"]).table.iloc[0]
    fit = sm.OLS(rows["responded"], np.ones(len(rows))).fit(
        cov_type="cluster", cov_kwds={"groups": rows["customer_id"], "df_correction": False}
    )
    assert cell["rate"] == pytest.approx(fit.params.iloc[0])
    assert cell["se"] == pytest.approx(fit.bse.iloc[0], rel=1e-9)
    inflation = cell["se"] ** 2 / (cell["rate"] * (1 - cell["rate"]) / cell["n"])
    assert inflation > 1.3 and cell["n_effective"] == pytest.approx(cell["n"] / inflation)


@pytest.mark.slow
def test_intervals_that_know_of_repeated_customers_hold_and_those_that_do_not_hold_too_little():
    knowing, naive = [], []
    for seed in range(600):
        people = make_repeated(seed, customers=120).groupby("customer_id")["responded"].agg(["size", "sum"])
        n, y = people["size"], people["sum"]
        sums = {"n": n.sum(), "y": y.sum(), "nn": (n * n).sum(), "n_y": (n * y).sum(), "y_y": (y * y).sum()}
        cell = add_rates(pd.DataFrame([sums | {"customers": len(people)}]), 0.95).iloc[0]
        knowing.append(cell["low"] <= 0.1 <= cell["high"])
        low, high = wilson(cell["rate"], cell["n"])
        naive.append(low <= 0.1 <= high)
    assert np.mean(naive) < 0.90 and 0.93 <= np.mean(knowing) <= 0.97


def test_control_contacts_and_other_windows_are_not_in_the_rate():
    rows = make_rows({("new", "gift"): (10, 40)})
    control = rows.assign(customer_id=rows["customer_id"] + 1000, arm="control", offer_id=None, responded=1)
    later = rows.assign(window="post", responded=1)
    together = pd.concat([rows, control, later])
    assert measure_rates(together).table[["n", "responses"]].to_numpy().tolist() == [[40, 10]]
    assert measure_rates(together, window="post").table["responses"].tolist() == [40]


def test_a_contact_without_a_segment_is_counted_as_unknown():
    rows = make_rows({("new", "gift"): (10, 40), ("lost", "gift"): (5, 30)})
    rows["segment"] = rows["segment"].where(rows["segment"] != "lost")
    rows["offer_id"] = rows["offer_id"].where(rows.index != 0)
    table = measure_rates(rows, min_size=1).table
    assert table["n"].sum() == 70 and set(table["segment"]) == {"new", "unknown"}
    assert table.set_index(["segment", "offer_id"]).loc[("new", "unknown"), "n"] == 1


def test_an_outcome_that_nobody_has_is_told_whatever_the_type_of_its_column():
    rows = make_rows({("new", "gift"): (10, 40)}).assign(responded=pd.Series([None] * 40, dtype=object))
    with pytest.raises(ValueError, match="no treated contacts with responded"):
        measure_rates(rows)


def test_small_cells_are_left_out_and_their_number_is_said():
    rates = measure_rates(make_rows(CELLS), min_size=100)
    assert (
        len(rates.table) == 4 and "2 cells with fewer than 100 customers were left out (96 contacts)" in rates.warnings
    )
    with pytest.raises(ValueError, match="no cell with 1000 customers"):
        measure_rates(make_rows(CELLS), min_size=1000)


def test_families_of_offers_have_priors_of_their_own():
    rates = measure_rates(make_rows(CELLS), within="offer_id")
    assert set(rates.priors) == {"gift", "points"}
    gifts = shrink_rates([3, 80, 4], [6, 500, 200])
    table = rates.table[rates.table["offer_id"] == "gift"].set_index("segment").loc[["new", "loyal", "lost"]]
    np.testing.assert_allclose(table["shrunken"], gifts.table["shrunken"], rtol=1e-5)
    assert any(text.startswith("gift: fewer than four cells") for text in rates.warnings)


def test_segments_of_two_schemes_are_not_mixed_without_a_word():
    one, other = make_rows(CELLS), make_rows(CELLS, campaign=2, version="2")
    mixed = measure_rates(pd.concat([one, other]))
    assert "segments of different schemes or versions are mixed (rfm 1, rfm 2)" in " ".join(mixed.warnings)
    apart = measure_rates(pd.concat([one, other]), by=["segment", "version"])
    assert "mixed" in " ".join(apart.warnings)
    assert measure_rates(pd.concat([one, other]), by=["segment", "scheme", "version"]).warnings == ()
    assert measure_rates(one).warnings == ()


def test_an_outcome_that_was_not_measured_is_no_zero():
    rows = make_rows({("new", "gift"): (10, 40)}).astype({"responded": "Int64"})
    rows.loc[rows.index >= 30, "responded"] = pd.NA
    rates = measure_rates(rows)
    assert rates.table["n"].tolist() == [30] and "10 contacts were left out" in rates.warnings[0]


def test_money_counts_as_an_outcome_where_it_is_above_zero():
    rows = make_rows({("new", "gift"): (10, 40)})
    rows["sales"] = rows["responded"] * 12.5 - (rows.index == 39)
    assert measure_rates(rows, outcome="sales").table["responses"].tolist() == [10]


def test_a_cell_in_which_all_or_none_responded_says_so():
    table = measure_rates(make_rows({("new", "gift"): (25, 25), ("lost", "gift"): (0, 25)})).table.set_index("segment")
    assert "were those who did not left out" in table.loc["new", "warnings"]
    assert table.loc["lost", "warnings"] == "no response" and table.loc["lost", "high"] > 0.1


@pytest.mark.slow
def test_the_history_its_frame_and_its_export_give_the_same_rates(tmp_path):
    rows = make_rows(CELLS)
    contacts = rows.drop(columns=["responded", "window"])
    outcomes = rows[["campaign_id", "wave", "customer_id", "window", "responded"]]
    with open_history(tmp_path / "h.duckdb") as history:
        history.append(contacts, outcomes)
        rates = measure_rates(history)
        path = history.export(tmp_path)[0]
        for source in (history.to_frame(), path, history.rows()):
            pd.testing.assert_frame_equal(measure_rates(source).table, rates.table)
        history.alias("points", "gift")
        assert set(measure_rates(history).table["offer_id"]) == {"gift"}


def test_a_contact_that_comes_twice_is_refused():
    rows = make_rows(CELLS)
    with pytest.raises(TableError, match="more than once"):
        measure_rates(pd.concat([rows, rows.head(1)]))


@pytest.mark.parametrize(
    "options, says",
    [
        ({"by": ["segment", "mood"]}, "no column mood; it has"),
        ({"outcome": "joy"}, "outcome should be one of"),
        ({"window": "pre"}, "no treated contacts"),
        ({"within": "arm"}, "within should be one of by"),
    ],
)
def test_a_question_that_the_history_cannot_answer_is_refused_in_plain_words(options, says):
    with pytest.raises(ValueError, match=says):
        measure_rates(make_rows(CELLS), **options)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["new", "lost", None]), st.sampled_from(["gift", "points", None])),
        st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda pair: (min(pair), max(pair))), min_size=1,
    ), st.integers(0, 10**6),
)  # fmt: skip
def test_no_contact_is_lost_and_the_order_of_rows_changes_nothing(cells, seed):
    rows = make_rows(cells)
    first, again = (measure_rates(t, min_size=1) for t in (rows, rows.sample(frac=1, random_state=seed)))
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.table["n"].sum() == len(rows) and first.table["responses"].sum() == rows["responded"].sum()
    for low, middle, high in (("low", "rate", "high"), ("shrunken_low", "shrunken", "shrunken_high")):
        assert (
            (first.table[low] <= first.table[middle] + 1e-12) & (first.table[middle] <= first.table[high] + 1e-12)
        ).all()


def test_the_result_shows_itself_as_table_and_chart():
    rates = measure_rates(make_rows(CELLS))
    assert "only 3 responses" in rates._repr_html_() and rates.to_frame().equals(rates.table)
    ax = rates.plot(title="Three responses are no winner")
    assert len(ax.get_yticklabels()) == 6 and "loyal · gift  (500)" in [t.get_text() for t in ax.get_yticklabels()]
    plt.close("all")


def test_a_cell_that_stands_apart_is_named_by_its_segment_and_offer():
    cells = {(f"s{at}", "gift"): (8 + at % 3, 300) for at in range(12)} | {("s12", "gift"): (120, 300)}
    rates = measure_rates(make_rows(cells))
    (said,) = [text for text in rates.warnings if "stands apart" in text]
    assert said.startswith("one cell stands apart: `s12, gift` with 0.4, shown as 0.3")
