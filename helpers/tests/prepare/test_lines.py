"""What looks wrong in receipt lines, and is said: signs, unit prices, exact copies."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.prepare.lines import find_odd_lines
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules.life_cycle import assign_life_cycle
from loyalty.segment.rules.rfm import score_rfm
from loyalty.tables.check import TableError
from loyalty.tables.sources import open_table


def make_lines(n=400, seed=0):
    """Lines of eight products, each with a price of its own, sold in quantities of 1 to 6; a tenth are returns."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"customer_id": rng.integers(1, 60, n), "basket_id": np.arange(n)})
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 200 * 24, n), unit="h")
    frame["product_id"] = rng.integers(0, 8, n)
    frame["quantity"] = rng.integers(1, 7, n) * np.where(rng.random(n) < 0.1, -1, 1)
    frame["price"] = 1.5 + frame["product_id"]
    return frame.assign(sales=frame["price"] * frame["quantity"])


def find(frame):
    return find_odd_lines(open_table(frame))


def test_sound_lines_are_not_suspected():
    assert find(make_lines()) == []
    dearer = make_lines().assign(sales=lambda t: t["sales"] * np.random.default_rng(1).lognormal(0, 0.3, len(t)))
    assert find(dearer) == []
    many = make_lines().assign(sales=lambda t: np.sign(t["quantity"]) * t["price"] * t["quantity"].abs() ** 0.8)
    assert find(many) == []  # cheaper by the dozen
    assert find(make_lines()[["customer_id", "time", "sales"]]) == []


def test_unit_prices_taken_for_sales_are_seen_and_told_what_to_do():
    """Online Retail II gave 1,623,183 for sales of 8,348,209, without a word."""
    lines = make_lines()
    found = find(lines.assign(sales=lines["price"]))
    assert found[0].startswith("`sales` look like prices of one piece: in 400 lines of 8 products")
    assert found[0].endswith("sales = quantity × price")
    back = (lines["quantity"] < 0).sum()
    assert found[1].startswith(f"{back} lines have a negative quantity and positive sales, and count as purchases")
    noisy = lines["price"] * np.random.default_rng(2).lognormal(0, 0.2, len(lines))
    assert find(lines.assign(sales=noisy))[0].startswith("`sales` look like prices")


def test_few_lines_accuse_nobody_of_unit_prices():
    lines = make_lines(9).assign(product_id=1, quantity=[1, 2, 3] * 3)
    assert find(lines.assign(sales=2.0)) == []
    assert find(make_lines().assign(quantity=1, sales=5.0)) == []


def test_signs_of_quantity_kind_and_sales_that_disagree_are_counted():
    lines = make_lines().assign(quantity=1, sales=5.0)
    lines.loc[0, "quantity"] = -1
    assert find(lines) == [
        "1 line has a negative quantity and positive sales, and counts as a purchase: if they are returns, make their "
        "sales negative, or say kind='return'"
    ]
    assert find(lines.assign(kind=["return"] + ["sale"] * 399)) == [
        "1 line is called a return by `kind` and has positive sales, which are added: the money paid back should be "
        "negative"
    ]
    lines.loc[:2, ["quantity", "sales"]] = [1, -5.0]
    assert find(lines)[0].startswith("3 lines have a positive quantity and negative sales, and count as a return")
    assert find(lines.assign(kind="sale")) == []


def test_exact_copies_are_counted_and_kept():
    """Online Retail II has 6,865 of them, which were added up without a word."""
    lines = make_lines()
    twice = pd.concat([lines, lines.head(3), lines.head(1)], ignore_index=True)
    said = find(twice)
    assert said[0].startswith("4 lines are exact copies of others, and each counts")
    profile = build_profile(twice, "2024-08-01")
    assert profile.attrs["warnings"] == tuple(said)
    assert profile["monetary"].sum() == pytest.approx(twice["sales"].sum())
    assert find(lines.assign(line_no=1)) == []


def test_strict_refuses_what_is_otherwise_said():
    lines = make_lines()
    with pytest.raises(TableError, match="look like prices of one piece"):
        build_profile(lines.assign(sales=lines["price"]), "2024-08-01", strict=True)
    assert build_profile(lines, "2024-08-01", strict=True).attrs["warnings"] == ()


def test_outcomes_say_it_as_well():
    lines = make_lines()
    contacts = pd.DataFrame({"campaign_id": "a", "wave": 1, "customer_id": range(1, 41), "arm": ["x", "control"] * 20})
    window = {"start": "2024-03-01", "end": "2024-03-29", "before": 28, "after": 0}
    made = build_outcomes(contacts, lines.assign(sales=lines["price"]), **window)
    assert any("look like prices of one piece" in text for text in made.attrs["warnings"])


def test_who_only_returned_goods_is_named_so_and_not_never_bought():
    lines = make_lines().query("quantity > 0")
    back = pd.DataFrame({"customer_id": [900], "time": pd.Timestamp("2024-05-01"), "sales": [-9.0], "quantity": [-1]})
    lines = pd.concat([lines, back.assign(basket_id=9_000, product_id=1, price=9.0)], ignore_index=True)
    people = pd.DataFrame({"customer_id": [*lines["customer_id"].unique(), 901]})
    profile = build_profile(lines, "2024-08-01", customers=people)
    states = assign_life_cycle(profile, gaps=(30, 90)).set_index("customer_id")["segment"]
    assert (states[900], states[901]) == ("only returned", "never bought")
    assert "1 customer only returned goods, and scores 0-0-0 like those who never bought" in score_rfm(profile).warnings


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (11, "the receipts cover 11 days: nobody can be called gone quiet, and `trend` says nothing"),
        (100, "the receipts cover 100 days: `trend` compares 84 days with fewer"),
    ],
)
def test_a_profile_says_what_its_days_do_not_allow(days, says):
    times = pd.date_range("2024-01-01", periods=days)
    lines = pd.DataFrame({"customer_id": np.arange(days) % 7, "time": times, "sales": 5.0})
    (said,) = build_profile(lines, times[-1] + pd.Timedelta(days=1)).attrs["warnings"]
    assert said.startswith(says)


def test_a_quantity_without_a_single_value_says_nothing_of_signs():
    rows = pd.DataFrame({"customer_id": [1, 2], "time": pd.to_datetime(["2024-01-05"] * 2), "sales": [5.0, -5.0]})
    with duckdb.connect() as db:
        lines = open_table(db.from_df(rows).select("*, CAST(NULL AS VARCHAR) AS quantity"))
        assert find_odd_lines(lines) == []
