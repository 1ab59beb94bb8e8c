"""Probabilistic record linkage (Fellegi–Sunter): which records of several sources are one person."""

from __future__ import annotations

import pandas as pd

from loyalty.prepare.identity.links import LINKED, PAIRS, RecordLinks, number_people
from loyalty.prepare.identity.model import APART, LEVELS, check_weights, score_pairs, train
from loyalty.prepare.identity.people import EITHER, Grouping, group_records
from loyalty.prepare.identity.records import KEY
from loyalty.prepare.identity.rules import FREQUENT, find_consent, find_record_problems, hide_frequent
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import count_of

NEAR = 0.001  # pairs with a smaller probability are not kept


@check_arguments
def link_records(
    records: pd.DataFrame,
    *,
    threshold: float = 0.95,
    frequent: int = FREQUENT,
    weights: pd.DataFrame | None = None,
    prior: float | None = None,
    seed: int = 0,
) -> RecordLinks:
    """Link the records of one person by the evidence of all fields together (Fellegi–Sunter, trained by splink).

    Each agreement counts log2(m / u) bits: m is how often it occurs within a person, u how often between two people
    drawn at random. The bits of a pair and of the prior are added up; an empty field counts nothing. m, u and the
    prior are learned from the records without any label.

    What a household shares proves nothing about a person. Records with different first names, or with birth dates that
    are no slip of the keyboard, stay two people whatever the weight, and no chain of links puts them together. A
    placeholder (a phone that many share) counts as empty. Records without consent stay alone.

    Not for hashed values: a keyed hash of a mistyped address is another hash. Link first, then `seal_links`.

    Parameters
    ----------
    records : pandas.DataFrame
        As `normalise_records` makes them.
    threshold : float
        The probability from which a pair is linked; see `choose_threshold`. The probabilities are the model's own: its
        fields are not as independent as it believes, so they are not exact.
    frequent : int
        A phone or e-mail of more records of one source is a placeholder.
    weights : pandas.DataFrame, optional
        field, level, m, u, as in `RecordLinks.weights`; then nothing is trained.
    prior : float, optional
        The chance that two random records are one person; else it is learned.
    seed : int
        Of the random pairs from which u is learned.

    Returns
    -------
    RecordLinks
        The same whatever the order of the rows.

    Raises
    ------
    TableError
        With all problems: columns that are missing, records that stand twice, shares that are none.

    Examples
    --------
    >>> from loyalty.prepare.identity import normalise_records
    >>> cards = pd.DataFrame({"card_id": [1, 2], "first_name": ["Robert", "Ann"], "last_name": ["Lee", "Lee"],
    ...                       "birth_date": ["1980-02-01", "1983-05-06"], "phone": "212-555-2345"})
    >>> app = pd.DataFrame({"app_id": [1], "first_name": ["Bob"], "phone": ["+1 212 555 2345"]})
    >>> links = link_records(normalise_records({"cards": cards, "app": app}))
    >>> links.people["person"].tolist()
    [1, 1, 2]

    Source: Fellegi & Sunter (1969), JASA 64, 1183-1210; Winkler (1988) for expectation maximisation; splink 5.
    """
    problems = find_record_problems(records)
    problems += [
        f"{name} should lie between 0 and 1, found {value:g}"
        for name, value in (("threshold", threshold), ("prior", prior))
        if value is not None and not 0 < value < 1
    ]
    problems += [] if frequent >= 1 else [f"frequent should be 1 or more, found {frequent}"]
    if problems:
        raise TableError(problems, "link_records")
    ordered = records.sort_values(list(KEY), ignore_index=True)
    known, notes = hide_frequent(ordered, frequent)
    may, said = _ask_consent(known)
    notes += said
    used = known[may].reset_index(drop=True)
    used = used.assign(key=range(len(used)))[["key", *dict.fromkeys((*LEVELS, *APART))]].astype(
        dict.fromkeys(LEVELS, "str")
    )
    if weights is not None:
        table = check_weights(weights)
        chance = prior
        if chance is None:
            chance = 1 / max(len(used), 2)
    else:
        table, chance, said = train(used, seed)
        chance = chance if prior is None else prior
        notes += said
    pairs = score_pairs(used, table, chance, NEAR) if len(used) > 1 else _no_pairs()
    grouping = group_records(used, pairs, threshold)
    notes += _say_kept_apart(pairs, grouping, threshold)
    place = ordered.index[may].to_numpy()
    group = pd.Series(range(len(ordered)), index=ordered.index) + len(used)
    group.iloc[place] = grouping.group
    return RecordLinks(
        number_people(ordered, group),
        _name_pairs(pairs.assign(verdict=grouping.verdict), ordered.iloc[place]),
        table,
        chance,
        threshold,
        "records linked",
        tuple(notes),
    )


def _no_pairs() -> pd.DataFrame:
    kinds = {"a": "int64", "b": "int64", "weight": "float64", "probability": "float64", "conflict": "str"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _ask_consent(records: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """Who may be linked: who agreed. Where nobody was asked it is everybody, and that is said."""
    may = find_consent(records)
    if may is None:
        notes = ["the records say nothing of consent: ask who may be linked before you use it"] if len(records) else []
        return pd.Series(True, index=records.index), notes
    if may.all():
        return may, []
    return may, [f"{count_of(int((~may).sum()), 'record')} without consent: each stays alone"]


def _say_kept_apart(pairs: pd.DataFrame, grouping: Grouping, threshold: float) -> list[str]:
    notes = []
    apart = int(((pairs["conflict"] != "") & (pairs["probability"] >= threshold)).sum())
    if apart:
        notes.append(
            f"{count_of(apart, 'pair')} would be linked by the weight, but first name or birth date differ: "
            "people of one household stay apart"
        )
    if grouping.torn:
        notes.append(
            f"{count_of(len(grouping.torn), 'record')} fit two people equally well: each stays alone ({EITHER})"
        )
    return notes


def _name_pairs(pairs: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Write the pairs with the names of their records."""
    source = records["source"].to_numpy()
    number = records["record_id"].to_numpy()
    a = pairs["a"].to_numpy()
    b = pairs["b"].to_numpy()
    named = pairs.assign(source_a=source[a], record_a=number[a], source_b=source[b], record_b=number[b])
    return named[list(PAIRS)].astype({"verdict": "str"})


__all__ = ["LINKED", "link_records"]
