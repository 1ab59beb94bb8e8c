"""Who gets what: arms drawn by a hash of the customer's id, or by exact quotas, with every probability on record."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.design.hashing import hash_customers, mix_salt, read_list
from loyalty.evaluate.design.holdout import HoldOut
from loyalty.stats.clusters import FEW, find_least_p
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import ARM_PROBS, CONTACTS
from loyalty.tables.days import read_moment
from loyalty.tables.ids import find_strangers, write_id
from loyalty.tables.sources import AnyTable, collect, open_table

UNNAMED = "campaign"  # the id of a campaign that nobody named
BIG = 0.2  # one cluster with a larger share of the list carries the answer


@dataclass(frozen=True)
class Assignment:
    """Who got which arm, and with what probability; made by `assign_arms`.

    `contacts` keeps the contract of that name: one row a customer, controls included. It stays inside: a list to send
    holds only rows whose arm is not the control. `log` counts customers by stratum, arm and kind of control. Salt,
    `draw_version` and the campaign's id of the contacts repeat the draw. `warnings` say why a test of this draw will
    show little.
    """

    contacts: pd.DataFrame = field(repr=False, compare=False)
    log: pd.DataFrame = field(repr=False, compare=False)
    shares: Mapping[str, float]
    mode: str
    salt: str
    excluded: int
    probabilities: pd.DataFrame = field(repr=False, compare=False)
    draw_version: int = 1
    warnings: tuple[str, ...] = ()

    @property
    def arm_probs(self) -> pd.DataFrame:
        """Every arm that each customer could have had, with its probability: the contract `arm_probs`."""
        wide = self.probabilities.set_index(pd.MultiIndex.from_frame(self.contacts[list(CONTACTS.key)]))
        return wide.rename_axis(columns="arm").stack().rename("probability").reset_index()

    def to_frame(self) -> pd.DataFrame:
        """The log: customers by stratum, arm and kind of control, planned and drawn share."""
        return self.log.copy()

    def _repr_html_(self) -> str:
        return render_html(self.log, f"{len(self.contacts):,} customers assigned, mode {self.mode}", self.warnings)


@check_arguments
def assign_arms(
    customers: AnyTable,
    shares: Mapping[str, float],
    *,
    mode: str = "hash",
    salt: str,
    strata: str | Sequence[str] | None = None,
    campaign_id: str | None = None,
    wave: int = 1,
    universal: HoldOut | None = None,
    exclude: Any = None,
    assigned_at: Any = None,
    control: str = "control",
    offers: Mapping[str, str] | None = None,
    draw_version: int | None = None,
    cluster: str | None = None,
) -> Assignment:
    """Randomise: draw an arm for each customer, and write down with which probability (propensity).

    Filter first: customers who may not be contacted must leave before the draw (`filter_eligible`), never afterwards.
    Not for a wave that follows another of the campaign with the same salt, unless the same customers shall be control
    again.

    Parameters
    ----------
    customers : table
        With customer_id, one row a customer, and the columns of `strata`; segment and channel are passed on.
    shares : mapping of str to float
        Arm to share, for example {"control": .05, "mailing": .95}; they sum to one.
    mode : {"hash", "blocks"}
        "hash": each customer independently, so that new customers move nobody; shares hold on average. "blocks" (block
        randomisation): exact quotas within each stratum, for a list that stays as it is; one customer more can move
        others.
    salt : str
        A word for this draw; another salt, another draw. With a `campaign_id` one salt may serve several campaigns:
        their draws have nothing to do with each other.
    strata : str or sequence of str, optional
        Columns within which "blocks" keeps the quotas, and which the log counts.
    campaign_id : str, optional
        Written into the contacts ("campaign" if left out), and mixed into the draw.
    wave : int
        Written into the contacts. It is no part of the draw: with one salt, all waves of a campaign have one control.
    universal : HoldOut, optional
        Its customers become control of the kind universal, and no campaign counts them.
    exclude : table or sequence of ids, optional
        Customers to leave out before the draw.
    assigned_at : time, optional
        When it was drawn; must lie in the term of `universal`.
    control : str
        The arm that receives nothing.
    offers : mapping of str to str, optional
        Arm to offer_id; the arm's own name otherwise.
    draw_version : {1, 2}, optional
        1: the draw depends on the salt alone, as in lists that were drawn before the campaign's id counted; give it to
        repeat one of those. 2: on the campaign's id too (`mix_salt`). By default 2 where `campaign_id` is given, else
        1.
    cluster : str, optional
        Column of what is drawn as a whole, such as the household or the store (cluster randomisation): all its
        customers get one arm, "blocks" keeps its quotas of clusters, and the contacts carry the column. Measure such a
        campaign with `cluster=` too.

    Returns
    -------
    Assignment
        Rows sorted by customer_id.

    Raises
    ------
    TableError
        With all problems: shares, customers that repeat, empty strata, strata too small for a quota.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": range(100)})
    >>> drawn = assign_arms(customers, {"control": 0.2, "mailing": 0.8}, mode="blocks", salt="autumn")
    >>> drawn.contacts["arm"].value_counts().to_dict()
    {'mailing': 80, 'control': 20}
    """
    names = [strata] if isinstance(strata, str) else list(strata or [])
    when = None if assigned_at is None else read_moment(assigned_at, "assigned_at")
    table, wrong = read_list(customers, names, cluster)
    version = _choose_version(draw_version, campaign_id)
    wrong += find_wrong_shares(shares) + _find_wrong_options(shares, mode, salt, control)
    wrong += _find_wrong_version(version, campaign_id)
    if universal is not None:
        wrong += _find_clashes(universal, salt, when)
    everyone = len(table)
    if exclude is not None:
        table = _leave_out(table, exclude)
    held = np.zeros(len(table), bool) if universal is None else universal.holds(table["customer_id"])
    if everyone > 0 and held.all():
        wrong.append("every customer is excluded or in the universal control")
    if wrong:
        raise TableError(wrong, "the assignment")
    # The control comes first on the line from 0 to 1: it then stays the same whatever becomes of the other arms
    arms = sorted(shares, key=lambda arm: arm != control)
    word = {1: salt, 2: mix_salt(campaign_id, salt)}[version]
    wanted = np.array([shares[arm] for arm in arms])
    stratum = _join_strata(table, names)
    units = _Units.of(table, stratum, held, cluster)
    drawn, chances = units.draw(mode, wanted, arms, word)
    notes = [] if cluster is None else units.doubt(drawn, arms, cluster)
    drawn, chances = drawn[units.of_customer], chances[units.of_customer]
    drawn = np.where(held, 0, drawn)
    if universal is not None:
        only_control = np.eye(len(arms))[0]
        chances = chances * (1 - universal.share) + universal.share * only_control
    sent = [None] + [(offers or {}).get(arm, arm) for arm in arms[1:]]
    columns = {
        "campaign_id": UNNAMED if campaign_id is None else campaign_id,
        "wave": wave,
        "customer_id": table["customer_id"],
        "arm": pd.Series(arms, dtype="str").to_numpy()[drawn],
        "offer_id": pd.Series(sent, dtype="str").to_numpy()[drawn],
        "control_kind": np.where(held, "universal", np.where(drawn == 0, "campaign", "none")),
        "propensity": chances[np.arange(len(table)), drawn],
    }
    if when is not None:
        columns["assigned_at"] = when
    if names:
        columns["stratum"] = stratum
    if cluster is not None:
        columns[cluster] = table[cluster]
    contacts = pd.DataFrame(columns | {name: table[name] for name in ("segment", "channel") if name in table})
    return Assignment(
        contacts,
        _count_arms(contacts, shares),
        dict(shares),
        mode,
        salt,
        excluded=everyone - len(table),
        probabilities=pd.DataFrame(chances, columns=arms),
        draw_version=version,
        warnings=tuple(notes),
    )


@dataclass(frozen=True)
class _Units:
    """What is drawn: customers, or the clusters in which they are; `of_customer` is the place of each one's unit."""

    ids: pd.Series
    stratum: pd.Series
    held: np.ndarray
    of_customer: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, stratum: pd.Series, held: np.ndarray, cluster: str | None) -> _Units:
        if cluster is None:
            return cls(table["customer_id"], stratum, held, np.arange(len(table)))
        names = table[cluster].map(write_id)
        codes, ids = pd.factorize(names, sort=True)
        many = stratum.groupby(codes).nunique()
        if (many > 1).any():
            some = ", ".join(map(str, ids[many[many > 1].index[:3]]))
            says = f"{int((many > 1).sum()):,} values of `{cluster}` hold customers of several strata, such as {some}"
            raise TableError([f"{says}: what is drawn as a whole lies in one stratum"], "the assignment")
        first = stratum.groupby(codes).first()
        all_held = pd.Series(held).groupby(codes).all().to_numpy()
        return cls(pd.Series(ids), first.reset_index(drop=True), all_held, codes)

    def draw(self, mode: str, wanted: np.ndarray, arms: Sequence[str], word: str) -> tuple[np.ndarray, np.ndarray]:
        """The arm of each unit as a place in `arms`, and the probability of each arm."""
        if mode == "hash":
            return _draw_by_hash(self.ids, wanted, word)
        return _draw_in_blocks(self.ids, self.stratum, self.held, wanted, arms, word)

    def doubt(self, drawn: np.ndarray, arms: Sequence[str], cluster: str) -> list[str]:
        """Say what a test of these clusters cannot show.

        Raises
        ------
        TableError
            An arm got fewer than two clusters: what chance does could not be measured.
        """
        counts = np.bincount(drawn[~self.held], minlength=len(arms))
        if counts.min() < 2:
            lacks = ", ".join(f"{n} for {arm}" for arm, n in zip(arms, counts, strict=True) if n < 2)
            says = f"of {counts.sum():,} values of `{cluster}` the draw gives {lacks}: two for each arm are the least"
            mend = "mode='blocks' keeps the shares; or take smaller units, such as households in place of cities"
            raise TableError([f"{says}; {mend}"], "the assignment")
        notes = []
        for arm, n in zip(arms[1:], counts[1:], strict=True):
            if min(n, counts[0]) < FEW and find_least_p(int(n), int(counts[0])) > 0.05:
                notes.append(
                    f"{n} values of `{cluster}` for {arm} and {counts[0]} for {arms[0]}: so few can be dealt in so few "
                    "ways that no result could be told from chance at 5 percent; four for each arm are the least"
                )
        sizes = np.bincount(self.of_customer)
        share = sizes.max() / sizes.sum()
        if share > BIG:
            name = self.ids[sizes.argmax()]
            notes.append(f"{name!r} of `{cluster}` holds {share:.0%} of all customers: the answer leans on it")
        return notes


def _find_wrong_options(shares: Mapping[str, float], mode: str, salt: str, control: str) -> list[str]:
    wrong = []
    if mode not in ("hash", "blocks"):
        wrong.append(f"`mode` should be hash or blocks, found {mode!r}")
    if not str(salt or "").strip():
        wrong.append("`salt` is missing: a word for this draw")
    if control not in shares:
        wrong.append(f"no arm is called {control!r}: nothing would show what doing nothing does")
    return wrong


def _choose_version(draw_version: int | None, campaign_id: str | None) -> int:
    if draw_version is None:
        return 1 if campaign_id is None else 2
    return draw_version


def _find_wrong_version(version: int, campaign_id: str | None) -> list[str]:
    if version not in (1, 2):
        return [f"`draw_version` should be 1 or 2, found {version}"]
    if version == 2 and campaign_id is None:
        return ["`draw_version` 2 needs `campaign_id`, which it mixes into the draw"]
    return []


def _find_clashes(universal: HoldOut, salt: str, when: pd.Timestamp | None) -> list[str]:
    """Whether a draw goes together with the universal control: a salt of its own, and a day within the term."""
    wrong = []
    if salt == universal.salt:
        wrong.append("`salt` is that of the universal control: take another")
    if when is not None and not universal.start <= when < universal.end:
        term = f"{universal.start:%Y-%m-%d} to {universal.end:%Y-%m-%d}"
        wrong.append(f"`assigned_at` lies outside the term of the universal control, {term}")
    return wrong


def _leave_out(table: pd.DataFrame, exclude: Any) -> pd.DataFrame:
    """The customers whose id is not among those to exclude, a table or a sequence of ids."""
    is_table = isinstance(exclude, str | Path) or hasattr(exclude, "columns")
    if not is_table and (isinstance(exclude, bytes | Mapping) or not isinstance(exclude, Iterable)):
        raise TableError([f"`exclude` should be a table or a list of ids, found {exclude!r}"], "assign_arms")
    if is_table:
        found = open_table(exclude)
        if "customer_id" not in found.collect_schema():
            raise TableError(["there is no column `customer_id` in the table to exclude"], "exclude")
        exclude = collect(found.select("customer_id"))["customer_id"]
    # Whole numbers beside an empty cell arrive as 7.0, and would leave nobody out
    mine = table["customer_id"].astype("str").astype(object)
    theirs = {write_id(name) for name in exclude}
    if strangers := find_strangers(mine, theirs, "the customers", "`exclude`", alike=True):
        raise TableError(strangers, "exclude")
    out = mine.isin(theirs)
    return table[~out].reset_index(drop=True)


def _join_strata(table: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """The stratum of each customer, as text; one for all without columns."""
    if not names:
        return pd.Series("everybody", table.index)
    first, *others = (table[name].astype("str") for name in names)
    return first.str.cat(others, sep=" | ")


def _draw_by_hash(ids: pd.Series, wanted: np.ndarray, salt: str) -> tuple[np.ndarray, np.ndarray]:
    """Each customer's arm as a place in `wanted`, drawn by itself, and the probability of each arm."""
    drawn = np.searchsorted(np.cumsum(wanted)[:-1], hash_customers(ids, salt), side="right")
    return drawn, np.tile(wanted, (len(ids), 1))


def _draw_in_blocks(
    ids: pd.Series, stratum: pd.Series, held: np.ndarray, wanted: np.ndarray, arms: Sequence[str], salt: str
) -> tuple[np.ndarray, np.ndarray]:
    """Each customer's arm as a place in `arms`, by exact quotas in each stratum, and the probability of each arm.

    Customers who are `held` out take no seat.
    """
    codes, labels = pd.factorize(stratum, sort=True)
    place = hash_customers(ids, f"blocks:{salt}")
    seats = _share_seats(np.bincount(codes[~held], minlength=len(labels)), wanted, labels, arms)
    order = np.lexsort((place, codes, held))[: seats.sum()]
    drawn = np.zeros(len(ids), int)
    drawn[order] = np.repeat(np.tile(range(len(arms)), len(labels)), seats.ravel())
    filled = seats.sum(axis=1, keepdims=True)
    chances = np.where(filled > 0, seats / np.maximum(filled, 1), wanted)
    return drawn, chances[codes]


@check_arguments
def check_arm_probs(arm_probs: Any) -> pd.DataFrame:
    """Check that the probabilities of each customer's arms sum to one; return the table, sorted.

    Raises
    ------
    TableError
        With the contract's breaches, or the customers whose probabilities sum to something else.

    Examples
    --------
    >>> drawn = assign_arms(pd.DataFrame({"customer_id": [1, 2]}), {"control": 0.5, "gift": 0.5}, salt="autumn")
    >>> check_arm_probs(drawn.arm_probs)["probability"].tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    table = collect(check_table(arm_probs, ARM_PROBS)).sort_values(list(ARM_PROBS.key), ignore_index=True)
    sums = table.groupby(list(CONTACTS.key), sort=True)["probability"].sum()
    if len(off := sums[(sums - 1).abs() > 1e-6]):
        shown = ", ".join(f"{key[2]} ({value:.4g})" for key, value in off.head(3).items())
        text = f"the probabilities of {len(off):,} of {len(sums):,} customers do not sum to one: customer_id {shown}"
        raise TableError([text], "arm_probs")
    return table


def find_wrong_shares(shares: Mapping[str, float]) -> list[str]:
    """What is wrong with planned shares, one sentence a problem."""
    if not isinstance(shares, Mapping):
        return [f"the shares should be a dict such as {{'control': 0.1, 'mail': 0.9}}, found {shares!r}"]
    mend = "a number such as 0.1, without quotes or a percent sign"
    wrong = [f"the share of {arm!r} should be {mend}, found {v!r}" for arm, v in shares.items() if not _is_number(v)]
    if wrong:
        return wrong
    wrong = [f"the share of {arm!r} should be above zero, found {v}" for arm, v in shares.items() if not v > 0]
    wrong += [f"the name of the arm {arm!r} should be a text" for arm in shares if not isinstance(arm, str)]
    if len(shares) < 2:
        wrong.append(f"two arms or more are needed, found {len(shares)}")
    total = sum(shares.values())
    if not abs(total - 1) < 1e-9:
        wrong.append(f"the shares sum to {total:.6g}: they should sum to one")
    return wrong


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _share_seats(sizes: np.ndarray, wanted: np.ndarray, labels: pd.Index, arms: Sequence[str]) -> np.ndarray:
    """Whole seats for each stratum and arm, by the method of the largest remainder."""
    exact = sizes[:, None] * wanted
    seats = np.floor(exact + 1e-9).astype(int)
    seats += stats.rankdata(seats - exact, "ordinal", axis=1) <= (sizes - seats.sum(axis=1))[:, None]
    wrong = []
    for i in np.flatnonzero((seats == 0).any(axis=1) & (sizes > 0)):
        lacks = ", ".join(arm for arm, n in zip(arms, seats[i], strict=True) if n == 0)
        wrong.append(f"{labels[i]!r} has {sizes[i]:,} customers, too few for {lacks}: merge it with another stratum")
    if wrong:
        raise TableError(wrong, "the assignment")
    return seats


def _count_arms(contacts: pd.DataFrame, shares: Mapping[str, float]) -> pd.DataFrame:
    """Customers by stratum, arm and kind of control, with planned and drawn share; universal controls have neither."""
    has_strata = "stratum" in contacts
    by = ["stratum", "arm", "control_kind"] if has_strata else ["arm", "control_kind"]
    log = contacts.groupby(by, sort=True).size().rename("customers").reset_index()
    own = log["customers"].where(log["control_kind"] != "universal")
    whole = own.groupby(log["stratum"]).transform("sum") if has_strata else own.sum()
    return log.assign(planned=log["arm"].map(shares).where(own.notna()), drawn=own / whole)
