# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: "who carries the pain relief"
#     question: Is it a fifth of the customers that carries pain relief, and who gets the gift?
#     module: loyalty.segment.rank
#     test: helpers/tests/tasks/t21/test_tasks.py
#     minutes: 35
#     pace: 15 for 21a and 21b, 8 for 21c and the sentence, 12 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# Another chain, and one category of it: pain relief. You have two years of its lines (2023 and 2024), the list of members, and a note from Ines: *"Four
# cashiers swipe cards of their own when a customer has none. Their numbers are in `shelf.staff`."* (The chain is simulated, and so are the cashiers.)
#
# Marta has to decide on Monday what she prints in the annual report, and who gets a gift. The year is 2024: `[2024-01-01, 2025-01-01)`. The members stand in
# `shelf.members`.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("21a")` gives one step at a time.

# %%
from loyalty.segment.rank import (
    build_cohorts,
    find_value_gain,
    measure_concentration,
    rank_customers,
)
from loyalty.tasks import check, hint
from loyalty.tasks.t21.scene import open_shelf

shelf = open_shelf()
shelf.lines.head(3)

# %% [markdown]
# **21a The best fifth.** Which share of the sales of 2024 did the best fifth of the *buyers* of 2024 bring? The cashiers' cards are no customers. One
# fraction between 0 and 1, to about a thousandth: a fifth is no whole number of customers.

# %%
### BEGIN SOLUTION
year = "2024-01-01", "2025-01-01"
people = {"customers": shelf.members, "leave_out": shelf.staff}
ranking = rank_customers(shelf.lines, *year, **people)
buyers = measure_concentration(ranking)
best_fifth = buyers.share(0.2).value
### END SOLUTION

# %%
check("21a", best_fifth)

# %%
hint("21a")

# %% [markdown] tags=["solution"]
# {{best_fifth:.1%}}. With the four cards it would be more: they would be the four best "customers" of the chain, with {{ranking.left_out.receipts.sum()}}
# receipts together. Always look at the first ten names.

# %% [markdown]
# **21b One number for the curve.** The Gini coefficient of the same sales among the same buyers, with the 95 % interval that `measure_concentration` gives. Three fractions
# `(gini, low, high)`, to four decimals.

# %%
### BEGIN SOLUTION
gini = buyers.gini.value, buyers.gini.low, buyers.gini.high
### END SOLUTION

# %%
check("21b", gini)

# %%
hint("21b")

# %% [markdown] tags=["solution"]
# {{gini[0]:.2f}} ({{gini[1]:.2f}} to {{gini[2]:.2f}}). Among all members it would be far higher, and nothing in the shop would be different.

# %% [markdown]
# **21c The gift.** The best decile of all members gets a gift, by number of receipts with pain relief in 2024. Members who bought none have a place in the
# deciles too, the cashiers have not, and equal members stay together (the rule of `rank_customers`). How many members get a gift? One whole number.

# %%
### BEGIN SOLUTION
by_receipts = rank_customers(shelf.lines, *year, **people, of="receipts")
gifts = (by_receipts.table.decile == 10).sum()
### END SOLUTION

# %%
check("21c", gifts)

# %%
hint("21c")

# %% [markdown] tags=["solution"]
# {{gifts}}, more than a tenth of {{len(by_receipts.table):,}}. If the budget is for exactly a tenth, do not let the order of rows decide. Take a second rule
# that you can say aloud, or draw lots.

# %% [markdown]
# ## Monday
#
# **21d The annual report.** Which sentence may be printed? One letter. (Measure the share also with `of="members"` before you choose.)
#
# - `"A"`: *Pareto was right: a small group, 20 % of our customers, loves pain relief, and brings about 80 % of its sales.*
# - `"B"`: *20 % bring most of the sales. So it is five times cheaper to keep them than to win new ones.*
# - `"C"`: *The best fifth of the buyers bring a good half of the sales of pain relief. The best fifth of all members bring about four fifths, because most members bought none.*
# - `"D"`: *More than half of our members bought no pain relief in 2024. We have lost them: "half are lost in five years" is true.*

# %%
### BEGIN SOLUTION
sentence = "C"
### END SOLUTION

# %%
check("21d", sentence)

# %%
hint("21d")

# %% [markdown] tags=["solution"]
# C gives both numbers and says of whom. A uses a true number for a wrong picture: a fifth of all members is almost half of all buyers.

# %% tags=["verify"]
members = measure_concentration(ranking, of="members")
assert 0.5 < best_fifth < 0.6 and 0.78 < members.share(0.2).value < 0.85
assert 0.4 < 0.2 * members.customers / buyers.customers < 0.55

# %% [markdown]
# ---
# ## Part B, for self-study
#
# **21e Three months later.** Take all whose first purchase of pain relief fell in July to December 2023. Which share of them bought it in the third calendar
# month after that month (first purchase in July: October)? The cashiers are out. Three fractions `(share, low, high)` with the 95 % interval (that of Wilson, for a share),
# to three decimals: `wilson` of `loyalty.stats` gives it.

# %%
from loyalty.stats import wilson

### BEGIN SOLUTION
lines = shelf.lines[~shelf.lines.customer_id.isin(shelf.staff)]
table = build_cohorts(lines, until="2025-01-01").table
cells = table[table.cohort.between("2023-07", "2023-12") & (table.age == 3)]
came, began = cells.came.sum(), cells.customers.sum()
low, high = wilson(came / began, began)
third_month = (came / began, low, high)
### END SOLUTION

# %%
check("21e", third_month)

# %%
hint("21e")

# %% [markdown] tags=["solution"]
# {{third_month[0]:.1%}}. It sounds like a disaster, and is none: two of three of them bought pain relief again at some time. Nobody has a headache on time.

# %% [markdown]
# **21f 5 % less churn.** Of the buyers of 2023, which share bought pain relief in 2024 too? Call this the retention. How much more would a customer be worth
# by `find_value_gain`, at a discount of 10 %: with five points less churn, and with one leaver in twenty fewer? The cashiers are out. Two fractions `(points, leavers)`, to
# three decimals.

# %%
### BEGIN SOLUTION
year_of = lines.time.dt.year
early = set(lines.customer_id[year_of == 2023])
late = set(lines.customer_id[year_of == 2024])
retention = len(early & late) / len(early)
worth = (
    find_value_gain(retention, discount=0.1),
    find_value_gain(retention, points=False, discount=0.1),
)
### END SOLUTION

# %%
check("21f", worth)

# %%
hint("21f")

# %% [markdown] tags=["solution"]
# {{worth[0]:.1%}} or {{worth[1]:.1%}}, at a retention of {{retention:.0%}}. And even this retention is generous and harsh at once: it calls everybody lost who
# had no headache in 2024.

# %% tags=["verify"]
assert worth[0] < 0.2 and retention > 0.5
again = build_cohorts(lines, until="2025-01-01").table
first = lines.groupby("customer_id").time.transform("min")
began_then = (first >= "2023-07-01") & (first < "2024-01-01")
month = lines.time.dt.year * 12 + lines.time.dt.month
age = month - (first.dt.year * 12 + first.dt.month)
share = lines.customer_id[began_then & (age > 0)].nunique() / lines.customer_id[began_then].nunique()
assert 0.6 < share < 0.72
