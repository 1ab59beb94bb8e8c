"""The pages that lesson 37 quotes, read from where they are written: 40 worlds, and policies that were chosen."""

from __future__ import annotations

import pandas as pd

from loyalty.datasets import DATA

PAGE = DATA.parent / "docs" / "tables" / "uplift.md"
CHOICES = PAGE.with_name("policy_choice.md")
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


def read_choices() -> pd.DataFrame:
    """Read the page of chosen policies: a row a kind of wave, the true value per customer of each policy with interval.

    Columns: waves, choose_policy, everybody, "DR, ridge", "DR, boosted", oracle, kept?, chosen.
    """
    lines = [line for line in CHOICES.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    rows = [[cell.strip().replace("\x00", "|") for cell in _cut(line)] for line in lines]
    return pd.DataFrame(rows[2:], columns=rows[0]).set_index("wave")


def _cut(line: str) -> list[str]:
    """The cells of a table's line; a bar that is written \\| belongs to its cell."""
    return line.replace("\\|", "\x00").strip("|").split("|")
