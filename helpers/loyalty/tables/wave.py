"""Who was assigned to which group, beside what was measured: read, checked and joined where the tables live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTACTS, OUTCOMES
from loyalty.tables.sources import NotATable, collect, open_table

WAVE = ("campaign_id", "wave")
KEY = ("customer_id", *WAVE, "window")  # of the outcomes; messages name the customer first
NONE = ("",)  # a key that no column has: nothing is looked for twice
NEAR = 1e-6  # propensities that differ by less are one
ROUNDED = 5e-3  # and a sum of rounded ones may miss 1 by so much


@dataclass(frozen=True)
class Assigned:
    """Customers of one wave with their group and their numbers, one row each; made by `open_assigned`.

    `table` holds `arm`, `segment` (text), `weight` (1 / propensity), customer_id if known, the numbers asked for, and
    those of before with `before:` in front of their names. `arms` are the treated groups with their customers;
    `universal` counts the customers of the universal control, who are left out.
    """

    table: nw.LazyFrame
    arms: dict[str, int]
    control: str
    universal: int = 0

    @property
    def left_out(self) -> str:
        """Who was left out, in words; empty if nobody."""
        return f", {self.universal:,} customers of the universal control left out" if self.universal else ""

    def fetch(self, names: Sequence[str]) -> pd.DataFrame:
        """Read these columns of all customers, with arm and segment."""
        return collect(self.table.select("arm", "segment", *names))


def open_assigned(
    contacts: Any, outcomes: Any, columns: Sequence[str], *, before: Sequence[str] = (), by: str | None = None,
    control: str = "control", window: str = "main",
) -> Assigned:  # fmt: skip
    """Open contacts and outcomes, refuse what cannot be measured, and join them: a row for each customer assigned.

    Not for several waves at once: a customer would have several rows.

    Parameters
    ----------
    contacts : table under CONTACTS; with `outcomes` left out a joined table with `arm` and the numbers
    outcomes : table under OUTCOMES, or None
    columns, before : sequence of str
        Numbers of the window, and numbers of the window "pre" (or columns of the contacts).
    by : str, optional
        Column of the contacts that names the segment.
    control, window : str

    Returns
    -------
    Assigned

    Raises
    ------
    TableError
        With all problems of a step.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 2, "sales": [5.0, 3.0, 0.0, 1.0]})
    >>> open_assigned(table, None, ["sales"]).arms
    {'mail': 2}
    """
    # A pandas frame can go to the connection of the other table.
    there = None if outcomes is None or not isinstance(contacts, pd.DataFrame) else _open(outcomes, "outcomes")
    left = _open(contacts, "contacts", there)
    right = there if outcomes is None or there is not None else _open(outcomes, "outcomes", left)
    if right is None and "window" in left.collect_schema().names():
        right, left = left, left.filter(nw.col("window") == window)
    inside = list(columns) if right is None else []
    outside = [name for name in before if right is None or name not in right.collect_schema().names()]
    if both := set(inside) & set(outside):
        raise TableError([f"`{both.pop()}` is the outcome itself; name the column of before"], "before")
    left, schema = _count_flags(left, [*inside, *outside])
    # Of columns that hold numbers the sums tell whether one is missing.
    sound = [name for name in inside if name in schema and (schema[name].is_numeric() or schema[name] == nw.Boolean)]
    unsure = [name for name in [*inside, *outside] if name not in sound]
    _check_contacts(left, unsure, by, schema, whole=right is not None)
    census = _count_groups(left, list(schema))
    if right is not None:
        waves = census[list(WAVE)].drop_duplicates()
        if len(waves) > 1:
            shown = ", ".join(f"{row.campaign_id} / {row.wave}" for row in waves.head(4).itertuples())
            raise TableError([f"there are {len(waves)} waves ({shown}): measure one at a time"], "contacts")
    kind = census.get("control_kind", pd.Series("none", index=census.index)).fillna("none")
    out = kind == "universal"
    universal = int(census["n"][out].sum())
    sizes = census[~out].groupby("arm")["n"].sum()
    problems = [*_check_arms(sizes, control, universal), *_check_propensities(census, out)]
    if problems:
        raise TableError(problems, "contacts")
    if out.any():
        left = left.filter(nw.col("control_kind").fill_null("none") != "universal")
    segment = nw.lit("") if by is None else nw.col(by).cast(nw.String).fill_null("(empty)")
    weight = 1 / nw.col("propensity") if "propensity" in schema and census["filled"].sum() else nw.lit(1.0)
    keep = [nw.col("arm"), segment.alias("segment"), weight.cast(nw.Float64).alias("weight")]
    keep += [nw.col("customer_id")] if "customer_id" in schema else []
    keep += [nw.col(name).cast(nw.Float64) for name in inside]
    keep += [nw.col(name).cast(nw.Float64).alias(f"before:{name}") for name in outside]
    arms = {name: int(size) for name, size in sizes.items() if name != control}
    if right is None:
        return Assigned(left.select(keep), arms, control, universal)
    earlier = [name for name in before if name not in outside]
    table = _join(left.select(keep), right, waves.iloc[0], list(columns), earlier, window)
    return Assigned(table, arms, control, universal)


def _open(source: Any, name: str, beside: nw.LazyFrame | None = None) -> nw.LazyFrame:
    try:
        return open_table(source, beside=beside)
    except NotATable as error:
        raise TableError([str(error)], name) from None


def _check_contacts(
    left: nw.LazyFrame, numbers: Sequence[str], by: str | None, schema: Mapping[str, Any], *, whole: bool
) -> None:
    needed = ["arm", *(CONTACTS.key if whole else ())]
    also = [name for name in ("customer_id", "control_kind", "propensity", "stratum") if name in schema]
    columns = [column for column in CONTACTS.columns if column.name in (*needed, *also)]
    columns += [Column(name, "number", "what was measured") for name in numbers]
    columns += [Column(by, "text", "the segment")] if by and by not in schema else []
    key = CONTACTS.key if whole else ("customer_id",)
    try:
        check_table(left, Table("contacts", CONTACTS.row, NONE if _is_unique(left, schema) else key, tuple(columns)))
    except TableError as error:
        found = error.problems
        twice = [text for text in found if "more than once" in text]
        if twice and (two := _find_two_arms(left, key)):
            found = [two, *(text for text in found if text not in twice)]
        raise TableError(found, "contacts") from None


def _count_flags(table: nw.LazyFrame, names: Sequence[str]) -> tuple[nw.LazyFrame, dict[str, Any]]:
    """Turn true and false among the numbers into 1 and 0."""
    schema = dict(table.collect_schema())
    flags = [nw.col(name).cast(nw.Int64) for name in names if schema.get(name) == nw.Boolean]
    return (table.with_columns(flags) if flags else table), schema


def _is_unique(left: nw.LazyFrame, schema: Mapping[str, Any]) -> bool:
    """Whether the ids are surely different; whole numbers are sorted sooner than an engine groups them."""
    if "customer_id" not in schema:
        return True
    if not schema["customer_id"].is_integer():
        return False
    return bool((np.diff(np.sort(collect(left.select("customer_id"))["customer_id"].to_numpy())) != 0).all())


def _find_two_arms(left: nw.LazyFrame, key: Sequence[str]) -> str:
    arms = left.group_by(*key).agg(low=nw.col("arm").min(), high=nw.col("arm").max())
    rows = collect(arms.filter(nw.col("low") != nw.col("high")).sort("customer_id"))
    shown = ", ".join(f"{row.customer_id} ({row.low} and {row.high})" for row in rows.head(3).itertuples())
    who = "customer stands" if len(rows) == 1 else "customers stand"
    return f"{len(rows):,} {who} in two groups, such as {shown}: keep the group that was drawn" if len(rows) else ""


def _count_groups(left: nw.LazyFrame, names: Sequence[str]) -> pd.DataFrame:
    keys = [name for name in (*WAVE, "arm", "control_kind", "stratum") if name in names]
    chance = nw.col("propensity") if "propensity" in names else nw.lit(None).cast(nw.Float64)
    frame = left.with_columns(chance.cast(nw.Float64).alias("propensity")).group_by(*keys).agg(
        nw.len().alias("n"), nw.col("propensity").min().alias("least"), nw.col("propensity").max().alias("most"),
        nw.col("propensity").count().alias("filled"),
    )  # fmt: skip
    return collect(frame).sort_values(keys, ignore_index=True).astype({"n": "int64", "filled": "int64"})


def _check_arms(sizes: pd.Series, control: str, universal: int) -> Iterator[str]:
    shown = ", ".join(map(str, sizes.index)) or "none"
    if sizes.empty and not universal:
        yield "there is no row"
    elif control not in sizes.index:
        tail = f"; {universal:,} customers of the universal control are left out" if universal else ""
        yield f"there is nobody in the group `{control}`; the groups are: {shown}{tail}"
    elif len(sizes) < 2:
        yield f"there is only the group `{control}`: nobody was treated"
    for name, size in sizes.items():
        if size < 2:
            yield f"the group `{name}` holds one customer: an interval needs two"


def _check_propensities(census: pd.DataFrame, universal: pd.Series) -> Iterator[str]:
    """Within a stratum the groups' propensities sum to one; where single customers differ, no sum can be told."""
    rows, filled = int(census["n"].sum()), int(census["filled"].sum())
    if not filled:
        return
    if filled < rows:
        yield f"`propensity` is empty in {rows - filled:,} of {rows:,} rows: fill it for all, or leave it out"
        return
    if (census["least"] <= 0).any():
        yield "`propensity` is 0 for customers who are in the group: it is the chance of the group they are in"
        return
    kinds = census.assign(universal=universal, stratum=census.get("stratum", "")).fillna({"stratum": ""})
    kinds = kinds.groupby(["stratum", "arm", "universal"], as_index=False).agg({"least": "min", "most": "max"})
    for stratum, cells in kinds.groupby("stratum"):
        total, drawn = cells["least"].sum(), cells.loc[~cells["universal"], "least"].sum()
        # `assign_arms` gives the universal control the chance of control, in which its own is counted already.
        if (cells["most"] - cells["least"] < NEAR).all() and min(abs(total - 1), abs(drawn - 1)) > ROUNDED:
            where = f" in the stratum {stratum}" if stratum else ""
            parts = " + ".join(f"{row.arm} {row.least:g}" for row in cells.itertuples())
            mend = "is a group missing, or the universal control?" if total < 1 else "each is the chance of its group"
            yield f"the propensities do not sum to one{where}: {parts} = {total:g}: {mend}"


def _join(
    left: nw.LazyFrame, right: nw.LazyFrame, wave: pd.Series, columns: Sequence[str], earlier: Sequence[str],
    window: str,
) -> nw.LazyFrame:  # fmt: skip
    right, schema = _count_flags(right, [*columns, *earlier])
    known = {column.name: column for column in OUTCOMES.columns}
    numbers = dict.fromkeys([*columns, *earlier])
    problems = []
    parts = [known[name] for name in OUTCOMES.key]
    parts += [known.get(name, Column(name, "number", "what was measured")) for name in numbers]
    here, windows = right, [window, *(["pre"] if earlier else [])]
    if set(OUTCOMES.key) <= set(schema):
        present = collect(right.select("window").unique())["window"].tolist()
        shown = ", ".join(sorted(map(str, present)))
        away = [name for name in windows if name not in present]
        problems += [f"there is no row of the window `{name}`; the windows are: {shown}" for name in away]
        here = right.filter(nw.col("window").is_in(windows))
    try:
        check_table(here, Table("outcomes", OUTCOMES.row, KEY, tuple(parts)))
    except TableError as error:
        problems += error.problems
    ids = [dict(side.collect_schema()).get("customer_id") for side in (left, right)]
    if not problems and (ids[0] == nw.String) != (ids[1] == nw.String):
        problems.append("`customer_id` holds text in one table and whole numbers in the other: make them alike")
    if problems:
        raise TableError(problems, "outcomes")
    for name in WAVE:
        here = here.filter(nw.col(name) == wave[name])
    missing = []
    for label, names, prefix in ((window, columns, ""), ("pre", earlier, "before:")):
        if names:
            values = [nw.col(name).cast(nw.Float64).alias(prefix + name) for name in names]
            side = here.filter(nw.col("window") == label).select("customer_id", *values)
            left = left.join(side, on="customer_id", how="left")
            missing.append((label, prefix + names[0]))
    gone = [nw.col(name).is_null().cast(nw.Int64).sum().alias(name) for _, name in missing]
    counts = collect(left.group_by("arm").agg(*gone)).sort_values("arm").set_index("arm").astype("int64")
    for label, name in missing:
        if total := int(counts[name].sum()):
            ids = collect(left.filter(nw.col(name).is_null()).select("customer_id").sort("customer_id").head(3))
            by_arm = ", ".join(f"{arm} {n:,}" for arm, n in counts[name].items() if n)
            who = f"{total:,} customer{'s have' if total > 1 else ' has'} no row of the window `{label}` ({by_arm})"
            shown = ", ".join(map(str, ids["customer_id"]))
            problems.append(f"{who}, such as {shown}: who bought nothing needs a row with 0")
    if problems:
        raise TableError(problems, "outcomes")
    return left
