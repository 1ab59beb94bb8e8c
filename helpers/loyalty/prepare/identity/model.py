"""The Fellegi–Sunter model: how two values can agree, and how much that counts; trained and applied by splink."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from loyalty.prepare.identity.records import find_lists
from loyalty.tables.check import TableError
from loyalty.text import list_few

ELSE = "ELSE"


@dataclass(frozen=True)
class Level:
    """One way in which two values can agree; m and u are what is taken where the data cannot tell."""

    name: str
    condition: str
    m: float
    u: float


def _guard(quick: str, slow: str) -> str:
    """A slow comparison of letters, asked only where a quick one leaves it possible."""
    return f"CASE WHEN {quick} THEN {slow} ELSE FALSE END"


def _near(name: str, most: int) -> str:
    """So many keystrokes apart: one wrong, missing or too many, or two exchanged, is one."""
    return f"damerau_levenshtein({name}_l, {name}_r) <= {most}"


def _sound(name: str, least: float) -> str:
    """Names whose letters are nearly the same (Jaro–Winkler); they begin or end alike."""
    begins = f"left({name}_l, 1) = left({name}_r, 1) OR right({name}_l, 3) = right({name}_r, 3)"
    return _guard(begins, f"jaro_winkler_similarity({name}_l, {name}_r) >= {least}")


SAME_ROOT = (
    "first_root_l = first_root_r OR first_root_l = second_root_r OR second_root_l = first_root_r"
    " OR second_root_l = second_root_r"
)
# Two names that are both in the list are no slip of the keyboard: Mark is not Mary
FIRST_ALIKE = _guard(
    "NOT (is_known_l AND is_known_r)",
    f"{_sound('first_name', 0.88)} OR {_sound('first_root', 0.88)} OR "
    + _guard("abs(length(first_name_l) - length(first_name_r)) <= 1", _near("first_name", 1))
    + " OR first_name_l = left(first_name_r, 1) OR first_name_r = left(first_name_l, 1)",
)
BIRTH_EXCHANGED = (
    "left(birth_date_l, 4) = left(birth_date_r, 4) AND substr(birth_date_l, 6, 2) = right(birth_date_r, 2)"
    " AND right(birth_date_l, 2) = substr(birth_date_r, 6, 2)"
)
BIRTH_NEAR = _guard("hamming(birth_date_l, birth_date_r) <= 2", _near("birth_date", 1))
PHONE_NEAR = _guard("length(phone_l) = length(phone_r)", _guard("hamming(phone_l, phone_r) <= 2", _near("phone", 1)))
# Digits of an address are years and numbers, chosen to tell people apart: jlee64@ is no slip of jlee91@
EMAIL_NEAR = "split_part(email_l, '@', 1) = split_part(email_r, '@', 1) OR " + _guard(
    "abs(length(email_l) - length(email_r)) <= 2 AND (left(email_l, 3) = left(email_r, 3)"
    " OR right(split_part(email_l, '@', 1), 3) = right(split_part(email_r, '@', 1), 3))",
    f"{_near('email', 2)} AND regexp_replace(email_l, '[^0-9]', '', 'g') = regexp_replace(email_r, '[^0-9]', '', 'g')",
)
LAST_ALIKE = (
    _sound("last_name", 0.9)
    + " OR "
    + _guard("length(last_name_l) >= 4 AND abs(length(last_name_l) - length(last_name_r)) <= 1", _near("last_name", 1))
)

# The first level whose condition holds is taken. `_l` and `_r` are the two records of a pair.
LEVELS: dict[str, tuple[Level, ...]] = {
    "first_name": (
        Level("same", "first_name_l = first_name_r", 0.6, 0.006),
        Level("same full name", SAME_ROOT, 0.25, 0.005),
        Level("alike", FIRST_ALIKE, 0.1, 0.005),
        Level("different", ELSE, 0.05, 0.984),
    ),
    "last_name": (
        Level("same", "last_name_l = last_name_r", 0.9, 0.004),
        Level("alike", LAST_ALIKE, 0.05, 0.002),
        Level("different", ELSE, 0.05, 0.994),
    ),
    "birth_date": (
        Level("same", "birth_date_l = birth_date_r", 0.9, 0.0001),
        Level("day and month exchanged", BIRTH_EXCHANGED, 0.03, 0.00002),
        Level("one sign off", BIRTH_NEAR, 0.03, 0.0015),
        Level("different", ELSE, 0.04, 0.99838),
    ),
    "postcode": (
        Level("same", "postcode_l = postcode_r", 0.85, 0.003),
        Level("same area", "left(postcode_l, 3) = left(postcode_r, 3)", 0.05, 0.01),
        Level("different", ELSE, 0.1, 0.987),
    ),
    "phone": (
        Level("same", "phone_l = phone_r", 0.8, 0.0001),
        Level("one sign off", PHONE_NEAR, 0.05, 0.00005),
        Level("different", ELSE, 0.15, 0.99985),
    ),
    "email": (
        Level("same", "email_l = email_r", 0.75, 0.0001),
        Level("alike", EMAIL_NEAR, 0.1, 0.0002),
        Level("different", ELSE, 0.15, 0.9997),
    ),
}

# Pairs that are looked at: those that agree in one of these
BLOCKING = (
    ("phone",),
    ("email",),
    ("birth_date", "last_name"),
    ("birth_date", "first_root"),
    ("postcode", "first_root"),
)
# Pairs that agree in one of these are nearly always one person; so many of all such pairs do
SURE = (("email", "first_root"), ("phone", "first_root", "last_name"), ("birth_date", "first_root", "last_name"))
SURE_SHARE = 0.8
# Two rounds of expectation maximisation: the fields of a round's rule are learned in the other
ROUNDS = (("email",), ("birth_date", "first_root"))
# People of one household share nearly all. What tells them apart outweighs all that they share, by whatever weight
NAMES_DIFFER = f"NOT (first_name_l = first_name_r OR {SAME_ROOT} OR {FIRST_ALIKE})"
BIRTHS_DIFFER = f"NOT (birth_date_l = birth_date_r OR {BIRTH_EXCHANGED} OR {BIRTH_NEAR})"
CONFLICT = f"CASE WHEN {BIRTHS_DIFFER} THEN 'other birth date' WHEN {NAMES_DIFFER} THEN 'other first name' ELSE '' END"
APART = ("first_name", "first_root", "second_root", "is_known", "birth_date")
LEAST_RECORDS = 200  # to learn from
RANDOM_PAIRS = 2e6
DIGITS = 6  # of m and u: what comes after depends on the order of sums
LEAST = 1e-6  # of m: nothing is impossible


def list_default_weights() -> pd.DataFrame:
    """The weights that are taken where the data cannot tell: field, level, m, u, bits."""
    rows = [(field, level.name, level.m, level.u) for field, levels in LEVELS.items() for level in levels]
    return _add_bits(pd.DataFrame(rows, columns=["field", "level", "m", "u"]))


def _add_bits(weights: pd.DataFrame) -> pd.DataFrame:
    return weights.assign(bits=np.log2(weights["m"] / weights["u"]))


def check_weights(weights: pd.DataFrame) -> pd.DataFrame:
    """Put given weights into the order of the fields and levels.

    Raises
    ------
    TableError
        A field or level is missing or unknown, or an m or u is no share above 0.
    """
    missing = [name for name in ("field", "level", "m", "u") if name not in weights]
    if missing:
        raise TableError([f"the weights have no column {', '.join(missing)}"], "link_records")
    order = list_default_weights()[["field", "level"]]
    problems = find_lists(weights, ("field", "level", "m", "u"), "the weights")
    if problems:
        raise TableError(problems, "link_records")
    if weights.duplicated(["field", "level"]).any():
        problems.append("the weights name a level twice")
    found = order.merge(weights[["field", "level", "m", "u"]], on=["field", "level"], how="left")
    for row in found[found["m"].isna() | found["u"].isna()].itertuples():
        problems.append(f"the weights have no m and u for {row.field}, {row.level!r}")
    if len(weights) > len(order):
        problems.append("the weights name levels that the model does not have")
    numbers = found[["m", "u"]].apply(pd.to_numeric, errors="coerce")
    if not problems and not ((numbers > 0) & (numbers <= 1)).all(axis=None):
        problems.append("m and u should be shares above 0 and at most 1")
    if problems:
        raise TableError(problems, "link_records")
    return _add_bits(found.assign(m=numbers["m"], u=numbers["u"]))


@contextmanager
def quiet_splink() -> Iterator[None]:
    """Keep splink's log and its progress bars out of a notebook."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def open_memory() -> duckdb.DuckDBPyConnection:
    """A database in memory, without a progress bar."""
    db = duckdb.connect()
    with suppress(duckdb.Error):  # without ipywidgets there is none in a notebook, and the setting is refused
        db.execute("SET enable_progress_bar = false")
    return db


def train(records: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, float, list[str]]:
    """Learn m, u and the prior from the records: random pairs for u, expectation maximisation for m.

    Parameters
    ----------
    records : pandas.DataFrame
        With the column `key`, unique, and no placeholders.
    seed : int

    Returns
    -------
    (weights, prior, notes)
        What the data cannot tell is taken from the defaults, and noted.
    """
    from splink import DuckDBAPI, Linker

    if len(records) < LEAST_RECORDS:
        few = [f"{len(records)} records are too few to learn weights from: the general ones are used"]
        return list_default_weights(), min(1 / max(len(records), 2), 0.5), few
    with quiet_splink(), open_memory() as db:
        prior = _find_prior(db, records)
        linker = Linker(DuckDBAPI(db).register(records), _write_settings(None, prior), log_level=None)
        training = linker.training
        _try(lambda: training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=seed, num_chunks=1))
        for fields in ROUNDS:
            if _count_pairs(db, records, [fields]):
                _try(lambda: training.estimate_parameters_using_expectation_maximisation(_write_rule(fields)))  # noqa: B023
        model = linker.misc.save_model_to_json()
    weights, untold = _read_model(model)
    notes = [f"too few pairs to learn from ({list_few(untold, 4)}): there the general weight is used"] if untold else []
    return weights, prior, notes


def _try(learn: Callable[[], Any]) -> None:
    """Run one step of training; where the records hold no pair to learn from, the defaults stay."""
    from splink.internals.exceptions import EMTrainingException

    try:
        learn()
    except EMTrainingException:
        return


def _find_prior(db: duckdb.DuckDBPyConnection, records: pd.DataFrame) -> float:
    """The chance that two random records are one person: pairs that are nearly sure, scaled to all, of all pairs."""
    found = _count_pairs(db, records, SURE)
    possible = len(records) * (len(records) - 1) / 2
    return float(np.clip(max(found, 1) / SURE_SHARE / possible, 1e-12, 0.5))


def _count_pairs(db: duckdb.DuckDBPyConnection, records: pd.DataFrame, rules: Sequence[Sequence[str]]) -> int:
    """Count the pairs that agree in one of the rules."""
    db.register("counted_records", records)
    pairs = " UNION ".join(
        f"SELECT l.key AS a, r.key AS b FROM counted_records l JOIN counted_records r ON {_write_rule(fields)}"
        " AND l.key < r.key"
        for fields in rules
    )
    count = int(db.execute(f"SELECT count(*) FROM ({pairs})").fetchall()[0][0])
    db.unregister("counted_records")
    return count


def _write_rule(fields: Sequence[str]) -> str:
    return " AND ".join(f"l.{name} = r.{name}" for name in fields)


def _write_settings(weights: pd.DataFrame | None, prior: float) -> dict[str, Any]:
    """Write the model as splink takes it; without weights the levels are empty, to be learned."""
    known = {} if weights is None else {(row.field, row.level): (row.m, row.u) for row in weights.itertuples()}
    comparisons = []
    for field, levels in LEVELS.items():
        written: list[dict[str, Any]] = [
            {
                "sql_condition": f"{field}_l IS NULL OR {field}_r IS NULL",
                "label_for_charts": "empty",
                "is_null_level": True,
            }
        ]
        for level in levels:
            one: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.name}
            if weights is not None:
                one["m_probability"], one["u_probability"] = known[field, level.name]
            written.append(one)
        comparisons.append({"output_column_name": field, "comparison_levels": written})
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "key",
        "probability_two_random_records_match": prior,
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [_write_rule(fields) for fields in BLOCKING],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _read_model(model: dict[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Read what was learned; fill what was not from the defaults, and name it."""
    learned = {}
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            place = (comparison["output_column_name"], level["label_for_charts"])
            learned[place] = (_read_share(level.get("m_probability")), _read_share(level.get("u_probability")))
    rows = []
    untold = []
    for row in list_default_weights().itertuples():
        m, u = learned.get((row.field, row.level), (None, None))
        if m is None or u is None:
            untold.append(f"{row.field}: {row.level}")
        rows.append((row.field, row.level, row.m if m is None else m, row.u if u is None else u))
    return _add_bits(pd.DataFrame(rows, columns=["field", "level", "m", "u"])), untold


def _read_share(value: Any) -> float | None:
    """A learned share, rounded so that the order of sums cannot be seen; None where nothing was learned."""
    if not isinstance(value, float | int) or not np.isfinite(value) or value <= 0:
        return None
    return float(f"{max(value, LEAST):.{DIGITS}g}")


def score_pairs(records: pd.DataFrame, weights: pd.DataFrame, prior: float, least: float) -> pd.DataFrame:
    """Score all pairs that agree in a blocking rule.

    Parameters
    ----------
    records : pandas.DataFrame
        With the column `key`, whole numbers.
    weights : pandas.DataFrame
    prior, least : float
        Pairs with a smaller probability than `least` are left out.

    Returns
    -------
    pandas.DataFrame
        a, b (keys, a < b), weight (bits, prior included), probability, conflict: "" or what speaks against one
        person whatever the weight. Sorted by weight, the highest first.
    """
    from splink import DuckDBAPI, Linker

    with quiet_splink(), open_memory() as db:
        linker = Linker(DuckDBAPI(db).register(records), _write_settings(weights, prior), log_level=None)
        scored = linker.inference.predict(threshold_match_probability=least).physical_name
        db.register("people_records", records)
        pairs = db.execute(
            "SELECT least(key_l, key_r) AS a, greatest(key_l, key_r) AS b, match_weight AS weight,"
            f" match_probability AS probability, {CONFLICT} AS conflict FROM {scored}"
            f" JOIN {_take_side('people_records', 'l')} USING (key_l)"
            f" JOIN {_take_side('people_records', 'r')} USING (key_r)"
        ).df()
    pairs = pairs.assign(weight=pairs["weight"].round(9), probability=pairs["probability"].round(12))
    return pairs.sort_values(["weight", "a", "b"], ascending=[False, True, True], ignore_index=True)


def find_conflicts(records: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Find the pairs within a group that cannot be one person.

    Parameters
    ----------
    records : pandas.DataFrame
    groups : pandas.DataFrame
        key, group.

    Returns
    -------
    pandas.DataFrame
        a, b, conflict.
    """
    with open_memory() as db:
        db.register("members", groups.merge(records, on="key"))
        both = f'{_take_side("members", "l", "group")} JOIN {_take_side("members", "r", "group")} USING ("group")'
        query = f"SELECT key_l AS a, key_r AS b, {CONFLICT} AS conflict FROM {both} WHERE key_l < key_r"
        return db.execute(f"FROM ({query}) WHERE conflict <> '' ORDER BY a, b").df()


def name_levels(records: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Name how the fields of pairs agree.

    Parameters
    ----------
    records : pandas.DataFrame
        With the column `key`.
    pairs : pandas.DataFrame
        pair, a, b (keys).

    Returns
    -------
    pandas.DataFrame
        pair and one column a field: the name of the level, NA where a side is empty.
    """
    names = [name for name in records.columns if name != "key"]
    cases = ", ".join(_write_case(field, levels) for field, levels in LEVELS.items())
    left, right = (", ".join(f"{name} AS {name}_{side}" for name in names) for side in "lr")
    with open_memory() as db:
        db.register("named_pairs", pairs)
        db.register("named_records", records)
        return db.execute(
            f"SELECT pair, {cases} FROM named_pairs"
            f" JOIN (SELECT key AS a, {left} FROM named_records) USING (a)"
            f" JOIN (SELECT key AS b, {right} FROM named_records) USING (b)"
            " ORDER BY pair"
        ).df()


def _write_case(field: str, levels: Sequence[Level]) -> str:
    """The levels of a field as one expression that gives the name."""
    whens = [f"WHEN {level.condition} THEN '{level.name}'" for level in levels if level.condition != ELSE]
    empty = f"WHEN {field}_l IS NULL OR {field}_r IS NULL THEN NULL"
    return f"CASE {empty} {' '.join(whens)} ELSE '{levels[-1].name}' END AS {field}"


def _take_side(table: str, side: str, *others: str) -> str:
    """The columns by which two people are told apart, named for one side of a pair."""
    names = [f"{name} AS {name}_{side}" for name in ("key", *APART)]
    return f"(SELECT {', '.join([*names, *(chr(34) + name + chr(34) for name in others)])} FROM {table})"
