"""Forgetting a customer: everything is deleted, and a keyed hash keeps the customer from coming back."""

from __future__ import annotations

import datetime as dt
import hashlib

import duckdb

from loyalty.tables.database import StoreError
from loyalty.tables.keys import find_key

BLOCK = 64  # bytes of a block of SHA-256

# HMAC with SHA-256 (RFC 2104) of each id, as the engine can compute it for a million ids: `inner` and `outer` are the
# key, padded and exclusive-or'ed with 0x36 and 0x5c.
HASH = "sha256($outer || unhex(sha256($inner || encode(CAST(customer_id AS VARCHAR)))))"


def leave_out_forgotten(db: duckdb.DuckDBPyConnection) -> list[str]:
    """Delete from `staged` the lines of customers who asked to be forgotten; say how many lines that were."""
    if not db.execute("SELECT 1 FROM forgotten LIMIT 1").fetchall():
        return []
    gone = db.execute(
        "DELETE FROM staged WHERE customer_id IN (SELECT customer_id FROM"
        f" (SELECT customer_id, {HASH} AS customer_hash FROM (SELECT DISTINCT customer_id FROM staged))"
        " SEMI JOIN forgotten USING (customer_hash))",
        _pad_key(),
    ).fetchall()[0][0]
    return [f"{gone:,} lines of customers who asked to be forgotten are left out"] if gone else []


def forget_customer(db: duckdb.DuckDBPyConnection, customer: int | str, day: dt.date) -> int:
    """Delete a customer from all loads and snapshots, and note the keyed hash; return how many rows were deleted."""
    held = next(str(row[1]) for row in db.execute("DESCRIBE lines").fetchall() if row[0] == "customer_id")
    if isinstance(customer, bool) or not isinstance(customer, int if held == "BIGINT" else str):
        words = "whole numbers" if held == "BIGINT" else "texts"
        raise StoreError(f"the store's customers are {words}, found {type(customer).__name__} {str(customer)[:20]!r}")
    rows = 0
    for table in ("lines", "members", "profiles"):
        rows += int(db.execute(f"DELETE FROM {table} WHERE customer_id = ?", [customer]).fetchall()[0][0])
    pads = _pad_key()
    (code,) = db.execute(
        f"SELECT {HASH} FROM (SELECT $customer AS customer_id)", pads | {"customer": customer}
    ).fetchall()[0]
    if not db.execute("SELECT 1 FROM forgotten WHERE customer_hash = ?", [code]).fetchall():
        db.execute("INSERT INTO forgotten VALUES (?, ?, ?)", [code, day, rows])
    return rows


def _pad_key() -> dict[str, bytes]:
    """The two padded keys of HMAC."""
    key, _ = find_key()
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    key = key.ljust(BLOCK, b"\0")
    return {"inner": bytes(byte ^ 0x36 for byte in key), "outer": bytes(byte ^ 0x5C for byte in key)}
