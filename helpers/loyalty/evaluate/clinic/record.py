"""Everything about a campaign, laid out to be looked at: nothing is refused because a row is missing or strange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.clinic.findings import Claim
from loyalty.tables.check import TableError
from loyalty.tables.contracts import OUTCOMES
from loyalty.tables.flags import read_flags
from loyalty.tables.ids import find_strangers, write_id
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.arms import name_as_found
from loyalty.tables.wave.loose import keep_wave, match_loosely, open_loosely, read_loosely, write_names

DAYS = ("start", "end", "planned_start", "planned_end", "registered_on")
MEASURES = tuple(
    column.name for column in OUTCOMES.columns if column.kind in ("whole", "money", "number") and column.name != "wave"
)
NEAR = 5e-3  # shares that were rounded may miss 1 by so much


FEWEST = 10  # customers of a group in a stratum, below which strata go together


@dataclass(frozen=True, eq=False)
class Record:
    """A wave as it was found; made by `open_record`.

    `contacts` has one row a customer (`text` is the id as text, `is_control`), without the universal control; `windows`
    hold the outcomes in the same order, empty for who has no row. `counts` are repeated rows of the contacts (arms: in
    how many two groups are named) and of the outcomes, customers who meet their rows only when blanks and zeros in
    front, or text and number, are taken for the same (repaired), and ids on no list (strangers). `universal` counts the
    customers of the universal control; `say` writes a number of customers. `lines` are the receipts, if there are any.
    """

    contacts: pd.DataFrame
    windows: Mapping[str, pd.DataFrame]
    plan: Mapping[str, Any]
    claim: Claim
    claimed: bool
    control: str
    level: float
    say: Callable[[int], str]
    planned: Mapping[str, float] | None
    counts: Mapping[str, int]
    universal: int = 0
    warnings: tuple[str, ...] = ()
    unmet: str = ""
    lines: pd.DataFrame | None = None

    @property
    def arms(self) -> list[str]:
        """The treated arms."""
        return sorted(self.contacts.loc[~self.contacts["is_control"], "arm"].unique())

    def count(self, n: int, size: int) -> str:
        """Write a number of customers with its share of `size`, unless the number is hidden."""
        said = self.say(n)
        return f"{said} ({n / size:.1%})" if said.replace(",", "").isdigit() else said

    def find_chance(self) -> pd.Series:
        """Groups within which the lottery was the same for all: strata, or the chance to be control; empty if unknown.

        Strata count also where no chance is known: each may have had a share of its own.
        """
        contacts = self.contacts
        control = contacts["is_control"]
        chance = pd.to_numeric(contacts["propensity"], errors="coerce").round(6)
        if contacts["stratum"].notna().any():
            stratum = contacts["stratum"].astype(object).fillna("").astype("str")
            if len(self.arms) > 1 or chance.isna().any():
                return _pool_small(stratum, pd.Series("", contacts.index), control)
            of_control = chance.where(control, (1 - chance).round(6)).astype("str")
            return _pool_small(stratum, of_control, control)
        if (chance.groupby(contacts["arm"]).nunique() < 2).all():
            return pd.Series("", contacts.index)
        if len(self.arms) == 1:
            return chance.where(control, (1 - chance).round(6)).astype("str").where(chance.notna())
        return pd.Series(np.nan, contacts.index)

    def find_missing(self) -> pd.Series:
        """Whether a contact has no row, or no number, in the window of the claim."""
        here = self.windows[self.claim.window]
        return here[self.claim.outcome if self.claim.outcome in here else "window"].isna()


def _pool_small(stratum: pd.Series, chance: pd.Series, control: pd.Series) -> pd.Series:
    """Name the groups of one lottery; strata too small to move anybody in a lottery go together, by their chance.

    In strata of one or two customers no lottery can come out otherwise: within them every list would look balanced.
    """
    groups = stratum + " " + chance
    sizes = pd.crosstab(groups, control).reindex(columns=[False, True], fill_value=0).min(axis=1)
    return groups.mask(groups.map(sizes) < FEWEST, "small strata " + chance)


def open_record(
    contacts: AnyTable,
    outcomes: AnyTable,
    plan: Any = None,
    claim: Claim | None = None,
    *,
    control: str = "control",
    level: float = 0.05,
    say: Callable[[int], str] = "{:,}".format,
) -> Record:
    """Lay out a campaign for the checks; arguments as in `loyalty.evaluate.clinic.examine.examine_campaign`.

    Not for measuring: for that `measure_lift` refuses what this accepts.

    Raises
    ------
    TableError
        Nothing can be examined: no arm, no customers, nobody in control, several waves.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": [1, 2], "arm": ["mail", "control"]})
    >>> outcomes = pd.DataFrame({"customer_id": ["01", "2 "], "window": "main", "sales": [3.0, 0.0]})
    >>> record = open_record(contacts, outcomes)
    >>> record.counts["repaired"], record.windows["main"]["sales"].tolist()
    (2, [3.0, 0.0])
    """
    if not 0.01 <= level < 1:
        raise ValueError(f"level should be .01 or more, and below 1, such as 0.05; found {level!r}")
    found = read_loosely(contacts, outcomes, control=control, window=claim.window if claim else "main")
    people = _read_dates(found.people, ("assigned_at", "sent_at"))
    people["delivered"] = read_flags(people["delivered"])
    note = _read_plan(plan, found.wave)
    asked = _settle_claim(claim, note, found.rows)
    rows = _read_numbers(found.rows, sorted({*MEASURES, asked.outcome} & {*found.rows}))
    rows = _read_dates(rows, ("start", "end"))
    for name in ("start", "end"):
        rows[name] = rows[name].dt.normalize()
    rows = keep_wave(rows.assign(window=write_names(rows["window"]).fillna(asked.window)), found.wave)
    shares = None if found.universal else infer_shares(people)
    if "planned_shares" in note:
        shares = name_as_found(read_shares(note["planned_shares"], found.control), people["arm"].dropna().unique())
    given = rows["customer_id"]
    people, rows, counts = match_loosely(people, rows)
    unmet = find_strangers(people["customer_id"], given, "the contacts", "the outcomes") if rows.empty else []
    return Record(
        contacts=people,
        windows=_lay_out(rows, len(people), asked.window),
        plan=note,
        claim=asked,
        claimed=claim is not None,
        control=found.control,
        level=level,
        say=say,
        planned=shares,
        counts=counts,
        universal=found.universal,
        warnings=found.warnings,
        unmet="".join(unmet),
    )


def _lay_out(rows: pd.DataFrame, customers: int, asked: str) -> dict[str, pd.DataFrame]:
    """The rows of each window in the order of the customers, empty for who has none."""
    parts = dict(tuple(rows.groupby("window")))
    names = {*parts, "pre", "main", "post", asked}
    return {name: parts.get(name, rows[:0]).set_index("place").reindex(range(customers)) for name in names}


def _settle_claim(claim: Claim | None, note: Mapping[str, Any], rows: pd.DataFrame) -> Claim:
    """The claim to examine, without one the planned metric; arm and segment are written as the contacts write them."""
    metric = str(note.get("primary_metric", "")).strip()
    asked = claim or Claim(metric if metric in rows else "sales")
    arm = None if asked.arm is None else write_id(asked.arm).strip()
    segment = None if asked.segment is None else write_id(asked.segment).strip()
    return replace(asked, arm=arm, segment=segment)


def _read_numbers(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Turn columns into numbers, empty where there is none; a decimal comma is refused, not taken for emptiness."""
    problems = []
    numbers = {}
    for name in names:
        number = pd.to_numeric(rows[name], errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)
        lost = write_names(rows[name][number.isna()]).dropna()
        lost = lost[lost.str.contains(r"\d")]
        if len(lost):
            says = f"`{name}` holds text such as {lost.iloc[0]!r} in {len(lost):,} of {len(rows):,} rows"
            problems.append(f"{says}: decimal comma? Read the file with pandas.read_csv(…, decimal=',')")
        numbers[name] = number
    if problems:
        raise TableError(problems, "outcomes")
    return rows.assign(**numbers)


def _read_dates(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return table.assign(**{name: _read_times(table[name]) for name in names})


def _read_times(values: pd.Series) -> pd.Series:
    """Times by the clock on the wall, without their zone; empty where not written as 2024-03-04 or 2024-03-04 09:00."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_localize(None)
    text = values.astype("str").str.strip().str.replace(r"([T ].*?)(Z|[+-]\d\d:?\d\d)$", r"\1", regex=True)
    return pd.to_datetime(text, errors="coerce", format="ISO8601")


def _read_plan(plan: Any, wave: Mapping[str, str]) -> dict[str, Any]:
    if plan is None:
        return {}
    table = pd.DataFrame([dict(plan)]) if isinstance(plan, Mapping | pd.Series) else open_loosely(plan, "campaigns")
    table = keep_wave(table, wave)
    if len(table) != 1:
        which = f" ({' / '.join(wave.values())})" if wave else ""
        raise TableError([f"the plan should have one row for this wave{which}, found {len(table)}"], "campaigns")
    row = table.iloc[0].astype(object).items()
    note = {k: v for k, v in row if str(v).strip() and not (pd.api.types.is_scalar(v) and pd.isna(v))}
    days = {name: _read_times(pd.Series([note[name]])).dt.normalize()[0] for name in DAYS if name in note}
    form = "`{}` should be a day such as 2024-04-01, found {!r}"
    if wrong := [form.format(name, note[name]) for name, day in days.items() if pd.isna(day)]:
        raise TableError(wrong, "campaigns")
    return note | days


def infer_shares(contacts: pd.DataFrame) -> dict[str, float] | None:
    """Find the planned share of each arm in the column propensity; None where it is not the same within each arm.

    Not where customers of the universal control were left out: the chances are those before their draw.

    Examples
    --------
    >>> infer_shares(pd.DataFrame({"arm": ["mail", "control"], "propensity": [0.9, 0.1]}))
    {'control': 0.1, 'mail': 0.9}
    """
    chances = pd.to_numeric(contacts["propensity"], errors="coerce").groupby(contacts["arm"])
    chances = chances.agg(["min", "max", "count", "size"])
    steady = (chances["max"] - chances["min"] < 1e-6) & (chances["count"] == chances["size"])
    return chances["max"].to_dict() if steady.all() and abs(chances["max"].sum() - 1) < 1e-6 else None


def read_shares(text: str | Mapping[str, float], control: str = "control") -> dict[str, float]:
    """Read the planned shares of a campaign's record; rounded ones are made to sum to one.

    Raises
    ------
    TableError
        The text is not of this form.

    Examples
    --------
    >>> read_shares("control=0.1, mail=0.9")
    {'control': 0.1, 'mail': 0.9}
    """
    pairs: Iterable[tuple[str, Any]] = [part.partition("=")[::2] for part in str(text).split(",") if part.strip()]
    try:
        if isinstance(text, Mapping):
            pairs = text.items()
        shares = {write_id(arm).strip(): float(share) for arm, share in pairs}
    except (TypeError, ValueError):
        raise TableError(["`planned_shares` should be as control=0.1, mail=0.9"], "campaigns") from None
    if control not in shares and "control" in shares:
        shares = {control if arm == "control" else arm: share for arm, share in shares.items()}
    total = sum(shares.values())
    return {arm: share / total for arm, share in shares.items()} if 0 < abs(total - 1) < NEAR else shares


def compare_cells(
    hits: pd.Series, marks: pd.DataFrame, by: Iterable[Sequence[str]], least: int, most: int = 10**9
) -> pd.DataFrame:
    """Ask of each cell of customers whether fewer of them were hit than of all others, by the exact test.

    Parameters
    ----------
    hits : Series of bool
    marks : DataFrame
        Columns by which to make cells, rows as in `hits`.
    by : iterable of sequence of str
        The columns of `marks` that make cells together.
    least, most : int
        A cell has so many customers at least, and as many are outside; columns with more than `most` kinds are left
        out.

    Returns
    -------
    DataFrame
        label, size, share, rest (the share of the others), p (Bonferroni's, for all cells).

    Examples
    --------
    >>> marks = pd.DataFrame({"group": list("abababab")})
    >>> compare_cells(pd.Series([True, False] * 4), marks, [["group"]], 2)[["label", "share"]].to_numpy().tolist()
    [['group a', 1.0], ['group b', 0.0]]
    """
    n, k, cells = len(hits), int(hits.sum()), [pd.DataFrame({"label": "", "size": [0], "sum": [0]})]
    for names in by:
        found = hits.groupby([marks[name] for name in names], observed=True).agg(["size", "sum"]).reset_index()
        said = [[f"{c} {row[c]}".removesuffix(" 00:00:00") for c in names] for row in found.to_dict("records")]
        cells += [found.assign(label=[*map(", ".join, said)])[["label", "size", "sum"]]] * (len(found) <= most)
    table = pd.concat(cells, ignore_index=True).query("@least <= size <= @n - @least")
    p = np.minimum(stats.hypergeom.cdf(table["sum"], n, k, table["size"]) * len(table), 1)
    return table.assign(share=table["sum"] / table["size"], rest=(k - table["sum"]) / (n - table["size"]), p=p)
