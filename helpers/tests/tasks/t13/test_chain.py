"""What lesson 13 counts: visits and purchases, what a column earns, and by how much sales are off."""

import numpy as np
import pandas as pd
import pytest

from loyalty.prepare.identity import grade_links
from loyalty.tasks.t13.chain import (
    find_agreed,
    find_visitors,
    follow_intents,
    hash_login,
    judge_samples,
    measure_error,
    measure_gain,
    price_columns,
    price_links,
)

DAYS = pd.to_datetime(["2024-01-01", "2024-02-10", "2024-03-01", "2024-03-05", "2024-06-01"])


def make_visits():
    frame = pd.DataFrame({"session_id": ["a", "b", "c"], "intent": ["Baby", "Baby", "Face"], "customer_id": [1, 2, 1]})
    return frame.assign(started_at=pd.Timestamp("2024-03-02"), device="phone")


def make_baskets():
    return pd.DataFrame({"basket_id": range(5), "time": DAYS, "sales": 10.0, "customer_id": [9, 1, 2, 1, 9]})


def test_a_purchase_counts_in_its_department_and_within_its_days_only():
    departments = pd.DataFrame({"basket_id": range(5), "department": ["Face", "Baby", "Baby", "Baby", "Face"]})
    followed = follow_intents(make_visits(), make_baskets(), departments).set_index("session_id")
    assert followed["after"].to_dict() == {"a": True, "b": False, "c": False}
    assert followed["before"].to_dict() == {"a": False, "b": True, "c": False}


def test_the_gain_is_the_mean_of_after_less_before():
    followed = make_visits().assign(before=[False, True, False], after=[True, True, False])
    table = measure_gain(followed, "intent")
    assert table.loc["Baby", "gain"] == pytest.approx(0.5) and table.loc["Face", "visits"] == 1
    assert table.loc["Baby", "low"] < 0.5 < table.loc["Baby", "high"]


def test_a_column_is_chosen_on_the_past_and_judged_on_the_future():
    days = pd.to_datetime(["2024-01-01"] * 40 + ["2025-01-01"] * 40)
    kind = ["good", "bad"] * 40
    bought = [name == "good" and n % 4 == 0 for n, name in enumerate(kind)]
    frame = pd.DataFrame({"started_at": days, "intent": kind, "customer_id": range(80), "after": bought})
    row = price_columns(frame, "2024-06-01", ["intent"], earned=0.4).loc["intent"]
    assert row["values"] == "good" and row["chosen"] == 0.5
    assert row["effect"] == pytest.approx(0.4 * (0.5 - 0.25)) and row["low"] < row["effect"] < row["high"]


def test_who_logs_in_names_the_browser_and_a_browser_of_two_is_nobodys():
    class Chain:
        accounts = pd.DataFrame({"account_id": ["x", "y"], "email": ["Ann@example.com ", "bob@example.com"]})
        sessions = pd.DataFrame({"session_id": list("abcde"), "cookie_id": ["1", "1", "2", "2", "2"]}).assign(
            login_hash=[hash_login("ann@example.com"), None, hash_login("ann@example.com"), None, None],
            started_at=DAYS[0],
            intent="Baby",
            device="phone",
            add_to_cart=False,
        )

    class Links:
        people = pd.DataFrame({"source": "accounts", "record_id": ["x", "y"], "person": [7, 8]})

    Chain.sessions.loc[4, "login_hash"] = hash_login("bob@example.com")
    found = find_visitors(Chain, Links).set_index("session_id")["customer_id"]
    assert found.to_dict() == {"a": 7, "b": 7, "c": 7, "e": 8}


def test_true_links_are_off_by_nothing_and_a_wrong_merge_by_the_sales_of_the_other():
    baskets = pd.DataFrame({"basket_id": [0, 1], "sales": [10.0, 30.0], "card_id": ["x", "y"], "account_id": None})
    people = pd.DataFrame({"source": ["cards", "cards", "accounts"], "record_id": ["x", "y", "z"], "person": [1, 2, 3]})
    true = pd.DataFrame({"customer_id": [1, 2]})
    assert measure_error(baskets, people, true)[["too little", "too much"]].sum() == 0
    merged = measure_error(baskets, people.assign(person=[1, 1, 3]), true)
    assert merged["too much"] == (30 + 10) / 2 and merged["too little"] == 0 and merged["people"] == 2
    one = measure_error(baskets, people.assign(person=[1, 1, 3]), true, pd.Index([2]))
    assert one["too much"] == 10 and one["people"] == 1


def test_who_refused_on_one_record_has_not_agreed():
    records = pd.DataFrame({"source": "cards", "record_id": list("abc"), "consent": [True, False, True]})
    truth = records[["source", "record_id"]].assign(customer_id=[1, 1, 2])
    assert find_agreed(records, truth).tolist() == [2]


def test_the_price_of_a_pair_is_the_euros_of_all_people_shared_among_the_pairs():
    found = pd.DataFrame({"source": "cards", "record_id": list("abcd"), "person": [1, 1, 2, 3]})
    grade = grade_links(found, found[["source", "record_id"]].assign(customer_id=[7, 8, 9, 9]))
    errors = pd.DataFrame({"too little": [2.0], "too much": [5.0], "people": [3]}, index=["a rule"])
    row = price_links(errors, {"a rule": grade}).loc["a rule"]
    assert row.tolist() == [1, 1, 6, 15]


def test_the_lower_end_is_too_low_less_often_than_the_share_of_the_sample():
    rng = np.random.default_rng(0)
    probability = 1 - 0.5 * rng.random(4000) ** 4
    pairs = pd.DataFrame({"probability": probability, "is_match": rng.random(4000) < probability})
    judged = judge_samples(pairs, floor=0.9, size=300, samples=20)
    assert len(judged) == 20 and judged["lower end"].dropna().mean() > judged["own share"].mean()
