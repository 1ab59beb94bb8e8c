"""Policies for many waves: equal split, repeat the winner, epsilon-greedy, Thompson sampling; the best by the truth.

Each is a small frozen object. `choose(history, customers)` returns an arm for every customer and the probability of
every arm: multi-armed bandits in batches, with a holdout.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from loyalty.learn.policy.evidence import Evidence, Lot, add_up, find_noise, weigh_lot
from loyalty.learn.policy.rules import Choice, Rules, draw_arms, draw_luck, hold_back, lies_within, limit_chances
from loyalty.tables.check import TableError
from loyalty.tables.ids import write_id
from loyalty.tables.sources import collect, open_table

DRAWS = 2_000  # from the posterior: a chance of one half is then known to 1.1 points
PROFILE_DRAWS = 200  # for each customer by itself
FLAGS = ("holdout", "resting")  # of a log, where it has them
OF_LOG = ("wave", "customer_id", "segment", "arm", "profit")


@dataclass(frozen=True, eq=False)
class Past:
    """The log as policies read it: the lotteries so far, oldest first, and who had how many contacts lately."""

    lots: tuple[Lot, ...]
    segments: tuple[str, ...]
    contacts: tuple[tuple[int, np.ndarray], ...] = ()  # wave, ids that were sent something

    @property
    def next_wave(self) -> int:
        """The number of the wave that is decided now."""
        return max((wave for wave, _ in self.contacts), default=0) + 1

    @property
    def ages(self) -> dict[int, int]:
        """Waves since each wave, 1 for the last; waves are counted, whatever their numbers (202511, 202601)."""
        return {lot.wave: len(self.lots) - place for place, lot in enumerate(self.lots)}


@dataclass(frozen=True)
class Policy:
    """What all policies share; a new one fills in `want`.

    Parameters
    ----------
    rules : Rules
        Offers, holdout, floor, caps, budget and rest: they act on the chances before the draw.
    """

    rules: Rules

    def want(
        self, past: Past, people: pd.DataFrame, wave: int, seed: int, truth: Any = None
    ) -> tuple[np.ndarray, float]:
        """Chances before the rules, customers × arms, and the standard error of drawing them."""
        raise NotImplementedError

    def choose(self, history: Any, customers: Any, *, seed: int = 0, truth: Any = None) -> Choice:
        """Choose an arm for every customer of the next wave, and say by which chance.

        Parameters
        ----------
        history : table or None
            The log so far: wave, customer_id, segment (of that day), arm, profit (euros in the wave's window, contact
            cost taken off), and if there are any holdout and resting; for a policy on profiles also its columns.
        customers : table
            One row a customer: customer_id, segment, and what a profile policy asks for.
        seed : int
            Of the holdout and the lottery. The same seed in every wave keeps the same holdout; a log with another
            holdout is refused.
        truth : array, customers × offers, optional
            For `BestPolicy` alone.

        Returns
        -------
        Choice

        Raises
        ------
        TableError
            A column is missing or holds what it cannot, a customer stands twice, an arm of the log is unknown, its
            holdout is another one, or what the policy wants are no chances.

        Examples
        --------
        >>> people = pd.DataFrame({"customer_id": range(1, 1001), "segment": "all"})
        >>> choice = EqualSplit(Rules(("gift", "points"))).choose(None, people, seed=7)
        >>> choice.chances.sum(axis=1).round(9).unique().tolist()
        [1.0]
        """
        _require(isinstance(self.rules, Rules), f"rules should be `Rules(...)`, found {self.rules!r}")
        whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0
        _require(bool(whole), f"seed should be a whole number, 0 or more, found {seed!r}")
        people = _read_customers(customers, self.columns)
        history = None if history is None else collect(open_table(history))
        past = read_log(history, self.rules, self.columns)
        _check_holdout(history, self.rules, seed)
        return self.decide(past, people, seed, truth)

    def decide(self, past: Past, people: pd.DataFrame, seed: int, truth: Any = None) -> Choice:
        """Choose from a log that was read already; see `choose`."""
        wave = past.next_wave
        held = hold_back(people["customer_id"], self.rules, seed)
        resting = ~held & _find_resting(past, people["customer_id"].to_numpy(), self.rules)
        wanted, error = self.want(past, people, wave, seed, truth)
        _check_wanted(wanted, len(people), self.rules.arms, type(self).__name__)
        chances = limit_chances(wanted, self.rules, held | resting)
        place = draw_arms(chances, draw_luck(people["customer_id"], seed, wave))
        table = pd.DataFrame(
            {
                "customer_id": people["customer_id"],
                "arm": pd.array(self.rules.arms, dtype="str").take(place),
                "propensity": chances[np.arange(len(place)), place],
                "holdout": held,
                "resting": resting,
            }
        )
        return Choice(table, pd.DataFrame(chances, columns=list(self.rules.arms)), error)

    @property
    def columns(self) -> tuple[str, ...]:
        """Numeric columns of the profile that the policy looks at."""
        return ()


@dataclass(frozen=True)
class EqualSplit(Policy):
    """The same chance for every arm, for ever: learns most, earns the mean of all arms."""

    def want(
        self, past: Past, people: pd.DataFrame, wave: int, seed: int, truth: Any = None
    ) -> tuple[np.ndarray, float]:
        """The same chance for all."""
        arms = len(self.rules.arms)
        return np.full((len(people), arms), 1 / arms), 0.0


@dataclass(frozen=True)
class RepeatWinner(Policy):
    """Try all arms in the first waves, then send everybody what had the highest raw lift: the habit of most chains.

    Parameters
    ----------
    trial : int
        Waves of equal split before the winner is declared, for good.
    """

    trial: int = 1

    def __post_init__(self) -> None:
        _require(_is_count(self.trial), f"trial should be a whole number of waves, 1 or more, found {self.trial!r}")

    def want(
        self, past: Past, people: pd.DataFrame, wave: int, seed: int, truth: Any = None
    ) -> tuple[np.ndarray, float]:
        """All on the winner of the first waves."""
        arms = len(self.rules.arms)
        if len(past.lots) < self.trial:
            return np.full((len(people), arms), 1 / arms), 0.0
        lift = _pool(past.lots[: self.trial], arms - 1)
        return np.tile(np.eye(arms)[1 + int(np.argmax(lift))], (len(people), 1)), 0.0


@dataclass(frozen=True)
class EpsilonGreedy(Policy):
    """In each segment the arm with the highest raw lift so far, but with a chance `epsilon` any arm.

    Parameters
    ----------
    epsilon : float
        Share of chance that is spread over all arms for ever.

    Source: Sutton and Barto, Reinforcement Learning, 2nd ed. (2018), chapter 2.
    """

    epsilon: float = 0.2

    def __post_init__(self) -> None:
        _require(lies_within(self.epsilon, 0, 1), f"epsilon should be from 0 to 1, found {self.epsilon!r}")

    def want(
        self, past: Past, people: pd.DataFrame, wave: int, seed: int, truth: Any = None
    ) -> tuple[np.ndarray, float]:
        """The best so far of each segment, and a part for all."""
        arms = len(self.rules.arms)
        equal = np.full((len(people), arms), 1 / arms)
        if not past.lots:
            return equal, 0.0
        lift = weigh_segments(past, self.rules).estimate().reshape(arms - 1, -1)
        best = np.vstack([np.zeros(lift.shape[1]), lift]).argmax(axis=0)
        place = _place(past.segments, people["segment"])
        wanted = (1 - self.epsilon) * np.eye(arms)[best[place]] + self.epsilon * equal
        return np.where(place[:, None] >= 0, wanted, equal), 0.0


@dataclass(frozen=True)
class Thompson(Policy):
    """Thompson sampling on the lift in profit, by segment: each arm gets the probability that it is the best.

    Normal lifts with a normal prior; the arms of a wave share its control and are drawn jointly. Nothing is an arm
    too: its lift is 0. Not for outcomes so skewed that means of a segment are not near normal.

    Parameters
    ----------
    common, own : float
        Prior standard deviations, in euros a customer: of an offer's lift over all segments, and of how far a segment
        is from that. Segments lean on each other the more, the smaller `own`.
    forget : float
        What a wave's evidence is worth one wave later, from 0 to 1: 1 never forgets.
    window : int, optional
        Only the last so many waves count.
    level : tuple of str
        Numeric columns of customers and log that explain how much somebody buys anyway, such as the usual spend: they
        take noise away and change no lift.

    Source: Thompson, Biometrika 25 (1933), 285-294; Russo and others, "A tutorial on Thompson sampling", Foundations
    and Trends in Machine Learning 11 (2018).
    """

    common: float = 0.5
    own: float = 0.5
    forget: float = 1.0
    window: int | None = None
    level: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_belief(self)

    @property
    def columns(self) -> tuple[str, ...]:
        """What explains the level."""
        return tuple(self.level)

    def want(
        self, past: Past, people: pd.DataFrame, wave: int, seed: int, truth: Any = None
    ) -> tuple[np.ndarray, float]:
        """Shares of joint draws from the posterior in which an arm is the best."""
        arms = len(self.rules.arms)
        if not past.lots:
            return np.full((len(people), arms), 1 / arms), 0.0
        count = len(past.segments)
        prior = np.kron(np.eye(arms - 1), self.common**2 + self.own**2 * np.eye(count))
        found = weigh_segments(past, self.rules, forget=self.forget, window=self.window)
        mean, factor = found.update(prior)
        lifts = _draw_lifts(mean, factor, DRAWS, seed, wave).reshape(DRAWS, arms - 1, count)
        share = _count_best(lifts)
        place = _place(past.segments, people["segment"])
        known = place >= 0
        wanted = np.where(known[:, None], share[place], 1 / arms)
        return wanted, float(np.sqrt(share * (1 - share) / DRAWS).max())


@dataclass(frozen=True)
class ProfileThompson(Policy):
    """Thompson sampling on a linear model of the lift in the profile: a chance of its own for every customer.

    The lift of each offer is a straight line in the columns (brought to mean 0, deviation 1). Not for columns whose
    effect bends: give such columns in classes.

    Parameters
    ----------
    profile : tuple of str
        Numeric columns of customers and log.
    common, own : float
        Prior standard deviations of an offer's mean lift and of each slope, in euros a customer.
    forget, window
        As for `Thompson`.

    Source: Agrawal and Goyal, "Thompson sampling for contextual bandits with linear payoffs", ICML 2013.
    """

    profile: tuple[str, ...] = ()
    common: float = 0.5
    own: float = 0.3
    forget: float = 1.0
    window: int | None = None

    def __post_init__(self) -> None:
        _check_belief(self)

    @property
    def columns(self) -> tuple[str, ...]:
        """The profile."""
        return tuple(self.profile)

    def want(
        self, past: Past, people: pd.DataFrame, wave: int, seed: int, truth: Any = None
    ) -> tuple[np.ndarray, float]:
        """Shares of joint draws of the lines in which an arm is the best for this customer."""
        arms = len(self.rules.arms)
        if not past.lots:
            return np.full((len(people), arms), 1 / arms), 0.0
        middle = past.lots[0].profile.mean(axis=0)
        width = past.lots[0].profile.std(axis=0)
        width = np.where(width > 0, width, 1.0)

        def scale(profile: np.ndarray) -> np.ndarray:
            return np.hstack([np.ones((len(profile), 1)), (profile - middle) / width])

        ages = past.ages
        lots = past.lots if self.window is None else [lot for lot in past.lots if ages[lot.wave] <= self.window]
        noise = find_noise(lots, len(past.segments), arms)
        parts = []
        for lot in lots:
            x = scale(lot.profile)
            z = np.hstack([x, np.eye(len(past.segments))[lot.segment]])
            parts.append(weigh_lot(x, z, lot.arm, lot.profit, 1 / noise[lot.segment], arms - 1))
        size = len(middle) + 1
        found = add_up(parts, [self.forget ** (ages[lot.wave] - 1) for lot in lots], (arms - 1) * size)
        prior = np.kron(np.eye(arms - 1), np.diag([self.common**2, *[self.own**2] * (size - 1)]))
        mean, factor = found.update(prior)
        lines = _draw_lifts(mean, factor, PROFILE_DRAWS, seed, wave).reshape(-1, size)
        lifts = (lines @ scale(people[list(self.columns)].to_numpy(float)).T).reshape(PROFILE_DRAWS, arms - 1, -1)
        share = _count_best(lifts)
        return share, float(np.sqrt(share * (1 - share) / PROFILE_DRAWS).max())


@dataclass(frozen=True)
class BestPolicy(Policy):
    """The arm with the highest *true* expected profit, wave by wave: what regret is measured against. No chain has it.

    It looks one wave ahead: what a contact does to the gains of later waves (fatigue) it does not weigh.

    Parameters
    ----------
    see : {"segment", "type"}
        One arm for each segment, as an analyst could, or for each latent type, which nobody sees.
    """

    see: Literal["segment", "type"] = "segment"

    def __post_init__(self) -> None:
        _require(self.see in ("segment", "type"), f"see should be 'segment' or 'type', found {self.see!r}")

    def want(
        self, past: Past, people: pd.DataFrame, wave: int, seed: int, truth: Any = None
    ) -> tuple[np.ndarray, float]:
        """All on the truly best arm of each group."""
        if truth is None:
            raise TableError(["the best policy needs the truth: run it by `run_programme`"], "the policy")
        code, names = pd.factorize(people[self.see])
        size = np.bincount(code, minlength=len(names))
        mean = [np.bincount(code, truth[:, offer], len(names)) / size for offer in range(truth.shape[1])]
        best = np.vstack([np.zeros(len(names)), *mean]).argmax(axis=0)
        return np.eye(len(self.rules.arms))[best[code]], 0.0


def _check_wanted(wanted: Any, count: int, arms: Sequence[str], name: str) -> None:
    """Refuse what a policy wants where that is no chance of every arm for every customer."""
    try:
        shares = np.asarray(wanted, dtype=float)
    except (TypeError, ValueError):
        shares = np.empty(0)
    start = f"`want` of {name} should return"
    if shares.shape != (count, len(arms)):
        _require(False, f"{start} a row for each of {count:,} customers and a column for {', '.join(arms)}")
    if not (np.isfinite(shares) & (shares >= -1e-9)).all():
        _require(False, f"{start} chances of 0 or more, without empty ones")
    if (np.abs(shares.sum(axis=1) - 1) > 1e-6).any():
        hint = "; are these percent?" if np.allclose(shares.sum(axis=1), 100) else ""
        _require(False, f"{start} chances that sum to 1 in every row{hint}")


def _require(is_fine: bool, problem: str) -> None:
    if not is_fine:
        raise TableError([problem], "the policy")


def _check_belief(policy: Thompson | ProfileThompson) -> None:
    """Refuse priors, forgetting and windows that cannot be meant, all at once."""
    given = {"common": policy.common, "own": policy.own}
    problems = [f"{n} should be above zero, found {v!r}" for n, v in given.items() if not lies_within(v, 1e-9, 1e9)]
    if not lies_within(policy.forget, 0, 1):
        problems.append(f"forget should be from 0 to 1, found {policy.forget!r}")
    if policy.window is not None and not _is_count(policy.window):
        problems.append(f"window should be a whole number of waves, 1 or more, found {policy.window!r}")
    names = policy.profile if isinstance(policy, ProfileThompson) else policy.level
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        problems.append(f"columns should be names, such as ('usual',), found {names!r}")
    if problems:
        raise TableError(problems, "the policy")


def _is_count(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)


# --- Reading -------------------------------------------------------------------------------------


def read_log(history: Any, rules: Rules, columns: Sequence[str] = ()) -> Past:
    """Read a log into what policies need; `None` and an empty table are no waves.

    Raises
    ------
    TableError
        With all problems.
    """
    if history is None:
        return Past((), ())
    log = collect(open_table(history))
    missing = [name for name in (*OF_LOG, *columns) if name not in log]
    if missing:
        raise TableError([f"there is no column `{name}`" for name in missing], "the log")
    arm = pd.Index(rules.arms).get_indexer(pd.Index(log["arm"].astype("str")))
    profit = pd.to_numeric(log["profit"], errors="coerce").to_numpy(float)
    if problems := [*_find_wrong_rows(log, arm, profit), *_find_wrong_profile(log, columns)]:
        raise TableError(problems, "the log")
    code, names = pd.factorize(log["segment"].astype("str"), sort=True)
    out = np.zeros(len(log), bool)
    for name in FLAGS:
        if name in log:
            out |= log[name].to_numpy(bool)
    if len(log) and out.all():
        warnings.warn("every row of the log is in the holdout or resting: nothing is learned from it", stacklevel=3)
    profile = log[list(columns)].to_numpy(float)
    lots = []
    contacts = []
    wave = log["wave"].to_numpy()
    ids = log["customer_id"].to_numpy()
    for number in np.unique(wave):
        mine = wave == number
        inside = mine & ~out
        lots.append(Lot(int(number), code[inside], arm[inside], profit[inside], profile[inside]))
        contacts.append((int(number), ids[mine & (arm > 0)]))
    return Past(tuple(lots), tuple(map(str, names)), tuple(contacts))


def _find_wrong_rows(log: pd.DataFrame, arm: np.ndarray, profit: np.ndarray) -> list[str]:
    problems = []
    if (arm < 0).any():
        strange = sorted(set(log["arm"].astype("str")[arm < 0]))[:3]
        problems.append(f"arms that the rules do not know: {', '.join(strange)}")
    if not np.isfinite(profit).all():
        problems.append(f"{int((~np.isfinite(profit)).sum()):,} rows have no profit: who bought nothing has 0")
    if log["segment"].isna().any():
        problems.append("`segment` is empty in some rows: give them a segment of their own, such as 'unknown'")
    waves = pd.to_numeric(log["wave"], errors="coerce")
    if not pd.api.types.is_numeric_dtype(log["wave"]) or waves.isna().any() or (waves % 1 != 0).any():
        problems.append("`wave` should be a whole number in every row, such as 1, 2, 3 or 202511")
    if log.duplicated(["wave", "customer_id"]).any():
        problems.append("some customers stand more than once in a wave")
    for name in FLAGS:
        if name in log and not _holds_flags(log[name]):
            problems.append(f"`{name}` should hold True or False (or 1 and 0) in every row, and no text")
    return problems


def _check_holdout(log: pd.DataFrame | None, rules: Rules, seed: int) -> None:
    """Refuse a seed or a share that makes another holdout than the one in the log."""
    if log is None or "holdout" not in log or log.empty:
        return
    seen = log[["customer_id", "holdout"]].drop_duplicates()
    others = hold_back(seen["customer_id"], rules, seed) != seen["holdout"].to_numpy(bool)
    if others.any():
        count = seen["customer_id"][others].nunique()
        text = (
            f"its holdout is another one for {count:,} customers: with this seed, share or way of writing ids, "
            "customers who had letters would be held out, or a holdout be written to; take those of the log"
        )
        raise TableError([text], "the log")


def _find_wrong_profile(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """What is wrong with the numeric columns that a policy looks at."""
    problems = []
    for name in columns:
        if name not in table:
            problems.append(f"there is no column `{name}`, which the policy looks at")
            continue
        numbers = pd.to_numeric(table[name], errors="coerce").to_numpy(float, na_value=np.nan)
        if not pd.api.types.is_numeric_dtype(table[name]) or not np.isfinite(numbers).all():
            problems.append(f"`{name}` should hold a number in every row: the policy looks at it")
    return problems


def _holds_flags(column: pd.Series) -> bool:
    """Whether all values are True, False, 1 or 0, and none is text or empty."""
    if column.isna().any():
        return False
    if pd.api.types.is_numeric_dtype(column):  # booleans are numeric here
        return bool(column.isin([0, 1]).all())
    return all(isinstance(one, bool | np.bool_) or (isinstance(one, int) and one in (0, 1)) for one in column.unique())


def _read_customers(customers: Any, columns: Sequence[str] = ()) -> pd.DataFrame:
    table = collect(open_table(customers))
    problems = [f"there is no column `{name}`" for name in ("customer_id", "segment") if name not in table]
    if not problems and table["customer_id"].duplicated().any():
        problems.append("some customers stand more than once")
    if not problems and table[["customer_id", "segment"]].isna().any(axis=None):
        problems.append("`customer_id` or `segment` is empty in some rows")
    if not problems and not len(table):
        problems.append("it is empty")
    problems += _find_wrong_profile(table, columns)
    if problems:
        raise TableError(problems, "the customers")
    return table.reset_index(drop=True)


def _find_resting(past: Past, ids: np.ndarray, rules: Rules) -> np.ndarray:
    """Who has had as many contacts as the rules allow in the last waves."""
    if rules.most is None:
        return np.zeros(len(ids), bool)
    ages = past.ages
    recent = [sent for number, sent in past.contacts if ages[number] < rules.within]
    if not recent:
        return np.zeros(len(ids), bool)
    counts = pd.Series(_write_ids(np.concatenate(recent))).value_counts()
    return counts.reindex(_write_ids(ids), fill_value=0).to_numpy() >= rules.most


def _write_ids(ids: np.ndarray) -> list[str]:
    """Write ids as text: a whole number and its text are one id, as for the lottery."""
    return [write_id(one) for one in ids.tolist()]


# --- Numbers -------------------------------------------------------------------------------------


def weigh_segments(past: Past, rules: Rules, *, forget: float = 1.0, window: int | None = None) -> Evidence:
    """What the log says about the lift of each offer in each segment, in euros of profit a customer.

    Columns of the profile, if the log was read with any, are taken out of the level in each wave.
    """
    ages = past.ages
    lots = [lot for lot in past.lots if window is None or ages[lot.wave] <= window]
    count = len(past.segments)
    noise = find_noise(lots, count, len(rules.arms))
    parts = []
    for lot in lots:
        x = np.eye(count)[lot.segment]
        z = np.hstack([x, lot.profile]) if lot.profile.shape[1] else x
        parts.append(weigh_lot(x, z, lot.arm, lot.profit, 1 / noise[lot.segment], len(rules.offers)))
    return add_up(parts, [forget ** (ages[lot.wave] - 1) for lot in lots], len(rules.offers) * count)


def _pool(lots: Sequence[Lot], offers: int) -> np.ndarray:
    """Raw lift of each offer over all customers: mean profit less that of control."""
    arm = np.concatenate([lot.arm for lot in lots])
    profit = np.concatenate([lot.profit for lot in lots])
    n = np.bincount(arm, minlength=offers + 1)
    mean = np.divide(np.bincount(arm, profit, offers + 1), n, out=np.full(offers + 1, -np.inf), where=n > 0)
    return np.asarray(mean[1:] - (mean[0] if n[0] else 0.0))


def _place(segments: Sequence[str], of: pd.Series) -> np.ndarray:
    return pd.Index(segments).get_indexer(pd.Index(of.astype("str")))


def _draw_lifts(mean: np.ndarray, factor: np.ndarray, draws: int, seed: int, wave: int) -> np.ndarray:
    """Joint draws from a normal distribution given by its mean and the Cholesky factor of its precision."""
    luck = np.random.default_rng([seed, wave]).standard_normal((len(mean), draws))
    return (mean[:, None] + np.linalg.solve(factor.T, luck)).T


def _count_best(lifts: np.ndarray) -> np.ndarray:
    """Share of draws (first axis) in which each arm is best: (groups × arms), control with a lift of 0 first."""
    draws, offers, groups = lifts.shape
    top = np.zeros((draws, groups))
    best = np.zeros((draws, groups), np.int8)
    for offer in range(offers):
        ahead = lifts[:, offer] > top
        best[ahead] = offer + 1
        np.maximum(top, lifts[:, offer], out=top)
    counts = np.stack([(best == arm).sum(axis=0) for arm in range(offers + 1)], axis=1)
    return np.asarray(counts / draws)
