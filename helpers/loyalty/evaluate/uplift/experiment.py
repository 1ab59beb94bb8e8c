"""A randomised wave as learners need it: who got what, what came of it, and what was known of him before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.evaluate.design.hashing import LIST
from loyalty.evaluate.money.pricing import COSTS, price_arm, read_arms
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import OUTCOMES, PROFILE
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable, collect
from loyalty.tables.wave.assigned import Assigned, open_assigned

SINCE = {"arm", "offer_id", "control_kind", "propensity", "assigned_at", "sent_at", "delivered"}  # of the contacts
MEASURED = {column.name for column in OUTCOMES.columns[4:]} - set(PROFILE.names)
ABOUT = ("customer_id", "stratum")
MOST = 1e100  # beyond it squares overflow


@dataclass(frozen=True, eq=False)
class Experiment:
    """Customers of a randomised wave, sorted by id, the index of all parts; made by `open_trial`.

    `features` were known before the start, `outcome` after it; `propensity` is the chance of the arm received; `even`
    is true where that is the same for everybody in an arm. `arms` are the treated ones.
    """

    features: pd.DataFrame
    outcome: pd.Series
    arm: pd.Series
    propensity: pd.Series
    arms: tuple[str, ...]
    control: str
    even: bool
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sizes = self.arm.value_counts()
        if few := [name for name in (*self.arms, self.control) if sizes.get(name, 0) < 2]:
            says = f"there are fewer than two customers in the group `{few[0]}`: nothing can be compared"
            raise TableError([says], "the trial")

    def __len__(self) -> int:
        return len(self.arm)

    def take(self, rows: np.ndarray) -> Experiment:
        """Return the customers of this mask only."""
        parts = ("features", "outcome", "arm", "propensity")
        return replace(self, **{part: getattr(self, part)[rows] for part in parts})

    def split(self, holdout: float = 0.5, *, seed: int = 0) -> tuple[Experiment, Experiment]:
        """Draw a holdout of this share of each arm; returns what to learn on and what to judge on."""
        if not 0 < holdout < 1:
            raise ValueError(f"the holdout should be a share between 0 and 1, found {holdout!r}")
        chance = pd.Series(np.random.default_rng(seed).random(len(self)), self.arm.index)
        kept = (chance.groupby(self.arm).rank(pct=True) <= holdout).to_numpy()
        return self.take(~kept), self.take(kept)

    def find_arm(self, arm: str | None = None) -> str:
        """Return the one treated arm, or check the name of one."""
        if arm is None and len(self.arms) > 1 or arm is not None and arm not in self.arms:
            found = f"there is no arm {arm!r}" if arm else "there are several arms: choose one with arm="
            raise ValueError(f"{found}; the arms are {', '.join(self.arms)}")
        return arm or self.arms[0]


@check_arguments
def open_trial(
    profile: AnyTable,
    contacts: AnyTable,
    outcomes: AnyTable = None,
    outcome: str = "sales",
    *,
    features: Sequence[str] | None = None,
    control: str = "control",
    window: str | Sequence[str] = "main",
    offers: AnyTable = None,
    **costs: float | None,
) -> Experiment:
    """Join what was known at the start with who was drawn and what came of it; refuse what would leak or mislead.

    Not for groups that nobody drew by lot. Without `propensity` the arms' shares stand in for it, which is refused
    where the arms differ between strata or in a feature more than a lottery allows (p < .001, over all features).
    Customers who could get one arm only are refused: nobody in the others is like them.

    Parameters
    ----------
    profile : table with customer_id and the features
        As of the start, from `build_profile`; text becomes one 0/1 column a value.
    contacts, outcomes : tables under CONTACTS and OUTCOMES, or a joined table with `arm` and the numbers
        Control included; the universal control is left out.
    outcome : str
        A number of the outcomes; 0/1 is fine. "profit" is margin less rewards and points (contacts cost the policy).
    features : sequence of str, optional
        All columns but customer_id and as_of.
    control : str
    window : str or sequence of str
        Several are added up.
    offers, **costs
        For "profit": table under OFFERS; margin_rate, reward_cost, point_cost, redemption_probability, vat_rate.

    Returns
    -------
    Experiment

    Raises
    ------
    TableError
        With all problems of a step.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": range(8), "arm": ["mail", "control"] * 4, "sales": range(8)})
    >>> trial = open_trial(pd.DataFrame({"customer_id": range(8), "frequency": [1, 1, 5, 5] * 2}), table)
    >>> len(trial), trial.arms, trial.propensity[0]
    (8, ('mail',), np.float64(0.5))
    """
    windows = (window,) if isinstance(window, str) else tuple(window)
    if outcome == "profit" and (offers is not None or costs):
        wave, people = _price(contacts, outcomes, windows, control, offers, costs)
    elif offers is not None or costs:
        raise ValueError("offers and costs belong to outcome='profit'")
    else:
        wave = open_assigned(contacts, outcomes, [outcome], about=ABOUT, control=control, window=windows)
        people = _fetch(wave, outcome)
    people = people.set_index("customer_id").sort_index()
    x = _read_features(profile, features)
    if problems := list(_find_leaks(x, people[outcome], _find_start(wave))):
        raise TableError(problems, "the features")
    x, arm = x.loc[people.index].drop(columns="as_of", errors="ignore"), people["arm"]
    chance, unknown = 1 / people["weight"], bool((people["weight"] == 1).all())
    even = unknown or bool((chance.groupby(arm).agg(np.ptp) < 1e-6).all())
    strata = _count_strata(people)
    problems, notes = (
        list(_find_excluded(strata, chance, unknown)),
        [*(_find_unevenness(x, arm, strata) if even else ())],
    )
    if unknown:
        mend = "fill `propensity`, the chance of the arm that each customer received"
        problems += [f"`propensity` is missing, and {text}: {mend}" for text in notes]
        chance = arm.map(arm.value_counts(normalize=True))
        notes = ["no `propensity`: everybody is taken to have had the same chances, the arms' shares"]
    else:
        late = ": was it measured after the start?"
        notes = [f"{text}, although all had the same chances{late * ('strata' not in text)}" for text in notes]
        notes += [] if even or wave.universal else _find_lopsided(arm, chance, control)
    if problems:
        raise TableError(problems, "contacts")
    arms = tuple(sorted(set(arm) - {control}))
    notes += wave.warnings
    return Experiment(x, people[outcome].astype(float), arm, chance, arms, control, even, tuple(notes))


def read_customers(
    customers: Experiment | pd.DataFrame, columns: Sequence[str], numbers: Collection[str]
) -> pd.DataFrame:
    """Read these features, the `numbers` among them as numbers; TableError with all that no model could read."""
    x = _index_customers(customers)
    problems = [f"there is no column `{name}`, which it was trained on" for name in columns if name not in x]
    problems += ["there is no customer"] * (not len(x))
    found = {}
    for name in x.columns.intersection(columns):
        found[name] = values = x[name]
        if name in numbers:
            found[name] = pd.to_numeric(values, errors="coerce").astype(float)
            if lost := int((found[name].isna() & values.notna() | (found[name].abs() > MOST)).sum()):
                problems.append(f"`{name}` should hold numbers, as it did in training; {lost:,} rows do not")
        elif pd.api.types.is_numeric_dtype(values) and values.notna().any():
            problems.append(f"`{name}` holds numbers; in training it held texts")
    if problems:
        raise TableError(problems, "profile")
    return pd.DataFrame(found, x.index)[list(columns)]


def _index_customers(customers: Experiment | pd.DataFrame) -> pd.DataFrame:
    """The features of customers by their id; TableError where this is no table, or a column comes twice."""
    if not isinstance(customers, Experiment | pd.DataFrame):
        found = type(customers).__name__
        raise TableError([f"the customers should stand in a table of pandas or a trial, found {found}"], "profile")
    x = customers.features if isinstance(customers, Experiment) else customers
    if twice := sorted({str(name) for name in x.columns[x.columns.duplicated()]}):
        raise TableError([f"there are several columns `{name}`: leave one" for name in twice], "profile")
    return x.set_index("customer_id") if "customer_id" in x else x


def _fetch(wave: Assigned, outcome: str) -> pd.DataFrame:
    """Read the customers, and the sum of their outcome over the windows."""
    columns = wave.name_columns(outcome)
    strata = [name for name in ("stratum",) if name in wave.table.collect_schema()]
    people = wave.fetch(["customer_id", "weight", *strata, *columns])
    return people.assign(**{outcome: people[columns].sum(axis=1)})


def _price(
    contacts: AnyTable,
    outcomes: AnyTable,
    windows: Sequence[str],
    control: str,
    offers: AnyTable,
    costs: dict[str, Any],
) -> tuple[Assigned, pd.DataFrame]:
    """Read the customers, and what each left behind in money."""
    given = {name: costs.get(name) for name in COSTS}
    rest: dict[str, Any] = {"margin_rate": None, "vat_rate": 0.0}
    if unknown := set(costs) - set(COSTS[1:]) - set(rest):
        raise ValueError(f"unknown costs: {', '.join(sorted(unknown))}; what a contact costs belongs to the policy")
    rest |= {name: costs[name] for name in rest if name in costs}
    arms = read_arms(contacts, outcomes, windows, control, ABOUT)
    priced: list[pd.Series] = []
    for name in sorted(arms.wave.arms):
        ids = arms.people["customer_id"][arms.people["arm"].isin([name, control])]
        parts = price_arm(arms, name, offers, given, **rest).parts.values()
        money = sum(part["margin"] - part["rewards"] - part["points"] for part in parts).set_axis(ids)
        both = money.index.intersection(priced[0].index if priced else [])
        if priced and not np.allclose(priced[0][both], money[both]):
            says = f"points or rewards of control have another price beside `{name}` than beside the other offers"
            mend = "give point_cost= and redemption_probability=, or open a trial for each offer"
            raise TableError([f"{says}: {mend}"], "offers")
        priced.append(money.drop(both))
    return arms.wave, arms.people.assign(profit=arms.people["customer_id"].map(pd.concat(priced)))


def _read_features(profile: AnyTable, features: Sequence[str] | None) -> pd.DataFrame:
    frame = collect(check_table(profile, LIST, name="profile")).set_index("customer_id").sort_index()
    names = [name for name in frame if name != "as_of"] if features is None else list(features)
    problems = [f"there is no column `{name}` in the profile" for name in names if name not in frame]
    problems += ["there is no feature: an effect cannot differ by nothing"] * (not names)
    for name in frame.columns.intersection(names):
        values = frame[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            problems.append(f"`{name}` holds dates: turn them into days before the start")
        elif pd.api.types.is_numeric_dtype(values):
            number = values.to_numpy(float, na_value=np.nan)
            if wild := int((np.abs(number) > MOST).sum()):
                problems.append(f"`{name}` is infinite or beyond 1e100 in {wild:,} rows: no measurement is")
            frame[name] = number
        elif values.nunique() > 50:
            problems.append(f"`{name}` holds {values.nunique():,} different texts: an id is no feature")
    if problems:
        raise TableError(problems, "the features")
    return frame[[*names, *(["as_of"] if "as_of" in frame else [])]]


def _find_start(wave: Assigned) -> pd.Timestamp:
    """First day of the windows, if the outcomes say."""
    days = [day for day in wave.windows.values() if pd.notna(day)]
    return min(days, default=pd.NaT)


def _find_leaks(x: pd.DataFrame, outcome: pd.Series, start: pd.Timestamp) -> Iterator[str]:
    for name in x:
        if name in MEASURED | SINCE or (name == outcome.name and name not in PROFILE.names):
            table = "contacts" if name in SINCE else "outcomes"
            yield f"`{name}` is a column of the {table}, known only after the start: leave it out"
    if "as_of" in x and pd.notna(start) and (seen := pd.to_datetime(x["as_of"]).max()) > start:
        yield f"the profile knows what came before {seen:%Y-%m-%d}, but the window starts on {start:%Y-%m-%d}"
    if len(gone := outcome.index.difference(x.index)):
        if strangers := find_strangers(outcome.index, x.index, "the wave", "the profile"):
            yield strangers[0]
            return
        mend = "build_profile(…, customers=…) gives everybody a row"
        yield f"{len(gone):,} customers of the wave have no row, such as {gone[0]}: {mend}"
        return
    y = outcome.to_numpy(float)
    for name in x.columns[[pd.api.types.is_numeric_dtype(kind) for kind in x.dtypes]]:
        values = x.loc[outcome.index, name].to_numpy(float)
        both = np.isfinite(values)
        if both.sum() > 9 and np.ptp(y[both]) > 0 and np.ptp(values[both]) > 0 and _fit_line(values[both], y[both]):
            yield f"`{name}` is the outcome itself, or a multiple of it: leave it out"


def _fit_line(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether one is a straight line of the other, up to rounding; each is scaled first, so that nothing overflows."""
    with np.errstate(all="ignore"):
        return bool(abs(np.corrcoef(a / np.abs(a).max(), b / np.abs(b).max())[0, 1]) > 1 - 1e-9)


def _count_strata(people: pd.DataFrame) -> pd.DataFrame:
    """Customers by stratum and arm; empty where there are no strata."""
    if "stratum" not in people:
        return pd.DataFrame()
    return pd.crosstab(people["stratum"].fillna(""), people["arm"])


def _find_excluded(strata: pd.DataFrame, chance: pd.Series, unknown: bool) -> Iterator[str]:
    """Customers who could get one arm only: no weight makes them comparable."""
    if not unknown and (sure := int((chance > 1 - 1e-9).sum())):
        yield f"`propensity` is 1 for {sure:,} customers, who could get no other arm: leave them out"
    if len(strata):
        due = np.outer(strata.sum(axis=1), strata.sum()) / strata.to_numpy().sum()
        for row, column in np.argwhere((strata.to_numpy() == 0) & (due >= 10)):
            says = f"nobody in the stratum {strata.index[row]} could get `{strata.columns[column]}`"
            yield f"{says}: open a trial for each stratum, or leave the arm out"


def _find_lopsided(arm: pd.Series, chance: pd.Series, control: str) -> list[str]:
    """Each arm, weighted by 1 / propensity, stands for all customers; say where it stands for others than control."""
    total, noise = ((1 / chance**power).groupby(arm).sum() for power in (1, 2))
    gap = (total - total[control]).abs() / np.sqrt(noise + noise[control])
    says = "by their `propensity` the customers in `{}` stand for {:,.0f}, those in `{}` for {:,.0f}"
    says += ": could everybody get both, and is it the chance of the own arm?"
    return [says.format(name, total[name], control, total[control]) for name in gap.index[gap > 3.3]]


def _find_unevenness(x: pd.DataFrame, arm: pd.Series, strata: pd.DataFrame) -> Iterator[str]:
    """Signs that not everybody had the same chances."""
    if len(strata) > 1 and _scipy.chi2_contingency(strata).pvalue < 1e-3:
        yield "the arms' shares differ between the strata"
    numeric = [name for name in x if pd.api.types.is_numeric_dtype(x[name])]
    for name in numeric:
        groups = [values.dropna() for _, values in x[name].groupby(arm)]
        enough = min(map(len, groups)) > 4 and x[name].nunique() > 1
        if enough and (p := _scipy.kruskal(*groups).pvalue) < 1e-3 / len(numeric):
            yield f"the arms differ in `{name}` (p = {p:.1g})"
