"""The card's trial: a launch by randomised invitation, which not everybody obeys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from loyalty.world.customers import invited
from loyalty.world.effects import Windows, realise
from loyalty.world.fields import WorldError
from loyalty.world.money import tabulate, take_text
from loyalty.world.offers import respond
from loyalty.world.plans import Plan, Wave, list_contacts
from loyalty.world.state import Lived


def run_trial(world: Lived, share: float) -> tuple[Wave, Any]:
    """Launch the card by randomised invitation: the wave of the trial, and the world in which it happened."""
    state = world._state
    launch = world.scene.calendar.month_start(world.parameters.card.month)
    end = state.end
    if not 0 < share < 1 or not 0 < launch < end or state.waves:
        raise WorldError(
            [
                f"share should lie between 0 and 1 (found {share!r}), the launch (month {world.parameters.card.month}) "
                f"within the history of {state.months} months, and no wave should have been run"
            ],
            "the invitation",
        )
    there = world._become(trial=float(share))
    scene = there.scene
    people = there.scene.people
    rows = np.flatnonzero((people.entry <= launch) & (people.leave > launch))
    asked = invited(state.size, state.seed, share)[rows]
    windows: Windows = (("pre", max(0, launch - 364), launch), ("main", launch, end))
    outcomes = tabulate(realise(scene, rows, windows, there._log), rows, windows, scene)
    outcomes.insert(0, "campaign_id", "card")
    outcomes.insert(1, "wave", 1)
    arm = take_text(["control", "invited"], asked.astype(int))
    plan = Plan(rows, np.full(len(rows), -1), arm, pd.DataFrame({"propensity": np.where(asked, share, 1 - share)}))
    nobody = respond(people, world.parameters, state.seed, rows[:0], np.empty(0, int), launch, len(there._log))
    contacts = list_contacts(scene, plan, nobody, "card", 1)
    contacts["control_kind"] = take_text(["campaign", "none"], asked.astype(int))
    card = (people.card[rows] < end).astype(int)
    contacts["took_card"] = card
    return Wave(
        "card", 1, scene.calendar.date(launch), windows, plan, nobody, scene, there._log, contacts, outcomes
    ), there
