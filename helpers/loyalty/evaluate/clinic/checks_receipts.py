"""Do the receipts of one group repeat, come to nothing, or not add up to its outcomes? Looks of the clinic's join."""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.evaluate.clinic.randomisation import compare_with_lotteries
from loyalty.evaluate.clinic.record import Record
from loyalty.evaluate.design.sample_ratio import ALARM
from loyalty.tables.check import TableError
from loyalty.tables.ids import bare_id, write_id
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, collect
from loyalty.text import say_money, say_p

APART = 0.01  # by which the shares of two groups may differ without moving a result
CENT = 0.011  # sums that differ by less are the same
LOOKS = 3
COLUMNS = ("customer_id", "time", "sales", "product_id", "quantity")
ADVICE = {
    "repeat": "Count each receipt once, in all groups alike, and build the outcomes anew.",
    "are of 0": "Get the receipts of that group again, and build the outcomes anew.",
    "add up": "Build the outcomes of all groups from the same receipts, over the same days.",
}


def read_lines(receipts: AnyTable, record: Record) -> pd.DataFrame:
    """The lines of the campaign's customers: place (row of the contacts), time, sales; `number` where there is one.

    Parameters
    ----------
    receipts : table under RECEIPTS
    record : Record

    Raises
    ------
    TableError
        With all problems of the receipts.
    """
    table = check_receipts(receipts).table
    found = table.collect_schema().names()
    lines = collect(table.select([nw.col(name) for name in COLUMNS if name in found]))
    kinds = pd.Series(lines["customer_id"].unique()).astype(object)
    written = kinds.map(write_id)
    text = record.contacts["text"]
    exact = pd.Series(text.index, text).to_dict()
    bare = pd.Series(text.index, text.map(bare_id)).to_dict()
    place = written.map(exact).fillna(written.map(bare_id).map(bare))
    lines = lines.assign(place=lines["customer_id"].map(dict(zip(kinds, place, strict=True))))
    lines = lines[lines["place"].notna()].astype({"place": "int64"})
    if lines.empty:
        shown = ", ".join(repr(one) for one in written.head(3).tolist()) or "none at all"
        theirs = ", ".join(repr(one) for one in text.head(3).tolist())
        says = f"no receipt belongs to a customer of the list; the receipts hold {shown}, the list holds {theirs}"
        raise TableError([f"{says}: write the ids alike, or leave `receipts` out"], "receipts")
    here = record.windows[record.claim.window]
    first, end = here["start"].min(), here["end"].max()
    if pd.notna(first) and pd.notna(end) and not lines["time"].between(first, end, inclusive="left").any():
        days = f"{first:%Y-%m-%d} to {end:%Y-%m-%d}"
        seen = f"{lines['time'].min():%Y-%m-%d} to {lines['time'].max():%Y-%m-%d}"
        raise TableError(
            [f"no receipt of the list lies in the days that were measured, {days}; found: {seen}"], "receipts"
        )
    return lines.assign(sales=pd.to_numeric(lines["sales"]).fillna(0.0), time=pd.to_datetime(lines["time"]))


def find_odd_receipts(lines: pd.DataFrame, record: Record) -> Iterator[tuple[float, str, str]]:
    """What is odd about the receipts of one group: p, a sentence with what it does to the lift, and what to do.

    Each of three looks rings below a third of .001, and only where the groups are one point apart or more.
    """
    for look in (_look_for_repeats, _look_for_zeros, _look_for_other_sums):
        measured = look(lines, record)
        if measured is None:
            continue
        of_all, hits, money, words, advice = measured
        p, shares = _compare(of_all, hits, record)
        if p < ALARM / LOOKS and abs(shares[False] - shares[True]) > APART:
            control = record.contacts["is_control"]
            means = money.groupby(control).mean()
            adds = means[False] - means[True]
            says = f"{words}: {shares[False]:.1%} of the treated, {shares[True]:.1%} of control; {say_p(p)}"
            total = say_money(adds * int((~control).sum()))
            yield p, f"{says}; that alone makes {say_money(adds, '', 2)} a customer of the lift, {total} in all", advice


def _compare(of_all: pd.Series, hits: pd.Series, record: Record) -> tuple[float, dict[bool, float]]:
    """Randomisation test of the ratio of sums of two numbers a customer, and the ratio in each group."""
    control = record.contacts["is_control"]
    sums = pd.DataFrame({"of": of_all, "hits": hits}).groupby(control).sum()
    shares = (sums["hits"] / sums["of"].where(sums["of"] > 0)).fillna(0.0).to_dict()
    rate = float(hits.sum() / of_all.sum()) if of_all.sum() else 0.0
    rest = (hits - rate * of_all).to_frame("rest")
    # Far out the normal approximation says enough: a thousand lotteries cannot show a thousandth
    p = compare_with_lotteries(rest, control, record.find_chance().fillna(""), lotteries=0).p
    return (1.0 if np.isnan(p) else p), {side: float(shares.get(side, 0.0)) for side in (False, True)}


def _spread(values: pd.Series, lines: pd.DataFrame, record: Record) -> pd.Series:
    """Sum a number of lines to the customers of the contacts, 0 for who has none."""
    return values.groupby(lines["place"]).sum().reindex(record.contacts.index, fill_value=0.0).astype(float)


Measured = tuple[pd.Series, pd.Series, pd.Series, str, str]


def _look_for_repeats(lines: pd.DataFrame, record: Record) -> Measured:
    """Lines that are the same as another of the same customer: time, amount, and product if it is known."""
    same = [name for name in ("place", "time", "sales", "product_id", "quantity") if name in lines]
    again = lines.duplicated(same) & (lines["sales"] != 0)
    # What repeats during the campaign moves the lift; where that is not known, all of it
    money = _spread((again * lines["sales"]).where(_is_inside(lines, record), 0.0), lines, record)
    ones = pd.Series(1.0, lines.index)
    words = "receipts repeat another of the same moment and amount"
    return _spread(ones, lines, record), _spread(again.astype(float), lines, record), money, words, ADVICE["repeat"]


def _look_for_zeros(lines: pd.DataFrame, record: Record) -> Measured:
    """Receipts (all lines of one moment) that come to nothing."""
    sizes = lines[["place", "time", "sales"]].assign(size=lines["sales"].abs())
    whole = sizes.groupby(["place", "time"], as_index=False, sort=False).sum()
    zero = whole["size"] == 0
    usual = float(whole.loc[~zero, "sales"].mean()) if (~zero).any() else 0.0
    money = -_spread((zero * usual).where(_is_inside(whole, record), 0.0), whole, record)
    ones = pd.Series(1.0, whole.index)
    words = "receipts are of 0"
    return _spread(ones, whole, record), _spread(zero.astype(float), whole, record), money, words, ADVICE["are of 0"]


def _look_for_other_sums(lines: pd.DataFrame, record: Record) -> Measured | None:
    """Customers whose sales in the outcomes are not those of their receipts over the same days."""
    here = record.windows[record.claim.window]
    if "sales" not in here:
        return None
    days = here[["start", "end"]].copy()
    for name in ("start", "end"):
        days[name] = days[name].fillna(record.plan.get(name, pd.NaT))
    known = days.notna().all(axis=1) & here["sales"].notna()
    if not known.any():
        return None
    edges = days.loc[lines["place"]].set_axis(lines.index)
    inside = (lines["time"] >= edges["start"]) & (lines["time"] < edges["end"])
    gap = (here["sales"] - _spread(lines["sales"].where(inside, 0.0), lines, record)).where(known, 0.0)
    words = "customers have sales that are not what their receipts of the same days add up to"
    return known.astype(float), (gap.abs() > CENT).astype(float), gap, words, ADVICE["add up"]


def _is_inside(lines: pd.DataFrame, record: Record) -> pd.Series:
    """Whether a line is of the campaign's days; all of them where the days are not known."""
    start, end = record.plan.get("start"), record.plan.get("end")
    if start is None or end is None:
        return pd.Series(True, lines.index)
    return (lines["time"] >= start) & (lines["time"] < end)
