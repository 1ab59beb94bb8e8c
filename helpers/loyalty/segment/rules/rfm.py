"""RFM scores (recency, frequency, monetary) in equal steps, where equal customers always get equal scores."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyalty.segment.snapshots import read_buyers
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable

COLUMNS = {"r": "recency_days", "f": "frequency", "m": "monetary"}


@dataclass(frozen=True, eq=False)
class RfmScores:
    """RFM scores of all customers as of a date, with the cuts between scores; built by `score_rfm`.

    `table` has one row a customer: customer_id, as_of, r, f, m (1 to `bins`, higher is better; 0 for those who never
    bought) and code, for example "5-4-3". `cuts` holds for r, f and m the lowest value that reaches scores 2, 3, …
    (recency counts negative there: fewer days are better; infinite where no value reaches the score).
    """

    table: pd.DataFrame
    bins: int
    cuts: Mapping[str, tuple[float, ...]]
    warnings: tuple[str, ...] = ()

    @property
    def edges(self) -> pd.DataFrame:
        """One row a score: the most days, the least receipts and money that reach it, and its customers."""
        edges = pd.DataFrame({"score": range(1, self.bins + 1)})
        for name, column in COLUMNS.items():
            ends = np.array([-np.inf, *self.cuts[name]])
            ends = np.where(np.isfinite(ends), ends, np.nan)
            edges[f"{column}_{'at_most' if name == 'r' else 'at_least'}"] = -ends if name == "r" else ends
            edges[f"{name}_customers"] = np.bincount(self.table[name], minlength=self.bins + 1)[1:]
        return edges

    def to_frame(self) -> pd.DataFrame:
        """The table of scores."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        title = f"RFM scores of {len(self.table):,} customers as of {self.table['as_of'].iloc[0]:%Y-%m-%d}"
        edges = self.edges.astype(object)
        return render_html(edges.where(edges.notna(), ""), title, self.warnings)


@check_arguments
def score_rfm(profile: AnyTable, *, bins: int = 5, ruler: RfmScores | None = None) -> RfmScores:
    """Score recency, frequency and monetary from 1 (worst) to `bins` (best), ties by value.

    A customer's score is the place among the buyers with *another* value: if none of them is worse, the score is 1; if
    more than four fifths are worse, it is 5 (with five bins). So equal customers have equal scores whatever their ids
    and the order of rows, a better value never gets a lower score, the worst value always gets 1 and the best always
    `bins`. Without ties these are the usual fifths. With heavy ties (half of the customers bought once) the steps hold
    unequal numbers, some none at all, and a warning says so. If all buyers are equal, all get the middle score.

    Not for comparing two dates unless `ruler` is given: without it somebody must fall whenever another rises. Not
    for newcomers: a low score may mean that they had no time yet (see `assign_life_cycle`).

    Parameters
    ----------
    profile : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        The contract `profile` as of one date, with recency_days, frequency and monetary.
    bins : int
        Number of scores, from 2 to 9.
    ruler : RfmScores, optional
        Earlier scores whose cuts are used again; `bins` is then theirs.

    Returns
    -------
    RfmScores
        Its `table` is sorted by customer_id. Customers who never bought score 0-0-0 and move nobody's score.

    Raises
    ------
    TableError
        The profile breaks its contract, or `bins` is not from 2 to 9.

    Examples
    --------
    >>> profile = pd.DataFrame({"customer_id": [1, 2, 3, 4], "as_of": pd.Timestamp("2017-07-01"),
    ...     "recency_days": [3, 40, 40, None], "frequency": [9, 1, 1, 0], "monetary": [90.0, 5.0, 5.0, 0.0]})
    >>> score_rfm(profile).table["code"].tolist()
    ['5-5-5', '1-1-1', '1-1-1', '0-0-0']

    Source: Hughes (1994), Strategic Database Marketing; its fifths by sorted position give equal customers unequal
    scores, hence the rule for ties here.
    """
    bins = ruler.bins if ruler else bins
    if not 2 <= bins <= 9:
        raise TableError([f"bins should be from 2 to 9, found {bins}"], "score_rfm")
    table, bought = read_buyers(profile, "monetary")
    values = {name: table.loc[bought, column].to_numpy(float) for name, column in COLUMNS.items()}
    values["r"] = -values["r"]
    cuts = ruler.cuts if ruler else MappingProxyType({name: tuple(cut_values(v, bins)) for name, v in values.items()})
    scores = table[["customer_id", "as_of"]].copy()
    for name, v in values.items():
        column = np.zeros(len(table), dtype="int8")
        column[bought] = score_values(v, cuts[name])
        scores[name] = column
    codes = [f"{place // 100}-{place // 10 % 10}-{place % 10}" for place in range(1000)]
    places = scores["r"].astype(int) * 100 + scores["f"].astype(int) * 10 + scores["m"].astype(int)
    scores["code"] = pd.Categorical.from_codes(places, codes).astype("str")
    notes = () if ruler else tuple(_warn_of_ties(values, scores[bought], bins))
    if returned := int((~bought & (table["monetary"] != 0)).sum()):
        who = (
            "1 customer only returned goods, and scores"
            if returned == 1
            else f"{returned:,} customers only returned goods, and score"
        )
        notes += (f"{who} 0-0-0 like those who never bought",)
    return RfmScores(scores, bins, cuts, notes)


def cut_values(values: ArrayLike, bins: int) -> np.ndarray:
    """Find the lowest value that reaches each score from 2 to `bins`, by the rule of `score_rfm`.

    Parameters
    ----------
    values : array of float
        Higher is better; no NaN.
    bins : int
        Number of scores.

    Returns
    -------
    array of float, `bins` - 1 long
        Infinite where no value reaches the score; all infinite without values.

    Examples
    --------
    >>> cut_values([1, 1, 1, 2, 7], 5)
    array([2., 2., 2., 7.])
    """
    x = np.sort(np.asarray(values, float))
    cuts = np.full(bins - 1, np.inf)
    if not len(x):
        return cuts
    if x[0] == x[-1]:
        cuts[: bins // 2] = x[0]
        return cuts
    for step in range(1, bins):
        # Without ties this place reaches the score. With ties its value reaches it, or the next greater value does:
        # without the equal ones the share of worse ones can only grow.
        place = -(-step * (len(x) - 1) // bins)
        worse = int(np.searchsorted(x, x[place], "left"))
        end = int(np.searchsorted(x, x[place], "right"))
        reached = bins * worse >= step * (worse + len(x) - end)
        cuts[step - 1] = x[place] if reached else x[end]
    return cuts


def score_values(values: ArrayLike, cuts: ArrayLike) -> np.ndarray:
    """Score values from 1: one more for each cut that is reached.

    Parameters
    ----------
    values : array of float
        Higher is better; no NaN.
    cuts : array of float
        As `cut_values` returns them.

    Returns
    -------
    array of int8

    Examples
    --------
    >>> score_values([1, 1, 1, 2, 7], [2, 2, 2, 7]).tolist()
    [1, 1, 1, 4, 5]
    """
    return (np.searchsorted(np.asarray(cuts, float), np.asarray(values, float), side="right") + 1).astype("int8")


def _warn_of_ties(values: dict[str, np.ndarray], scores: pd.DataFrame, bins: int) -> list[str]:
    if scores.empty:
        return ["nobody has bought: there is nothing to score"]
    notes = []
    for name, column in COLUMNS.items():
        counts = np.bincount(scores[name], minlength=bins + 1)[1:]
        if counts.max() == len(scores):
            notes.append(f"{column}: all {len(scores):,} buyers are equal, so all get the middle score")
        elif counts.min() == 0 or counts.max() > 1.5 * len(scores) / bins:
            commonest, times = np.unique(values[name], return_counts=True)
            top = commonest[times.argmax()]
            if name == "r":  # recency counts negative in the scores
                top = -top
            empty = [str(score) for score, n in enumerate(counts, 1) if not n]
            nobody = f" and nobody scores {', '.join(empty)}" if empty else ""
            notes.append(
                f"{column}: {times.max() / len(scores):.0%} of the buyers share the value {top:g}, so the scores hold "
                f"unequal numbers (from {counts.min():,} to {counts.max():,}){nobody}"
            )
    return notes


Code = tuple[int, int, int]
Range = tuple[int, int]
NOBODY = (0, 0)


@dataclass(frozen=True)
class Segment:
    """A name, the codes it holds and what to do with its customers.

    `r`, `f`, `m` are inclusive ranges of scores; None means all from 1. `fm` is the range of the value score, the mean
    of f and m with halves rounded up. All four must hold. Two segments of one name make one segment of two parts.
    """

    name: str
    action: str
    r: Range | None = None
    f: Range | None = None
    m: Range | None = None
    fm: Range | None = None

    def holds(self, code: Code) -> bool:
        """Say whether a code (r, f, m) belongs here."""
        r, f, m = code
        pairs = ((r, self.r), (f, self.f), (m, self.m), ((f + m + 1) // 2, self.fm))
        return all(score > 0 if span is None else span[0] <= score <= span[1] for score, span in pairs)


@dataclass(frozen=True)
class Scheme:
    """A map from codes to segments, with a version that changes whenever the map does."""

    name: str
    version: str
    bins: int
    segments: tuple[Segment, ...]

    @property
    def codes(self) -> tuple[Code, ...]:
        """All codes there can be: every combination of scores, and 0-0-0 for those who never bought."""
        scores = range(1, self.bins + 1)
        return ((0, 0, 0), *product(scores, scores, scores))

    @property
    def actions(self) -> Mapping[str, str]:
        """What to do with each segment, in the scheme's order."""
        return {segment.name: segment.action for segment in self.segments}

    def to_frame(self) -> pd.DataFrame:
        """One row a code: r, f, m, code, segment."""
        pairs = [(code, s.name) for code in self.codes for s in self.segments if s.holds(code)]
        rows = [(*code, "-".join(map(str, code)), name) for code, name in pairs]
        return pd.DataFrame(rows, columns=["r", "f", "m", "code", "segment"])

    def _repr_html_(self) -> str:
        sizes = self.to_frame()["segment"].value_counts()
        rows = [(name, sizes.get(name, 0), action) for name, action in self.actions.items()]
        with pd.option_context("display.max_colwidth", None):
            shown = pd.DataFrame(rows, columns=["segment", "codes", "what to do"]).to_html(index=False, border=0)
        return f"<p><b>{html.escape(self.name)}, version {html.escape(self.version)}</b></p>{shown}"


RFM_SEGMENTS = Scheme(
    "rfm",
    "1",
    5,
    (
        Segment("champions", "Thank them by name and show them new things first; no discount.", r=(5, 5), fm=(4, 5)),
        Segment("loyal", "Ask what they miss; offer the next category, points before discounts.", r=(3, 4), fm=(4, 5)),
        Segment("potential loyalists", "Give a reason for one more visit a month.", r=(4, 5), fm=(2, 3)),
        Segment("new customers", "Welcome them and help with the second purchase.", r=(5, 5), fm=(1, 1)),
        Segment("promising", "Remind them of what they bought and make the next visit easy.", r=(4, 4), fm=(1, 1)),
        Segment("need attention", "Send one relevant offer now, and test it against no offer.", r=(3, 3), fm=(1, 3)),
        Segment("at risk", "Find out what went wrong; a personal offer with an end date.", r=(2, 2), fm=(3, 5)),
        Segment("can't lose them", "Call the best of them; the offer may cost much.", r=(1, 1), fm=(4, 5)),
        Segment("hibernating", "Write with the season's mailing only.", r=(2, 2), fm=(1, 2)),
        Segment("lost", "Spend nothing on them but a yearly test of one cheap offer.", r=(1, 1), fm=(1, 3)),
        Segment("never bought", "Ask why they joined; a starter offer, once.", r=NOBODY, f=NOBODY, m=NOBODY, fm=NOBODY),
    ),
)


@check_arguments
def check_scheme(scheme: Scheme) -> None:
    """Check that a scheme puts each code into exactly one segment, and that each segment says what to do.

    Whether the segments are useful is no question of the scheme, but of the task they serve.

    Parameters
    ----------
    scheme : Scheme

    Raises
    ------
    TableError
        Lists the codes without a segment, the codes in two, the segments without a code and those without an action.

    Examples
    --------
    >>> check_scheme(RFM_SEGMENTS)
    >>> check_scheme(Scheme("two", "1", 2, (Segment("good", "Keep.", r=(2, 2)), Segment("bad", "Wake.", r=(1, 1)))))
    Traceback (most recent call last):
    loyalty.tables.check.TableError: scheme two: 1 problem
      1. 1 of 9 codes without a segment: 0-0-0
    """
    problems = []
    homes = {code: [s.name for s in scheme.segments if s.holds(code)] for code in scheme.codes}
    bare = [code for code, names in homes.items() if not names]
    if bare:
        problems.append(f"{len(bare)} of {len(homes)} codes without a segment: {_list(bare)}")
    doubles: dict[str, list[Code]] = {}
    for code, names in homes.items():
        if len(names) > 1:
            doubles.setdefault(" and ".join(names), []).append(code)
    for both, codes in doubles.items():
        problems.append(f"{len(codes)} of {len(homes)} codes are in both {both}: {_list(codes)}")
    for segment in scheme.segments:
        problems += _check_segment(segment, scheme)
    if problems:
        raise TableError(problems, f"scheme {scheme.name}")


def _check_segment(segment: Segment, scheme: Scheme) -> list[str]:
    """Check that a segment holds a code, and has a name and one action."""
    problems = []
    if not any(segment.holds(code) for code in scheme.codes):
        problems.append(f"segment {segment.name!r} holds no code: its ranges lie outside 1 to {scheme.bins}")
    if not segment.name.strip():
        problems.append("a segment has no name")
    if not segment.action.strip():
        problems.append(f"segment {segment.name!r} has no action: what should be done with these customers?")
    if segment.action != scheme.actions[segment.name]:
        problems.append(f"segment {segment.name!r} comes twice with different actions")
    return problems


@check_arguments
def name_segments(scores: RfmScores | pd.DataFrame, *, scheme: Scheme = RFM_SEGMENTS) -> pd.DataFrame:
    """Put each customer into exactly one named segment by the RFM scores.

    The names are habits of the field, not findings: "new customers" means recent and small, and may hold people who
    have shopped rarely for years. For where a customer stands in time use `assign_life_cycle`.

    Parameters
    ----------
    scores : RfmScores or pandas.DataFrame
        From `score_rfm`, or a table with customer_id, as_of, r, f, m.
    scheme : Scheme
        The map; it is checked first.

    Returns
    -------
    pandas.DataFrame
        customer_id, as_of, scheme, version, segment: one row for each row of the scores, in their order.

    Raises
    ------
    TableError
        The scheme is no total and disjoint map, or the scores are not of its kind.

    Examples
    --------
    >>> scores = pd.DataFrame({"customer_id": [1, 2], "as_of": pd.Timestamp("2017-07-01"), "r": [5, 1], "f": [5, 1],
    ...                        "m": [4, 2]})
    >>> name_segments(scores)["segment"].tolist()
    ['champions', 'lost']
    """
    check_scheme(scheme)
    if isinstance(scores, RfmScores) and scores.bins != scheme.bins:
        raise TableError([f"the scores have {scores.bins} bins, scheme {scheme.name!r} has {scheme.bins}"], "scores")
    table = scores.table if isinstance(scores, RfmScores) else scores
    missing = [name for name in ("customer_id", "as_of", "r", "f", "m") if name not in table]
    if missing:
        raise TableError([f"there is no column `{name}`" for name in missing], "scores")
    size = scheme.bins + 1
    names = list(scheme.actions)
    places = np.full((size, size, size), -1, dtype=np.int16)
    for segment in scheme.segments:
        for code in scheme.codes:
            if segment.holds(code):
                places[code] = names.index(segment.name)
    columns = [pd.to_numeric(table[name]).to_numpy(float) for name in "rfm"]
    known = np.all([(column >= 0) & (column < size) & (column == np.floor(column)) for column in columns], axis=0)
    codes = [np.where(known, column, 0).astype(int) for column in columns]
    found = places[tuple(codes)]
    strange = ~known | (found < 0)
    if strange.any():
        shown = ", ".join("-".join(f"{column[i]:g}" for column in columns) for i in np.flatnonzero(strange)[:3])
        count = f"{strange.sum():,} of {len(table):,} customers"
        raise TableError([f"{count} with a code that the scheme does not know: {shown}"], "scores")
    segments = pd.Categorical.from_codes(found, names).astype("str")
    return table[["customer_id", "as_of"]].assign(scheme=scheme.name, version=scheme.version, segment=segments)


def _list(codes: list[Code], most: int = 8) -> str:
    shown = ", ".join("-".join(map(str, code)) for code in codes[:most])
    return shown + (", …" if len(codes) > most else "")
