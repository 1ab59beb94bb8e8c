"""The tables of forty chains that lesson 42 quotes, read from where `benchmarks/policies.py` writes them."""

from __future__ import annotations

import pandas as pd

from loyalty.datasets import DATA

TABLES = DATA.parent / "docs" / "tables"


def read_policies(kind: str = "calm") -> pd.DataFrame:
    """Read profit and regret of each policy over forty chains, in euros, with their 95 % bands.

    Parameters
    ----------
    kind : str
        "calm" (tastes stay) or "changed" (other effects from the second year on).

    Returns
    -------
    DataFrame
        Index: policy; columns as `compare_programmes` makes them, and regret, regret_low, regret_high, least.
    """
    table = pd.read_csv(TABLES / "policies.csv")
    return table[table["kind"] == kind].drop(columns="kind").set_index("policy").rename_axis(None)


def read_waves() -> pd.DataFrame:
    """Read what each policy had gained, and its regret, up to each wave: policy, seeds, mean, low, high, kind, wave, what."""
    return pd.read_csv(TABLES / "policies_waves.csv")


def read_holdout() -> pd.DataFrame:
    """Read what a holdout costs and shows, as it stands on the page; index: the share that is held out."""
    page = (TABLES / "policies.md").read_text(encoding="utf-8")
    lines = page.split("## What the holdout costs")[1].split("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return pd.DataFrame(rows[2:], columns=rows[0]).set_index("held out").rename_axis(None)
