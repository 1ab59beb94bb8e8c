"""Corrections for several comparisons: Holm's family-wise error rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def correct_for_many(p: Sequence[float]) -> np.ndarray:
    """Holm's correction of several p-values, in their order; an empty list stays empty."""
    values = np.asarray(p, float)
    order = np.argsort(values)
    raised = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1)
    return raised[np.argsort(order)]
