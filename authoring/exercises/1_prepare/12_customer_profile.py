# ---
# jupyter:
#   loyalty:
#     kind: exercise
#     title: the summer letter
#     question: Who has gone quiet by 1 July, and should the letter go out?
#     module: loyalty.prepare.profile
#     test: helpers/tests/tasks/t12/test_tasks.py
#     minutes: 35
#     pace: 15 for 12a to 12c, 10 for the decision, 10 for Part B
# ---

# %% [markdown]
# [[opening]]
#
# It is Saturday, 1 July 2017, eight in the morning. Before the holidays Marta wants to send a letter to households that have gone
# quiet. Each letter holds a \$5 voucher. Jonas has one condition: *"I do not pay five dollars to people who come anyway."* You have
# the receipts up to last night. (For 12d and 12e, and only there, we open the file of July as well.)
#
# Put your answer in the place of `...`, run the cell, then run the check. Stuck? `hint("12a")` gives one step at a time.

# %%
import pandas as pd

from loyalty.datasets import complete_journey
from loyalty.tasks import check, hint

chain = complete_journey()
receipts = chain.receipts
as_of = pd.Timestamp("2017-07-01")

# %% [markdown]
# **12a How long have they been silent?** A table with one row for each household that bought before 1 July 2017: `customer_id` and
# `recency_days`. Count whole calendar days from the day of the last purchase to 1 July 2017 (last bought on 30 June: 1). A receipt
# counts as a purchase, also one of \$0.

# %%
### BEGIN SOLUTION
before = receipts[receipts.time < as_of]
last_day = before.groupby("customer_id").time.max().dt.normalize()
silence = (as_of - last_day).dt.days.rename("recency_days").reset_index()
### END SOLUTION

# %%
check("12a", silence)

# %%
hint("12a")

# %% [markdown] tags=["solution"]
# Two small things decide this task. `time < as_of` keeps out what happened on 1 July itself: at eight in the morning the day has not
# been sold yet. And `normalize()` cuts the clock off. A customer who bought yesterday at 20:00 is one day away, not zero.
#
# The tempting short cut is `pd.Timestamp.today()` or the last day in the file. Then everybody is "silent" for half a year or more, and
# the letter goes to all.

# %% [markdown]
# **12b How often did they come?** A table with one row for *every* household of `chain.customers`: `customer_id` and `frequency`, the
# number of receipts before 1 July 2017 (0 for those who bought nothing).

# %%
### BEGIN SOLUTION
receipts_of = before.groupby("customer_id").basket_id.nunique()
visits = receipts_of.reindex(chain.customers.customer_id, fill_value=0)
visits = visits.rename("frequency").reset_index()
### END SOLUTION

# %%
check("12b", visits)

# %%
hint("12b")

# %% [markdown] tags=["solution"]
# {{int((visits.frequency == 0).sum())}} households have a zero. A `groupby` or an inner join on receipts loses them. They are the very people
# whom the letter is about. In SQL the same mistake is called "I forgot the `LEFT`".
#
# The helper does it in one line, and returns the same:

# %% tags=["solution"]
from loyalty.prepare.profile import build_profile

profile = build_profile(receipts, as_of, customers=chain.customers)
same = profile.frequency.to_numpy() == visits.sort_values("customer_id").frequency.to_numpy()
print(f"the same for {same.sum():,} of {len(profile):,} households")

# %% [markdown]
# **12c What is the average receipt?** Of all receipts before 1 July 2017, of all households together, also those of \$0. One number, in
# dollars, to the cent.

# %%
### BEGIN SOLUTION
average_receipt = before.sales.sum() / before.basket_id.nunique()
### END SOLUTION

# %%
check("12c", average_receipt)

# %%
hint("12c")

# %% [markdown] tags=["solution"]
# \${{average_receipt:.2f}}. Sum first, divide once. If you average the households' own averages, a household with one receipt weighs as much as one
# with three hundred. Then the "average receipt" is \${{(profile.monetary / profile.frequency).mean():.2f}}: the average of customers, not of receipts.

# %% [markdown]
# **12d Who comes back without a letter?** Take the households whose recency on 1 July 2017 is 28 days or more. (Those who never bought have
# no recency and stay out.) Now, and only now, we look ahead: this is how a rule is judged on past data. Which share of them bought in
# the four weeks [1 July 2017, 29 July 2017)? The first day belongs to the window, 29 July does not. One fraction between 0 and 1, to three decimals.

# %%
### BEGIN SOLUTION
quiet = profile[profile.recency_days >= 28]
four_weeks = as_of + pd.Timedelta(days=28)
july = receipts[(receipts.time >= as_of) & (receipts.time < four_weeks)]
came_back = quiet.customer_id.isin(july.customer_id).mean()
### END SOLUTION

# %%
check("12d", came_back)

# %%
hint("12d")

# %% [markdown] tags=["solution"]
# {{came_back:.1%}} of {{len(quiet):,}} quiet households came back alone, that is, without Marta's letter. (Some of them were in another campaign.)
# How sure are we? With so many households the 95 % interval is about ten points wide:

# %% tags=["solution"]
from statsmodels.stats.proportion import proportion_confint


def say_share(group):
    """Share of a group that came in the four weeks, with its 95 % interval."""
    came = group.customer_id.isin(july.customer_id)
    low, high = proportion_confint(came.sum(), len(came), method="wilson")
    return f"{came.mean():.0%} ({low:.0%} to {high:.0%})"


say_share(quiet)

# %% [markdown]
# **12e Send or hold?** Jonas's condition in numbers: the letter goes out only if at most one in three of those who get it would have come
# within these four weeks anyway. Marta adds: *"Then let us write only to those who have been silent for 60 days or more!"* Compute her
# share too. Then answer with one word: `"send"` (to all silent for 28 days or more), `"send60"` (only to those silent for 60 days or
# more) or `"hold"` (nobody gets the letter).

# %%
### BEGIN SOLUTION
very_quiet = profile[profile.recency_days >= 60]
came_back_60 = very_quiet.customer_id.isin(july.customer_id).mean()
decision = "send" if came_back <= 1 / 3 else "send60" if came_back_60 <= 1 / 3 else "hold"
### END SOLUTION

# %%
check("12e", decision)

# %%
hint("12e")

# %% [markdown] tags=["solution"]
# Hold. {{say_share(quiet)}} and {{say_share(very_quiet)}}: both shares are above one in three, and so are their whole 95 % intervals. An experienced
# colleague would add: these shares say on whom the voucher is *wasted*. They do not say whom it would *bring*. If Marta still believes
# in the letter, she can send it to a random half of the {{len(very_quiet)}} households silent for 60 days, and compare. That costs
# \${{len(very_quiet) // 2 * 5:,}} at most, and next July there is something better than a guess.

# %% [markdown]
# ---
# ## Part B, for self-study

# %% [markdown]
# **12f When is dog food due?** The repurchase cycle of the category `DOG FOODS`, from the receipts before 1 July 2017: the *median* number
# of days between two consecutive purchase days of the category by the same household. Two purchases on one day are one purchase day.
# All gaps of all households in one pot; one number, in days.

# %%
### BEGIN SOLUTION
dog = before.merge(chain.products[["product_id", "category"]], on="product_id")
dog = dog[dog.category == "DOG FOODS"].assign(day=lambda table: table.time.dt.normalize())
days = dog.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"])
dog_cycle = days.groupby("customer_id").day.diff().dt.days.median()
### END SOLUTION

# %%
check("12f", dog_cycle)

# %%
hint("12f")

# %% [markdown] tags=["solution"]
# {{dog_cycle:.0f}} days. A household that buys three tins on one receipt has three lines and *one* purchase day. Without `drop_duplicates` two
# gaps of zero days come in, and the median shrinks. We take the median because a few households make gaps of months (a holiday,
# another shop), and they pull the mean up.
