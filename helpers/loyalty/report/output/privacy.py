"""Keeps personal data out of reports: phone numbers, e-mail addresses, and cells so small that they show a person."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from loyalty.tables.keys import find_key

SMALL = 5  # customers below which a cell is not shown
FEW = f"<{SMALL}"


def hash_ids(values: pd.Series) -> tuple[pd.Series, str]:
    """Replace ids by keyed hashes, the same for the same id and key; also return where the key was found.

    The key is the environment variable LOYALTY_KEY (16 characters or more), else a file in the user's own
    configuration folder, made at first use. The key is not in the project, so that a person who gets the project or a
    report cannot try out phone numbers. A person who has the key can: hashes do not protect ids from the key's owner.

    Parameters
    ----------
    values : pandas.Series
        Ids, text or whole numbers; empty ones stay empty.

    Returns
    -------
    tuple of (pandas.Series of str, str)
        "id-" and 20 letters; and the place of the key in words.

    Raises
    ------
    TableError
        The key is too short, or the key file cannot be made.

    Source: HMAC, RFC 2104, with SHA-256.
    """
    key, place = find_key()
    distinct = values.dropna().drop_duplicates()
    hashed = {v: "id-" + hmac.new(key, str(v).encode(), hashlib.sha256).hexdigest()[:20] for v in distinct}
    return values.map(hashed).astype("str"), place


def refuse_names(labels: pd.Series, name: str) -> list[str]:
    """Refuse a column of labels that are names: most of its values belong to fewer than five customers.

    Parameters
    ----------
    labels : pandas.Series
        One row a customer; empty ones do not count.
    name : str
        The column, for the message.

    Returns
    -------
    list of str
        One problem, or none.

    Examples
    --------
    >>> refuse_names(pd.Series(["Anna", "Boris", "Vera", *["others"] * 90]), "segment")[0].split(":")[0]
    '`segment` has 4 values, and 3 of them belong to fewer than 5 customers'
    """
    sizes = labels.value_counts()
    few = int((sizes < SMALL).sum())
    if few < SMALL - 2 or 2 * few <= len(sizes):
        return []
    says = f"`{name}` has {len(sizes):,} values, and {few:,} of them belong to fewer than {SMALL} customers"
    return [f"{says}: a report would show single persons; choose another column, or join its values into groups"]


def suppress_small(
    table: pd.DataFrame,
    counts: Sequence[str],
    keep: Sequence[str],
    told: Sequence[str] = (),
    lines: Sequence[Sequence[str]] = ((),),
    shared: Sequence[str] = (),
    elsewhere: Sequence[str] = (),
) -> pd.DataFrame:
    """Suppress small cells: hide every row of fewer than five customers, and others from which it could be found.

    The reader knows the total of all customers, and the totals of `lines`. While a hidden small number follows from
    what is shown (by subtraction, or because two numbers under five that sum to eight are both four), the smallest of
    the other rows is hidden with it (secondary suppression). Other tables of the same report are not looked at: where
    one of them counts the same groups, say in `elsewhere` what it hides.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a group.
    counts : sequence of str
        Columns with numbers of customers; 0 is no person and hides nothing.
    keep : sequence of str
        Columns that stay, such as the group's name.
    told : sequence of str
        Groups, by the first column of `keep`, that the reader knows from elsewhere: to hide them hides nothing.
    lines : sequence of sequence of str
        Columns of `keep`; for each of their values the reader knows the total. The default is one total for all rows;
        `[["arm"], ["stratum"]]` are the two margins of a table of arms by strata.
    shared : sequence of str
        Those of `counts` that are the same customers wherever the rest of `keep` is equal, such as control, which
        stands beside every arm.
    elsewhere : sequence of str
        Groups, by the first column of `keep`, that another table of the same report hides: this one hides them too,
        so that their size is not the sum of what is shown here.

    Returns
    -------
    pandas.DataFrame
        A copy: `counts` of hidden rows are "<5" (or "hidden" for a row hidden with it), other columns are empty.

    Examples
    --------
    >>> sizes = pd.DataFrame({"segment": ["a", "b", "c"], "customers": [3, 40, 90], "sales": [1.0, 2.0, 3.0]})
    >>> suppress_small(sizes, ["customers"], ["segment"])["customers"].tolist()
    ['<5', 'hidden', 90]

    Source: Hundepool et al., Statistical Disclosure Control (2012), chapter 4.
    """
    sizes = table[list(counts)].astype("float64").fillna(0)
    few = ((sizes > 0) & (sizes < SMALL)).any(axis=1)
    hidden = few | table[keep[0]].isin(elsewhere)
    secret = few | ~table[keep[0]].isin(told)  # a small one is told nowhere
    key = _key_cells(table, keep, lines)
    for _ in range(len(table)):
        found = _find_deducible(table, sizes, hidden & secret, key, lines, shared)
        free = secret & ~hidden & (sizes > 0).any(axis=1)
        if found is None or not free.any():
            break
        name, rows = found
        row = sizes[free & rows if (free & rows).any() else free].min(axis=1).idxmin()
        hidden |= key == key[row] if name in shared else table.index == row
    shown = table.copy()
    if not hidden.any():
        return shown
    for name in shown.columns.difference(list(keep)):
        mark = few.map({True: FEW, False: "hidden"}) if name in counts else None
        shown[name] = shown[name].astype(object).where(~hidden, mark)
    return shown


def _find_deducible(
    table: pd.DataFrame,
    sizes: pd.DataFrame,
    hidden: pd.Series,
    key: pd.Series,
    lines: Sequence[Sequence[str]],
    shared: Sequence[str],
) -> tuple[str, pd.Series] | None:
    """Find a hidden small number that the reader can find out; return its column and the rows that could hide it.

    Each line whose total is known is an equation with the hidden numbers as unknowns. Where lines cross, as in a table
    with both margins, all equations are taken together.
    """
    masks = _list_lines(table, lines)
    for name in sizes.columns:
        cells = sizes[name]
        unknown = hidden & (cells > 0)
        if name in shared:  # what is shown beside another arm is known here too
            unknown &= ~key.isin(key[~hidden])
        small = unknown & (cells < SMALL)
        if not small.any():
            continue
        for rows in masks:
            few = cells[rows & small]
            if len(few) and len(few) == (rows & unknown).sum() and (len(few) == 1 or _is_bound(few)):
                return name, rows
        for row in _find_certain(cells[unknown], small[unknown], masks) if len(lines) > 1 else []:
            return name, pd.concat([mask for mask in masks if mask[row]], axis=1).any(axis=1)
    return None


def _is_bound(small: pd.Series) -> bool:
    """Say whether hidden numbers follow from their sum, because each of them lies between one and four."""
    return small.sum() in (len(small), (SMALL - 1) * len(small))


def _key_cells(table: pd.DataFrame, keep: Sequence[str], lines: Sequence[Sequence[str]]) -> pd.Series:
    """Name the cells of a column that is the same in every line: by what is left of `keep`."""
    inside = {name for line in lines for name in line}
    rest = [name for name in keep if name not in inside]
    return table[rest].astype("str").agg("\x1f".join, axis=1) if rest else pd.Series("", index=table.index)


def _list_lines(table: pd.DataFrame, lines: Sequence[Sequence[str]]) -> list[pd.Series]:
    """List the rows of each line with a known total, as masks."""
    masks = []
    for line in lines:
        if not line:
            masks.append(pd.Series(True, index=table.index))
            continue
        group = table.groupby(list(line), sort=False, dropna=False).ngroup()
        masks += [group == number for number in range(int(group.max()) + 1)]
    return masks


def _find_certain(sizes: pd.Series, small: pd.Series, masks: Sequence[pd.Series]) -> list[Any]:
    """Find the rows of hidden small numbers whose least and greatest possible value are the same.

    `sizes` are the hidden numbers, of which the reader knows the sums within `masks`, and that the small ones lie
    between one and four.
    """
    from scipy.optimize import linprog

    sums = np.array([mask[sizes.index].to_numpy(dtype=float) for mask in masks])
    totals = sums @ sizes.to_numpy()
    bounds = [(1, SMALL - 1) if is_small else (1, None) for is_small in small]
    certain = []
    for place, row in enumerate(sizes.index):
        if small[row]:
            aim = np.eye(len(sizes))[place]
            ends = [linprog(sign * aim, A_eq=sums, b_eq=totals, bounds=bounds).x[place] for sign in (1, -1)]
            certain += [row] if abs(ends[1] - ends[0]) < 1e-6 else []
    return certain
