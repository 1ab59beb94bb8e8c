"""One history a person: receipts under the ids of several sources, joined by the links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from loyalty.prepare.identity.links import RecordLinks
from loyalty.prepare.identity.records import KEY, find_lists, write_ids
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import count_of


@dataclass(frozen=True, eq=False, repr=False)
class MergedHistories:
    """Receipts with the person who bought; made by `merge_histories`.

    Attributes
    ----------
    receipts : pandas.DataFrame
        The same rows as before, in the same order, with customer_id in front: the person; NA where nobody was named.
    joined : pandas.DataFrame
        ids, people: how many ids a person bought under.
    warnings : tuple of str
    """

    receipts: pd.DataFrame = field(repr=False)
    joined: pd.DataFrame = field(repr=False)
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The receipts."""
        return self.receipts.copy()

    def __repr__(self) -> str:
        named = self.receipts["customer_id"]
        return f"{len(named):,} rows, {named.nunique():,} people; {int(named.isna().sum()):,} rows of nobody"

    def _repr_html_(self) -> str:
        return render_html(self.joined, repr(self), self.warnings)


@check_arguments
def merge_histories(
    receipts: pd.DataFrame, links: RecordLinks | pd.DataFrame, ids: Mapping[str, str]
) -> MergedHistories:
    """Merge the histories of one person: each receipt gets the person behind its card or account.

    No row is added or lost, so that sales stay what they were. (A join of two tables on a phone multiplies receipts
    where either side has the phone twice.)

    Parameters
    ----------
    receipts : pandas.DataFrame
        With a column of ids for each source, such as card_id and account_id; empty where it was not shown. A column
        customer_id is replaced.
    links : RecordLinks, or table
        source, record_id, person.
    ids : mapping of column to source
        Such as {"account_id": "accounts", "card_id": "cards"}; where a row has several, the first counts.

    Returns
    -------
    MergedHistories
        Its warnings count ids that the links do not know (their rows are nobody's), and rows whose ids are two people.

    Raises
    ------
    TableError
        With all problems: a column or a source that there is not, no column at all.

    Examples
    --------
    >>> people = pd.DataFrame({"source": ["cards", "accounts"], "record_id": ["7", "a"], "person": [1, 1]})
    >>> receipts = pd.DataFrame({"card_id": [7, None], "account_id": [None, "a"], "sales": [3.0, 4.0]})
    >>> merged = merge_histories(receipts, people, {"card_id": "cards", "account_id": "accounts"})
    >>> merged.receipts["customer_id"].tolist()
    [1, 1]
    """
    people = links.people if isinstance(links, RecordLinks) else links
    problems = _find_problems(receipts, people, ids)
    if problems:
        raise TableError(problems, "merge_histories")
    known = people.assign(**{name: write_ids(people[name]) for name in KEY})
    person = pd.Series(pd.NA, index=receipts.index, dtype="Int64")
    used = []
    notes = []
    for column, source in ids.items():
        of_source = known[known["source"] == source].set_index("record_id")["person"]
        written = write_ids(receipts[column])
        found = written.map(of_source).astype("Int64")
        strange = written[found.isna()].dropna().nunique()
        if strange:
            notes.append(f"{count_of(strange, 'value')} of `{column}` are not in the links: their rows are nobody's")
        two = int((person.notna() & found.notna() & (person != found)).sum())
        if two:
            first = next(iter(ids))
            notes.append(f"{count_of(two, 'row')} with two people in `{first}` and `{column}`: the first counts")
        used.append(pd.DataFrame({"person": found, "id": source + "/" + written}).dropna())
        person = person.fillna(found)
    counts = pd.concat(used).drop_duplicates().groupby("person").size().value_counts().sort_index()
    rows = receipts.drop(columns="customer_id", errors="ignore")
    rows.insert(0, "customer_id", person)
    return MergedHistories(rows, counts.rename_axis("ids").rename("people").reset_index(), tuple(notes))


def _find_problems(receipts: pd.DataFrame, people: pd.DataFrame, ids: Mapping[str, str]) -> list[str]:
    problems = [f"the links should have `{name}`" for name in (*KEY, "person") if name not in people]
    problems = problems or find_lists(people, (*KEY, "person"), "the links")
    if not problems:
        if people[list(KEY)].apply(write_ids).duplicated().any():
            problems.append("the links have a record more than once: its receipts would be counted twice")
        numbers = pd.to_numeric(people["person"], errors="coerce")
        if numbers.isna().any() or (numbers % 1 != 0).any():
            problems.append("`person` of the links should be whole numbers, none of them empty")
        sources = set(people["source"].astype("str"))
        problems += [f"the links have no source {name!r}" for name in ids.values() if name not in sources]
    problems += [f"the receipts have no column `{name}`" for name in ids if name not in receipts]
    problems += find_lists(receipts, ids, "the receipts")
    if not ids:
        problems.append("name the columns of ids, such as {'card_id': 'cards'}")
    return problems
