"""Whether a difference of two rates is beyond a limit: the score test, corrected for the skewness of rare events."""

from __future__ import annotations

import numpy as np


def score_rates(successes: tuple[float, float], trials: tuple[int, int], limit: float) -> float:
    """Find how many standard errors a difference of rates lies above a limit; below it the number is negative.

    Newcombe's interval lets a rare harm through too often where the control is small: that its few customers did it
    more often by luck is likelier than that they did it less often. This number allows for that lopsidedness. Beyond
    1.96 on one side, the difference is surely on that side of the limit, by mistake in 2.5 of 100 cases.

    Parameters
    ----------
    successes, trials : two numbers each
        Customers who did it, and customers; the treated first.
    limit : float
        The difference that is tested, between -1 and 1 and not 0.

    Returns
    -------
    float
        NaN where the limit is no difference that two rates could have, or nothing could vary at the limit.

    Examples
    --------
    >>> round(score_rates((20, 3), (1_900, 100), 0.01), 2)
    -1.13

    Source: Farrington and Manning (1990), Statistics in Medicine 9, 1447-1454; the correction for skewness after Gart
    and Nam (1990), Biometrics 46, 637-643.
    """
    n, m = trials
    if not -1 < limit < 1:
        return np.nan
    treated = _fit_at(successes, trials, limit)
    rates = np.clip([treated, treated - limit], 0.0, 1.0)
    spreads = rates * (1 - rates)
    variance = float(spreads @ [1 / n, 1 / m])
    if variance <= 0:
        return np.nan
    third = float((spreads * (1 - 2 * rates)) @ [1 / n**2, -1 / m**2])
    z = (successes[0] / n - successes[1] / m - limit) / np.sqrt(variance)
    return float(z - third / variance**1.5 / 6 * (z**2 - 1))


def _fit_at(successes: tuple[float, float], trials: tuple[int, int], limit: float) -> float:
    """The likeliest rate of the treated, if the difference is the limit: the root of a cubic, in closed form."""
    ratio = trials[1] / trials[0]
    p = successes[0] / trials[0]
    q = successes[1] / trials[1]
    a = 1 + ratio
    b = -(1 + ratio + p + ratio * q + limit * (ratio + 2))
    c = limit**2 + limit * (2 * p + ratio + 1) + p + ratio * q
    d = -p * limit * (1 + limit)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = np.copysign(np.sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v)
    angle = 0.0 if u == 0 else np.arccos(np.clip(v / u**3, -1.0, 1.0))
    return float(2 * u * np.cos((np.pi + angle) / 3) - b / (3 * a))
