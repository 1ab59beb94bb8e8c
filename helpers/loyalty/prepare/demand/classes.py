"""ABC-XYZ: which items bring the money, and which are sold evenly; with how surely each keeps its class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, headline, put_legend_above
from loyalty.prepare.demand.periods import Day, refuse_nested, sum_demand
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable, collect, open_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

YEAR = 12  # months
LEAST = 6  # months of an item, below which nothing is said of its evenness
BLOCK = 3  # months that are drawn together: what lasts a quarter stays together
LEVEL = 0.95
FEW_ITEMS = 10  # items that share a season; of fewer each weighs so much in it that its own luck is taken out
SURE = 0.9
ABC, XYZ, NEW = "ABC", "XYZ", "new"
COLOURS = {"A": TREATED, "B": CONTROL, "C": GREY}


@dataclass(frozen=True, eq=False, repr=False)
class ItemClasses:
    """Classes of items; made by `classify_abc_xyz`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an item, the largest first: item, value (in the window), share, above (share of the items that are
        strictly larger), abc ("A", "B", "C"), abc_keep (part of the draws with that class), months (counted), pieces (a
        month), cv (standard deviation of the months divided by their mean, season taken out), cv_low and cv_high,
        cv_chance (what the cv would be, if its buyers came by chance alone at an even rate), xyz ("X", "Y", "Z",
        "new"), xyz_keep, keep (both letters).
    shares, cuts : tuple of float
        Borders of A and B in shares of the value, of X and Y in cv.
    by, value : str
    months, draws : int
    is_deseasoned : bool
        Whether the season was taken out.
    warnings : tuple of str
    """

    table: pd.DataFrame = field(repr=False)
    shares: tuple[float, float]
    cuts: tuple[float, float]
    by: str
    value: str
    months: int
    draws: int
    is_deseasoned: bool
    warnings: tuple[str, ...] = ()

    def matrix(self, what: str = "items") -> pd.DataFrame:
        """Nine fields, A to C by X to Z: `items` (how many), `share` (of the value), or `keep` (mean)."""
        if what not in ("items", "share", "keep"):
            raise TableError([f"what should be 'items', 'share' or 'keep', found {what!r}"], "the classes")
        groups = self.table.groupby(["abc", "xyz"])
        counts = {"items": groups.size(), "share": groups["share"].sum(), "keep": groups["keep"].mean()}[what]
        columns = [*XYZ, *([NEW] if (self.table["xyz"] == NEW).any() else [])]
        wide = counts.unstack().reindex(index=list(ABC), columns=columns)
        return wide.fillna(0).astype(int) if what == "items" else wide

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def plot(self, *, title: str = "", ax: Axes | None = None, source: str = "") -> Axes:
        """Draw the share of the value that the largest items bring, with the classes A, B and C."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(9, 4.4))[1]
        share = np.concatenate([[0.0], self.table["share"].cumsum()])
        place = np.arange(len(share))
        ax.plot(place, share, color=INK, linewidth=2)
        for letter in ABC:
            mine = np.flatnonzero((self.table["abc"] == letter).to_numpy())
            if len(mine):
                ends = slice(mine[0], mine[-1] + 2)
                label = f"{letter}: {len(mine):,} items"
                ax.fill_between(place[ends], share[ends], color=COLOURS[letter], alpha=0.45, linewidth=0, label=label)
        ax.set(xlabel=f"items ({self.by}), the largest first", ylabel=f"share of {self.value}", ylim=(0, 1.02))
        ax.set_xlim(0, place[-1])
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        put_legend_above(ax, columns=3)
        some = (self.table["abc"] == "A").mean()
        said = f"share of {self.value} that the largest items bring together\n\n"
        headline(ax, title or f"{some:.0%} of the items bring the first {self.shares[0]:.0%}", said, source)
        return ax

    def plot_evenness(self, *, title: str = "", ax: Axes | None = None, source: str = "") -> Axes:
        """Draw the cv of each item over its pieces a month, beside what chance alone makes."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(9, 4.6))[1]
        rows = self.table[self.table["xyz"] != NEW].sort_values("pieces")
        ax.plot(rows["pieces"], rows["cv"], "o", color=TREATED, markersize=3, label="an item")
        ax.plot(
            rows["pieces"],
            rows["cv_chance"],
            ".",
            color=HIGHLIGHT,
            markersize=4,
            label="the same, if only chance varied",
        )
        for cut, letter in zip(self.cuts, "YZ", strict=True):
            ax.axhline(cut, color=INK, linewidth=1, linestyle=(0, (4, 3)))
            ax.annotate(
                f"{letter} above", (1, cut), (-4, 4), xycoords=("axes fraction", "data"), textcoords="offset points",
                ha="right", fontsize=9.5, color=INK,
            )  # fmt: skip
        ax.set(
            xscale="log", ylim=(0, None), xlabel="pieces a month (logarithmic axis)", ylabel="coefficient of variation"
        )
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        put_legend_above(ax, columns=2)
        said = "months, season taken out\n\n" if self.is_deseasoned else "months, season and all\n\n"
        headline(ax, title or "What is sold little looks uneven", said, source)
        return ax

    def __repr__(self) -> str:
        counts = self.table["abc"].value_counts()
        said = ", ".join(f"{counts.get(letter, 0):,} {letter}" for letter in ABC)
        return f"ItemClasses of {len(self.table):,} items: {said}; {self.months} months"

    def _repr_html_(self) -> str:
        return render_html(self.matrix().reset_index(), repr(self), self.warnings)


@check_arguments
def classify_abc_xyz(
    receipts: AnyTable,
    *,
    by: str = "product_id",
    products: AnyTable | None = None,
    season_by: str | None = None,
    value: str = "sales",
    shares: Sequence[float] = (0.8, 0.95),
    cuts: Sequence[float] = (0.5, 1.0),
    start: Day | None = None,
    end: Day | None = None,
    draws: int = 500,
    seed: int = 0,
) -> ItemClasses:
    """Class items by what they bring (ABC) and how evenly they are sold (XYZ, coefficient of variation a month).

    Not a list of what to stop selling: a C item may be why a good customer comes. Z means that months differ, and for
    an item that is sold a few times a month chance alone does that: compare `cv` with `cv_chance`.

    Parameters
    ----------
    receipts : table under RECEIPTS, from any source of `loyalty.open_table`
    by : str
        What an item is: a column of the receipts, or of `products`.
    products : table with product_id, `by` and `season_by`, optional
    season_by : str, optional
        A column of `products`, such as the department, whose items share a season. With two years or more their season
        is taken out before the cv; all items share one season if it is left out.
    value : {"sales", "pieces"}
        What ABC adds up; XYZ is always of pieces.
    shares : (A, B)
        The items that bring the first 80 % are A, up to 95 % are B. The item that crosses a border is above it; items
        of equal value have one class.
    cuts : (X, Y)
        Months with a cv up to 0.5 are X, up to 1.0 Y. Many houses have cuts of their own.
    start, end : day, optional
        The window [start, end), of which whole months count.
    draws, seed : int
        Bootstrap of the months, in blocks of three: how often an item keeps its class.

    Returns
    -------
    ItemClasses
        An item counts from the month of its first sale on; with fewer than six months it is "new".

    Raises
    ------
    TableError
        The receipts break their contract, fewer than three whole months, or borders that do not rise.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", "2024-12-31", freq="7D")
    >>> lines = pd.concat([pd.DataFrame({"customer_id": 1, "time": days, "sales": euros, "product_id": name})
    ...                    for name, euros in (("tea", 8.0), ("jam", 1.5), ("salt", 0.5))])
    >>> classify_abc_xyz(lines, draws=50).table[["item", "abc", "xyz"]].to_numpy().tolist()
    [['tea', 'A', 'X'], ['jam', 'B', 'X'], ['salt', 'C', 'X']]

    Source: Silver, Pyke and Thomas, "Inventory and Production Management in Supply Chains", 4th edition (2017), ch. 2.
    """
    borders, limits = _read_borders(shares, cuts, value)
    demand = sum_demand(receipts, by=by, products=products, every="month", start=start, end=end)
    wide = {name: demand.wide(name).to_numpy().T for name in ("pieces", "sales", "squares")}
    months = pd.DatetimeIndex(demand.table["period"].unique()).sort_values()
    if len(months) < 3:
        raise TableError([f"{len(months)} whole months: three or more say how months differ"], "the classes")
    items = demand.wide().columns.to_numpy()
    sold = wide["pieces"].sum(axis=1) > 0
    items, wide = items[sold], {name: values[sold] for name, values in wide.items()}
    notes = list(demand.warnings)
    group = _find_groups(items, by, products, season_by)
    even, is_deseasoned = _take_season_out(wide["pieces"], months, group)
    if not is_deseasoned:
        notes.append(f"{len(months)} months: a season shows in two years or more, so it is still in the cv")
    else:
        notes += _doubt_season(group, len(months))
    known = np.cumsum(wide["pieces"], axis=1) > 0  # from the month of the first sale on
    draw = _draw_months(len(months), draws, seed)
    table = _class_items(items, wide, even, known, draw, borders, limits, value)
    if (table["keep"] < SURE).any():
        count = int((table["keep"] < SURE).sum())
        notes.append(f"{count:,} of {len(table):,} items keep both letters in fewer than {SURE:.0%} of the draws")
    if count := int((table["xyz"] == NEW).sum()):
        notes.append(f"{count:,} items were first sold less than {LEAST} months before the end: they are {NEW!r}")
    return ItemClasses(table, borders, limits, by, value, len(months), draws, is_deseasoned, tuple(notes))


def _doubt_season(group: np.ndarray, months: int) -> list[str]:
    """Warn where few items share a season: their own luck is then divided out with it, and the cv is too low."""
    sizes = np.bincount(group)
    few = int(sizes[sizes < FEW_ITEMS].sum())
    if not few:
        return []
    return [
        f"{few:,} items share their season with fewer than {FEW_ITEMS - 1} others: in {months} months their own luck "
        "looks like a season and is taken out with it, so their cv is too low"
    ]


def _read_borders(
    shares: Sequence[float], cuts: Sequence[float], value: str
) -> tuple[tuple[float, float], tuple[float, float]]:
    problems = []
    if len(shares) != 2 or not 0 < shares[0] < shares[1] <= 1:
        problems.append(f"shares should be two fractions that rise, such as (0.8, 0.95), found {shares!r}")
    if len(cuts) != 2 or not 0 < cuts[0] < cuts[1]:
        problems.append(f"cuts should be two numbers above 0 that rise, such as (0.5, 1.0), found {cuts!r}")
    if value not in ("sales", "pieces"):
        problems.append(f"value should be 'sales' or 'pieces', found {value!r}")
    if problems:
        raise TableError(problems, "the classes")
    return (float(shares[0]), float(shares[1])), (float(cuts[0]), float(cuts[1]))


def _find_groups(items: np.ndarray, by: str, products: AnyTable | None, season_by: str | None) -> np.ndarray:
    """Number the group of items that share a season; 0 for all without `season_by`."""
    if season_by is None:
        return np.zeros(len(items), int)
    if products is None:
        raise TableError(["`season_by` is a column of the products: give `products`"], "the classes")
    table = open_table(products)
    names = table.collect_schema().names()
    if season_by not in names or by not in names:
        missing = season_by if season_by not in names else by
        raise TableError([f"there is no column `{missing}` in the products ({', '.join(names)})"], "products")
    refuse_nested(table, (by, season_by))
    pairs = collect(table.select(*dict.fromkeys([by, season_by]))).drop_duplicates(by)
    if by == season_by:
        return pd.factorize(items)[0]
    label = pd.Series(items).map(pairs.set_index(by)[season_by])
    return pd.factorize(label.fillna("(none)"))[0]


def _take_season_out(pieces: np.ndarray, months: pd.DatetimeIndex, group: np.ndarray) -> tuple[np.ndarray, bool]:
    """Divide months by their days, and by the season of their group where there are two whole years."""
    rate = pieces / months.days_in_month.to_numpy()
    years = len(months) // YEAR
    if years < 2:
        return rate, False
    total = np.zeros((group.max() + 1, len(months)))
    np.add.at(total, group, rate)
    whole = total[:, : years * YEAR].reshape(len(total), years, YEAR)
    level = np.maximum(whole.mean(axis=2, keepdims=True), 1e-12)
    index = (whole / level).mean(axis=1)
    index = index[:, np.arange(len(months)) % YEAR]
    index = np.where(index > 0, index, 1.0)
    return rate / index[group], True


def _draw_months(months: int, draws: int, seed: int) -> np.ndarray:
    """Draw months in circular blocks: how often each is in each draw (draws × months)."""
    block = min(BLOCK, months)
    count = -(-months // block)
    start = np.random.default_rng(seed).integers(0, months, (draws, count))
    place = (start[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :months] % months
    weight = np.zeros((draws, months))
    np.add.at(weight, (np.arange(draws)[:, None], place), 1.0)
    return weight


def _find_abc(values: np.ndarray, borders: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Class by the share of what is strictly larger (items × draws): 0 for A; and that share."""
    flat = values.reshape(len(values), -1)
    order = np.argsort(-flat, axis=0, kind="stable")
    ranked = np.take_along_axis(flat, order, axis=0)
    before = np.cumsum(ranked, axis=0) - ranked
    for place in range(1, len(ranked)):  # items of equal value share what is above the first of them
        same = ranked[place] == ranked[place - 1]
        before[place] = np.where(same, before[place - 1], before[place])
    above = np.empty_like(before)
    np.put_along_axis(above, order, before / np.maximum(flat.sum(axis=0), 1e-12), axis=0)
    above = above.reshape(values.shape)
    # A share that is 0.8 but for rounding lies on the border, and so below it
    return (above >= borders[0] - 1e-12).astype(int) + (above >= borders[1] - 1e-12), above


def _find_cv(even: np.ndarray, known: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Coefficient of variation of months that count so often (items × draws)."""
    count = known @ weight.T
    first = (even * known) @ weight.T
    second = (even**2 * known) @ weight.T
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = first / count
        variance = np.maximum(second - count * mean**2, 0) / np.maximum(count - 1, 1)
        return np.sqrt(variance) / mean


def _class_items(
    items: np.ndarray,
    wide: dict[str, np.ndarray],
    even: np.ndarray,
    known: np.ndarray,
    draw: np.ndarray,
    borders: tuple[float, float],
    limits: tuple[float, float],
    value: str,
) -> pd.DataFrame:
    amount = wide[value]
    abc, above = _find_abc(amount.sum(axis=1), borders)
    abc_drawn = _find_abc(amount @ draw.T, borders)[0]
    cv = _find_cv(even, known, np.ones((1, even.shape[1])))[:, 0]
    cv_drawn = _find_cv(even, known, draw)
    xyz, xyz_drawn = (np.digitize(one, limits, right=True) for one in (cv, cv_drawn))
    months = known.sum(axis=1)
    pieces = wide["pieces"].sum(axis=1) / months
    chance = np.sqrt(wide["squares"].sum(axis=1) / months) / pieces
    is_new = months < LEAST
    spread = np.nan_to_num(cv_drawn, nan=0.0)
    ends = np.quantile(spread, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=1)
    same_abc = abc_drawn == abc[:, None]
    same_xyz = xyz_drawn == xyz[:, None]
    columns: dict[str, Any] = {
        "item": items,
        "value": amount.sum(axis=1),
        "share": amount.sum(axis=1) / amount.sum(),
        "above": above,
        "abc": np.array(list(ABC))[abc],
        "abc_keep": same_abc.mean(axis=1),
        "months": months,
        "pieces": pieces,
        "cv": cv,
        "cv_low": ends[0],
        "cv_high": ends[1],
        "cv_chance": chance,
        "xyz": np.where(is_new, NEW, np.array(list(XYZ))[xyz]),
        "xyz_keep": np.where(is_new, np.nan, same_xyz.mean(axis=1)),
        "keep": np.where(is_new, same_abc.mean(axis=1), (same_abc & same_xyz).mean(axis=1)),
    }
    return pd.DataFrame(columns).sort_values(["value", "item"], ascending=[False, True], ignore_index=True)
