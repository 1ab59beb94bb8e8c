"""A threshold from a sample that somebody has checked (clerical review): precision first, with its lower end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.charts import CONTROL, GREY, INK, TREATED, headline
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.flags import read_flags
from loyalty.text import count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class ThresholdChoice:
    """Which threshold keeps the precision; made by `choose_threshold`.

    Attributes
    ----------
    threshold : float
        The smallest that holds the floor; NaN where none does.
    table : pandas.DataFrame
        threshold, pairs, matches, precision, low, recall, holds: one row a probability that occurs. Recall is a share
        of the matches *in the sample*: what never became a pair is not in it.
    floor, level : float
    warnings : tuple of str
    """

    threshold: float
    table: pd.DataFrame = field(repr=False)
    floor: float = 0.99
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a threshold."""
        return self.table.copy()

    def plot(
        self, ax: Axes | None = None, *, title: str = "Which threshold keeps the precision?", source: str = ""
    ) -> Axes:
        """Draw precision with its lower end over the threshold, and the floor.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
        title, source : str
        """
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(9, 4.5))[1] if ax is None else ax
        tried = self.table["pairs"] >= _find_start(self.table["pairs"].max(), self.floor, self.level)
        rows = self.table[tried] if tried.any() else self.table
        ax.step(rows["threshold"], rows["precision"], where="pre", color=GREY, label="found in the sample")
        ax.step(rows["threshold"], rows["low"], where="pre", color=TREATED, label=f"at least ({self.level:.0%} sure)")
        ax.axhline(self.floor, color=CONTROL, linewidth=1, label=f"floor {self.floor:.2f}")
        if np.isfinite(self.threshold):
            ax.axvline(self.threshold, color=INK, linewidth=1, linestyle=":", label=f"chosen: {self.threshold:.3g}")
        ax.set_ylim(min(rows["low"].min(), self.floor) - 0.005, 1.002)
        ax.set_xlabel("probability from which a pair is linked")
        ax.set_ylabel("precision (the axis is cut)")
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
        headline(ax, title, "precision of the pairs above the threshold", source)
        return ax

    def __repr__(self) -> str:
        if np.isnan(self.threshold):
            return f"no threshold holds a precision of {self.floor:g} with this sample"
        row = self.table[self.table["threshold"] == self.threshold].iloc[0]
        return (
            f"threshold {self.threshold:.4g}: precision {row['precision']:.3f}, at least {row['low']:.3f};"
            f" {row['recall']:.0%} of the matches in the sample"
        )

    def _repr_html_(self) -> str:
        return render_html(self.table[self.table["holds"]].tail(5), repr(self), self.warnings)


@check_arguments
def choose_threshold(labelled: pd.DataFrame, *, floor: float = 0.99, level: float = 0.95) -> ThresholdChoice:
    """Choose the smallest threshold whose precision is at least the floor, by the lower end and not by the estimate.

    Not the threshold of the best F1: that weighs a wrong merge like a missed one. The thresholds are tried from the
    highest down, and the first that fails ends it (fixed sequence), so that many looks do not need a correction. It
    begins where so many pairs of the sample are above the threshold that a few wrong ones would not end it at once;
    that depends on no label.

    Parameters
    ----------
    labelled : pandas.DataFrame
        probability, is_match (true or false, by somebody who looked): a random sample of the pairs above the lowest
        threshold that is of interest. Not a sample of the doubtful ones alone.
    floor : float
        The precision that is asked, below 1.
    level : float
        How sure the lower end is (one-sided, Clopper–Pearson). Pairs are taken as independent: take one of a person.

    Returns
    -------
    ThresholdChoice

    Raises
    ------
    TableError
        With all problems: columns, empty cells, probabilities that are none, a floor outside 0 to 1.

    Examples
    --------
    >>> labelled = pd.DataFrame({"probability": [0.99] * 400 + [0.8] * 100, "is_match": [True] * 400 + [False] * 100})
    >>> choose_threshold(labelled).threshold
    0.99

    Source: Clopper & Pearson (1934), Biometrika 26; fixed-sequence testing: Maurer, Hothorn & Lehmacher (1995).
    """
    values, match = _read(labelled, floor)
    probability, place = np.unique(-values, return_inverse=True)
    pairs = np.cumsum(np.bincount(place))
    matches = np.cumsum(np.bincount(place, weights=match)).astype(int)
    low = _scipy.beta.ppf(1 - level, matches, pairs - matches + 1)
    low = np.where(matches == 0, 0.0, low)
    could = pairs >= _find_start(len(values), floor, level)
    fails = could & (low < floor)
    first = int(np.argmax(fails)) if fails.any() else len(pairs)
    holds = could & (np.arange(len(pairs)) < first)
    table = pd.DataFrame(
        {
            "threshold": -probability,
            "pairs": pairs,
            "matches": matches,
            "precision": matches / pairs,
            "low": low,
            "recall": matches / max(matches[-1], 1),
            "holds": holds,
        }
    )
    notes = []
    if not could.any():
        least = _find_least(floor, level)
        notes.append(
            f"with {count_of(len(values), 'pair')} no threshold can hold {floor:g}:"
            f" {least:,} are needed, even if all are right"
        )
    chosen = float(table.loc[holds, "threshold"].min()) if holds.any() else float("nan")
    return ThresholdChoice(chosen, table[::-1].reset_index(drop=True), floor, level, tuple(notes))


def _find_least(floor: float, level: float) -> int:
    """So many pairs are needed to hold the floor if all of them are right."""
    return int(np.ceil(np.log(1 - level) / np.log(floor)))


def _find_start(size: int, floor: float, level: float) -> float:
    """So many pairs are above the first threshold that is tried: three times the least, or half of a smaller sample."""
    least = _find_least(floor, level)
    return max(least, min(3 * least, size / 2))


def _read(labelled: pd.DataFrame, floor: float) -> tuple[np.ndarray, np.ndarray]:
    missing = [f"`{name}`" for name in ("probability", "is_match") if name not in labelled]
    problems = [f"the sample should have {' and '.join(missing)}"] if missing else []
    if not 0 < floor < 1:
        problems.append(f"floor should lie between 0 and 1, found {floor:g}")
    if not len(labelled):
        problems.append("the sample is empty")
    if problems:
        raise TableError(problems, "choose_threshold")
    values = pd.to_numeric(labelled["probability"], errors="coerce").to_numpy(float)
    if not ((values >= 0) & (values <= 1)).all():
        problems.append("`probability` should be a share from 0 to 1 in each row")
    match = read_flags(labelled["is_match"])
    if match.isna().any():
        problems.append(
            f"`is_match` should be true or false in each row; {count_of(int(match.isna().sum()), 'row')} not"
        )
    if problems:
        raise TableError(problems, "choose_threshold")
    return values, match.to_numpy(bool)
