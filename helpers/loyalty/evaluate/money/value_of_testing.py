"""Decision analysis of a profit: chance of a loss, value of information of another test, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats as _scipy

from loyalty.stats.estimate import Estimate
from loyalty.tables.arguments import check_arguments


@dataclass(frozen=True)
class TestValue:
    """The value of information of another test, in money; made by `value_test`.

    Attributes
    ----------
    perfect : float
        Expected value of perfect information: the most that any knowledge is worth.
    sample : float
        Expected value of sample information: what another test of the same size is worth.
    cost : float
        What that test is expected to lose against acting now.
    size : int
        Its number of customers.
    """

    __test__ = False  # pytest takes every class called Test… for its own

    perfect: float
    sample: float
    cost: float
    size: int

    @property
    def worth_it(self) -> bool:
        """Whether another test brings more than it costs."""
        return self.sample > self.cost


def find_loss_chance(profit: Estimate) -> float:
    """Probability that profit is below zero, given these data and no earlier knowledge (flat prior).

    Not the p-value: that speaks of data as extreme if there were no effect.

    Examples
    --------
    >>> from loyalty.stats.intervals import make_estimate
    >>> gap = make_estimate(-1.0, 1.0, n_treated=9, n_control=9, method="", estimand="")
    >>> round(find_loss_chance(gap), 3)
    0.841

    Source: Gelman and others (2013), Bayesian Data Analysis, section 3.2.
    """
    if profit.se == 0:
        return float(profit.effect < 0)
    return float(_scipy.t.cdf(-profit.effect / profit.se, profit.details.get("df", np.inf)))


@check_arguments
def value_test(
    effect: float, se: float, rollout: float, n_treated: int, n_control: int, *, error: float | None = None
) -> TestValue:
    """The value of information of another test, before an offer goes to `rollout` customers or to nobody.

    Not where customers' response changes with time: the next test is taken to measure the same effect.

    Parameters
    ----------
    effect, se : float
        Profit per customer and its standard error; what is believed now is normal with these.
    rollout : float
        Customers who get the offer if it is sent.
    n_treated, n_control : int
        Size of the test, of the one that was and of the one that might be.
    error : float, optional
        Standard error of the test that might be, where it is another one; `se` if left out.

    Returns
    -------
    TestValue
        Of N customers, with s the error and L(u) = density(u) - u x P(Z > u): perfect N s L(|effect| / s); sample
        the same with s^2 / sqrt(s^2 + error^2), the spread of what will be believed afterwards (s / sqrt 2 where both
        errors are equal). Cost: if the offer earns, control goes
        without it; if it loses, the treated get it.

    Examples
    --------
    >>> found = value_test(0.0, 1.0, 1_000, 100, 100)
    >>> round(found.perfect), round(found.sample), found.cost
    (399, 282, 0.0)

    Source: Raiffa and Schlaifer (1961), Applied Statistical Decision Theory, chapter 5.
    """

    def loss(spread: float) -> float:
        """The unit normal loss, scaled: what acting on the likelier side loses per customer on average."""
        u = abs(effect) / spread if spread > 0 else np.inf
        if not np.isfinite(u):
            return 0.0
        return max(float(spread * (_scipy.norm.pdf(u) - u * _scipy.norm.sf(u))), 0.0)

    cost = n_control * effect if effect > 0 else n_treated * abs(effect)
    return TestValue(
        perfect=rollout * loss(se),
        sample=rollout * loss(_find_spread(se, se if error is None else error)),
        cost=float(cost),
        size=n_treated + n_control,
    )


def _find_spread(se: float, error: float) -> float:
    """Find the spread of what will be believed after a test with this error, by what is believed now."""
    if error == se:
        return float(se / np.sqrt(2))  # exactly, as for a test like the one that was
    return float(se**2 / np.hypot(se, error)) if se > 0 else 0.0


@check_arguments
def decide(profit: Estimate, test: TestValue) -> tuple[str, str]:
    """Say what the interval says (earned, lost, open), and what to do next.

    Examples
    --------
    >>> from loyalty.stats.intervals import make_estimate
    >>> gap = make_estimate(-1.0, 0.1, n_treated=9, n_control=9, method="", estimand="")
    >>> decide(gap, value_test(-1.0, 0.1, 100, 9, 9))
    ('lost', 'stop')
    """
    if profit.low > 0:
        return "earned", "send again"
    if profit.high < 0:
        return "lost", "stop"
    if test.worth_it:
        why = "because a wrong decision would probably cost more than the test"
        return "open", f"test once more with {test.size:,} customers, {why}"
    likely = "send again, because a profit is more likely than a loss"
    if profit.effect <= 0:
        likely = "stop, because a loss is more likely than a profit"
    return "open", f"{likely}, and a new test of {test.size:,} customers would cost more than it is worth"
