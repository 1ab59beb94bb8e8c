import pandas as pd
import pytest

from loyalty import TableError
from loyalty.prepare.identity import link_records, match_exact, merge_histories, normalise_records, seal_links
from loyalty.prepare.identity.records import COLUMNS

KEY = "a word that nobody knows"


def make_cards(**columns):
    frame = pd.DataFrame({"card_id": [1, 2, 3], "first_name": ["Robert", "Ann", "Olga"], "last_name": "Lee"})
    return frame.assign(**columns)


def test_a_name_in_one_field_is_split_whichever_order_it_has():
    cards = make_cards(last_name=["Lee", "Fox", "Petrova"])
    names = ["Robert Lee", "Fox Ann", "Petrova, Olga", "Cher"]
    accounts = pd.DataFrame({"account_id": list("abcd"), "name": names})
    records = normalise_records({"cards": cards, "accounts": accounts})
    found = records[records["source"] == "accounts"]
    assert found["first_name"].fillna("").tolist() == ["robert", "ann", "olga", ""]
    assert found["last_name"].tolist() == ["lee", "fox", "petrova", "cher"]


def test_a_source_without_last_names_gets_them_from_the_address():
    cards = make_cards(last_name=["Lee", "Lee", "Fox"])
    app = pd.DataFrame({"app_id": ["a", "b"], "first_name": ["Bob", "Ann"], "email": ["rlee@example.com"] * 2})
    app.loc[0, "email"] = "bob.lee80@example.com"
    records = normalise_records({"cards": cards, "app": app}).set_index("record_id")
    assert records.loc["a", "last_name"] == "lee"
    assert pd.isna(records.loc["b", "last_name"])


def test_whole_numbers_that_became_floats_are_the_same_ids():
    records = normalise_records({"cards": make_cards(card_id=[1.0, 2.0, 3.0])})
    assert records["record_id"].tolist() == ["1", "2", "3"]
    assert list(records.columns) == list(COLUMNS)


def test_one_row_and_columns_that_are_all_empty_are_read():
    records = normalise_records({"cards": make_cards(phone=pd.NA, email=float("nan"), birth_date=None).head(1)})
    assert len(records) == 1 and records[["phone", "email", "birth_date"]].isna().all(axis=None)
    assert not len(normalise_records({"cards": make_cards().head(0)}))


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({}, "there is no table"),
        ({"cards": make_cards(card_id=[1, 1, 3])}, "1 value of `card_id` more than once, such as 1"),
        ({"cards": make_cards(card_id=[1, None, 3])}, "1 record without `card_id`"),
        ({"cards": make_cards().drop(columns="card_id")}, "cards: there is no column whose name ends with _id"),
        ({"cards": make_cards()[["card_id"]]}, "there is nothing to compare"),
        ({"cards": make_cards(phone=[[1], [2], [3]])}, "holds lists"),
    ],
)
def test_what_is_no_table_of_records_is_refused_in_words(tables, says):
    with pytest.raises(TableError, match=says):
        normalise_records(tables)


def test_an_unknown_country_is_refused():
    with pytest.raises(TableError, match="two capital letters"):
        normalise_records({"cards": make_cards()}, region="USA")


def test_a_rule_of_several_fields_needs_all_of_them_and_empty_fields_agree_with_nothing():
    frame = pd.DataFrame({"source": "s", "record_id": list("abcd"), "phone": ["1", "1", None, None], "email": "x"})
    assert match_exact(frame, ["phone"]).people["person"].tolist() == [1, 1, 2, 3]
    assert match_exact(frame, [("phone", "email")]).people["person"].tolist() == [1, 1, 2, 3]
    assert match_exact(frame, ["phone", "email"]).people["person"].nunique() == 1


def test_a_placeholder_makes_one_person_of_hundreds_and_is_told():
    frame = pd.DataFrame({"source": "s", "record_id": range(300), "phone": "+12125550000"})
    found = match_exact(frame, ["phone"])
    assert found.people["person"].nunique() == 1 and "300 records" in found.warnings[0]
    kept = match_exact(frame, ["phone"], frequent=6)
    assert kept.people["person"].nunique() == 300 and "placeholder" in kept.warnings[0]
    six = match_exact(frame.head(6), ["phone"], frequent=6)
    assert six.people["person"].nunique() == 1 and not six.warnings, "six are not more than six"


def test_sealing_leaves_ids_and_hashes_and_the_same_key_gives_the_same_hash():
    records = normalise_records({"cards": make_cards(phone="212-555-2345", email="ann@example.com")})
    links = match_exact(records, ["phone"])
    sealed = seal_links(links, records, key=KEY)
    assert list(sealed.columns) == ["source", "record_id", "person", "phone_hash", "email_hash"]
    assert sealed.equals(seal_links(links, records, key=KEY))
    assert not sealed["phone_hash"].isin(seal_links(links, records, key=KEY + "!")["phone_hash"]).any()
    assert not sealed.astype("str").apply(lambda column: column.str.contains("555|ann")).any(axis=None)


def test_a_placeholder_and_a_record_without_consent_get_no_hash():
    records = pd.DataFrame({"source": "s", "record_id": list("abcdefghi"), "phone": ["+12125550000"] * 7 + ["1", "2"]})
    records = records.assign(consent=[True] * 8 + [False])
    sealed = seal_links(match_exact(records, ["phone"], frequent=6), records, key=KEY, fields=["phone"])
    assert sealed.loc[sealed["phone_hash"].notna(), "record_id"].tolist() == ["h"]
    silent = records.assign(consent=records["consent"].where(records["consent"]))
    assert seal_links(match_exact(silent, ["phone"], frequent=6), silent, key=KEY, fields=["phone"]).equals(sealed)
    for unasked in (records.drop(columns="consent"), records.assign(consent=pd.NA)):
        everybody = seal_links(match_exact(unasked, ["phone"]), unasked, key=KEY, fields=["phone"])
        assert everybody.loc[everybody["phone_hash"].notna(), "record_id"].tolist() == ["h", "i"]
    open_ended = seal_links(match_exact(records, ["phone"]), records, key=KEY, fields=["phone"], frequent=7)
    assert open_ended["phone_hash"].notna().sum() == 8
    with pytest.raises(TableError, match="frequent should be 1 or more"):
        seal_links(match_exact(records, ["phone"]), records, key=KEY, fields=["phone"], frequent=0)


def test_a_keyed_hash_is_that_of_python():
    import hashlib
    import hmac

    records = normalise_records({"cards": make_cards(phone="212-555-2345").head(1)})
    sealed = seal_links(match_exact(records, ["phone"]), records, key=KEY, fields=["phone"])
    assert sealed["phone_hash"][0] == hmac.new(KEY.encode(), b"+12125552345", hashlib.sha256).hexdigest()


def test_a_short_key_and_strange_records_are_refused():
    records = normalise_records({"cards": make_cards(phone="212-555-2345")})
    links = match_exact(records, ["phone"])
    with pytest.raises(TableError, match="16 characters or more, found 5"):
        seal_links(links, records, key="short")
    with pytest.raises(TableError, match="1 record that are not among the records"):
        seal_links(links, records.head(2), key=KEY)


def test_merging_adds_no_row_and_keeps_sales():
    people = pd.DataFrame({"source": ["cards", "cards", "web"], "record_id": ["1", "2", "a"], "person": [1, 2, 1]})
    receipts = pd.DataFrame({"card_id": [1, 2, None, 9], "web_id": [None, "a", "a", None], "sales": [1.0, 2, 3, 4]})
    merged = merge_histories(receipts, people, {"card_id": "cards", "web_id": "web"})
    assert merged.receipts["customer_id"].fillna(0).tolist() == [1, 2, 1, 0]
    assert merged.receipts["sales"].tolist() == receipts["sales"].tolist()
    assert len(merged.warnings) == 2  # an unknown card, and a row of two people
    assert merged.joined["people"].sum() == 2


def test_links_that_would_multiply_receipts_are_refused():
    people = pd.DataFrame({"source": "cards", "record_id": ["1", "1"], "person": [1, 2]})
    with pytest.raises(TableError, match="more than once"):
        merge_histories(pd.DataFrame({"card_id": [1], "sales": 1.0}), people, {"card_id": "cards"})


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"consent": ["yes", "opt-out", "maybe"]}, "'opt-out', 'maybe' in 2 rows, which is neither yes nor no"),
        ({"E-mail": "ann@example.com"}, "`E-mail` would not be read: rename it `email`"),
        ({"Birth Date": "1984-03-07"}, "rename it `birth_date`"),
        ({"birth_date": ["7 March 1984", "8 May 1990", "1 мая 1980"]}, "no value of `birth_date`.*'7 March 1984'"),
        ({"birth_date": [30748, 30749, 30750]}, "no value of `birth_date`.*'30748': write them as 1984-03-07"),
        ({"phone": ["8 916 123-45-67", "8 916 123-45-68", "8 916 123-45-69"]}, "is `region` right. It is 'US'"),
        ({"email": ["a at b", "c at d", "e at f"]}, "no value of `email`"),
    ],
)
def test_a_column_that_would_be_lost_in_silence_is_refused_with_what_to_do(columns, says):
    with pytest.raises(TableError, match=says):
        normalise_records({"cards": make_cards(**columns)})


def test_a_placeholder_in_all_rows_and_empty_cells_are_no_column_that_cannot_be_read():
    records = normalise_records(
        {"cards": make_cards(phone="0000000000", consent=["yes", "", None], email=["", " ", "?"])}
    )
    assert records[["phone", "email"]].isna().all(axis=None)


def test_nobody_is_linked_matched_or_sealed_by_a_word_of_consent_that_is_not_understood():
    records = normalise_records({"cards": make_cards()})
    links = link_records(records)
    words = records.assign(consent=["opt-in", "opt-out", None])
    calls = (link_records, lambda r: match_exact(r, ["last_name"]), lambda r: seal_links(links, r, key=KEY))
    for call in calls:
        with pytest.raises(TableError, match="'opt-in', 'opt-out' in 2 rows, which is neither yes nor no"):
            call(words)


def test_ids_of_two_kinds_in_one_column_and_links_read_from_a_file_meet():
    people = pd.DataFrame({"source": "cards", "record_id": [1.0, 2.0, None], "person": [1, 2, 3]}).dropna()
    receipts = pd.DataFrame({"card_id": pd.Series([1, "2", 2.0, None], dtype=object), "sales": 1.0})
    merged = merge_histories(receipts, people, {"card_id": "cards"})
    assert merged.receipts["customer_id"].tolist()[:3] == [1, 2, 2]
    assert not merged.warnings
