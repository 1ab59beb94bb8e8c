"""What no table of a campaign can show, with the size from which it would show; and the lift of earlier days."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, stats

from loyalty.evaluate.clinic.record import Record
from loyalty.evaluate.design.sample_ratio import ALARM
from loyalty.evaluate.lift.placebo import PlaceboLift, measure_placebo_lift
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable

POWER = 0.8


@check_arguments
def find_smallest_loss(customers: int, share: float, *, power: float = POWER, level: float = ALARM) -> float:
    """Find which share of a group, lost at random after the draw, the test of the sample ratio sees.

    Not for customers who are unlike the others: those may be seen sooner, by what they bought before.

    Parameters
    ----------
    customers : int
        Drawn, in all groups together.
    share : float
        Planned share of the group that loses, between 0 and 1.
    power : float
        Chance with which the loss is to be seen.
    level : float
        At which the test alarms.

    Returns
    -------
    float
        A fraction of the group; NaN where not even the loss of all of it would be seen.

    Examples
    --------
    >>> round(find_smallest_loss(10_000, 0.2), 3), round(find_smallest_loss(10_000, 0.8), 3)
    (0.102, 0.099)

    Source: the normal approximation of the chi-squared test of the counts (Pearson 1900).
    """
    if customers < 1 or not 0 < share < 1 or not 0 < power < 1 or not 0 < level < 1:
        raise ValueError("customers should be 1 or more, and share, power and level between 0 and 1")
    wanted = float(stats.norm.isf(level / 2) + stats.norm.ppf(power))

    def fall_short(lost: float) -> float:
        left = customers * (1 - lost * share)
        found = customers * share * (1 - lost) / left
        return float((share - found) / np.sqrt(share * (1 - share) / left) - wanted)

    most = 1 - 1e-9
    return float("nan") if fall_short(most) < 0 else float(optimize.brentq(fall_short, 0.0, most))


def list_blind(record: Record) -> tuple[str, ...]:
    """Say what the tables of this campaign cannot show, each with the size from which it would show.

    Parameters
    ----------
    record : Record
    """
    control = record.contacts["is_control"]
    says = []
    planned = None if record.planned is None else record.planned.get(record.control)
    if planned is not None and 0 < planned < 1:
        losses = [find_smallest_loss(len(control), part) for part in (planned, 1 - planned)]
        sizes = [f"{loss:.1%} of {who}" for loss, who in zip(losses, ("control", "the treated"), strict=True)]
        says.append(
            "customers who were taken off the list and out of the outcomes at random, such as those who unsubscribed; "
            f"in 80 of 100 campaigns like this one the counts show it only if {' or '.join(sizes)} or more are lost"
        )
    says.append("prices or taxes that are counted in one group only, and only since the start: it looks as a lift does")
    if record.lines is None:
        says.append("receipts that were doubled or set to 0 in one group: give `receipts`, and it shows")
    return tuple(f"{text}." for text in says)


def measure_earlier(record: Record, receipts: AnyTable) -> tuple[PlaceboLift | None, str]:
    """Measure the lift of sales in days before the start; where the tables do not allow it, None and the reason.

    Parameters
    ----------
    record : Record
    receipts : table under RECEIPTS, or None
    """
    start, end = (record.plan.get(name) for name in ("start", "end"))
    if receipts is None or start is None or end is None:
        return None, "" if receipts is None else "the plan has no start and end"
    first = record.windows["pre"]["start"].min()
    before = 0 if pd.isna(first) else max((start - first).days, 0)
    names = ["customer_id", "arm", "propensity", "stratum"]
    people = record.contacts[names].assign(campaign_id="this one", wave=1)
    people = people.drop(columns=[name for name in ("propensity", "stratum") if people[name].isna().any()])
    days = {"start": start, "end": end, "before": before}
    try:
        return measure_placebo_lift(people, receipts, **days, control=record.control), ""
    except TableError as error:  # too short a past, or groups that have no lift: an examination is made all the same
        return None, error.problems[0]
