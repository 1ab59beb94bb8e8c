"""Forgetting a customer: everything is deleted, and a keyed hash keeps the customer from coming back."""

from __future__ import annotations

import datetime as dt
import hashlib
from numbers import Integral

import duckdb

from loyalty.tables.database import StoreError
from loyalty.tables.keys import find_key

BLOCK = 64  # bytes of a block of SHA-256

# HMAC with SHA-256 (RFC 2104) of each id, as the engine can compute it for a million ids: `inner` and `outer` are the
# key, padded and exclusive-or'ed with 0x36 and 0x5c.
HASH = "sha256($outer || unhex(sha256($inner || encode(CAST(customer_id AS VARCHAR)))))"


PROOF = "loyalty store"  # its hash is kept beside the first that is forgotten, so that another key is seen


def leave_out_forgotten(db: duckdb.DuckDBPyConnection, table: str) -> int:
    """Delete from a staged table who asked to be forgotten; return how many rows that were. StoreError: another key."""
    if not db.execute("SELECT 1 FROM forgotten LIMIT 1").fetchall():
        return 0
    _prove_key(db)
    return int(
        db.execute(
            f"DELETE FROM {table} WHERE customer_id IN (SELECT customer_id FROM"
            f" (SELECT customer_id, {HASH} AS customer_hash FROM (SELECT DISTINCT customer_id FROM {table}))"
            " SEMI JOIN forgotten USING (customer_hash))",
            _pad_key(),
        ).fetchall()[0][0]
    )


def forget_customer(db: duckdb.DuckDBPyConnection, customer: int | str, day: dt.date) -> int:
    """Delete a customer from all loads and snapshots, and note the keyed hash; return how many rows were deleted."""
    held = next(str(row[1]) for row in db.execute("DESCRIBE lines").fetchall() if row[0] == "customer_id")
    is_number = isinstance(customer, Integral) and not isinstance(customer, bool)
    if not (is_number if held == "BIGINT" else isinstance(customer, str)):
        words = "whole numbers" if held == "BIGINT" else "texts"
        raise StoreError(f"the store's customers are {words}, found {type(customer).__name__} {str(customer)[:20]!r}")
    known = int(customer) if is_number else str(customer)
    _prove_key(db)
    rows = 0
    for table in ("lines", "members", "profiles"):
        rows += int(db.execute(f"DELETE FROM {table} WHERE customer_id = ?", [known]).fetchall()[0][0])
    code = _hash(db, known)
    if not db.execute("SELECT 1 FROM forgotten WHERE customer_hash = ?", [code]).fetchall():
        db.execute("INSERT INTO forgotten VALUES (?, ?, ?)", [code, day, rows])
    return rows


def _prove_key(db: duckdb.DuckDBPyConnection) -> None:
    """Note the key's proof at first use; refuse another key later, because with it nobody would be recognised."""
    proof = _hash(db, PROOF)
    noted = db.execute("SELECT proof FROM key_proofs").fetchall()
    if not noted:
        db.execute("INSERT INTO key_proofs VALUES (?)", [proof])
    elif noted[0][0] != proof:
        _, place = find_key()
        raise StoreError(
            f"the key has changed ({place}): with it the store cannot recognise who asked to be forgotten; nothing was"
            " written. Give the key of that time as LOYALTY_KEY"
        )


def _hash(db: duckdb.DuckDBPyConnection, value: int | str) -> str:
    values = {**_pad_key(), "customer": value}
    return str(db.execute(f"SELECT {HASH} FROM (SELECT $customer AS customer_id)", values).fetchall()[0][0])


def _pad_key() -> dict[str, bytes]:
    """The two padded keys of HMAC."""
    key, _ = find_key()
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    key = key.ljust(BLOCK, b"\0")
    return {"inner": bytes(byte ^ 0x36 for byte in key), "outer": bytes(byte ^ 0x5C for byte in key)}
