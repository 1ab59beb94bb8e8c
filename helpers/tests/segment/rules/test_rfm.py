"""RFM scores: equal customers, equal scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.segment.rules.rfm import COLUMNS, cut_values, score_rfm, score_values
from loyalty.tables.check import TableError

VALUES = st.lists(st.one_of(st.integers(0, 3), st.integers(-50, 50), st.floats(-1e15, 1e15)), min_size=1, max_size=40)


def score_by_hand(values: list[float], bins: int) -> list[int]:
    """The definition, said once more without any shortcut."""
    scores = []
    for value in values:
        worse, better = sum(v < value for v in values), sum(v > value for v in values)
        middle = worse + better == 0
        scores.append(bins // 2 + 1 if middle else min(bins * worse // (worse + better), bins - 1) + 1)
    return scores


def treats_equals_alike(values: pd.Series, scores: pd.Series) -> bool:
    return bool((scores.groupby(values).nunique() == 1).all())


def score_by_place(values: pd.Series) -> pd.Series:
    """The usual recipe: rank with method="first", then cut into fifths."""
    return pd.qcut(values.rank(method="first"), 5, labels=range(1, 6)).astype(int)


@given(values=VALUES, bins=st.integers(2, 10))
def test_a_score_is_the_place_among_those_who_differ(values, bins):
    assert score_values(values, cut_values(values, bins)).tolist() == score_by_hand(values, bins)


@given(values=VALUES, bins=st.integers(2, 9))
def test_the_worst_value_scores_1_the_best_scores_most_and_a_better_one_never_less(values, bins):
    scores = score_values(values, cut_values(values, bins))
    order = np.argsort(values, kind="stable")
    assert (np.diff(scores[order]) >= 0).all()
    if min(values) < max(values):
        assert (scores.min(), scores.max()) == (1, bins)
    else:
        assert set(scores) == {bins // 2 + 1}


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_scores_follow_the_customer_and_not_his_row_or_his_id(profiles, data):
    profile = data.draw(profiles)
    seed = data.draw(st.integers(0, 99))
    scores = score_rfm(profile).table
    pd.testing.assert_frame_equal(scores, score_rfm(profile.sample(frac=1, random_state=seed)).table)
    ids = np.random.default_rng(seed).permutation(len(profile))
    renamed = score_rfm(profile.assign(customer_id=ids)).table.set_index("customer_id")["code"]
    codes = profile[["customer_id"]].merge(scores, on="customer_id")["code"]
    assert renamed[ids].tolist() == codes.tolist()


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_equal_customers_have_equal_scores(profiles, data):
    profile = data.draw(profiles).sort_values("customer_id", ignore_index=True)
    scores = score_rfm(profile).table
    buyers = profile["frequency"] > 0
    for name, column in COLUMNS.items():
        assert treats_equals_alike(profile.loc[buyers, column], scores.loc[buyers, name])
        assert scores.loc[buyers, name].between(1, 5).all()
    assert (scores.loc[~buyers, "code"] == "0-0-0").all()


@pytest.mark.slow
def test_the_usual_recipe_gives_equal_households_unequal_scores_by_id_and_this_one_does_not(households):
    buyers = households[0].query("frequency > 0").reset_index(drop=True)
    shuffled = buyers.sample(frac=1, random_state=1)
    naive, naive_shuffled = score_by_place(buyers["frequency"]), score_by_place(shuffled["frequency"])
    assert not treats_equals_alike(buyers["frequency"], naive)
    assert (naive != naive_shuffled.sort_index()).any()
    scores = score_rfm(buyers).table
    assert treats_equals_alike(buyers["frequency"], scores["f"])
    pd.testing.assert_frame_equal(scores, score_rfm(shuffled).table)


def test_without_ties_the_scores_are_fifths():
    n = 1_000
    profile = pd.DataFrame({"customer_id": range(n), "as_of": pd.Timestamp("2017-07-01"), "frequency": range(1, n + 1)})
    profile = profile.assign(recency_days=profile["frequency"] * 1.0, monetary=profile["frequency"] * 1.0)
    result = score_rfm(profile)
    for name in "rfm":
        assert np.bincount(result.table[name])[1:].tolist() == [200] * 5
    assert result.warnings == ()
    assert result.table["code"].iloc[[0, -1]].tolist() == ["5-1-1", "1-5-5"]


def test_those_who_never_bought_move_nobodys_score(households):
    profile = households[0]
    everyone = score_rfm(profile).table
    buyers = score_rfm(profile[profile["frequency"] > 0]).table
    assert (everyone["code"] == "0-0-0").sum() == (profile["frequency"] == 0).sum() == 76
    pd.testing.assert_frame_equal(everyone[everyone["r"] > 0].reset_index(drop=True), buyers)


def test_when_half_the_customers_bought_once_they_all_score_1_and_a_warning_names_the_unused_score():
    profile = pd.DataFrame({"customer_id": range(10), "as_of": pd.Timestamp("2017-07-01")})
    profile = profile.assign(recency_days=range(1, 11), frequency=[1] * 5 + [2, 3, 4, 5, 6], monetary=range(10))
    result = score_rfm(profile)
    assert result.table["f"].tolist() == [1] * 5 + [3, 4, 4, 5, 5]
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith("frequency: 50% of the buyers share the value 1")
    assert result.warnings[0].endswith("and nobody scores 2")


def test_if_all_customers_are_equal_all_get_the_middle_and_a_warning():
    profile = pd.DataFrame({"customer_id": [1, 2], "as_of": pd.Timestamp("2017-07-01"), "frequency": 1})
    result = score_rfm(profile.assign(recency_days=3.0, monetary=5.0))
    assert result.table["code"].tolist() == ["3-3-3", "3-3-3"]
    assert len(result.warnings) == 3
    nobody = score_rfm(profile.assign(frequency=0, recency_days=np.nan, monetary=0.0))
    assert nobody.table["code"].tolist() == ["0-0-0", "0-0-0"]
    assert nobody.warnings == ("nobody has bought: there is nothing to score",)


def test_the_edges_say_which_value_reaches_which_score(households):
    profile = households[0]
    result = score_rfm(profile)
    edges = result.edges.set_index("score")
    joined = profile.merge(result.table, on=["customer_id", "as_of"])
    for score in range(2, 6):
        assert joined.loc[joined["r"] >= score, "recency_days"].max() == edges.loc[score, "recency_days_at_most"]
        assert joined.loc[joined["m"] >= score, "monetary"].min() == edges.loc[score, "monetary_at_least"]
    assert edges[["r_customers", "f_customers", "m_customers"]].sum().tolist() == [2_393] * 3
    assert "2,469 customers as of 2017-07-01" in result._repr_html_()


def test_the_ruler_of_one_date_gives_unchanged_customers_unchanged_scores_at_the_next(households):
    july, october = households
    ruler = score_rfm(july)
    pd.testing.assert_frame_equal(score_rfm(july, ruler=ruler).to_frame(), ruler.table)
    half = october.assign(monetary=october["monetary"].where(october.index % 2 == 0, october["monetary"] + 1e6))
    kept = score_rfm(half, ruler=ruler).table["m"][::2]
    assert kept.tolist() == score_rfm(october, ruler=ruler).table["m"][::2].tolist()
    assert (score_rfm(half).table["m"][::2] != score_rfm(october).table["m"][::2]).any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frequency": 0}, "1 of 2 customers .customer_id 1.: recency_days, but frequency 0"),
        ({"recency_days": np.nan}, "1 of 2 customers .customer_id 1.: receipts, but no recency_days"),
        ({"monetary": np.inf}, "infinite"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(change, words):
    profile = pd.DataFrame({"customer_id": [1, 2], "as_of": pd.Timestamp("2017-07-01"), "frequency": [1, 2],
                            "recency_days": [3.0, 4.0], "monetary": [5.0, 6.0]})  # fmt: skip
    for name, value in change.items():
        profile.loc[0, name] = value
    with pytest.raises(TableError, match=words):
        score_rfm(profile)


def test_several_dates_no_rows_and_impossible_bins_are_refused(households):
    with pytest.raises(TableError, match="one date at a time, found 2: 2017-07-01, 2017-10-01"):
        score_rfm(pd.concat(households))
    with pytest.raises(TableError, match="no customer|no rows?|empty"):
        score_rfm(households[0].head(0))
    for bins in (1, 10):
        with pytest.raises(TableError, match="from 2 to 9"):
            score_rfm(households[0], bins=bins)
