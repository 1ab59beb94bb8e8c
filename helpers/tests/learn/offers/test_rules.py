"""Timed rules: planted ones are found and proved; what chance, taste, slumps and seasons make is not taken for one."""

from dataclasses import replace

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.learn.offers import mine_rules
from loyalty.tables import TableError
from loyalty.world import PRESETS, World

UNTIL = "2024-03-01"
MEASURES = ["buyers", "bought", "confidence", "lift", "q"]


@pytest.fixture(scope="module")
def planted(chains):
    return chains.make_chain(1, follows=0.6)


@pytest.fixture(scope="module")
def mined(planted):
    return mine_rules(planted, until=UNTIL)


def test_a_planted_rule_is_found_with_its_probability_and_proved_on_later_months(planted, mined):
    assert mined.found[["first_product", "then_product"]].to_numpy().tolist() == [[1, 2]]
    rule = mined.found.iloc[0]
    # Y comes by itself as well: 0.6 + 0.4 × chance
    assert rule["low"] < 0.6 + 0.4 * rule["chance"] < rule["high"] and rule["lift_low"] > 1
    proof = mined.prove(planted)
    assert proof.table["verdict"].tolist() == ["proved"] and proof.start == mined.until
    assert proof.table["buyers"].iloc[0] < rule["buyers"]
    assert proof.found.equals(proof.table)


def test_what_the_same_people_like_beats_chance_and_follows_nothing(chains):
    table = chains.make_chain(2, customers=2_000, taste=0.4)
    rules = mine_rules(table, until=UNTIL)
    pair = rules.pick(1, 2)
    assert rules.found.empty and pair["verdict"] == "same people" and pair["lift_low"] > 1
    assert any("the same people like both" in text for text in rules.warnings)
    with pytest.raises(TableError, match="none to prove"):
        rules.prove(table)


def test_a_high_confidence_without_lift_is_called_so(chains):
    table = chains.make_chain(3, often=12)
    everybody = table.sample(frac=0.5, random_state=1).assign(product_id=3)
    rules = mine_rules(pd.concat([table, everybody]), until=UNTIL)
    pair = rules.pick(1, 3)
    assert pair["confidence"] > 0.8 and pair["verdict"] == "confidence without lift" and pair["lift_low"] < 1.05


def make_slumps(seed):
    """Everybody buys the same few products again and again, in phases of much and little: nothing follows anything."""
    rng = np.random.default_rng(seed)
    customers, days = 300, 700
    phase = rng.random((customers, days // 50)) < 0.5
    rate = np.repeat(np.where(phase, 0.16, 0.01), 50, axis=1)
    customer, day = np.nonzero(rng.random((customers, days)) < rate)
    time = pd.Timestamp("2022-01-01") + pd.to_timedelta(day, unit="D")
    product = rng.integers(1, 9, len(day))
    return pd.DataFrame({"customer_id": customer, "time": time, "product_id": product, "sales": 1.0})


def test_slumps_make_no_order():
    """Were the first X taken in the place of one by lot, it would follow a slump, and everything would follow X."""
    found = [len(mine_rules(make_slumps(seed), lag=(14, 56)).found) for seed in range(6)]
    assert sum(found) <= 1


def test_a_new_product_follows_nothing(chains):
    table = chains.make_chain(5)
    table.loc[(table["product_id"] == 4) & (table["time"] < "2023-08-01"), "product_id"] = 5
    assert mine_rules(table).found.empty


@pytest.mark.parametrize("count", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_chains_without_any_rule_report_none(chains, count):
    reports = [not mine_rules(chains.make_chain(seed, taste=0.3 * (seed % 2)), until=UNTIL).found.empty
               for seed in range(count)]  # fmt: skip
    assert sum(reports) <= 0.05 * count + 1


@pytest.mark.slow
def test_the_worlds_successions_are_found_by_product_and_none_where_there_are_none():
    found = 0
    for seed in range(200, 204):
        world = World(5_000, 36, seed)
        truth = world.truth.successions
        rules = mine_rules(world.receipts, until="2025-01-01").found
        pairs = set(zip(rules["first_product"], rules["then_product"], strict=True))
        planted = set(zip(truth["first_product"], truth["then_product"], strict=True))
        found += len(pairs & planted)
        assert len(pairs - planted) <= 1
    assert found >= 0.8 * 4 * 4
    base = PRESETS["default"]()
    types = tuple(replace(one, tastes=base.types[0].tastes) for one in base.types)
    none = replace(base, chain=replace(base.chain, successions=()), types=types)
    for seed in range(200, 204):
        assert mine_rules(World(5_000, 36, seed, parameters=none).receipts).found.empty


def test_a_rule_is_not_proved_where_it_was_found(planted, mined):
    early = planted[planted["time"] < "2024-03-01"]
    with pytest.raises(TableError, match="proof needs later days"):
        mined.prove(early)
    later = planted[planted["time"] >= "2024-03-01"]
    proof = mined.prove(later)
    assert proof.table["buyers"].iloc[0] < mined.prove(planted).table["buyers"].iloc[0]
    first, counted = (later["time"].min() + pd.Timedelta(days, "D") for days in (0, 210))
    says = f"begin on {first:%Y-%m-%d}, and X needs 210 known days before it: it counts from {counted:%Y-%m-%d}"
    assert any(says in text and "Give all receipts" in text for text in proof.warnings)
    assert not any("Give all receipts" in text for text in mined.prove(planted).warnings)
    with pytest.raises(TableError, match="proved already"):
        proof.prove(planted)


def test_later_receipts_that_hold_no_known_days_before_x_are_refused_and_the_first_long_enough_are_not(planted, mined):
    later = planted[planted["time"] >= "2024-03-01"]
    first = later["time"].min().normalize()
    short = later[later["time"] < first + pd.Timedelta(420, "D")]  # its last day is 419 days after the first
    with pytest.raises(TableError, match="no X can count. Give all receipts, the older ones too"):
        mined.prove(short)
    with pytest.raises(TableError, match="no X can count"):
        mined.split(short, pd.DataFrame({"customer_id": [1], "segment": "fan"}), since="2024-03-01")
    longer = mined.prove(later, until=first + pd.Timedelta(421, "D"))
    assert longer.table["buyers"].iloc[0] >= 0 and any("Give all receipts" in text for text in longer.warnings)


def test_who_is_left_out_of_a_proof_is_said(planted, mined):
    proof = mined.prove(planted)
    assert proof.too_late > 0 and any(f"{proof.too_late:,} buyers of an X" in text for text in proof.warnings)


def test_a_product_that_is_gone_is_too_few_to_prove(planted, mined):
    gone = planted[(planted["product_id"] != 1) | (planted["time"] < "2024-01-01")]
    assert mined.prove(gone).table[["buyers", "verdict"]].to_numpy().tolist() == [[0, "too few"]]


def test_who_a_rule_holds_for(planted, mined):
    people = pd.DataFrame({"customer_id": range(800), "segment": ["fan", "other"] * 400})
    split = mined.split(planted, people).set_index("segment")
    assert split.loc["fan", "buyers"] >= mined.found["buyers"].iloc[0] and split.loc["other", "buyers"] == 0
    assert np.isnan(split.loc["other", "confidence"])
    with pytest.raises(TableError, match="segments"):
        mined.split(planted, people.assign(customer_id=people["customer_id"] + 5_000))
    with pytest.raises(TableError, match="has a segment"):
        mined.split(planted, people.assign(segment=None))


def test_spend_thresholds_keep_those_who_paid_so_much(planted):
    rich = planted["customer_id"] % 4 == 0
    table = planted.assign(sales=np.where(rich & (planted["product_id"] == 1), 20.0, 5.0))
    every = mine_rules(table, until=UNTIL).found.iloc[0]
    above = mine_rules(table, until=UNTIL, above=10.0, min_buyers=5)
    pair = above.pick(1, 2)
    assert 0.3 < pair["buyers"] / every["buyers"] < 0.7


def test_windows_that_are_not_seen_are_left_out_and_counted(mined, planted):
    short = mine_rules(planted, until="2023-06-01", min_buyers=5)
    assert short.too_late > mined.too_late / 4 and short.too_early
    assert any("not over" in text for text in short.warnings)
    with pytest.raises(TableError, match="days before it and after it"):
        mine_rules(planted, until="2022-06-01")
    few = mine_rules(planted, min_buyers=10_000)
    assert few.compared == 0 and any("nothing was compared" in text for text in few.warnings)


def test_a_duckdb_table_gives_the_same_rules(planted, mined):
    relation = duckdb.from_df(planted)
    pd.testing.assert_frame_equal(mine_rules(relation, until=UNTIL).table, mined.table)


@settings(max_examples=8)
@given(st.integers(0, 1_000))
def test_rules_do_not_change_with_the_order_of_rows_copies_of_lines_or_the_kind_of_ids(planted_small, seed):
    table, first = planted_small
    rng = np.random.default_rng(seed)
    shuffled = table.sample(frac=1, random_state=seed)
    twice = pd.concat([shuffled, shuffled.sample(frac=rng.random(), random_state=1)])
    named = twice.assign(
        customer_id="c" + twice["customer_id"].astype(str), product_id="p" + twice["product_id"].astype(str)
    )
    other = mine_rules(named, min_buyers=5).table
    other = other.assign(**{name: other[name].str[1:].astype(int) for name in ("first_product", "then_product")})
    order = ["first_product", "then_product"]
    one, two = (frame.sort_values(order, ignore_index=True)[[*order, *MEASURES]] for frame in (first, other))
    pd.testing.assert_frame_equal(one, two, check_dtype=False)


@pytest.fixture(scope="module")
def planted_small(chains):
    table = chains.make_chain(8, customers=120, follows=0.7)
    return table, mine_rules(table, min_buyers=5).table


def test_returns_gifts_and_lines_without_a_product_are_no_purchases(planted, mined):
    n = len(planted)
    back = planted.assign(sales=-5.0, product_id=2)
    gift = planted.assign(sales=0.0, product_id=2)
    blank = planted.head(7).assign(product_id=np.nan)
    more = mine_rules(pd.concat([planted, back, gift, blank]), until=UNTIL)
    assert more.table[MEASURES].equals(mined.table[MEASURES]) and len(planted) == n
    assert "7 lines without a product are left out" in more.warnings
    kinds = pd.concat([planted.assign(kind="sale"), planted.assign(kind="return", product_id=2)])
    assert mine_rules(kinds, until=UNTIL).table[MEASURES].equals(mined.table[MEASURES])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lag": (0, 5)}, "lag should be two days"),
        ({"lag": (9, 5)}, "lag should be two days"),
        ({"above": -1.0}, "above should be 0 or more"),
        ({"min_buyers": 0, "min_pairs": 0}, "min_pairs should be 1 or more"),
        ({"until": "03.04.2024"}, "until should be a day"),
        ({"start": 5}, "start"),
    ],
)
def test_wrong_settings_are_told(planted, wrong, says):
    with pytest.raises(TableError, match=says):
        mine_rules(planted, **wrong)


def test_receipts_without_products_or_purchases_are_refused(planted):
    with pytest.raises(TableError, match="no column `product_id`"):
        mine_rules(planted.drop(columns="product_id"))
    with pytest.raises(TableError, match="no line is a purchase"):
        mine_rules(planted.assign(sales=0.0))
    with pytest.raises(TableError, match="no line is a purchase"):
        mine_rules(planted.head(0))


def test_rules_show_themselves(planted, mined):
    assert "1 of" in repr(mined) and "same people" not in mined.found["verdict"].tolist()
    assert "<table" in mined._repr_html_() and "<table" in mined.prove(planted)._repr_html_()
    counts = mined.count_verdicts()
    assert counts["pairs"].sum() == len(mined.table) == len(mined.to_frame())
    with pytest.raises(TableError, match="is not there"):
        mined.pick(1, 1)
    names = {1: "monitor", 2: "tablets"}
    assert mined.to_frame(names).iloc[0]["first_product"] == "monitor"
    ax = mined.plot(names=names)
    assert ax.get_yticklabels()[0].get_text() == "monitor → tablets"
    assert mined.prove(planted).plot(title="Proved").get_title(loc="left") == "Proved"
    plt.close("all")
