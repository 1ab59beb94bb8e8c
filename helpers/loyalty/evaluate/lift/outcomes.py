"""Outcomes of a wave from raw receipts: one row a contact and window, zeros included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.prepare.lines import find_odd_lines
from loyalty.prepare.profile import is_purchase
from loyalty.prepare.visits import RECEIPT, find_receipt_key, group_visits, say_newcomers, say_repeats
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CONTACTS, OUTCOMES
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.ids import find_strangers
from loyalty.tables.problems import check_number, gather
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty, open_table

WINDOWS = ("pre", "main", "post")
SUMS = ("sales", "margin", "discount", "offer_discount", "reward_paid", "points_issued", "points_redeemed")
KEY = list(CONTACTS.key)


@check_arguments
def build_outcomes(
    contacts: AnyTable,
    receipts: AnyTable,
    *,
    start: str | dt.date | pd.Timestamp,
    end: str | dt.date | pd.Timestamp,
    before: int = 28,
    after: int = 28,
    margin_rate: float | None = None,
    response: str = "orders",
    from_sent: bool = False,
    allow_short: bool = False,
) -> pd.DataFrame:
    """Sum receipts to what each contact did before, during and after a campaign, on the engine where they live.

    Not for receipts without the customers who bought little: who has no receipt counts as a zero, not as missing.

    Parameters
    ----------
    contacts : table under CONTACTS; any source of `loyalty.tables.sources.open_table`
        Everybody assigned, control included.
    receipts : table under RECEIPTS; any source
        Lines or whole receipts of all days from `before` days before the start to `after` days after the end. Extra
        columns reward_paid, points_issued, points_redeemed (numbers) are summed too; offer_discount, what offers took
        off, stands for discount.
    start, end : day
        The main window [start, end); pre = [start - before, start), post = [end, end + after).
    before, after : int
        Days; 0 leaves the window out.
    margin_rate : float, optional
        Where the receipts hold no margin: the part of ordinary sales that is margin, see `apply_margin_rate`. With
        value-added tax inside the sales leave it out here, and give it to `campaign_money` together with `vat_rate`.
    response : {"orders", "redeemed"}
        What counts as `responded`: a receipt with a purchase, or the campaign's offer used.
    from_sent : bool
        Start each wave's main window on the day of its `sent_at`, with the length of [start, end). Who has none
        (control) takes the day of the wave; if that was sent on several days, write into `sent_at` of the control when
        they would have been sent.
    allow_short : bool
        Accept days on which the receipts are silent; said in `.attrs["warnings"]` of the result.

    Returns
    -------
    pandas.DataFrame
        Under OUTCOMES, sorted by wave, customer and window: responded, orders (visits with a line that is no return;
        a receipt number that comes again more than 12 hours later is a visit of its own, and that is said),
        sales (returns taken off); margin, discount (of purchases), redeemed (receipts with the contact's own offer; for
        control with any offer of the contacts) and the extra columns where the receipts allow. `.attrs["warnings"]`
        says what was decided, how many customers are first seen after the start, who count as 0 before, and what looks
        wrong in the lines (see `loyalty.prepare.lines`).

    Raises
    ------
    TableError
        With all problems of tables and options; or if the receipts do not reach through the windows: days without
        receipts whose chance, given how often there are any, is under 1 in 1,000. Days with under 5 % of the usual
        receipts count as silent, so that a few rows dated ahead hide nothing.

    Examples
    --------
    >>> contacts = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": [1, 2], "arm": ["mail", "control"]})
    >>> receipts = pd.DataFrame({"customer_id": [1], "time": [pd.Timestamp("2024-03-02 10:00")], "sales": [12.5]})
    >>> made = build_outcomes(contacts, receipts, start="2024-03-01", end="2024-03-04", before=0, after=0)
    >>> made[["customer_id", "window", "orders", "sales"]]
       customer_id window  orders  sales
    0            1   main       1   12.5
    1            2   main       0    0.0
    """
    problems: list[str] = []
    days = [*gather(problems, read_day, start, "start"), *gather(problems, read_day, end, "end")]
    if len(days) == 2 and days[0] >= days[1]:
        problems.append(f"end should be after start, found {days[0]:%Y-%m-%d} and {days[1]:%Y-%m-%d}")
    for name, value in (("before", before), ("after", after)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
            problems.append(f"{name} should be a whole number of days, 0 or more, found {value!r}")
    if margin_rate is not None:
        problems += check_number("margin_rate", margin_rate, share=True)
    tables = [gather(problems, check_table, contacts, CONTACTS), gather(problems, check_receipts, receipts)]
    if response not in ("orders", "redeemed"):
        problems.append(f"response should be 'orders' or 'redeemed', found {response!r}")
    elif response == "redeemed" and tables[1] and "offer_id" not in tables[1][0].table.collect_schema():
        problems.append("response='redeemed' needs a column `offer_id` in the receipts")
    if problems:
        raise TableError(problems, "the outcomes")
    try:
        odd = find_odd_lines(tables[1][0].table)
        lines = _type_lines(tables[1][0].table)
        left_out = tables[1][0].warnings
        people = _list_people(tables[0][0], lines)
        days_of = _find_days(people, days[0], from_sent)
        edges = [days_of + pd.Timedelta(days=n) for n in np.cumsum([-before, before, (days[1] - days[0]).days, after])]
        notes = _find_silence(lines, edges[0].min(), edges[-1].max())
        if notes and not allow_short:
            mend = "get the missing receipts, shorten the window, or accept it with allow_short=True"
            raise TableError([f"{note}: {mend}" for note in notes], "receipts")
        reduced, said = _count_visits(lines, people, edges, margin_rate)
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    return _lay_out(reduced, people, edges, [before, 1, after], margin_rate, response, [*left_out, *notes, *said, *odd])


@check_arguments
def apply_margin_rate(frame: pd.DataFrame, rate: float, ordinary: Any, vat_rate: float = 0.0) -> pd.Series:
    """Margin from sales by one rate for all goods; what was taken off the prices comes off the margin in full.

    Not for goods of very different margins. The rate is what ordinary sales leave: those of the rows `ordinary`, on
    which no campaign works. There the margin is rate x sales in total. A discount above theirs lowers the price and not
    the cost of the goods: without a column `discount` it would be counted at the rate only, 0.30 for each 1.00.

    Examples
    --------
    >>> frame = pd.DataFrame({"sales": [100.0, 90.0], "discount": [0.0, 10.0]})
    >>> apply_margin_rate(frame, 0.30, [True, False]).tolist()
    [30.0, 20.0]
    """
    if "sales" not in frame:
        raise TableError(["there is no column `sales`"], "frame")
    if odd := [n for n in ("sales", "discount") if n in frame and not pd.api.types.is_numeric_dtype(frame[n])]:
        raise TableError([f"`{name}` should hold numbers, found {frame[name].dtype}" for name in odd], "frame")
    marks = np.asarray(ordinary)
    if marks.dtype != bool or marks.shape != (len(frame),):
        raise TableError([f"`ordinary` should hold True or False for each of {len(frame):,} rows"], "ordinary")
    sales = frame["sales"] / (1 + vat_rate)
    if "discount" not in frame:
        return rate * sales
    off = frame["discount"] / (1 + vat_rate)
    paid = sales[marks].sum()
    given = off[marks].sum()
    of_list = (rate * paid + given) / (paid + given) if paid > 0 else rate
    return of_list * (sales + off) - off


def _type_lines(lines: nw.LazyFrame) -> nw.LazyFrame:
    """The columns that are needed, of one type on every engine; an empty number (NaN) is null."""
    schema = lines.collect_schema()
    columns = {}
    for name in (*RECEIPT, "offer_id", "time", "kind", *SUMS):
        if name not in schema:
            continue
        value = nw.col(name)
        found = schema[name]
        if found.is_float():
            value = nw.when(~is_empty(name, found)).then(value)
        columns[name] = value.cast(_choose_type(name, found))
    return lines.select(**columns)


def _choose_type(name: str, found: Any) -> Any:
    """The type that a column of receipts is read as; ids stay whole numbers where they are."""
    if name == "time":
        return nw.Datetime("us")
    if name in SUMS:
        return nw.Float64()
    if name in ("customer_id", "basket_id") and found.is_integer():
        return nw.Int64()
    return nw.String()


def _list_people(contacts: nw.LazyFrame, lines: nw.LazyFrame) -> pd.DataFrame:
    """The contacts sorted by key, with the row of each and `own`, its offer (missing where there is none)."""
    names = contacts.collect_schema().names()
    wanted = [n for n in (*KEY, "arm", "offer_id", "sent_at") if n in names]
    people = collect(contacts.select(wanted)).sort_values(KEY, ignore_index=True)
    if people.empty or collect(lines.head(1)).empty:
        raise TableError(["there is not a single row"], "contacts" if people.empty else "receipts")
    buyers = collect(lines.select("customer_id").unique())["customer_id"]
    if strangers := find_strangers(people["customer_id"], buyers, "the contacts", "the receipts", alike=True):
        raise TableError(strangers, "contacts")
    offers = people["offer_id"] if "offer_id" in people else pd.Series(None, people.index, dtype="str")
    own = offers.astype("str").where(offers.notna() & (offers.astype("str").str.strip() != ""))
    return people.assign(own=own, row=np.arange(len(people)))


def _find_days(people: pd.DataFrame, start: pd.Timestamp, from_sent: bool) -> pd.Series:
    """First day of each contact's main window."""
    if not from_sent:
        return pd.Series(start, people.index)
    if "sent_at" not in people or people["sent_at"].isna().all():
        raise TableError(["from_sent=True needs the time of sending in `sent_at`, and there is none"], "contacts")
    sent = pd.to_datetime(people["sent_at"]).dt.normalize().astype("datetime64[us]")
    waves = sent.groupby([people["campaign_id"], people["wave"]])
    first = waves.transform("min")
    last = waves.transform("max")
    unsent = sent.isna()
    if lost := int((unsent & (first.isna() | (first != last))).sum()):
        mend = "write into `sent_at` the day on which they were to be sent, for control too"
        raise TableError([f"{lost:,} contacts have no `sent_at`, and their wave no single day: {mend}"], "contacts")
    return sent.fillna(first)


def _find_silence(lines: nw.LazyFrame, first: pd.Timestamp, end: pd.Timestamp) -> list[str]:
    """Stretches of days without receipts that are too long for chance, one sentence each."""
    time = nw.col("time")
    said = f"the windows, {first:%Y-%m-%d} to {end - pd.Timedelta(days=1):%Y-%m-%d}"
    inside = lines.filter(time >= write_moment(first), time < write_moment(end))
    found = collect(inside.select(day=time.dt.truncate("1d")).group_by("day").agg(nw.len().alias("n")))
    if found.empty:
        span = collect(lines.select(time.min().alias("first"), time.max().alias("last"))).iloc[0].astype("str").str[:10]
        run = f"they run from {span['first']} to {span['last']}. Is the year right?"
        raise TableError([f"no receipt lies in {said}: {run}"], "receipts")
    counts = found.set_index("day")["n"].reindex(pd.date_range(first, end, inclusive="left"), fill_value=0)
    seen = (counts >= max(1.0, 0.05 * found["n"].median())).to_numpy()
    return list(_name_silence(seen, counts.index, said))


def _name_silence(seen: np.ndarray, days: pd.DatetimeIndex, said: str) -> Iterator[str]:
    """One sentence for each run of silent days whose chance is under 1 in 1,000, by a beta-binomial forecast.

    `seen` tells for each day whether there were receipts; `said` names the windows.
    """
    borders = np.flatnonzero(np.diff(np.r_[True, seen, True].astype(int)))
    for begin, stop in borders.reshape(-1, 2):
        others = len(seen) - (stop - begin)
        step = np.arange(stop - begin)
        chance = np.exp(np.log((others - seen.sum() + 1 + step) / (others + 2 + step)).sum())
        if chance < 0.001 / len(seen):
            last = f" (the last day before that with receipts: {days[begin - 1]:%Y-%m-%d})" if begin else ""
            span = f"{days[begin]:%Y-%m-%d} to {days[stop - 1]:%Y-%m-%d}{last}"
            yield f"there are no or hardly any receipts from {span}, within {said}"


def _count_visits(
    lines: nw.LazyFrame, people: pd.DataFrame, edges: list[pd.Series], margin_rate: float | None
) -> tuple[pd.DataFrame, list[str]]:
    """Reduce the lines, and once more where receipt numbers come again; say so, and who was no customer before."""
    reduced = collect(_reduce(lines, people, edges, margin_rate))
    notes = []
    if repeats := int(reduced["again"].sum()):
        reduced = collect(_reduce(lines, people, edges, margin_rate, split=True))
        notes.append(say_repeats(repeats))
    if (edges[1] > edges[0]).any():  # there is a window before
        notes += say_newcomers(lines, people["customer_id"], edges[1])
    return reduced, notes


def _reduce(
    lines: nw.LazyFrame,
    people: pd.DataFrame,
    edges: list[pd.Series],
    margin_rate: float | None,
    *,
    split: bool = False,
) -> nw.LazyFrame:
    """One row a contact and window in which something was bought or returned; `split` as in `group_visits`."""
    names = lines.collect_schema().names()
    time = nw.col("time")
    near = lines.filter(time >= write_moment(edges[0].min()), time < write_moment(edges[-1].max()))
    # As text until it is there, for the reason of `write_moment`.
    days = {f"edge{i}": e.dt.strftime("%Y-%m-%d %H:%M:%S") for i, e in enumerate(edges)}
    side = open_table(people[["customer_id", "row", "own"]].assign(**days), beside=near)
    rows = near.join(side.with_columns(nw.col(*days).cast(nw.Datetime("us"))), on="customer_id", how="inner")
    rows = rows.filter(time >= nw.col("edge0"), time < nw.col("edge3"))
    sums = _define_sums(names, margin_rate)
    marks = _define_marks(names, people["own"].dropna().unique().tolist())
    window = (time >= nw.col("edge1")).cast(nw.Int64) + (time >= nw.col("edge2")).cast(nw.Int64)
    receipt = [name for name in find_receipt_key(names) if name != "customer_id"]  # the row stands for the customer
    bought = is_purchase(names).cast(nw.Int64)
    rows = rows.select("row", *receipt, "time", window=window, bought=bought, **sums, **marks)
    if receipt:
        rows = group_visits(rows, ["row", "window", *receipt], list(sums), list(marks), split=split)
    else:
        rows = rows.with_columns(again=nw.lit(0, nw.Int64()))
    counted = rows.group_by("row", "window").agg(*(nw.col(n).sum() for n in (*sums, *marks, "bought", "again")))
    return counted.rename({"bought": "orders"})


def _define_sums(names: list[str], margin_rate: float | None) -> dict[str, nw.Expr]:
    """The amounts of a line that are added up; `bare` counts lines without a margin."""
    sums = {name: nw.col(name).fill_null(0.0) for name in SUMS if name in names}
    if "discount" in names or "offer_discount" in names:
        off = sums.pop("offer_discount", sums.get("discount"))
        sums["discount"] = nw.when(is_purchase(names)).then(off).otherwise(0.0)
    if "margin" in names:
        sums["bare"] = nw.col("margin").is_null().cast(nw.Float64)
        spare = 0.0 if margin_rate is None else nw.col("sales") * float(margin_rate)
        sums["margin"] = nw.when(nw.col("margin").is_null()).then(spare).otherwise(nw.col("margin"))
    return sums


def _define_marks(names: list[str], offers: list[str]) -> dict[str, nw.Expr]:
    """What a line tells of its receipt besides the purchase, 1 or 0: that it used the contact's own offer.

    For contacts without an offer any of the wave's `offers` counts.
    """
    marks = {}
    if "offer_id" in names:
        own = nw.col("own")
        used = nw.col("offer_id")
        hit = (used == own) | (own.is_null() & used.is_in(offers))
        marks["redeemed"] = (is_purchase(names) & hit.fill_null(False)).cast(nw.Int64)
    return marks


def _lay_out(
    reduced: pd.DataFrame,
    people: pd.DataFrame,
    edges: list[pd.Series],
    lengths: list[int],
    margin_rate: float | None,
    response: str,
    notes: list[str],
) -> pd.DataFrame:
    """Every contact in every window, with zeros where nothing was bought; float noise of the engines rounded away."""
    codes = [code for code in range(3) if lengths[code]]
    grid = pd.MultiIndex.from_product([people["row"], codes], names=["row", "window"])
    frame = reduced.set_index(["row", "window"]).reindex(grid, fill_value=0).astype("float64").round(6).reset_index()
    code = frame["window"].to_numpy()
    row = frame["row"].to_numpy()
    bounds = np.stack([edge.to_numpy() for edge in edges])
    frame = frame.assign(**{n: people[n].take(row).to_numpy() for n in KEY}, start=bounds[code, row])
    frame = frame.assign(window=pd.array(np.array(WINDOWS)[code], "str"), end=bounds[code + 1, row])
    frame["responded"] = (frame[response] > 0).astype("int64")
    bare = frame.pop("bare").sum() if "bare" in frame else 0
    if bare and margin_rate is None:
        frame = frame.drop(columns="margin")
        notes = [*notes, f"margin is left out: it is empty in {bare:,.0f} lines; fill it, or give margin_rate"]
    elif margin_rate is not None and "margin" not in frame:
        ordinary = (code == 0) | (people["arm"].take(row) == "control").to_numpy()
        frame["margin"] = apply_margin_rate(frame, margin_rate, ordinary).round(6)
    whole = {n: "int64" for n in ("orders", "redeemed") if n in frame}
    frame = frame[[n for n in OUTCOMES.names if n in frame]].astype(whole)
    frame.attrs["warnings"] = tuple(notes)
    return frame
