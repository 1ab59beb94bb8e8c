"""Lays the report on a response history out: the card, the sections, the charts and the sheets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, TREATED, draw_intervals, headline, house_style
from loyalty.learn.history.response_rates import Rates
from loyalty.report.history.card import make_card
from loyalty.report.history.decisions import METRIC
from loyalty.report.history.learned import Learned
from loyalty.report.history.measure import WAVE, Brought
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.text import say_money

ALL = "all customers"
MOST = 20  # rows of a table on the page; the workbook has all
BARS = 8
HYPHEN = "\u2011"  # at which no line is broken
COMPARED = "Compared: those who got the offer on a list with a control group; the effect rests on them alone."
SHARED = "Offers of one wave share its control: where that was lucky, all of them look too weak."
UNLOCKS = (
    ("campaigns", "what was expected of each campaign (the records that campaign_plan writes)"),
    ("history", "what earlier histories hold: give the file that this report saved last time"),
)


def lay_out(
    found: Learned, tables: Mapping[str, Any]
) -> tuple[ReportCard, dict[str, Section], dict[str, Callable[[], Axes]], dict[str, pd.DataFrame]]:
    """Lay out what was found as a card, sections, charts and sheets."""
    checks = parts.make_checks(found.checks)
    shown = {
        "campaigns": show_campaigns(found),
        "offers": show_offers(found),
        "rates": show_rates(found),
        "cells": show_cells(found),
        "tried": show_tried(found.rows),
        "next": show_tests(found),
        "decisions": found.decisions,
    }
    never = count_never(found.rows)
    sections = _write_sections(found, shown, tables) | {
        "checks": Section(table=checks),
        "read": parts.show_sources(tables),
        "skipped": _list_skipped(found, tables),
        "appendix": _define(found),
    }
    card = make_card(found, never, checks)
    sheets = {
        "summary": _summarise(found, card),
        **{name: table for name, table in shown.items() if len(table)},
        "files": found.log,
        "checks": checks,
    }
    if len(found.corrections):
        sheets["corrections"] = found.corrections
    return card, sections, _name_charts(found), sheets


# --- Tables -----------------------------------------------------------------------------------------------------------


def show_campaigns(found: Learned) -> pd.DataFrame:
    """One row a campaign and wave: days, offers, sizes, response rate, and what it brought against control."""
    rows = found.rows
    treated = rows["arm"] != "control"
    sizes = rows.assign(treated=treated, control=~treated).groupby(WAVE, sort=False)[["treated", "control"]].sum()
    rate = rows[treated].groupby(WAVE)["responded"].mean().rename("response rate")
    table = found.campaigns[found.campaigns["window"] == "main"]
    table = table[[*WAVE, "start", "end", "offers"]].merge(sizes, on=WAVE).merge(rate, on=WAVE, how="left")
    for measured, names in ((found.response, ("change, points", "from", "to")), (found.profit, PROFIT)):
        table = table.merge(_take(measured, names, 100 if measured is found.response else 1), on=WAVE, how="left")
    table = table.rename(columns={"campaign_id": "campaign"})
    shown = suppress_small(table.drop(columns=["start", "end", "offers"]), ["treated", "control"], ["campaign", "wave"])
    table = table[["campaign", "wave", "start", "end", "offers"]].join(shown.drop(columns=["campaign", "wave"]))
    table["control"] = ["none" if count == 0 else count for count in table["control"]]
    for day in ("start", "end"):
        table[day] = [None if pd.isna(value) else pd.Timestamp(value).date() for value in table[day]]
    return table.dropna(axis="columns", how="all")


PROFIT = ("profit a customer", "profit from", "profit to")


def _take(measured: Brought | None, names: tuple[str, str, str], times: int) -> pd.DataFrame:
    """The effects of all offers together by wave, under other names; empty where nothing was measured."""
    if measured is None or measured.together.empty:
        return pd.DataFrame(columns=[*WAVE, *names])
    found = measured.together[[*WAVE, "effect", "low", "high"]].set_axis([*WAVE, *names], axis=1)
    return found.assign(**{name: found[name] * times for name in names})


def show_offers(found: Learned) -> pd.DataFrame:
    """One row an offer: how many got it, how many of them beside a control group, its rate, its lift and its profit.

    The money rests on those who stand beside a control group; a list on which everybody got the offer adds only a rate.
    """
    rows = found.rows[found.rows["arm"] != "control"]
    grouped = rows.groupby("offer_id")
    waves = rows.drop_duplicates(["offer_id", *WAVE]).groupby("offer_id").size()
    table = pd.DataFrame({"treated": grouped.size(), "waves": waves, "response rate": grouped["responded"].mean()})
    table = table.rename_axis("offer").reset_index()
    for measured, names, times in (
        (found.response, ("change, points", "from", "to"), 100),
        (found.profit, PROFIT, 1),
    ):
        if measured is None:
            continue
        part = measured.offers[["offer", "effect", "low", "high"]].set_axis(["offer", *names], axis=1)
        table = table.merge(part.assign(**{name: part[name] * times for name in names}), on="offer", how="left")
    if found.judged is not None:
        compared = found.judged.offers.set_index("offer")["n_treated"]
        table.insert(2, "compared", table["offer"].map(compared).fillna(0).astype("int64"))
        table["not compared"] = table["treated"] - table["compared"]
    by = PROFIT[0] if PROFIT[0] in table else "response rate"
    table = table.sort_values(by, ascending=False, ignore_index=True, na_position="last")
    counts = [name for name in ("treated", "compared", "not compared") if name in table]
    return suppress_small(table, counts, ["offer"]).drop(columns="not compared", errors="ignore")


def show_rates(found: Learned) -> pd.DataFrame:
    """The response rates of segments and offers, raw and shrunken."""
    if found.rates is None:
        return pd.DataFrame()
    table = found.rates.to_frame().rename(columns={"offer_id": "offer", "n": "contacts n"})
    keys = [name for name in ("segment", "offer") if name in table]
    names = {"rate": "rate", "shrunken": "shrunken rate", "shrunken_low": "rate from", "shrunken_high": "rate to"}
    table = table[[*keys, "contacts n", "responses", *names]].rename(columns=names).rename(columns={"contacts n": "n"})
    return table


def show_cells(found: Learned) -> pd.DataFrame:
    """What each offer brought in each segment, measured and believed; in money, else in points of response."""
    judged = found.judged
    if judged is None or judged.cells.empty:
        return pd.DataFrame()
    times = 1 if judged is found.profit else 100
    names = {
        "effect": "measured",
        "low": "from",
        "high": "to",
        "mean": "believed",
        "believed_low": "believed from",
        "believed_high": "believed to",
    }
    table = judged.cells.sort_values("mean", ascending=False, ignore_index=True)
    sizes = table[["segment", "offer", "waves", "n_treated", "n_control"]]
    sizes = sizes.set_axis(["segment", "offer", "waves", "treated", "control"], axis=1)
    values = table[list(names)].rename(columns=names) * times
    shown = pd.concat([sizes, values], axis=1)
    return suppress_small(shown, ["treated", "control"], ["segment", "offer"], shared=["control"])


def cross(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the treated contacts of each segment and offer."""
    treated = rows[rows["arm"] != "control"]
    table = pd.crosstab(treated["segment"], treated["offer_id"])
    return table.reindex(sorted(rows["segment"].unique()), fill_value=0)


def count_never(rows: pd.DataFrame) -> tuple[int, int]:
    """Count the pairs of segment and offer that were never tried, and all pairs."""
    table = cross(rows)
    return int((table == 0).to_numpy().sum()), table.size


def show_tried(rows: pd.DataFrame) -> pd.DataFrame:
    """Where each offer was tried: treated contacts by segment and offer, and `never`."""
    counts = cross(rows)
    long = counts.stack().rename("n").reset_index().set_axis(["segment", "offer", "n"], axis=1)
    safe = suppress_small(long, ["n"], ["segment", "offer"], lines=[["segment"], ["offer"]])
    words = [value if isinstance(value, str) else f"{value:,}" if value else "never" for value in safe["n"]]
    table = safe.assign(n=words).pivot(index="segment", columns="offer", values="n").reset_index()
    return table.rename_axis(columns=None)


def show_tests(found: Learned) -> pd.DataFrame:
    """What a test of each cell is worth, in money."""
    if found.tests is None or found.tests.empty:
        return pd.DataFrame()
    names = {"low": "from", "high": "to", "believed": "believed profit"}
    table = found.tests.rename(columns=names)
    table["treated so far"] = [f"{count:,}" if count else "never" for count in table["treated so far"]]
    few = found.tests["treated so far"].between(1, SMALL - 1)
    return table[~few & (table["customers"] >= SMALL)].reset_index(drop=True)


# --- Sections ---------------------------------------------------------------------------------------------------------


def _write_sections(found: Learned, shown: Mapping[str, pd.DataFrame], tables: Mapping[str, Any]) -> dict[str, Section]:
    """Write a section for each table."""
    no_control = "No campaign kept a control group, so nobody knows what an offer brought."
    judged = "profit a customer" if found.profit is not None else "response, in percentage points"
    interval = "Intervals: 95 %."
    rates = (NO_RATES,) if found.rates is None else ()
    notes = () if found.rates is None else tuple(f"{text[:1].upper()}{text[1:]}." for text in found.rates.warnings)
    tested = (_say_why_no_tests(found),) if found.tests is None else ()
    written = {
        "campaigns": Section(
            (), shorten_campaigns(shown["campaigns"]), (f"All offers of a wave together, against control. {interval}",)
        ),
        "offers": Section(
            () if found.judged is not None else (no_control,),
            _shorten(shown["offers"], drop=("from", "to", "change, points") if PROFIT[0] in shown["offers"] else ()),
            ()
            if found.judged is None
            else (f"{COMPARED} Waves of one offer are pooled by their precision. {SHARED} {interval}",),
        ),
        "rates": Section(
            (*rates, "A response rate says who answers, not what the offer changed."),
            _shorten(shown["rates"].head(MOST), drop=("rate",), times=100),
            ("Shrunken: moved towards the mean of all cells, small cells most.", *notes),
        ),
        "cells": Section(
            () if len(shown["cells"]) else (no_control if found.judged is None else "No cell could be compared.",),
            _shorten(shown["cells"].head(MOST), drop=("from", "to")),
            ()
            if shown["cells"].empty
            else (
                f"Measured in {judged}. Believed: all cells move towards their common mean, small cells most. "
                f"Decide by that. {interval}",
            ),
        ),
        "tried": Section(("Customers who got each offer, by segment.",), shown["tried"]),
        "next": Section(tested, shorten_tests(shown["next"]), found.assumed),
        "decisions": Section(
            (_say_log(found),),
            _show_decisions(found.decisions),
            (f"Expected and observed: {METRIC}, all offers of a campaign together.",),
        ),
    }
    return written


NO_RATES = "No rate can be shown: no list says who responded, or no group has five customers."
ENDS = (("profit from", "profit to"), ("believed from", "believed to"), ("rate from", "rate to"), ("from", "to"))


def _shorten(table: pd.DataFrame, drop: Sequence[str] = (), times: int = 1) -> pd.DataFrame:
    """Make a table narrow enough for a page: both ends of an interval in one column; the workbook has them apart."""
    shown = table.drop(columns=[name for name in drop if name in table])
    for low, high in ENDS:
        if low not in shown:
            continue
        place = shown.columns.get_loc(low)
        unit = " %" if times == 100 else ""
        words = [
            "" if pd.isna(first) else f"{times * first:,.1f} to {times * last:,.1f}{unit}".replace("-", "−")
            for first, last in zip(shown[low], shown[high], strict=True)
        ]
        shown = shown.drop(columns=[low, high])
        shown.insert(place, "interval", words)
    return shown


def shorten_campaigns(table: pd.DataFrame) -> pd.DataFrame:
    """One line a campaign, narrow enough for a page: judged by its profit, where that is known."""
    drop = ["wave", "end", "response rate", *(("change, points", "from", "to") if PROFIT[0] in table else ())]
    several = table["campaign"].duplicated(keep=False)
    names = table["campaign"].where(~several, table["campaign"] + ", wave " + table["wave"].astype("str"))
    if "start" in table:
        table = table.assign(
            start=["" if day is None else f"{day:%Y-%m-%d}".replace("-", HYPHEN) for day in table["start"]]
        )
    return _shorten(table.assign(campaign=names), drop=drop)


def shorten_tests(table: pd.DataFrame) -> pd.DataFrame:
    """The best tests, narrow enough for a page."""
    return _shorten(table.head(BARS), drop=("worth", "cost", "treated so far", "customers"))


def _say_why_no_tests(found: Learned) -> str:
    if found.response is None:
        return "What a test is worth cannot be told: no campaign kept a control group."
    return "What a test is worth in money cannot be told: set margin_rate, and name the sales of each customer."


def _say_log(found: Learned) -> str:
    """Say whether the decisions are proposed or written."""
    if (found.decisions["decided"] != "").all():
        return "These decisions stand in the history."
    return "These decisions are proposed. Set decided_on to the day on which you decide, and they go into the history."


def _show_decisions(table: pd.DataFrame) -> pd.DataFrame:
    """The log with changes as percent."""
    shown = table.assign(**{"do not repeat": table["do not repeat"].where(table["do not repeat"] != "no", "")})
    for name in ("expected", "observed", "low", "high"):
        shown[name] = ["" if pd.isna(v) else f"{100 * v:+.1f} %".replace("-", "−") for v in shown[name]]
    return shown.loc[:, [name for name in shown if (shown[name] != "").any()]]


def _list_skipped(found: Learned, tables: Mapping[str, Any]) -> Section:
    missing = [pair for pair in UNLOCKS if pair[0] != "history" or not found.is_continued]
    table = parts.list_skipped(missing, tables)
    rows = []
    if found.profit is None:
        rows.append(("the profit of each offer, and what the next test is worth", "the setting margin_rate, and sales"))
    if found.rows["segment"].eq(ALL).all():
        rows.append(("rates and lifts by segment", "a column segment in the lists"))
    table = pd.concat([table, pd.DataFrame(rows, columns=table.columns)], ignore_index=True)
    return Section(() if len(table) else ("Nothing.",), table)


def _define(found: Learned) -> Section:
    words = (
        "Response: the share who responded, treated less control, in percentage points; everybody assigned counts.",
        "Profit a customer: margin after discounts, less rewards, points and contact, treated less control, in the "
        "days of the campaign; what customers buy afterwards is not in it.",
        "Verdict: it worked where the whole interval of its profit lies above zero, it did not where it lies below; "
        "without profit the response decides.",
        f"Groups under {SMALL} customers are not shown. {parts.list_versions()}.",
    )
    return Section(words)


def _summarise(found: Learned, card: ReportCard) -> pd.DataFrame:
    """Make the sheet `summary`."""
    rows: list[tuple[str, Any, str, str]] = [
        ("Verdict", card.verdict, "text", card.headline),
        ("Campaigns", found.rows["campaign_id"].nunique(), "count", ""),
        ("Contacts", len(found.rows), "count", "control too"),
        ("Customers", found.rows["customer_id"].nunique(), "count", ""),
    ]
    if found.tests is not None and len(found.tests):
        best = found.tests.iloc[0]
        rows.append(("Gain of the best test", best["gain"], "money", f"{best['offer']} for {best['segment']}"))
    return parts.make_summary(rows)


# --- Charts -----------------------------------------------------------------------------------------------------------


def _name_charts(found: Learned) -> dict[str, Callable[[], Axes]]:
    """Name the charts that this history allows; each is drawn when it is called."""
    charts: dict[str, Callable[[], Axes]] = {}
    judged = found.judged
    if judged is not None and judged.offers["effect"].notna().any():
        charts["offers"] = lambda: _draw_offers(judged, found.unit)
    rates = found.rates
    if rates is not None:
        charts["rates"] = lambda: _draw_rates(rates)
    tests = found.tests
    if tests is not None and (tests["gain"] > 0).any():
        charts["next"] = lambda: _draw_tests(tests, found.unit)
    return charts


def _draw_offers(judged: Brought, unit: str) -> Axes:
    house_style()
    times = 1 if judged.kind == "profit" else 100
    rows = judged.offers.dropna(subset=["effect"]).sort_values("effect", ascending=False).set_index("offer")
    shown = rows[["effect", "low", "high"]] * times
    shown["colour"] = np.where((rows["low"] > 0) | (rows["high"] < 0), TREATED, GREY)
    ax = draw_intervals(shown, unit=unit if judged.kind == "profit" else "")
    what = "profit a customer" if judged.kind == "profit" else "change of the response, percentage points"
    title = _title_offers(rows, judged.kind == "profit")
    headline(ax, title, f"{what}, treated − control, with the 95 % interval; grey: zero lies inside")
    return ax


def _title_offers(rows: pd.DataFrame, is_profit: bool) -> str:
    """The finding of the chart: which offers surely did better or worse than nothing."""
    better, worse = (rows.index[part].tolist() for part in (rows["low"] > 0, rows["high"] < 0))
    words = ("earned", "lost money") if is_profit else ("brought answers", "cost answers")
    parts_found = [f"{' and '.join(names)} {word}" for names, word in zip((better, worse), words, strict=True) if names]
    if parts_found:
        return ", ".join(parts_found)
    return "No offer is surely better or worse than no offer"


def _draw_rates(rates: Rates) -> Axes:
    house_style()
    best = rates.table.sort_values("shrunken", ascending=False).iloc[0]
    share = f"{100 * best['shrunken']:.0f} %"
    title = f"{best['offer_id']} is answered most: by {share}"
    if "segment" in rates.by:
        title = f"“{best['segment']}” answers most: {share} on {best['offer_id']}"
    return rates.plot(title=title)


def _draw_tests(tests: pd.DataFrame, unit: str) -> Axes:
    import matplotlib.pyplot as plt

    house_style()
    rows = tests[tests["gain"] > 0].head(BARS)
    ax = plt.subplots(figsize=(9, 1.5 + 0.62 * len(rows)))[1]
    place = range(len(rows))
    never = rows["treated so far"] == 0
    ax.barh(place, rows["gain"], 0.6, color=[GREY if one else TREATED for one in never])
    for at, value in zip(place, rows["gain"], strict=True):
        ax.annotate(say_money(value, unit), (value, at), (5, 0), textcoords="offset points", va="center", fontsize=9.5)
    names = [
        f"{row['offer']}\n{row['segment']}{', never tried' if row['treated so far'] == 0 else ''}"
        for row in rows.to_dict("records")
    ]
    ax.set_yticks(place, names, parse_math=False)
    ax.set(ylim=(len(rows) - 0.4, -0.6), xticks=[])
    ax.margins(x=0.14)
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    best = rows.iloc[0]
    first = f"A test of {best['offer']} in the segment {best['segment']} brings most"
    if (rows["gain"].round(2) == round(best["gain"], 2)).sum() > 1:
        first = f"Several tests bring most, each {say_money(best['gain'], unit)}"
    headline(ax, first, "what a test brings less what it costs; grey: never tried")
    return ax
