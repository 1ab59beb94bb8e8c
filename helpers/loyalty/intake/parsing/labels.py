"""Translates words that name an arm or a kind of line into those of the contract; unknown words are listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from loyalty.intake.mapping.headers import simplify
from loyalty.intake.parsing.readings import Reading
from loyalty.intake.parsing.values import read_column
from loyalty.intake.space import TYPED, C, F, K, Raw
from loyalty.tables.columns import Column
from loyalty.tables.wave.arms import WORDS as CONTROL
from loyalty.tables.wave.arms import find_second_controls, fold_arm, settle_arms, write_scalar

WORDS = {
    "control": CONTROL,
    "treated": "treated|treatment|test|test group|target|target group|тест|тестовая|тестовая группа|цг|целевая|"
    "целевая группа|рассылка|акция|promotion|promo",
    "sale": "sale|продажа|покупка",
    "return": "return|refund|возврат",
    "cancel": "cancel|cancellation|отмена|аннулирование|сторно",
}
YES = ("1", "да", "yes", "true", "y", "д")
NO = ("0", "нет", "no", "false", "n", "н")
MOST = 40
TREATED = "treated"


def map_values(
    raw: Raw, ref: str, column: Column, name: str, said: Mapping[str, str] | None, section: str = ""
) -> Reading:
    """Find out how a column of arms or kinds is read: by the mapping, or as it is where it says control already.

    Parameters
    ----------
    raw : Raw
        The table as found.
    ref : str
        The column in it.
    column : Column
        `arm` of contacts or `kind` of receipts.
    name : str
        Its header.
    said : mapping, optional
        Theirs to ours, from columns.yml.
    section : str
        The part of columns.yml in which the words belong; contacts or receipts if left out.

    Returns
    -------
    Reading
        With a problem that lists the values without a meaning, and the lines to add to columns.yml.

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> raw = Raw("a.csv", Space().write([["КГ"], ["тест"]], 1), ["Группа"])
    >>> map_values(raw, "c0", Column("arm", "text", "the group"), "Группа", None).problems[0].split(": add")[1]
    ' to columns.yml, under contacts, `arms: {КГ: control, тест: treated}`'
    """
    reading = read_column(raw, ref, column, name, {})
    counts = count_values(raw, ref, reading.value)
    # Of the groups capital letters and blanks tell nothing; the kinds of a line are the contract's own words.
    fold = fold_arm if column.name == "arm" else str
    heard = {fold(word): ours for word, ours in (said or {}).items()}
    known = {*heard, *map(fold, heard.values()), *column.choices}
    lost = [value for value in counts if fold(value) not in known]
    names_control = column.name == "arm" and not heard and "control" in map(fold, counts)
    if lost and not names_control:
        where = section or ("contacts" if column.name == "arm" else "receipts")
        reading.problems.append(_list_lost(column, name, counts, lost, known, where))
    order = list(heard)
    used = sorted((value for value in counts if fold(value) in heard), key=lambda value: order.index(fold(value)))
    meanings = {value: heard[fold(value)] for value in used}
    if used:
        words = ", ".join(f"{word} is {meanings[word]} ({counts[word]:,})" for word in used)
        reading.notes.append(f"`{column.name}`: {words}")
    if column.name == "arm":
        meanings |= _settle_spelling(reading, counts, meanings)
    if meanings and not reading.problems:
        reading.value = _translate(reading.value, meanings)
    return reading


def rename_values(raw: Raw, ref: str, column: Column, name: str, said: Mapping[str, str]) -> Reading:
    """Find out how a column of labels is read that columns.yml renames; labels it does not name stay as they are.

    Two labels may get one name: so single segments that are too small to be shown are joined.

    Parameters
    ----------
    raw : Raw
        The table as found.
    ref : str
        The column in it.
    column : Column
        Such as `segment`.
    name : str
        Its header.
    said : mapping
        Theirs to ours, from columns.yml.

    Returns
    -------
    Reading

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> raw = Raw("a.csv", Space().write([["новые"], ["vip"]], 1), ["Сегмент"])
    >>> reading = rename_values(raw, "c0", Column("segment", "text", "the group"), "Сегмент", {"новые": "new"})
    >>> raw.table.select(reading.value).fetchall(), reading.notes
    ([('new',), ('vip',)], ['`segment`: новые is new'])
    """
    reading = read_column(raw, ref, column, name, {})
    counts = count_values(raw, ref, reading.value)
    meanings = {word: str(ours) for word, ours in said.items() if word in counts}
    if meanings and not reading.problems:
        words = ", ".join(f"{word} is {ours}" for word, ours in meanings.items())  # sizes may be too small to be told
        reading.notes.append(f"`{column.name}`: {words}")
        reading.value = _translate(reading.value, meanings)
    unused = [word for word in said if word not in counts]
    if unused:
        reading.notes.append(f"`{column.name}`: columns.yml names {', '.join(unused)}, which no row holds")
    return reading


def _settle_spelling(reading: Reading, counts: Mapping[str, int], meanings: Mapping[str, str]) -> dict[str, str]:
    """Bring the names of groups to one spelling, and refuse a second name of control; return what is renamed."""
    sizes: dict[str, int] = {}
    for value, count in counts.items():
        arm = meanings.get(value, value)
        sizes[arm] = sizes.get(arm, 0) + count
    spelling = settle_arms(sizes)
    reading.notes += [f"`arm`: {text}" for text in spelling.warnings]
    if not reading.problems:
        reading.problems += [f"`arm`: {text}" for text in find_second_controls(map(spelling.rename, sizes))]
    arms = {value: spelling.rename(meanings.get(value, value)) for value in counts}
    return {value: arm for value, arm in arms.items() if arm != value}


def _translate(value: duckdb.Expression, meanings: Mapping[str, str]) -> duckdb.Expression:
    """The expression that puts the meaning of each word in its place, and leaves other words as they are."""
    pairs = iter(meanings.items())
    word, meaning = next(pairs)
    case = duckdb.CaseExpression(value == K(word), K(meaning))
    for word, meaning in pairs:
        case = case.when(value == K(word), K(meaning))
    return case.otherwise(value)


def _list_lost(
    column: Column, name: str, counts: Mapping[str, int], lost: Sequence[str], known: set[str], section: str
) -> str:
    """List the values without a meaning, and the lines to add to columns.yml.

    Parameters
    ----------
    column : Column
        `arm` of contacts or `kind` of receipts.
    name : str
        Its header.
    counts : mapping of str to int
        All its values, with how often they occur.
    lost : sequence of str
        Those without a meaning.
    known : set of str
        The words that have one.
    section : str
        The part of columns.yml in which the words belong.
    """
    listed = lost[:8]
    shown = ", ".join(f"{value!r} ({counts[value]:,})" for value in listed) + (", …" if len(lost) > 8 else "")
    guess = propose_values(name, list(counts), column)
    usual = column.choices[0] if column.choices else TREATED
    meanings = {value: guess.get(value, usual) for value in listed}
    if column.name == "arm":
        treated = [value for value in counts if value in lost and guess.get(value) != "control"]
        if len(treated) > 1:  # several treatments keep their names: one group of them would hide what each did
            meanings |= {value: value for value in treated if value in meanings}
    lines = ", ".join(f"{write_scalar(value)}: {write_scalar(meanings[value])}" for value in listed)
    says = f"`{column.name}` (column {name})" if name != column.name else f"`{column.name}`"
    unsure = "" if all(value in guess for value in listed) else ", each with its right meaning"
    if column.name != "arm":
        return f"{says} holds {shown}: add to columns.yml, under {section}, `kinds: {{{lines}}}`{unsure}"
    bare = ""
    if not {"control", *known} & {*guess.values()}:
        bare = ", and none of them is named control"
    return f"{says} holds {shown}{bare}: add to columns.yml, under {section}, `arms: {{{lines}}}`{unsure}"


def count_values(raw: Raw, ref: str, value: duckdb.Expression) -> dict[str, int]:
    """Count the values of a column, the most frequent first; at most forty of them."""
    seen = raw.table.select(F("ltrim", value, K(TYPED)).alias("v")).filter(C("v").isnotnull())
    return dict(seen.aggregate([C("v"), F("count").alias("n")]).order("n DESC, v").limit(MOST).fetchall())


def propose_values(header: str, values: Sequence[str], column: Column) -> dict[str, str]:
    """Propose a meaning for each value that has a usual one; a yes in a column named "КГ" is the control group."""
    targets = column.choices or ("control", "treated")
    usual = {word: target for target in targets for word in WORDS[target].split("|")}
    if column.name == "arm":
        flag = usual.get(simplify(header))
        if flag and {value.lower() for value in values} <= {*YES, *NO}:
            other = {"control": "treated", "treated": "control"}[flag]
            return {value: flag if value.lower() in YES else other for value in values}
    guess = {value: usual[simplify(value)] for value in values if simplify(value) in usual}
    treated = [value for value, meaning in guess.items() if meaning == TREATED]
    if len(treated) > 1:  # several treatments keep their names: one group of them would hide what each did
        guess |= {value: value for value in treated}
    return guess
