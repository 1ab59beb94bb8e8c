"""The page and the chart of `certify`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
from cells import ALARMS, COVERAGE, Row
from scipy import stats

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, house_style
from loyalty.stats.intervals import wilson

PARTS = {
    "rates": "Rates: Newcombe's interval",
    "means": "Means: sales a customer in the world",
    "spiky means": "Means: log-normal amounts",
    "spread": "Means: an offer that changes how much customers differ",
    "ratios": "Ratios: sales an order",
    "strata": "Strata with unequal chances",
    "tails": "Heavy tails: other questions",
    "adjustment": "Pre-period adjustment",
    "money": "Money: profit a customer",
    "segments": "Segments: lifts, raw and shrunken",
    "families": "Several arms and segments: false alarms of the family",
}
PANELS = {
    "Rates": ("rates",),
    "Means, world": ("means",),
    "Means, log-normal": ("spiky means", "spread", "tails"),
    "Ratios": ("ratios",),
    "Strata; adjustment": ("strata", "adjustment"),
    "Money; segments": ("money", "segments"),
}
NOTES = {
    "rates": """Customers of the world, whether they buy in the first 2, 4, 14 or 28 days; `basket_discount` against
nothing, false alarms with `magazine`, which has no effect. Wald's interval is the peer.""",
    "means": """The automatic choice first: where control is under 20 %, the larger of its own and the pooled variance,
else Welch.""",
    "spiky means": """A share of the customers buys, for a log-normal amount (sigma 1); the offer brings a tenth more
buyers. No bootstrap cures a small control.""",
    "spread": """An offer may change how much amounts vary. One pooled variance is then that of the many treated: too
small for the control where the offer narrows spend, too large where it widens it.""",
    "ratios": """Delta method, the automatic choice first. Where no customer of a group orders there is no ratio;
`measure_lift` then refuses, which counts here as a warning and as not covered.""",
    "strata": """The chance of control differs between strata, and each stratum counts by its share of all customers. In
each a share of the customers buys, for log-normal amounts (sigma 1), and the offer brings more buyers, not equally many
in each; strata differ in spend except where control is 1 and 50 %, and most where it is 1, 10 and 50 %. A cell names
all customers, and the chance of control in each stratum. A tiny stratum holds 80 customers on average: it is merged
with the one whose planned share of control is nearest. Customers of a stratum without control (0 %) leave, which is
always said; the target is then the effect on the others. With equal chances the comparison is the plain one. The peer
weighs customers by 1 / propensity with Welch's variance.""",
    "tails": """Not the mean, or not by its formula. A share of the customers buys, for log-normal amounts (sigma 1).
*More buyers*: the offer brings a tenth more of them. *Small buyers*: it brings three tenths more, who spend about a
third of the others; the target of the basket part is then below zero, although nobody spends less. *Capped*: a customer
counts up to 60, three times the median amount; the target is the effect on these capped amounts. *Permutation-t*: 399
deals; its target is the plain mean effect, its false alarms are of an offer that has no effect on anybody.""",
    "adjustment": """Spending of the 28 days before sharpens the answer. *By itself* is what `before=` chooses: Lin's
regression from 1,000 customers a group on, pooled ANCOVA with HC2 errors near 50:50, else nothing. The peer is ANCOVA
with its classical error. In the made-up cells y = x + noise without the offer; it adds 1 (equal), 80 % of y
(proportional), or 1 + 3 (x − mean of x) (unequal). Saved is what the adjustment takes off the true variance of the
estimate.""",
    "money": """Profit over campaign and post window, points at their expected cost, contact cost taken off; `magazine`
loses what it costs.""",
    "segments": """Eight segments, the latent types. Coverage is averaged over segments, and only for that average a
promise is made. The raw lift of the best segment flatters it; *flattered by* is the mean of estimate less truth.
Segments of one campaign share its customers' luck: the Monte-Carlo intervals are a little too short.""",
    "families": """How often at least one of several is declared although none has an effect.""",
}


WHAT = """Each row repeats a campaign: customers are drawn with replacement from people whose lives with the offer and
without it are known (50,000 customers in each of 10 worlds, 200 replications each; 200,000 where amounts are
log-normal; seeds 0, 1, 2, …, never picked), a lottery splits them, and the interval should hold that world's mean
effect 95 times in 100."""
RULE = """**The rule.** A cell *warns* if most of its replications do: it then promises nothing, and its coverage is
printed. All others must cover {}–{} % and raise {}–{} % false alarms; methods that are careful on purpose (the
larger variance, shrinkage, corrected families) may cover more and alarm less. In brackets stands the 95 % Monte-Carlo
interval of each share. A *peer* is what others use, or what is not promised, for comparison. *Without a warning* is
the coverage of those replications that did not warn."""


@dataclass(frozen=True)
class Line:
    """A graded cell as a page shows it; has what `Row` has for the summary and the chart."""

    part: str
    cell: str
    metric: str
    method: str
    replications: int
    coverage: float
    verdict: str

    @property
    def peer(self) -> bool:
        """Whether it is shown for comparison only."""
        return self.verdict.startswith("peer")

    @property
    def warns(self) -> bool:
        """Whether most replications warn."""
        return self.verdict.startswith("warns")


def read_lines(page: str) -> list[Line]:
    """Read the graded cells from a page, in its order."""
    titles = {title: part for part, title in PARTS.items()}
    found = []
    part = ""
    for text in page.splitlines():
        if text.startswith("## "):
            part = titles.get(text.removeprefix("## "), "")
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if part and text.startswith("| ") and cells[3] != "replications":
            share = float(cells[4].split()[0]) / 100
            found.append(Line(part, *cells[:3], int(cells[3].replace(",", "")), share, cells[-1].strip("*")))
    return found


def write_page(rows: list[Row], seconds: dict[str, float], count: int, wrong: list[str]) -> str:
    """Write the page: what is asked, what was found, part by part."""
    parts = {part: _write_part(part, [row for row in rows if row.part == part]) for part in PARTS}
    return _join(parts, seconds, count, wrong)


def renew_page(page: str, part: str, rows: list[Row], seconds: dict[str, float], count: int, wrong: list[str]) -> str:
    """Write a page anew in which one part was graded again, and the others stand as they were."""
    parts = {name: _cut_part(page, title) for name, title in PARTS.items()} | {part: _write_part(part, rows)}
    spent = dict(re.findall(r"([a-z][a-z -]*) (\d+)", page.split("a cell: ")[-1]))
    return _join(parts, {name: float(value) for name, value in spent.items()} | seconds, count, wrong)


def _write_part(part: str, rows: list[Row]) -> str:
    return "\n\n".join([f"## {PARTS[part]}", NOTES[part].replace("\n", " "), _tabulate(rows)]) if rows else ""


def _cut_part(page: str, title: str) -> str:
    """A part of a page with its title; nothing where the page has none."""
    _, _, rest = page.partition(f"## {title}\n")
    return f"## {title}\n{rest.split(f'{chr(10)}## ')[0]}".strip() if rest else ""


def _join(parts: dict[str, str], seconds: dict[str, float], count: int, wrong: list[str]) -> str:
    """Put the parts of the page together, below what was found in all of them."""
    written = [text for text in parts.values() if text]
    rows = read_lines("\n\n".join(written))
    own = [row for row in rows if not row.peer]
    failed = [row for row in own if row.verdict == "DOES NOT HOLD"]
    warned = [row for row in own if row.warns]
    loose = [row for row in warned if row.verdict == "warns, and cannot hold"]
    low, high, few, many = (f"{100 * x:g}" for x in (*COVERAGE, *ALARMS))
    unwarned = f"{len(failed)} of these do **not** hold" if failed else "all of these hold"
    still = f"{len(loose)} of these indeed cannot hold" if loose else "all of these hold as well"
    same = (
        f"other answers in {len(wrong)} cases"
        if wrong
        else "the very same intervals, and warned in the very same cases"
    )
    lines = [
        "# Do the intervals hold?",
        "Made by `python3 workshop.py certify`.",
        *(text.replace("\n", " ").format(low, high, few, many) for text in (WHAT, RULE)),
        f"**What was found.** Of {len(own)} cells {len(own) - len(warned)} do not warn; {unwarned}. "
        f"{len(warned)} warn; {still}.",
        *(["Unwarned, and does not hold:\n\n" + "\n".join(f"- {say_row(row)}" for row in failed)] if failed else []),
        *(["Warns, and cannot hold:\n\n" + "\n".join(f"- {say_row(row)}" for row in loose)] if loose else []),
        f"`measure_lift` and `campaign_money` were given {count} of these campaigns as tables and returned {same}.",
        "![Coverage of each cell](certify.png)",
        *written,
    ]
    spent = ", ".join(f"{name} {value:.0f}" for name, value in seconds.items())
    each = sum(seconds.values()) / len({(row.part, row.cell, row.metric) for row in rows})
    total = f"{sum(seconds.values()):.0f} seconds of one processor core, {each:.1f} a cell"
    return "\n\n".join([*lines, "## Time", f"{total}: {spent}."]) + "\n"


def say_row(row: Row | Line) -> str:
    """Name a cell with its coverage."""
    return f"{row.part} {row.cell}, {row.metric}, {row.method} ({100 * row.coverage:.1f} %)"


def _tabulate(rows: list[Row]) -> str:
    noted, alarmed, warned = (
        any(r.note for r in rows),
        any(r.alarms is not None for r in rows),
        any(r.warned for r in rows),
    )
    head = ["treated / control", "metric", "method", "replications", "coverage, %"]
    head += (
        ["false alarms, %"] * alarmed
        + ["warned, %", "without a warning, %"] * warned
        + ["remark"] * noted
        + ["verdict"]
    )
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [row.cell, row.metric, row.method, f"{row.replications:,}", _say(row.hits, row.replications)]
        cells += ["" if row.alarms is None else _say(row.alarms, row.replications)] * alarmed
        quiet = f"{100 * row.quiet[1] / row.quiet[0]:.1f}" if row.quiet[0] else ""
        cells += [f"{100 * row.warned:.0f}", quiet] * warned
        verdict = f"**{row.verdict}**" if row.verdict == "DOES NOT HOLD" else row.verdict
        lines.append("| " + " | ".join([*cells, *([row.note] * noted), verdict]) + " |")
    return "\n".join(lines)


def _say(count: int, total: int) -> str:
    low, high = (float(end) for end in wilson(count / total, total))
    return f"{100 * count / total:.1f} ({100 * low:.1f}–{100 * high:.1f})"


def plot_rows(rows: Sequence[Row | Line], path: Path) -> None:
    """Draw the coverage of each cell; a filled dot must lie in the band, a hollow one warns, a cross is a peer."""
    house_style()
    figure, axes = plt.subplots(2, 3, figsize=(13, 11), sharex=True)
    drawn = []
    for ax, (title, parts) in zip(axes.flat, PANELS.items(), strict=True):
        # Of families there is no coverage, and nothing is promised of the best segment alone.
        mine = [row for row in rows if row.part in parts and "the best" not in row.metric]
        _plot_part(ax, mine)
        ax.set_title(title, loc="left", fontsize=12, fontweight="bold")
        drawn += [row for row in mine if not row.peer]
    for ax in axes[1]:
        ax.set_xlabel("coverage, % of replications")
    failed = sum(row.verdict == "DOES NOT HOLD" for row in drawn)
    unwarned = sum(not row.warns for row in drawn)
    title = "Where an interval does not warn, it holds"
    if failed:
        title = f"{unwarned - failed} of {unwarned} intervals that do not warn hold; {failed} should have warned"
    subtitle = (
        "blue: the workshop's interval, hollow where it warns; orange cross: peer; red: does not hold\n"
        f"light band: {100 * COVERAGE[0]:g}–{100 * COVERAGE[1]:g} % (careful methods may lie to its right); "
        "dark band: where 99.9 % of correct intervals fall in 2,000 replications"
    )
    figure.suptitle(f"{title}\n", x=0.01, ha="left", fontsize=15, fontweight="bold")
    figure.text(0.01, 0.972, subtitle, ha="left", va="top", fontsize=10.5, color="#5F6368")
    figure.supxlabel("Source: benchmarks/certify.py", x=0.01, ha="left", fontsize=8, color="#80868B")
    figure.get_layout_engine().set(rect=(0.01, 0, 0.98, 0.955))
    figure.savefig(path)
    plt.close(figure)


def _plot_part(ax: plt.Axes, rows: Sequence[Row | Line]) -> None:
    labels = list(dict.fromkeys((row.cell, row.metric) for row in rows))
    region = stats.binom.interval(0.999, 2_000, 0.95)
    ax.axvspan(100 * COVERAGE[0], 100 * COVERAGE[1], color="#EEF0F2", zorder=0)
    ax.axvspan(region[0] / 20, region[1] / 20, color="#DADDE1", zorder=0)
    ax.axvline(95, color=INK, linewidth=0.8, zorder=1)
    for row in rows:
        place, share = labels.index((row.cell, row.metric)), 100 * row.coverage
        low, high = (100 * float(end) for end in wilson(row.coverage, row.replications))
        shift = 0.22 if row.peer else -0.12
        colour = CONTROL if row.peer else HIGHLIGHT if row.verdict == "DOES NOT HOLD" else TREATED
        ax.plot([low, high], [place + shift] * 2, color=colour, linewidth=1.2, zorder=2)
        face = "white" if row.warns and not row.peer else colour
        ax.plot(
            share, place + shift, "x" if row.peer else "o", color=colour, markerfacecolor=face, markersize=5, zorder=3
        )
    names, before = [], None
    for cell, metric in labels:
        what = metric.split(", ")[0 if "segments" in metric else -1]
        names.append(f"{cell.split(' in ')[0]}: {what}" if cell != before else what)
        before = cell
    ax.set_yticks(range(len(labels)), names, fontsize=7.5)
    for at, (cell, _) in enumerate(labels):
        if at and cell != labels[at - 1][0]:
            ax.axhline(at - 0.5, color=GREY, linewidth=0.5)
    ax.set(xlim=(58, 101), ylim=(max(len(labels), 1) - 0.5, -0.5))
    ax.grid(visible=False)
