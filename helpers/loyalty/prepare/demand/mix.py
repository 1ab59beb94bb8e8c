"""The category mix: for what each segment spends its money, beside all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import stats

from loyalty.charts import GREY, TREATED, grid_along_x, headline
from loyalty.prepare.demand.periods import OTHER, Day, refuse_nested
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import LEAST_FILLED
from loyalty.stats.multiplicity import control_false_discoveries
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Column, Table
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.receipts import check_receipts, find_bought
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty, open_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SEGMENT_OF = Table(
    "segments",
    "a customer",
    ("customer_id",),
    (Column("customer_id", "id", "who bought"), Column("segment", "text", "the customer's segment")),
)
FEW = 30  # customers of a segment


@dataclass(frozen=True, eq=False, repr=False)
class SegmentMix:
    """For what each segment spends its money; made by `mix_by_segment`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a segment and item: segment, item, customers (of the segment), buyers (of the item among them), sales,
        share (of the segment's sales), low, high, others (the share of all other customers), gap (share less others),
        gap_low, gap_high, q (of the gap, Benjamini-Hochberg over all rows), index (share divided by others). An item
        that nobody on one side bought has no interval there: what nobody did says nothing of its spread.
    by : str
    level : float
    warnings : tuple of str
    """

    table: pd.DataFrame = field(repr=False)
    by: str
    level: float
    warnings: tuple[str, ...] = ()

    def wide(self, what: str = "share") -> pd.DataFrame:
        """One row an item, one column a segment."""
        if what not in self.table or what in ("segment", "item"):
            raise TableError(
                [f"what should be a number's column, such as 'share' or 'index', found {what!r}"], "the mix"
            )
        wide = self.table.pivot(index="item", columns="segment", values=what)
        return wide.rename_axis(index=self.by, columns=None)

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def plot(self, segment: str, *, title: str = "", most: int = 8, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw the shares of one segment with their intervals, beside those of all others."""
        rows = self.table[self.table["segment"] == segment]
        if rows.empty:
            known = ", ".join(map(str, self.table["segment"].unique()))
            raise TableError([f"there is no segment {segment!r}; there are {known}"], "the mix")
        rows = rows.nlargest(most, "share")[::-1]
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(9, 1.7 + 0.42 * len(rows)))[1]
        place = np.arange(len(rows))
        ax.barh(place, rows["others"], 0.55, color=GREY, alpha=0.6, label="all other customers")
        ax.hlines(place, rows["low"], rows["high"], color=TREATED, linewidth=3)
        ax.plot(rows["share"], place, "o", color=TREATED, markersize=8, label=f"{segment}, with interval")
        ax.set_yticks(place, [str(item) for item in rows["item"]])
        ax.set(xlabel="share of the segment's sales", xlim=(0, None))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        grid_along_x(ax)
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, ncols=2)
        count = int(rows["customers"].iloc[0])
        headline(ax, title or f"What {segment} buys", f"{count:,} customers of the segment\n\n", source)
        return ax

    def __repr__(self) -> str:
        return f"SegmentMix of {self.table['segment'].nunique()} segments and {self.table['item'].nunique()} items"

    def _repr_html_(self) -> str:
        return render_html(self.wide().reset_index(), repr(self), self.warnings)


@check_arguments
def mix_by_segment(
    receipts: AnyTable,
    segments: AnyTable,
    *,
    by: str = "department",
    products: AnyTable | None = None,
    start: Day | None = None,
    end: Day | None = None,
    level: float = 0.95,
) -> SegmentMix:
    """Measure for what each segment spends its money, with intervals over customers, beside all other customers.

    Not for segments that were made from these same purchases: whoever is put into "Baby" because of nappies buys
    nappies, and the interval does not know it. Take segments of the days before `start`.

    Parameters
    ----------
    receipts : table under RECEIPTS, from any source of `loyalty.open_table`
        Lines with money paid count; returns and cancelled lines do not.
    segments : table with customer_id and segment, one row a customer
        Customers without a segment are left out and counted.
    by : str
        A column of the receipts, or of `products`.
    products : table with product_id and the column `by`, optional
    start, end : day, optional
        The window [start, end).
    level : float

    Returns
    -------
    SegmentMix
        A share is sales of the item ÷ sales of the segment. The customer is the unit: an interval by the delta method.

    Raises
    ------
    TableError
        A table breaks its contract, or nobody of the segments bought anything in the window.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 1, 2, 3, 4], "time": pd.Timestamp("2024-01-05"),
    ...                       "sales": [6.0, 2.0, 6.0, 5.0, 5.0], "category": ["tea", "jam", "jam", "tea", "jam"]})
    >>> groups = pd.DataFrame({"customer_id": [1, 2, 3, 4], "segment": ["old", "old", "new", "new"]})
    >>> mix_by_segment(lines, groups, by="category").wide().round(2).loc["tea"].to_dict()
    {'new': 0.5, 'old': 0.43}

    Source: Cochran, "Sampling Techniques", 3rd edition (1977), chapter 6: the ratio estimator.
    """
    window = [None if day is None else read_day(day, name) for day, name in ((start, "start"), (end, "end"))]
    people = read_checked(segments, SEGMENT_OF, ["customer_id", "segment"], "segments")
    if not 0 < level < 1:
        raise TableError([f"level should be a fraction between 0 and 1, found {level!r}"], "the mix")
    try:
        checked = check_receipts(receipts)
        spend = _reduce(checked.table, by, products, window[0], window[1])
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    notes = list(checked.warnings)
    joined = (
        spend.merge(people, on="customer_id", how="left") if _fit_ids(spend, people) else spend.assign(segment=None)
    )
    lost = joined["segment"].isna()
    if lost.all():
        raise TableError(
            ["nobody of `segments` bought anything in the window: are the ids those of the receipts?"], "segments"
        )
    if lost.any():
        notes.append(f"{joined.loc[lost, 'customer_id'].nunique():,} customers without a segment are left out")
    table = _measure(joined[~lost], level)
    small = table.loc[table["customers"] < FEW, "segment"].unique()
    if len(small):
        notes.append(
            f"fewer than {FEW} buyers in {', '.join(map(str, small[:4]))}: their intervals are too sure of themselves"
        )
    rare = int((table["fewest"] < LEAST_FILLED).sum())
    if rare:
        notes.append(
            f"{rare} of {len(table)} rows stand on fewer than {LEAST_FILLED} buyers in the segment or among all others:"
            " their intervals are too sure of themselves"
        )
    return SegmentMix(table.drop(columns="fewest"), by, level, tuple(notes))


def _fit_ids(spend: pd.DataFrame, people: pd.DataFrame) -> bool:
    return pd.api.types.is_numeric_dtype(spend["customer_id"]) == pd.api.types.is_numeric_dtype(people["customer_id"])


def _reduce(
    lines: nw.LazyFrame, by: str, products: AnyTable | None, start: pd.Timestamp | None, end: pd.Timestamp | None
) -> pd.DataFrame:
    """One row a customer and item, with its sales."""
    schema = lines.collect_schema()
    key = "product_id" if products is not None else by
    if key not in schema.names():
        known = ", ".join(schema.names())
        raise TableError(
            [f"there is no column `{key}` in the receipts ({known}): give `products`, or another `by`"], "receipts"
        )
    kept = find_bought(schema) & ~is_empty(key, schema[key])
    if start is not None:
        kept = kept & (nw.col("time") >= write_moment(start))
    if end is not None:
        kept = kept & (nw.col("time") < write_moment(end))
    sums = lines.filter(kept.fill_null(False)).group_by("customer_id", key).agg(nw.col("sales").cast(nw.Float64).sum())
    found = collect(sums).rename(columns={key: "item"})
    if found.empty:
        raise TableError(["there is no purchase in the window"], "receipts")
    if products is None:
        return found
    table = open_table(products)
    names = table.collect_schema().names()
    if missing := [name for name in ("product_id", by) if name not in names]:
        raise TableError(
            [f"there is no column `{name}` in the products ({', '.join(names)})" for name in missing], "products"
        )
    refuse_nested(table, ("product_id", by))
    listed = collect(table.select("product_id", by)).drop_duplicates("product_id").set_index("product_id")[by]
    label = found["item"].map(listed).astype("object")
    named = found.assign(item=label.where(label.notna(), OTHER))
    return named.groupby(["customer_id", "item"], as_index=False)["sales"].sum()


def _measure(spend: pd.DataFrame, level: float) -> pd.DataFrame:
    """Shares of each segment and of all others, and their gap, with intervals over customers."""
    person, _ = pd.factorize(spend["customer_id"])
    item, items = pd.factorize(spend["item"], sort=True)
    money = np.zeros((person.max() + 1, len(items)))
    np.add.at(money, (person, item), spend["sales"].to_numpy(float))
    of_person = pd.Series(spend["segment"].to_numpy()).groupby(person).first()
    segment, segments = pd.factorize(of_person, sort=True)
    rows = []
    for place, name in enumerate(segments):
        mine = segment == place
        ours, theirs = _share(money[mine]), _share(money[~mine])
        buyers, others_buyers = (money[mine] > 0).sum(axis=0), (money[~mine] > 0).sum(axis=0)
        width = float(stats.t.ppf(0.5 + level / 2, max(mine.sum() - 1, 1)))
        gap = ours[0] - theirs[0]
        se = np.sqrt(ours[1] ** 2 + theirs[1] ** 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            freedom = _welch_freedom((ours[1], mine.sum()), (theirs[1], (~mine).sum()))
            p = 2 * stats.t.sf(np.abs(gap) / se, freedom)
            gap_width = stats.t.ppf(0.5 + level / 2, freedom)
            index = ours[0] / theirs[0]
        columns = {
            "segment": name,
            "item": items,
            "customers": int(mine.sum()),
            "buyers": buyers,
            "fewest": np.minimum(buyers, others_buyers),
            "sales": money[mine].sum(axis=0),
            "share": ours[0],
            "low": np.maximum(ours[0] - width * ours[1], 0),
            "high": np.minimum(ours[0] + width * ours[1], 1),
            "others": theirs[0],
            "gap": gap,
            "gap_low": gap - gap_width * se,
            "gap_high": gap + gap_width * se,
            "p": p,
            "index": index,
        }
        rows.append(pd.DataFrame(columns))
    table = pd.concat(rows, ignore_index=True)
    known = table["p"].notna()
    table["q"] = np.nan
    table.loc[known, "q"] = control_false_discoveries(table.loc[known, "p"].to_numpy())
    return table.drop(columns="p")


def _welch_freedom(ours: tuple[np.ndarray, int], theirs: tuple[np.ndarray, int]) -> np.ndarray:
    """Degrees of freedom of each gap, from (standard errors, customers) of both sides: the noisier side decides."""
    parts = [error**2 for error, _ in (ours, theirs)]
    each = [part**2 / max(count - 1, 1) for part, (_, count) in zip(parts, (ours, theirs), strict=True)]
    return (parts[0] + parts[1]) ** 2 / (each[0] + each[1])


def _share(money: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of each item in the sales of some customers, and its standard error."""
    count = len(money)
    total = money.sum()
    if not total:
        return np.full(money.shape[1], np.nan), np.full(money.shape[1], np.nan)
    share = money.sum(axis=0) / total
    influence = money - np.outer(money.sum(axis=1), share)
    if count < 2:
        return share, np.full(money.shape[1], np.nan)
    error = np.sqrt(count / (count - 1) * (influence**2).sum(axis=0)) / total
    return share, np.where(money.sum(axis=0) > 0, error, np.nan)
