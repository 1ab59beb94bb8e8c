"""Covariate balance: whether the groups were alike before the start, one by one and in an omnibus test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.contracts import CONTACTS
from loyalty.tables.ids import find_strangers
from loyalty.tables.sample import Sample, compare_balance, read_sample
from loyalty.tables.sources import AnyTable, as_frame
from loyalty.tables.wave.arms import find_second_controls, settle_arms

TREATED_COLUMN = "treated, not control"  # a name that no covariate has


@dataclass(frozen=True)
class Balance:
    """How alike the groups were before the start; made by `check_balance`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a covariate: treated, control (means), difference (standardised mean difference, in standard
        deviations), p.
    statistic, df, p : float
        The omnibus test: the ranks of all covariates at once, so that one big spender raises no alarm.
    noise : float
        The difference that chance alone stays below 19 times in 20.
    n_treated, n_control : int
        Customers.
    warnings : tuple of str
        What differs.
    """

    table: pd.DataFrame = field(repr=False, compare=False)
    statistic: float
    df: int
    p: float
    noise: float
    n_treated: int
    n_control: int
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a covariate."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw each covariate's difference in standard deviations, and the range that chance alone makes."""
        rows = self.table.sort_values("difference", key=abs)
        ax = ax or plt.subplots(figsize=(9, 1.6 + 0.34 * len(rows)))[1]
        odd = rows["difference"].abs() > self.noise
        ax.axvspan(-self.noise, self.noise, color=GREY, alpha=0.2)
        ax.axvline(0, color=INK, linewidth=1)
        ax.scatter(rows["difference"], rows["covariate"], color=np.where(odd, HIGHLIGHT, TREATED), s=55, zorder=3)
        edge = 1.15 * max(rows["difference"].abs().max(), self.noise, 0.1)
        ax.margins(y=0.15)
        ax.set(xlim=(-edge, edge), xlabel="treated − control, in standard deviations")
        ax.grid(axis="x", visible=True)
        title = "The groups were alike before the start" if self.p >= 0.001 else "The groups differed before the start"
        headline(ax, title, f"grey: 19 of 20 differences that chance makes; all together p = {self.p:.2g}", source)
        return ax

    def _repr_html_(self) -> str:
        title = f"Balance of {self.n_treated:,} treated and {self.n_control:,} control, omnibus p = {self.p:.3g}"
        return render_html(self.table, title, self.warnings)


@check_arguments
def check_balance(
    contacts: AnyTable,
    profile: AnyTable,
    *,
    covariates: Sequence[str] | None = None,
    control: str = "control",
    arm: str | None = None,
) -> Balance:
    """Check covariate balance: compare treated and control in what was known before the start.

    Not a licence to redraw until it looks good, and no proof that the send went as drawn. Universal controls are left
    out. After a draw by blocks the groups are more alike than by chance, and the test says little.

    Parameters
    ----------
    contacts : table
        Under the contract `contacts`, one wave.
    profile : table
        One row a customer, all of it from before the start. Empty values are filled with the mean, and whether a value
        is empty is compared as a covariate of its own.
    covariates : sequence of str, optional
        Columns of the profile; all but customer_id and as_of otherwise.
    control : str
        Name of the control arm.
    arm : str, optional
        The treated arm; all of them together otherwise.

    Returns
    -------
    Balance
        Warns if the omnibus p is below .001, or a difference is both above .1 and beyond chance.

    Raises
    ------
    TableError
        With all problems: an arm empty, customers without a profile, customers in two arms.

    Examples
    --------
    >>> contacts = pd.DataFrame({"campaign_id": "a", "wave": 1, "customer_id": range(200)})
    >>> contacts["arm"] = ["control", "x"] * 100
    >>> profile = pd.DataFrame({"customer_id": range(200), "frequency": np.arange(200) % 7})
    >>> check_balance(contacts, profile).warnings
    ()

    Source: Hansen and Bowers (2008), Statistical Science 23, 219-236 (omnibus test).
    """
    table, notes = _read_contacts(contacts, control, arm)
    people = as_frame(profile)
    names = [c for c in people if c not in ("customer_id", "as_of")] if covariates is None else list(covariates)
    known = pd.Index(people.get("customer_id", pd.Series()).drop_duplicates().astype(object))
    rows = known.get_indexer(table["customer_id"].astype(object))
    is_control = (table["arm"] == control).to_numpy()
    wrong = [f"there is no column `{name}` in the profile" for name in ["customer_id", *names] if name not in people]
    wrong = list(dict.fromkeys(wrong)) + _find_repeats(table, people)
    if not names:
        wrong.append("no covariate is named")
    if is_control.sum() < 2:
        wrong.append(f"fewer than two customers are in the arm {control!r}")
    if (~is_control).sum() < 2:
        wrong.append("fewer than two customers are treated")
    strangers = find_strangers(table["customer_id"], known, "the contacts", "the profile")
    wrong += strangers
    if (lacking := int((rows < 0).sum())) and not strangers:
        wrong.append(f"{lacking:,} of {len(table):,} customers have no row in the profile")
    if wrong:
        raise TableError(wrong, "balance")
    joined = _fill_gaps(people[names].iloc[rows].reset_index(drop=True))
    sample = read_sample(joined.assign(**{TREATED_COLUMN: ~is_control}), treated=TREATED_COLUMN, covariates=[*joined])
    statistic, df, p = _test_ranks(sample)
    n, m = sample.groups.values()
    error = np.sqrt(1 / n + 1 / m)
    difference = compare_balance(sample, np.ones(n + m))["before"]
    out = pd.DataFrame(
        {
            "covariate": sample.covariates.columns,
            "treated": sample.covariates[sample.treated].mean().to_numpy(),
            "control": sample.covariates[~sample.treated].mean().to_numpy(),
        }
    )
    out = out.assign(difference=difference, p=2 * stats.norm.sf(difference.abs() / error))
    if p < 0.001:
        notes.append(f"the groups differ in what was known before the start: omnibus p = {p:.2g}")
    odd = out[(out["difference"].abs() > 0.1) & (out["p"] < 0.05 / len(out))]
    notes += [f"`{row.covariate}` differs by {row.difference:.2f} standard deviations" for row in odd.itertuples()]
    return Balance(out, statistic, df, p, 1.96 * error, n, m, tuple(notes))


def _read_contacts(contacts: AnyTable, control: str, arm: str | None) -> tuple[pd.DataFrame, list[str]]:
    """Customer and arm, without the universal control; of one treated arm if it is named. Also what was read anew."""
    table = as_frame(getattr(contacts, "contacts", contacts))
    if "control_kind" in table:
        table = read_checked(table, CONTACTS, ["customer_id", "arm", "control_kind"])
        table = table[table["control_kind"] != "universal"]
    else:
        table = read_checked(table, CONTACTS, ["customer_id", "arm"])
    spelling = settle_arms(table["arm"].value_counts().to_dict(), control)
    table = table.assign(arm=table["arm"].map(spelling.rename))
    if wrong := find_second_controls(table["arm"].unique(), control):
        raise TableError(wrong, "contacts")
    table = table if arm is None else table[table["arm"].isin([control, arm])]
    return table, list(spelling.warnings)


def _find_repeats(table: pd.DataFrame, people: pd.DataFrame) -> list[str]:
    wrong = []
    for name, frame in (("the contacts", table), ("the profile", people)):
        repeats = int(frame["customer_id"].duplicated().sum()) if "customer_id" in frame else 0
        if repeats:
            wrong.append(f"{repeats:,} rows of {name} repeat a customer: one wave, one date at a time")
    return wrong


def _fill_gaps(joined: pd.DataFrame) -> pd.DataFrame:
    """Fill empty values with the mean or "none", and add a column that tells where one was empty."""
    gone = joined.isna()
    # Columns that are empty for the same customers say it once
    again = pd.Series([gone[name].to_numpy().tobytes() for name in gone]).duplicated().to_numpy()
    marks = gone.loc[:, gone.any().to_numpy() & ~again]
    for name in gone.columns[gone.any()]:
        values = joined[name]
        if pd.api.types.is_numeric_dtype(values):
            joined[name] = values.astype(float).fillna(values.mean())
        else:
            joined[name] = values.astype(object).fillna("none")
    return joined.assign(**marks.add_suffix(" is empty").astype(float))


def _test_ranks(sample: Sample) -> tuple[float, int, float]:
    """The omnibus test of Hansen and Bowers on the covariates' ranks: chi-squared, degrees of freedom, p-value."""
    ranks = sample.covariates.rank().assign(**{TREATED_COLUMN: sample.treated})
    design = read_sample(ranks, treated=TREATED_COLUMN, covariates=list(sample.covariates)).design[:, 1:]
    n, m = sample.groups.values()
    gaps = design[sample.treated].mean(axis=0) - design[~sample.treated].mean(axis=0)
    if not len(gaps):
        return 0.0, 0, 1.0
    spread = np.atleast_2d(np.cov(design.T)) * np.sqrt(1 / n + 1 / m) ** 2
    statistic = float(gaps @ np.linalg.solve(spread, gaps))
    return statistic, len(gaps), float(stats.chi2.sf(statistic, len(gaps)))
