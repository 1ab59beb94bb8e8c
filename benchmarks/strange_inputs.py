"""Strange inputs: what each public function says to None, text, NaN, twin columns and the like.

Each call is a sound one in which one or two arguments were spoiled. A function may answer with a result, or refuse in
plain words (`TableError`, or a `ValueError` that the package raises itself). Everything else is a raw error: a
traceback that an analyst cannot read.

    python benchmarks/strange_inputs.py           writes docs/tables/strange_inputs.md
"""

from __future__ import annotations

import inspect
import linecache
import os
import re
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

import loyalty

PACKAGE = Path(loyalty.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "tables" / "strange_inputs.md"
SEED = 12
CALLS = 3_200  # the whole round; the fast test takes a few of them

# What comes in where a number, a word, a list or a table was meant
VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "a text": lambda: "a lot",
    "an empty text": lambda: "",
    "NaN": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "a negative number": lambda: -1,
    "zero": lambda: 0,
    "2.5": lambda: 2.5,
    "True": lambda: True,
    "a Decimal": lambda: Decimal("0.3"),
    "an empty list": lambda: [],
    "a list of None": lambda: [None],
    "a list of texts": lambda: ["a", "a"],
    "a dictionary": lambda: {"a": "b"},
    "an array of NaN": lambda: np.full(3, np.nan),
    "a Series": lambda: pd.Series([1.0, 2.0], name="sales"),
    "an empty table": pd.DataFrame,
    "a table of something else": lambda: pd.DataFrame({"a": [1, 2]}),
    "a date": lambda: pd.Timestamp("2024-03-01"),
    "bytes": lambda: b"sales",
    "an object": object,
}


def _spoil_column(frame: pd.DataFrame, values: Callable[[pd.Series], Any], rng: np.random.Generator) -> pd.DataFrame:
    """Replace one column, chosen at random."""
    if not len(frame.columns):
        return frame
    name = frame.columns[rng.integers(len(frame.columns))]
    return frame.assign(**{str(name): values(frame[name])})


def _name_index(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    name = frame.columns[rng.integers(len(frame.columns))]
    return frame.rename_axis(index=name)


def _move_to_index(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return frame.set_index(frame.columns[rng.integers(len(frame.columns))])


def _leave_out(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return frame.drop(columns=frame.columns[rng.integers(len(frame.columns))])


def _double(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    name = frame.columns[rng.integers(len(frame.columns))]
    return pd.concat([frame, frame[[name]]], axis=1)


def _make_decimal(column: pd.Series) -> Any:
    if column.dtype.kind in "iuf":
        return [Decimal(str(value)) for value in column]
    return [Decimal(place) for place in range(len(column))]


# What a sound table becomes
TABLES: dict[str, Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]] = {
    "no row": lambda frame, rng: frame.head(0),
    "one row": lambda frame, rng: frame.head(1),
    "no column": lambda frame, rng: frame[[]],
    "every row twice": lambda frame, rng: pd.concat([frame, frame], ignore_index=True),
    "a column twice": _double,
    "a column left out": _leave_out,
    "a column in the index": _move_to_index,
    "an index named like a column": _name_index,
    "column names in two levels": lambda frame, rng: frame.set_axis(
        pd.MultiIndex.from_product([["a"], frame.columns]), axis=1
    ),
    "a column of NaN": partial(_spoil_column, values=lambda column: np.nan),
    "a column of None": partial(_spoil_column, values=lambda column: None),
    "one value missing": partial(_spoil_column, values=lambda column: column.where(np.arange(len(column)) > 0)),
    "a column of text": partial(_spoil_column, values=lambda column: "a lot"),
    "a column of Decimal": partial(_spoil_column, values=_make_decimal),
    "a column of objects": partial(_spoil_column, values=lambda column: column.astype(object)),
    "a column of lists": partial(_spoil_column, values=lambda column: [[1]] * len(column)),
    "a column of mixed kinds": partial(
        _spoil_column, values=lambda column: [("a", 1, None)[place % 3] for place in range(len(column))]
    ),
    "a column of infinities": partial(_spoil_column, values=lambda column: np.inf),
    "a column of one value": partial(_spoil_column, values=lambda column: column.iloc[0] if len(column) else 0),
    "a column of -1": partial(_spoil_column, values=lambda column: -1),
    "a column of true and false": partial(_spoil_column, values=lambda column: np.arange(len(column)) % 2 == 0),
    "a column of dates": partial(_spoil_column, values=lambda column: pd.Timestamp("2024-03-01")),
    "a column of categories": partial(_spoil_column, values=lambda column: column.astype("category")),
}


# --- Sound calls -----------------------------------------------------------------------------------

CONTROL = ["control"] * 30
DAY = pd.Timestamp("2024-03-01")


@cache
def _make_wave() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    n = 120
    frame = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": np.arange(1, n + 1)})
    frame["arm"] = np.where(np.arange(n) % 2 == 0, "control", "mail")
    frame["segment"] = np.where(np.arange(n) % 4 < 2, "loyal", "new")
    frame["offer_id"] = np.where(frame["arm"] == "mail", "gift", "")
    frame["took_card"] = (rng.random(n) < np.where(frame["arm"] == "mail", 0.7, 0.2)).astype(int)
    return frame


@cache
def _make_outcomes() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    parts = []
    for window, start in (("pre", "2024-02-01"), ("main", "2024-03-01"), ("post", "2024-04-01")):
        part = _make_wave()[["campaign_id", "wave", "customer_id"]].assign(window=window)
        part["start"] = pd.Timestamp(start)
        part["end"] = part["start"] + pd.Timedelta(days=28)
        part["orders"] = rng.integers(0, 4, len(part))
        part["responded"] = (part["orders"] > 0).astype(int)
        part["sales"] = part["orders"] * rng.gamma(2, 5, len(part))
        part["margin"] = part["sales"] * 0.3
        part["redeemed"] = (rng.random(len(part)) < 0.2).astype(int)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


@cache
def _make_receipts() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 600
    frame = pd.DataFrame({"customer_id": rng.integers(1, 121, n)})
    frame["time"] = pd.Timestamp("2024-01-01 09:00") + pd.to_timedelta(rng.integers(0, 120 * 24, n), unit="h")
    frame["basket_id"] = np.arange(n)
    frame["product_id"] = rng.integers(1, 9, n)
    frame["quantity"] = rng.integers(1, 4, n)
    frame["sales"] = (rng.gamma(2, 5, n) * frame["quantity"]).round(2)
    return frame


@cache
def _make_days() -> pd.Series:
    week = np.tile([8.0, 6, 6, 7, 9, 14, 3], 16)
    return pd.Series(week + np.arange(112) % 5, pd.date_range("2024-01-01", periods=112, unit="us"), name="tea")


@cache
def _make_goods() -> pd.DataFrame:
    names = ["tea", "tea", "jam", "jam", "salt", "salt", "soap", "soap"]
    return pd.DataFrame({"product_id": np.arange(1, 9), "category": names, "department": ["food"] * 6 + ["care"] * 2})


@cache
def _make_demand() -> Any:
    return loyalty.sum_demand(_make_receipts(), by="product_id", every="day", start="2024-01-01", end="2024-04-29")


@cache
def _make_customers() -> pd.DataFrame:
    people = _make_wave()[["customer_id", "segment"]]
    rng = np.random.default_rng(4)
    return people.assign(
        consent=True, last_contact=pd.Timestamp("2024-01-01"), age=rng.integers(20, 70, len(people)), home_store="a"
    )


@cache
def _make_profile() -> pd.DataFrame:
    return loyalty.build_profile(_make_receipts(), "2024-05-01", customers=_make_customers()[["customer_id"]])


@cache
def _make_purchases() -> pd.DataFrame:
    return loyalty.summarise_purchases(_make_receipts(), "2024-03-20", until="2024-05-01")


@cache
def _fit_purchases() -> Any:
    return loyalty.fit_purchases(_make_purchases())


@cache
def _fit_spend() -> Any:
    return loyalty.fit_spend(_make_purchases())


@cache
def _forecast_purchases() -> Any:
    return loyalty.predict_purchases(_fit_purchases(), _make_purchases(), weeks=6, draws=5)


@cache
def _value_customers() -> Any:
    return loyalty.customer_value(_fit_purchases(), _fit_spend(), _make_purchases(), margin_rate=0.3, interval=False)


@cache
def _fit_churn() -> Any:
    return loyalty.fit_churn(_make_receipts(), "2024-04-15", weeks=2)


@cache
def _make_early_profile() -> pd.DataFrame:
    return _make_profile()[["customer_id", "frequency", "monetary"]]


@cache
def _make_people() -> pd.DataFrame:
    """One row a customer, chosen by visits: for the methods without a lottery."""
    rng = np.random.default_rng(5)
    n = 150
    frame = pd.DataFrame({"customer_id": np.arange(n), "visits": rng.normal(size=n), "card": rng.integers(0, 2, n)})
    frame["invited"] = (frame["visits"] + rng.normal(size=n) > 0).astype(int)
    frame["earlier"] = frame["visits"] + rng.normal(size=n)
    frame["sales"] = 5 + frame["visits"] + frame["invited"] + rng.normal(size=n)
    return frame


@cache
def _make_features() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    spots = rng.normal(size=(60, 2)) + np.repeat([[0, 0], [9, 9]], 30, axis=0)
    return pd.DataFrame(spots, columns=["visits", "money"]).assign(customer_id=range(1, 61))


def _scale_features() -> Any:
    return loyalty.scale_features(_make_features(), ["visits", "money"])


def _cluster_customers() -> Any:
    return loyalty.cluster_customers(_scale_features(), 2)


def _make_shoppers(month: str = "2025-03-01") -> pd.DataFrame:
    pairs = [(who, what) for who in range(20) for what in range(8) if who % 2 == what % 2 and who % 10 != what]
    lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"])
    return lines.assign(time=pd.Timestamp(month), sales=1.0)


def _find_communities() -> Any:
    return loyalty.find_communities(loyalty.link_customers(_make_shoppers()), rewirings=19)


def _make_baskets() -> pd.DataFrame:
    """Receipts of March and April; each customer buys several products on one day."""
    pairs = [(who, what) for who in range(60) for what in range(8) if who % 2 == what % 2]
    lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(sales=1.0)
    days = [lines.assign(time=pd.Timestamp(day)) for day in ("2025-03-01", "2025-04-01")]
    return pd.concat(days, ignore_index=True)


def _make_shelf() -> pd.DataFrame:
    return pd.DataFrame({"product_id": range(8), "price": 5.0, "unit_cost": 3.0, "stock": 30})


def _make_addressees() -> pd.DataFrame:
    return pd.DataFrame({"customer_id": range(60), "consent": [n % 5 > 0 for n in range(60)], "contacts": 1})


@cache
def _recommend() -> Any:
    return loyalty.recommend_products(_make_baskets(), "2025-04-01", size=2)


@cache
def _plan_messages() -> Any:
    return loyalty.plan_messages(_recommend(), _make_shelf(), _make_addressees(), campaign_id="spring", salt="word")


def _make_cards() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "card_id": range(1, 7),
            "first_name": ["Robert", "Ann", "Mary", "John", "Olga", "Lee"],
            "last_name": ["Lee", "Lee", "Fox", "Fox", "Orlova", "Kim"],
            "birth_date": ["1980-02-01", "1983-05-06", None, "1990-01-02", "1971-07-08", "1965-03-04"],
            "postcode": "10001",
            "phone": [f"212-555-23{n}" for n in (45, 45, 46, 46, 47, 48)],
            "email": [None, "ann@example.com", "mary@example.com", None, None, "lee@example.org"],
            "consent": [True, True, True, True, True, False],
        }
    )


def _make_app_users() -> pd.DataFrame:
    names = pd.Series(["Bob", "Annie", "Olya"], dtype="str")
    phones = ["(212) 555-2345", "212 555 2345", "+1 212 555 2347"]
    return pd.DataFrame({"app_id": ["a", "b", "c"], "first_name": names, "phone": phones, "consent": True})


@cache
def _make_records() -> pd.DataFrame:
    return loyalty.normalise_records({"cards": _make_cards(), "app": _make_app_users()})


@cache
def _link_records() -> Any:
    return loyalty.link_records(_make_records())


def _tell_records() -> pd.DataFrame:
    return _make_records()[["source", "record_id"]].assign(customer_id=[1, 2, 5, 1, 2, 3, 4, 5, 6])


def _learn_rules() -> Any:
    return loyalty.learn_rules(_cluster_customers(), _make_features(), ["visits", "money"])


def _make_segments() -> pd.DataFrame:
    frame = _make_profile()[["customer_id", "as_of"]]
    names = np.where(np.arange(len(frame)) % 3 == 0, "loyal", "new")
    return frame.assign(scheme="own", version="1", segment=names)


@cache
def _make_spells() -> pd.DataFrame:
    later = _make_segments().assign(as_of=pd.Timestamp("2024-06-01"))
    return loyalty.date_memberships([_make_segments(), later])


@cache
def _list_months() -> list[pd.DataFrame]:
    """Thirteen monthly snapshots; a few customers move each month."""
    days = pd.date_range("2023-05-01", periods=13, freq="MS")
    base = _make_segments()
    rows = np.arange(len(base))
    return [
        base.assign(as_of=day, segment=np.where((rows + place) % 5 < 2, "loyal", "new"))
        for place, day in enumerate(days)
    ]


@cache
def _make_history() -> pd.DataFrame:
    waves = [_make_wave().merge(_make_outcomes(), on=["campaign_id", "wave", "customer_id"])]
    waves.append(waves[0].assign(wave=2))
    return pd.concat(waves, ignore_index=True)


@cache
def _make_offers() -> pd.DataFrame:
    return pd.DataFrame({"offer_id": ["gift"], "kind": "gift", "reward_cost": 4.0, "contact_cost": 0.5})


@cache
def _make_options() -> pd.DataFrame:
    rows = {"segment": ["loyal", "loyal", "new"], "offer_id": ["mail", "gift", "mail"], "customers": [100, 100, 50]}
    return pd.DataFrame(rows | {"profit": [1.0, 2.5, 0.8], "cost": [0.5, 2.0, 0.5]})


@cache
def _make_trial() -> Any:
    main = _make_outcomes().query("window == 'main'")
    return loyalty.open_trial(_make_early_profile(), _make_wave(), main)


@cache
def _make_halves() -> Any:
    return _make_trial().split()


@cache
def _fit_model() -> Any:
    return loyalty.fit_uplift(_make_halves()[0], "t", folds=2)


def _measure_spend() -> Any:
    return loyalty.measure_concentration(_make_profile()[["customer_id", "monetary"]], value="monetary")


@cache
def _make_little_world() -> Any:
    return loyalty.World(customers=120, months=3, seed=1)


@cache
def _make_log() -> pd.DataFrame:
    table = pd.DataFrame({"customer_id": range(60), "arm": ["mail", "control"] * 30, "propensity": 0.5})
    return table.assign(segment=["old", "old", "young"] * 20, profit=np.arange(60.0) % 7, usual=np.arange(60.0) % 5)


def _list_judged(**more: Any) -> dict[str, Any]:
    settings = {"method": "dr", "clip": 5.0, "folds": 2, "untried": "refuse", "seed": 1, "level": 0.9}
    return {"log": loyalty.open_log(_make_log()), **settings, **more}


@cache
def _make_runs() -> pd.DataFrame:
    return pd.DataFrame({"seed": [0, 0, 1, 1], "policy": ["equal", "winner"] * 2, "profit": [1.0, 2.0, 4.0, 3.0]})


def _run_little(**more: Any) -> dict[str, Any]:
    customers = loyalty.describe_customers(_make_little_world())[["customer_id", "segment", "recency_days"]]
    return {"world": _make_little_world(), "waves": 1, "customers": customers, "seed": 3, **more}


def _estimate(effect: float) -> Any:
    return loyalty.compare_means(np.arange(30.0) + effect, np.arange(30.0))


def _list_wave(**more: Any) -> dict[str, Any]:
    return {"contacts": _make_wave(), "outcomes": _make_outcomes(), **more}


def _list_people(**more: Any) -> dict[str, Any]:
    named = {"treated": "invited", "outcome": "sales", "covariates": ["visits", "card"]}
    return {"table": _make_people(), **named, **more}


def _list_loaded() -> dict[str, Any]:
    return dict(loyalty.load_tables({"receipts": _make_receipts()}))


def _list_plan() -> dict[str, Any]:
    return dict(loyalty.load_tables({"receipts": _make_receipts(), "customers": _make_customers()}))


def _list_campaign() -> dict[str, Any]:
    return dict(loyalty.load_tables({"contacts": _make_wave(), "receipts": _make_receipts()}))


def _list_cleaning() -> dict[str, Any]:
    receipts = _make_receipts().assign(line_no=1, kind="sale", store_id=1, till_id=1, discount=0.0)
    told = {"zone": -4, "vat_rate": 0.2, "staff_discount": 0.15, "staff_cards": [7], "test_cards": []}
    return {"receipts": receipts, **told, "rules": loyalty.CleaningRules()}


def _list_till_files() -> dict[str, Any]:
    path = Path(tempfile.mkdtemp(prefix="till-")) / "receipts.csv"
    path.write_text("date;time;card;amount\n05.03.2023;10:00:00;27001;12,50\n", encoding="utf-8")
    return {"files": [str(path)]}


def _find_scheme() -> Any:
    return inspect.signature(loyalty.name_segments).parameters["scheme"].default


DOWNLOADS = ("hillstrom",)  # what comes in for `download` would go to the network
SPEND = np.r_[np.zeros(60), np.arange(60.0)]
SOUND: dict[str, Callable[[], dict[str, Any]]] = {
    "adjust_by_regression": _list_people,
    "adjust_doubly": lambda: _list_people(folds=0, target="ate"),
    "adjust_gap": lambda: {"treated": SPEND, "control": SPEND[::-1], "earlier": (SPEND[:, None], SPEND[:, None] ** 2)},
    "apply_margin_rate": lambda: {
        "frame": pd.DataFrame({"sales": [100.0, 90.0], "discount": [0.0, 10.0]}),
        "rate": 0.3,
        "ordinary": [True, False],
    },
    "apply_rules": lambda: {"rules": _learn_rules(), "table": _make_features()},
    "assign_clusters": lambda: {"clustering": _cluster_customers(), "table": _make_features()},
    "choose_k": lambda: {"features": _scale_features(), "ks": [2, 3], "draws": 5},
    "cluster_customers": lambda: {"features": _scale_features(), "k": 2, "seed": 3},
    "compare_segmentations": lambda: {"first": _make_segments(), "second": _make_segments(), "draws": 20},
    "draw_null_cloud": lambda: {"features": _scale_features(), "seed": 3},
    "find_communities": lambda: {"links": loyalty.link_customers(_make_shoppers()), "rewirings": 19, "resolution": 1.0},
    "find_groups": lambda: {"features": _scale_features(), "ks": [2, 3], "draws": 19},
    "link_customers": lambda: {"receipts": _make_shoppers(), "start": "2025-01-01", "leave_out": [7]},
    "redraw_communities": lambda: {"communities": _find_communities(), "draws": 3},
    "score_offers": lambda: {"communities": _find_communities(), "later": _make_shoppers("2025-06-01"), "offers": 1},
    "export_messages": lambda: {
        "sending": _plan_messages(),
        "customers": _make_addressees(),
        "at": "2025-04-02",
        "expires": "2025-04-30",
        "secret": "only we know it",
        "receipts": _make_baskets(),
    },
    "find_lookalikes": lambda: {
        "people": pd.DataFrame({"customer_id": range(80), "visits": [n % 7 for n in range(80)]}),
        "seeds": list(range(0, 80, 3)),
        "features": ["visits"],
        "folds": 2,
    },
    "plan_messages": lambda: {
        "recommendations": _recommend(),
        "products": _make_shelf(),
        "customers": _make_addressees(),
        "campaign_id": "spring",
        "salt": "word",
        "control": 0.2,
        "discount": 0.0,
        "contact_cost": 0.1,
        "most_contacts": 3,
        "keep_in_stock": 1,
        "offers": pd.DataFrame({"offer_id": "ten", "product_id": range(8), "discount": 0.1}),
    },
    "choose_threshold": lambda: {
        "labelled": pd.DataFrame({"probability": np.linspace(0.5, 1, 80), "is_match": [n > 20 for n in range(80)]}),
        "floor": 0.9,
    },
    "explain_pairs": lambda: {"links": _link_records(), "records": _make_records(), "pairs": _link_records().pairs},
    "grade_links": lambda: {
        "links": _link_records().people,
        "truth": _tell_records(),
        "only": _make_records()[["source", "record_id"]],
    },
    "link_records": lambda: {
        "records": _make_records(),
        "threshold": 0.9,
        "frequent": 4,
        "weights": _link_records().weights,
        "prior": 0.1,
    },
    "match_exact": lambda: {"records": _make_records(), "rules": ["email", ["phone", "first_root"]], "frequent": 4},
    "merge_histories": lambda: {
        "receipts": pd.DataFrame({"card_id": [1, 2, None], "app_id": ["a", None, "b"], "sales": [1.0, 2.0, 3.0]}),
        "links": _link_records(),
        "ids": {"card_id": "cards", "app_id": "app"},
    },
    "normalise_records": lambda: {
        "tables": {"cards": _make_cards(), "app": _make_app_users()},
        "ids": {"cards": "card_id"},
        "region": "US",
        "nicknames": {"Bobko": "Robert"},
    },
    "seal_links": lambda: {
        "links": _link_records(),
        "records": _make_records(),
        "key": "a word that nobody knows",
        "fields": ["phone"],
        "frequent": 6,
    },
    "recommend_beside": lambda: {"receipts": _make_baskets(), "as_of": "2025-04-01", "product": 2, "size": 2},
    "recommend_products": lambda: {
        "receipts": _make_baskets(),
        "as_of": "2025-04-01",
        "way": "items",
        "size": 2,
        "new": False,
        "rest": 7,
        "only": [1, 2, 3, 4],
    },
    "score_recommenders": lambda: {
        "receipts": _make_baskets(),
        "cut": "2025-04-01",
        "end": "2025-05-01",
        "size": 2,
        "ways": ["items"],
        "only": [1, 2, 3, 4],
        "draws": 10,
    },
    "score_visitors": lambda: {"receipts": _make_baskets(), "cut": "2025-04-01", "size": 2, "draws": 10},
    "learn_rules": lambda: {
        "clustering": _cluster_customers(),
        "table": _make_features(),
        "columns": ["visits"],
        "held_out": 0.3,
    },
    "measure_clustering": lambda: {
        "history": pd.DataFrame({"store": [1, 1, 2, 2, 3, 3], "sales": [1.0, 3.0, 7.0, 9.0, 4.0, 5.0]}),
        "cluster": "store",
    },
    "assign_arms": lambda: {
        "customers": _make_customers(),
        "shares": {"control": 0.5, "mail": 0.5},
        "salt": "spring",
        "mode": "blocks",
        "strata": "segment",
    },
    "assign_life_cycle": lambda: {"profile": _make_profile(), "gaps": (20.0, 40.0)},
    "backtest_demand": lambda: {
        "demand": _make_days(),
        "methods": ["seasonal naive", "seasonal mean"],
        "horizon": 7,
        "first": 56,
        "step": 14,
        "refit": 2,
        "flags": _make_days() > 17,
        "levels": [0.8],
        "level": 0.9,
    },
    "bootstrap_gap": lambda: {"treated": SPEND + 1, "control": SPEND, "draws": 50, "seed": 1, "level": 0.9},
    "build_cohorts": lambda: {"receipts": _make_receipts(), "until": "2024-05-01", "level": 0.9},
    "build_outcomes": lambda: {
        "contacts": _make_wave(),
        "receipts": _make_receipts(),
        "start": "2024-03-01",
        "end": "2024-03-29",
        "before": 28,
        "after": 0,
    },
    "build_profile": lambda: {
        "receipts": _make_receipts(),
        "as_of": "2024-05-01",
        "customers": _make_customers(),
        "products": pd.DataFrame({"product_id": np.arange(1, 9), "category": "food"}),
    },
    "campaign_money": lambda: _list_wave(
        offers=_make_offers(), margin_rate=0.3, contact_cost=0.1, reward_cost=1.0, point_cost=0.0
    ),
    "cdnow": dict,
    "check": lambda: {"code": "33b", "answer": 1.0},
    "check_arm_probs": lambda: {
        "arm_probs": loyalty.assign_arms(_make_customers(), {"control": 0.5, "mail": 0.5}, salt="x").arm_probs
    },
    "check_balance": lambda: {
        "contacts": _make_wave(),
        "profile": _make_profile(),
        "covariates": ["frequency", "monetary"],
    },
    "check_chances": lambda: {"log": loyalty.open_log(_make_log()), "level": 0.05},
    "check_independence": lambda: {"purchases": _make_purchases()},
    "check_overlap": lambda: {"table": _make_people(), "treated": "invited", "covariates": "visits"},
    "check_sample_ratio": lambda: {"contacts": _make_wave(), "shares": {"control": 0.5, "mail": 0.5}},
    "check_scheme": lambda: {"scheme": _find_scheme()},
    "check_table": lambda: {"source": _make_receipts(), "contract": loyalty.tables.check.CONTRACTS["receipts"]},
    "checkpoint": lambda: {"name": "profile_cj"},
    "choose_offers": lambda: {"scores": pd.DataFrame({"gift": [1.0, -1.0, 2.0]}), "cost": 0.5, "share": 0.5},
    "choose_policy": lambda: {"trial": _make_trial(), "cost": 0.5, "models": {"line": LinearRegression()}, "folds": 2},
    "compare_all": lambda: _list_people(placebo="earlier"),
    "compare_holdout": lambda: {"forecast": _forecast_purchases(), "purchases": _make_purchases()},
    "compare_means": lambda: {"treated": SPEND + 1, "control": SPEND, "level": 0.9, "variance": "auto"},
    "compare_money": lambda: _list_wave(
        offers=_make_offers(), margin_rate=0.3, contact_cost=0.1, reward_cost=1.0, point_cost=0.0
    ),
    "compare_naively": lambda: {"table": _make_people(), "treated": "invited", "outcome": "sales"},
    "compare_plans": lambda: _list_judged(plans={"all": "mail", "none": {"control": 1.0}}, base="none"),
    "compare_programmes": lambda: {"runs": _make_runs(), "against": "equal", "value": "profit", "level": 0.9},
    "compare_rates": lambda: {"successes": [5, 3], "trials": [50, 60], "level": 0.9},
    "compare_strata": lambda: {
        "table": _make_people(),
        "treated": "invited",
        "outcome": "sales",
        "by": "card",
        "bins": 3,
    },
    "classify_abc_xyz": lambda: {
        "receipts": _make_receipts(),
        "by": "category",
        "products": _make_goods(),
        "season_by": "department",
        "value": "sales",
        "shares": (0.8, 0.95),
        "cuts": (0.5, 1.0),
        "start": "2024-01-01",
        "end": "2024-04-30",
        "draws": 20,
        "seed": 1,
    },
    "clean_receipts": lambda: _list_cleaning(),
    "compare_clocks": lambda: {
        "receipts": _make_receipts(),
        "events": pd.DataFrame({"customer_id": [1, 2], "redeemed_on": pd.Timestamp("2024-01-02")}),
        "zone": "America/New_York",
        "day": "redeemed_on",
    },
    "complete_journey": lambda: {"promotions": False, "clock": "local"},
    "cost_offers": lambda: {
        "offers": _make_offers(),
        "expected": pd.DataFrame({"segment": ["new", "loyal"], "offer_id": "gift", "redeemed": [0.1, 0.3]}),
    },
    "count_looks": lambda: {"looks": 2, "level": 0.95},
    "cross_value": lambda: {"segments": _make_segments(), "profile": _make_profile(), "deciles": 4},
    "customer_value": lambda: {
        "fit": _fit_purchases(),
        "spend": _fit_spend(),
        "purchases": _make_purchases(),
        "weeks": 26,
        "margin_rate": 0.3,
        "yearly_discount": 0.1,
        "draws": 5,
    },
    "date_memberships": lambda: {"snapshots": [_make_segments(), _make_segments().assign(as_of=DAY)]},
    "decide": lambda: {"profit": _estimate(-1.0), "test": loyalty.value_test(-1.0, 0.1, 100, 9, 9)},
    "difference_in_differences": lambda: {
        "receipts": _make_receipts(),
        "treated": list(range(1, 40)),
        "start": "2024-04-01",
        "end": "2024-04-15",
        "customers": list(range(1, 121)),
        "pre_days": (28,),
        "per_days": 28,
    },
    "describe_customers": lambda: {"world": _make_little_world()},
    "draw_overlap": lambda: {"table": _make_people(), "treated": "invited", "covariates": "visits"},
    "examine_campaign": lambda: _list_wave(plan={"planned_shares": "control=0.5, mail=0.5"}),
    "expose_regression": lambda: {
        "spend": loyalty.simulate_stable([0, 1, 2, 5, 9] * 40, seed=1),
        "bins": 4,
        "draws": 20,
        "seed": 2,
    },
    "filter_eligible": lambda: {
        "customers": _make_customers(),
        "rules": [("no consent", "consent", "is", True), ("written lately", "last_contact", "before", "2024-02-01")],
        "as_of": "2024-03-01",
    },
    "find_break_even": lambda: {
        "profit": -0.3,
        "sales": 1.0,
        "base_sales": 8.0,
        "margin": 0.3,
        "base_rate": 0.2,
        "basket": 40.0,
    },
    "find_detectable": lambda: {"history": SPEND, "size": 1_000, "power": 0.8, "control": 0.1, "arms": 1, "looks": 1},
    "find_power": lambda: {"history": SPEND, "size": 1_000, "effect": 2.0, "control": 0.1, "worth": 1.0},
    "find_promising": lambda: {"value": _value_customers(), "purchases": _make_purchases(), "share": 0.2},
    "find_size": lambda: {"effect": 0.02, "rate": 0.1, "power": 0.8, "control": 0.1, "saving": 0.0},
    "find_value_gain": lambda: {"retention": 0.8, "less_churn": 0.05, "points": True, "discount": 0.1},
    "fit_churn": lambda: {"receipts": _make_receipts(), "as_of": "2024-04-15", "weeks": 2},
    "fit_purchases": lambda: {"purchases": _make_purchases(), "model": "mbg_nbd"},
    "fit_retention": lambda: {"survivors": [100, 80, 70, 65]},
    "fit_spend": lambda: {"purchases": _make_purchases()},
    "fit_uplift": lambda: {"trial": _make_trial(), "learner": "t", "folds": 2, "seed": 1},
    "flag_periods": lambda: {
        "flags": pd.DataFrame({"product_id": [1], "date": pd.to_datetime(["2024-01-05"]), "empty": [True]}),
        "demand": _make_demand(),
        "item": "product_id",
        "what": ("empty",),
    },
    "forecast_demand": lambda: {
        "demand": _make_days(),
        "horizon": 7,
        "method": "seasonal mean",
        "flags": _make_days() > 17,
        "levels": [0.8, 0.95],
    },
    "gather_lifts": lambda: {
        "results": [loyalty.measure_lift(_make_wave(), _make_outcomes())] * 2,
        "correct": "holm",
    },
    "gather_verdicts": lambda: {"verdicts": [loyalty.judge_win_or_keep(data="chain")]},
    "hash_customers": lambda: {"ids": [1, 2, 3], "salt": "spring"},
    "hillstrom": lambda: {"download": False},
    "hint": lambda: {"code": "33b"},
    "hold_out": lambda: {
        "customers": _make_customers(),
        "share": 0.1,
        "salt": "programme",
        "term": ("2024-01-01", "2025-01-01"),
    },
    "inspect_receipts": lambda: _list_cleaning(),
    "judge_churn_profit": lambda: {"gain": (0.2, 0.1, 0.3), "retention": 0.8, "years": 5.0, "discount": 0.1},
    "judge_half_lost": lambda: {"lost": 40, "customers": 100, "years": 5.0, "claim": 0.5, "level": 0.9},
    "judge_placebo": lambda: {"placebo": _estimate(0.1), "effect": _estimate(3.0)},
    "judge_top_share": lambda: {"concentration": _measure_spend(), "top": 0.2, "claim": 0.8, "within": 0.05},
    "judge_win_or_keep": lambda: {"cost_to_win": (30.0, 20.0, 40.0), "cost_to_keep": (10.0, 8.0, 12.0)},
    "learn_lifts": lambda: {"history": _make_history()},
    "list_refills": lambda: {
        "receipts": _make_receipts(),
        "as_of": "2024-04-01",
        "horizon": 7,
        "per": "piece",
        "packs": pd.DataFrame({"product_id": range(1, 9), "pack": 10.0}),
        "min_gaps": 10,
        "level": 0.8,
    },
    "load_campaigns": lambda: {
        "sources": {"waves": {"may": _make_wave().assign(responded=1)}},
        "columns": None,
    },
    "load_tables": lambda: {"sources": {"receipts": _make_receipts()}, "columns": None},
    "make_cards": lambda: {
        "segments": _make_segments(),
        "profile": _make_profile(),
        "actions": {"loyal": "Thank.", "new": "Welcome."},
    },
    "make_boosted": dict,
    "make_ridge": dict,
    "match_customers": lambda: _list_people(k=1, spread_from=2),
    "match_redemptions": lambda: {
        "redemptions": pd.DataFrame(
            {"customer_id": [7, 7], "redeemed_on": pd.to_datetime(["2017-01-02", "2017-01-03"])}
        ),
        "receipts": pd.DataFrame({"customer_id": [7], "time": pd.to_datetime(["2017-01-02 23:10"])}),
    },
    "measure_bins": lambda: {"trial": _make_trial(), "score": "frequency", "bins": 2},
    "measure_calibration": lambda: {"predicted": [0.1, 0.4, 0.8], "happened": [0, 1, 1], "bins": 2},
    "measure_complier_effect": lambda: _list_wave(took="took_card"),
    "measure_concentration": lambda: {
        "spend": _make_profile()[["customer_id", "monetary"]],
        "value": "monetary",
        "of": "buyers",
        "top": (0.1, 0.2),
        "level": 0.9,
    },
    "measure_capped_lift": lambda: _list_wave(outcome="sales", quantile=0.9),
    "measure_decay": lambda: {"history": _make_history(), "by": "offer_id", "up_to": 2},
    "measure_gains": lambda: {"trial": _make_trial(), "scores": {"frequency": _make_trial().features["frequency"]}},
    "measure_gaps": lambda: {"receipts": _make_receipts(), "as_of": "2024-05-01", "shares": (0.5, 0.8, 0.95)},
    "measure_label_life": lambda: {"snapshots": _list_months()},
    "measure_lift": lambda: _list_wave(outcome="sales", before="sales", by="segment"),
    "measure_lifts": lambda: _list_wave(metrics=["responded", ("sales", "orders")], by="segment"),
    "measure_migration": lambda: {
        "before": _make_segments(),
        "after": _make_segments().assign(as_of=pd.Timestamp("2024-06-01")),
    },
    "measure_looks": lambda: {
        "contacts": _make_wave(),
        "receipts": _make_receipts(),
        "outcome": "sales",
        "start": "2024-03-01",
        "dates": ["2024-03-15", "2024-03-29"],
        "spending": "pocock",
    },
    "measure_placebo_lift": lambda: {
        "contacts": _make_wave(),
        "receipts": _make_receipts(),
        "start": "2024-04-01",
        "end": "2024-04-15",
        "before": 14,
        "margin_rate": 0.3,
    },
    "measure_rates": lambda: {"history": _make_history(), "by": ["segment"], "min_size": 5},
    "measure_stability_index": lambda: {"then": _list_months()[0], "now": _list_months()[-1], "draws": 100},
    "measure_stability": lambda: {"features": _scale_features(), "k": 2, "draws": 5},
    "measure_with_guardrails": lambda: _list_wave(
        primary="sales", guardrails={"orders": -0.5, "responded": -0.2}, secondary=[("sales", "orders")]
    ),
    "mine_rules": lambda: {
        "receipts": _make_receipts(),
        "lag": (7, 21),
        "start": "2024-01-01",
        "until": "2024-05-01",
        "above": 1.0,
        "min_buyers": 5,
        "min_pairs": 5,
        "level": 0.9,
    },
    "mix_by_segment": lambda: {
        "receipts": _make_receipts(),
        "segments": _make_customers()[["customer_id", "segment"]],
        "by": "category",
        "products": _make_goods(),
        "start": "2024-01-01",
        "end": "2024-04-30",
        "level": 0.9,
    },
    "name_clusters": lambda: {
        "profiles": loyalty.profile_clusters(_cluster_customers(), _make_features(), ["visits"]),
        "names": {1: "a", 2: "b"},
    },
    "name_segments": lambda: {"scores": loyalty.score_rfm(_make_profile()), "scheme": _find_scheme()},
    "nsw": dict,
    "online_retail": dict,
    "open_history": lambda: {"path": "history.duckdb", "read_only": False},
    "open_log": lambda: {
        "contacts": _make_log().drop(columns="profit").assign(campaign_id="may", wave=1),
        "outcomes": _make_log()[["customer_id", "profit"]].assign(campaign_id="may", wave=1, window="main"),
        "outcome": "profit",
        "covariates": ["usual"],
        "window": "main",
    },
    "open_store": lambda: {"path": "store.duckdb", "read_only": False},
    "open_table": lambda: {"source": _make_receipts()},
    "open_trial": lambda: {"profile": _make_early_profile(), **_list_wave(features=["frequency"])},
    "pick_members": lambda: {"memberships": _make_spells(), "day": "2024-05-15", "scheme": "own"},
    "permute_gap": lambda: {"treated": SPEND + 1, "control": SPEND, "draws": 50, "seed": 1, "level": 0.9},
    "placebo_outcome": lambda: {
        "table": _make_people(),
        "estimator": loyalty.compare_naively,
        "treated": "invited",
        "placebo": "earlier",
    },
    "plan_budget": lambda: {"options": _make_options(), "budget": 120.0, "control_share": 0.1},
    "plan_campaign": lambda: {
        "tables": _list_plan(),
        "settings": {
            "campaign": "spring",
            "registered_on": "2024-04-20",
            "start": "2024-05-01",
            "end": "2024-05-29",
            "margin_rate": 0.3,
            "control_share": 0.2,
        },
    },
    "plan_economics": lambda: {
        "customers": pd.DataFrame({"segment": ["a", "a", "b"]}),
        "margin_rate": 0.5,
        "contact_cost": 0.2,
        "reward_cost": 2,
        "base_rate": 0.1,
        "basket": 10,
        "lift": 1,
    },
    "plan_looks": lambda: {"looks": [0.5, 1.0], "correlation": [[1.0, 0.7], [0.7, 1.0]], "spending": "pocock"},
    "plan_refresh": lambda: {
        "life": loyalty.measure_label_life(_list_months()),
        "cost_of_refresh": 250.0,
        "cost_of_stale_label": 0.2,
        "customers": 1_000.0,
        "periods": [1, 2, 3],
    },
    "predict": lambda: {"code": "33a", "value": 3.0},
    "predict_churn": lambda: {"model": _fit_churn(), "receipts": _make_receipts(), "as_of": "2024-04-15"},
    "predict_from_past": lambda: {"history": _make_history()},
    "predict_purchases": lambda: {
        "fit": _fit_purchases(),
        "purchases": _make_purchases(),
        "weeks": 6,
        "draws": 5,
        "seed": 1,
    },
    "predict_spend": lambda: {"fit": _fit_spend(), "purchases": _make_purchases()},
    "price_groups": lambda: {"trial": _make_halves()[1], "model": _fit_model(), "cost": 0.2},
    "profile_clusters": lambda: {"clustering": _cluster_customers(), "table": _make_features(), "columns": ["visits"]},
    "propose_columns": lambda: {"sources": {"receipts": _make_receipts()}},
    "rank_customers": lambda: {
        "receipts": _make_receipts(),
        "start": "2024-02-01",
        "end": "2024-04-01",
        "customers": _make_customers(),
        "leave_out": [7],
        "of": "sales",
        "deciles": 5,
    },
    "read_till_files": lambda: _list_till_files(),
    "reconcile_points": lambda: {
        "points": pd.DataFrame(
            {
                "event_id": [1, 2],
                "customer_id": [1, 2],
                "time": DAY,
                "kind": "issue",
                "points": 5.0,
                "basket_id": [1, 2],
            }
        ),
        "receipts": _make_receipts(),
        "rate": 1.0,
        "life_days": 90,
        "as_of": "2024-05-01",
        "rounding": 1.0,
    },
    "render_dictionary": dict,
    "report_campaign": lambda: {
        "tables": _list_campaign(),
        "settings": {"start": "2024-03-01", "end": "2024-03-29", "margin_rate": 0.3},
    },
    "report_customers": lambda: {"tables": _list_loaded(), "settings": {"as_of": "2024-05-01"}},
    "reveal": lambda: {"code": "33a", "estimate": 2.0, "truth": 2.5, "low": 1.0, "high": 3.0, "unit": "€"},
    "run_programme": lambda: _run_little(policy=loyalty.EqualSplit(loyalty.Rules(("gift",)))),
    "run_programmes": lambda: _run_little(policies={"equal": loyalty.EqualSplit(loyalty.Rules(("gift",)))}),
    "run_aa": lambda: {"history": SPEND, "control": 0.2, "runs": 20, "seed": 1},
    "say_what_is_allowed": lambda: {"randomised": True, "decimals": 2},
    "scale_features": lambda: {"table": _make_features(), "columns": ["visits", "money"], "how": "auto"},
    "score_out_of_fold": lambda: {"trial": _make_trial(), "learner": "t", "folds": 2},
    "score_rfm": lambda: {"profile": _make_profile(), "bins": 5},
    "season_of": lambda: {"demand": _make_days(), "of": "weekday", "flags": _make_days() > 17, "level": 0.9},
    "sensitivity_to_hidden": lambda: _list_people(times=(1.0,)),
    "share_spend": lambda: {
        "receipts": _make_receipts(),
        "products": pd.DataFrame({"product_id": [1, 2, 3], "department": ["a", "b", "a"]}),
        "as_of": "2024-05-01",
    },
    "shrink_normal": lambda: {"estimates": [1.0, 2.0, 3.0], "se": [1.0, 1.0, 1.0], "level": 0.9},
    "shrink_rates": lambda: {"successes": [1, 2, 3], "trials": [10, 20, 30], "level": 0.9},
    "simulate_stable": lambda: {"counts": [0, 1, 2, 5], "n": 40, "seed": 1},
    "split_change": lambda: {
        "then_old": _list_months()[0],
        "now_old": _list_months()[-1],
        "then_new": _list_months()[0].assign(version="2", segment="new"),
        "now_new": _list_months()[-1].assign(version="2"),
    },
    "split_lift": lambda: _list_wave(outcome="sales"),
    "sum_windows": lambda: {
        "receipts": _make_receipts(),
        "start": "2024-01-01",
        "middle": "2024-02-01",
        "end": "2024-03-03",
        "of": "sales",
    },
    "sum_demand": lambda: {
        "receipts": _make_receipts(),
        "by": "category",
        "products": _make_goods(),
        "every": "week",
        "start": "2024-01-01",
        "end": "2024-04-30",
    },
    "summarise_profile": lambda: {"profile": _make_profile()},
    "summarise_purchases": lambda: {"receipts": _make_receipts(), "as_of": "2024-03-20", "until": "2024-05-01"},
    "trace_frontier": lambda: {"options": _make_options(), "budgets": [50, 100], "control_share": 0.1},
    "track_purchases": lambda: {
        "fit": _fit_purchases(),
        "receipts": _make_receipts(),
        "as_of": "2024-03-20",
        "until": "2024-05-01",
    },
    "unmask_redeemers": _list_wave,
    "value_plan": lambda: _list_judged(plan={"mail": 0.8, "control": 0.2}, against="control"),
    "value_segments": lambda: _list_judged(
        plan=pd.DataFrame({"segment": ["old", "young"], "arm": "mail"}), by="segment"
    ),
    "value_policies": lambda: {
        "trial": _make_trial(),
        "policies": {"all": pd.Series("mail", _make_trial().arm.index)},
        "cost": 0.5,
    },
    "value_test": lambda: {"effect": 0.0, "se": 1.0, "rollout": 1_000, "n_treated": 100, "n_control": 100},
    "watch_drift": lambda: {"snapshots": _list_months(), "moves_over": 1, "draws": 500},
    "weight_by_propensity": lambda: _list_people(target="ate"),
}


# --- Spoiled calls ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Strange:
    """One spoiled call: the function, which argument got what, and the arguments."""

    function: str
    spoiled: tuple[tuple[str, str], ...]  # argument, what came in
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(f'{name}: {what}' for name, what in self.spoiled)})"


@dataclass(frozen=True)
class Answer:
    """What a function made of it: "result", "refused" or "raw"; and its words."""

    kind: str
    words: str
    where: str = ""


def list_functions() -> list[str]:
    """All public functions, by name."""
    return [name for name in sorted(loyalty._NAMES) if inspect.isfunction(getattr(loyalty, name))]


def list_arguments(name: str, sound: Mapping[str, Any]) -> list[str]:
    """The arguments that can be given by name."""
    known = inspect.signature(getattr(loyalty, name)).parameters.values()
    if name in DOWNLOADS:
        return []
    named = [one.name for one in known if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    return list(dict.fromkeys([*sound, *named]))


def spoil(argument: str, value: Any, rng: np.random.Generator) -> tuple[str, Any]:
    """Choose at random what comes in for one argument; a table is mostly spoiled inside."""
    if isinstance(value, pd.DataFrame) and len(value.columns) and rng.random() < 0.8:
        what = list(TABLES)[rng.integers(len(TABLES))]
        return what, TABLES[what](value, rng=rng)
    what = list(VALUES)[rng.integers(len(VALUES))]
    return what, VALUES[what]()


def draw_calls(count: int, seed: int = SEED, names: Sequence[str] = ()) -> Iterator[Strange]:
    """Draw spoiled calls: each function in turn (or those named), one argument spoiled, in one of five two."""
    rng = np.random.default_rng(seed)
    names = names or [name for name in list_functions() if list_arguments(name, {})]
    turns: dict[str, int] = Counter()
    for place in range(count):
        name = names[place % len(names)]
        sound = SOUND[name]()
        arguments = list_arguments(name, sound)
        first = turns[name] % len(arguments)
        turns[name] += 1
        chosen = [first]
        if len(arguments) > 1 and rng.random() < 0.2:
            chosen.append((first + 1 + int(rng.integers(len(arguments) - 1))) % len(arguments))
        spoiled = []
        for number in chosen:
            argument = arguments[number]
            what, sound[argument] = spoil(argument, sound.get(argument), rng)
            spoiled.append((argument, what))
        yield Strange(name, tuple(spoiled), sound)


def call(strange: Strange) -> Answer:
    """Call, and say what came: a result, a refusal in plain words, or a raw error."""
    import matplotlib.pyplot as plt

    function = getattr(loyalty, strange.function)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(**strange.arguments)
    except Exception as error:
        return judge(error)
    finally:
        plt.close("all")
    return Answer("result", "")


def judge(error: Exception) -> Answer:
    """Tell a refusal from a raw error: it is a `ValueError` that a `raise` of the package itself raised, with words."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    ours = Path(last.filename).is_relative_to(PACKAGE)
    meant = linecache.getline(last.filename, last.lineno or 0).strip().startswith("raise ")
    words = str(error)
    own = isinstance(error, ValueError) or type(error).__module__.startswith("loyalty")
    kind = "refused" if own and ours and meant and words else "raw"
    if kind == "raw":
        inside = [
            one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(PACKAGE)
        ]
        if inside:
            where = f"{Path(inside[-1].filename).relative_to(PACKAGE)}:{inside[-1].lineno}"
        words = f"{type(error).__name__}: {words}"
    return Answer(kind, words, where)


def run(count: int = CALLS, seed: int = SEED, names: Sequence[str] = ()) -> list[tuple[Strange, Answer]]:
    """Call all of them, in an empty folder, because a text may be taken for the name of a file."""
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return [(strange, call(strange)) for strange in draw_calls(count, seed, names)]
        finally:
            os.chdir(home)


# --- The page --------------------------------------------------------------------------------------


def write_page(answers: Sequence[tuple[Strange, Answer]]) -> str:
    """The table "what came in, what it says now", and how many calls of each kind there were."""
    kinds = Counter(answer.kind for _, answer in answers)
    lines = [
        "# Strange inputs: what came in, what it says now",
        "",
        f"{len(answers):,} calls of all {len(list_functions())} public functions, each a sound one in which one or two "
        f"arguments were spoiled (seed {SEED}). {kinds['refused']:,} were refused in plain words, {kinds['result']:,} "
        f"gave a result, {kinds['raw']:,} ended in a raw error. Made by `python benchmarks/strange_inputs.py`; "
        "`helpers/tests/test_strange_inputs.py` holds the raw errors at 0.",
        "",
        "| what came in | calls | refused | result | raw error |",
        "|---|---:|---:|---:|---:|",
    ]
    by_kind: dict[str, Counter[str]] = {}
    for strange, answer in answers:
        for _, what in strange.spoiled:
            by_kind.setdefault(what, Counter())[answer.kind] += 1
    for what in [*VALUES, *TABLES]:
        found = by_kind.get(what, Counter())
        counts = (found.total(), found["refused"], found["result"], found["raw"])
        lines.append(f"| {what} | {' | '.join(f'{count:,}' for count in counts)} |")
    lines += ["", "One example of each function:", "", "| call | what came in | what it says now |", "|---|---|---|"]
    shown = set()
    for strange, answer in answers:
        if strange.function in shown or answer.kind != "refused" or len(strange.spoiled) > 1:
            continue
        shown.add(strange.function)
        ((argument, what),) = strange.spoiled
        words = " ".join(answer.words.split())
        words = re.sub(r"\S*/tmp\S*", "this folder", words)
        words = re.sub(r" at 0x[0-9a-f]+", "", words if len(words) <= 240 else f"{words[:237]}…").replace("|", "\\|")
        lines.append(f"| `{strange.function}` | `{argument}`: {what} | {words} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(write_page(run()), encoding="utf-8")
    print(f"wrote {PAGE.name}")
