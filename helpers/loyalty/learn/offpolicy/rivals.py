"""Several plans judged on one log, each held against one of them: paired, because the same rows judge both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from loyalty.charts import GREY, TREATED, draw_intervals, headline, mark_truths
from loyalty.learn.offpolicy.log import PolicyLog
from loyalty.learn.offpolicy.value import OWN, Method, PlanValue, prepare
from loyalty.stats.estimate import render_html
from loyalty.stats.multiplicity import correct_known
from loyalty.tables.arguments import check_arguments
from loyalty.text import say_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class PlanRivals:
    """Several plans on one log; made by `compare_plans`.

    Attributes
    ----------
    values : mapping of str to PlanValue
        In the order given; `difference` of each is against `base`.
    base : str
    warnings : tuple of str
    """

    values: Mapping[str, PlanValue]
    base: str
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a plan: value, low, high, ess, difference to the base with its interval, p, p_adjusted (Holm)."""
        frame = pd.concat([one.to_frame() for one in self.values.values()], ignore_index=True)
        frame.insert(0, "plan", list(self.values))
        others = frame["difference_p"].where(frame["plan"] != self.base)  # the base is compared with nothing
        frame["p_adjusted"] = correct_known(others, way="holm")
        names = "plan value low high ess matched difference difference_low difference_high difference_p p_adjusted"
        return frame[[*names.split(), "warnings"]]

    def plot(
        self,
        *,
        ax: Axes | None = None,
        truth: Mapping[str, float] | None = None,
        unit: str = "",
        source: str = "",
    ) -> Axes:
        """Draw the value of each plan with its interval, and its difference from the base in words at the right.

        Blue where the difference is clear after correction for many.
        `truth` is given by plan, where it is known; `unit`, such as "€", is written before each amount and on the axis.
        """
        table = self.to_frame().set_index("plan")
        drawn = table[["value", "low", "high"]].set_axis(["effect", "low", "high"], axis=1)
        first = next(iter(self.values.values()))
        drawn["colour"] = np.where(table["p_adjusted"] < 1 - first.difference.level, TREATED, GREY)
        ax = draw_intervals(drawn, ax=ax, unit=unit)
        if truth is not None:
            mark_truths(ax, [truth[name] for name in drawn.index])
        known = [*drawn[["effect", "low", "high"]].to_numpy().ravel(), *(truth or {}).values()]
        low, high = np.nanmin(known), np.nanmax(known)
        edge = 0.25 * (high - low) or 1.0
        ax.set_xlim(low - edge, high + 3 * edge)  # values far from zero: what matters is how they differ
        for place, (name, one) in enumerate(self.values.items()):
            said = f"compared with {self.base}" if name != self.base else ""
            if said and np.isfinite(one.difference.low):
                gap, *ends = (
                    say_money(x, unit, 2) for x in (one.difference.effect, one.difference.low, one.difference.high)
                )
                said = f"less {self.base}: {gap}\n({ends[0]} to {ends[1]})"
            edge_of = ax.get_yaxis_transform()
            ax.text(0.995, place, said, transform=edge_of, ha="right", va="center", fontsize=9.5, parse_math=False)
        ax.set_xlabel(first.name_axis(unit))
        title = f"What each plan would have brought (blue: differs from {self.base})"
        headline(ax, title, "value of one wave, with interval", source)
        return ax

    def _repr_html_(self) -> str:
        title = f"value of each plan; differences against {self.base}, paired"
        return render_html(self.to_frame().drop(columns="warnings"), title, self.warnings)


@check_arguments
def compare_plans(
    log: PolicyLog,
    plans: Mapping[str, Any],
    *,
    base: str | None = None,
    method: Method = "dr",
    clip: float = 10.0,
    folds: int = 5,
    model: Any = None,
    history: Any = None,
    untried: Literal["refuse", "leave_out"] = "refuse",
    seed: int = 0,
    level: float = 0.95,
) -> PlanRivals:
    """Compare plans on one log. Their differences are paired: both are judged by the same rows.

    Not for picking the best of many plans and keeping its interval: the best of many looks too good. Rows that one of
    the plans may not be judged on are left out for all (`untried="leave_out"`).

    Parameters
    ----------
    log : PolicyLog
    plans : mapping of str to plan
        See `value_plan`.
    base : str, optional
        The plan that the others are held against; the plan that ran if left out.
    method, clip, folds, model, history, untried, seed, level
        As for `value_plan`.

    Returns
    -------
    PlanRivals

    Raises
    ------
    TableError
        As for `value_plan`.

    Examples
    --------
    >>> from loyalty.learn.offpolicy.log import open_log
    >>> table = pd.DataFrame({"customer_id": range(8), "arm": ["mail", "control"] * 4, "propensity": 0.5})
    >>> log = open_log(table.assign(profit=[3.0, 1.0, 4.0, 0.0, 2.0, 2.0, 3.0, 1.0]))
    >>> found = compare_plans(log, {"all": "mail", "nobody": "control"}, base="nobody", method="snips")
    >>> found.to_frame()[["plan", "value", "difference"]].values.tolist()
    [['all', 3.0, 2.0], ['nobody', 1.0, 0.0]]
    """
    wrong = []
    if not plans:
        wrong.append("there should be at least one plan")
    if base is not None and base not in plans:
        wrong.append(f"base should be one of the plans, found {base!r}")
    judge = prepare(
        log,
        list(plans.values()),
        method=method,
        clip=clip,
        folds=folds,
        model=model,
        history=history,
        untried=untried,
        seed=seed,
        wrong=wrong,
    )
    here = np.ones(len(judge.log), bool)
    other = None if base is None else list(plans).index(base)
    values = {name: judge.value(place, here, method, clip, level, other) for place, name in enumerate(plans)}
    notes = list(judge.warnings)
    for name, one in values.items():
        notes += [f"{name}: {text}" for text in one.warnings if text not in judge.warnings]
    return PlanRivals(values, OWN if base is None else base, tuple(dict.fromkeys(notes)))
