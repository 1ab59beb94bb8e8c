"""Scaling of features before clustering: one unit for all columns, less skew, and the same recipe for new customers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from loyalty.segment.clusters.members import KEYS, keep_keys
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import find_skewness
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Column, Table
from loyalty.tables.sources import AnyTable, open_table

WAYS = ("auto", "log", "plain", "root")
SKEWED = 1.0  # skewness from which "auto" takes logarithms
NORMAL_IQR = 1.349  # the distance between the quartiles of a normal distribution, in standard deviations
NORMAL_WIDE = 3.290  # the distance between its 5 % and its 95 % quantile
NARROW = 0.1  # of what those two say: quartiles that are nearer are a spike in the middle, and no unit
ROUNDING = 1e-12  # of the largest value: what differs less is rounding, and no difference
LARGEST = 1e30  # nothing of a customer is so large, and squares of larger numbers cannot be trusted
TWINS = 0.98  # a rank correlation from which two columns say the same
CODE = re.compile(r"(?:^|_)(?:id|ids|code|store|shop|branch|zip|postcode|card|till|region)(?:$|_)")


@dataclass(frozen=True, eq=False)
class ScaledFeatures:
    """Features in one unit, one row a customer, with the recipe that made them; built by `scale_features`.

    `table` has customer_id, as_of where it was given, and one column a feature, sorted by customer_id. `recipe` has one
    row a feature: column, how (log, plain, root), centre and spread; the feature is (how(value) - centre) / spread.
    """

    table: pd.DataFrame = field(repr=False)
    recipe: pd.DataFrame = field(repr=False)
    dropped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the features."""
        return list(self.recipe["column"])

    @property
    def values(self) -> np.ndarray:
        """The features as an array: customers × features."""
        return self.table[self.columns].to_numpy(float)

    def take(self, rows: np.ndarray) -> ScaledFeatures:
        """Take some customers, by their places in the table; scaled by the same recipe."""
        return ScaledFeatures(self.table.iloc[rows].reset_index(drop=True), self.recipe, self.dropped)

    def to_frame(self) -> pd.DataFrame:
        """One row a customer."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        title = f"{len(self.columns)} features of {len(self.table):,} customers, in one unit"
        return render_html(self.recipe, title, self.warnings)


@check_arguments
def scale_features(
    table: AnyTable,
    columns: Sequence[str] = (),
    *,
    how: str | Mapping[str, str] = "auto",
    ruler: ScaledFeatures | None = None,
) -> ScaledFeatures:
    """Scale features for clustering: logarithms where a column is skewed, then median 0 and spread 1.

    Clustering measures distances. Unscaled, the column with the largest numbers (money) decides alone. The spread is
    the distance between the quartiles, so that a few huge customers do not set the unit; where the quartiles are equal,
    or far nearer to each other than the middle nine tenths of the customers (a spike), it is the standard deviation.
    Not for text, and not for codes: store 40 is not twice store 20.

    Parameters
    ----------
    table : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        customer_id and the columns; one row a customer. as_of is kept where it is there.
    columns : sequence of str
        The features. Not needed with a `ruler`.
    how : str or mapping of str to str
        "auto": "log" for columns without negative values and with a skewness above 1, else "plain". "log": the
        logarithm of 1 + value. "plain": as it is. "root": the square root, not divided by anything: for shares of one
        whole, which have one unit already.
    ruler : ScaledFeatures, optional
        Earlier features whose recipe is used again, for new customers or another date.

    Returns
    -------
    ScaledFeatures
        A column that does not vary, or only by rounding, is dropped, named in `dropped`, and told in a warning.

    Raises
    ------
    TableError
        A column is missing, empty in some row, infinite or text; a customer comes twice; negative values for "log" or
        "root"; nothing that varies. Customers without a value (who never bought) are not guessed: make them a segment
        of their own first.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": [1, 2, 3], "visits": [1, 2, 3], "money": [5.0, 50.0, 9_000.0]})
    >>> scale_features(table, ["visits", "money"], how={"money": "log"}).table.round(2)
       customer_id  visits  money
    0            1   -1.35  -0.79
    1            2    0.00   0.00
    2            3    1.35   1.91
    """
    names = ruler.columns if ruler is not None else list(columns)
    ways = {} if ruler is not None else _read_ways(names, how)
    rows = read_features(table, names)
    if ruler is not None:
        return _apply(rows, ruler.recipe, ())
    return _make(rows, names, ways)


def read_features(table: AnyTable, names: Sequence[str]) -> pd.DataFrame:
    """Check customer_id and number columns of any name; return them, with as_of if it is there, sorted by customer_id.

    Parameters
    ----------
    table : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
    names : sequence of str

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    TableError
        The table is empty, or breaks the contract: numbers without gaps, each customer once.
    """
    twice = sorted({name for name in names if list(names).count(name) > 1})
    own = sorted(set(KEYS) & set(names))
    problems = [f"`{name}` is named twice in columns" for name in twice]
    problems += [f"`{name}` is no feature: it says who or when, not how" for name in own]
    if "cluster" in names:
        problems.append("rename `cluster`: this name is taken by the number of the cluster")
    if not names:
        problems.append("name at least one column")
    if problems:
        raise TableError(problems, "columns")
    parts = [Column("customer_id", "id", "the customer")]
    parts += [Column(name, "number", "a feature") for name in names]
    contract = Table("features", "a customer", ("customer_id",), tuple(parts))
    wanted = ["customer_id", *names]
    rows = read_checked(table, contract, wanted)
    if not len(rows):
        raise TableError(["the table holds no customer"], "features")
    _refuse_huge(rows, names)
    if "as_of" in open_table(table).collect_schema().names():
        dated = Table("features", "a customer", ("customer_id",), (parts[0], Column("as_of", "date", "the day")))
        rows = rows.assign(as_of=read_checked(table, dated, ["customer_id", "as_of"])["as_of"].to_numpy())
        wanted.insert(1, "as_of")
    return rows[wanted].sort_values("customer_id", ignore_index=True)


def _refuse_huge(rows: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse numbers that no customer has, and that distances cannot hold."""
    largest = rows[list(names)].astype(float).abs().max()
    problems = [
        f"`{name}` holds numbers as large as {value:.1g}, too large to scale or to compare: check its unit"
        for name, value in largest.items()
        if value > LARGEST
    ]
    if problems:
        raise TableError(problems, "features")


def _read_ways(names: list[str], how: str | Mapping[str, str]) -> dict[str, str]:
    """One way a column; unknown ways and unknown columns are refused."""
    asked = dict.fromkeys(names, how) if isinstance(how, str) else {name: how.get(name, "auto") for name in names}
    problems = []
    for way in sorted({way for way in asked.values() if way not in WAYS}):
        problems.append(f"how should be one of {', '.join(WAYS)}, found {way!r}")
    if not isinstance(how, str):
        problems += [f"how names `{name}`, which is not among the columns" for name in how if name not in names]
    if problems:
        raise TableError(problems, "how")
    return asked


def _make(rows: pd.DataFrame, names: list[str], ways: dict[str, str]) -> ScaledFeatures:
    """Find the recipe, and use it."""
    recipe = []
    dropped = []
    notes = []
    problems = []
    for name in names:
        values = rows[name].to_numpy(float)
        if values.max() - values.min() <= ROUNDING * np.abs(values).max():
            dropped.append(name)
            notes.append(f"`{name}` is {values[0]:g} for everybody: it tells nobody apart and is left out")
            continue
        way = _choose_way(values) if ways[name] == "auto" else ways[name]
        if way != "plain" and values.min() < 0:
            count = int((values < 0).sum())
            problems.append(f"`{name}` is negative in {count:,} of {len(values):,} rows: how={way!r} needs 0 or more")
            continue
        if CODE.search(name.lower()) and (values == np.floor(values)).all():
            notes.append(f"`{name}` looks like a code: its numbers have no order, so their distances mean nothing")
        recipe.append(_find_ruler(name, way, transform(values, way)))
    if not recipe and not problems:
        problems.append("no column varies between customers: there is nothing to cluster")
    if problems:
        raise TableError(problems, "features")
    made = _apply(rows, pd.DataFrame(recipe), tuple(dropped))
    notes += _find_twins(made)
    return ScaledFeatures(made.table, made.recipe, made.dropped, tuple(notes))


def _choose_way(values: np.ndarray) -> str:
    return "log" if values.min() >= 0 and find_skewness(values) > SKEWED else "plain"


def transform(values: np.ndarray, way: str) -> np.ndarray:
    """Take logarithms or roots, or nothing.

    Parameters
    ----------
    values : array of float
    way : str
        "log", "root" or "plain".

    Examples
    --------
    >>> transform(np.array([0.0, 0.25]), "root").tolist()
    [0.0, 0.5]
    """
    if way == "log":
        return np.log1p(values)
    return np.sqrt(values) if way == "root" else values


def _find_ruler(name: str, way: str, values: np.ndarray) -> dict[str, object]:
    if way == "root":
        return {"column": name, "how": way, "centre": 0.0, "spread": 1.0}
    low, lower, centre, upper, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    spread = (upper - lower) / NORMAL_IQR
    rounding = ROUNDING * np.abs(values).max()
    if not spread > max(NARROW * (high - low) / NORMAL_WIDE, rounding):
        centre = values.mean()
        spread = values.std()
    if not spread > rounding:  # so near to each other that the spread is lost in rounding
        spread = 1.0
    return {"column": name, "how": way, "centre": float(centre), "spread": float(spread)}


def _apply(rows: pd.DataFrame, recipe: pd.DataFrame, dropped: tuple[str, ...]) -> ScaledFeatures:
    table = keep_keys(rows)
    problems = []
    for line in recipe.to_dict("records"):
        name = str(line["column"])
        values = rows[name].to_numpy(float)
        if line["how"] != "plain" and values.min() < 0:
            problems.append(f"`{name}` has negative values, and the recipe takes how={line['how']!r}")
            continue
        table[name] = (transform(values, str(line["how"])) - line["centre"]) / line["spread"]
        if not (table[name].abs() <= LARGEST).all():
            problems.append(
                f"`{name}` holds numbers so far from those of the recipe that they cannot be scaled: check its unit"
            )
    if problems:
        raise TableError(problems, "features")
    return ScaledFeatures(table, recipe, dropped)


def _find_twins(features: ScaledFeatures) -> list[str]:
    """Warn of columns that say the same, and so count twice."""
    if len(features.columns) < 2:
        return []
    ranks = features.table[features.columns].rank().to_numpy(float)
    related = np.corrcoef(ranks.T)
    pairs = zip(*np.triu_indices(len(related), 1), strict=True)
    return [
        f"`{features.columns[i]}` and `{features.columns[j]}` rank the customers alike: one thing that counts twice"
        for i, j in pairs
        if abs(related[i, j]) >= TWINS
    ]
