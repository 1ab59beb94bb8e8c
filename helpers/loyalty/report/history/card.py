"""The first screen of the report on a response history: what to do on Monday, and why."""

from __future__ import annotations

import pandas as pd

from loyalty.evaluate.money.pricing import UNKNOWN
from loyalty.report.history.decisions import BY_PROFIT, BY_RESPONSE
from loyalty.report.history.learned import Learned
from loyalty.report.history.measure import WAVE
from loyalty.report.history.next_tests import AGAIN, STOP
from loyalty.report.output.html import ReportCard
from loyalty.report.output.privacy import SMALL
from loyalty.text import count_of, list_few, say_money

NAMED = 3
KEEP = "Next time, send nothing to a part of the list that is chosen by chance"
ALL_LOSE = "In each segment even the best likely result is a loss."
NO_TEST = "In no segment is a profit to be expected, and no test of them is worth its cost."
SMALL_LISTS = "Send to more customers the next time, and keep a control group"
NO_MARGIN = "Set margin_rate: then this history says which offer earns"


def make_card(found: Learned, never: tuple[int, int], checks: pd.DataFrame) -> ReportCard:
    """Make the card: the verdict is an instruction, the headline its reason, and each note one more."""
    tone, verdict, headline = _say_verdict(found)
    notes = [*_say_test(found), *_say_stop(found), *_say_uncontrolled(found), *_say_never(never)]
    notes += [f"Careful: {text}." for _, result, text in found.checks if result == "look" and text.startswith(UNKNOWN)]
    alarms = checks.loc[checks["result"] == "look", "check"].drop_duplicates().tolist()
    if alarms:
        notes.append(f"To look at, in the table of checks: {', '.join(alarms)}.")
    rows = found.rows
    kept = len(_list_controlled(rows))
    waves = len(rows.drop_duplicates(WAVE))
    facts = (
        (
            "Campaigns",
            f"{rows['campaign_id'].nunique():,}",
            f"{kept} of {count_of(waves, 'wave')} with a control group",
        ),
        ("Contacts", f"{len(rows):,}", f"{rows['customer_id'].nunique():,} customers"),
        ("Offers", f"{rows.loc[rows['arm'] != 'control', 'offer_id'].nunique():,}", _say_best(found)),
        ("Never tried", f"{never[0]:,}", f"of {count_of(never[1], 'pair')} of segment and offer"),
    )
    return ReportCard(_say_kicker(found), verdict, headline, tone, facts, tuple(notes))


def _say_kicker(found: Learned) -> str:
    days = pd.to_datetime(found.rows["start"]).dropna()
    if days.empty:
        return found.title
    first, last = days.min(), days.max()
    return f"{found.title} · campaigns from {first.day} {first:%B %Y} to {last.day} {last:%B %Y}"


def _list_controlled(rows: pd.DataFrame) -> list[tuple[str, int]]:
    """The waves that kept a control group of five customers or more."""
    sizes = rows[rows["arm"] == "control"].groupby(WAVE).size()
    return [(str(name), int(wave)) for name, wave in sizes.index[sizes >= SMALL]]


def _say_verdict(found: Learned) -> tuple[str, str, str]:
    """The tone, the instruction and its reason."""
    if found.response is None and found.profit is None:
        says = "On these lists everybody got an offer, so there is nobody to compare with."
        rates = "The response rates say who answers. They do not say what an offer brings: some would have come anyway."
        return "open", KEEP, f"{says} {rates}"
    if found.profit is not None and (found.tests is None or found.tests.empty):
        return "open", SMALL_LISTS, f"{_say_lift(found)} No segment is large enough to test an offer in it alone."
    if found.tests is None:
        return "open", NO_MARGIN, f"{_say_lift(found)} Whether that pays, the margin and the costs decide."
    best = find_best(found.tests)
    if best["next"] == AGAIN:
        return "good", f"Send {best['offer']} again, to the segment {best['segment']}", _say_reason(found, best)
    if str(best["next"]).startswith("test"):
        return "plain", f"Test {best['offer']} next, in the segment {best['segment']}", _say_worth(found, best)
    if (found.tests["next"] == STOP).all():
        return "bad", "Stop these offers: each of them loses money", ALL_LOSE
    if best["believed"] > 0:
        says = f"Send {best['offer']} to the segment {best['segment']}, and keep a control group"
        return "open", says, _say_reason(found, best)
    return "open", "Try other offers: a loss is more likely than a profit with each of these", NO_TEST


def find_best(tests: pd.DataFrame) -> pd.Series:
    """Find the pair of segment and offer that brings most next: what is expected of sending it, and of its test.

    Examples
    --------
    >>> tests = pd.DataFrame({"believed": [2.0, -1.0], "customers": [100, 900], "gain": [-5.0, 150.0]})
    >>> int(find_best(tests).name)
    0
    """
    total = tests["believed"].clip(lower=0) * tests["customers"] + tests["gain"].clip(lower=0)
    return tests.loc[total.idxmax()]


def _say_lift(found: Learned) -> str:
    """The offer that raised the response most, with its interval."""
    if found.response is None:
        return ""
    best = found.response.offers.sort_values("effect", ascending=False).iloc[0]
    effect, low, high = (100 * best[name] for name in ("effect", "low", "high"))
    return (
        f"{best['offer']} changed the share who respond by {effect:+.1f} points "
        f"({low:+.1f} to {high:+.1f}, 95 % interval)."
    ).replace("-", "−")


def _say_reason(found: Learned, best: pd.Series) -> str:
    each, low, high = (say_money(best[name], found.unit, 2) for name in ("believed", "low", "high"))
    sure = "Even the worst likely result is a profit" if best["low"] > 0 else "A profit is more likely than a loss"
    calm = (
        ", moved towards the mean because the best of many is partly luck"
        if found.profit and found.profit.beliefs
        else ""
    )
    says = f"{sure}: about {each} a customer, probably between {low} and {high} (95 % interval{calm})."
    return f"{says}{_say_basis(found, best)}"


def _say_basis(found: Learned, best: pd.Series) -> str:
    """Say on how many waves and customers the expected profit rests; nothing of groups under five customers."""
    cells = found.profit.cells if found.profit is not None else pd.DataFrame(columns=["segment", "offer"])
    row = cells[(cells["segment"] == best["segment"]) & (cells["offer"] == best["offer"])]
    if row.empty or row[["n_treated", "n_control"]].min(axis=None) < SMALL:
        return ""
    waves, treated, control = (int(row[name].iloc[0]) for name in ("waves", "n_treated", "n_control"))
    return f" It rests on {count_of(waves, 'wave')}: {treated:,} customers there got it, and {control:,} did not."


def _say_worth(found: Learned, best: pd.Series) -> str:
    low, high = (say_money(best[name], found.unit, 2) for name in ("low", "high"))
    tried = "So far nobody knows whether it earns there: its profit a customer is probably between"
    if best["treated so far"] == 0:
        tried = "It was never tried there. Judged by the others, its profit a customer may be anywhere between"
    gain = say_money(best["gain"], found.unit)
    how = str(best["next"]).removeprefix("test: ")
    return (
        f"{tried} {low} and {high}. A test in which {how} is worth {gain} more than it costs: it tells whether to send "
        f"the offer to all {best['customers']:,} customers of the segment. This is no income of the test itself."
    )


def _say_test(found: Learned) -> list[str]:
    """The test that is worth most, where the verdict speaks of something else."""
    if found.tests is None or found.tests.empty:
        return []
    best = found.tests.iloc[0]
    equal = _say_equal(found.tests, best)
    if not str(best["next"]).startswith("test"):
        return []
    if best.name == find_best(found.tests).name:
        return equal
    named = f"{best['offer']} in the segment {best['segment']}"
    both = ""
    above = find_best(found.tests)
    if best["segment"] == above["segment"]:
        what = "sending" if above["next"] == AGAIN else "test"
        both = f" It needs the same customers as the {what} above: do one of the two."
    return [f"The test that is worth most: {named}. {_say_worth(found, best)}{both}", *equal]


def _say_equal(tests: pd.DataFrame, best: pd.Series) -> list[str]:
    """Other offers whose test in the same segment is worth the same: they were never tried either."""
    same = (tests["segment"] == best["segment"]) & (tests["gain"].round(2) == round(best["gain"], 2))
    others = tests.loc[same & (tests["offer"] != best["offer"]), "offer"].tolist()
    if not others:
        return []
    names = list_few(others, NAMED)
    return [f"A test of {names} there would be worth the same. They need the same customers: choose one of them."]


def _say_stop(found: Learned) -> list[str]:
    """The campaigns that should not be repeated, by what was measured or by what people decided."""
    stopped = found.decisions[found.decisions["do not repeat"] == "yes"]
    is_measured = stopped["why"].str.startswith((BY_PROFIT, BY_RESPONSE))
    reasons = {"even the best likely result is a loss": is_measured, "that was decided earlier": ~is_measured}
    return [
        f"Do not repeat {list_few(stopped.loc[rows, 'campaign'].tolist(), NAMED)}, because {why}."
        for why, rows in reasons.items()
        if rows.any()
    ]


def _say_uncontrolled(found: Learned) -> list[str]:
    """The campaigns without control, of which nothing but a rate is known."""
    kept = {name for name, _ in _list_controlled(found.rows)}
    names = [name for name in found.rows["campaign_id"].astype("str").unique() if name not in kept]
    if not names or not kept:
        return []
    return [
        f"Without a control group: {list_few(names, NAMED)}. Only response rates are known there, so next time send "
        "nothing to a part of such a list that is chosen by chance."
    ]


def _say_never(never: tuple[int, int]) -> list[str]:
    if not never[0]:
        return []
    return [
        f"{count_of(never[0], 'pair')} of segment and offer were never tried; the table 'What was tried' names them."
    ]


def _say_best(found: Learned) -> str:
    """The best offer whose whole interval lies above zero: a dozen customers can bring any number by luck."""
    judged = found.judged
    if judged is None or judged.offers["effect"].isna().all():
        return "none could be compared"
    sure = judged.offers[judged.offers["low"] > 0]
    if sure.empty:
        return "of none is it sure that it does better than nothing"
    best = sure.sort_values("effect", ascending=False).iloc[0]
    return f"best of those that are sure: {best['offer']}"
