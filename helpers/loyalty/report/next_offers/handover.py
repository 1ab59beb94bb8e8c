"""What `next_offers` hands over: send lists, the control that is withheld, the assignment, and the record."""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from loyalty.learn.recommend.export import HandOver, export_messages
from loyalty.learn.recommend.sending import SendList
from loyalty.report.next_offers.addressees import Addressees
from loyalty.report.next_offers.settings import RECORD, WITHHELD
from loyalty.report.output.marks import write_parquet
from loyalty.report.output.parts import Report
from loyalty.report.plan.draft import name_channel
from loyalty.report.run.order import SEND
from loyalty.tables.check import check_table
from loyalty.tables.contracts import CAMPAIGNS, CONTACTS
from loyalty.tables.keys import find_key
from loyalty.tables.sources import AnyTable
from loyalty.tables.spreadsheets import write_csv

INSIDE = "stays inside"
BUYERS = "share of the customers assigned who bought the product written about, during the campaign"


@dataclass(frozen=True, eq=False)
class NextOffers(Report):
    """The plan of the next offers, with its verdict ("send", "loses" or "draft") and its files by their ending.

    `people` is the assignment, control included; of a draft, where nobody's consent is known, it is the lists of
    products. `results` hold choice, lists, sending, handed (HandOver), worth, and record; None in a draft.
    """

    verdict: str = "draft"
    template: ClassVar[str] = "next_offers"
    files: Mapping[str, bytes] = field(default_factory=dict)

    def _write(self, path: Path) -> str:
        if not self.files:
            return f"{super()._write(path)} It is a draft: no send list was made."
        for ending, data in self.files.items():
            path.with_name(path.name + ending).write_bytes(data)
        self._write_sheets(path)
        return "The assignment stays inside; the send lists hold real ids and addresses, and no control."


def hand_over(
    sending: SendList,
    who: Addressees,
    expected: pd.Series,
    receipts: AnyTable | None,
    values: Mapping[str, Any],
    metric: str | None = None,
) -> tuple[HandOver, pd.DataFrame, pd.DataFrame]:
    """Export the messages for the first day of the campaign.

    Codes are made of this user's key, which is kept outside the project: the same run gives the same codes, and nobody
    who has only the list can make one.

    Parameters
    ----------
    sending : SendList
    who : Addressees
    expected : pandas.Series
        Expected margin of each message, in the order of `sending.people`.
    receipts : table under RECEIPTS, optional
        Up to the start: what was bought since the list was made is not offered.
    values : mapping
        The settings.
    metric : str, optional
        The number that decides; sales per customer if not given.

    Returns
    -------
    tuple of (HandOver, pandas.DataFrame, pandas.DataFrame)
        The hand-over, the assignment with segment, channel and expected margin, and the record with what the settings
        say.
    """
    key, _ = find_key()
    secret = hmac.new(key, b"codes of next_offers", hashlib.sha256).hexdigest()
    last = pd.Timestamp(values["end"]) - pd.Timedelta(days=1)
    handed = export_messages(sending, who.people, values["start"], expires=last, secret=secret, receipts=receipts)
    more = [name for name in ("segment", "channel") if name in who.people]
    assignment = handed.assignment.merge(who.people[["customer_id", *more]], on="customer_id", how="left")
    worth = pd.Series(expected.to_numpy(float), sending.people["customer_id"])
    assignment["expected_margin"] = assignment["customer_id"].map(worth)
    check_table(assignment, CONTACTS)
    return handed, assignment, _make_record(handed.record, sending, values, metric)


def _make_record(
    record: pd.DataFrame, sending: SendList, values: Mapping[str, Any], metric: str | None
) -> pd.DataFrame:
    """Add to the record when it was written down, who answers for it, and why."""
    said = {
        "registered_on": sending.as_of,
        "name": values["title"],
        "goal": "sell",
        "primary_metric": metric,
        **{name: values[name] for name in ("hypothesis", "owner")},
    }
    filled = {name: value for name, value in said.items() if value is not None}
    record = record.assign(**filled)
    check_table(record, CAMPAIGNS)
    return record


def make_files(
    handed: HandOver, assignment: pd.DataFrame, record: pd.DataFrame
) -> tuple[dict[str, bytes], pd.DataFrame]:
    """Make the files: the assignment, a send list for each channel, the control that is withheld, and the record.

    Returns
    -------
    tuple of (dict of str to bytes, pandas.DataFrame)
        The files by their ending, and a list of them with rows and checksums.
    """
    table = io.BytesIO()
    write_parquet(assignment, table, NextOffers.template)
    files = {".parquet": table.getvalue()}
    rows = [("assignment", INSIDE, len(assignment))]
    channel = handed.send["customer_id"].map(assignment.set_index("customer_id")["channel"])
    for name, rest in handed.send.groupby(channel.to_numpy(), sort=True):
        files[SEND.replace("*", name_channel(name))] = write_csv(rest)
        rows.append((f"send list {name}", "goes to the sender", len(rest)))
    named = ["customer_id", "product_id", *(["planned_offer"] if "planned_offer" in assignment else [])]
    withheld = assignment.loc[assignment["arm"] == "control", named]
    files[WITHHELD.replace("*", "")] = write_csv(withheld)
    rows.append(("withheld as control", INSIDE, len(withheld)))
    sums = [hashlib.sha256(data).hexdigest() for data in files.values()]
    listed = pd.DataFrame(rows, columns=["file", "where", "rows"]).assign(ends=list(files), **{"SHA-256": sums})
    record = record.assign(assignment_rows=len(assignment), assignment_sha256=sums[0])
    files[RECORD.replace("*", "")] = write_csv(record)
    return files, listed
