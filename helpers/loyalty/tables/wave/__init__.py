"""The one door through which contacts and outcomes are joined, for every function of evaluate and learn.

- `open_assigned` for measuring: one wave, read, checked and joined once; what comes out is trusted.
- `open_waves` for the history, which keeps several waves at once, the universal control with them.
- `read_loosely` and `match_loosely` for the clinic, which looks for the very faults that the others refuse.
"""

from loyalty.tables.wave.assigned import Assigned, open_assigned
from loyalty.tables.wave.loose import LooseWave, match_loosely, read_loosely
from loyalty.tables.wave.several import JoinedWaves, open_waves

__all__ = [
    "Assigned",
    "open_assigned",
    "LooseWave",
    "match_loosely",
    "read_loosely",
    "JoinedWaves",
    "open_waves",
]
