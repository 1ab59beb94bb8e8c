"""Customer lifetime value: expected margin of the time ahead, discounted, with intervals; promising customers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from loyalty.segment.value.fit import PurchaseFit
from loyalty.segment.value.forecast import (
    expect_purchases,
    find_ends,
    say_doubts,
    say_horizon,
    simulate_money,
    simulate_purchases,
)
from loyalty.segment.value.purchases import read_purchases
from loyalty.segment.value.spend import SpendFit, clean_spend, expect_spend
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import ask_percent

YEAR = 365.25 / 7  # weeks


@dataclass(frozen=True, eq=False)
class CustomerValue:
    """What customers are still worth; built by `customer_value`.

    `table` has one row a customer: customer_id, p_alive, expected_purchases, expected_spend (money a purchase), value
    (discounted margin), low and high, between which the margin of a customer falls. `value`, `low` and `high` are those
    of all customers together.
    """

    table: pd.DataFrame = field(repr=False)
    value: float
    low: float
    high: float
    weeks: float
    margin_rate: float
    yearly_discount: float
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    @property
    def mean(self) -> tuple[float, float, float]:
        """Value of a customer on average, with its interval."""
        n = len(self.table)
        return self.value / n, self.low / n, self.high / n

    def to_frame(self) -> pd.DataFrame:
        """One row a customer."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        mean, low, high = self.mean
        title = (
            f"{len(self.table):,} customers are worth {self.value:,.0f} in the next {self.weeks:g} weeks "
            f"({self.low:,.0f} to {self.high:,.0f}): {mean:,.2f} a head ({low:,.2f} to {high:,.2f}), margin of "
            f"{self.margin_rate:.0%}, discounted by {self.yearly_discount:.0%} a year. The most valuable:"
        )
        return render_html(self.table.nlargest(5, "value"), title, self.warnings)


@check_arguments
def customer_value(
    fit: PurchaseFit,
    spend: SpendFit,
    purchases: AnyTable,
    *,
    weeks: float = 52,
    margin_rate: float | None = None,
    yearly_discount: float = 0.1,
    draws: int = 400,
    level: float = 0.95,
    interval: bool = True,
    seed: int = 25,
) -> CustomerValue:
    """Customer lifetime value (CLV): purchases to come × money a purchase × margin, discounted.

    P(alive) is already in the purchases to come: do not multiply by it again.

    The *residual* value of customers we have, not that of a customer yet to be won, and no reason to spend it on a
    campaign: what a campaign changes is another question (see `measure_lift`). Not for a horizon much longer than the
    history: beyond it the model extrapolates.

    Parameters
    ----------
    fit : PurchaseFit
    spend : SpendFit
        Of sales; if the money is margin already, give margin_rate=1.
    purchases : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        As `fit_spend` takes it.
    weeks : float
        The horizon.
    margin_rate : float
        Margin as a fraction of sales, above 0 and up to 1. It has to be given: revenue is no value.
    yearly_discount : float
        What a euro in a year is worth less, a fraction: 0.1 makes 1 / 1.1 of it. Simulated money gets the factor that
        the customer's expected money has.
    draws, level, interval, seed
        As in `predict_purchases`.

    Returns
    -------
    CustomerValue
        Its table is sorted by customer_id; money in the data's currency.

    Raises
    ------
    TableError
        The table breaks its contract, a rate is outside its range, or the mean spend is infinite.

    Examples
    --------
    >>> named = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> fit = PurchaseFit("bg_nbd", named, np.zeros((4, 4)), 0.0, 2357, 946, 39.0)
    >>> spend = SpendFit({"p": 6.25, "q": 3.74, "v": 15.44}, np.zeros((3, 3)), 0.0, 946)
    >>> purchases = pd.DataFrame({"customer_id": [1], "x": [2], "t_x": [30.43], "T": [38.86], "spend": [22.35],
    ...     "spend_days": [2]})
    >>> found = customer_value(fit, spend, purchases, weeks=39, margin_rate=0.3, yearly_discount=0)
    >>> found.table[["expected_purchases", "expected_spend", "value"]].round(2).to_dict("records")
    [{'expected_purchases': 1.23, 'expected_spend': 24.66, 'value': 9.07}]

    Source: Fader, Hardie and Lee (2005), RFM and CLV, Journal of Marketing Research 42, 415-430.
    """
    problems = []
    if not 0 < weeks < np.inf:
        problems.append(f"weeks should be above 0 and finite, found {weeks!r}")
    if margin_rate is None:
        problems.append("margin_rate is missing: the margin as a fraction of sales. Revenue is no value")
    elif not 0 < margin_rate <= 1:
        says = f"margin_rate should be above 0 and at most 1, a fraction of sales; found {margin_rate!r}"
        problems.append(says + ask_percent(margin_rate))
    if not 0 <= yearly_discount < 1:
        says = f"yearly_discount should be from 0 to below 1, such as 0.1; found {yearly_discount!r}"
        problems.append(says + ask_percent(yearly_discount, below_one=True))
    if not np.isfinite(spend.mean):
        problems.append("the mean spend is infinite (q is 1 or less): take few customers out, and say whom")
    if problems or margin_rate is None:
        raise TableError(problems, "customer_value")
    table = read_purchases(purchases, money=True).sort_values("customer_id", ignore_index=True)
    p_alive, expected = expect_purchases(fit, table, weeks)
    rate = float(np.log1p(yearly_discount) / YEAR)
    worth = expect_purchases(fit, table, weeks, rate)[1] if rate else expected
    mean, days = clean_spend(table)
    each = expect_spend(spend.theta, mean, days)
    result = table[["customer_id"]].assign(p_alive=p_alive, expected_purchases=expected, expected_spend=each)
    result = result.assign(value=worth * each * margin_rate, low=np.nan, high=np.nan)
    ends = np.nan, np.nan
    if interval:
        factor = margin_rate * np.divide(worth, expected, out=np.ones(len(table)), where=expected > 0)
        sums = np.zeros(draws)
        thetas = spend.draw_parameters(draws, seed)
        for rows, futures in simulate_purchases(fit, table, weeks, draws, seed):
            draw = np.random.default_rng([seed, 3, int(rows[0])])
            money = simulate_money(spend, table.loc[rows], futures, thetas, draw) * factor[rows]
            sums += money.sum(axis=1)
            cuts = np.quantile(money, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
            result.loc[rows, ["low", "high"]] = cuts.T
        ends = find_ends(sums, level)
    notes = [*say_doubts(fit, table), *spend.warnings, *say_horizon(fit, weeks)]
    total = float(result["value"].sum())
    return CustomerValue(
        result, total, *ends, float(weeks), margin_rate, yearly_discount, level, tuple(dict.fromkeys(notes))
    )


@check_arguments
def find_promising(value: CustomerValue, purchases: AnyTable, *, share: float = 0.2) -> pd.DataFrame:
    """Find promising customers: among the most valuable of the time ahead, but not among the best of the past.

    Parameters
    ----------
    value : CustomerValue
    purchases : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The same customers, as `customer_value` took them; the past is their money: spend × spend_days.
    share : float
        Share of customers who count as best, in the past and ahead.

    Returns
    -------
    pandas.DataFrame
        customer_id, x, past_money, value, p_alive; the most valuable first.

    Raises
    ------
    TableError
        The table breaks its contract, holds other customers, or share is not between 0 and 1.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": [1, 2], "p_alive": [0.2, 0.9], "expected_purchases": [0.1, 2.0],
    ...     "expected_spend": 20.0, "value": [1.0, 9.0], "low": 0.0, "high": 30.0})
    >>> purchases = pd.DataFrame({"customer_id": [1, 2], "x": [9, 2], "t_x": [9.0, 7], "T": [39.0, 9],
    ...     "spend": 20.0, "spend_days": [9, 2]})
    >>> value = CustomerValue(table, 10.0, 1.0, 40.0, 52.0, 0.3, 0.1)
    >>> find_promising(value, purchases, share=0.5)["customer_id"].tolist()
    [2]
    """
    if not 0 < share < 1:
        raise TableError(
            [f"share should lie between 0 and 1, found {share!r}{ask_percent(share, below_one=True)}"], "find_promising"
        )
    table = read_purchases(purchases, money=True).sort_values("customer_id", ignore_index=True)
    if not table["customer_id"].equals(value.table["customer_id"]):
        raise TableError(["the value and the purchases are not of the same customers"], "purchases")
    mean, days = clean_spend(table)
    both = table[["customer_id", "x"]].assign(past_money=mean * days, value=value.table["value"])
    both = both.assign(p_alive=value.table["p_alive"])
    is_best = both["past_money"] > both["past_money"].quantile(1 - share)
    is_next = both["value"] > both["value"].quantile(1 - share)
    return both[is_next & ~is_best].sort_values(["value", "customer_id"], ascending=[False, True], ignore_index=True)
