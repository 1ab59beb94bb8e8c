"""What a measurement of lift says: one result, or several with what their number costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.stats.estimate import Estimate, render_html
from loyalty.stats.multiplicity import correct_for_many
from loyalty.stats.shrinkage import shrink_normal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHRUNK = ["shrunken", "shrunken_low", "shrunken_high"]


@dataclass(frozen=True)
class Lift(Estimate):
    """The effect of one treated group on one outcome, per customer assigned; made by `measure_lift`."""

    outcome: str = ""
    per: str = ""
    arm: str = ""
    segment: str = ""

    @property
    def name(self) -> str:
        """The group, and the segment if there is one."""
        return f"{self.arm}, {self.segment}" if self.segment else self.arm

    @property
    def measure(self) -> str:
        """What was measured: the outcome, for ratios with what it is divided by."""
        return f"{self.outcome} per {self.per}" if self.per else self.outcome

    @property
    def open(self) -> bool:
        """Whether the interval holds zero (or is not known)."""
        return not (self.low > 0 or self.high < 0)

    @property
    def is_rate(self) -> bool:
        """Whether the effect is a difference of rates, shown in points."""
        return self.method.startswith("difference of rates")

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        frame = super().to_frame()
        for place, name in enumerate(("measure", "arm", "segment")):
            frame.insert(place, name.replace("measure", "outcome"), getattr(self, name))
        return frame

    def sentence(self, unit: str = "", decimals: int = 2) -> str:
        """Say what was found, with its interval and what it means; `unit` is written before amounts."""
        from loyalty.text import say_money

        times, unit, tail = (100, "", " percentage points") if self.is_rate else (1, unit, "")
        effect, low, high, size = (
            say_money(times * value, unit, decimals) for value in (self.effect, self.low, self.high, abs(self.effect))
        )
        reach = f"{self.level * 100:g} % interval {low} to {high}"
        what = f"`{self.outcome}` per `{self.per}`" if self.per else f"`{self.outcome}` per customer assigned"
        what = f"the rate of `{self.outcome}` among the customers assigned" if self.is_rate else what
        where = f"in `{self.segment}` " if self.segment else ""
        if self.open:
            text = f"it is open whether `{self.arm}` changed {what}: the difference is {effect}{tail} ({reach})"
            text = f"{where}{text}, and zero is among what the data allow."
            return text[0].upper() + text[1:]
        share = f", {100 * self.relative:+.1f} % of control".replace("-", "−") if self.base > 0 else ""
        verb = "raised" if self.effect > 0 else "lowered"
        return f"{where[:1].upper()}{where[1:]}`{self.arm}` {verb} {what} by {size}{tail}{share} ({reach})."

    def plot(
        self, *, ax: Axes | None = None, truth: float | None = None, unit: str = "", decimals: int = 2, source: str = ""
    ) -> Axes:
        """Draw the effect with its interval; a known truth as a hollow diamond."""
        return _draw([self], ax, truth, unit, decimals, source)

    def _repr_html_(self) -> str:
        shown = self.to_frame()[["effect", "low", "high", "relative", "p", "n_treated", "n_control"]]
        return render_html(shown, f"{self.name}: {self.measure}, {self.method}; {self.estimand}", self.warnings)


@dataclass(frozen=True)
class Lifts:
    """Several lifts with corrected p-values and shrunken effects beside the raw ones; made by `gather_lifts`.

    `details` hold, for each family of cells, the test whether they differ at all: Cochran's Q, its degrees of freedom
    and p_differ.
    """

    results: tuple[Lift, ...]
    table: pd.DataFrame
    correction: str
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a lift: arm, segment, effect, low, high, p, p_adjusted, shrunken with its interval, counts."""
        return self.table.copy()

    def best(self) -> pd.Series:
        """Return the row with the highest shrunken effect; the raw effect of a winner is too high on average."""
        if self.table["outcome"].nunique() > 1:
            raise ValueError("there are several outcomes: choose one before asking for the best")
        return self.table.loc[self.table["shrunken"].idxmax()].copy()

    def plot(
        self, *, ax: Axes | None = None, truth: float | None = None, unit: str = "", decimals: int = 2, source: str = ""
    ) -> Axes:
        """Draw all effects with their intervals, and where shrinking moves each."""
        from loyalty.charts import HIGHLIGHT

        clear = int((self.table["p_adjusted"] < 1 - self.results[0].level).sum())
        title = f"{clear} of {len(self.results)} effects can be told from zero, after correction"
        ax = _draw(self.results, ax, truth, unit, decimals, source, title)
        moved = self.table["shrunken"] * [100 if e.is_rate else 1 for e in self.results]
        if (self.table["shrunken"] != self.table["effect"]).any():
            ax.plot(
                moved,
                range(len(moved)),
                "|",
                color=HIGHLIGHT,
                markersize=16,
                markeredgewidth=2.5,
                zorder=5,
                label="shrunken",
            )
            ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, ncols=2)
        return ax

    def __iter__(self) -> Any:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def _repr_html_(self) -> str:
        shown = self.table.drop(columns=["n_treated", "n_control", "warnings"])
        title = f"{len(self.results)} lifts per customer assigned; p_adjusted: {self.correction}"
        notes = {f"{row.name}: {text}": None for row in self.results for text in row.warnings}
        return render_html(shown, title, [*self.warnings, *notes])


def name_lift(found: Estimate, **names: str) -> Lift:
    """Make a `Lift` of an estimate: names are outcome, per, arm, segment."""
    return Lift(**{part.name: getattr(found, part.name) for part in fields(Estimate)}, **names)


def gather_lifts(results: Sequence[Lift], *, correct: str = "auto", warnings: Sequence[str] = ()) -> Lifts:
    """Set lifts side by side: correct their p-values, shrink their effects, and test whether they differ at all.

    Parameters
    ----------
    results : sequence of Lift
    correct : {"auto", "holm", "bh", "none"}
        Within each outcome. "auto" is Benjamini-Hochberg where there are segments, and Holm for arms alone.
    warnings : sequence of str

    Returns
    -------
    Lifts
        Effects are shrunk within each outcome: segments within their arm, arms alone among themselves.

    Raises
    ------
    ValueError
        Another correction.

    Examples
    --------
    >>> cells = [Lift(e, e - 2, e + 2, 1.0, p, 90, 90, "gap", "ITT", arm=str(e)) for e, p in ((4, 0.001), (2, 0.04))]
    >>> gather_lifts(cells).to_frame()["p_adjusted"].tolist()
    [0.002, 0.04]
    """
    if correct not in ("auto", "holm", "bh", "none"):
        raise ValueError(f"correct should be one of auto, holm, bh, none; found {correct!r}")
    segmented = any(lift.segment for lift in results)
    way = correct if correct != "auto" else "bh" if segmented else "holm"
    names = "outcome arm segment effect low high relative p".split()
    table = pd.DataFrame([{name: getattr(lift, name) for name in names} for lift in results])
    table["outcome"] = [lift.measure for lift in results]
    table["p_adjusted"] = table.groupby("outcome")["p"].transform(lambda p: _correct(p.to_numpy(), way))
    table[SHRUNK] = table[["effect", "low", "high"]].astype(float)
    details: dict[str, float] = {}
    notes = list(warnings)
    z = float(_scipy.norm.ppf(0.5 + results[0].level / 2))
    for family, rows in table.groupby(["outcome", "arm"] if segmented else ["outcome"], sort=False):
        # Half the width: a rate of zero on both sides has no error of the usual kind.
        se = ((rows["high"] - rows["low"]) / (2 * z)).to_numpy()
        effect = rows["effect"].to_numpy()
        label = f" [{', '.join(family)}]" if len(table) > len(rows) else ""
        if len(rows) == 1:
            continue
        if not (np.isfinite(se) & (se > 0)).all():
            notes.append(f"nothing was shrunk{label}: a cell has no error")
            continue
        # Arms share one control: what chance gave to it moves all of them alike, and no shrinking takes that off.
        shares = [results[i].n_treated / (results[i].n_treated + results[i].n_control) for i in rows.index]
        shared = 0.0 if segmented else float((se**2 * shares).min())
        shrunk = shrink_normal(effect, np.sqrt(se**2 - shared), level=results[0].level)
        if len(rows) >= 4:
            found = shrunk.table[["shrunken", "low", "high"]].to_numpy(copy=True)
            found[:, 1:] = found[:, :1] + np.hypot(found[:, 1:] - found[:, :1], z * shared**0.5) * [-1, 1]
            table.loc[rows.index, SHRUNK] = found
        notes += [text + label for text in shrunk.warnings]
        if segmented:
            q = float((((effect - np.average(effect, weights=1 / se**2)) / se) ** 2).sum())
            df = len(rows) - 1
            details |= {f"q{label}": q, f"df{label}": df, f"p_differ{label}": float(_scipy.chi2.sf(q, df))}
    table["n_treated"] = [e.n_treated for e in results]
    table["n_control"] = [e.n_control for e in results]
    table["warnings"] = ["; ".join(e.warnings) for e in results]
    says = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "not corrected"}[way]
    return Lifts(tuple(results), table, says, MappingProxyType(details), tuple(dict.fromkeys(notes)))


def _correct(p: np.ndarray, way: str) -> np.ndarray:
    if way == "none" or not len(p):
        return p
    return np.asarray(correct_for_many(p) if way == "holm" else _scipy.false_discovery_control(p))


def _draw(
    results: Sequence[Lift],
    ax: Axes | None,
    truth: float | None,
    unit: str,
    decimals: int,
    source: str,
    title: str = "",
) -> Axes:
    from loyalty.charts import GREY, TREATED, draw_intervals, headline

    first = results[0]
    rates = all(e.is_rate for e in results)
    arms = {e.arm for e in results}
    several = len({e.measure for e in results}) > 1
    names = [e.segment if e.segment and len(arms) == 1 else e.name for e in results]
    frame = pd.DataFrame(
        [np.array([e.effect, e.low, e.high]) * (100 if e.is_rate else 1) for e in results],
        index=[f"{name}: {e.measure}" if several else name for name, e in zip(names, results, strict=True)],
        columns=["effect", "low", "high"],
    )
    frame["colour"] = [GREY if e.open else TREATED for e in results]
    unit = "" if rates else unit
    truth = truth if truth is None else truth * (100 if rates else 1)
    ax = draw_intervals(frame, ax=ax, truth=truth, unit=unit, decimals=decimals)
    if not title and first.open:
        title = f"Whether {first.name} changed {first.measure} is open"
    elif not title:
        title = f"{first.name} {'raised' if first.effect > 0 else 'lowered'} {first.measure}"
    what = f"{first.measure}, percentage points" if rates else first.measure + ("" if first.per else " per customer")
    what = "each in its own unit, rates in points" if several else what
    headline(ax, title, f"{what}: treated less control, {first.level * 100:g} % (grey: open)", source)
    return ax
