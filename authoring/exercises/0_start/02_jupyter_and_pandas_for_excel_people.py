# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the autumn workbook
#     question: Which region reached the smallest share of its plan?
#     module: loyalty.tasks.t02.tasks
#     test: helpers/tests/tasks/t02/test_tasks.py
#     minutes: 24
#     pace: two for each of 02a to 02i, six for 02j
# ---

# %% [markdown]
# [[opening]]
#
# It is November. Marta has leaflets for one region, and she wants to send them where the smallest share of the plan was reached. Ines's workbook holds
# August, September and October 2024. Ten small steps lead to the answer.
#
# Put your answer in the place of `...`, run the cell, then run the check. You can try as often as you like. Stuck? `hint("02a")` gives one step at a time.

# %%
import pandas as pd

from loyalty.tasks import check, hint
from loyalty.tasks.t02.scene import open_autumn, read_autumn, write_plan

customers, raw, stores = open_autumn()
raw.head(3)

# %% [markdown]
# **02a What does the last cell show?** A notebook has two cells. The first one is `points = 800`. The second one is
# `points = points / 2`, and it shows `points`. Ines ran the first cell once and the second cell three times. Then she chose *Restart Kernel
# and Run All Cells*. Which number does the second cell show now?

# %%
### BEGIN SOLUTION
shown = 400
### END SOLUTION

# %%
check("02a", shown)

# %%
hint("02a")

# %% [markdown] tags=["solution"]
# After the restart each cell runs once: 800, then 400. Before the restart it showed 100, and nobody could see on the page why. If somebody
# sends you a notebook, restart it first.

# %% [markdown]
# **02b How much did the chain sell?** Add up `sales` of all rows of `raw`, in euros, to the cent. Look at the column first: it is text.

# %%
### BEGIN SOLUTION
total = raw.sales.str.replace(",", ".").astype(float).sum()
### END SOLUTION

# %%
check("02b", total)

# %%
hint("02b")

# %% [markdown] tags=["solution"]
# €{{total:,.2f}}. The tempting way is `errors="coerce"`: whatever cannot be read becomes empty. Here that leaves €147 and no message. Count
# what became empty before you go on.

# %% [markdown]
# **02c How many receipts are from October?** The column `day` holds text such as 31/10/2024. How many rows of `raw` have a day in October
# 2024, from the 1st to the 31st?

# %%
### BEGIN SOLUTION
dates = pd.to_datetime(raw.day, format="%d/%m/%Y")
october_receipts = ((dates >= "2024-10-01") & (dates < "2024-11-01")).sum()
### END SOLUTION

# %%
check("02c", october_receipts)

# %%
hint("02c")

# %% [markdown] tags=["solution"]
# {{october_receipts}}. The end is written as `< "2024-11-01"`: it also works when the column holds times of day. Text is compared sign by sign, from the
# left. Therefore "02/10/2024" comes after "01/11/2024", as "b" comes after "a".

# %% [markdown]
# From here on the same workbook is read for you, with numbers, dates and a column `month`. So a mistake above does not spoil what follows.

# %%
customers, receipts, stores = read_autumn()
october = receipts[receipts.month == "2024-10"]
october.head(3)

# %% [markdown]
# **02d How many large receipts came from the online shop?** How many rows of `october` are from store 0 *and* of €7.99 or more?

# %%
### BEGIN SOLUTION
large_online = len(october[(october.store_id == 0) & (october.sales >= 7.99)])
### END SOLUTION

# %%
check("02d", large_online)

# %%
hint("02d")

# %% [markdown] tags=["solution"]
# {{large_online}}. One of them is of €7.99 exactly: *or more* is `>=`. The brackets are needed: without them Python reads `0 & october.sales` first. And `and` asks whether a whole column is true, which nobody can
# say.

# %% [markdown]
# **02e What did the east sell in October?** Bring the region from `stores` to each row of `october`, keep `east`, and add up `sales`. In
# euros, to the cent. Count the rows before and after the merge.

# %%
### BEGIN SOLUTION
each_once = stores.drop_duplicates()
with_region = october.merge(each_once, on="store_id", how="left", validate="many_to_one")
east = with_region[with_region.region == "east"].sales.sum()
### END SOLUTION

# %%
check("02e", east)

# %%
hint("02e")

# %% tags=["verify"]
assert (october[october.store_id == 0].sales == 7.99).sum() == 1
assert len(with_region) == len(october)
multiplied = october.merge(stores, on="store_id")
assert len(multiplied) > len(october)

# %% [markdown] tags=["solution"]
# €{{east:,.2f}}. One store stands twice in `stores`, and the plain merge counts its receipts twice. With `validate="many_to_one"` it would have
# stopped. The tempting way would have given the east €{{multiplied[multiplied.region == "east"].sales.sum() - east:,.0f}} too much.

# %% [markdown]
# **02f What did every customer spend in October?** A table with one row for *every* customer of `customers`: `customer_id` and `sales`, the
# euros of October, 0 for those without a receipt.

# %%
### BEGIN SOLUTION
spent = october.groupby("customer_id", as_index=False).sales.sum()
everybody = customers[["customer_id"]].merge(spent, on="customer_id", how="left").fillna(0)
### END SOLUTION

# %%
check("02f", everybody)

# %%
hint("02f")

# %% [markdown] tags=["solution"]
# {{len(everybody)}} rows, and {{int((everybody.sales == 0).sum())}} of them hold a 0. An inner merge would have lost these customers. A campaign wants to reach
# them.

# %% [markdown]
# **02g What did the mean customer spend in October?** Of all customers on the list. In euros, to the cent.

# %%
### BEGIN SOLUTION
mean_customer = everybody.sales.mean()
### END SOLUTION

# %%
check("02g", mean_customer)

# %%
hint("02g")

# %% [markdown] tags=["solution"]
# €{{mean_customer:.2f}}. With empty cells in the place of the zeros the mean is €{{spent.sales.mean():.2f}}: true for buyers, wrong for customers. Always say *of
# whom* a mean is.

# %% [markdown]
# **02h A column for each month.** A table with one row for each customer who bought in these three months, and one column for each
# month: the sum of `sales`, 0 where there is no receipt. Use `receipts` and its column `month`.

# %%
### BEGIN SOLUTION
cells = {"index": "customer_id", "columns": "month", "values": "sales"}
wide = receipts.pivot_table(**cells, aggfunc="sum", fill_value=0)
### END SOLUTION

# %%
check("02h", wide)

# %%
hint("02h")

# %% [markdown] tags=["solution"]
# Three months and {{len(wide)}} customers. Excel's pivot table adds up numbers when you say nothing, pandas takes the mean. That is why
# `aggfunc="sum"` is worth writing every time.

# %% [markdown]
# **02i Who are the five best customers of October?** The ids of the five customers with the largest sum of `sales` in October, the best one first. A list of
# numbers: `list(….index)` takes the ids out of a group by, `list(….customer_id)` out of a table.

# %%
### BEGIN SOLUTION
sums = october.groupby("customer_id").sales.sum().sort_values(ascending=False)
best_five = list(sums.head(5).index)
### END SOLUTION

# %%
check("02i", best_five)

# %%
hint("02i")

# %% [markdown] tags=["solution"]
# Sum, sort, keep, take five. If you sort receipts and take five rows, you find large *receipts*, and one customer may stand there
# twice.

# %% [markdown]
# **02j Where do the leaflets go?** The plan is a wide table: one row for each region, one column for each month. Which region reached the smallest
# *share* of its plan, all three months together, and what share? Answer with two values in round brackets, with a comma between: the region, such as
# `"north"`, and its share in percent, to one decimal. `plan.set_index("region").sum(axis=1)` adds up the columns of each row.

# %%
plan = write_plan()
plan

# %%
### BEGIN SOLUTION
planned = plan.set_index("region").sum(axis=1)
sold = receipts.merge(stores.drop_duplicates(), on="store_id").groupby("region").sales.sum()
reached = sold / planned
leaflets_to = (reached.idxmin(), reached.min() * 100)
### END SOLUTION

# %%
check("02j", leaflets_to)

# %%
hint("02j")

# %% tags=["verify"]
assert reached.idxmin() == "east" and (planned - sold).idxmax() == "north" and sold.idxmin() == "online"
twice = receipts.merge(stores, on="store_id").groupby("region").sales.sum() / planned
assert twice.idxmin() == "south"
long = plan.melt(id_vars="region", var_name="month", value_name="plan")
assert long.groupby("region").plan.sum().to_dict() == planned.to_dict()

# %% [markdown] tags=["solution"]
# The {{leaflets_to[0]}}: it reached {{leaflets_to[1]:.1f}} % of its plan. Three other answers tempt. The north misses more *euros*, because its plan is the largest. Online sells
# least, because its plan is the smallest. And with the store that stands twice the south has the smallest share: one row too many in a small sheet, and the leaflets
# go to the wrong region. (We chose the plan so that each of these mistakes shows.)

# %% tags=["solution"]
reached.sort_values().round(3).to_frame("share of the plan reached")
