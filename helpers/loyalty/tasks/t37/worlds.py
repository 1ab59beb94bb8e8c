"""The page of 40 worlds that lesson 37 quotes: one table an offer, read from where it is written."""

from __future__ import annotations

import pandas as pd

from loyalty.datasets import DATA

PAGE = DATA.parent / "docs" / "tables" / "uplift.md"
NAMES = ["", "rank", "best fifth, € a contact", "share", "own cut-off, € a customer", "share of oracle"]


def read_worlds(offer: str) -> pd.DataFrame:
    """Read the table of 40 worlds for one offer, as it stands on the page: mean over worlds (95 % interval).

    Parameters
    ----------
    offer : str
    """
    page = PAGE.read_text(encoding="utf-8")
    lines = page.split(f"## `{offer}`")[1].split("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return pd.DataFrame(rows[2:], columns=NAMES).set_index("")


def count_losses(offer: str) -> str:
    """Say in how many worlds the response model lost money, such as "40 of 40".

    Parameters
    ----------
    offer : str
    """
    page = PAGE.read_text(encoding="utf-8").split("## Where the response model")[1]
    return page.split(f"`{offer}`")[1].split("it loses money in ")[1].split(" worlds")[0]
