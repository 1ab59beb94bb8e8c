"""Power analysis: minimum detectable effect, power and sample size of a test, in customers and in money."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy import optimize, stats

from loyalty.charts import CONTROL, HIGHLIGHT, TREATED, headline
from loyalty.evaluate.design.aa_test import AATest, count_looks, repeat_tests
from loyalty.evaluate.design.noise import Noise, describe_noise
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import LEAST_FILLED, MOST_SKEWNESS, is_small, tilt_of_gap
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import say_money, shorten


@dataclass(frozen=True)
class Power:
    """A planned test and its minimum detectable effect; made by `find_detectable`, `find_power` and `find_size`.

    Attributes
    ----------
    effect : float
        Per customer assigned, in the outcome's unit; NaN where no possible effect is seen.
    power : float
        The chance to see it, a fraction.
    size : float
        All customers, control included.
    control : float
        Share of them left out.
    noise : Noise
        Mean, spread and tail of the outcome.
    arms : int
        Treated arms, which share the rest equally.
    level : float
        Of the interval of each arm, a fraction.
    worth, cost : float
        Money that one unit of the outcome earns, and that one treated customer costs.
    warnings : tuple of str
        Reasons not to trust the plan.
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
        """The minimum detectable effect of the profit: its interval then leaves out zero, with the same power."""
        return self.break_even + self.effect

    @property
    def power_of_baskets(self) -> float:
        """The power that is left if the effect comes from bigger baskets, not from more buyers as assumed.

        Bigger baskets make the treated vary more than more buyers do. NaN where growth by buyers was not assumed, and
        for rates.
        """
        if self.noise.kind != "mean" or self.noise.growth != "buyers" or np.isnan(self.effect):
            return float("nan")
        noise = replace(self.noise, growth="scale")
        return find_chance(noise, self.effect, self.n_treated, self.n_control, self.level)

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
        names = "effect power power_of_baskets size control n_treated n_control break_even proves_profit profit"
        row = {name: getattr(self, name) for name in names.split()}
        row["base"] = self.noise.base
        row["sd"] = self.noise.sd
        row["relative"] = self.noise.relate(self.effect)
        row["level"] = self.level
        row["warnings"] = "; ".join(self.warnings)
        return pd.DataFrame([row])

    def curve(self, shares: Sequence[float] | np.ndarray = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)) -> pd.DataFrame:
        """The minimum detectable effect at other control shares, and what it leaves over all the treated."""
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
            return f"{text}no possible effect is seen in {self.power:.0%} of tests: the groups are too small."
        relative = self.noise.relate(self.effect)
        text += f"an effect of {self._say(self.effect, unit)} a customer"
        if np.isfinite(relative):
            text += f" ({relative:.1%} of the base)"
        kind = "profit" if self.profit >= 0 else "loss"
        text += (
            f" is seen in {self.power:.0%} of tests; it would mean a {kind} of {say_money(abs(self.profit), unit)} in "
        )
        text += "all, after costs." if self.cost else "all."
        if np.isfinite(self.power_of_baskets):
            text += f" If people buy more per visit instead, it is seen in {self.power_of_baskets:.0%} of tests."
        if self.cost > 0:
            verdict = "would be seen too" if self.sees_break_even else "is smaller, and would be missed more often"
            text += f" The break-even of {self._say(self.break_even, unit)} {verdict}."
        return text

    def plot(self, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw the minimum detectable effect over the control share; on the right what it earns over all customers."""
        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        curve = self.curve(np.unique([*np.geomspace(0.01, 0.5, 30), self.control]))
        ax.plot(curve["control"], curve["effect"], color=TREATED, linewidth=2.5)
        style: dict[str, Any] = {
            "textcoords": "offset points",
            "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1},
        }
        left_out = f"Leaving out {self.control:.0%}"
        title = f"{left_out} shows no possible effect"
        if np.isfinite(self.effect):
            size = self._say(self.effect, unit)
            place = (self.control, self.effect)
            title = f"{left_out} shows an effect of {size} a customer"
            ax.plot(*place, "o", color=CONTROL, markersize=10, zorder=4)
            ax.annotate(f"{self.control:.0%} left out: {size}", place, (10, 8), fontweight="bold", **style)
        if self.cost:
            ax.axhline(self.break_even, color=HIGHLIGHT, linestyle="--")
            ax.annotate(
                f"break-even {self._say(self.break_even, unit)}",
                (0, self.break_even),
                (6, -5 if self.sees_break_even else 5),  # on the side of the line where the marked effect is not
                xycoords=("axes fraction", "data"),
                color=HIGHLIGHT,
                va="center",
                **style,
            )
            title = f"{left_out} {'shows' if self.sees_break_even else 'misses'} the break-even"
        ax.set(xscale="log", xlabel=f"share of {self.size:,.0f} customers left out")
        ax.set_ylim(0, 1.08 * np.nanmax([*curve["effect"], self.break_even]))
        ax.set_xticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5], "1% 2% 5% 10% 20% 50%".split())
        ax.minorticks_off()
        self._draw_money_axis(ax, unit)
        headline(ax, title, f"smallest effect per customer that is seen in {self.power:.0%} of tests", source)
        return ax

    def _draw_money_axis(self, ax: Axes, unit: str) -> None:
        """Write effects on the left axis, and on the right what they earn over all customers."""
        rate = self.noise.kind == "rate"
        scale = self.worth * self.size

        def earn(effect: Any) -> Any:
            return effect * scale

        def relate(money: Any) -> Any:
            return money / scale

        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}" if rate else f"{unit}{value:g}")
        right = ax.secondary_yaxis("right", functions=(earn, relate))
        right.yaxis.set_major_formatter(lambda value, _: unit + shorten(round(value)))
        right.set_ylabel("before costs, if all customers had it")

    def _say(self, effect: float, unit: str) -> str:
        return f"{effect:.2%}" if self.noise.kind == "rate" else say_money(effect, unit, 2)

    def _repr_html_(self) -> str:
        return render_html(self.to_frame().drop(columns="warnings"), "The planned test", self.warnings)


@check_arguments
def find_power(
    history: ArrayLike | None = None,
    *,
    size: float,
    effect: float,
    control: float = 0.05,
    arms: int = 1,
    level: float = 0.95,
    looks: int = 1,
    worth: float = 1.0,
    cost: float = 0.0,
    rate: float | None = None,
    mean: float = float("nan"),
    sd: float | None = None,
    per: Sequence[float] | None = None,
    growth: str | None = None,
    saving: float = 0.0,
    approximation: str = "score",
) -> Power:
    """The power of a test: the chance that a test of this size sees a given effect.

    Not after the campaign: with the effect that was measured, it only repeats the p-value.

    Parameters
    ----------
    size : float
        All customers, control included.
    effect : float
        Per customer assigned, in the outcome's unit: money, or a fraction for rates.
    history, control, arms, level, looks, worth, cost, rate, mean, sd, per, growth, saving, approximation
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
    test = _Test(control, arms, level, looks, worth, cost)
    wrong = test.find_wrong() + _find_wrong_effect(effect) + test.find_wrong_size(size)
    outcome = partial(
        describe_noise,
        history,
        rate=rate,
        mean=mean,
        sd=sd,
        per=per,
        growth=growth,
        saving=saving,
        approximation=approximation,
    )
    noise = _read_noise(outcome, wrong, effect)
    n, m = test.split(size)
    return test.report(noise, effect, find_chance(noise, effect, n, m, test.level_of_arm), size)


@check_arguments
def find_size(
    history: ArrayLike | None = None,
    *,
    effect: float,
    power: float = 0.8,
    control: float = 0.05,
    arms: int = 1,
    level: float = 0.95,
    looks: int = 1,
    worth: float = 1.0,
    cost: float = 0.0,
    rate: float | None = None,
    mean: float = float("nan"),
    sd: float | None = None,
    per: Sequence[float] | None = None,
    growth: str | None = None,
    saving: float = 0.0,
    approximation: str = "score",
) -> Power:
    """The sample size of a test: how many customers, control included, it needs to see a given effect.

    Parameters
    ----------
    effect : float
        Per customer assigned, in the outcome's unit.
    power : float
        The chance to see it, a fraction.
    history, control, arms, level, looks, worth, cost, rate, mean, sd, per, growth, saving, approximation
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
    test = _Test(control, arms, level, looks, worth, cost)
    wrong = test.find_wrong(power) + _find_wrong_effect(effect)
    outcome = partial(
        describe_noise,
        history,
        rate=rate,
        mean=mean,
        sd=sd,
        per=per,
        growth=growth,
        saving=saving,
        approximation=approximation,
    )
    noise = _read_noise(outcome, wrong, effect)
    return test.report(noise, effect, power, _find_least_size(test, noise, effect, power))


@check_arguments
def find_detectable(
    history: ArrayLike | None = None,
    *,
    size: float,
    power: float = 0.8,
    control: float = 0.05,
    arms: int = 1,
    level: float = 0.95,
    looks: int = 1,
    worth: float = 1.0,
    cost: float = 0.0,
    rate: float | None = None,
    mean: float = float("nan"),
    sd: float | None = None,
    per: Sequence[float] | None = None,
    growth: str | None = None,
    saving: float = 0.0,
    approximation: str = "score",
) -> Power:
    """The minimum detectable effect (MDE): the smallest that a test of this size sees, and what it is worth.

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
    control : float
        Share left out of all.
    arms : int
        Treated arms that share the rest equally; each is compared with the control at (1 - level) / arms.
    level : float
        Of the interval, a fraction.
    looks : int
        How often the result is looked at; more than once is warned of.
    worth : float
        Money that one unit of the outcome earns: margin rate for sales, margin of a response for rates.
    cost : float
        Money per treated customer.
    rate, mean, sd, per, growth, saving, approximation
        The outcome, as in `loyalty.evaluate.design.noise.describe_noise`.

    Returns
    -------
    Power
        Warns of a heavy tail, of too few buyers, and of looking more than once. Where an effect is assumed to come from
        more buyers, `power_of_baskets` is the power that is left if baskets grow instead.

    Raises
    ------
    TableError
        With all problems of the numbers.

    Examples
    --------
    >>> plan = find_detectable(sd=40.0, mean=25.0, size=20_000, control=0.05, worth=0.3, cost=0.5)
    >>> round(plan.effect, 2), round(plan.break_even, 2), plan.sees_break_even
    (3.66, 1.67, False)
    """
    test = _Test(control, arms, level, looks, worth, cost)
    wrong = test.find_wrong(power) + test.find_wrong_size(size)
    outcome = partial(
        describe_noise,
        history,
        rate=rate,
        mean=mean,
        sd=sd,
        per=per,
        growth=growth,
        saving=saving,
        approximation=approximation,
    )
    noise = _read_noise(outcome, wrong)
    n, m = test.split(size)
    return test.report(noise, find_smallest(noise, power, n, m, test.level_of_arm), power, size)


@dataclass(frozen=True)
class _Test:
    """The options of a test that do not depend on what is asked of it; as in `find_detectable`."""

    control: float
    arms: int
    level: float
    looks: int
    worth: float
    cost: float

    @property
    def level_of_arm(self) -> float:
        """The level of one arm's interval (Bonferroni)."""
        return 1 - (1 - self.level) / max(self.arms, 1)

    @property
    def parts(self) -> np.ndarray:
        """Of all customers, the share in one treated arm and in control."""
        return np.array([(1 - self.control) / self.arms if self.arms else 0.0, self.control])

    def split(self, size: float) -> tuple[float, float]:
        """Customers in one treated arm and in control."""
        n, m = size * self.parts
        return n, m

    def find_wrong(self, power: float = 0.8) -> list[str]:
        """What is wrong with the options, one sentence a problem."""
        shares = {"control": self.control, "level": self.level, "power": power}
        wrong = [f"`{k}` should lie between 0 and 1, found {v}" for k, v in shares.items() if not 0 < v < 1]
        for name, count in (("arms", self.arms), ("looks", self.looks)):
            if count < 1 or count % 1:
                wrong.append(f"`{name}` should be a whole number from 1, found {count}")
        if not self.worth > 0:
            wrong.append(f"`worth` should be above zero, found {self.worth}")
        if not self.cost >= 0:
            wrong.append(f"`cost` should not be negative, found {self.cost}")
        return wrong

    def find_wrong_size(self, size: float) -> list[str]:
        """Whether a size leaves too few customers in a group."""
        if size * self.parts.min() >= 2:
            return []
        return [f"`size` of {size} leaves a group with fewer than two customers"]

    def report(self, noise: Noise, effect: float, power: float, size: float) -> Power:
        """The finished plan with its warnings."""
        n, m = self.split(size)
        notes = []
        skewness = 0.0 if noise.kind == "rate" else abs(noise.skewness * tilt_of_gap(n, m))
        if skewness > MOST_SKEWNESS:
            notes.append(f"heavy tail: the difference has skewness {skewness:.2f}, above .2; leave more customers out")
        buyers = noise.nonzero * min(n, m)
        if buyers < LEAST_FILLED:
            notes.append(f"only {buyers:.0f} buyers are expected in the smaller group, fewer than 20")
        if np.isnan(effect):
            notes.append("no possible effect is seen with this power: the groups are too small")
        level = self.level_of_arm
        if self.looks > 1:
            alarms = count_looks(self.looks, level=level)
            price = f"{self.looks} looks raise the false alarms from {1 - level:.0%} to {alarms:.0%}"
            notes.append(f"peeking: {price}, unless they are planned (`plan_looks`)")
        return Power(effect, power, size, self.control, noise, self.arms, level, self.worth, self.cost, tuple(notes))


def _find_wrong_effect(effect: float) -> list[str]:
    return [] if abs(effect) > 0 else ["`effect` should be a number other than zero"]


def _read_noise(describe: Callable[[], Noise], wrong: list[str], effect: float | None = None) -> Noise:
    """Describe the outcome; raise with its problems and those found before, and if no customer can have the effect."""
    try:
        noise = describe()
    except TableError as error:
        raise TableError([*wrong, *error.problems], "the plan") from None
    if effect is not None and _is_impossible(effect, noise):
        wrong = [*wrong, f"an effect of {effect:g} is not possible where the mean is {noise.base:.4g}"]
    if wrong:
        raise TableError(wrong, "the plan")
    return noise


def _is_impossible(effect: float, noise: Noise) -> bool:
    """Whether an effect would need more buyers than customers, or less than nothing bought."""
    return effect > noise.most or (noise.growth != "shift" and effect < -noise.base)


def _find_least_size(test: _Test, noise: Noise, effect: float, power: float) -> float:
    """The size at which an effect is seen with the given power, not rounded."""

    def miss(log_size: float) -> float:
        n, m = np.exp(log_size) * test.parts
        return find_chance(noise, effect, n, m, test.level_of_arm) - power

    low = np.log(2.01 / test.parts.min())
    high = 30.0
    if not miss(low) < 0 < miss(high):
        raise TableError([f"every size from {np.exp(low):,.0f} on sees this effect, or none does"], "the plan")
    return float(np.exp(optimize.brentq(miss, low, high, xtol=1e-12)))


def find_chance(noise: Noise, effect: float, n: float, m: float, level: float) -> float:
    """The power: the chance that the interval of the difference of n treated and m control customers leaves out zero.

    Two standard errors matter: the one that the interval will use (pooled for rates; for a control under 20 % of all
    the larger of its own and the pooled variance, as it is expected), and the one that the difference has. With few
    controls and a larger spread among the treated, the first is larger, and that costs power.

    Parameters
    ----------
    noise : Noise
    effect : float
        The true effect, in the outcome's unit.
    n, m : float
        Customers in the treated arm and in control.
    level : float
        Of the interval, a fraction.

    Source: Fleiss, Levin and Paik (2003), Statistical methods for rates and proportions, chapter 4 (rates); Cohen
    (1988), Statistical power analysis for the behavioral sciences (arcsine, and t).
    """
    tail = 0.5 + level / 2
    rate = noise.kind == "rate"
    left = 1 - noise.saving
    if rate and noise.approximation == "arcsine":
        angles = np.arcsin(np.sqrt(np.clip([noise.base + effect, noise.base], 0, 1)))
        gap = 2 * (angles[0] - angles[1]) / np.sqrt(left * (1 / n + 1 / m))
        limit = stats.norm.ppf(tail)
        return float(stats.norm.sf(limit - gap) + stats.norm.cdf(-limit - gap))
    before = noise.sd**2
    after = noise.find_variance(effect)
    true = used = after / n + before / m
    df = n + m - 2
    if rate:
        both = noise.base + effect * n / (n + m)
        used = both * (1 - both) * (1 / n + 1 / m)
    elif is_small(n, m):
        pooled = (n * after + m * before) / (n + m)
        used = after / n + _expect_larger(before, pooled, noise.kurtosis, m) / m
        df = m - 1
    gap = effect / np.sqrt(true * left)
    stretch = np.sqrt(used / true)
    if rate:
        limit = stats.norm.ppf(tail) * stretch
        return float(stats.norm.sf(limit - gap) + stats.norm.cdf(-limit - gap))
    law = stats.nct(df, gap)
    limit = stats.t.ppf(tail, df) * stretch
    above = law.sf(limit)
    below = law.cdf(-limit)
    # scipy's noncentral t has no number for the far side of a large effect, where the chance is zero
    if gap >= 0:
        return float(above + np.nan_to_num(below))
    return float(below + np.nan_to_num(above))


def _expect_larger(own: float, pooled: float, kurtosis: float, m: float) -> float:
    """Expect the larger of a variance estimated from m controls, which is about normal, and of one that is known."""
    error = own * np.sqrt(max(kurtosis - 1, 0.0) / m)
    if error == 0:
        return max(own, pooled)
    gap = (own - pooled) / error
    return float(pooled + (own - pooled) * stats.norm.cdf(gap) + error * stats.norm.pdf(gap))


def find_smallest(noise: Noise, chance: float, n: float, m: float, level: float) -> float:
    """The minimum detectable effect: the smallest positive one seen with the given chance; NaN where none can be.

    Parameters are those of `find_chance`.
    """
    unit = noise.sd * np.sqrt(1 / n + 1 / m)
    most = min(noise.most * (1 - 1e-9), 64 * unit)
    if find_chance(noise, most, n, m, level) < chance:
        return float("nan")
    return float(optimize.brentq(lambda e: find_chance(noise, e, n, m, level) - chance, 1e-9 * unit, most, xtol=1e-12))
