"""Series and lines that the tests of demand share."""

import numpy as np
import pandas as pd
import pytest

from loyalty.world import World

# Quarterly beer production in Australia, megalitres, 1992 to the second quarter of 2010 (Hyndman and Athanasopoulos,
# "Forecasting: Principles and Practice", 2nd edition, section 3.4, where the errors below are printed)
BEER = """443 410 420 532 433 421 410 512 449 381 423 531 426 408 416 520 409 398 398 507 432 398 406 526 428 397 403
517 435 383 424 521 421 402 414 500 451 380 416 492 428 408 406 506 435 380 421 490 435 390 412 454 416 403 408 482 438
386 405 491 427 383 394 473 420 390 410 488 415 398 419 488 414 374"""


@pytest.fixture(scope="session")
def beer():
    return np.array(BEER.split(), float)


@pytest.fixture(scope="session")
def chain():
    return World(400, 26, seed=5)


def make_weeks(years=3, level=200.0, spread=0.0, seed=0, name="tea"):
    """Weeks with a wave of the year, and Poisson luck if `spread` is 1."""
    index = pd.date_range("2023-01-02", periods=52 * years, freq="7D", unit="us")
    wave = level * (1 + 0.4 * np.cos(2 * np.pi * np.arange(len(index)) * 7 / 365.25))
    luck = np.random.default_rng(seed).poisson(wave) if spread else wave
    return pd.Series(luck.astype(float), index, name=name)
