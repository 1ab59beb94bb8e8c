"""The conclusion that observational or randomised evidence allows: as strong as the evidence, and no stronger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from loyalty.evaluate.observational.did import DifferenceInDifferences
from loyalty.evaluate.observational.placebo import Comparison, judge_placebo
from loyalty.stats.estimate import Estimate, render_html
from loyalty.tables.arguments import check_arguments


@dataclass(frozen=True)
class Allowed:
    """What may be signed; made by `say_what_is_allowed`.

    `level` is "cannot be told", "suggests" or "caused"; `reasons` say why not more.
    """

    level: str
    sentence: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return self.sentence

    def to_frame(self) -> pd.DataFrame:
        """One row: level, sentence, reasons."""
        return pd.DataFrame([{"level": self.level, "sentence": self.sentence, "reasons": "; ".join(self.reasons)}])

    def _repr_html_(self) -> str:
        return render_html(pd.DataFrame({"why not more": self.reasons}), self.sentence)


@check_arguments
def say_what_is_allowed(
    *evidence: Estimate | Comparison | DifferenceInDifferences,
    placebos: Sequence[Estimate] = (),
    randomised: bool = False,
    what: str = "the campaign",
    measure: str = "the outcome",
    unit: str = "",
    decimals: int = 2,
) -> Allowed:
    """Write the sentence that the evidence allows.

    Without a lottery it never says that the campaign caused anything. It says "suggests" only if there is a placebo
    and none fails or is too vague, everybody asked about has somebody to be compared with, and the estimates agree.
    It cannot know what was tried and not handed over.

    Parameters
    ----------
    *evidence : Estimate, Comparison or DifferenceInDifferences
        All of it: what is left out cannot speak against you.
    placebos : sequence of Estimate
        Results of `placebo_outcome`, when `evidence` holds single estimates.
    randomised : bool
        Whether a lottery decided who was treated. Then the naive difference counts, and a placebo with p under .001
        says that the lottery is broken (a sound one fails at .05 once in twenty).
    what, measure, unit : str
        What was done, what was measured, and the unit written before amounts.
    decimals : int
        Digits after the point.

    Returns
    -------
    Allowed

    Raises
    ------
    ValueError
        Without any estimate.

    Examples
    --------
    >>> gap = Estimate(2.0, 1.0, 3.0, 0.5, 0.0001, 90, 90, "naive", "ATE")
    >>> print(say_what_is_allowed(gap, randomised=True, measure="sales", unit="€"))
    The campaign caused a change in sales of €2.00 (95 % interval €1.00 to €3.00): a lottery decided who got it.
    >>> say_what_is_allowed(gap).level
    'cannot be told'

    Source: the rules are this workshop's; placebos after Imbens and Rubin (2015), chapters 21 and 22.
    """
    naive, adjusted = _collect(evidence)
    shown = (naive or adjusted) if randomised else (adjusted or naive)
    if not shown:
        raise ValueError("there is no estimate to write a sentence about")
    words = _Words(what, measure, unit, decimals)
    comparisons = [item for item in evidence if isinstance(item, Comparison)]
    trends = [item for item in evidence if isinstance(item, DifferenceInDifferences)]
    judged = [(p, judge_placebo(p, shown[0])) for p in placebos]
    for item in comparisons:
        both = zip(item.placebos, item.estimates, strict=False)
        judged += [(p, judge_placebo(p, e)) for p, e in both if (e.method == "naive") == randomised]
    reasons = _judge_placebos(judged, trends, randomised, words)
    if randomised:
        return _conclude_from_lottery(shown[0], reasons, words)
    if not adjusted:
        reasons.insert(0, "the groups were compared as they are, and nobody drew them by lot")
    reasons += _judge_overlap(comparisons, adjusted) + _judge_agreement(trends, adjusted, words)
    if reasons:
        return _conclude_nothing(shown, reasons, words)
    return _suggest(shown, [item.sensitivity.sentence for item in comparisons], words)


@dataclass(frozen=True)
class _Words:
    """How a conclusion names the campaign and the outcome, and writes amounts."""

    what: str
    measure: str
    unit: str
    decimals: int

    def money(self, value: float) -> str:
        sign = "−" if value < 0 else ""
        return f"{sign}{self.unit}{abs(value):,.{self.decimals}f}"

    def span(self, found: Estimate) -> str:
        """An effect with its interval."""
        ends = f"{self.money(found.low)} to {self.money(found.high)}"
        return f"{self.money(found.effect)} ({found.level * 100:g} % interval {ends})"


def _conclude_from_lottery(found: Estimate, reasons: Sequence[str], words: _Words) -> Allowed:
    """What a randomised comparison allows, if there are no reasons against it."""
    if reasons:
        text = f"What {words.what} changed in {words.measure} cannot be told: {reasons[0]}."
        return Allowed("cannot be told", text, tuple(reasons))
    if found.low <= 0 <= found.high:
        text = f"The lottery shows no change in {words.measure} that can be told from chance: {words.span(found)}."
        return Allowed("cannot be told", text, ("the interval holds zero",))
    text = f"{words.what} caused a change in {words.measure} of {words.span(found)}: a lottery decided who got it."
    return Allowed("caused", text[:1].upper() + text[1:], found.warnings)


def _conclude_nothing(shown: Sequence[Estimate], reasons: Sequence[str], words: _Words) -> Allowed:
    """That the effect cannot be told from a comparison without a lottery, and why."""
    known = [e for e in shown if e.effect == e.effect]  # the others were taken back
    found = "there is no estimate"
    if len(known) == 1:
        found = f"the estimate is {words.span(known[0])}"
    if len(known) > 1:
        effects = [e.effect for e in known]
        found = f"different methods say {words.money(min(effects))} to {words.money(max(effects))}"
    text = f"What {words.what} changed in {words.measure} cannot be told from these data: {found}, and {reasons[0]}."
    return Allowed("cannot be told", text, tuple(reasons))


def _suggest(shown: Sequence[Estimate], hidden: Sequence[str], words: _Words) -> Allowed:
    """What adjusted estimates without a reason against them suggest; `hidden` are the sentences of the sensitivity."""
    low = min(e.low for e in shown)
    high = max(e.high for e in shown)
    span = f"{words.money(low)} to {words.money(high)}"
    if low <= 0 <= high:
        text = f"The data suggest no change in {words.measure} outside {span}"
    else:
        middle = words.money(sorted(e.effect for e in shown)[len(shown) // 2])
        text = f"The data suggest a change in {words.measure} of about {middle} (all intervals together {span})"
    text += ", if nothing that we did not record decided who was chosen."
    return Allowed("suggests", " ".join([text, *hidden]), ("nobody drew the groups by lot",))


def _collect(evidence: Sequence[object]) -> tuple[list[Estimate], list[Estimate]]:
    """All estimates of the evidence: the naive ones, and the adjusted ones."""
    naive: list[Estimate] = []
    adjusted: list[Estimate] = []
    for item in evidence:
        if isinstance(item, Estimate):
            found = [item]
        elif isinstance(item, Comparison):
            found = list(item.estimates)
        elif isinstance(item, DifferenceInDifferences):
            found = [item.naive, *item.estimates]
        else:
            raise TypeError(
                f"evidence should be estimates, comparisons or differences in differences; found {type(item).__name__}"
            )
        for e in found:
            (naive if e.method == "naive" else adjusted).append(e)
    return naive, adjusted


def _judge_placebos(
    judged: Sequence[tuple[Estimate, str]],
    trends: Sequence[DifferenceInDifferences],
    randomised: bool,
    words: _Words,
) -> list[str]:
    """Reasons against a conclusion: placebos that fail, are vague, or are missing."""
    reasons = []
    failed = [p for p, verdict in judged if verdict == "fails" and (p.p < 0.001 or not randomised)]
    if failed:
        worst = max(failed, key=lambda p: abs(p.effect) / p.se if p.se else float("inf"))
        broken = "the lottery did not make the groups alike"
        what = broken if randomised else "the groups differ in what cannot have changed"
        span = f"{words.money(worst.effect)}, {words.money(worst.low)} to {words.money(worst.high)}"
        reasons.append(f"{what} ({worst.method}: {span}; {len(failed)} of {len(judged)} fail)")
    if any(item.placebo_fails for item in trends):
        reasons.append("the gap also moved at dates before the campaign")
    if randomised:
        return reasons
    vague = sum(verdict == "says little" for _, verdict in judged)
    if vague and not failed:
        reasons.append(f"the placebo is too vague to rule out a bias as large as the effect ({vague} of {len(judged)})")
    if not judged and not any(item.placebos for item in trends):
        reasons.append("nothing was checked that the campaign cannot have changed")
    return reasons


def _judge_overlap(comparisons: Sequence[Comparison], adjusted: Sequence[Estimate]) -> list[str]:
    """Reasons against a conclusion: customers who have nobody to be compared with."""
    texts = [text for item in comparisons for text in item.overlap.warnings]
    texts += [text for e in adjusted for text in e.warnings]
    serious = ["no estimate", "overlap", "effective sample size", "extreme weights", "customers repeat"]
    if any(e.details.get("left_out", 0) > 0.05 for e in adjusted):
        serious.append("left out")
    return list(dict.fromkeys(text for text in texts if any(word in text for word in serious)))


def _judge_agreement(
    trends: Sequence[DifferenceInDifferences], adjusted: Sequence[Estimate], words: _Words
) -> list[str]:
    """Reasons against a conclusion: windows or methods that disagree."""
    reasons = []
    if any(item.windows_disagree for item in trends):
        reasons.append("the answer depends on the window before the campaign")
    same = [e for e in adjusted if not e.estimand.startswith("ATO") and e.effect == e.effect]
    apart = [
        (a, b) for a, b in combinations(same, 2) if not (a.low <= b.effect <= a.high or b.low <= a.effect <= b.high)
    ]
    if apart:
        a, b = max(apart, key=lambda pair: abs(pair[0].effect - pair[1].effect))
        both = f"{a.method} {words.money(a.effect)}, {b.method} {words.money(b.effect)}"
        reasons.append(f"the methods disagree ({both})")
    return reasons
