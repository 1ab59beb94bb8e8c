"""The report on receipts: each finding with its lines, the money at stake, examples, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, TREATED, grid_along_x, headline
from loyalty.prepare.clean.marks import FLAG, Marked, names_of
from loyalty.prepare.clean.rules import ASKED, CORRECTED, KINDS, REMOVED, CleaningRules
from loyalty.stats.estimate import render_html
from loyalty.tables.sources import collect
from loyalty.text import shorten

SHOWN = 3
TREATMENT = dict.fromkeys(REMOVED, "removed") | dict.fromkeys(CORRECTED, "corrected") | dict.fromkeys(ASKED, "ask")
COLOURS = {"removed": HIGHLIGHT, "corrected": TREATED, "ask": GREY}
# What a correction changes in the money: the column before it, and the one after it
STEPS = {
    "no VAT": ("sales", "taxed_sales"),
    "unit price": ("taxed_sales", "unsigned_sales"),
    "return": ("unsigned_sales", "new_sales"),
    "negative quantity": ("unsigned_sales", "new_sales"),
}


@dataclass(frozen=True)
class ReceiptQuality:
    """What is wrong with a table of receipts; made by `inspect_receipts`.

    `findings` has one row a finding: finding, treatment (removed, corrected, ask), lines, money (what stands on these
    lines, or what the correction changes; of missing days what such a day usually brings), what, examples, next.
    `missing_days` lists store_id, day and the receipts expected; `not_done` the checks that need more to be told.
    """

    findings: pd.DataFrame
    lines: int
    money: float
    missing_days: pd.DataFrame
    not_done: tuple[tuple[str, str], ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be checked, and what it needs."""
        return tuple(f"not checked: {kind}; it needs {needs}" for kind, needs in self.not_done)

    def to_frame(self) -> pd.DataFrame:
        """One row a finding."""
        return self.findings.copy()

    def sentence(self) -> str:
        """Say in one sentence whether the table can be trusted."""
        checked = len(KINDS) - len(self.not_done)
        if self.findings.empty:
            return f"{self.lines:,} lines: none of {checked} checks found anything."
        worst = self.findings.iloc[self.findings["money"].abs().to_numpy().argmax()]
        many = "1 finding" if len(self.findings) == 1 else f"{len(self.findings)} findings"
        says = f"{self.lines:,} lines with sales of {self.money:,.2f}: {many} in {checked} checks"
        dearest = f"{worst['finding']}, {worst['lines']:,} lines, {worst['money']:,.2f}"
        return f"{says}. The dearest: {dearest}. Clean before use."

    def plot(self, *, ax: Axes | None = None, source: str = "", unit: str = "") -> Axes:
        """Draw the money at stake of each finding, in the colour of what is done about it."""
        shown = self.findings.assign(size=self.findings["money"].abs()).sort_values("size")
        ax = ax or plt.subplots(figsize=(9, 1.6 + 0.36 * max(len(shown), 1)))[1]
        colours = [COLOURS[name] for name in shown["treatment"]]
        ax.barh(shown["finding"], shown["size"], color=colours, height=0.65)
        for place, (size, lines) in enumerate(zip(shown["size"], shown["lines"], strict=True)):
            text = (
                f"{unit}{shorten(round(size))} · {lines:,} line{'s' * (lines != 1)}"
                if lines
                else f"{unit}{shorten(round(size))}"
            )
            ax.annotate(text, (size, place), (4, 0), textcoords="offset points", va="center", fontsize=9.5)
        for name, colour in COLOURS.items():
            ax.bar(0, 0, color=colour, label=name)
        if len(shown):
            ax.legend(loc="lower right", frameon=False)
            ax.set_xlim(0, shown["size"].max() * 1.3)
        grid_along_x(ax)
        ax.set_xlabel(f"money on these lines{', ' + unit if unit else ''}")
        headline(ax, f"{len(shown)} findings in this table", "money on the lines of each finding", source)
        return ax

    def _repr_html_(self) -> str:
        shown = self.findings.drop(columns=["what", "next"]).assign(
            money=[f"{value:,.2f}" for value in self.findings["money"]], do=self.findings["next"]
        )
        return render_html(shown, self.sentence(), self.warnings)

    def __repr__(self) -> str:
        rows = [
            f"  {row.finding}: {row.lines:,} lines, {row.money:,.2f}, {row.treatment} ({row.what})"
            for row in self.findings.itertuples()
        ]
        return "\n".join([self.sentence(), *rows, *(f"  {text}" for text in self.warnings)])


PARTS = 10_000  # of a unit of money: sums of whole parts are exact, also where prices have four decimals


def cents(name: str) -> nw.Expr:
    """Money of a column in whole hundredths of a cent, so that sums are exact."""
    return (nw.col(name) * PARTS).round(0).cast(nw.Int64)


def say_reason() -> nw.Expr:
    """Say why a line is removed: the first reason of REMOVED; empty if it stays."""
    reason = nw.lit(None, nw.String())
    for kind in reversed(REMOVED):
        reason = nw.when(nw.col(FLAG[kind])).then(nw.lit(kind)).otherwise(reason)
    return reason


def count_findings(marked: Marked) -> pd.DataFrame:
    """Count lines and cents of each kind, in one scan: rows kind; lines, money, change (of the lines that stay)."""
    lines = marked.lines.with_columns(loyalty_reason=say_reason(), loyalty_cents=cents("sales"))
    stays = nw.col("loyalty_reason").is_null()
    sums = {}
    for kind, flag in FLAG.items():
        if kind == "missing day":
            continue
        hit = nw.col("loyalty_reason") == kind if kind in REMOVED else nw.col(flag) & stays
        sums[f"{flag}_n"] = hit.fill_null(False).cast(nw.Int64).sum()
        sums[f"{flag}_m"] = nw.when(hit).then(nw.col("loyalty_cents")).otherwise(0).sum()
        if kind in STEPS:
            before, after = STEPS[kind]
            sums[f"{flag}_c"] = nw.when(hit).then(cents(after) - cents(before)).otherwise(0).sum()
    everything = {"all_n": nw.len(), "all_m": nw.col("loyalty_cents").sum()}
    everything["clean_m"] = nw.when(stays).then(cents("new_sales")).otherwise(0).sum()
    everything["clean_n"] = stays.cast(nw.Int64).sum()
    found = collect(lines.select(**sums, **everything)).fillna(0).iloc[0]
    rows = {
        kind: {
            "lines": int(found.get(f"{flag}_n", 0)),
            "cents": int(found.get(f"{flag}_m", 0)),
            "change": int(found.get(f"{flag}_c", 0)),
        }
        for kind, flag in FLAG.items()
    }
    for name in ("all", "clean"):
        rows[name] = {"lines": int(found[f"{name}_n"]), "cents": int(found[f"{name}_m"]), "change": 0}
    return pd.DataFrame(rows).T


def find_missing_days(marked: Marked, rules: CleaningRules) -> pd.DataFrame:
    """Find days of a store without a receipt that are not to be expected: store_id, day, expected (receipts), money."""
    names = names_of(marked.lines)
    kept = marked.lines.filter(say_reason().is_null()).with_columns(day=nw.col("new_time").dt.truncate("1d"))
    numbers = [name for name in ("till_id", "basket_id") if name in names]
    own: list[str] = [*numbers] or ["customer_id"]
    receipts = kept.group_by("loyalty_store", "day", *own).agg(money=nw.col("new_sales").sum())
    counts = collect(receipts.group_by("loyalty_store", "day").agg(n=nw.len(), money=nw.col("money").sum()))
    found = [_find_gaps(store, days, rules) for store, days in counts.groupby("loyalty_store")]
    empty = pd.DataFrame({"store_id": [], "day": [], "expected": [], "money": []})
    tables = [table for table in found if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else empty


def _find_gaps(store: str, days: pd.DataFrame, rules: CleaningRules) -> pd.DataFrame:
    whole = pd.date_range(days["day"].min(), days["day"].max(), freq="D")
    table = days.set_index("day")[["n", "money"]].reindex(whole)
    weekday = table.index.day_of_week
    seen = table.groupby(weekday)[["n", "money"]].mean()
    expected = seen["n"].reindex(weekday).fillna(0.0).to_numpy()
    chance = _chance_of_none(table["n"].to_numpy(), expected)
    odd = table["n"].isna().to_numpy() & (chance * len(table) < rules.missing_chance)
    money = seen["money"].reindex(weekday).fillna(0.0).to_numpy()
    return pd.DataFrame(
        {"store_id": store, "day": whole[odd], "expected": expected[odd].round(1), "money": money[odd].round(2)}
    )


def _chance_of_none(seen: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Probability of a day without a receipt: Poisson, or negative binomial where days spread more than that."""
    known = ~np.isnan(seen) & (expected > 0)
    if known.sum() < 2:
        return np.ones(len(seen))
    excess = ((seen[known] - expected[known]) ** 2 - expected[known]).sum() / (expected[known] ** 2).sum()
    if excess <= 0:
        return np.exp(-expected)
    return (1 + excess * expected) ** (-1 / excess)


def list_findings(marked: Marked, counts: pd.DataFrame) -> pd.DataFrame:
    """Make the table of findings, in the order of KINDS, only those that were found."""
    rows = []
    for kind, (what, mend) in KINDS.items():
        n = int(counts.loc[kind, "lines"])
        money = counts.loc[kind, "change"] if kind in STEPS else counts.loc[kind, "cents"]
        examples = ""
        if kind == "missing day":
            if marked.missing_days.empty:
                continue
            days = marked.missing_days.head(SHOWN)
            examples = "; ".join(f"store {row.store_id} on {row.day:%Y-%m-%d}" for row in days.itertuples())
            money = round(marked.missing_days["money"].sum() * PARTS)
        elif n:
            examples = _say_examples(marked, kind)
        else:
            continue
        rows.append({
            "finding": kind, "treatment": TREATMENT[kind], "lines": n, "money": money / PARTS, "what": what,
            "examples": examples, "next": mend,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["finding", "treatment", "lines", "money", "what", "examples", "next"])


def _say_examples(marked: Marked, kind: str) -> str:
    names = names_of(marked.lines)
    where = ["file", "file_line"] if {"file", "file_line"} <= set(names) else ["customer_id", "time"]
    hit = nw.col(FLAG[kind])
    if kind in REMOVED:
        hit = say_reason() == kind
    rows = collect(marked.lines.filter(hit).select(*where).sort(*where).head(SHOWN))
    middle = " line " if where[0] == "file" else " at "
    return "; ".join(f"{a}{middle}{b}" for a, b in rows.itertuples(index=False, name=None))
