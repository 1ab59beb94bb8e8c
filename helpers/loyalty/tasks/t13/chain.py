"""The chain of lesson 13: cards, accounts of the online shop and app users, their receipts, and who they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from loyalty.prepare.identity import (
    LinkGrades,
    RecordLinks,
    choose_threshold,
    explain_pairs,
    match_exact,
    merge_histories,
)
from loyalty.stats.estimate import error_of_mean
from loyalty.world import World

CUSTOMERS = 5_000
SEED = 13
SOURCES = ("cards", "accounts", "app_users")
ENDS = ("recall", "precision")
IDS = {"card_id": "cards", "account_id": "accounts"}


@dataclass(frozen=True, eq=False)
class ShopChain:
    """What the chain has on its disks, and, for the end, the truth.

    Attributes
    ----------
    cards, accounts, app_users : DataFrame
        One row a record, as it was typed.
    baskets : DataFrame
        One row a receipt: basket_id, time, sales, card_id, account_id; one of the two ids, or none.
    sessions : DataFrame
        Visits of the online shop, with the department (`intent`) that was looked at most.
    departments : DataFrame
        basket_id, department, sales.
    truth : DataFrame
        source, record_id, customer_id: who each record is.
    buyers : DataFrame
        basket_id, customer_id: who bought.
    cookies : DataFrame
        cookie_id, customer_id: who looked.
    """

    cards: pd.DataFrame = field(repr=False)
    accounts: pd.DataFrame = field(repr=False)
    app_users: pd.DataFrame = field(repr=False)
    baskets: pd.DataFrame = field(repr=False)
    sessions: pd.DataFrame = field(repr=False)
    departments: pd.DataFrame = field(repr=False)
    truth: pd.DataFrame = field(repr=False)
    buyers: pd.DataFrame = field(repr=False)
    cookies: pd.DataFrame = field(repr=False)

    @property
    def sources(self) -> dict[str, pd.DataFrame]:
        """The three sources by name."""
        return {name: getattr(self, name) for name in SOURCES}


@cache
def visit_chain() -> ShopChain:
    """Make the chain of the lesson: 5,000 customers, two years."""
    world = World(customers=CUSTOMERS, months=24, seed=SEED)
    known = world.make_identities()
    lines = world.receipts.merge(world.products[["product_id", "department"]], on="product_id")
    receipts = lines.groupby("basket_id").agg(
        time=("time", "min"), sales=("sales", "sum"), customer_id=("customer_id", "first")
    )
    receipts = receipts.reset_index()
    baskets = receipts.drop(columns="customer_id").merge(known.card_baskets, on="basket_id", how="left")
    departments = lines.groupby(["basket_id", "department"])["sales"].sum().reset_index()
    truth = known.truth[["source", "record_id", "customer_id"]]
    buyers = receipts[["basket_id", "customer_id"]]
    three = (known.cards, known.accounts, known.app_users)
    return ShopChain(*three, baskets, known.sessions, departments, truth, buyers, known.truth_cookies)


def keep_apart(records: pd.DataFrame) -> RecordLinks:
    """Every record a person of its own, as in a base where card = customer."""
    each = records.assign(own=records["source"] + "/" + records["record_id"])
    return match_exact(each, ["own"])


def tell_truth(records: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """The true links: source, record_id, person."""
    known = records[["source", "record_id"]].merge(truth, on=["source", "record_id"])
    return known.rename(columns={"customer_id": "person"})


def sum_people(baskets: pd.DataFrame) -> pd.DataFrame:
    """Frequency and monetary of each person: visits and sales of the two years."""
    known = baskets.dropna(subset="customer_id")
    return known.groupby("customer_id").agg(visits=("basket_id", "nunique"), sales=("sales", "sum"))


def pick_pairs(records: pd.DataFrame, links: RecordLinks, truth: pd.DataFrame) -> pd.DataFrame:
    """Pick six pairs of a card with an app user or account, each of another kind; the truth decides which are taken.

    Returns
    -------
    DataFrame
        source_a, record_a, source_b, record_b (the card), weight, probability, verdict, is_match: six rows, numbered
        from 1.
    """
    pairs = links.pairs[(links.pairs["source_b"] == "cards") & (links.pairs["source_a"] != "cards")]
    pairs = add_truth(pairs, truth)
    told = explain_pairs(links, records, pairs).pivot(index="pair", columns="field", values="level")
    told.index = pairs.index
    same = told == "same"
    is_app = pairs["source_a"] == "app_users"
    kinds = [
        is_app & pairs["is_match"] & (told["first_name"] == "same full name") & same["phone"] & same["birth_date"],
        (pairs["verdict"] == "other first name") & ~pairs["is_match"] & same["phone"] & same["last_name"],
        pairs["is_match"] & (told["email"] == "alike") & (told["phone"] == "different") & same["last_name"],
        (pairs["verdict"] == "below the threshold") & (told["birth_date"] == "different") & same["first_name"],
        is_app & pairs["is_match"] & (told["birth_date"] == "day and month exchanged"),
        is_app & (told["birth_date"] == "empty") & (told["phone"] != "same") & same["first_name"] & ~same["email"],
    ]
    picked = pd.concat([pairs[kind].head(1) for kind in kinds])
    return picked.set_index(pd.RangeIndex(1, len(picked) + 1, name="pair"))


def show_pairs(chain: ShopChain, pairs: pd.DataFrame) -> pd.DataFrame:
    """Show pairs as they were typed: two lines a pair."""
    fields = ["first_name", "last_name", "birth_date", "postcode", "phone", "email"]
    typed = pd.concat(
        frame.assign(source=source, record_id=frame.iloc[:, 0]) for source, frame in chain.sources.items()
    )
    typed = typed.assign(first_name=typed["first_name"].fillna(typed["name"])).set_index(["source", "record_id"])
    rows = []
    for pair in pairs.itertuples():
        for source, record in ((pair.source_b, pair.record_b), (pair.source_a, pair.record_a)):
            rows.append({"pair": pair.Index, "source": source, **typed.loc[(source, record), fields].to_dict()})
    return pd.DataFrame(rows).fillna("").set_index(["pair", "source"])


def list_best(chain: ShopChain, links: RecordLinks, most: int = 10) -> pd.DataFrame:
    """List the people with the highest sales: visits, sales, and how many cards and accounts stand behind them."""
    people = sum_people(merge_histories(chain.baskets, links, IDS).receipts)
    buying = links.people[links.people["source"].isin(list(IDS.values()))]
    people["ids"] = buying.groupby("person").size()
    return people.sort_values("sales", ascending=False).head(most)


def find_visitors(chain: ShopChain, links: RecordLinks) -> pd.DataFrame:
    """Find the person behind each visit of the shop: who logged in is known, and then the browser is known too.

    Returns
    -------
    DataFrame
        One row a visit with a known person: session_id, started_at, intent, device, add_to_cart, customer_id.
    """
    accounts = chain.accounts[["account_id", "email"]].dropna()
    accounts = accounts.assign(login_hash=accounts["email"].map(hash_login)).drop_duplicates("login_hash", keep=False)
    of_account = links.people[links.people["source"] == "accounts"].set_index("record_id")["person"]
    person = accounts.set_index("login_hash")["account_id"].map(of_account)
    visits = chain.sessions.assign(customer_id=chain.sessions["login_hash"].map(person).astype("Int64"))
    known = visits.dropna(subset="customer_id").groupby("cookie_id")["customer_id"].agg(["nunique", "first"])
    one = known.loc[known["nunique"] == 1, "first"]
    visits["customer_id"] = visits["customer_id"].fillna(visits["cookie_id"].map(one))
    columns = ["session_id", "started_at", "intent", "device", "add_to_cart", "customer_id"]
    return visits.dropna(subset="customer_id")[columns]


def hash_login(email: str) -> str:
    """The log-in's hash of an address: SHA-256, without a key."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def follow_intents(
    visits: pd.DataFrame, baskets: pd.DataFrame, departments: pd.DataFrame, days: int = 14
) -> pd.DataFrame:
    """For each visit: did its person buy in the department, online or in a store, within days after it, and before?

    Returns
    -------
    DataFrame
        The visits with `before` and `after` (true, false). Visits of the first and last days are left out.
    """
    bought = departments.merge(baskets[["basket_id", "time", "customer_id"]].dropna(), on="basket_id")
    bought = bought.assign(time=bought["time"].astype(visits["started_at"].dtype))
    bought = bought.rename(columns={"department": "intent"})[["customer_id", "intent", "time"]].sort_values("time")
    window = pd.Timedelta(days=days)
    first, last = baskets["time"].min() + window, baskets["time"].max() - window
    rows = visits[visits["started_at"].between(first, last)].sort_values("started_at")
    found = rows
    for name, direction in (("before", "backward"), ("after", "forward")):
        near = pd.merge_asof(
            rows,
            bought.rename(columns={"time": "near"}),
            left_on="started_at",
            right_on="near",
            by=["customer_id", "intent"],
            direction=direction,
            tolerance=window,
        )
        found = found.assign(**{name: near["near"].notna().to_numpy()})
    return found


def measure_gain(followed: pd.DataFrame, by: str) -> pd.DataFrame:
    """Measure how much more often the department is bought after a visit than before it, with an interval over people.

    Returns
    -------
    DataFrame
        One row a value of `by`: visits, before, after, gain, low, high; the largest gain first.
    """
    rows = []
    for name, part in followed.groupby(by):
        change = part["after"].to_numpy(float) - part["before"].to_numpy(float)
        se, _ = error_of_mean(change, part["customer_id"].to_numpy())
        gain = float(change.mean())
        rows.append(
            (name, len(part), part["before"].mean(), part["after"].mean(), gain, gain - 1.96 * se, gain + 1.96 * se)
        )
    table = pd.DataFrame(rows, columns=[by, "visits", "before", "after", "gain", "low", "high"])
    return table.sort_values("gain", ascending=False).set_index(by)


def price_columns(followed: pd.DataFrame, cut: str, columns: Sequence[str], earned: float) -> pd.DataFrame:
    """Price what a column tells: with it, messages go to visits of the values that promised most before the cut.

    Parameters
    ----------
    followed : DataFrame
        As `follow_intents` makes it.
    cut : str
        The day from which the choice is judged; it is made on the visits before.
    columns : sequence of str
    earned : float
        What a message earns where the department is bought, in euros.

    Returns
    -------
    DataFrame
        One row a column: values (those that are chosen), chosen (share of the visits), effect, low, high (euros a
        message more than for the same number of messages without the column).
    """
    cut_day = pd.Timestamp(cut)
    early = followed[followed["started_at"] < cut_day]
    late = followed[followed["started_at"] >= cut_day]
    rows = []
    for column in columns:
        rate = early.groupby(column)["after"].mean()
        best = rate[rate > early["after"].mean()].index
        is_chosen = late[column].isin(best).to_numpy()
        bought = late["after"].to_numpy(float)
        share = is_chosen.mean()
        gain = bought[is_chosen].mean() - bought.mean()
        # a ratio of means and a mean: what each visit moves
        moves = is_chosen * (bought - bought[is_chosen].mean()) / share - (bought - bought.mean())
        se, _ = error_of_mean(moves, late["customer_id"].to_numpy())
        ends = (earned * gain, earned * (gain - 1.96 * se), earned * (gain + 1.96 * se))
        rows.append((column, ", ".join(map(str, best)), share, *ends))
    return pd.DataFrame(rows, columns=["column", "values", "chosen", "effect", "low", "high"]).set_index("column")


def find_agreed(records: pd.DataFrame, truth: pd.DataFrame) -> pd.Index:
    """Find the customers who agreed on each of their records."""
    known = records.merge(truth, on=["source", "record_id"])
    has_agreed = known["consent"].fillna(False).astype(bool).groupby(known["customer_id"]).all()
    return has_agreed[has_agreed].index


def measure_error(
    baskets: pd.DataFrame, links: RecordLinks | pd.DataFrame, true: pd.DataFrame, only: pd.Index | None = None
) -> pd.Series:
    """Measure by how many euros the sales of people are off, where they are summed by links instead of the truth.

    A person is looked up under the id with which most was bought.

    Parameters
    ----------
    baskets, true : DataFrame
    links : RecordLinks, or table
    only : Index, optional
        The people who are judged; else all. What a wrong link adds counts, whoever bought it.

    Returns
    -------
    Series
        "too little" and "too much": euros a person, mean over the people; "people": how many bought.
    """
    seen = merge_histories(baskets, links, IDS).receipts["customer_id"]
    rows = pd.DataFrame({"seen": seen, "person": true["customer_id"], "sales": baskets["sales"]}).dropna()
    total = rows.groupby("person")["sales"].sum()
    each = rows.groupby(["person", "seen"])["sales"].sum().reset_index().sort_values("sales")
    main = each.drop_duplicates("person", keep="last").set_index("person")["seen"]
    off = main.map(rows.groupby("seen")["sales"].sum()) - total
    if only is not None:
        off = off[off.index.isin(only)]
    return pd.Series(
        {"too little": -off.clip(upper=0).mean(), "too much": off.clip(lower=0).mean(), "people": len(off)}
    )


def price_links(errors: pd.DataFrame, grades: Mapping[str, LinkGrades]) -> pd.DataFrame:
    """Price a missed and a wrong pair: the euros that are missing or too much, shared among the pairs.

    Parameters
    ----------
    errors : DataFrame
        One row a way to link, as `measure_error` makes it.
    grades : mapping of way to LinkGrades
        Of the same records.

    Returns
    -------
    DataFrame
        One row a way: missed pairs, wrong pairs, € a missed pair, € a wrong pair.
    """
    rows = {}
    for name, grade in grades.items():
        table = grade.table.set_index("measure")
        missed, wrong = (table.loc[f"pair {side}", "total"] - table.loc[f"pair {side}", "right"] for side in ENDS)
        little, much = (errors.loc[name, side] * errors.loc[name, "people"] for side in ("too little", "too much"))
        rows[name] = {
            "missed pairs": int(missed),
            "wrong pairs": int(wrong),
            "€ a missed pair": little / missed if missed else float("nan"),
            "€ a wrong pair": much / wrong if wrong else float("nan"),
        }
    return pd.DataFrame(rows).T


def judge_samples(pairs: pd.DataFrame, floor: float, size: int = 1_000, samples: int = 100) -> pd.DataFrame:
    """Judge two rules on many samples: how right is what each lets through, among all pairs?

    The first takes the smallest threshold whose own share in the sample reaches the floor, the second is
    `choose_threshold`. Seeds 0 to samples - 1.

    Parameters
    ----------
    pairs : DataFrame
        probability, is_match.
    floor : float
    size, samples : int

    Returns
    -------
    DataFrame
        One row a sample: "own share", "lower end": the true precision above the chosen threshold.
    """
    probability = pairs["probability"].to_numpy(float)
    match = pairs["is_match"].to_numpy(bool)
    rows = []
    for seed in range(samples):
        checked = pairs[["probability", "is_match"]].sample(size, random_state=seed)
        choice = choose_threshold(checked, floor=floor)
        own = choice.table.loc[choice.table["precision"] >= floor, "threshold"].min()
        rows.append([match[probability >= threshold].mean() for threshold in (own, choice.threshold)])
    return pd.DataFrame(rows, columns=["own share", "lower end"])


def add_truth(pairs: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Add to each pair whether it is one person: `is_match`."""
    who = truth.set_index(["source", "record_id"])["customer_id"]
    ends = [pd.MultiIndex.from_frame(pairs[[f"source_{side}", f"record_{side}"]]) for side in "ab"]
    return pairs.assign(is_match=who.reindex(ends[0]).to_numpy() == who.reindex(ends[1]).to_numpy())
