"""The report `profile`: who the customers are, what they bring, and who has gone quiet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import TREATED, headline, house_style
from loyalty.intake.loading import take_tables
from loyalty.prepare.profile import build_profile
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.parts import Report, count_filled, find_days, list_skipped, list_sources, make_checks
from loyalty.report.output.pictures import draw_shares
from loyalty.report.output.privacy import FEW, SMALL, suppress_small
from loyalty.report.profile.settings import SETTINGS, TABLES
from loyalty.report.run.settings import read_settings
from loyalty.segment.rules.life_cycle import LIFE_CYCLE, assign_life_cycle, measure_gaps
from loyalty.segment.rules.rfm import RfmScores, score_rfm
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.contracts import RECEIPTS
from loyalty.tables.sources import AnyTable
from loyalty.text import say_money

UNLOCKS = (
    ("receipts.basket_id", "receipts counted as receipts, and not each row as one"),
    ("receipts.margin", "margin per customer and segment"),
    ("receipts.discount", "the share of sales bought on promotion"),
    ("receipts.channel", "the share of receipts online"),
    ("receipts.product_id", "breadth: how many categories a customer buys (with a table of products)"),
    ("customers", "members who joined and never bought"),
)
LEAST_DAYS = 84  # history from which silence is judged: twelve weeks
NO_PAUSE = "Nobody bought on two different days, so there is no usual pause to judge silence by."
TOPS = (0.01, 0.05, 0.10, 0.20, 0.50)


@check_arguments
def report_customers(tables: Mapping[str, Any], settings: Mapping[str, Any]) -> Report:
    """Describe the customers of a receipts table for a reader who decides.

    Not for saying why customers left, nor what would bring them back: that needs a test with a control group.

    Parameters
    ----------
    tables : mapping of str to Loaded
        From `load_tables`: receipts, and if there are any customers and products.
    settings : mapping
        See `SETTINGS`.

    Returns
    -------
    Report
        Sections read, segments, concentration, grid, fields, checks, skipped, appendix; charts segments and grid.

    Raises
    ------
    TableError
        A setting is wrong, or a table breaks its contract.
    """
    values = read_settings(settings, SETTINGS)
    sources = take_tables(tables, TABLES)
    span = find_days(sources["receipts"], values["as_of"])
    as_of = values["as_of"] or f"{span['last'].normalize() + pd.Timedelta(days=1):%Y-%m-%d}"
    profile = build_profile(
        sources["receipts"], as_of, customers=sources.get("customers"), products=sources.get("products")
    )
    if len(profile) < SMALL:
        raise TableError([f"fewer than {SMALL} customers: a report would show single persons"], "receipts")
    life, typical, gap_notes = _place_in_life_cycle(sources["receipts"], profile, as_of)
    missing = NO_PAUSE
    if life is not None and (short := _say_short(span, as_of, typical)):
        life = None
        missing = short
    scores = score_rfm(profile)
    segments = _sum_segments(profile, life) if life is not None else None
    top = _rank_by_sales(profile)
    grid = _count_grid(scores)
    unit = values["currency"] or ""
    quiet = life["segment"].eq("gone quiet") if life is not None else None
    shown = None
    if segments is not None:  # the card names those who have gone quiet
        shown = suppress_small(segments, ["customers"], ["segment", "what to do"], told=["gone quiet"])
    checks = _make_checks(profile, span, as_of, bool(values["as_of"]), scores, gap_notes)
    card = _make_card(profile, quiet, typical, missing, values | {"as_of": as_of}, unit, span)
    card = replace(card, notes=_write_notes(checks, quiet is not None))
    fields = count_filled(sources["receipts"], RECEIPTS)
    skipped = list_skipped(UNLOCKS, tables)
    sections = {
        "read": Section(table=list_sources(tables)),
        "segments": Section((missing,) if shown is None else (), shown, decimals=0),
        "concentration": Section(table=top, decimals=0),
        "grid": Section(table=_show_grid(grid)),
        "fields": Section(table=fields),
        "checks": Section(table=checks),
        "skipped": Section(table=skipped, text=() if len(skipped) else ("Nothing: all optional columns are there.",)),
        "appendix": Section(_define(as_of, typical)),
    }
    summary = _summarise(profile, quiet, as_of, unit, span)
    sheets = {"summary": summary, "fields": fields, "segments": shown if shown is not None else top, "checks": checks}
    people = profile if life is None else profile.merge(life[["customer_id", "segment"]], on="customer_id")
    charts = {"grid": lambda: _draw_grid(grid)}
    if shown is not None and _list_shown(shown):
        charts["segments"] = lambda: draw_shares(shown, "gone quiet")
    results = {"profile": profile, "as_of": as_of}
    return Report(values["title"] or "Who our customers are", card, sections, charts, sheets, people, results)


def _summarise(profile: pd.DataFrame, quiet: pd.Series | None, as_of: str, unit: str, span: pd.Series) -> pd.DataFrame:
    """Make the sheet `summary`; `quiet` marks the customers who have gone quiet, None if nobody can be judged."""
    buyers = int((profile["frequency"] > 0).sum())
    # The few who never bought would be the difference to all customers
    bought = "hidden" if 0 < len(profile) - buyers < SMALL else buyers
    n_quiet: int | str | None = None
    if quiet is not None:
        n_quiet = FEW if 0 < quiet.sum() < SMALL else int(quiet.sum())
    return parts.make_summary(
        [
            ("As of", pd.Timestamp(as_of), "day", "everything before this day counts"),
            ("First receipt", span["first"].normalize(), "day", ""),
            ("Customers", len(profile), "count", ""),
            ("Customers who bought", bought, "count", ""),
            ("Receipts", int(profile["frequency"].sum()), "count", "with at least one line that is no return"),
            ("Sales", float(profile["monetary"].sum()), "money", f"returns taken off {unit}".strip()),
            ("Share of sales of the best 20 %", _share_of_top(profile), "percent", "of those who bought"),
            ("Gone quiet", n_quiet, "count", "silent longer than 95 % of pauses"),
        ]
    )


def _place_in_life_cycle(
    receipts: AnyTable, profile: pd.DataFrame, as_of: str
) -> tuple[pd.DataFrame | None, float, list[str]]:
    """Place each customer in the life cycle; return that, the pause of a typical customer, and warnings.

    None and NaN where nobody bought on two different days, so that there is no pause to judge silence by.
    """
    try:
        gaps = measure_gaps(receipts, as_of)
        life = assign_life_cycle(profile, gaps=gaps)
    except TableError as error:
        if any("two days" in text for text in error.problems):
            return None, float("nan"), []
        raise
    return life, float(gaps.at(0.95)["typical_customer"]), list(gaps.warnings)


def _say_short(span: pd.Series, as_of: str, typical: float) -> str:
    """Say that the receipts cover too few days to call anybody quiet; empty if they cover enough.

    A pause that is longer than the history is in nobody's numbers, so that in a short one every silence looks long.
    """
    days = (pd.Timestamp(as_of) - span["first"].normalize()).days
    needed = max(LEAST_DAYS, round(2 * typical))
    if days >= needed:
        return ""
    return (
        f"The receipts cover {days:,} days: too few to say who has gone quiet, because longer pauses cannot be seen. "
        f"Get receipts of {needed:,} days or more, and make the report again; "
        f"all other numbers speak of these {days:,} days only."
    )


def _sum_segments(profile: pd.DataFrame, life: pd.DataFrame) -> pd.DataFrame:
    rows = profile.merge(life[["customer_id", "segment"]], on="customer_id").groupby("segment")
    table = rows.agg(customers=("customer_id", "size"), sales=("monetary", "sum"), days=("recency_days", "median"))
    table = table.reindex([name for name in LIFE_CYCLE if name in table.index])
    return pd.DataFrame(
        {
            "segment": table.index.astype("str"),
            "customers": table["customers"].to_numpy(),
            "share of customers": (table["customers"] / table["customers"].sum()).to_numpy(),
            "sales": table["sales"].to_numpy(),
            "share of sales": (table["sales"] / table["sales"].sum()).to_numpy(),
            "sales each": (table["sales"] / table["customers"]).to_numpy(),
            "days since last purchase": table["days"].to_numpy(),
            "what to do": [LIFE_CYCLE[name] for name in table.index],
        }
    )


def _share_of_top(profile: pd.DataFrame, share: float = 0.2) -> float:
    """The part of all sales that the best `share` of the buyers brings; NaN without sales."""
    spent = np.sort(profile.loc[profile["frequency"] > 0, "monetary"].to_numpy())[::-1]
    total = spent.sum()
    if total <= 0:
        return float("nan")
    size = max(round(share * len(spent)), 1)
    return float(spent[:size].sum() / total)


def _rank_by_sales(profile: pd.DataFrame) -> pd.DataFrame:
    spent = np.sort(profile.loc[profile["frequency"] > 0, "monetary"].to_numpy())[::-1]
    sizes = [max(round(share * len(spent)), 1) for share in TOPS]
    table = pd.DataFrame(
        {
            "the best": [f"{share:.0%}".replace("%", " %") for share in TOPS],
            "customers": sizes,
            "share of sales": [_share_of_top(profile, share) for share in TOPS],
            "sales each": [spent[:size].mean() if len(spent) else np.nan for size in sizes],
        }
    )
    # Each group contains the smaller ones; one of under five would also show in its difference to the next
    return table[table["customers"] >= 5].reset_index(drop=True)


def _count_grid(scores: RfmScores) -> pd.DataFrame:
    """Count the buyers by their scores for recency (rows, the best first) and frequency (columns)."""
    bought = scores.table[scores.table["r"] > 0]
    grid = pd.crosstab(bought["r"], bought["f"])
    steps = range(1, scores.bins + 1)
    return grid.reindex(index=reversed(steps), columns=steps, fill_value=0)


def _show_grid(grid: pd.DataFrame) -> pd.DataFrame:
    """Show the grid as a table with small cells hidden; see `suppress_small`."""
    cells = grid.stack().rename("customers").rename_axis(["r", "f"]).reset_index()
    shown = suppress_small(cells, ["customers"], ["r", "f"]).pivot(index="r", columns="f", values="customers")
    shown = shown.loc[grid.index, grid.columns]
    names = {5: " (most)", 1: " (fewest)"}
    shown.columns = [f"frequency {f}{names.get(f, '')} customers" for f in shown]
    labels = {5: "recency 5 (just now)", 1: "recency 1 (long ago)"}
    return shown.rename_axis("score").reset_index().assign(score=[labels.get(r, f"recency {r}") for r in grid.index])


def _make_card(
    profile: pd.DataFrame,
    quiet: pd.Series | None,
    typical: float,
    missing: str,
    values: Mapping[str, Any],
    unit: str,
    span: pd.Series,
) -> ReportCard:
    """Make the card: how much the best customers bring, and how many have gone quiet, or why that is `missing`."""
    bought = int((profile["frequency"] > 0).sum())
    sales = float(profile["monetary"].sum())
    sentence = missing if quiet is None else _say_quiet(profile, quiet, typical)
    receipts = int(profile["frequency"].sum())
    facts = (
        ("Customers", f"{len(profile):,}", _say_buyers(bought, len(profile))),
        ("Sales", say_money(sales, unit), "returns taken off"),
        ("Receipts a customer", f"{receipts / max(bought, 1):,.1f}", "among those who bought"),
        ("Sales a receipt", say_money(sales / max(receipts, 1), unit, 2), f"{receipts:,} receipts"),
    )
    last = pd.Timestamp(values["as_of"]) - pd.Timedelta(days=1)
    period = f"{parts.say_day(span['first'])} to {parts.say_day(last)}"
    kicker = f"{values['title'] or 'Who our customers are'} · {period}"
    return ReportCard(kicker, _say_verdict(profile, bought), sentence, "plain", facts)


def _write_notes(checks: pd.DataFrame, has_segments: bool) -> tuple[str, ...]:
    """What to look at, and what to do next."""
    notes = []
    looks = checks.loc[checks["result"] == "look", "check"].drop_duplicates().tolist()
    if looks:
        notes.append(f"To look at, in the table of checks: {', '.join(looks)}.")
    if has_segments:
        notes.append(
            "Next: choose one segment below and one offer for it, and plan it with campaign_plan, which leaves some "
            "customers out at random: only they show whether the offer works."
        )
    return tuple(notes)


def _say_buyers(bought: int, everybody: int) -> str:
    """Say how many of all customers bought; the few who did not are no number."""
    if bought == everybody:
        return "with a receipt"
    return "nearly all of them bought" if everybody - bought < SMALL else f"{bought:,} of them bought"


def _say_verdict(profile: pd.DataFrame, bought: int) -> str:
    """Say how much the best fifth of the `bought` buyers brings; with few buyers only how many they are."""
    share = _share_of_top(profile)
    if bought >= 25 and not np.isnan(share):
        return f"20 % of customers bring {share:.0%} of sales".replace("%", " %").replace("  ", " ")
    return f"{bought:,} customers bought" if bought >= 5 else "Too few customers to describe"


def _say_quiet(profile: pd.DataFrame, quiet: pd.Series, typical: float) -> str:
    """Say how many customers have gone quiet, and what they brought."""
    n = int(quiet.sum())
    if n < 5:
        return (
            f"Fewer than 5 customers have gone quiet (silent for longer than {typical:,.0f} days, or their own pace)."
        )
    sales = float(profile["monetary"].sum())
    lost = profile.loc[quiet.to_numpy(), "monetary"].sum() / sales if sales > 0 else float("nan")
    return (
        f"{n:,} of {len(profile):,} customers ({n / len(profile):.0%}) have gone quiet: no purchase for longer than "
        f"95 of 100 usual pauses ({typical:,.0f} days for a typical customer). "
        f"They brought {lost:.0%} of all sales."
    )


def _make_checks(
    profile: pd.DataFrame, span: pd.Series, as_of: str, was_given: bool, scores: RfmScores, notes: list[str]
) -> pd.DataFrame:
    length = (span["last"].normalize() - span["first"].normalize()).days + 1
    without = length - span["days"]
    once = (profile["frequency"] == 1).mean()
    negative = int((profile["monetary"] < 0).sum())
    said = "as set" if was_given else "the day after the last receipt, because as_of was not set"
    later = "receipts from that day on are left out" if span["last"] >= pd.Timestamp(as_of) else "no receipt is later"
    returners = FEW if 0 < negative < 5 else f"{negative:,}"
    rows = [
        ("Date of the report", "good", f"{as_of}: {said}; {later}"),
        ("Length of history", "good" if length >= 180 else "look", f"{length:,} days; long pauses need 180"),
        ("Days without a receipt", "good" if without <= 0.05 * length else "look", f"{without:,} of {length:,} days"),
        ("Customers who bought once", "good" if once < 0.5 else "look", f"{once:.0%} of customers"),
        ("Customers with more returns than sales", "look" if negative else "good", f"{returners} customers"),
    ]
    rows += [("Receipts", "look", text) for text in profile.attrs["warnings"]]
    rows += [("Scores", "look", text) for text in scores.warnings] + [("Pauses", "look", text) for text in notes]
    return make_checks(rows)


def _define(as_of: str, typical: float) -> tuple[str, ...]:
    return (
        f"All numbers know what happened before {as_of}, and nothing from that day on.",
        "Sales: money paid, returns taken off. Receipt: at least one line that is no return.",
        f"New: the first purchase is not longer ago than 95 of 100 usual pauses ({typical:,.0f} days). Cooling, gone "
        "quiet: silent for longer than 80 and 95 of 100 pauses, of the customer's own where there are at least five. "
        "One pause in twenty is that long and ends by itself: gone quiet does not mean lost.",
        "Scores: 1 to 5 by the customer's place among those who bought; equal customers have equal scores.",
        f"Groups under five customers are not shown. {parts.list_versions()}.",
    )


def _list_shown(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table[pd.to_numeric(table["customers"], errors="coerce").notna()].to_dict("records")


def _draw_grid(grid: pd.DataFrame) -> Axes:
    import seaborn as sns

    house_style()
    shown = pd.DataFrame(_show_grid(grid).iloc[:, 1:].to_numpy(), index=grid.index, columns=grid.columns)
    numbers = shown.apply(pd.to_numeric, errors="coerce").astype("float64")
    texts = shown.map(lambda value: f"{value:,}" if not isinstance(value, str) else value)
    ax = plt.subplots(figsize=(9, 3.9))[1]
    ramp = sns.light_palette(TREATED, as_cmap=True)
    sns.heatmap(numbers.fillna(0), annot=texts, fmt="", cmap=ramp, cbar=False, linewidths=1.5, ax=ax)
    ax.set(xlabel="frequency: 5 is most receipts", ylabel="recency: 5 is just now")
    ax.tick_params(length=0)
    corner = numbers.loc[grid.index <= 2, grid.columns >= 4].to_numpy()
    away = int(np.nansum(corner))
    title = f"{away:,} customers used to come often and stay away"
    if np.isnan(corner).any():  # some cells are hidden
        title = f"At least {title}"
    if away < 5:
        title = "Hardly anybody who came often stays away"
    headline(ax, title, "customers by their scores for recency and frequency; the two lower rows, to the right")
    return ax
