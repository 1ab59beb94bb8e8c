"""What lesson 36 reads off its reports once the reader has done it by hand: groups, claims, four questions, lotteries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.datasets import DATA
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tasks.t36.cases import DEFECTS, Case
from loyalty.text import say_euros

TRIALS = DATA.parent / "docs" / "tables" / "clinic.csv"
TESTS = 8
USUAL = 0.05


def join_window(case: Case, window: str = "main") -> pd.DataFrame:
    """Join the rows of a window to the list: one row a customer, who has no row of outcomes is left out.

    Parameters
    ----------
    case : Case
        A report of the desk.
    window : str
        "pre", "main" or "post".
    """
    return case.outcomes[case.outcomes["window"] == window].merge(case.contacts)


def compare_arms(rows: pd.DataFrame, outcome: str = "sales") -> Estimate:
    """Compare the mean of the treated with the mean of control, with its 95 % interval."""
    control = rows["arm"] == "control"
    return compare_means(rows.loc[~control, outcome], rows.loc[control, outcome])


def measure_report(case: Case) -> Estimate:
    """Measure the number that a report claims, in its own segment where it names one."""
    rows = join_window(case)
    if case.claim.segment is not None:
        rows = rows[rows["segment"] == case.claim.segment]
    return compare_arms(rows, case.claim.outcome)


def list_claims(cases: Mapping[str, Case]) -> pd.DataFrame:
    """List what reports claim, and the truth, in percent of the mean of their control group.

    Parameters
    ----------
    cases : mapping of str to Case
        Label of the row -> report.

    Returns
    -------
    DataFrame
        One row a report: `effect`, `low`, `high`, `truth`, and `sound` (True or False).
    """
    rows = {}
    for name, case in cases.items():
        found = measure_report(case)
        numbers = (found.effect, found.low, found.high, case.claimed_truth)
        rows[name] = [*(100 * number / found.base for number in numbers), case.defect is None]
    table = pd.DataFrame(rows, index=["effect", "low", "high", "truth", "sound"]).T
    return table.astype({"effect": float, "low": float, "high": float, "truth": float, "sound": bool})


def ask_four(case: Case) -> dict[str, object]:
    """Ask a report the four questions of the lesson: the count, the weeks before, coupons in control, the dates.

    Parameters
    ----------
    case : Case
        A report of the desk.

    Returns
    -------
    dict
        Question -> answer.
    """
    rows = join_window(case)
    planned = dict(pair.split("=") for pair in case.plan["planned_shares"].item().split(", "))
    counts = case.contacts["arm"].value_counts()
    expected = [float(planned[arm]) * counts.sum() for arm in counts.index]
    one_period = rows.groupby("arm")[["start", "end"]].nunique().eq(1).all(axis=None)
    return {
        "p of the count": _write_p(stats.chisquare(counts, expected).pvalue),
        "p of the weeks before": _write_p(compare_arms(join_window(case, "pre")).p),
        "coupons in control": int(rows.loc[rows["arm"] == "control", "redeemed"].sum()),
        "ends as planned": case.plan["end"].item() == case.plan["planned_end"].item(),
        "same days in both": bool(one_period and rows["start"].nunique() == 1),
    }


def _write_p(p: float) -> str:
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def say_gap(found: Estimate, unit: str = "€", decimals: int = 2) -> str:
    """Write a gap with its interval; "€" stands before the number, any other unit behind it.

    Parameters
    ----------
    found : Estimate
        The gap.
    unit : str
        "€", or a word such as "orders".
    decimals : int
        Digits after the point.
    """
    numbers = (found.effect, found.low, found.high)
    if unit == "€":
        effect, low, high = (say_euros(number, decimals) for number in numbers)
        return f"{effect} ({low} to {high})"
    effect, low, high = (f"{number:.{decimals}f}".replace("-", "−") for number in numbers)
    return f"{effect} {unit} ({low} to {high})"


def divide_gap(found: Estimate, by: float) -> Estimate:
    """Divide an effect and both ends of its interval, such as by the part of control that had no coupon.

    Parameters
    ----------
    found : Estimate
        The gap that is too small.
    by : float
        A fraction above 0; its own uncertainty is left out, so that the interval is a little too narrow.
    """
    return replace(found, effect=found.effect / by, low=found.low / by, high=found.high / by, se=found.se / by)


def draw_anew(case: Case, times: int = 400, seed: int = 36) -> np.ndarray:
    """Draw the lottery of a campaign anew, and ask eight usual tests each time; 400 lotteries take about two seconds.

    The tests: the count; sales, orders, margin and buyers in the weeks before; the mix of operators, of segments, and
    of first digits of the card.

    Parameters
    ----------
    case : Case
        A sound report: its customers are dealt again, as its control group was.
    times : int
        How many lotteries.
    seed : int
        Of the lotteries.

    Returns
    -------
    ndarray, (times, 8)
        p-values.
    """
    rng = np.random.default_rng(seed)
    quiet = join_window(case, "pre")
    quiet["digit"] = quiet["customer_id"].str[0]
    values = quiet[["sales", "orders", "margin", "responded"]].to_numpy(float)
    mixes = [pd.factorize(quiet[name])[0] for name in ("operator", "segment", "digit")]
    share = float((quiet["arm"] == "control").mean())
    found = np.empty((times, TESTS))
    for lottery in found:
        control = rng.random(len(quiet)) < share
        ours = values[~control]
        theirs = values[control]
        errors = np.sqrt(ours.var(axis=0) / len(ours) + theirs.var(axis=0) / len(theirs))
        lottery[0] = stats.binomtest(int(control.sum()), len(control), share).pvalue
        lottery[1:5] = 2 * stats.norm.sf(np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / errors)
        tables = [np.array([np.bincount(codes[side]) for side in (control, ~control)]) for codes in mixes]
        lottery[5:] = [stats.chi2_contingency(table)[1] for table in tables]
    return found


def read_trials() -> pd.DataFrame:
    """Read what `benchmarks/clinic.py` kept: one row a campaign, sound or broken, made and examined once.

    Returns
    -------
    DataFrame
        `seed`, `defect` ("sound": none), `kind` ("sound", "stated" size of the defect, "half" of it), `refused`,
        `found` (the check of its own defect rang), `naive` (how many of eight usual tests are below .05), `claimed`,
        `true`, `off` (parts of control's level), `euros` (claimed less true, of the whole campaign).
    """
    return pd.read_csv(TRIALS)


def count_found(trials: pd.DataFrame) -> pd.DataFrame:
    """Count how often each defect is found, at the size of the lesson and at half of it.

    Parameters
    ----------
    trials : DataFrame
        As `read_trials` returns it.

    Returns
    -------
    DataFrame
        One row a defect: campaigns found "at the size of this lesson" and "at half of it", with exact 95 % intervals.
    """
    broken = trials[trials["defect"] != "sound"]
    table = broken.groupby(["defect", "kind"])["found"].agg(lambda found: say_share(found)).unstack()
    names = {"stated": "found at the size of this lesson", "half": "found at half of it"}
    return table.reindex(DEFECTS)[list(names)].rename(columns=names).rename_axis(None).rename_axis(None, axis=1)


def say_share(hits: pd.Series) -> str:
    """Write how many of all, with the exact interval of the share (Clopper and Pearson)."""
    n = len(hits)
    found = int(hits.sum())
    ends = stats.binomtest(found, n).proportion_ci(0.95, method="exact")
    return f"{found} of {n} = {found / n:.0%} ({ends.low:.0%} to {ends.high:.0%})"


def measure_harm(trials: pd.DataFrame) -> pd.DataFrame:
    """Measure by how much reports of each kind are off, on average over its campaigns.

    Parameters
    ----------
    trials : DataFrame
        As `read_trials` returns it.

    Returns
    -------
    DataFrame
        One row a defect, and "sound": mean of claimed less true, with its 95 % interval: `effect`, `low`, `high`, in
        percentage points of control's level, and `euros`, the same in euros a campaign as a sentence ("–" where fewer
        than two reports speak of money).
    """
    rows = {}
    full = trials[trials["kind"] != "half"]
    for name in ("sound", *DEFECTS):
        mine = full[full["defect"] == name]
        effect, low, high = _find_mean(100 * mine["off"])
        euros = mine["euros"].dropna()
        parts = [say_euros(value, 0) for value in _find_mean(euros)] if len(euros) > 1 else []
        money = f"{parts[0]} ({parts[1]} to {parts[2]})" if parts else "–"
        rows[name] = {"effect": effect, "low": low, "high": high, "euros": money}
    return pd.DataFrame(rows).T.astype({"effect": float, "low": float, "high": float})


def _find_mean(values: pd.Series) -> tuple[float, float, float]:
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.sem())
    mean = float(values.mean())
    return mean, mean - half, mean + half
