"""The first screen of a campaign with a control group: what was measured, and the card that says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from loyalty.evaluate.money.profit import Money
from loyalty.report.campaign.job import Job
from loyalty.report.campaign.placebo import ROW, Placebo, say_away
from loyalty.report.campaign.tails import keep_warnings, say_plainly
from loyalty.report.campaign.trust import CAUSED, list_advice
from loyalty.report.output.html import ReportCard
from loyalty.text import count_of

DURING = "sales during the campaign"
WORDS = {"earned": "earned money", "lost": "lost money"}
HEDGE = "if the cost of {} is left out"
SEEN = ", but some checks could not be done"
NEEDS = "The table of checks says what each of them needs."
ALIKE = "Groups alike before the start"  # the check of the days right before the start
LOOK = (
    "First look for the reason why the groups differed before the start: how the list was split, who was moved by "
    "hand, and whether one group got another campaign."
)
ANEW = "do not repeat it on this result. Draw the groups anew, and measure once more"
# Where checks could not be done: they may turn a profit into none, and hardly a loss into a profit
GET = "Get what the checks need, and make the report again."
DOUBT = "Do not use this result yet: {} failed"
NO_FIGURE = "There is no result until that is explained. Quote no number of this report, because it may be wrong."
LUCK = "test the arm {} once more, because it is not yet sure that it earns"
TONES = {"earned": "good", "lost": "bad", "open": "open"}
# As `campaign_money` names a cost that nobody gave, and what the report calls it and its setting
COSTS = {
    "rewards": ("rewards", "reward_cost"),
    "contact cost": ("messages", "contact_cost"),
    "points": ("points", "point_cost"),
}


@dataclass(frozen=True, eq=False)
class Measured:
    """A campaign measured against its control group: lift, money and checks, and the verdict they allow.

    Parameters
    ----------
    arms : list of str
        The treated arms that are large enough to be shown.
    best : str
        The arm with the highest profit per customer; the report is about this one.
    ranking : pandas.DataFrame or None
        Every arm's profit, the best first; None with one arm.
    together : Money or None
        The profit of all arms together, as they were sent; None with one arm.
    money : Money
        The profit of the best arm.
    lifts : dict of str to Lift
        Lifts of sales of the best arm, by the name of their row in the table of the report.
    sharp : Lift or None
        The lift adjusted by the sales before the start, where that is possible.
    sharper : tuple of str
        What the adjustment brought, or why it is not possible.
    response : Lift
        The lift of the share of customers who bought.
    checks : pandas.DataFrame
        See `check_campaign`.
    alarms : dict of str to str
        The checks that failed, with what each of them found.
    verdict : str
        "earned", "lost" or "open": never more than the checks and the number of arms allow.
    advice : str
        What to do next.
    placebo : Placebo
        The same measurement before the start.
    """

    arms: list[str]
    best: str
    ranking: pd.DataFrame | None
    together: Money | None
    money: Money
    lifts: dict[str, Any]
    sharp: Any | None
    sharper: tuple[str, ...]
    response: Any
    checks: pd.DataFrame
    alarms: dict[str, str]
    verdict: str
    advice: str
    placebo: Placebo

    @property
    def lift(self) -> Any:
        """The lift of sales during the campaign."""
        return self.lifts[DURING]

    @property
    def lifts_and_placebo(self) -> dict[str, Any]:
        """The lifts by the name of their row, and beside them the placebo if there is one."""
        return self.lifts if self.placebo.sales is None else self.lifts | {ROW: self.placebo.sales}

    @property
    def said_money(self) -> Money:
        """The money with the verdict and the advice of the card: words and charts must not claim more than the card."""
        return replace(self.money, verdict=self.verdict, recommendation=self.advice)

    @property
    def one_arm(self) -> str:
        """The arm that the report is about, where there are several; empty with one arm."""
        return self.best if len(self.arms) > 1 else ""


def make_card(job: Job, measured: Measured) -> ReportCard:
    """Make the card: the verdict, its figures and what to do next; after a failed check no figure of the result."""
    alarms = measured.alarms
    size = _say_size(measured)
    if alarms:  # no figure that somebody could take for the result
        headline, tone, facts, notes = write_alarms(alarms, size)
        notes = (*notes[:-1], *_say_also_away(measured.placebo), notes[-1])
        return ReportCard(job.kicker, say_doubt(alarms), headline, tone, facts, notes)
    money = measured.said_money
    lift = measured.lift
    total, low, high = (job.money(value, 0) for value in (money.total.effect, money.total.low, money.total.high))
    facts = (
        ("Profit", total, f"{low} to {high}"),
        ("Lift during the campaign", job.amounts(lift.effect, lift.low, lift.high)[0], _say_relative(lift)),
        *size,
    )
    undone = list_undone(measured.checks)
    return ReportCard(
        job.kicker,
        _say_verdict(measured, bool(undone)),
        _say_profit(job, measured),
        TONES[money.verdict],
        facts,
        _write_notes(job, measured, undone),
    )


def _say_verdict(measured: Measured, is_partial: bool) -> str:
    """The verdict as a headline; it names the arm, and says so where some checks could not be done."""
    who = f"The arm {measured.one_arm}" if measured.one_arm else "The campaign"
    if measured.verdict not in WORDS:
        return f"We do not know yet whether {who[0].lower()}{who[1:]} earned money"
    missing = list_missing_costs(measured.money)
    before = f", {HEDGE.format(_join(missing))}" if missing else ""
    return f"{who} {WORDS[measured.verdict]}{before}{SEEN if is_partial else ''}"


def _say_profit(job: Job, measured: Measured) -> str:
    """The profit per customer with its interval, and which costs are not in it."""
    each = measured.money.profit
    whom = f"customer in the arm {measured.one_arm}" if measured.one_arm else "treated customer"
    missing = list_missing_costs(measured.money)
    before = ""
    if missing:
        before = f" The cost of {_join(missing)} is not known, and not taken off."
    written = job.amounts(abs(each.effect), abs(each.low), abs(each.high))
    values = (each.effect, each.low, each.high)
    effect, low, high = (
        f"a {'profit' if value >= 0 else 'loss'} of {text}" for value, text in zip(values, written, strict=True)
    )
    span = f"the truth is probably between {low} and {high} ({each.level:.0%} interval)"
    if pd.isna(each.low):
        span = "there is no interval, because all customers of a group are alike"
    return f"A{effect[1:]} per {whom}, {say_windows(job)}; {span}.{before}".replace("%", " %")


def _write_notes(job: Job, measured: Measured, undone: Mapping[str, str]) -> tuple[str, ...]:
    """What the reader has to keep in mind, and what to do next."""
    money = measured.said_money
    lift = measured.lift
    notes = [say_effect(job, lift, arm=measured.one_arm), *_say_away(measured, job.unit)]
    if measured.together is not None:
        notes.append(_say_together(job, measured.together, len(measured.arms)))
    kinds = {text.split(":")[0] for text in lift.warnings}
    shared = tuple(text for text in money.profit.warnings if text.split(":")[0] in kinds)
    notes += [f"Careful: {say_plainly(text)}." for text in keep_warnings(shared, money.profit)]
    if undone:
        notes += say_undone(undone)
    looks = measured.checks.loc[measured.checks["result"] == "look", "check"].tolist()
    if looks:
        notes.append(f"To look at, in the table of checks: {_join(looks)}.")
    notes.append(_say_next(job, measured, bool(undone)))
    if measured.one_arm:
        notes.append(say_best(len(measured.arms)))
    return tuple(notes)


def _say_away(measured: Measured, unit: str) -> tuple[str, ...]:
    """Warn where the groups differed before anything was sent, and say so where they were alike right before it."""
    found = say_away(measured.placebo, unit)
    if not found:
        return ()
    checks = measured.checks.set_index("check")["result"]
    is_shared = measured.placebo.days is not None and measured.placebo.days.shared
    alike = "" if is_shared or checks.get(ALIKE) != "good" else " In the days right before the start they were alike."
    return (f"{found[0]}{alike}",)


def _say_also_away(placebo: Placebo) -> tuple[str, ...]:
    """After a failed check: that the groups differed before the start too, without a figure."""
    if not placebo.away or placebo.days is None:
        return ()
    return (f"The groups differed also before anything was sent ({placebo.days.say()}).",)


def _say_next(job: Job, measured: Measured, is_partial: bool) -> str:
    """What to do next; where something is in doubt, what to look at first."""
    money = measured.said_money
    if larger := _say_larger(job, measured):
        return f"Next: {ANEW}, because {larger}."
    steps = []
    if measured.placebo.away:
        steps.append(LOOK)
    if is_partial and money.profit.effect > 0 and not list_missing_costs(money):
        steps.append(GET)
    if not steps:
        return f"Next: {money.recommendation}."
    before = " ".join(steps)
    condition = "If you find no fault" if measured.placebo.away else "If no check fails"
    return f"Next: {before[0].lower()}{before[1:]} {condition}, {money.recommendation}."


def _say_larger(job: Job, measured: Measured) -> str:
    """Say that the groups differed by more before the start than what is to be sent again for; empty if not."""
    before, now = measured.placebo.away.get("profit"), measured.money.profit
    if before is None or measured.verdict != "open" or not 0 < now.effect <= before.effect:
        return ""
    early, late = job.amounts(before.effect, now.effect)
    return (
        f"before anything was sent the groups differed by {early} of profit a customer, which is more than the profit "
        f"of {late} measured now"
    )


def say_windows(job: Job) -> str:
    """Say which days the money counts."""
    after = job.days.get("post", 0)
    return f"during the campaign and the {count_of(after, 'day')} after it" if after else "during the campaign"


def _say_together(job: Job, money: Money, arms: int) -> str:
    """What all arms brought together, as they were sent."""
    who = "Both" if arms == 2 else f"All {arms}"
    span = f"{job.money(money.total.low, 0)} to {job.money(money.total.high, 0)}"
    what = "profit" if money.total.effect >= 0 else "loss"
    total = job.money(abs(money.total.effect), 0)
    return (
        f"{who} arms together, {money.profit.n_treated:,} customers: a {what} of {total} in all (95 % interval {span})."
    )


def list_undone(checks: pd.DataFrame) -> dict[str, str]:
    """The checks that could not be done, and what each of them needs."""
    undone = checks[checks["result"] == "not done"]
    return dict(zip(undone["check"], undone["what was found"], strict=True))


def say_undone(undone: Mapping[str, str]) -> list[str]:
    """Name the checks that could not be done; what would allow them stands in the table of checks."""
    return [f"{count_of(len(undone), 'check')} could not be done: {', '.join(undone)}. {NEEDS}"]


def say_doubt(alarms: Mapping[str, str]) -> str:
    """The headline after failed checks, with their number."""
    return DOUBT.format("a check has" if len(alarms) == 1 else f"{len(alarms)} checks have")


def write_alarms(
    alarms: Mapping[str, str], size: tuple[tuple[str, str, str], ...]
) -> tuple[str, str, tuple[tuple[str, str, str], ...], tuple[str, ...]]:
    """The rest of a card after failed checks: what each of them found, no figure of the result, and what to do."""
    first, *_ = (say_alarm(says) for says in alarms.values())
    also = []
    for name, says in list(alarms.items())[1:]:
        why = "probably for the same reason" if CAUSED in says else ""
        also.append(f"Also failed, {why}: {name}." if why else f"Also failed. {say_alarm(says)}.")
    mend = [f"What to do. {text}" for text in list_advice(alarms)]
    return f"{first}.", "open", size, (*also, *mend, NO_FIGURE)


def say_best(arms: int) -> str:
    """That the arm shown is the best of several, and that the result allows for it."""
    says = f"This is the best of {arms} arms, and the best is partly lucky."
    return f"{says} The result above already takes that into account."


def say_alarm(found: str) -> str:
    """What a failed check found, for a reader who knows no p-values; the table of checks tells them.

    Examples
    --------
    >>> say_alarm("The list holds 10 control; p < 0.0001; the split is not the one planned")
    'The list holds 10 control, and luck hardly ever makes that; the split is not the one planned'
    """
    plain = re.sub(r", farthest apart in .*? \([\d.]+ standard deviations of a lottery\)", "", found)
    return re.sub(
        r"; p [<=] [\d.e-]+( after correction for \d+ cells?)?", ", and luck hardly ever makes that", plain, count=1
    )


def list_missing_costs(money: Money) -> list[str]:
    """The costs that nobody gave, as the report calls them."""
    return [said for name, (said, _) in COSTS.items() if name in money.missing_costs]


def advise_costs(job: Job, money: Money) -> str:
    """What to do where costs were not given: find them out, and how much they may be if the profit is to stand."""
    words = _join(list_missing_costs(money))
    settings = _join([setting for name, (_, setting) in COSTS.items() if name in money.missing_costs])
    advice = f"find out what {words} cost, set {settings}, and make the report again"
    if money.verdict == "earned":
        most = job.amounts(money.profit.low)[0]
        return f"{advice}; the profit is sure only if these costs together stay under {most} a customer"
    most = job.amounts(money.profit.effect)[0]
    return f"{advice}; if they come to more than {most} a customer, a loss is more likely than a profit"


def advise_loss(job: Job, arm: str, money: Money) -> str:
    """What to do next after a loss, or none, in which the costs that nobody gave are not yet counted."""
    words = _join(list_missing_costs(money))
    return f"{advise_plainly(arm, money)}; what {words} cost is not yet taken off, and makes the result worse"


def advise_plainly(arm: str, money: Money) -> str:
    """What to do next, and why; `arm` names the arm where there are several."""
    what = f"the arm {arm}" if arm else "it"
    size = f"{money.testing.size:,} customers"
    split = f"{size}, {money.profit.n_control:,} of them without the offer,"
    is_same_size = money.testing.size == money.profit.n_treated + money.profit.n_control
    reasons = {
        "send again": f"send {what} again, because even the worst likely result is a profit",
        "stop": f"stop {what}, because even the best likely result is a loss",
    }
    advice = reasons.get(money.recommendation, money.recommendation)
    return advice.replace(f"{size},", split) if is_same_size else advice


def _join(words: list[str]) -> str:
    """Join words as in a sentence: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _say_size(measured: Measured) -> tuple[tuple[str, str, str], ...]:
    """The facts of the card on the size of the groups, and on how many checks are fine."""
    lift = measured.lift
    results = measured.checks["result"].value_counts()
    rest = []
    if failed := len(measured.alarms):
        rest.append("1 has failed" if failed == 1 else f"{failed} have failed")
    if doubtful := int(results.get("look", 0)):
        rest.append(f"{doubtful} to look at")
    if undone := int(results.get("not done", 0)):
        rest.append(f"{undone} could not be done")
    who = f"in the arm {measured.one_arm}" if measured.one_arm else "treated"
    return (
        ("Measured on", f"{lift.n_treated:,}", f"{who}, against {lift.n_control:,} in control"),
        ("Checks", f"{results.get('good', 0)} fine", ", ".join(rest) or "all were done"),
    )


def _say_relative(lift: Any) -> str:
    """Of what the lift is, and its share of the control's mean where that is known."""
    if pd.isna(lift.relative):
        return "sales a treated customer"
    return f"sales a treated customer, {lift.relative:+.1%}".replace("%", " %").replace("-", "−")


def say_effect(job: Job, lift: Any, *, arm: str = "", doubt: bool = False) -> str:
    """The effect in one sentence; in doubt it compares the groups and says nothing of a cause.

    Parameters
    ----------
    job : Job
    lift : Lift
        Of sales.
    arm : str
        The arm of which the lift speaks, if there are several.
    doubt : bool
        Whether a check has failed.
    """
    written = job.amounts(abs(lift.effect), abs(lift.low), abs(lift.high))
    values = (lift.effect, lift.low, lift.high)
    effect, low, high = (
        f"{text} {'more' if value >= 0 else 'less'}" for value, text in zip(values, written, strict=True)
    )
    than = "a customer in control" if doubt else "without it"
    zero = ""
    if not doubt and lift.low <= 0 <= lift.high:
        zero = " So it may also have changed nothing."
    who = f"a customer in the arm {arm}" if arm else "a treated customer"
    changed = f"During the campaign {who} bought on average for {effect} than {than}"
    if pd.isna(lift.low):
        return f"{changed}. There is no interval, because all customers of a group are alike."
    return f"{changed}, probably between {low} and {high} (95 % interval).{zero}"
