"""Sizes of the groups beside the planned shares: of customers, or of the stores and households that were drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from loyalty.evaluate.design.sample_ratio import VERDICTS, check_sample_ratio
from loyalty.report.campaign.job import say_few
from loyalty.text import say_p

SIZES = "Group sizes (sample ratio)"
EXACT = "the quotas were exact, so that counts say nothing"
STATES = {"fine": "good", "look": "look", "alarm": "alarm"}


def check_ratio(arms: pd.Series, planned: Mapping[str, float]) -> tuple[str, str, str]:
    """Test the sample ratio: compare the sizes of the groups with the planned shares.

    Parameters
    ----------
    arms : pandas.Series
        The group of each one that was drawn.
    planned : mapping of str to float
        Its share of each group; {"control", "treated"} takes all treated groups together.
    """
    if set(planned) == {"control", "treated"}:
        arms = arms.where(arms == "control", "treated")
    counts = arms.value_counts().reindex(planned, fill_value=0)
    found = ", ".join(f"{say_few(int(n))} {arm} ({n / len(arms):.1%})" for arm, n in counts.items())
    ratio = check_sample_ratio(counts.to_dict(), planned)
    words = f"{found}, planned {', '.join(f'{arm} {share:.1%}' for arm, share in planned.items())}; {say_p(ratio.p)}"
    state = STATES[ratio.level]
    if state != "good":
        words += f"; {VERDICTS[ratio.level].split(':')[0]}"
    return SIZES, state, words


def check_drawn(arms: pd.Series, planned: Mapping[str, float], mode: str) -> tuple[str, str, str]:
    """The same of a draw that the plan made itself: exact quotas are what was planned."""
    name, state, words = check_ratio(arms, planned)
    return (name, "good", f"{words.split(', planned')[0]}: exact quotas") if mode == "blocks" else (name, state, words)


def check_cluster_sizes(
    contacts: pd.DataFrame, cluster: str, planned: Mapping[str, float] | None, mode: Any
) -> list[tuple[str, str, str]]:
    """Test the sample ratio of what was drawn together; no line where no plan says how many each group should have."""
    if planned is None:
        return []
    if str(mode or "").strip() == "blocks":
        return [(SIZES, "not done", EXACT)]
    name, state, words = check_ratio(contacts.drop_duplicates(cluster)["arm"], planned)
    return [(name, state, f"Values of `{cluster}`: {words}")]
