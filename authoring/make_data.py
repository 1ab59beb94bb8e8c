"""Make the files of data/ from the packages that they come from, so that it is known where each number was taken.

    python authoring/make_data.py                  all files, all checkpoints, and the dictionary in data/README.md
    python authoring/make_data.py cdnow profile_cj README      only these
    python authoring/make_data.py --check          write nothing; exit code 1 if a file differs from its recipe

Needs the test requirements: the packages lifetimes and causaldata are not needed to run the workshop. The Complete
Journey is read from its own package at run time and is not copied. data/glossary.csv is written by hand.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from loyalty.datasets import loaders as datasets
from loyalty.prepare.profile import build_profile
from loyalty.report.output.workbook import write_workbook
from loyalty.tables import check as tables
from loyalty.world import PRESETS, World

README = datasets.DATA / "README.md"
BEGIN, END = "<!-- dictionary:begin -->", "<!-- dictionary:end -->"


def make_cdnow() -> pd.DataFrame:
    """CDNOW's master file under the contract `receipts`, its rows in their order, the 1/10 sample marked."""
    folder = find_package("lifetimes") / "datasets"
    master = pd.read_csv(folder / "CDNOW_master.txt", sep=r"\s+")
    sample = pd.read_csv(folder / "CDNOW_sample.txt", sep=r"\s+", header=None, usecols=[0]).iloc[:, 0]
    return pd.DataFrame(
        {
            "customer_id": master["customer_id"],
            "time": pd.to_datetime(master["date"].astype("str"), format="%Y%m%d").dt.as_unit("us"),
            "sales": master["dollar_value"],
            "quantity": master["number_of_cds"],
            "in_sample": master["customer_id"].isin(sample),
        }
    )


def make_nsw() -> pd.DataFrame:
    """The experiment's 445 people, then the 15,992 of the Current Population Survey, numbered from 1."""
    parts = [
        pd.read_stata(find_package("causaldata") / name / f"{name}.dta").assign(sample=sample)
        for name, sample in (("nsw_mixtape", "nsw"), ("cps_mixtape", "cps"))
    ]
    rows = pd.concat(parts, ignore_index=True)
    names = {"age": "age", "educ": "education", "black": "black", "hisp": "hispanic", "marr": "married"}
    return pd.DataFrame(
        {
            "customer_id": range(1, len(rows) + 1),
            "sample": rows["sample"].astype("str"),
            "treated": rows["treat"] == 1,
            **{new: rows[old].astype("int64") for old, new in (names | {"nodegree": "no_degree"}).items()},
            **{year: rows[year].astype("float64") for year in ("re74", "re75", "re78")},
        }
    )


def make_profile_cj() -> pd.DataFrame:
    """What lesson 12 ends with: the profile of all Complete Journey households as of 2017-10-01."""
    journey = datasets.complete_journey()
    return build_profile(journey.receipts, "2017-10-01", customers=journey.customers, products=journey.products)


FILES: dict[str, Callable[[], pd.DataFrame]] = {"cdnow": make_cdnow, "nsw": make_nsw}


def make_contacts_cj() -> pd.DataFrame:
    """What lesson 41 starts from: the 6,589 invitations with the segment that each household was in on that day.

    Segments are thirds of spend in the 84 days before the start, cut at values among those who bought; campaigns that
    start before a month of receipts is known have no segment.
    """
    journey = datasets.complete_journey()
    everyone = pd.Index(journey.customers["customer_id"])
    parts = []
    for wave in journey.campaigns.itertuples():
        before = journey.receipts["time"].between(wave.start - pd.Timedelta(days=84), wave.start, inclusive="left")
        spent = journey.receipts[before].groupby("customer_id")["sales"].sum().reindex(everyone, fill_value=0.0)
        cuts = spent[spent > 0].quantile([1 / 3, 2 / 3]) if before.any() else None
        known = wave.start >= pd.Timestamp("2017-02-01")
        labels = (
            pd.cut(spent, [-1, 0, *cuts, float("inf")], labels=["bought nothing", "low", "middle", "high"])
            if known
            else None
        )
        people = journey.contacts[journey.contacts["campaign_id"] == wave.campaign_id]
        segment = people["customer_id"].map(labels).astype("str") if known else pd.Series(None, people.index, "str")
        parts.append(
            people.assign(offer_id=f"Type {wave.type.split()[-1]}", segment=segment, start=wave.start, end=wave.end)
        )
    table = pd.concat(parts, ignore_index=True)
    as_of = table["start"].where(table["segment"].notna())
    scheme = pd.Series("spend in 84 days", table.index, "str").where(table["segment"].notna())
    return table.assign(scheme=scheme, version=scheme.where(scheme.isna(), "1"), segment_as_of=as_of)


@lru_cache
def run_example() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A world of 3,000 customers, and one wave in March 2026: the contacts, and all receipts before and after.

    Amounts are 93.5 times the world's, so that they look like roubles.
    """
    tree = replace(PRESETS["default"](), start="2025-11-01")
    world = World(3_000, 4, seed=7, parameters=tree)
    recent = world.receipts[world.receipts["time"] >= world.end - pd.Timedelta(days=56)]
    visits = world.customers["customer_id"].map(recent.groupby("customer_id")["basket_id"].nunique()).fillna(0)
    segment = pd.cut(visits, [-1, 0, 2, 999], labels=["не были 8 недель", "1–2 чека", "3 чека и больше"]).astype("str")
    is_invited = np.random.default_rng(7).random(len(visits)) < 0.7
    plan = world.customers[["customer_id"]].assign(
        offer_id=np.where(is_invited, "basket_discount", None),
        propensity=np.where(is_invited, 0.7, 0.3),
        segment=segment,
    )
    wave, later = world.run(plan, campaign_id="march")
    receipts = later.receipts.groupby(["basket_id", "customer_id"], as_index=False).agg(
        time=("time", "min"), sales=("sales", "sum"), discount=("discount", "sum")
    )
    receipts[["sales", "discount"]] = (receipts[["sales", "discount"]] * 93.5).round(2)
    return wave.contacts, receipts.sort_values(["time", "basket_id"], ignore_index=True)


def number_cards(customers: pd.Series) -> pd.Series:
    """Card numbers of 13 digits, as a till prints them."""
    return (2_770_000_000_000 + customers * 7).astype("str")


def write_amount(value: float) -> str:
    """An amount as a Russian Excel writes it: 1 234,50, with a space that does not break."""
    return f"{value:,.2f}".replace(",", "\u00a0").replace(".", ",")


def make_till() -> bytes:
    """A till's export as a Russian Excel writes it: cp1251, semicolons, 1 234,50 and day first."""
    rows = run_example()[1]
    table = pd.DataFrame(
        {
            "Номер карты": number_cards(rows["customer_id"]),
            "Дата чека": rows["time"].dt.strftime("%d.%m.%Y"),
            "Номер чека": rows["basket_id"].rank(method="dense").astype("int64") + 40_000,
            "Сумма со скидкой": rows["sales"].map(write_amount),
            "Скидка": rows["discount"].map(lambda value: write_amount(value) if value else ""),
        }
    )
    return table.to_csv(sep=";", index=False, lineterminator="\r\n").encode("cp1251")


def make_contact_list() -> bytes:
    """The campaign's list with its control group (КГ), as a CRM exports it."""
    rows = run_example()[0]
    group = rows["arm"].eq("control").map({True: "КГ", False: "тест"})
    table = pd.DataFrame(
        {"Номер карты": number_cards(rows["customer_id"]), "Группа": group, "Сегмент": rows["segment"]}
    )
    return table.to_csv(sep=";", index=False, lineterminator="\r\n").encode("cp1251")


def make_customer_list() -> bytes:
    """The chain's list of customers as of 26 April 2026, from which its next campaign is planned."""
    contacts, receipts = run_example()
    people, rng, day = contacts[["customer_id", "arm"]], np.random.default_rng(26), pd.Timestamp("2026-04-26")
    recent = receipts[receipts["time"].between(day - pd.Timedelta(days=56), day, inclusive="left")]
    visits = people["customer_id"].map(recent.groupby("customer_id")["basket_id"].nunique()).fillna(0)
    segment = pd.cut(visits, [-1, 0, 2, 999], labels=["не были 8 недель", "1–2 чека", "3 чека и больше"]).astype("str")
    yes = {name: rng.random(len(people)) < share for name, share in (("да", 0.88), ("отказ", 0.04), ("свой", 0.01))}
    served = day - pd.to_timedelta(rng.integers(1, 40, len(people)), "D")
    last = pd.Series(pd.Timestamp("2026-03-01"), people.index).where(people["arm"] != "control")
    last = last.mask(rng.random(len(people)) < 0.2, served)
    table = pd.DataFrame(
        {
            "Номер карты": number_cards(people["customer_id"]),
            "Сегмент": segment,
            "Согласие": np.where(yes["да"], "да", "нет"),
            "Отказ": np.where(yes["отказ"], "да", ""),
            "Сотрудник": np.where(yes["свой"], "да", ""),
            "Последний контакт": last.dt.strftime("%d.%m.%Y"),
            "Канал": rng.choice(["SMS", "e-mail", ""], len(people), p=[0.6, 0.38, 0.02]),
        }
    )
    return table.to_csv(sep=";", index=False, lineterminator="\r\n").encode("cp1251")


SENDINGS = (
    # campaign, wave, offers, share of control, whom: segments by visits in the 8 weeks before
    ("spring_sms", 1, ("basket_discount",), 0.3, (0, 1, 2)),
    ("easter_gift", 1, ("gift",), 0.3, (1, 2)),
    ("regulars", 1, ("category_discount", "magazine"), 0.3, (1, 2)),
    ("regulars", 2, ("category_discount", "magazine"), 0.3, (1, 2)),
    ("friends", 1, ("basket_discount",), 0.0, (0, 2)),
    ("come_back", 1, ("win_back", "gift"), 0.3, (0, 1)),
)
VISITS = ("away for 8 weeks", "1-2 receipts", "3 receipts or more")
VISITS_RU = ("не были 8 недель", "1–2 чека", "3 чека и больше")
EXPECTED = 0.1  # what the plans of the records expected: a tenth more customers


@lru_cache
def run_sendings() -> dict[tuple[str, int], pd.DataFrame]:
    """A year of a chain of 2,600 customers: six sendings of five campaigns, each with what came of it.

    One row a contact: customer_id, arm, offer_id, segment (a number), start, end, and what was bought in the 28 days.
    """
    lots = np.random.default_rng(17)
    world = World(2_600, 6, seed=17, parameters=replace(PRESETS["default"](), start="2024-11-01"))
    sent = {}
    for campaign, number, offers, control, groups in SENDINGS:
        recent = world.receipts[world.receipts["time"] >= world.end - pd.Timedelta(days=56)]
        visits = world.customers["customer_id"].map(recent.groupby("customer_id")["basket_id"].nunique()).fillna(0)
        segment = pd.cut(visits, [-1, 0, 2, 999], labels=[0, 1, 2]).astype("int64")
        plan = world.customers[["customer_id"]].assign(segment=segment)
        plan = plan[plan["segment"].isin(groups)].reset_index(drop=True)
        names = np.array([None, *offers], dtype=object)
        chances = np.array([control, *[(1 - control) / len(offers)] * len(offers)])
        drawn = lots.choice(len(names), len(plan), p=chances)
        wave, later = world.run(plan.assign(offer_id=names[drawn], propensity=chances[drawn]), campaign_id=campaign)
        main = wave.outcomes[wave.outcomes["window"] == "main"]
        main = main[["customer_id", "start", "end", "orders", "sales", "discount", "redeemed"]]
        rows = wave.contacts[["customer_id", "arm", "offer_id"]].merge(plan, on="customer_id")
        rows = rows.merge(main, on="customer_id")
        money = {name: (rows[name] * 93.5).round(2) for name in ("sales", "discount")}
        sent[campaign, number] = rows.assign(**money)
        world = later
    return sent


def say_yes(flags: pd.Series) -> pd.Series:
    """Yes and no in Russian."""
    return flags.map({True: "да", False: "нет"})


def make_spring_list() -> bytes:
    """A Russian CRM's list: cp1251, semicolons, КГ, yes and no, decimal comma."""
    rows = run_sendings()["spring_sms", 1]
    group = rows["arm"].eq("control").map({True: "КГ", False: "тест"})
    table = pd.DataFrame({
        "Номер карты": number_cards(rows["customer_id"]), "Группа": group,
        "Сегмент": rows["segment"].map(dict(enumerate(VISITS_RU))), "Купил": say_yes(rows["orders"] > 0),
        "Сумма покупок": rows["sales"].map(write_amount), "Скидка": rows["discount"].map(write_amount),
    })  # fmt: skip
    return table.to_csv(sep=";", index=False, lineterminator="\r\n").encode("cp1251")


def make_easter_list() -> bytes:
    """An English workbook with another name for the same customers, and ones and zeros."""
    rows = run_sendings()["easter_gift", 1]
    table = pd.DataFrame({
        "Member ID": number_cards(rows["customer_id"]), "Test group": rows["arm"].replace("gift", "free gift"),
        "Segment": rows["segment"].map(dict(enumerate(VISITS))), "Bought": (rows["orders"] > 0).astype("int64"),
        "Gifts": rows["redeemed"].astype("int64"), "Net sales": rows["sales"],
    })  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        write_workbook(Path(folder, "list.xlsx"), {"list": table})
        return Path(folder, "list.xlsx").read_bytes()


def make_regulars_list() -> bytes:
    """Two waves in one file, two offers in each, and nobody said who responded: there are receipts and sales."""
    parts = [run_sendings()["regulars", number].assign(wave=number) for number in (1, 2)]
    rows = pd.concat(parts, ignore_index=True)
    table = pd.DataFrame({
        "wave": rows["wave"], "card": number_cards(rows["customer_id"]), "cell": rows["arm"],
        "segment": rows["segment"].map(dict(enumerate(VISITS))), "first_day": rows["start"].dt.strftime("%Y-%m-%d"),
        "day_after": rows["end"].dt.strftime("%Y-%m-%d"), "receipts": rows["orders"].astype("int64"),
        "amount": rows["sales"], "taken_off": rows["discount"],
    })  # fmt: skip
    return table.to_csv(index=False, lineterminator="\n").encode("utf-8")


def make_friends_list() -> bytes:
    """A campaign without control: everybody got the discount, and only the rate is known."""
    rows = run_sendings()["friends", 1]
    table = pd.DataFrame({
        "Карта лояльности": number_cards(rows["customer_id"]), "Акция": "Скидка 10%",
        "Сегмент": rows["segment"].map(dict(enumerate(VISITS_RU))), "Отклик": say_yes(rows["orders"] > 0),
    })  # fmt: skip
    return table.to_csv(sep=";", index=False, lineterminator="\r\n").encode("utf-8-sig")


def make_come_back_list() -> bytes:
    """Tabs between the columns, the groups by letters, days with the day first."""
    rows = run_sendings()["come_back", 1]
    letters = {"control": "C", "win_back": "A", "gift": "B"}
    table = pd.DataFrame({
        "Client": number_cards(rows["customer_id"]), "Variant": rows["arm"].map(letters),
        "Segment": rows["segment"].map(dict(enumerate(VISITS))), "From": rows["start"].dt.strftime("%d.%m.%Y"),
        "To": rows["end"].dt.strftime("%d.%m.%Y"), "Response": (rows["orders"] > 0).astype("int64"),
        "Redeemed": rows["redeemed"].astype("int64"), "Turnover": rows["sales"],
    })  # fmt: skip
    return table.to_csv(sep="\t", index=False, lineterminator="\n").encode("utf-8")


def make_offer_list() -> bytes:
    """What the offers of the five campaigns cost, in roubles."""
    costs = {
        "discount": ("discount", 7.5, 0.0), "category_discount": ("discount", 7.5, 0.0), "gift": ("gift", 9.5, 224.0),
        "win_back": ("coupon", 7.5, 467.0), "magazine": ("printed magazine", 42.0, 0.0),
    }  # fmt: skip
    rows = [(offer, *cost) for offer, cost in costs.items()]
    table = pd.DataFrame(rows, columns=["offer_id", "kind", "contact_cost", "reward_cost"])
    return table.to_csv(index=False, lineterminator="\n").encode("utf-8")


def make_records() -> bytes:
    """The records of three plans, as campaign_plan writes them: days, and what was expected."""
    rows = []
    for (campaign, number), sent in run_sendings().items():
        if campaign in ("spring_sms", "easter_gift", "friends"):
            days = {name: f"{sent[name].iloc[0]:%Y-%m-%d}" for name in ("start", "end")}
            rows.append({"campaign_id": campaign, "wave": number, **days, "expected_lift": EXPECTED})
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n").encode("utf-8")


# What is not Parquet: the bytes themselves are compared
EXAMPLES: dict[str, Callable[[], bytes]] = {
    "till.csv": make_till, "contacts.csv": make_contact_list, "customers.csv": make_customer_list,
    "campaigns/spring_sms.csv": make_spring_list, "campaigns/easter_gift.xlsx": make_easter_list,
    "campaigns/regulars.csv": make_regulars_list, "campaigns/friends.csv": make_friends_list,
    "campaigns/come_back.tsv": make_come_back_list, "campaigns/three_record.csv": make_records,
    "offers.csv": make_offer_list,
}  # fmt: skip
CHECKPOINTS: dict[str, Callable[[], pd.DataFrame]] = {"profile_cj": make_profile_cj, "contacts_cj": make_contacts_cj}


def find_package(name: str) -> Path:
    """Find the folder of an installed package without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"The package {name} is not installed: install requirements-test.lock.")
    return Path(spec.submodule_search_locations[0])


def locate(name: str) -> Path:
    """Say where a recipe's file lies."""
    if name in EXAMPLES:
        return datasets.DATA / "examples" / name
    return datasets.DATA / ("checkpoints" if name in CHECKPOINTS else "") / f"{name}.parquet"


def render_readme(text: str) -> str:
    """Put the data dictionary between the markers of data/README.md; the rest stays as it is."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{tables.render_dictionary().strip()}\n\n{END}{after}"


def differs(name: str, made: pd.DataFrame | bytes) -> bool:
    """Compare a recipe's table with its file, to nine digits: the last ones depend on the machine."""
    if not locate(name).exists():
        return True
    if isinstance(made, bytes):
        return locate(name).read_bytes() != made
    try:
        pd.testing.assert_frame_equal(pd.read_parquet(locate(name)), made, rtol=1e-9)
    except AssertionError:
        return True
    return False


def main(arguments: list[str]) -> int:
    """Make, or with --check compare, what the arguments name; everything if they name nothing."""
    recipes = FILES | CHECKPOINTS | EXAMPLES
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*recipes, "README", []], help="what to make; everything otherwise")
    parser.add_argument("--check", action="store_true", help="write nothing, exit code 1 if something differs")
    options = parser.parse_args(arguments)
    changed = []
    for name in options.names or [*recipes, "README"]:
        if name == "README":
            text = README.read_text(encoding="utf-8")
            if render_readme(text) != text:
                changed.append(README)
                if not options.check:
                    README.write_text(render_readme(text), encoding="utf-8", newline="\n")
        else:
            made = recipes[name]()
            # An equal table is not written again, so that the file's bytes change only when its rows do.
            if differs(name, made):
                changed.append(locate(name))
                if not options.check:
                    locate(name).parent.mkdir(parents=True, exist_ok=True)
                    if isinstance(made, bytes):
                        locate(name).write_bytes(made)
                    else:
                        made.to_parquet(locate(name), compression="zstd", compression_level=19, index=False)
    for path in changed:
        print(("differs: " if options.check else "made: ") + path.relative_to(datasets.DATA).as_posix())
    return int(options.check and bool(changed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
