"""The log of a plan that ran: who got which arm, by which chances, and what came of it; read and checked once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.money.pricing import COSTS, UNKNOWN, price_customers
from loyalty.learn.offpolicy.draws import Draws, count_draws, name_worst
from loyalty.learn.policy import Programme
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import ARM_PROBS, CONTACTS, OFFERS, OUTCOMES
from loyalty.tables.ids import say_lost_zeros, write_column
from loyalty.tables.matching import match_rows
from loyalty.tables.problems import gather
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table
from loyalty.tables.wave import open_waves

KEY = ("campaign_id", "wave", "customer_id")
CHANCE = "chance_"  # begins the columns that hold the chance of each arm
OUT = ("holdout", "resting")  # flags of those who take no part in the lottery
CLOSE = 1e-6  # chances are written with rounding
LARGEST = 1e50  # squares and cubes of larger numbers cannot be summed
CONTROL = "control"
ALARM = 0.001  # p-value of the check of chances, as for a sample ratio
PRICED = ("margin", "redeemed", "reward_paid", "points_issued")  # what profit is made of


@dataclass(frozen=True, eq=False, repr=False)
class PolicyLog:
    """Rows of the lotteries that ran, with the chance of what was drawn; made by `open_log`.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row a customer and wave: campaign_id, wave, customer_id, segment, arm, and the covariates.
    arms : tuple of str
        Control first.
    arm : array of int
        Place of each row's arm in `arms`.
    propensity : array
        Chance of the arm that was drawn.
    chances : array, rows × arms, or None
        Chance of every arm; None where only the propensity was logged.
    outcome : array
        One number a row, such as profit in euros.
    name : str
        What the outcome is called.
    customer : array of int
        Number of each row's customer, from 0 without a gap: rows of one customer are analysed together.
    covariates : tuple of str
        Columns of `rows` that the outcome model uses beside segment and wave.
    error : float
        Largest standard error of a chance that was found by drawing (Thompson sampling); 0 where chances are exact.
    warnings : tuple of str
        What was left out, and what is doubtful.
    """

    rows: pd.DataFrame = field(repr=False)
    arms: tuple[str, ...]
    arm: np.ndarray = field(repr=False)
    propensity: np.ndarray = field(repr=False)
    chances: np.ndarray | None = field(repr=False)
    outcome: np.ndarray = field(repr=False)
    name: str
    customer: np.ndarray = field(repr=False)
    covariates: tuple[str, ...] = ()
    error: float = 0.0
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def customers(self) -> int:
        """How many different customers the rows belong to."""
        return int(self.customer.max()) + 1 if len(self) else 0

    @property
    def is_adaptive(self) -> bool:
        """Whether mean chances of one segment moved from wave to wave, as those of a plan that learns do.

        A fixed policy on a covariate does the same where the customers of a segment change from wave to wave.
        By more than a point, and by more than four standard errors, where customers have chances of their own.
        """
        wave = self.rows["wave"]
        if wave.nunique() < 2:
            return False
        chance = self.propensity if self.chances is None else self.chances
        frame = pd.DataFrame(np.asarray(chance).reshape(len(self), -1))
        keys = [self.rows["segment"].to_numpy(), wave.to_numpy()]
        groups = ["segment"]
        if self.chances is None:
            keys.append(self.arm)
            groups.append("arm")
        by = frame.groupby(keys)
        names = ["segment", "wave", "arm"][: len(keys)]
        moved = by.mean().rename_axis(names).groupby(level=groups).agg(np.ptp)
        error = by.sem().fillna(np.inf).rename_axis(names).groupby(level=groups).max()
        return bool(((moved > 0.01) & (moved > 4 * error)).to_numpy().any())

    @property
    def draws(self) -> Draws:
        """What the log says of its lotteries."""
        return Draws(self.rows, self.arms, self.arm, self.propensity, self.chances, self.customer)

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """What is doubtful about the log, whatever plan it judges; looked for once."""
        notes = []
        p, finding = name_worst(count_draws(self.draws))
        if p < ALARM:
            notes.append(f"the logged chances are not those that were drawn from: {finding}")
        if self.is_adaptive:
            notes.append(
                "the mean chances of a segment moved from wave to wave: if the policy learned from earlier waves, the "
                "interval takes them as fixed, and may cover too little"
            )
        if self.error > 0:
            notes.append(f"chances were found by drawing: their standard error is up to {self.error:.3f}")
        if self.chances is None:
            notes.append("only the chance of the drawn arm is known: who could never have got an arm cannot be seen")
        return tuple(notes)

    def keep(self, *, waves: Sequence[int] | None = None, segments: Sequence[str] | None = None) -> PolicyLog:
        """Keep some waves or segments: learn a plan on some, judge it on the others.

        Parameters
        ----------
        waves : sequence of int, optional
        segments : sequence of str, optional

        Raises
        ------
        TableError
            No row is left.
        """
        here = np.ones(len(self), bool)
        if waves is not None:
            here &= self.rows["wave"].isin(list(waves)).to_numpy()
        if segments is not None:
            here &= self.rows["segment"].isin(list(segments)).to_numpy()
        if not here.any():
            raise TableError(["no row is left: look at the waves and segments of the log"], "the log")
        return self.take(here)

    def take(self, here: np.ndarray) -> PolicyLog:
        """Take the rows that a mask marks."""
        return replace(
            self,
            rows=self.rows[here].reset_index(drop=True),
            arm=self.arm[here],
            propensity=self.propensity[here],
            chances=None if self.chances is None else self.chances[here],
            outcome=self.outcome[here],
            customer=pd.factorize(self.customer[here], sort=True)[0],
        )

    def to_frame(self) -> pd.DataFrame:
        """One row an arm: rows, share of the rows, mean logged chance, mean outcome."""
        n = np.bincount(self.arm, minlength=len(self.arms))
        total = np.bincount(self.arm, self.outcome, len(self.arms))
        mean = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
        chance = np.full(len(n), np.nan) if self.chances is None else self.chances.mean(axis=0)
        return pd.DataFrame(
            {"arm": self.arms, "rows": n, "share": n / len(self), "mean_chance": chance, f"mean_{self.name}": mean}
        )

    def __repr__(self) -> str:
        waves = self.rows["wave"].nunique()
        return f"PolicyLog of {len(self):,} rows, {self.customers:,} customers, {waves} waves: {', '.join(self.arms)}"

    def _repr_html_(self) -> str:
        return render_html(self.to_frame().round(4), f"{self!r}; outcome: {self.name}", self.warnings)


@check_arguments
def open_log(
    contacts: Any,
    outcomes: Any = None,
    arm_probs: Any = None,
    *,
    outcome: str = "profit",
    covariates: Sequence[str] = (),
    offers: Any = None,
    window: str = "main",
) -> PolicyLog:
    """Read the log of a plan that ran: contacts, outcomes and the chances of all arms, of one or several waves.

    Not for a list that was drawn by no lottery, or changed after the draw: its chances are not those that were used.
    Rows with a flag `holdout` or `resting` took no part in the lottery; they are left out and counted.

    Parameters
    ----------
    contacts : table or Programme
        Under CONTACTS with `propensity` (or with arm_probs beside it); `outcomes` left out, one table with
        customer_id, arm, the outcome, and `propensity`, columns `chance_…` or arm_probs; or what `run_programme`
        returns. `segment` is used where it is there.
    outcomes : table under OUTCOMES, optional
        Its window `window`; an outcome of your own may be one more column.
    arm_probs : table under ARM_PROBS, optional
        The chance of every arm, as `assign_arms(...).arm_probs` writes it. Without it nobody can see to whom an arm
        could never have gone.
    outcome : str
        The column to value, per row. `profit`, if it is no column, is made of the margin by the rules of
        `campaign_money`: less rewards (`reward_paid`, else redeemed × their cost in `offers`), points issued (at their
        expected cost) and the contact. Rewards and points of control cost what those of all others do on average.
        What is not known counts as 0, and the log warns.
    covariates : sequence of str
        Numbers known before the draw (columns of the contacts), for the outcome model of `direct` and `dr`.
    offers : table under OFFERS, optional
        What a contact, a reward and a point cost, for `profit`; the arm names the offer where there is no `offer_id`.
    window : str
        The one whose outcome is valued. Purchases that were only pulled forward look like a gain in "main" alone.

    Returns
    -------
    PolicyLog

    Raises
    ------
    TableError
        With all problems: columns, chances that do not sum to 1 or do not fit the propensity, empty outcomes.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": [1, 2], "arm": ["mail", "control"], "propensity": 0.5, "profit": [3, 1]})
    >>> open_log(table)
    PolicyLog of 2 rows, 2 customers, 1 waves: control, mail
    """
    error = 0.0
    if isinstance(contacts, Programme):
        error = contacts.error
        contacts = contacts.log
    try:
        whole = outcomes is None
        table = _read_one(contacts) if whole else _read_two(contacts, outcomes, outcome, covariates, window)
    except NotATable as problem:
        raise TableError([str(problem)], "the log") from None
    table, left = _leave_out(table)
    table, notes = _find_outcome(table, outcome, offers)
    problems = _find_problems(table, outcome, covariates)
    if problems:
        raise TableError(problems, "the log")
    table["arm"] = table["arm"].astype("str")
    arms, chances, problems = _find_chances(table, arm_probs)
    if problems:
        raise TableError(problems, "the log")
    place = pd.Index(arms).get_indexer(pd.Index(table["arm"]))
    propensity, problems = _find_propensity(table, chances, place)
    if problems:
        raise TableError(problems, "the log")
    ids = table["customer_id"]
    kept = [*KEY, "segment", "arm", *dict.fromkeys(name for name in covariates if name not in (*KEY, "segment", "arm"))]
    return PolicyLog(
        table[kept].reset_index(drop=True),
        arms,
        place,
        propensity,
        chances,
        table[outcome].to_numpy(float),
        outcome,
        pd.factorize(ids if pd.api.types.is_integer_dtype(ids) else write_column(ids), sort=True)[0],
        tuple(dict.fromkeys(covariates)),
        error,
        (*left, *notes),
    )


# --- Reading ---------------------------------------------------------------------------------------


def _read_one(source: AnyTable) -> pd.DataFrame:
    """Read one table that holds all."""
    table = collect(open_table(source)).reset_index(drop=True)
    names = [name for name in (*KEY, "segment", "arm", "offer_id") if name in table]
    mixed = [name for name in names if pd.api.types.infer_dtype(table[name], skipna=True) == "mixed"]
    lists = [name for name in mixed if table[name].map(pd.api.types.is_list_like).any()]
    if lists:
        raise TableError([f"`{name}` holds lists or the like: one number or text a row" for name in lists], "the log")
    return table


def _read_two(
    contacts: AnyTable, outcomes: AnyTable, outcome: str, covariates: Sequence[str], window: str
) -> pd.DataFrame:
    """Read contacts and outcomes through the one door of the waves; keep one window."""
    given = open_table(contacts)
    names = given.collect_schema().names()
    further = [*covariates, *(name for name in OUT if name in names)]
    extra = [Column(name, "flag" if name in OUT else "number", "", nullable=name not in OUT) for name in further]
    known = {column.name for column in CONTACTS.columns}
    extra = [column for column in extra if column.name not in known]
    contract = Table("contacts", CONTACTS.row, CONTACTS.key, (*CONTACTS.columns, *extra))
    results = open_table(outcomes)
    schema = results.collect_schema().names()
    own = outcome in schema and outcome not in OUTCOMES.names
    if own:  # the door knows the measures of the contract: one of your own goes through under the name of one of them
        results = results.drop([name for name in OUTCOMES.names[7:] if name in schema]).rename({outcome: "margin"})
    try:
        joined = open_waves(given, results, contract)
    except TableError as error:
        told = [
            text.replace("say missing='zero'", "add a row of zeros for each of the others") for text in error.problems
        ]
        if own:
            told = [text.replace("`margin`", f"`{outcome}`") for text in told]
        raise TableError(told, error.name) from None
    table = joined.rows.to_pandas()
    there = sorted(set(table["window"]))
    if window not in there:
        raise TableError([f"there is no window `{window}`; the windows are: {', '.join(there)}"], "outcomes")
    table = table[table["window"] == window].drop(columns="window").reset_index(drop=True)
    return table.rename(columns={"margin": outcome}) if own else table


def _find_outcome(table: pd.DataFrame, outcome: str, offers: AnyTable) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Find the outcome, or make the profit of it as `campaign_money` does: margin less rewards, points and contact."""
    if outcome in table or outcome != "profit" or "margin" not in table:
        return table, ()
    if "arm" not in table or table["arm"].isna().any() or not len(table):
        return table.assign(profit=table["margin"]), ()  # what is wrong there is told with all other problems
    measures = [name for name in PRICED if name in table]
    problems = [text for name in measures for text in _find_wrong_numbers(table, name, is_outcome=True)]
    if problems:
        raise TableError(problems, "the log")
    people = table[[name for name in ("arm", "offer_id") if name in table]]
    if offers is not None:
        offers = collect(check_table(offers, OFFERS))
        offers = offers.assign(offer_id=write_column(offers["offer_id"]))
        own = people["offer_id" if "offer_id" in people else "arm"]
        written = write_column(own)
        if "offer_id" in people or written[people["arm"] != CONTROL].isin(offers["offer_id"]).any():
            people = people.assign(offer_id=written)
    profit, notes = _price_rows(people, table[measures], offers)
    hint = " (give `offers`)" if offers is None else ""
    return table.assign(profit=profit), tuple(f"{text}{hint}" if UNKNOWN in text else text for text in notes)


def _price_rows(
    people: pd.DataFrame, measures: pd.DataFrame, offers: pd.DataFrame | None
) -> tuple[np.ndarray, list[str]]:
    """Price each arm beside control, as one campaign; control at the mean of the prices that it has beside the arms."""
    arm = people["arm"].astype("str").to_numpy(str)
    treated = arm != CONTROL
    names, sizes = np.unique(arm[treated], return_counts=True)
    profit = np.zeros(len(people))
    beside: list[np.ndarray] = []
    said: list[tuple[str, str]] = []
    problems: list[str] = []
    for name in names if len(names) else [CONTROL]:
        mine = treated & (arm == name)
        here = mine | ~treated
        told = gather(
            problems, price_customers, people[here], mine[here], {"main": measures[here]}, offers, dict.fromkeys(COSTS)
        )
        for priced in told:
            profit[mine] = (priced.profit - priced.contact)[mine[here]]
            beside.append(priced.profit[~mine[here]])
            said += [(name, text) for text in priced.warnings]
    if problems:
        raise TableError(problems, "the campaign's money")
    profit[~treated] = np.average(beside, axis=0, weights=sizes if len(sizes) else None)
    texts = [text for _, text in said]
    of_all = {text: texts.count(text) == len(beside) for text in texts}
    notes = list(dict.fromkeys(text if of_all[text] else f"{name}: {text}" for name, text in said))
    if not np.allclose(beside, beside[0]):
        notes.append("points or rewards of control have another price beside each offer: the mean of these counts")
    return profit, notes


def _leave_out(table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out who took no part in the lottery, and say how many."""
    flags = [name for name in OUT if name in table]
    notes = []
    for name in flags:
        column = table[name]
        if column.isna().any() or not column.isin([True, False, 1, 0]).all():
            raise TableError([f"`{name}` should hold True or False in every row"], "the log")
        gone = column.to_numpy(bool)
        if gone.any():
            who = "of the holdout" if name == "holdout" else "of customers who rested"
            notes.append(f"{gone.sum():,} rows {who} took no part in the lotteries: the value is that of the others")
            table = table[~gone]
    return table.reset_index(drop=True), tuple(notes)


def _find_problems(table: pd.DataFrame, outcome: str, covariates: Sequence[str]) -> list[str]:
    """Say what is wrong with the columns; fill in what a single wave need not name."""
    missing = [name for name in ("customer_id", "arm", outcome, *covariates) if name not in table]
    problems = [f"there is no column `{name}`" for name in dict.fromkeys(missing)]
    if not problems and not len(table):
        problems.append("there is no row")
    if problems:
        return problems
    for name, value in (("campaign_id", "campaign"), ("wave", 1), ("segment", "all")):
        if name not in table:
            table[name] = value
    table["segment"] = table["segment"].astype("str").where(table["segment"].notna(), "(empty)")
    for name in ("customer_id", "arm", "wave"):
        if n := int(table[name].isna().sum()):
            problems.append(f"`{name}` is empty in {n:,} rows: fill it in, or take these rows out and count them")
    for name in dict.fromkeys((outcome, *covariates)):
        problems += _find_wrong_numbers(table, name, is_outcome=name == outcome)
    if not problems and (n := int(table.duplicated(list(KEY)).sum())):
        problems.append(f"{n:,} rows repeat a customer within a wave: keep one row of each")
    return problems


def _find_wrong_numbers(table: pd.DataFrame, name: str, *, is_outcome: bool) -> list[str]:
    column = table[name]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        return [f"`{name}` should be a number in every row, found {column.iloc[0]!r}"]
    table[name] = column.astype(float)
    n = int((~np.isfinite(table[name])).sum())
    if not n and (huge := int((table[name].abs() > LARGEST).sum())):
        return [
            f"`{name}` is beyond {LARGEST:.0e} in {huge:,} rows: no amount of money is; a mark for a missing value?"
        ]
    if not n:
        return []
    hint = "who bought nothing has 0" if is_outcome else "fill in what is known, or leave the column out"
    return [f"`{name}` is empty or infinite in {n:,} rows: {hint}"]


def _find_chances(table: pd.DataFrame, arm_probs: AnyTable) -> tuple[tuple[str, ...], np.ndarray | None, list[str]]:
    """Find the chance of every arm for every row, and the arms; None if only the propensity is known."""
    seen = set(table["arm"])
    names = [name for name in table if isinstance(name, str) and name.startswith(CHANCE)]
    if arm_probs is not None:
        arms, chances, problems = _read_arm_probs(table, arm_probs, seen)
        problems += _compare_chances(table, names, arms, chances)
    elif names:
        arms = _sort_arms({name.removeprefix(CHANCE) for name in names} | seen)
        chances = np.zeros((len(table), len(arms)))
        problems = []
        for name in names:
            chances[:, arms.index(name.removeprefix(CHANCE))], wrong = read_numbers(table[name])
            problems += [wrong] if wrong else []
        if problems:
            return arms, None, problems
    else:
        return _sort_arms(seen), None, []
    wrong = ~np.isfinite(chances) | (chances < -CLOSE) | (chances > 1 + CLOSE)
    if wrong.any():
        problems.append(f"{int(wrong.any(axis=1).sum()):,} rows have a chance that is empty, below 0 or above 1")
    elif (off := np.abs(chances.sum(axis=1) - 1) > 1e-4).any() and not problems:
        shown = ", ".join(map(str, table["customer_id"][off].head(3)))
        problems.append(f"the chances of {int(off.sum()):,} rows do not sum to 1 (customer_id {shown}): log every arm")
    chances = np.clip(chances, 0.0, 1.0)
    sums = chances.sum(axis=1, keepdims=True)
    return arms, chances if problems else chances / sums, problems  # rounded chances sum to 1, as those of a plan do


def read_numbers(column: pd.Series) -> tuple[np.ndarray, str]:
    """Read a column of numbers, which may be written as text, and say what is none; empty cells stay empty.

    Examples
    --------
    >>> read_numbers(pd.Series(["0.5", None, "0,5"], name="propensity"))[1]
    "`propensity` holds text that is no number in 1 row, such as '0,5': write it with a decimal point, 0.5"
    """
    values = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    lost = np.isnan(values) & column.notna().to_numpy()
    if not lost.any():
        return values, ""
    first = column[lost].iloc[0]
    text = str(first).strip()
    mend = "write numbers, or leave the cell empty"
    if re.fullmatch(r"\d*,\d+", text):
        mend = f"write it with a decimal point, {text.replace(',', '.')}"
    elif re.fullmatch(r"[\d.,]+ ?%", text):
        mend = "write a fraction, 0.5 for 50 %"
    rows = "1 row" if lost.sum() == 1 else f"{int(lost.sum()):,} rows"
    return values, f"`{column.name}` holds text that is no number in {rows}, such as {first!r}: {mend}"


def _compare_chances(table: pd.DataFrame, names: list[str], arms: tuple[str, ...], chances: np.ndarray) -> list[str]:
    """Say where columns of chances contradict arm_probs."""
    off = np.zeros(len(table), bool)
    for name in names:
        arm = name.removeprefix(CHANCE)
        told = chances[:, arms.index(arm)] if arm in arms else np.zeros(len(table))
        off |= ~(np.abs(pd.to_numeric(table[name], errors="coerce").to_numpy(float) - told) <= 1e-4)
    if not off.any():
        return []
    return [f"arm_probs and the columns `{CHANCE}…` differ in {int(off.sum()):,} rows: which were drawn from?"]


def _sort_arms(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (name != CONTROL, name)))


def _read_arm_probs(
    table: pd.DataFrame, arm_probs: AnyTable, seen: set[str]
) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """Read the long table of chances into rows × arms."""
    long = collect(check_table(arm_probs, ARM_PROBS).select(*KEY, "arm", "probability"))
    code, names = pd.factorize(long["arm"].astype("str"))
    arms = _sort_arms(set(names) | seen)
    column = np.array([arms.index(name) for name in names], int)[code]
    row = match_rows(long, table, KEY)
    inside = row >= 0
    chances = np.zeros((len(table), len(arms)))
    chances[row[inside], column[inside]] = long["probability"].to_numpy(float)[inside]
    has = np.zeros(len(table), bool)
    has[row[inside]] = True
    problems = []
    if not has.all():
        shown = ", ".join(map(str, table["customer_id"][~has].head(3)))
        lost = say_lost_zeros(table["customer_id"][~has], long["customer_id"], "the log", "arm_probs")
        says = f"{int((~has).sum()):,} rows have no chances in arm_probs (customer_id {shown})"
        problems.append(f"{says}: {lost}" if lost else says)
    return arms, chances, problems


def _find_propensity(
    table: pd.DataFrame, chances: np.ndarray | None, place: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Find the chance of the arm that was drawn, and say where it cannot be."""
    own = None if chances is None else chances[np.arange(len(table)), place]
    if "propensity" in table:
        given, wrong = read_numbers(table["propensity"])
        if wrong:
            return place.astype(float), [wrong]
    elif own is not None:
        given = own
    else:
        need = "the chance of the arm that each customer got (`propensity`, or `chance_…`, or arm_probs)"
        return place.astype(float), [f"there is no column `propensity`: a log can be judged only with {need}"]
    problems = []
    if (gone := ~np.isfinite(given)).any():
        problems.append(f"`propensity` is empty in {int(gone.sum()):,} rows")
    if (given > 1 + CLOSE).any():
        problems.append(f"`propensity` is above 1 in {int((given > 1 + CLOSE).sum()):,} rows: percent? Divide by 100")
    if (given <= 0).any():
        says = "what had no chance was not drawn: the log names other chances than were used"
        problems.append(f"the chance of the arm that was drawn is 0 in {int((given <= 0).sum()):,} rows: {says}")
    elif own is not None and not problems and (off := np.abs(own - given) > 1e-4).any():
        says = "which of the two was drawn from?"
        problems.append(f"`propensity` is not the chance of the arm in {int(off.sum()):,} rows: {says}")
    return (given if own is None else own), problems
