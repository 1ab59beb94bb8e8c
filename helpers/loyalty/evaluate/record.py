"""Everything about a campaign, laid out to be looked at: nothing is refused because a row is missing or strange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from loyalty.contracts import OUTCOMES
from loyalty.evaluate.examination import Claim
from loyalty.evaluate.sample import as_frame
from loyalty.frames import NotATable
from loyalty.tables import TableError

DAYS = ("start", "end", "planned_start", "planned_end", "registered_on")
TIMES = ("assigned_at", "sent_at")
WAVE = ("campaign_id", "wave")
MEASURES = tuple(c.name for c in OUTCOMES.columns if c.kind in ("whole", "money", "number") and c.name not in WAVE)
NEAR = 5e-3  # shares that were rounded may miss 1 by so much


@dataclass(frozen=True, eq=False)
class Record:
    """A wave as it was found; made by `open_record`.

    `contacts` has one row a customer (`key`, `arm`, `is_control`), without the universal control; `outcomes` those rows
    of the wave that have a customer of the list, one a customer and window, with `key`; `windows` are the same in the
    order of the contacts. `repaired` are the ids that
    meet only when blanks and zeros in front, or text and number, are taken for the same; `strangers` counts ids on no
    list, `repeats` repeated rows by table. `say` writes a number of customers.
    """

    contacts: pd.DataFrame
    outcomes: pd.DataFrame
    windows: Mapping[str, pd.DataFrame]
    plan: Mapping[str, Any]
    claim: Claim
    claimed: bool
    control: str
    level: float
    say: Callable[[int], str]
    planned: Mapping[str, float] | None
    repaired: pd.Series
    strangers: int
    repeats: Mapping[str, int]

    @property
    def arms(self) -> list[str]:
        """The treated arms."""
        return sorted(self.contacts.loc[~self.contacts["is_control"], "arm"].unique())

    def window(self, name: str) -> pd.DataFrame:
        """The outcomes of a window in the order of the contacts; who has no row has empty values."""
        return self.windows.get(name, self.outcomes[:0].reindex(self.contacts.index))

    def count(self, n: int, size: int) -> str:
        """Write a number of customers with its share of `size`, unless the number is hidden."""
        said = self.say(n)
        return f"{said} ({n / size:.1%})" if said.replace(",", "").isdigit() else said

    def find_missing(self) -> pd.Series:
        """Whether a contact has no row, or no number, in the window of the claim."""
        here = self.window(self.claim.window)
        return here[self.claim.outcome if self.claim.outcome in here else "window"].isna()


def open_record(
    contacts: Any, outcomes: Any, plan: Any = None, claim: Claim | None = None, *, control: str = "control",
    level: float = 0.05, say: Callable[[int], str] = "{:,}".format,
) -> Record:  # fmt: skip
    """Lay out a campaign for the checks; arguments as in `loyalty.evaluate.clinic.examine_campaign`.

    Not for measuring: for that `measure_lift` refuses what this accepts.

    Raises
    ------
    TableError
        Nothing can be examined: no arm, no customers, nobody in control, several waves.

    Examples
    --------
    >>> contacts = pd.DataFrame({"customer_id": [1, 2], "arm": ["mail", "control"]})
    >>> outcomes = pd.DataFrame({"customer_id": ["01", "2 "], "window": "main", "sales": [3.0, 0.0]})
    >>> record = open_record(contacts, outcomes)
    >>> record.repaired.tolist(), record.window("main")["sales"].tolist()
    ([True, True], [3.0, 0.0])
    """
    if not 0.01 <= level < 1:
        raise ValueError(f"level should be .01 or more, and below 1, such as 0.05; found {level!r}")
    people, rows = _open(contacts, ("customer_id", "arm"), "contacts"), _open(outcomes, ("customer_id",), "outcomes")
    everybody = len(people)
    if "control_kind" in people:
        people = people[people["control_kind"].astype(object).fillna("none") != "universal"]
    is_whole = len(people) == everybody
    waves = people[[name for name in WAVE if name in people]].drop_duplicates()
    if len(waves.columns) and len(waves) > 1:
        raise TableError([f"there are {len(waves)} waves: examine one at a time"], "contacts")
    people = people.assign(arm=people["arm"].astype(object).fillna("(empty)").astype("str"))
    people["is_control"] = people["arm"] == control
    if not 0 < people["is_control"].sum() < len(people):
        found = ", ".join(sorted(people["arm"].unique())) or "none"
        who = "nobody was treated" if people["is_control"].any() else f"there is nobody in the group `{control}`"
        raise TableError([f"{who}; the groups are: {found}"], "contacts")
    for name in TIMES:
        if name in people:
            people[name] = pd.to_datetime(people[name], errors="coerce")
    if "delivered" in people:
        people["delivered"] = _read_flags(people["delivered"])
    note = _read_plan(plan, waves)
    outcome = claim.outcome if claim else str(note.get("primary_metric", "")).strip()
    asked = claim or Claim(outcome if outcome in rows else "sales")
    for name in {*MEASURES, asked.outcome} & set(rows):
        rows[name] = pd.to_numeric(rows[name], errors="coerce").astype(float)
    rows = rows.assign(window=rows["window"].astype("str") if "window" in rows else asked.window)
    for name in WAVE:
        if name in rows and name in people:
            rows = rows[rows[name].astype("str") == str(waves[name].iloc[0])]
    ids = people["customer_id"].astype(object), rows["customer_id"].astype(object)
    again = ids[0].duplicated() & ids[0].notna()
    twice = rows.assign(id=ids[1])[["id", "window"]].duplicated()
    groups = people.assign(id=ids[0])[again | ids[0].isin(ids[0][again])].groupby("id")["arm"].nunique()
    repeats = {"contacts": int(again.sum()), "arms": int((groups > 1).sum()), "outcomes": int(twice.sum())}
    people, rows = people[~again].copy(), rows[~twice].copy()
    met = people["customer_id"].astype(object).isin(set(rows["customer_id"].dropna().astype(object)))
    people["key"], rows["key"] = _make_keys(people["customer_id"], rows["customer_id"])
    people["key"] = people["key"].where(people["customer_id"].notna(), [f"empty {i}" for i in range(len(people))])
    known = rows["key"].isin(set(people["key"]))
    repaired = people["key"].isin(set(rows["key"])) & ~met
    strangers = int(rows.loc[~known, "key"].nunique())
    kept, people = rows[known].drop_duplicates(["key", "window"]), people.reset_index(drop=True)
    windows = {
        name: part.set_index("key").reindex(people["key"]).set_index(people.index)
        for name, part in kept.groupby("window")
    }
    shares = _read_shares(note, people if is_whole else people.drop(columns="propensity", errors="ignore"), control)
    return Record(people, kept, windows, note, asked, claim is not None, control, level, say, shares,
                  repaired.reset_index(drop=True), strangers, repeats)  # fmt: skip


def _open(source: Any, needed: tuple[str, ...], name: str) -> pd.DataFrame:
    try:
        frame = as_frame(source)
    except NotATable as error:
        raise TableError([str(error)], name) from None
    if lacking := [column for column in needed if column not in frame]:
        found = ", ".join(map(str, frame.columns)) or "none"
        raise TableError([f"there is no column `{column}`; found: {found}" for column in lacking], name)
    return frame.reset_index(drop=True).copy()


def _read_flags(values: pd.Series) -> pd.Series:
    """True, false or empty, from whatever a file makes of them."""
    words = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
    return values.astype(object).map(lambda v: words.get(str(v).strip().lower(), pd.NA)).astype("boolean")


def _make_keys(people: pd.Series, rows: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Ids as text without blanks and zeros in front; with them if two customers would become one."""
    plain = [ids.astype(object).map(write_id) for ids in (people, rows)]
    bare = [ids.str.replace(r"\s", "", regex=True).str.lstrip("0").str.casefold() for ids in plain]
    chosen = bare if bare[0].nunique() == plain[0].nunique() else plain
    return chosen[0].astype(object), chosen[1].astype(object)


def write_id(value: Any) -> str:
    """Write an id as text; a whole number that became a decimal one loses its point.

    Examples
    --------
    >>> write_id(7.0), write_id("007")
    ('7', '007')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _read_plan(plan: Any, waves: pd.DataFrame) -> dict[str, Any]:
    if plan is None:
        return {}
    table = pd.DataFrame([dict(plan)]) if isinstance(plan, Mapping) else _open(plan, (), "campaigns")
    for name in WAVE:
        if len(table) > 1 and name in table and name in waves:
            table = table[table[name].astype("str") == str(waves[name].iloc[0])]
    if len(table) != 1:
        raise TableError([f"the plan should have one row for this wave, found {len(table)}"], "campaigns")
    filled = {name: value for name, value in table.iloc[0].items() if isinstance(value, Mapping) or pd.notna(value)}
    note = {name: value for name, value in filled.items() if str(value).strip()}
    problems = []
    for name in set(DAYS) & set(note):
        day = pd.to_datetime(note[name], errors="coerce")
        problems += [f"`{name}` should be a day, found {note[name]!r}"] if pd.isna(day) else []
        note[name] = day
    if problems:
        raise TableError(sorted(problems), "campaigns")
    return note


def _read_shares(note: Mapping[str, Any], people: pd.DataFrame, control: str) -> dict[str, float] | None:
    """Planned share of each arm, from the plan, or from chances that are the same within each arm."""
    if "planned_shares" in note:
        return read_shares(note["planned_shares"], control)
    if "propensity" not in people:
        return None
    chances = people.assign(propensity=pd.to_numeric(people["propensity"], errors="coerce"))
    chances = chances.groupby("arm")["propensity"].agg(["min", "max", "count", "size"])
    steady = (chances["max"] - chances["min"] < 1e-6) & (chances["count"] == chances["size"])
    shares = chances["max"].to_dict()
    return shares if steady.all() and abs(sum(shares.values()) - 1) < 1e-6 else None


def read_shares(text: str | Mapping[str, float], control: str = "control") -> dict[str, float]:
    """Read the planned shares of a campaign's record; rounded ones are made to sum to one.

    Raises
    ------
    TableError
        The text is not of this form.

    Examples
    --------
    >>> read_shares("control=0.1, mail=0.9")
    {'control': 0.1, 'mail': 0.9}
    """
    pairs = [part.partition("=")[::2] for part in str(text).split(",") if part.strip()]
    try:
        shares = {arm.strip(): float(share) for arm, share in (text.items() if isinstance(text, Mapping) else pairs)}
    except ValueError:
        raise TableError(["`planned_shares` should be as control=0.1, mail=0.9"], "campaigns") from None
    if control not in shares and "control" in shares:
        shares = {control if arm == "control" else arm: share for arm, share in shares.items()}
    total = sum(shares.values())
    return {arm: share / total for arm, share in shares.items()} if 0 < abs(total - 1) < NEAR else shares
