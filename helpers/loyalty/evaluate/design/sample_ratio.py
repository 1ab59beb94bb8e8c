"""Did the split arrive as planned? Counts of customers against the planned shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from scipy import stats

from loyalty.evaluate.design.assignment import Assignment, find_wrong_shares
from loyalty.stats.estimate import render_html
from loyalty.tables.check import TableError
from loyalty.tables.sources import as_frame

ALARM = 0.001


@dataclass(frozen=True)
class SampleRatio:
    """Counts beside what was planned; made by `check_sample_ratio`.

    `alarm` is true below p = .001. `table` has one row an arm, `groups` one row a stratum or day.
    """

    statistic: float
    df: int
    p: float
    alarm: bool
    table: pd.DataFrame = field(repr=False, compare=False)
    groups: pd.DataFrame = field(repr=False, compare=False)
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row an arm: customers, planned and found share, expected customers."""
        return self.table.copy()

    def sentence(self) -> str:
        """What the test says, in one sentence, always with p."""
        if pd.isna(self.p):
            return self.warnings[0][0].upper() + self.warnings[0][1:] + "."
        verdict = "the split is not the one planned: do not read the lift" if self.alarm else "the split fits the plan"
        return f"Sample ratio: χ² = {self.statistic:.2f}, p = {self.p:.3g}; {verdict}."

    def _repr_html_(self) -> str:
        return render_html(self.table, self.sentence(), self.warnings)


def check_sample_ratio(
    contacts: Any, shares: Mapping[str, float] | None = None, *, by: str | None = None, mode: str | None = None
) -> SampleRatio:
    """Test whether the number of customers in each arm fits the planned shares; if not, nothing else may be read.

    It sees only counts: two mistakes that cancel out pass. It says nothing where quotas were exact (`mode="blocks"`).

    Parameters
    ----------
    contacts : Assignment, mapping of str to int, or table
        A table has the column arm; customers of the universal control are left out.
    shares : mapping of str to float
        Planned share of each arm; an `Assignment` knows it.
    by : str, optional
        Column to test within, such as stratum or the day of sending; dates count by day. Its alarm is shared among
        the groups.
    mode : {"hash", "blocks"}, optional
        How the arms were drawn; an `Assignment` knows it.

    Returns
    -------
    SampleRatio

    Raises
    ------
    TableError
        With all problems: shares that do not sum to one, arms that were not planned, no customers.

    Examples
    --------
    >>> result = check_sample_ratio({"a": 821_588, "b": 815_482}, {"a": 0.5, "b": 0.5})
    >>> round(result.statistic, 3), result.alarm
    (22.774, True)

    Source: Fabijan et al. (2019), KDD 2019, 2156-2164.
    """
    if isinstance(contacts, Assignment):
        contacts, shares, mode = contacts.contacts, shares or contacts.shares, contacts.mode
    shares = shares or {}
    group = by or "group"
    if isinstance(contacts, Mapping):
        table = pd.DataFrame({"arm": contacts.keys(), "n": contacts.values()})
        repeats = 0
    else:
        table = as_frame(contacts)
        table = table[(table["control_kind"] != "universal").fillna(True)] if "control_kind" in table else table
        repeats = int(table["customer_id"].duplicated().sum()) if "customer_id" in table else 0
        table = table.assign(n=1)
    wrong = find_wrong_shares(shares)
    shares = dict(shares) if isinstance(shares, Mapping) else {}
    wrong += [f"there is no column `{name}`" for name in ("arm", by) if name and name not in table]
    wrong += [f"{repeats:,} rows repeat a customer: one wave at a time"] if repeats else []
    wrong += [f"the arm {arm!r} was not planned" for arm in table.get("arm", pd.Series()).unique() if arm not in shares]
    table = table.assign(n=pd.to_numeric(table["n"], errors="coerce"))
    wrong += [] if (table["n"] >= 0).all() and table["n"].sum() > 0 else ["the counts should be positive"]
    if by in table and (lost := int(table[by].isna().sum())):
        wrong.append(f"`{by}` is empty for {lost:,} of {len(table):,} customers")
    if wrong:
        raise TableError(wrong, "sample ratio")
    cells = table[by] if by else pd.Series("all", table.index)
    cells = cells.dt.normalize() if cells.dtype.kind == "M" else cells
    counts = table.groupby([cells.rename(group), "arm"])["n"].sum().unstack(fill_value=0)
    counts = counts.reindex(columns=list(shares), fill_value=0).rename_axis(columns=None)
    whole = counts.sum()
    df = len(shares) - 1
    out = pd.DataFrame({"arm": list(shares), "customers": whole.to_list(), "planned": list(shares.values())})
    out = out.assign(found=out["customers"] / whole.sum(), expected=out["planned"] * whole.sum())
    statistic, p = stats.chisquare(out["customers"], out["expected"])
    wants = counts.sum(axis=1).to_numpy()[:, None] * out["planned"].to_numpy()
    parts = ((counts - wants) ** 2 / wants).sum(axis=1)
    each = counts.assign(statistic=parts, p=stats.chi2.sf(parts, df), alarm=False).reset_index()
    notes = ["an arm was expected to have fewer than five customers: p is rough"] if out["expected"].min() < 5 else []
    if mode == "blocks":
        each[["statistic", "p"]] = statistic = p = float("nan")
        notes = ["the quotas were exact, so the sample ratio says nothing: compare the lists sent instead"]
    each["alarm"] = each["p"] < ALARM / len(each)
    odd = each.loc[each["alarm"], group].astype("str") if by else []
    notes += [f"{by} {name}: the split is not the one planned" for name in odd]
    return SampleRatio(float(statistic), df, float(p), bool(p < ALARM or len(odd)), out, each, tuple(notes))
