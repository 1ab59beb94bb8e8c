"""The hand-over of messages: consent and purchases asked once more at the moment of export, codes, and what stays."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from loyalty.learn.offers.lines import number_day, read_day_lines
from loyalty.learn.recommend.sending import ARM, SendList, read_export_day
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CAMPAIGNS, CONTACTS, CUSTOMERS
from loyalty.tables.flags import read_flags
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable, collect
from loyalty.tables.spreadsheets import write_csv

OFFER = "offer_id"
SHORTEST = 12  # characters of the secret
METRIC = "sales per customer assigned, during the campaign"


@dataclass(frozen=True, eq=False, repr=False)
class HandOver:
    """What goes to the sender and what stays inside; made by `export_messages`.

    Attributes
    ----------
    send : pandas.DataFrame
        Goes to the sender: customer_id, offer_id (the product, or where there are offers the offer, with product_id
        beside it), code, expires (last day), and addresses if there are any. No control, no reason: what a customer has
        bought is nobody's business outside.
    assignment : pandas.DataFrame
        Stays inside: the contract `contacts`, control and those who were taken off at the last moment included (sent_at
        is empty for both), with product_id, and where there are offers with planned_offer, which control has too.
        Compare the arms as assigned.
    record : pandas.DataFrame
        One row under the contract `campaigns`.
    taken_off : pandas.DataFrame
        reason, customers: who left between list and export.
    """

    send: pd.DataFrame = field(repr=False)
    assignment: pd.DataFrame = field(repr=False)
    record: pd.DataFrame = field(repr=False)
    taken_off: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files by their ending, as campaign_plan names them."""
        return {
            "_send.csv": write_csv(self.send),
            "_assignment.csv": write_csv(self.assignment),
            "_record.csv": write_csv(self.record),
        }

    def write(self, folder: str | Path, name: str) -> list[str]:
        """Write the files into a folder; nothing that is there already is replaced.

        Raises
        ------
        TableError
            The folder is not there, or a file is.
        """
        place = Path(folder)
        targets = {ending: place / f"{name}{ending}" for ending in self.files}
        problems = [] if place.is_dir() else [f"there is no folder {place.name}; make it first"]
        problems += [f"{path.name} is there already: choose another name" for path in targets.values() if path.exists()]
        if problems:
            raise TableError(problems, "write")
        for ending, data in self.files.items():
            targets[ending].write_bytes(data)
        return [path.name for path in targets.values()]

    def to_frame(self) -> pd.DataFrame:
        """Who left between list and export."""
        return self.taken_off.copy()

    def __repr__(self) -> str:
        out = int(self.taken_off["customers"].sum())
        return f"Hand-over: {len(self.send):,} messages; {out:,} were taken off at the last moment"

    def _repr_html_(self) -> str:
        shown = self.send[["customer_id", "offer_id", "code", "expires"]].head(5)  # addresses are shown nowhere
        return render_html(shown, repr(self), self.warnings)


@check_arguments
def export_messages(
    sending: SendList,
    customers: AnyTable,
    at: str | dt.date | pd.Timestamp,
    *,
    expires: str | dt.date | pd.Timestamp,
    secret: str,
    receipts: AnyTable | None = None,
) -> HandOver:
    """Export the messages: consent as of this very moment, what was bought since, codes that cannot be guessed.

    Who has withdrawn his consent since the list was made, or has bought the product meanwhile, gets no message. He
    stays in his arm: to take him out of one arm alone would compare different people (intention to treat). The share of
    them is told.

    Parameters
    ----------
    sending : SendList
    customers : table under CUSTOMERS
        customer_id and consent *today*; phone and email are passed on. Who is not in it gets nothing.
    at : day
        Of the export; not before the list.
    expires : day
        The last day on which the code can be used; after `at`.
    secret : str
        A word of 12 characters or more that stays inside: codes are made of it, so that nobody can make his own (HMAC).
    receipts : table under RECEIPTS, optional
        Up to this day: a product that was bought since the list was made is not offered.

    Returns
    -------
    HandOver

    Raises
    ------
    TableError
        With all problems: days that make no sense, a short secret, no consent column.

    Examples
    --------
    >>> from loyalty.learn.recommend import plan_messages, recommend_products
    >>> pairs = [(who, what) for who in range(40) for what in range(8) if who % 2 == what % 2 and (who + what) % 5]
    >>> lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"])
    >>> lines = lines.assign(time=pd.Timestamp("2025-03-01"), sales=1.0)
    >>> lists = recommend_products(lines, "2025-04-01", size=3)
    >>> products = pd.DataFrame({"product_id": range(8), "price": 5.0, "unit_cost": 3.0, "stock": 20})
    >>> customers = pd.DataFrame({"customer_id": range(40), "consent": True})
    >>> sending = plan_messages(lists, products, customers, campaign_id="spring", salt="word", control=0.2)
    >>> today = customers.assign(consent=customers["customer_id"] > 9)
    >>> out = export_messages(sending, today, "2025-04-03", expires="2025-04-30", secret="only we know it")
    >>> taken_off = int(out.taken_off["customers"].sum())
    >>> int(out.send["customer_id"].min()), len(out.send) + taken_off == len(sending.to_send)
    (10, True)
    """
    when = read_export_day(at, sending.as_of, "at")
    until = read_export_day(expires, when, "expires")
    people = collect(check_table(customers, CUSTOMERS))
    _check(people, sending, when, until, secret)
    rows = sending.to_send
    known = people.set_index("customer_id")
    consent = rows["customer_id"].map(read_flags(known["consent"])).astype("boolean").fillna(False).to_numpy(bool)
    bought = _find_bought(sending, rows, receipts, when)
    reasons = {"no consent any more": ~consent, "bought it meanwhile": consent & bought}
    off = pd.DataFrame({"reason": list(reasons), "customers": [int(one.sum()) for one in reasons.values()]})
    goes = rows[consent & ~bought].reset_index(drop=True)
    has_offers = "offer_id" in goes
    send = pd.DataFrame({"customer_id": goes["customer_id"], "offer_id": goes[OFFER if has_offers else "product_id"]})
    if has_offers:
        send["product_id"] = goes["product_id"]
    send["code"] = [
        make_code(secret, sending.campaign_id, who, what)
        for who, what in zip(send["customer_id"], send["offer_id"], strict=True)
    ]
    send["expires"] = f"{until:%Y-%m-%d}"
    for name in ("phone", "email"):
        if name in known:
            send[name] = send["customer_id"].map(known[name])
    assignment = _make_assignment(sending, send, when)
    record = _make_record(sending, when, until)
    return HandOver(send, assignment, record, off, _doubt(sending, rows, off))


def make_code(secret: str, campaign_id: str, customer: object, offer: object) -> str:
    """Make the code of a customer and an offer: HMAC of SHA-256, ten letters and digits.

    Examples
    --------
    >>> make_code("only we know it", "spring", 7, 3)
    'HJAK2GFCKY'

    Source: Krawczyk, Bellare and Canetti (1997), RFC 2104.
    """
    text = f"{campaign_id}\x1f{customer}\x1f{offer}".encode()
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return base64.b32encode(digest)[:10].decode()


def _check(people: pd.DataFrame, sending: SendList, when: pd.Timestamp, until: pd.Timestamp, secret: str) -> None:
    problems = []
    if until <= when:
        problems.append(f"expires = {until:%Y-%m-%d} should lie after the export, {when:%Y-%m-%d}")
    if len(secret) < SHORTEST:
        problems.append(f"secret should have {SHORTEST} characters or more: short words are easy to try out")
    if "consent" not in people:
        problems.append("the customers have no `consent`: it has to be asked at the moment of export")
    problems += find_strangers(sending.people["customer_id"], people["customer_id"], "the send list", "the customers")
    if problems:
        raise TableError(problems, "export_messages")


def _find_bought(
    sending: SendList, rows: pd.DataFrame, receipts: AnyTable | None, when: pd.Timestamp
) -> pd.Series | pd.DataFrame:
    """Whether the product was bought between the list and the export."""
    if receipts is None:
        return pd.Series(False, rows.index).to_numpy()
    lines = read_day_lines(receipts)
    lines = lines.keep_days(number_day(sending.as_of), number_day(when) + 1)
    pairs = pd.MultiIndex.from_arrays([lines.customers[lines.customer], lines.products[lines.product]])
    return pd.MultiIndex.from_frame(rows[["customer_id", "product_id"]]).isin(pairs)


def _make_assignment(sending: SendList, send: pd.DataFrame, when: pd.Timestamp) -> pd.DataFrame:
    contacts = sending.drawn.contacts.copy()
    more = [OFFER] if OFFER in sending.people else []
    plan = sending.people[["customer_id", "product_id", "because", *more]].rename(columns={OFFER: "planned_offer"})
    contacts = contacts.merge(plan, on="customer_id", how="left")
    went = contacts["customer_id"].isin(send["customer_id"])
    contacts["sent_at"] = pd.Series(when, contacts.index).where(went)
    offered = contacts["planned_offer" if more else "product_id"]
    contacts[OFFER] = offered.astype("str").where(contacts["arm"] == ARM)
    check_table(contacts, CONTACTS)
    return contacts


def _make_record(sending: SendList, when: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
    drawn = sending.drawn
    end = until + pd.Timedelta(1, "D")
    row = {
        "campaign_id": sending.campaign_id,
        "wave": 1,
        "start": when,
        "end": end,
        "planned_start": when,
        "planned_end": end,
        "primary_metric": METRIC,
        "planned_shares": ", ".join(f"{arm}={share:g}" for arm, share in drawn.shares.items()),
        "mode": drawn.mode,
        "salt": drawn.salt,
        "draw_version": drawn.draw_version,
    }
    if OFFER in sending.people:
        row["offers"] = ", ".join(sorted(sending.people[OFFER].astype("str").unique()))
    record = pd.DataFrame([row])
    check_table(record, CAMPAIGNS)
    return record


def _doubt(sending: SendList, rows: pd.DataFrame, off: pd.DataFrame) -> tuple[str, ...]:
    notes = list(sending.warnings)
    share = off["customers"].sum() / max(len(rows), 1)
    if share > 0:
        notes.append(
            f"{share:.1%} of the messages were taken off at the last moment; these customers stay in their arm when "
            "the campaign is measured"
        )
    return tuple(notes)
