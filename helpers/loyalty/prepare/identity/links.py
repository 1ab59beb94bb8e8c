"""The result of a linkage: who belongs together, by which evidence, and who was kept apart; no personal data."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from loyalty.stats.estimate import render_html

LINKED = "linked"
PAIRS = ("source_a", "record_a", "source_b", "record_b", "weight", "probability", "verdict")


@dataclass(frozen=True, eq=False, repr=False)
class RecordLinks:
    """Which records belong to one person; made by `link_records` or `match_exact`. It holds ids, no names or phones.

    Attributes
    ----------
    people : pandas.DataFrame
        source, record_id, person (a whole number from 1, in the order of the records): one row a record.
    pairs : pandas.DataFrame
        source_a, record_a, source_b, record_b, weight (bits, the prior included), probability, verdict: the pairs
        that came near. Empty for a rule.
    weights : pandas.DataFrame
        field, level, m, u, bits: how much each agreement counts. Empty for a rule.
    prior : float
        The chance that two records drawn at random are one person; NaN for a rule.
    threshold : float
        The probability from which a pair is linked; NaN for a rule.
    warnings : tuple of str
    """

    people: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    weights: pd.DataFrame = field(repr=False)
    prior: float = float("nan")
    threshold: float = float("nan")
    method: str = "records linked"
    warnings: tuple[str, ...] = ()

    @property
    def sizes(self) -> pd.DataFrame:
        """How many people have how many records: records, people."""
        sizes = self.people["person"].value_counts().value_counts().sort_index()
        return sizes.rename_axis("records").rename("people").reset_index()

    def to_frame(self) -> pd.DataFrame:
        """One row a record: source, record_id, person."""
        return self.people.copy()

    def __repr__(self) -> str:
        people = self.people["person"].nunique()
        return f"{self.method}: {len(self.people):,} records, {people:,} people"

    def _repr_html_(self) -> str:
        return render_html(self.sizes.head(8), repr(self), self.warnings)


def empty_pairs() -> pd.DataFrame:
    """A table of pairs without a row."""
    kinds = {"weight": "float64", "probability": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "str")) for name in PAIRS})


def number_people(records: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Number the groups of records from 1, in the order in which they first come."""
    codes = pd.factorize(group)[0] + 1
    return records[["source", "record_id"]].reset_index(drop=True).assign(person=codes)
