"""What earlier waves say of the next one: the lift of each segment, over all waves that kept a control group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lifts, gather_lifts, name_lift
from loyalty.stats.estimate import make_estimate
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import HISTORY
from loyalty.tables.sources import collect


@check_arguments
def learn_lifts(history: Any, *, offer: str | None = None) -> pd.Series:
    """Learn from earlier waves by how much a campaign raises the part that buys, segment by segment.

    All treated groups of a wave count as one, against its one control; waves are pooled by their precision. Not for
    waves without a control group, which say nothing about it, and without `offer` not for choosing among offers: it
    mixes them.

    Parameters
    ----------
    history : table under HISTORY
        With `responded`; the segment is the one of the day of the wave, "all" where there is none.
    offer : str, optional
        Only what was sent under this name, as `offer_id` or, where no offer is named, as the arm; all offers if left
        out.

    Returns
    -------
    pandas.Series
        By segment: relative change, a fraction, shrunken towards all segments where there are four or more.

    Raises
    ------
    TableError
        No wave has both a control group and `responded`, or none of the offer.

    Examples
    --------
    >>> wave = pd.DataFrame({"customer_id": range(400), "arm": ["mail", "control"] * 200, "campaign_id": "may"})
    >>> wave = wave.assign(wave=1, window="main", responded=[1, 1, 1, 0] * 100)
    >>> float(learn_lifts(wave)["all"])
    1.0
    """
    rows = collect(check_table(history, HISTORY))
    rows = rows[(rows["window"] == "main") & rows["responded"].notna()] if "responded" in rows else rows.head(0)
    if "control_kind" in rows:
        rows = rows[rows["control_kind"].fillna("none") != "universal"]
    if offer is not None:
        rows = _keep_offer(rows, offer)
    rows = rows.assign(segment=rows["segment"].fillna("not known") if "segment" in rows else "all")
    rows["arm"] = np.where(rows["arm"] == "control", "control", "treated")
    found = []
    for _, wave in rows.groupby(["campaign_id", "wave"]):
        if wave["arm"].value_counts().reindex(["control", "treated"], fill_value=0).min() > 1:
            lifts = measure_lift(wave.drop(columns="propensity", errors="ignore"), outcome="responded", by="segment")
            measured = lifts.results if isinstance(lifts, Lifts) else (lifts,)
            found += [lift for lift in measured if lift.se > 0 and lift.base > 0]
    if not found:
        raise TableError(["no wave has both a control group and `responded`: nothing is learned from it"], "history")
    pooled = []
    for segment in sorted({lift.segment for lift in found}):
        own = [lift for lift in found if lift.segment == segment]
        weight = np.array([1 / lift.se**2 for lift in own])
        effect, base = (np.average([getattr(x, n) for x in own], weights=weight) for n in ("effect", "base"))
        counts = {name: sum(getattr(lift, name) for lift in own) for name in ("n_treated", "n_control")}
        estimate = make_estimate(effect, weight.sum() ** -0.5, base=base, method="pooled", estimand="ITT", **counts)
        pooled.append(name_lift(estimate, outcome="responded", segment=segment))
    table = gather_lifts(pooled).to_frame()
    return pd.Series(table["shrunken"].to_numpy() / [x.base for x in pooled], [x.segment for x in pooled])


def _keep_offer(rows: pd.DataFrame, offer: str) -> pd.DataFrame:
    """Keep control, and those who were sent one offer."""
    named = rows["arm"]
    if "offer_id" in rows:
        named = rows["offer_id"].where(rows["offer_id"].notna(), rows["arm"])
    return rows[(rows["arm"] == "control") | (named.astype("str") == offer)]
