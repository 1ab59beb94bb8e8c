"""The contacts of a wave: whether they keep their contract, which groups there are, and what is wrong with these."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.check import find_breaches
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTACTS
from loyalty.tables.ids import MASKED, say_masked
from loyalty.tables.sources import collect
from loyalty.tables.wave.arms import MANY, find_second_controls, name_control, settle_arms

WAVE = ("campaign_id", "wave")
NEAR = 1e-6  # propensities that differ by less are one
ROUNDED = 5e-3  # and a sum of rounded ones may miss 1 by so much
DENSE = 8  # times as many numbers as there are customers may lie between the least and the greatest id
LUCK = 1e-3  # the least chance that a group of a stratum is empty by luck


@dataclass(frozen=True)
class Contacted:
    """The contacts without the universal control, their groups counted, and what is wrong; made by `read_contacts`.

    `census` is None if nobody can be counted; `are_sound` says that they keep their contract and can be joined.
    """

    table: nw.LazyFrame
    census: pd.DataFrame | None
    problems: tuple[str, ...]
    are_sound: bool
    warnings: tuple[str, ...] = ()

    @property
    def sizes(self) -> dict[str, int]:
        """Customers by arm."""
        if self.census is None:
            return {}
        own = self.census[~self.census["is_universal"]]
        return {str(arm): int(size) for arm, size in own.groupby("arm")["n"].sum().items()}

    @property
    def count(self) -> int:
        """How many customers there are."""
        return sum(self.sizes.values())

    @property
    def universal(self) -> int:
        """How many customers of the universal control were left out."""
        return 0 if self.census is None else int(self.census.loc[self.census["is_universal"], "n"].sum())

    @property
    def has_chances(self) -> bool:
        """Whether the contacts say how likely each was to come into the own group."""
        return self.census is not None and bool(self.census["filled"].sum())

    @property
    def wave(self) -> dict[str, Any] | None:
        """The one campaign and wave; None if there are several, or they are not known."""
        if self.census is None or not set(WAVE) <= set(self.census):
            return None
        waves = self.census[list(WAVE)].drop_duplicates()
        return dict(waves.iloc[0]) if len(waves) == 1 else None


def read_contacts(
    contacts: nw.LazyFrame, columns: Sequence[Column], key: Sequence[str], control: str, index: Sequence[Hashable] = ()
) -> Contacted:
    """Check the contacts of one wave, count their groups, and leave the universal control out.

    Parameters
    ----------
    contacts : narwhals.LazyFrame
    columns : sequence of Column
        What is needed of them, and what is looked at where it is there.
    key : sequence of str
        What makes a row unique.
    control : str
        Name of the control group in `arm`.
    index : sequence
        Names of the pandas index, which is no part of the table.

    Returns
    -------
    Contacted
        Nothing is raised: the problems stand in it, to be told together with those of the outcomes.

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> table = open_table(pd.DataFrame({"arm": ["mail", "mail"]}))
    >>> people = read_contacts(table, [Column("arm", "text", "the group")], ["customer_id"], "control")
    >>> people.sizes, len(people.problems)
    ({'mail': 2}, 1)
    """
    broken = check_contacts(contacts, columns, key, CONTACTS.row, index)
    names = contacts.collect_schema().names()
    sound = [name for name in names if not any(_speaks_of(text, name) for text in broken)]
    if "arm" not in sound:
        return Contacted(contacts, None, tuple(broken), are_sound=False)
    census = count_groups(contacts, sound)
    found = census.groupby("arm")["n"].sum()
    spelling = settle_arms({str(arm): int(size) for arm, size in found.items()}, control)
    if len(spelling.renamed) > MANY:
        broken.append(
            f"{len(spelling.renamed):,} names of groups differ in capital letters and blanks: write them alike"
        )
        return Contacted(contacts, None, tuple(broken), are_sound=False)
    if spelling.renamed:
        census["arm"] = census["arm"].map(spelling.rename)
        contacts = contacts.with_columns(spelling.write())
    if census["is_universal"].any():
        contacts = contacts.filter(nw.col("control_kind").fill_null("none") != "universal")
    return Contacted(
        contacts,
        census,
        (*broken, *find_wrong_groups(census, control)),
        are_sound=not broken,
        warnings=(
            *spelling.warnings,
            *_warn_of_chosen(census, control),
            *_warn_of_masked(contacts, sound),
            *_warn_of_empty_strata(census),
        ),
    )


def _warn_of_chosen(census: pd.DataFrame, control: str) -> tuple[str, ...]:
    """Say that a group named control counts as treated, because another was named."""
    if control == "control" or "control" not in set(census["arm"]):
        return ()
    return (f"the group `control` counts as treated, because control={control!r} was said",)


def _warn_of_empty_strata(census: pd.DataFrame) -> tuple[str, ...]:
    """Say that customers of whom nobody knows the stratum are compared as if they had one of their own."""
    if "stratum" not in census:
        return ()
    drawn = census[~census["is_universal"]]
    empty = drawn["stratum"].isna()
    unknown, everybody = int(drawn.loc[empty, "n"].sum()), int(drawn["n"].sum())
    if unknown in (0, everybody):
        return ()
    says = f"`stratum` is empty for {unknown:,} of {everybody:,} customers, who count as one stratum"
    return (f"{says}: if they were drawn in several, ask for theirs, because the comparison may be wrong without",)


def _warn_of_masked(contacts: nw.LazyFrame, sound: Sequence[str]) -> tuple[str, ...]:
    if "customer_id" not in sound or contacts.collect_schema()["customer_id"] != nw.String:
        return ()
    masked = nw.col("customer_id").str.contains(MASKED).cast(nw.Int64).sum().alias("n")
    count = int(collect(contacts.select(masked))["n"].fillna(0).iloc[0])
    return (say_masked(count),) if count else ()


def _speaks_of(problem: str, name: str) -> bool:
    """Whether a problem of the contract is one of this very column, not of a key of several."""
    return f"`{name}`" in problem.partition(":")[0] and f"`{name}` +" not in problem and f"+ `{name}`" not in problem


def check_contacts(
    contacts: nw.LazyFrame, columns: Sequence[Column], key: Sequence[str], row: str, index: Sequence[Hashable] = ()
) -> list[str]:
    """Find what breaks the contract of the contacts; a customer in two groups is told as such, not as a repeated row.

    Parameters
    ----------
    contacts : narwhals.LazyFrame
    columns : sequence of Column
        What is needed of them, and what is looked at where it is there.
    key : sequence of str
        What makes a row unique.
    row : str
        What a row is.
    index : sequence
        Names of the pandas index, which is no part of the table.

    Returns
    -------
    list of str
        One sentence a problem.
    """
    once = "customer_id" not in contacts.collect_schema() or customers_differ(contacts)
    no_key = ("",)  # a key that no column has: nothing is looked for twice
    unique = no_key if once else tuple(key)
    found = find_breaches(contacts, Table("contacts", row, unique, tuple(columns)), index)
    repeats = [text for text in found if "comes more than once" in text or "come more than once" in text]
    if not repeats or "arm" not in contacts.collect_schema():
        return found
    two_arms = _find_two_arms(contacts, key)
    if not two_arms:
        return found
    return [two_arms, *(text for text in found if text not in repeats)]


def customers_differ(table: nw.LazyFrame) -> bool:
    """Whether no customer surely comes twice, which is quickly seen of whole numbers; False proves nothing.

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> customers_differ(open_table(pd.DataFrame({"customer_id": [3, 1, 2]})))
    True
    """
    if not table.collect_schema()["customer_id"].is_integer():
        return False
    ids = collect(table.select("customer_id"))["customer_id"].dropna().to_numpy()
    if not len(ids):
        return True
    least, most = int(ids.min()), int(ids.max())
    if ids.dtype.kind == "f" or most - least >= DENSE * len(ids):  # so far apart, a mark for each takes too much room
        return bool((np.diff(np.sort(ids)) != 0).all())
    seen = np.zeros(most - least + 1, bool)
    seen[ids - least] = True
    return bool(np.count_nonzero(seen) == len(ids))


def _find_two_arms(contacts: nw.LazyFrame, key: Sequence[str]) -> str:
    """Name customers who stand in two groups; an empty text if there are none."""
    arms = contacts.group_by(*key).agg(low=nw.col("arm").min(), high=nw.col("arm").max())
    rows = collect(arms.filter(nw.col("low") != nw.col("high")).sort("customer_id"))
    if rows.empty:
        return ""
    shown = ", ".join(f"{row.customer_id} ({row.low} and {row.high})" for row in rows.head(3).itertuples())
    who = "customer stands" if len(rows) == 1 else "customers stand"
    return f"{len(rows):,} {who} in two groups, such as {shown}: keep the group that was drawn"


def count_groups(contacts: nw.LazyFrame, names: Sequence[str]) -> pd.DataFrame:
    """Count the contacts by wave, arm, kind of control and stratum, as far as these columns are there.

    Parameters
    ----------
    contacts : narwhals.LazyFrame
    names : sequence of str
        Its columns.

    Returns
    -------
    pandas.DataFrame
        One row a group: the columns that are there, n, is_universal, and of the propensities least, most and filled.

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> table = open_table(pd.DataFrame({"arm": ["mail", "control", "mail"]}))
    >>> count_groups(table, ["arm"])[["arm", "n"]].to_dict("list")
    {'arm': ['control', 'mail'], 'n': [1, 2]}
    """
    keys = [name for name in (*WAVE, "arm", "control_kind", "stratum") if name in names]
    chance = nw.lit(None)
    if "propensity" in names:
        chance = nw.col("propensity")
    groups = contacts.with_columns(chance.cast(nw.Float64).alias("propensity")).group_by(*keys)
    counts = groups.agg(
        n=nw.len(),
        least=nw.col("propensity").min(),
        most=nw.col("propensity").max(),
        filled=nw.col("propensity").count(),
    )
    census = collect(counts).sort_values(keys, ignore_index=True).astype({"n": "int64", "filled": "int64"})
    kind = census.get("control_kind", pd.Series("none", index=census.index))
    return census.assign(is_universal=kind.fillna("none") == "universal")


def find_wrong_groups(census: pd.DataFrame, control: str) -> list[str]:
    """Find what forbids to compare the groups: several waves, no control, nobody treated, impossible chances.

    Parameters
    ----------
    census : pandas.DataFrame
        Of `count_groups`.
    control : str
        Name of the control group in `arm`.

    Returns
    -------
    list of str
        One sentence a problem; empty if the groups can be compared.

    Examples
    --------
    >>> census = pd.DataFrame({"arm": ["mail"], "n": 5, "filled": 0, "is_universal": False})
    >>> find_wrong_groups(census, "control")
    ["there is nobody in the group `control`; the groups are: mail: if it has another name, say control='…'"]
    """
    own = census[~census["is_universal"]]
    sizes = own.groupby("arm")["n"].sum()
    universal = int(census.loc[census["is_universal"], "n"].sum())
    problems = []
    if set(WAVE) <= set(census):
        problems += find_several_waves(census)
    problems += find_wrong_arms(sizes, control, universal)
    problems += [
        f"the group `{name}` holds one customer: an interval needs two" for name, size in sizes.items() if size < 2
    ]
    return problems + list(_find_wrong_chances(census))


def find_several_waves(table: pd.DataFrame) -> list[str]:
    """Refuse contacts of several waves: a customer of two of them is not two customers.

    Examples
    --------
    >>> find_several_waves(pd.DataFrame({"campaign_id": "may", "wave": [1, 2]}))
    ['there are 2 waves (may / 1, may / 2): take one, for example contacts[contacts["wave"] == 1]']
    """
    waves = table[list(WAVE)].drop_duplicates()
    if len(waves) < 2:
        return []
    shown = ", ".join(f"{row.campaign_id} / {row.wave}" for row in waves.head(4).itertuples())
    varies = "campaign_id" if waves["campaign_id"].nunique() > 1 else "wave"
    one = waves[varies].tolist()[0]
    mend = f'take one, for example contacts[contacts["{varies}"] == {one!r}]'
    return [f"there are {len(waves)} waves ({shown}): {mend}"]


def find_wrong_arms(sizes: pd.Series, control: str, universal: int = 0) -> Iterator[str]:
    """Say whether a control and somebody to compare it with are there; `sizes` are customers by arm.

    Examples
    --------
    >>> list(find_wrong_arms(pd.Series({"control": 9}), "control"))
    ['there is only the group `control`: nobody was treated']
    """
    if sizes.empty and not universal:
        yield "there is no row"
    elif control not in sizes.index:
        shown = ", ".join(map(str, sizes.index)) or "none"
        tail = f"; {say_universal(universal)}" if universal else ""
        mend = name_control([str(name) for name in sizes.index])
        yield f"there is nobody in the group `{control}`; the groups are: {shown}{tail}: {mend}"
    elif len(sizes) < 2:
        yield f"there is only the group `{control}`: nobody was treated"
    yield from find_second_controls(map(str, sizes.index), control)
    if "" in sizes.index:
        yield f"`arm` is blank for {int(sizes['']):,} customers: name their group, or take them out and count them"


def say_universal(count: int, say: Callable[[int], str] = "{:,}".format) -> str:
    """Say that the universal control does not count here: its contrast is the effect of the whole programme.

    `say` writes the number, for reports that hide small ones.

    Examples
    --------
    >>> say_universal(300)
    '300 customers of the universal control left out'
    """
    return f"{say(count)} customer{'s' if count != 1 else ''} of the universal control left out"


def _find_wrong_chances(census: pd.DataFrame) -> Iterator[str]:
    """Within a stratum the groups' propensities sum to one; where single customers differ, no sum can be told."""
    rows = int(census["n"].sum())
    filled = int(census["filled"].sum())
    if not filled:
        return
    if filled < rows:
        yield f"`propensity` is empty in {rows - filled:,} of {rows:,} rows: fill it for all, or leave it out"
        return
    if (census["least"] <= 0).any():
        yield "`propensity` is 0 for customers who are in the group: it is the chance of the group they are in"
        return
    kinds = census.assign(stratum=census.get("stratum", "")).fillna({"stratum": ""})
    kinds = kinds.groupby(["stratum", "arm", "is_universal"], as_index=False).agg(
        {"least": "min", "most": "max", "n": "sum"}
    )
    arms = kinds["arm"].nunique()
    for stratum, cells in kinds.groupby("stratum"):
        total = cells["least"].sum()
        # `assign_arms` gives the universal control the chance of control, in which its own is counted already.
        drawn = cells.loc[~cells["is_universal"], "least"].sum()
        steady = (cells["most"] - cells["least"] < NEAR).all()
        # In a small stratum chance may leave a group without anybody
        if cells["arm"].nunique() < arms and 0 < total < 1 and total ** cells["n"].sum() > LUCK:
            continue
        if steady and min(abs(total - 1), abs(drawn - 1)) > ROUNDED:
            where = f" in the stratum {stratum}" if stratum else ""
            parts = " + ".join(f"{row.arm} {row.least:g}" for row in cells.itertuples())
            mend = "is a group missing, or the universal control?" if total < 1 else "each is the chance of its group"
            yield f"the propensities do not sum to one{where}: {parts} = {total:g}: {mend}"
