# ---
# jupyter:
#   loyalty:
#     kind: lesson
#     title: Jupyter and pandas for Excel people
#     question: "I can do this in Excel. How do I do it here, and which mistakes come without an error message?"
#     part_a: 15
#     part_b: 10
#     know_first: []
#     module: loyalty.tasks.t02.scene
#     test: helpers/tests/tasks/t02/test_pictures.py::test_a_key_with_two_partners_makes_two_rows
# ---

# %% [markdown]
# [[opening]]
#
# *Click into a cell and press Shift + Enter: it runs, and the next one waits. Go from top to bottom.*
#
# You will
#
# - know what the **kernel** remembers, and why you restart it before you send a number
# - read text as numbers and dates, and keep the rows that you want
# - look things up with a **left join** (VLOOKUP), and add up with **group by** (the pivot table)
# - turn a **wide table** into a **long table**, and know what an empty cell does

# %% [markdown]
# ## Ines goes on holiday
#
# Every Monday Ines opens her Excel workbook and tells Marta what each region has sold. On Friday she goes on holiday. Now the
# workbook is ours. We do it once in Python, and next Monday it is one click.
#
# The workbook has three sheets. In pandas a sheet is a *data frame*: a table with rows and named columns.

# %%
from loyalty.tasks.t02.scene import open_spring

customers, receipts, stores = open_spring()
receipts.head(3)

# %% [markdown]
# One row is one receipt. The bold numbers on the left are only row numbers. `head(3)` shows the first three of
# {{len(receipts)}} rows, so the page stays short.

# %% [markdown]
# ## 1 The page is not the memory
#
# In Excel a cell changes when you change another cell. Here it does not. A cell runs when *you* run it, and what it makes stays in
# the memory, which is called the **kernel**.

# %%
price = 100

# %%
price = price * 0.9
price

# %% [markdown]
# Now run the second cell once more. It says 81! The code has not changed, but the number below it has, and the number in the brackets before it.

# %%
from loyalty.charts import house_style
from loyalty.tasks.t02.pictures import draw_memory

house_style()
again = "price = price * 0.9"
figure = draw_memory([("2", "price = 100", 100), ("3", again, 90), ("4", again, 81)])

# %% tags=["verify"]
assert price == 90
code = "price = price * 0.9"
memory = {"price": 100}
exec(code, memory)
exec(code, memory)
assert round(memory["price"], 9) == 81
memory["price"] = 100
for run in range(3):
    exec("reduced = price * 0.9", memory)
    assert memory["reduced"] == 90

# %% [markdown]
# Two habits keep you safe.
#
# - Give a new result a **new name**: after `price = 100`, `reduced = price * 0.9` gives 90 however often you run it.
# - Before you send a number, choose the menu *Kernel → Restart Kernel and Run All Cells*. It empties the memory and runs every cell
#   once, from the top.
#
# *Try it: 02a in the [exercise](../../exercises/0_start/02_jupyter_and_pandas_for_excel_people.ipynb).*

# %% [markdown]
# ## 2 A column has one type
#
# What did we sell in three months? In Excel we would write `=SUM(E:E)`. Let us first add up three rows only.

# %%
receipts.sales.head(3).sum()

# %% [markdown]
# This is no number. Excel saved "11,67" with a comma, so the column holds *text*, and pandas glued three texts together. No error
# message came.

# %%
numbers = receipts.sales.str.replace(",", ".").astype(float)
print(f"{numbers.sum():,.2f}")

# %% [markdown]
# **€{{numbers.sum():,.0f}}**. First the comma becomes a point, then the text becomes a number.
#
# Dates need the same care. Is 03/04/2024 the third of April or the fourth of March? We let pandas guess, and then we tell it.

# %%
import pandas as pd

from loyalty.tasks.t02.pictures import draw_months

guessed = pd.to_datetime(receipts.day, format="mixed")
told = pd.to_datetime(receipts.day, format="%d/%m/%Y")
title = "A guess puts more than a third of the receipts into a wrong month"
figure = draw_months({"Guessed: 12 months": guessed, "Told, day first: 3 months": told}, title)

# %% tags=["verify"]
assert guessed.dt.month.nunique() == 12 and told.dt.month.nunique() == 3
wrong = guessed.dt.month != told.dt.month
outside = ~guessed.dt.month.isin([4, 5, 6])
assert (wrong == (guessed != told)).all() and 1 / 3 < wrong.mean() < 1 / 2
assert wrong.sum() == 263 and outside.sum() == 208 and (wrong & ~outside).sum() == 55

# %% [markdown]
# The file holds April to June. The guess put {{(guessed.dt.month != told.dt.month).sum()}} receipts into a wrong month: {{(~guessed.dt.month.isin([4, 5, 6])).sum()}} outside
# April to June, and {{((guessed.dt.month != told.dt.month) & guessed.dt.month.isin([4, 5, 6])).sum()}} within. Again no error message came. So always give the date format: `"%d/%m/%Y"` is day, month, year. We keep the numbers and the dates.

# %%
receipts = receipts.assign(sales=numbers, day=told)
receipts.dtypes

# %% [markdown]
# `dtypes` tells the type of each column. Look at it first, whenever a file is new. *Try it: 02b and 02c.*

# %% [markdown]
# ## 3 Filter: keep the rows you want
#
# A condition gives True or False for each row. The square brackets keep the rows with True.

# %%
june = receipts[receipts.day >= "2024-06-01"]
large = june[(june.sales >= 50) & (june.store_id == 0)]
print(f"{len(june)} receipts in June, {len(large)} of them online and of €50 or more")

# %% tags=["verify"]
assert june.day.dt.month.eq(6).all() and len(june) == 211

# %% [markdown]
# (Store 0 is the online shop.) Put each condition in its own brackets, with `&` between them: both must hold. `|` means that one is enough. The word
# `and` does not work here: it stops with *The truth value of a Series is ambiguous*. *Try it: 02d.*

# %% [markdown]
# ## 4 VLOOKUP is a merge
#
# A receipt knows its store. The sheet `stores` knows the region of each store. In Excel VLOOKUP brings the region to the receipt.
# Here it is a **left join**: every row of the left table stays, and what is not found stays empty (NaN).

# %%
from loyalty.tasks.t02.pictures import draw_merge

few = {"receipt": ["A", "B", "C", "D"], "store_id": [3, 14, 3, 41], "sales": [20, 35, 10, 50]}
few = pd.DataFrame(few)
two = pd.DataFrame({"store_id": [3, 14], "region": ["north", "south"]})
title = "Each receipt looks for its store"
figure = draw_merge(few, two, "store_id", ("receipts", "stores"), title)

# %% [markdown]
# Nobody told pandas the region of store 41. With `how="inner"` receipt D would be gone, and so would its €50.
#
# What happens if a store stands *twice* in the right table? VLOOKUP takes the first row. A merge takes both:

# %%
managers = {"store_id": [3, 14, 14], "manager": ["Ana", "Boris", "Chen"]}
managers = pd.DataFrame(managers)
title = "Two partners make two rows: the €35 are counted twice"
figure = draw_merge(few.head(3), managers, "store_id", ("receipts", "managers"), title)

# %% [markdown]
# So count the rows before and after such a merge. They must be the same.

# %%
with_region = june.merge(stores, on="store_id", how="left", validate="many_to_one")
print(f"{len(june)} rows before, {len(with_region)} rows after")

# %% tags=["verify"]
assert len(june) == len(with_region) and with_region.region.notna().all()
assert few.head(3).merge(managers).sales.sum() == 100
assert len(managers.drop_duplicates()) == 3 and len(pd.concat([two, two]).drop_duplicates()) == 2

# %% [markdown]
# `validate="many_to_one"` makes pandas count for you. If a store stood twice in `stores`, the merge would stop with an error
# message. A loud mistake is a good mistake. If the two rows are equal, `stores.drop_duplicates()` keeps one of them. If they differ,
# as Boris and Chen do, ask which one is true. *Try it: 02e.*

# %% [markdown]
# ## 5 The pivot table is a group by
#
# Marta's question at last: what did each region sell in June?

# %%
from loyalty.tasks.t02.pictures import draw_groups

five = {"region": ["north", "south", "north", "south", "east"], "sales": [20, 35, 10, 5, 50]}
title = "Rows of one region go onto one pile, each pile becomes one row"
figure = draw_groups(pd.DataFrame(five), "region", "sales", title)

# %%
from loyalty.tasks.t02.pictures import draw_regions

by_region = with_region.groupby("region").sales.sum()
best = by_region.idxmax()
subtitle = "sales in June 2024, €"
ax = draw_regions(by_region, f"In June the {best} sold most", subtitle)

# %% tags=["verify"]
assert best == "north" and abs(by_region.sum() - june.sales.sum()) < 1e-6

# %% [markdown]
# This is the number for Marta: the {{best}} sold €{{by_region.max():,.0f}}. Her whole Monday is six steps: read, convert, filter, merge, group, draw. Next month
# you change the date, restart, and run all.

# %% [markdown]
# ---
# ### Stop here in the workshop
# Now the [exercise](../../exercises/0_start/02_jupyter_and_pandas_for_excel_people.ipynb), 02a to 02e. What follows is for
# self-study; 02f to 02j belong to it.
#
# ---

# %% [markdown]
# ## One page to keep
#
# | you want | Excel | SQL | pandas |
# |---|---|---|---|
# | see the first rows | scroll up | `SELECT * FROM t LIMIT 5` | `t.head()` |
# | count the rows | status bar | `SELECT COUNT(*) FROM t` | `len(t)` |
# | keep some rows | AutoFilter | `WHERE sales >= 50` | `t[t.sales >= 50]` |
# | two conditions | two filters | `WHERE a = 1 AND b = 2` | `t[(t.a == 1) & (t.b == 2)]` |
# | look something up | VLOOKUP | `LEFT JOIN s ON t.id = s.id` | `t.merge(s, on="id", how="left")` |
# | add up by group | pivot table | `SELECT g, SUM(x) … GROUP BY g` | `t.groupby("g").x.sum()` |
# | groups by months | pivot with columns | `SUM(CASE WHEN month = 4 …)` | `t.pivot_table(…, aggfunc="sum")` |
# | sort | Sort | `ORDER BY x DESC` | `t.sort_values("x", ascending=False)` |
# | text to date | DATEVALUE | `STRPTIME(x, '%d/%m/%Y')` | `pd.to_datetime(x, format="%d/%m/%Y")` |
# | empty means 0 | IF(ISBLANK(x), 0, x) | `COALESCE(x, 0)` | `x.fillna(0)` |
#
# (The names of SQL's date functions differ from one database to the next.)

# %% [markdown]
# ## An empty cell is not a zero
#
# What does a customer spend in June, on average? First we add up by buyer. Then we start from the list of all customers and join, so that
# nobody is lost.

# %%
spent = june.groupby("customer_id", as_index=False).sales.sum()
listed = customers.merge(spent, on="customer_id", how="left")
print(f"{len(spent)} buyers, {len(listed)} customers on the list")

# %%
means = {"empty cells skipped": listed.sales.mean()}
means["empty means 0"] = listed.sales.fillna(0).mean()
pd.Series(means).round(2).to_frame("€ per customer")

# %% tags=["verify"]
assert abs(means["empty cells skipped"] - spent.sales.mean()) < 1e-9
assert means["empty cells skipped"] > 2 * means["empty means 0"]

# %% [markdown]
# The first number is the mean of the *buyers*. `mean` and `sum` skip empty cells, in Excel too. But a customer without a receipt has
# spent nothing, and we know it. So we write a 0, and the mean customer spent **€{{means["empty means 0"]:.2f}}**. *Try it: 02f and 02g.*

# %% [markdown]
# ## Wide for people, long for programs
#
# People like a month in each column: a **wide table**. We make it with `pivot_table`.

# %%
month = receipts.day.dt.strftime("%Y-%m")
cells = {"index": "customer_id", "columns": "month", "values": "sales"}
wide = receipts.assign(month=month).pivot_table(**cells, aggfunc="sum", fill_value=0)
wide.head(3)

# %% tags=["verify"]
holes = (wide == 0).sum().sum()
assert 0.2 < holes / wide.size < 0.6

# %% [markdown]
# Two words matter. Without `aggfunc="sum"` you get the *mean*. Without `fill_value=0` the {{int((wide == 0).sum().sum())}} cells with no purchase are empty. *Try it:
# 02h.*
#
# Programs like a **long table**: one row for each fact. In it a month is a value that can be filtered, merged and grouped. `melt`
# makes it.

# %%
from loyalty.tasks.t02.pictures import draw_melt

plan = {"region": ["north", "south"], "April": [100, 80], "May": [110, 90]}
plan = pd.DataFrame(plan)
title = "Every cell with a number gets a row of its own"
figure = draw_melt(plan, "region", ("month", "plan"), title, name="plan")

# %%
plan.melt(id_vars="region", var_name="month", value_name="plan")

# %% [markdown]
# Sometimes you need no long table. `sum` adds up a column, and `sum(axis=1)` adds up each *row*. With the region as the index,
# `idxmin()` names the region with the smallest sum, and `min()` gives this sum.

# %%
of_region = plan.set_index("region").sum(axis=1)
print(of_region.idxmin(), of_region.min())

# %% tags=["verify"]
assert plan.melt(id_vars="region", value_name="plan").groupby("region").plan.sum().equals(of_region.rename("plan"))
assert of_region.idxmin() == "south" and of_region.min() == 170

# %% [markdown]
# ## A sorting that nobody kept

# %%
june.sort_values("sales", ascending=False)
june.head(2)

# %% [markdown]
# June is not sorted! In pandas nearly every verb returns a *new* table and leaves the old one as it is. Give the new one a name.

# %%
from_large_to_small = june.sort_values("sales", ascending=False)
from_large_to_small.head(2)

# %% tags=["verify"]
assert june.head(2).sales.max() < from_large_to_small.sales.iloc[1]

# %% [markdown]
# After a group by, the ids are the *index* of the sums: the bold column on the left. `.index` takes it, and `list(...)` makes a list of it.

# %%
sums = june.groupby("customer_id").sales.sum().sort_values(ascending=False)
list(sums.head(2).index)

# %% [markdown]
# *Try it: 02i and 02j.*
#
# ## What we learned
#
# - The **kernel** remembers what was run, not what stands on the page. Restart it and run all before you send a number.
# - A column of text is added up as text, and a date that is guessed may be another date. Look at `dtypes`, and give the date format.
# - A **left join** keeps every row of the left table. A key that stands twice on the right multiplies rows. **Group by** makes
#   one row of each pile.
# - A **wide table** is for people, a **long table** for programs. An empty cell is skipped, a 0 is counted.
#
# ## What could still be wrong
#
# - Most of these mistakes are silent. Count rows and add up money before and after each step: that finds most of them.
# - Ids can be text in one sheet and numbers in the other. Then `merge` stops with *You are trying to merge on … columns*. Make both
#   alike first, with `.astype(str)`.
# - Excel itself may have changed the file before you got it: long card numbers are cut off, and some codes become dates. Lesson 11 looks for
#   such damage.
#
# ## Use it on your data
#
# Read a sheet of your own workbook: `pd.read_excel("workbook.xlsx", sheet_name="receipts")`. For a file with semicolons and commas:
# `pd.read_csv("receipts.csv", sep=";", decimal=",")`, and the numbers are numbers at once.

# %% tags=["verify"]
as_text = stores.assign(store_id=stores.store_id.astype(str))
try:
    june.merge(as_text, on="store_id", how="left")
    says = ""
except ValueError as problem:
    says = str(problem)
assert says.startswith("You are trying to merge on int") and "and str columns" in says
june_as_text = june.assign(store_id=june.store_id.astype(str))
assert june_as_text.merge(as_text, on="store_id", how="left").region.notna().all()

# %% [markdown]
# [[links]]
