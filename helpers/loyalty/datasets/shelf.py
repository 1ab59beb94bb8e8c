"""What a loader returns, and what it says when a file is not at hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


class DataMissing(FileNotFoundError):
    """A data file is not at hand; the message says what was looked for, where it lives and where to put it."""

    def _render_traceback_(self) -> list[str]:
        return [f"❌ {self}"]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Named tables with their source and terms; each table is also an attribute: `data.receipts`."""

    name: str
    source: str
    terms: str
    tables: dict[str, pd.DataFrame]

    def __getattr__(self, name: str) -> pd.DataFrame:
        tables = self.__dict__.get("tables", {})
        if name in tables:
            return tables[name]
        raise AttributeError(f"there is no table {name!r}; there are: {', '.join(tables)}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables]

    def __repr__(self) -> str:
        return "\n".join([self.name, *(f"  {k}: {len(t):,} rows ({', '.join(t)})" for k, t in self.tables.items())])

    def _repr_html_(self) -> str:
        rows = [(k, f"{len(t):,}", ", ".join(t)) for k, t in self.tables.items()]
        with pd.option_context("display.max_colwidth", None):
            shown = pd.DataFrame(rows, columns=["table", "rows", "columns"]).to_html(
                index=False, border=0, justify="left"
            )
            shown = shown.replace("<td>", '<td style="text-align: left">')
        return f"<b>{self.name}</b>{shown}<small>Source: {self.source}<br>Terms: {self.terms}</small>"


def find_file(what: str, names: tuple[str, ...], home: str, how: str, *, cache: Path) -> Path:
    """Look for the first of the names in the folder of LOYALTY_DATA, then in `cache`, the folder data/cache/.

    Raises `DataMissing`, which says what was looked for, where it lives (`home`) and how it may be put (`how`).
    """
    own = os.environ.get("LOYALTY_DATA", "")
    folders = [Path(own), cache] if own else [cache]
    for path in (folder / name for folder in folders for name in names):
        if path.is_file():
            return path
    looked = f"the folder of LOYALTY_DATA ({own}), then" if own else "LOYALTY_DATA (not set), then"
    raise DataMissing(
        f"{what} is not on this computer: it may not be shipped with the workshop.\n"
        f"  Looked for: {' or '.join(names)}, in {looked} data/cache/ of the workshop.\n  Lives at: {home}\n"
        f"  Put it into: data/cache/, or a folder that LOYALTY_DATA names; {how}."
    )


def fetch_file(url: str, sha256: str, what: str, path: Path) -> Path:
    """Fetch a file to `path` and check its sum; `DataMissing` says why it could not be fetched and where it lives."""
    import pooch

    try:
        return Path(pooch.retrieve(url, f"sha256:{sha256}", fname=path.name, path=path.parent))
    except (OSError, ValueError) as error:
        raise DataMissing(
            f"{what} could not be fetched: {str(error).splitlines()[0][:200]}\n  Lives at: {url}\n"
            f"  Put it into: data/cache/ under the name {path.name}, or a folder that LOYALTY_DATA names."
        ) from None


def expect_columns(table: pd.DataFrame, path: Path, columns: list[str]) -> pd.DataFrame:
    """Return the table, or raise `DataMissing` when the file at `path` lacks one of the columns."""
    missing = [name for name in columns if name not in table]
    if missing:
        raise DataMissing(f"{path.name} is not the published file: there is no column {', '.join(missing)}.")
    return table
