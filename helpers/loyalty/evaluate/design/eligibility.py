"""Eligibility: who may take part at all, decided before the draw by what is known before the draw."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from loyalty.evaluate.design.hashing import LIST
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.days import read_day
from loyalty.tables.problems import gather
from loyalty.tables.sources import AnyTable, collect

TESTS = {
    "is": operator.eq,
    "is not": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda values, wanted: values.isin(list(wanted)),
    "before": operator.lt,
}
# Known only once the arms are drawn and the message is out
LATER = (
    "arm offer_id control_kind propensity assigned_at sent_at delivered opened clicked responded redeemed reward_paid"
).split()


class Rule(NamedTuple):
    """What a customer must fulfil to take part: `Rule("no consent", "consent", "is", True)`.

    `reason` names those who fail; `test` is one of is, is not, <, <=, >, >=, in, before (a day). `empty_passes` is for
    columns where empty means never, such as the day of the last contact; an empty consent is no consent.
    """

    reason: str
    column: str
    test: str
    value: Any
    empty_passes: bool = False


class Eligibility(NamedTuple):
    """The customers who may take part, those who may not (one row a customer and reason), and the count of each rule.

    `counts`: reason, customers who fail, of them those who fail nothing else, and how many are left after this rule.
    """

    eligible: pd.DataFrame
    excluded: pd.DataFrame
    counts: pd.DataFrame

    def _repr_html_(self) -> str:
        return render_html(self.counts, f"{len(self.eligible):,} customers may take part")


@check_arguments
def filter_eligible(customers: AnyTable, rules: Iterable[Rule | tuple], *, as_of: Any = None) -> Eligibility:
    """Filter eligible customers before the draw, so that both arms lose the same kind of customer.

    Not for undelivered messages or anything else that happens after the draw: a rule about it is refused, because only
    the treated could fail it. And customers without consent are no control group: they differ from those with it.

    Parameters
    ----------
    customers : table
        One row a customer, with the columns of the rules.
    rules : iterable of Rule
        Or of tuples: reason, column, test, value, and whether empty passes.
    as_of : date, optional
        The day of the draw; a date in a rule's column on or after it is refused.

    Returns
    -------
    Eligibility

    Raises
    ------
    TableError
        With all problems: unknown columns or tests, columns known only later, dates from after the draw.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": [1, 2, 3], "consent": [True, False, None]})
    >>> len(filter_eligible(customers, [Rule("no consent", "consent", "is", True)]).eligible)
    1
    """
    table = collect(check_table(customers, LIST)).sort_values("customer_id", ignore_index=True)
    wrong = [] if len(table) else ["the table holds no customer"]
    days = [None] if as_of is None else gather(wrong, read_day, as_of)
    day = days[0] if days else None
    fails: dict[str, pd.Series] = {}
    for rule in _read_rules(rules, wrong):
        name = f"rule {rule.reason!r}:"
        if rule.reason in fails:
            wrong.append(f"{name} comes twice: name each rule differently")
        fails[rule.reason] = pd.Series(False, table.index)
        fault = _find_fault(rule, table, day)
        if fault:
            wrong.append(f"{name} {fault}")
            continue
        known = table[rule.column].dropna()
        try:
            value = pd.Timestamp(rule.value) if known.dtype.kind == "M" else rule.value
            passes = TESTS[rule.test](known, value).reindex(table.index, fill_value=rule.empty_passes)
            fails[rule.reason] = ~passes
        except (TypeError, ValueError):
            wrong.append(f"{name} `{rule.column}` cannot be compared with {rule.value!r}")
            continue
        if len(table) and fails[rule.reason].all():
            shown = ", ".join(map(repr, known.unique()[:3].tolist())) or "nothing"
            wrong.append(f"{name} nobody passes; `{rule.column}` holds {shown}")
    if wrong:
        raise TableError(wrong, "eligibility")
    failed = pd.DataFrame(fails, index=table.index, dtype=bool)
    times = failed.sum(axis=1)
    parts = [table.loc[failed[reason], ["customer_id"]].assign(reason=reason) for reason in failed]
    excluded = pd.concat([table[["customer_id"]].head(0).assign(reason=""), *parts], ignore_index=True)
    counts = pd.DataFrame({"reason": list(failed), "customers": failed.sum().to_list()})
    counts["only_this"] = failed[times == 1].sum().to_list()
    counts["left"] = (~failed.cummax(axis=1)).sum().to_list()
    return Eligibility(table[times == 0].reset_index(drop=True), excluded.astype({"reason": "str"}), counts)


def _read_rules(rules: Iterable[Rule | tuple], wrong: list[str]) -> list[Rule]:
    """Read rules that were given as such or as tuples, and say which are neither."""
    read = []
    for place, given in enumerate(rules, 1):
        parts = tuple(given) if isinstance(given, tuple | list) else ()
        if len(parts) not in (4, 5) or not all(isinstance(part, str) for part in parts[:3]):
            wrong.append(f"rule {place} should be (reason, column, test, value), found {given!r}")
        else:
            read.append(Rule(*parts))
    return read


def _find_fault(rule: Rule, table: pd.DataFrame, day: pd.Timestamp | None) -> str:
    """Why a rule cannot be applied before the draw on `day`; nothing if it can."""
    if rule.column in LATER:
        return f"`{rule.column}` is known only after the draw; what happens then may exclude nobody"
    if rule.column not in table:
        return f"there is no column `{rule.column}`"
    if rule.test not in TESTS:
        return f"the test should be one of {', '.join(TESTS)}, found {rule.test!r}"
    values = table[rule.column]
    if day is not None and values.dtype.kind == "M":
        late = int((values >= day).sum())
        if late:
            return f"`{rule.column}` is not before the draw for {late:,} customers"
    return ""
