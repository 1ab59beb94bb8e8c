"""Rule-based segments: a named map from RFM codes to segments that leaves nobody out and nobody twice in."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from loyalty.segment.scores import RfmScores, score_rfm
from loyalty.tables import TableError

__all__ = ["RFM_SEGMENTS", "RfmScores", "Scheme", "Segment", "check_scheme", "name_segments", "score_rfm"]

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
        return ((0, 0, 0), *product(range(1, self.bins + 1), repeat=3))

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


def check_scheme(scheme: Scheme) -> None:
    """Prove that a scheme puts each code into exactly one segment, and that each segment says what to do.

    It cannot say whether the segments are of any use: that needs a task.

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
    loyalty.tables.TableError: scheme two: 1 problem
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
        if not any(segment.holds(code) for code in homes):
            problems.append(f"segment {segment.name!r} holds no code: its ranges lie outside 1 to {scheme.bins}")
        if not segment.name.strip():
            problems.append("a segment has no name")
        if not segment.action.strip():
            problems.append(f"segment {segment.name!r} has no action: what should be done with these customers?")
        if segment.action != scheme.actions[segment.name]:
            problems.append(f"segment {segment.name!r} comes twice with different actions")
    if problems:
        raise TableError(problems, f"scheme {scheme.name}")


def name_segments(scores: RfmScores | pd.DataFrame, *, scheme: Scheme = RFM_SEGMENTS) -> pd.DataFrame:
    """Put each customer into exactly one named segment by his scores.

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
