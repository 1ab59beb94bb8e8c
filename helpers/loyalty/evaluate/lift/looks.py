"""The lift at planned looks: what the campaign changed so far, and whether it may be stopped (alpha spending)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.stats.estimate import Estimate, render_html
from loyalty.stats.intervals import compare_means
from loyalty.stats.looks import MOST_LOOKS, SPENDING, find_next_bound, spend_level
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CONTACTS
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.ids import find_strangers
from loyalty.tables.problems import gather
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty, open_table
from loyalty.tables.wave.assigned import open_assigned
from loyalty.text import find_decimals, say_money

WHO = "the looks"  # the table that a message speaks of
OUTCOMES = ("sales", "margin")
STOP = "stop"
GO_ON = "go on"
OVER = "stopped before"
END = "end"


@dataclass(frozen=True)
class EarlyLook:
    """What one planned look found; made by `measure_looks`.

    Attributes
    ----------
    date : pandas.Timestamp
        The day of the look, in the morning: what was sold before it counts.
    number : int
        Which of the planned looks it is, from 1.
    fraction : float
        Part of the planned days behind it.
    effect, se : float
        The lift since the start, per customer assigned, and its standard error.
    z : float
        The lift in standard errors, brought to the scale of the normal distribution; NaN where nobody differs.
    bound : float
        How far from zero `z` has to lie, on either side, to stop. Infinite where the look may stop nothing.
    low, high : float
        Repeated confidence interval: those of all looks hold together.
    spent : float
        The share of useless campaigns that are stopped by this look or an earlier one.
    decision : {"stop", "go on", "stopped before", "end"}
    warnings : tuple of str
    """

    date: pd.Timestamp
    number: int
    fraction: float
    effect: float
    se: float
    z: float
    bound: float
    low: float
    high: float
    spent: float
    decision: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class EarlyLooks:
    """A campaign at its planned looks; made by `measure_looks`.

    Attributes
    ----------
    looks : tuple of EarlyLook
        Those that were made.
    dates : tuple of pandas.Timestamp
        All that were planned.
    correlation : array, one row and column a look
        Of the results of two looks that were made, from the customers.
    n_treated, n_control : int
        Customers in each group.
    outcome, arm : str
        What was measured, and the treated group.
    level : float
        1 less the false alarms of all looks together, a fraction.
    spending : str
        The spending function.
    warnings : tuple of str
        Reasons not to trust the result.
    """

    looks: tuple[EarlyLook, ...]
    dates: tuple[pd.Timestamp, ...]
    correlation: np.ndarray = field(repr=False)
    n_treated: int
    n_control: int
    outcome: str = "sales"
    arm: str = ""
    level: float = 0.95
    spending: str = "obrien_fleming"
    warnings: tuple[str, ...] = ()

    @property
    def final(self) -> EarlyLook:
        """The look that decides: the first that stops, else the last one made."""
        return next((look for look in self.looks if look.decision == STOP), self.looks[-1])

    @property
    def decision(self) -> str:
        """What to do: "stop", "go on", or "end" where the last look has found nothing."""
        return self.final.decision

    def to_frame(self) -> pd.DataFrame:
        """One row a look that was made."""
        names = "number date fraction effect se z bound low high spent decision".split()
        return pd.DataFrame([{name: getattr(look, name) for name in names} for look in self.looks])

    def sentence(self, unit: str = "") -> str:
        """What to do and why; `unit` is the currency."""
        look = self.final
        place = f"look {look.number} of {len(self.dates)} ({look.date:%Y-%m-%d})"
        decimals = find_decimals([look.effect])
        effect, low, high = (say_money(value, unit, decimals) for value in (look.effect, look.low, look.high))
        what = f"{effect} of {self.outcome} a customer since the start"
        if np.isfinite(look.low):
            what += f" ({low} to {high}, with {self.level:.0%} at all looks together)"
        if look.decision == STOP:
            text = f"Stop at {place}: {what}."
            if look.number < len(self.dates):
                text += " A test stops early when luck helps, so effects at an early stop are too large on average."
                text += " Use the interval."
            return text
        if look.decision == END and np.isnan(look.z) and look.effect != 0:
            return f"The last look ({look.date:%Y-%m-%d}) has been made: {what}; all customers of a group are alike."
        if look.decision == END:
            return f"The last look ({look.date:%Y-%m-%d}) has been made: {what}. Zero is not left out."
        if np.isnan(look.z) and look.effect != 0:
            return f"Nothing can be said after {place}: {what}, but within the groups all customers are alike."
        if np.isnan(look.z):
            return f"Go on after {place}: the groups do not differ yet. Next look: {self.dates[look.number]:%Y-%m-%d}."
        asked = "no result stops it so early"
        if np.isfinite(look.bound):
            asked = f"it would stop beyond {look.bound:.2f}"
        return (
            f"Go on after {place}: {what}. It lies {abs(look.z):.2f} standard errors from zero; {asked}. "
            f"Next look: {self.dates[look.number]:%Y-%m-%d}."
        )

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw the result of each look between its bounds."""
        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        table = self.to_frame()
        top = max(6.0, 1.1 * float(table["z"].abs().max()))
        limits = np.minimum(table["bound"], 2 * top)
        ax.fill_between(table["number"], -limits, limits, color=GREY, alpha=0.18, linewidth=0)
        for side in (-limits, limits):
            ax.plot(table["number"], side, color=INK, linewidth=1.2, marker="_")
        colours = [HIGHLIGHT if decision == STOP else TREATED for decision in table["decision"]]
        ax.plot(table["number"], table["z"], color=TREATED, linewidth=1.4)
        ax.scatter(table["number"], table["z"], color=colours, zorder=4, s=45)
        ax.axhline(0, color=INK, linewidth=0.8)
        ax.set(xlim=(0.5, len(self.dates) + 0.5), ylim=(-top, top), xlabel="planned look")
        ax.set_ylabel("lift in standard errors")
        if len(self.dates) <= 20:
            ax.set_xticks(range(1, len(self.dates) + 1))
        look = self.final
        titles = {STOP: f"Look {look.number} stops the test", END: "No look stops the test"}
        title = titles.get(look.decision, f"After look {look.number} the test goes on")
        headline(ax, title, "grey: results that stop nothing; the lift since the start, in standard errors", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.to_frame(), self.sentence(), self.warnings)


@check_arguments
def measure_looks(
    contacts: AnyTable,
    receipts: AnyTable,
    outcome: str = "sales",
    *,
    start: str | dt.date | pd.Timestamp,
    dates: Sequence[str | dt.date | pd.Timestamp],
    made: Sequence[str | dt.date | pd.Timestamp] | None = None,
    until: str | dt.date | pd.Timestamp | None = None,
    control: str = "control",
    level: float = 0.95,
    spending: str = "obrien_fleming",
) -> EarlyLooks:
    """Measure a campaign at the looks that were planned, and say whether it may be stopped.

    The same customers' spend grows from look to look. So the looks are correlated, and more than the tables of
    group-sequential tests suppose; the correlation is estimated from the customers, within the groups. A bound hangs on
    its own look and earlier ones only: it never changes afterwards.

    Not for days that were chosen when the result was known, not where chances differ between strata, and not for
    customers who were drawn together or who enter one after another.

    Parameters
    ----------
    contacts : table under CONTACTS; any source of `open_table`
        Everybody assigned, control included; one wave, one treated arm.
    receipts : table under RECEIPTS; any source
    outcome : {"sales", "margin"}
        The column of the receipts that is summed.
    start : day
        First day of the campaign.
    dates : sequence of days
        All planned looks, from 1 to 60, the last one included. A look on a day counts what was sold before it.
    made : sequence of days, optional
        The planned looks at which somebody looked, if not all that have arrived. A look that fell out spends nothing.
    until : day, optional
        The receipts are complete before this day; without it, until the day after the last one.
    control : str
        Name of the control group in `arm`.
    level : float
        1 less the false alarms of all looks together, a fraction.
    spending : {"obrien_fleming", "pocock"}
        As in `plan_looks`; what may be spent until a look goes by its days since the start.

    Returns
    -------
    EarlyLooks
        `.sentence()` says what to do, `.to_frame()` has a row a look. There is no corrected estimate: where a test was
        stopped early, the effect is too large on average, and the interval is what holds.

    Raises
    ------
    TableError
        With all problems of tables and days; a look that nobody planned is one.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> days = pd.date_range("2024-03-01", periods=28)
    >>> receipts = pd.DataFrame({"customer_id": np.arange(2_800) % 400, "time": np.repeat(days, 100)})
    >>> receipts["sales"] = rng.gamma(2.0, 5.0, 2_800) + 4 * (receipts["customer_id"] % 2)
    >>> contacts = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": np.arange(400)})
    >>> contacts["arm"] = np.where(contacts["customer_id"] % 2, "mail", "control")
    >>> found = measure_looks(contacts, receipts, start="2024-03-01", dates=["2024-03-15", "2024-03-29"])
    >>> found.decision, found.final.number, bool(found.final.low < 4 * 3.5 < found.final.high)
    ('stop', 1, True)

    Source: Lan and DeMets (1983), Biometrika 70, 659-663; by days: Lan and DeMets (1989), Biometrics 45, 1017-1020;
    repeated confidence intervals: Jennison and Turnbull (1989), Journal of the Royal Statistical Society B 51, 305-361.
    """
    if spending not in SPENDING:
        raise ValueError(f"spending should be one of {', '.join(SPENDING)}; found {spending!r}")
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome should be one of {', '.join(OUTCOMES)}; found {outcome!r}")
    problems: list[str] = []
    plan = _read_plan(start, dates, made, until, problems)
    tables = [gather(problems, check_table, contacts, CONTACTS), gather(problems, check_receipts, receipts)]
    if tables[1] and outcome not in tables[1][0].table.collect_schema():
        problems.append(f"receipts: there is no column `{outcome}`")
    if problems or plan is None:
        raise TableError(problems, WHO)
    try:
        people = collect(tables[0][0])
        lines = _type_lines(tables[1][0].table, outcome)
        looked, notes = _choose_looks(plan, lines)
        values, silent = _sum_until(lines, people, plan.start, [plan.dates[at] for at in looked])
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    names = [f"{outcome} until look {at + 1}" for at in looked]
    data = open_assigned(people.assign(**dict(zip(names, values.T, strict=True))), None, names, control=control)
    rows = data.fetch([*names, "weight"] if "weight" in data.table.collect_schema() else names)
    _refuse_groups(rows, data.arms)
    treated = (rows["arm"] != data.control).to_numpy()
    sums = rows[names].to_numpy(float)
    found = [compare_means(sums[treated, at], sums[~treated, at], level=level) for at in range(len(looked))]
    correlation = _correlate(sums, treated)
    made_looks = _judge(plan, looked, found, correlation, 1 - level, spending)
    final = next((look for look in made_looks if look.decision == STOP), made_looks[-1])
    doubts = [f"{final.date:%Y-%m-%d}: {text}" for text in final.warnings]
    return EarlyLooks(
        made_looks,
        tuple(plan.dates),
        correlation,
        int(treated.sum()),
        int((~treated).sum()),
        outcome,
        next(iter(data.arms)),
        level,
        spending,
        tuple(dict.fromkeys([*tables[1][0].warnings, *data.warnings, *notes, *silent, *doubts])),
    )


@dataclass(frozen=True)
class _Plan:
    """The days of a plan: its start, all looks, those at which somebody looked (None: all), the end of the receipts."""

    start: pd.Timestamp
    dates: list[pd.Timestamp]
    made: list[pd.Timestamp] | None
    until: pd.Timestamp | None

    @property
    def fractions(self) -> np.ndarray:
        """Part of the planned days behind each look."""
        days = np.array([(date - self.start).days for date in self.dates], float)
        return days / days[-1]


def _read_plan(start: Any, dates: Any, made: Any, until: Any, problems: list[str]) -> _Plan | None:
    """Read the days of a plan; what is wrong with them is added to the problems."""
    before = len(problems)
    first = gather(problems, read_day, start, "start")
    planned = [day for date in dates for day in gather(problems, read_day, date, "a day of `dates`")]
    looked = None
    if made is not None:
        looked = [day for date in made for day in gather(problems, read_day, date, "a day of `made`")]
    end = gather(problems, read_day, until, "until") if until is not None else [None]
    if len(problems) > before:
        return None
    if not 1 <= len(planned) <= MOST_LOOKS:
        problems.append(f"`dates` should hold from 1 to {MOST_LOOKS} days, found {len(planned):,}")
    elif planned[0] <= first[0]:
        problems.append(
            f"the first of `dates` should lie after the start, {first[0]:%Y-%m-%d}; it is {planned[0]:%Y-%m-%d}"
        )
    if any(later <= earlier for earlier, later in zip(planned, planned[1:], strict=False)):
        problems.append("`dates` should be in order, each day once")
    if looked is not None:
        if not looked:
            problems.append("`made` holds no day: give the planned looks at which somebody looked, or leave it out")
        if strange := [day for day in looked if day not in planned]:
            said = ", ".join(f"{day:%Y-%m-%d}" for day in strange[:5])
            problems.append(
                f"{said}: not among the planned looks. An unplanned look is not paid for, and no bound holds at it: "
                "wait for the next planned one"
            )
        looked = sorted(set(looked))
    return _Plan(first[0], planned, looked, end[0]) if len(problems) == before else None


def _choose_looks(plan: _Plan, lines: nw.LazyFrame) -> tuple[list[int], list[str]]:
    """The places of the looks that were made, and what to say of those that were not."""
    last = collect(lines.select(nw.col("time").max().alias("last")))["last"].iloc[0]
    if pd.isna(last):
        raise TableError(["there is not a single row"], "receipts")
    known = pd.Timestamp(last).normalize() + pd.Timedelta(days=1)
    until = plan.until or known
    arrived = [at for at, date in enumerate(plan.dates) if date <= until]
    if not arrived:
        says = f"no planned look has arrived: the receipts end before {until:%Y-%m-%d}, the first look is"
        raise TableError([f"{says} on {plan.dates[0]:%Y-%m-%d}"], WHO)
    if plan.made is None:
        return arrived, []
    if early := [day for day in plan.made if day > until]:
        said = ", ".join(f"{day:%Y-%m-%d}" for day in early[:5])
        raise TableError([f"`made` holds looks for which there are no receipts yet: {said}"], WHO)
    looked = [at for at in arrived if plan.dates[at] in plan.made]
    skipped = len([at for at in arrived if at < looked[-1]]) - len(looked) + 1
    return looked, [
        f"{skipped} planned looks fell out; what they could have spent is left for later"
    ] if skipped else []


def _type_lines(lines: nw.LazyFrame, outcome: str) -> nw.LazyFrame:
    """Customer, time and value, of one type on every engine."""
    schema = lines.collect_schema()
    value = nw.when(~is_empty(outcome, schema[outcome])).then(nw.col(outcome)).cast(nw.Float64)
    typed = lines.select(
        customer_id=nw.col("customer_id").cast(nw.Int64() if schema["customer_id"].is_integer() else nw.String()),
        time=nw.col("time").cast(nw.Datetime("us")),
        value=value,
    )
    empty = int(collect(typed.select(nw.col("value").is_null().cast(nw.Int64).sum().alias("n")))["n"].fillna(0).iloc[0])
    if empty:
        raise TableError([f"`{outcome}` is empty in {empty:,} lines: fill it, or measure sales"], "receipts")
    return typed


def _sum_until(
    lines: nw.LazyFrame, people: pd.DataFrame, start: pd.Timestamp, dates: list[pd.Timestamp]
) -> tuple[np.ndarray, list[str]]:
    """What each contact bought from the start until each look, one column a look; looks before which nobody bought."""
    if people.empty:
        raise TableError(["there is not a single row"], "contacts")
    buyers = collect(lines.select("customer_id").unique())["customer_id"]
    if strangers := find_strangers(people["customer_id"], buyers, "the contacts", "the receipts", alike=True):
        raise TableError(strangers, "contacts")
    time = nw.col("time")
    near = lines.filter(time >= write_moment(start), time < write_moment(dates[-1]))
    side = open_table(people[["customer_id"]].drop_duplicates(), beside=near)
    part = nw.lit(0).cast(nw.Int64)
    for date in dates[:-1]:
        part = part + (time >= write_moment(date)).cast(nw.Int64)
    parts = near.join(side, on="customer_id", how="inner").select("customer_id", "value", part=part)
    reduced = collect(parts.group_by("customer_id", "part").agg(nw.col("value").sum()))
    values = np.zeros((len(people), len(dates)))
    ids = pd.Index(people["customer_id"].drop_duplicates())
    at = pd.Series(np.arange(len(ids)), ids)
    of_ids = np.zeros((len(ids), len(dates)))
    of_ids[at[reduced["customer_id"]].to_numpy(), reduced["part"].to_numpy(int)] = reduced["value"].to_numpy(float)
    values = of_ids[at[people["customer_id"]].to_numpy()].cumsum(axis=1).round(6)
    begins = [start, *dates[:-1]]
    seen = set(reduced["part"].astype(int))
    empty = [f"{begin:%Y-%m-%d} to {dates[k]:%Y-%m-%d}" for k, begin in enumerate(begins) if k not in seen]
    return values, [f"nobody of the contacts bought anything from {span}: are receipts missing?" for span in empty]


def _refuse_groups(rows: pd.DataFrame, arms: dict[str, int]) -> None:
    """Raise where there are several treated arms, or customers with different chances."""
    problems = []
    if len(arms) > 1:
        problems.append(
            f"there are {len(arms)} treated arms ({', '.join(arms)}): measure one at a time against control"
        )
    if "weight" in rows and rows.groupby("arm")["weight"].agg(np.ptp).max() > 1e-6:
        problems.append("chances (`propensity`) differ between customers of a group: planned looks cannot weigh yet")
    if problems:
        raise TableError(problems, "contacts")


def _correlate(sums: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Correlate the looks over customers, within the groups; NaN for a look at which nobody differs."""
    inside = np.empty_like(sums)
    for group in (treated, ~treated):
        inside[group] = sums[group] - sums[group].mean(axis=0)
    length = np.sqrt((inside**2).sum(axis=0))
    length[length <= 1e-12 * np.abs(sums).sum(axis=0)] = np.nan
    unit = inside / length
    return np.asarray(unit.T @ unit)


def _judge(
    plan: _Plan,
    looked: list[int],
    found: list[Estimate],
    correlation: np.ndarray,
    alpha: float,
    spending: str,
) -> tuple[EarlyLook, ...]:
    """Find the bound of each look from those before it, and decide."""
    fractions = plan.fractions
    allowed = spend_level(fractions, alpha, spending)
    looks: list[EarlyLook] = []
    counted: list[int] = []
    bounds: list[float] = []
    spent = 0.0
    for at, (place, one) in enumerate(zip(looked, found, strict=True)):
        z, bound, reach = np.nan, np.inf, np.inf
        if one.se > 0:
            counted.append(at)
            bound = find_next_bound(correlation[np.ix_(counted, counted)], bounds, float(allowed[place] - spent))
            bounds.append(bound)
            spent = float(allowed[place])
            df = one.details["df"]
            z = _bring_to_normal(one.effect / one.se, df)
            reach = float(stats.t.isf(stats.norm.sf(bound), df)) * one.se if np.isfinite(bound) else np.inf
        decision = END if place == len(plan.dates) - 1 else GO_ON
        if abs(z) >= bound:
            decision = STOP
        if any(look.decision == STOP for look in looks):
            decision = OVER
        looks.append(
            EarlyLook(
                plan.dates[place],
                place + 1,
                float(fractions[place]),
                one.effect,
                one.se,
                z,
                bound,
                one.effect - reach,
                one.effect + reach,
                spent,
                decision,
                one.warnings,
            )
        )
    return tuple(looks)


def _bring_to_normal(t: float, df: float) -> float:
    """The value of the normal distribution that is as unlikely as this one of the t distribution."""
    tail = float(stats.t.sf(abs(t), df))
    return float(np.sign(t) * stats.norm.isf(tail)) if tail > 1e-300 else float(t)
