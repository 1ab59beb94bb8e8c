"""When the warning of a heavy tail is left out of a report: where `certify` has shown that the interval holds."""

from __future__ import annotations

from typing import Any, NamedTuple

HEAVY = "heavy tail:"  # begins the warning of `compare_moments`

FEW_LARGE = "a few customers with very large purchases weigh much in this result, so its interval may be too narrow"


class Tail(NamedTuple):
    """A cell of docs/tables/certify.md that warns of a heavy tail and holds; skewness is the median of its draws."""

    treated: int
    control: int
    metric: str
    skewness: float


# Means with the larger variance; larger groups with the same tail are closer to normal
CERTIFIED = (Tail(1_900, 100, "sales a customer, 9 % buy", 0.69),)


# A warning of the package -> the same for a reader who knows no statistics
SAID = {
    "fewer than 20 customers with a value other than zero in one group": "in one group fewer than 20 customers bought, "
    "so the interval may be wrong"
}


def is_certified(estimate: Any) -> bool:
    """Whether a committed cell holds that is as skewed as this comparison of means, and no larger.

    Not for Welch's interval, ratios and strata: no cell of those warns and holds with one skewness for all.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> details = {"careful": 1.0, "skewness": -0.21}
    >>> is_certified(SimpleNamespace(n_treated=12_000, n_control=1_000, details=details))
    True
    """
    if not estimate.details.get("careful") or "strata" in estimate.details:
        return False
    skewness = abs(estimate.details.get("skewness", float("inf")))
    return any(
        estimate.n_treated >= cell.treated and estimate.n_control >= cell.control and skewness <= cell.skewness
        for cell in CERTIFIED
    )


def keep_warnings(warnings: tuple[str, ...], estimate: Any) -> list[str]:
    """The warnings that a report shows; the result keeps all of them."""
    kept = [text for text in warnings if not (text.startswith(HEAVY) and is_certified(estimate))]
    return [SAID.get(text, text) for text in kept]


def say_plainly(warning: str) -> str:
    """A warning for the first screen: a heavy tail in plain words, all else as it is."""
    return FEW_LARGE if warning.startswith(HEAVY) else warning
