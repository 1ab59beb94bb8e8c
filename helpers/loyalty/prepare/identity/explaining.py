"""Why a pair has its weight: each field, how it agrees, and the bits that it adds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.prepare.identity.links import RecordLinks
from loyalty.prepare.identity.model import APART, LEVELS, name_levels
from loyalty.prepare.identity.records import KEY
from loyalty.prepare.identity.rules import find_record_problems
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import count_of

ENDS = ("source_a", "record_a", "source_b", "record_b")
EMPTY = "empty"


@check_arguments
def explain_pairs(links: RecordLinks, records: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Explain the weight of pairs: which field agrees how, and how many bits it adds (match weights, a waterfall).

    Placeholders are compared as they stand here; `link_records` takes them as empty.

    Parameters
    ----------
    links : RecordLinks
        From `link_records`: its weights and its prior are used.
    records : pandas.DataFrame
        As `normalise_records` made them.
    pairs : pandas.DataFrame
        source_a, record_a, source_b, record_b: rows of `RecordLinks.pairs`, or others.

    Returns
    -------
    pandas.DataFrame
        pair (0 to N - 1, in the order of `pairs`), field, level, bits; seven rows a pair, the first is the prior. The
        bits of a pair add up to its weight. An empty field adds 0.

    Raises
    ------
    TableError
        Links without weights, or pairs of records that are not there.

    Examples
    --------
    >>> from loyalty.prepare.identity import link_records, normalise_records
    >>> card = pd.DataFrame({"card_id": [1], "first_name": ["Robert"], "last_name": ["Lee"], "phone": "212-555-2345"})
    >>> app = pd.DataFrame({"app_id": [1], "first_name": ["Bob"], "phone": ["+1 212 555 2345"]})
    >>> records = normalise_records({"cards": card, "app": app})
    >>> links = link_records(records)
    >>> told = explain_pairs(links, records, links.pairs)
    >>> told.set_index("field")["level"].to_dict()["first_name"]
    'same full name'
    >>> round(float(told["bits"].sum() - links.pairs["weight"][0]), 6)
    0.0

    Source: Fellegi & Sunter (1969), JASA 64, 1183-1210.
    """
    problems = find_record_problems(records)
    if links.weights.empty:
        problems.append("the links have no weights: explain those of link_records")
    missing = [f"`{name}`" for name in ENDS if name not in pairs]
    if missing:
        problems.append(f"the pairs should have {', '.join(missing)}")
    if problems:
        raise TableError(problems, "explain_pairs")
    place = pd.Series(range(len(records)), index=pd.MultiIndex.from_frame(records[list(KEY)].astype("str")))
    sides = [
        place.reindex(pd.MultiIndex.from_frame(pairs[[source, record]].astype("str"))).to_numpy(float)
        for source, record in (ENDS[:2], ENDS[2:])
    ]
    unknown = int((np.isnan(sides[0]) | np.isnan(sides[1])).sum())
    if unknown:
        raise TableError([f"{count_of(unknown, 'pair')} of records that are not there"], "explain_pairs")
    used = records.assign(key=range(len(records)))[["key", *dict.fromkeys((*LEVELS, *APART))]]
    used = used.astype(dict.fromkeys(LEVELS, "str"))
    numbers = pd.DataFrame({"pair": range(len(pairs)), "a": sides[0].astype(int), "b": sides[1].astype(int)})
    levels = name_levels(used, numbers).melt("pair", var_name="field", value_name="level")
    levels["level"] = levels["level"].fillna(EMPTY)
    told = levels.merge(links.weights[["field", "level", "bits"]], on=["field", "level"], how="left")
    prior = pd.DataFrame({"pair": numbers["pair"], "field": "prior", "level": "before any evidence"})
    told = pd.concat([prior.assign(bits=np.log2(links.prior / (1 - links.prior))), told], ignore_index=True)
    order = {name: rank for rank, name in enumerate(("prior", *LEVELS))}
    told = told.assign(bits=told["bits"].fillna(0.0), rank=told["field"].map(order))
    return told.sort_values(["pair", "rank"], ignore_index=True)[["pair", "field", "level", "bits"]]
