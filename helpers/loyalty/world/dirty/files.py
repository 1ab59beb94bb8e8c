"""Write the dirty export: one CSV a month, semicolons, decimal comma, day first; one of them in cp1251."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

COLUMNS = "date time store till receipt line cashier card product quantity amount discount kind channel".split()
ODD_FILE = 1  # the file in another encoding


def write_files(raw: pd.DataFrame, folder: Path, names: list[str]) -> list[Path]:
    """Write the files, `raw` already in the order of their lines, and return their paths.

    Parameters
    ----------
    raw : pandas.DataFrame
        Money in cents; `file` is the place in `names`.
    folder : pathlib.Path
        Made if it is not there.
    names : list of str
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(
        {
            "date": raw["time"].dt.strftime("%d.%m.%Y"),
            "time": raw["time"].dt.strftime("%H:%M:%S"),
            "store": raw["store_id"],
            "till": raw["till_id"],
            "receipt": raw["receipt"],
            "line": raw["line_no"],
            "cashier": raw["cashier"],
            "card": raw["customer_id"],
            "product": raw["product_id"],
            "quantity": raw["quantity"],
            "amount": _write_money(raw["sales"]),
            "discount": _write_money(raw["discount"]),
            "kind": raw["kind"],
            "channel": raw["channel"],
        }
    )[COLUMNS]
    paths = []
    for number, name in enumerate(names):
        encoding = "cp1251" if number == ODD_FILE else "utf-8"
        path = folder / name
        table[raw["file"] == number].to_csv(path, sep=";", index=False, encoding=encoding, lineterminator="\r\n")
        paths.append(path)
    return paths


def _write_money(cents: pd.Series) -> pd.Series:
    return (cents // 100).astype("str") + "," + (cents % 100).astype("str").str.zfill(2)
