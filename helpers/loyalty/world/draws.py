"""Chance: every random number is a hash of (seed, purpose, customer, step), so nobody's luck depends on anybody else's.

One customer more leaves all others as they were, and a customer's life with and without an offer uses the same numbers.

Source: the output function of SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014. No library's random stream is used, because none promises to stay the same across versions.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from scipy import special

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)


# What a random number decides. New purposes go to the end of the row, so that old worlds stay as they were.
Purpose = IntEnum(
    "Purpose",
    "PRODUCT STORE TYPE RATE ENTRY LEAVE TASTE PERSON DRIFT CARD VISIT BASKET LINE PIECES MOMENT NEED OFFER CONTACT "
    "EXTRA POINTS INVITATION HABIT WINTER MOOD EXPORT IDENTITY RECORD BROWSE",
)


def key(seed: int, purpose: IntEnum, who: np.ndarray) -> np.ndarray:
    """Make one 64-bit key a customer (or product, or store) for one purpose."""
    start = _mix(_mix(np.array([seed], np.uint64)) + np.array([purpose], np.uint64) * _STEP)
    return _mix(start + np.asarray(who).astype(np.uint64) * _STEP)


def bits(keys: np.ndarray, step: np.ndarray | np.integer | int = 0) -> np.ndarray:
    """Draw 64 random bits for each key at a step; keys and steps broadcast."""
    place = (np.atleast_1d(np.asarray(step)).astype(np.uint64) + np.uint64(1)) * _STEP
    return _mix(keys + place)


def uniform(keys: np.ndarray, step: np.ndarray | int = 0) -> np.ndarray:
    """Draw numbers strictly between 0 and 1, for each key at a step.

    Examples
    --------
    >>> three = uniform(key(7, Purpose.VISIT, np.array([1, 2, 3])), 0)
    >>> four = uniform(key(7, Purpose.VISIT, np.array([1, 2, 3, 4])), 0)
    >>> bool((three == four[:3]).all())
    True
    """
    z = bits(keys, step)
    z >>= np.uint64(12)
    u = z.astype(np.float64)
    u += 0.5
    u *= 2.0**-52
    return u


def person(seed: int, purpose: Purpose, who: np.ndarray, step: int = 0) -> np.ndarray:
    """Draw one uniform a customer."""
    return uniform(key(seed, purpose, who), step)


def normal(u: np.ndarray) -> np.ndarray:
    """Turn uniforms into standard normal numbers."""
    return special.ndtri(u)


def gamma(u: np.ndarray, shape: np.ndarray | float) -> np.ndarray:
    """Turn uniforms into gamma numbers of mean one."""
    return special.gammaincinv(shape, u) / shape


def exponential(u: np.ndarray) -> np.ndarray:
    """Turn uniforms into exponential numbers of mean one."""
    return -np.log(u)


def geometric(u: np.ndarray, mean: np.ndarray | float, most: int) -> np.ndarray:
    """Turn uniforms into whole numbers 1, 2, … with the given mean, cut off at `most`."""
    more = np.maximum(np.asarray(mean, float) - 1, 1e-9)
    extra = np.log(u) / np.log(more / (1 + more))
    return 1 + np.minimum(extra, most - 1).astype(np.int64)


def mean_geometric(mean: np.ndarray | float, most: int) -> np.ndarray:
    """Give the exact mean of `geometric`, which the cut-off makes a little smaller than asked."""
    more = np.maximum(np.asarray(mean, float) - 1, 1e-9)
    return 1 + more * (1 - (more / (1 + more)) ** (most - 1))


def choose(u: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Turn uniforms into the numbers of the cells of a list of shares."""
    edges = np.cumsum(np.asarray(shares, float))
    return np.minimum(np.searchsorted(edges / edges[-1], u, side="right"), len(edges) - 1)


def _mix(z: np.ndarray) -> np.ndarray:
    z ^= z >> np.uint64(30)
    z *= _MIX_A
    z ^= z >> np.uint64(27)
    z *= _MIX_B
    z ^= z >> np.uint64(31)
    return z
