"""The value of a plan in each segment, from one log: corrected for looking many times, the best one shrunken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from loyalty.charts import GREY, TREATED, draw_intervals, headline
from loyalty.learn.offpolicy.log import PolicyLog
from loyalty.learn.offpolicy.value import Method, PlanValue, prepare
from loyalty.stats.estimate import render_html
from loyalty.stats.multiplicity import correct_known
from loyalty.stats.shrinkage import shrink_normal
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 2  # customers of a segment


@dataclass(frozen=True, eq=False)
class PlanSegments:
    """The value of a plan by segment (or wave); made by `value_segments`.

    Attributes
    ----------
    values : mapping of str to PlanValue
    warnings : tuple of str
        Of the log as a whole, and which segments were too small.
    """

    values: Mapping[str, PlanValue]
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a segment: value, low, high, ess, n, difference with its interval, p, p_adjusted (BH), shrunken.

        `shrunken` is the difference drawn towards the mean of all segments: the best segment looks better than it is.
        """
        frame = pd.concat([one.to_frame() for one in self.values.values()], ignore_index=True)
        frame.insert(0, "segment", list(self.values))
        frame["p_adjusted"] = correct_known(frame["difference_p"], way="bh")
        frame["shrunken"] = frame["difference"]
        errors = np.array([one.difference.se for one in self.values.values()])
        sure = np.isfinite(errors) & (errors > 0)
        if sure.any():
            found = shrink_normal(frame["difference"][sure], errors[sure])
            frame.loc[sure, "shrunken"] = found.table["shrunken"].to_numpy()
        names = "segment value low high ess n customers difference difference_low difference_high difference_p"
        return frame[[*names.split(), "p_adjusted", "shrunken", "warnings"]]

    def plot(self, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw the difference of each segment with its interval; blue where it is clear after correction for many.

        `unit`, such as "€", is written before each amount and on the axis.
        """
        first = next(iter(self.values.values()))
        table = self.to_frame().set_index("segment")
        drawn = table[["difference", "difference_low", "difference_high"]].set_axis(["effect", "low", "high"], axis=1)
        drawn = drawn.assign(colour=np.where(table["p_adjusted"] < 1 - first.difference.level, TREATED, GREY))
        ax = draw_intervals(drawn.sort_values("effect", ascending=False), ax=ax, unit=unit)
        ax.set_xlabel(first.name_axis(unit))
        title = "Where the plan would have brought more"
        headline(ax, title, f"plan less {first.against}, with interval (blue: clear after correction)", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.to_frame().drop(columns="warnings"), "value of the plan by segment", self.warnings)


@check_arguments
def value_segments(
    log: PolicyLog,
    plan: Any,
    *,
    by: Literal["segment", "wave"] = "segment",
    method: Method = "dr",
    against: Any = None,
    clip: float = 10.0,
    folds: int = 5,
    model: Any = None,
    history: Any = None,
    untried: Literal["refuse", "leave_out"] = "refuse",
    seed: int = 0,
    level: float = 0.95,
) -> PlanSegments:
    """Value a plan in each segment of a log, or in each wave. The outcome model is fitted once, on the whole log.

    Not for segments that were cut after a look at the outcome.

    Parameters
    ----------
    log, plan, method, against, clip, folds, model, history, untried, seed, level
        As for `value_plan`.
    by : {"segment", "wave"}

    Returns
    -------
    PlanSegments

    Raises
    ------
    TableError
        As for `value_plan`.

    Examples
    --------
    >>> from loyalty.learn.offpolicy.log import open_log
    >>> table = pd.DataFrame({"customer_id": range(8), "arm": ["mail", "control"] * 4, "propensity": 0.5})
    >>> table = table.assign(segment=["old"] * 4 + ["young"] * 4, profit=[3.0, 1.0, 4.0, 0.0, 2.0, 2.0, 3.0, 1.0])
    >>> value_segments(open_log(table), "mail", method="snips").to_frame()["value"].tolist()
    [3.5, 2.5]
    """
    judge = prepare(
        log,
        [plan] if against is None else [plan, against],
        method=method,
        clip=clip,
        folds=folds,
        model=model,
        history=history,
        untried=untried,
        seed=seed,
    )
    codes, names = pd.factorize(judge.log.rows[by], sort=True)
    values = {}
    small = []
    for code, name in enumerate(names):
        here = codes == code
        if len(np.unique(judge.log.customer[here])) < FEWEST:
            small.append(str(name))
            continue
        values[str(name)] = judge.value(0, here, method, clip, level, other=None if against is None else 1)
    if not values:
        raise TableError([f"no {by} has {FEWEST} customers"], "the log")
    notes = [f"too few customers to judge: {', '.join(small)}"] if small else []
    return PlanSegments(values, (*judge.warnings, *notes))
