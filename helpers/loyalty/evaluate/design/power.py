"""How many must be left out, and what will be seen then: power, size and smallest effect, in customers and in money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import optimize

from loyalty.charts import CONTROL, HIGHLIGHT, TREATED, headline
from loyalty.evaluate.design.aa_test import AATest, count_looks, repeat_tests
from loyalty.evaluate.design.variance import Noise, describe_noise, find_chance, find_smallest
from loyalty.stats.estimate import render_html
from loyalty.tables.check import TableError
from loyalty.text import say_money, shorten


@dataclass(frozen=True)
class Power:
    """A planned test: what it can see, in the outcome's unit and in money; made by `find_detectable` and its sisters.

    `effect` is per customer assigned, `power` the chance to see it, `control` the share of all (`size`) left out.
    `worth` is what one unit of the outcome earns, `cost` what one treated customer costs.
    """

    effect: float
    power: float
    size: float
    control: float
    noise: Noise
    arms: int
    level: float
    worth: float
    cost: float
    warnings: tuple[str, ...]

    @property
    def n_control(self) -> float:
        """Customers left out; a fraction where the size was computed."""
        return self.size * self.control

    @property
    def n_treated(self) -> float:
        """Customers of one treated arm."""
        return self.size * (1 - self.control) / self.arms

    @property
    def break_even(self) -> float:
        """The effect that just pays its cost, in the unit of `effect`."""
        return self.cost / self.worth

    @property
    def proves_profit(self) -> float:
        """The true effect from which on the interval of the *profit* leaves out zero, with the same power."""
        return self.break_even + self.effect

    @property
    def profit(self) -> float:
        """What the effect leaves over all treated of the arm, after costs, in money."""
        return (self.effect * self.worth - self.cost) * self.n_treated

    @property
    def sees_break_even(self) -> bool:
        """Whether an effect that just pays would be told from nothing."""
        return self.effect <= self.break_even

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        names = "effect power size control n_treated n_control break_even proves_profit profit"
        row = {name: getattr(self, name) for name in names.split()} | {"base": self.noise.base, "sd": self.noise.sd}
        row["relative"] = self.noise.relate(self.effect)
        return pd.DataFrame([row | {"level": self.level, "warnings": "; ".join(self.warnings)}])

    def curve(self, shares: Sequence[float] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)) -> pd.DataFrame:
        """The smallest effect seen with this power at other control shares, and what it leaves over all the treated."""
        frame = pd.DataFrame({"control": list(shares)}).assign(n_control=self.size * np.array(shares))
        treated = self.size * (1 - frame["control"]) / self.arms
        sizes = zip(treated, frame["n_control"], strict=True)
        frame["effect"] = [find_smallest(self.noise, self.power, n, m, self.level) for n, m in sizes]
        frame["relative"] = self.noise.relate(frame["effect"])
        frame["profit"] = (frame["effect"] * self.worth - self.cost) * treated
        return frame.assign(sees_break_even=frame["effect"] <= self.break_even)

    def simulate(self, *, runs: int = 1000, seed: int = 0) -> AATest:
        """Draw the test again and again from the history, with the effect put in: the share of runs that see it.

        Uses the intervals that the measurement will use; needs a plan made from a history.
        """
        if self.noise.values is None:
            raise TableError(["there is no history to draw from: plan with `history=`"], "the plan")
        sizes = round(self.n_treated), round(self.n_control)
        return repeat_tests(self.noise, sizes, self.effect, level=self.level, runs=runs, seed=seed, expected=self.power)

    def sentence(self, unit: str = "") -> str:
        """What the plan can see, in one sentence; `unit` is the currency."""
        text = f"With {self.control:.0%} of {self.size:,.0f} customers left out ({self.n_control:,.0f}), "
        if np.isnan(self.effect):
            return f"{text}no possible effect is seen in {self.power:.0%} of waves: the groups are too small."
        relative = self.noise.relate(self.effect)
        text += f"an effect of {self._say(self.effect, unit)} a customer"
        text += f" ({relative:.1%} of the base)" if np.isfinite(relative) else ""
        text += f" is seen in {self.power:.0%} of waves; over all the treated it leaves "
        text += say_money(self.profit, unit) + (" after costs" if self.cost else "")
        verdict = "would be seen too" if self.sees_break_even else "is smaller, and would be missed more often"
        return text + "." + f" The break-even of {self._say(self.break_even, unit)} {verdict}." * (self.cost > 0)

    def plot(self, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw the smallest effect seen over the control share; on the right what it would earn over all customers."""
        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        curve = self.curve(np.unique([*np.geomspace(0.01, 0.5, 30), self.control]))
        ax.plot(curve["control"], curve["effect"], color=TREATED, linewidth=2.5)
        style = {"textcoords": "offset points", "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}}
        title = f"Leaving out {self.control:.0%} shows no possible effect"
        if np.isfinite(self.effect):
            size = self._say(self.effect, unit)
            place = (self.control, self.effect)
            title = f"Leaving out {self.control:.0%} shows an effect of {size} a customer"
            ax.plot(*place, "o", color=CONTROL, markersize=10, zorder=4)
            ax.annotate(f"{self.control:.0%} left out: {size}", place, (10, 8), fontweight="bold", **style)
        if self.cost:
            ax.axhline(self.break_even, color=HIGHLIGHT, linestyle="--")
            where = ((0, self.break_even), (6, -5 if self.sees_break_even else 5))
            said = f"break-even {self._say(self.break_even, unit)}"
            ax.annotate(said, *where, xycoords=("axes fraction", "data"), color=HIGHLIGHT, va="center", **style)
            title = f"Leaving out {self.control:.0%} {'shows' if self.sees_break_even else 'misses'} the break-even"
        ax.set(xscale="log", xlabel=f"share of {self.size:,.0f} customers left out")
        ax.set_ylim(0, 1.08 * np.nanmax([*curve["effect"], self.break_even]))
        ax.set_xticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5], "1% 2% 5% 10% 20% 50%".split())
        ax.minorticks_off()
        rate = self.noise.kind == "rate"
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}" if rate else f"{unit}{value:g}")
        scale = self.worth * self.size
        right = ax.secondary_yaxis("right", functions=(lambda effect: effect * scale, lambda money: money / scale))
        right.yaxis.set_major_formatter(lambda value, _: unit + shorten(round(value)))
        right.set_ylabel("before costs, if all customers had it")
        headline(ax, title, f"smallest effect per customer that is seen in {self.power:.0%} of waves", source)
        return ax

    def _say(self, effect: float, unit: str) -> str:
        return f"{effect:.2%}" if self.noise.kind == "rate" else say_money(effect, unit, 2)

    def _repr_html_(self) -> str:
        return render_html(self.to_frame().drop(columns="warnings"), "The planned test", self.warnings)


def find_power(history: Sequence[float] | None = None, *, size: float, effect: float, **options: Any) -> Power:
    """The chance that a test of this size sees a given effect.

    Not after the campaign: with the effect that was measured, it only repeats the p-value.

    Parameters
    ----------
    size : float
        All customers, control included.
    effect : float
        Per customer assigned, in the outcome's unit: money, or a fraction for rates.
    history, **options
        As in `find_detectable`.

    Returns
    -------
    Power

    Raises
    ------
    TableError
        With all problems of the numbers.

    Examples
    --------
    >>> round(find_power(sd=1.0, size=200, effect=0.4, control=0.5).power, 3)
    0.804
    """
    return _plan(history, size=size, effect=effect, **options)


def find_size(history: Sequence[float] | None = None, *, effect: float, power: float = 0.8, **options: Any) -> Power:
    """How many customers, control included, a test needs to see a given effect.

    Parameters
    ----------
    effect : float
        Per customer assigned, in the outcome's unit.
    power : float
        The chance to see it, a fraction.
    history, **options
        As in `find_detectable`.

    Returns
    -------
    Power
        `size`, `n_treated` and `n_control` are not rounded; round up.

    Raises
    ------
    TableError
        With all problems of the numbers.

    Examples
    --------
    >>> round(find_size(sd=1.0, effect=0.5, control=0.5).n_control, 2)
    63.77
    """
    return _plan(history, effect=effect, power=power, **options)


def find_detectable(
    history: Sequence[float] | None = None, *, size: float, power: float = 0.8, **options: Any
) -> Power:
    """The smallest effect that a test of this size sees, and what it is worth.

    Not a forecast: the campaign may do less or more. A smaller effect is seen too, only less often; with a power of .8
    one of 70 % of this size is seen every second time.

    Parameters
    ----------
    history : sequence of float, optional
        One value for each earlier customer, over a window as long as the campaign's. Mean, spread, zeros and tail come
        from it. Without it give `rate`, or `sd` and `mean`.
    size : float
        All customers, control included.
    power : float
        The chance to see the effect, a fraction.
    **options
        `control` (share left out of all, .05), `arms` (treated arms that share the rest equally; each is compared with
        the control at (1 - level) / arms), `level` (of the interval, .95), `looks` (how often the result is looked
        at, 1), `worth` (money that one unit of the outcome earns, 1: margin rate for sales, margin of a response for
        rates), `cost` (money per treated customer, 0), and `rate`, `mean`, `sd`, `per`, `growth`, `saving`,
        `approximation` as in `loyalty.evaluate.design.variance.describe_noise`.

    Returns
    -------
    Power
        Warns of a heavy tail, of too few buyers, and of looking more than once.

    Raises
    ------
    TableError
        With all problems of the numbers.

    Examples
    --------
    >>> plan = find_detectable(sd=40.0, mean=25.0, size=20_000, control=0.05, worth=0.3, cost=0.5)
    >>> round(plan.effect, 2), round(plan.break_even, 2), plan.sees_break_even
    (3.64, 1.67, False)
    """
    return _plan(history, size=size, power=power, **options)


def _plan(
    history: Sequence[float] | None,
    *,
    size: float | None = None,
    effect: float | None = None,
    power: float | None = None,
    control: float = 0.05,
    arms: int = 1,
    level: float = 0.95,
    looks: int = 1,
    worth: float = 1.0,
    cost: float = 0.0,
    **outcome: Any,
) -> Power:
    """Check the numbers, and find the one of size, effect and power that is not given."""
    parts = np.array([(1 - control) / arms if arms else 0.0, control])  # of all customers, in each of the two groups
    shares = {"control": control, "level": level, "power": 0.8 if power is None else power}
    checks = {f"`{k}` should lie between 0 and 1, found {v}": not 0 < v < 1 for k, v in shares.items()}
    whole = {"arms": arms, "looks": looks}
    checks |= {f"`{k}` should be a whole number from 1, found {v}": v < 1 or v % 1 for k, v in whole.items()}
    checks[f"`worth` should be above zero, found {worth}"] = not worth > 0
    checks[f"`cost` should not be negative, found {cost}"] = not cost >= 0
    checks["`effect` should be a number other than zero"] = effect is not None and not abs(effect) > 0
    small = size is not None and not size * parts.min() >= 2
    checks[f"`size` of {size} leaves a group with fewer than two customers"] = small
    wrong = [text for text, bad in checks.items() if bad]
    noise = None
    each = 1 - (1 - level) / max(arms, 1)
    try:
        noise = describe_noise(history, **outcome)
    except TableError as error:
        wrong += error.problems
    if noise and effect is not None and (effect > noise.most or (noise.growth != "shift" and effect < -noise.base)):
        wrong.append(f"an effect of {effect:g} is not possible where the mean is {noise.base:.4g}")
    if wrong:
        raise TableError(wrong, "the plan")
    if size is None:

        def miss(log: float) -> float:
            return find_chance(noise, effect, *np.exp(log) * parts, each) - power

        low, high = np.log(2.01 / parts.min()), 30.0
        if not miss(low) < 0 < miss(high):
            raise TableError([f"every size from {np.exp(low):,.0f} on sees this effect, or none does"], "the plan")
        size = float(np.exp(optimize.brentq(miss, low, high, xtol=1e-12)))
    n, m = size * parts
    effect = find_smallest(noise, power, n, m, each) if effect is None else effect
    power = find_chance(noise, effect, n, m, each) if power is None else power
    skewness = abs(noise.skewness * (1 / n**2 - 1 / m**2) / (1 / n + 1 / m) ** 1.5) if noise.kind != "rate" else 0.0
    buyers = noise.nonzero * min(n, m)
    notes = {
        f"heavy tail: the difference has skewness {skewness:.2f}, above .2; leave more customers out": skewness > 0.2,
        f"only {buyers:.0f} buyers are expected in the smaller group, fewer than 20": buyers < 20,
        "no possible effect is seen with this power: the groups are too small": np.isnan(effect),
    }
    alarms = count_looks(looks, level=each) if looks > 1 else 0.0
    notes[f"peeking: {looks} looks raise the false alarms from {1 - each:.0%} to {alarms:.0%}"] = looks > 1
    told = tuple(text for text, told in notes.items() if told)
    return Power(effect, power, size, control, noise, arms, each, worth, cost, told)
