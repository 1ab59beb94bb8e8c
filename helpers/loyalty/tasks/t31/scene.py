"""The app of exercise 31: the world's card plays it, launched by a lottery of invitations."""

from __future__ import annotations

from functools import cache

from loyalty.world import Wave, World


@cache
def launch_app() -> tuple[Wave, World]:
    """Launch the app by lottery, as the exercise's first cell does; seed 131 of `loyalty.world`.

    Returns
    -------
    tuple of (Wave, World)
        What was sent and measured, and the chain with its two years of receipts. Do not change the tables: all
        checks share them.
    """
    return World(customers=40_000, months=24, seed=131).randomise_card_invitation(0.5)
