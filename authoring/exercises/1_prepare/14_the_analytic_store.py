# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: "a number for the board"
#     question: A till was late in June. Which number stands in the report?
#     module: loyalty.prepare.store
#     test: helpers/tests/tasks/t14/test_tasks.py
#     minutes: 35
#     pace: 15 for 14a and 14b, 10 for 14c, 5 for the decision, 5 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# It is August 2017. In the first week of July the board read how many households had bought in June. On 12 July one till, that of store
# 406, sent what it had kept back. Its file holds the store's lines from 8 June on. Some of them had come before.
#
# The months from January to May are in the store. You have `files.june`, which came on 3 July, and `files.june_late` of 12 July. A line is
# known by its `basket_id` and `line_no`. (The next cell fills the store; that takes a few seconds.)
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("14a")` gives one step at a time.

# %%
import tempfile
from pathlib import Path

import pandas as pd

from loyalty.prepare.store import open_store
from loyalty.tasks import check, hint
from loyalty.tasks.t14.scene import name_silence, open_deliveries

files = open_deliveries()
folder = tempfile.TemporaryDirectory()
store = open_store(Path(folder.name) / "store.duckdb")
for month, lines in files.earlier.items():
    store.refresh(lines, month, recorded_at="2017-07-03")

# %% [markdown]
# **14a June, whole.** Put June together from both files, each line once. What are the sales of June 2017? One number, in dollars, to the
# cent.

# %%
### BEGIN SOLUTION
both = pd.concat([files.june, files.june_late])
june = both.drop_duplicates(["basket_id", "line_no"])
june_sales = june.sales.sum()
### END SOLUTION

# %%
check("14a", june_sales)

# %%
hint("14a")

# %% [markdown] tags=["solution"]
# {{len(both) - len(june):,}} lines stood in both files. Added up, they would count twice. The other tempting way is to put the late file in the
# place of June, or in the place of the store. Then lines are gone that came in time.

# %% [markdown]
# **14b What did the board know?** Load June into the store: first as it came (`recorded_at="2017-07-03"`), then whole
# (`recorded_at="2017-07-12"`, with a reason). How many households have at least one line in June: as known on 5 July 2017, and as known now?
# Two whole numbers, `(then, now)`.

# %%
### BEGIN SOLUTION
store.refresh(files.june, "2017-06", recorded_at="2017-07-03")
store.refresh(june, "2017-06", recorded_at="2017-07-12", reason="store 406 was late")


def count_june(lines):
    return lines[lines.time >= "2017-06-01"].customer_id.nunique()


then = count_june(store.receipts(known_on="2017-07-05").df())
now = count_june(store.receipts().df())
known = (then, now)
### END SOLUTION

# %%
check("14b", known)

# %%
hint("14b")

# %% [markdown] tags=["solution"]
# {{then:,}} and {{now:,}}. Most households of the late file had bought elsewhere in June, so only {{now - then}} are new. If you add the
# households of two files, you count most of them twice.

# %% [markdown]
# **14c Who went cold?** The rule of the lesson: active up to 28 days of silence, cooling up to 84, then quiet (`name_silence(profile)`). How
# many households are active as of 1 June 2017 and cooling as of 1 July 2017, by all that is known now? One whole number.

# %%
### BEGIN SOLUTION
for day in ("2017-06-01", "2017-07-01"):
    store.snapshot(day, recorded_at="2017-08-01")
    labels = name_silence(store.profile(day))
    store.place(labels, day, scheme="silence", version="1", recorded_at="2017-08-01")
moved = store.who_moved("silence", "2017-06-01", "2017-07-01")
went_cold = ((moved.segment_before == "active") & (moved.segment_after == "cooling")).sum()
### END SOLUTION

# %%
check("14c", went_cold)

# %%
hint("14c")

# %% [markdown] tags=["solution"]
# {{went_cold}} households. Before the late file it would have been more: some who seemed silent had bought at store 406. The net change of the
# number of cooling households says much less, because others came back at the same time.

# %% [markdown]
# ## Monday
#
# **14d The line for the board.** Which one goes into the report of August? One letter. (`then` and `now` are your numbers of 14b.)
#
# - `"A"`: *In June `now` households bought.*
# - `"B"`: *In June `now` households bought, as known on 12 July. The report of 5 July said `then`; one till was late.*
# - `"C"`: *In June `then` households bought. A number that was reported is not changed.*
# - `"D"`: *In June about the mean of `then` and `now` households bought.*

# %%
### BEGIN SOLUTION
line = "B"
### END SOLUTION

# %%
check("14d", line)

# %%
hint("14d")

# %% [markdown] tags=["solution"]
# B is longer by one sentence. That sentence saves an hour of the next meeting.

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **14e Today's label.** On 1 May 2017 a letter went to the households that were cooling. Somebody judges it by the labels of 1 July. Of the
# households that were cooling on 1 May, which share has another label on 1 July, by all that is known now? One
# fraction between 0 and 1, to three digits.

# %%
### BEGIN SOLUTION
store.snapshot("2017-05-01", recorded_at="2017-08-01")
labels = name_silence(store.profile("2017-05-01"))
store.place(labels, "2017-05-01", scheme="silence", version="1", recorded_at="2017-08-01")
spells = store.membership("silence")
may = spells[(spells.valid_from <= "2017-05-01") & ~(spells.valid_to <= "2017-05-01")]
july = spells[(spells.valid_from <= "2017-07-01") & ~(spells.valid_to <= "2017-07-01")]
were = may[may.segment == "cooling"].merge(july, on="customer_id", suffixes=("_may", "_july"))
other_label = (were.segment_july != "cooling").mean()
### END SOLUTION

# %%
check("14e", other_label)

# %%
hint("14e")

# %% [markdown] tags=["solution"]
# {{other_label:.0%}}. Whoever joins today's labels to a campaign of May looks at other people than those who got the letter. Keep the label
# of the day with every contact: the response history of lesson 41 asks for it.

# %% tags=["verify"]
store.close()
folder.cleanup()
assert then < now and june_sales > files.june.sales.sum()
