"""The till: receipts as a table under the contract, in memory or as Parquet files chunk by chunk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from loyalty.world.customers import trait
from loyalty.world.draws import Purpose, key, uniform
from loyalty.world.money import simulate
from loyalty.world.offers import Contacts
from loyalty.world.visits import Scene

ONLINE_STORE = 0
_CHUNK = 20_000


def ring_up(scene: Scene, rows: np.ndarray, end: int, waves: tuple[Contacts, ...]) -> dict[str, np.ndarray | pa.Array]:
    """Write down all lines of some customers from the first day to `end`, by customer and time."""
    receipts = simulate(scene, rows, 0, end, waves)
    who = rows[receipts.place]
    day = receipts.day
    lines = receipts.lines
    kind = scene.people.types_on(who, day)
    luck = uniform(key(scene.seed, Purpose.STORE, who)[:, None], 4 * day[:, None] + np.arange(3))
    online = luck[:, 0] < trait(scene.parameters, "online", kind)
    stores = scene.parameters.chain.stores
    elsewhere = 1 + (luck[:, 2] * stores).astype(np.int64)
    store = np.where(luck[:, 1] < scene.parameters.chain.home_share, scene.people.home_store[who], elsewhere)
    moment = uniform(key(scene.seed, Purpose.MOMENT, who)[:, None], 2 * day[:, None] + np.arange(2))
    # Two uniforms averaged: a mild peak in the middle of the opening hours.
    shop = scene.parameters.chain
    hour = np.where(
        online,
        shop.online_opens + moment[:, 0] * (shop.online_closes - shop.online_opens),
        shop.opens + moment.mean(axis=1) * (shop.closes - shop.opens),
    )
    second = (hour * 3600).astype(np.int64)
    first = np.datetime64(scene.parameters.start, "s").astype(np.int64)
    time = first + day * 86400 + second
    visit = lines.visit
    position = np.arange(len(visit)) - np.searchsorted(visit, visit, side="left") + 1
    names = pa.array([o.name for o in scene.parameters.offers], pa.string())
    channels = pa.array(["store", "online"])
    basket = (who + 1) * 100_000 + day
    return {
        "customer_id": (who + 1)[visit],
        "time": pa.array(time[visit], pa.timestamp("s")).cast(pa.timestamp("us")),
        "sales": lines.sales / 100,
        "basket_id": basket[visit],
        "line_no": position,
        "product_id": lines.product + 1,
        "quantity": lines.pieces,
        "discount": lines.discount / 100,
        "offer_discount": lines.coupon / 100,
        "margin": lines.margin / 100,
        "offer_id": pa.DictionaryArray.from_arrays(pa.array(lines.offer.astype(np.int8), mask=lines.offer < 0), names),
        "store_id": np.where(online, ONLINE_STORE, store)[visit],
        "channel": pa.DictionaryArray.from_arrays(online[visit].astype(np.int8), channels),
    }


def print_receipts(scene: Scene, end: int, waves: tuple[Contacts, ...]) -> pd.DataFrame:
    """Make all receipts as one pandas table, texts as plain text."""
    chunks = [_to_table(ring_up(scene, rows, end, waves)) for rows in _chunks(len(scene.people))]
    table = pa.concat_tables(chunks, promote_options="none")  # there is a chunk, because a world has a customer
    for name in ("offer_id", "channel"):  # here, because pandas would write out each text of millions
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.large_string()))
    return table.to_pandas()


def write_receipts(scene: Scene, folder: Path, end: int, waves: tuple[Contacts, ...], threads: int = 1) -> None:
    """Write all receipts as Parquet files, one a chunk of customers; memory stays that of a chunk per thread."""

    def write(numbered: tuple[int, np.ndarray]) -> None:
        number, rows = numbered
        table = _to_table(ring_up(scene, rows, end, waves))
        parquet.write_table(table, folder / f"receipts-{number:05d}.parquet", compression="zstd", compression_level=1)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, enumerate(_chunks(len(scene.people)))))


def _chunks(customers: int) -> list[np.ndarray]:
    return [np.arange(a, min(a + _CHUNK, customers)) for a in range(0, customers, _CHUNK)]


def _to_table(columns: dict[str, np.ndarray | pa.Array]) -> pa.Table:
    small = {"line_no": pa.int16(), "product_id": pa.int32(), "quantity": pa.int16(), "store_id": pa.int16()}
    return pa.table(
        {name: pa.array(values, small[name]) if name in small else values for name, values in columns.items()}
    )
