"""Did the lottery give both groups the same kind of customer? What was known before the start answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.stats.estimate import render_html
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.contracts import CONTACTS
from loyalty.tables.sample import compare_balance, read_sample
from loyalty.tables.sources import as_frame


@dataclass(frozen=True)
class Balance:
    """How alike the groups were before the start; made by `check_balance`.

    `table` has one row a covariate: treated, control (means), difference (in standard deviations), p. `p` is that of
    the omnibus test: the ranks of all covariates at once, so that one big spender raises no alarm. `noise` is the
    difference that chance alone stays below 19 times in 20.
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


def check_balance(
    contacts: Any,
    profile: Any,
    *,
    covariates: Sequence[str] | None = None,
    control: str = "control",
    arm: str | None = None,
) -> Balance:
    """Compare treated and control in what was known before the start, one by one and all together.

    Not a licence to redraw until it looks good, and no proof that the send went as drawn. Universal controls are left
    out. After blocks the groups are more alike than chance, and the test says little.

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
    table = as_frame(getattr(contacts, "contacts", contacts))
    people = as_frame(profile)
    kinds = [name for name in ("control_kind",) if name in table]
    table = read_checked(table, CONTACTS, ["customer_id", "arm", *kinds])
    table = table[table["control_kind"] != "universal"] if kinds else table
    table = table[table["arm"].isin([control, arm])] if arm is not None else table
    names = [c for c in people if c not in ("customer_id", "as_of")] if covariates is None else list(covariates)
    known = pd.Index(people.get("customer_id", pd.Series()).drop_duplicates().astype(object))
    rows = known.get_indexer(table["customer_id"].astype(object))
    left = table["arm"] == control
    lacking = rows < 0
    frames = {"the contacts": table, "the profile": people}
    repeats = {k: int(v["customer_id"].duplicated().sum()) for k, v in frames.items() if "customer_id" in v}
    checks = {f"there is no column `{name}` in the profile": name not in people for name in ["customer_id", *names]}
    checks |= {f"{n:,} rows of {k} repeat a customer: one wave, one date at a time": n > 0 for k, n in repeats.items()}
    checks |= {
        "no covariate is named": not names,
        f"fewer than two customers are in the arm {control!r}": left.sum() < 2,
        "fewer than two customers are treated": (~left).sum() < 2,
        f"{lacking.sum():,} of {len(table):,} customers have no row in the profile": lacking.any(),
    }
    if wrong := [text for text, bad in checks.items() if bad]:
        raise TableError(wrong, "balance")
    joined = people[names].iloc[rows].reset_index(drop=True)
    gone = joined[names].isna()
    # Columns that are empty for the same customers say it once
    again = pd.Series([gone[name].to_numpy().tobytes() for name in gone]).duplicated().to_numpy()
    odd = gone.loc[:, gone.any().to_numpy() & ~again]
    for name in gone.columns[gone.any()]:
        values = joined[name]
        number = pd.api.types.is_numeric_dtype(values)
        joined[name] = values.astype(float).fillna(values.mean()) if number else values.astype(object).fillna("none")
    joined = joined.assign(**odd.add_suffix(" is empty").astype(float))
    names += list(odd.columns + " is empty")
    who = "treated, not control"  # a name that no covariate has
    sample = read_sample(joined.assign(**{who: ~left.to_numpy()}), treated=who, covariates=names)
    ranks = sample.covariates.rank().assign(**{who: sample.treated})
    design = read_sample(ranks, treated=who, covariates=list(sample.covariates)).design[:, 1:]
    n, m = sample.groups.values()
    t = sample.treated
    gaps = design[t].mean(axis=0) - design[~t].mean(axis=0)
    error = np.sqrt(1 / n + 1 / m)
    spread = np.atleast_2d(np.cov(design.T)) * error**2
    statistic = float(gaps @ np.linalg.solve(spread, gaps)) if len(gaps) else 0.0
    p = float(stats.chi2.sf(statistic, len(gaps))) if len(gaps) else 1.0
    means = [sample.covariates[rows].mean().to_numpy() for rows in (t, ~t)]
    difference = compare_balance(sample, np.ones(n + m))["before"]
    out = pd.DataFrame({"covariate": sample.covariates.columns, "treated": means[0], "control": means[1]})
    out = out.assign(difference=difference, p=2 * stats.norm.sf(difference.abs() / error))
    notes = [f"the groups differ in what was known before the start: omnibus p = {p:.2g}"] if p < 0.001 else []
    odd = out[(out["difference"].abs() > 0.1) & (out["p"] < 0.05 / len(out))]
    notes += [f"`{row.covariate}` differs by {row.difference:.2f} standard deviations" for row in odd.itertuples()]
    return Balance(out, statistic, len(gaps), p, 1.96 * error, n, m, tuple(notes))
