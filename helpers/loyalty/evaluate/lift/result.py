"""Lifts as results: one effect per customer assigned, or several with corrected p-values and shrunken effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.stats.estimate import Estimate, render_html
from loyalty.stats.multiplicity import correct_known
from loyalty.stats.result_card import choose_decimals, render_result
from loyalty.stats.shrinkage import LEAST_CELLS, shrink_normal
from loyalty.tables.arguments import check_arguments

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHRUNK = ["shrunken", "shrunken_low", "shrunken_high"]
CORRECTIONS = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "not corrected"}


@dataclass(frozen=True)
class Lift(Estimate):
    """The effect of one treated group on one outcome, per customer assigned (intention to treat).

    Made by `measure_lift`. `outcome` is what was measured and `per` what it is divided by, for a ratio of sums; `arm`
    is the treated group and `segment` the part of the customers, where there is one.
    """

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

        def say(value: float) -> str:
            if self.is_rate:
                return say_money(100 * value, "", decimals)
            return say_money(value, unit, decimals)

        points = " percentage points" if self.is_rate else ""
        reach = f"{self.level * 100:g} % interval {say(self.low)} to {say(self.high)}"
        what = self._say_measure()
        if np.isnan(self.low):
            return self._say_without_interval(what, f"{say(self.effect)}{points}")
        if self.open:
            where = f"In `{self.segment}` it" if self.segment else "It"
            text = f"{where} is open whether `{self.arm}` changed {what}: "
            text += f"the difference is {say(self.effect)}{points} ({reach})"
            return f"{text}, and it may well be zero."
        where = f"In `{self.segment}` " if self.segment else ""
        verb = "raised" if self.effect > 0 else "lowered"
        size = f"{say(abs(self.effect))}{points}"
        if self.base > 0:
            size += f", {100 * self.relative:+.1f} % of control".replace("-", "−")
        return f"{where}`{self.arm}` {verb} {what} by {size} ({reach})."

    def _say_without_interval(self, what: str, size: str) -> str:
        """Say that an effect has no interval, and why."""
        why = next((text for text in self.warnings if text.startswith("no interval")), "there is no interval")
        where = f"In `{self.segment}` it" if self.segment else "It"
        return f"{where} cannot be told whether `{self.arm}` changed {what}: the difference is {size}; {why}."

    def _say_measure(self) -> str:
        if self.is_rate:
            return f"the rate of `{self.outcome}` among the customers assigned"
        if self.per:
            return f"`{self.outcome}` per `{self.per}`"
        return f"`{self.outcome}` per customer assigned"

    def plot(
        self, *, ax: Axes | None = None, truth: float | None = None, unit: str = "", decimals: int = 2, source: str = ""
    ) -> Axes:
        """Draw the effect with its interval; a known truth as a hollow diamond."""
        return _draw([self], ax, truth, unit, decimals, source)

    def reads(self) -> str:
        """Read the interval in one sentence: whether the group changed what was measured, and how much."""
        if not self.open and self.base > 0:
            verb = "raised" if self.effect > 0 else "lowered"
            by = f"{100 * abs(self.relative):.1f} % of control"
            return f"`{self.name}` {verb} {self._say_measure()} by {by}: zero lies outside the interval."
        return super().reads()

    def _repr_html_(self) -> str:
        shown = self.to_frame()[["effect", "low", "high", "relative", "p", "n_treated", "n_control"]]
        return render_result(
            f"{self.name}: {self.measure}, {'rate' if self.is_rate else 'per customer assigned'}",
            (self.effect, self.low, self.high),
            self.reads(),
            table=shown,
            notes=self._size_line(),
            warnings=self.warnings,
            say=_say_points(self) if self.is_rate else None,
            level=self.level,
        )


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
        """Return the row with the highest shrunken effect; the raw effect of a winner is too high on average.

        Of rows that are shrunken to one and the same effect, which only rounding could rank, the one with the highest
        raw effect.
        """
        if self.table["outcome"].nunique() > 1:
            raise ValueError("there are several outcomes: choose one before asking for the best")
        shrunken = self.table["shrunken"]
        first = self.table[np.isclose(shrunken, shrunken.max(), rtol=1e-9, atol=1e-9)]
        return self.table.loc[first["effect"].idxmax()].copy()

    def plot(
        self, *, ax: Axes | None = None, truth: float | None = None, unit: str = "", decimals: int = 2, source: str = ""
    ) -> Axes:
        """Draw all effects with their intervals, and where shrinking moves each."""
        from loyalty.charts import HIGHLIGHT, put_legend_above

        clear = int((self.table["p_adjusted"] < 1 - self.results[0].level).sum())
        title = f"{clear} of {len(self.results)} effects can be told from zero, after correction"
        ax = _draw(self.results, ax, truth, unit, decimals, source, title)
        moved = self.table["shrunken"] * [_scale(lift) for lift in self.results]
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
            put_legend_above(ax, columns=2)
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


def _say_points(lift: Lift) -> Callable[[float], str]:
    """Write a difference of rates in percentage points, with as many decimals as its interval needs."""
    decimals = choose_decimals(100 * lift.low, 100 * lift.high)

    def say(value: float) -> str:
        return f"{100 * value:,.{decimals}f} points".replace("-", "−")

    return say


def name_lift(found: Estimate, *, outcome: str = "", per: str = "", arm: str = "", segment: str = "") -> Lift:
    """Make a `Lift` of an estimate, by the names of what was measured and of the group."""
    numbers = {part.name: getattr(found, part.name) for part in fields(Estimate)}
    return Lift(**numbers, outcome=outcome, per=per, arm=arm, segment=segment)


@check_arguments
def gather_lifts(results: Sequence[Lift], *, correct: str = "auto", warnings: Sequence[str] = ()) -> Lifts:
    """Set lifts side by side: correct their p-values, shrink their effects, and test whether they differ at all.

    Parameters
    ----------
    results : sequence of Lift
    correct : {"auto", "holm", "bh", "none"}
        Within each outcome. "auto" is Benjamini-Hochberg where there are segments, and Holm for arms alone.
    warnings : sequence of str
        Warnings that the result carries beside its own.

    Returns
    -------
    Lifts
        Effects are shrunk within each outcome: segments within their arm, arms alone among themselves. With segments
        `details` hold Cochran's test of heterogeneity for each family.

    Raises
    ------
    ValueError
        Another correction, or no lift.

    Examples
    --------
    >>> cells = [Lift(e, e - 2, e + 2, 1.0, p, 90, 90, "gap", "ITT", arm=str(e)) for e, p in ((4, 0.001), (2, 0.04))]
    >>> gather_lifts(cells).to_frame()["p_adjusted"].tolist()
    [0.002, 0.04]
    """
    if correct not in ("auto", "holm", "bh", "none"):
        raise ValueError(f"correct should be one of auto, holm, bh, none; found {correct!r}")
    segmented = any(lift.segment for lift in results)
    if not results:
        raise ValueError("there is no lift to gather: measure at least one")
    if correct == "auto":
        correct = "bh" if segmented else "holm"
    names = "outcome arm segment effect low high relative p".split()
    table = pd.DataFrame([{name: getattr(lift, name) for name in names} for lift in results])
    table["outcome"] = [lift.measure for lift in results]
    table["p_adjusted"] = table.groupby("outcome")["p"].transform(lambda p: correct_known(p, way=correct))
    table[SHRUNK] = table[["effect", "low", "high"]].astype(float)
    details: dict[str, float] = {}
    notes = list(warnings)
    z = float(_scipy.norm.ppf(0.5 + results[0].level / 2))
    for family, rows in table.groupby(["outcome", "arm"] if segmented else ["outcome"], sort=False):
        if len(rows) == 1:
            continue
        label = f" [{', '.join(family)}]" if len(table) > len(rows) else ""
        # Half the width: a rate of zero on both sides has no error of the usual kind
        se = ((rows["high"] - rows["low"]) / (2 * z)).to_numpy()
        if not (np.isfinite(se) & (se > 0)).all():
            notes.append(f"nothing was shrunk{label}: a cell has no error")
            continue
        effect = rows["effect"].to_numpy()
        shared = 0.0 if segmented else _find_shared_variance([results[i] for i in rows.index], se)
        shrunken, said = _shrink(effect, se, shared, results[0].level)
        if shrunken is not None:
            table.loc[rows.index, SHRUNK] = shrunken
        notes += [text + label for text in said]
        if segmented:
            details |= _test_heterogeneity(effect, se, label)
    table["n_treated"] = [lift.n_treated for lift in results]
    table["n_control"] = [lift.n_control for lift in results]
    table["warnings"] = ["; ".join(lift.warnings) for lift in results]
    return Lifts(tuple(results), table, CORRECTIONS[correct], MappingProxyType(details), tuple(dict.fromkeys(notes)))


def _find_shared_variance(arms: Sequence[Lift], se: np.ndarray) -> float:
    """The variance that the one control gives to all arms alike; no shrinking can take it off."""
    shares = [arm.n_treated / (arm.n_treated + arm.n_control) for arm in arms]
    return float((se**2 * shares).min())


def _shrink(
    effect: np.ndarray, se: np.ndarray, shared: float, level: float
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Shrunken effects with their intervals, a row a cell, and warnings; no effects where the cells are too few.

    The variance `shared` by all cells is left out of the shrinking, and counted in the intervals.
    """
    shrunk = shrink_normal(effect, np.sqrt(se**2 - shared), level=level)
    if len(effect) < LEAST_CELLS:
        return None, shrunk.warnings
    z = float(_scipy.norm.ppf(0.5 + level / 2))
    found = shrunk.table[["shrunken", "low", "high"]].to_numpy(copy=True)
    centre = found[:, :1]
    found[:, 1:] = centre + np.hypot(found[:, 1:] - centre, z * shared**0.5) * [-1, 1]
    return found, shrunk.warnings


def _test_heterogeneity(effect: np.ndarray, se: np.ndarray, label: str) -> dict[str, float]:
    """Cochran's Q, its degrees of freedom and p-value: whether the cells differ at all; named with the family."""
    q = float((((effect - np.average(effect, weights=1 / se**2)) / se) ** 2).sum())
    df = len(effect) - 1
    return {f"q{label}": q, f"df{label}": df, f"p_differ{label}": float(_scipy.chi2.sf(q, df))}


def _scale(lift: Lift) -> int:
    """What a lift is multiplied by in a chart: rates are shown in percentage points."""
    return 100 if lift.is_rate else 1


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
    rates = all(lift.is_rate for lift in results)
    frame = pd.DataFrame(
        [np.array([lift.effect, lift.low, lift.high]) * _scale(lift) for lift in results],
        index=_label(results),
        columns=["effect", "low", "high"],
    )
    frame["colour"] = [GREY if lift.open else TREATED for lift in results]
    if rates:
        unit = ""
        truth = None if truth is None else 100 * truth
    ax = draw_intervals(frame, ax=ax, truth=truth, unit=unit, decimals=decimals)
    if not title and first.open:
        title = f"Whether {first.name} changed {first.measure} is open"
    elif not title:
        title = f"{first.name} {'raised' if first.effect > 0 else 'lowered'} {first.measure}"
    headline(ax, title, f"{_say_unit(results)}: treated less control, {first.level * 100:g} % (grey: open)", source)
    return ax


def _label(results: Sequence[Lift]) -> list[str]:
    """The names of several lifts in a chart, as short as they can be told apart."""
    one_arm = len({lift.arm for lift in results}) == 1
    labels = [lift.segment if lift.segment and one_arm else lift.name for lift in results]
    if len({lift.measure for lift in results}) > 1:
        labels = [f"{label}: {lift.measure}" for label, lift in zip(labels, results, strict=True)]
    return labels


def _say_unit(results: Sequence[Lift]) -> str:
    """What a chart of several lifts shows, with the unit."""
    first = results[0]
    if len({lift.measure for lift in results}) > 1:
        return "each in its own unit, rates in points"
    if all(lift.is_rate for lift in results):
        return f"{first.measure}, percentage points"
    return first.measure if first.per else f"{first.measure} per customer"
