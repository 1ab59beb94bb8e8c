"""The truth of a world: what no chain ever knows. Estimate first, then look."""

from loyalty.world.truth.truth import Truth

__all__ = ["Truth"]
