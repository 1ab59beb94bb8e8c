"""What the households of exercise 12 did before 1 July 2017, and after, counted in right and in usual wrong ways."""

from __future__ import annotations

from functools import cache

import pandas as pd

from loyalty.datasets.loaders import complete_journey

AS_OF = pd.Timestamp("2017-07-01")
AFTER = AS_OF + pd.Timedelta(days=28)
DAY = pd.Timedelta(days=1)


@cache
def read_receipts() -> pd.DataFrame:
    """All receipt lines of the year."""
    return complete_journey().receipts


@cache
def list_customers() -> pd.Index:
    """All households of the list."""
    return pd.Index(complete_journey().customers.customer_id, name="customer_id")


@cache
def read_before(until: pd.Timestamp = AS_OF) -> pd.DataFrame:
    """Receipt lines before a moment."""
    receipts = read_receipts()
    return receipts[receipts.time < until]


def find_silence(until: pd.Timestamp = AS_OF, to: pd.Timestamp = AS_OF, pick: str = "max") -> pd.Series:
    """Days from each household's last purchase before `until` to the day `to`."""
    last = read_before(until).groupby("customer_id").time.agg(pick).dt.normalize()
    return (to - last).dt.days.rename("recency_days")


def as_table(values: pd.Series) -> pd.DataFrame:
    """One row a household."""
    return values.reset_index()


def count_visits(lines: pd.DataFrame, count: str = "basket_id") -> pd.Series:
    """How many different receipts (or other things) each household of the list has."""
    return lines.groupby("customer_id")[count].nunique().reindex(list_customers(), fill_value=0).rename("frequency")


def average_receipt(lines: pd.DataFrame) -> float:
    """Dollars per receipt."""
    return float(lines.sales.sum() / lines.basket_id.nunique())


def find_share_that_came(silent: pd.Series, start: pd.Timestamp = AS_OF, end: pd.Timestamp = AFTER) -> float:
    """The share of some households that bought in a window."""
    receipts = read_receipts()
    buyers = receipts[(receipts.time >= start) & (receipts.time < end)].customer_id
    return float(silent.index.isin(buyers).mean())


def find_dog_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines of dog food, by household and day."""
    category = complete_journey().products.set_index("product_id").category
    dog = lines[lines.product_id.map(category).eq("DOG FOODS")]
    return dog.assign(day=dog.time.dt.normalize()).sort_values(["customer_id", "day"])


def find_dog_gaps(lines: pd.DataFrame) -> pd.Series:
    """Days between two purchase days of dog food by the same household."""
    days = find_dog_lines(lines).drop_duplicates(["customer_id", "day"])
    return days.groupby("customer_id").day.diff().dt.days


def find_gaps_of_products(lines: pd.DataFrame) -> pd.Series:
    """Days between two purchase days of the same product by the same household."""
    owner = ["customer_id", "product_id"]
    days = lines.drop_duplicates([*owner, "day"]).sort_values([*owner, "day"])
    return days.groupby(owner).day.diff().dt.days
