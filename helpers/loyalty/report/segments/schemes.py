"""The schemes of the report `segments`: one rule for all days, so that customers can be followed through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from loyalty.report.segments.base import LEAST, Asked, ReportScheme
from loyalty.report.segments.clustering import make_clusters
from loyalty.segment.rank.ranking import rank_customers
from loyalty.segment.rules.life_cycle import LIFE_CYCLE, Gaps, assign_life_cycle, measure_gaps
from loyalty.segment.rules.own_rules import OwnRules, assign_rules, read_rules
from loyalty.segment.rules.rfm import RFM_SEGMENTS, name_segments, score_rfm
from loyalty.tables.check import TableError

VALUE = {
    "best tenth": "Know them by name; ask them first, and give attention before discounts.",
    "upper": "Offer the next category; test what brings one visit more.",
    "middle": "Relevant news; no costly offer without a test.",
    "lower": "Cheap contact only.",
    "nothing bought": "Find out with one cheap test who comes back, and stop paying for mail to the others.",
}
SHORTEST = 28  # days of receipts, for the schemes that place customers among each other
STEPS = {"best tenth": (10, 10), "upper": (8, 9), "middle": (4, 7), "lower": (1, 3)}  # deciles, the best is 10
WARM = ("champions", "loyal", "potential loyalists", "new customers", "promising")  # names that sound as if they came
GROWING = ("frequency", "monetary", "margin", "breadth", "x", "t_x", "T", "tenure_days")
NAMES = {"life_cycle": "life cycle", "rfm": "rfm", "value": "value", "clusters": "clusters"}


def make_scheme(name: str, asked: Asked) -> ReportScheme:
    """Make the scheme of a name, with the rule that holds on the day of the report, or that of an earlier run.

    Parameters
    ----------
    name : {"life_cycle", "rfm", "value", "clusters", "rules"}
    asked : Asked

    Raises
    ------
    TableError
        The receipts are too short for the scheme, or nobody bought twice.
    """
    if name != "life_cycle" and asked.length < SHORTEST:
        says = f"the receipts cover {asked.length:,} days, and {SHORTEST} are the least: nobody can be told from others"
        raise TableError([says], "receipts")
    makers = {
        "life_cycle": _make_life_cycle,
        "rfm": _make_rfm,
        "value": _make_value,
        "clusters": make_clusters,
        "rules": _make_own,
    }
    return makers[name](asked)


def _make_life_cycle(asked: Asked) -> ReportScheme:
    """The life cycle, by the pauses that are usual today, or that were on the day of an earlier run."""
    gaps = measure_gaps(asked.receipts, asked.day) if asked.rule is None else _read_gaps(asked.rule)
    typical = float(gaps.at(0.95)["typical_customer"])
    needed = max(LEAST, round(2 * typical))
    if asked.length < needed:
        says = f"the receipts cover {asked.length:,} days, and the life cycle needs {needed:,}: longer pauses cannot be"
        raise TableError([f"{says} seen; take scheme=rfm or scheme=value, or longer receipts"], "receipts")

    def assign(_: pd.Timestamp, profile: pd.DataFrame) -> pd.DataFrame:
        return assign_life_cycle(profile, gaps=gaps)

    says = (
        f"New: the first purchase is not longer ago than 95 of 100 usual pauses ({typical:,.0f} days). Cooling, gone "
        "quiet: silent for longer than 80 and 95 of 100 pauses, of the customer's own where there are at least five. "
        "One pause in twenty is that long and ends by itself: gone quiet does not mean lost. All days are judged by "
        f"the pauses before {gaps.as_of:%Y-%m-%d}."
    )
    rule = {
        "as_of": f"{gaps.as_of:%Y-%m-%d}",
        "gaps": gaps.table.to_dict("records"),
        "n_gaps": gaps.n_gaps,
        "n_customers": gaps.n_customers,
        "own_from": gaps.own_from,
    }
    return ReportScheme("life cycle", LIFE_CYCLE, assign, False, needed, says, gaps.warnings, rule=rule)


def _read_gaps(rule: Mapping[str, Any]) -> Gaps:
    """The pauses of an earlier run."""
    table = pd.DataFrame(rule["gaps"])
    return Gaps(table, pd.Timestamp(rule["as_of"]), rule["n_gaps"], rule["n_customers"], rule["own_from"])


def _make_rfm(asked: Asked) -> ReportScheme:
    """The habit of the field: recency, frequency and money, each scored by the customer's place on that day."""

    def assign(_: pd.Timestamp, profile: pd.DataFrame) -> pd.DataFrame:
        return name_segments(score_rfm(profile))

    says = (
        "Scores of recency, frequency and money from 1 to 5, by the customer's place among those who bought; equal "
        "customers have equal scores. Names are habits of the field: new customers means recent and small, and may "
        "hold customers of years ago. On each day customers are scored anew."
    )
    warnings = tuple(score_rfm(asked.profile).warnings)
    cautions = _find_cold_names(asked, assign(asked.day, asked.profile))
    return ReportScheme(
        "rfm", RFM_SEGMENTS.actions, assign, True, LEAST, says, warnings, cautions=cautions, rule={"version": "1"}
    )


def _find_cold_names(asked: Asked, named: pd.DataFrame) -> tuple[str, ...]:
    """Say which names sound as if customers still came, though half of these are silent longer than is usual.

    The scores are places: where most have gone, the third best fifth of recency is long gone too.
    """
    try:
        usual = float(measure_gaps(asked.receipts, asked.day).at(0.95)["typical_customer"])
    except TableError:  # nobody bought twice: there is no usual pause
        return ()
    silent = asked.profile.set_index("customer_id")["recency_days"].reindex(named["customer_id"]).to_numpy()
    middle = pd.Series(silent).groupby(named["segment"].to_numpy()).median()
    cold = [f"“{name}” ({middle[name]:,.0f} days)" for name in WARM if name in middle and middle[name] > usual]
    if not cold:
        return ()
    return (
        f"Careful: by the middle customer, {', '.join(cold)} bought last longer ago than 95 of 100 usual pauses "
        f"({usual:,.0f} days). RFM names say a place among others, and not that somebody still comes.",
    )


def _make_value(asked: Asked) -> ReportScheme:
    """Parts by sales in a window of the same length for all days."""
    window = asked.find_window() if asked.rule is None else int(asked.rule["window"])
    if asked.length < window:
        says = f"the receipts cover {asked.length:,} days, and the rule in the store counts sales of {window:,} days"
        raise TableError([f"{says}: take longer receipts, or set new_rule=yes"], "receipts")

    def assign(then: pd.Timestamp, profile: pd.DataFrame) -> pd.DataFrame:
        start = then - pd.Timedelta(days=window)
        ranking = rank_customers(asked.receipts, start, then)
        moved = ranking.table[["customer_id", "decile", "sales", "receipts"]]
        table = profile[["customer_id", "as_of"]].merge(moved, on="customer_id", how="left")
        bought = table["receipts"] > 0  # who only brought back goods in these days has sales, but bought nothing
        segment = pd.Series("nothing bought", index=table.index, dtype="str")
        for name, (low, high) in STEPS.items():
            segment = segment.mask(bought & table["decile"].between(low, high), name)
        version = f"sales of {window} days"
        named = table[["customer_id", "as_of"]].assign(scheme="value", version=version, segment=segment)
        return named.assign(sales=table["sales"].fillna(0.0))

    says = (
        f"Buyers ranked by sales of the {window:,} days before each day, returns taken off: the best tenth, the next "
        "two tenths (upper), four tenths (middle), the rest (lower); equal customers stay together. Nothing bought: no "
        "purchase in these days."
    )
    return ReportScheme("value", VALUE, assign, True, LEAST, says, window=window, rule={"window": window})


def _make_own(asked: Asked) -> ReportScheme:
    """The analyst's own rules; with the rule of an earlier run, those that stood in the file then."""
    rules: OwnRules = asked.own
    if asked.rule is not None:
        rules = read_rules(dict(asked.rule), columns=list(asked.profile.columns))

    def assign(_: pd.Timestamp, profile: pd.DataFrame) -> pd.DataFrame:
        return assign_rules(rules, profile)

    lines = [f"{place}. {row.segment}: {row.when}" for place, row in enumerate(rules.to_frame().itertuples(), 1)]
    says = f"Own rules, version {rules.version}; the first that holds takes the customer. {'; '.join(lines)}."
    here = assign(asked.day, asked.profile)
    warnings = tuple(here.attrs["warnings"])
    held = set(here["segment"])
    empty = [f"“{name}”" for name in rules.actions if name not in held]
    if empty:
        warnings += (f"nobody is in {', '.join(empty)} on {asked.day:%Y-%m-%d}, so no table has a line for it",)
    used = dict.fromkeys(one.column for rule in rules.rules for one in rule.when)
    growing = [f"`{name}`" for name in used if name in GROWING]
    if growing:
        words = f"{', '.join(growing)} count everything since the receipts begin, and so grow by themselves"
        warnings += (f"{words}: let each month's export begin on the same day, or later on choose higher limits",)
    return ReportScheme(rules.name, rules.actions, assign, False, LEAST, says, warnings, rule=rules.to_plain())
