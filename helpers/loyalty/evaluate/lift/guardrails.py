"""Several outcomes of one campaign: one that decides, guardrails that must hold (non-inferiority), others with Holm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats as _scipy

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.evaluate.lift.aggregates import Metric
from loyalty.evaluate.lift.measure import KINDS, measure_lifts
from loyalty.evaluate.lift.rate_limit import score_rates
from loyalty.evaluate.lift.result import Lift
from loyalty.stats.estimate import render_html
from loyalty.stats.multiplicity import correct_known
from loyalty.stats.result_card import choose_decimals
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import count_of

WHO = "the outcomes"  # the table that a message speaks of
PRIMARY = "primary"
GUARDRAIL = "guardrail"
SECONDARY = "secondary"
SHOWN = "better"
WORSE = "worse"
OPEN = "open"
KEPT = "holds"
BROKEN = "broken"
UNSHOWN = "not shown"
GO = "go"
STOP = "stop"
BETTER = ("higher", "lower")
PLAIN_RATE = "difference of rates (Newcombe)"
UNMEASURED = dict.fromkeys(("effect", "low", "high", "p"), math.nan) | {"n_treated": 0, "n_control": 0}


@dataclass(frozen=True)
class GuardedLift:
    """Several outcomes of one campaign, each in its role; made by `measure_with_guardrails`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an arm and outcome: arm, role, outcome, effect, low, high, limit (of a guardrail: the furthest change
        that is tolerated), p, p_adjusted, verdict, n_treated, n_control. An outcome that could not be compared in one
        of several arms stands there without numbers, as "open" or "not shown".
    results : tuple of Lift
        In the order of the table, without those rows.
    level : float
        Coverage of each interval, a fraction.
    better : {"higher", "lower"}
        Which change of the primary metric is good.
    warnings : tuple of str
    """

    table: pd.DataFrame
    results: tuple[Lift, ...]
    level: float = 0.95
    better: str = "higher"
    warnings: tuple[str, ...] = ()

    @property
    def arms(self) -> tuple[str, ...]:
        """The treated groups."""
        return tuple(dict.fromkeys(self.table["arm"]))

    def decide(self, arm: str | None = None) -> str:
        """Say "go", "stop" or "open" for a treated group; without a name, for the only one.

        "go": the primary metric became better, and every guardrail holds. "stop": it became worse, or a guardrail is
        broken. Else "open".
        """
        if arm is None and len(self.arms) > 1:
            raise ValueError(f"there are several groups: name one of {', '.join(self.arms)}")
        arm = self.arms[0] if arm is None else arm
        if arm not in self.arms:
            raise ValueError(f"there is no group {arm!r}; there are {', '.join(self.arms)}")
        verdicts = self.table[(self.table["arm"] == arm) & (self.table["role"] != SECONDARY)]["verdict"]
        if verdicts.isin([WORSE, BROKEN]).any():
            return STOP
        return GO if verdicts.isin([SHOWN, KEPT]).all() else OPEN

    def sentence(self, arm: str | None = None) -> str:
        """What to do with a treated group, and why; without a name, with the only one."""
        decision = self.decide(arm)
        rows = self.table[self.table["arm"] == (arm or self.arms[0])]
        primary = rows[rows["role"] == PRIMARY].iloc[0]
        guards = rows[rows["role"] == GUARDRAIL]
        said = {
            SHOWN: f"`{primary['outcome']}` became better",
            WORSE: f"`{primary['outcome']}` became worse",
            OPEN: f"it is open whether `{primary['outcome']}` changed",
        }[primary["verdict"]]
        parts = [said]
        for verdict, words in ((BROKEN, "broken"), (UNSHOWN, "not shown to hold")):
            names = [f"`{name}`" for name in guards.loc[guards["verdict"] == verdict, "outcome"]]
            if len(names) == 1:
                parts.append(f"the guardrail {names[0]} is {words}")
            elif names:
                parts.append(f"the guardrails {', '.join(names)} are {words}")
        if len(guards) and (guards["verdict"] == KEPT).all():
            said = "every guardrail holds" if len(guards) > 1 else "the guardrail holds"
            parts.append(f"{said} ({', '.join(_say_limit(row) for row in guards.to_dict('records'))})")
        start = {GO: "Go on with it", STOP: "Stop it", OPEN: "Do not decide yet"}[decision]
        return f"{start}: {'; '.join(parts)}."

    def to_frame(self) -> pd.DataFrame:
        """One row an arm and outcome."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw each interval in its own unit, with the limit of each guardrail as an upright line."""
        ax = ax or plt.subplots(figsize=(9, 0.6 * len(self.table) + 1.6))[1]
        shown = self.table[self.table["low"].notna()].iloc[::-1]
        colours = {SHOWN: TREATED, KEPT: TREATED, WORSE: HIGHLIGHT, BROKEN: HIGHLIGHT}
        for place, row in enumerate(shown.to_dict("records")):
            unit = (row["high"] - row["low"]) / 2
            colour = colours.get(row["verdict"], GREY)
            ax.plot([row["low"] / unit, row["high"] / unit], [place, place], color=colour, linewidth=2.5)
            ax.plot(row["effect"] / unit, place, "o", color=colour)
            if not math.isnan(row["limit"]):
                ax.plot([row["limit"] / unit] * 2, [place - 0.3, place + 0.3], color=INK, linewidth=1.5)
            ax.annotate(
                _say_numbers(row), (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9, color=INK
            )
        ax.axvline(0, color=INK, linewidth=0.8, linestyle=":")
        labels = [f"{row['outcome']} ({row['role']}): {row['verdict']}" for _, row in shown.iterrows()]
        if len(self.arms) > 1:
            labels = [f"{arm}, {label}" for arm, label in zip(shown["arm"], labels, strict=True)]
        ax.set_yticks(range(len(shown)), labels)
        ax.set_ylim(-0.6, len(shown) - 0.4)
        ax.set_xticks([0], ["no change"])
        ax.grid(visible=False)
        title = self._title() if len(self.arms) == 1 else "Each group with its guardrails"
        headline(ax, title, "each row in its own unit; upright lines are limits; grey is not shown", source)
        return ax

    def _title(self) -> str:
        """What the only group's figure shows, in one line."""
        decision = self.decide()
        guards = self.table[self.table["role"] == GUARDRAIL]["verdict"]
        if decision == GO:
            return "Better, and every guardrail holds"
        if decision == STOP:
            broken = int((guards == BROKEN).sum())
            return (
                f"Stop: {broken} of {count_of(len(guards), 'guardrail')} broken" if broken else "Stop: it became worse"
            )
        unshown = int((guards == UNSHOWN).sum())
        if unshown:
            return f"Not yet: {unshown} of {count_of(len(guards), 'guardrail')} not shown to hold"
        return "Not yet: the primary metric is open"

    def _repr_html_(self) -> str:
        title = (
            self.sentence() if len(self.arms) == 1 else " ".join(f"{arm}: {self.sentence(arm)}" for arm in self.arms)
        )
        return render_html(self.table, title, self.warnings)


def _say_limit(row: Mapping[str, Any]) -> str:
    """What a guardrail forbids; in words, because a limit with the wrong sign looks much like the right one."""
    return f"`{row['outcome']}` may {'fall' if row['limit'] < 0 else 'rise'} by {abs(row['limit']):,.6g} at most"


def _say_numbers(row: Mapping[str, Any]) -> str:
    """The numbers of a row, beside its interval."""
    decimals = choose_decimals(row["low"], row["high"])
    effect, low, high, limit = (f"{row[name]:,.{decimals}f}" for name in ("effect", "low", "high", "limit"))
    said = f"{effect} ({low} to {high})"
    if not math.isnan(row["limit"]):
        said += f", limit {limit}"
    return said.replace("-", "−")


@check_arguments
def measure_with_guardrails(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    *,
    primary: str | tuple[str, str],
    guardrails: Mapping[str | tuple[str, str], float],
    secondary: Sequence[str | tuple[str, str]] = (),
    better: str = "higher",
    control: str = "control",
    window: str = "main",
    level: float = 0.95,
    kinds: Mapping[str, str] | None = None,
) -> GuardedLift:
    """Measure one outcome that decides, guardrails that must not be hurt, and others that are only looked at.

    The primary metric is not corrected for the others: it was named before the start. Of several treated groups its
    p-values are corrected by Holm. A guardrail asks another question than a lift (non-inferiority): is the change
    surely not worse than a limit? "No significant fall" does not answer it, because a small test never finds one. All
    guardrails must hold, so each is judged at the full level (intersection-union test). Secondary outcomes are
    corrected by Holm among themselves.

    Not where the outcome that decides, or a limit, was chosen after the result was seen; and not for the campaign's
    profit, which has costs as well (`loyalty.evaluate.money.campaign_money`).

    Parameters
    ----------
    contacts, outcomes, control, window, level, kinds
        As in `measure_lifts`.
    primary : str or (str, str)
        The outcome that decides; a pair is a ratio of sums, such as ("sales", "orders").
    guardrails : mapping of str or (str, str) to float
        Each outcome with the furthest change per customer that is tolerated, in its own unit. Below zero for what must
        not fall ({"orders": -0.02}), above zero for what must not rise ({"returned": 0.01}). As many customers are
        needed as to detect a change of that size (`loyalty.evaluate.design.find_size`).
    secondary : sequence of str or (str, str)
    better : {"higher", "lower"}
        Which change of the primary metric is good.

    Returns
    -------
    GuardedLift
        Verdicts of a guardrail: "holds" where the interval lies wholly on the good side of the limit, "broken" where it
        lies wholly beyond it, else "not shown". At 95 % a campaign that hurts exactly by the limit is called "holds" in
        2.5 of 100; of several groups, each one is. For a rate, a score test that allows for rare events has to agree.

    Raises
    ------
    TableError
        With all problems of the tables.
    ValueError
        A limit that is zero or no number, an outcome with two roles, or a kind of an outcome that has no role.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 2_000, "orders": rng.poisson(2, 4_000)})
    >>> table["sales"] = rng.gamma(2, 10, 4_000) + 3 * (table["arm"] == "mail")
    >>> found = measure_with_guardrails(table, primary="sales", guardrails={"orders": -0.2})
    >>> print(found.sentence())
    Go on with it: `sales` became better; the guardrail holds (`orders` may fall by 0.2 at most).

    Source: non-inferiority after Piaggio et al. (2012), JAMA 308, 2594-2604; all must hold: Berger (1982),
    Technometrics 24, 295-300; guardrail metrics: Kohavi, Tang and Xu (2020), Trustworthy Online Controlled Experiments.
    """
    roles = _name_roles(primary, guardrails, secondary, better, kinds)
    metrics = [(number, per) if per else number for number, per in roles]
    found = measure_lifts(
        contacts, outcomes, metrics, control=control, window=window, level=level, correct="none", kinds=kinds
    )
    arms = list(dict.fromkeys(lift.arm for lift in found))
    if missing := [name for name in (_say(metric) for metric in roles) if name not in {one.measure for one in found}]:
        raise TableError([f"{name} could not be compared" for name in missing] + list(found.warnings), WHO)
    by_name = {(lift.arm, lift.measure): lift for lift in found}
    rows = []
    results = []
    for arm in arms:
        for metric, (role, limit) in roles.items():
            if (lift := by_name.get((arm, _say(metric)))) is not None:
                results.append(lift)
                rows.append(_make_row(lift, role, limit))
            else:  # it stays in the table without numbers: what was not measured is not shown
                rows.append({"arm": arm, "role": role, "outcome": _say(metric), "limit": limit} | UNMEASURED)
    table = pd.DataFrame(rows)
    table["p_adjusted"] = _correct(table)
    table["verdict"] = [_judge(row, level, better) for row in table.to_dict("records")]
    doubts = _doubt_rates(table, by_name, level)
    table.loc[list(doubts), "verdict"] = UNSHOWN
    order = "arm role outcome effect low high limit p p_adjusted verdict n_treated n_control".split()
    own = [f"{lift.name}, {lift.measure}: {text}" for lift in results for text in lift.warnings]
    shared = [text for text in found.warnings if "nothing was shrunk" not in text]
    return GuardedLift(
        table[order], tuple(results), level, better, tuple(dict.fromkeys([*shared, *own, *doubts.values()]))
    )


def _split(metric: str | tuple[str, str]) -> Metric:
    """An outcome as (number, per)."""
    return (metric, None) if isinstance(metric, str) else (metric[0], metric[1])


def _say(metric: Metric) -> str:
    """The name of an outcome, as a `Lift` has it."""
    return f"{metric[0]} per {metric[1]}" if metric[1] else metric[0]


def _name_roles(
    primary: str | tuple[str, str],
    guardrails: Mapping[str | tuple[str, str], float],
    secondary: Sequence[str | tuple[str, str]],
    better: str,
    kinds: Mapping[str, str] | None,
) -> dict[Metric, tuple[str, float]]:
    """Each outcome with its role and its limit; raise ValueError with all that does not go together."""
    problems = []
    if better not in BETTER:
        problems.append(f"better should be one of {', '.join(BETTER)}; found {better!r}")
    if wrong := [kind for kind in (kinds or {}).values() if kind not in KINDS]:
        problems.append(f"kinds should be among {', '.join(KINDS)}; found {', '.join(map(repr, wrong))}")
    if not guardrails:
        problems.append("`guardrails` names no outcome: without one, `measure_lift` is enough")
    named = [(primary, PRIMARY, math.nan)]
    named += [(name, GUARDRAIL, limit) for name, limit in guardrails.items()]
    named += [(name, SECONDARY, math.nan) for name in secondary]
    numbers = [name if isinstance(name, str) else name[0] for name, _, _ in named]
    if strange := [name for name in (kinds or {}) if name not in numbers]:
        problems.append(f"kinds names {', '.join(f'`{name}`' for name in strange)}, which has no role here")
    roles: dict[Metric, tuple[str, float]] = {}
    for name, role, limit in named:
        metric = _split(name)
        if role == GUARDRAIL and (not math.isfinite(limit) or limit == 0):
            problems.append(
                f"the limit of `{_say(metric)}` should be a number below zero (what must not fall) or above zero (what "
                f"must not rise); found {limit!r}"
            )
        if metric[0] == metric[1]:
            problems.append(f"`{_say(metric)}` is always 1")
        if earlier := [old for kept, (old, _) in roles.items() if _say(kept) == _say(metric)]:
            problems.append(f"`{_say(metric)}` has two roles: {earlier[0]} and {role}; give it one")
        roles[metric] = (role, float(limit))
    if problems:
        raise ValueError("; ".join(problems))
    return roles


def _make_row(lift: Lift, role: str, limit: float) -> dict[str, Any]:
    """One row of the table, without corrections and verdicts."""
    numbers = {name: getattr(lift, name) for name in ("effect", "low", "high", "p", "n_treated", "n_control")}
    return {"arm": lift.arm, "role": role, "outcome": lift.measure, "limit": limit} | numbers


def _correct(table: pd.DataFrame) -> np.ndarray:
    """Holm among the groups for the primary metric, and among all secondary ones of a group; a guardrail has none."""
    corrected = np.full(len(table), np.nan)
    primary = (table["role"] == PRIMARY).to_numpy()
    corrected[primary] = correct_known(table.loc[primary, "p"], way="holm")
    for arm in table["arm"].unique():
        here = ((table["role"] == SECONDARY) & (table["arm"] == arm)).to_numpy()
        corrected[here] = correct_known(table.loc[here, "p"], way="holm")
    return corrected


def _judge(row: Mapping[str, Any], level: float, better: str) -> str:
    """The verdict of one row."""
    if math.isnan(row["low"]):
        return UNSHOWN if row["role"] == GUARDRAIL else OPEN
    if row["role"] == GUARDRAIL:
        return _judge_guardrail(row["low"], row["high"], row["limit"])
    if not row["p_adjusted"] < 1 - level or row["low"] <= 0 <= row["high"]:
        return OPEN
    if row["role"] == SECONDARY:
        return "higher" if row["effect"] > 0 else "lower"
    return SHOWN if (row["effect"] > 0) == (better == "higher") else WORSE


def _doubt_rates(table: pd.DataFrame, lifts: Mapping[tuple[str, str], Lift], level: float) -> dict[int, str]:
    """The rows of guardrails that hold by their interval, but not by the score test of two rates; each with a note."""
    sure = float(_scipy.norm.ppf(0.5 + level / 2))
    notes = {}
    for place, row in enumerate(table.to_dict("records")):
        lift = lifts.get((row["arm"], row["outcome"]))
        if row["verdict"] != KEPT or lift is None or lift.method != PLAIN_RATE:
            continue
        sizes = (lift.n_treated, lift.n_control)
        counts = ((lift.base + lift.effect) * sizes[0], lift.base * sizes[1])
        # A limit that no two rates could pass is kept without a test
        if -score_rates(counts, sizes, row["limit"]) * np.sign(row["limit"]) < sure:
            notes[place] = (
                f"{row['arm']}, {row['outcome']}: the interval keeps the limit, but so few customers did it that its "
                "end is not sure (score test): not shown to hold"
            )
    return notes


def _judge_guardrail(low: float, high: float, limit: float) -> str:
    """Whether the interval lies on the good side of a limit, beyond it, or across it."""
    if limit > 0:
        low, high, limit = -high, -low, -limit
    if low > limit:
        return KEPT
    return BROKEN if high < limit else UNSHOWN
