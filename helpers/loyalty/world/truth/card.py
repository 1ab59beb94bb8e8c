"""The truth of the loyalty card: its effect on holders, beside the naive gap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from loyalty.world.customers import draw_population
from loyalty.world.effects import expect_outcomes, realise
from loyalty.world.offers import Contacts
from loyalty.world.visits import Scene


@dataclass(frozen=True)
class CardTruth:
    """The card, per holder and 28 days, over the `days` before today, in euros.

    `effect` is the expected gain over the holder's own spend without card (`counterfactual`); `naive` is the realised
    mean spend of holders less that of the others. In a trial, over its whole main window: `invitation` is the mean
    realised effect of being invited on sales (intention to treat), `complier` that on those who take the card only
    when invited, `compliers` their share.
    """

    effect: float
    counterfactual: float
    naive: float
    holders: int
    others: int
    days: int
    invitation: float = float("nan")
    complier: float = float("nan")
    compliers: float = float("nan")

    @property
    def relative(self) -> float:
        """Effect as a fraction of what holders would have spent."""
        return self.effect / self.counterfactual if self.counterfactual else float("nan")

    @property
    def ratio(self) -> float:
        """How many times the naive gap is the true effect; not defined where the card does nothing."""
        return self.naive / self.effect if self.effect else float("nan")


def card_effect(
    scene: Scene, end: int, waves: tuple[Contacts, ...], trial: float | None, months: int, days: int = 84
) -> CardTruth:
    """Work out what the card did in the last days before `end`, and in a trial what the invitation did."""
    start = max(0, end - days)
    rows = np.flatnonzero(scene.people.entry < start)
    holds = scene.people.card[rows] < start
    window = (("main", start, end),)
    scale = 28 / (end - start)
    having, without = (
        expect_outcomes(scene, rows[holds], window, waves, card=card)["sales"].sum(axis=1) for card in (True, False)
    )
    paid = realise(scene, rows, window, waves)["sales"].sum(axis=1)
    gap = paid[holds].mean() - paid[~holds].mean() if holds.any() and not holds.all() else np.nan
    effect, base = ((having - without).mean(), without.mean()) if holds.any() else (np.nan, np.nan)
    found = CardTruth(
        float(effect * scale),
        float(base * scale),
        float(gap * scale),
        int(holds.sum()),
        int((~holds).sum()),
        end - start,
    )
    return found if trial is None else replace(found, **_trial_effects(scene, end, waves, months))


def _trial_effects(scene: Scene, end: int, waves: tuple[Contacts, ...], months: int) -> dict[str, Any]:
    """Simulate everybody invited and nobody invited, with the same luck."""
    launch = scene.calendar.month_start(scene.parameters.card.month)
    horizon = scene.calendar.month_start(months)
    rows = np.flatnonzero((scene.people.entry <= launch) & (scene.people.leave > launch))
    worlds = [
        replace(
            scene,
            people=draw_population(
                len(scene.people), scene.parameters, scene.seed, scene.shelves, scene.calendar, horizon, share
            ),
        )
        for share in (1.0, 0.0)
    ]
    sales = [realise(s, rows, (("main", launch, end),), waves)["sales"].sum(axis=1) for s in worlds]
    complies = (worlds[0].people.card[rows] < end) & ~(worlds[1].people.card[rows] < end)
    gain = sales[0] - sales[1]
    return {
        "invitation": float(gain.mean()),
        "complier": float(gain[complies].mean()),
        "compliers": float(complies.mean()),
    }
