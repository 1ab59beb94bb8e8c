"""What each offer brought, over all campaigns that kept a control group: response and profit, by offer and segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lifts
from loyalty.evaluate.money.pricing import PRICED
from loyalty.evaluate.money.profit import campaign_money, compare_money
from loyalty.report.output.privacy import SMALL
from loyalty.stats.beliefs import Beliefs, believe_normal
from loyalty.stats.shrinkage import LEAST_CELLS, shrink_normal
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.arms import join_arms

WAVE = ["campaign_id", "wave"]
PEOPLE = (*WAVE, "customer_id", "arm", "offer_id", "propensity", "stratum", "segment")
COSTS = ("margin_rate", "contact_cost", "reward_cost", "point_cost", "redemption_probability")
Z = float(special.ndtri(0.975))
CELL = ["segment", "offer"]
RESPONSE = "response"
PROFIT = "profit"


@dataclass(frozen=True)
class Brought:
    """Effects against control of one kind (`response` in fractions, `profit` in money a customer).

    `waves` has one row a wave and offer, `offers` one an offer, `cells` one an offer and segment: effect, se, low,
    high, n_treated, n_control, waves; cells also mean and sd (what is believed of them by the model of all cells),
    believed_low and believed_high (the wider of that belief's interval and of the shrunken one, which covers on
    average whatever the true values), shrunken, shrunken_low and shrunken_high. `together` has one row a wave, all
    offers as one. `beliefs` say what to expect of a cell that was never measured; None of fewer than four.
    """

    kind: str
    waves: pd.DataFrame
    together: pd.DataFrame
    offers: pd.DataFrame
    cells: pd.DataFrame
    beliefs: Beliefs | None = None
    notes: tuple[str, ...] = ()


@dataclass
class _Found:
    """What is gathered wave by wave."""

    waves: list[pd.DataFrame] = field(default_factory=list)
    together: list[pd.DataFrame] = field(default_factory=list)
    cells: list[pd.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def split_waves(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, int], pd.DataFrame]]:
    """Give each wave that has five customers or more in control and among the treated, its arms named as its offers.

    A column that the wave does not know is left out: other campaigns may know it.
    """
    for key, wave in rows.groupby(WAVE, sort=True):
        treated = int((wave["arm"] != "control").sum())
        if min(treated, len(wave) - treated) < SMALL:
            continue
        known = wave.dropna(axis="columns", how="all")
        yield key, _name_arms(known)


def _name_arms(wave: pd.DataFrame) -> pd.DataFrame:
    """Name the arms of a wave as their offers; the chances of arms with one offer are no longer those of an arm."""
    offers = wave["arm"].where(wave["arm"] == "control", wave["offer_id"])
    names = wave.assign(arm=offers)
    pairs = wave[wave["arm"] != "control"].groupby("offer_id")["arm"].nunique()
    return names.drop(columns="propensity", errors="ignore") if (pairs > 1).any() else names


def measure_response(rows: pd.DataFrame) -> Brought | None:
    """Measure how many more customers responded than in control; None where no wave can tell."""
    found = _Found()
    for key, wave in split_waves(rows):
        if "responded" not in wave or wave["responded"].isna().any():
            continue
        wave = wave[[name for name in (*PEOPLE, "responded") if name in wave]]
        found.waves.append(_tell(key, measure_lift(wave, outcome="responded")))
        found.together.append(_tell_together(key, wave, found.notes))
        inside = _keep_comparable(wave)
        if len(inside):
            found.cells.append(_tell(key, measure_lift(inside, outcome="responded", by="segment")))
    return _gather(RESPONSE, found)


def measure_profit(rows: pd.DataFrame, values: Mapping[str, Any], offers: AnyTable = None) -> Brought | None:
    """Measure the profit a customer against control; None without a margin, or where no wave has sales.

    Costs are those of the settings, or of the table of offers.
    """
    terms = {name: values[name] for name in COSTS} | {"vat_rate": values["vat_rate"] or 0.0, "windows": ("main",)}
    found = _Found()
    for key, wave in split_waves(rows):
        has_margin = "margin" in wave and wave["margin"].notna().all()
        has_sales = "sales" in wave and wave["sales"].notna().all() and values["margin_rate"] is not None
        if not (has_margin or has_sales):
            continue
        asked = {**terms, "offers": offers}
        kept = _drop_gaps(wave)
        found.waves.append(_tell_money(key, compare_money(kept, **asked)))
        found.together.append(_tell_all_money(key, kept, asked, found.notes))
        inside = _keep_comparable(kept)
        if len(inside):
            found.cells.append(_tell_money(key, compare_money(inside, by="segment", **asked)))
    return _gather(PROFIT, found)


def _drop_gaps(wave: pd.DataFrame) -> pd.DataFrame:
    """Keep what the money needs, without measures that only a part of the wave has."""
    names = [name for name in PRICED if name in wave and wave[name].notna().all()]
    return wave[[name for name in (*PEOPLE, *names) if name in wave]]


def _keep_comparable(wave: pd.DataFrame) -> pd.DataFrame:
    """Keep the segments in which control and each offer that is there have two customers or more."""
    sizes = pd.crosstab(wave["segment"], wave["arm"])
    control = sizes["control"]
    kept = sizes.index[(control >= 2) & ((sizes.drop(columns="control") != 1).all(axis=1))]
    return wave[wave["segment"].isin(kept)]


def _tell(key: tuple[str, int], found: Any) -> pd.DataFrame:
    """Lifts as rows: offer, segment, effect, its error and interval, the rate of control, and both sizes."""
    lifts = found.results if isinstance(found, Lifts) else (found,)
    rows = [
        {
            **dict(zip(WAVE, key, strict=True)),
            "offer": lift.arm,
            "segment": lift.segment,
            "effect": lift.effect,
            "low": lift.low,
            "high": lift.high,
            "base": lift.base,
            "n_treated": lift.n_treated,
            "n_control": lift.n_control,
        }
        for lift in lifts
    ]
    return pd.DataFrame(rows)


def _tell_together(key: tuple[str, int], wave: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """The lift of a wave with all its offers as one."""
    joined = _join(key, wave, notes)
    return pd.DataFrame() if joined is None else _tell(key, measure_lift(joined, outcome="responded"))


def _tell_money(key: tuple[str, int], found: pd.DataFrame) -> pd.DataFrame:
    """Money as rows, in the columns of `_tell`."""
    names = {"arm": "offer", "profit": "effect"}
    columns = ["offer", "segment", "effect", "low", "high", "n_treated", "n_control", "warnings"]
    table = found.rename(columns=names)
    if "segment" not in table:
        table = table.assign(segment="")
    return table[columns].assign(**dict(zip(WAVE, key, strict=True)))


def _tell_all_money(key: tuple[str, int], wave: pd.DataFrame, asked: dict[str, Any], notes: list[str]) -> pd.DataFrame:
    """The money of a wave with all its offers as one."""
    joined = _join(key, wave, notes)
    return pd.DataFrame() if joined is None else _tell_money(key, campaign_money(joined, **asked).to_frame())


def _join(key: tuple[str, int], wave: pd.DataFrame, notes: list[str]) -> pd.DataFrame | None:
    """All offers of a wave as one; None, and a note, where they have no common chance."""
    try:
        return join_arms(wave)
    except TableError as error:
        notes.append(f"{key[0]}, wave {key[1]}: {error.problems[0]}")
        return None


# --- Over all waves ---------------------------------------------------------------------------------------------------


def _gather(kind: str, found: _Found) -> Brought | None:
    """Pool the waves of each offer and cell by their precision, and shrink the cells."""
    if not found.waves:
        return None
    waves = _add_error(pd.concat(found.waves, ignore_index=True))
    together = _add_error(pd.concat(found.together, ignore_index=True))
    offers = pool(waves, ["offer"])
    cells = pd.DataFrame(columns=[*CELL, "effect", "se", "low", "high", "n_treated", "n_control", "waves"])
    if found.cells:
        cells = pool(_add_error(pd.concat(found.cells, ignore_index=True)), CELL)
    notes = list(dict.fromkeys(found.notes))
    lost = int((~(cells["se"] > 0)).sum())
    if lost:
        notes.append(f"{lost} cells have no interval, because all their customers are alike: left out")
    cells = cells[cells["se"] > 0].reset_index(drop=True)
    if len(cells) < LEAST_CELLS:
        notes.append(f"{len(cells)} cells cannot say how much they differ in truth: nothing was shrunk")
        own = {f"shrunken{end}": cells[name] for end, name in (("", "effect"), ("_low", "low"), ("_high", "high"))}
        alone = cells.assign(**own, mean=cells["effect"], sd=cells["se"])
        return Brought(kind, waves, together, offers, _add_believed(alone), notes=tuple(notes))
    shrunk = shrink_normal(cells["effect"], cells["se"])
    beliefs = believe_normal(cells["effect"], cells["se"])
    names = {"shrunken": "shrunken", "low": "shrunken_low", "high": "shrunken_high"}
    cells = pd.concat([cells, shrunk.table[list(names)].rename(columns=names), beliefs.table[["mean", "sd"]]], axis=1)
    return Brought(kind, waves, together, offers, _add_believed(cells), beliefs, (*notes, *shrunk.warnings))


def _add_believed(cells: pd.DataFrame) -> pd.DataFrame:
    """Add the interval of what is believed: the wider of the belief's and the shrunken one, at both ends."""
    half = Z * cells["sd"]
    low = np.minimum(cells["mean"] - half, cells["shrunken_low"])
    high = np.maximum(cells["mean"] + half, cells["shrunken_high"])
    return cells.assign(believed_low=low, believed_high=high)


def _add_error(table: pd.DataFrame) -> pd.DataFrame:
    """Add the standard error, from the width of the interval: that of a rate of zero is no zero."""
    return table.assign(se=(table["high"] - table["low"]) / (2 * Z)) if len(table) else table


def pool(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Pool effects by their precision (fixed-effect inverse variance); one alone stays with its own interval.

    Examples
    --------
    >>> two = pd.DataFrame({"offer": "tea", "effect": [1.0, 3.0], "se": [1.0, 1.0], "low": 0.0, "high": 0.0})
    >>> pool(two.assign(n_treated=5, n_control=5), ["offer"])[["effect", "se", "n_treated", "waves"]].round(3)
       effect     se  n_treated  waves
    0     2.0  0.707         10      2
    """
    rows = []
    for key, group in table.groupby(list(by), sort=True):
        known = group[group["se"] > 0]
        counts = {name: int(group[name].sum()) for name in ("n_treated", "n_control")}
        row = dict(zip(by, key, strict=True)) | counts | {"waves": len(group)}
        if len(known) == 1:
            row |= {name: known[name].iloc[0] for name in ("effect", "se", "low", "high")}
        elif len(known):
            weight = 1 / known["se"] ** 2
            effect = float(np.average(known["effect"], weights=weight))
            error = float(weight.sum() ** -0.5)
            row |= {"effect": effect, "se": error, "low": effect - Z * error, "high": effect + Z * error}
        rows.append(row)
    columns = [*by, "effect", "se", "low", "high", "n_treated", "n_control", "waves"]
    return pd.DataFrame(rows).reindex(columns=columns)
