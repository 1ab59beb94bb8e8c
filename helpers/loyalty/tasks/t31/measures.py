"""What the app's customers did, compared in right and in usual wrong ways; exercise 31 judges by it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.cuped import adjust_gap
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.triples import Triple, take_triple
from loyalty.tasks.t31.scene import launch_app

OPENS = pd.Timestamp("2024-06-03")
CLOSES = pd.Timestamp("2024-08-05")
END = pd.Timestamp("2024-10-28")
BEFORE = OPENS - pd.Timedelta(days=84)
EARLIEST = pd.Timestamp("2024-03-01")  # somebody's three months
LATEST = pd.Timestamp("2024-11-01")
MARGIN = 0.28
FEE = 0.10
DAY = pd.Timedelta(days=1)
NEVER = pd.Timestamp("2100-01-01")
EVERYBODY = pd.Timestamp("2200-01-01")  # those without an app too
LEAST = 30


@cache
def read_app() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Receipt lines, customers, and one row a customer of the lottery, both its years in it."""
    wave, chain = launch_app()
    by_window = wave.outcomes.set_index(["customer_id", "window"])[["sales", "orders", "start", "end"]].unstack()
    trial = wave.contacts.set_index("customer_id")[["arm", "took_card"]].rename(columns={"took_card": "took"})
    for window in ("pre", "main"):
        days = (by_window["end", window] - by_window["start", window]).dt.days
        trial[window] = by_window["sales", window] / days * 28
        trial[f"{window}_days"] = days
    trial["orders"] = by_window["orders", "main"]
    trial["bought"] = (trial["main"] > 0).astype(float)
    trial["change"] = trial["main"] - trial["pre"]
    receipts = chain.receipts[["customer_id", "time", "basket_id", "sales"]]
    return receipts[(receipts.time >= EARLIEST) & (receipts.time < LATEST)], chain.customers, trial


@cache
def find_groups(
    until: pd.Timestamp = CLOSES, users_until: pd.Timestamp = OPENS
) -> tuple[pd.Index, np.ndarray, pd.Series]:
    """The app's users, whether each of them earned the badge before a day, and the moment of earning it."""
    receipts, customers, _ = read_app()
    before = customers.card_since < users_until
    users = pd.Index(customers.customer_id[before | (users_until == EVERYBODY)])
    lines = receipts[(receipts.time >= OPENS) & (receipts.time < until) & receipts.customer_id.isin(users)]
    first = {"customer_id": "first", "time": "min", "sales": "sum"}
    baskets = lines.groupby("basket_id").agg(first)
    earned = baskets[baskets.sales >= LEAST].groupby("customer_id").time.min()
    return users, users.isin(earned.index), earned


@cache
def sum_equal_lines_once(start: pd.Timestamp, end: pd.Timestamp) -> tuple[np.ndarray, np.ndarray]:
    """Euros per 28 days of each user, and who owns the badge, after equal lines were dropped."""
    receipts = read_app()[0].drop_duplicates()
    users = find_groups()[0]
    weeks = receipts[(receipts.time >= OPENS) & (receipts.time < CLOSES)]
    paid = weeks.groupby(["customer_id", "basket_id"]).sales.sum()
    owners = paid[paid >= LEAST].index.get_level_values("customer_id")
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    spent = window.groupby("customer_id").sales.sum().reindex(users, fill_value=0)
    return spent.to_numpy() / (end - start).days * 28, users.isin(owners)


def sum_any_days(start: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
    """Euros per 28 days of each user, also of days long ago."""
    receipts = launch_app()[1].receipts
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    spent = window.groupby("customer_id").sales.sum().reindex(find_groups()[0], fill_value=0)
    return spent.to_numpy() / (end - start).days * 28


def find_payers(start: pd.Timestamp, end: pd.Timestamp, *, strict: bool = False) -> np.ndarray:
    """Which users paid a receipt of at least (or of more than) €30 in a window."""
    receipts = read_app()[0]
    lines = receipts[(receipts.time >= start) & (receipts.time < end)]
    paid = lines.groupby(["customer_id", "basket_id"]).sales.sum()
    large = paid[paid > LEAST] if strict else paid[paid >= LEAST]
    return find_groups()[0].isin(large.index.get_level_values("customer_id"))


def find_payers_of_a_line() -> np.ndarray:
    """Which users bought one article of at least €30 in the weeks of the badge."""
    receipts = read_app()[0]
    lines = receipts[(receipts.time >= OPENS) & (receipts.time < CLOSES) & (receipts.sales >= LEAST)]
    return find_groups()[0].isin(lines.customer_id)


def compare_receipts() -> float:
    """Sales per receipt in the days of 31a, owners less others."""
    receipts = read_app()[0]
    users, owner, _ = find_groups()
    lines = receipts[(receipts.time >= CLOSES) & (receipts.time < END)]
    sums = lines.groupby("customer_id").agg(sales=("sales", "sum"), orders=("basket_id", "nunique"))
    sums = sums.reindex(users, fill_value=0)
    mine, others = sums[owner].sum(), sums[~owner].sum()
    return float(mine.sales / mine.orders - others.sales / others.orders)


@cache
def sum_spending(start: pd.Timestamp, end: pd.Timestamp, users_until: pd.Timestamp = OPENS) -> np.ndarray:
    """Euros per 28 days of each user."""
    receipts = read_app()[0]
    users = find_groups(CLOSES, users_until)[0]
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    return window.groupby("customer_id").sales.sum().reindex(users, fill_value=0).to_numpy() / (end - start).days * 28


def compare_owners(values: np.ndarray, member: np.ndarray | None = None, keep: np.ndarray | None = None) -> Triple:
    """Means of owners less others, of all users or of a part of them."""
    member = find_groups()[1] if member is None else member
    keep = np.ones(len(values), dtype=bool) if keep is None else keep
    return take_triple(compare_means(values[member & keep], values[~member & keep]))


def compare_weeks(weeks: list[np.ndarray]) -> Triple:
    """Owners less others, as if each week of a customer were a customer."""
    owner = find_groups()[1]
    owners = np.concatenate([week[owner] for week in weeks])
    others = np.concatenate([week[~owner] for week in weeks])
    return take_triple(compare_means(owners, others))


def run_own_clock(*, with_purchase: bool) -> float:
    """Owners counted from the moment of their own badge, the others from the opening."""
    receipts = read_app()[0]
    _, owner, earned = find_groups()
    lines = receipts[receipts.customer_id.isin(earned.index) & (receipts.time < END)]
    since = lines.customer_id.map(earned)
    lines = lines[(lines.time >= since) if with_purchase else (lines.time.dt.normalize() > since.dt.normalize())]
    rate = 28 / ((END - earned).dt.total_seconds() / 86_400)
    mine = lines.groupby("customer_id").sales.sum().reindex(earned.index, fill_value=0) * rate
    return float(mine.mean() - sum_spending(OPENS, END)[~owner].mean())


def find_gap_by(unit: str) -> float:
    """The gap if a single line, or all nine weeks together, had to reach €30."""
    receipts = read_app()[0]
    users, _, _ = find_groups()
    lines = receipts[(receipts.time >= OPENS) & (receipts.time < CLOSES)]
    reach = lines.set_index("customer_id").sales if unit == "line" else lines.groupby("customer_id").sales.sum()
    return compare_owners(sum_spending(CLOSES, END), users.isin(reach.index[reach >= LEAST]))[0]


def shift_end(end: pd.Timestamp) -> float:
    """The gap when the days end at another date, and are still divided by three."""
    days = (end - CLOSES).days
    return compare_owners(sum_spending(CLOSES, end))[0] * days / 84


def compare_with_all() -> float:
    """The gap of owners to all other customers, with an app or without."""
    receipts, customers, _ = read_app()
    users, owner, _ = find_groups()
    window = receipts[(receipts.time >= CLOSES) & (receipts.time < END)]
    spent = window.groupby("customer_id").sales.sum().reindex(customers.customer_id, fill_value=0) / 84 * 28
    others = ~customers.customer_id.isin(users[owner]).to_numpy()
    return float(sum_spending(CLOSES, END)[owner].mean() - spent[others].mean())


def compare_before_with_all() -> Triple:
    """The gap before the badge, of owners to all other customers."""
    receipts, customers, _ = read_app()
    users, owner, _ = find_groups()
    window = receipts[(receipts.time >= BEFORE) & (receipts.time < OPENS)]
    spent = window.groupby("customer_id").sales.sum().reindex(customers.customer_id, fill_value=0) / 84 * 28
    mine = customers.customer_id.isin(users[owner]).to_numpy()
    return take_triple(compare_means(spent[mine], spent[~mine]))


def compare_lottery(column: str = "main", keep: str | None = None) -> Triple:
    """Means of a column, invited less control, of all or of a part."""
    trial = read_app()[2] if keep is None else read_app()[2].query(keep)
    values = trial[column]
    return take_triple(compare_means(values[trial.arm == "invited"], values[trial.arm == "control"]))


def compare_both_windows() -> Triple:
    """The lottery's gap with the year before in it."""
    trial = read_app()[2]
    invited = trial[trial.arm == "invited"]
    control = trial[trial.arm == "control"]
    both = [pd.concat([rows.pre, rows.main]) for rows in (invited, control)]
    return take_triple(compare_means(both[0], both[1]))


def compare_takers(keep: str = "took >= 0") -> Triple:
    """Means of those who took the app less those who did not."""
    trial = read_app()[2].query(keep)
    return take_triple(compare_means(trial.main[trial.took == 1], trial.main[trial.took == 0]))


@cache
def compare_at_equal_orders(by: str) -> Triple:
    """What a regression says of an arm, or of the app, among customers with equally many orders afterwards."""
    import statsmodels.api as sm

    trial = read_app()[2]
    flag = (trial.arm == "invited") if by == "arm" else trial.took == 1
    given = sm.add_constant(np.column_stack([flag.to_numpy(float), trial.orders]))
    fit = sm.OLS(trial.main.to_numpy(), given).fit(cov_type="HC1")
    low, high = fit.conf_int()[1]
    return float(fit.params[1]), float(low), float(high)


def adjust_lottery() -> Triple:
    """The lottery's effect, adjusted by the year before with a slope for each group."""
    trial = read_app()[2]
    invited = trial[trial.arm == "invited"]
    control = trial[trial.arm == "control"]
    past = invited[["pre"]].to_numpy(), control[["pre"]].to_numpy()
    return take_triple(adjust_gap(invited.main.to_numpy(), control.main.to_numpy(), past))
