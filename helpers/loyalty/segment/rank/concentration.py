"""Concentration: Lorenz curve, Gini coefficient and shares of the top customers, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Literal, TypeAlias

import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.segment.rank.ranking import Ranking
from loyalty.segment.rank.shares import LEAST_VALUES, Portion, doubt_tail, estimate_gini, estimate_top_share, is_skew
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table
from loyalty.text import ask_percent

POINTS = 1_000  # of a curve that is kept: more would only be drawn on each other
Spend: TypeAlias = Any  # a Ranking, or any table
WHO = {"buyers": "customers with an amount above zero", "members": "all customers of the table"}


@dataclass(frozen=True, eq=False)
class Concentration:
    """How unequally an amount is spread over customers; built by `measure_concentration`.

    Attributes
    ----------
    gini : Portion
        The Gini coefficient with `low` and `high`.
    shares : pandas.DataFrame
        One row a share of the customers: top, customers (may be a fraction), money, share, low, high, and the skewness
        of the estimate.
    curve : pandas.DataFrame
        The Lorenz curve read from the largest: top (share of the customers), share (of the amount); both from 0 to 1.
    of, value : str
        "buyers" or "members", and the column.
    customers, buyers, members : int
        How many are counted, how many are above zero, how many are in the table.
    total : float
        The amount of those who are counted.
    level : float
    warnings : tuple of str
        All of them; those of `skewness` too.
    skewness : tuple of str
        The warning of skew estimates, which names the numbers that it concerns.
    """

    gini: Portion
    shares: pd.DataFrame
    curve: pd.DataFrame
    of: str
    value: str
    customers: int
    buyers: int
    members: int
    total: float
    level: float = 0.95
    warnings: tuple[str, ...] = ()
    skewness: tuple[str, ...] = ()

    def share(self, top: float) -> Portion:
        """The share of the amount that `top` of the customers bring, with its interval; one of those asked for."""
        if not isinstance(top, Real):
            raise TableError([f"top should be a number such as 0.2, found {top!r}"], "concentration")
        row = self.shares[np.isclose(self.shares["top"], float(top))]
        if row.empty:
            known = ", ".join(f"{one:g}" for one in self.shares["top"])
            raise TableError([f"there is no share of the top {top:g}; asked for were {known}"], "concentration")
        found = row.iloc[0]
        return Portion(*(float(found[name]) for name in ("share", "low", "high", "skewness")))

    def doubts(self, top: float) -> tuple[str, ...]:
        """The warnings that concern the share of the top `top`."""
        mine = self.share(top)
        skew = (_say_skew([f"top {top:.0%}"]),) if is_skew(mine) else ()
        return tuple(text for text in self.warnings if text not in self.skewness) + skew

    def to_frame(self) -> pd.DataFrame:
        """The shares of the top, and the Gini coefficient in the last row (top is empty there)."""
        last = {"share": self.gini.value, "low": self.gini.low, "high": self.gini.high}
        table = self.shares.assign(number=[f"share of the top {top:.0%}" for top in self.shares["top"]])
        table = pd.concat([table, pd.DataFrame([last | {"number": "Gini coefficient"}])], ignore_index=True)
        return table[["number", "top", "customers", "money", "share", "low", "high"]]

    def plot(self, *, top: float = 0.2, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw the Lorenz curve from the largest customers on, and mark the share of the top."""
        ax = ax or plt.subplots(figsize=(7.5, 4.6))[1]
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1.2, linestyle="--")
        ax.annotate("everybody brings the same", (0.64, 0.52), color="#5F6368", fontsize=9.5)
        ax.plot(self.curve["top"], self.curve["share"], color=TREATED, linewidth=2.4)
        found = self.share(top)
        ax.plot([top, top, 0], [0, found.value, found.value], color=HIGHLIGHT, linewidth=1.2)
        ax.plot(top, found.value, "o", color=HIGHLIGHT, markersize=8, zorder=3)
        says = f"the best {top:.0%} bring {found.value:.0%}"
        if np.isfinite(found.low):
            says += f"\n({found.low:.0%} to {found.high:.0%})"
        ax.annotate(says, (top, 0.03), (8, 0), textcoords="offset points", color=INK)
        ax.set(
            xlim=(0, 1),
            ylim=(0, 1.02),
            xlabel="share of the customers, the largest first",
            ylabel=f"share of the {self.value}",
        )
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.yaxis.set_major_formatter("{x:.0%}")
        subtitle = f"Lorenz curve of {self.value} over {self.customers:,} {self.of}; Gini {self.gini.value:.2f}"
        headline(ax, title or f"The best {top:.0%} bring {found.value:.0%}", subtitle)
        return ax

    def _repr_html_(self) -> str:
        shown = self.to_frame().drop(columns="top").astype({"customers": object, "money": object})
        shown["customers"] = [f"{n:,.0f}" if n == n else "" for n in self.to_frame()["customers"]]
        shown["money"] = [f"{n:,.2f}" if n == n else "" for n in self.to_frame()["money"]]
        title = f"{self.value} of {self.customers:,} {self.of} ({WHO[self.of]})"
        return render_html(shown.round(3), title, self.warnings)


@check_arguments
def measure_concentration(
    spend: Spend,
    *,
    value: str = "sales",
    of: Literal["buyers", "members"] = "buyers",
    top: Sequence[float] = (0.01, 0.05, 0.1, 0.2, 0.5),
    level: float = 0.95,
) -> Concentration:
    """Measure concentration: Lorenz curve, Gini coefficient and the shares of the top, each with its interval.

    "20 % bring 80 %" has two answers: among *buyers*, and among all *members*, where those who bought nothing make any
    programme look concentrated. Say which one it is. Not for amounts from windows of different length.

    Parameters
    ----------
    spend : Ranking, pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        customer_id and the amount. Several rows of a customer are added up, where the table lives. A `Ranking` brings
        its own value.
    value : str
        The column with the amount.
    of : {"buyers", "members"}
        Customers with an amount above zero; or all of the table, where amounts below zero stay as they are.
    top : sequence of float
        Shares of the customers, above 0 and below 1.
    level : float
        Coverage of each interval, a fraction. It holds for customers like these in a window like this, one number at a
        time.

    Returns
    -------
    Concentration
        It warns where the tail is so heavy that the intervals cover too little.

    Raises
    ------
    TableError
        The table lacks a column, an amount is empty or infinite, or the amounts do not add up to more than zero.

    Examples
    --------
    >>> spend = pd.DataFrame({"customer_id": [1, 2, 3, 4, 5], "sales": [70.0, 10.0, 10.0, 10.0, 0.0]})
    >>> measure_concentration(spend, top=(0.25,)).share(0.25).value
    0.7
    >>> round(measure_concentration(spend, of="members").share(0.2).value, 3)
    0.7

    Source: Lorenz (1905), Publications of the American Statistical Association 9, 209-219; for the intervals see
    `loyalty.segment.rank.shares`.
    """
    if isinstance(spend, Ranking):
        spend, value = spend.table, spend.value
    shares = _check(top, of, level)
    amounts = _read_amounts(spend, value)
    notes = []
    below = amounts < 0
    bought = amounts > 0
    counted = amounts[bought] if of == "buyers" else amounts
    if below.any():
        done = "left out" if of == "buyers" else "counted as they are, so that a share may exceed 1"
        who = "1 customer is" if below.sum() == 1 else f"{below.sum():,} customers are"
        notes.append(f"{who} below zero ({amounts[below].sum():,.2f} in all), and {done}")
    if not counted.sum() > 0:
        raise TableError(
            [f"the {value} of {len(counted):,} {of} add up to {counted.sum():,.2f}: nothing to share"], "spend"
        )
    if of == "members" and not bought.all():
        notes.append(
            f"{(~bought).sum():,} of {len(amounts):,} members have nothing: among buyers the shares are smaller"
        )
    gini = estimate_gini(counted, level=level)
    found = [estimate_top_share(counted, one, level=level) for one in shares]
    if bought.sum() < LEAST_VALUES:  # said by `doubt_tail`: no interval can be trusted
        gini, *found = (replace(one, low=np.nan, high=np.nan) for one in (gini, *found))
    total = float(counted.sum())
    table = pd.DataFrame(
        {
            "top": shares,
            "customers": [one * len(counted) for one in shares],
            "money": [one.value * total for one in found],
            "share": [one.value for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
            "skewness": [one.skewness for one in found],
        }
    )
    notes += doubt_tail(counted)
    skew = [f"top {one:.0%}" for one, portion in zip(shares, found, strict=True) if is_skew(portion)]
    skew += ["Gini"] if is_skew(gini) else []
    of_skewness = (_say_skew(skew),) if skew else ()
    return Concentration(
        gini=gini,
        shares=table,
        curve=_draw_curve(counted),
        of=of,
        value=value,
        customers=len(counted),
        buyers=int(bought.sum()),
        members=len(amounts),
        total=total,
        level=level,
        warnings=(*notes, *of_skewness),
        skewness=of_skewness,
    )


def _check(top: Sequence[float], of: str, level: float) -> tuple[float, ...]:
    """List all that is wrong with the arguments that are no table; return the shares asked for."""
    shares = tuple(float(one) for one in top)
    problems = []
    if not shares or not all(0 < one < 1 for one in shares):
        mend = ask_percent(max(shares, default=0.0), below_one=True)
        problems.append(f"top should hold shares above 0 and below 1, found {list(shares)}{mend}")
    if not isinstance(of, str) or of not in WHO:
        problems.append(f"`of` should be 'buyers' or 'members', found {of!r}")
    if isinstance(level, Real) and not 0 < level < 1:
        problems.append(
            f"level should lie between 0 and 1, such as 0.95; found {level!r}{ask_percent(level, below_one=True)}"
        )
    if problems:
        raise TableError(problems, "measure_concentration")
    return shares


def _say_skew(names: list[str]) -> str:
    return f"a skew estimate of {', '.join(names)}: a few customers decide, and the interval may cover too little"


def _read_amounts(spend: AnyTable, value: str) -> np.ndarray:
    """Check customer_id and the amount, and add up what a customer has in several rows."""
    if value == "customer_id":
        raise TableError(["`value` should name the column of the amount, found 'customer_id'"], "spend")
    who = Column("customer_id", "id", "the card, person or household")
    if not isinstance(spend, str):
        try:
            open_table(spend)
        except NotATable as error:
            raise TableError([f"`spend`: {error}"], "measure_concentration") from None
    contract = Table("spend", "a customer's amount", ("",), (who, Column(value, "number", "the amount")))
    checked = check_table(spend, contract, name="spend")
    sums = checked.select("customer_id", amount=nw.col(value).cast(nw.Float64)).group_by("customer_id")
    amounts = collect(sums.agg(nw.col("amount").sum()).select("amount"))["amount"].to_numpy(float)
    if not len(amounts):
        raise TableError(["the table holds no customer"], "spend")
    if not np.isfinite(amounts).all():
        raise TableError([f"`{value}` holds infinite amounts: correct these rows"], "spend")
    return np.round(amounts, 6) if np.abs(amounts).max() < 1e9 else amounts


def _draw_curve(amounts: np.ndarray) -> pd.DataFrame:
    """Find points of the Lorenz curve from the largest on, so many that a line through them is the curve."""
    order = np.sort(amounts)[::-1]
    places = np.unique(np.linspace(0, len(order), min(len(order), POINTS) + 1).round().astype(int))
    reached = np.concatenate([[0.0], np.cumsum(order)])
    return pd.DataFrame({"top": places / len(order), "share": reached[places] / reached[-1]})
