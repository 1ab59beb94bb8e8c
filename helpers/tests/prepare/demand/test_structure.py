"""Classes, mix, season, and lines laid on periods: by hand, with ties and edges, and against what is known."""

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.prepare.demand import classify_abc_xyz, flag_periods, mix_by_segment, season_of, sum_demand
from loyalty.prepare.demand.calendar import find_grid
from loyalty.tables import TableError


def make_lines(amounts, months=12):
    """One line a product and month: a mapping of product to what is paid in each month."""
    days = pd.date_range("2024-01-01", periods=months, freq="MS") + pd.Timedelta(9, "D")
    parts = []
    for name, values in amounts.items():
        values = np.broadcast_to(np.asarray(values, float), months)
        rows = pd.DataFrame({"customer_id": 1, "time": days, "sales": values, "product_id": name, "quantity": values})
        parts.append(rows[rows["sales"] > 0])
    first = pd.DataFrame({"customer_id": 1, "time": pd.to_datetime(["2024-01-01"]), "sales": 1e-9, "product_id": "a"})
    last = first.assign(time=pd.Timestamp("2024-01-01") + pd.DateOffset(months=months) - pd.Timedelta(1, "D"))
    return pd.concat([*parts, first, last], ignore_index=True).fillna({"quantity": 1e-9})


def letters(lines, column="abc", **options):
    table = classify_abc_xyz(lines, draws=20, **options).table
    return dict(zip(table["item"], table[column], strict=True))


def test_who_crosses_a_border_is_above_it():
    found = letters(make_lines({"a": 50, "b": 25, "c": 15, "d": 6, "e": 4}))
    assert found == {"a": "A", "b": "A", "c": "A", "d": "B", "e": "C"}


def test_items_of_equal_value_have_one_class():
    found = letters(make_lines({"a": 40, "b": 20, "c": 20, "d": 20}))
    assert found == {"a": "A", "b": "A", "c": "A", "d": "A"}
    many = letters(make_lines({"a": 79, "b": 7, "c": 7, "d": 7}))
    assert many["b"] == many["c"] == many["d"] == "A"


def test_an_item_with_all_of_a_border_above_it_lies_below_it():
    lines = make_lines({"x": 80 / 7, "y": 15 / 7, "z": 5 / 7}).query("product_id != 'a'")
    assert letters(lines, start="2024-01-01", end="2025-01-01") == {"x": "A", "y": "B", "z": "C"}


def test_a_cv_on_a_cut_has_the_better_letter():
    lines = make_lines({"a": 50, "b": np.tile([1.0, 9.0], 6)})
    cv = letters(lines, "cv")["b"]
    assert letters(lines, "xyz", cuts=(cv, 2 * cv))["b"] == "X" and letters(lines, "xyz", cuts=(cv / 2, cv))["b"] == "Y"
    assert letters(lines, "xyz", cuts=(cv / 3, cv / 2))["b"] == "Z"


def test_the_order_of_lines_does_not_matter():
    lines = make_lines({"a": 50, "b": 25, "c": 15, "d": 6, "e": 4})
    mixed = lines.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(classify_abc_xyz(lines, draws=9).table, classify_abc_xyz(mixed, draws=9).table)


def test_xyz_follows_the_coefficient_of_variation():
    swing, burst = np.tile([1.0, 9.0], 6), np.where(np.arange(12) % 4, 1.0, 40.0)
    lines = make_lines({"a": 10, "b": swing, "c": burst})
    table = classify_abc_xyz(lines, draws=20).table.set_index("item")
    days = pd.date_range("2024-01-01", periods=12, freq="MS").days_in_month.to_numpy()
    for name, values in (("b", swing), ("c", burst)):
        rate = values / days
        assert table.loc[name, "cv"] == pytest.approx(rate.std(ddof=1) / rate.mean(), rel=1e-6)
    assert table["xyz"].to_dict() == {"a": "X", "b": "Y", "c": "Z"}
    assert table.loc["c", "cv_low"] < table.loc["c", "cv"] < 1.5 * table.loc["c", "cv_high"]


def test_two_years_take_the_season_of_the_department_out_and_one_year_says_that_it_did_not():
    wave = 10 + 8 * np.cos(2 * np.pi * np.arange(36) / 12)
    lines = make_lines({"a": wave, "b": 3 * wave, "c": 20}, months=36)
    products = pd.DataFrame({"product_id": ["a", "b", "c"], "department": ["sun", "sun", "soap"]})
    out = classify_abc_xyz(lines, products=products, season_by="department", draws=20)
    assert out.is_deseasoned and out.table.set_index("item").loc["b", "cv"] < 0.05
    one = classify_abc_xyz(lines, end="2025-01-01", draws=20)
    assert not one.is_deseasoned and one.table.set_index("item").loc["b", "cv"] > 0.5
    assert any("it is still in the cv" in note for note in one.warnings)


def test_few_items_that_share_a_season_are_told_and_ten_are_enough():
    lines = make_lines(dict.fromkeys("abcdefghijk", 20), months=24)
    products = pd.DataFrame({"product_id": list("abcdefghijk"), "department": ["sun"] * 10 + ["soap"]})
    found = classify_abc_xyz(lines, products=products, season_by="department", draws=9).warnings
    assert any(note.startswith("1 items share their season with fewer than 9 others") for note in found)
    products["department"] = ["sun"] * 9 + ["soap"] * 2
    found = classify_abc_xyz(lines, products=products, season_by="department", draws=9).warnings
    assert any(note.startswith("11 items share their season") for note in found)


def test_the_cv_of_chance_is_that_of_a_count():
    rng = np.random.default_rng(4)
    days = pd.date_range("2022-01-01", "2024-12-31")
    parts = []
    for name, rate in (("rare", 0.2), ("often", 8.0)):
        times = days.repeat(rng.poisson(rate, len(days)))
        parts.append(pd.DataFrame({"customer_id": 1, "time": times, "sales": 2.0, "product_id": name}))
    table = classify_abc_xyz(pd.concat(parts), draws=50).table.set_index("item")
    assert table.loc["rare", "cv_chance"] == pytest.approx(1 / np.sqrt(0.2 * 30.4), rel=0.1)
    assert (table["cv"] / table["cv_chance"]).between(0.6, 1.4).all() and table.loc["often", "cv"] < 0.1


def test_an_item_counts_from_its_first_month_on_and_a_new_one_is_told():
    late = np.where(np.arange(12) < 9, 0.0, 30.0)
    half = np.where(np.arange(12) < 5, 0.0, 30.0)
    found = classify_abc_xyz(make_lines({"a": 50, "b": late, "c": half}), draws=20)
    table = found.table.set_index("item")
    assert table.loc["b", "xyz"] == "new" and np.isnan(table.loc["b", "xyz_keep"]) and table.loc["c", "xyz"] == "X"
    assert any("1 items were first sold less than 6 months" in note for note in found.warnings)
    assert found.matrix().columns.tolist() == ["X", "Y", "Z", "new"] and found.matrix(
        "share"
    ).sum().sum() == pytest.approx(1)


def test_an_item_at_a_border_keeps_its_class_less_often_than_one_that_is_far():
    rng = np.random.default_rng(2)
    lines = make_lines(
        {"a": 70 + 20 * rng.random(12), "b": 9 + 6 * rng.random(12), "c": 8 + 6 * rng.random(12), "d": 5}
    )
    table = classify_abc_xyz(lines).table.set_index("item")
    assert table.loc["a", "abc_keep"] == 1 and table["abc_keep"].min() < 0.95


def test_classes_show_themselves(chain):
    found = classify_abc_xyz(chain.receipts, by="category", products=chain.products, draws=20)
    assert "items" in repr(found) and "<table" in found._repr_html_()
    found.plot()
    found.plot_evenness()
    assert len(plt.get_fignums()) == 2
    plt.close("all")
    with pytest.raises(TableError, match="what should be"):
        found.matrix("euros")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"shares": (0.95, 0.8)}, "shares should be two fractions that rise"),
        ({"cuts": (0, 1)}, "cuts should be two numbers above 0"),
        ({"value": "margin"}, "value should be 'sales' or 'pieces'"),
        ({"season_by": "department"}, "give `products`"),
        ({"by": "brand"}, "there is no column `brand` in the receipts"),
        ({"start": "2024-11-01"}, "three or more say how months differ"),
    ],
)
def test_classes_that_cannot_be_made_say_why(options, says):
    with pytest.raises(TableError, match=says):
        classify_abc_xyz(make_lines({"a": 5, "b": 3}), **options)


# --- Periods -------------------------------------------------------------------------------------


def test_weeks_are_whole_and_empty_ones_are_zero(chain):
    demand = sum_demand(chain.receipts, products=chain.products)
    wide = demand.wide()
    assert (
        (wide.index.day_of_week == 0).all() and demand.days == 7 * len(wide) and (wide.index.diff()[1:].days == 7).all()
    )
    names = chain.products.set_index("product_id")["category"]
    lines = chain.receipts.assign(category=chain.receipts["product_id"].map(names))
    week = lines[lines["time"].between("2023-03-06", "2023-03-13", inclusive="left")]
    assert wide.loc["2023-03-06"].sum() == week["quantity"].sum()
    assert wide.loc["2023-03-06", "Nappies"] == week.loc[week["category"] == "Nappies", "quantity"].sum()
    assert any("are no whole week" in note for note in demand.warnings)
    assert demand.series("Nappies", "sales").sum() == pytest.approx(demand.wide("sales")["Nappies"].sum())
    with pytest.raises(TableError, match="there is no item 'Cars'"):
        demand.series("Cars")


def test_pandas_duckdb_and_parquet_give_the_same(chain, tmp_path):
    path = tmp_path / "receipts.parquet"
    chain.receipts.to_parquet(path)
    tables = [
        sum_demand(source, products=chain.products, every="month").table
        for source in (chain.receipts, path, duckdb.read_parquet(str(path)))
    ]
    for other in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], other, rtol=1e-9)


def test_returns_gifts_and_lines_without_a_product_do_not_count():
    lines = pd.DataFrame(
        {
            "customer_id": 1,
            "time": pd.Timestamp("2024-01-01"),
            "sales": [5.0, -5.0, 0.0, 7.0, 3.0, 2.0],
            "quantity": [2.0, -2.0, 1.0, np.nan, 1.0, 0.0],
            "kind": ["sale", "return", "sale", "sale", "cancel", "sale"],
            "product_id": ["a", "a", "a", "a", "a", None],
        }
    )
    demand = sum_demand(lines, by="product_id", every="day")
    assert demand.table[["pieces", "sales", "squares"]].iloc[0].tolist() == [3, 12, 5]
    assert demand.warnings == ("1 lines without `product_id` are left out",)


def test_a_window_that_is_wider_than_the_receipts_is_told_and_one_without_a_period_refused():
    lines = pd.DataFrame({"customer_id": 1, "time": pd.to_datetime(["2024-01-03"]), "sales": 5.0, "product_id": 1})
    demand = sum_demand(lines, by="product_id", start="2024-01-01", end="2024-01-15")
    assert demand.wide()[1].tolist() == [1, 0] and any("wider than the receipts" in note for note in demand.warnings)
    with pytest.raises(TableError, match="no whole week"):
        sum_demand(lines, by="product_id")
    with pytest.raises(TableError, match="start should lie before end"):
        sum_demand(lines, by="product_id", start="2024-02-01", end="2024-01-01")


def test_products_that_are_not_listed_or_stand_twice_are_told():
    lines = pd.DataFrame({"customer_id": 1, "time": pd.Timestamp("2024-01-01"), "sales": 5.0, "product_id": [1, 2]})
    listed = pd.DataFrame({"product_id": [1], "category": ["tea"]})
    demand = sum_demand(lines, products=listed, every="day")
    assert demand.wide().columns.tolist() == ["(not listed)", "tea"] and "1 lines are of products" in demand.warnings[0]
    with pytest.raises(TableError, match="stand more than once"):
        sum_demand(lines, products=pd.concat([listed, listed]), every="day")
    with pytest.raises(TableError, match="are the ids of one type"):
        sum_demand(lines, products=listed.assign(product_id="x"), every="day")
    with pytest.raises(TableError, match="no column `brand` in the products"):
        sum_demand(lines, by="brand", products=listed, every="day")


def test_a_week_with_one_flagged_day_is_flagged(chain):
    demand = sum_demand(chain.receipts, products=chain.products)
    flags = pd.DataFrame(
        {"category": "Nappies", "date": pd.to_datetime(["2023-03-12", "2023-03-13"]), "out_of_stock": [True, False]}
    )
    found = flag_periods(flags, demand, what=("out_of_stock",))
    assert found.sum().sum() == 1 and found.loc["2023-03-06", "Nappies"]
    with pytest.raises(TableError, match="no column `promotion`"):
        flag_periods(flags, demand)
    with pytest.raises(TableError, match="no `category` of the flags is an item"):
        flag_periods(flags.assign(category="Cars"), demand, what=("out_of_stock",))
    with pytest.raises(TableError, match="should be true or false"):
        flag_periods(flags.assign(out_of_stock=1), demand, what=("out_of_stock",))
    with pytest.raises(TableError, match="`date` should be days"):
        flag_periods(flags.assign(date="2023-03-12"), demand, what=("out_of_stock",))


# --- Mix -----------------------------------------------------------------------------------------


def test_the_mix_is_the_share_by_hand_and_its_error_that_of_a_ratio():
    money = pd.DataFrame({"tea": [6.0, 0.0, 5.0, 2.0], "jam": [2.0, 6.0, 1.0, 4.0]}, index=[1, 2, 3, 4])
    lines = money.stack().rename("sales").reset_index().set_axis(["customer_id", "category", "sales"], axis=1)
    lines["time"] = pd.Timestamp("2024-01-05")
    groups = pd.DataFrame({"customer_id": [1, 2, 3, 4], "segment": ["old", "old", "old", "new"]})
    table = mix_by_segment(lines, groups, by="category").table.set_index(["segment", "item"])
    row = table.loc[("old", "tea")]
    assert row["share"] == pytest.approx(11 / 20) and row["others"] == pytest.approx(2 / 6)
    assert row["index"] == pytest.approx(11 / 20 * 3) and row["customers"] == 3
    influence = money.loc[[1, 2, 3], "tea"] - 11 / 20 * money.loc[[1, 2, 3]].sum(axis=1)
    se = np.sqrt(3 / 2 * (influence**2).sum()) / 20
    assert row["high"] == pytest.approx(min(11 / 20 + 4.3026527 * se, 1))
    lines.loc[lines.index[0], "time"] = pd.Timestamp("2024-01-06")
    inside = mix_by_segment(lines, groups, by="category", end="2024-01-06").table.set_index(["segment", "item"])
    assert inside.loc[("old", "tea"), "share"] == pytest.approx(5 / 14), "the window ends before the day `end`"
    begun = mix_by_segment(lines, groups, by="category", start="2024-01-05").table.set_index(["segment", "item"])
    assert begun.loc[("old", "tea"), "share"] == pytest.approx(11 / 20), "and begins with the day `start`"


def make_mix(counts, rare_buyers):
    """Receipts of two segments: everybody buys jam of changing worth, and the first `rare_buyers` of each buy tea."""
    rng = np.random.default_rng(3)
    rows, groups = [], []
    for name, count in counts.items():
        ids = np.arange(count) + 1000 * len(groups)
        groups.append(pd.DataFrame({"customer_id": ids, "segment": name}))
        rows.append(pd.DataFrame({"customer_id": ids, "category": "jam", "sales": rng.lognormal(2, 1, count)}))
        bought = ids[: rare_buyers[name]]
        rows.append(pd.DataFrame({"customer_id": bought, "category": "tea", "sales": rng.lognormal(1, 1, len(bought))}))
    lines = pd.concat(rows).assign(time=pd.Timestamp("2024-01-05"))
    return lines, pd.concat(groups)


def test_the_gap_of_a_large_segment_to_few_others_has_the_degrees_of_freedom_of_the_few():
    lines, groups = make_mix({"large": 400, "small": 6}, {"large": 200, "small": 3})
    table = mix_by_segment(lines, groups, by="category").table.set_index(["segment", "item"])
    large, small = table.loc[("large", "tea")], table.loc[("small", "tea")]
    assert large["gap_low"] == pytest.approx(-small["gap_high"]) and large["q"] == pytest.approx(small["q"])
    money = lines.pivot(index="customer_id", columns="category", values="sales").fillna(0)
    variances = []
    for side in (money[money.index < 1000], money[money.index >= 1000]):
        influence = side["tea"] - side["tea"].sum() / side.to_numpy().sum() * side.sum(axis=1)
        variances.append(len(side) ** 2 * influence.var(ddof=1) / len(side) / side.to_numpy().sum() ** 2)
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / 399 + variances[1] ** 2 / 5)
    width = stats.t.ppf(0.975, freedom) * np.sqrt(sum(variances))
    assert freedom < 10 and large["gap_high"] - large["gap"] == pytest.approx(width)


def test_what_nobody_of_a_segment_bought_has_no_interval_and_few_buyers_are_told():
    lines, groups = make_mix({"a": 100, "b": 100}, {"a": 0, "b": 40})
    mix = mix_by_segment(lines, groups, by="category")
    row = mix.table.set_index(["segment", "item"]).loc[("a", "tea")]
    assert row["share"] == 0 and row["buyers"] == 0
    assert row[["low", "high", "gap_low", "gap_high", "q"]].isna().all()
    assert any("2 of 4 rows stand on fewer than 20 buyers" in note for note in mix.warnings)
    assert mix_by_segment(*make_mix({"a": 100, "b": 100}, {"a": 30, "b": 40}), by="category").warnings == ()


def test_customers_without_a_segment_are_counted_and_nobody_is_refused(chain):
    people = chain.customers[["customer_id"]].assign(segment="all").head(100)
    mix = mix_by_segment(chain.receipts, people, products=chain.products)
    assert any("customers without a segment are left out" in note for note in mix.warnings)
    assert mix.wide().sum().iloc[0] == pytest.approx(1) and mix.table["others"].isna().all()
    with pytest.raises(TableError, match="are the ids those of the receipts"):
        mix_by_segment(
            chain.receipts, people.assign(customer_id="x" + people["customer_id"].astype(str)), products=chain.products
        )
    with pytest.raises(TableError, match="no purchase in the window"):
        mix_by_segment(chain.receipts, people, products=chain.products, start="2040-01-01")


def test_the_mix_shows_itself_and_few_customers_are_told(chain):
    people = chain.customers[["customer_id"]].assign(segment=["few"] * 20 + ["many"] * (len(chain.customers) - 20))
    mix = mix_by_segment(chain.receipts, people, products=chain.products)
    assert any("fewer than 30 buyers in few" in note for note in mix.warnings) and "<table" in mix._repr_html_()
    mix.plot("many")
    plt.close("all")
    with pytest.raises(TableError, match="there is no segment 'all'"):
        mix.plot("all")
    with pytest.raises(TableError, match="what should be a number's column"):
        mix.wide("segment")


# --- Season --------------------------------------------------------------------------------------


def test_a_season_without_luck_is_found_exactly():
    months = pd.date_range("2022-01-01", periods=36, freq="MS")
    shape = np.array([1.5, 1.2, 1, 0.9, 0.8, 0.7, 0.6, 0.7, 0.9, 1, 1.2, 1.5])
    values = np.tile(shape / shape.mean(), 3) * 100 * months.days_in_month * np.exp(0.01 * np.arange(36))
    found = season_of(pd.Series(values, months, name="x"))
    assert np.allclose(found.table["index"], shape / shape.mean(), rtol=1e-6) and (found.table["periods"] == 3).all()


def test_weekdays_have_the_index_of_their_means():
    days = pd.date_range("2024-01-01", periods=70)
    values = np.tile([1.0, 1, 1, 1, 1, 1, 8], 10)
    found = season_of(pd.Series(values, days, name="bread"))
    assert found.of == "weekday" and found.table.loc["Sun", "index"] == pytest.approx(4) and "Sun 4.00" in repr(found)


@pytest.mark.slow
def test_intervals_of_the_season_hold_it_in_95_of_100_draws():
    # 400 draws of twelve months; bounds of 94 to 96.5 % of 4,800 intervals fixed before the first draw
    months = pd.date_range("2022-01-01", periods=36, freq="MS")
    shape = 1 + 0.3 * np.cos(2 * np.pi * np.arange(12) / 12)
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        values = rng.negative_binomial(50, 50 / (50 + np.tile(shape, 3) * 10 * months.days_in_month))
        table = season_of(pd.Series(values.astype(float), months, name="x")).table
        inside += (table["low"].le(shape) & table["high"].ge(shape)).sum()
    assert 0.94 < inside / 4_800 < 0.965


def test_flags_keep_an_empty_shelf_out_of_the_season():
    months = pd.date_range("2022-01-01", periods=36, freq="MS")
    values = pd.Series(100.0 * months.days_in_month, months, name="x")
    empty = pd.Series(False, months)
    empty.iloc[5] = True
    found = season_of(values.where(~empty, 0.0), flags=empty).table
    assert np.allclose(found["index"], 1) and found.loc["Jun", "periods"] == 2
    assert season_of(values.where(~empty, 0.0)).table.loc["Jun", "index"] < 0.7


@pytest.mark.parametrize(
    ("periods", "freq", "options", "says"),
    [
        (20, "MS", {}, "too few for a season of months: 2 years"),
        (30, "D", {}, "too few for weekdays"),
        (120, "7D", {"of": "weekday"}, "weekdays need days, found weeks"),
        (36, "MS", {"level": 95}, "level should be a fraction"),
    ],
)
def test_a_season_that_cannot_be_known_is_refused(periods, freq, options, says):
    series = pd.Series(5.0, pd.date_range("2022-01-01", periods=periods, freq=freq), name="x")
    with pytest.raises(TableError, match=says):
        season_of(series, **options)


def test_a_season_says_what_else_moves_the_series_and_shows_itself():
    months = pd.date_range("2022-01-01", periods=36, freq="MS")
    wild = pd.Series(np.repeat([100.0, 900.0, 300.0], 12) + np.arange(36), months, name="x")
    found = season_of(wild)
    assert any("something else than the season" in note for note in found.warnings) and "<table" in found._repr_html_()
    ax = found.plot(truth=pd.Series(1.0, found.table.index))
    assert "x is highest" in ax.get_title(loc="left")
    plt.close("all")
    with pytest.raises(TableError, match="needs no regression"):
        season_of(wild.where(months.month != 3, 0.0))
    always = pd.Series(months.month == 3, months)
    with pytest.raises(TableError, match="no usable period of Mar"):
        season_of(wild, flags=always)


@pytest.mark.parametrize(
    ("window", "says"),
    [
        (
            {"start": "2030-01-01"},
            "no purchase lies between start and end, the receipts go from 2024-01-01 to 2024-12-31",
        ),
        ({"end": "2020-01-01"}, "no purchase lies between start and end"),
        (
            {"start": "2030-01-01", "end": "2031-01-01"},
            "no purchase lies in the whole months from 2030-01-01 to 2030-12",
        ),
    ],
)
def test_a_window_beside_the_receipts_is_refused_and_gives_no_zeros(window, says):
    lines = make_lines({"a": 2.0})
    with pytest.raises(TableError, match=says):
        sum_demand(lines, by="product_id", every="month", **window)
    with pytest.raises(TableError, match=says):
        classify_abc_xyz(lines, draws=2, **window)


def test_days_with_a_time_zone_are_days_without_a_warning(recwarn):
    index = pd.date_range("2024-01-01", periods=10, tz="Europe/Moscow")
    assert find_grid(index, "x").every == "day" and not recwarn.list
