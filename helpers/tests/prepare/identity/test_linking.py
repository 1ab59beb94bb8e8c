import logging

import numpy as np
import pandas as pd
import pytest

from loyalty import TableError, World
from loyalty.prepare.identity import explain_pairs, grade_links, link_records, match_exact, normalise_records
from loyalty.prepare.identity.model import list_default_weights

PEOPLE = [
    ("cards", "1", "Robert", "Lee", "1980-02-01", "10001", "212-555-2345", "rob.lee@example.com"),
    ("cards", "2", "Ann", "Lee", "1983-05-06", "10001", "212-555-2345", None),
    ("cards", "3", "Maria", "Fox", "1990-07-08", "10044", "646-555-2348", "maria.fox@example.com"),
    ("app", "a", "Bob", None, "1980-01-02", "10001", "(212) 555 2345", None),
    ("app", "b", "Annie", None, None, "10001", "+1 212 555 2345", None),
    ("app", "c", "Masha", None, None, "10044", "646 555 2348", "maria.fox@example.com"),
]
NAMES = ["source", "record_id", "first_name", "last_name", "birth_date", "postcode", "phone", "email"]


def make_records(rows=PEOPLE, **columns):
    frame = pd.DataFrame(rows, columns=NAMES).assign(**columns)
    tables = {name: part.drop(columns="source") for name, part in frame.groupby("source")}
    return normalise_records(tables, ids=dict.fromkeys(tables, "record_id"))


def name_people(links):
    people = links.people
    return {frozenset(group["source"] + group["record_id"]) for _, group in people.groupby("person")}


@pytest.fixture(scope="module")
def identities():
    return World(customers=1_000, months=3, seed=5, preset="small_chain").make_identities(histories=False)


@pytest.fixture(scope="module")
def records(identities):
    names = ("cards", "accounts", "app_users")
    return normalise_records({name: getattr(identities, name) for name in names})


@pytest.fixture(scope="module")
def links(records):
    return link_records(records)


def find_level(field, left, right):
    """Which level two values of the tiny table have, by reading them: a referee for this table only."""
    if pd.isna(left[field]) or pd.isna(right[field]):
        return None
    if left[field] == right[field]:
        return "same"
    if field == "first_name" and left["first_root"] == right["first_root"]:
        return "same full name"
    if field == "birth_date" and sorted(left[field].split("-")) == sorted(right[field].split("-")):
        return "day and month exchanged"
    return "different"


def test_the_weight_of_a_pair_is_the_sum_that_fellegi_and_sunter_wrote_down():
    records = make_records()
    links = link_records(records, prior=0.1, threshold=0.5)
    bits = list_default_weights().assign(bits=lambda w: np.log2(w["m"] / w["u"])).set_index(["field", "level"])["bits"]
    rows = {row["source"] + row["record_id"]: row for _, row in records.iterrows()}
    assert len(links.pairs) >= 4
    for pair in links.pairs.itertuples():
        left, right = rows[pair.source_a + pair.record_a], rows[pair.source_b + pair.record_b]
        levels = {field: find_level(field, left, right) for field in NAMES[2:]}
        total = np.log2(0.1 / 0.9) + sum(bits[field, level] for field, level in levels.items() if level)
        assert pair.weight == pytest.approx(total, abs=1e-6)
        assert pair.probability == pytest.approx(1 / (1 + 2**-total), abs=1e-6)


def test_the_bits_of_a_pair_are_told_field_by_field():
    records = make_records()
    links = link_records(records, prior=0.1, threshold=0.5)
    told = explain_pairs(links, records, links.pairs)
    assert told.groupby("pair")["bits"].sum().to_numpy() == pytest.approx(links.pairs["weight"].to_numpy(), abs=1e-6)
    bob = links.pairs.index[(links.pairs["record_a"] == "a") & (links.pairs["record_b"] == "1")]
    levels = told[told["pair"] == bob[0]].set_index("field")["level"]
    assert levels["first_name"] == "same full name" and levels["birth_date"] == "day and month exchanged"
    assert levels["email"] == "empty"


def test_short_forms_meet_and_a_household_stays_two():
    links = link_records(make_records())
    assert name_people(links) == {
        frozenset(("cards1", "appa")),
        frozenset(("cards2", "appb")),
        frozenset(("cards3", "appc")),
    }
    apart = links.pairs[links.pairs["verdict"] == "other first name"]
    assert (apart["source_a"] + apart["record_a"] + apart["source_b"] + apart["record_b"]).tolist()
    assert any("one household stay apart" in text for text in links.warnings)


def test_father_and_son_of_one_name_stay_two_and_who_fits_both_belongs_to_neither():
    shared = ("Lee", "10001", "212-555-2345")
    rows = [
        ("cards", "1", "John", shared[0], "1950-02-01", *shared[1:], None),
        ("cards", "2", "John", shared[0], "1980-05-06", *shared[1:], None),
        ("app", "a", "Jack", None, None, *shared[1:], None),
    ]
    links = link_records(make_records(rows))
    assert len(name_people(links)) == 3
    assert (links.pairs["verdict"] == "fits two people").sum() == 2
    assert any("fit two people equally well" in text for text in links.warnings)


def test_no_chain_of_links_puts_two_people_together():
    rows = [
        ("cards", "1", "John", "Lee", "1950-02-01", "10001", "212-555-2345", "john@example.com"),
        ("cards", "2", "John", "Lee", "1980-05-06", "10001", "212-555-2345", None),
        ("app", "a", "John", None, None, "10001", "212-555-2345", "john@example.com"),
    ]
    assert name_people(link_records(make_records(rows))) == {frozenset(("cards1", "appa")), frozenset(("cards2",))}


def test_a_placeholder_links_nobody():
    rows = [("cards", str(n), "Ann", None, None, None, "212-555-0000", None) for n in range(9)]
    links = link_records(make_records(rows))
    assert len(name_people(links)) == 9 and "placeholder" in links.warnings[0]


def test_records_without_consent_stay_alone():
    records = make_records().assign(consent=[True, True, False, True, True, True])
    links = link_records(records)
    assert frozenset(("appc",)) in name_people(links) and len(name_people(links)) == 4
    assert links.warnings[0] == "1 record without consent: each stays alone"
    silent = link_records(records.assign(consent=records["consent"].where(records["consent"])))
    assert silent.people.equals(links.people), "who was not asked has not agreed"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_no_record_one_and_two_are_linked_without_an_error(count):
    links = link_records(make_records().head(count))
    assert len(links.people) == count and links.pairs.dtypes["weight"] == "float64"


def test_empty_fields_say_nothing():
    empty = make_records().assign(phone=pd.NA, email=pd.NA, postcode=pd.NA, birth_date=pd.NA)
    empty = empty.astype({"phone": "str", "email": "str", "postcode": "str", "birth_date": "str"})
    assert len(name_people(link_records(empty))) == 6


def test_wrong_records_and_shares_are_refused_together():
    twice = pd.concat([make_records(), make_records().head(1)])
    with pytest.raises(TableError, match="(?s)1 record more than once.*threshold should lie between 0 and 1"):
        link_records(twice, threshold=1.5)
    with pytest.raises(TableError, match="make them with normalise_records"):
        link_records(make_records().drop(columns="phone"))
    with pytest.raises(TableError, match="no m and u for email, 'same'"):
        link_records(make_records(), weights=list_default_weights().query("not (field == 'email' and level == 'same')"))


def test_the_order_of_the_rows_changes_nothing():
    records = make_records()
    again = link_records(records.iloc[[3, 0, 5, 1, 4, 2]])
    assert again.people.equals(link_records(records).people)


@pytest.mark.slow
def test_training_gives_the_same_whatever_the_order_and_says_nothing_aloud(records, links, capfd):
    again = link_records(records.sample(frac=1, random_state=3))
    assert again.people.equals(links.people) and again.weights.equals(links.weights)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().level == logging.WARNING


@pytest.mark.slow
def test_linking_is_nearly_always_right_and_better_than_any_rule(identities, records, links):
    only = records[records["consent"]]
    truth = identities.truth
    linked = grade_links(links, truth, only=only)
    assert linked.precision >= 0.98 and linked.recall >= 0.9
    phone = grade_links(match_exact(only, ["phone"]), truth)
    exact = grade_links(match_exact(only, ["email", ("phone", "first_root")]), truth)
    assert phone.precision < exact.precision < linked.precision
    assert max(phone.recall, exact.recall) < linked.recall


@pytest.mark.slow
def test_links_hold_no_personal_data(records, links):
    text = links.pairs.to_csv() + links.people.to_csv() + repr(links) + links._repr_html_()
    for name in ("phone", "email", "birth_date"):
        assert not any(value in text for value in records[name].dropna().unique()[:200])
