"""Sample ratio mismatch: whether the counts of customers in each arm fit the planned shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.design.assignment import Assignment, find_wrong_shares
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable, as_frame
from loyalty.tables.wave.arms import fold_arm

# One rule for the package, the clinic and the reports
ALARM = 0.001  # a p-value below this says that the split is not the one planned
LOOK = 0.01  # below this it is worth a look, and no reason to refuse: one sound campaign in a hundred gets here
VERDICTS = {
    "alarm": "the split is not the one planned: do not read the lift",
    "look": "the split is a little off: ask how the lists were made; the lift may be read",
    "fine": "the split fits the plan",
}


@dataclass(frozen=True)
class SampleRatio:
    """The test for a sample ratio mismatch; made by `check_sample_ratio`.

    Attributes
    ----------
    statistic, df, p : float
        Pearson's chi-squared test of the counts against the planned shares.
    level : {"fine", "look", "alarm"}
        "alarm" where p is below .001, overall or, shared among them, in one of the groups; "look" where it is below
        .01; and "fine". A look never refuses a result.
    table, groups : pandas.DataFrame
        One row an arm; one row a stratum or day.
    warnings : tuple of str
        What does not fit, and where the test says nothing.
    """

    statistic: float
    df: int
    p: float
    level: str
    table: pd.DataFrame = field(repr=False, compare=False)
    groups: pd.DataFrame = field(repr=False, compare=False)
    warnings: tuple[str, ...]

    @property
    def alarm(self) -> bool:
        """Whether the split is not the one planned, so that no other result may be read."""
        return self.level == "alarm"

    def to_frame(self) -> pd.DataFrame:
        """One row an arm: customers, planned and found share, expected customers."""
        return self.table.copy()

    def sentence(self) -> str:
        """What the test says, in one sentence, always with p."""
        if pd.isna(self.p):
            why = self.warnings[0]
            return f"{why[0].upper()}{why[1:]}."
        return f"Sample ratio: χ² = {self.statistic:.2f}, p = {self.p:.3g}; {VERDICTS[self.level]}."

    def _repr_html_(self) -> str:
        return render_html(self.table, self.sentence(), self.warnings)


@check_arguments
def check_sample_ratio(
    contacts: AnyTable | Mapping[str, int],
    shares: Mapping[str, float] | None = None,
    *,
    by: str | None = None,
    mode: str | None = None,
) -> SampleRatio:
    """Test for a sample ratio mismatch (SRM): whether the number of customers in each arm fits the planned shares.

    If it does not, no other result may be read. The test sees only counts: two mistakes that cancel out pass. It says
    nothing where quotas were exact (`mode="blocks"`).

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
    if shares is None:
        mend = "give the planned share of each arm, such as {'control': 0.1, 'mail': 0.9}"
        raise TableError([f"without a planned share there is nothing to compare with: {mend}"], "sample ratio")
    table = _read_counts(contacts)
    wrong = find_wrong_shares(shares or {})
    shares = dict(shares) if isinstance(shares, Mapping) else {}
    table, notes = _read_arms(table, shares)
    wrong += _find_wrong_counts(table, shares, by)
    table = table.assign(n=pd.to_numeric(table["n"], errors="coerce"))
    if not ((table["n"] >= 0).all() and table["n"].sum() > 0):
        wrong.append("the counts should be positive")
    if by in table and (lost := int(table[by].isna().sum())):
        wrong.append(f"`{by}` is empty for {lost:,} of {len(table):,} customers")
    if wrong:
        raise TableError(wrong, "sample ratio")
    counts = _count_arms(table, list(shares), by)
    whole = counts.sum()
    out = pd.DataFrame({"arm": list(shares), "customers": whole.to_list(), "planned": list(shares.values())})
    out = out.assign(found=out["customers"] / whole.sum(), expected=out["planned"] * whole.sum())
    statistic, p = stats.chisquare(out["customers"], out["expected"])
    each = _test_groups(counts, out["planned"].to_numpy())
    if mode == "blocks":
        statistic = p = float("nan")
        each[["statistic", "p"]] = float("nan")
        notes.append("the quotas were exact, so the sample ratio says nothing: compare the lists sent instead")
    elif out["expected"].min() < 5:
        notes.append("an arm was expected to have fewer than five customers: p is rough")
    each["alarm"] = each["p"] < ALARM / len(each)
    unusual = bool((each["p"] < LOOK / len(each)).any())
    odd = [f"{by} {name}" for name in each.loc[each["alarm"], by].astype("str")] if by else []
    notes += [f"{name}: the split is not the one planned" for name in odd]
    level = "fine"
    if p < ALARM or odd:
        level = "alarm"
    elif p < LOOK or unusual:
        level = "look"
    return SampleRatio(float(statistic), len(shares) - 1, float(p), level, out, each, tuple(notes))


def _read_counts(contacts: AnyTable) -> pd.DataFrame:
    """Rows with an arm and n, the customers it stands for; a table has one customer a row."""
    if isinstance(contacts, Mapping):
        return pd.DataFrame({"arm": contacts.keys(), "n": contacts.values()})
    table = as_frame(contacts)
    if "control_kind" in table:
        table = table[(table["control_kind"] != "universal").fillna(True)]
    return table.assign(n=1)


def _read_arms(table: pd.DataFrame, shares: Mapping[str, float]) -> tuple[pd.DataFrame, list[str]]:
    """The table with arms as the plan spells them: capital letters and blanks make no arm of their own."""
    if "arm" not in table:
        return table, []
    planned = {fold_arm(str(arm)): str(arm) for arm in shares}
    found = [arm for arm in table["arm"].dropna().unique() if isinstance(arm, str) and arm not in shares]
    renamed = {arm: planned[fold_arm(arm)] for arm in found if fold_arm(arm) in planned}
    if not renamed:
        return table, []
    shown = ", ".join(f"{old!r} as {new!r}" for old, new in sorted(renamed.items()))
    arms = table["arm"].astype(object).replace(renamed)
    return table.assign(arm=arms), [f"capital letters and blanks make no arm of their own: {shown}"]


def _find_wrong_counts(table: pd.DataFrame, shares: Mapping[str, float], by: str | None) -> list[str]:
    """Columns that are missing, customers that repeat, arms that were not planned; one sentence a problem."""
    wrong = [f"there is no column `{name}`" for name in ("arm", by) if name and name not in table]
    repeats = int(table["customer_id"].duplicated().sum()) if "customer_id" in table else 0
    if repeats:
        wrong.append(f"{repeats:,} rows repeat a customer: one wave at a time")
    found = table["arm"].unique() if "arm" in table else []
    return wrong + [f"the arm {arm!r} was not planned" for arm in found if arm not in shares]


def _count_arms(table: pd.DataFrame, arms: list[str], by: str | None) -> pd.DataFrame:
    """Customers of each arm (columns) in each group (rows); times count by day, and without `by` all are one group."""
    cells = table[by] if by else pd.Series("all", table.index)
    if cells.dtype.kind == "M":
        cells = cells.dt.normalize()
    counts = table.groupby([cells.rename(by or "group"), "arm"])["n"].sum().unstack(fill_value=0)
    return counts.reindex(columns=arms, fill_value=0).rename_axis(columns=None)


def _test_groups(counts: pd.DataFrame, planned: np.ndarray) -> pd.DataFrame:
    """Pearson's chi-squared test within each group; one row a group."""
    wants = counts.sum(axis=1).to_numpy()[:, None] * planned
    parts = ((counts - wants) ** 2 / wants).sum(axis=1)
    p = stats.chi2.sf(parts, len(planned) - 1)
    return counts.assign(statistic=parts, p=p, alarm=False).reset_index()
