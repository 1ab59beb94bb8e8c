"""What the customers of the autumn mailing did, measured in right and in usual wrong ways; exercise 33 compares them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.cuped import adjust_gap
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.triples import Triple, take_triple
from loyalty.tasks.t33.scene import SENT, load_autumn

END = pd.Timestamp("2024-10-29")
DAYS = pd.Timedelta(days=28)
DAY = pd.Timedelta(days=1)
FIRST = pd.Timestamp("2024-07-01")
LAST = pd.Timestamp("2024-11-26")
MARGIN = 0.30
GIFT = 2.40
MAIL = 0.10


@cache
def sum_people(start: pd.Timestamp = SENT, end: pd.Timestamp = END, *, drop_equal: bool = False) -> pd.DataFrame:
    """One row a customer: the list, and sales and receipts of a window; who bought nothing has zeros.

    `drop_equal` drops lines that are equal in all columns, as "Remove duplicates" does.
    """
    data = load_autumn()
    lines = data.receipts[(data.receipts.time >= start) & (data.receipts.time < end)]
    lines = lines.drop_duplicates() if drop_equal else lines
    by_customer = lines.groupby("customer_id")
    sums = by_customer.agg({"sales": "sum", "margin": "sum", "basket_id": "nunique"})
    sums = sums.rename(columns={"basket_id": "orders"}).assign(lines=by_customer.size())
    table = data.contacts.join(sums, on="customer_id")
    table = table.fillna({"sales": 0.0, "margin": 0.0, "orders": 0, "lines": 0})
    return table.assign(bought=(table.orders > 0).astype(float))


@cache
def compare_rows(*unit: str) -> Triple:
    """Sales of rows, such as lines or whole receipts, compared as if each were a customer of its own."""
    data = load_autumn()
    lines = data.receipts[(data.receipts.time >= SENT) & (data.receipts.time < END)]
    rows = lines.merge(data.contacts[["customer_id", "arm"]])
    return compare_groups(rows.groupby(["arm", *unit], as_index=False).sales.sum() if unit else rows, "sales")


def compare_groups(
    table: pd.DataFrame, column: str, treated: pd.Series | None = None, variance: str = "auto"
) -> Triple:
    """Means of a column: the gift's customers (or a part of them) less control."""
    mine = table.arm == "gift" if treated is None else treated
    return take_triple(compare_means(table[column][mine], table[column][table.arm == "control"], variance=variance))


def compare_ratios(table: pd.DataFrame, per: str) -> Triple:
    """Difference of sums over sums, with the delta method's interval; the customer is the unit."""
    value = []
    variance = []
    for arm in ("gift", "control"):
        rows = table[table.arm == arm]
        value.append(rows.sales.sum() / rows[per].sum())
        variance.append(((rows.sales - value[-1] * rows[per]) / rows[per].mean()).var() / len(rows))
    effect = float(value[0] - value[1])
    half = 1.96 * float(np.sqrt(sum(variance)))
    return effect, effect - half, effect + half


def compare_buyers(table: pd.DataFrame) -> Triple:
    """Sales over buyers in each group, with the empty rows counted in the standard errors: a join that left NaN."""
    buyers = table[table.orders > 0]
    mine = buyers.sales[buyers.arm == "gift"]
    control = buyers.sales[buyers.arm == "control"]
    everyone = table.groupby("arm").size()
    effect = float(mine.mean() - control.mean())
    half = 1.96 * float(np.sqrt(mine.var() / everyone["gift"] + control.var() / everyone["control"]))
    return effect, effect - half, effect + half


def take_mean(values: pd.Series) -> Triple:
    """Mean of one group, with its own interval."""
    mean = float(values.mean())
    half = 1.96 * float(values.sem())
    return mean, mean - half, mean + half


def center(found: Triple, effect: float) -> Triple:
    """Put the interval of one effect around another one."""
    own, low, high = found
    return effect, effect + low - own, effect + high - own


@cache
def find_takers() -> pd.Series:
    """Who was drawn for the gift and took it."""
    table = sum_people()
    return (table.arm == "gift") & (table.used_gift == 1)


@cache
def find_reached() -> pd.Series:
    """Who was drawn for the gift and got the e-mail."""
    table = sum_people()
    return (table.arm == "gift") & table.delivered.fillna(False).astype(bool)


@cache
def find_idle() -> pd.Series:
    """Who was drawn for the gift and did not take it."""
    return (sum_people().arm == "gift") & ~find_takers()


@cache
def find_unreached() -> pd.Series:
    """Who was drawn for the gift and did not get the e-mail."""
    return (sum_people().arm == "gift") & ~find_reached()


def sharpen(start: pd.Timestamp, end: pd.Timestamp, keep: pd.Series | None = None, *, column: str = "sales") -> Triple:
    """The lift in sales, adjusted by sales (or receipts) of another window with a slope for each group."""
    return adjust(sum_people(), sum_people(start, end)[[column]], keep)


def adjust(now: pd.DataFrame, past: pd.DataFrame, keep: pd.Series | None = None, *, column: str = "sales") -> Triple:
    """Adjust the gap in a column by columns of the past, with a slope for each group."""
    mine = now.arm == "gift"
    keep = pd.Series(True, index=now.index) if keep is None else keep
    known = past.to_numpy(dtype=float)
    values = now[column].to_numpy()
    gift = (mine & keep).to_numpy()
    control = (~mine & keep).to_numpy()
    return take_triple(adjust_gap(values[gift], values[control], (known[gift], known[control])))


def add_errors(table: pd.DataFrame, column: str) -> Triple:
    """The gap with the two groups' own intervals laid end to end: their errors added, not their squares."""
    mine = take_mean(table[column][table.arm == "gift"])
    control = take_mean(table[column][table.arm == "control"])
    return mine[0] - control[0], mine[1] - control[2], mine[2] - control[1]


def compare_ratios_loosely(table: pd.DataFrame, per: str, *, fixed: bool) -> Triple:
    """Difference of sums over sums, its interval without the covariance, or with the denominator taken as fixed."""
    effect = compare_ratios(table, per)[0]
    variance = 0.0
    for arm in ("gift", "control"):
        rows = table[table.arm == arm]
        value = rows.sales.sum() / rows[per].sum()
        noise = rows.sales.var() + (0.0 if fixed else value**2 * rows[per].var())
        variance += noise / rows[per].mean() ** 2 / len(rows)
    half = 1.96 * float(np.sqrt(variance))
    return effect, effect - half, effect + half


def find_slope(now: pd.Series, past: pd.Series) -> float:
    """Slope of sales on the sales of an earlier window, of the customers in `now`."""
    known = past[now.index]
    return float(np.cov(known, now)[0, 1] / known.var())


def sharpen_by(slope: float) -> Triple:
    """The lift after a given slope times September is taken off."""
    table = sum_people()
    past = sum_people(SENT - DAYS, SENT).sales
    return compare_groups(table.assign(rest=table.sales - slope * (past - past.mean())), "rest")


def sharpen_at_zero() -> Triple:
    """The coefficient of the gift in a regression with two slopes whose past is not centred."""
    return regress(sum_people(SENT - DAYS, SENT).sales, slopes=2)


def sharpen_with_one_slope() -> Triple:
    """The coefficient of the gift in a regression with one slope of September for both groups."""
    return regress(sum_people(SENT - DAYS, SENT).sales, slopes=1)


def regress(past: pd.Series, *, slopes: int, robust: bool = True) -> Triple:
    """The coefficient of the gift in a regression of sales on gift and past, with one slope or one for each group."""
    import statsmodels.api as sm

    table = sum_people()
    gift = (table.arm == "gift").astype(float)
    columns = [gift, past, gift * past][: slopes + 1]
    fit = sm.OLS(table.sales.to_numpy(), sm.add_constant(np.column_stack(columns)))
    found = fit.fit(cov_type="HC2") if robust else fit.fit()
    low, high = found.conf_int()[1]
    return float(found.params[1]), float(low), float(high)


@cache
def measure_profit(
    margin: float = MARGIN, gift: float = GIFT, column: str = "sales", end: pd.Timestamp = END
) -> Triple:
    """Profit per customer drawn before the cost of the e-mail: one number a customer, one interval."""
    return compare_groups(book(sum_people(end=end), margin, gift, column), "profit")


def book(
    table: pd.DataFrame, margin: float = MARGIN, gift: float = GIFT, column: str = "sales", paid: str = "used_gift"
) -> pd.DataFrame:
    """Add each customer's profit before the cost of the e-mail."""
    return table.assign(profit=margin * table[column] - gift * table[paid])


def measure_profit_of(keep: pd.Series) -> float:
    """Lower end of the profit of some customers, before the cost of the e-mail."""
    return compare_groups(book(sum_people()[keep]), "profit")[1]
