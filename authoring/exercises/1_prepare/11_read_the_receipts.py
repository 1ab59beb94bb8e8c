# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the second export
#     question: Which number may go to the board?
#     module: loyalty.prepare.clean.receipts
#     test: helpers/tests/tasks/t11/test_tasks.py
#     minutes: 35
#     pace: 15 for 11a and 11b, 20 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# The sister chain has sent its files, too: four months, five stores, and a web shop (store 0). Its people told us three things. The
# shops are four hours behind UTC. The tax is 20 %. Employees pay 15 % less. The faults are the same, in other places.
#
# Jonas wants one number for the board, sales to customers, and the names of ten good customers.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("11a")` gives one step at a time.

# %%
import pandas as pd

from loyalty.tasks import check, hint
from loyalty.tasks.t11.scene import EXERCISE, receive_export

receipts, _ = receive_export(EXERCISE)
receipts.head(3)

# %% [markdown]
# **11a What was sent twice?** How many lines are a resend, and what do they sum to? Count each copy once, not the first line. Leave lines
# without a line number alone. Two numbers: `(lines, euros)`, the euros to the cent.

# %%
### BEGIN SOLUTION
same = ["store_id", "till_id", "basket_id", "line_no"]
same += ["customer_id", "product_id", "time", "sales", "kind"]
copies = receipts[receipts.duplicated(same) & receipts.line_no.notna()]
resent = (len(copies), copies.sales.sum().round(2))
### END SOLUTION

# %%
check("11a", resent)

# %%
hint("11a")

# %% [markdown] tags=["solution"]
# {{resent[0]}} lines, €{{resent[1]:,.2f}}. The tempting short cut compares the card, the day and the money. It is so tempting because most tables hold
# nothing else. What would it have cost?

# %% tags=["solution"]
sold = receipts[receipts.kind == "sale"].assign(day=lambda table: table.time.dt.normalize())
coarse = sold[sold.duplicated(["customer_id", "day", "sales"])]
print(f"{len(coarse)} lines, €{coarse.sales.sum():,.2f}")

# %% [markdown] tags=["solution"]
# Most of these are true sales. Nobody would ever have missed them, and that is the trouble.

# %% [markdown]
# **11b Did the Sunday mail sell?** In one of the four files the web shop (store 0) stamps in UTC. Find the file. Then: what did the web shop sell
# in this file on *Sundays of the shop's time*? Sum `sales` of all its lines as they stand. One number, in euros, to the cent.

# %%
### BEGIN SOLUTION
web = receipts[receipts.store_id == 0]
late = web.groupby("file").time.apply(lambda times: (times.dt.hour < 5).mean())
month = web[web.file == late.idxmax()]
local = month.time - pd.Timedelta(hours=4)
sundays = month[local.dt.day_name() == "Sunday"].sales.sum()
### END SOLUTION

# %%
check("11b", sundays)

# %%
hint("11b")

# %% [markdown] tags=["solution"]
# €{{sundays:,.2f}}. By the wrong clock it would be €{{month[month.time.dt.day_name() == "Sunday"].sales.sum():,.2f}}. No line is lost, and still another number
# stands in the report: Saturday's late orders came in, and Sunday's late orders went out.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **11c Deliver.** `(clean, removed, net_sales)`: the clean table, the removed lines, and the sum of the clean sales in euros. Keep the
# columns `file` and `file_line`. Each line of `receipts` stands in one of the two tables. You may use `inspect_receipts` and
# `clean_receipts` of `loyalty.prepare.clean`. Read the report before you clean.

# %%
### BEGIN SOLUTION
from loyalty.prepare.clean import clean_receipts, inspect_receipts

told = {"zone": -4, "vat_rate": 0.20, "staff_discount": 0.15}
quality = inspect_receipts(receipts, **told)
clean, removed, summary = clean_receipts(receipts, **told)
delivery = (clean, removed, clean.sales.sum())
### END SOLUTION

# %%
check("11c", delivery)

# %%
hint("11c")

# %% tags=["solution"]
summary

# %% [markdown] tags=["solution"]
# The files say €{{receipts.sales.sum():,.0f}}, the clean table €{{clean.sales.sum():,.0f}}. An experienced colleague keeps this table with the number. Who asks
# in half a year why it is not what the files say gets an answer, line by line.

# %% [markdown]
# **11d Ten good customers.** The ten customers with the largest net sales in your clean table: a table with `customer_id` and `sales`.

# %%
### BEGIN SOLUTION
best = clean.groupby("customer_id").sales.sum().nlargest(10).reset_index()
### END SOLUTION

# %%
check("11d", best)

# %%
hint("11d")

# %% tags=["solution"]
raw = receipts.groupby("customer_id").sales.sum().nlargest(10)
print(f"{raw.index.isin(best.customer_id).sum()} of them are in the raw top ten, too")

# %% [markdown] tags=["solution"]
# On top of the raw table stands the cashier's card, with €{{raw.iloc[0]:,.0f}}. And a customer who buys much and brings much back looks better there
# than they are.

# %% [markdown]
# **11e Send or hold?** Jonas may send the number to the board if what still has to be asked is at most 0.5 % of net sales: the money on lines that
# nobody can judge (all lines of such a pair, as the report counts them), and what the missing day usually brings, together. One word: `"send"` or `"hold"`.

# %%
### BEGIN SOLUTION
asked = quality.findings[quality.findings.treatment == "ask"].money.sum()
decision = "send" if asked <= 0.005 * clean.sales.sum() else "hold"
### END SOLUTION

# %%
check("11e", decision)

# %%
hint("11e")

# %% [markdown] tags=["solution"]
# €{{asked:,.0f}} are {{asked / clean.sales.sum():.2%}} of net sales. Hold. Each of the two alone would have passed, and that is how such things slip
# through. An experienced colleague would add: two phone calls settle it. Ask the shop for the file of the missing day, and ask what the
# old till does when the line breaks. Then send.
