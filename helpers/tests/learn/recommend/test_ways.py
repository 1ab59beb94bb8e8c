"""The ways: similarities by hand, the linear model against scikit-learn, ties, reasons by loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from loyalty.learn.offers.lines import number_day, read_day_lines
from loyalty.learn.recommend.history import build_history
from loyalty.learn.recommend.ways import (
    choose_products,
    find_last,
    find_reasons,
    find_similarity,
    find_weights,
    fit_linear,
    make_scorer,
    pick_top,
)

from .conftest import CUT


@pytest.fixture(scope="module")
def history(shoppers):
    import pandas as pd

    return build_history(read_day_lines(shoppers), number_day(pd.Timestamp(CUT)), least=1)


def test_the_linear_model_is_a_ridge_of_each_product_on_all_others(history):
    """The closed form is that of scikit-learn's Ridge, column by column."""
    owned = np.asarray(history.owned.todense())
    weights = fit_linear(history.both, penalty=7.0)
    for product in (0, 5, 17):
        others = np.arange(owned.shape[1]) != product
        fit = Ridge(alpha=7.0, fit_intercept=False).fit(owned[:, others], owned[:, product])
        assert weights[others, product] == pytest.approx(fit.coef_, abs=1e-9)
        assert weights[product, product] == 0


def test_similarity_is_symmetric_and_zero_on_the_diagonal(history):
    similarity = find_similarity(history.both)
    assert similarity == pytest.approx(similarity.T) and (similarity.diagonal() == 0).all()
    a, b = 0, 4
    owned = np.asarray(history.owned.todense())
    both = (owned[:, a] * owned[:, b]).sum()
    by_hand = both / np.sqrt(owned[:, a].sum() * owned[:, b].sum()) * both / (both + 10)
    assert similarity[a, b] == pytest.approx(by_hand)


def test_products_stand_in_the_order_of_their_buyers_and_ties_in_that_of_their_ids(history):
    assert (np.diff(history.buyers) <= 0).all()
    ties = history.buyers[1:] == history.buyers[:-1]
    assert (history.products[1:][ties] > history.products[:-1][ties]).all()


@given(st.lists(st.lists(st.integers(0, 3), min_size=13, max_size=13), min_size=1, max_size=5), st.integers(1, 13))
def test_the_largest_come_first_and_ties_keep_the_order_of_columns(rows, size):
    scores = np.array(rows, float)
    scores[scores == 3] = -np.inf
    for row, picked in zip(scores, pick_top(scores, size), strict=True):
        order = sorted(range(13), key=lambda place: -row[place])[:size]
        assert picked.tolist() == [place if row[place] > -np.inf else -1 for place in order]


def test_how_many_customers_are_scored_together_changes_no_list(history, monkeypatch):
    scorer = make_scorer("linear", history, find_weights("linear", history))
    lists = []
    for cells in (1, 10_000_000):
        monkeypatch.setattr("loyalty.learn.recommend.ways.SCORED", cells)
        lists.append(choose_products(history, scorer, 5, hide=[None, history.days]))
    for few, many in zip(*lists, strict=True):
        assert (few == many).all()


def test_nothing_that_is_hidden_stands_on_a_list(history):
    for way in ("popular", "items", "linear", "last"):
        scorer = make_scorer(way, history, find_weights(way, history))
        chosen = choose_products(history, scorer, 5, hide=[history.days])[0]
        owned = np.asarray(history.owned.todense())
        rows = np.arange(len(chosen))[:, None]
        assert not (owned[rows, chosen] * (chosen >= 0)).any()


def test_the_reason_is_the_product_that_adds_most(history):
    weights = find_weights("items", history)
    chosen = choose_products(history, make_scorer("items", history, weights), 4, hide=[history.days])[0]
    found = find_reasons(history, weights, chosen)
    owned = np.asarray(history.owned.todense()) > 0
    for who in range(0, len(chosen), 7):
        mine = np.flatnonzero(owned[who])
        for place, product in enumerate(chosen[who]):
            worth = weights[mine, product].round(9)
            best = mine[np.argmax(worth)] if worth.max() > 0 else -1
            assert found[who, place] == best


def test_the_last_product_is_the_latest_and_of_one_day_the_rarest(history):
    last = find_last(history)
    assert (last.sum(axis=1) == 1).all()
    days = np.asarray(history.last.todense())
    for who in range(0, len(days), 11):
        best = np.flatnonzero(days[who] == days[who].max()).max()
        assert last[who, best] == 1


def test_what_was_bought_in_the_last_days_is_known(history):
    days = np.asarray(history.last.todense())
    recent = np.asarray(history.find_recent(14).todense())
    assert ((recent > 0) == ((days > 0) & (history.length - days + 1 <= 14))).all()
    assert history.find_recent(0).nnz == 0
