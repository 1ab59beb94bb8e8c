"""Pairs are counted as a slow loop counts them, and chance is the mean over real deals of X's lines."""

import numpy as np
import pandas as pd
import pytest

from loyalty.learn.offers import counting
from loyalty.learn.offers.counting import count_pairs, deal_anew
from loyalty.learn.offers.lines import number_day, read_day_lines
from loyalty.learn.offers.measures import measure_pairs

LAG = (20, 60)


@pytest.fixture(scope="module")
def lines(chains):
    return read_day_lines(chains.make_chain(3, customers=60, days=400, products=5, often=15))


def loop(lines, lag, start, end, above=0.0):
    """The same counts, one customer at a time: an independent way for tables of this size."""
    size = len(lines.products)
    tables = {name: np.zeros((size, size)) for name in ("after", "before", "both")}
    buyers = np.zeros(size)
    late = early = 0
    for customer in np.unique(lines.customer):
        mine = (lines.customer == customer) & (lines.day < end)
        bought = set(zip(lines.day[mine].tolist(), lines.product[mine].tolist(), strict=True))
        if not bought:
            continue
        known = min(day for day, _ in bought)
        for x in range(size):
            days = [
                int(day)
                for day, product, sales in zip(lines.day, lines.product, lines.sales * mine, strict=True)
                if product == x and sales >= above and sales > 0 and day >= start and (day, x) in bought
            ]
            over = [day for day in days if day + lag[1] < end]
            seen = [day for day in over if day - lag[1] >= known]
            late += bool(days) and not over
            early += bool(over) and not seen
            if not seen:
                continue
            chosen = min(seen, key=lambda day: int(counting._draw_lots(np.array([day]), np.array([known]))[0]))
            buyers[x] += 1
            for y in range(size):
                after = any((day, y) in bought for day in range(chosen + lag[0], chosen + lag[1] + 1))
                before = any((day, y) in bought for day in range(chosen - lag[1], chosen - lag[0] + 1))
                tables["after"][x, y] += after
                tables["before"][x, y] += before
                tables["both"][x, y] += after and before
    return buyers, tables, late, early


@pytest.mark.parametrize("above", [0.0, 6.0])
def test_counts_are_those_of_a_loop_over_customers(lines, above):
    rng = np.random.default_rng(1)
    lines.sales[:] = rng.choice([4.0, 6.0, 8.0], len(lines))
    start = int(lines.day.min()) + 30
    end = int(lines.day.max()) - 20
    found = count_pairs(lines, LAG, start, end, above)
    buyers, tables, late, early = loop(lines, LAG, start, end, above)
    assert found.buyers.tolist() == buyers.tolist() and buyers.sum() > 50
    for name, table in tables.items():
        assert (getattr(found, name).toarray() == table).all()
    assert (found.too_late, found.too_early) == (late, early) and late and early


def test_pieces_of_customers_add_up_to_the_whole(lines, monkeypatch):
    end = int(lines.day.max()) + 1
    whole = count_pairs(lines, LAG, 0, end)
    monkeypatch.setattr(counting, "ENTRIES", 400)
    cut = count_pairs(lines, LAG, 0, end)
    assert (whole.after != cut.after).nnz == 0 and (whole.both != cut.both).nnz == 0
    assert np.allclose(whole.share_after, cut.share_after) and np.allclose(whole.share_before, cut.share_before)


def test_chance_is_the_mean_of_many_real_deals_and_its_p_value_is_never_too_small(lines):
    x, times = 1, 1_500
    end = int(lines.day.max()) + 1
    counts = count_pairs(lines, LAG, 0, end)
    then = np.arange(len(lines.products))
    first = np.full(len(then), x)
    expected, _ = counts.expect(first, then)
    measured = measure_pairs(counts, first, then, 0.95)
    for y in then:
        deals = deal_anew(lines, LAG, 0, end, (x, int(y)), times, 5)
        assert abs(deals.mean() - expected[y]) < 4 * deals.std() / np.sqrt(times) + 1e-9
        really = (deals >= measured["bought"][y]).mean()
        assert measured["p_chance"][y] >= really - 4 * np.sqrt(0.25 / times)


def test_the_day_that_counts_is_drawn_without_an_order_and_without_names(chains):
    day = np.arange(40_000, 41_000)
    lot = counting._draw_lots(day, np.full(1_000, 39_900))
    assert len(np.unique(lot)) == 1_000 and abs(np.corrcoef(day, lot.astype(float))[0, 1]) < 0.1
    table = chains.make_chain(4, customers=50, days=300, products=4, often=10)
    end = number_day(pd.Timestamp("2023-01-01"))
    one = count_pairs(read_day_lines(table), LAG, 0, end)
    renamed = table.assign(customer_id=99 - table["customer_id"], product_id=10 - table["product_id"])
    other = count_pairs(read_day_lines(renamed), LAG, 0, end)
    assert (one.after.toarray() == other.after.toarray()[::-1, ::-1]).all()
    assert one.buyers.tolist() == other.buyers[::-1].tolist()
