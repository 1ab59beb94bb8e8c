"""The report `segments` on chains of other kinds: files as tills write them, returns, few and many customers, CDNOW."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.datasets import cdnow
from loyalty.intake.loading import load_tables
from loyalty.report.run.order import read_order
from loyalty.report.segments import clustering
from loyalty.report.segments.report import report_segments
from loyalty.tables.check import TableError

SCHEMES = ("life_cycle", "rfm", "value", "clusters", "rules")
RULES = """
name: own
version: 1
segments:
  - {name: often, when: [recency_days <= 30, frequency >= 3], action: A}
  - {name: much, when: monetary >= 100, action: B}
  - {name: never, when: recency_days is empty, action: C}
rest: {name: others, action: D}
"""


def draw_chain(customers: int, days: int, seed: int, end: str) -> pd.DataFrame:
    """Customers who join, come at a pace of their own, leave, and bring three of a hundred purchases back."""
    rng = np.random.default_rng(seed)
    pace, basket = rng.gamma(1.2, 0.02, customers), rng.gamma(3, 8, customers)
    start = rng.integers(0, days - 20, customers)
    leave = np.minimum(start + rng.exponential(days, customers), days)
    who = np.repeat(np.arange(customers), rng.poisson(pace * days) + 1)
    day = (start[who] + rng.random(len(who)) * (leave - start)[who]).astype(int)
    amount = (basket[who] * rng.gamma(4, 0.25, len(who))).round(2)
    amount = np.where(rng.random(len(who)) < 0.03, -amount, amount)
    times = pd.Timestamp(end) - pd.to_timedelta(days - day, unit="D")
    return pd.DataFrame({"who": who, "time": times, "amount": amount})


def write_russian(raw: pd.DataFrame, folder) -> tuple[dict, dict]:
    """A till's export: Russian headers, cp1251, `;`, decimal comma, card numbers that begin with zeros."""
    path = folder / "касса.csv"
    money = [f"{value:,.2f}".replace(",", "\xa0").replace(".", ",") for value in raw["amount"]]
    cards = raw["who"].map("0{:07d}".format)
    days = raw["time"].dt.strftime("%d.%m.%Y")
    table = pd.DataFrame({"Номер карты": cards, "Дата чека": days, "Сумма со скидкой": money})
    table.to_csv(path, sep=";", index=False, encoding="cp1251")
    named = {"customer_id": "Номер карты", "time": "Дата чека", "sales": "Сумма со скидкой"}
    options = {"columns": named, "decimal": ",", "separator": ";", "encoding": "cp1251", "day_first": True}
    return {"receipts": path}, {"receipts": options}


def write_english(raw: pd.DataFrame, folder) -> tuple[dict, dict]:
    """Another export: English headers, comma, a column too many."""
    path = folder / "shop.csv"
    table = pd.DataFrame({"Card no": "C" + raw["who"].astype("str"), "Bought on": raw["time"].dt.strftime("%Y/%m/%d")})
    table.assign(Paid=raw["amount"], Till=1).to_csv(path, index=False)
    return {"receipts": path}, {
        "receipts": {"columns": {"customer_id": "Card no", "time": "Bought on", "sales": "Paid"}}
    }


def keep_frame(raw: pd.DataFrame, _) -> tuple[dict, None]:
    return {"receipts": raw.rename(columns={"who": "customer_id", "amount": "sales"})}, None


def read_cdnow(*_: object) -> pd.DataFrame:
    """The published tenth of CDNOW's customers."""
    receipts = cdnow().receipts
    receipts = receipts[receipts["in_sample"]]
    return receipts.rename(columns={"customer_id": "who", "sales": "amount"})[["who", "time", "amount"]]


CHAINS = {
    "russian": (lambda: draw_chain(200, 500, 1, "2026-03-01"), write_russian, ("2026-02-01", "2026-03-01")),
    "english": (lambda: draw_chain(2_000, 400, 2, "2026-01-15"), write_english, ("2025-12-10", "2026-01-07")),
    "large": (lambda: draw_chain(6_000, 740, 3, "2026-06-01"), keep_frame, ("2026-05-04", "2026-06-01")),
    "cdnow": (read_cdnow, keep_frame, ("1998-05-05", "1998-06-09")),
}


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    """Each chain is drawn, written and read once."""
    made = {}

    def get(name):
        if name not in made:
            draw, write, days = CHAINS[name]
            raw = draw()
            made[name] = raw, load_tables(*write(raw, tmp_path_factory.mktemp(name))), days
        return made[name]

    return get


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", CHAINS)
def test_everybody_is_in_one_segment_sums_agree_to_the_cent_and_the_second_run_goes_on(
    chains, name, scheme, tmp_path, monkeypatch
):
    monkeypatch.setattr(clustering, "DRAWS", 19)
    raw, tables, (first, second) = chains(name)
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES, encoding="utf-8")
    asked = {"task": "a letter", "scheme": scheme, "store": tmp_path / "store.duckdb"}
    asked |= {"rules": rules} if scheme == "rules" else {}
    if (name, scheme) == ("cdnow", "life_cycle"):
        with pytest.raises(TableError, match="the life cycle needs"):
            report_segments(tables, asked | {"as_of": first})
        return
    kept = []
    for day in (first, second):
        report = report_segments(tables, asked | {"as_of": day})
        before = raw[raw["time"] < day]
        people = report.results["segments"]
        assert people["customer_id"].is_unique and len(people) == before["who"].nunique()
        assert people["segment"].notna().all()
        checks = report.sheets["checks"].set_index("check")
        found = checks.loc["Sales of all segments", "what was found"]
        if "(of " in found:
            days = int(found.split("(of ")[1].split()[0].replace(",", ""))
            before = before[before["time"] >= pd.Timestamp(day) - pd.Timedelta(days=days)]
        assert f"{before['amount'].sum():,.2f} in the receipts" in found
        assert checks.loc["Sales of all segments", "result"] == "good"
        report.keep()
        kept.append(report)
    assert kept[1].results["before"]["as_of"].eq(pd.Timestamp(first)).all()
    stored = kept[1].results["before"].set_index("customer_id")["segment"]
    pd.testing.assert_series_equal(stored, kept[0].results["segments"].set_index("customer_id")["segment"])
    assert kept[1].results["segments"]["version"].iloc[0] == kept[0].results["segments"]["version"].iloc[0]


def test_paths_of_settings_count_from_where_the_command_is_given(tmp_path):
    (tmp_path / "till.csv").write_text("a", encoding="utf-8")
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    words = ["segments", "--data", "receipts=till.csv", "--set", "task=x", "--set", "scheme=rules", "-o", "out.html"]
    order = read_order([*words, "--set", "rules=rules.yml", "--set", "store=my store.duckdb"], tmp_path)
    assert order.values is not None
    assert order.values["rules"] == str(tmp_path / "rules.yml")
    assert order.values["store"] == str(tmp_path / "my store.duckdb")
    with pytest.raises(TableError, match="found ruls.yml: there is no such file"):
        read_order([*words, "--set", "rules=ruls.yml"], tmp_path)


def test_a_segment_that_holds_nobody_is_named(tmp_path):
    days = pd.date_range("2026-01-01", periods=120)
    rows = pd.DataFrame({"customer_id": [f"c{day % 40}" for day in range(120)], "time": days, "sales": 5.0})
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    asked = {"task": "a letter", "scheme": "rules", "rules": tmp_path / "rules.yml"}
    report = report_segments(load_tables({"receipts": rows}), asked)
    assert "nobody is in “much”, “never” on 2026-05-01" in str(
        report.sections["checks"].to_frame()["what was found"].tolist()
    )
