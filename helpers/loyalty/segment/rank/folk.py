"""Famous numbers put to the test: each with a verdict, an interval, and what would have to be true."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Literal

import numpy as np
import pandas as pd

from loyalty.segment.rank.cohorts import Cohorts
from loyalty.segment.rank.concentration import Concentration
from loyalty.stats.intervals import wilson
from loyalty.tables.arguments import check_arguments
from loyalty.text import ask_percent

HOLDS = "holds"
FAILS = "does not hold"
OPEN = "not decided"
DEPENDS = "depends on the years"
UNTESTABLE = "cannot be tested here"
COLOURS = {HOLDS: "#009E73", FAILS: "#D55E00", OPEN: "#E69F00", DEPENDS: "#CC79A7", UNTESTABLE: "#80868B"}
MONTHS = 12
MOST_GAIN = 10.0  # of a value, beyond which a sum without an end is all that is seen
Triple = tuple[float, float, float]
Gains = Mapping[float, Triple]


@dataclass(frozen=True)
class FolkVerdict:
    """A famous number beside the data; made by the `judge_…` functions.

    Attributes
    ----------
    claim : str
        The famous number, in words.
    verdict : str
        "holds", "does not hold", "not decided", "depends on the years" or "cannot be tested here".
    estimate, low, high : float
        What the data say, with its interval; NaN where they say nothing.
    why : str
        What decided, in one or two sentences.
    needs : str
        What would have to be true, or known.
    data : str
        The name of the data.
    span : str
        The time that the estimate is about, where the claim leaves it open; such as "in 5 years".
    warnings : tuple of str
    unit : str
        Of the estimate: "fraction", shown in percent, or "times".
    """

    claim: str
    verdict: str
    estimate: float
    low: float
    high: float
    why: str
    needs: str
    data: str = ""
    span: str = ""
    warnings: tuple[str, ...] = ()
    unit: Literal["fraction", "times"] = "fraction"

    def to_frame(self) -> pd.DataFrame:
        """One row with every field."""
        names = "data claim verdict estimate low high why needs".split()
        return pd.DataFrame([{name: getattr(self, name) for name in names} | {"warnings": "; ".join(self.warnings)}])

    def __str__(self) -> str:
        found = f" ({self.estimate:.3g}, {self.low:.3g} to {self.high:.3g})" if np.isfinite(self.estimate) else ""
        return f"“{self.claim}”: {self.verdict}{found}. {self.why}"

    def _repr_html_(self) -> str:
        where = f"{html.escape(self.data)}: " if self.data else ""
        lines = [
            f"<b>{where}“{html.escape(self.claim)}”</b> "
            f'<b style="color: {COLOURS[self.verdict]}">{html.escape(self.verdict)}</b>',
            html.escape(self.why),
            f"<i>What would have to be true:</i> {html.escape(self.needs)}",
            *(f"⚠ {html.escape(text)}" for text in self.warnings),
        ]
        return '<div style="border-left: 4px solid #9AA0A6; padding-left: 10px">' + "<br>".join(lines) + "</div>"


def _decide(low: float, high: float, floor: float, ceiling: float) -> str:
    """Compare an interval with the band that a claim allows: inside, outside, or across a border."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return OPEN
    if low >= floor and high <= ceiling:
        return HOLDS
    return FAILS if high < floor or low > ceiling else OPEN


@check_arguments
def judge_top_share(
    concentration: Concentration, *, top: float = 0.2, claim: float = 0.8, within: float = 0.05, data: str = ""
) -> FolkVerdict:
    """Judge "20 % of the customers bring 80 % of the sales" by the interval of the share.

    It holds if the whole interval lies within five points of the claim, fails if none of it does, and is not decided
    otherwise. Who is counted (buyers or all members) stands in the verdict, because it can turn it.

    Parameters
    ----------
    concentration : Concentration
        Asked for `top`.
    top, claim, within : float
        The share of the customers, the share that they are said to bring, and how far off would still do.
    data : str
        The name of the data.

    Returns
    -------
    FolkVerdict

    Examples
    --------
    >>> from loyalty.segment.rank.concentration import measure_concentration
    >>> spend = pd.DataFrame({"customer_id": range(200), "sales": np.arange(1.0, 201.0)})
    >>> judge_top_share(measure_concentration(spend)).verdict
    'does not hold'

    Source: Juran (1951), Quality-Control Handbook, who named the rule after Pareto; of customers Pareto knew nothing.
    """
    for name, value in (("top", top), ("claim", claim), ("within", within)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} should be a share from 0 to 1, found {value:g}{ask_percent(value)}")
    found = concentration.share(top)
    ends = max(claim - within, 0.0), min(claim + within, 1.0)
    verdict = _decide(found.low, found.high, *ends)
    who = f"the best {top:.0%} of {concentration.customers:,} {concentration.of}"
    why = f"{who} bring {found.value:.0%}"
    if np.isfinite(found.low):
        why += f" ({found.low:.0%} to {found.high:.0%})"
    idle = _find_idle_share(concentration, top, claim) if concentration.of == "buyers" else float("nan")
    needs = f"{top:.0%} of the {concentration.of} would have to bring {ends[0]:.0%} to {ends[1]:.0%}"
    if found.value < ends[0] and np.isfinite(idle):
        needs += f"; or {idle:.0%} of all members would have to buy nothing, and be counted"
    return FolkVerdict(
        claim=f"{top * 100:.0f} % bring {claim * 100:.0f} %",
        verdict=verdict,
        estimate=found.value,
        low=found.low,
        high=found.high,
        why=f"{why}.",
        needs=f"{needs}.",
        data=data,
        warnings=concentration.doubts(top),
    )


def _find_idle_share(concentration: Concentration, top: float, claim: float) -> float:
    """Find which share of all members would have to buy nothing, so that the top of all members bring the claim."""
    curve = concentration.curve
    reach = float(np.interp(claim, curve["share"], curve["top"]))
    return 1 - top / reach if reach > top else float("nan")


@check_arguments
def judge_win_or_keep(
    cost_to_win: Triple | None = None,
    cost_to_keep: Triple | None = None,
    *,
    claim: tuple[float, float] = (5.0, 10.0),
    data: str = "",
) -> FolkVerdict:
    """Judge "to win a customer costs 5 to 10 times as much as to keep one".

    Receipts hold no costs, so without both costs it cannot be tested. A cost *per customer won* divides by those who
    came *because of* the money, and the cost per customer kept by those who stayed because of it: both need a control
    group. Dividing by all newcomers, and by all who stayed, is no such cost.

    Parameters
    ----------
    cost_to_win, cost_to_keep : (value, low, high), optional
        Money per additional customer won, and per additional customer kept, with its interval; all above zero.
    claim : (low, high)
        How many times dearer it is said to be.
    data : str
        The name of the data.

    Returns
    -------
    FolkVerdict
        The interval of the ratio is put together from the two on the log scale.

    Examples
    --------
    >>> judge_win_or_keep().verdict
    'cannot be tested here'
    >>> judge_win_or_keep((30.0, 25.0, 36.0), (20.0, 15.0, 27.0)).verdict
    'does not hold'

    Source: Zou and Donner (2008), Statistics in Medicine 27, 1693-1702, for the interval.
    """
    words = f"to win costs {claim[0]:g}–{claim[1]:g} × as much as to keep"
    needs = (
        "what was spent on winning, divided by the customers that came because of it, would have to be "
        f"{claim[0]:g} to {claim[1]:g} times what was spent on keeping, divided by those who stayed because of it. "
        "Both numbers of customers need a control group"
    )
    if cost_to_win is None or cost_to_keep is None:
        missing = "no costs" if cost_to_win is None and cost_to_keep is None else "only one of the two costs"
        why = f"the data hold {missing}, and nobody was left out of winning or of keeping."
        nothing = (np.nan, np.nan, np.nan)
        return FolkVerdict(words, UNTESTABLE, *nothing, f"Because {why}", f"{needs}.", data, unit="times")
    for name, triple in (("cost_to_win", cost_to_win), ("cost_to_keep", cost_to_keep)):
        if not 0 < triple[1] <= triple[0] <= triple[2] < np.inf:
            raise ValueError(f"{name} should be (value, low, high), in this order and above zero; found {triple}")
    win, keep = np.log(cost_to_win), np.log(cost_to_keep)
    middle = win[0] - keep[0]
    low = np.exp(middle - np.hypot(win[0] - win[1], keep[2] - keep[0]))
    high = np.exp(middle + np.hypot(win[2] - win[0], keep[0] - keep[1]))
    why = f"to win costs {np.exp(middle):.1f} times as much ({low:.1f} to {high:.1f})."
    verdict = _decide(low, high, *claim)
    found = float(np.exp(middle)), float(low), float(high)
    return FolkVerdict(words, verdict, *found, why, f"{needs}.", data, unit="times")


@check_arguments
def find_value_gain(retention: float, *, less_churn: float = 0.05, points: bool = True, discount: float = 0.1) -> float:
    """Find how much more a customer is worth when fewer leave, if nothing else changes.

    One margin a year, the same each year, one retention for ever, no end: worth = margin × (1 + discount) / (1 +
    discount - retention). It is the worth of a customer, not next year's profit. Not for customers whose loss slows
    down with the years, as it usually does.

    Parameters
    ----------
    retention : float
        Share of the customers who are still there a year later, from 0 to 1.
    less_churn : float
        How much less churn: 0.05 is five points (of 100 customers five more stay), or with `points=False` one leaver in
        twenty.
    points : bool
        Which of the two readings.
    discount : float
        Rate a year at which later money counts less, 0 or more.

    Returns
    -------
    float
        A fraction: 0.25 is a quarter more. Infinite if nobody would leave and later money counts as much.

    Raises
    ------
    ValueError
        An argument lies outside its limits, or fewer customers leave than `less_churn` points.

    Examples
    --------
    >>> round(find_value_gain(0.85), 3), round(find_value_gain(0.85, points=False), 3)
    (0.25, 0.031)

    Source: the formula of Gupta and Lehmann (2003), Journal of Interactive Marketing 17, 9-24.
    """
    if not 0 <= retention <= 1 or not 0 <= less_churn <= 1 or not 0 <= discount < np.inf:
        found = f"found {retention}, {less_churn} and {discount}"
        mend = ask_percent(retention) or ask_percent(less_churn)
        raise ValueError(f"retention and less_churn lie between 0 and 1, discount is 0 or more; {found}{mend}")
    if points and retention + less_churn > 1 + 1e-9:
        found = f"of 100 customers {100 * retention:g} stay, so {100 * less_churn:g} more cannot"
        mend = f"lower less_churn to {1 - retention:.3g}, or set" if retention < 1 else "set"
        raise ValueError(f"{found}: {mend} points=False")
    later = min(retention + less_churn, 1.0) if points else 1 - (1 - less_churn) * (1 - retention)
    rest = 1 + discount - later
    before = 1 + discount - retention
    if before <= 0:
        return 0.0
    return float(before / rest - 1) if rest > 0 else float("inf")


@check_arguments
def judge_churn_profit(
    gain: Triple | Gains | None = None,
    *,
    retention: float | None = None,
    years: float | None = None,
    discount: float = 0.1,
    less_churn: float = 0.05,
    claim: float = 0.25,
    within: float = 0.05,
    data: str = "",
) -> FolkVerdict:
    """Judge "5 % less churn brings 25 % more profit".

    Receipts show neither profit nor who is lost, so it takes a test in which the churn of one group fell, or a world
    whose truth is known. Without it the verdict says what would have to be true.

    Parameters
    ----------
    gain : (value, low, high), or a mapping of years to such, optional
        How much more profit five percent less churn brought, as a fraction, with its interval. A mapping has the gain
        of several spans: where their verdicts differ, the verdict is "depends on the years".
    retention : float, optional
        Share still there a year later, from 0 to 1, if it is known: for what would have to be true.
    years : float, optional
        Over how many years a single gain was added up. The claim names none, and the gain grows with them.
    discount, less_churn : float
        See `find_value_gain`.
    claim, within : float
        The gain that is said, and how far off would still do.
    data : str
        The name of the data.

    Returns
    -------
    FolkVerdict

    Examples
    --------
    >>> judge_churn_profit(retention=0.7).verdict
    'cannot be tested here'
    >>> judge_churn_profit((0.028, 0.02, 0.03), years=1).verdict
    'does not hold'
    >>> judge_churn_profit({1: (0.03, 0.02, 0.04), 10: (0.27, 0.26, 0.28)}).verdict
    'depends on the years'

    Source: Reichheld and Sasser (1990), Harvard Business Review 68 (5), 105-111, say 25 to 85 % for five *points*.
    """
    if not (claim > 0 and 0 < less_churn < 1 and 0 <= discount < np.inf):
        found = f"found {claim}, {less_churn} and {discount}"
        raise ValueError(f"claim is above 0, less_churn between 0 and 1, discount 0 or more; {found}")
    words = f"{less_churn * 100:g} % less churn, {claim * 100:g} % more profit"
    asked = 1 + discount - less_churn * (1 + 1 / claim)
    needs = (
        f"read as points, with one margin a year for ever and a discount of {discount:.0%}, retention would have to be "
        f"{asked:.0%} a year, and the profit that of all later years. Read as {less_churn:.0%} of the leavers it can "
        f"never bring more than {1 / (1 - less_churn) - 1:.1%}, unless they are dearer to serve or to replace"
    )
    if retention is not None:
        readings = (True, False) if retention + less_churn <= 1 + 1e-9 else (False,)
        both = [
            find_value_gain(retention, less_churn=less_churn, points=points, discount=discount) for points in readings
        ]
        at = " and ".join(f"{one:.1%}" if one < MOST_GAIN else "no end" for one in both)
        what = (
            "the two readings bring"
            if len(both) == 2
            else "so many points are more than leave; the other reading brings"
        )
        needs += f". At a retention of {retention:.0%} {what} {at}"
    if gain is None:
        why = "Because the data hold no profit of customers whose churn fell while that of others did not."
        return FolkVerdict(words, UNTESTABLE, np.nan, np.nan, np.nan, why, f"{needs}.", data)
    if isinstance(gain, Mapping):
        if not gain or years is not None or not all(_is_span(one) for one in gain):
            raise ValueError(
                f"a mapping of gains has years above zero for keys, and `years` is not given; found {gain}"
            )
        spans = sorted(gain.items())
        each = [_judge_gain(triple, claim, within) for _, triple in spans]
        if len({verdict for verdict, _ in each}) > 1:
            seen = [
                f"{_write_span(span)} {said}: {verdict}" for (span, _), (verdict, said) in zip(spans, each, strict=True)
            ]
            brief = {HOLDS: "yes", FAILS: "no", OPEN: "open"}
            span = ", ".join(f"{one:g}: {brief[verdict]}" for (one, _), (verdict, _) in zip(spans, each, strict=True))
            why = f"The claim names no years: {'; '.join(seen)}."
            return FolkVerdict(words, DEPENDS, np.nan, np.nan, np.nan, why, f"{needs}.", data, f"years {span}")
        years, gain = spans[-1]
    value, low, high = _check_triple(gain, "gain")
    verdict, why = _judge_gain((value, low, high), claim, within)
    span = "" if years is None else _write_span(years)
    notes = ["the claim names no years, and the gain grows with them: another span may have another verdict"]
    if value > 1:
        notes.append(f"the gain is a fraction: {value:g} means {value:.0%}")
    why = f"{span} {why}." if span else f"{why}."
    return FolkVerdict(words, verdict, value, low, high, why, f"{needs}.", data, span, tuple(notes))


def _is_span(years: object) -> bool:
    return isinstance(years, Real) and 0 < float(years) < np.inf


def _write_span(years: float) -> str:
    return f"in {years:g} year{'s' * (years != 1)}"


def _judge_gain(gain: Triple, claim: float, within: float) -> tuple[str, str]:
    """Compare one gain with the claim, and say it."""
    value, low, high = _check_triple(gain, "gain")
    if value > MOST_GAIN:
        raise ValueError(f"gain is a fraction, 0.25 for a quarter more; found {value:g}, which is {value:.0%}")
    says = f"it brought {value:.1%} more profit ({low:.1%} to {high:.1%})"
    return _decide(low, high, claim - within, claim + within), says


def _check_triple(triple: Triple, name: str) -> Triple:
    value, low, high = (float(one) for one in triple)
    if not (np.isfinite([value, low, high]).all() and low <= value <= high):
        raise ValueError(f"{name} should be (value, low, high), in this order; found {triple}")
    return value, low, high


@check_arguments
def judge_half_lost(
    cohorts: Cohorts | None = None,
    *,
    lost: int | None = None,
    customers: int | None = None,
    years: float | None = None,
    claim: float = 0.5,
    after: float = 5.0,
    within: float = 0.05,
    data: str = "",
    level: float = 0.95,
) -> FolkVerdict:
    """Judge "half of the customers are lost in five years".

    Receipts show who is silent, never who has left, and few of them reach five years back: a cohort triangle alone
    cannot decide it. Contracts, cancelled accounts or a simulated world know who has left.

    Parameters
    ----------
    cohorts : Cohorts, optional
        What the receipts show, where nobody knows who has left.
    lost, customers : int, optional
        Of so many customers who began together, so many have left.
    years : float, optional
        After so many years.
    claim, after, within : float
        The share that is said to be lost, after how many years, and how far off would still do.
    data : str
        The name of the data.
    level : float
        Coverage of the interval (Wilson), a fraction.

    Returns
    -------
    FolkVerdict

    Examples
    --------
    >>> judge_half_lost(lost=1_584, customers=2_656, years=5.0).verdict
    'does not hold'

    Source: Reichheld (1996), The Loyalty Effect.
    """
    if not (0 < claim < 1 and after > 0):
        raise ValueError(f"claim lies between 0 and 1, after is above 0; found {claim} and {after}")
    words = f"{'half' if claim == 0.5 else format(claim, '.0%')} are lost in {after:g} years"
    yearly = 1 - (1 - claim) ** (1 / after)
    needs = f"if each year lost the same share, it would have to be {yearly:.1%} of those who are left"
    if lost is not None and customers is not None and years is not None:
        if not 0 <= lost <= customers or customers < 1 or not years > 0:
            raise ValueError(
                f"lost should lie between 0 and customers, years above 0; found {lost}, {customers}, {years:g}"
            )
        share = lost / customers
        low, high = (float(end) for end in wilson(share, customers, level))
        seen = (
            f"{share:.0%} of {customers:,} had left after {years:g} year{'s' * (years != 1)} ({low:.0%} to {high:.0%})"
        )
        if abs(years - after) > 1 / MONTHS:
            why = f"Because {seen}, and the claim speaks of {after:g}: how the loss goes on nobody has seen."
            return FolkVerdict(words, UNTESTABLE, share, low, high, why, f"{needs}.", data)
        verdict = _decide(low, high, claim - within, claim + within)
        return FolkVerdict(words, verdict, share, low, high, f"{seen}.", f"{needs}.", data)
    if cohorts is None:
        raise ValueError("give the cohorts, or how many were lost of how many customers after how many years")
    span = int(cohorts.table["age"].max())
    why = (
        f"Because the receipts cover {span + 1} months, and the claim speaks of {after * MONTHS:g}; and they show who "
        "is silent, not who has left."
    )
    full = cohorts.table[cohorts.table["complete"]]
    if len(full):
        first = full[full["cohort"] == full["cohort"].iloc[0]].iloc[-1]
        came = f"{first['share']:.0%} ({first['low']:.0%} to {first['high']:.0%})"
        why += f" Of the cohort {first['cohort']}, {came} bought in month {first['age']}; the others may come again."
    return FolkVerdict(words, UNTESTABLE, np.nan, np.nan, np.nan, why, f"{needs}.", data)


@check_arguments
def gather_verdicts(verdicts: Iterable[FolkVerdict]) -> pd.DataFrame:
    """Put verdicts into one table: a row a claim, a column a data set, with the estimate in brackets.

    Parameters
    ----------
    verdicts : iterable of FolkVerdict

    Returns
    -------
    pandas.DataFrame
        Index: claims in the order in which they came. Columns: names of the data.

    Examples
    --------
    >>> gather_verdicts([judge_win_or_keep(data="chain")]).iloc[0, 0]
    'cannot be tested here'
    """
    found = list(verdicts)
    if not found or not all(isinstance(one, FolkVerdict) for one in found):
        raise ValueError("verdicts should hold at least one result of a `judge_…` function")
    table: dict[str, dict[str, str]] = {}
    for one in found:
        seen = f" ({_say_number(one)})" if np.isfinite(one.estimate) else f" ({one.span})" if one.span else ""
        table.setdefault(one.data or "data", {})[one.claim] = f"{one.verdict}{seen}"
    claims = list(dict.fromkeys(one.claim for one in found))
    return pd.DataFrame(table, index=pd.Index(claims, name="claim")).fillna("")


def _say_number(verdict: FolkVerdict) -> str:
    numbers = verdict.estimate, verdict.low, verdict.high
    if verdict.unit == "times":
        return "{:.1f} ×, {:.1f} to {:.1f}".format(*numbers)
    decimals = 1 if verdict.high - verdict.low < 0.01 else 0
    seen = "{:.{d}%}, {:.{d}%} to {:.{d}%}".format(*numbers, d=decimals)
    return f"{seen}, {verdict.span}" if verdict.span else seen
