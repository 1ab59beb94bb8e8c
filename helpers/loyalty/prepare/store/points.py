"""A points ledger reconciled with the receipts: points are money that the chain owes, and a ledger can be wrong.

Points are spent in the order in which they were issued (first in, first out), and those that are too old expire. What
should have expired follows from sums alone. Let A be the points issued up to a day, and S the points spent up to the
day on which the last of these grows too old. Of A, at least A - S were never spent in time. So the points that should
have expired so far are the largest A - S of all days so far, and nothing if none is above zero.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

import duckdb
import pandas as pd

from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import POINTS
from loyalty.tables.days import read_day
from loyalty.tables.ids import find_strangers, write_id
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, collect

Day: TypeAlias = str | dt.date | pd.Timestamp
EXAMPLES = 3

SAYS = {
    "issued twice": "one receipt has more than one issue: take the later ones back, and look at how tills send again",
    "no such receipt": "issued for a receipt that is not there: ask how it came in",
    "not what was paid": "other points than the receipt's sales give: goods came back, or another rule was used",
    "below zero": "more was spent than there was: entries are missing, or an issue was taken back too late",
    "overdue": "older than their life and neither spent nor expired: the ledger owes them only on paper",
    "spent too old": "spent although they were older than their life: nothing stopped it",
    "no receipt named": "issued without naming a receipt, as gifts of a campaign are: count them against its list",
}


@dataclass(frozen=True)
class Reconciliation:
    """What a ledger says beside what the receipts say; made by `reconcile_points`.

    `table`: one row a check: entries, customers, points (what the ledger has too much), examples, what it means.
    `balances`: one row a customer: issued, spent, expired, cancelled, balance, overdue, spent_too_old.
    """

    table: pd.DataFrame
    balances: pd.DataFrame
    as_of: str

    @property
    def owed(self) -> float:
        """Points that the ledger owes: the sum of all balances."""
        return float(self.balances["balance"].sum())

    @property
    def owed_rightly(self) -> float:
        """What is owed when issues without a reason and overdue points are taken off (wrong in two ways: twice)."""
        wrong = self.table.set_index("check")["points"]
        return self.owed - float(wrong[["issued twice", "no such receipt", "not what was paid", "overdue"]].sum())

    def to_frame(self) -> pd.DataFrame:
        """One row a check."""
        return self.table.copy()

    def __str__(self) -> str:
        said = [f"as of {self.as_of} the ledger owes {self.owed:,.0f} points; {self.owed_rightly:,.0f} have a reason"]
        for row in self.table[self.table["entries"] > 0].itertuples():
            entries = f"{row.entries:,} {'entry' if row.entries == 1 else 'entries'}"
            said.append(f"  ⚠ {row.check}: {entries}, {row.points:,.0f} points")
            said.append(f"    {row.meaning}")
        return "\n".join(said)


@check_arguments
def reconcile_points(
    points: AnyTable, receipts: AnyTable, *, rate: float, life_days: int, as_of: Day, rounding: float = 1.0
) -> Reconciliation:
    """Reconcile a points ledger with the receipts: what was issued twice, for nothing, too much, or is overdue.

    Not for accounting: what the points are worth is another question (see `campaign_money`).

    Parameters
    ----------
    points : table under POINTS; any source of `loyalty.tables.sources.open_table`
    receipts : table under RECEIPTS, with `basket_id`
    rate : float
        Points for one unit of money.
    life_days : int
        Days after the issue on which a point expires if it was not spent.
    as_of : day
        Entries and receipts before this day count.
    rounding : float
        By how many points a receipt's issue may differ from its sales times the rate.

    Returns
    -------
    Reconciliation

    Raises
    ------
    TableError
        A table breaks its contract, or no receipt has a basket_id.

    Examples
    --------
    >>> receipts = pd.DataFrame({"customer_id": 7, "time": pd.Timestamp("2017-03-04"), "sales": [40.0], "basket_id": 1})
    >>> twice = pd.DataFrame({"event_id": [1, 2], "customer_id": 7, "time": pd.Timestamp("2017-03-04"),
    ...                       "kind": "issue", "points": 40.0, "basket_id": 1})
    >>> print(reconcile_points(twice, receipts, rate=1, life_days=365, as_of="2017-04-01"))
    as of 2017-04-01 the ledger owes 80 points; 40 have a reason
      ⚠ issued twice: 1 entry, 40 points
        one receipt has more than one issue: take the later ones back, and look at how tills send again
    """
    day = read_day(as_of)
    problems = []
    if not rate > 0:
        problems.append(f"`rate` should be above zero, found {rate:g}")
    if life_days < 1:
        problems.append(f"`life_days` should be 1 or more, found {life_days}")
    if not rounding >= 0:
        problems.append(f"`rounding` should be 0 or more, found {rounding:g}")
    ledger = collect(check_table(points, POINTS))
    lines = check_receipts(receipts).table
    if "basket_id" not in lines.collect_schema().names():
        problems.append("receipts have no `basket_id`: without it no issue finds its receipt")
    if problems:
        raise TableError(problems, "reconcile_points")
    if "basket_id" not in ledger:
        ledger = ledger.assign(basket_id=pd.Series(pd.NA, index=ledger.index, dtype="Int64"))
    paid = collect(lines.select("customer_id", "basket_id", "time", "sales"))
    if strangers := find_strangers(
        ledger["customer_id"], paid["customer_id"], "the ledger", "the receipts", alike=True
    ):
        raise TableError(strangers, "points")
    ledger = ledger.assign(basket_id=_write_baskets(ledger["basket_id"]))
    paid = paid.assign(basket_id=_write_baskets(paid["basket_id"]))
    with duckdb.connect() as db:
        db.execute("SET disabled_optimizers = 'compressed_materialization'")
        db.register("all_entries", ledger)
        db.register("all_lines", paid)
        values = {"as_of": day.to_pydatetime()}
        db.execute("CREATE TEMP TABLE entries AS FROM all_entries WHERE time < $as_of", values)
        db.execute("CREATE TEMP TABLE lines AS FROM all_lines WHERE time < $as_of", values)
        found = {
            "issued twice": db.execute(ISSUED_TWICE).df(),
            "no such receipt": db.execute(NO_RECEIPT).df(),
            "not what was paid": db.execute(NOT_PAID, {"rate": rate, "rounding": rounding}).df(),
            "below zero": db.execute(BELOW_ZERO).df(),
        }
        nameless = db.execute(NO_RECEIPT_NAMED).df()
        balances = db.execute(BALANCES, {"life": int(life_days), "as_of": day.to_pydatetime()}).df()
    for check, column in (("overdue", "overdue"), ("spent too old", "spent_too_old")):
        some = balances[balances[column] > 0]
        ids = some["customer_id"]
        found[check] = pd.DataFrame({"entry": ids, "customer_id": ids, "points": some[column]})
    found["no receipt named"] = nameless
    rows = [
        {
            "check": check,
            "entries": len(table),
            "customers": table["customer_id"].nunique(),
            "points": float(table["points"].sum()),
            "examples": ", ".join(str(one) for one in table["entry"].head(EXAMPLES)),
            "meaning": SAYS[check],
        }
        for check, table in found.items()
    ]
    return Reconciliation(pd.DataFrame(rows), balances, f"{day:%Y-%m-%d}")


def _write_baskets(numbers: pd.Series) -> pd.Series:
    """Write receipt numbers as texts: a cleaned table has texts where a till's file has whole numbers."""
    return numbers.map(write_id, na_action="ignore").astype("object")


# Each issue of a receipt after its first one, less what was taken back for this receipt; the last issue is paid first.
ISSUED_TWICE = """
WITH taken_back AS (
    SELECT customer_id, basket_id, sum(points) AS cancelled FROM entries WHERE kind = 'cancel' GROUP BY ALL
),
numbered AS (
    SELECT event_id, customer_id, basket_id, points,
           row_number() OVER (PARTITION BY customer_id, basket_id ORDER BY time, event_id) AS issue,
           coalesce(sum(points) OVER (PARTITION BY customer_id, basket_id ORDER BY time DESC, event_id DESC
                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS later_issues
    FROM entries WHERE kind = 'issue' AND basket_id IS NOT NULL
),
left_over AS (
    SELECT event_id, customer_id,
           points - least(greatest(coalesce(cancelled, 0) - later_issues, 0), points) AS points
    FROM numbered LEFT JOIN taken_back USING (customer_id, basket_id)
    WHERE issue > 1
)
SELECT event_id AS entry, customer_id, points
FROM left_over WHERE points > 0.005
ORDER BY event_id
"""

NO_RECEIPT = """
SELECT event_id AS entry, customer_id, points
FROM entries ANTI JOIN lines USING (customer_id, basket_id)
WHERE kind = 'issue' AND basket_id IS NOT NULL
ORDER BY event_id
"""

NO_RECEIPT_NAMED = """
SELECT event_id AS entry, customer_id, points FROM entries WHERE kind = 'issue' AND basket_id IS NULL ORDER BY event_id
"""

# The first issue of each receipt, less what was taken back, beside the receipt's sales (returns of it taken off).
NOT_PAID = """
WITH receipts AS (
    SELECT customer_id, basket_id, greatest(sum(sales), 0) * $rate AS due FROM lines GROUP BY ALL
),
issued AS (
    SELECT customer_id, basket_id, min_by(points, (time, event_id)) FILTER (kind = 'issue') AS first_issue,
           sum(points) FILTER (kind = 'issue') AS issues,
           count(*) FILTER (kind = 'issue') AS times,
           coalesce(sum(points) FILTER (kind = 'cancel'), 0) AS cancelled
    FROM entries WHERE kind IN ('issue', 'cancel') AND basket_id IS NOT NULL GROUP BY ALL
)
SELECT basket_id AS entry, customer_id, excess AS points
FROM (
    -- Of several issues the later ones are told apart (see above): here counts what is too much of the first
    SELECT basket_id, customer_id, first_issue,
           CASE WHEN times = 1 THEN issues - cancelled - due
                ELSE greatest(least(first_issue, issues - cancelled) - due, 0) END AS excess
    FROM issued JOIN receipts USING (customer_id, basket_id)
)
WHERE first_issue IS NOT NULL AND abs(excess) > $rounding
ORDER BY basket_id
"""

SIGNED = "CASE WHEN kind = 'issue' THEN points ELSE -points END"

# The lowest balance of each customer who was below zero at some time. On one moment issues come first.
BELOW_ZERO = f"""
WITH running AS (
    SELECT customer_id, event_id, sum({SIGNED}) OVER (
        PARTITION BY customer_id ORDER BY time, kind <> 'issue', event_id ROWS UNBOUNDED PRECEDING) AS balance
    FROM entries
)
SELECT min_by(event_id, balance) AS entry, customer_id, -min(balance) AS points
FROM running GROUP BY customer_id HAVING min(balance) < -0.005
ORDER BY customer_id
"""

# What is left for each customer, and what of it is overdue: the largest A - S (see the module), less what has expired.
BALANCES = f"""
WITH sums AS (
    SELECT customer_id,
           coalesce(sum(points) FILTER (kind = 'issue'), 0) AS issued,
           coalesce(sum(points) FILTER (kind = 'spend'), 0) AS spent,
           coalesce(sum(points) FILTER (kind = 'expire'), 0) AS expired,
           coalesce(sum(points) FILTER (kind = 'cancel'), 0) AS cancelled,
           sum({SIGNED}) AS balance
    FROM entries GROUP BY customer_id
),
-- What was taken back for a receipt was never there: it comes off that receipt's own issues, the last one first.
taken_back AS (
    SELECT customer_id, basket_id, sum(points) AS cancelled
    FROM entries WHERE kind = 'cancel' AND basket_id IS NOT NULL GROUP BY ALL
),
issues AS (
    SELECT customer_id, basket_id, time, points,
           coalesce(sum(points) OVER (PARTITION BY customer_id, basket_id ORDER BY time DESC, event_id DESC
                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS later_issues
    FROM entries WHERE kind = 'issue'
),
lots AS (
    SELECT customer_id, CAST(time AS DATE) AS day,
           sum(points - least(greatest(coalesce(cancelled, 0) - later_issues, 0), points)) AS points
    FROM issues LEFT JOIN taken_back USING (customer_id, basket_id) GROUP BY ALL
),
grown AS (
    SELECT customer_id, day, sum(points) OVER (PARTITION BY customer_id ORDER BY day) AS a,
           day + CAST($life AS INTEGER) AS until
    FROM lots
),
left_over AS (
    SELECT g.customer_id, g.day, any_value(g.a) - coalesce(sum(e.points), 0) AS rest
    FROM grown g LEFT JOIN entries e
      ON e.customer_id = g.customer_id AND e.time < g.until
     AND (e.kind = 'spend' OR (e.kind = 'cancel' AND e.basket_id IS NULL))
    WHERE g.until <= $as_of
    GROUP BY ALL
),
due AS (
    SELECT customer_id, greatest(max(rest), 0) AS due FROM left_over GROUP BY customer_id
)
SELECT sums.*,
       least(greatest(coalesce(due, 0) - expired, 0), greatest(balance, 0)) AS overdue,
       greatest(coalesce(due, 0) - expired, 0) - least(greatest(coalesce(due, 0) - expired, 0), greatest(balance, 0))
           AS spent_too_old
FROM sums LEFT JOIN due USING (customer_id)
ORDER BY customer_id
"""
