"""The next offer (lesson 44): timed rules (association rules, cross-sell) and what is due for a refill.

- `mine_rules`: who bought X buys Y some months later: support, confidence, lift with intervals; held against chance,
  against the taste of the same people, corrected for all pairs. `TimedRules.prove` proves them on later days,
  `TimedRules.split` says for whom they hold.
- `list_refills`: who runs out of what, from each customer's own rhythm; open gaps are censored, not left out.
"""

from loyalty.learn.offers.refills import Refills, list_refills
from loyalty.learn.offers.rules import TimedRules, mine_rules

__all__ = ["Refills", "TimedRules", "list_refills", "mine_rules"]
