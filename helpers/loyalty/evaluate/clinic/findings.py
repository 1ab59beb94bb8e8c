"""What an examination of a campaign says: the claim that is examined, ten findings, and whether to sign."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from textwrap import shorten

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.evaluate.lift.placebo import PlaceboLift
from loyalty.stats.estimate import render_html

BROKEN = "broken"
SOUND = "sound"
UNSEEN = "not seen"
FINE = "Nothing to do."
# The checks in their order, and what to do about each fault
ADVICE = {
    "sample ratio": "Ask where customers were lost or added. Measure after that, because the groups are not as drawn.",
    "contamination": "Find out who sent it, and move nobody to another group. If a small part of control got it, the "
    "true effect is larger than the measured one. If most of control got it, nothing can be measured.",
    "control chosen afterwards": "Ask for the list of the draw with its date: a control chosen later proves nothing.",
    "unequal seasons": "Measure both groups on the same days, because customers buy differently in other weeks.",
    "early stop": "Wait for the planned end, because early results mislead.",
    "survivors": "Put everybody on the list back, those who bought nothing with 0, and measure again.",
    "winner's curse": "Say how many were compared, quote the shrunken effect, and test the winner once more.",
    "failed channel": "Send again to those who did not get it, and take nobody out of the result, because the groups "
    "must stay as they were drawn.",
    "swapped metric": "Report the planned metric first; what was found besides it is a question for the next test.",
    "broken join": "Write the ids alike in both tables, because they do not match. Join again, and count the matches.",
}
CHECKS = tuple(ADVICE)


@dataclass(frozen=True)
class Claim:
    """What a report says: the effect on `outcome`, in `window`, of `arm` in `segment` (None: everybody).

    `looks` is how often the result was looked at before the report, the last time included.

    Examples
    --------
    >>> Claim(outcome="margin", segment="gold").looks
    1
    """

    outcome: str = "sales"
    arm: str | None = None
    segment: str | None = None
    window: str = "main"
    looks: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.looks, bool) or not isinstance(self.looks, Integral) or self.looks < 1:
            raise ValueError(f"looks should be a whole number, 1 or more; found {self.looks!r}")

    @property
    def where(self) -> str:
        """The customers of whom the claim speaks, in words."""
        parts = []
        if self.arm is not None:
            parts.append(f"`{self.arm}`")
        if self.segment is not None:
            parts.append(f"segment `{self.segment}`")
        return " in ".join(parts) or "everybody"


@dataclass(frozen=True)
class Finding:
    """What one check found: `state` is "broken", "sound" or "not seen"; `p` is NaN where nothing was left to chance.

    `follows` names the check of which this finding is probably a consequence.
    """

    check: str
    state: str
    p: float
    evidence: str
    advice: str
    follows: str = ""


@dataclass(frozen=True)
class Symptom:
    """What a check saw, before the checks share their level (Bonferroni).

    Attributes
    ----------
    bad, good : str
        The evidence if the check is broken, and if it is sound.
    p : float
        NaN where nothing was left to chance.
    broken : bool, optional
        None where p decides: broken if it is below its part of the level, and what was seen is `large`.
    large : bool
        Whether what was seen is large enough to matter.
    hint : str
        The advice if the check is sound and yet odd.
    mend : str
        The advice if the check is broken; empty for the check's usual one.
    unseen : str
        What would unlock the check, if it could not be made; then nothing else counts.
    """

    bad: str = ""
    good: str = ""
    p: float = float("nan")
    broken: bool | None = None
    large: bool = True
    hint: str = ""
    mend: str = ""
    unseen: str = ""

    def judge(self, check: str, alarm: float) -> Finding:
        """Make the finding; `alarm` is the check's part of the level."""
        if self.unseen:
            return Finding(check, UNSEEN, float("nan"), f"Needs {self.unseen}.", "Get this, and look again.")
        broken = self.broken
        if broken is None:
            broken = self.p < alarm and self.large
        if broken:
            return Finding(check, BROKEN, self.p, f"{self.bad}.", self.mend or ADVICE[check])
        return Finding(check, SOUND, self.p, f"{self.good}.", self.hint or FINE)


@dataclass(frozen=True)
class Examination:
    """The ten findings about one campaign; made by `examine_campaign`.

    `warnings` say who was left out. `placebo` is the lift of sales before the start, where the receipts reach so far,
    and `no_placebo` says why receipts that were given have none; `blind` lists what no table can show, with the size
    from which it would show here.
    """

    findings: tuple[Finding, ...]
    warnings: tuple[str, ...] = ()
    placebo: PlaceboLift | None = None
    blind: tuple[str, ...] = ()
    no_placebo: str = ""

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that are broken, causes before what follows from them."""
        return tuple(sorted((f for f in self.findings if f.state == BROKEN), key=lambda f: f.follows != ""))

    @property
    def verdict(self) -> str:
        """Say "sign" or "refuse"; what was not seen does not refuse."""
        return "refuse" if self.problems else "sign"

    def __getitem__(self, check: str) -> Finding:
        return next(finding for finding in self.findings if finding.check == check)

    def to_frame(self) -> pd.DataFrame:
        """One row a check: check, state, p, evidence, advice."""
        return pd.DataFrame(list(self.findings)).drop(columns="follows")

    def sentence(self) -> str:
        """Say whether to sign, and the first reason."""
        if self.problems:
            first, *others = self.problems
            tail = f" Broken as well: {', '.join(other.check for other in others)}." if others else ""
            return f"Refuse: {first.check}. {first.evidence} {first.advice}{tail}"
        unseen = [finding.check for finding in self.findings if finding.state == UNSEEN]
        tail = f" Not seen: {', '.join(unseen)}." if unseen else ""
        return f"Sign: none of {len(self.findings) - len(unseen)} checks found a fault.{tail}"

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw one row a check: its state, and the evidence in short."""
        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        look = {BROKEN: (HIGHLIGHT, "X", 90), SOUND: (TREATED, "o", 60), UNSEEN: (GREY, "$?$", 60)}
        for row, finding in enumerate(self.findings):
            colour, marker, size = look[finding.state]
            ax.scatter(0, row, color=colour, marker=marker, s=size)
            ax.text(0.03, row, shorten(finding.evidence, 100, placeholder=" …"), va="center", fontsize=8.5, color=INK)
        ax.set_yticks(range(len(self.findings)), [finding.check for finding in self.findings])
        ax.set(xlim=(-0.03, 1), ylim=(len(self.findings) - 0.5, -0.5), xticks=[])
        ax.grid(visible=False)
        title = f"Refuse: {self.problems[0].check}" if self.problems else "Sign: no check found a fault"
        headline(ax, title, "cross: broken, dot: sound, question mark: not seen", source)
        return ax

    def _repr_html_(self) -> str:
        shown = self.to_frame()
        shown["p"] = [f"{p:.3g}" if p == p else "" for p in shown["p"]]
        title = self.sentence()
        if self.placebo is not None:
            title = f"{title} {self.placebo.sentence()}"
        elif self.no_placebo:
            title = f"{title} No lift of earlier days: {self.no_placebo}."
        return render_html(shown, title, (*self.warnings, *(f"Cannot be seen: {text}" for text in self.blind)))
