"""Gamma-Gamma: what a purchase of each customer is worth, and the check of what it takes for granted.

Each purchase of a customer is Gamma(p, ν), and ν differs between customers as Gamma(q, v). The mean of a customer's
purchases is then drawn towards the mean of all, the more the fewer purchases it is made of.

Source: Fader, Hardie and Lee (2005), RFM and CLV, Journal of Marketing Research 42, 415-430; Fader and Hardie (2013),
The Gamma-Gamma Model of Monetary Value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats
from scipy.special import digamma, gammaln

from loyalty.charts import TREATED, headline
from loyalty.segment.value.maximise import LogScaleFit, maximise
from loyalty.segment.value.purchases import read_purchases
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_mean
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable

START = (2.0, 3.0, 1.0)
PARAMETERS = ("p", "q", "v")
LEAST = 10  # customers
BANDS = ((1, 1, "1"), (2, 2, "2"), (3, 4, "3–4"), (5, 9, "5–9"), (10, np.inf, "10 +"))
STRONG = 0.2  # a rank correlation that moves value


@dataclass(frozen=True, eq=False)
class SpendFit(LogScaleFit):
    """A fitted Gamma-Gamma model; built by `fit_spend`. `covariance` is that of the parameters' logarithms."""

    parameters: dict[str, float]
    covariance: np.ndarray = field(repr=False)
    log_likelihood: float
    n_customers: int
    warnings: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        """Expected money of a purchase of a customer of whom nothing is known; infinite where q is 1 or less."""
        p, q, v = self.theta
        return float(p * v / (q - 1)) if q > 1 else float("inf")

    def draw_parameters(self, draws: int, seed: int) -> np.ndarray:
        """Draw parameters that fit the data as well; q is kept above 1, where there is a mean."""
        theta = self.draw_from(np.random.default_rng([seed, 1]), draws)
        theta[:, 1] = np.maximum(theta[:, 1], min(1.05, self.theta[1]))
        return theta

    def _repr_html_(self) -> str:
        title = f"Gamma-Gamma: {self.n_customers:,} customers, a purchase brings {self.mean:,.2f} on average"
        return render_html(self.to_frame(), title, self.warnings)


@check_arguments
def fit_spend(purchases: AnyTable) -> SpendFit:
    """Fit the Gamma-Gamma model of money a purchase by maximum likelihood.

    Not where frequent customers spend more or less a purchase than rare ones (see `check_independence`), and not for
    money that can be negative. Nothing is added to the likelihood.

    Parameters
    ----------
    purchases : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        As `summarise_purchases` gives it, with spend and spend_days. Customers without a purchase that counts are left
        out; those whose mean is not above 0 too, and a warning counts them.

    Returns
    -------
    SpendFit

    Raises
    ------
    TableError
        The table breaks its contract, or fewer than 10 customers have a spend.

    Examples
    --------
    >>> purchases = pd.DataFrame({"customer_id": range(12), "x": 2, "t_x": 9.0, "T": 30.0, "spend_days": 2,
    ...     "spend": [9.0, 12, 14, 18, 20, 22, 25, 28, 33, 40, 55, 90]})
    >>> fit_spend(purchases).n_customers
    12
    """
    mean, days, left = _read_spend(purchases)
    notes = []
    if left:
        notes.append(f"{left:,} customers have a mean of 0 or less, and are left out: the model knows no such money")
    unit = float(np.mean(mean))
    n, where = np.unique(days, return_inverse=True)
    n = n.astype(float)
    z = mean / unit
    size = np.bincount(where).astype(float)
    total_log = float(np.log(z).sum())
    log_by_n = np.bincount(where, np.log(z)) + size * np.log(n)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, v = theta
        whole = np.log(days * z + v)
        by_n = np.bincount(where, whole)
        value = size @ (gammaln(p * n + q) - gammaln(p * n)) - len(z) * (gammaln(q) - q * np.log(v))
        value += p * n @ log_by_n - total_log - (p * n + q) @ by_n
        by_p = n @ (size * (digamma(p * n + q) - digamma(p * n)) + log_by_n - by_n)
        by_q = size @ digamma(p * n + q) + len(z) * (np.log(v) - digamma(q)) - by_n.sum()
        by_v = len(z) * q / v - ((p * days + q) / (days * z + v)).sum()
        return float(value), np.array([by_p, by_q, by_v])

    found = maximise(objective, np.array(START), PARAMETERS, float(len(z)))
    p, q, v = found.theta
    notes += found.warnings
    if q <= 1:
        notes.append("q is 1 or less: the mean of all customers is infinite, a few of them carry everything")
    elif q < 2:
        notes.append("q is below 2: spend differs so much between customers that its variance is infinite")
    named = dict(zip(PARAMETERS, (float(p), float(q), float(v * unit)), strict=True))
    log_likelihood = found.value - len(z) * np.log(unit)
    return SpendFit(named, found.covariance, float(log_likelihood), len(z), tuple(notes))


@check_arguments
def predict_spend(fit: SpendFit, purchases: AnyTable) -> pd.DataFrame:
    """Expected money of a purchase of each customer: the own mean, drawn towards the mean of all.

    Parameters
    ----------
    fit : SpendFit
    purchases : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        As `fit_spend` takes it; who has no spend of his own gets the mean of all.

    Returns
    -------
    pandas.DataFrame
        customer_id, spend (the own mean), expected_spend; sorted by customer_id.

    Examples
    --------
    >>> fit = SpendFit({"p": 6.25, "q": 3.74, "v": 15.44}, np.zeros((3, 3)), 0.0, 946)
    >>> purchases = pd.DataFrame({"customer_id": [1, 2], "x": [2, 0], "t_x": [30.4, 0.0], "T": [38.9, 38.9],
    ...     "spend": [22.35, None], "spend_days": [2, 0]})
    >>> predict_spend(fit, purchases)["expected_spend"].round(1).tolist()
    [24.7, 35.2]

    Source: Fader, Hardie and Lee (2005), Journal of Marketing Research 42, 415-430.
    """
    table = read_purchases(purchases, money=True).sort_values("customer_id", ignore_index=True)
    mean, days = clean_spend(table)
    return table[["customer_id", "spend"]].assign(expected_spend=expect_spend(fit.theta, mean, days))


def expect_spend(theta: np.ndarray, mean: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Compute p (v + days · mean) / (p days + q - 1); infinite where nothing is known and q is 1 or less."""
    p, q, v = theta
    below = p * days + q - 1
    return np.where(below > 0, p * (v + days * mean) / np.where(below > 0, below, 1), np.inf)


def clean_spend(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean and number of the purchases that count; 0 and 0 where there is none, or no money above 0."""
    mean = table["spend"].to_numpy(float)
    days = table["spend_days"].fillna(0).to_numpy(float)
    known = (days > 0) & (mean > 0)
    return np.where(known, mean, 0.0), np.where(known, days, 0.0)


def _read_spend(purchases: AnyTable) -> tuple[np.ndarray, np.ndarray, int]:
    table = read_purchases(purchases, money=True)
    mean, days = clean_spend(table)
    known = days > 0
    if known.sum() < LEAST:
        raise TableError([f"{known.sum()} customers have a spend above 0; {LEAST} are the least"], "purchases")
    if np.ptp(mean[known]) < 1e-9 * mean[known].mean():
        raise TableError(
            ["all customers spend the same a purchase: there is nothing to fit, take this mean"], "purchases"
        )
    left = int(((table["spend_days"].fillna(0) > 0) & ~known).sum())
    return mean[known], days[known], left


@dataclass(frozen=True, eq=False)
class Independence:
    """Whether customers who buy often spend more a purchase; built by `check_independence`.

    `correlation` is Spearman's, of x with the mean spend; `table` has one row a band of x: customers, mean spend, and
    its interval.
    """

    correlation: float
    low: float
    high: float
    n_customers: int
    table: pd.DataFrame = field(repr=False)
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a band of x."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the mean spend of each band of x, with its interval."""
        ax = ax or plt.subplots(figsize=(9, 3.8))[1]
        rows = self.table
        places = np.arange(len(rows))
        error = np.abs(rows[["low", "high"]].to_numpy().T - rows["spend"].to_numpy())
        ax.errorbar(places, rows["spend"], error, fmt="o", color=TREATED, markersize=8, linewidth=3)
        ax.set_xticks(places, rows["x"])
        ax.set_ylim(0)
        ax.set(xlabel="repeat purchases (x)", ylabel="mean money of a purchase")
        title = f"Frequent and rare customers: correlation {self.correlation:.2f}".replace("-", "−")
        headline(ax, title, "mean of the customers' mean spend, with 95 % interval")
        return ax

    def _repr_html_(self) -> str:
        title = f"x and spend: rank correlation {self.correlation:.2f} ({self.low:.2f} to {self.high:.2f})"
        return render_html(self.table, title, self.warnings)


@check_arguments
def check_independence(purchases: AnyTable) -> Independence:
    """Check what Gamma-Gamma takes for granted: that money a purchase does not depend on how often a customer buys.

    Parameters
    ----------
    purchases : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        As `fit_spend` takes it.

    Returns
    -------
    Independence
        A warning says so where the correlation can be told from 0, and how the value of frequent customers is then off.

    Raises
    ------
    TableError
        The table breaks its contract, or fewer than 10 customers have a spend.

    Examples
    --------
    >>> purchases = pd.DataFrame({"customer_id": range(12), "x": [1, 2, 3] * 4, "t_x": 9.0, "T": 30.0,
    ...     "spend_days": [1, 2, 3] * 4, "spend": [9.0, 12, 14, 18, 20, 22, 25, 28, 33, 40, 55, 90]})
    >>> check_independence(purchases).n_customers
    12

    Source: Bonett and Wright (2000), Psychometrika 65, 23-28, for the interval.
    """
    table = read_purchases(purchases, money=True)
    mean, days = clean_spend(table)
    known = days > 0
    if known.sum() < LEAST:
        raise TableError([f"{known.sum()} customers have a spend above 0; {LEAST} are the least"], "purchases")
    x, spend = table["x"].to_numpy()[known], mean[known]
    bands = _average_bands(x, spend)
    if np.ptp(x) == 0 or np.ptp(spend) == 0:
        note = "x or spend is the same for all: there is no correlation to measure"
        return Independence(np.nan, np.nan, np.nan, len(x), bands, (note,))
    rho = float(stats.spearmanr(x, spend).statistic)
    reach = stats.norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / (len(x) - 3))
    middle = np.arctanh(np.clip(rho, -0.9999999, 0.9999999))
    low, high = float(np.tanh(middle - reach)), float(np.tanh(middle + reach))
    notes = []
    if low > 0 or high < 0:
        more = "more" if rho > 0 else "less"
        how = "clearly" if abs(rho) >= STRONG else "a little"
        off = "too low" if rho > 0 else "too high"
        notes.append(
            f"frequent customers spend {how} {more} a purchase. Gamma-Gamma takes the two for independent and draws "
            f"all towards one mean: the value of frequent customers comes out {off}, that of rare ones the other way"
        )
    return Independence(rho, low, high, len(x), bands, tuple(notes))


def _average_bands(x: np.ndarray, spend: np.ndarray) -> pd.DataFrame:
    """Average the spend in each band of x, with a t interval; empty where a band has one customer or no spread."""
    rows = []
    for lowest, highest, name in BANDS:
        inside = spend[(x >= lowest) & (x <= highest)]
        if not len(inside):
            continue
        spread = float(inside.std(ddof=1)) if len(inside) > 1 else 0.0
        rows.append({"x": name, "customers": len(inside), "spend": float(inside.mean()), "spread": spread})
    table = pd.DataFrame(rows, columns=["x", "customers", "spend", "spread"])
    low, high = interval_of_mean(table["spend"], table["spread"], table["customers"])
    return table.drop(columns="spread").assign(low=low, high=high)
