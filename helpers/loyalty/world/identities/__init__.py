"""Who is who: cards, accounts and apps of the same people, as each source wrote them down, and the truth behind them.

rules (every share), names (lists of invented names), people (who they are: households, names, addresses), typed (how
a clerk or a customer writes it), sources (the tables), histories (which card paid, who looked at what online),
identities (all of it).
"""

from loyalty.world.identities.identities import Identities, make_identities
from loyalty.world.identities.rules import IdentityRules

__all__ = ["Identities", "IdentityRules", "make_identities"]
