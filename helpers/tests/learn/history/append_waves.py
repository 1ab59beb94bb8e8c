"""Appends all waves of a folder to a history, one by one: the process that test_history ends in the middle."""

from pathlib import Path


def append_waves(folder: str, path: str) -> None:
    import pandas as pd

    from loyalty.learn.history.store import open_history

    files = sorted(Path(folder).glob("contacts*.parquet"))
    waves = [(pd.read_parquet(file), pd.read_parquet(str(file).replace("contacts", "outcomes"))) for file in files]
    with open_history(path) as history:
        Path(path).with_suffix(".begun").touch()
        for contacts, outcomes in waves:
            history.append(contacts, outcomes)


if "WAVES" in globals():  # set by the test that runs this file in a process of its own
    append_waves(globals()["WAVES"], globals()["HISTORY"])
