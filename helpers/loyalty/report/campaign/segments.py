"""The campaign report by segment: the effect on sales and the profit in each, where both groups have customers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import draw_intervals, headline, house_style
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.money.profit import compare_money
from loyalty.report.campaign.job import Job, say_few
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.tables.check import TableError
from loyalty.text import count_of, find_decimals, list_few

MONEY = {"profit": "profit", "low": "profit low", "high": "profit high"}
NAMED = 5  # segments that a note names


class Segments(NamedTuple):
    """The effect in each segment: the table (None without segments), words about the best one, notes, and decimals.

    `added_up` is what the profits of the segments add up to, with its interval; None where they are not of all treated.
    """

    table: pd.DataFrame | None
    words: tuple[str, ...]
    notes: tuple[str, ...]
    decimals: int = 2
    added_up: tuple[float, float, float] | None = None


def measure_segments(job: Job, arms: int, asked: dict[str, Any]) -> Segments:
    """Measure the effect and the profit of each arm in each segment; without segments say why there are none.

    Parameters
    ----------
    job : Job
    arms : int
        How many treated arms there are.
    asked : dict
        The options of `campaign_money`: costs, margin rate and windows.
    """
    by = job.values["by"] or ("segment" if "segment" in job.contacts else None)
    if by is None:
        return _explain_no_segments("the contact list has no column segment, and `by` was not set")
    known = job.contacts[job.contacts[by].notna()].assign(**{by: lambda rows: rows[by].astype("str")})
    if known[by].nunique() < 2:
        return _explain_no_segments(f"`{by}` has fewer than two values")
    lonely = _find_lonely(known, by)
    lonely_names = _name_large(lonely, known[by])
    if len(lonely) < known[by].nunique():
        known = known[~known[by].isin(lonely)]
    kept = job.outcomes[job.outcomes["customer_id"].isin(known["customer_id"])]
    try:
        table = measure_lift(known, kept, "sales", by=by, cluster=job.cluster).to_frame()
        money = compare_money(known, kept, by=by, **asked)
    except TableError as error:
        return _explain_no_segments(error.problems[0])
    keys = ["arm", "segment"] if arms > 1 else ["segment"]
    money = money.rename(columns=MONEY)[["arm", "segment", *MONEY.values()]]
    shown = show_lifts(table.merge(money, on=["arm", "segment"], how="left"), keys, tuple(MONEY.values()))
    everybody = int((job.contacts["arm"] != "control").sum())
    added_up = None if arms > 1 else add_up(shown, everybody)
    notes = [
        "Effect: on sales. Profit: a treated customer, during and after the campaign, with its interval.",
        *([] if added_up is None else [_say_added_up(job, added_up)]),
        "Shrunken: the effect moved towards the mean of all segments (only with 4 or more comparisons).",
        "p adjusted: allows for the number of comparisons (Benjamini and Hochberg).",
    ]
    if lonely:
        notes.append(f"Not compared, because a group has fewer than two customers there: {lonely_names}.")
    if missing := find_missing(known, by, table):
        why = "too few customers" if job.cluster is None else f"too few values of `{job.cluster}`"
        notes.append(f"Not compared, because a group has {why} there: {missing}.")
    notes += say_unnamed(job.contacts, by)
    ends = pd.to_numeric(shown[["low", "high"]].stack(), errors="coerce")
    best = _say_best(job, shown, keys, len(table))
    return Segments(shown, best, tuple(notes), find_decimals(ends), added_up)


def add_up(shown: pd.DataFrame, everybody: int) -> tuple[float, float, float] | None:
    """Add up the profits of all treated customers over the segments, with the 95 % interval of the sum.

    It is not the profit of all at once where luck gave treated and control other shares of the segments. None where a
    segment is hidden or could not be compared: the sum would then be of other customers.

    Parameters
    ----------
    shown : pandas.DataFrame
        One row a segment: treated, profit (of one customer), profit low, profit high.
    everybody : int
        The treated customers of the campaign.

    Examples
    --------
    >>> shown = pd.DataFrame({"treated": [100, 50], "profit": [-2.0, 1.0], "profit low": [-4.0, -3.0]})
    >>> [round(end) for end in add_up(shown.assign(**{"profit high": [0.0, 5.0]}), 150)]
    [-150, -433, 133]
    """
    numbers = shown[["treated", *MONEY.values()]].apply(pd.to_numeric, errors="coerce")
    if numbers.isna().any(axis=None) or numbers["treated"].sum() != everybody:
        return None
    treated = numbers["treated"]
    total = float(treated @ numbers["profit"])
    half = (numbers["profit high"] - numbers["profit low"]) / 2
    spread = float(np.sqrt(((treated * half) ** 2).sum()))
    return total, total - spread, total + spread


def _say_added_up(job: Job, added_up: tuple[float, float, float]) -> str:
    """Say what the segments' profits add up to, and why that is another number than the profit of all."""
    amount, low, high = (job.money(value, 0) for value in added_up)
    return (
        f"Added up over the segments the profit is {amount} (95 % interval {low} to {high}). Each customer is compared "
        "with control of the same segment; the profit above compares all with all. Both measure the same, and differ "
        "where luck gave the two groups other shares of the segments."
    )


def say_other_sign(job: Job, segments: Segments, total: float) -> tuple[str, ...]:
    """Warn, for the card, where the segments add up to a loss and all at once to a profit, or the other way round."""
    if segments.added_up is None or segments.added_up[0] * total >= 0:
        return ()
    amount, low, high = (job.money(abs(value), 0) for value in segments.added_up)
    words = [f"a {'profit' if value >= 0 else 'loss'} of" for value in segments.added_up]
    return (
        f"Careful: added up over the segments it is {words[0]} {amount}, probably between {words[1]} {low} and "
        f"{words[2]} {high}. The groups hold the segments in other shares, and the sign hangs on that.",
    )


def _find_lonely(known: pd.DataFrame, by: str) -> list[str]:
    """The segments in which control or an arm has fewer than two customers."""
    sizes = pd.crosstab(known[by], known["arm"])
    return sizes.index[(sizes < 2).any(axis=1)].tolist()


def _name_large(segments: list[str], labels: pd.Series) -> str:
    """Name segments of five customers or more, and count the smaller ones: their names may be those of persons."""
    sizes = labels.value_counts()
    large = [name for name in segments if sizes[name] >= SMALL]
    small = len(segments) - len(large)
    few = f"{count_of(small, 'segment')} of fewer than {SMALL} customers" if small else ""
    return ", ".join(filter(None, [list_few(large, NAMED) if large else "", few]))


def say_unnamed(contacts: pd.DataFrame, by: str) -> list[str]:
    """Say how many customers are in no segment; nothing if all are in one."""
    empty = int(contacts[by].isna().sum())
    return (
        [f"In no segment, because `{by}` is empty: {say_few(empty)} of {len(contacts):,} customers."] if empty else []
    )


def find_missing(known: pd.DataFrame, by: str, table: pd.DataFrame) -> str:
    """Name the segments, with their arm where there are several, of which a table of lifts has no row.

    Small segments are only counted. Empty if there is a row of each.

    Parameters
    ----------
    known : pandas.DataFrame
        The customers that were to be compared: arm and the column `by`.
    by : str
    table : pandas.DataFrame
        One row a comparison: arm, segment.
    """
    treated = known.loc[known["arm"] != "control", ["arm", by]].drop_duplicates()
    there = set(zip(table["arm"], table["segment"].astype("str"), strict=True))
    left = treated[[pair not in there for pair in zip(treated["arm"], treated[by], strict=True)]].sort_values(by)
    if treated["arm"].nunique() < 2:
        return _name_large(left[by].tolist(), known[by])
    names = left[by] + " (" + left["arm"] + ")"
    is_known = known["arm"] != "control"
    return _name_large(names.tolist(), known.loc[is_known, by] + " (" + known.loc[is_known, "arm"] + ")")


def _explain_no_segments(why: str) -> Segments:
    return Segments(None, (f"No segments: {why}.",), ())


def _say_best(job: Job, shown: pd.DataFrame, keys: list[str], cells: int) -> tuple[str, ...]:
    """Name the best segment by its shrunken effect, because the best of several `cells` is partly luck."""
    rows = shown[pd.to_numeric(shown["shrunken"], errors="coerce").notna()]
    if rows.empty or cells < 2:  # the only one is no best one
        return ()
    calm = rows["shrunken"].astype("float64")
    if len(rows) > 1 and np.allclose(calm, calm.iloc[0], rtol=1e-9, atol=1e-9):
        says = job.amounts(calm.iloc[0])[0]
        return (f"None is best: the {len(rows)} differ no more than chance would make them. Quote {says} for each.",)
    best = rows.loc[calm.idxmax()]
    raw, shrunken = (job.amounts(best[name])[0] for name in ("effect", "shrunken"))
    says = f"{raw}, too high on average" if raw == shrunken else f"quote {shrunken}, not the {raw} measured"
    return (f"Best: {', '.join(best[keys])}. The best of {cells} is partly luck: {says}.",)


def show_lifts(table: pd.DataFrame, keys: list[str], more: tuple[str, ...] = ()) -> pd.DataFrame:
    """The columns of a table of lifts that a report shows, and `more`, with small groups hidden."""
    names = {"n_treated": "treated", "n_control": "control", "p_adjusted": "p adjusted"}
    columns = [*keys, "n_treated", "n_control", "effect", "low", "high", "shrunken", "p", "p_adjusted", *more]
    shown = table[columns].rename(columns=names)
    lines = [["arm"]] if "segment" in keys and "arm" in keys else [[]]  # each arm's total is known, and control's
    return suppress_small(shown, ["treated", "control"], keys, lines=lines, shared=["control"])


def draw_segments(segments: pd.DataFrame, job: Job) -> Axes:
    """Draw the effect in each segment with its interval."""
    house_style()
    rows = segments[pd.to_numeric(segments["effect"], errors="coerce").notna()]
    names = rows["segment"].astype("str")
    if "arm" in rows:
        names = names + ", " + rows["arm"]
    shown = rows.set_index(names)[["effect", "low", "high"]].astype("float64")
    ax = draw_intervals(shown, unit=job.unit)
    headline(ax, "Is the effect the same everywhere?", "treated − control, sales per customer, with the 95 % interval")
    return ax
