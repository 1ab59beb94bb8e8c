# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the value of a cohort
#     question: What are the customers of summer 2023 still worth, and which sentence may be signed?
#     module: loyalty.segment.value
#     test: helpers/tests/tasks/t25/test_tasks.py
#     minutes: 35
#     pace: 20 for 25a to 25d, 15 for Part B with the decision
# ---

# %% [markdown]
# [[opening]]
#
# The simulated chain again, with other customers. It is 3 July 2024. Jonas asks for one cohort: the customers whose first purchase was
# from April to September 2023. *"What do they still bring us in the next 26 weeks? And who of them is gone?"* The receipts go on until the end of
# 2024. What lies after 3 July is the holdout, and no number of yours may use it.
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("25a")` gives one step at a time.

# %%
from loyalty.segment.value import (
    customer_value,
    fit_purchases,
    fit_spend,
    predict_purchases,
    summarise_purchases,
)
from loyalty.tasks import check, hint
from loyalty.tasks.t25.scene import open_cohort_chain, read_cohort

as_of = "2024-07-03"
receipts = read_cohort()  # all lines of the cohort, with margin
receipts[["customer_id", "time", "basket_id", "sales", "margin"]].head(3)

# %% [markdown]
# **25a Three numbers a customer.** For each of the {{receipts.customer_id.nunique()}} customers: `x` (days with a purchase, less the first), `t_x`
# (weeks from the first purchase day to the last) and `T` (weeks from the first purchase day to 2 July 2024, the last day seen). Here `time` has hours: count in days. Receipts before 3 July 2024 only. A
# table with `customer_id`, `x`, `t_x` and `T`.

# %%
### BEGIN SOLUTION
purchases = summarise_purchases(receipts, as_of)
history = purchases[["customer_id", "x", "t_x", "T"]]
### END SOLUTION

# %%
check("25a", history)

# %%
hint("25a")

# %% [markdown] tags=["solution"]
# The tempting mistake is the word *recency*. In RFM it is the silence up to today. If you give the model that, its best customers
# look as if they had left after their first week. The helper refuses the worst of it: a customer with x = 0 cannot have a t_x.

# %% [markdown]
# **25b How many purchases?** Fit MBG/NBD (`model="mbg_nbd"`) to the history of 25a. How many purchases does it expect of the whole cohort in the 26 weeks from 3 July
# 2024 on? One number, rounded to a whole one.

# %%
### BEGIN SOLUTION
model = fit_purchases(purchases, model="mbg_nbd")
forecast = predict_purchases(model, purchases, weeks=26)
expected_purchases = forecast.expected
### END SOLUTION

# %%
check("25b", expected_purchases)

# %%
hint("25b")

# %% tags=["verify"]
came = summarise_purchases(receipts, as_of, until="2025-01-01").x_later.sum()
assert came < forecast.low

# %% [markdown] tags=["solution"]
# {{forecast.expected:,.0f}} ({{forecast.low:,.0f}} to {{forecast.high:,.0f}}). Now we may look: {{came:,}} came, fewer than the interval allows. It knows
# luck and four estimated numbers. That these customers change is not in it. A model fitted with the holdout inside comes nearer, of course: it has seen the answer.

# %% [markdown]
# **25c Who bought only once.** What is the mean probability alive on 3 July 2024 of the customers who bought on *one* day only? By the MBG/NBD of 25b. One fraction
# between 0 and 1, to three decimals.

# %%
### BEGIN SOLUTION
once = forecast.table.x == 0
alive_once = forecast.table.p_alive[once].mean()
### END SOLUTION

# %%
check("25c", alive_once)

# %%
hint("25c")

# %% [markdown] tags=["solution"]
# {{alive_once:.0%}}. BG/NBD would have said 100 %, for any data. These are {{once.sum()}} customers, so the truth may differ by luck. But the slide that
# counts all of them as active is wrong for certain.

# %% [markdown]
# **25d What are they worth?** The mean value per customer of the cohort: *margin* of the 26 weeks from 3 July 2024 on, discounted by 10 % a year. The margin rate is the
# sum of margin divided by the sum of sales, of the cohort's receipts before 3 July 2024. Model: MBG/NBD of 25b, and Gamma–Gamma (`fit_spend`). One number, in euros, to the cent.

# %%
### BEGIN SOLUTION
before = receipts[receipts.time < as_of]
margin_rate = before.margin.sum() / before.sales.sum()
options = {"weeks": 26, "margin_rate": margin_rate, "yearly_discount": 0.1}
value = customer_value(model, fit_spend(purchases), purchases, **options)
mean_value = value.mean[0]
### END SOLUTION

# %%
check("25d", mean_value)

# %%
hint("25d")

# %% [markdown] tags=["solution"]
# €{{mean_value:.2f}} ({{value.mean[1]:.2f}} to {{value.mean[2]:.2f}}). In sales it would be €{{mean_value / margin_rate:.2f}}, a much nicer number for a slide. A
# budget made from it would spend each euro three times.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **25e One rule for all?** The old rule of the house: *"90 days silent is lost."* Take **all** customers of the chain, not the cohort only, with `recency_days` above 90 in the
# profile as of 3 July 2024 (`build_profile` from `loyalty.prepare.profile`). Which share of them is truly still a customer on that day? Once among the type `chronic_patient`, who come every few weeks,
# and once among `winter_colds`, who come in winter. `world.truth.alive(as_of)` and `world.truth.types_on(as_of)` know it. `(chronic, winter)`, two fractions,
# to three decimals.

# %%
world = open_cohort_chain()

# %%
### BEGIN SOLUTION
from loyalty.prepare.profile import build_profile

silent = build_profile(world.receipts, as_of).query("recency_days > 90")
silent = silent.merge(world.truth.alive(as_of)).merge(world.truth.types_on(as_of))
shares = silent.groupby("type").alive.mean()
still_here = (shares["chronic_patient"], shares["winter_colds"])
### END SOLUTION

# %%
check("25e", still_here)

# %%
hint("25e")

# %% [markdown] tags=["solution"]
# {{still_here[0]:.0%}} and {{still_here[1]:.0%}}. For the chronic patients the rule is mostly right. For those who come with a cold it is wrong more
# often than not: they wait for winter. A limit in days fits one rhythm only.

# %% [markdown]
# **25f Which sentence may be signed?** Jonas has four drafts for the board.
#
# - `"A"`: "Whoever has been silent for 90 days is lost. We take them off all lists."
# - `"B"`: "Each customer of the cohort is worth the value of 25d. So a letter that costs less earns money."
# - `"C"`: "We expect the margin of 25d per customer in the next 26 weeks, with its interval, if they go on as before. What a letter would add, we do not know yet."
# - `"D"`: "All who bought once are still our customers. They only have not come back yet."

# %%
### BEGIN SOLUTION
sentence = "C"
### END SOLUTION

# %%
check("25f", sentence)

# %%
hint("25f")

# %% [markdown] tags=["solution"]
# C. It names the number, the window and the doubt, and it claims no effect. B is the expensive one: value is what comes *without* the letter.
