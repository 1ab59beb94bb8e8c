"""Loads all months of a folder into a store, one by one: the process that test_store ends in the middle."""

from pathlib import Path


def refresh_months(folder: str, path: str) -> None:
    from loyalty.prepare.store.store import open_store

    with open_store(path) as store:
        Path(path).with_suffix(".begun").touch()
        for file in sorted(Path(folder).glob("2017-*.parquet")):
            store.refresh(file, file.stem, recorded_at="2017-05-01")


if "MONTHS" in globals():  # set by the test that runs this file in a process of its own
    refresh_months(globals()["MONTHS"], globals()["STORE"])
