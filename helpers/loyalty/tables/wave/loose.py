"""A wave as it was found, for whoever looks for its faults: nothing is refused because a row is missing or strange.

The one reader that is tolerant on purpose. It leaves out the universal control and tells of several waves, of a missing
control and of missing columns as the others do; ids that do not match, repeated rows and customers without outcomes it
counts instead of refusing them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from loyalty.tables.check import TableError, find_missing
from loyalty.tables.contracts import CONTACTS, OUTCOMES
from loyalty.tables.ids import bare_id, write_id
from loyalty.tables.sources import AnyTable, NotATable, as_frame
from loyalty.tables.wave.arms import settle_arms
from loyalty.tables.wave.contacts import WAVE, find_several_waves, find_wrong_arms
from loyalty.tables.wave.sides import refuse

ABOUT = (
    *WAVE,
    "control_kind",
    "propensity",
    "stratum",
    "segment",
    "assigned_at",
    "sent_at",
    "delivered",
    "offer_id",
    "channel",
    "operator",
)
KEYS = (*WAVE, "window", "start", "end")


@dataclass(frozen=True, eq=False)
class LooseWave:
    """Contacts and outcomes of one wave as they came, not matched yet; made by `read_loosely`.

    `people` are the contacts without the universal control, with `is_control`; `rows` the outcomes without theirs.
    `wave` holds campaign_id and wave as text, as far as they are known; `universal` counts who was left out.
    """

    people: pd.DataFrame
    rows: pd.DataFrame
    wave: Mapping[str, str]
    control: str
    universal: int
    warnings: tuple[str, ...] = ()


def read_loosely(
    contacts: AnyTable, outcomes: AnyTable, *, control: str = "control", window: str = "main"
) -> LooseWave:
    """Read contacts and outcomes, and refuse only what leaves nothing to look at.

    Not for measuring: for that `open_assigned` refuses what this accepts.

    Parameters
    ----------
    contacts : table with customer_id and arm
    outcomes : table with customer_id, or None if `contacts` holds what was measured too
    control : str
        Name of the control group.
    window : str
        Whose rows of a joined table are the contacts, if it holds several windows.

    Returns
    -------
    LooseWave
        Columns that a table might have and has not are empty.

    Raises
    ------
    TableError
        No such table or column, no customers, nobody in control, nobody treated, several waves.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": [1, 2], "arm": ["mail", "control"]})
    >>> read_loosely(contacts, contacts[["customer_id"]]).people["is_control"].tolist()
    [False, True]
    """
    mine: list[str] = []
    theirs: list[str] = []
    people = _read(contacts, "contacts", mine, ("customer_id", "arm"), ABOUT)
    if outcomes is None:
        rows = people if people is None else people.reindex(columns=list(dict.fromkeys([*people, *KEYS])))
        people = people if people is None or "window" not in people else people[_is_of(people["window"], window)]
    else:
        rows = _read(outcomes, "outcomes", theirs, ("customer_id",), KEYS)
    refuse(mine, theirs)
    assert people is not None and rows is not None
    held = people["control_kind"].astype(object).eq("universal")
    if held.any():
        rows = rows[~rows["customer_id"].isin(people.loc[held, "customer_id"])]
    control = write_id(control).strip()
    kinds = people[~held]["arm"].astype(object)
    kinds = kinds.map({kind: write_id(kind) for kind in kinds.dropna().unique()})
    names = settle_arms(kinds.value_counts().to_dict(), control)
    people = people[~held].assign(
        arm=kinds.map(names.rename, na_action="ignore").fillna("(empty)").astype("str"),
        segment=write_names(people["segment"]),
    )
    people["is_control"] = people["arm"] == control
    sizes = people.groupby("arm").size()
    refuse([*find_several_waves(people), *find_wrong_arms(sizes, control, int(held.sum()))], [])
    first = people.iloc[0][list(WAVE)].dropna()
    wave = {str(name): write_id(value).strip() for name, value in first.items()}
    return LooseWave(people, rows, wave, control, int(held.sum()), names.warnings)


def _is_of(windows: pd.Series, window: str) -> pd.Series:
    return write_names(windows).fillna(window) == window


def _read(
    source: AnyTable, name: str, problems: list[str], needed: Sequence[str], known: Sequence[str]
) -> pd.DataFrame | None:
    """The table, or None and its problems among the others."""
    try:
        return open_loosely(source, name, needed, known)
    except TableError as error:
        problems += error.problems
        return None


def open_loosely(source: AnyTable, name: str, needed: Sequence[str] = (), known: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table and number its rows; columns of `known` that it has not are empty.

    Raises
    ------
    TableError
        It is no table, a column of `needed` is missing, or two have one name.

    Examples
    --------
    >>> open_loosely(pd.DataFrame({"arm": ["mail"]}), "contacts", known=["wave"]).columns.tolist()
    ['arm', 'wave']
    """
    try:
        frame = as_frame(source)
    except NotATable as error:
        raise TableError([str(error)], name) from None
    contract = OUTCOMES if name == "outcomes" else CONTACTS
    contract = replace(contract, columns=tuple(column for column in contract.columns if column.name in needed))
    index = list(source.index.names) if isinstance(source, pd.DataFrame) else []
    wrong = list(find_missing(contract, [str(column) for column in frame.columns], index))
    twins = frame.columns[frame.columns.duplicated()]
    wrong += [f"there are two columns `{column}`: rename or drop one" for column in twins]
    if wrong:
        raise TableError(wrong, name)
    return frame.reset_index(drop=True).reindex(columns=list(dict.fromkeys([*frame, *known])))


def write_names(values: pd.Series) -> pd.Series:
    """Write names as text without blanks around them; what is empty stays empty.

    Examples
    --------
    >>> write_names(pd.Series([" mail", 7.0])).tolist()
    ['mail', '7']
    """
    kinds = values.astype(object)
    try:
        different = kinds.dropna().unique()
    except TypeError:  # lists cannot be told apart
        says = f"`{values.name}` should be a text, found lists: write one name in each cell"
        raise TableError([says], "the wave") from None
    return kinds.map({kind: write_id(kind).strip() for kind in different}).astype("str")


def keep_wave(table: pd.DataFrame, wave: Mapping[str, str]) -> pd.DataFrame:
    """Keep the rows of a wave, as far as the table says of which wave they are.

    Examples
    --------
    >>> keep_wave(pd.DataFrame({"wave": [1, 2, None]}), {"wave": "2"}).index.tolist()
    [1, 2]
    """
    for name in {*wave} & {*table}:
        table = table[write_names(table[name]).fillna(wave[name]) == wave[name]]
    return table


def match_loosely(people: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Give each row of the outcomes the place of its customer in the list: by the id as it is, else as bare text.

    Parameters
    ----------
    people : DataFrame
        customer_id and arm.
    rows : DataFrame
        customer_id and window.

    Returns
    -------
    people : DataFrame
        One row a customer, with `text`, the id as text.
    rows : DataFrame
        One row a customer and window, with `place`, the row of the customer in `people`.
    counts : dict
        Repeated rows of the contacts (arms: in how many two groups are named) and of the outcomes, customers who meet
        their rows only under another spelling (repaired), and ids on no list (strangers).

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": ["07", "08"], "arm": ["mail", "control"]})
    >>> _, rows, counts = match_loosely(people, pd.DataFrame({"customer_id": [8, 9], "window": "main"}))
    >>> rows["place"].tolist(), counts["repaired"], counts["strangers"]
    ([1], 1, 1)
    """
    both = pd.concat([table["customer_id"].astype(object) for table in (people, rows)])
    codes, ids = pd.factorize(both)  # -1 where there is none
    text = pd.Series([write_id(value) for value in ids] + ["nan"])
    bare = text.map(bare_id).factorize()[0]
    bare[-1] = -1
    mine = codes[: len(people)]
    theirs = codes[len(people) :]
    again = pd.Series(mine).duplicated().to_numpy() & (mine >= 0)
    repeated = np.isin(mine, mine[again])
    groups = people["arm"][repeated].groupby(mine[repeated]).nunique()
    people = people.assign(text=text.to_numpy()[mine])[~again].reset_index(drop=True)
    mine = mine[~again]
    exact = _find_places(mine, theirs)
    place = np.where(exact >= 0, exact, _find_places(bare[mine], bare[theirs]))
    order = np.argsort(exact < 0, kind="stable")  # rows under the very id first
    order = order[place[order] >= 0]
    rows = rows.iloc[order].assign(place=place[order])
    bent = exact[order] < 0
    twice = rows.duplicated(["place", "window"])
    counts = {
        "contacts": again.sum(),
        "arms": (groups > 1).sum(),
        "outcomes": twice.sum(),
        "repaired": np.setdiff1d(rows["place"][bent], rows["place"][~bent]).size,
        "strangers": np.unique(theirs[(place < 0) & (theirs >= 0)]).size,
    }
    return people, rows[~twice], {name: int(count) for name, count in counts.items()}


def _find_places(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Where each of `theirs` stands among `mine`; -1 where it does not, is empty, or stands twice."""
    known = pd.Series(mine)
    return pd.Index(known.mask(known.duplicated(keep=False) | (known < 0), -2 - known.index)).get_indexer(theirs)
