# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: "The analytic store"
#     question: Where does the answer live next month?
#     part_a: 25
#     part_b: 30
#     know_first: ["12"]
#     module: loyalty.prepare.store
#     test: helpers/tests/prepare/store/test_store.py::test_a_corrected_month_needs_a_reason_and_what_was_known_stays
# ---

# %% [markdown]
# [[opening]]
#
# You will
#
# - load receipts month by month, so that the same file twice changes nothing: an **idempotent refresh**
# - answer with what is known now, and **as known on a day**
# - keep every label with its dates: **dated membership**
# - ask in SQL who moved from active to cooling, and when

# %% [markdown]
# ## Two answers to one question
#
# On Monday, 3 April, Marta wrote to all households that had gone cold. She called a household *cooling* when it had been silent for
# more than four weeks, and for twelve at most. At the end of April Jonas counts them again, for the same 1 April, with the same rule.

# %%
import pandas as pd

from loyalty.charts import draw_bars, headline, house_style
from loyalty.tasks.t14.scene import read_delivery

house_style()
winter = [read_delivery("2017-01"), read_delivery("2017-02")]


def count_cooling(lines, day="2017-04-01"):
    """Households whose last purchase day lies 29 to 84 days before the day."""
    last = lines[lines.time < day].groupby("customer_id").time.max().dt.normalize()
    return (pd.Timestamp(day) - last).dt.days.between(29, 84).sum()


# %%
march, march_again = read_delivery("2017-03"), read_delivery("2017-03", late=True)
then = count_cooling(pd.concat([*winter, march]))
now = count_cooling(pd.concat([*winter, march_again]))
counted = pd.Series({"counted by Marta on 3 April": then, "counted by Jonas on 24 April": now})
ax = draw_bars(counted, colours=["#0072B2", "#9AA0A6"], write="{:.0f}".format)
headline(ax, "How many were cooling on 1 April?", "households", "Complete Journey")

# %% tags=["verify"]
assert then > now and 250 < now < 300

# %% [markdown]
# Marta wrote {{then}} letters. Jonas finds {{now}} households and asks: *"Who were the others?"* Nobody made a mistake in the count.
# The file of March is another one. On 20 April the chain's IT sent it again, and Ines put it in the place of the old file.

# %%
from loyalty.tasks.t14.pictures import draw_late_till

ax = draw_late_till(march, march_again, store=367)

# %% [markdown]
# One till could not send its data, and nobody saw it. {{len(march_again) - len(march):,}} lines came three weeks late. (On a day without a bar, none
# of our households bought there.) This is normal: it happens every month, somewhere. The real loss is another one. The old file is gone, so nobody can
# show any more what Marta knew on 3 April.
#
# ## By hand: the same file twice
#
# Ines moves the months into a table of a database. DuckDB is such a database, in one file, without a server. First the naive way. The
# program stops after January, so she starts it again.

# %%
import duckdb

january = winter[0]
db = duckdb.connect()
db.execute("CREATE TABLE lines AS FROM january LIMIT 0")  # empty, with the same columns
for attempt in ("first", "again"):
    db.execute("INSERT INTO lines FROM january")
    (sales,) = db.execute("SELECT sum(sales) FROM lines").fetchone()
    print(f"{attempt}: sales of January ${sales:,.0f}")

# %% [markdown]
# The second run doubled January, without any message. Every table that is filled by "add the new file" ends like this one day.
#
# The cure has two parts. First throw out the month, then put it in whole. And do both in one **transaction**: the database keeps either
# all of it or nothing.

# %%
for attempt in ("first", "again"):
    db.execute("BEGIN")
    db.execute("DELETE FROM lines WHERE time >= '2017-01-01' AND time < '2017-02-01'")
    db.execute("INSERT INTO lines FROM january")
    db.execute("COMMIT")
    (sales,) = db.execute("SELECT sum(sales) FROM lines").fetchone()
    print(f"{attempt}: sales of January ${sales:,.0f}")

# %% tags=["verify"]
assert round(sales, 2) == round(january.sales.sum(), 2)

# %% [markdown]
# Now a second run changes nothing. Such a load is called **idempotent**: twice is the same as once. But the old March is still lost when a
# new one comes. For that we need a table that keeps both.
#
# ## The helper: a store that remembers
#
# The store is one file. Each month is loaded whole, with the day on which we learned of it.

# %%
import tempfile
from pathlib import Path

from loyalty.prepare.store import open_store

folder = tempfile.TemporaryDirectory()
store = open_store(Path(folder.name) / "store.duckdb")
for month, lines in {"2017-01": winter[0], "2017-02": winter[1], "2017-03": march}.items():
    print(store.refresh(lines, month, recorded_at="2017-04-01"))
print(store.refresh(march, "2017-03", recorded_at="2017-04-02"))

# %% [markdown]
# The last line is the second run: already there, unchanged.
#
# Marta's labels go into the store as well. First the profile of lesson 12, as of a day: the store keeps it as a **snapshot**. Then the
# label of each household: active, cooling or quiet. A rule has a name (`scheme`) and a version, because rules change too.

# %%
from loyalty.tasks.t14.scene import name_silence


def label(day, today):
    """Label each household as of a day, by what is known today."""
    store.snapshot(day, recorded_at=today)
    labels = name_silence(store.profile(day))
    store.place(labels, day, scheme="silence", version="1", recorded_at=today)
    return labels.segment.value_counts().to_frame("households")


label("2017-04-01", today="2017-04-03")

# %% [markdown]
# {{then}} are cooling, as Marta counted. Now the file of 20 April comes. The store does not overwrite in silence: without a reason it refuses a month
# that differs. We give one, and label the same 1 April again.

# %%
reason = "store 367 sent its lines late"
print(store.refresh(march_again, "2017-03", recorded_at="2017-04-20", reason=reason))
label("2017-04-01", today="2017-04-24")

# %% [markdown]
# That is Jonas's count. Marta's is still there: `known_on` asks for it. So we can answer Jonas: who were the others?

# %%
labels = {}
for day in ("2017-04-03", "2017-04-24"):
    known = store.membership("silence", known_on=day)
    labels[f"known on {day}"] = known.set_index("customer_id").segment
both = pd.DataFrame(labels)
others = both[both.iloc[:, 0] != both.iloc[:, 1]].dropna()
late = march_again[march_again.customer_id.isin(others.index) & (march_again.store_id == 367)]
others.assign(last_visit_to_367=late.groupby("customer_id").time.max())

# %% tags=["verify"]
assert len(others) == then - now and (others.iloc[:, 0] == "cooling").all() and (others.iloc[:, 1] == "active").all()
assert late.groupby("customer_id").time.max().min() >= pd.Timestamp("2017-03-20")

# %% [markdown]
# {{len(others)}} households had bought at store 367 in the last days of March, and nobody could know it on 3 April.
#
# So every number has two dates. One says *for which day it holds*: 1 April. The other says *when we knew it*: 3 April or 24 April. Marta's
# letters were right by what she could know. Jonas is right about 1 April.
#
# ## A label needs dates too
#
# Last month's label is overwritten as easily as last month's file. In our store it is not. We load the next months, and label the first day
# of each. From these snapshots the store makes spells: who was in which segment, from which day, and until which day. Here are some households
# that moved often:

# %%
from loyalty.tasks.t14.pictures import draw_spells

months = {"2017-04": "2017-05-01", "2017-05": "2017-06-01", "2017-06": "2017-07-01"}
for month, day in months.items():
    today = pd.Timestamp(day) + pd.Timedelta(days=2)
    store.refresh(read_delivery(month), month, recorded_at=today)
    label(day, today)

spells = store.membership("silence")
moving = spells.groupby("customer_id").size().loc[lambda n: n >= 3].index[:6]
ax = draw_spells(spells, list(moving), pd.Timestamp("2017-08-01"))

# %% tags=["verify"]
assert (spells.valid_to.isna() | (spells.valid_from < spells.valid_to)).all()

# %% [markdown]
# Each bar begins on a day and ends on a day. The end day itself belongs to the next bar, as in all our windows. Nothing is overwritten: in July
# we still see what was true in April.
#
# ## Who moved, and when?
#
# Now your bet. {{now}} households were cooling on 1 April, as we know today. **Of 100 of them, how many are active again on 1 May?**

# %%
from loyalty.tasks import predict, reveal

predict("14-bet", ...)  # your bet, from 0 to 100, in place of the dots

# %% [markdown]
# We ask in SQL. DuckDB reads the table `spells` by its name. `$start` and `$end` are places for values: we never write values into the text of a
# question. `b` is who was where on the first day, `a` on the second. An open spell has no end day, so `coalesce` lets it count. `FULL JOIN`
# keeps those who are in one of the two only.

# %%
question = """
WITH b AS (SELECT * FROM spells
           WHERE valid_from <= $start AND coalesce(valid_to > $start, true)),
     a AS (SELECT * FROM spells
           WHERE valid_from <= $end AND coalesce(valid_to > $end, true))
SELECT b.segment AS segment_before, a.segment AS segment_after, count(*) AS households
FROM b FULL JOIN a USING (customer_id)
GROUP BY segment_before, segment_after ORDER BY households DESC
"""
table = duckdb.execute(question, {"start": "2017-04-01", "end": "2017-05-01"}).df()
table

# %%
from statsmodels.stats.proportion import proportion_confint

cooling = table[table.segment_before == "cooling"].set_index("segment_after").households
low, high = proportion_confint(cooling["active"], cooling.sum(), method="wilson")
share = cooling["active"] / cooling.sum()
ends = {"low": round(100 * low), "high": round(100 * high)}
reveal("14-bet", estimate=round(100 * share), **ends, unit="%")

# %% tags=["verify"]
moved = store.who_moved("silence", "2017-04-01", "2017-05-01")
again = moved.groupby(["segment_before", "segment_after"], dropna=False).size()
assert cooling.sum() == now and again["cooling", "active"] == cooling["active"]
assert 0.45 < share < 0.65

# %% [markdown]
# {{share:.0%}} came back within the month. Was it the letter? The table cannot say it: there was no control group. (Room 3 is about that.) And
# who went the other way?

# %%
from loyalty.tasks.t14.pictures import draw_moves

moved = store.who_moved("silence", "2017-04-01", "2017-05-01")
sizes = moved.groupby(["segment_before", "segment_after"], dropna=False).size()
title = "More households went cold in April than came back"
ax = draw_moves(sizes.rename("households").reset_index(), title)

# %% tags=["verify"]
fell = again["active", "cooling"]
assert 100 < fell < 250 and fell > cooling["active"]

# %% [markdown]
# While {{cooling["active"]}} households woke up, {{fell}} active ones went cooling. If you only look at the *number* of cooling
# households, you see almost nothing of this: it went from {{now}} to {{(labels_may := spells[(spells.valid_from <= "2017-05-01") & ~(spells.valid_to <= "2017-05-01")]).segment.eq("cooling").sum()}}. The helper `store.who_moved` asks
# the same question and also gives the households' ids.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/1_prepare/14_the_analytic_store.ipynb): another late month, and a number for the board. What follows is
# for self-study.
#
# ---

# %% [markdown]
# ## A crash in the middle
#
# Why must the two steps be one transaction? Here a refresh stops between them: the old month is out, the new one is not in. A laptop that
# goes to sleep is enough.

# %%
db.execute("DELETE FROM lines WHERE time >= '2017-01-01' AND time < '2017-02-01'")
# ... here the laptop goes to sleep, and the INSERT never runs
(without,) = db.execute("SELECT count(*) FROM lines").fetchone()
db.execute("INSERT INTO lines FROM january")

db.execute("BEGIN")
db.execute("DELETE FROM lines WHERE time >= '2017-01-01' AND time < '2017-02-01'")
db.execute("ROLLBACK")  # what the database does by itself when the program dies
(with_transaction,) = db.execute("SELECT count(*) FROM lines").fetchone()
print(f"lines left: {without:,} without a transaction, {with_transaction:,} with one")

# %% tags=["verify"]
assert without == 0 and with_transaction == len(january)

# %% [markdown]
# The store's own refresh is ended by force at sixty random moments, in a test of this workshop. Each time the store must hold whole months,
# and the same call must complete the rest.
#
# ## Two clocks
#
# One question, two dates. In this table each row is the day that we ask about, each column the day on which we could have asked.

# %%
asked = ["2017-03-01", "2017-04-01"]
known_on = ["2017-04-03", "2017-04-24"]
clocks = pd.DataFrame(index=pd.Index(asked, name="cooling on"))
for day in known_on:
    known = store.receipts(known_on=day).df()
    clocks[f"as known on {day}"] = [count_cooling(known, about) for about in asked]
clocks

# %% tags=["verify"]
assert clocks.iloc[0].nunique() == 1 and clocks.iloc[1].nunique() == 2

# %% [markdown]
# The first row does not move: the late lines are all of the end of March. The second does. A report that says only "cooling on 1 April" gives
# only one of its two dates.
#
# ## Which answers have grown old?
#
# A correction makes everything old that was computed from the month. The store knows which snapshots these are. Suppose that one
# line of February is corrected as well:

# %%
february = winter[1].iloc[1:]
reason = "one line was a test of the till"
print(store.refresh(february, "2017-02", recorded_at="2017-07-05", reason=reason))
listed = store.snapshots().query("counts")
listed[["scheme", "as_of", "recorded_at", "customers", "stale"]].head(4)

# %% tags=["verify"]
assert listed.stale.all()

# %% [markdown]
# All later snapshots are *stale*. Make them anew with the same two lines as above. The old ones stay readable with `known_on`.
#
# ## Today's label for the label of that day
#
# What if a chain keeps only today's label? Then a campaign of April is judged by the labels of July. How many of those who were cooling on 1
# April carry another label three months later? The same question, with another second day:

# %%
later = duckdb.execute(question, {"start": "2017-04-01", "end": "2017-07-01"}).df()
later = later[later.segment_before == "cooling"]
later

# %% tags=["verify"]
kept = later.set_index("segment_after").households
other = 1 - kept["cooling"] / kept.sum()
assert 0.5 < other < 0.95

# %% [markdown]
# {{other:.0%}} of them carry another label in July. If you use July's labels for April's letters, you compare different people. That is why
# the response history of lesson 41 keeps the label of the day with every contact. It can live in the same file as this store.

# %% [markdown]
# ## Points are money that we owe
#
# The chain also keeps a **points ledger**: one entry for every point that is issued, spent, expired or taken back. Here is one of 400
# households (made up, with real receipts). One dollar gives one point, and a point lives for 90 days. How many points do we owe on 1 July?

# %%
from loyalty.tasks.t14.scene import make_ledger

ledger = make_ledger()
sign = ledger.points.kind.map({"issue": 1, "spend": -1})
owed = (ledger.points.points * sign).sum()
print(f"{len(ledger.points):,} entries, {owed:,.0f} points owed")

# %% [markdown]
# That is what the ledger says of itself. Is every issue backed by a receipt, once? By hand, for one question: which receipts have two
# issues?

# %%
issues = ledger.points[ledger.points.kind == "issue"]
twice = issues[issues.duplicated(["customer_id", "basket_id"])]
print(f"{len(twice)} second issues, {twice.points.sum():,.0f} points")

# %% [markdown]
# A till that sends its file again issues points again (**double accrual**). The helper asks this question and four others, and compares
# the ledger with the receipts.

# %%
from loyalty.prepare.store import reconcile_points

rule = {"rate": 1, "life_days": 90, "as_of": "2017-07-01"}
found = reconcile_points(ledger.points, ledger.receipts, **rule)
print(found)

# %% tags=["verify"]
counts = found.table.set_index("check").entries
assert counts["issued twice"] == len(twice) == ledger.planted["issued twice"]
assert counts["not what was paid"] == ledger.planted["not what was paid"]
old = found.table.set_index("check").points["overdue"]
assert 0.4 < old / owed < 0.6

# %% [markdown]
# The double issues are small, and so are the goods that came back while their points stayed. The third fault is the large one. {{old / owed:.0%}}
# of what the ledger "owes" is older than 90 days, but nobody booked that it expired. A report that prices the open points (lesson 34)
# would carry them for ever.
#
# The helper needs no list of single points for this. Points are spent in the order in which they were issued. So what is too old follows
# from sums: all that was issued up to a day, less all that was spent before the last of it grew too old.
#
# ## Somebody wants to be forgotten
#
# A customer may ask to be deleted. The store deletes all rows of this customer, in every month and snapshot. It keeps a keyed hash of the
# id: a fingerprint that only the owner of a secret key can make (`LOYALTY_KEY`, outside the store). With it the store recognises the
# customer's lines when an old month is loaded again, and leaves them out. Forgetting is the one thing that also changes what was known before.

# %%
import os

os.environ.setdefault("LOYALTY_KEY", "a key for this lesson only")
rows = store.forget(int(moving[0]), recorded_at="2017-07-06")
again = store.refresh(february, "2017-02", recorded_at="2017-07-06")
print(f"{rows:,} rows deleted; {again}")

# %% tags=["verify"]
assert rows > 0 and again.done == "unchanged"

# %% [markdown]
# ## Build or buy?
#
# A vendor will offer you a customer data platform. Ask these five questions, and ask to *see* it:
#
# | question | what the answer should be |
# |---|---|
# | What happens when we load the same file twice? | Nothing changes, and the system says so. |
# | What does a report of last month show after a correction? | Both numbers, with their dates. |
# | Which label did this customer have on 1 April? | The one of that day. |
# | What happens when the load breaks off? | The old state, whole. |
# | How do we get all our data out? | As plain files, without asking you. |

# %%
store.close()
folder.cleanup()

# %% [markdown]
# ## What we learned
#
# - An **idempotent refresh** loads a month whole, in one transaction. Twice is the same as once.
# - A number has two dates: the day for which it holds, and the day on which we knew it. With both, two honest answers do not fight.
# - **Dated membership** keeps every label from a day to a day. Nothing is overwritten.
# - One question in SQL tells who moved. The *number* of cooling households hides most of it.
#
# ## What could still be wrong
#
# - The store keeps what it is given. A month that is wrong in every file is wrong here too. Lesson 11 looks for that.
# - A household is a card. If a person has two cards, each has its own spells. Lesson 13, *One customer, many ids*, is about that.
# - The late till of this lesson is made up, and so is the ledger. The receipts are real.
# - Snapshots are made once a month. Who went cooling and came back within a month is not seen.
#
# ## Use it on your data
#
# A table with customer, time and amount for each month is enough:
# `open_store("store.duckdb").refresh("2017-03.parquet", "2017-03", recorded_at="2017-04-01")`

# %% [markdown]
# [[links]]
