import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty import TableError
from loyalty.prepare.identity import choose_threshold, grade_links, match_exact, merge_histories, seal_links


def make_table(name, labels):
    return pd.DataFrame({"source": "s", "record_id": [str(n) for n in range(len(labels))], name: labels})


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=14))
def test_pairs_and_people_are_counted_as_one_would_on_paper(labels):
    found = [person for person, _ in labels]
    true = [customer for _, customer in labels]
    table = grade_links(make_table("person", found), make_table("customer_id", true)).table.set_index("measure")
    pairs = [(i, j) for i in range(len(labels)) for j in range(i)]
    both = sum(found[i] == found[j] and true[i] == true[j] for i, j in pairs)
    assert table.loc["pair precision", ["right", "total"]].tolist() == [
        both,
        sum(found[i] == found[j] for i, j in pairs),
    ]
    assert table.loc["pair recall", ["right", "total"]].tolist() == [both, sum(true[i] == true[j] for i, j in pairs)]
    groups = [[t for f, t in labels if f == one] for one in set(found)]
    groups = [group for group in groups if len(group) > 1]
    pure = sum(len(set(group)) == 1 for group in groups)
    assert table.loc["person precision", ["right", "total"]].tolist() == [pure, len(groups)]


def test_a_share_of_nothing_is_no_number():
    table = grade_links(make_table("person", [1, 2]), make_table("customer_id", [1, 2])).table
    assert table[["value", "low", "high"]].isna().all(axis=None)


def test_only_the_records_that_are_asked_for_are_judged():
    found, true = make_table("person", [1, 1, 1]), make_table("customer_id", [7, 7, 8])
    assert grade_links(found, true).precision == pytest.approx(1 / 3)
    assert grade_links(found, true, only=found.head(2)).precision == 1


def test_a_group_of_hundreds_is_told():
    grades = grade_links(make_table("person", [1] * 50), make_table("customer_id", range(50)))
    assert "one group has 50 records" in grades.warnings[0]


def test_strange_tables_are_refused_in_words():
    with pytest.raises(TableError, match="the truth should have `customer_id`"):
        grade_links(make_table("person", [1]), make_table("someone", [1]))
    with pytest.raises(TableError, match="no record is both"):
        grade_links(make_table("person", [1]), make_table("customer_id", [1]).assign(source="t"))
    twice = pd.concat([make_table("person", [1])] * 2)
    with pytest.raises(TableError, match="1 record more than once"):
        grade_links(twice, make_table("customer_id", [1]))


@pytest.mark.slow
def test_the_interval_of_pair_precision_holds_in_95_of_100_samples_of_people():
    """Groups of 2 to 4 records of which some mix two people; the truth is the share over all groups."""
    sizes = np.array([2, 3, 4])
    wrong = np.array([0.05, 0.1, 0.2])
    right = np.array([[1, 0], [3, 1], [6, 3]])  # pairs that are right in a clean group, in one with a stranger
    truth = (right[:, 0] * (1 - wrong) + right[:, 1] * wrong).sum() / right[:, 0].sum()
    hits = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        kind = rng.integers(0, 3, 300)
        mixed = rng.random(300) < wrong[kind]
        person = np.repeat(np.arange(300), sizes[kind])
        last = np.append(person[1:] != person[:-1], True)
        customer = np.where(last & mixed[person], 1_000 + person, person)
        row = grade_links(make_table("person", person), make_table("customer_id", customer)).table.iloc[0]
        hits += row["low"] <= truth <= row["high"]
    assert hits >= stats.binom.ppf(0.005, 100, 0.95)


def test_the_threshold_is_the_smallest_whose_lower_end_holds():
    rng = np.random.default_rng(0)
    probability = np.round(rng.uniform(0.5, 1, 3_000), 2)
    match = rng.random(3_000) < np.where(probability > 0.8, 0.999, probability)
    choice = choose_threshold(pd.DataFrame({"probability": probability, "is_match": match}), floor=0.99)
    above = match[probability >= choice.threshold]
    low = stats.binomtest(int(above.sum()), len(above), alternative="greater").proportion_ci(0.95).low
    assert low >= 0.99
    row = choice.table.set_index("threshold").loc[choice.threshold]
    assert row["low"] == pytest.approx(low) and row["pairs"] == len(above)
    assert 0.75 < choice.threshold < 0.9


def test_a_sample_that_is_too_small_for_the_floor_says_how_many_are_needed():
    choice = choose_threshold(pd.DataFrame({"probability": [0.9] * 50, "is_match": True}))
    assert np.isnan(choice.threshold) and "299 are needed" in choice.warnings[0]
    assert "no threshold" in repr(choice)


@pytest.mark.slow
def test_the_chosen_threshold_breaks_the_floor_in_at_most_5_of_100_samples():
    """The true precision above each threshold is known; seeds 0 to 399, the bound is that of chance."""
    grid = np.linspace(0.5, 0.99, 50)
    chance = 0.9 + 0.1 * (grid - 0.5) / 0.49
    above = np.cumsum(chance[::-1])[::-1] / np.arange(50, 0, -1)
    broken = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        place = rng.integers(0, 50, 2_000)
        match = rng.random(2_000) < chance[place]
        choice = choose_threshold(pd.DataFrame({"probability": grid[place], "is_match": match}), floor=0.98)
        if np.isfinite(choice.threshold):
            broken += above[np.searchsorted(grid, choice.threshold)] < 0.98
    assert broken <= stats.binom.ppf(0.995, 400, 0.05)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"probability": [1.5], "is_match": [True]}, "a share from 0 to 1"),
        ({"probability": [0.5], "is_match": ["perhaps"]}, "true or false"),
        ({"probability": [], "is_match": []}, "the sample is empty"),
        ({"probability": [0.5]}, "should have `is_match`"),
    ],
)
def test_a_strange_sample_is_refused(columns, says):
    with pytest.raises(TableError, match=says):
        choose_threshold(pd.DataFrame(columns))


def test_ids_that_are_one_when_written_are_refused():
    people = pd.DataFrame({"source": "c", "record_id": [1, "1", 2], "person": [1, 2, 2]})
    with pytest.raises(TableError, match="more than once|stand twice|twice"):
        grade_links(people, people.rename(columns={"person": "customer_id"}))
    with pytest.raises(TableError, match="more than once"):
        merge_histories(pd.DataFrame({"card": [1, 2], "sales": [1.0, 2.0]}), people, {"card": "c"})


def test_ids_that_are_personal_data_are_not_sealed():
    mails = pd.DataFrame(
        {"source": "app", "record_id": ["ann@example.com", "bo@example.com"], "email": ["a@b.org", None]}
    )
    with pytest.raises(TableError, match="give records other ids"):
        seal_links(match_exact(mails, ["email"]), mails, key="a word that nobody knows", fields=["email"])
