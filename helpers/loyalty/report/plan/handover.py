"""What a plan hands over: the send lists, the assignment, the record, and the page that says whether to send."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, TREATED, grid_along_x, headline, house_style
from loyalty.report.campaign.job import say_few
from loyalty.report.campaign.trust import find_alarms
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.marks import write_parquet
from loyalty.report.output.parts import Report
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.report.plan.draft import ArmPlan, Draft, name_channel
from loyalty.report.run.order import SEND
from loyalty.tables.check import check_table
from loyalty.tables.contracts import CAMPAIGNS
from loyalty.tables.spreadsheets import write_csv
from loyalty.text import say_money

WORDS = {
    "send": ("good", "Send: the test can show whether it pays"),
    "enlarge": ("open", "Enlarge the control before you send: this test sees too little"),
    "no costs": ("open", "Enter the costs: without them nobody knows whether it pays"),
    "loses": ("bad", "Do not send: a loss is expected"),
    "cannot pay": ("bad", "Do not send: it cannot pay"),
}
ARMS = {
    "send": "send",
    "enlarge": "enlarge the control",
    "no costs": "enter the costs",
    "loses": "do not send",
    "cannot pay": "do not send",
}
TOO_SHORT = "Do not rely on this test: the list is too short to show whether it pays"
BELIEVE = "Send it only if you are sure of the expected lift: this list is too short to check it"
METRIC = "sales per customer assigned, during the campaign"
NOTES = {
    "economics": "Base rate: the part that buys in {days} days without the offer. Needed rate: the part that must buy "
    "for the offer to pay; empty where no rate up to 100 % pays. Assumed: {assumed}.",
    "size": "Effects: sales per drawn customer, before discounts. All arms together have 5 % of false alarms. "
    "Treated and control stand here as planned; the draw comes near to that.",
    "files": "No control is on a send list. Send lists hold real ids and addresses, because the sender needs them; the "
    "assignment names the control and stays inside. It is the contact list of the campaign's report.",
    "appendix": "Break-even: the rise from which on margin pays contacts, gifts and discounts, also those that "
    "people who buy anyway use. Seen: a true effect of this size has an interval without zero in {power:.0%} of such "
    "campaigns.",
}


@dataclass(frozen=True, eq=False)
class CampaignPlan(Report):
    """A plan with its verdict ("send", "enlarge", "loses", "cannot pay" or "no costs") and its files by their ending.

    `people` is the assignment, control included; `results` hold draft (arms, drawn, allowed) and record.
    """

    verdict: str = "no costs"
    template: ClassVar[str] = "campaign_plan"
    files: Mapping[str, bytes] = field(default_factory=dict)

    def _write(self, path: Path) -> str:
        for ending, data in self.files.items():
            path.with_name(path.name + ending).write_bytes(data)
        self._write_sheets(path)
        return "The assignment stays inside; the send lists hold real ids and addresses, and no control."


def make_record(plan: Draft) -> pd.DataFrame:
    """Write the record of the campaign: one row under the contract `campaigns`, with how the arms were drawn."""
    values = plan.values
    drawn = plan.drawn
    days = {name: pd.Timestamp(values[name]) for name in ("start", "end", "registered_on")}
    row = {
        "campaign_id": values["campaign"],
        "wave": values["wave"] or 1,
        **days,
        "name": values["title"],
        **{name: values[name] for name in ("goal", "hypothesis", "budget", "owner", "universal_share")},
        "primary_metric": values["primary_metric"] or METRIC,
        "expected_lift": None if math.isnan(plan.expected_lift) else plan.expected_lift,
        "planned_start": days["start"],
        "planned_end": days["end"],
        "planned_shares": ", ".join(f"{arm}={share:g}" for arm, share in drawn.shares.items()),
        "mode": drawn.mode,
        "salt": drawn.salt,
        "draw_version": drawn.draw_version,
    }
    record = pd.DataFrame([row])
    check_table(record, CAMPAIGNS)
    return record


def make_files(plan: Draft, record: pd.DataFrame) -> tuple[dict[str, bytes], pd.DataFrame]:
    """Make the files of a plan: the assignment, a send list for each channel, and the record.

    Returns
    -------
    tuple of (dict of str to bytes, pandas.DataFrame)
        The files by their ending, and a list of them with rows and checksums.
    """
    contacts = plan.drawn.contacts
    people = plan.allowed.eligible
    table = io.BytesIO()
    write_parquet(contacts, table, CampaignPlan.template)
    files = {".parquet": table.getvalue()}
    rows = [("assignment", "stays inside", len(contacts))]
    sent = contacts.loc[contacts["arm"] != "control", ["customer_id", "offer_id", "channel"]]
    addresses = [name for name in ("phone", "email") if name in people]
    addressed = sent.merge(people[["customer_id", *addresses]], on="customer_id")
    for channel, rest in addressed.groupby("channel", sort=True):
        ending = SEND.replace("*", name_channel(channel))
        files[ending] = write_csv(rest.drop(columns="channel"))
        rows.append((f"send list {channel}", "goes to the sender", len(rest)))
    sums = [hashlib.sha256(data).hexdigest() for data in files.values()]
    listed = pd.DataFrame(rows, columns=["file", "where", "rows"]).assign(ends=list(files), **{"SHA-256": sums})
    record = record.assign(assignment_rows=len(contacts), assignment_sha256=sums[0])
    files["_record.csv"] = write_csv(record)
    return files, listed


def lay_out(
    plan: Draft,
    checks: pd.DataFrame,
    record: pd.DataFrame,
    files: Mapping[str, bytes],
    listed: pd.DataFrame,
    skipped: pd.DataFrame,
    read: Section,
) -> CampaignPlan:
    """Lay a plan out as a card, sections, charts and the sheets of a workbook."""
    record_lines = say_record(record)
    alarms = find_alarms(checks)
    economics = _say_all_economics(plan.arms)
    tables = {
        "economics": economics,
        "size": _say_sizes(plan.arms),
        "filters": _say_filters(plan),
        "assignment": _say_assignment(plan, economics),
    }
    written = _make_sections(plan, tables, listed)
    sections = {
        "economics": written["economics"],
        "size": written["size"],
        "filters": written["filters"],
        "assignment": written["assignment"],
        "checks": Section(table=checks),
        "record": Section(table=record_lines),
        "files": written["files"],
        "skipped": Section(() if len(skipped) else ("Nothing.",), skipped),
        "read": read,
        "appendix": written["appendix"],
    }
    sheets = {
        "summary": _summarise(plan, record, alarms),
        "checks": checks,
        **tables,
        "files": listed,
        "record": record_lines,
    }
    charts = {"economics": lambda: _draw_economics(plan.worst), "size": lambda: _draw_size(plan)}
    title = plan.values["title"] or f"Plan of {plan.values['campaign']}"
    results = {"draft": plan, "record": record}
    card = _make_card(plan, title, checks)
    return CampaignPlan(title, card, sections, charts, sheets, plan.drawn.contacts, results, plan.worst.verdict, files)


def _say_all_economics(arms: Sequence[ArmPlan]) -> pd.DataFrame:
    """The economics of all arms by segment, with small groups hidden."""
    several = len(arms) > 1
    table = pd.concat([_say_economics(arm, several) for arm in arms], ignore_index=True)
    if not several:
        return suppress_small(table, ["customers"], ["segment"])
    return suppress_small(table, ["customers"], ["arm", "segment"], lines=[["arm"], ["segment"]])


def _say_sizes(arms: Sequence[ArmPlan]) -> pd.DataFrame:
    """What the test of each arm can detect, beside what it must bring and what is expected of it."""
    rows = [
        {
            "arm": arm.name,
            "planned treated": round(arm.power.n_treated),
            "planned control": round(arm.power.n_control),
            "effect seen": arm.power.effect,
            "seen, relative to usual sales": arm.power.effect / arm.power.noise.base,
            "break-even": None if math.isnan(arm.needed) else arm.power.break_even,
            "expected": arm.expected,
            "so": arm.verdict,
        }
        for arm in arms
    ]
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _say_filters(plan: Draft) -> pd.DataFrame:
    """How many customers each rule of eligibility concerns, takes out and leaves, with small groups hidden.

    What a rule takes out is also the difference between two neighbours of the last column: the row below a hidden one
    is hidden too, above the last row the one above it, so that only the sum of both can be seen.
    """
    left = plan.allowed.counts["left"]
    out = left.shift(fill_value=plan.listed) - left
    rules = plan.allowed.counts[["reason", "customers"]].assign(out=out, left=left)
    rules = rules.set_axis(["reason", "customers", "customers taken out here", "customers left"], axis=1)
    shown = suppress_small(rules, ["customers", "customers taken out here"], ["reason"])
    return hide_neighbours(rules, shown)


def hide_neighbours(rules: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """Hide the neighbour of each row whose number of customers taken out is small and the only hidden one there."""
    out = rules["customers taken out here"]
    hidden = shown["customers left"].isna()
    for place in range(len(rules)):
        if not 0 < out.iloc[place] < SMALL:
            continue
        near = [other for other in (place - 1, place + 1) if 0 <= other < len(rules)]
        if near and not any(hidden.iloc[other] and out.iloc[other] for other in near):
            biggest = max(near, key=lambda other: out.iloc[other])
            hidden.iloc[biggest] = True
            shown.iloc[biggest, 1:] = ["hidden"] * (shown.shape[1] - 2) + [None]
    return shown


def _say_assignment(plan: Draft, economics: pd.DataFrame) -> pd.DataFrame:
    """The planned and the drawn share of each arm, with small groups hidden, and those that `economics` hides."""
    names = {"control_kind": "kind of control", "planned": "planned share", "drawn": "drawn share"}
    log = plan.drawn.to_frame().rename(columns=names)
    keys = [name for name in ("stratum", "arm", "kind of control") if name in log]
    hidden = economics["segment"][economics["customers"].map(lambda shown: isinstance(shown, str))]
    return suppress_small(
        log,
        ["customers"],
        keys,
        lines=[keys[:1], keys[1:]] if len(keys) > 1 else [[]],
        elsewhere=hidden.tolist() if "stratum" in keys else (),
    )


def say_record(record: pd.DataFrame) -> pd.DataFrame:
    """The filled fields of the record, one a row."""
    lines = record.T.dropna().map(lambda v: f"{v:%Y-%m-%d}" if isinstance(v, pd.Timestamp) else str(v)).reset_index()
    lines = lines.set_axis(["what", "as registered"], axis=1)
    lines["what"] = lines["what"].str.replace("_", " ")
    return lines


def _make_sections(plan: Draft, tables: Mapping[str, pd.DataFrame], listed: pd.DataFrame) -> dict[str, Section]:
    """Write the sections on economics, size, filters, assignment, files and method."""
    arms = plan.arms
    drawn = plan.drawn
    words = {"days": plan.days, "assumed": arms[0].economics["assumed"].iloc[0], "power": arms[0].power.power}
    notes = {name: text.format(**words) for name, text in NOTES.items()}
    several = len(arms) > 1
    size = tuple((f"{arm.name}: " if several else "") + arm.power.sentence(plan.unit) for arm in arms)
    may = f"{len(plan.allowed.eligible):,} of {plan.listed:,} customers may take part. Filters run before the draw."
    shown = listed[["file", "where", "rows"]].assign(**{"SHA-256 begins": listed["SHA-256"].str[:16]})
    return {
        "economics": Section(_say_losers(arms), tables["economics"], (notes["economics"],)),
        "size": Section(size, tables["size"], (notes["size"],)),
        "filters": Section((may,), tables["filters"]),
        "assignment": Section((f"Drawn by {drawn.mode}, word {drawn.salt!r}.",), tables["assignment"]),
        "files": Section((notes["files"],), shown),
        "appendix": Section((notes["appendix"], f"Groups under five are not shown. {parts.list_versions()}.")),
    }


def _summarise(plan: Draft, record: pd.DataFrame, alarms: Mapping[str, str]) -> pd.DataFrame:
    """Make the sheet `summary`."""
    power = plan.worst.power
    sizes = plan.drawn.contacts["arm"].value_counts().sort_index()
    rows: list[tuple[str, Any, str, str]] = [
        ("Verdict", plan.worst.verdict, "text", "; ".join(alarms.values())),
        ("Start", record["start"].iloc[0], "day", ""),
        ("End", record["end"].iloc[0], "day", "the day after the last day"),
        ("On the list", plan.listed, "count", ""),
    ]
    rows += [(str(arm), int(n), "count", "customers") for arm, n in sizes.items()]
    rows += [
        ("Effect seen", power.effect, "money", "sales per customer"),
        ("Break-even", power.break_even, "money", "sales per customer"),
        ("Expected profit", plan.profit, "money", "over all who get it"),
    ]
    return parts.make_summary(rows)


def _say_losers(arms: Sequence[ArmPlan]) -> tuple[str, ...]:
    """Name the segments in which a loss is expected: without them the campaign is worth more."""
    tables = [(arm.name, arm.economics) for arm in arms]
    lost = []
    for name, table in tables:
        of_arm = f" ({name})" if len(arms) > 1 else ""
        losers = table[(table["expected_profit"] < 0) & (table["customers"] >= 5)]
        lost += [f"{segment!r}{of_arm}" for segment in losers["segment"].tolist()]
    if not lost:
        return ()
    them = "it" if len(lost) == 1 else "them"
    says = f"With this lift a loss is expected in {', '.join(lost)}: make the plan again without {them}"
    counted = f"The lists and the expected profit of this plan still hold {them}."
    return (f"{says}, unless a test has shown a profit there. {counted}",)


def _say_economics(arm: ArmPlan, several: bool) -> pd.DataFrame:
    names = {
        "segment": "segment",
        "customers": "customers",
        "base_rate": "base rate",
        "basket": "sales a buyer",
        "break_even_response": "needed rate",
        "break_even_lift": "needed, relative to base rate",
        "lift": "expected, relative to base rate",
        "expected_profit_per_customer": "profit each",
        "expected_profit": "profit in all",
    }
    shown = arm.economics[list(names)].rename(columns=names).dropna(axis="columns", how="all")
    return shown.assign(arm=arm.name)[["arm", *shown]] if several else shown


def _make_card(plan: Draft, title: str, checks: pd.DataFrame) -> ReportCard:
    """Make the card: the verdict on the arm in most doubt, its figures, and what to do."""
    alarms = find_alarms(checks)
    worst = plan.worst
    power = worst.power
    unit = plan.unit
    tone, verdict = WORDS[worst.verdict]
    amounts = {"seen": power.effect, "even": power.break_even, "expected": worst.expected}
    said = {name: say_money(value, unit, 2) for name, value in amounts.items()}
    part = {name: f"{value / power.noise.base:.1%}" for name, value in amounts.items()}
    even = {
        "cannot pay": "even if everybody bought, it would not pay",
        "no costs": "without the costs nobody knows what it needs to pay",
    }.get(worst.verdict, f"the campaign pays from {said['even']} on ({part['even']} of usual sales), its break-even")
    sentence = (
        f"The test can see only effects of {said['seen']} a customer or more ({part['seen']} of usual sales); {even}."
    )
    given = plan.values["expected_lift"]
    lift = "as in earlier waves"
    if given is not None:
        lift = f"only if {given:.0%} more customers buy, as the settings say; nobody has measured that"
    notes = []
    if power.cost > 0:
        notes.append(f"It pays if {worst.needed:.0%} more customers buy than usual.")
    if not math.isnan(worst.expected):
        notes.append(f"Expected: {said['expected']} of sales a customer ({part['expected']} of usual sales), {lift}.")
    if power.cost > 0 and not power.sees_break_even:
        share = worst.find_control(plan.drawn.shares)
        notes.append(_say_blind(worst, share))
        if worst.verdict == "enlarge" and math.isnan(share):
            verdict = TOO_SHORT
            if worst.profit > 0:
                verdict = BELIEVE
                notes.append("Keep the control all the same, because several such sendings together can show it.")
    if not math.isnan(plan.profit):
        notes += _say_losers(plan.arms)
    if len(plan.arms) > 1:
        others = "; ".join(f"the arm {arm.name}: {ARMS[arm.verdict]}" for arm in plan.arms)
        notes.append(f"Shown here is the arm {worst.name}, which is the most doubtful. In all, {others}.")
    notes += [f"Careful: {text}." for text in alarms.values()]
    looks = checks.loc[checks["result"] == "look", "check"].drop_duplicates().tolist()
    if looks:
        notes.append(f"To look at, in the table of checks: {', '.join(looks)}.")
    sent = plan.drawn.contacts["arm"] != "control"
    facts = (
        ("Seen from", said["seen"], f"{part['seen']} of usual sales"),
        ("Break-even", "none" if math.isnan(worst.needed) else said["even"], "sales a customer"),
        (
            "Expected profit",
            "not known" if math.isnan(plan.profit) else say_money(plan.profit, unit),
            "after costs, all segments",
        ),
        ("Sent to", f"{sent.sum():,}", f"{say_few(int((~sent).sum()))} in control, as drawn"),
    )
    kicker = f"{title} · {parts.say_day(pd.Timestamp(plan.values['start']))}, {plan.days} days"
    return ReportCard(kicker, verdict, sentence, tone, facts, tuple(notes))


def _say_blind(worst: ArmPlan, share: float) -> str:
    """Say that the test cannot detect its own break-even, and whether a larger control or a longer list can."""
    missed = "would often miss an effect that just pays for the costs"
    if not math.isnan(share):
        return f"Leave {share:.0%} without the offer, because a smaller control {missed}."
    times = worst.find_list()
    if math.isnan(times):
        return f"This test {missed}, and neither a larger control nor a longer list mends that."
    longer = f"{times:,.{0 if times > 10 else 1}f}"
    return f"This test {missed}. Only a list {longer} times as long would show it."


def _draw_economics(arm: ArmPlan) -> Axes:
    import matplotlib.pyplot as plt

    house_style()
    rows = arm.economics[arm.economics["customers"] >= 5].sort_values("break_even_lift", ignore_index=True)
    ax = plt.subplots(figsize=(9, 1.9 + 0.55 * len(rows)))[1]
    base = rows["base_rate"]
    needed = rows["break_even_response"]
    at = rows.index
    ax.hlines(at, base, needed.fillna(base), color=GREY, linewidth=2.5, zorder=1)
    for values, colour, label, side in ((base, GREY, "without offer", -1), (needed, HIGHLIGHT, "needed", 1)):
        ax.plot(values, at, "o", color=colour, markersize=9, label=label)
        for place, value in values.dropna().items():
            ax.annotate(
                f"{value:.0%}",
                (value, place),
                (3 * side, 9),
                textcoords="offset points",
                ha="right" if side < 0 else "left",
                fontsize=9.5,
            )
    if rows["lift"].notna().any():
        ax.plot(base * (1 + rows["lift"]), at, "D", color=TREATED, markersize=7, label="expected")
    ax.set_yticks(at, rows["segment"])
    ax.set(ylim=(len(rows) - 0.4, -0.7), xlim=(0, 1.03))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    grid_along_x(ax)
    ax.legend(loc="lower right")
    title = "How many have to buy for the offer to pay"
    if math.isnan(arm.needed):
        title = "No rate of buyers would pay"
    headline(ax, title, "share of customers who buy in the window")
    return ax


def _draw_size(plan: Draft) -> Axes:
    house_style()
    return plan.worst.power.plot(unit=plan.unit)
