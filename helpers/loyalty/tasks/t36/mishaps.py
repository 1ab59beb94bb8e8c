"""What goes wrong with a campaign, each as it happens in life: the mechanisms behind `loyalty.tasks.t36.cases`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.clinic.findings import Claim
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.world import Wave, World
from loyalty.world.effects import realise
from loyalty.world.money import tabulate

OTHER_METRICS = ("responded", "orders", "margin", "points_issued")
WEEK = 7
TRIES = 60  # further draws of the lottery, until a campaign of the kind that is asked for turns up


@dataclass(frozen=True)
class Stage:
    """A campaign before its draw; made by `loyalty.tasks.t36.cases`.

    `people` has one row a customer, sorted: customer_id (of the world), card, segment, operator. `share` is that of
    control, `days` the planned length, `metric` the planned one, `third` the operator that may fail.
    """

    world: World
    people: pd.DataFrame
    offer: str
    share: float
    days: int
    metric: str
    third: str
    rng: np.random.Generator

    def live(self, sent: Any, days: int = 0, contamination: float = 0.0) -> Wave:
        """Let the days of the campaign happen; `sent` says to whom the offer goes."""
        plan = self.people[["customer_id"]].assign(offer_id=pd.Series(self.offer, self.people.index).where(sent))
        return self.world.run(plan, days=days or self.days, carry_over=False, contamination=contamination)[0]

    def imagine(self, days: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What each would do in the main window with the offer, and without: rows as in `people`."""
        lives = (self.live(pd.Series(sent, self.people.index), days).outcomes for sent in (True, False))
        with_offer, without = (life[life["window"] == "main"].reset_index(drop=True) for life in lives)
        return with_offer, without

    def toss(self) -> np.ndarray:
        """Draw the treated by a fair lottery."""
        return self.rng.random(len(self.people)) >= self.share


@dataclass(frozen=True)
class Draw:
    """The draw of a campaign: its list, the treated among them, the claim, and how long it was measured."""

    listed: np.ndarray
    treated: np.ndarray
    days: int
    claim: Claim
    drawn_after: bool = False


def draw_fairly(scene: Stage) -> Draw:
    """Draw treated and control by lot; the claim is about the planned metric of everybody."""
    treated = scene.toss()
    return Draw(np.ones(len(treated), bool), treated, scene.days, Claim(outcome=scene.metric))


def draw_oddly(scene: Stage) -> Draw:
    """Draw by lot until the split looks odd, though it is not: p from .002 to .02, which one in 50 campaigns has."""
    for _ in range(10 * TRIES):
        found = draw_fairly(scene)
        count = int((~found.treated).sum())
        n = len(found.treated)
        if 0.002 < stats.chisquare([count, n - count], [n * scene.share, n * (1 - scene.share)]).pvalue < 0.02:
            break
    return found


def draw_afterwards(scene: Stage, gap: float) -> Draw:
    """Write to those who bought more, and choose the control after the end among those who were not written to."""
    before = scene.live(pd.Series(False, scene.people.index)).outcomes.query("window == 'pre'")["sales"].to_numpy()
    n = len(before)
    order = np.lexsort((scene.rng.random(n), before))
    score = np.empty(n)
    score[order] = stats.norm.ppf((np.arange(n) + 0.5) / n)
    # Of two halves of a normal score the means lie 1.596 apart
    pull = min(gap / 1.596, 1.0)
    taste = pull * score + np.sqrt(1 - pull**2) * scene.rng.standard_normal(n)
    treated = taste > np.median(taste)
    others = np.flatnonzero(~treated)
    # As many as a lottery of the planned shares would have left out
    wanted = scene.rng.binomial(round(treated.sum() / (1 - scene.share)), scene.share)
    control = scene.rng.choice(others, min(wanted, len(others)), replace=False)
    listed = treated.copy()
    listed[control] = True
    return Draw(listed, treated, scene.days, Claim(outcome=scene.metric), drawn_after=True)


def draw_until_stopped(scene: Stage, part: float) -> Draw:
    """Plan six weeks, look each week, stop at the first p < .05; campaigns that nothing stopped in time go on trying.

    Those that ran to the end as planned are no broken ones, so that the lottery is drawn anew until one stops.
    """
    waves = [scene.live(pd.Series(sent, scene.people.index), scene.days) for sent in (True, False)]
    _, main, *_ = waves[0].windows
    _, first, _ = main
    number = scene.days // WEEK
    weeks = tuple((str(k), first + WEEK * k, first + WEEK * (k + 1)) for k in range(number))
    both = [realise(w.before, w.plan.rows, weeks, (*w.past, w.sent))[scene.metric].cumsum(axis=1) for w in waves]
    least = int(np.floor(number * (1 - part) + 1e-9))
    for _ in range(TRIES):
        treated = scene.toss()
        looks = [compare_means(both[0][treated, k], both[1][~treated, k]) for k in range(least)]
        stops = [k for k, look in enumerate(looks) if look.p < 0.05 and look.effect > 0]
        if stops:
            break
    else:
        stops = [int(np.argmin([look.p for look in looks]))]  # after that many tries the best look counts as the stop
    day = WEEK * (stops[0] + 1)
    return Draw(np.ones(len(treated), bool), treated, day, Claim(outcome=scene.metric, looks=stops[0] + 1))


def draw_for_segment(scene: Stage, number: float) -> Draw:
    """Plan for everybody; where the whole shows nothing clear, praise the segment with the highest effect."""
    having, without = (table[scene.metric].to_numpy() for table in scene.imagine())
    segments = scene.people.groupby("segment").indices
    for _ in range(TRIES):
        treated = scene.toss()
        found = {
            name: compare_means(having[rows][treated[rows]], without[rows][~treated[rows]])
            for name, rows in segments.items()
        }
        best = max(found, key=lambda name: found[name].effect)
        if compare_means(having[treated], without[~treated]).p > 0.05 > found[best].p:
            break
    return Draw(np.ones(len(treated), bool), treated, scene.days, Claim(outcome=scene.metric, segment=best))


def draw_for_metric(scene: Stage, number: float) -> Draw:
    """Plan sales; where they show nothing clear, report the metric with the smallest p of a few."""
    having, without = scene.imagine()
    for _ in range(TRIES):
        treated = scene.toss()
        found = {
            name: compare_means(having[name][treated], without[name][~treated])
            for name in (scene.metric, *OTHER_METRICS[: int(number)])
        }
        planned = found.pop(scene.metric)
        best = min(found, key=lambda name: found[name].p)
        if planned.p > 0.05 > found[best].p:
            break
    return Draw(np.ones(len(treated), bool), treated, scene.days, Claim(outcome=best))


def filter_treated(contacts: pd.DataFrame, outcomes: pd.DataFrame, part: float, rng: np.random.Generator) -> pd.Series:
    """Say whom a filter takes off the list after the draw: treated whose number is dead, more often silent ones."""
    before = outcomes[outcomes["window"] == "pre"].set_index("customer_id")["orders"]
    treated = contacts["offer_id"].notna().to_numpy()
    weight = np.where(contacts["customer_id"].map(before).to_numpy() == 0, 2.0, 1.0) * treated
    return pd.Series(rng.random(len(contacts)) < part * weight / weight[treated].mean(), contacts.index)


def shift_control(wave: Wave, outcomes: pd.DataFrame, days: float) -> pd.DataFrame:
    """Measure the control in other weeks: so many days earlier, before the campaign began."""
    control = wave.plan.offer < 0
    rows = wave.plan.rows[control]
    windows = tuple((name, start - int(days), end - int(days)) for name, start, end in wave.windows)
    table = tabulate(realise(wave.before, rows, windows, wave.past), rows, windows, wave.before)
    table = table.assign(campaign_id=outcomes["campaign_id"].iloc[0], wave=1)[outcomes.columns]
    kept = outcomes[~outcomes["customer_id"].isin(rows + 1)]
    return pd.concat([kept, table]).sort_values(["customer_id"], kind="stable", ignore_index=True)


def drop_leavers(contacts: pd.DataFrame, outcomes: pd.DataFrame, part: float, rng: np.random.Generator) -> pd.DataFrame:
    """Survivorship: leave out treated customers who had gone by the end, because their file is of the last day.

    Treated customers who left, opted out or stopped buying have no row after the start; the control's file was made
    from the list of the first day.
    """
    treated = contacts.loc[contacts["offer_id"].notna(), "customer_id"]
    main = outcomes[outcomes["window"] == "main"].set_index("customer_id")["orders"].reindex(treated)
    silent = np.flatnonzero(main.to_numpy() == 0)
    gone = treated.to_numpy()[rng.choice(silent, min(round(part * len(treated)), len(silent)), replace=False)]
    return outcomes[~(outcomes["customer_id"].isin(gone) & (outcomes["window"] != "pre"))].reset_index(drop=True)


def lose_zeros(
    contacts: pd.DataFrame, outcomes: pd.DataFrame, part: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pass one group's list through a spreadsheet: card numbers that begin with 0 become shorter.

    Either the shortened list was matched with the receipts (nothing is found: zeros everywhere), or the outcomes came
    back under the short numbers (rows of nobody).
    """
    control = contacts["offer_id"].isna()
    group = control if rng.random() < 0.7 else ~control
    zero = np.flatnonzero(group & contacts["customer_id"].str.startswith("0"))
    hit = rng.choice(zero, min(round(part * group.sum()), len(zero)), replace=False)
    ids = contacts["customer_id"].iloc[hit]
    short = dict(zip(ids, ids.str.lstrip("0"), strict=True))
    if rng.random() < 0.5:
        found = outcomes["customer_id"].isin(short)
        numbers = outcomes.columns[outcomes.columns.get_loc("end") + 1 :]
        outcomes = outcomes.assign(**{name: outcomes[name].mask(found, 0) for name in numbers})
        contacts = contacts.assign(customer_id=contacts["customer_id"].replace(short))
    return contacts, outcomes.assign(customer_id=outcomes["customer_id"].replace(short))


def compare_naively(contacts: pd.DataFrame, outcomes: pd.DataFrame, claim: Claim) -> Estimate:
    """Compare the rows that match, as a proud team does: customers without a row are ignored.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": list("abcde"), "arm": ["mail", "mail", "control", "control", "mail"]})
    >>> outcomes = pd.DataFrame({"customer_id": list("abcd"), "window": "main", "sales": [4.0, 6.0, 3.0, 5.0]})
    >>> compare_naively(contacts, outcomes, Claim()).effect
    1.0
    """
    rows = outcomes[outcomes["window"] == claim.window].merge(contacts, on="customer_id", suffixes=("", "_"))
    rows = rows if claim.segment is None else rows[rows["segment"] == claim.segment]
    control = rows["arm"] == "control"
    return compare_means(rows.loc[~control, claim.outcome], rows.loc[control, claim.outcome])


Maker = Callable[[Stage, float], Draw]
DRAWS: Mapping[str, Maker] = {
    "control chosen afterwards": draw_afterwards,
    "early stop": draw_until_stopped,
    "winner's curse": draw_for_segment,
    "swapped metric": draw_for_metric,
}
