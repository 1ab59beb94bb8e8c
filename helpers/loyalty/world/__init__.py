"""A loyalty programme whose truth is known: simulated customers, receipts, offers and waves.

Where things live: parameters (every number), presets and default.toml (types, offers, shelves); chain (stores,
products, communities, successions); seasons; people (types, rates, drop-out, tastes, who takes the card); visits (who
comes when); baskets (what is on a receipt); offers (pull, decay, pull-forward, fatigue); money (rewards, points,
outcomes); till (receipts as table and files); shelf (sold-out days and promotion weeks laid over receipts); plans and
program (World, run); card (its trial and its truth); truth, effects, futures, others, oracle and solver (what is
true); draws (chance).
"""

from loyalty.world.fields import WorldError
from loyalty.world.parameters import Parameters
from loyalty.world.plans import Wave
from loyalty.world.presets import PRESETS
from loyalty.world.program import World
from loyalty.world.shelf import ShelfRates, ShelfWeeks

__all__ = ["PRESETS", "Parameters", "ShelfRates", "ShelfWeeks", "Wave", "World", "WorldError"]
